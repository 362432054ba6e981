// Method: model. A bus and an obvious model (one deque a subscription, the next delivery found by
// looking at all of them) get the same random calls; after each call every account, the order of
// deliveries, dead letters and breakers are compared, and the conservation law is checked.
#include <deque>
#include <gyre/bus/bus.hpp>
#include <gyre/core/rng.hpp>
#include <map>

#include "catch.hpp"

using gyre::breaker_state;
using gyre::instant;
using gyre::overflow;
using std::chrono::milliseconds;

namespace {

struct model_message {
  std::string topic, text;
  instant at{};
  gyre::duration ttl{};
  std::uint64_t sequence = 0, attempts = 0, replay_of = 0, place = 0;
  std::size_t size() const { return topic.size() + text.size(); }
};
struct model_letter {
  std::uint64_t number = 0;
  int sub = 0;
  model_message m;
};
struct model_sub {
  std::string pattern;
  gyre::subscription_options o;
  bool pushed = false, open = true, in_hand = false;
  std::uint32_t id = 0;
  std::deque<model_message> queue;
  gyre::bus_account a;
  instant not_before{}, opened{}, next{};
  breaker_state breaker = breaker_state::closed;
  std::uint64_t streak = 0, trips = 0;

  std::size_t bytes() const {
    std::size_t sum = 0;
    for (const auto& m : queue) sum += m.size();
    return sum;
  }
  bool full(std::size_t size) const {
    return !queue.empty() && (queue.size() >= o.capacity || bytes() + size > o.bytes);
  }
  bool rate_ok(instant now) const {
    if (o.rate_per_s == 0) return true;
    const gyre::duration gap{static_cast<std::int64_t>(1e9 / o.rate_per_s + 0.5)};
    return next <= now + gap * (static_cast<std::int64_t>(o.burst) - 1);
  }
  void rate_take(instant now) {
    if (o.rate_per_s == 0) return;
    next =
        std::max(next, now) + gyre::duration{static_cast<std::int64_t>(1e9 / o.rate_per_s + 0.5)};
  }
  void failed(instant now) {
    if (breaker == breaker_state::open || o.breaker.failures == 0) return;
    if (breaker == breaker_state::closed && ++streak < o.breaker.failures) return;
    breaker = breaker_state::open;
    opened = now;
    ++trips;
  }
  void count(std::uint64_t& as, const model_message& m, instant now) {
    if (m.attempts > 0) failed(now);
    ++as;
  }
  void expire(instant now) {
    while (!queue.empty() && queue[0].ttl.count() > 0 && now >= queue[0].at + queue[0].ttl) {
      count(a.expired, queue[0], now);
      queue.pop_front();
    }
  }
};

/// What a handler does with a message: a function of the message and how often it was tried.
enum class act { take, fail, take_and_publish, fail_and_publish, end };
act decide(std::uint64_t sequence, std::uint64_t attempt, std::uint64_t sub) {
  const std::uint64_t dice = gyre::mix(sequence, attempt, sub, 99) % 64;
  if (dice == 0) return act::end;
  if (dice < 6) return act::take_and_publish;
  if (dice < 9) return act::fail_and_publish;
  const bool bad_times = sequence / 200 % 2 == 1;  // failures come in spells
  if (dice < (bad_times ? 50U : 14U)) return act::fail;
  return act::take;
}

struct model_bus {
  std::vector<model_sub> subs;  // in order of subscribing, ended ones too
  std::deque<model_letter> dead;
  std::size_t dead_capacity = 20;
  std::uint64_t sequence = 0, letters = 0, evicted = 0, published = 0, unrouted = 0;
  instant now{};
  std::vector<std::string> log;

