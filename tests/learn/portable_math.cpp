// Method: model: the library's functions, within the stated error; golden: bits that every machine
// and optimisation gives.
#include <cmath>
#include <gyre/core/hash.hpp>
#include <gyre/core/portable.hpp>
#include <gyre/core/rng.hpp>
#include <gyre/learn/portable_math.hpp>

#include "catch.hpp"

namespace portable = gyre::portable;

TEST_CASE("exp is the library's within 2e-15, and ends well", "[learn]") {
  for (double x = -700; x < 700; x += .37) {
    CAPTURE(x);
    REQUIRE(std::fabs(portable::exp(x) / std::exp(x) - 1) < 2e-15);
  }
  REQUIRE(portable::exp(0) == 1);
  REQUIRE(portable::exp(-1e9) == 0);
  REQUIRE(std::isfinite(portable::exp(1e9)));
}

TEST_CASE("log is the library's within 1e-15", "[learn]") {
  for (double x = 1e-300; x < 1e300; x *= 1.37) {
    CAPTURE(x);
    const double is = std::log(x);
    REQUIRE(std::fabs(portable::log(x) - is) <= 1e-15 * std::fmax(1, std::fabs(is)));
  }
  REQUIRE(portable::log(1) == 0);
}

TEST_CASE("the normal distribution is erfc's within 1.5e-7", "[learn]") {
  for (double z = -8; z < 8; z += .01) {
    CAPTURE(z);
    REQUIRE(std::fabs(portable::normal_cdf(z) - .5 * std::erfc(-z / std::sqrt(2.))) < 1.5e-7);
  }
  REQUIRE(portable::normal_cdf(100) == 1);
  REQUIRE(portable::normal_cdf(-100) == 0);
}

TEST_CASE("sums over lanes equal plain ones", "[learn]") {
  gyre::rng random(1, 1, gyre::purpose::user);
  for (const std::uint32_t n : {4U, 8U, 12U, 24U}) {
    std::vector<float> m(n * n), x(n), out(n);
    for (float& v : x) v = static_cast<float>(random.unit() - .5);
    for (std::uint32_t i = 0; i < n; ++i) {
      for (std::uint32_t j = 0; j <= i; ++j) {
        m[i * n + j] = m[j * n + i] = static_cast<float>(random.unit());
      }
    }
    double whole = 0;
    for (std::uint32_t i = 0; i < n; ++i) {
      double row = 0;
      for (std::uint32_t j = 0; j < n; ++j) row += double(m[i * n + j]) * double(x[j]);
      whole += row * double(x[i]);
    }
    REQUIRE(double(portable::quadratic(m.data(), x.data(), out.data(), n)) ==
            Approx(whole).margin(1e-5));
  }
}

TEST_CASE("the bits are the same everywhere", "[learn]") {
  gyre::rng random(7, 7, gyre::purpose::user);
  std::uint64_t sum = 0;
  for (int i = 0; i < 10'000; ++i) {
    const double u = random.unit();
    for (const double v : {portable::exp(60 * u - 30), portable::log(u + 1e-9),
                           portable::normal_cdf(8 * u - 4)}) {
      sum = sum * 0x9e3779b97f4a7c15ULL + gyre::bit_cast<std::uint64_t>(v);
    }
  }
  REQUIRE(sum == 0x6dedecd8dbe020d2ULL);
}
