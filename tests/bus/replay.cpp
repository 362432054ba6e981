// Method: dead letters of a whole bus, sent again; the account is checked after each case.
#include "talk.hpp"

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
