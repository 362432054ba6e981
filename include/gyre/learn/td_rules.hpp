// td_rules.hpp - how each method moves a table of worths by what was seen.
// Room: learn. Threads: one owner at a time.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <gyre/learn/options.hpp>
#include <gyre/learn/planner.hpp>
#include <gyre/learn/portable_math.hpp>
#include <gyre/learn/traces.hpp>
#include <gyre/learn/transition.hpp>
#include <optional>
#include <string>

namespace gyre {
inline namespace v1 {

/// The update rules of learner_options::method, and what they keep beside the table: of double_q
/// two tables, of q_lambda traces, of dyna_q and sweeping a planner, of sarsa the step whose next
/// action is not known yet, of differential_q the average reward.
class td_rules {
 public:
  /// @pre o.method is not automatic
  td_rules(std::uint32_t states, std::uint32_t actions, const learner_options& o)
      : options_(o), traces_(o.method == learning_method::q_lambda ? 128 : 1) {
    const std::size_t cells = std::size_t{states} * actions;
    if (o.method == learning_method::double_q) twins_.assign(2 * cells, 0.0);
    if (plans()) planner_.emplace(states, actions);
  }

  bool plans() const noexcept {
    return options_.method == learning_method::dyna_q ||
           options_.method == learning_method::sweeping;
  }
  /// Whether rows of replay teach it anything: not of who learns from what it does itself.
  bool replays() const noexcept {
    return !plans() && options_.method != learning_method::sarsa &&
           options_.method != learning_method::q_lambda;
  }
  double average_reward() const noexcept { return average_; }  ///< of differential_q
  const planner* plan() const noexcept { return planner_ ? &*planner_ : nullptr; }

  /// Learns from what was just seen. @param expected of a state what it is worth to who acts
  /// @return updates of a cell
  template <class Expected>
  std::uint64_t observe(q_table& q, const transition& t, rng& random, Expected expected) noexcept {
    switch (options_.method) {
      case learning_method::q: return 0;
      case learning_method::sarsa: return sarsa(q, t, expected);
      case learning_method::q_lambda: return trace(q, t);
      case learning_method::dyna_q:
      case learning_method::sweeping:
        planner_->observe(q, static_cast<std::uint32_t>(cell(q, t.state, t.action)), t.reward,
                          t.terminated != 0 ? q.states() : t.next, options_.discount);
        return 1 + plan(q, random);
      default: replay(q, t, random, expected); return 1;
    }
  }
  /// Plans once more. @return updates of a cell
  std::uint64_t plan(q_table& q, rng& random) noexcept {
    if (options_.method == learning_method::sweeping) {
      return planner_->sweep(q, options_.planning, options_.discount);
    }
    planner_->dyna(q, options_.planning, options_.discount, random);
    return options_.planning;
  }
  /// Learns from a row, whenever it was seen. @pre replays()
  template <class Expected>
  void replay(q_table& q, const transition& t, rng& random, Expected expected) noexcept {
    const double discount = t.terminated != 0 ? 0 : options_.discount;
    const std::size_t i = cell(q, t.state, t.action);
    if (options_.method == learning_method::double_q) return twin(q, t, random, discount);
    double follows = 0;
    if (discount > 0) {
      follows = discount * (options_.method == learning_method::expected_sarsa
                                ? expected(t.next) : q.exact_best(t.next));
    }
    const double step = step_of(q.updated(i) + 1.0);
    const double surprise = t.reward - average_ + follows - q.exact(i);
    q.set(i, q.exact(i) + step * surprise);
    if (options_.method == learning_method::differential_q) average_ += step * surprise * slowly;
  }

  /// A cell whose worth is known from elsewhere, which the table holds already: one observation.
  void carry_over(std::size_t i, double worth) noexcept {
    const std::size_t half = twins_.size() / 2;
    if (half > 0) twins_[i] = twins_[half + i] = worth;
    if (planner_) planner_->add(static_cast<std::uint32_t>(i), worth, planner_->end());
  }

  void save(byte_writer& out) const {
    out.u8(static_cast<std::uint8_t>(options_.method));
    for (const double w : twins_) out.f64(w);
    if (options_.method == learning_method::q_lambda) traces_.save(out);
    if (planner_) planner_->save(out);
    out.f64(average_);
    out.u8(waits_ ? 1 : 0);
    if (options_.method == learning_method::sarsa || options_.method == learning_method::q_lambda) {
      encode(out, last_);
    }
  }
  /// What save() wrote. That of another method, or nothing, is begun anew from the table.
  result<void> load(byte_reader& in, const q_table& q) {
    if (in.remaining() == 0 || in.u8() != static_cast<std::uint8_t>(options_.method)) {
      for (std::size_t i = 0; i < q.cells(); ++i) {
        if (q.updated(i) > 0) carry_over(i, q.exact(i));
      }
      return ok;
    }
    for (double& w : twins_) {
      w = in.f64();
      if (!std::isfinite(w)) return fail(code::corrupt, "learner: a worth is not finite");
    }
    if (options_.method == learning_method::q_lambda) GYRE_CHECK(traces_.load(in, q.cells()));
    if (planner_) GYRE_CHECK(planner_->load(in));
    average_ = in.f64();
    waits_ = in.u8() != 0;
    const bool kept = options_.method == learning_method::sarsa ||
                      options_.method == learning_method::q_lambda;
    if ((kept && !decode(in, last_)) || !in.ok() || !std::isfinite(average_) ||
        last_.state >= q.states() || last_.action >= q.actions() || last_.next >= q.states() ||
        !std::isfinite(last_.reward)) {
      return fail(code::corrupt, "learner: what its method keeps is damaged");
    }
    return ok;
  }

 private:
  /// How much slower the average moves than a worth (Wan, Naik and Sutton 2021: eta).
  static constexpr double slowly = 0.1;

  static std::size_t cell(const q_table& q, std::uint32_t state, std::uint32_t action) noexcept {
    return std::size_t{state} * q.actions() + action;
  }
  double step_of(double n) const noexcept {
    if (options_.step_power > 0) {
      return std::max(options_.learning_rate,
                      portable::exp(-options_.step_power * portable::log(n)));
    }
    return options_.sample_average ? std::max(options_.learning_rate, 1 / n)
                                   : options_.learning_rate;
  }
  /// Double Q-learning (van Hasselt 2010): a coin says which table learns, from what the other
  /// holds of its best; q is their mean.
  void twin(q_table& q, const transition& t, rng& random, double discount) noexcept {
    double* const all = twins_.data();
    const std::size_t i = cell(q, t.state, t.action), half = twins_.size() / 2;
    const bool second = (random.next() >> 63) != 0;
    double* const learns = second ? all + half : all;
    const double* const judges = second ? all : all + half;
    double target = t.reward;
    if (discount > 0) {
      const double* const row = learns + cell(q, t.next, 0);
      const auto best = static_cast<std::size_t>(std::max_element(row, row + q.actions()) - row);
      target += discount * judges[cell(q, t.next, 0) + best];
    }
    const double step = step_of((q.updated(i) + 2.0) / 2);
    constexpr double most = std::numeric_limits<float>::max();
    learns[i] = std::clamp(learns[i] + step * (target - learns[i]), -most, most);
    q.set(i, (all[i] + all[half + i]) / 2);
  }
  /// SARSA (Rummery and Niranjan 1994). What is done next is known with the next step; where
  /// that is not of the state that came next (another loop's, a new episode) what is expected.
  template <class Expected>
  std::uint64_t sarsa(q_table& q, const transition& t, Expected expected) noexcept {
    std::uint64_t updates = 0;
    if (waits_) {
      const double follows =
          t.state == last_.next ? q.exact(cell(q, t.state, t.action)) : expected(last_.next);
      move(q, last_, last_.reward + options_.discount * follows);
      ++updates;
    }
    waits_ = t.terminated == 0 && t.truncated == 0;
    last_ = t;
    if (!waits_) {
      const double follows = t.terminated != 0 ? 0 : expected(t.next);
      move(q, t, t.reward + options_.discount * follows);
      ++updates;
    }
    return updates;
  }
  void move(q_table& q, const transition& t, double target) noexcept {
    const std::size_t i = cell(q, t.state, t.action);
    q.set(i, q.exact(i) + step_of(q.updated(i) + 1.0) * (target - q.exact(i)));
  }
  /// Watkins's Q(lambda) (1989): each surprise is told to the cells that led to it, back to the
  /// last action that was not held to be best.
  std::uint64_t trace(q_table& q, const transition& t) noexcept {
    const std::size_t i = cell(q, t.state, t.action);
    const bool follows = waits_ && last_.next == t.state;
    if (!follows || q.exact(i) < q.exact_best(t.state)) {
      traces_.clear();
    } else {
      traces_.fade(static_cast<float>(options_.discount * options_.lambda));
    }
    traces_.visit(static_cast<std::uint32_t>(i));
    const double best = t.terminated != 0 ? 0 : options_.discount * q.exact_best(t.next);
    const double surprise = t.reward + best - q.exact(i);
    std::uint64_t updates = 0;
    for (const traces::trace& e : traces_) {
      const auto at = std::size_t{e.at};
      const double step = step_of(q.updated(at) + 1.0) * static_cast<double>(e.part);
      q.set(at, q.exact(at) + step * surprise);
      ++updates;
    }
    waits_ = t.terminated == 0 && t.truncated == 0;
    last_ = t;
    return updates;
  }

  learner_options options_;
  vec<double> twins_;                // of double_q: both tables
  traces traces_;                    // of q_lambda
  std::optional<planner> planner_;   // of dyna_q and sweeping
  transition last_{};                // of sarsa and q_lambda
  bool waits_ = false;               // last_ was seen, and goes on
  double average_ = 0;
};

}  // namespace v1
}  // namespace gyre
