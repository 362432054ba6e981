// Method: quantiles against sorted samples, scores by hand, recovery on a virtual clock.
#include <algorithm>
#include <cmath>
#include <gyre/bus/health.hpp>
#include <gyre/core/rng.hpp>
#include <vector>

#include "catch.hpp"

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("a latency quantile is within 6.25 % of nearest rank", "[bus]") {
  const int n = GENERATE(1, 2, 10, 1000, 20000);
  gyre::delivery_latency latency;
  REQUIRE(latency.quantile_ms(0.99) == 0);
  std::vector<double> sorted;
  gyre::rng random(5, 1, 1);
  for (int i = 0; i < n; ++i) {
    const auto ns = static_cast<std::int64_t>(std::exp(random.normal() * 3 + 12));
    latency.record(gyre::duration{ns});
    sorted.push_back(static_cast<double>(ns) * 1e-6);
  }
  std::sort(sorted.begin(), sorted.end());
  for (const double q : {0.0, 0.5, 0.99, 0.999, 1.0}) {
    CAPTURE(n, q);
    const auto rank = std::max<std::size_t>(1, static_cast<std::size_t>(std::ceil(q * n)));
    const double exact = sorted[rank - 1];
    REQUIRE(std::abs(latency.quantile_ms(q) - exact) <= 0.0625 * exact + 1e-6);
  }
}

TEST_CASE("extreme latencies have a bucket", "[bus]") {
  gyre::delivery_latency latency;
  latency.record(gyre::duration{-5});
  latency.record(gyre::duration{0});
  latency.record(gyre::duration::max());
  REQUIRE(latency.count() == 3);
  REQUIRE(latency.quantile_ms(0.5) == 0);
  REQUIRE(latency.quantile_ms(1) == Approx(9.2233720368547758e12).epsilon(0.0625));
}

TEST_CASE("health is what the formula says", "[bus]") {
  REQUIRE(gyre::health_score(0, 0, 0, 0) == 1);
  REQUIRE(gyre::health_score(1000, 50, 100, 1) == 1);
  REQUIRE(gyre::health_score(1001, 50, 100, 1) == Approx(0.7));
  REQUIRE(gyre::health_score(0, 200, 100, 1) == Approx(0.25));
  REQUIRE(gyre::health_score(0, 0, 100, 2) == Approx(0.5));
  REQUIRE(gyre::health_score(1001, 100, 100, 2) == Approx(0.7 * 0.5 * 0.5));
}

TEST_CASE("health recovers when what hurt it is 10 s old, the total stays", "[bus]") {
  gyre::bus_health health;
  health.advance(seconds{1});
  health.matched(100);
  health.dropped(50);
  health.delivered(milliseconds{100});
  REQUIRE(health.score(0) == Approx(0.25).epsilon(0.07));
  health.advance(seconds{6});  // now in the older half
  health.matched(100);
  REQUIRE(health.score(0) == Approx(0.25).epsilon(0.07));
  health.advance(seconds{10});
  REQUIRE(health.score(0) == 1);
  REQUIRE(health.total().count() == 1);
  health.dropped(50);
  health.advance(seconds{1000});  // both halves too old at once
  REQUIRE(health.score(0) == 1);
}
