// Method: each behaviour on its own on a virtual clock; the account is checked after each case.
#include <gyre/bus/bus.hpp>
#include <stdexcept>

#include "allocations.hpp"
#include "catch.hpp"

using gyre::breaker_state;
using gyre::code;
using gyre::instant;
using gyre::message;
using gyre::overflow;
using std::chrono::milliseconds;
using std::chrono::seconds;
using texts = std::vector<std::string>;

namespace {
std::uint32_t sub(gyre::bus& bus, const char* pattern, gyre::subscription_options options = {},
                  gyre::message_handler handler = {}) {
  return bus.subscribe(pattern, options, std::move(handler)).value();
}
gyre::publish_receipt say(gyre::bus& bus, const char* topic, const char* text, instant now = {}) {
  return bus.publish(topic, text, {}, now).value();
}
gyre::message_handler into(texts& out) {
  return [&out](const message& m) { out.emplace_back(m.text()); };
}
gyre::message_handler failing() {
  return [](const message&) -> gyre::result<void> { return gyre::fail(code::io, "refused"); };
}
texts drain(gyre::bus& bus, std::uint32_t id, instant now = {}) {
  texts out;
  gyre::owned_message m;
  while (bus.poll(id, m, now)) out.emplace_back(m.text());
  return out;
}
gyre::subscription_stats balanced(const gyre::bus& bus, std::uint32_t id) {
  const gyre::subscription_stats s = bus.stats(id).value();
  REQUIRE(s.balanced());
  REQUIRE(bus.stats().balanced());
  return s;
}
}  // namespace

TEST_CASE("a handler gets the message whole, and only by pump", "[bus]") {
  gyre::bus bus({.origin = 7});
  std::vector<gyre::owned_message> got;
  const std::uint32_t id =
      sub(bus, "shop.*", {}, [&](const message& m) { got.emplace_back().assign(m); });
  const auto receipt =
      bus.publish("shop.order", "42", {.correlation = 9, .source = 3, .ttl = seconds{1}},
                  milliseconds{5})
          .value();
  REQUIRE(receipt.matched == 1);
  REQUIRE(receipt.dropped == 0);
  REQUIRE(got.empty());
  REQUIRE(bus.next_due() == milliseconds{5});
  REQUIRE(bus.pump(milliseconds{8}) == 1);
  REQUIRE(bus.next_due() == gyre::never);
  REQUIRE(got.size() == 1);
  REQUIRE(got[0].topic == "shop.order");
  REQUIRE(got[0].text() == "42");
  REQUIRE(got[0].at == milliseconds{5});
  REQUIRE(got[0].ttl == seconds{1});
  REQUIRE(got[0].correlation == 9);
  REQUIRE(got[0].source == 3);
  REQUIRE(got[0].sequence == receipt.sequence);
  REQUIRE(bus.stats().p50_ms == Approx(3).epsilon(0.0625));
  say(bus, "shop.order", "43");  // no correlation given: the bus makes one up
  bus.pump({});
  REQUIRE(got[1].correlation == (std::uint64_t{7} << 48 | got[1].sequence));
  REQUIRE(balanced(bus, id).delivered == 2);
}

TEST_CASE("publish that matches nobody is counted, and what is wrong is refused", "[bus]") {
  gyre::bus bus({.max_payload = 4});
  const std::uint32_t id = sub(bus, "a");
  REQUIRE(say(bus, "b", "x").matched == 0);
  REQUIRE(bus.publish("a.*", "x", {}, {}).code() == code::arg);
  REQUIRE(bus.publish("", "x", {}, {}).code() == code::arg);
  REQUIRE(bus.publish("a", "12345", {}, {}).error().text == "payload of 5 bytes: at most 4");
  REQUIRE(bus.publish("a", "x", {.ttl = gyre::duration{-1}}, {}).code() == code::arg);
  REQUIRE(say(bus, "a", "1234").matched == 1);
  const gyre::bus_stats s = bus.stats();
  REQUIRE(s.published == 2);
  REQUIRE(s.unrouted == 1);
  REQUIRE(s.rejected == 4);
  REQUIRE(balanced(bus, id).matched == 1);
}

