// lesson.hpp - how a tick gets its settings and its learner is taught, with a frame for the store.
// Room: engine. Threads: under the shard's lease.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <gyre/core/bytes.hpp>
#include <gyre/engine/shard.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// A loop's i-th feature has this value from now on. @param sees the state that this is a part of
inline void see(loop_extra& extra, std::uint32_t& sees, std::size_t i, double value) noexcept {
  extra.seen[i] = value;
  extra.buckets[i] = extra.where.bucket(i, value);
  sees = extra.where.with_bucket(sees, i, extra.buckets[i]);
}
/// The engine's own three features, as a tick has ended.
inline void see_own(loop_extra& extra, std::uint32_t& sees, const loop_record& loop, duration took,
                    instant now, const reading& load) noexcept {
  const double median = loop.metrics.recent_ms(.5, now);
  see(extra, sees, 0, extra.streak);
  see(extra, sees, 1, median > 0 ? to_ms(took) / median : 1);
  see(extra, sees, 2, std::isnan(load.cpu_percent) ? 0 : load.cpu_percent);
}
/// The learner has the lesson, and the store its frame.
inline void teach(shard& s, shared_learner& learning, const lesson& l) {
  if (!learning.mind.learn(l) || !s.env.journalled) return;
  byte_writer& out = learning.scratch;
  out.clear();
  l.write(out);
  out.varint(learning.mind.decisions());
  s.keep_frame(learning.stream, lesson_frame, out.data());
}
/// A lesson that still waits for what came next is told as cut off: nothing more comes. @pre
/// loop.extra
inline void close_lesson(shard& s, loop_record& loop) {
  loop_extra& extra = *loop.extra;
  if (!std::exchange(extra.holds, false) || extra.learning == nullptr) return;
  extra.held.truncated = true;
  teach(s, *extra.learning, extra.held);
}
/// The action of a tick that asks for a knob, once, for the state seen so far. @pre run.loop->extra
inline void choose(shard& s, run_state& run) {
  if (run.chosen) return;
  loop_extra& extra = *run.loop->extra;
  run.chosen = true;
  run.state = run.sees;
  if (extra.learning == nullptr) return;
  if (std::exchange(extra.holds, false)) {  // what followed the last action is known now
    extra.held.next = run.state;
    teach(s, *extra.learning, extra.held);
  }
  run.action = extra.learning->choose(run.state, run.terms.get());
  extra.state = run.state;
  extra.action = run.action;
}
/// A tick has ended, or is given up: its reward counts, and where it asked for a knob the learner
/// has its lesson; where it did not, no setting of its own was applied. @pre run.loop->extra
inline void learn(shard& s, run_state& run, tick_status status) {
  loop_extra& extra = *run.loop->extra;
  const bool failed = status != tick_status::ok;
  if (!run.rewarded) run.reward = failed ? -double(extra.streak) : 1;
  extra.sees = run.sees;
  if (!run.chosen) {  // for the trace
    run.state = run.sees;
    run.action = extra.action;
  }
  if (!std::isfinite(run.reward)) return;
  ++extra.rewards;
  extra.window_reward += run.reward;
  const auto weight = static_cast<double>(std::min<std::uint64_t>(extra.rewards, 20));
  extra.reward_mean += (run.reward - extra.reward_mean) / weight;
  if (extra.learning == nullptr) return;
  const bool mute = run.terms != nullptr && run.terms->mute;
  extra.learning->take_back(run.terms);
  if (!run.chosen) return;
  if (mute) return extra.learning->mind.refuse();
  const lesson l{run.state, run.action, run.reward, run.sees, run.terminated, run.truncated,
                 failed};
  const bool ends = run.terminated || run.truncated;
  if (run.saw || ends || !extra.learning->mind.looks_ahead()) {
    teach(s, *extra.learning, l);
  } else {
    extra.held = l;
    extra.holds = true;
  }
}

}  // namespace detail
}  // namespace v1
}  // namespace gyre
