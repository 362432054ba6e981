// what_if_logs.hpp - logs of a tuner on a simulated service, and whether what_if holds the truth.
// Room: bench. Threads: one.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <gyre/learn/what_if.hpp>
#include <string>
#include <vector>

#include "tuning_peers.hpp"

namespace bench {

/// Of each estimate: how many intervals have an end, and how many of these hold the truth.
struct coverage {
  std::uint64_t cases = 0, ends[4] = {}, held[4] = {};

  /// Three fixed settings, of the log of one run.
  void add(const service& s, double at_random, std::uint64_t seed) {
    gyre::tuner_options o;
    o.at_random = at_random;
    gyre::tuner mind(shape_of(s), o, 5000 + seed, 0);
    gyre::rng world(90000 + seed, 77, gyre::purpose::user);
    const std::uint32_t targets[] = {s.actions() / 2, s.actions() / 3, s.actions() * 4 / 5};
    double truth[3] = {};
    std::vector<gyre::logged_choice> log;
    for (int t = 0; t < s.ticks; ++t) {
      const std::uint32_t state = s.state_at(t, world);
      const gyre::decision d = mind.choose(state);
      const double y = s.draw(s.mean(state, d.action, t), world);
      (void)mind.observe(state, d.action, y);
      log.push_back({state, d.action, d.propensity, y});
      for (int i = 0; i < 3; ++i) truth[i] += s.mean(state, targets[i], t) / s.ticks;
    }
    for (int i = 0; i < 3; ++i) {
      add(gyre::what_if(log, s.states, s.actions(), gyre::fixed_policy{targets[i]}), truth[i]);
    }
  }
  void add(const gyre::what_if_result& r, double truth) {
    ++cases;
    int k = 0;
    for (const auto& e : {r.ips, r.self_normalised, r.doubly_robust, r.as_seen}) {
      const bool end = std::isfinite(e.low) && std::isfinite(e.high);
      ends[k] += end ? 1 : 0;
      held[k++] += end && e.low <= truth && truth <= e.high ? 1 : 0;
    }
  }
  void operator+=(const coverage& o) {
    cases += o.cases;
    for (int k = 0; k < 4; ++k) {
      ends[k] += o.ends[k];
      held[k] += o.held[k];
    }
  }
  double share(int k) const {
    return ends[k] == 0 ? 0 : static_cast<double>(held[k]) / static_cast<double>(ends[k]);
  }
  std::string text(int k) const {
    char out[32] = "-";
    if (ends[k] > 0) std::snprintf(out, sizeof out, "%.3f", share(k));
    return out;
  }
};

}  // namespace bench