TEST_CASE("bad input to subscribe and dead ids change nothing", "[bus]") {
  gyre::bus bus({.subscriptions = 1});
  REQUIRE(bus.subscribe("a..b", {}).code() == code::arg);
  REQUIRE(bus.subscribe("a", {.capacity = 0}).code() == code::arg);
  REQUIRE(bus.stats().subscriptions == 0);
  const std::uint32_t id = sub(bus, "a");
  REQUIRE(bus.subscribe("b", {}).code() == code::budget);
  REQUIRE(bus.unsubscribe(0).code() == code::stale);
  REQUIRE(bus.unsubscribe(id + 1).code() == code::stale);
  REQUIRE(bus.unsubscribe(id ^ 0x10000000U).code() == code::kind);
  REQUIRE(bus.unsubscribe(id));
  REQUIRE(bus.unsubscribe(id).code() == code::stale);
  REQUIRE(bus.stats(id).code() == code::stale);
  REQUIRE(bus.replay_all(id, {}).code() == code::stale);
  REQUIRE_FALSE(bus.alive(id));
  gyre::owned_message out;
  REQUIRE_FALSE(bus.poll(id, out, {}));
  REQUIRE(bus.replay(1, {}).code() == code::not_found);
  REQUIRE(bus.discard(1).code() == code::not_found);
  const std::uint32_t next = sub(bus, "a");  // the slot is used again under another id
  REQUIRE(next != id);
  REQUIRE_FALSE(bus.alive(id));
}

TEST_CASE("the four overflow policies, exactly counted", "[bus]") {
  gyre::bus bus;
  const auto with = [](overflow policy) {
    return gyre::subscription_options{.capacity = 2, .policy = policy};
  };
  const std::uint32_t newest = sub(bus, "t.*", with(overflow::drop_newest));
  const std::uint32_t oldest = sub(bus, "t.*", with(overflow::drop_oldest));
  const std::uint32_t latest = sub(bus, "t.*", with(overflow::keep_latest));
  const std::uint32_t block = sub(bus, "t.*", with(overflow::block));
  REQUIRE(say(bus, "t.a", "1").dropped == 0);
  REQUIRE(say(bus, "t.b", "2").dropped == 0);
  REQUIRE(say(bus, "t.a", "3").dropped == 4);  // newest, oldest, replaced, blocked
  REQUIRE(say(bus, "t.c", "4").dropped == 4);  // keep_latest is full of other topics: oldest
  REQUIRE(balanced(bus, newest).dropped_newest == 2);
  REQUIRE(balanced(bus, oldest).dropped_oldest == 2);
  REQUIRE(balanced(bus, latest).dropped_replaced == 1);
  REQUIRE(balanced(bus, latest).dropped_oldest == 1);
  REQUIRE(balanced(bus, block).dropped_blocked == 2);
  REQUIRE(drain(bus, newest) == texts{"1", "2"});
  REQUIRE(drain(bus, oldest) == texts{"3", "4"});
  REQUIRE(drain(bus, latest) == texts{"2", "4"});
  REQUIRE(drain(bus, block) == texts{"1", "2"});
  REQUIRE(bus.stats().pending == 0);
}

TEST_CASE("a queue is bounded in bytes too, and one message always fits", "[bus]") {
  gyre::bus bus;
  const std::uint32_t id =
      sub(bus, "t", {.policy = overflow::drop_oldest, .bytes = 10});  // "t" and 9 of payload
  say(bus, "t", "1234");
  say(bus, "t", "5678");
  REQUIRE(balanced(bus, id).pending == 2);
  say(bus, "t", "9");
  REQUIRE(balanced(bus, id).dropped_oldest == 1);
  say(bus, "t", "larger than all the room");
  REQUIRE(balanced(bus, id).dropped_oldest == 3);
  REQUIRE(drain(bus, id) == texts{"larger than all the room"});

  const std::uint32_t latest = sub(bus, "k.*", {.policy = overflow::keep_latest, .bytes = 16});
  say(bus, "k.a", "1234");
  say(bus, "k.b", "1234");
  REQUIRE(say(bus, "k.a", "123456789").dropped == 2);  // replaced, and no room for k.b any more
  REQUIRE(drain(bus, latest) == texts{"123456789"});
  REQUIRE(balanced(bus, latest).dropped() == 2);
}

