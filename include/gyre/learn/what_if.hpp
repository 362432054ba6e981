// what_if.hpp - what another policy would have earned, from what was logged of the one that acted.
// Room: learn. Threads: pure functions.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
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

/// Decisions one after the other, and how many there were before the first.
struct decision_log {
  std::uint64_t first = 0;  ///< its number, from 0, of all that its tuner ever had a reward for
  std::vector<logged_choice> rows = {};  ///< the oldest first
};

/// An estimate of the mean reward of a tick. Where too little was seen to say how sure it is, the
/// interval is without end.
struct what_if_estimate {
  double value = 0;
  double low = 0, high = 0;  ///< 95 %, where the log tells enough: see what_if_result::fewest
};
/// Four estimates of one thing. The first three need propensities and hold for work that changes
/// with time; the last needs none, and holds only where what a setting earns in a state stays.
struct what_if_result {
  what_if_estimate ips;              ///< inverse propensity: no bias, the widest
  what_if_estimate self_normalised;  ///< the same by the weights' sum in each state
  what_if_estimate doubly_robust;    ///< each cell's mean, corrected by weighted errors: narrowest
  what_if_estimate as_seen;          ///< each cell's mean, as it was seen
  double matching = 0;  ///< rows that the log is worth: (sum of weights)^2 / sum of their squares
  double weakest = 0;   ///< the same of the state that has least of it, of those logged
  std::uint64_t fewest = 0;  ///< rows of what the policy does, in the state that has fewest
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
  double variance() const noexcept { return n > 1 ? squares / (n - 1) : 0; }
  what_if_estimate estimate() const noexcept {
    const double wide = n > 1 ? 1.96 * std::sqrt(variance() / n) : 0;
    return {mean, mean - wide, mean + wide};
  }
};

/// Estimates of the states, put together by how often each was logged. Of few rows a deviation is
/// not well known: the interval is Student's, with as many degrees as Satterthwaite 1946 says.
class strata {
 public:
  void add(double part, double value, double variance, double degrees) noexcept {
    value_ += part * value;
    const double v = part * part * variance;
    variance_ += v;
    spread_ += v * v / degrees;
  }
  void without_end() noexcept { variance_ = std::numeric_limits<double>::infinity(); }
  what_if_estimate estimate() const noexcept {
    const double degrees = spread_ > 0 ? variance_ * variance_ / spread_ : 1e9;
    const double wide = std::isfinite(variance_) ? student(degrees) * std::sqrt(variance_)
                                                 : variance_;
    return {value_, value_ - wide, value_ + wide};
  }

 private:
  /// The 97.5 % point, within 1 % from 5 degrees on (Abramowitz and Stegun 26.7.5).
  static double student(double degrees) noexcept {
    constexpr double z = 1.959964, z3 = z * z * z, z5 = z3 * z * z;
    const double d = degrees < 3 ? 3 : degrees;
    return z + (z3 + z) / 4 / d + (5 * z5 + 16 * z3 + 3 * z) / 96 / (d * d);
  }
  double value_ = 0, variance_ = 0, spread_ = 0;
};

/// What was logged of one state.
struct logged_state {
  double first = 0;     ///< its first reward, which sums are around: for offsets without loss
  double n = 0, sum = 0;
  double weights = 0, squares = 0;           ///< of w, w^2
  double earned = 0, once = 0, twice = 0;    ///< of w r, w^2 r, w^2 r^2
  double robust = 0, errors = 0;             ///< of the doubly robust, and its errors' squares
  std::uint64_t taken = 0;                   ///< rows with w > 0
  double spread = 0, tried = 0;              ///< of rewards around their cells' means; cells

  /// @param w its weight @param error of what it was predicted to earn, weighted
  void add(double reward, double w, double error) noexcept {
    if (n == 0) first = reward;
    const double r = reward - first;
    ++n;
    sum += reward;
    weights += w;
    squares += w * w;
    earned += w * r;
    once += w * w * r;
    twice += w * w * r * r;
    robust += error;
    errors += error * error;
    taken += w > 0 ? 1 : 0;
  }
  double worth() const noexcept { return squares > 0 ? weights * weights / squares : 0; }
  /// A variance from `rows` rows, which too few make too small as often as not: that of all that
  /// was logged of the state counts for five more, where it is larger.
  double careful(double own, double rows) const noexcept {
    constexpr double more = 5;
    const double all = n > tried ? spread / (n - tried) : 0;
    const double both = (own * rows + more * all) / (rows + more);
    return own > both ? own : both;
  }
  static double degrees(double rows) noexcept { return rows + 4; }  // less the mean, five more
};

/// A log as it is read, row by row; what_if() below.
template <class Policy>
class log_reader {
 public:
  log_reader(std::uint32_t states, std::uint32_t actions, Policy& policy)
      : actions_(actions), policy_(policy), cells_(std::size_t{states} * actions),
        states_(states) {}

