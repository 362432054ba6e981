// options.hpp - what a user sets about learning, as plain values.
// Room: learn. Threads: plain values.
#pragma once

#include <cstdint>
#include <vector>

namespace gyre {
inline namespace v1 {

/// How a learner of the `sequential` kind learns. Of S states and A actions, with n what was
/// observed of a cell.
enum class learning_method : std::uint8_t {
  automatic,             ///< `sweeping` where `sequential` is said, else `q`
  q,                     ///< Q-learning, `batch` rows of replay each `every` observations
  double_q,              ///< Double Q-learning: two tables, so that luck is not taken for worth
  sarsa,                 ///< what it does itself is what it learns the worth of: keeps off cliffs
  expected_sarsa,        ///< the same without the luck of the next draw
  q_lambda,              ///< Watkins's Q(lambda): a reward reaches what led to it at once
  dyna_q,                ///< a model, and `planning` cells at random updated from it each time
  sweeping,              ///< a model, and `planning` cells, those first whose worth changes most
  differential_q,        ///< no discount: worth is what is earned over the average
};

/// How a learner tries what it does not hold to be best.
enum class exploring : std::uint8_t {
  automatic,    ///< `linear`; where `sequential` is said and nothing here is set, `bonus`
  linear,       ///< at random with a probability that moves in a line
  exponential,  ///< the same, by equal factors; `from` and `to` are over 0
  by_visits,    ///< at random with from * over / (over + visits of the state), at least `to`
  boltzmann,    ///< by exp(worth / temperature); the probability's numbers are the temperature's
  bonus,        ///< what was tried less is worth more: by from * spread * sqrt(log(visits) / tries)
};

/// A probability that moves from `from` to `to` over the first `over` decisions and stays there. Of
/// `boltzmann` and `bonus` the numbers are no probability but parts, 0..100, of the spread of the
/// worths that the actions of the state have, so that they suit rewards of any size, and costs.
struct exploration {
  double from = 0.1;       ///< 0..1
  double to = 0.1;         ///< 0..1
  std::uint64_t over = 0;  ///< decisions; at least 1 where `from` and `to` differ
  exploring how = exploring::automatic;
  bool operator==(const exploration&) const = default;

  /// The number at the decision that `decisions` others came before, in a straight line.
  double at(std::uint64_t decisions) const noexcept {
    if (decisions >= over) return to;
    return from + (to - from) * (static_cast<double>(decisions) / static_cast<double>(over));
  }
};

/// How Q-learning learns. A loop is tuned (learn/tuner.hpp) unless it asks for Q-learning by saying
/// `sequential`, where an action changes what the next tick finds, or by setting anything here but
/// `capacity`.
struct learner_options {
  static constexpr std::uint32_t most = 16'777'216;  ///< rows of a replay: 512 MB
  double discount = 0;          ///< 0..1: what the next state counts; 0.95 where actions change it
  double learning_rate = 0.1;   ///< 0 < rate <= 1: the step towards each sampled target
  bool sample_average = false;  ///< step max(learning_rate, 1/n) at a cell's n-th update
  exploration explore{};        ///< how often an action is random
  /// Rows replayed at once (as many as there are while there are fewer), >= 1; the newest is one.
  std::uint32_t batch = 32;
  std::uint32_t every = 10;     ///< observations from one batch to the next, >= 1
  std::uint32_t warmup = 32;    ///< rows that must be there first; at most `capacity` is waited for
  std::uint32_t capacity = 0;   ///< rows that replay keeps, <= most; 0: 5,000, a group's 10,000
  bool sequential = false;      ///< the action changes the next state: a discount of 0 is 0.95
  learning_method method = learning_method::automatic;  ///< all but `q` say `sequential` too
  double step_power = 0;  ///< 0..1; over 0: step max(learning_rate, n^-step_power), as above
  double lambda = 0.5;    ///< 0..1: of q_lambda, what is left of a trace at each step
  std::uint32_t planning = 10;  ///< of dyna_q and sweeping, cells updated an observation, <= 65,536
  bool optimistic = false;      ///< what was never tried is worth the most that can be
  bool operator==(const learner_options&) const = default;
};

/// One dimension of a grid: how many values a knob has, or buckets a feature.
struct axis {
  std::uint32_t count = 1;  ///< at least 1
  bool ordered = true;      ///< neighbours are expected to be alike, which is not taken for granted
  bool operator==(const axis&) const = default;
};

/// What a tuner chooses for (states) and among (actions): each a grid, numbered mixed radix, the
/// first axis counting most. No axis is one state, or one action.
struct tuner_shape {
  std::vector<axis> features;
  std::vector<axis> knobs;

  static constexpr std::uint64_t max_cells = 65536;  ///< the most that states x actions may be
  static std::uint64_t size(const std::vector<axis>& axes) noexcept {  ///< stops past max_cells
    std::uint64_t n = 1;
    for (const axis& a : axes) n = n > max_cells ? n : n * a.count;
    return n;
  }
  bool operator==(const tuner_shape&) const = default;
};

enum class tuning_mode : std::uint8_t {
  tune,     ///< choose, and learn
  observe,  ///< the baseline acts (without one: action 0); learn from whatever was done
  frozen,   ///< the best that is known acts; nothing is learned
};

/// How a tuner tunes. There is nothing to set for it to work; these are the guard rails.
struct tuner_options {
  static constexpr std::uint32_t none = 0xffffffffU;

  std::uint32_t baseline = none;  ///< the action that runs today, if tuning must not cost more
  /// With a baseline: 0..1, the part of what it would have earned that trying others may cost, in
  /// sum, at every tick.
  double budget = 0.05;
  std::vector<std::uint32_t> forbidden;  ///< actions that are never taken
  bool one_step = false;  ///< a knob with order moves at most to the next value from tick to tick
  /// 0..1: part of the ticks that take any action, all alike, so that the log tells of each of
  /// them (what_if.hpp needs that); costs as much of what is to be gained.
  double at_random = 0;
  tuning_mode mode = tuning_mode::tune;
};

}  // namespace v1
}  // namespace gyre
