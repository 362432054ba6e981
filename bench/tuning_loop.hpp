// tuning_loop.hpp - a simulated service as a loop of an engine, tuned as a user's would be.
// Room: bench. Threads: one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <gyre/gyre.hpp>
#include <string>
#include <vector>

#include "tuning_services.hpp"

namespace bench {

/// A loop with this service's knobs and states, and nothing else set.
inline gyre::loop_options loop_of(const service& what) {
  gyre::loop_options o{.name = "service", .interval = std::chrono::milliseconds(10), .jitter = 0};
  for (std::size_t k = 0; k < what.knobs.size(); ++k) {
    const std::uint32_t n = what.knobs[k];
    o.knobs.push_back({"k" + std::to_string(k), gyre::linear(0, n - 1, n),
                       what.ordered ? gyre::order::yes : gyre::order::none});
  }
  std::vector<double> edges;
  for (std::uint32_t s = 1; s < what.states; ++s) edges.push_back(s - .5);
  if (!edges.empty()) o.features = std::vector<gyre::feature>{{"state", edges}};
  return o;
}

/// What a tick of such a loop does: says the state, takes a value for each knob. @return the action
inline std::uint32_t action_in(gyre::tick& t, const service& what, std::uint32_t state) {
  if (what.states > 1) t.feature("state", state);
  std::uint32_t action = 0;
  for (std::size_t k = 0; k < what.knobs.size(); ++k) {
    const auto choice = static_cast<std::uint32_t>(t.knob("k" + std::to_string(k)));
    action = action * what.knobs[k] + choice;
  }
  return action;
}

/// As drive(), but that the service is a loop of an engine on the virtual clock.
template <class Reward, class Told>
outcome drive_loop(const service& what, std::uint64_t seed, std::uint64_t world_seed,
                   Reward change, Told told) {
  gyre::engine e({.driver = gyre::driver::virtual_time, .seed = seed + 1});
  gyre::rng world(world_seed, 77, gyre::purpose::user);
  outcome sum;
  int tick = 0;
  e.add(loop_of(what), [&](gyre::tick& t) {
     const std::uint32_t state = what.state_at(tick, world);
     const std::uint32_t action = action_in(t, what, state);
     const double regret = regret_of(what, state, action, tick);
     sum.all += regret;
     told(tick, regret);
     if (tick >= what.ticks * 3 / 4) sum.last += 4 * regret;
     const double mean = what.mean(state, action, tick++);
     const double reward = change(what.draw(mean, world), world);
     t.reward(reward);
   }).value();
  e.advance_to(std::chrono::milliseconds(10) * (what.ticks - 1)).value();
  return sum;
}

}  // namespace bench
