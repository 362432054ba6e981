// Method: handlers that fail, throw, end subscriptions and do not return, on a virtual clock; the
// account is checked after each case.
#include <stdexcept>

#include "talk.hpp"

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

TEST_CASE("time passes while handlers run: ttl, retries and latency go by it", "[bus]") {
  gyre::bus bus;
  instant now{};
  std::vector<instant> called;
  const std::uint32_t slow = sub(bus, "slow", {}, [&](const message&) {
    called.push_back(now);
    now += milliseconds{300};
  });
  for (int i = 0; i < 5; ++i) bus.publish("slow", "", {.ttl = milliseconds{500}}, now).value();
  REQUIRE(bus.pump([&] { return now; }) == 5);
  REQUIRE(called == std::vector<instant>{milliseconds{0}, milliseconds{300}});
  REQUIRE(balanced(bus, slow).expired == 3);
  REQUIRE(bus.stats().p99_ms == Approx(300).epsilon(0.0625));
  called.clear();
  const std::uint32_t bad = sub(bus, "bad", {.retry_delay = milliseconds{200}},
                                [&](const message&) -> gyre::result<void> {
                                  called.push_back(now);
                                  now += milliseconds{250};
                                  return gyre::fail(code::io, "no");
                                });
  say(bus, "bad", "", now);
  REQUIRE(bus.pump([&] { return now; }) == 1);
  REQUIRE(bus.next_due() == now + milliseconds{200});  // from when it failed
  REQUIRE(bus.pump([&] { return now; }) == 0);
  now = bus.next_due();
  REQUIRE(bus.pump([&] { return now; }) == 1);
  REQUIRE(called[1] - called[0] == milliseconds{450});
  REQUIRE(balanced(bus, bad).retried == 2);
}

TEST_CASE("a handler that always fails shows in health and stats", "[bus]") {
  gyre::bus bus;
  sub(bus, "a", {.retries = 0, .breaker = {.failures = 3}}, failing());
  sub(bus, "a", {}, [](const message&) {});
  REQUIRE(bus.health() == 1);
  for (int i = 0; i < 10; ++i) {
    say(bus, "a", "x");
    REQUIRE(bus.dead_letters_ever() == static_cast<std::uint64_t>(i));
    bus.pump(instant{});
  }
  REQUIRE(bus.health() == 0.5);
  REQUIRE(bus.stats().failing == 1);
  const gyre::dead_letter newest = bus.dead_letter_at(bus.dead_letter_count() - 1);
  REQUIRE(newest.number == bus.dead_letters_ever());
  REQUIRE(newest.reason == gyre::dead_reason::breaker);
  bus.pass_time(seconds{10});
  REQUIRE(bus.health() == 1);
}

TEST_CASE("a pump with a clock that is given up leaves the bus to the next", "[bus]") {
  gyre::bus bus;
  int asked = 0;
  sub(bus, "a", {}, [&](const message&) {
    bus.lost() = true;
    (void)bus.abandon(seconds{3});
  });
  sub(bus, "a", {}, [](const message&) {});
  say(bus, "a", "x");
  const auto clock = [&] {
    ++asked;
    return instant{};
  };
  REQUIRE(bus.pump(clock) == 1);
  REQUIRE(asked == 1);  // not after the handler was given up
  REQUIRE(bus.pump(seconds{3}) == 1);
  REQUIRE(asked == 1);
  REQUIRE(bus.stats().balanced());
}

TEST_CASE("handlers that publish to each other are bounded by what pump reports", "[bus]") {
  gyre::bus bus;
  instant now{};
  sub(bus, "ping", {}, [&](const message&) { say(bus, "pong", "", now); });
  sub(bus, "pong", {}, [&](const message&) {
    for (int i = 0; i < 2; ++i) say(bus, "ping", "", now);
  });
  say(bus, "ping", "");
  std::size_t deliveries = 0, rounds = 0;
  while (bus.next_due() <= now && deliveries < 10'000) {
    deliveries += bus.pump(now, 10'000 - deliveries);
    ++rounds;
  }
  REQUIRE(deliveries == 10'000);
  REQUIRE(rounds < 30);
  REQUIRE(bus.stats().delivered == 10'000);
}
