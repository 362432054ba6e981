// Method: cases.
#include <gyre/observe/score.hpp>
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

TEST_CASE("score falls under 0.3 when four of five loops fail, and returns", "[observe]") {
  std::vector<vital_sign> loops(120);
  for (std::size_t i = 0; i < 96; ++i) loops[i].health = 0.0;
  REQUIRE(gyre::score(loops) == Approx(0.2));
  for (vital_sign& each : loops) each.health = 1.0;
  REQUIRE(gyre::score(loops) == 1.0);
}
