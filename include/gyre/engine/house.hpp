// house.hpp - what is done between ticks: deliveries, windows, throttle, gaps; when to commit.
// Room: engine. Threads: under shard 0's lease, except look_for_gap().
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <utility>

#include <gyre/engine/post.hpp>
#include <gyre/engine/symbiosis.hpp>
#include <gyre/engine/vault.hpp>
#include <gyre/run/gap.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// Held by the engine's body.
class house {
 public:
  house(environment& env, post& p, symbiosis& s, vault& v)
      : env_(env), post_(p), symbiosis_(s), vault_(v), gap_(env.options.gaps) {}
  house(const house&) = delete;
  house& operator=(const house&) = delete;

  /// The engine starts: windows and commits count from `t`.
  void restart(instant t) {
    gap_.restart();
    next_window_ = add_saturated(t, env_.options.window);
    vault_.restart(t);
  }
  /// When there is something to do besides deliveries.
  instant next_work() const noexcept { return std::min(next_window_, vault_.next_commit()); }

  /// Everything that is due, for the thread of shard 0. Lease held, and after too, except when
  /// false: given up on inside of a handler.
  bool keep(instant t, std::uint64_t epoch) {
    shard& home = *env_.shards[0];
    if (post_.bus().next_due() <= t) {
      home.inside.set_delivering(true);
      const instant end = add_saturated(t, slice);
      const auto clock = [this] { return env_.clock.now(); };
      for (int n = 0; n < 64 && env_.clock.now() < end; ++n) {
        if (post_.bus().pump(clock, 1) == 0) break;
        if (home.owner().epoch() != epoch) return false;
      }
      home.inside.set_delivering(false);
    }
    (void)observe_if_due(t);
    return true;
  }
  /// Until when the ticks of shard 0 have its thread for themselves, as there is work of the house:
  /// messages wait for a slice of time, so that neither starves the other.
  instant ticks_until() const noexcept {
    const instant next = env_.shards[0]->next_delivery();
    const instant now = env_.clock.now();
    return std::min(next_work(), next > now ? next : add_saturated(now, slice));
  }
  /// A window's end. @return whether it was due
  bool observe_if_due(instant t) {
    if (next_window_ > t) return false;
    next_window_ = point_after(next_window_, env_.options.window, t);
    every_lease others(env_, 1);
    others.wake_all();  // the throttle may make something due
    post_.bus().pass_time(t);
    symbiosis_.observe(t);
    throttled_ = false;
    std::uint64_t shed = 0;
    vec<const loop_record*> changed;
    for (shard* s : env_.shards) {
      shed += s->due.take_shed();
      for (loop_record* l : s->loops.with_extra()) {
        if (l->plan->deferrable && !l->removed && throttle(*s, *l, t)) {
          if (!if_memory([&] { changed.push_back(l); })) tell_interval(*l);
        }
      }
    }
    sort_by_order(env_, changed);
    for (const loop_record* l : changed) tell_interval(*l);
    (void)if_memory([this] { tell_held_back(); });  // else at the next window's end
    if (shed != 0) tell("gyre.shed", 0, shed, " ticks of overloaded shards");
    tell_dead_letters();
    return true;
  }

  /// Nothing has happened since the last window and nothing will before `t`: windows and commits
  /// until then are left out, unless a throttle is still to be taken back.
  void quiet_until(instant t) noexcept {
    if (throttled_) return;
    const instant last = t - duration(1);
    if (next_window_ < t) next_window_ = point_after(next_window_, env_.options.window, last);
    vault_.quiet_until(t);
  }
  /// Looks for a time in which nothing ran. Without a lease. @param expected how long it was to be
  /// since the last call
  void look_for_gap(duration expected) {
    if (env_.stopping) return;
    gap found;
    if (env_.clock.own_threads()) {
      const duration boottime = env_.options.boottime();  // before the other: see gap_detector
      const instant t = env_.clock.since_zero();
      const leased hold(env_.shards[0]->owner());
      found = gap_.poll(t, expected, boottime);
    } else {
      const leased hold(env_.shards[0]->owner());
      found = gap_.poll(env_.clock.now(), expected);
    }
    if (found) pass_gap(found);
  }
  std::uint64_t gaps() const noexcept { return gaps_; }  ///< since the start or reset()
  void reset() noexcept { gaps_ = 0; }

