// Method: model: rows give back the covariance that the header states, cell by cell; property: what
// the modes leave makes each cell's variance 1.
#include <cmath>
#include <gyre/learn/kernel.hpp>

#include "catch.hpp"

namespace kernel_test {

double covariance(const gyre::basis& b, std::uint32_t x, std::uint32_t y) {
  float s[gyre::basis::most_modes], t[gyre::basis::most_modes];
  const gyre::cell_view u = b.at(x, s), v = b.at(y, t);
  double sum = x == y ? double(u.rest) : 0;
  for (std::uint32_t i = 0; i < b.stride(); ++i) sum += double(u.row[i]) * double(v.row[i]);
  return sum;
}
double smooth(double a, double b, double n, double length) {
  const double d = (a - b) / (n - 1);
  return std::exp(-d * d / (2 * length * length));
}

}  // namespace kernel_test

TEST_CASE("modes give back the covariance of a knob with order", "[learn]") {
  for (const std::uint32_t n : {5U, 12U, 30U}) {
    const gyre::basis b({{n, true}}, gyre::likeness::wide, 12);
    for (std::uint32_t i = 0; i < n; ++i) {
      REQUIRE(kernel_test::covariance(b, i, i) == Approx(1).margin(1e-5));
      for (std::uint32_t j = 0; j < i; ++j) {
        const double is = (1 - gyre::basis::own) * kernel_test::smooth(i, j, n, .35);
        REQUIRE(kernel_test::covariance(b, i, j) == Approx(is).margin(.02));
      }
    }
  }
}

TEST_CASE("modes of two knobs, and of states, are products", "[learn]") {
  const gyre::basis two({{5, true}, {3, true}}, gyre::likeness::wide, 12);
  for (std::uint32_t x = 0; x < 15; ++x) {
    for (std::uint32_t y = 0; y < x; ++y) {
      const double is = (1 - gyre::basis::own) * kernel_test::smooth(x / 3, y / 3, 5, .35) *
                        kernel_test::smooth(x % 3, y % 3, 3, .35);
      REQUIRE(kernel_test::covariance(two, x, y) == Approx(is).margin(.06));
    }
  }
  const gyre::basis joint({{4, true}}, {{6, true}}, gyre::likeness::wide, 24);
  for (std::uint32_t x = 0; x < 24; ++x) {
    REQUIRE(kernel_test::covariance(joint, x, x) == Approx(1).margin(.02));
    for (std::uint32_t y = 0; y < x; ++y) {
      const double is =
          (1 - gyre::basis::own) *
          kernel_test::smooth(x / 6, y / 6, 4, gyre::basis::state_length) *
          kernel_test::smooth(x % 6, y % 6, 6, .35);
      REQUIRE(kernel_test::covariance(joint, x, y) == Approx(is).margin(.06));
    }
  }
}

TEST_CASE("without order two values share a fifth, however far apart", "[learn]") {
  const gyre::basis b({{7, false}}, gyre::likeness::rough, 24);
  for (std::uint32_t i = 0; i < 7; ++i) {
    for (std::uint32_t j = 0; j < i; ++j) {
      REQUIRE(kernel_test::covariance(b, i, j) == Approx(.3).margin(.08));
    }
  }
}

TEST_CASE("an action's modes in a state stand for the cell's", "[learn]") {
  const gyre::basis b({{3, true}}, {{5, true}}, gyre::likeness::wide, 16);
  float in[gyre::basis::most_modes] = {}, out[gyre::basis::most_modes], s[24];
  for (std::uint32_t m = 0; m < b.modes(); ++m) in[m] = static_cast<float>(m * m % 7) - 3;
  for (std::uint32_t state = 0; state < 3; ++state) {
    b.weights_in(state, in, out);
    for (std::uint32_t a = 0; a < 5; ++a) {
      const gyre::cell_view cell = b.at(state * 5 + a, s);
      const float whole = gyre::portable::dot(cell.row, in, b.stride());
      const float part = gyre::portable::dot(b.action_row(a), out, b.action_stride());
      REQUIRE(double(part) == Approx(double(whole)).margin(1e-4));
    }
  }
}

TEST_CASE("a knob of ten thousand values has as few modes", "[learn]") {
  const gyre::basis b({{10'000, true}}, gyre::likeness::wide, 24);
  REQUIRE(b.modes() <= 24);
  REQUIRE(kernel_test::covariance(b, 0, 9'999) < .1);
  REQUIRE(kernel_test::covariance(b, 5'000, 5'001) > .9);
}
