// agenda.hpp - each loop's next tick; when a shard is overloaded, and what it sheds.
// Room: engine. Threads: under the shard's lease.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <utility>

#include <gyre/core/scarce.hpp>
#include <gyre/engine/environment.hpp>
#include <gyre/engine/last_runs.hpp>
#include <gyre/observe/throttle.hpp>
#include <gyre/run/ready.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// A queue of due times, one for each loop that is scheduled; while the shard is overloaded those
/// due are sorted anew (run/ready.hpp), and after a gap they are spread. Held by the shard.
class agenda {
 public:
  /// So many ticks ahead of their turn records are read: see fetch_ahead.hpp.
  static constexpr std::uint32_t far_ahead = 12;

  agenda(environment& env, std::uint32_t shard) : env_(env), shard_(shard) {}
  agenda(const agenda&) = delete;
  agenda& operator=(const agenda&) = delete;

  // ---- what a loop's next tick is ----

  /// Order of add. Stays while the registry is held, or the lease.
  std::uint32_t order(const loop_record& loop) const noexcept {
    return queue_.order(slot_of(loop));
  }
  /// Makes room for a loop of this plan: scheduling it needs no memory then. Throws std::bad_alloc.
  void make_room(std::uint32_t slot, const loop_plan& plan) {
    queue_.reserve(slot + 1);
    if (hasty(plan)) hasty_.reserve(slot + 1);
  }
  /// A new loop, for which there is room.
  void admit(const loop_record& loop, std::uint32_t order) noexcept {
    queue_.set_order(slot_of(loop), order);
    meet_class(loop.plan->priority);
  }
  /// Loops of long intervals go on where `runs` says that they were; null: all begin anew.
  void keep_times(last_runs* runs) noexcept { runs_ = runs; }
  /// Puts the loop on a new grid that starts now, or after a random part of its interval; or on the
  /// one that it had before a restart. What it missed meanwhile is one tick, after a drawn part of
  /// its jitter, at most of a minute.
  void start(loop_record& loop, instant now) {
    const double jitter = loop.plan->jitter;
    const duration every = stretched(loop);
    loop.backing_off = false;
    if (loop.extra != nullptr) loop.extra->postponed = instant::min();
    duration wait{0};
    if (!knows(loop, every, wait)) {
      const double part = jitter > 0 ? env_.draw(order(loop), purpose::phase, 0) : 0;
      wait = scale(every, part);
    } else if (wait <= duration::zero()) {
      loop.times = timetable(now, every);
      push(loop, add_saturated(now, after_gap(loop)));
      return;
    }
    loop.times = timetable(add_saturated(now, wait), every);
    schedule(loop, now);
    keep_time(loop, now);
  }
  /// What start() is to know after a restart: the tick of the last grid point has had its turn.
  /// Where there is no memory for that, it knows what it knew before.
  void keep_time(const loop_record& loop, instant now) noexcept {
    if (!keeps(loop)) return;
    const duration ago = now - loop.times.grid() + loop.times.interval();
    (void)if_memory([&] {
      runs_->set(env_.table.name(loop), env_.clock.wall_ms() - ago.count() / 1'000'000);
    });
    env_.store.frame_waits();
  }
  /// Next tick by the timetable, `earliest` at the earliest; without that it may be overdue.
  void schedule(loop_record& loop, instant earliest = instant::min()) {
    if (loop.paused != 0 || loop.removed) return;
    const std::uint32_t slot = slot_of(loop), order = queue_.order(slot);
    const double jitter = loop.plan->jitter;
    const double part =
        jitter > 0 ? env_.draw(order, purpose::jitter, loop.times.index()) : .5;
    const instant until = loop.extra == nullptr ? instant::min() : loop.extra->postponed;
    const instant due = std::max(loop.times.due(jitter, part, until), earliest);
    enter(loop, {due, loop.plan->priority, order, slot});
  }
  /// One tick at `due`, which is none of the grid.
  void push(loop_record& loop, instant due) {
    enter(loop, {due, loop.plan->priority, order(loop), slot_of(loop)});
  }
  void trigger(loop_record& loop, instant now) {
    loop.triggered = true;
    ready_.cancel(slot_of(loop));
    push(loop, now);
  }
  void unschedule(loop_record& loop) noexcept {
    if (loop.scheduled && !queue_.cancel(slot_of(loop))) ready_.cancel(slot_of(loop));
    forget_slack(loop);
    loop.scheduled = loop.triggered = loop.spread = false;
  }
  /// The loop goes to another shard. @return what take_over() there is to be given
  instant hand_over(loop_record& loop) noexcept {
    forget_slack(loop);
    if (!loop.scheduled) return never;
    const std::uint32_t slot = slot_of(loop);
    const due_entry* const late = ready_.find(slot);
    const instant due = (late != nullptr ? late : queue_.find(slot))->due;
    if (!queue_.cancel(slot)) ready_.cancel(slot);
    return due;
  }
  /// It has come from another. @pre there is room
  void take_over(loop_record& loop, std::uint32_t order, instant due) {
    admit(loop, order);
    if (loop.scheduled) push(loop, due);
  }
  /// Of every loop. Their flags are for the caller to clear.
  void clear() noexcept {
    queue_.clear();
    hasty_.clear();
    while (const due_entry* const late = ready_.peek()) ready_.cancel(late->slot);
    rest();
  }
  void pause(loop_record& loop, std::uint8_t why) noexcept {
    loop.paused = (loop.paused | why) & 3U;
    unschedule(loop);
  }
  /// @return whether it goes on, this having been the last reason not to
  bool resume(loop_record& loop, std::uint8_t why, instant now) {
    if (loop.paused != why) {
      loop.paused = loop.paused & ~why & 3U;
      return false;
    }
    loop.paused = 0;
    loop.told = false;
    if (!env_.stopping.load(std::memory_order_relaxed)) go_on(loop, now);
    return true;
  }
  /// Takes a new configured interval, or a new throttle, from the next grid point on.
  void retime(loop_record& loop, duration configured, instant now) {
    loop_extra* const extra = loop.extra.get();
    if (extra != nullptr && extra->configured > duration::zero()) {
      extra->configured = configured;
      configured = throttled(configured, extra->factor());
    }
    loop.times.retime(configured, now);
    if (!loop.scheduled || loop.triggered) return;
    ready_.cancel(slot_of(loop));
    schedule(loop, now);
  }
  /// Takes a new priority, and a new jitter, for the tick that is scheduled.
  void reorder(loop_record& loop, bool rejitter, instant now) {
    meet_class(loop.plan->priority);
    if (!loop.scheduled) return;
    const std::uint32_t slot = slot_of(loop);
    const due_entry* const late = ready_.find(slot);
    const instant due = (late != nullptr ? late : queue_.find(slot))->due;
    ready_.cancel(slot);
    if (rejitter && !loop.triggered) {
      schedule(loop, now);
    } else {
      push(loop, due);
    }
  }
  /// Before the loop gets a plan with another slack; reorder() after it.
  void forget_slack(loop_record& loop) noexcept {
    if (hasty(*loop.plan)) (void)hasty_.cancel(slot_of(loop));
  }
  /// The loop's due time has come: by its missed-tick policy, what to do about it.
  static arrival arrive(loop_record& loop, instant now) noexcept {
    if (loop.extra != nullptr) loop.extra->postponed = instant::min();
    return loop.times.arrive(now, loop.plan->missed, loop.plan->burst);
  }

