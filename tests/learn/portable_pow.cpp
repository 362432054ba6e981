// Method: model (the library's pow in double), four at once against one, and golden bits, which are
// those of every machine.
#include <cmath>
#include <cstring>
#include <gyre/core/rng.hpp>
#include <gyre/learn/portable_pow.hpp>

#include "catch.hpp"

TEST_CASE("powers are near the library's, and those of four are those of one", "[learn]") {
  gyre::rng random(3, 1, gyre::purpose::user);
  double worst = 0;
  std::uint64_t hash = 0;
  for (int i = 0; i < 200000; ++i) {
    const auto scale = static_cast<double>(std::uint64_t{1} << random.below(60)) * 1e-9;
    const auto x = static_cast<float>((random.unit() + 1e-3) * scale);
    const auto y = static_cast<float>(random.unit() * 4 - 2);
    const float one = gyre::portable::pow(x, y);
    std::uint32_t b;
    std::memcpy(&b, &one, sizeof b);
    if (i < 1000) hash = hash * 0x9e3779b97f4a7c15ULL + b;
    const gyre::portable::lanes four = gyre::portable::pow(gyre::portable::lanes{1, x, x, 2}, y);
    REQUIRE(std::memcmp(&four[1], &one, sizeof one) == 0);
    const double right = std::pow(static_cast<double>(x), static_cast<double>(y));
    if (right > 1e-30 && right < 1e30) {
      worst = std::max(worst, std::fabs(static_cast<double>(one) / right - 1));
    }
  }
  REQUIRE(worst < 1e-5);
  CAPTURE(hash);
  REQUIRE(hash == 0xb07d748bbf801f47ULL);
}

TEST_CASE("powers at the edges", "[learn]") {
  using gyre::portable::pow;
  for (const float y : {0.F, .4F, 1.F, -.6F}) REQUIRE(!(pow(1, y) < 1 || pow(1, y) > 1));
  REQUIRE(!(pow(1e-20F, 0) < 1 || pow(1e20F, 0) > 1));
  REQUIRE(pow(0, .6F) > 0);  // no power is 0, so that a small one is not lost
  REQUIRE(pow(3e38F, 2) < 3e38F);
  REQUIRE(pow(1e-38F, 2) > 0);
  float x[7] = {1, 4, 9, 16, 25, 36, 49};
  gyre::portable::pow(x, 7, .5F);
  for (int i = 0; i < 7; ++i) REQUIRE(x[i] == Approx(i + 1));
}
