// replay_options.hpp - what replay buffers are asked to be, and what is got of them.
// Room: learn. Threads: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gyre/core/result.hpp>

namespace gyre {
inline namespace v1 {

/// Whether one call to sample() may give a row twice.
enum class sampling : std::uint8_t { without_replacement, with_replacement };

/// A row by its place and by which of the rows that have been there it is: it names that row for as
/// long as it is kept, and none later.
struct row_id {
  std::uint32_t slot = 0, generation = 0;
  friend bool operator==(const row_id&, const row_id&) = default;
};

/// What the weights of a batch are divided by, so that none is over 1. By the greatest of the
/// batch: free, and the step's size varies a little from batch to batch. By the greatest that any
/// row held could have: the same for all batches, and steps are smaller.
enum class weights_by : std::uint8_t { batch, all };

struct priority_options {
  double alpha = 0.6;  ///< a row's priority is (|error| + epsilon)^alpha; 0..1, 0: all are alike
  double beta = 0.4;   ///< weights are (size x probability)^-beta; 0..1
  double beta_end = 1;                ///< what beta has become after beta_steps, and stays; 0..1
  std::uint64_t beta_steps = 100'000;  ///< batches drawn; 0: beta_end from the first
  double epsilon = 1e-6;  ///< added to |error|; 0..1e6. 0: a row without an error is drawn no more
  weights_by weights = weights_by::batch;
};

/// One row of a batch.
struct drawn_row {
  row_id id;
  float weight = 1;       ///< of its update: what undoes that it is drawn more often; 0..1
  float probability = 0;  ///< with which each draw gives it
};

/// What a replay buffer is asked to be.
struct replay_options {
  std::uint32_t capacity = 10'000;  ///< rows; 1 at least
  std::uint64_t budget_bytes = 0;  ///< not 0: as many rows as fit, bookkeeping included, instead
  std::uint32_t min_size = 1;      ///< nothing is drawn before so many rows are there
  bool prioritized = false;        ///< sample() goes by priorities; otherwise all rows are alike
  bool count_samples = false;      ///< count for each row how often it was drawn; 4 bytes a row
  priority_options priority{};
  std::uint64_t seed = 1;  ///< of all draws
};

inline result<void> check(const replay_options& o) {
  const auto part = [](double x) { return x >= 0 && x <= 1; };
  const priority_options& p = o.priority;
  if (o.capacity == 0 && o.budget_bytes == 0) return fail(code::arg, "capacity is 0: give it rows");
  if (!part(p.alpha)) return fail(code::arg, "alpha ", p.alpha, " is out of 0..1");
  if (!part(p.beta)) return fail(code::arg, "beta ", p.beta, " is out of 0..1");
  if (!part(p.beta_end)) return fail(code::arg, "beta_end ", p.beta_end, " is out of 0..1");
  if (!(p.epsilon >= 0 && p.epsilon <= 1e6)) {
    return fail(code::arg, "epsilon ", p.epsilon, " is out of 0..1e6");
  }
  return ok;
}

/// Rows one after the other, in the order in which they came, none beyond an episode's end.
struct row_run {
  std::uint32_t first = 0;  ///< its slot
  std::uint32_t count = 0;
};

/// What several steps came to: the sum of their rewards, and what the state after them is worth.
struct n_step_return {
  double reward = 0;      ///< r0 + gamma r1 + ... + gamma^(steps-1) r
  double bootstrap = 0;   ///< factor of that state's value: gamma^steps; 0 after a terminal row
  std::uint32_t steps = 0;  ///< how many there were: n, or fewer up to an end or the newest row
  std::uint32_t last = 0;   ///< slot of the last; its `next` is that state
};

/// What became of an update.
struct replay_update {
  std::size_t applied = 0;
  std::size_t stale = 0;       ///< refused: the row was replaced meanwhile
  std::size_t not_finite = 0;  ///< refused: the error was no number
};

struct replay_stats {
  std::uint32_t size = 0, capacity = 0;
  std::uint64_t total_added = 0, total_sampled = 0;
  std::uint64_t stale_updates = 0;  ///< refused since the row was replaced meanwhile
  std::uint32_t episodes = 0;       ///< held whole
  double mean_age = 0;              ///< of rows as they were drawn, in newer rows
  double beta = 0, total_priority = 0;
  double greatest_priority = 0;  ///< of those measured
};

struct row_stats {
  std::uint32_t age = 0;      ///< newer rows
  std::uint32_t sampled = 0;  ///< how often it was drawn; 0 where that is not counted
  float priority = 0;         ///< 0 without priorities
  bool measured = false;      ///< an update() has set its priority
};

}  // namespace v1
}  // namespace gyre