  void add(const logged_choice& row) {
    const bool sound = row.state < states_.size() && row.action < actions_ && row.propensity > 0 &&
                       row.propensity <= 1 && std::isfinite(row.reward);
    ++(sound ? out_.rows : out_.refused);
    if (!sound) return;
    const double w = policy_(row.state, row.action) / row.propensity;
    logged_state& all = states_[row.state];
    const double usual = all.n > 0 ? all.sum / all.n : 0;
    const auto predicted = [&](std::uint32_t a) {  // from earlier rows of the cell, or the state
      const moments& c = cell(row.state, a);
      return c.n > 0 ? c.mean : usual;
    };
    for (std::uint32_t a = 0; a < actions_; ++a) {
      const double p = policy_(row.state, a);
      if (p > 0) all.robust += p * predicted(a);
    }
    const double error = w * (row.reward - predicted(row.action));
    all.add(row.reward, w, error);
    ips_.add(w * row.reward);
    cell(row.state, row.action).add(row.reward);
  }
  what_if_result result() {
    out_.ips = ips_.estimate();
    double weights = 0, squares = 0;
    bool first = true;
    for (std::uint32_t s = 0; s < states_.size(); ++s) {
      logged_state& all = states_[s];
      if (all.n == 0) continue;
      const double worth = all.worth();
      weights += all.weights;
      squares += all.squares;
      out_.weakest = first ? worth : std::min(out_.weakest, worth);
      out_.fewest = first ? all.taken : std::min(out_.fewest, all.taken);
      first = false;
      read_cells(s);
      read_weights(all);
    }
    out_.matching = squares > 0 ? weights * weights / squares : 0;
    if (out_.rows == 0) return out_;
    out_.self_normalised = normalised_.estimate();
    out_.doubly_robust = robust_.estimate();
    out_.as_seen = seen_.estimate();
    return out_;
  }

 private:
  moments& cell(std::uint32_t state, std::uint32_t action) noexcept {
    return cells_[std::size_t{state} * actions_ + action];
  }
  double part(const logged_state& all) const noexcept {
    return all.n / static_cast<double>(out_.rows);
  }
  void read_cells(std::uint32_t state) {
    logged_state& all = states_[state];
    for (std::uint32_t a = 0; a < actions_; ++a) {
      all.spread += cell(state, a).squares;
      all.tried += cell(state, a).n > 0 ? 1 : 0;
    }
    for (std::uint32_t a = 0; a < actions_; ++a) {
      const moments& c = cell(state, a);
      const double p = policy_(state, a);
      if (p <= 0) continue;
      const double v = c.n > 1 ? all.careful(c.variance(), c.n) / c.n : 0;
      seen_.add(part(all) * p, c.n > 0 ? c.mean : all.sum / all.n, v, all.degrees(c.n));
      if (c.n < 2) seen_.without_end();
    }
  }
  void read_weights(const logged_state& all) {
    const double worth = all.worth(), v = all.weights > 0 ? all.earned / all.weights : 0;
    const bool known = worth >= 1.5;
    const double around = all.twice - 2 * v * all.once + v * v * all.squares;  // w^2 (r - v)^2
    const double own = known ? std::max(around, 0.0) / all.squares * worth / (worth - 1) : 0;
    const double one = known ? all.careful(own, worth) / worth : 0;
    const double error = known ? all.careful(all.errors / all.squares, worth) : 0;
    normalised_.add(part(all), all.first + v, one, all.degrees(worth));
    robust_.add(part(all), all.robust / all.n, error * all.squares / (all.n * all.n),
                all.degrees(worth));
    if (known) return;
    normalised_.without_end();
    robust_.without_end();
  }

  std::uint32_t actions_;
  Policy& policy_;
  std::vector<moments> cells_;
  std::vector<logged_state> states_;
  moments ips_;
  strata normalised_, robust_, seen_;
  what_if_result out_;
};

}  // namespace detail

/// What `policy` would have earned in the states that were logged: policy(state, action) is the
/// probability of the action, which sums to 1 over those of a state. The log may be of a tuner,
/// whose policy changes as it learns. With `at_random` of 0.1 or more the first three estimates
/// hold where `fewest` is 5 or more. Without, one that has settled takes what it holds to be worse
/// almost never: only `as_seen` holds then, and only if the work does not change.
/// O(rows x actions); takes memory for states x actions.
/// Formulas: Horvitz and Thompson 1952; Swaminathan and Joachims 2015; Dudik, Langford and Li 2011.
template <class Policy>
what_if_result what_if(std::span<const logged_choice> log, std::uint32_t states,
                       std::uint32_t actions, Policy policy) {
  detail::log_reader<Policy> reader(states, actions, policy);
  for (const logged_choice& row : log) reader.add(row);
  return reader.result();
}

}  // namespace v1
}  // namespace gyre
