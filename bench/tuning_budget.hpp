// tuning_budget.hpp - what a loop with a baseline loses against it, on the simulated services.
// Room: bench. Threads: one.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <gyre/gyre.hpp>
#include <string>
#include <vector>

#include "tuning_loop.hpp"

namespace bench {

/// The standard deviation of one reward around its mean.
inline double deviation_of(const service& what, double mean) {
  switch (what.kind) {
    case noise::add: return what.amount;
    case noise::multiply: return what.amount * std::fabs(mean);
    case noise::success: return std::sqrt(mean * (1 - mean));
    case noise::lognormal: return std::fabs(mean) * std::sqrt(std::exp(1.0) - 1);
  }
  return 0;
}

/// A loop with this service as its work, a baseline in the middle of its settings and a budget.
inline gyre::loop_options with_baseline(const service& what, std::uint32_t baseline,
                                        double budget) {
  gyre::loop_options o = loop_of(what);
  o.tuning.budget = budget;
  std::uint32_t rest = baseline;
  for (std::size_t k = what.knobs.size(); k-- > 0; rest /= what.knobs[k]) {
    const std::uint32_t n = what.knobs[k];
    o.tuning.baseline.push_back({"k" + std::to_string(k), static_cast<double>(rest % n)});
  }
  return o;
}

/// Drives it by an engine on virtual time. @return the most that it was over the budget at any tick
/// after the 50th, in standard deviations of what was lost so far; under 0: never over it
inline double over_budget(const service& what, std::uint64_t seed, double budget) {
  gyre::engine e({.driver = gyre::driver::virtual_time, .seed = seed + 1});
  const std::uint32_t baseline = what.actions() / 2;
  gyre::rng world(1000 + seed, 77, gyre::purpose::user);
  double lost = 0, earned = 0, variance = 0, most = -1e300;
  int tick = 0;
  e.add(with_baseline(what, baseline, budget), [&](gyre::tick& t) {
     const std::uint32_t state = what.state_at(tick, world);
     const std::uint32_t action = action_in(t, what, state);
     const double mean = what.mean(state, action, tick), base = what.mean(state, baseline, tick);
     const double deviation = deviation_of(what, mean);
     lost += base - mean;
     earned += std::fabs(base);
     variance += deviation * deviation;
     if (++tick > 50) most = std::max(most, (lost - budget * earned) / std::sqrt(variance));
     t.reward(what.draw(mean, world));
   }).value();
  e.advance_to(std::chrono::milliseconds(10) * (what.ticks - 1)).value();
  return most;
}

}  // namespace bench
