// Method: model: a textbook update of a dense Gaussian in doubles against the belief's; property:
// the unit of the reward changes nothing, outliers little, a change is noticed.
#include <cmath>
#include <gyre/core/rng.hpp>
#include <gyre/learn/mixture.hpp>

#include "catch.hpp"

namespace mixture_test {

gyre::basis_set kinds_of(std::uint32_t n) {
  gyre::basis_set kinds;
  kinds[0] = gyre::basis({{n, true}}, gyre::likeness::wide, 12);
  kinds[2] = gyre::basis({{n, true}}, gyre::likeness::rough, 24);
  return kinds;
}
std::vector<gyre::hypothesis> pairs() {
  using gyre::likeness;
  return {{likeness::wide, 10, 0}, {likeness::wide, 10, .02F},
          {likeness::rough, 1, 0}, {likeness::rough, 1, .02F}};
}

}  // namespace mixture_test

// The model has the modes' weights and each cell's own part as one vector, its covariance whole,
// and after each update drops what the header says is dropped.
TEST_CASE("a belief equals the textbook's dense Gaussian", "[learn]") {
  constexpr std::uint32_t n = 9;
  const gyre::basis modes({{n, true}}, gyre::likeness::wide, 12);
  const std::uint32_t r = modes.stride(), all = r + n;
  gyre::belief b({gyre::likeness::wide, 4, 0}, modes, n, true);
  b.start(modes, 5);  // noise 1
  std::vector<double> p(all * all, 0), m(all, 0), h(all), column(all);
  float s[24];
  for (std::uint32_t i = 0; i < all; ++i) {
    p[i * all + i] = i < r ? 4 : 4 * double(modes.rest(i - r));
  }
  const auto row_of = [&](std::uint32_t cell) {
    for (std::uint32_t i = 0; i < r; ++i) h[i] = double(modes.at(cell, s).row[i]);
    for (std::uint32_t i = 0; i < n; ++i) h[r + i] = i == cell ? 1 : 0;
  };
  const auto project = [&] {
    double sum = 0;
    for (std::uint32_t i = 0; i < all; ++i) {
      column[i] = 0;
      for (std::uint32_t j = 0; j < all; ++j) column[i] += p[i * all + j] * h[j];
      sum += h[i] * column[i];
    }
    return sum;
  };
  gyre::rng random(1, 1, gyre::purpose::user);
  for (int k = 0; k < 200; ++k) {
    const std::uint32_t cell = random.below(n);
    const double y = random.normal() + .3 * cell;
    row_of(cell);
    const double gain = 1 / (project() + 1);
    double e = y;
    for (std::uint32_t i = 0; i < all; ++i) e -= h[i] * m[i];
    for (std::uint32_t i = 0; i < all; ++i) {
      if (i < r || i == r + cell) m[i] += column[i] * gain * e;
      for (std::uint32_t j = 0; j < all; ++j) p[i * all + j] -= gain * column[i] * column[j];
    }
    for (std::uint32_t i = 0; i < all; ++i) {
      for (std::uint32_t j = 0; j < all; ++j) {
        if (i != j && (i >= r || j >= r)) p[i * all + j] = 0;
      }
    }
    (void)b.observe(modes, modes.at(cell, s), cell, y, 1e6);
    for (std::uint32_t i = 0; i < n; ++i) {
      CAPTURE(k, i);
      row_of(i);
      double mean = 0;
      for (std::uint32_t j = 0; j < all; ++j) mean += h[j] * m[j];
      REQUIRE(double(b.mean(modes.at(i, s), i)) == Approx(mean).margin(1e-3));
      REQUIRE(double(b.variance(modes.at(i, s), i)) == Approx(project()).margin(1e-4));
      const double kept = double(b.shared_variance(i) + b.own_variance(modes.rest(i), i));
      REQUIRE(kept == Approx(project()).margin(1e-4));
    }
  }
}

TEST_CASE("what was tracked for a million rewards is what the matrix says", "[learn]") {
  const gyre::basis modes({{8, true}}, gyre::likeness::wide, 12);
  for (const float drift : {0.0F, .02F}) {
    gyre::belief b({gyre::likeness::wide, 30, drift}, modes, 8, true);
    gyre::rng random(2, 1, gyre::purpose::user);
    float s[24];
    for (int k = 0; k < 1'000'000; ++k) {
      const std::uint32_t cell = random.below(8);
      (void)b.observe(modes, modes.at(cell, s), cell, random.normal() + cell, 6);
    }
    for (std::uint32_t i = 0; i < 8; ++i) {
      const double kept = double(b.shared_variance(i) + b.own_variance(modes.rest(i), i));
      REQUIRE(kept == Approx(double(b.variance(modes.at(i, s), i))).margin(2e-4).epsilon(.02));
      REQUIRE(kept > 0);
      if (drift > 0) continue;
      REQUIRE(double(b.mean(modes.at(i, s), i)) == Approx(i).margin(.1));
    }
  }
}

