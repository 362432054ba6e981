// stats.hpp - a learner in numbers, and what a tuner has learned of each state.
// Room: learn. Threads: plain values.
#pragma once

#include <cstdint>
#include <gyre/core/text.hpp>
#include <string>
#include <vector>

namespace gyre {
inline namespace v1 {

/// Rewards that come later than their ticks, since the learner's first loop was added.
struct late_rewards {
  std::uint64_t open = 0;   ///< tickets whose reward may still come
  std::uint64_t late = 0;   ///< came when the ticket had been given up; nothing was learned
  std::uint64_t twice = 0;  ///< came when the ticket was used up; nothing was learned
  std::uint64_t never = 0;  ///< tickets that were given up without
};

/// A learner in numbers.
struct learner_stats {
  std::uint32_t states = 0, actions = 0;
  std::uint32_t q_values = 0;      ///< cells that were updated at least once
  std::uint64_t decisions = 0;     ///< calls of act()
  std::uint64_t observations = 0;  ///< transitions taken by observe()
  std::uint64_t refused = 0;       ///< transitions that observe() refused
  std::uint64_t updates = 0;       ///< updates of a cell: rows replayed
  double exploration = 0;          ///< probability at the next decision
  double discount = 0, learning_rate = 0;
  double mean_reward = 0;  ///< of the first 100 observations; then exponential, each weighing 1/100
  std::uint32_t replay_size = 0, replay_capacity = 0;
  std::uint64_t replay_added = 0, replay_sampled = 0;
};

/// How often a guard rail took another action than the one that was drawn.
struct tuner_interventions {
  std::uint64_t budget = 0;     ///< the baseline instead: what may be lost was spent
  std::uint64_t steps = 0;      ///< a value between instead: one step a tick
  std::uint64_t forbidden = 0;  ///< what is held to be better was ruled out for this choice
  std::uint64_t limits = 0;     ///< what is held to be better breaks a limit
  std::uint64_t all() const noexcept { return budget + steps + forbidden + limits; }
  bool operator==(const tuner_interventions&) const = default;
  tuner_interventions operator-(const tuner_interventions& before) const noexcept {
    return {budget - before.budget, steps - before.steps, forbidden - before.forbidden,
            limits - before.limits};
  }
};

/// In words: "3 times by the budget, once by a limit".
inline std::string in_words(const tuner_interventions& held) {
  std::string out;
  const auto add = [&out](std::uint64_t n, const char* by) {
    if (n == 0) return;
    out += join(out.empty() ? "" : ", ", n == 1 ? "once" : join(n, " times"), by);
  };
  add(held.budget, " by the budget");
  add(held.steps, " to one step");
  add(held.forbidden, " by forbid()");
  add(held.limits, " by a limit");
  return out;
}

/// A tuner in numbers.
struct tuner_stats {
  std::uint32_t states = 0, actions = 0;
  std::uint32_t cells_tried = 0;   ///< of states x actions, observed at least once
  std::uint64_t decisions = 0;     ///< calls of choose()
  std::uint64_t observations = 0;  ///< rewards taken, failures among them
  std::uint64_t failures = 0;      ///< by observe_failure()
  std::uint64_t refused = 0;       ///< not finite, out of range, or sent while frozen
  std::uint64_t changes = 0;       ///< times that what was known of a state was found out of date
  std::uint64_t last_change = 0;   ///< the observation at which, counted from 1; 0: never
  tuner_interventions interventions;
  double mean_reward = 0;  ///< of the first 100 observations; then exponential, each weighing 1/100
  double sharing = 0;      ///< 0..1: how likely it is that states are alike and learn together
  double lost = 0;         ///< sum of what the baseline would have earned more; below 0: gained
  double may_lose = 0;     ///< what `lost` may be at most now, by the budget
  std::uint64_t bytes = 0;  ///< memory of the tuner
};

/// A figure that is to stay under a bound.
struct limit_stats {
  std::string name;
  double at_most = 0;              ///< the bound, as it was said last
  std::uint64_t observations = 0;  ///< ticks that told it
  std::uint64_t broken = 0;        ///< of these, over it
  std::vector<double> at_best;     ///< of each state reported, what the best setting makes of it
};

/// What is known of one state.
struct state_report {
  std::uint64_t observations = 0;
  std::uint32_t best = 0;     ///< the action of most worth, of those that break no limit
  double estimate = 0;        ///< what a tick of it earns, on average
  double low = 0, high = 0;   ///< `estimate` with 95 % confidence, as far as the model holds
  double probability = 0;     ///< 0..1: that `best` is the best of them; 0: all break one
  double trying = 1;          ///< 0..1: how many of the next ticks try something else
  double baseline = 0;        ///< the estimate of the baseline; NaN without one
  double noise = 0;           ///< standard deviation of one tick's reward around its mean
  std::uint64_t last_change = 0;  ///< observation at which a change was noticed last; 0: never
  std::uint32_t avoided = 0;      ///< settings that break a limit; of over 256, of those tried
};

}  // namespace v1
}  // namespace gyre
