// mind.hpp - what a loop learns with, tuner or Q-learning; the bytes of a lesson.
// Room: engine. Threads: under the lease of the shard of its loops.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <gyre/core/bytes.hpp>
#include <gyre/core/owner.hpp>
#include <gyre/core/scarce.hpp>
#include <gyre/learn/history.hpp>
#include <gyre/learn/learner.hpp>
#include <gyre/learn/space.hpp>
#include <gyre/learn/tuner.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// What one tick teaches. In the journal: state u32, action u32, reward f64, next u32, flags u8 (1
/// terminated, 2 truncated, 4 failed, 8 late, 16 carried, 32: how likely it was, as f64, follows).
struct lesson {
  std::uint32_t state = 0, action = 0;
  double reward = 0;
  std::uint32_t next = 0;
  bool terminated = false, truncated = false;
  bool failed = false;  ///< the reward is not its own: what the learner makes of a failure
  bool late = false;    ///< the reward came later: other ticks have been since
  /// In the journal, with the counts behind it.
  static constexpr std::size_t most_bytes = 22 + 8 + 5 * 10;
  bool carried = false;  ///< no tick at all: what was known when the settings were others
  double chance = 0;  ///< how likely the action was; 0: not known, or not to be kept

  void write(byte_writer& out) const {
    out.u32(state);
    out.u32(action);
    out.f64(reward);
    out.u32(next);
    out.u8(static_cast<std::uint8_t>((terminated ? 1 : 0) | (truncated ? 2 : 0) |
                                     (failed ? 4 : 0) | (late ? 8 : 0) |
                                     (carried ? 16 : 0) | (chance > 0 ? 32 : 0)));
    if (chance > 0) out.f64(chance);
  }
  static lesson read(byte_reader& in) noexcept {
    lesson l;
    l.state = in.u32();
    l.action = in.u32();
    l.reward = in.f64();
    l.next = in.u32();
    const std::uint8_t flags = in.u8();
    l.terminated = (flags & 1U) != 0;
    l.truncated = (flags & 2U) != 0;
    l.failed = (flags & 4U) != 0;
    l.late = (flags & 8U) != 0;
    l.carried = (flags & 16U) != 0;
    if ((flags & 32U) != 0) l.chance = in.f64();
    return l;
  }
};

/// A figure under a limit, in the journal: state u32, action u32, name, value f64, at most f64.
inline void write_figure(byte_writer& out, std::uint32_t state, std::uint32_t action,
                         std::string_view limit, double value, double at_most) {
  out.u32(state);
  out.u32(action);
  out.str(limit);
  out.f64(value);
  out.f64(at_most);
}

/// What a mind is before it has learned anything.
struct mind_shape {
  std::uint32_t states = 1, actions = 1;
  learner_options q;
  tuner_shape grid;
  tuner_options tuning;
  std::uint64_t seed = 0, stream = 0;
  std::uint32_t history = gyre::history::usual;  ///< decisions that a tuner keeps

  /// Q-learning is for who asks: by `sequential`, a discount, or any of its options.
  bool tunes() const noexcept {
    return q == learner_options{.capacity = q.capacity};
  }
  /// Goes on with another exploration, which is said: of no other kind where it has the numbers of
  /// the default. @pre it does not tune
  void explore(const exploration& e) noexcept {
    q.explore = e;
    if (e.how == exploring::automatic) q.explore.how = exploring::linear;
  }
  bool fits(const mind_shape& o) const noexcept {
    return states == o.states && actions == o.actions && tunes() == o.tunes();
  }
};

/// Held by shared_learner, and by kept_learner between its loops.
class mind {
 public:
  explicit mind(mind_shape shape) : shape_(std::move(shape)), decided_(shape_.history) {
    if (shape_.tunes()) {
      tuner_ = make_owned<tuner>(shape_.grid, shape_.tuning, shape_.seed, shape_.stream);
    } else {
      q_ = make_owned<learner>(shape_.states, shape_.actions, shape_.q, shape_.seed,
                               shape_.stream);
    }
  }

  const mind_shape& shape() const noexcept { return shape_; }
  std::uint32_t states() const noexcept { return shape_.states; }
  std::uint32_t actions() const noexcept { return shape_.actions; }
  const tuner* tuning() const noexcept { return tuner_.get(); }  ///< null: it is Q-learning
  const learner* q_learning() const noexcept { return q_.get(); }
  /// The last decisions of a tuner whose reward has come.
  const gyre::history& decided() const noexcept { return decided_; }
  std::uint64_t decisions() const noexcept {
    return tuner_ ? tuner_->decisions() : q_->decisions();
  }
  /// Whether what follows an action matters, so that a lesson needs the state that came next.
  bool looks_ahead() const noexcept { return q_ && q_->options().discount > 0; }