 private:
  /// Where ticks and messages both wait, each gets its turn for so long, or for one that is longer.
  static constexpr duration slice = std::chrono::milliseconds(1);

  template <class... Pieces>
  void tell(const char* topic, object_id source, Pieces... text) noexcept {
    env_.shards[0]->tell(topic, source, text...);
  }
  /// What the guard rails of each tuner did since the last window.
  void tell_held_back() {
    vec<shared_learner*> held;
    for (shard* s : env_.shards) {
      for (const auto& l : s->loops.learners()) {
        const tuner* const t = l->mind.tuning();
        if (t != nullptr && t->interventions().all() != l->told.all()) held.push_back(l.get());
      }
    }
    sort_by_order(held);
    for (shared_learner* l : held) {
      const tuner_interventions now = l->mind.tuning()->interventions();
      tell("gyre.tuning", 0, std::string_view(l->name), ": held back ",
           std::string_view(in_words(now - l->told)));
      l->told = now;
    }
  }
  /// A handler that always fails would otherwise be told nowhere.
  void tell_dead_letters() {
    const gyre::bus& bus = post_.bus();
    const std::uint64_t ever = bus.dead_letters_ever();
    if (ever == dead_) return;
    std::string_view last;
    if (const std::size_t kept = bus.dead_letter_count(); kept != 0) {
      last = bus.dead_letter_at(kept - 1).message.topic;
    }
    const std::uint64_t gone = ever - std::exchange(dead_, ever);
    tell("gyre.dead_letter", 0, gone, gone == 1 ? " dead letter" : " dead letters",
         last.empty() ? "" : ", the last of topic ", last);
  }
  /// @return whether the loop's interval is another one now
  bool throttle(shard& home, loop_record& l, instant t) {
    loop_extra& extra = *l.extra;
    const double factor = throttle_factor(extra.throttle, post_.bus().health(), symbiosis_.score(),
                                          extra.configured);
    const double before = extra.factor();
    extra.throttle = factor;
    throttled_ |= factor > 1;
    if (extra.factor() == before) return false;
    home.due.retime(l, extra.configured, t);
    return true;
  }
  void tell_interval(const loop_record& l) noexcept {  // the figures are too short to need memory
    home_of(env_, l).tell("gyre.interval", l.id, env_.table.name(l), ": x",
                             std::string_view(to_fixed(l.extra->throttle, 3)), ", bus health ",
                             std::string_view(to_fixed(post_.bus().health(), 2)), ", score ",
                             std::string_view(to_fixed(symbiosis_.score(), 2)));
  }
  void pass_gap(const gap& found) {
    every_lease all(env_);
    all.wake_all();
    env_.clock.sleep(found.asleep);
    const instant end = env_.clock.now();
    for (shard* s : env_.shards) s->after_gap(end, found.asleep);
    ++gaps_;
    tell("gyre.gap", 0, to_ms(add_saturated(found.asleep, found.jumped)),
         found.asleep > duration::zero() ? " ms asleep" : " ms not driven");
    env_.attention.store(true, std::memory_order_relaxed);
  }

  environment& env_;
  post& post_;
  symbiosis& symbiosis_;
  vault& vault_;
  instant next_window_{never};
  bool throttled_ = false;  // a loop's interval is longer than it was configured
  gap_detector gap_;
  std::uint64_t gaps_ = 0;
  std::uint64_t dead_ = 0;  // letters, as of the last window
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