TEST_CASE("a mixture finds means and noise in any unit", "[learn]") {
  const auto kinds = mixture_test::kinds_of(6);
  for (const double unit : {1e-9, 1.0, 1e9}) {
    for (const double offset : {0.0, -1e4}) {
      gyre::mixture m(mixture_test::pairs(), kinds, 6, true);
      gyre::rng random(3, 1, gyre::purpose::user);
      bool changed = false;
      for (int k = 0; k < 3000; ++k) {
        const std::uint32_t cell = random.below(6);
        const double y = (offset + 2.0 * cell + .5 * random.normal()) * unit;
        (void)m.observe(kinds, cell, y, changed);
      }
      for (std::uint32_t i = 0; i < 6; ++i) {
        const auto e = m.at(kinds, i);
        REQUIRE(e.mean / unit - offset == Approx(2.0 * i).margin(.15));
        REQUIRE(std::sqrt(e.noise) / unit == Approx(.5).margin(.1));
      }
    }
  }
}

TEST_CASE("one reward in a hundred a thousand times as large moves a mean little", "[learn]") {
  const auto kinds = mixture_test::kinds_of(4);
  gyre::mixture m(mixture_test::pairs(), kinds, 4, true);
  gyre::rng random(4, 1, gyre::purpose::user);
  bool changed = false;
  for (int k = 0; k < 2000; ++k) {
    const std::uint32_t cell = random.below(4);
    const double y = 5 + cell + .5 * random.normal();
    (void)m.observe(kinds, cell, random.unit() < .01 ? 1000 * y : y, changed);
  }
  for (std::uint32_t i = 0; i < 4; ++i) REQUIRE(m.at(kinds, i).mean == Approx(5 + i).margin(.3));
}

// Where one cell without noise was most of the first rewards, its own deviation was the unit, and
// what every other cell earned an outlier: 0.00003 for rewards of 3 to 15.
TEST_CASE("a cell that was tried most does not give the unit alone", "[learn]") {
  const auto kinds = mixture_test::kinds_of(15);
  gyre::mixture m(mixture_test::pairs(), kinds, 15, true);
  bool changed = false;
  for (const auto& [cell, y] : std::vector<std::pair<std::uint32_t, double>>{
           {0, 2.9944}, {9, 12.6591}, {0, 2.9945}, {0, 2.9944}, {13, 13.4781}, {0, 2.9946},
           {0, 2.9943}, {0, 2.9944}, {0, 2.9943}, {0, 2.9945}, {0, 2.9945}, {12, 6.5435}}) {
    (void)m.observe(kinds, cell, y, changed);
  }
  REQUIRE(m.settled());
  REQUIRE(m.unit() > 3);
  REQUIRE(m.centre() == Approx(8.9).margin(2));
}

TEST_CASE("a change is noticed, and learned within fifty rewards", "[learn]") {
  const auto kinds = mixture_test::kinds_of(6);
  gyre::mixture m(mixture_test::pairs(), kinds, 6, true);
  gyre::rng random(5, 1, gyre::purpose::user);
  bool changed = false;
  int noticed = 0, before = 0;
  for (int k = 0; k < 1050; ++k) {
    const std::uint32_t cell = random.below(6);
    const double worth = k < 1000 ? cell : 5.0 - cell;
    (void)m.observe(kinds, cell, worth + .3 * random.normal(), changed);
    noticed += changed && k >= 1000 ? 1 : 0;
    before += changed && k < 1000 ? 1 : 0;
  }
  REQUIRE(before == 0);
  REQUIRE(noticed > 0);
  REQUIRE(m.at(kinds, 0).mean > m.at(kinds, 5).mean + 3);
}

TEST_CASE("rewards that are all equal, and then are not", "[learn]") {
  const auto kinds = mixture_test::kinds_of(3);
  gyre::mixture m(mixture_test::pairs(), kinds, 3, true);
  bool changed = false;
  for (int k = 0; k < 100; ++k) (void)m.observe(kinds, k % 3, -9999, changed);
  REQUIRE(m.at(kinds, 1).mean == Approx(-9999));
  for (int k = 0; k < 300; ++k) (void)m.observe(kinds, k % 3, k % 3 == 1 ? -9998 : -9999, changed);
  REQUIRE(m.at(kinds, 1).mean - m.at(kinds, 0).mean == Approx(1).margin(.1));
}
