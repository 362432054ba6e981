// tuner.hpp - finds what earns most in each state, in few noisy tries, within rails.hpp.
// Room: learn. Threads: one owner at a time.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <gyre/core/error.hpp>
#include <gyre/core/rng.hpp>
#include <gyre/learn/knowledge.hpp>
#include <gyre/learn/rails.hpp>
#include <gyre/learn/stats.hpp>
#include <limits>
#include <span>
#include <utility>

namespace gyre {
inline namespace v1 {

/// An action, and how likely it was to be taken.
struct decision {
  std::uint32_t action = 0;
  /// Over 0, at most 1. Given whether the states were taken together, which is drawn first.
  double propensity = 1;
};

/// The learner of work whose reward is the tick's own. choose() an action for the state, do it,
/// observe() what it earned. Nothing is to be set: unit and noise of the reward, how alike
/// neighbouring settings and states are, and whether what is best moves, are learned.
///     gyre::tuner t({.features = {{2}}, .knobs = {{5}, {3}}}, {}, 1, 0);
///     const gyre::decision d = t.choose(state);
///     t.observe(state, d.action, megabytes_per_second(d.action));
/// Each state has a mixture of Gaussian beliefs over its actions, all states together another, and
/// the next action is drawn from the odds of being best (contest). Everything follows from
/// (shape, options, seed, stream) and the calls, bit for bit, on every machine. choose() and
/// observe() take no memory.
class tuner {
 public:
  static constexpr std::uint32_t considered = 256;  ///< actions looked at in one choice, at most

  /// @pre check(shape, options)
  tuner(const tuner_shape& shape, const tuner_options& options, std::uint64_t seed,
        std::uint64_t stream)
      : shape_(shape),
        options_(options),
        seed_(seed),
        stream_(stream),
        known_(shape),
        contest_(std::min(known_.actions(), considered)),
        steps_(shape.knobs),
        allowance_(has_baseline() ? known_.states() : 0, options.budget),
        barred_(known_.actions(), 0),
        visits_(std::size_t{known_.states()} * known_.actions(), 0),
        kept_(known_.actions() > considered ? known_.states() : 0),
        last_change_(known_.states(), 0) {
    counts_.states = states();
    counts_.actions = actions();
    for (const std::uint32_t a : options.forbidden) barred_[a] = 1;
  }

  /// The action to take now. Those in `not_now` are left out of this choice, unless nothing else is
  /// left. @pre state < states()
  decision choose(std::uint32_t state, std::span<const std::uint32_t> not_now = {}) noexcept {
    rng draw(seed_, stream_, purpose::explore, draws * counts_.decisions);
    ++counts_.decisions;
    if (options_.mode == tuning_mode::observe) return {has_baseline() ? options_.baseline : 0, 1};
    if (options_.mode == tuning_mode::frozen) return {greedy(state), 1};
    gather(contest_, state, draw.below(actions()));
    const double share = draw.unit(), equal = draw.unit();
    const knowledge::scale in = known_.rate(state, contest_, {share, equal});
    if (options_.at_random > 0) contest_.mix(static_cast<float>(options_.at_random));
    if (!(in.unit > 0) || actions() <= few) prefer_untried(state);
    if (!not_now.empty()) rule_out(not_now, draw.unit());
    const std::uint32_t i = contest_.drawn(draw.unit());
    if (!has_baseline() && !options_.one_step) return {contest_.action(i), propensity(i)};
    return on_rails(state, i, in);
  }
  /// The action that is held to be best, the lowest of equals; of more than `considered` the best
  /// that was tried.
  std::uint32_t greedy(std::uint32_t state) const noexcept {
    const bool listed = actions() > considered && kept_.of(state)[0] != none;
    std::uint32_t best = none;
    double most = 0;
    for (std::uint32_t i = 0; i < (listed ? shortlist::length : actions()); ++i) {
      const std::uint32_t a = listed ? kept_.of(state)[i] : i;
      if (a == none || barred_[a] != 0) continue;
      const double w = worth(state, a);
      if (best != none && !(w > most)) continue;
      best = a;
      most = w;
    }
    if (best != none) return best;
    return static_cast<std::uint32_t>(std::find(barred_.begin(), barred_.end(), 0) -
                                      barred_.begin());
  }
  /// What a cell is held to earn. Before anything is known of it: 0, with no variance.
  mixture::estimate estimate(std::uint32_t state, std::uint32_t action) const noexcept {
    return known_.estimate(state, action);
  }

  /// Learns what an action earned; it need not be one that choose() gave. False when it is refused
  /// (not finite, an index out of range, mode `frozen`): counted, and nothing else changed.
  bool observe(std::uint32_t state, std::uint32_t action, double reward) noexcept {
    if (!takes(state, action) || !std::isfinite(reward) || std::fabs(reward) > 1e150) {
      ++counts_.refused;
      return false;
    }
    seen_.worst = std::min(seen_.worst, reward);
    seen_.best = std::max(seen_.best, reward);
    learn(state, action, reward);
    return true;
  }
  /// Learns that an action failed: worth less than the worst reward so far, by a tenth of all that
  /// rewards differ by, or of that reward where they do not. Before the first reward it is counted
  /// and teaches nothing. False as observe().
  bool observe_failure(std::uint32_t state, std::uint32_t action) noexcept {
    if (!takes(state, action)) {
      ++counts_.refused;
      return false;
    }
    ++counts_.failures;
    if (seen_.worst == std::numeric_limits<double>::max()) return true;
    const double less = std::max(seen_.best - seen_.worst, std::fabs(seen_.worst)) / 10;
    learn(state, action, seen_.worst - (less > 0 ? less : 1));  // 1: all were 0
    return true;
  }

  void set_mode(tuning_mode mode) noexcept { options_.mode = mode; }
  /// Sets what choose() has counted, for an owner that restores by observing its journal again:
  /// observe() and observe_failure() restore everything else.
  void resume_at(std::uint64_t decisions, const tuner_interventions& so_far = {}) noexcept {
    counts_.decisions = decisions;
    counts_.interventions = so_far;
  }

  std::uint32_t states() const noexcept { return known_.states(); }
  std::uint32_t actions() const noexcept { return known_.actions(); }
  const tuner_shape& shape() const noexcept { return shape_; }
  const tuner_options& options() const noexcept { return options_; }
  std::uint64_t seed() const noexcept { return seed_; }
  std::uint64_t stream() const noexcept { return stream_; }
  std::uint64_t decisions() const noexcept { return counts_.decisions; }
  /// How often each cell was observed, row-major: visits()[state * actions() + action].
  const std::uint32_t* visits() const noexcept { return visits_.data(); }

  tuner_stats stats() const noexcept {
    tuner_stats s = counts_;
    s.sharing = known_.sharing();
    s.lost = allowance_.lost();
    s.may_lose = allowance_.may_lose();
    s.bytes = bytes();
    return s;
  }
  /// What is known of a state. Takes memory, and the time of a choice under every hypothesis.
  state_report report(std::uint32_t state) const {
    state_report r;
    r.best = greedy(state);
    const mixture::estimate e = known_.estimate(state, r.best);
    const double wide = 1.96 * std::sqrt(e.variance);
    r.estimate = e.mean;
    r.low = e.mean - wide;
    r.high = e.mean + wide;
    r.noise = std::sqrt(e.noise);
    for (std::uint32_t a = 0; a < actions(); ++a) r.observations += visits_[cell(state, a)];
    r.last_change = last_change_[state];
    r.baseline = std::numeric_limits<double>::quiet_NaN();
    if (has_baseline() && r.observations > 0) {
      r.baseline = known_.estimate(state, options_.baseline).mean;
    }
    contest other(contest_);  // the tuner's own is for choices
    gather(other, state, 0);
    std::uint32_t place = 0;
    while (place < other.size() && other.action(place) != r.best) ++place;
    if (place == other.size()) return r;
    r.probability = known_.odds(state, other, place, 1);
    r.trying = options_.mode == tuning_mode::tune
                   ? 1 - known_.odds(state, other, place, knowledge::boldness)
                   : 0;
    return r;
  }
  /// Memory in bytes, all of it taken by the constructor.
  std::uint64_t bytes() const noexcept {
    return sizeof *this - sizeof known_ + known_.bytes() + contest_.bytes() + allowance_.bytes() +
           barred_.size() + 4 * visits_.size() + kept_.bytes() + 8 * last_change_.size();
  }

  /// Writes everything that learning has changed; shape, options, seed and stream are the owner's
  /// to give again. With the same ones, a restored tuner goes on bit for bit. `Writer` is
  /// byte_writer, `Reader` byte_reader: parameters, since learning knows nothing of bytes.
  template <class Writer>
  void save(Writer& out) const {
    out.u8(format);
    out.u32(states());
    out.u32(actions());
    saving<Writer> io{out};
    (void)const_cast<tuner&>(*this).each(io);  // writing changes nothing of what it is shown
  }
  /// Takes over what save() wrote, leaving `in` behind its last byte. code::format for another
  /// version or shape, code::corrupt for damage: nothing changed.
  template <class Reader>
  code restore(Reader& in) {
    const bool mine = in.u8() == format && in.u32() == states() && in.u32() == actions();
    if (!mine) return in.ok() ? code::format : code::corrupt;
    tuner read = *this;
    loading<Reader> io{in};
    if (!read.each(io) || !io.sound || !in.ok()) return code::corrupt;
    *this = std::move(read);
    return code::ok;
  }

 private:
  static constexpr std::uint8_t format = 1;
  static constexpr std::uint64_t draws = 8;  ///< of random numbers that a decision may take
  static constexpr std::uint32_t few = 8;    ///< actions, of which each is tried once
  static constexpr float caution = 5;        ///< widths below the mean that a tick may earn
  static constexpr std::uint32_t none = tuner_options::none;

  template <class Io>
  bool each(Io& io) {
    for (std::uint64_t* n : {&counts_.decisions, &counts_.observations, &counts_.failures,
                             &counts_.refused, &counts_.changes, &counts_.last_change,
                             &counts_.interventions.budget, &counts_.interventions.steps,
                             &counts_.interventions.forbidden}) {
      io(*n);
    }
    io(counts_.cells_tried);
    io(counts_.mean_reward);
    io(seen_.worst);
    io(seen_.best);
    io(last_);
    for (std::uint32_t& n : visits_) io(n);
    for (std::uint64_t& n : last_change_) io(n);
    allowance_.each(io);
    bool sound = last_ == none || last_ < actions();
    sound = kept_.each(io, actions()) && sound;
    return known_.each(io) && sound;
  }

  bool has_baseline() const noexcept { return options_.baseline != none; }
  std::size_t cell(std::uint32_t state, std::uint32_t action) const noexcept {
    return std::size_t{state} * actions() + action;
  }
  bool takes(std::uint32_t state, std::uint32_t action) const noexcept {
    return state < states() && action < actions() && options_.mode != tuning_mode::frozen;
  }

  void learn(std::uint32_t state, std::uint32_t action, double reward) noexcept {
    ++counts_.observations;
    const auto n = static_cast<double>(std::min<std::uint64_t>(counts_.observations, 100));
    counts_.mean_reward += (reward - counts_.mean_reward) / n;
    std::uint32_t& visits = visits_[cell(state, action)];
    if (visits == 0) ++counts_.cells_tried;
    if (visits < std::numeric_limits<std::uint32_t>::max()) ++visits;
    last_ = action;
    if (has_baseline()) {
      const bool baseline = action == options_.baseline;
      const double r = known_.plausible(state, action, reward);  // nothing is gained by outliers,
      allowance_.observe(state, baseline, baseline ? r : std::min(r, reward));  // but much lost
    }
    if (known_.observe(state, action, reward)) {
      ++counts_.changes;
      counts_.last_change = last_change_[state] = counts_.observations;
    }
    if (actions() > considered) {
      kept_.offer(state, action, [&](std::uint32_t a) { return worth(state, a); });
    }
  }

  double worth(std::uint32_t state, std::uint32_t action) const noexcept {
    return known_.estimate(state, action).mean;
  }
  /// Puts the actions that compete into a contest: all that are not forbidden, or of too many
  /// those kept in mind, the baseline, and others spread evenly from `offset` on.
  void gather(contest& into, std::uint32_t state, std::uint32_t offset) const noexcept {
    into.clear();
    const auto add = [&](std::uint32_t a) {
      if (barred_[a] == 0) into.add(a);
    };
    if (actions() <= considered) {
      for (std::uint32_t a = 0; a < actions(); ++a) add(a);
      return;
    }
    for (const std::uint32_t a : kept_.of(state)) {
      if (a != none) add(a);
    }
    if (has_baseline() && !kept_.has(state, options_.baseline)) add(options_.baseline);
    const std::uint32_t room = considered - into.size();
    for (std::uint32_t i = 0; i < room; ++i) {
      const auto a = static_cast<std::uint32_t>(
          (offset + std::uint64_t{actions()} * i / room) % actions());
      if (!kept_.has(state, a) && a != options_.baseline) add(a);
    }
    for (std::uint32_t a = 0; a < actions() && into.size() == 0; ++a) add(a);
  }
  double propensity(std::uint32_t place) const noexcept {
    double all = 0;
    for (std::uint32_t i = 0; i < contest_.size(); ++i) {
      all += static_cast<double>(contest_.odds(i));
    }
    return static_cast<double>(contest_.odds(place)) / all;
  }
  /// Only what was never tried in this state competes, if there is such: at first, and of few
  /// actions always, since rewards without noise leave no doubt about what was not tried.
  void prefer_untried(std::uint32_t state) noexcept {
    const std::uint32_t* const row = visits_.data() + cell(state, 0);
    const auto tried = [&](std::uint32_t i) { return row[contest_.action(i)] > 0; };
    bool any = false;
    for (std::uint32_t i = 0; i < contest_.size(); ++i) any = any || !tried(i);
    if (any) contest_.even_but(tried);
  }
  /// Takes actions out of one choice; `draw` says whether one of them would have been taken.
  void rule_out(std::span<const std::uint32_t> not_now, double draw) noexcept {
    const auto out = [&](std::uint32_t i) {
      return std::find(not_now.begin(), not_now.end(), contest_.action(i)) != not_now.end();
    };
    double all = 0, gone = 0;
    std::uint32_t left = 0;
    for (std::uint32_t i = 0; i < contest_.size(); ++i) {
      const auto odds = static_cast<double>(contest_.odds(i));
      all += odds;
      if (out(i)) gone += odds;
      if (!out(i)) ++left;
    }
    if (left == 0) return;
    if (draw * all < gone) ++counts_.interventions.forbidden;
    for (std::uint32_t i = 0; i < contest_.size(); ++i) {
      if (out(i)) (void)contest_.rule_out(i);
    }
    if (all - gone < 1e-9) contest_.even_but(out);
  }

  /// What the guard rails make of the action at a place: the one to take, and which rail it was.
  enum class rail : std::uint8_t { no, step, budget };
  std::pair<std::uint32_t, rail> railed(std::uint32_t state, std::uint32_t place,
                                        const knowledge::scale& in) const noexcept {
    const std::uint32_t aim = contest_.action(place);
    const std::uint32_t next = stepped(aim);
    if (!has_baseline() || affordable(state, next, in)) {
      return {next, next == aim ? rail::no : rail::step};
    }
    return {stepped(options_.baseline), rail::budget};
  }
  std::uint32_t stepped(std::uint32_t aim) const noexcept {
    if (!options_.one_step || last_ == none) return aim;
    const std::uint32_t next = steps_.towards(last_, aim);
    return barred_[next] == 0 ? next : last_;  // not through what is forbidden
  }
  /// Whether the budget bears what an action may lose: as much as the beliefs fear; of one that was
  /// hardly tried, all that the baseline earns; and nothing is tried but beside what was.
  bool affordable(std::uint32_t state, std::uint32_t action,
                  const knowledge::scale& in) const noexcept {
    if (action == options_.baseline) return true;
    if (!allowance_.known(state)) return false;
    const std::uint32_t tried = visits_[cell(state, action)];
    double loss = tried < 2 ? allowance_.feared(state) : 0;
    for (std::uint32_t i = 0; i < contest_.size(); ++i) {
      if (contest_.action(i) != action || !(in.unit > 0)) continue;
      const float low = contest_.mean(i) - caution * contest_.width(i);
      const double least = in.centre + in.unit * static_cast<double>(low);
      loss = std::max(loss, allowance_.baseline(state) - least);
    }
    bool near = tried > 0;
    if (!near) {
      steps_.around(action, [&](std::uint32_t a) { near = near || visits_[cell(state, a)] > 0; });
    }
    return near && allowance_.allows(state, loss);
  }
  decision on_rails(std::uint32_t state, std::uint32_t place, const knowledge::scale& in) noexcept {
    const auto [action, why] = railed(state, place, in);
    if (why == rail::step) ++counts_.interventions.steps;
    if (why == rail::budget) ++counts_.interventions.budget;
    double same = 0;  // of all that would have led to the same action
    for (std::uint32_t i = 0; i < contest_.size(); ++i) {
      if (contest_.odds(i) > 0 && railed(state, i, in).first == action) same += propensity(i);
    }
    return {action, std::min(same, 1.0)};
  }

  tuner_shape shape_;
  tuner_options options_;
  std::uint64_t seed_, stream_;
  knowledge known_;
  contest contest_;
  steps steps_;
  allowance allowance_;
  vec<std::uint8_t> barred_;        ///< 1: forbidden for good
  vec<std::uint32_t> visits_;       ///< of each cell
  shortlist kept_;                          ///< where there are more than `considered` actions
  vec<std::uint64_t> last_change_;  ///< of each state
  tuner_stats counts_;
  struct extremes {  ///< of all rewards so far; worst over best: there were none
    double worst = std::numeric_limits<double>::max();
    double best = std::numeric_limits<double>::lowest();
  } seen_;
  std::uint32_t last_ = none;                          ///< action that was observed last
};

}  // namespace v1
}  // namespace gyre
