// experience.hpp - what a tuner has tried, counted and believes, and which limits it has to keep.
// Room: learn. Threads: one owner at a time.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <gyre/core/vec.hpp>
#include <gyre/learn/limits.hpp>
#include <gyre/learn/portable_math.hpp>
#include <gyre/learn/rails.hpp>
#include <gyre/learn/stats.hpp>
#include <limits>

namespace gyre {
inline namespace v1 {

/// Everything that a tuner learns but its budget; tuner.hpp chooses by it.
class experience {
 public:
  /// Actions looked at in one choice, at most.
  static constexpr std::uint32_t considered = contest::widest;
  static constexpr std::uint32_t none = tuner_options::none;

  /// @pre check(shape, options)
  explicit experience(const tuner_shape& shape)
      : known(shape),
        visits_(std::size_t{known.states()} * known.actions(), 0),
        kept_(known.actions() > considered ? known.states() : 0),
        last_change_(known.states(), 0) {
    counts.states = known.states();
    counts.actions = known.actions();
  }

  knowledge known;
  gyre::limits limits;
  tuner_stats counts;

  std::uint32_t states() const noexcept { return known.states(); }
  std::uint32_t actions() const noexcept { return known.actions(); }
  const std::uint32_t* visits() const noexcept { return visits_.data(); }
  std::uint32_t visits(std::uint32_t state, std::uint32_t action) const noexcept {
    return visits_[cell(state, action)];
  }
  double worth(std::uint32_t state, std::uint32_t action) const noexcept {
    return known.estimate(state, action).mean;
  }

  /// Takes a reward that is finite, of a tick that did not fail.
  void learn(std::uint32_t state, std::uint32_t action, double reward) noexcept {
    worst_ = std::min(worst_, reward);
    best_ = std::max(best_, reward);
    count(state, action, reward);
  }
  /// What a failure is worth: less than the worst reward so far, by a tenth of all that rewards
  /// differ by, or of that reward where they do not. NaN before the first reward.
  double failure() const noexcept {
    if (worst_ == std::numeric_limits<double>::max()) {
      return std::numeric_limits<double>::quiet_NaN();
    }
    const double less = std::max(best_ - worst_, std::fabs(worst_)) / 10;
    return worst_ - (less > 0 ? less : 1);  // 1: all were 0
  }
  void count(std::uint32_t state, std::uint32_t action, double reward) noexcept {
    ++counts.observations;
    const auto n = static_cast<double>(std::min<std::uint64_t>(counts.observations, 100));
    counts.mean_reward += (reward - counts.mean_reward) / n;
    std::uint32_t& visits = visits_[cell(state, action)];
    if (visits == 0) ++counts.cells_tried;
    if (visits < std::numeric_limits<std::uint32_t>::max()) ++visits;
    if (known.observe(state, action, reward)) {
      ++counts.changes;
      counts.last_change = last_change_[state] = counts.observations;
    }
    if (actions() > considered) {
      kept_.offer(state, action, [&](std::uint32_t a) { return worth(state, a); });
    }
  }

  /// The action that is held to be best of those that break no limit and are not ruled out, the
  /// lowest of equals; of more than `considered` the best that was tried. Where all break a limit:
  /// the mildest. @pre one is not ruled out
  template <class Out>
  std::uint32_t greedy(std::uint32_t state, Out out) const noexcept {
    const bool listed = actions() > considered && kept_.of(state)[0] != none;
    std::uint32_t best = none, mild = none;
    double most = 0, least = 0;
    for (std::uint32_t i = 0; i < (listed ? shortlist::length : actions()); ++i) {
      const std::uint32_t a = listed ? kept_.of(state)[i] : i;
      if (a == none || out(a)) continue;
      if (limits.broken(state, a)) {
        const double over = limits.excess(state, a);
        if (mild == none || over < least) mild = a;
        if (mild == a) least = over;
        continue;
      }
      const double w = worth(state, a);
      if (best != none && !(w > most)) continue;
      best = a;
      most = w;
    }
    if (best != none || mild != none) return best != none ? best : mild;
    std::uint32_t first = 0;
    while (out(first)) ++first;
    return first;
  }
  /// Puts the actions that compete into a contest: all that are not `out`, or of too many those
  /// kept in mind, the baseline, and others spread evenly from `offset` on.
  template <class Out>
  void gather(contest& into, std::uint32_t state, std::uint32_t offset, std::uint32_t baseline,
              Out out) const noexcept {
    into.clear();
    const auto add = [&](std::uint32_t a) {
      if (!out(a)) into.add(a);
    };
    if (actions() <= considered) {
      for (std::uint32_t a = 0; a < actions(); ++a) add(a);
      return;
    }
    for (const std::uint32_t a : kept_.of(state)) {
      if (a != none) add(a);
    }
    if (baseline != none && !kept_.has(state, baseline)) add(baseline);
    const std::uint32_t room = considered - into.size();
    for (std::uint32_t i = 0; i < room; ++i) {
      const auto a = static_cast<std::uint32_t>(
          (offset + std::uint64_t{actions()} * i / room) % actions());
      if (!kept_.has(state, a) && a != baseline) add(a);
    }
    for (std::uint32_t a = 0; a < actions() && into.size() == 0; ++a) add(a);
  }

  /// Only what was never tried in a state competes, if there is such: at first, and of few actions
  /// always, since rewards without noise leave no doubt about what was not tried.
  void prefer_untried(std::uint32_t state, contest& among) const noexcept {
    const auto tried = [&](std::uint32_t i) { return visits(state, among.action(i)) > 0; };
    bool any = false;
    for (std::uint32_t i = 0; i < among.size(); ++i) any = any || !tried(i);
    if (any) among.even_but(tried);
  }
  /// Of many actions the most promising that was never tried gets odds apart from what is believed,
  /// which fall with the ticks so far: beliefs are as sure of it as the noise is small, however
  /// wrong their picture of what lies between. First those beside the best, where what is better is
  /// most often found; then others, the less the more they are held to lack. @param joined whether
  /// the odds are by all states together, whose ticks count then
  void glance(std::uint32_t state, contest& among, const steps& beside,
              bool joined) const noexcept {
    std::uint64_t ticks = 0;
    std::uint32_t top = 0, place = none;
    for (std::uint32_t i = 0; i < among.size(); ++i) {
      const std::uint32_t n = visits(state, among.action(i));
      ticks += n;
      if (among.mean(i) > among.mean(top)) top = i;
      if (n == 0 && (place == none || among.mean(i) > among.mean(place))) place = i;
    }
    if (place == none) return;
    bool near = false;
    const std::uint32_t best = among.action(top);
    for (std::uint32_t i = 0; i < among.size(); ++i) {
      const std::uint32_t a = among.action(i);
      if (visits(state, a) > 0 || !beside.next_to(a, best)) continue;
      if (!near || among.mean(i) > among.mean(place)) place = i;
      near = true;
    }
    const auto lacks = near ? 0 : static_cast<double>(among.mean(top) - among.mean(place));
    const auto n = static_cast<double>(joined ? counts.observations : ticks);
    const double part = glances / std::max(n, glances) * portable::exp(-.5 * lacks * lacks);
    among.lean(place, static_cast<float>(part));
  }

  /// An action beside `best` that was never tried in the state and is not `out`; else `best`.
  template <class Out>
  std::uint32_t untried_beside(std::uint32_t state, std::uint32_t best, const steps& beside,
                               Out out) const {
    std::uint32_t found = best;
    beside.around(best, [&](std::uint32_t a) {
      if (found == best && visits(state, a) == 0 && !out(a)) found = a;
    });
    return found;
  }
  /// What is known of a state by itself, of which this action is the best.
  state_report report(std::uint32_t state, std::uint32_t best) const noexcept {
    state_report r;
    r.best = best;
    const mixture::estimate e = known.estimate(state, best);
    const double wide = 1.96 * std::sqrt(e.variance);
    r.estimate = e.mean;
    r.low = e.mean - wide;
    r.high = e.mean + wide;
    r.noise = std::sqrt(e.noise);
    for (std::uint32_t a = 0; a < actions(); ++a) r.observations += visits(state, a);
    r.last_change = last_change_[state];
    r.baseline = std::numeric_limits<double>::quiet_NaN();
    r.avoided = avoided(state);
    return r;
  }
  /// How many settings break a limit in a state; of more than `considered`, of those tried.
  std::uint32_t avoided(std::uint32_t state) const noexcept {
    std::uint32_t n = 0;
    for (std::uint32_t a = 0; limits.size() > 0 && a < actions(); ++a) {
      if (actions() > considered && visits(state, a) == 0) continue;
      n += limits.broken(state, a) ? 1 : 0;
    }
    return n;
  }

  std::size_t bytes() const noexcept {
    return sizeof *this - sizeof known + known.bytes() + limits.bytes() + 4 * visits_.size() +
           kept_.bytes() + 8 * last_change_.size();
  }
  /// As belief::each(), but for the limits.
  template <class Io>
  void each(Io& io) {
    for (std::uint64_t* n : {&counts.decisions, &counts.observations, &counts.failures,
                             &counts.refused, &counts.changes, &counts.last_change,
                             &counts.interventions.budget, &counts.interventions.steps,
                             &counts.interventions.forbidden}) {
      io(*n);
    }
    io(counts.cells_tried);
    io(counts.mean_reward);
    io(worst_);
    io(best_);
  }
  template <class Io>
  void each_cell(Io& io) {
    for (std::uint32_t& n : visits_) io(n);
    for (std::uint64_t& n : last_change_) io(n);
  }
  template <class Io>
  bool each_belief(Io& io) {
    const bool sound = kept_.each(io, actions());
    return known.each(io) && sound;
  }

 private:
  std::size_t cell(std::uint32_t state, std::uint32_t action) const noexcept {
    return std::size_t{state} * actions() + action;
  }

  /// n times the part of a state's n-th tick that goes to what was never tried and is held to be as
  /// good as the best. Chosen on both sets of bench/tuning_services.hpp and without noise.
  static constexpr double glances = 2;

  vec<std::uint32_t> visits_;  ///< of each cell
  shortlist kept_;                  ///< where there are more than `considered` actions
  vec<std::uint64_t> last_change_;  ///< of each state
  double worst_ = std::numeric_limits<double>::max();  ///< of all rewards; over best_: none yet
  double best_ = std::numeric_limits<double>::lowest();
};

}  // namespace v1
}  // namespace gyre
