// Method: tables worked out by hand; property: the running sums equal those made anew from the log.
#include <cmath>
#include <gyre/core/rng.hpp>
#include <gyre/learn/rails.hpp>
#include <set>

#include "catch.hpp"

TEST_CASE("one step moves each knob with order to its next value at most", "[learn]") {
  const gyre::steps s({{5, true}, {3, false}, {4, true}});
  const auto at = [](std::uint32_t x, std::uint32_t y, std::uint32_t z) {
    return (x * 3 + y) * 4 + z;
  };
  REQUIRE(s.towards(at(0, 0, 0), at(4, 2, 3)) == at(1, 2, 1));
  REQUIRE(s.towards(at(4, 2, 3), at(0, 0, 3)) == at(3, 0, 3));
  REQUIRE(s.towards(at(2, 1, 2), at(2, 1, 2)) == at(2, 1, 2));
  std::set<std::uint32_t> near;
  s.around(at(0, 1, 2), [&](std::uint32_t a) { near.insert(a); });
  REQUIRE(near == std::set<std::uint32_t>{at(1, 1, 2), at(0, 0, 2), at(0, 2, 2), at(0, 1, 1),
                                          at(0, 1, 3)});
}

TEST_CASE("the allowance is what the baseline earned, times the budget", "[learn]") {
  gyre::allowance a(2, .1);
  REQUIRE(std::isnan(a.baseline(0)));
  for (int i = 0; i < 5; ++i) {
    REQUIRE(!a.allows(0, 0));
    a.observe(0, true, -20, 0);
  }
  REQUIRE(a.known(0));
  REQUIRE(!a.known(1));
  REQUIRE(a.baseline(0) == -20);
  REQUIRE(a.may_lose() == Approx(10));
  REQUIRE(a.feared(0) == 20);
  REQUIRE(a.allows(0, 12));  // 10, and 2 of this tick
  REQUIRE(!a.allows(0, 12.1));
  a.observe(0, false, -29, 0);
  REQUIRE(a.lost() == Approx(9));
  REQUIRE(!a.allows(0, 6));
  a.observe(0, false, -1, 0);  // what is gained may be spent
  REQUIRE(a.lost() == Approx(-10));
}

TEST_CASE("its running sums are those of the log", "[learn]") {
  gyre::allowance a(3, .05);
  gyre::rng random(1, 1, gyre::purpose::user);
  struct {
    double mean = 0, n = 0, others = 0, earned = 0;
  } rows[3];
  for (int i = 0; i < 190; ++i) {
    const std::uint32_t s = random.below(3);
    const bool base = random.unit() < .5;
    const double r = 3.0 * s - 2 + random.normal();
    a.observe(s, base, r, 0);
    auto& row = rows[s];
    if (base) {
      row.mean += (r - row.mean) / ++row.n;
    } else if (row.n > 0) {
      ++row.others;
      row.earned += r;
    }
    double lost = 0, whole = 0;
    for (const auto& each : rows) {
      lost += each.others * each.mean - each.earned;
      whole += (each.n + each.others) * std::fabs(each.mean);
    }
    REQUIRE(a.lost() == Approx(lost).margin(1e-9));
    REQUIRE(a.may_lose() == Approx(.05 * whole).margin(1e-9));
  }
}

// Of a baseline that earns 1 in a tenth of its ticks the first five earned nothing: whatever earned
// more was held to cost nothing, and 57 % were lost where 5 % might be.
TEST_CASE("a baseline that was seen seldom is not taken at its word", "[learn]") {
  gyre::allowance a(1, .05);
  for (int i = 0; i < 5; ++i) a.observe(0, true, 0, 0);
  REQUIRE(a.allows(0, 0));
  for (int i = 0; i < 100; ++i) a.observe(0, false, i % 25 == 0 ? 1 : 0, .04);
  REQUIRE(a.lost() == Approx(-4));
  // of the others 100 x .02; of the mean 100 x 100 x .02 / 5, half a deviation of both
  REQUIRE(a.allows(0, 4 - .5 * std::sqrt(1.98 + 40) - .01));
  REQUIRE(!a.allows(0, 4 - .5 * std::sqrt(1.98 + 40) + .01));
  for (int i = 0; i < 45; ++i) a.observe(0, true, i % 10 == 0 ? 1 : 0, .04);
  REQUIRE(a.lost() == Approx(6));
  REQUIRE(!a.allows(0, 0));
}
