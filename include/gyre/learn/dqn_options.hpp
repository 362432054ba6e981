// dqn_options.hpp - what a user sets about a dqn, its bounds, and a dqn in numbers.
// Room: learn. Threads: plain values.
#pragma once

#include <cstdint>
#include <gyre/core/result.hpp>
#include <gyre/learn/explore.hpp>
#include <vector>

namespace gyre {
inline namespace v1 {

/// How a dqn learns. With the defaults CartPole is learned within 50,000 steps: docs/learning.md.
struct dqn_options {
  static constexpr std::uint32_t most_inputs = 4096, most_actions = 1024, most_units = 1024,
                                 most_layers = 4, most_batch = 1024, most_steps = 32;
  static constexpr std::uint64_t most_bytes = std::uint64_t{1} << 30;  ///< of the replay's rows

  std::vector<std::uint32_t> hidden = {64, 64};  ///< units of each hidden layer: 1..4, each 2..1024
  double discount = 0.99;        ///< 0..1: what the next state counts
  double learning_rate = 1e-3;   ///< 0 < rate <= 1: the most that a weight moves in a step, about
  std::uint32_t batch = 64;      ///< rows replayed at once, 1..1024
  std::uint32_t every = 1;       ///< observations from one batch to the next, >= 1
  std::uint32_t warmup = 1'000;  ///< rows that must be there first; at most `capacity`
  std::uint32_t capacity = 50'000;  ///< rows that replay keeps, >= 1
  std::uint32_t steps = 3;  ///< 1..32: rewards that are added up before the network is asked
  bool twice = true;        ///< double: the network chooses the next action, the target values it
  bool dueling = true;      ///< what actions have in common is learned apart: q_network.hpp
  double target_rate = 0.005;  ///< 0 < rate <= 1: of the way to the network, by each batch
  /// 0..1: rows are drawn with the power alpha of their last error; 0: all alike.
  double alpha = 0.4;
  /// 0..1: how much of that the weights of the rows take back, from `beta` to 1 over the first
  /// `beta_over` batches.
  double beta = 0.4;
  std::uint64_t beta_over = 20'000;
  double corner = 30;  ///< over 0: errors beyond it, in rewards, pull no harder: huber.hpp
  exploration explore{1, 0.02, 5'000};  ///< how often an action is random; linear or exponential
  bool operator==(const dqn_options&) const = default;
};

/// A dqn in numbers.
struct dqn_stats {
  std::uint32_t inputs = 0, actions = 0;
  std::uint64_t parameters = 0;    ///< floats of the network, padding too
  std::uint64_t decisions = 0;     ///< calls of act()
  std::uint64_t observations = 0;  ///< steps taken by observe()
  std::uint64_t episodes = 0;      ///< of these, terminated or truncated
  std::uint64_t refused = 0;       ///< steps that observe() refused
  std::uint64_t updates = 0;       ///< batches
  double exploration = 0;          ///< probability at the next decision
  double beta = 0;                 ///< as it has become
  double mean_reward = 0;  ///< of the first 100 observations; then exponential, each weighing 1/100
  double mean_error = 0;   ///< size of a row's error, in rewards, over batches in the same way
  double mean_worth = 0;   ///< what the actions that were replayed are held to be worth, likewise
  std::uint32_t replay_size = 0, replay_capacity = 0;
  std::uint64_t replay_added = 0, replay_sampled = 0;  ///< rows
  std::uint64_t bytes = 0;                             ///< memory of the dqn
};

/// code::arg naming the first option that is out of its range.
inline result<void> check(const dqn_options& o) {
  if (o.hidden.empty() || o.hidden.size() > o.most_layers) {
    return fail(code::arg, "hidden layers are 1..", o.most_layers, ", not ", o.hidden.size());
  }
  for (const std::uint32_t units : o.hidden) {
    if (units < 2 || units > o.most_units) {
      return fail(code::arg, "a hidden layer has 2..", o.most_units, " units, not ", units);
    }
  }
  if (!(o.discount >= 0 && o.discount <= 1)) {
    return fail(code::arg, "discount is 0..1, not ", o.discount);
  }
  for (const auto& [name, rate] : {std::pair{"learning_rate", o.learning_rate},
                                   std::pair{"target_rate", o.target_rate}}) {
    if (!(rate > 0 && rate <= 1)) {
      return fail(code::arg, name, " is over 0, at most 1, not ", rate);
    }
  }
  for (const auto& [name, part] : {std::pair{"alpha", o.alpha}, std::pair{"beta", o.beta}}) {
    if (!(part >= 0 && part <= 1)) return fail(code::arg, name, " is 0..1, not ", part);
  }
  if (o.batch == 0 || o.batch > o.most_batch) {
    return fail(code::arg, "batch is 1..", o.most_batch, ", not ", o.batch);
  }
  if (o.steps == 0 || o.steps > o.most_steps) {
    return fail(code::arg, "steps are 1..", o.most_steps, ", not ", o.steps);
  }
  if (!(o.corner > 0 && o.corner <= 1e6)) {
    return fail(code::arg, "corner is over 0, at most 1e6, not ", o.corner);
  }
  if (o.every == 0) return fail(code::arg, "every is at least 1, not 0");
  if (o.capacity == 0) return fail(code::arg, "capacity is at least 1 row, not 0");
  if (o.explore.how > exploring::exponential) {
    return fail(code::arg, "a dqn explores linear or exponential: exploration.how is ",
                unsigned(o.explore.how));
  }
  return check(o.explore);
}
/// The same, and whether a dqn of so many inputs and actions may be.
inline result<void> check(const dqn_options& o, std::uint32_t inputs, std::uint32_t actions) {
  if (inputs == 0 || inputs > o.most_inputs) {
    return fail(code::arg, "inputs are 1..", o.most_inputs, ", not ", inputs);
  }
  if (actions == 0 || actions > o.most_actions) {
    return fail(code::arg, "actions are 1..", o.most_actions, ", not ", actions);
  }
  const std::uint64_t bytes = o.capacity * (8 * std::uint64_t{inputs} + 26);
  if (bytes > o.most_bytes) {
    return fail(code::arg, "capacity x (8 x inputs + 26) is ", bytes, " bytes: at most ",
                o.most_bytes, " are allowed");
  }
  return check(o);
}

}  // namespace v1
}  // namespace gyre
