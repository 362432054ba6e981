// consolidation.cpp - tests of society/consolidation.hpp.
// Method: hand-made figures against the written rule.
#include <gyre/society/consolidation.hpp>

#include "catch.hpp"

TEST_CASE("a consolidator adds up what was moved", "[society]") {
  gyre::consolidator c;
  gyre::memory_stats m;
  m.remembered = 100;
  m.consolidated = 75;
  m.saved_percent = 60;
  c.done({10, 5}, m);
  c.done({1, 2}, m);
  REQUIRE(c.now().runs == 2);
  REQUIRE(c.now().archived == 11);
  REQUIRE(c.now().pruned == 7);
  REQUIRE(c.now().seen == 75);
  REQUIRE(c.now().saved_percent == 60);
  REQUIRE(c.vitality() == 1);
}

TEST_CASE("records that the budget pushes out cost vitality, pruned ones do not", "[society]") {
  gyre::consolidator c;
  gyre::memory_stats m;
  m.remembered = 100;
  m.evicted = 30;
  m.pruned = 30;
  c.done({0, 30}, m);
  REQUIRE(c.vitality() == 1);
  m.remembered = 200;
  m.evicted = 55;
  c.done({0, 0}, m);
  REQUIRE(c.vitality() == 0.75);
  c.failed();
  REQUIRE(c.vitality() == 0);
  REQUIRE(c.now().failures == 1);
  c.done({0, 0}, m);  // nothing new was lost
  REQUIRE(c.vitality() == 1);
}