  // ---- whose turn it is ----

  /// The tick that goes first: by (due, priority, order of add), or of an overloaded shard by its
  /// ready_queue. Null when nothing waits.
  const due_entry* first() const noexcept {
    return ready_.empty() ? queue_.peek() : ready_.peek();
  }
  /// When the thread that sleeps should wake for the next tick: as late as its loops bear.
  instant wake_time() const noexcept {
    if (!ready_.empty()) return ready_.peek()->due;
    const instant patient = add_saturated(queue_.next_due(), env_.options.slack);
    return std::min(patient, hasty_.next_due());
  }
  /// Nothing is due: what comes is not late by this shard's fault.
  void rest() noexcept {
    if (std::exchange(resting_, true)) return;
    on_time_ = ready_queue::late;
    ready_.settle();
  }
  /// Ticks are to be taken from now on.
  void work(instant now) noexcept {
    if (resting_) busy_since_ = now;
    resting_ = false;
  }
  /// A gap ends now. What is late by it is not by this shard's fault, and goes by spread().
  void after_gap(instant now) noexcept { gap_end_ = busy_since_ = now; }
  /// On a virtual clock: the first due until `end`.
  bool take_exact(instant end, due_entry& entry) { return queue_.pop_due(end, entry); }
  /// The tick to run at `now`; false: nothing is due. While the shard keeps up that is the first by
  /// (due, priority, order of add).
  bool take(instant now, due_entry& entry) {
    while (queue_.pop_due(now, entry)) {
      if (now - entry.due <= on_time_ || catch_up(now, entry)) return true;
    }
    if (pick(now, entry)) return true;
    rest();
    return false;
  }
  /// Ticks shed since the last call.
  std::uint64_t take_shed() noexcept { return std::exchange(shed_, 0); }