  /// Of Q-learning without its propensity, which is 0. @param not_now what a tuner leaves out
  decision choose(std::uint32_t state, std::span<const std::uint32_t> not_now) noexcept {
    return tuner_ ? tuner_->choose(state, not_now) : decision{q_->act(state), 0};
  }
  /// False: refused, and counted; nothing else changed. Of Q-learning a failure earns what the
  /// lesson says, and never more than the worst success. A decision for which there is no memory is
  /// not kept: the lesson has no chance then, so that its frame keeps none either.
  bool learn(lesson& l) noexcept {
    if (!taught(l)) return false;
    if (!keep_decision(l)) l.chance = 0;
    return true;
  }
  /// An action was taken whose reward is still to come.
  void applied(std::uint32_t action) noexcept {
    if (tuner_ && action < actions()) tuner_->applied(action);
  }
  /// As tuner::limit() and observe_limit(). @pre it tunes
  int limit(std::string_view name) { return tuner_->limit(name); }
  code learn(std::uint32_t state, std::uint32_t action, std::string_view limit, double value,
             double at_most, bool& news) {
    return tuner_->observe_limit(state, action, limit, value, at_most, &news);
  }
  /// A tick came to nothing that can be learned, which is counted.
  void refuse() noexcept {
    if (tuner_) return tuner_->refuse();
    (void)q_->observe({.state = states()});  // there is none
  }
  /// What is counted and not learned, behind a frame of the journal: varint decisions, and where a
  /// tuner's rails have intervened varint each budget, steps, forbidden, limits.
  void write_counts(byte_writer& out) const {
    out.varint(decisions());
    if (!tuner_ || tuner_->interventions().all() == 0) return;
    const tuner_interventions& held = tuner_->interventions();
    for (const std::uint64_t n : {held.budget, held.steps, held.forbidden, held.limits}) {
      out.varint(n);
    }
  }
  /// False where the bytes are none: nothing has changed then.
  bool read_counts(byte_reader& in) noexcept {
    const std::uint64_t decisions = in.varint();
    tuner_interventions held = tuner_ ? tuner_->interventions() : tuner_interventions{};
    if (in.ok() && in.remaining() > 0) {
      for (std::uint64_t* n : {&held.budget, &held.steps, &held.forbidden, &held.limits}) {
        *n = in.varint();
      }
    }
    if (!in.ok()) return false;
    if (tuner_) {
      tuner_->resume_at(decisions, held);
    } else {
      q_->resume_at(decisions);
    }
    return true;
  }
  void save(byte_writer& out) const {
    if (tuner_) {
      tuner_->save(out);
      decided_.save(out, actions());
    } else {
      out.f64(worst_);
      q_->save(out);
    }
  }
  /// False where the bytes are those of no mind of this shape; then it is good for nothing. Until
  /// 0.1 a tuner's ended before its decisions.
  bool load(byte_reader& in) {
    if (tuner_ && tuner_->restore(in) != code::ok) return false;
    if (tuner_) return in.remaining() == 0 || decided_.load(in, states(), actions());
    worst_ = in.f64();
    return q_->load(in).has_value();
  }

 private:
  bool taught(const lesson& l) noexcept {
    if (l.carried) {
      return tuner_ ? tuner_->carry_over(l.state, l.action, l.reward)
                    : q_->carry_over(l.state, l.action, l.reward);
    }
    if (tuner_) {
      const std::uint32_t last = tuner_->last();
      const bool taken = l.failed ? tuner_->observe_failure(l.state, l.action)
                                  : tuner_->observe(l.state, l.action, l.reward);
      if (l.late) tuner_->applied(last);
      return taken;
    }
    const double earned = l.failed ? std::min(l.reward, worst_) : l.reward;
    const transition seen{l.state, l.action, earned, l.next,
                          static_cast<std::uint8_t>(l.terminated ? 1 : 0),
                          static_cast<std::uint8_t>(l.truncated ? 1 : 0)};
    if (!q_->observe(seen)) return false;
    worst_ = std::min(worst_, earned);
    return true;
  }
  /// False: none is to be kept, or cannot be.
  bool keep_decision(const lesson& l) noexcept {
    if (!tuner_ || !(l.chance > 0) || decided_.most() == 0) return false;
    const double earned = l.failed ? tuner_->failure() : l.reward;
    if (std::isnan(earned)) return false;
    return if_memory([&] { decided_.add({l.state, l.action, l.chance, earned}); });
  }

  mind_shape shape_;
  owner<tuner> tuner_;
  owner<learner> q_;
  gyre::history decided_;
  double worst_ = std::numeric_limits<double>::infinity();  // reward so far, of Q-learning
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
