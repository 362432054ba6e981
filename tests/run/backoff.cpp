// Method: a table of exact values, then properties over random settings.
#include <gyre/core/rng.hpp>
#include <gyre/run/backoff.hpp>

#include "catch.hpp"

using namespace std::chrono_literals;
using gyre::duration;

TEST_CASE("backoff doubles from 0.1 s to its cap of 5 s", "[run]") {
  const gyre::backoff backoff;
  const double middle = 0.5;  // no spread
  REQUIRE(backoff.after(0, middle) == 0ms);
  REQUIRE(backoff.after(1, middle) == 100ms);
  REQUIRE(backoff.after(2, middle) == 200ms);
  REQUIRE(backoff.after(3, middle) == 400ms);
  REQUIRE(backoff.after(6, middle) == 3200ms);
  REQUIRE(backoff.after(7, middle) == 5s);  // the reference stopped at 3.2 s
  REQUIRE(backoff.after(8, middle) == 5s);
  REQUIRE(backoff.after(4'000'000'000u, middle) == 5s);  // no shift past the width, and quick
}

TEST_CASE("backoff spreads by its jitter, the cap too", "[run]") {
  const gyre::backoff backoff;
  REQUIRE(backoff.after(1, 0.0) == 90ms);
  REQUIRE(backoff.after(50, 0.0) == 4500ms);
  REQUIRE(backoff.after(50, 0.999999) > 5499ms);
  REQUIRE(backoff.after(50, 0.999999) <= 5500ms);
}

TEST_CASE("backoff never shrinks with the streak nor leaves its bounds", "[run]") {
  gyre::rng random(7, 0, 0);
  for (int i = 0; i < 500; ++i) {
    gyre::backoff backoff;
    backoff.base = duration(random.below(1'000'000'000));
    backoff.cap = backoff.base + duration(random.below(2'000'000'000));
    backoff.jitter = random.unit();
    REQUIRE(backoff.valid());
    const double unit = random.unit();
    duration last{0};
    for (std::uint32_t streak = 0; streak < 70; ++streak) {
      CAPTURE(i, streak, unit);
      const duration wait = backoff.after(streak, unit);
      REQUIRE(wait >= last);
      REQUIRE(wait <= backoff.cap * 2);
      last = wait;
    }
  }
}

TEST_CASE("backoff holds at the largest duration", "[run]") {
  gyre::backoff backoff;
  backoff.base = duration::max() / 3;
  backoff.cap = duration::max();
  backoff.jitter = 1.0;
  REQUIRE(backoff.after(9, 0.99) == duration::max());
  REQUIRE(backoff.after(9, 0.0) == 0ns);
}

TEST_CASE("backoff knows senseless settings", "[run]") {
  gyre::backoff bad;
  bad.base = -1ns;
  REQUIRE_FALSE(bad.valid());
  bad = {};
  bad.cap = 1ms;
  REQUIRE_FALSE(bad.valid());
  bad = {};
  bad.jitter = std::numeric_limits<double>::quiet_NaN();
  REQUIRE_FALSE(bad.valid());
  bad.jitter = 1.5;
  REQUIRE_FALSE(bad.valid());
}
