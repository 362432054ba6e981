// learner.hpp - tries actions, keeps what they earned, and learns which one pays in which state.
// Room: learn. Threads: one owner at a time.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <gyre/learn/options.hpp>
#include <gyre/learn/q_table.hpp>
#include <gyre/learn/replay.hpp>
#include <gyre/learn/stats.hpp>
#include <gyre/learn/transition.hpp>
#include <limits>
#include <span>
#include <string>
#include <utility>

namespace gyre {
inline namespace v1 {

/// code::arg when a probability is outside 0..1 or NaN, or `from` has no decision to be used at.
inline result<void> check(const exploration& e) {
  for (const double p : {e.from, e.to}) {
    if (!(p >= 0 && p <= 1)) {
      return fail(code::arg, "exploration is a probability 0..1, not ", p);
    }
  }
  if (e.over == 0 && e.from != e.to) {
    return fail(code::arg, "exploration from ", e.from, " to ", e.to,
                " needs `over`, the decisions that it takes; with 0 it would start at ", e.to);
  }
  return ok;
}

/// code::arg naming the first option that is out of its range.
inline result<void> check(const learner_options& o) {
  if (!(o.discount >= 0 && o.discount <= 1)) {
    return fail(code::arg, "discount is 0..1, not ", o.discount);
  }
  if (!(o.learning_rate > 0 && o.learning_rate <= 1)) {
    return fail(code::arg, "learning_rate is over 0, at most 1, not ", o.learning_rate);
  }
  if (o.batch == 0) return fail(code::arg, "batch is at least 1, not 0");
  if (o.every == 0) return fail(code::arg, "every is at least 1, not 0");
  if (o.capacity > o.most) {
    return fail(code::arg, "capacity is at most ", o.most, " rows, not ", o.capacity);
  }
  return check(o.explore);
}

/// Tabular Q-learning from replay, epsilon-greedy (Watkins 1989; Lin 1992). act(), do
/// it, observe() what came of it; every `every` observations a batch is replayed, each row moving
/// its cell towards `reward + discount * max Q(next)`, without the second term where the
/// transition terminated. With a discount of 0 the last 100 rows are replayed alone, since
/// older ones may tell of a world that has changed. Everything follows from (seed, stream) and the
/// calls, on every machine.
/// act() and observe() take no memory and cost no more than a batch.
class learner {
 public:
  using observation = std::uint32_t;  ///< a state; see agent.hpp
  using experience = transition;

  /// Memory for states x actions cells and `capacity` rows.
  /// @pre states > 0, actions > 0, check(options)
  learner(std::uint32_t states, std::uint32_t actions, const learner_options& options,
          std::uint64_t seed, std::uint64_t stream)
      : options_(with_defaults(options)),
        seed_(seed),
        stream_(stream),
        table_(states, actions),
        visits_(table_.cells(), 0),
        replay_(options_.capacity),
        batch_(std::min(options_.batch, replay_.capacity())),
        random_(seed, stream, purpose::replay) {}

  /// The action to take now: random with the probability that the schedule says, else the greedy
  /// one, a random one of equals. Depends on the table and on how many decisions came before.
  /// @pre state < states()
  std::uint32_t act(std::uint32_t state) noexcept {
    const double p = exploration_now();
    rng draw(seed_, stream_, purpose::explore, 2 * decisions_);  // two draws a decision
    ++decisions_;
    if (draw.unit() < p) return draw.below(table_.actions());
    return table_.greedy(state, draw.next());
  }
  /// The action of most worth, the lowest index on a tie. @pre state < states()
  std::uint32_t greedy(std::uint32_t state) const noexcept { return table_.greedy(state); }

  /// Keeps a transition and replays a batch when one is due. False when it was refused (its reward
  /// is not finite, or an index is out of range): counted, and nothing else changed.
  bool observe(const transition& seen) noexcept {
    if (!fits(seen)) {
      ++refused_;
      return false;
    }
    replay_.push(seen);
    ++observations_;
    std::uint32_t& visits = visits_[std::size_t{seen.state} * table_.actions() + seen.action];
    if (visits < std::numeric_limits<std::uint32_t>::max()) ++visits;
    const auto n = static_cast<double>(std::min<std::uint64_t>(observations_, 100));
    mean_reward_ += (seen.reward - mean_reward_) / n;
    if (observations_ % options_.every == 0 &&
        replay_.size() >= std::min(options_.warmup, replay_.capacity())) {
      train();
    }
    return true;
  }

  /// Sets what a cell is worth, known from elsewhere, as if by one observation. False: no cell.
  bool carry_over(std::uint32_t state, std::uint32_t action, double worth) noexcept {
    if (!fits({state, action, worth, state})) return false;
    table_.update(state, action, worth, 1, false);
    ++visits_[std::size_t{state} * table_.actions() + action];
    ++observations_;
    return true;
  }
  /// Replays one batch now: `batch` rows, or all while there are fewer. observe() calls it.
  void train() noexcept {
    const std::span<transition> rows(batch_.data(),
                                     std::min<std::size_t>(batch_.size(), replay_.size()));
    const bool drawn = options_.discount > 0 ? replay_.sample(rows, random_)
                                             : replay_.sample_newest(rows, random_, recent);
    if (!drawn) return;
    for (const transition& t : rows) {
      double target = t.reward;
      if (t.terminated == 0 && options_.discount > 0) {
        target += options_.discount * table_.exact_best(t.next);
      }
      table_.update(t.state, t.action, target, options_.learning_rate, options_.sample_average);
    }
    updates_ += rows.size();
  }

  /// Off: act() is greedy whatever the schedule says, and decisions still count.
  void set_exploring(bool on) noexcept { exploring_ = on; }
  bool exploring() const noexcept { return exploring_; }
  /// Moves the schedule and the random choices to the point after `decisions` of them; for an owner
  /// that restores by observing its journal again. observe() restores everything else.
  void resume_at(std::uint64_t decisions) noexcept { decisions_ = decisions; }

  std::uint32_t states() const noexcept { return table_.states(); }
  std::uint32_t actions() const noexcept { return table_.actions(); }
  const learner_options& options() const noexcept { return options_; }
  std::uint64_t seed() const noexcept { return seed_; }
  std::uint64_t stream() const noexcept { return stream_; }
  const q_table& table() const noexcept { return table_; }
  const replay<transition>& memory() const noexcept { return replay_; }
  /// states() * actions() learned values, row-major; the address is good until load().
  const float* q() const noexcept { return table_.data(); }
  /// How often each cell was observed, in the same order.
  const std::uint32_t* visits() const noexcept { return visits_.data(); }
  std::uint64_t decisions() const noexcept { return decisions_; }
  std::uint64_t observations() const noexcept { return observations_; }

  learner_stats stats() const noexcept {
    learner_stats s;
    s.states = states();
    s.actions = actions();
    s.q_values = table_.learned();
    s.decisions = decisions_;
    s.observations = observations_;
    s.refused = refused_;
    s.updates = updates_;
    s.exploration = exploration_now();
    s.discount = options_.discount;
    s.learning_rate = options_.learning_rate;
    s.mean_reward = mean_reward_;
    s.replay_size = replay_.size();
    s.replay_capacity = replay_.capacity();
    s.replay_added = replay_.total_added();
    s.replay_sampled = replay_.total_sampled();
    return s;
  }

  /// Writes everything that learning has changed; options, seed and stream are the owner's to give
  /// again. With the same ones, a loaded learner goes on bit for bit as if it had never stopped.
  void save(byte_writer& out) const {
    out.u8(format);
    out.u32(states());
    out.u32(actions());
    out.varint(decisions_);
    out.varint(observations_);
    out.varint(refused_);
    out.varint(updates_);
    out.varint(random_.counter());
    out.u8(exploring_ ? 1 : 0);
    out.f64(mean_reward_);
    table_.save(out);
    for (const std::uint32_t n : visits_) out.varint(n);
    replay_.save(out);
  }

  /// Takes over what save() wrote, leaving `in` behind its last byte. code::format for another
  /// version or another number of states or actions, code::corrupt for damage; nothing changed.
  result<void> load(byte_reader& in) {
    const std::uint8_t version = in.u8();
    if (version != format && version != narrow_format) {
      return fail(code::format, "learner: format ", version, ", this reads ", format);
    }
    const std::uint32_t states = in.u32();
    const std::uint32_t actions = in.u32();
    if (states != this->states() || actions != this->actions()) {
      return fail(code::format, "learner: saved with ", states, " states x ", actions,
                  " actions, now ", this->states(), " x ", this->actions());
    }
    learner read(states, actions, options_, seed_, stream_);
    GYRE_CHECK(read.load_body(in, version == narrow_format));
    *this = std::move(read);
    return ok;
  }

 private:
  static constexpr std::uint8_t format = 2, narrow_format = 1;  // 1: worths were floats
  /// Rows that are replayed with discount 0: what came before says nothing of what is now.
  static constexpr std::uint32_t recent = 100;

  static learner_options with_defaults(learner_options o) noexcept {
    if (o.capacity == 0) o.capacity = 5'000;
    if (o.sequential && o.discount == 0) o.discount = 0.95;
    return o;
  }

  bool fits(const transition& t) const noexcept {
    return std::isfinite(t.reward) && t.state < states() && t.action < actions() &&
           t.next < states();
  }
  double exploration_now() const noexcept {
    return exploring_ ? options_.explore.at(decisions_) : 0;
  }
  result<void> load_body(byte_reader& in, bool narrow) {
    decisions_ = in.varint();
    observations_ = in.varint();
    refused_ = in.varint();
    updates_ = in.varint();
    random_.seek(in.varint());
    exploring_ = in.u8() != 0;
    mean_reward_ = in.f64();
    if (!in.ok() || !std::isfinite(mean_reward_)) {
      return fail(code::corrupt, "learner: its counters are damaged");
    }
    GYRE_CHECK(table_.load(in, narrow));
    for (std::uint32_t& n : visits_) n = static_cast<std::uint32_t>(in.varint());
    GYRE_CHECK(replay_.load(in));
    for (std::size_t i = 0; i < replay_.size(); ++i) {
      if (!fits(replay_[i])) return fail(code::corrupt, "learner: a transition is out of range");
    }
    return ok;
  }

  learner_options options_;
  std::uint64_t seed_, stream_;
  q_table table_;
  vec<std::uint32_t> visits_;
  replay<transition> replay_;
  vec<transition> batch_;
  rng random_;
  std::uint64_t decisions_ = 0, observations_ = 0, refused_ = 0, updates_ = 0;
  double mean_reward_ = 0;
  bool exploring_ = true;
};

}  // namespace v1
}  // namespace gyre
