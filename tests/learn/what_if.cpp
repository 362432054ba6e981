// Method: property: of a thousand logs of simulated services the intervals hold the truth in 93 to
// 97 %, and of tuners' own logs in about as many, or have no end; cases worked out by hand; faults
// of a log.
#include <cmath>
#include <gyre/core/rng.hpp>
#include <gyre/learn/replay_buffer.hpp>
#include <gyre/learn/what_if.hpp>
#include <limits>

#include "../../bench/what_if_logs.hpp"
#include "catch.hpp"

TEST_CASE("a log of four rows, by hand", "[learn]") {
  const gyre::logged_choice log[] = {{0, 0, .5, 1}, {0, 1, .5, 3}, {0, 1, .25, 5}, {0, 0, .75, 1}};
  const auto r = gyre::what_if(log, 1, 2, gyre::fixed_policy{1});
  REQUIRE(r.rows == 4);
  REQUIRE(r.ips.value == Approx((2 * 3 + 4 * 5) / 4.));
  REQUIRE(r.self_normalised.value == Approx(26. / 6));
  REQUIRE(r.matching == Approx(36. / 20));
  REQUIRE_FALSE(r.supported);  // too few rows
  REQUIRE(std::isinf(-r.ips.low));
  // Predicted: 0; 1, the state's mean; 3; 4.
  const double robust = (0 + (1 + 2 * (3 - 1)) + (3 + 4 * (5 - 3)) + 4.) / 4;
  REQUIRE(r.doubly_robust.value == Approx(robust));
  REQUIRE(r.as_seen.value == Approx(4));
  REQUIRE(r.fewest == 2);
}

// Rows of a replay that was drawn from, and lost its oldest, are what a log of them says.
TEST_CASE("a replay buffer whose rows have propensities is a log", "[learn]") {
  struct step {
    std::uint16_t state, action;
    float reward, propensity;
  };
  gyre::replay_buffer<step> kept({.capacity = 64});
  std::vector<gyre::logged_choice> log;
  gyre::rng world(3, 5, gyre::purpose::user);
  for (int i = 0; i < 100; ++i) {
    const auto state = static_cast<std::uint16_t>(world.below(2));
    const auto action = static_cast<std::uint16_t>(world.below(4));
    const auto reward = static_cast<float>(action + world.normal());
    kept.push({state, action, reward, .25F});
    if (i >= 36) log.push_back({state, action, .25, static_cast<double>(reward)});
  }
  gyre::drawn_row batch[8];
  REQUIRE(kept.sample(batch));
  const auto r = gyre::what_if(kept, 2, 4, gyre::fixed_policy{3});
  const auto same = gyre::what_if(log, 2, 4, gyre::fixed_policy{3});
  REQUIRE(r.rows == 64);
  REQUIRE(r.doubly_robust.low == same.doubly_robust.low);
  REQUIRE(r.self_normalised.high == same.self_normalised.high);
  kept.clear();
  REQUIRE(gyre::what_if(kept, 2, 4, gyre::fixed_policy{3}).rows == 0);
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
    bench::coverage of;
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
      of.add(r, truth);
      if (!r.supported) continue;
      REQUIRE(r.doubly_robust.high - r.doubly_robust.low < 1.3 * (r.ips.high - r.ips.low));
    }
    CAPTURE(name, of.text(0), of.text(1), of.text(2), of.text(3), of.ends[0], of.ends[3]);
    for (int k = 0; k < 4; ++k) {
      REQUIRE(of.ends[k] >= 930);  // a log of one policy is refused in few
      REQUIRE(of.share(k) >= .93);
      REQUIRE(of.share(k) < .975);  // 97 % and a fraction
    }
  }
}

// The classic intervals held it in 77 to 93 of 100 such logs, without at_random in 32 to 67. Where
// a tuner has settled its log does not tell of the others: then there is no interval.
TEST_CASE("intervals hold the truth in a tuner's own logs as well, or have no end", "[learn]") {
  for (const double at_random : {.1, 0.0}) {
    bench::coverage sum;
    for (const bench::service& s : bench::services()) {
      if (s.actions() > 16) continue;
      bench::coverage of;
      const std::uint64_t runs = at_random > 0 ? 20 : 40;
      for (std::uint64_t run = 0; run < runs; ++run) of.add(s, at_random, run);
      if (std::string(s.name) == "cache-drift") {  // which is told of each log
        REQUIRE(of.ends[3] == 0);
        REQUIRE(of.ends[2] >= (at_random > 0 ? 40 : 5));
      }
      sum += of;
    }
    CAPTURE(at_random, sum.cases, sum.ends[2], sum.ends[3]);
    CAPTURE(sum.text(0), sum.text(1), sum.text(2), sum.text(3));
    REQUIRE(sum.ends[2] > (at_random > 0 ? 200 : 70));
    REQUIRE(sum.ends[3] > (at_random > 0 ? 250 : 250));
    for (int k = 0; k < 4; ++k) {
      REQUIRE(sum.share(k) >= .92);
      REQUIRE(sum.share(k) <= .985);
    }
  }
}

TEST_CASE("a log in which the policy became unlikely does not support it", "[learn]") {
  gyre::rng world(3, 5, gyre::purpose::user);
  std::vector<gyre::logged_choice> log;
  for (int t = 0; t < 1000; ++t) {  // one in two at first, then one in a thousand
    const double p = t < 100 ? .5 : .001;
    const bool other = world.unit() < p;
    log.push_back({0, other ? 1U : 0U, other ? p : 1 - p, (other ? 1 : 2) + world.normal()});
  }
  const auto r = gyre::what_if(log, 1, 2, gyre::fixed_policy{1});
  REQUIRE(r.fewest > 30);
  REQUIRE_FALSE(r.supported);
  for (const auto& e : {r.ips, r.self_normalised, r.doubly_robust}) {
    REQUIRE(std::isinf(e.high));
    REQUIRE(std::isinf(-e.low));
  }
  REQUIRE_FALSE(r.changed);
  REQUIRE(r.as_seen.value == Approx(1).margin(.5));
  REQUIRE(r.as_seen.high < 2);
  REQUIRE(gyre::what_if(log, 1, 2, gyre::fixed_policy{0}).supported);
}

TEST_CASE("work that changes and comes back, with and without noise, is told", "[learn]") {
  for (const double noise : {0., .1}) {
    gyre::rng world(3, 5, gyre::purpose::user);
    std::vector<gyre::logged_choice> log;
    for (int t = 0; t < 400; ++t) {
      const double mean = t >= 100 && t < 200 ? 1 : 2;
      log.push_back({0, world.below(2), .5, mean + noise * world.normal()});
    }
    const auto r = gyre::what_if(log, 1, 2, gyre::fixed_policy{1});
    REQUIRE(r.changed);
    REQUIRE(std::isinf(r.as_seen.high));
    REQUIRE(r.supported);
    REQUIRE(r.doubly_robust.low < 1.75);
    REQUIRE(r.doubly_robust.high > 1.75);
    REQUIRE(r.doubly_robust.high < 1.9);
  }
}