TEST_CASE("block: refused whole while may_wait, dropped and counted otherwise", "[bus]") {
  gyre::bus bus;
  const std::uint32_t other = sub(bus, "t");
  const std::uint32_t block =
      sub(bus, "t", {.capacity = 1, .policy = overflow::block, .block_for = milliseconds{200}});
  const std::uint32_t longer =
      sub(bus, ">", {.capacity = 1, .policy = overflow::block, .block_for = seconds{9}});
  const gyre::publish_options wait{.may_wait = true};
  REQUIRE(bus.blocked_for("t", 1, {}) == gyre::duration{0});
  REQUIRE(bus.publish("t", "1", wait, {}));
  REQUIRE(bus.publish("t", "2", wait, {}).code() == code::overflow);
  REQUIRE(bus.blocked_for("t", 1, {}) == milliseconds{200});
  REQUIRE(bus.blocked_for("u", 1, {}) == seconds{9});
  REQUIRE(bus.stats().would_block == 1);
  REQUIRE(bus.stats().published == 1);
  REQUIRE(balanced(bus, other).matched == 1);  // nobody got it
  REQUIRE(drain(bus, longer) == texts{"1"});
  REQUIRE(bus.publish("t", "2", wait, {}).code() == code::overflow);  // the other is still full
  REQUIRE(bus.publish("t", "2", {}, {}).value().dropped == 1);        // the deadline is over
  REQUIRE(balanced(bus, block).dropped_blocked == 1);
  REQUIRE(balanced(bus, longer).pending == 1);
  drain(bus, block);
  drain(bus, longer);
  REQUIRE(bus.publish("t", "3", wait, {}));
  REQUIRE(drain(bus, other) == texts{"1", "2", "3"});
}

TEST_CASE("what has expired makes room and is counted as expired", "[bus]") {
  gyre::bus bus;
  const gyre::publish_options brief{.ttl = milliseconds{10}};
  const std::uint32_t id = sub(bus, "t", {.capacity = 2, .policy = overflow::block});
  texts got;
  const std::uint32_t pushed = sub(bus, "t", {}, into(got));
  REQUIRE(bus.publish("t", "1", brief, {}));
  REQUIRE(bus.publish("t", "2", brief, milliseconds{5}));
  const gyre::publish_options wait{.may_wait = true};
  REQUIRE(bus.publish("t", "3", wait, milliseconds{9}).code() == code::overflow);
  REQUIRE(bus.publish("t", "3", wait, milliseconds{10}));
  REQUIRE(drain(bus, id, milliseconds{15}) == texts{"3"});
  REQUIRE(balanced(bus, id).expired == 2);
  REQUIRE(bus.pump(milliseconds{15}) == 3);
  REQUIRE(got == texts{"3"});
  REQUIRE(balanced(bus, pushed).expired == 2);
}

TEST_CASE("all that a handler's queue held expires while a publisher asks for room", "[bus]") {
  gyre::bus bus;
  texts got;
  const gyre::subscription_options one{.capacity = 1, .policy = overflow::block};
  const std::uint32_t id = sub(bus, "t", one, into(got));
  const std::uint32_t full = sub(bus, "t", one);
  REQUIRE(bus.publish("t", "1", {.ttl = milliseconds{1}}, {}));
  drain(bus, full);
  REQUIRE(bus.publish("t", "2", {}, {}).value().dropped == 1);  // `full` has it, `id` is full
  REQUIRE(bus.publish("t", "3", {.may_wait = true}, seconds{1}).code() == code::overflow);
  REQUIRE(balanced(bus, id).pending == 0);
  REQUIRE(bus.pump(seconds{1}) == 0);
  drain(bus, full);
  say(bus, "t", "4", seconds{1});
  REQUIRE(bus.pump(seconds{1}) == 1);
  REQUIRE(got == texts{"4"});
}

