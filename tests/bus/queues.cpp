// Method: each policy of a full queue on its own on a virtual clock; the account is checked after
// each case.
#include "talk.hpp"

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

TEST_CASE("the rate limit drops what comes faster, with its own reason", "[bus]") {
  gyre::bus bus;
  const std::uint32_t id = sub(bus, "t", {.rate_per_s = 10}, [](const message&) {});
  for (int ms = 0; ms < 2000; ms += 5) say(bus, "t", "x", milliseconds{ms});
  const auto s = balanced(bus, id);
  REQUIRE(s.matched == 400);
  REQUIRE(s.pending == 29);  // ten at once, then ten a second for 1.995 s
  REQUIRE(s.dropped_rate == 371);
  REQUIRE(bus.health() == Approx(0.5));
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