  std::uint32_t publish(const std::string& topic, const std::string& text, gyre::duration ttl) {
    ++published;
    ++sequence;
    std::uint32_t lost = 0, matched = 0;
    for (model_sub& s : subs) {
      if (!s.open || !gyre::matches(s.pattern, topic)) continue;
      ++matched;
      lost += offer(s, {topic, text, now, ttl, sequence, 0, 0, sequence});
    }
    if (matched == 0) ++unrouted;
    return lost;
  }
  bool blocked(const std::string& topic, std::size_t size) {
    for (model_sub& s : subs) {
      if (!s.open || s.o.policy != overflow::block || !gyre::matches(s.pattern, topic)) continue;
      if (!s.rate_ok(now)) continue;
      s.expire(now);
      if (s.full(size)) return true;
    }
    return false;
  }
  std::uint32_t offer(model_sub& s, const model_message& m) {
    ++s.a.matched;
    if (!s.rate_ok(now)) {
      ++s.a.dropped_rate;
      return 1;
    }
    std::uint32_t lost = 0;
    if (s.o.policy == overflow::keep_latest) {
      for (model_message& old : s.queue) {
        if (old.topic != m.topic) continue;
        s.count(s.a.dropped_replaced, old, now);
        const std::uint64_t place = old.place;
        old = m;
        old.place = place;
        s.rate_take(now);
        lost = 1;
        while (s.bytes() > s.o.bytes && s.queue.size() > 1) {
          const std::size_t k = s.queue[0].sequence == m.sequence ? 1 : 0;
          s.count(s.a.dropped_oldest, s.queue[k], now);
          s.queue.erase(s.queue.begin() + static_cast<std::ptrdiff_t>(k));
          ++lost;
        }
        return lost;
      }
    }
    if (s.full(m.size())) s.expire(now);
    if (s.full(m.size()) && s.o.policy == overflow::drop_newest) {
      ++s.a.dropped_newest;
      return 1;
    }
    if (s.full(m.size()) && s.o.policy == overflow::block) {
      ++s.a.dropped_blocked;
      return 1;
    }
    for (; s.full(m.size()); ++lost) {
      s.count(s.a.dropped_oldest, s.queue[0], now);
      s.queue.pop_front();
    }
    s.rate_take(now);
    s.queue.push_back(m);
    return lost;
  }
  void bury(std::size_t i, const model_message& m) {
    subs[i].count(subs[i].a.dead_lettered, m, now);
    dead.push_back({++letters, static_cast<int>(i), m});
    for (; dead.size() > dead_capacity; ++evicted) dead.pop_front();
  }
  void end(model_sub& s) {
    s.open = false;
    for (const auto& m : s.queue) s.count(s.a.dropped_closed, m, now);
    s.queue.clear();
  }
  std::size_t pump(std::size_t most) {
    const std::uint64_t last = sequence;
    std::size_t done = 0;
    for (; done < most; ++done) {
      int best = -1;
      for (std::size_t i = 0; i < subs.size(); ++i) {
        const model_sub& s = subs[i];
        if (!s.open || !s.pushed || s.queue.empty() || s.not_before > now) continue;
        if (s.queue[0].place > last) continue;
        if (best < 0) {
          best = static_cast<int>(i);
          continue;
        }
        const model_sub& b = subs[static_cast<std::size_t>(best)];
        if (s.o.priority > b.o.priority ||
            (s.o.priority == b.o.priority && s.queue[0].place < b.queue[0].place)) {
          best = static_cast<int>(i);
        }
      }
      if (best < 0) break;
      step(static_cast<std::size_t>(best));
    }
    return done;
  }
  bool replay(std::size_t k) {
    const model_letter l = dead[k];
    model_sub& s = subs[static_cast<std::size_t>(l.sub)];
    if (!s.open) return false;
    s.expire(now);
    if (s.full(l.m.size())) return false;
    for (const auto& newer : s.queue) {
      if (s.o.policy == overflow::keep_latest && newer.topic == l.m.topic) return false;
    }
    ++s.a.matched;
    ++sequence;
    s.queue.push_back({l.m.topic, l.m.text, now, l.m.ttl, sequence, 0, l.m.sequence, sequence});
    dead.erase(dead.begin() + static_cast<std::ptrdiff_t>(k));
    return true;
  }
  void step(std::size_t i) {
    model_sub& s = subs[i];
    model_message m = s.queue.front();
    s.queue.pop_front();
    if (m.ttl.count() > 0 && now >= m.at + m.ttl) return s.count(s.a.expired, m, now);
    if (s.breaker == breaker_state::open && now >= s.opened + s.o.breaker.open_for) {
      s.breaker = breaker_state::half_open;
      s.streak = 0;
    }
    if (s.breaker == breaker_state::open) return bury(i, m);
    log.push_back(std::to_string(i) + ":" + m.text + "/" + std::to_string(m.attempts));
    const act what = decide(m.replay_of != 0 ? m.replay_of : m.sequence, m.attempts, i);
    s.in_hand = true;
    if (what == act::end) end(s);
    if (what == act::take_and_publish || what == act::fail_and_publish) {
      publish(m.topic, m.text + "'", {});
    }
    s.in_hand = false;
    if (what == act::take || what == act::take_and_publish) {
      ++s.a.delivered;
      if (s.breaker == breaker_state::half_open && ++s.streak >= s.o.breaker.probes) {
        s.breaker = breaker_state::closed;
        s.streak = 0;
      } else if (s.breaker == breaker_state::closed) {
        s.streak = 0;
      }
      return;
    }
    ++m.attempts;
    if (!s.open) {
      s.count(s.a.dropped_closed, m, now);
    } else if (m.attempts > s.o.retries || s.breaker == breaker_state::half_open) {
      bury(i, m);
    } else {
      s.not_before = now + s.o.retry_delay * static_cast<std::int64_t>(m.attempts);
      for (const auto& newer : s.queue) {
        if (s.o.policy == overflow::keep_latest && newer.topic == m.topic) {
          return s.count(s.a.dropped_replaced, m, now);
        }
      }
      s.queue.push_front(m);
    }
  }
};

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
    s.id = bus.subscribe(s.pattern, s.o, handler).value();
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