TEST_CASE("order: priority, then as published, then as subscribed", "[bus]") {
  gyre::bus bus;
  texts got;
  const auto named = [&](const char* name) -> gyre::message_handler {
    return [&got, name](const message& m) { got.push_back(name + std::string(m.text())); };
  };
  sub(bus, "t", {.priority = -1}, named("low"));
  sub(bus, "t", {}, named("first"));
  sub(bus, "t", {}, named("second"));
  sub(bus, "t", {.priority = 5}, named("high"));
  say(bus, "t", "1");
  say(bus, "t", "2");
  REQUIRE(bus.pump({}, 3) == 3);
  REQUIRE(got == texts{"high1", "high2", "first1"});
  REQUIRE(bus.next_due() == instant{0});
  say(bus, "t", "3");
  REQUIRE(bus.pump({}) == 9);
  REQUIRE(got == texts{"high1", "high2", "first1", "high3", "second1", "first2", "second2",
                       "first3", "second3", "low1", "low2", "low3"});
}

TEST_CASE("the rate limit drops what comes faster, with its own reason", "[bus]") {
  gyre::bus bus;
  const std::uint32_t id = sub(bus, "t", {.rate_per_s = 10});
  for (int ms = 0; ms < 2000; ms += 5) say(bus, "t", "x", milliseconds{ms});
  const auto s = balanced(bus, id);
  REQUIRE(s.matched == 400);
  REQUIRE(s.pending == 29);  // ten at once, then ten a second for 1.995 s
  REQUIRE(s.dropped_rate == 371);
  REQUIRE(bus.health() == Approx(0.5));
}

TEST_CASE("retries come 0.1, 0.2 and 0.3 s later, in order, then the letter is dead", "[bus]") {
  gyre::bus bus;
  std::vector<instant> tries;
  texts got;
  instant now{};
  const std::uint32_t id = sub(bus, "t", {}, [&](const message& m) -> gyre::result<void> {
    if (m.text() == "bad") {
      tries.push_back(now);
      return gyre::fail(code::io, "no route to host");
    }
    got.emplace_back(m.text());
    return gyre::ok;
  });
  say(bus, "t", "bad");
  say(bus, "t", "good");
  while (bus.next_due() != gyre::never) {
    now = bus.next_due();
    bus.pump(now);
    balanced(bus, id);
    if (tries.size() < 4) REQUIRE(got.empty());  // order is kept
  }
  REQUIRE(tries == std::vector<instant>{milliseconds{0}, milliseconds{100}, milliseconds{300},
                                        milliseconds{600}});
  REQUIRE(got == texts{"good"});
  const auto s = balanced(bus, id);
  REQUIRE(s.dead_lettered == 1);
  REQUIRE(s.failures == 4);
  REQUIRE(s.retried == 3);
  REQUIRE(s.last_error == "no route to host");
  REQUIRE(s.breaker == breaker_state::closed);
  const gyre::dead_letter l = bus.dead_letter_at(0);
  REQUIRE(l.message.text() == "bad");
  REQUIRE(l.attempts == 4);
  REQUIRE(l.reason == gyre::dead_reason::retries);
  REQUIRE(l.error == "no route to host");
  REQUIRE(l.died == milliseconds{600});
}

TEST_CASE("a failing handler opens its breaker, whose messages are dead letters", "[bus]") {
  gyre::bus bus;
  bool well = false;
  int calls = 0;
  const std::uint32_t id = sub(bus, "t", {.retries = 0}, [&](const message&) -> gyre::result<void> {
    ++calls;
    if (!well) return gyre::fail(code::io, "down");
    return gyre::ok;
  });
  for (int i = 0; i < 8; ++i) say(bus, "t", "x");
  REQUIRE(bus.pump({}) == 8);
  REQUIRE(calls == 5);
  REQUIRE(balanced(bus, id).dead_lettered == 8);
  REQUIRE(bus.dead_letter_at(4).reason == gyre::dead_reason::retries);
  REQUIRE(bus.dead_letter_at(5).reason == gyre::dead_reason::breaker);
  REQUIRE(bus.dead_letter_at(5).attempts == 0);
  say(bus, "t", "x", seconds{29});
  bus.pump(seconds{29});
  REQUIRE(calls == 5);
  say(bus, "t", "x", seconds{30});  // a probe, which fails
  say(bus, "t", "x", seconds{30});
  bus.pump(seconds{30});
  REQUIRE(calls == 6);
  REQUIRE(balanced(bus, id).breaker == breaker_state::open);
  REQUIRE(balanced(bus, id).trips == 2);
  well = true;
  for (int i = 0; i < 3; ++i) {
    say(bus, "t", "x", seconds{60});
    bus.pump(seconds{60});
    REQUIRE(balanced(bus, id).breaker ==
            (i < 2 ? breaker_state::half_open : breaker_state::closed));
  }
  REQUIRE(balanced(bus, id).delivered == 3);
}

