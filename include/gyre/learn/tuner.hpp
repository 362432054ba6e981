// tuner.hpp - finds what earns most in each state, in few noisy tries, within rails and limits.
// Room: learn. Threads: one owner at a time.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <gyre/core/error.hpp>
#include <gyre/core/rng.hpp>
#include <gyre/learn/experience.hpp>
#include <gyre/learn/rails.hpp>
#include <limits>
#include <span>
#include <string>
#include <string_view>
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
  static constexpr std::uint32_t considered = experience::considered;

  /// @pre check(shape, options)
  tuner(const tuner_shape& shape, const tuner_options& options, std::uint64_t seed,
        std::uint64_t stream)
      : shape_(shape),
        options_(options),
        seed_(seed),
        stream_(stream),
        seen_(shape),
        contest_(std::min(actions(), considered)),
        steps_(shape.knobs),
        allowance_(has_baseline() ? states() : 0, options.budget),
        barred_(actions(), options.forbidden) {}

  /// The action to take now. Those in `not_now` are left out of this choice, in every mode and
  /// before every other rail, unless nothing else is left; those that break a limit (observe_limit)
  /// too, but for the baseline. @pre state < states()
  decision choose(std::uint32_t state, std::span<const std::uint32_t> not_now = {}) noexcept {
    const bool ruled = !not_now.empty() && barred_.begin(not_now);
    const decision d = pick(state, ruled);
    if (ruled) barred_.end(not_now);
    return d;
  }
  /// The action that is held to be best of those that break no limit, the lowest of equals; of more
  /// than `considered` the best that was tried. Where all break one: the mildest.
  std::uint32_t greedy(std::uint32_t state) const noexcept {
    return seen_.greedy(state, [this](std::uint32_t a) { return barred_.out(a); });
  }
  /// What a cell is held to earn. Before anything is known of it: 0, with no variance.
  mixture::estimate estimate(std::uint32_t state, std::uint32_t action) const noexcept {
    return seen_.known.estimate(state, action);
  }

  /// Learns what an action earned; it need not be one that choose() gave. False when it is refused
  /// (not finite, an index out of range, mode `frozen`): counted, and nothing else changed.
  bool observe(std::uint32_t state, std::uint32_t action, double reward) noexcept {
    if (!takes(state, action) || !std::isfinite(reward) || std::fabs(reward) > 1e150) {
      ++seen_.counts.refused;
      return false;
    }
    account(state, action, reward);
    seen_.learn(state, action, reward);
    return true;
  }
  /// As observe(), of what is known from elsewhere: it is nothing to budget and steps.
  bool carry_over(std::uint32_t state, std::uint32_t action, double reward) noexcept {
    if (!known_cell(state, action) || !std::isfinite(reward)) return false;
    seen_.learn(state, action, reward);
    return true;
  }
  /// Learns that an action failed: worth less than the worst reward so far, by a tenth of all that
  /// rewards differ by, or of that reward where they do not. Before the first reward it is counted
  /// and teaches nothing. False as observe().
  bool observe_failure(std::uint32_t state, std::uint32_t action) noexcept {
    if (!takes(state, action)) {
      ++seen_.counts.refused;
      return false;
    }
    ++seen_.counts.failures;
    const double worth = seen_.failure();
    if (std::isnan(worth)) return true;
    account(state, action, worth);
    seen_.count(state, action, worth);
    return true;
  }
  /// Learns what a figure of a tick was that is to stay under a bound: settings that break it with
  /// 95 % confidence are avoided from then on. The first of a name takes as much memory as the
  /// tuner has. @param at_most the bound from now on @param news set to true where this shows that
  /// the action breaks the limit in this state. ARG: not finite, an index out of range; STATE: mode
  /// `frozen`; BUDGET: a fifth name. Nothing changed then.
  code observe_limit(std::uint32_t state, std::uint32_t action, std::string_view name, double value,
                     double at_most, bool* news = nullptr) {
    if (options_.mode == tuning_mode::frozen) return code::state;
    const bool sound = std::fabs(value) <= 1e150 && std::fabs(at_most) <= 1e150;
    if (!sound || !takes(state, action)) return code::arg;
    const int i = limit(name);
    if (i < 0) return code::budget;
    const bool fresh = seen_.limits.observe(static_cast<std::size_t>(i), state, action, value,
                                            at_most);
    if (news != nullptr) *news = *news || fresh;
    return code::ok;
  }
  /// The place of a limit among limits(), a new one if there is none of this name; -1: there are
  /// four others.
  int limit(std::string_view name) { return seen_.limits.place(name, shape_); }
  const gyre::limits& limits() const noexcept { return seen_.limits; }
  const tuner_interventions& interventions() const noexcept { return seen_.counts.interventions; }
  /// Counts what its owner would not have learned.
  void refuse() noexcept { ++seen_.counts.refused; }
  /// The action that was in use last, where that is not what choose() said: `one_step` goes on from
  /// there.
  void applied(std::uint32_t action) noexcept { steps_.last = action; }
  std::uint32_t last() const noexcept { return steps_.last; }  ///< options.none: there is none

  /// What observe_failure() teaches now. NaN before the first reward.
  double failure() const noexcept { return seen_.failure(); }
  void set_mode(tuning_mode mode) noexcept { options_.mode = mode; }
  /// Sets what choose() has counted, for an owner that restores by observing its journal again:
  /// observe() and observe_failure() restore everything else.
  void resume_at(std::uint64_t decisions, const tuner_interventions& so_far = {}) noexcept {
    seen_.counts.decisions = decisions;
    seen_.counts.interventions = so_far;
  }

  std::uint32_t states() const noexcept { return seen_.known.states(); }
  std::uint32_t actions() const noexcept { return seen_.known.actions(); }
  const tuner_shape& shape() const noexcept { return shape_; }
  const tuner_options& options() const noexcept { return options_; }
  std::uint64_t seed() const noexcept { return seed_; }
  std::uint64_t stream() const noexcept { return stream_; }
  std::uint64_t decisions() const noexcept { return seen_.counts.decisions; }
  /// How often each cell was observed, row-major: visits()[state * actions() + action].
  const std::uint32_t* visits() const noexcept { return seen_.visits(); }

  tuner_stats stats() const noexcept {
    tuner_stats s = seen_.counts;
    s.sharing = seen_.known.sharing();
    s.lost = allowance_.lost();
    s.may_lose = allowance_.may_lose();
    s.bytes = bytes();
    return s;
  }
  /// What is known of a state. Takes memory, and the time of a choice under every hypothesis.
  state_report report(std::uint32_t state) const {
    state_report r = seen_.report(state, greedy(state));
    if (has_baseline() && r.observations > 0) r.baseline = seen_.worth(state, options_.baseline);
    contest other(contest_);  // the tuner's own is for choices
    gather(other, state, 0, false);
    other.remove([&](std::uint32_t a) { return seen_.limits.broken(state, a); });
    std::uint32_t place = 0;
    while (place < other.size() && other.action(place) != r.best) ++place;
    const bool tunes = options_.mode == tuning_mode::tune;
    if (place == other.size()) {  // all break a limit
      r.trying = tunes && beside(state, r.best) != r.best ? 1 : 0;
      return r;
    }
    r.probability = seen_.known.best(state, other, place);
    const double stays = seen_.known.odds(state, other, place), any = options_.at_random;
    r.trying = tunes ? (1 - any) * (1 - stays) + any * (1 - 1.0 / other.size()) : 0;
    return r;
  }
  /// Memory in bytes; all but that of limits is taken by the constructor.
  std::uint64_t bytes() const noexcept {
    return sizeof *this - sizeof seen_ + seen_.bytes() + contest_.bytes() + allowance_.bytes() +
           barred_.bytes();
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
    tuner& all = const_cast<tuner&>(*this);  // writing changes nothing of what it is shown
    (void)all.each(io);
    io(all.seen_.counts.interventions.limits);
    all.seen_.limits.save(out, io);
  }
  /// Takes over what save() wrote, leaving `in` behind its last byte. code::format for another
  /// version or shape, code::corrupt for damage: nothing changed. Takes memory for limits.
  template <class Reader>
  code restore(Reader& in) {
    const std::uint8_t version = in.u8();
    const bool mine = (version == format || version == without_limits) && in.u32() == states() &&
                      in.u32() == actions();
    if (!mine) return in.ok() ? code::format : code::corrupt;
    tuner read = *this;
    loading<Reader> io{in};
    read.seen_.limits = {};
    read.seen_.counts.interventions.limits = 0;
    if (!read.each(io) || !io.sound || !in.ok()) return code::corrupt;
    if (version == format) {
      io(read.seen_.counts.interventions.limits);
      if (!read.seen_.limits.load(in, io, shape_) || !in.ok()) return code::corrupt;
    }
    *this = std::move(read);
    return code::ok;
  }

 private:
  static constexpr std::uint8_t format = 2, without_limits = 1;
  static constexpr std::uint64_t draws = 8;  ///< of random numbers that a decision may take
  static constexpr std::uint32_t few = 8;    ///< actions, of which each is tried once
  static constexpr float caution = 5;        ///< widths below the mean that a tick may earn
  static constexpr std::uint32_t none = tuner_options::none;

  template <class Io>
  bool each(Io& io) {
    seen_.each(io);
    io(steps_.last);
    seen_.each_cell(io);
    allowance_.each(io);
    const bool sound = steps_.last == none || steps_.last < actions();
    return seen_.each_belief(io) && sound;
  }

  bool has_baseline() const noexcept { return options_.baseline != none; }
  bool takes(std::uint32_t state, std::uint32_t action) const noexcept {
    return known_cell(state, action) && options_.mode != tuning_mode::frozen;
  }
  bool known_cell(std::uint32_t state, std::uint32_t action) const noexcept {
    return state < states() && action < actions();
  }

  /// Before it is learned: what it is to the rails.
  void account(std::uint32_t state, std::uint32_t action, double reward) noexcept {
    steps_.last = action;
    if (!has_baseline()) return;
    const bool baseline = action == options_.baseline;
    const double r = seen_.known.plausible(state, action, reward);  // nothing is gained by
    const double counts = baseline ? r : std::min(r, reward);       // outliers, much lost
    allowance_.observe(state, baseline, counts, seen_.known.estimate(state, action).noise);
  }
  /// Those that compete. @param skip without those that are ruled out for this choice alone
  void gather(contest& into, std::uint32_t state, std::uint32_t offset, bool skip) const noexcept {
    seen_.gather(into, state, offset, options_.baseline, [&](std::uint32_t a) {
      return skip ? barred_.out(a) : barred_.for_good(a);
    });
  }
  /// The choice, where some may be ruled out for it.
  decision pick(std::uint32_t state, bool ruled) noexcept {
    rng draw(seed_, stream_, purpose::explore, draws * seen_.counts.decisions);
    ++seen_.counts.decisions;
    if (options_.mode == tuning_mode::observe) {
      const std::uint32_t a = has_baseline() ? options_.baseline : 0;
      if (!barred_.out(a)) return {a, 1};
      if (!barred_.for_good(a)) ++seen_.counts.interventions.forbidden;
      return {greedy(state), 1};
    }
    if (options_.mode == tuning_mode::frozen) return {greedy(state), 1};
    const std::uint32_t offset = draw.below(actions());
    const knowledge::pick by{draw.unit(), draw.unit()};
    gather(contest_, state, offset, false);
    const bool some = ruled || seen_.limits.size() > 0;
    const left_out out = some ? leave_out(state, offset) : left_out{};
    const knowledge::scale in = compete(state, by);
    if (some) count_out(out, in);
    const std::uint32_t i = contest_.drawn(draw.unit());
    if (!has_baseline() && !options_.one_step) return {contest_.action(i), contest_.chance(i)};
    return on_rails(state, i, in);
  }
  /// Gives what was gathered its odds.
  knowledge::scale compete(std::uint32_t state, const knowledge::pick& by) noexcept {
    const knowledge::scale in = seen_.known.rate(state, contest_, by);
    const bool each = !(in.unit > 0) || actions() <= few;
    if (!each) seen_.glance(state, contest_, steps_, in.joined);
    if (options_.at_random > 0) contest_.mix(static_cast<float>(options_.at_random));
    if (each) seen_.prefer_untried(state, contest_);
    return in;
  }
  /// The most that is expected of what does not compete.
  struct left_out {
    double ruled = std::numeric_limits<double>::lowest();
    double limited = std::numeric_limits<double>::lowest();
  };
  /// Takes out of the contest what is ruled out for this choice, and what breaks a limit. Where all
  /// of that do, the mildest competes alone, or what was never tried beside it.
  left_out leave_out(std::uint32_t state, std::uint32_t offset) noexcept {
    left_out most;
    const auto out = [&](std::uint32_t a) {
      const bool ruled = barred_.out(a);
      if (!ruled && !seen_.limits.broken(state, a)) return false;
      double& to = ruled ? most.ruled : most.limited;
      to = std::max(to, seen_.worth(state, a));
      return true;
    };
    contest_.remove(out);
    if (contest_.size() > 0) return most;
    gather(contest_, state, offset, true);  // others, of more than were looked at
    contest_.remove(out);
    if (contest_.size() > 0) return most;
    contest_.add(beside(state, greedy(state)));
    return most;
  }
  /// An action beside `best` that was never tried in the state and may be; else `best`.
  std::uint32_t beside(std::uint32_t state, std::uint32_t best) const noexcept {
    return seen_.untried_beside(state, best, steps_,
                                [this](std::uint32_t a) { return barred_.out(a); });
  }
  /// An intervention is where what is left out is held to earn more than what is left.
  void count_out(const left_out& out, const knowledge::scale& in) noexcept {
    double top = std::numeric_limits<double>::lowest();
    for (std::uint32_t i = 0; i < contest_.size(); ++i) {
      top = std::max(top, in.centre + in.unit * static_cast<double>(contest_.mean(i)));
    }
    if (!(in.unit > 0) || top >= std::max(out.ruled, out.limited)) return;
    ++(out.ruled >= out.limited ? seen_.counts.interventions.forbidden
                                : seen_.counts.interventions.limits);
  }

  /// What the guard rails make of the action at a place: the one to take, and which rail it was.
  enum class rail : std::uint8_t { no, step, budget };
  std::pair<std::uint32_t, rail> railed(std::uint32_t state, std::uint32_t place,
                                        const knowledge::scale& in,
                                        std::uint32_t safe) const noexcept {
    const std::uint32_t aim = contest_.action(place);
    const std::uint32_t next = stepped(aim);
    if (!has_baseline() || affordable(state, next, in)) {
      return {next, next == aim ? rail::no : rail::step};
    }
    return {stepped(safe), rail::budget};
  }
  /// One step on the way, not through what is ruled out, which outranks it.
  std::uint32_t stepped(std::uint32_t aim) const noexcept {
    if (!options_.one_step || steps_.last == none) return aim;
    const std::uint32_t next = steps_.towards(steps_.last, aim);
    if (!barred_.out(next)) return next;
    return barred_.out(steps_.last) ? aim : steps_.last;
  }
  /// Whether the budget bears what an action may lose: as much as the beliefs fear; of one that was
  /// hardly tried, all that the baseline earns; and nothing is tried but beside what was.
  bool affordable(std::uint32_t state, std::uint32_t action,
                  const knowledge::scale& in) const noexcept {
    if (action == options_.baseline) return true;
    if (!allowance_.known(state)) return false;
    const std::uint32_t tried = seen_.visits(state, action);
    double loss = tried < 2 ? allowance_.feared(state) : 0;
    for (std::uint32_t i = 0; i < contest_.size(); ++i) {
      if (contest_.action(i) != action || !(in.unit > 0)) continue;
      const float low = contest_.mean(i) - caution * contest_.width(i);
      const double least = in.centre + in.unit * static_cast<double>(low);
      loss = std::max(loss, allowance_.baseline(state) - least);
    }
    bool near = tried > 0;
    if (!near) {
      steps_.around(action, [&](std::uint32_t a) { near = near || seen_.visits(state, a) > 0; });
    }
    return near && allowance_.allows(state, loss);
  }
  decision on_rails(std::uint32_t state, std::uint32_t place, const knowledge::scale& in) noexcept {
    // Where the baseline is ruled out for this choice, the best that is known stands in for it.
    const bool stands = !has_baseline() || !barred_.out(options_.baseline);
    const std::uint32_t safe = stands ? options_.baseline : greedy(state);
    const auto [action, why] = railed(state, place, in, safe);
    if (why == rail::step) ++seen_.counts.interventions.steps;
    if (why == rail::budget) ++seen_.counts.interventions.budget;
    double same = 0;  // of all that would have led to the same action
    for (std::uint32_t i = 0; i < contest_.size(); ++i) {
      const bool leads = contest_.odds(i) > 0 && railed(state, i, in, safe).first == action;
      if (leads) same += contest_.chance(i);
    }
    return {action, std::min(same, 1.0)};
  }

  tuner_shape shape_;
  tuner_options options_;
  std::uint64_t seed_, stream_;
  experience seen_;
  contest contest_;
  steps steps_;
  allowance allowance_;
  bans barred_;
};

}  // namespace v1
}  // namespace gyre
