// lesson.hpp - how a tick gets its settings and its learner is taught, with a frame for the store.
// Room: engine. Threads: under the shard's lease.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include <gyre/core/bytes.hpp>
#include <gyre/engine/kept_learner.hpp>
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
/// Makes room for a frame of so many bytes, where there is a store: writing and keeping it then
/// needs no memory. @return false: there is none, which is counted as a lost frame
inline bool make_room(shard& s, shared_learner& learning, std::size_t bytes) noexcept {
  learning.scratch.clear();
  const bool room = !s.env.journalled || if_memory([&] {
    learning.scratch.reserve(bytes);
    s.kept.reserve(bytes);
  });
  if (!room) s.kept.refuse();
  return room;
}
/// The learner has the lesson, and the store its frame; neither where there is no memory for it.
inline void teach(shard& s, shared_learner& learning, lesson l) noexcept {
  if (!make_room(s, learning, lesson::most_bytes)) return;
  if (!learning.mind.learn(l)) return;
  if (!s.env.journalled) return;
  byte_writer& out = learning.scratch;
  l.write(out);
  learning.mind.write_counts(out);
  s.keep_frame(learning.stream, lesson_frame, out.data());
}
inline constexpr std::size_t most_figure_bytes = 4 + 4 + 1 + 63 + 8 + 8;
/// So have they what was measured of a limit; where that is news it is told.
inline void teach(shard& s, shared_learner& learning, const run_state& run,
                  const tick_terms::figure& f) {
  if (!make_room(s, learning, most_figure_bytes)) return;
  bool news = false;
  const std::string& name = learning.mind.tuning()->limits()[f.limit].name;
  if (learning.mind.learn(run.state, run.action, name, f.value, f.at_most, news) != code::ok) {
    return;
  }
  const auto tell = [&] {
    const bool some = learning.where.states() > 1;
    const std::string action = learning.where.action_text(run.action);
    const std::string state = some ? learning.where.state_text(run.state) : std::string();
    s.tell("gyre.tuning", run.loop_id, std::string_view(learning.name), ": ",
           std::string_view(name), " is over ", f.at_most, " with ", std::string_view(action),
           ", which is avoided from now on", some ? " where " : "", std::string_view(state));
  };
  if (news && !if_memory(tell)) s.after.drop(1);
  if (!s.env.journalled) return;
  byte_writer& out = learning.scratch;
  write_figure(out, run.state, run.action, name, f.value, f.at_most);
  s.keep_frame(learning.stream, figure_frame, out.data());
}
/// And that a tick's reward is still to come.
inline void teach_applied(shard& s, shared_learner& learning, std::uint32_t action) noexcept {
  if (!make_room(s, learning, lesson::most_bytes)) return;
  learning.mind.applied(action);
  if (!s.env.journalled) return;
  byte_writer& out = learning.scratch;
  out.u32(action);
  learning.mind.write_counts(out);
  s.keep_frame(learning.stream, applied_frame, out.data());
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
  if (extra.learning != nullptr) extra.learning->rule_out(run.terms.get());
  run.chosen = true;  // from here on nothing fails
  run.state = run.sees;
  if (extra.learning == nullptr) return;
  if (std::exchange(extra.holds, false)) {  // what followed the last action is known now
    extra.held.next = run.state;
    teach(s, *extra.learning, extra.held);
  }
  const decision taken = extra.learning->choose(run.state);
  run.action = taken.action;
  run.chance = taken.propensity;
  extra.state = run.state;
  extra.action = run.action;
}
/// A reward counts in the loop's figures.
inline void count_reward(loop_extra& extra, double reward) noexcept {
  ++extra.rewards;
  extra.window_reward += reward;
  const auto weight = static_cast<double>(std::min<std::uint64_t>(extra.rewards, 20));
  extra.reward_mean += (reward - extra.reward_mean) / weight;
}
/// What a tick that ends makes of its ticket: a reward that came early is its own; one that failed
/// has used it up. @return whether the reward is still to come, or never will
inline bool leave_open(loop_extra& extra, run_state& run, bool failed) noexcept {
  if (run.ticket == 0) return false;
  tickets::entry* const later = extra.later->find(run.ticket);
  if (later == nullptr) return !failed && !run.rewarded;  // 1,024 were taken since
  if (later->is == tickets::phase::early && !failed && !run.rewarded) {
    run.rewarded = true;
    run.reward = later->what.reward;
  }
  const bool waits = !failed && !run.rewarded;
  later->is = waits ? tickets::phase::waiting : tickets::phase::used;
  later->teaches = run.chosen && extra.learning != nullptr &&
                   !(run.terms != nullptr && run.terms->mute);
  later->what = {run.state, run.action, 0, run.sees, run.terminated, run.truncated, false, true,
                 false, run.chance};
  return waits;
}
/// A tick has ended, or is given up: its reward counts, and where it asked for a knob the learner
/// has its lesson; where it did not, no setting of its own was applied. @pre run.loop->extra
inline void learn(shard& s, run_state& run, tick_status status) {
  loop_extra& extra = *run.loop->extra;
  const bool failed = status != tick_status::ok;
  const bool waits = leave_open(extra, run, failed);
  if (!run.rewarded) run.reward = failed ? -double(extra.streak) : waits ? 0 : 1;
  extra.sees = run.sees;
  if (!run.chosen) {  // for the trace
    run.state = run.sees;
    run.action = extra.action;
  }
  if (!std::isfinite(run.reward)) return;
  if (!waits) count_reward(extra, run.reward);
  shared_learner* const learning = extra.learning;
  if (learning == nullptr) return;
  const bool mute = run.terms != nullptr && run.terms->mute;
  if (run.terms != nullptr && run.chosen && !mute && !failed) {
    for (const tick_terms::figure& f : run.terms->figures) {
      (void)if_memory([&] { teach(s, *learning, run, f); });
    }
  }
  learning->take_back(run.terms);
  if (!run.chosen) return;
  if (mute) return learning->mind.refuse();
  if (waits) return teach_applied(s, *learning, run.action);
  const lesson l{run.state, run.action, run.reward, run.sees, run.terminated, run.truncated,
                 failed, false, false, run.chance};
  const bool ends = run.terminated || run.truncated;
  if (run.saw || ends || !learning->mind.looks_ahead()) {
    teach(s, *learning, l);
  } else {
    extra.held = l;
    extra.holds = true;
  }
}
/// The reward of a ticket has come. STALE: nothing changed but what is counted.
inline result<void> reward_late(shard& s, loop_record& loop, std::uint32_t number, double reward) {
  loop_extra* const extra = loop.extra.get();
  const bool known = extra != nullptr && extra->later != nullptr;
  tickets::entry* const later = known ? extra->later->find(number) : nullptr;
  shared_learner* const learning = extra != nullptr ? extra->learning : nullptr;
  if (later == nullptr) {
    const bool late = known && extra->later->was_taken(number);
    if (late && learning != nullptr) ++learning->late.late;
    return fail(code::stale, "ticket ", number,
                late ? " was given up: of a loop the last 1,024 are good"
                     : " is not one that this loop has taken");
  }
  if (later->is == tickets::phase::running) {
    later->is = tickets::phase::early;
    later->what.reward = reward;
    return ok;
  }
  if (later->is != tickets::phase::waiting) {
    if (learning != nullptr) ++learning->late.twice;
    return fail(code::stale, "ticket ", number, " has had its reward, or its tick did not need it");
  }
  later->is = tickets::phase::used;
  later->what.reward = reward;
  count_reward(*extra, reward);
  if (later->teaches && learning != nullptr) teach(s, *learning, later->what);
  return ok;
}

}  // namespace detail
}  // namespace v1
}  // namespace gyre
