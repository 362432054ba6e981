// what_if.hpp - what another policy would have earned, from what was logged of the one that acted.
// Room: learn. Threads: pure functions.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <gyre/learn/strata.hpp>

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

/// Four estimates of one thing. The first three need propensities and hold for work that changes
/// with time; the last needs none, and holds only where what a setting earns in a state stays. An
/// interval that the log does not support is without end.
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
  /// Whether the first three have an end: of each state there are 5 rows of what the policy does,
  /// and their weights sum up to its rows as far as chance can tell, if it changed in each half of
  /// the log. A policy that became too unlikely to be seen has less.
  bool supported = false;
  bool changed = false;  ///< some setting has earned otherwise at other times: as_seen has no end
};

/// A policy that always takes one action.
struct fixed_policy {
  std::uint32_t action = 0;
  double operator()(std::uint32_t, std::uint32_t a) const noexcept { return a == action ? 1 : 0; }
};

namespace detail {

/// What was logged of one state.
struct logged_state {
  double first = 0;     ///< its first reward, which sums are around: for offsets without loss
  double n = 0, sum = 0;
  logged_weights half[2];                    ///< of the log
  double earned = 0, once = 0, twice = 0;    ///< of w r, w^2 r, w^2 r^2
  double robust = 0, errors = 0;             ///< of the doubly robust, and its errors' squares
  std::uint64_t taken = 0;                   ///< rows with w > 0
  double spread = 0, tried = 0;              ///< of rewards around their cells' means; cells
  double skew = 0;                           ///< of rewards, mean of the cells' by their rows
  bool changed = false;

  /// @param w its weight @param error of what it was predicted to earn, weighted
  void add(double reward, double w, double error, bool late) noexcept {
    if (n == 0) first = reward;
    const double r = reward - first;
    ++n;
    sum += reward;
    earned += w * r;
    once += w * w * r;
    twice += w * w * r * r;
    robust += error;
    errors += error * error;
    taken += w > 0 ? 1 : 0;
    half[late ? 1 : 0].add(w);
  }
  /// Whether its weights tell of the policy: see what_if_result::supported.
  bool supported() const noexcept {
    constexpr std::uint64_t least = 5;
    constexpr double most_missing = 3, in_a_half = 2;
    if (taken < least || worth() < 1.5 || !(whole().missing() < most_missing)) return false;
    return !changed || (half[0].missing() < in_a_half && half[1].missing() < in_a_half);
  }
  logged_weights whole() const noexcept { return half[0] + half[1]; }
  double worth() const noexcept { return whole().worth(); }
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
  /// @param rows of the log, all told
  log_reader(std::size_t rows, std::uint32_t states, std::uint32_t actions, Policy& policy)
      : total_(rows), actions_(actions), policy_(policy), cells_(std::size_t{states} * actions),
        parts_(cells_.size()), states_(states) {}

  void add(const logged_choice& row) {
    const auto done = static_cast<std::size_t>(out_.rows + out_.refused);
    const std::size_t part = done * changes::parts / total_;
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
    all.add(row.reward, w, error, part >= changes::parts / 2);
    ips_.add(w * row.reward);
    const std::size_t at = std::size_t{row.state} * actions_ + row.action;
    cells_[at].add(row.reward);
    parts_[at].of[part].add(row.reward);
  }
  what_if_result result() {
    logged_weights weights;
    out_.supported = out_.rows > 0;
    bool first = true;
    for (std::uint32_t s = 0; s < states_.size(); ++s) {
      logged_state& all = states_[s];
      if (all.n == 0) continue;
      const double worth = all.worth();
      weights = weights + all.whole();
      out_.weakest = first ? worth : std::min(out_.weakest, worth);
      out_.fewest = first ? all.taken : std::min(out_.fewest, all.taken);
      first = false;
      read_cells(s);
      read_weights(all);
      out_.changed = out_.changed || all.changed;
      out_.supported = out_.supported && all.supported();
    }
    out_.matching = weights.worth();
    constexpr double most_missing = 2;  // by what held best: docs/tuning.md
    out_.supported = out_.supported && weights.missing() < most_missing;
    if (!out_.supported) {
      normalised_.without_end();
      robust_.without_end();
    }
    if (out_.changed || out_.rows == 0) seen_.without_end();
    const double n = std::max(ips_.n, 1.0);
    const double skew = ips_.skewness() / std::sqrt(n) / 2;  // half, by what held best
    out_.ips = interval(ips_.mean, std::sqrt(ips_.variance() / n), strata::z, skew);
    if (!out_.supported) out_.ips.high = std::numeric_limits<double>::infinity();
    if (!out_.supported) out_.ips.low = -out_.ips.high;
    out_.self_normalised = normalised_.estimate();
    out_.doubly_robust = robust_.estimate();
    out_.as_seen = seen_.estimate();
    return out_;
  }

