// Method: edges of each conversion.
#include <gyre/core/time.hpp>

#include <cmath>
#include <limits>

#include "catch.hpp"

TEST_CASE("milliseconds become the nearest nanosecond", "[core]") {
  REQUIRE(gyre::from_ms(1.5)->count() == 1500000);
  REQUIRE(gyre::from_ms(0.0000004)->count() == 0);
  REQUIRE(gyre::from_ms(0.0000006)->count() == 1);
  REQUIRE(gyre::from_ms(-2)->count() == -2000000);
  for (double bad : {std::nan(""), HUGE_VAL, -HUGE_VAL, 4e15}) {
    REQUIRE(gyre::from_ms(bad).code() == gyre::code::arg);
  }
}

TEST_CASE("sums and products stay at the ends of the range", "[core]") {
  using gyre::duration;
  REQUIRE(gyre::add_saturated(duration::max(), duration{1}) == duration::max());
  REQUIRE(gyre::add_saturated(duration::min(), duration{-1}) == duration::min());
  REQUIRE(gyre::add_saturated(duration{2}, duration{3}) == duration{5});
  REQUIRE(gyre::scale(duration::max(), 3) == duration::max());
  REQUIRE(gyre::scale(duration{100}, .5) == duration{50});
}

#if GYRE_THREADS
TEST_CASE("boottime goes on at least as fast as the monotonic clock", "[core]") {
  const gyre::duration boot = gyre::boottime_now();
  const gyre::instant from = gyre::monotonic_now();
  gyre::instant to = from;
  while (to - from < std::chrono::milliseconds(2)) to = gyre::monotonic_now();
  REQUIRE(gyre::boottime_now() - boot >= to - from);
}
#endif
