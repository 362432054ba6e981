// Method: cases at each limit, then the way up and back.
#include <gyre/observe/throttle.hpp>

#include "catch.hpp"

using namespace std::chrono_literals;
using gyre::throttle_factor;

TEST_CASE("throttle rises when the bus or the score is unwell", "[observe]") {
  REQUIRE(throttle_factor(1.0, 0.69, 1.0, 1s) == Approx(1.5));
  REQUIRE(throttle_factor(1.0, 0.70, 1.0, 1s) == 1.0);
  REQUIRE(throttle_factor(1.0, 1.0, 0.29, 1s) == Approx(1.5));
  REQUIRE(throttle_factor(2.0, 1.0, 0.30, 1s) == 2.0);
}

TEST_CASE("throttle falls only when both are well, never below 1", "[observe]") {
  REQUIRE(throttle_factor(2.0, 0.91, 0.81, 1s) == Approx(1.8));
  REQUIRE(throttle_factor(2.0, 0.90, 0.81, 1s) == 2.0);
  REQUIRE(throttle_factor(2.0, 0.91, 0.80, 1s) == 2.0);
  REQUIRE(throttle_factor(1.05, 1.0, 1.0, 1s) == 1.0);
}

TEST_CASE("throttle goes no further than a minute, so the way back starts at once", "[observe]") {
  double factor = 1.0;
  for (int i = 0; i < 1000; ++i) factor = throttle_factor(factor, 0.1, 0.1, 1s);
  REQUIRE(factor == Approx(60.0));
  REQUIRE(gyre::throttled(1s, factor) == 60s);
  factor = throttle_factor(factor, 1.0, 1.0, 1s);
  REQUIRE(gyre::throttled(1s, factor) == 54s);
  REQUIRE(throttle_factor(1.0, 0.0, 0.0, 2min) == 1.0);  // slower than that already
}

TEST_CASE("throttle never shortens an interval", "[observe]") {
  REQUIRE(gyre::throttled(2min, 1.5) == 2min);
  REQUIRE(gyre::throttled(10ms, 1.5) == 15ms);
  REQUIRE(gyre::throttled(10ms, 1.0) == 10ms);
}
