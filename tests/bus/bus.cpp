// Method: each behaviour on its own on a virtual clock; the account is checked after each case.
#include "allocations.hpp"
#include "talk.hpp"

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

TEST_CASE("time that goes back is held, health falls with the queue", "[bus]") {
  gyre::bus bus;
  sub(bus, "t", {.capacity = 2000}, [](const message&) {});
  for (int i = 0; i < 1001; ++i) say(bus, "t", "x", seconds{2});
  REQUIRE(bus.health() == Approx(0.7));
  REQUIRE(bus.pump(seconds{1}, 1) == 1);
  REQUIRE(bus.health() == 1);
  REQUIRE(bus.stats().p99_ms == 0);
  bus.pump(seconds{4});
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
  sub(bus, "x", {.capacity = 1}, [](const message&) {});
  for (int i = 0; i < 100; ++i) say(bus, "x", "");
  REQUIRE(bus.health() == 0.5);
  bus.pass_time(seconds{9});
  REQUIRE(bus.health() == 0.5);
  bus.pass_time(seconds{10});
  REQUIRE(bus.health() == 1);
}

TEST_CASE("what nobody polls is no sign of bad health", "[bus]") {  // it made loops ever slower
  gyre::bus bus;
  const std::uint32_t id = sub(bus, "t", {.capacity = 2000});
  for (int i = 0; i < 5000; ++i) say(bus, "t", "x", seconds{2});
  REQUIRE(bus.pending() == 2000);
  REQUIRE(bus.health() == 1);
  REQUIRE(drain(bus, id, seconds{9}).size() == 2000);  // 7 s late
  REQUIRE(bus.health() == 1);
  REQUIRE(bus.stats().p99_ms == Approx(7000).epsilon(0.0625));
  sub(bus, "t", {.capacity = 2000}, [](const message&) {});
  for (int i = 0; i < 1001; ++i) say(bus, "t", "x", seconds{9});
  REQUIRE(bus.health() == Approx(0.7));
}
