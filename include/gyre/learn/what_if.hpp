// what_if.hpp - what another policy would have earned, from what was logged of the one that acted.
// Room: learn. Threads: pure functions.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace gyre {
inline namespace v1 {

/// One choice as it was logged: what was seen, done, how likely that was then, what it earned.
struct logged_choice {
  std::uint32_t state = 0;
  std::uint32_t action = 0;
  double propensity = 1;  ///< over 0, at most 1: decision::propensity
  double reward = 0;
};

/// An estimate of the mean reward of a tick.
struct what_if_estimate {
  double value = 0;
  double low = 0, high = 0;  ///< 95 %, where the log tells enough: see what_if_result::weakest
};
/// Three estimates of one thing. They should agree: where they do not, the log has too little of
/// what the policy does.
struct what_if_result {
  what_if_estimate ips;              ///< inverse propensity: no bias, the widest
  what_if_estimate self_normalised;  ///< the same by the weights' sum: a bias of order 1 / matching
  what_if_estimate doubly_robust;    ///< each cell's mean, corrected by weighted errors: narrowest
  double matching = 0;  ///< rows that the log is worth: (sum of weights)^2 / sum of their squares
  double weakest = 0;   ///< the same of the state that has least of it, of those logged
  std::uint64_t rows = 0;
  std::uint64_t refused = 0;  ///< not finite, propensity not in 0..1, an index out of range
};

/// A policy that always takes one action.
struct fixed_policy {
  std::uint32_t action = 0;
  double operator()(std::uint32_t, std::uint32_t a) const noexcept { return a == action ? 1 : 0; }
};

namespace detail {

/// Mean and variance of what was added.
struct moments {
  double n = 0, mean = 0, squares = 0;
  void add(double x) noexcept {
    const double was = x - mean;
    mean += was / ++n;
    squares += was * (x - mean);
  }
  what_if_estimate estimate() const noexcept {
    const double wide = n > 1 ? 1.96 * std::sqrt(squares / (n - 1) / n) : 0;
    return {mean, mean - wide, mean + wide};
  }
};

}  // namespace detail

/// What `policy` would have earned in the states that were logged: policy(state, action) is the
/// probability of the action, which sums to 1 over those of a state. The log is to be of one policy
/// that gave each action of this one a fair chance, all the time: of a tuner with `at_random` of
/// 0.1 or more. One that has settled takes what it holds to be worse almost never, and the
/// intervals then say too little. O(rows x actions); takes memory for states x actions.
/// Formulas: Horvitz and Thompson 1952; Swaminathan and Joachims 2015; Dudik, Langford and Li 2011.
template <class Policy>
what_if_result what_if(std::span<const logged_choice> log, std::uint32_t states,
                       std::uint32_t actions, Policy policy) {
  struct average {
    double sum = 0, n = 0;
    double weights = 0, squares = 0;  // of a state
  };
  std::vector<average> cells(std::size_t{states} * actions), whole(states);
  detail::moments ips;
  double robust = 0, errors = 0;  // the states are given, so what they add does not vary
  what_if_result out;
  double weights = 0, weighted = 0, squares = 0, first = 0, second = 0;
  for (const logged_choice& row : log) {
    const bool sound = row.state < states && row.action < actions && row.propensity > 0 &&
                       row.propensity <= 1 && std::isfinite(row.reward);
    if (!sound) {
      ++out.refused;
      continue;
    }
    ++out.rows;
    const double w = policy(row.state, row.action) / row.propensity;
    average& all = whole[row.state];
    const double usual = all.n > 0 ? all.sum / all.n : 0;
    const auto predicted = [&](std::uint32_t a) {  // from earlier rows of the cell, or the state
      const average& c = cells[std::size_t{row.state} * actions + a];
      return c.n > 0 ? c.sum / c.n : usual;
    };
    double expected = 0;
    for (std::uint32_t a = 0; a < actions; ++a) {
      const double p = policy(row.state, a);
      if (p > 0) expected += p * predicted(a);
    }
    ips.add(w * row.reward);
    const double error = w * (row.reward - predicted(row.action));
    robust += expected + error;
    errors += error * error;
    weights += w;
    squares += w * w;
    all.weights += w;
    all.squares += w * w;
    weighted += w * row.reward;
    first += w * w * row.reward;
    second += w * w * row.reward * row.reward;
    for (average* a : {&all, &cells[std::size_t{row.state} * actions + row.action]}) {
      a->sum += row.reward;
      ++a->n;
    }
  }
  out.ips = ips.estimate();
  if (out.rows == 0) return out;
  const auto n = static_cast<double>(out.rows);
  const double apart = 1.96 * std::sqrt(errors) / n;
  out.doubly_robust = {robust / n, robust / n - apart, robust / n + apart};
  if (weights <= 0) return out;
  out.matching = out.weakest = weights * weights / squares;
  for (const average& state : whole) {
    if (state.n == 0) continue;
    const double worth = state.weights > 0 ? state.weights * state.weights / state.squares : 0;
    out.weakest = worth < out.weakest ? worth : out.weakest;
  }
  const double v = weighted / weights;
  const double spread = second - 2 * v * first + v * v * squares;  // sum of (w (r - v))^2
  const double wide = 1.96 * std::sqrt(spread > 0 ? spread : 0) / weights;
  out.self_normalised = {v, v - wide, v + wide};
  return out;
}

}  // namespace v1
}  // namespace gyre
