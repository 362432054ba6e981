// Method: golden: losses computed by hand; model: the slope by finite differences.
#include <gyre/learn/huber.hpp>

#include "catch.hpp"

TEST_CASE("Huber's loss is a square, and a line from 1 on", "[learn]") {
  REQUIRE(gyre::huber(.5, 1) == .125);
  REQUIRE(gyre::huber(-1, 1) == .5);
  REQUIRE(gyre::huber(3, 1) == 2.5);
  REQUIRE(gyre::huber(-3, 1) == 2.5);
  REQUIRE(gyre::huber(3, 2) == 4);  // 2 * (3 - 1)
  REQUIRE(gyre::huber_slope(.5, 1) == .5);
  REQUIRE(gyre::huber_slope(3, 1) == 1);
  REQUIRE(gyre::huber_slope(-3, 2) == -2);
  for (double x = -4; x < 4; x += .25) {
    const double h = 1e-6, slope = (gyre::huber(x + h, 1.5) - gyre::huber(x - h, 1.5)) / (2 * h);
    REQUIRE(gyre::huber_slope(x, 1.5) == Approx(slope).margin(1e-5));
  }
}
