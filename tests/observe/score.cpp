// Method: cases.
#include <algorithm>
#include <gyre/observe/score.hpp>
#include <limits>
#include <vector>

#include "catch.hpp"

using gyre::vital_sign;

TEST_CASE("score is the mean of vitality, or of health where there is none", "[observe]") {
  REQUIRE(gyre::score({}) == 1.0);
  const double none = std::numeric_limits<double>::quiet_NaN();
  std::vector<vital_sign> loops = {{none, 1.0}, {none, 0.5}, {0.2, 1.0}};
  REQUIRE(gyre::score(loops) == Approx((1.0 + 0.5 + 0.2) / 3.0));
  loops = {{7.0, 0.0}, {-3.0, 1.0}, {none, none}};  // held to 0..1; nothing known is nothing well
  REQUIRE(gyre::score(loops) == Approx(1.0 / 3.0));
}

// Method: property. Shards hold loops in other orders, and virtual time is to go by no order.
TEST_CASE("score is the same to the last bit in whatever order", "[observe]") {
  std::vector<vital_sign> loops;
  for (int i = 1; i <= 999; ++i) loops.push_back({1.0 / i, 1.0});
  const double there = gyre::score(loops, 3);
  std::reverse(loops.begin(), loops.end());
  REQUIRE(gyre::score(loops, 3) == there);
  REQUIRE(there == Approx((7.4844708605 + 3) / 1002));
}

TEST_CASE("score falls under 0.3 when four of five loops fail, and returns", "[observe]") {
  std::vector<vital_sign> loops(120);
  for (std::size_t i = 0; i < 96; ++i) loops[i].health = 0.0;
  REQUIRE(gyre::score(loops) == Approx(0.2));
  for (vital_sign& each : loops) each.health = 1.0;
  REQUIRE(gyre::score(loops) == 1.0);
}