 private:
  struct in_parts {
    moments of[changes::parts];
  };
  moments& cell(std::uint32_t state, std::uint32_t action) noexcept {
    return cells_[std::size_t{state} * actions_ + action];
  }
  double part(const logged_state& all) const noexcept {
    return all.n / static_cast<double>(out_.rows);
  }
  void read_cells(std::uint32_t state) {
    logged_state& all = states_[state];
    changes by_time;
    for (std::uint32_t a = 0; a < actions_; ++a) {
      const moments& c = cell(state, a);
      all.spread += c.squares;
      all.tried += c.n > 0 ? 1 : 0;
      all.skew += c.n * c.skewness() / all.n;
      by_time.add(parts_[std::size_t{state} * actions_ + a].of);
    }
    all.changed = by_time.seen();
    for (std::uint32_t a = 0; a < actions_; ++a) {
      const moments& c = cell(state, a);
      const double p = policy_(state, a);
      if (p <= 0) continue;
      const double v = c.n > 1 ? all.careful(c.variance(), c.n) / c.n : 0;
      const double root = std::sqrt(std::max(c.n, 1.0));
      seen_.add(part(all) * p, c.n > 0 ? c.mean : all.sum / all.n, v, all.degrees(c.n),
                all.skew / root);
      if (c.n < 2) seen_.without_end();
    }
  }
  void read_weights(const logged_state& all) {
    const logged_weights w = all.whole();
    const double worth = w.worth(), v = w.sum > 0 ? all.earned / w.sum : 0;
    if (!all.supported()) {  // the values alone
      normalised_.add(part(all), all.first + v, 0, 1, 0);
      robust_.add(part(all), all.robust / all.n, 0, 1, 0);
      return;
    }
    const double around = all.twice - 2 * v * all.once + v * v * w.squares;  // w^2 (r - v)^2
    const double own = std::max(around, 0.0) / w.squares * worth / (worth - 1);
    const double skew = all.skew / std::sqrt(worth), rows = all.degrees(worth);
    const double error = all.careful(all.errors / w.squares, worth) * w.squares;
    normalised_.add(part(all), all.first + v, all.careful(own, worth) / worth, rows, skew);
    robust_.add(part(all), all.robust / all.n, error / (all.n * all.n), rows, skew);
  }

  std::size_t total_;
  std::uint32_t actions_;
  Policy& policy_;
  std::vector<moments> cells_;
  std::vector<in_parts> parts_;
  std::vector<logged_state> states_;
  moments ips_;
  strata normalised_, robust_, seen_;
  what_if_result out_;
};

}  // namespace detail

/// What `policy` would have earned in the states that were logged: policy(state, action) is the
/// probability of the action, which sums to 1 over those of a state. The log may be of a tuner,
/// whose policy changes as it learns. It takes what it holds to be worse almost never, unless
/// `at_random` says so: then nothing supports the first three estimates, and their intervals have
/// no end. `as_seen` needs no propensities, and has none where the work was seen to change.
/// O(rows x actions); takes memory for states x actions, some 170 bytes each.
/// Formulas: Horvitz and Thompson 1952; Swaminathan and Joachims 2015; Dudik, Langford and Li 2011.
template <class Policy>
what_if_result what_if(std::span<const logged_choice> log, std::uint32_t states,
                       std::uint32_t actions, Policy policy) {
  detail::log_reader<Policy> reader(log.size(), states, actions, policy);
  for (const logged_choice& row : log) reader.add(row);
  return reader.result();
}
/// The same of rows that are kept elsewhere, the oldest first, as by a replay_buffer: of any type
/// with the members of logged_choice, of whatever number types.
template <class Rows, class Policy>
  requires requires(const Rows& rows) { rows[rows.size() - 1].propensity; }
what_if_result what_if(const Rows& kept, std::uint32_t states, std::uint32_t actions,
                       Policy policy) {
  detail::log_reader<Policy> reader(kept.size(), states, actions, policy);
  for (std::size_t i = 0; i < kept.size(); ++i) {
    const auto& row = kept[i];
    reader.add({static_cast<std::uint32_t>(row.state), static_cast<std::uint32_t>(row.action),
                static_cast<double>(row.propensity), static_cast<double>(row.reward)});
  }
  return reader.result();
}

}  // namespace v1
}  // namespace gyre
