// Method: properties: pure in its four numbers, uniform, unrelated streams.
#include <gyre/core/rng.hpp>

#include <array>
#include <cmath>

#include "catch.hpp"

TEST_CASE("a stream continues from its counter", "[core]") {
  gyre::rng a(1, 2, gyre::purpose::jitter);
  for (int i = 0; i < 100; ++i) (void)a.next();
  gyre::rng b(1, 2, gyre::purpose::jitter, a.counter());
  for (int i = 0; i < 100; ++i) REQUIRE(a.next() == b.next());
}

TEST_CASE("below is uniform: chi-square of 64 cells under its 99.9 % bound", "[core]") {
  for (std::uint64_t stream = 0; stream < 8; ++stream) {
    gyre::rng r(7, stream, gyre::purpose::explore);
    std::array<double, 64> cells{};
    const double n = 64000;
    for (int i = 0; i < 64000; ++i) cells[r.below(64)] += 1;
    double chi = 0;
    for (double c : cells) chi += (c - n / 64) * (c - n / 64) / (n / 64);
    CAPTURE(stream);
    REQUIRE(chi < 103.5);  // 63 degrees of freedom
  }
}

// A remainder would: of 2^32 numbers those under 2^30 have two ways to come, the others one.
TEST_CASE("below does not prefer small numbers, however large the range", "[core]") {
  gyre::rng r(3, 1, gyre::purpose::user);
  double thirds[3] = {0, 0, 0};
  for (int i = 0; i < 30000; ++i) thirds[r.below(3U << 30) >> 30] += 1;
  for (const double n : thirds) REQUIRE(n == Approx(10000).margin(300));
}

TEST_CASE("neighbouring streams, purposes and counters are uncorrelated", "[core]") {
  double sum_xy[3] = {0, 0, 0};
  const int n = 20000;
  for (int i = 0; i < n; ++i) {
    const auto k = static_cast<std::uint64_t>(i);
    const double x = gyre::unit(gyre::mix(1, k, 1, 5)) - .5;
    sum_xy[0] += x * (gyre::unit(gyre::mix(1, k + 1, 1, 5)) - .5);
    sum_xy[1] += x * (gyre::unit(gyre::mix(1, k, 2, 5)) - .5);
    sum_xy[2] += x * (gyre::unit(gyre::mix(1, k, 1, 6)) - .5);
  }
  for (double s : sum_xy) REQUIRE(std::abs(s / n * 12) < 5 / std::sqrt(double(n)));
}

TEST_CASE("normal has mean 0 and variance 1", "[core]") {
  gyre::rng r(3, 0, gyre::purpose::society);
  double sum = 0, squares = 0;
  for (int i = 0; i < 100000; ++i) {
    const double x = r.normal();
    sum += x;
    squares += x * x;
  }
  REQUIRE(std::abs(sum / 1e5) < .02);
  REQUIRE(std::abs(squares / 1e5 - 1) < .03);
}