TEST_CASE("a probe is not retried, and one bad message is one failure", "[bus]") {
  gyre::bus bus;
  const std::uint32_t id = sub(bus, "t", {.breaker = {.failures = 2}}, failing());
  const auto run_until_quiet = [&bus] {
    while (bus.next_due() != gyre::never) bus.pump(bus.next_due());
  };
  say(bus, "t", "1");
  run_until_quiet();
  REQUIRE(balanced(bus, id).failures == 4);
  REQUIRE(balanced(bus, id).breaker == breaker_state::closed);  // four tries, one failure
  say(bus, "t", "2");
  run_until_quiet();
  REQUIRE(balanced(bus, id).breaker == breaker_state::open);
  say(bus, "t", "3", seconds{60});
  run_until_quiet();
  REQUIRE(balanced(bus, id).failures == 9);
  REQUIRE(balanced(bus, id).trips == 2);
  REQUIRE(balanced(bus, id).dead_lettered == 3);
}

TEST_CASE("newer messages that push out failing ones do not hide it from the breaker", "[bus]") {
  gyre::bus bus;
  const overflow policy = GENERATE(overflow::drop_oldest, overflow::keep_latest);
  const std::uint32_t id = sub(bus, "t", {.capacity = 1, .policy = policy}, failing());
  for (int s = 0; s < 10; ++s) {  // each is tried once, then there is a newer one
    say(bus, "t", "x", seconds{s});
    bus.pump(seconds{s});
  }
  REQUIRE(balanced(bus, id).trips == 1);
}

TEST_CASE("a failed message waits in its place, keep_latest prefers a newer one", "[bus]") {
  gyre::bus bus;
  texts got;
  bool again = true;
  const std::uint32_t id =
      sub(bus, "t", {.policy = overflow::keep_latest}, [&](const message& m) -> gyre::result<void> {
        got.emplace_back(m.text());
        if (!again) return gyre::ok;
        again = false;
        say(bus, "t", "newer");  // while the old one is being handled
        return gyre::fail(code::io, "no");
      });
  say(bus, "t", "old");
  bus.pump({});
  REQUIRE(balanced(bus, id).dropped_replaced == 1);
  REQUIRE(bus.next_due() == milliseconds{100});  // the handler's pause holds for the newer one
  bus.pump(milliseconds{100});
  REQUIRE(got == texts{"old", "newer"});
}

TEST_CASE("dead letters replay to their one subscription as new messages", "[bus]") {
  gyre::bus bus;
  bool well = false;
  texts got, other;
  std::uint64_t replay_of = 0;
  const std::uint32_t id =
      sub(bus, "t", {.capacity = 1, .retries = 0}, [&](const message& m) -> gyre::result<void> {
        if (!well) return gyre::fail(code::io, "down");
        got.emplace_back(m.text());
        replay_of = m.replay_of;
        return gyre::ok;
      });
  sub(bus, "t", {}, into(other));
  const std::uint64_t first = say(bus, "t", "1").sequence;
  bus.pump({});
  say(bus, "t", "2");
  bus.pump({});
  REQUIRE(bus.dead_letter_count() == 2);
  well = true;
  const std::uint64_t number = bus.dead_letter_at(0).number;
  REQUIRE(bus.replay(number, seconds{1}));
  REQUIRE(bus.dead_letter_count() == 1);
  REQUIRE(bus.replay(bus.dead_letter_at(0).number, seconds{1}).code() == code::overflow);
  REQUIRE(bus.dead_letter_count() == 1);
  bus.pump(seconds{1});
  REQUIRE(got == texts{"1"});
  REQUIRE(replay_of == first);
  REQUIRE(other == texts{"1", "2"});  // once each
  REQUIRE(bus.replay(number, seconds{1}).code() == code::not_found);
  REQUIRE(bus.replay_all(id, seconds{1}).value() == 1);
  bus.pump(seconds{1});
  REQUIRE(got == texts{"1", "2"});
  const auto s = balanced(bus, id);
  REQUIRE(s.matched == 4);
  REQUIRE(s.dead_lettered == 2);
  REQUIRE(s.delivered == 2);
  REQUIRE(bus.stats().dead.replayed == 2);
}

