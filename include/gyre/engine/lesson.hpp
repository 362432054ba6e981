// lesson.hpp - what a tick sees, which action it gets for that, and what is learned from it.
// Room: engine. Threads: under the shard's lease.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include <gyre/core/bytes.hpp>
#include <gyre/engine/shard.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// A loop's i-th feature has this value from now on.
inline void see(loop_extra& extra, std::size_t i, double value) noexcept {
  extra.seen[i] = value;
  extra.buckets[i] = extra.where.bucket(i, value);
}
/// The engine's own three features, as a tick has ended.
inline void see_own(loop_extra& extra, const loop_record& loop, duration took, instant now,
                    const reading& load) noexcept {
  const double median = loop.metrics.recent_ms(.5, now);
  see(extra, 0, extra.streak);
  see(extra, 1, median > 0 ? to_ms(took) / median : 1);
  see(extra, 2, std::isnan(load.cpu_percent) ? 0 : load.cpu_percent);
}
/// The action of a tick, once, for the state seen so far.
inline void choose(run_state& run) noexcept {
  if (run.chosen || run.loop->extra == nullptr) return;
  loop_extra& extra = *run.loop->extra;
  run.chosen = true;
  if (!extra.chooses) return;
  run.state = extra.buckets.empty() ? 0 : extra.where.state(extra.buckets);
  run.action = extra.learning != nullptr ? extra.learning->mind.choose(run.state) : 0;
  extra.state = run.state;
  extra.action = run.action;
}
/// A tick has ended: its reward counts, and the learner has its transition, the store its frame.
/// @pre run.loop->extra
inline void learn(shard& s, run_state& run, tick_status status) {
  loop_extra& extra = *run.loop->extra;
  if (!run.rewarded) run.reward = status == tick_status::ok ? 1 : -double(extra.streak);
  if (!std::isfinite(run.reward)) return;
  ++extra.rewards;
  extra.window_reward += run.reward;
  const auto weight = static_cast<double>(std::min<std::uint64_t>(extra.rewards, 20));
  extra.reward_mean += (run.reward - extra.reward_mean) / weight;
  if (extra.learning == nullptr) return;
  const transition seen{run.state, run.action, static_cast<float>(run.reward),
                        extra.where.state(extra.buckets), 0, 0};
  if (!extra.learning->mind.observe(seen) || !s.env.journalled) return;
  byte_writer& out = extra.learning->scratch;
  out.clear();
  out.u32(seen.state);
  out.u32(seen.action);
  out.f32(seen.reward);
  out.u32(seen.next);
  out.varint(extra.learning->mind.decisions());
  s.keep_frame(extra.learning->stream, transition_frame, out.data());
}

}  // namespace detail
}  // namespace v1
}  // namespace gyre
