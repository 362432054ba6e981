// Method: references: worlds whose optimum value iteration gives; model: steps worked out by hand;
// faults: the bugs that such rules are known for, each beside what is right.
#include <cmath>
#include <vector>

#include "catch.hpp"
#include "methods.hpp"
#include "reach.hpp"

TEST_CASE("the worlds have the optima that are known of them", "[learn]") {
  const double optima[7][4] = {
      {0.0688909049, 0.1804715784, 0.5420259320, 0.8235294118},
      {0.5904900000, 0.7737809375, 0.9509900499, 1},
      {0.0064111143, 0.0482502041, 0.4146403618, 1.0},
      {0.2541865828, 0.5133420833, 0.8775210230, 1},
      {-7.4581341717, -9.7331583344, -12.2478977001, -13},
      {-9.9364172772, -18.7568306647, -46.3526721816, -64.7091759099},
      {-1.2633230990, 1.7299300168, 6.3274643149, 7.93}};
  const worlds::world all[7] = {worlds::frozen_lake(4, true), worlds::frozen_lake(4, false),
                                worlds::frozen_lake(8, true), worlds::frozen_lake(8, false),
                                worlds::cliff_walking(),      worlds::cliff_walking(true),
                                worlds::taxi()};
  const double discounts[4] = {.9, .95, .99, 1};
  REQUIRE(all[6].starts.size() == 300);
  for (std::size_t w = 0; w < 7; ++w) {
    for (std::size_t d = 0; d < 4; ++d) {
      CAPTURE(w, d);
      const auto best = worlds::best_values(all[w], discounts[d]);
      REQUIRE(std::fabs(worlds::mean_at_starts(all[w], best) - optima[w][d]) < 1e-9);
    }
  }
}

