// Method: property: of a thousand logs of simulated services the intervals hold the truth in 93 to
// 97 %, and of tuners' own logs in about as many; a case worked out by hand; faults of a log.
#include <cmath>
#include <gyre/core/rng.hpp>
#include <gyre/learn/what_if.hpp>
#include <limits>

#include "../../bench/tuning_peers.hpp"
#include "../../bench/tuning_services.hpp"
#include "catch.hpp"

TEST_CASE("a log of four rows, by hand", "[learn]") {
  const gyre::logged_choice log[] = {{0, 0, .5, 1}, {0, 1, .5, 3}, {0, 1, .25, 5}, {0, 0, .75, 1}};
  const auto r = gyre::what_if(log, 1, 2, gyre::fixed_policy{1});
  REQUIRE(r.rows == 4);
  REQUIRE(r.ips.value == Approx((2 * 3 + 4 * 5) / 4.));
  REQUIRE(r.self_normalised.value == Approx(26. / 6));
  REQUIRE(r.matching == Approx(36. / 20));
  REQUIRE(r.ips.low < r.ips.value);
  // Predicted: 0; 1, the state's mean; 3; 4.
  const double robust = (0 + (1 + 2 * (3 - 1)) + (3 + 4 * (5 - 3)) + 4.) / 4;
  REQUIRE(r.doubly_robust.value == Approx(robust));
  REQUIRE(r.as_seen.value == Approx(4));
  REQUIRE(r.fewest == 2);
}

TEST_CASE("the state that has least of the policy is told", "[learn]") {
  std::vector<gyre::logged_choice> log(40, {0, 1, .5, 3});
  log.resize(44, {1, 1, .5, 3});
  REQUIRE(gyre::what_if(log, 3, 2, gyre::fixed_policy{1}).weakest == Approx(4));
  log.push_back({2, 0, .5, 3});  // a state in which it never acted
  const auto r = gyre::what_if(log, 3, 2, gyre::fixed_policy{1});
  REQUIRE(r.weakest == 0);
  REQUIRE(r.fewest == 0);
  REQUIRE(std::isinf(r.self_normalised.high));
  REQUIRE(std::isinf(-r.doubly_robust.low));
  REQUIRE(std::isinf(r.as_seen.high));
  REQUIRE(r.matching == Approx(44));
}

TEST_CASE("rows that cannot be are refused and counted", "[learn]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const gyre::logged_choice log[] = {{0, 0, 0, 1},  {0, 0, 1.5, 1}, {0, 0, nan, 1}, {0, 0, 1, nan},
                                     {1, 0, .5, 1}, {0, 2, .5, 1},  {0, 0, 1, 7}};
  const auto r = gyre::what_if(log, 1, 2, gyre::fixed_policy{0});
  REQUIRE(r.refused == 6);
  REQUIRE(r.rows == 1);
  REQUIRE(r.ips.value == 7);
  const auto none = gyre::what_if({}, 1, 2, gyre::fixed_policy{0});
  REQUIRE(none.rows == 0);
  REQUIRE(none.matching == 0);
}

TEST_CASE("intervals of 95 % hold the truth in 93 to 97 of 100 logs", "[learn]") {
  for (const bench::service& s : bench::services()) {
    const std::string name = s.name;
    if (name != "ship" && name != "poll" && name != "success" && name != "tiny-scale") continue;
    int held[4] = {};
    for (std::uint64_t run = 0; run < 1000; ++run) {
      gyre::rng world(run, 5, gyre::purpose::user);
      std::vector<gyre::logged_choice> log;
      const std::uint32_t target = s.actions() / 3, usual = s.actions() / 2;
      double truth = 0;
      for (int t = 0; t < s.ticks; ++t) {
        const std::uint32_t state = s.state_at(t, world);
        const bool any = world.unit() < .7;  // three in ten ticks the usual, else one at random
        const std::uint32_t a = any ? world.below(s.actions()) : usual;
        const double p = .7 / s.actions() + (a == usual ? .3 : 0);
        log.push_back({state, a, p, s.draw(s.mean(state, a, t), world)});
        truth += s.mean(state, target, t) / s.ticks;
      }
      const auto r = gyre::what_if(log, s.states, s.actions(), gyre::fixed_policy{target});
      int i = 0;
      for (const auto& e : {r.ips, r.self_normalised, r.doubly_robust, r.as_seen}) {
        held[i++] += e.low <= truth && truth <= e.high ? 1 : 0;
      }
      REQUIRE(r.doubly_robust.high - r.doubly_robust.low < 1.3 * (r.ips.high - r.ips.low));
    }
    CAPTURE(name, held[0], held[1], held[2], held[3]);
    for (const int h : held) {
      REQUIRE(h >= 930);
      REQUIRE(h <= 970);
    }
  }
}

// The classic intervals held it in 77 to 93 of 100 such logs, without at_random in 32 to 67.
TEST_CASE("intervals hold the truth in a tuner's own logs as well", "[learn]") {
  for (const double at_random : {.1, 0.0}) {
    int cases = 0, held[4] = {};
    for (const bench::service& s : bench::services()) {
      if (s.actions() > 16 || (at_random == 0 && std::string(s.name) == "cache-drift")) continue;
      for (std::uint64_t run = 0; run < 25; ++run) {
        gyre::tuner_options o;
        o.at_random = at_random;
        gyre::tuner mind(bench::shape_of(s), o, run, 0);
        gyre::rng world(3000 + run, 77, gyre::purpose::user);
        std::vector<gyre::logged_choice> log;
        const std::uint32_t targets[] = {s.actions() / 2, s.actions() / 3, s.actions() * 4 / 5};
        double truth[3] = {};
        for (int t = 0; t < s.ticks; ++t) {
          const std::uint32_t state = s.state_at(t, world);
          const gyre::decision d = mind.choose(state);
          const double y = s.draw(s.mean(state, d.action, t), world);
          (void)mind.observe(state, d.action, y);
          log.push_back({state, d.action, d.propensity, y});
          for (int i = 0; i < 3; ++i) truth[i] += s.mean(state, targets[i], t) / s.ticks;
        }
        for (int i = 0; i < 3; ++i) {
          const auto r = gyre::what_if(log, s.states, s.actions(), gyre::fixed_policy{targets[i]});
          if (r.fewest < 5) continue;
          ++cases;
          int k = 0;
          for (const auto& e : {r.ips, r.self_normalised, r.doubly_robust, r.as_seen}) {
            held[k++] += e.low <= truth[i] && truth[i] <= e.high ? 1 : 0;
          }
        }
      }
    }
    CAPTURE(at_random, cases, held[0], held[1], held[2], held[3]);
    REQUIRE(cases > 100);
    for (const int k : {0, 1, 2, 3}) {
      const bool reliable = at_random > 0 ? k < 3 : k == 3;
      if (!reliable) continue;
      REQUIRE(held[k] >= .92 * cases);
      REQUIRE(held[k] <= .98 * cases);
    }
  }
}
