// curiosity.cpp - tests of society/curiosity.hpp.
// Method: hand-made snapshots with one learner, against the written rule.
#include <gyre/society/curiosity.hpp>

#include "catch.hpp"

using gyre::curiosity;

namespace {

/// One loop "ship" with a learner of 2 states x 4 actions, each tried `tries` times but one.
gyre::snapshot_data seen(std::uint32_t tries, std::uint32_t rare, double reward = 1) {
  gyre::snapshot_data s;
  gyre::learner_view l;
  l.name = "ship";
  l.stats.states = 2;
  l.stats.actions = 4;
  l.knobs = {{"level", {1, 9}}, {"kib", {4, 64}}};
  l.visits.assign(8, tries);
  l.visits[6] = rare;
  l.q = {1, 2, 3, 4, 5, 6, 7, 8};
  s.learners.push_back(l);
  gyre::loop_stats loop;
  loop.id = 1;
  loop.name = "ship";
  loop.reward = reward;
  loop.metrics.window_cycles = 10;
  s.loops.push_back(loop);
  return s;
}

void balanced(const curiosity& c) {
  REQUIRE(c.now().asked == c.now().open + c.now().answered + c.now().dropped);
  REQUIRE(c.questions().size() <= curiosity::most);
}

}  // namespace

TEST_CASE("a setting hardly tried is asked about, and answered once it has been", "[society]") {
  curiosity c;
  REQUIRE(c.think(seen(100, 2), 0.5, 0).empty());
  REQUIRE(c.questions().size() == 1);
  REQUIRE(c.questions()[0].text == "what does ship: level=9 kib=4 in state 1 earn?");
  REQUIRE(c.think(seen(100, 4), 0.5, 0).empty());
  REQUIRE(c.questions().size() == 1);  // not asked twice
  const auto found = c.think(seen(100, 5), 0.5, 0);
  REQUIRE(found.size() == 1);
  REQUIRE(found[0].text ==
          "what does ship: level=9 kib=4 in state 1 earn? About 7.00 in 5 tries; the best there, "
          "level=9 kib=64 in state 1, 8.00.");
  balanced(c);
}

TEST_CASE("settings that have their share are not asked about", "[society]") {
  curiosity c;
  for (int i = 0; i < 10; ++i) REQUIRE(c.think(seen(100, 90), 0.5, 0).empty());
  REQUIRE(c.now().asked == 0);
  REQUIRE(c.vitality() == 1);
}

TEST_CASE("a reward far from its habit is a surprise", "[society]") {
  curiosity c;
  for (int i = 0; i < 10; ++i) REQUIRE(c.think(seen(100, 100, 10), 0.5, 0).empty());
  const auto found = c.think(seen(100, 100, 3), 0.5, 0);
  REQUIRE(found.size() == 1);
  REQUIRE(found[0].kind == gyre::interest::surprise);
  REQUIRE(found[0].text.rfind("why does ship earn 3.00, usually 10.00?", 0) == 0);
  balanced(c);
}

TEST_CASE("an anomaly is answered by what its loop looks like", "[society]") {
  curiosity c;
  auto s = seen(100, 100);
  s.loops[0].last_error = "no route";
  c.wonder("ship: error rate 50 %, usually 0 %");
  c.wonder("gone: p99 3.00 ms, usually 1.00 ms");
  const auto found = c.think(s, 0.5, 0);
  REQUIRE(found.size() == 2);
  REQUIRE(found[0].text.find("last error: no route") != std::string::npos);
  REQUIRE(found[1].text.find("It is gone.") != std::string::npos);
  balanced(c);
}

TEST_CASE("ten questions wait at most, three are answered a tick, old ones are dropped",
          "[society]") {
  curiosity c;
  for (int i = 0; i < 30; ++i) c.wonder("loop-" + std::to_string(i) + ": odd");
  balanced(c);
  REQUIRE(c.questions().size() == 10);
  REQUIRE(c.think(seen(100, 100), 0.5, 0).size() == 3);
  balanced(c);

  curiosity patient;
  for (int i = 0; i < 40; ++i) {
    REQUIRE(patient.think(seen(100, 0), 0.5, 0).empty());
    balanced(patient);
  }
  REQUIRE(patient.now().dropped >= 1);
  REQUIRE(patient.vitality() == 0);
}

TEST_CASE("awareness raises the level, distress lowers it", "[society]") {
  const auto level = [](double awake, double distress) {
    curiosity c;
    for (int i = 0; i < 50; ++i) (void)c.think(seen(100, 100), awake, distress);
    return c.now().level;
  };
  REQUIRE(level(1, 0) > level(0, 0));
  REQUIRE(level(0, 0) > level(0, 1));
  REQUIRE(level(0, 1) >= 0);
}

TEST_CASE("interests take turns", "[society]") {
  curiosity c;
  for (int i = 0; i < 5; ++i) c.wonder("loop-" + std::to_string(i) + ": odd");
  auto s = seen(100, 0);
  REQUIRE(c.think(s, 0.5, 0).size() == 3);
  s.learners[0].visits[6] = 10;  // now the exploration can be answered, beside two anomalies
  const auto found = c.think(s, 0.5, 0);
  REQUIRE(found.size() == 3);
  REQUIRE(found[0].kind == gyre::interest::exploration);
}
