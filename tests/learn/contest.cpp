// Method: model: the odds against Thompson sampling by a hundred thousand draws; tables; property:
// a list of the best keeps the best.
#include <cmath>
#include <gyre/core/rng.hpp>
#include <gyre/learn/contest.hpp>

#include "catch.hpp"

TEST_CASE("odds are how often each would win, drawn", "[learn]") {
  gyre::rng random(1, 1, gyre::purpose::user);
  for (int round = 0; round < 20; ++round) {
    const std::uint32_t n = 2 + random.below(10);
    gyre::contest c(n);
    for (std::uint32_t i = 0; i < n; ++i) {
      c.add(i);
      c.mean(i) = static_cast<float>(random.unit());
      c.width(i) = static_cast<float>(.05 + .5 * random.unit());
    }
    const std::uint32_t leader = c.leader(0);
    std::vector<double> won(n, 0);
    constexpr int draws = 100'000;
    for (int k = 0; k < draws; ++k) {
      std::uint32_t best = leader;
      double most = double(c.mean(leader));
      for (std::uint32_t i = 0; i < n; ++i) {
        if (i == leader) continue;
        const double v = double(c.mean(i)) + double(c.width(i)) * random.normal();
        if (v <= most) continue;
        most = v;
        best = i;
      }
      won[best] += 1.0 / draws;
    }
    c.settle(leader);
    double all = 0;
    for (std::uint32_t i = 0; i < n; ++i) {
      CAPTURE(round, i, n);
      all += double(c.odds(i));
      REQUIRE(double(c.odds(i)) == Approx(won[i]).margin(.025));
    }
    REQUIRE(all == Approx(1).margin(1e-5));
  }
}

TEST_CASE("a contest that is decided, and one among equals", "[learn]") {
  gyre::contest c(5);
  for (std::uint32_t i = 0; i < 5; ++i) {
    c.add(i);
    c.mean(i) = i == 3 ? 1.0F : 0.0F;
    c.width(i) = i == 3 ? 0 : 1e-4F;
  }
  REQUIRE(c.leader(.5) == 3);
  c.settle(3);
  REQUIRE(c.odds(3) == 1);
  REQUIRE(c.drawn(.999) == 3);
  int led[5] = {};
  for (std::uint32_t i = 0; i < 5; ++i) c.mean(i) = 7;
  for (int k = 0; k < 1000; ++k) ++led[c.leader(k / 1000.)];
  for (const int n : led) REQUIRE(n == 200);
  for (std::uint32_t i = 0; i < 5; ++i) c.width(i) = 0;
  c.settle(2);
  REQUIRE(c.odds(2) == 1);
  c.even();
  c.remove([](std::uint32_t action) { return action == 2; });
  REQUIRE(c.size() == 4);
  c.even();
  REQUIRE(c.chance(1) == Approx(.25));
  for (int k = 0; k < 100; ++k) REQUIRE(c.action(c.drawn(k / 100.)) != 2);
}

TEST_CASE("a shortlist keeps the actions of most worth", "[learn]") {
  gyre::shortlist list(2);
  const auto worth = [](std::uint32_t a) { return double(a * 7919 % 1000); };
  for (std::uint32_t a = 0; a < 1000; ++a) list.offer(1, a, worth);
  for (const std::uint32_t a : list.of(1)) REQUIRE(worth(a) >= 1000 - 16);
  for (const std::uint32_t a : list.of(0)) REQUIRE(a == gyre::shortlist::nobody);
}
