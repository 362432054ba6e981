// Method: golden: steps computed by hand, and by the formulas as they are printed; property: a
// gradient that stays 0 leaves no number that is slow to compute with.
#include <cmath>
#include <gyre/learn/adam.hpp>
#include <limits>

#include "catch.hpp"

TEST_CASE("Adam's steps are those of its paper", "[learn]") {
  // The first step is the rate, whatever the gradient: m / (1 - .9) = g, and the root of
  // v / (1 - .999) is its size. By hand: the second, of gradients 2 and then -1, has
  // m = .9 * .2 - .1 = .08, / .19 = .421053; v = .999 * .004 + .001 = .004996, / .001999, whose
  // root is 1.580915.
  gyre::adam by(2);
  float x[] = {1, 1};
  const float first[] = {2, -1e-3F};
  by.step(x, first, .1);
  REQUIRE(x[0] == Approx(.9).epsilon(1e-6));
  REQUIRE(x[1] == Approx(1.1).epsilon(1e-5));
  const float second[] = {-1, 0};
  by.step(x, second, .1);
  REQUIRE(x[0] == Approx(.9 - .1 * .421053 / 1.580915).epsilon(1e-5));
  REQUIRE(by.steps() == 2);

  double m = 0, v = 0, y = .5;
  float z = .5;
  gyre::adam again(1);
  for (int t = 1; t <= 200; ++t) {
    const float g = static_cast<float>(std::sin(t) + .3);
    again.step(&z, &g, .01);
    m = .9 * m + .1 * static_cast<double>(g);
    v = .999 * v + .001 * static_cast<double>(g) * static_cast<double>(g);
    y -= .01 * (m / (1 - std::pow(.9, t))) / (std::sqrt(v / (1 - std::pow(.999, t))) + 1e-8);
    REQUIRE(static_cast<double>(z) == Approx(y).epsilon(1e-4));
  }
}

TEST_CASE("what Adam keeps of a gradient that stays 0 does not become denormal", "[learn]") {
  gyre::adam by(1);
  float x = 0, g = 1;
  by.step(&x, &g, 1e-3);
  g = 0;
  for (int i = 0; i < 100'000; ++i) by.step(&x, &g, 1e-3);
  gyre::byte_writer out;
  by.save(out);
  gyre::byte_reader in(out.data());
  REQUIRE(in.varint() == 100'001);
  REQUIRE(in.f64() < 1e-300);  // .9^100,001
  (void)in.f64();
  for (int i = 0; i < 2; ++i) {
    const float kept = std::fabs(in.f32());
    REQUIRE(kept < 1e-30F);
    REQUIRE((kept <= 0 || kept >= std::numeric_limits<float>::min()));
  }
}

TEST_CASE("an Adam that was saved goes on as it would have", "[learn]") {
  gyre::adam by(3), other(3);
  float x[] = {1, 2, 3}, y[] = {0, 0, 0};
  for (int t = 0; t < 50; ++t) {
    const float g[] = {x[0], x[1] - 1, -x[2]};
    by.step(x, g, .01);
  }
  gyre::byte_writer out;
  by.save(out);
  for (std::size_t cut = 0; cut < out.size(); ++cut) {
    gyre::byte_reader in(std::span(out.data()).first(cut));
    REQUIRE(!gyre::adam(3).load(in));
  }
  gyre::byte_reader in(out.data());
  REQUIRE(other.load(in));
  std::copy(x, x + 3, y);
  const float g[] = {.5F, -1, 2};
  by.step(x, g, .01);
  other.step(y, g, .01);
  for (int i = 0; i < 3; ++i) REQUIRE(x[i] == y[i]);
}
