// Method: model: the probability to be best against draws; property: what reports claim of many
// runs against the truth; fault: reports of what may not be taken.
#include <cmath>
#include <gyre/core/rng.hpp>
#include <gyre/learn/tuner.hpp>
#include <vector>

#include "catch.hpp"

TEST_CASE("the probability to be best is how often one would win, the leader drawn too",
          "[learn]") {
  gyre::rng random(1, 1, gyre::purpose::user);
  for (int round = 0; round < 10; ++round) {
    const std::uint32_t n = 2 + random.below(10);
    gyre::contest c(n);
    for (std::uint32_t i = 0; i < n; ++i) {
      c.add(i);
      c.mean(i) = static_cast<float>(round < 3 ? 1 : random.unit());
      c.width(i) = static_cast<float>(round < 3 ? .3 : .05 + .5 * random.unit());
    }
    const std::uint32_t leader = c.leader(0);
    std::vector<double> won(n, 0);
    constexpr int draws = 50'000;
    for (int k = 0; k < draws; ++k) {
      std::uint32_t best = leader;
      double most = double(c.mean(leader));
      const double common = random.normal();
      for (std::uint32_t i = 0; i < n; ++i) {
        if (i == leader) continue;
        const double off = std::sqrt(.5) * (common + random.normal());
        const double v = double(c.mean(i)) + double(c.width(i)) * off;
        if (v <= most) continue;
        most = v;
        best = i;
      }
      won[best] += 1.0 / draws;
    }
    c.width(leader) = 0;
    c.settle(leader);
    double all = 0;
    for (std::uint32_t i = 0; i < n; ++i) {
      CAPTURE(round, i, n);
      all += c.best(i, leader);
      REQUIRE(c.best(i, leader) == Approx(won[i]).margin(i == leader ? .01 : .05));
      if (round < 3) REQUIRE(c.best(i, leader) == Approx(1.0 / n).margin(.002));
    }
    REQUIRE(all == Approx(1).margin(1e-5));
  }
}

// 216 settings of which one is best were claimed with 0.12 where 0.97 of the reports were right.
TEST_CASE("reports are right as often as they claim", "[learn]") {
  struct world {
    std::vector<gyre::axis> knobs;
    double (*mean)(std::uint32_t);
    double noise;
  };
  const world worlds[] = {
      {{{10, true}}, [](std::uint32_t a) { return -.3 * (a - 6.) * (a - 6.); }, 2},
      {{{6, false}}, [](std::uint32_t a) { return a == 3 ? 1.3 : 1; }, .5},
      {{{6, true}, {6, true}, {6, true}},
       [](std::uint32_t a) {
         const double x = a / 36 - 4., y = a / 6 % 6 - 1., z = a % 6 - 3.;
         return -.4 * x * x - .25 * y * y - .15 * z * z;
       },
       .5},
  };
  for (const world& w : worlds) {
    double claimed = 0, right = 0;
    constexpr int runs = 40;
    for (std::uint64_t seed = 0; seed < runs; ++seed) {
      gyre::tuner t({{}, w.knobs}, {}, seed, 0);
      gyre::rng draw(7, seed, gyre::purpose::user);
      for (int i = 0; i < 400; ++i) {
        const std::uint32_t a = t.choose(0).action;
        (void)t.observe(0, a, w.mean(a) + w.noise * draw.normal());
      }
      const gyre::state_report r = t.report(0);
      double best = w.mean(0);
      for (std::uint32_t a = 1; a < t.actions(); ++a) best = std::max(best, w.mean(a));
      claimed += r.probability / runs;
      right += (w.mean(r.best) >= best ? 1.0 : 0.0) / runs;
    }
    CAPTURE(w.knobs.size(), w.knobs[0].count, claimed, right);
    REQUIRE(claimed > right - .45);
    REQUIRE(claimed < right + .15);
  }
}

// The best was claimed with 0 %, and all ticks to try others, where what earns more breaks a limit.
TEST_CASE("a report is of what a limit leaves", "[learn]") {
  gyre::tuner t({{}, {{12}}}, {}, 1, 0);
  gyre::rng draw(1, 2, gyre::purpose::user);
  const auto run = [&](int ticks, double at_most) {
    for (int i = 0; i < ticks; ++i) {
      const std::uint32_t a = t.choose(0).action;
      REQUIRE(t.observe(0, a, a + draw.normal()));
      REQUIRE(t.observe_limit(0, a, "p99", 5. * a + draw.normal(), at_most) == gyre::code::ok);
    }
  };
  run(1000, 27);
  gyre::state_report r = t.report(0);
  REQUIRE(r.best == 5);
  REQUIRE(r.avoided == 6);
  REQUIRE(r.probability > .9);
  REQUIRE(r.trying < .1);
  run(500, -30);  // that is broken by all
  r = t.report(0);
  REQUIRE(r.avoided == 12);
  REQUIRE(r.best == 0);
  REQUIRE(r.probability == 0);
  REQUIRE(r.trying == 0);
}

TEST_CASE("what is tried at random is part of what a report says is tried", "[learn]") {
  gyre::tuner_options options;
  options.at_random = .5;
  gyre::tuner t({{}, {{5}}}, options, 1, 0);
  int others = 0;
  for (int i = 0; i < 2000; ++i) {
    const std::uint32_t a = t.choose(0).action;
    others += i >= 1000 && a != 3 ? 1 : 0;
    (void)t.observe(0, a, a == 3 ? 10 : a);
  }
  REQUIRE(t.report(0).trying == Approx(.4).margin(.01));
  REQUIRE(others / 1000. == Approx(.4).margin(.05));
}