TEST_CASE("replay refuses when the subscription ended or has newer state", "[bus]") {
  gyre::bus bus;
  const std::uint32_t id =
      sub(bus, "t.*", {.policy = overflow::keep_latest, .retries = 0}, failing());
  say(bus, "t.a", "old");
  bus.pump({});
  say(bus, "t.a", "new");
  const std::uint64_t number = bus.dead_letter_at(0).number;
  REQUIRE(bus.replay(number, {}).code() == code::exists);
  REQUIRE(bus.unsubscribe(id));
  REQUIRE(bus.replay(number, {}).code() == code::stale);
  REQUIRE(bus.dead_letter_at(0).message.text() == "old");  // kept to be looked at
  REQUIRE(bus.discard(number));
  REQUIRE(bus.stats().dead.discarded == 1);
  REQUIRE(bus.stats().balanced());
}

TEST_CASE("the oldest dead letters go first, counted", "[bus]") {
  gyre::bus bus({.dead_letters = 10});
  const std::uint32_t id = sub(bus, "t", {.retries = 0, .breaker = {.failures = 0}}, failing());
  for (int i = 0; i < 25; ++i) say(bus, "t", std::to_string(i).c_str());
  bus.pump({});
  REQUIRE(bus.dead_letter_count() == 10);
  REQUIRE(bus.dead_letter_at(0).message.text() == "15");
  REQUIRE(bus.stats().dead.evicted == 15);
  REQUIRE(balanced(bus, id).dead_lettered == 25);
}

TEST_CASE("a handler that publishes is not called in itself, and pump ends", "[bus]") {
  gyre::bus bus;
  int depth = 0, deepest = 0, calls = 0;
  std::vector<std::uint64_t> correlations;
  const std::uint32_t id = sub(bus, "t", {}, [&](const message& m) {
    ++calls;
    deepest = std::max(deepest, ++depth);
    correlations.push_back(m.correlation);
    say(bus, "t", "again");
    REQUIRE(bus.pump({}) == 0);
    REQUIRE(bus.stats().balanced());
    REQUIRE(bus.stats().pending == 2);  // the new one, and the one in this hand
    --depth;
  });
  bus.publish("t", "start", {.correlation = 77}, {}).value();
  for (int i = 1; i <= 5; ++i) {
    REQUIRE(bus.pump({}) == 1);
    REQUIRE(calls == i);
  }
  REQUIRE(deepest == 1);
  REQUIRE(correlations == std::vector<std::uint64_t>(5, 77));  // what one event led to
  REQUIRE(balanced(bus, id).pending == 1);
}

TEST_CASE("handlers may end themselves and others, and begin new ones", "[bus]") {
  gyre::bus bus;
  texts got;
  const bool fails = GENERATE(false, true);
  std::uint32_t self = 0, victim = 0, child = 0;
  auto alive = std::make_shared<int>(1);
  std::weak_ptr<int> watch = alive;
  self = sub(bus, "t", {}, [&, alive](const message& m) -> gyre::result<void> {
    got.push_back("self" + std::string(m.text()));
    REQUIRE(bus.unsubscribe(self));
    REQUIRE(bus.unsubscribe(victim));
    child = sub(bus, "t", {}, into(got));
    say(bus, "t", "3");
    REQUIRE(*alive == 1);  // what the handler holds outlives its subscription
    REQUIRE(bus.stats().balanced());
    if (fails) return gyre::fail(code::io, "no");
    return gyre::ok;
  });
  alive.reset();
  victim = sub(bus, "t", {}, [&](const message&) { got.emplace_back("victim"); });
  say(bus, "t", "1");
  say(bus, "t", "2");
  REQUIRE(bus.pump({}) == 1);
  REQUIRE(watch.expired());
  REQUIRE(got == texts{"self1"});
  REQUIRE(bus.pump({}) == 1);
  REQUIRE(got == texts{"self1", "3"});
  const gyre::bus_stats s = bus.stats();
  REQUIRE(s.balanced());
  REQUIRE(s.matched == 5);
  REQUIRE(s.delivered == (fails ? 1 : 2));
  REQUIRE(s.dropped_closed == (fails ? 4 : 3));
  REQUIRE(s.pending == 0);
  REQUIRE(s.subscriptions == 1);
}