TEST_CASE("sequential reaches the optimum of FrozenLake and CliffWalking without a setting",
          "[learn]") {
  const worlds::world lake = worlds::frozen_lake(4, true), cliff = worlds::cliff_walking();
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    REQUIRE(worlds::steps_to(lake, {.sequential = true}, seed, .98 * .1804715784, .95, 20'000) <=
            20'000);
    REQUIRE(worlds::steps_to(cliff, {.sequential = true}, seed, -9.7331583344, .95, 2'000) <=
            2'000);
  }
}

TEST_CASE("every method but the safe ones finds the cliff's edge; SARSA keeps off it", "[learn]") {
  const worlds::world cliff = worlds::cliff_walking();
  for (const learning_method m : methods::all) {
    if (m == learning_method::differential_q) continue;  // has no ends
    CAPTURE(int(m));
    gyre::learner_options o;
    o.method = m;
    o.discount = 0.99;
    const bool safe = m == learning_method::sarsa || m == learning_method::expected_sarsa;
    o.learning_rate = safe ? 0.1 : 0.5;
    o.explore = {.from = .1, .to = .1, .how = gyre::exploring::linear};
    o.every = safe ? 0xffffffffU : 1;
    if (m == learning_method::q_lambda) {  // traces wear out what was held likely: no luck alone
      o.explore = {.from = 2, .to = 2, .how = gyre::exploring::bonus};
    }
    gyre::learner l(cliff.states, cliff.actions, o, 3, 0);
    methods::walker walk(cliff, 3);
    for (int i = 0; i < (safe ? 60'000 : 30'000); ++i) (void)walk.step(l);
    if (safe) {  // up, along the rows away from the cliff, and down
      std::uint32_t at = 36, next_to_cliff = 0, steps = 0;
      for (; at != 47 && steps < 40; ++steps) {
        at = cliff.of(at, l.greedy(at))[0].next;
        next_to_cliff += at / 12 == 2 && at % 12 > 0 && at % 12 < 11 ? 1 : 0;
      }
      REQUIRE(at == 47);
      REQUIRE(next_to_cliff <= 1);
      REQUIRE(steps >= 15);
    } else {
      REQUIRE(methods::worth(cliff, l, .99) == Approx(-12.2478977001));
    }
  }
}

TEST_CASE("an end is worth nothing, a cut what it is worth, to every method", "[learn]") {
  for (const learning_method m : methods::all) {
    CAPTURE(int(m));
    const bool plans = m == learning_method::dyna_q || m == learning_method::sweeping;
    const auto after = [&](std::uint8_t terminated, std::uint8_t truncated) {
      gyre::learner_options o = methods::plain(m);
      if (m == learning_method::q) o.every = o.warmup = o.batch = o.capacity = 1;
      gyre::learner l(3, 1, o, 1, 0);
      for (int i = 0; i < 64; ++i) {  // both tables of double_q have seen it
        REQUIRE(l.observe({.state = 1, .reward = 8, .next = 2, .terminated = 1}));
      }
      for (int i = 0; i < 64; ++i) {
        REQUIRE(l.observe({.state = 0, .reward = 1, .next = 1, .terminated = terminated,
                           .truncated = truncated}));
      }
      return l.table().exact(0) + l.rules().average_reward();
    };
    if (m == learning_method::differential_q) {
      REQUIRE(after(1, 0) < after(0, 1));
      continue;
    }
    REQUIRE(after(1, 0) == Approx(1));
    REQUIRE(after(1, 1) == Approx(1));
    REQUIRE(after(0, 1) == Approx(1 + .9 * 8));
    if (!plans && m != learning_method::sarsa) REQUIRE(after(0, 0) == Approx(1 + .9 * 8));
  }
}

TEST_CASE("SARSA learns the worth of what it does next, or, not knowing it, of what it may",
          "[learn]") {
  gyre::learner_options o = methods::plain(learning_method::sarsa);
  o.explore = {.from = .5, .to = .5, .how = gyre::exploring::linear};
  gyre::learner l(3, 2, o, 1, 0);
  REQUIRE(l.observe({1, 0, 10, 2, 1, 0}));
  REQUIRE(l.observe({1, 1, 2, 2, 1, 0}));
  REQUIRE(l.observe({0, 0, 1, 1, 0, 0}));
  REQUIRE(l.table().exact(0) == 0);         // what is done in state 1 is not known yet
  REQUIRE(l.observe({1, 1, 2, 2, 1, 0}));   // the worse one: not the greatest of both
  REQUIRE(l.table().exact(0) == Approx(1 + .9 * 2));
  REQUIRE(l.observe({0, 1, 1, 1, 0, 0}));
  REQUIRE(l.observe({0, 0, 1, 1, 0, 1}));   // of another loop, and cut off at once
  const double may = .5 * 10 + .5 * (10 + 2) / 2;
  REQUIRE(l.table().exact(1) == Approx(1 + .9 * may));
  REQUIRE(l.table().exact(0) == Approx(1 + .9 * may));
}

TEST_CASE("Double Q does not take luck for worth; Q-learning does", "[learn]") {
  // Sutton and Barto, example 6.7: to the left lie ten actions that earn -0.1 +- 1, to the right 0.
  const auto leftward = [](learning_method m) {
    int left = 0;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      gyre::learner_options o;
      o.method = m;
      o.discount = 1;
      o.explore = {.from = .1, .to = .1, .how = gyre::exploring::linear};
      o.every = m == learning_method::q ? 1 : 0xffffffffU;
      o.capacity = o.batch = o.warmup = 1;
      gyre::learner l(3, 10, o, seed, 0);
      gyre::rng noise(seed, 1, gyre::purpose::user);
      for (int episode = 0; episode < 100; ++episode) {
        const bool goes = l.act(0) % 2 == 1;
        if (episode < 50) left += goes ? 1 : 0;
        const std::uint32_t a = goes ? 1 : 0;
        REQUIRE(l.observe({0, a, 0, goes ? 1U : 2U, std::uint8_t(goes ? 0 : 1), 0}));
        if (!goes) continue;
        const std::uint32_t b = l.act(1);
        REQUIRE(l.observe({1, b, -.1 + noise.normal(), 2, 1, 0}));
      }
    }
    return left;
  };
  const int q = leftward(learning_method::q), twice = leftward(learning_method::double_q);
  CAPTURE(q, twice);
  REQUIRE(twice < q * 3 / 4);
}

TEST_CASE("Q(lambda) tells a surprise to what led to it, up to an action that was not the best",
          "[learn]") {
  gyre::learner_options o = methods::plain(learning_method::q_lambda);
  o.lambda = .5;
  gyre::learner l(5, 2, o, 1, 0);
  REQUIRE(l.observe({0, 0, 0, 1, 0, 0}));
  REQUIRE(l.observe({1, 0, 0, 2, 0, 0}));
  REQUIRE(l.observe({2, 0, 100, 3, 1, 0}));
  REQUIRE(l.table().exact(4) == Approx(100));
  REQUIRE(l.table().exact(2) == Approx(45));     // .9 * .5
  REQUIRE(l.table().exact(0) == Approx(20.25));
  REQUIRE(l.observe({0, 0, 0, 1, 0, 0}));        // an episode anew: nothing led to it
  REQUIRE(l.table().exact(4) == Approx(100));
  const double first = l.table().exact(0);
  REQUIRE(l.observe({1, 1, 50, 4, 1, 0}));       // not the best that was known
  REQUIRE(l.table().exact(3) == Approx(50));
  REQUIRE(l.table().exact(0) == first);
}

TEST_CASE("differential Q finds the way that earns most a step where none ends", "[learn]") {
  // From 0: a short circle of 2 steps that earns 1, or a long one of 4 that earns 3.
  gyre::learner_options o;
  o.method = learning_method::differential_q;
  o.explore = {.from = .2, .to = .2, .how = gyre::exploring::linear};
  gyre::learner l(5, 2, o, 2, 0);
  std::uint32_t s = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::uint32_t a = l.act(s);
    std::uint32_t next = s == 0 ? (a == 0 ? 1 : 2) : s == 1 || s == 4 ? 0 : s + 1;
    const double reward = s == 1 ? 1 : s == 4 ? 3 : 0;
    REQUIRE(l.observe({s, a, reward, next, 0, 0}));
    s = next;
  }
  REQUIRE(l.greedy(0) == 1);
  REQUIRE(l.rules().average_reward() == Approx(.75).margin(.1));
}

TEST_CASE("an untried cell is worth the most that can be, whatever the size of rewards",
          "[learn]") {
  for (const double size : {1e-6, 1.0, 1e9}) {
    gyre::learner_options o = methods::plain(learning_method::sweeping);
    o.optimistic = true;
    gyre::learner l(2, 4, o, 1, 0);
    for (std::uint32_t n = 0; n < 8; ++n) {  // greedy, and yet it tries all
      const std::uint32_t a = l.act(n % 2);
      REQUIRE(l.visits()[n % 2 * 4 + a] == 0);
      REQUIRE(l.observe({n % 2, a, size * (a + 1), (n + 1) % 2, 0, 0}));
    }
  }
}

TEST_CASE("the step of a cell goes as its visits do, or stays", "[learn]") {
  const auto after = [](double power, double rate, int n) {
    gyre::learner_options o = methods::plain(learning_method::expected_sarsa);
    o.learning_rate = rate;
    o.step_power = power;
    gyre::learner l(1, 1, o, 1, 0);
    for (int i = 0; i < n; ++i) REQUIRE(l.observe({.reward = i % 2 == 0 ? 1.0 : 3.0,
                                                   .terminated = 1}));
    return l.table().exact(0);
  };
  REQUIRE(after(1, 1e-9, 1000) == Approx(2).margin(1e-6));  // their mean
  REQUIRE(after(0, .5, 1) == .5);
  double q = 0;
  for (int i = 1; i <= 40; ++i) {
    q += std::max(.05, std::pow(i, -.7)) * ((i % 2 == 1 ? 1.0 : 3.0) - q);
  }
  REQUIRE(after(.7, .05, 40) == Approx(q).epsilon(1e-12));
}