  // ---- what comes after it, for fetch_ahead ----

  bool changed() const noexcept { return ready_.empty() && queue_.has_opened(); }
  /// The slot of the tick that comes so many after the next; turns::none: not known.
  std::uint32_t coming(std::size_t after) const noexcept {
    if (!ready_.empty()) return ready_.coming(after);
    const timer_entry* const entry = queue_.coming(after);
    return entry != nullptr ? entry->slot() : turns::none;
  }
  void fetch(std::uint32_t slot) const noexcept { ready_.fetch(slot); }

 private:
  std::uint32_t slot_of(const loop_record& loop) const noexcept {
    return env_.table.slot_of(loop);
  }
  void meet_class(int priority) noexcept {
    lowest_class_ = std::min(lowest_class_, priority);
    highest_class_ = std::max(highest_class_, priority);
  }
  void enter(loop_record& loop, const due_entry& entry) {
    loop.scheduled = true;
    queue_.push(entry);
    if (!hasty(*loop.plan)) return;
    const instant latest = add_saturated(entry.due, loop.plan->slack);
    hasty_.push({latest, 0, entry.order, entry.slot});
  }
  /// Whether the loop wants to be woken for before the engine's slack is over.
  bool hasty(const loop_plan& plan) const noexcept {
    return plan.slack >= duration::zero() && plan.slack < env_.options.slack &&
           env_.clock.own_threads();
  }
  bool keeps(const loop_record& loop) const noexcept {
    return has_system_files && runs_ != nullptr && loop.times.interval() >= last_runs::least;
  }
  /// @param wait until its next grid point, 0 or less when that has passed
  bool knows(const loop_record& loop, duration every, duration& wait) const {
    std::int64_t since_ms = 0;
    if (!keeps(loop) || !runs_->left(env_.table.name(loop), since_ms)) return false;
    const std::int64_t every_ms = every.count() / 1'000'000;
    const std::int64_t due_ms = since_ms + every_ms - env_.clock.wall_ms();
    const bool odd = due_ms > every_ms + every_ms / 2;  // of another interval, or another clock
    wait = odd ? every : duration(std::max<std::int64_t>(due_ms, 0) * 1'000'000);
    return true;
  }
  /// How long after a time in which nothing ran the loop's tick is due.
  duration after_gap(const loop_record& loop) const noexcept {
    const duration most = std::min<duration>(scale(loop.times.interval(), loop.plan->jitter),
                                             std::chrono::minutes(1));
    return scale(most, env_.draw(order(loop), purpose::gap, loop.times.index()));
  }
  static duration stretched(const loop_record& loop) noexcept {
    const loop_extra* const extra = loop.extra.get();
    if (extra == nullptr || extra->configured <= duration::zero()) return loop.times.interval();
    return throttled(extra->configured, extra->factor());
  }
  /// Back on its grid.
  void go_on(loop_record& loop, instant now) {
    loop.backing_off = false;
    if (loop.running) return;  // its tick rejoins the timetable at its end
    if (loop.times.interval() == stretched(loop) && loop.metrics.finished() > 0) {
      loop.times.realign(now);
      if (loop.extra != nullptr) loop.extra->postponed = instant::min();
      schedule(loop, now);
    } else {
      start(loop, now);
    }
  }
  /// As take(), for a shard that is overloaded, or may be. Where all loops are of one class, ready_
  /// would shed nothing and keep the order: what is behind already does without it. @param entry
  /// popped, and late
  bool catch_up(instant now, due_entry& entry) {
    const bool sorts = !ready_.empty() || lowest_class_ != highest_class_;
    constexpr int at_once = 1024;  // of a million due ticks not all are sorted between two
    for (int taken = 0; taken < at_once; ++taken) {
      if (taken != 0 && !queue_.pop_due(now, entry)) break;
      if (const timer_entry* const far = queue_.coming(far_ahead)) {
        env_.table.fetch(shard_, far->slot());
        ready_.fetch(far->slot());
      }
      if (spread(env_.table.of_slot(shard_, entry.slot), entry)) continue;
      if (!sorts) return true;
      if (ready_.empty() && waited(entry, now) <= ready_queue::late) return true;  // the host slept
      if (!if_memory([&] { ready_.push(entry); })) return true;  // it goes now, out of its turn
      on_time_ = duration(-1);
    }
    return pick(now, entry);
  }
  bool pick(instant now, due_entry& entry) {
    while (ready_.pop(entry)) {
      loop_record& loop = env_.table.of_slot(shard_, entry.slot);
      if (ready_.empty()) on_time_ = ready_queue::late;
      if (spread(loop, entry)) continue;
      const duration old = loop.triggered ? duration::zero() : waited(entry, now);
      if (!ready_.sheds(entry, old, loop.times.interval())) return true;
      shed(loop, now);
    }
    return false;
  }
  /// How long a due tick has waited while the shard was busy: what it was late for before that, the
  /// host slept.
  duration waited(const due_entry& entry, instant now) const noexcept {
    return now - std::max(entry.due, busy_since_);
  }
  /// A tick that is late by a gap goes after a drawn part of the loop's jitter, at most of a
  /// minute, from the gap's end: once for each gap. False: it is none.
  bool spread(loop_record& loop, const due_entry& entry) {
    if (entry.due >= gap_end_ || loop.spread || loop.triggered) return false;
    if (loop.plan->jitter == 0) return false;
    loop.spread = true;
    schedule(loop, add_saturated(gap_end_, after_gap(loop)));
    return true;
  }
  /// The loop does without what it has missed until its next grid point.
  void shed(loop_record& loop, instant now) {
    loop.scheduled = loop.spread = false;
    const bool grid = loop.plan->missed != missed_policy::delay;
    if (loop.extra != nullptr) loop.extra->postponed = instant::min();
    const arrival a = loop.times.arrive(now, grid ? missed_policy::once : missed_policy::delay, 1);
    loop.metrics.shed(1 + a.missed);
    shed_ += 1 + a.missed;
    schedule(loop);
  }

  environment& env_;
  std::uint32_t shard_;
  last_runs* runs_ = nullptr;
  scheduler queue_;
  scheduler hasty_;    // when to wake at the latest, of the loops with less slack than the engine
  ready_queue ready_;  // due ticks of queue_, while overloaded
  duration on_time_ = ready_queue::late;  // so late a tick may be; nothing is while ready_ is used
  int lowest_class_ = std::numeric_limits<int>::max();  // of all loops that there were
  int highest_class_ = std::numeric_limits<int>::min();
  instant busy_since_{0};
  instant gap_end_{0};      // of the last
  bool resting_ = true;     // nothing was due when it was looked at last
  std::uint64_t shed_ = 0;  // since take_shed()
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