TEST_CASE("ending a subscription whose message waits for a retry", "[bus]") {
  gyre::bus bus;
  const std::uint32_t id = sub(bus, "t", {}, failing());
  const std::uint32_t other = sub(bus, "t", {}, failing());
  say(bus, "t", "1");
  bus.pump({});
  REQUIRE(bus.unsubscribe(id));
  REQUIRE(bus.stats().dropped_closed == 1);
  REQUIRE(bus.next_due() == milliseconds{100});
  REQUIRE(bus.pump(milliseconds{100}) == 1);
  REQUIRE(balanced(bus, other).failures == 2);
}

#if GYRE_EXCEPTIONS
TEST_CASE("a handler that throws has failed, the others get theirs", "[bus]") {
  gyre::bus bus;
  texts got;
  const std::uint32_t std_thrower =
      sub(bus, "t", {.retries = 0}, [](const message&) { throw std::runtime_error("boom"); });
  const std::uint32_t int_thrower = sub(bus, "t", {.retries = 0}, [](const message&) { throw 42; });
  sub(bus, "t", {}, into(got));
  say(bus, "t", "1");
  say(bus, "t", "2");
  REQUIRE(bus.pump({}) == 6);
  REQUIRE(got == texts{"1", "2"});
  REQUIRE(balanced(bus, std_thrower).last_error == "boom");
  REQUIRE(balanced(bus, int_thrower).dead_lettered == 2);
}
#endif

TEST_CASE("peek shows what poll takes, and neither touches what has a handler", "[bus]") {
  gyre::bus bus;
  texts got;
  const std::uint32_t id = sub(bus, "t");
  const std::uint32_t pushed = sub(bus, "t", {}, into(got));
  say(bus, "t", "1");
  message m;
  REQUIRE(bus.peek(id, m, {}));
  REQUIRE(m.text() == "1");
  REQUIRE(bus.peek(id, m, {}));
  REQUIRE_FALSE(bus.peek(pushed, m, {}));
  REQUIRE(drain(bus, id) == texts{"1"});
  REQUIRE_FALSE(bus.peek(id, m, {}));
  REQUIRE(balanced(bus, pushed).pending == 1);
}

TEST_CASE("a view of a message may be published again, even where it makes room", "[bus]") {
  gyre::bus bus;
  const std::uint32_t id = sub(bus, ">", {.capacity = 1, .policy = overflow::drop_oldest});
  const std::string text(1000, 'x');
  say(bus, "t", text.c_str());
  message m;
  REQUIRE(bus.peek(id, m, {}));
  // Its buffer is freed by this very call, and would be the one taken for the new message.
  REQUIRE(bus.publish("longer.topic", m.payload, {}, {}).value().dropped == 1);
  REQUIRE(drain(bus, id) == texts{text});
}

TEST_CASE("time that goes back is held, health falls with the queue", "[bus]") {
  gyre::bus bus;
  const std::uint32_t id = sub(bus, "t", {.capacity = 2000});
  for (int i = 0; i < 1001; ++i) say(bus, "t", "x", seconds{2});
  REQUIRE(bus.health() == Approx(0.7));
  gyre::owned_message m;
  REQUIRE(bus.poll(id, m, seconds{1}));
  REQUIRE(bus.health() == 1);
  REQUIRE(bus.stats().p99_ms == 0);
  drain(bus, id, seconds{4});
  REQUIRE(bus.health() == Approx(50.0 / 2000).epsilon(0.0625));
  bus.pump(seconds{20});
  REQUIRE(bus.health() == 1);
}

