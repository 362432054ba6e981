// reach.hpp - how soon a learner is worth a world's optimum, and what learners are set to for that.
// Room: examples. Threads: plain values, and functions of them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <gyre/learn/learner.hpp>
#include <vector>

#include "worlds.hpp"

namespace worlds {

/// Whether from each start an end can be reached under a policy. In none of these worlds is one
/// near the optimum that fails this, and asking costs a hundredth of what worth() of such one does.
template <class Policy>
bool may_end(const world& w, Policy policy) {
  std::vector<bool> may(w.states, false);
  for (bool more = true; more;) {
    more = false;
    for (std::uint32_t s = 0; s < w.states; ++s) {
      if (may[s]) continue;
      for (const outcome& o : w.of(s, policy(s))) may[s] = may[s] || o.ends || may[o.next];
      more = more || may[s];
    }
  }
  return std::all_of(w.starts.begin(), w.starts.end(), [&](std::uint32_t s) { return may[s]; });
}

/// Steps until the greedy policy is worth `needed`, looked at each 500; over `most`: not so soon.
inline std::uint64_t steps_to(const world& w, const gyre::learner_options& o, std::uint64_t seed,
                              double needed, double discount, std::uint64_t most) {
  gyre::learner l(w.states, w.actions, o, seed, 0);
  gyre::rng draw(seed, 1, gyre::purpose::user);
  const auto policy = [&l](std::uint32_t s) { return l.greedy(s); };
  std::uint32_t at = w.start(draw), n = 0;
  for (std::uint64_t i = 1; i <= most; ++i) {
    const std::uint32_t a = l.act(at);
    const outcome& x = w.step(at, a, draw);
    const bool cut = !x.ends && w.limit != 0 && ++n >= w.limit;
    (void)l.observe({at, a, x.reward, x.next, x.ends, cut});
    at = x.ends || cut ? w.start(draw) : x.next;
    if (x.ends || cut) n = 0;
    if (i % 500 == 0 && may_end(w, policy) && worth(w, policy, discount) >= needed - 1e-9) return i;
  }
  return most + 1;
}
/// The median of nine seeds until it is worth `part` of the optimum, discount 0.99. @param first
/// of the seeds
inline std::uint64_t median_steps(const world& w, const gyre::learner_options& o, double part,
                                  std::uint64_t most, std::uint64_t first = 1) {
  const double best = mean_at_starts(w, best_values(w, .99));
  std::vector<std::uint64_t> steps;
  for (std::uint64_t seed = first; seed < first + 9; ++seed) {
    steps.push_back(steps_to(w, o, seed, best > 0 ? part * best : best / part, .99, most));
  }
  std::nth_element(steps.begin(), steps.begin() + 4, steps.end());
  return steps[4];
}

/// With what is default, but for the method and the discount.
inline gyre::learner_options as_is(gyre::learning_method m) {
  gyre::learner_options o;
  o.method = m;
  o.discount = .99;
  return o;
}
/// For worlds without chance: a step of `rate`, 0.1 at random.
inline gyre::learner_options steady(gyre::learning_method m, double rate) {
  gyre::learner_options o = as_is(m);
  o.learning_rate = rate;
  o.explore = {.from = .1, .to = .1, .how = gyre::exploring::linear};
  return o;
}
/// For worlds of chance: a step that goes as n^-.5, and at first all at random, later less.
inline gyre::learner_options patient(gyre::learning_method m) {
  gyre::learner_options o = as_is(m);
  o.learning_rate = 1e-9;
  o.step_power = .5;
  o.explore = {.from = 1, .to = .1, .over = 100'000, .how = gyre::exploring::linear};
  return o;
}
/// Learns from each step once, as it comes, and no more from replay.
inline gyre::learner_options newest_alone(gyre::learner_options o) {
  if (o.method == gyre::learning_method::q) {
    o.batch = o.every = o.warmup = 1;
  } else {
    o.every = 0xffffffffU;
  }
  o.capacity = 1;
  return o;
}
/// Ten updates a step: the newest row, and nine of all.
inline gyre::learner_options ten_a_step(gyre::learner_options o) {
  o.batch = 10;
  o.every = o.warmup = 1;
  o.capacity = 100'000;
  return o;
}

}  // namespace worlds
