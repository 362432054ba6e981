// retune.hpp - how a running loop's learner goes on in another mode, or with other exploration.
// Room: engine. Threads: under the shard's lease.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gyre/engine/home.hpp>
#include <gyre/engine/kept_learner.hpp>
#include <gyre/engine/options.hpp>
#include <gyre/engine/shard.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// A change of a learner, with all that it needs memory for made before it is.
class retune {
 public:
  /// ARG: a value that cannot be; STATE: nothing is learned, or not in this way. Throws
  /// std::bad_alloc. Nothing has changed yet in any case.
  static result<retune> prepare(shard& s, loop_extra* extra, const loop_change& c) {
    retune out;
    if (!c.mode && !c.explore && !c.at_random) return out;
    shared_learner* const of = extra != nullptr ? extra->learning : nullptr;
    GYRE_CHECK(allowed(of, c));
    if (of == nullptr) return out;  // a mode of nothing
    learner_shape next = learner_shape::of(*of);
    if (c.mode) next.mind.tuning.mode = *c.mode;
    if (c.at_random) next.mind.tuning.at_random = *c.at_random;
    if (c.explore) next.mind.explore(*c.explore);
    if (s.env.journalled) {
      out.frame_ = next.bytes();
      s.kept.reserve(out.frame_.size());
    }
    out.next_ = next.retuned(of->mind);
    out.of_ = of;
    return out;
  }
  /// What is learned from now on is learned so, also when the journal is read again.
  void apply(shard& s) noexcept {
    if (of_ == nullptr) return;
    if (s.env.journalled) s.keep_frame(of_->stream, retuned_frame, frame_);
    of_->mind = std::move(*next_);
  }

 private:
  static result<void> allowed(const shared_learner* of, const loop_change& c) {
    if (!c.explore && !c.at_random) return ok;
    if (of == nullptr) return fail(code::state, "the loop has no knobs: nothing is explored");
    const bool tunes = of->mind.tuning() != nullptr;
    if (c.explore && tunes) {
      return fail(code::state, "exploration: the loop is tuned; at_random is what it has");
    }
    if (c.at_random && !tunes) {
      return fail(code::state, "at_random: the loop learns by Q-learning, which has exploration");
    }
    if (c.at_random && !(*c.at_random >= 0 && *c.at_random <= 1)) {
      return fail(code::arg, "at_random is 0..1, not ", *c.at_random);
    }
    if (!c.explore) return ok;
    learner_options next = of->mind.shape().q;
    next.explore = *c.explore;
    return check(next);
  }

  shared_learner* of_ = nullptr;
  std::vector<std::byte> frame_;
  std::optional<mind> next_;
};

/// Calls f(learner) under the lease of a loop that is tuned. STATE: it is not.
template <class F>
result<void> with_tuner(environment& env, object_id id, F&& f) {
  return with_loop(env, id, [&](shard&, loop_record& l) -> result<void> {
    shared_learner* const of = l.extra != nullptr ? l.extra->learning : nullptr;
    if (of != nullptr && of->mind.tuning() != nullptr) return f(*of);
    return fail(code::state, "loop \"", env.table.name(l), "\" has no tuner");
  });
}

}  // namespace detail
}  // namespace v1
}  // namespace gyre