TEST_CASE("once warm, publish and pump allocate nothing", "[bus]") {
  gyre::bus bus;
  std::uint64_t handled = 0;
  for (int i = 0; i < 20; ++i) {
    sub(bus, i % 2 == 0 ? "loop.*" : "loop.a",
        {.capacity = 64, .policy = static_cast<overflow>(i % 4)},
        [&handled](const message&) { ++handled; });
  }
  std::size_t errors = 0;  // allocations of the handler's own errors
  sub(bus, "loop.>", {.retries = 1}, [&errors](const message&) {
    const std::size_t first = allocated();
    gyre::result<void> failed = gyre::fail(gyre::code::callback, "no");
    errors += allocated() - first;
    return failed;
  });
  sub(bus, "loop.>", {.capacity = 8});  // never polled
  const char* topics[] = {"loop.a", "loop.b", "loop.c"};
  const std::string payload(300, 'x');
  instant now{};
  const auto round = [&](int i) {
    for (int k = 0; k < 30; ++k) {
      (void)bus.publish(topics[k % 3],
                        std::string_view(payload).substr(static_cast<std::size_t>(k)), {}, now);
    }
    now += milliseconds{i % 200};
    bus.pump(now);
  };
  for (int i = 0; i < 3000; ++i) round(i);
  const std::size_t before = allocated() - errors;
  for (int i = 0; i < 3000; ++i) round(i);
  REQUIRE(allocated() - errors == before);
  REQUIRE(handled > 0);
  REQUIRE(bus.stats().balanced());
}

TEST_CASE("an abandoned handler's message is a dead letter, and the bus goes on without it",
          "[bus]") {
  gyre::bus bus;
  const bool closes = GENERATE(false, true);  // it had unsubscribed itself
  texts other;
  std::uint32_t id = 0;
  bool returned = false;
  id = sub(bus, "x", {.capacity = 2, .priority = 1}, [&](const message& m) {
    // What a second thread does while this one is stuck.
    bool& lost = bus.lost();
    if (closes) REQUIRE(bus.unsubscribe(id));
    REQUIRE(bus.abandon(seconds{3}) == "x");
    REQUIRE_FALSE(bus.alive(id));
    REQUIRE(bus.stats().balanced());
    say(bus, "y", "next", seconds{3});
    REQUIRE(bus.pump(seconds{3}) == 2);
    for (int i = 0; i < 2000; ++i) {  // would reuse the memory of the message
      say(bus, "y", "other", seconds{3});
      bus.pump(seconds{3});
    }
    REQUIRE(m.text() == "stuck");
    lost = true;
    returned = true;
  });
  sub(bus, "y", {}, into(other));
  say(bus, "x", "stuck");
  say(bus, "x", "waits");
  say(bus, "y", "first");
  bus.pump({});
  REQUIRE(returned);
  REQUIRE(other.size() == 2002);
  REQUIRE(other[1] == "next");
  const gyre::bus_stats s = bus.stats();
  REQUIRE(s.balanced());
  REQUIRE(s.pending == 0);
  REQUIRE(s.dead_lettered == (closes ? 0 : 1));
  REQUIRE(s.dropped_closed == (closes ? 2 : 1));
  REQUIRE(bus.dead_letter_count() == (closes ? 0 : 1));
  if (!closes) {
    REQUIRE(bus.dead_letter_at(0).error == "the handler did not return");
    REQUIRE(bus.replay(bus.dead_letter_at(0).number, seconds{4}).code() == code::stale);
  }
  say(bus, "y", "after", seconds{4});
  REQUIRE(bus.pump(seconds{4}) == 1);
  REQUIRE(other.back() == "after");
}

TEST_CASE("a publisher that does not follow gets a correlation of its own", "[bus]") {
  gyre::bus bus;
  const std::uint32_t y = sub(bus, "y");
  sub(bus, "x", {}, [&](const message&) {
    bus.publish("y", "", {}, {}).value();
    bus.publish("y", "", {.follow = false}, {}).value();
  });
  bus.publish("x", "", {.correlation = 777}, {}).value();
  bus.pump({});
  gyre::owned_message m;
  REQUIRE(bus.poll(y, m, {}));
  REQUIRE(m.correlation == 777);
  REQUIRE(bus.poll(y, m, {}));
  REQUIRE(m.correlation != 777);
}

TEST_CASE("health recovers as time passes without traffic", "[bus]") {
  gyre::bus bus;
  sub(bus, "x", {.capacity = 1});
  for (int i = 0; i < 100; ++i) say(bus, "x", "");
  REQUIRE(bus.health() == 0.5);
  bus.pass_time(seconds{9});
  REQUIRE(bus.health() == 0.5);
  bus.pass_time(seconds{10});
  REQUIRE(bus.health() == 1);
}
