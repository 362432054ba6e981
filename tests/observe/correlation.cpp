// Method: societies of made-up loops whose couplings are known, over many seeds: what is coupled is
// found, what is not is not.
#include <cmath>
#include <gyre/core/rng.hpp>
#include <gyre/observe/correlation.hpp>
#include <vector>

#include "catch.hpp"

namespace {

const double none = std::numeric_limits<double>::quiet_NaN();

/// Pairs among `n` that reach confidence 0.99 and |weight| 0.3 in any of `windows` windows, when
/// loop i does `ticks(i, window)` in each.
template <class Ticks>
int findings(std::size_t n, int windows, Ticks&& ticks) {
  gyre::lag_correlation seen(n);
  int found = 0;
  for (int w = 0; w < windows; ++w) {
    for (std::size_t i = 0; i < n; ++i) seen.set(i, ticks(i, w), 0.0, none, none);
    seen.step(n);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        if (i != j && seen.find(i, j, 0.3).confidence >= 0.99) ++found;
      }
    }
  }
  return found;
}

double burst(gyre::rng& random) { return random.below(4) == 0 ? 5.0 + random.below(30) : 2.0; }

}  // namespace

TEST_CASE("correlation finds a loop that follows another, and the direction", "[observe]") {
  const auto seed = static_cast<std::uint64_t>(GENERATE(range(1, 11)));
  const double sign = seed % 2 == 0 ? 1.0 : -1.0;  // follows, or yields to it
  CAPTURE(seed);
  gyre::rng random(seed, 0, 0);
  gyre::lag_correlation seen(4);
  double before = 2.0;
  for (int w = 0; w < 120; ++w) {
    const double cause = burst(random);
    seen.set(0, cause, 0.0, none, none);
    seen.set(1, 60.0 + sign * before + random.normal(), 0.0, none, none);
    seen.set(2, burst(random), 0.0, none, none);
    seen.set(3, burst(random), 0.0, none, none);
    seen.step(4);
    before = cause;
  }
  REQUIRE(seen.find(0, 1, 0.3).confidence > 0.99);
  REQUIRE(sign * seen.find(0, 1, 0.3).weight > 0.8);
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t j = 0; j < 4; ++j) {
      if (i == j || (i == 0 && j == 1)) continue;
      CAPTURE(i, j);
      REQUIRE(seen.find(i, j, 0.3).confidence < 0.99);
    }
  }
}

TEST_CASE("correlation sees an outcome other than the rate", "[observe]") {
  gyre::rng random(4, 0, 0);
  gyre::lag_correlation seen(3);
  double before = 2.0;
  for (int w = 0; w < 120; ++w) {
    const double cause = burst(random);
    seen.set(0, cause, 0.0, none, none);
    seen.set(1, 5.0, 0.0, 1.0 + 0.1 * before + 0.1 * random.normal(), none);   // earns more
    seen.set(2, 5.0, 0.0, none, 10.0 + 0.5 * before + 0.1 * random.normal());  // takes longer
    seen.step(3);
    before = cause;
  }
  REQUIRE(seen.find(0, 1, 0.3).weight > 0.8);
  REQUIRE(seen.find(0, 1, 0.3).confidence > 0.99);
  REQUIRE(seen.find(0, 2, 0.3).weight < -0.8);
  REQUIRE(seen.find(0, 2, 0.3).confidence > 0.99);
}

TEST_CASE("correlation finds nothing among loops that are merely active", "[observe]") {
  const auto seed = static_cast<std::uint64_t>(GENERATE(range(1, 6)));
  CAPTURE(seed);
  gyre::rng random(seed, 1, 0);
  SECTION("in bursts of their own") {
    REQUIRE(findings(24, 400, [&](std::size_t, int) { return burst(random); }) == 0);
  }
  SECTION("each at its own fixed rate") {
    const auto count = [&](std::size_t i, int w) {
      const double interval = 0.13 + 0.07 * static_cast<double>(i + seed);
      return std::floor((w + 1) / interval) - std::floor(w / interval);
    };
    REQUIRE(findings(24, 400, count) == 0);
  }
  SECTION("all at one fixed rate, in step") {
    const auto count = [](std::size_t, int w) {
      return std::floor((w + 1) / 0.7) - std::floor(w / 0.7);
    };
    REQUIRE(findings(24, 400, count) == 0);
  }
  SECTION("all growing") {
    const auto count = [&](std::size_t i, int w) {
      return 10.0 + static_cast<double>(i) * 0.1 * w + 3.0 * random.normal();
    };
    REQUIRE(findings(24, 400, count) == 0);
  }
  SECTION("wandering slowly") {
    std::vector<double> level(24, 50.0);
    const auto count = [&](std::size_t i, int) {
      return level[i] = 0.9 * level[i] + 5.0 + 4.0 * random.normal();
    };
    REQUIRE(findings(24, 400, count) == 0);
  }
  SECTION("with one burst each, one after the other") {
    const auto count = [&](std::size_t i, int w) {
      return w == 100 + static_cast<int>(i) ? 500.0 : 5.0 + 2.0 * random.normal();
    };
    REQUIRE(findings(24, 400, count) == 0);
  }
  SECTION("on a machine that is busy at times") {
    double machine = 0.0;
    const auto count = [&](std::size_t i, int) {
      if (i == 0) machine = 0.9 * machine + random.normal();
      return 40.0 - 5.0 * machine + 3.0 * random.normal();
    };
    REQUIRE(findings(24, 400, count) == 0);
  }
}

TEST_CASE("correlation lets go of what is over", "[observe]") {
  gyre::rng random(9, 0, 0);
  gyre::lag_correlation seen(2);
  double before = 2.0;
  for (int w = 0; w < 600; ++w) {
    const double cause = burst(random);
    seen.set(0, cause, 0.0, none, none);
    seen.set(1, w < 120 ? before : burst(random), 0.0, none, none);
    seen.step(2);
    before = cause;
    if (w == 119) REQUIRE(seen.find(0, 1, 0.3).confidence > 0.99);
  }
  REQUIRE(seen.find(0, 1, 0.3).confidence < 0.9);
}

TEST_CASE("correlation starts over for a place that is cleared", "[observe]") {
  gyre::lag_correlation seen(2);
  for (int w = 0; w < 100; ++w) {
    seen.set(0, w % 3 * 10.0, 0.0, none, none);
    seen.set(1, (w + 2) % 3 * 10.0, 0.0, none, none);
    seen.step(2);
  }
  seen.clear(1);
  REQUIRE(seen.find(0, 1, 0.0).confidence == 0.0);
  REQUIRE(seen.find(1, 0, 0.0).confidence == 0.0);
}

TEST_CASE("correlation survives figures that are no figures", "[observe]") {
  gyre::lag_correlation seen(2);
  const double huge = 1e300;
  for (int w = 0; w < 200; ++w) {
    seen.set(0, w % 2 == 0 ? huge : -huge, 0.0, none, none);
    if (w % 5 != 0) seen.set(1, w % 3, w % 7 == 0 ? none : 0.0, w % 2 == 0 ? huge : -huge, -huge);
    seen.step(2);
    const gyre::coupling pair = seen.find(0, 1, 0.3);
    REQUIRE(pair.confidence >= 0.0);
    REQUIRE(pair.confidence <= 1.0);
    REQUIRE(std::abs(pair.weight) <= 1.0);
  }
}
