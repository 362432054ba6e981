// tuning_peers.hpp - what else could choose the settings, each as short as one would write it.
// Room: bench. Threads: one.
#pragma once

#include <cmath>
#include <cstdint>
#include <gyre/core/rng.hpp>
#include <gyre/learn/learner.hpp>
#include <gyre/learn/tuner.hpp>
#include <vector>

#include "tuning_services.hpp"

namespace bench {

inline gyre::tuner_shape shape_of(const service& s) {
  gyre::tuner_shape shape;
  if (s.states > 1) shape.features.push_back({s.states, true});
  for (const std::uint32_t n : s.knobs) shape.knobs.push_back({n, s.ordered});
  return shape;
}

/// Ours, with its defaults.
struct our_tuner {
  gyre::tuner mind;
  our_tuner(const service& s, std::uint64_t seed) : mind(shape_of(s), {}, seed, 0) {}
  std::uint32_t choose(std::uint32_t s) noexcept { return mind.choose(s).action; }
  void observe(std::uint32_t s, std::uint32_t a, double r) noexcept {
    (void)mind.observe(s, a, r);
  }
};

/// Q-learning from replay, with its defaults.
struct q_learner {
  gyre::learner mind;
  q_learner(const service& s, std::uint64_t seed) : mind(s.states, s.actions(), {}, seed, 0) {}
  std::uint32_t choose(std::uint32_t s) noexcept { return mind.act(s); }
  void observe(std::uint32_t s, std::uint32_t a, double r) noexcept {
    gyre::transition t{};
    t.state = t.next = s;
    t.action = a;
    t.reward = static_cast<decltype(t.reward)>(r);
    (void)mind.observe(t);
  }
};

/// Count, mean and variance of what each action earned in each state.
struct averages {
  std::uint32_t actions;
  struct cell {
    double n = 0, mean = 0, squares = 0;
  };
  std::vector<cell> cells;
  std::vector<cell> whole;  ///< of each state

  averages(const service& s) : actions(s.actions()), cells(s.states * actions), whole(s.states) {}
  cell& at(std::uint32_t s, std::uint32_t a) noexcept { return cells[s * actions + a]; }
  double deviation(std::uint32_t s) const noexcept {
    return whole[s].n > 1 ? std::sqrt(whole[s].squares / (whole[s].n - 1)) : 1;
  }
  void observe(std::uint32_t s, std::uint32_t a, double r) noexcept {
    for (cell* c : {&at(s, a), &whole[s]}) {
      ++c->n;
      const double was = r - c->mean;
      c->mean += was / c->n;
      c->squares += was * (r - c->mean);
    }
  }
};

/// UCB1 (Auer, Cesa-Bianchi and Fischer 2002) in each state, in units of the rewards' deviation.
struct ucb1 : averages {
  double constant = 2;  ///< the textbook's
  ucb1(const service& s, std::uint64_t) : averages(s) {}
  std::uint32_t choose(std::uint32_t s) noexcept {
    std::uint32_t best = 0;
    double most = -1e300;
    for (std::uint32_t a = 0; a < actions; ++a) {
      const cell& c = at(s, a);
      if (c.n < 1) return a;
      const double v = c.mean + deviation(s) * std::sqrt(constant * std::log(whole[s].n) / c.n);
      if (v <= most) continue;
      most = v;
      best = a;
    }
    return best;
  }
};

/// The same, as one would tune it on these services.
struct ucb1_tuned : ucb1 {
  ucb1_tuned(const service& s, std::uint64_t seed) : ucb1(s, seed) { constant = .5; }
};

/// Thompson sampling, Gaussian: mean + deviation / sqrt(n) * N of each action in each state, after
/// one try of each.
struct thompson : averages {
  gyre::rng random;
  thompson(const service& s, std::uint64_t seed)
      : averages(s), random(seed, 1, gyre::purpose::user) {}
  std::uint32_t choose(std::uint32_t s) noexcept {
    std::uint32_t best = 0;
    double most = -1e300;
    for (std::uint32_t a = 0; a < actions; ++a) {
      const cell& c = at(s, a);
      if (c.n < 1) return a;
      const double v = c.mean + deviation(s) / std::sqrt(c.n) * random.normal();
      if (v <= most) continue;
      most = v;
      best = a;
    }
    return best;
  }
};

}  // namespace bench
