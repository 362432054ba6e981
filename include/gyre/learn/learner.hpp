// learner.hpp - tries actions, keeps what they earned, and learns which one pays in which state.
// Room: learn. Threads: one owner at a time.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <gyre/learn/learner_check.hpp>
#include <gyre/learn/replay.hpp>
#include <gyre/learn/stats.hpp>
#include <gyre/learn/td_rules.hpp>
#include <limits>
#include <span>
#include <string>
#include <utility>

namespace gyre {
inline namespace v1 {

/// A table of what each action is worth in each state, learned by learner_options::method; by
/// default Q-learning from replay, epsilon-greedy (Watkins 1989; Lin 1992). act(), do it,
/// observe() what came of it. Of the methods that replay every `every` observations a batch is
/// replayed, each row moving its cell towards `reward + discount * max Q(next)`, without the second
/// term where the transition terminated; the newest row is one of each batch, so that with `every`
/// 1 nothing seen waits for chance. With a discount of 0 the last 100 rows are replayed: older
/// ones may tell of a world that has changed. Everything follows from (seed, stream) and the
/// calls, on every machine.
/// act() and observe() take no memory and cost no more than a batch, and `planning` cells; where
/// `optimistic` is set a reward greater than all before costs once more a pass over the table.
class learner {
 public:
  using observation = std::uint32_t;  ///< a state; see agent.hpp
  using experience = transition;

  /// Memory for states x actions cells, `capacity` rows, and what the method keeps (td_rules).
  /// @pre states > 0, actions > 0, check(options)
  learner(std::uint32_t states, std::uint32_t actions, const learner_options& options,
          std::uint64_t seed, std::uint64_t stream)
      : options_(with_defaults(options)),
        seed_(seed),
        stream_(stream),
        table_(states, actions),
        visits_(table_.cells(), 0),
        rules_(states, actions, options_),
        replay_(options_.capacity),
        batch_(std::min(options_.batch, replay_.capacity())),
        random_(seed, stream, purpose::replay) {}

  /// The action to take now: one to explore, as the options say, else the greedy one, a random one
  /// of equals. Depends on what was learned and on how many decisions came before.
  /// @pre state < states()
  std::uint32_t act(std::uint32_t state) noexcept {
    rng draw(seed_, stream_, purpose::explore, 2 * decisions_);  // two draws a decision
    const choices at = choices_in(state, decisions_++);
    return explore(exploring_ ? options_.explore : still, at, draw);
  }
  /// The action of most worth, the lowest index on a tie. @pre state < states()
  std::uint32_t greedy(std::uint32_t state) const noexcept { return table_.greedy(state); }

  /// Keeps a transition and learns what the method makes of it, replaying a batch when one is due.
  /// False when it was refused (its reward is not finite, or an index is out of range): counted,
  /// and nothing else changed.
  bool observe(const transition& seen) noexcept {
    if (!fits(seen)) {
      ++refused_;
      return false;
    }
    replay_.push(seen);
    count(seen.state, seen.action, seen.reward);
    updates_ += rules_.observe(table_, seen, random_, [this](std::uint32_t s) {
      return expected(s);
    });
    if (rules_.replays() && observations_ % options_.every == 0 &&
        replay_.size() >= std::min(options_.warmup, replay_.capacity())) {
      train();
    }
    return true;
  }

  /// Sets what a cell is worth, known from elsewhere, as if by one observation. False: no cell.
  bool carry_over(std::uint32_t state, std::uint32_t action, double worth) noexcept {
    if (!fits({state, action, worth, state})) return false;
    const std::size_t i = std::size_t{state} * table_.actions() + action;
    table_.set(i, worth);
    rules_.carry_over(i, table_.exact(i));
    ++visits_[i];
    ++observations_;
    return true;
  }
  /// Replays one batch now: `batch` rows, or all while there are fewer; or plans once more. Of a
  /// method that does neither nothing. observe() calls it.
  void train() noexcept {
    if (rules_.plans()) updates_ += rules_.plan(table_, random_);
    if (!rules_.replays()) return;
    const std::span<transition> rows(batch_.data(),
                                     std::min<std::size_t>(batch_.size(), replay_.size()));
    const bool drawn = options_.discount > 0 ? replay_.sample(rows, random_)
                                             : replay_.sample_newest(rows, random_, recent);
    if (!drawn) return;
    // Of q the newest is one of them (Zhang and Sutton 2017); the others have learned it already.
    if (options_.discount > 0 && options_.method == learning_method::q) {
      rows.back() = replay_[replay_.size() - 1];
    }
    for (const transition& t : rows) rules_.replay(table_, t, random_, [this](std::uint32_t s) {
      return expected(s);
    });
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
  const td_rules& rules() const noexcept { return rules_; }
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
    s.exploration = exploring_ ? number_of(options_.explore, choices_in(0, decisions_)) : 0;
    s.discount = options_.discount;
    s.learning_rate = options_.learning_rate;
    s.mean_reward = rewards_.mean;
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
    out.f64(rewards_.mean);
    table_.save(out);
    for (const std::uint32_t n : visits_) out.varint(n);
    replay_.save(out);
    out.f64(rewards_.greatest);
    out.u8(rewards_.empty ? 1 : 0);
    byte_writer own;
    rules_.save(own);
    out.str(as_text(own.data()));
  }

  /// Takes over what save() wrote, leaving `in` behind its last byte. What another method has
  /// learned is taken over as far as it is in the table. code::format for another version or
  /// another number of states or actions, code::corrupt for damage; nothing changed.
  result<void> load(byte_reader& in) {
    const std::uint8_t version = in.u8();
    if (version != format && version != without_rules && version != narrow_format) {
      return fail(code::format, "learner: format ", version, ", this reads ", format);
    }
    const std::uint32_t states = in.u32();
    const std::uint32_t actions = in.u32();
    if (states != this->states() || actions != this->actions()) {
      return fail(code::format, "learner: saved with ", states, " states x ", actions,
                  " actions, now ", this->states(), " x ", this->actions());
    }
    learner read(states, actions, options_, seed_, stream_);
    GYRE_CHECK(read.load_body(in, version));
    *this = std::move(read);
    return ok;
  }

 private:
  // 1: worths were floats; 2: without the greatest reward and what a method keeps
  static constexpr std::uint8_t format = 3, without_rules = 2, narrow_format = 1;
  /// Rows that are replayed with discount 0: what came before says nothing of what is now.
  static constexpr std::uint32_t recent = 100;
  static constexpr exploration still{.from = 0, .to = 0, .how = exploring::linear};
  /// Steps that count where nothing is discounted, for what an untried action may be worth.
  static constexpr double horizon = 100;

  bool fits(const transition& t) const noexcept {
    return std::isfinite(t.reward) && t.state < states() && t.action < actions() &&
           t.next < states();
  }
  choices choices_in(std::uint32_t state, std::uint64_t decisions) const noexcept {
    return {table_.exact_row(state), visits_.data() + std::size_t{state} * actions(), actions(),
            decisions};
  }
  /// What a state is worth to who explores as this does; by observations, which a journal gives
  /// back, and not by decisions.
  double expected(std::uint32_t state) const noexcept {
    return expected_worth(exploring_ ? options_.explore : still,
                          choices_in(state, observations_));
  }
  void count(std::uint32_t state, std::uint32_t action, double reward) noexcept {
    std::uint32_t& visits = visits_[std::size_t{state} * table_.actions() + action];
    if (visits < std::numeric_limits<std::uint32_t>::max()) ++visits;
    ++observations_;
    const bool better = rewards_.empty || reward > rewards_.greatest;
    rewards_.add(reward, observations_);
    if (better && options_.optimistic) {
      const double steps = std::min(horizon, 1 / (1 - std::min(options_.discount, .9999)));
      // A little more, so that there is no tie with what was tried.
      table_.start_at(1.001 * std::max(rewards_.greatest, 0.0) * steps);
    }
  }
  result<void> load_body(byte_reader& in, std::uint8_t version) {
    decisions_ = in.varint();
    observations_ = in.varint();
    refused_ = in.varint();
    updates_ = in.varint();
    random_.seek(in.varint());
    exploring_ = in.u8() != 0;
    rewards_.mean = in.f64();
    if (!in.ok() || !std::isfinite(rewards_.mean)) {
      return fail(code::corrupt, "learner: its counters are damaged");
    }
    GYRE_CHECK(table_.load(in, version == narrow_format));
    for (std::uint32_t& n : visits_) n = static_cast<std::uint32_t>(in.varint());
    GYRE_CHECK(replay_.load(in));
    for (std::size_t i = 0; i < replay_.size(); ++i) {
      if (!fits(replay_[i])) return fail(code::corrupt, "learner: a transition is out of range");
    }
    if (version != format) {
      byte_reader nothing{{}};
      return rules_.load(nothing, table_);
    }
    rewards_.greatest = in.f64();
    rewards_.empty = in.u8() != 0;
    byte_reader own(as_bytes(in.str()));
    if (!in.ok() || !std::isfinite(rewards_.greatest)) {
      return fail(code::corrupt, "learner: it ends early");
    }
    return rules_.load(own, table_);
  }

  /// What the rewards were.
  struct reward_counts {
    double greatest = 0, mean = 0;
    bool empty = true;
    void add(double reward, std::uint64_t observations) noexcept {
      mean += (reward - mean) / static_cast<double>(std::min<std::uint64_t>(observations, 100));
      greatest = empty ? reward : std::max(greatest, reward);
      empty = false;
    }
  };

  learner_options options_;
  std::uint64_t seed_, stream_;
  q_table table_;
  vec<std::uint32_t> visits_;
  td_rules rules_;
  replay<transition> replay_;
  vec<transition> batch_;
  rng random_;
  std::uint64_t decisions_ = 0, observations_ = 0, refused_ = 0, updates_ = 0;
  reward_counts rewards_;
  bool exploring_ = true;
};

}  // namespace v1
}  // namespace gyre
