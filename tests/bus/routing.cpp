// Method: property. Whatever is added and removed, each topic's list is that of a look at them all.
#include <gyre/bus/routing.hpp>
#include <gyre/core/rng.hpp>
#include <string>
#include <vector>

#include "catch.hpp"

TEST_CASE("routing finds who gets a topic, however subscriptions come and go", "[bus]") {
  gyre::rng random(41, 1, 1);
  gyre::detail::routing routing({.subscriptions = 20, .topics = 4});
  const std::vector<std::string> patterns = {"a", "*", ">", "a.>", "a.*", "*.b"};
  const std::vector<std::string> topics = {"a", "b", "a.b", "a.c", "b.b", "a.b.c"};
  for (int step = 0; step < 4000; ++step) {
    const auto& all = routing.all();
    if (random.below(3) != 0) {
      const bool room = all.size() < 20;
      const auto made = routing.add(patterns[random.below(6)], {}, {});
      REQUIRE(made.has_value() == room);
      if (made) {
        REQUIRE(routing.find((*made)->id) == *made);
      } else {
        REQUIRE(made.code() == gyre::code::budget);
      }
    } else if (!all.empty()) {
      const auto gone = routing.remove(*all[random.below(static_cast<std::uint32_t>(all.size()))]);
      REQUIRE(routing.live(gone->id).code() == gyre::code::stale);
    }
    const std::string& topic = topics[random.below(6)];
    const std::uint64_t hash = gyre::topic_hash(topic);
    gyre::vec<gyre::detail::subscriber*> expected;
    for (auto* s : all) {
      if (gyre::matches(s->pattern, topic)) expected.push_back(s);
    }
    const auto* known = routing.known(topic, hash);
    REQUIRE((known != nullptr ? *known : routing.match(topic, hash)) == expected);
    REQUIRE(routing.known(topic, hash) != nullptr);
  }
}
