// Method: model. A bus and an obvious model (bus_model.hpp) get the same random calls; after each
// call every account, the order of deliveries, dead letters and breakers are compared, and the
// conservation law is checked.
#include "bus_model.hpp"
#include "catch.hpp"

namespace {

/// The bus and the model side by side.
struct pair_of_buses {
  explicit pair_of_buses(std::uint64_t seed)
      : random(seed, 1, 1), bus({.dead_letters = 20, .topics = 4}) {}

  std::string topic() {
    std::string out(1, static_cast<char>('a' + random.below(3)));
    for (std::uint32_t i = random.below(3); i > 0; --i) {
      out += '.';
      out += static_cast<char>('a' + random.below(3));
    }
    return out;
  }
  void subscribe() {
    const char* patterns[] = {"a", "*", ">", "a.>", "b.*", "*.c", "a.*.b", "b.a"};
    model_sub s;
    s.pattern = patterns[random.below(8)];
    s.o.capacity = 1 + random.below(6);
    s.o.bytes = random.below(2) == 0 ? 60 : 4096;
    s.o.policy = static_cast<overflow>(random.below(4));
    s.o.priority = static_cast<int>(random.below(3)) - 1;
    s.o.rate_per_s = random.below(4) == 0 ? 5 : 0;
    s.o.burst = 1 + random.below(4);
    s.o.retries = random.below(4);
    s.o.retry_delay = milliseconds{random.below(3) * 20};
    s.o.breaker = {random.below(4), milliseconds{500}, 1 + random.below(3)};
    s.pushed = random.below(4) != 0;
    const std::size_t i = model.subs.size();
    gyre::message_handler handler;
    if (s.pushed) handler = [this, i](const gyre::message& m) { return handle(i, m); };
    s.id = bus.subscribe(s.pattern, s.o, std::move(handler)).value();
    model.subs.push_back(s);
  }
  gyre::result<void> handle(std::size_t i, const gyre::message& m) {
    log.push_back(std::to_string(i) + ":" + std::string(m.text()) + "/" +
                  std::to_string(m.attempt - 1));
    const act what = decide(m.replay_of != 0 ? m.replay_of : m.sequence, m.attempt - 1, i);
    if (what == act::end) REQUIRE(bus.unsubscribe(ids[i]));
    if (what == act::take_and_publish || what == act::fail_and_publish) {
      REQUIRE(bus.publish(m.topic, std::string(m.text()) + "'", {}, now));
    }
    REQUIRE(bus.stats().balanced());
    if (what == act::take || what == act::take_and_publish) return gyre::ok;
    return gyre::fail(gyre::code::io, "no");
  }
  void publish() {
    const std::string t = topic();
    const std::string text(random.below(30), static_cast<char>('A' + random.below(26)));
    gyre::publish_options o;
    o.ttl = milliseconds{random.below(3) * 70};
    o.may_wait = random.below(3) == 0;
    const auto receipt = bus.publish(t, text, o, now);
    if (o.may_wait && model.blocked(t, t.size() + text.size())) {
      REQUIRE(receipt.code() == gyre::code::overflow);
      ++refused;
      return;
    }
    REQUIRE(receipt.value().dropped == model.publish(t, text, o.ttl));
    REQUIRE(receipt.value().sequence == model.sequence);
  }
  void poll(std::size_t i) {
    model_sub& s = model.subs[i];
    gyre::owned_message m;
    const bool got = bus.poll(s.id, m, now);
    if (!s.open || s.pushed) {
      REQUIRE_FALSE(got);
      return;
    }
    s.expire(now);
    REQUIRE(got == !s.queue.empty());
    if (!got) return;
    REQUIRE(m.sequence == s.queue[0].sequence);
    REQUIRE(m.topic == s.queue[0].topic);
    REQUIRE(m.text() == s.queue[0].text);
    s.queue.pop_front();
    ++s.a.delivered;
  }
  void unsubscribe(std::size_t i) {
    REQUIRE(bus.unsubscribe(model.subs[i].id).has_value() == model.subs[i].open);
    if (model.subs[i].open) model.end(model.subs[i]);
  }
  void step() {
    now += milliseconds{random.below(12)};
    model.now = now;
    const std::uint32_t what = random.below(100);
    const auto any = [&] { return random.below(static_cast<std::uint32_t>(model.subs.size())); };
    std::size_t open = 0;
    for (const auto& s : model.subs) open += s.open ? 1U : 0U;
    ids.resize(model.subs.size());
    for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = model.subs[i].id;
    if (open < 6 || (what == 0 && open < 14)) {
      subscribe();
    } else if (what == 1) {
      unsubscribe(any());
    } else if (what < 50) {
      publish();
    } else if (what < 60) {
      poll(any());
    } else if (what < 64 && !model.dead.empty()) {
      const std::size_t k = random.below(static_cast<std::uint32_t>(model.dead.size()));
      const bool replayed = bus.replay(model.dead[k].number, now).has_value();
      REQUIRE(replayed == model.replay(k));
    } else if (what < 65 && !model.dead.empty()) {
      REQUIRE(bus.discard(model.dead[0].number));
      model.dead.pop_front();
    } else {
      const std::size_t most = random.below(3) == 0 ? random.below(5) : 1000000;
      REQUIRE(bus.pump(now, most) == model.pump(most));
    }
  }
  void compare() {
    REQUIRE(log == model.log);
    log.clear();
    model.log.clear();
    gyre::bus_account sum;
    std::uint64_t letters = 0;
    for (const model_sub& s : model.subs) {
      gyre::bus_account a = s.a;
      a.pending = s.queue.size();
      REQUIRE(a.balanced());  // of the model
      sum += a;
      letters += a.dead_lettered;
      if (!s.open) continue;
      const gyre::subscription_stats got = bus.stats(s.id).value();
      REQUIRE(got.balanced());
      REQUIRE(same(got, a));
      REQUIRE(got.trips == s.trips);
      REQUIRE(got.breaker == s.breaker);
    }
    const gyre::bus_stats all = bus.stats();
    REQUIRE(all.balanced());
    REQUIRE(same(all, sum));
    REQUIRE(bus.pending() == sum.pending);
    REQUIRE(all.published == model.published);
    REQUIRE(all.unrouted == model.unrouted);
    REQUIRE(all.would_block == refused);
    REQUIRE(all.dead.added == letters);
    REQUIRE(all.dead.evicted == model.evicted);
    REQUIRE(all.dead.added ==
            all.dead.kept + all.dead.evicted + all.dead.replayed + all.dead.discarded);
    REQUIRE(bus.dead_letter_count() == model.dead.size());
    for (std::size_t i = 0; i < model.dead.size(); ++i) {
      REQUIRE(bus.dead_letter_at(i).number == model.dead[i].number);
      REQUIRE(bus.dead_letter_at(i).message.text() == model.dead[i].m.text);
      REQUIRE(bus.dead_letter_at(i).attempts == model.dead[i].m.attempts);
    }
  }
  static bool same(const gyre::bus_account& a, const gyre::bus_account& b) {
    return a.matched == b.matched && a.delivered == b.delivered &&
           a.dropped_newest == b.dropped_newest && a.dropped_oldest == b.dropped_oldest &&
           a.dropped_replaced == b.dropped_replaced && a.dropped_rate == b.dropped_rate &&
           a.dropped_closed == b.dropped_closed && a.dropped_blocked == b.dropped_blocked &&
           a.expired == b.expired && a.dead_lettered == b.dead_lettered && a.pending == b.pending;
  }

  gyre::rng random;
  model_bus model;
  instant now{};
  std::vector<std::string> log;
  std::vector<std::uint32_t> ids;
  std::uint64_t refused = 0;
  gyre::bus bus;  // last: its handlers refer to the rest
};

}  // namespace

TEST_CASE("the bus equals its model, and not one message is unaccounted for", "[bus]") {
  const std::uint64_t seed = GENERATE(1u, 2u, 3u, 4u, 5u);
  pair_of_buses both(seed);
  for (int i = 0; i < 4000; ++i) {
    CAPTURE(seed, i);
    both.step();
    both.compare();
  }
  const gyre::bus_stats s = both.bus.stats();  // all that can happen has happened
  const std::uint64_t counts[] = {
      s.delivered,      s.dropped_newest,  s.dropped_oldest, s.dropped_replaced, s.dropped_rate,
      s.dropped_closed, s.dropped_blocked, s.expired,        s.dead_lettered,    s.would_block,
      s.dead.evicted,   s.dead.replayed,   s.dead.discarded, s.unrouted};
  std::size_t which = 0;
  for (const std::uint64_t n : counts) {
    CAPTURE(seed, which);
    REQUIRE(n > 0);
    ++which;
  }
}
