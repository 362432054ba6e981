// shard.hpp - what one thread drives: the loops of a shard and the parts that see to them.
// Room: engine. Threads: the parts under owner(), which nobody holds while user code runs.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <gyre/bus/bus.hpp>
#include <gyre/engine/agenda.hpp>
#include <gyre/engine/fetch_ahead.hpp>
#include <gyre/engine/flights.hpp>
#include <gyre/engine/frames.hpp>
#include <gyre/engine/gatekeeper.hpp>
#include <gyre/engine/nap.hpp>
#include <gyre/engine/occupant.hpp>
#include <gyre/engine/outbox.hpp>
#include <gyre/engine/roll.hpp>
#include <gyre/engine/trace.hpp>
#include <gyre/memory/record.hpp>
#include <gyre/run/executor.hpp>
#include <gyre/run/lease.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// Joins the parts under one lease; here stands what needs several of them at once. How a tick
/// flows through them stands in course.hpp.
class shard {
 public:
  shard(environment& e, std::uint32_t number, ledger& t)
      : env(e), index(number), out(t), loops(e, number), due(e, number), ahead(e, number, due),
        away(e), inside(e) {}
  shard(const shard&) = delete;
  shard& operator=(const shard&) = delete;

  // Any thread.
  gyre::lease& owner() noexcept { return lease_; }
  alarm& wake() noexcept { return alarm_; }

  environment& env;
  const std::uint32_t index;

  // Under owner().
  ledger& out;           ///< of finished ticks; of all shards where one thread drives them
  roll loops;            ///< who is there
  agenda due;            ///< when each has its next tick
  fetch_ahead ahead;     ///< what those need, read before their turn
  flights away;          ///< ticks that end elsewhere
  occupant inside;       ///< user code that runs on the shard's thread
  gatekeeper gates;      ///< what gates see
  outbox after;          ///< what waits until the lease is free
  frames kept;           ///< what waits for the store
  record named;          ///< shard 0's: the last without a source; kept for its memory

  /// Who drives the shard is to sleep, until `wake()` is rung. Whoever changes something that
  /// should wake it asks must_wake() with the lease held and rings after freeing it.
  bool must_wake() noexcept { return nap_.wake(); }
  void fall_asleep(instant now) noexcept { nap_.begin(now); }
  void get_up(instant now) noexcept { nap_.end(now); }
  bool sleeps() const noexcept { return nap_.sleeps(); }
  duration slept(instant now) const noexcept { return nap_.total(now); }  ///< until now

  /// When something happens next: a tick, a deadline, a delivery of the bus, which is shard 0's.
  instant next_event() const noexcept {
    const due_entry* const next = due.first();
    const instant t = std::min(next == nullptr ? never : next->due, away.next_deadline());
    return std::min(t, next_delivery());
  }
  /// When a thread that sleeps should wake for that: later by what its loops bear.
  instant wake_time() const noexcept {
    return std::min({due.wake_time(), away.next_deadline(), next_delivery()});
  }
  instant next_delivery() const noexcept { return index == 0 ? env.events->next_due() : never; }
  /// A gap ends now. @param asleep its part in which the clock stood that durations are measured
  /// by: none of it is a tick's or a handler's time
  void after_gap(instant now, duration asleep) {
    due.after_gap(now);
    if (!GYRE_THREADS || asleep == duration::zero()) return;
    inside.after_gap(asleep);
    away.after_gap(asleep);
  }

  /// The process was stopped until now, by the clock of durations: that was nobody's time.
  void after_stop(instant now) {
    const auto less = [&](instant begin) { return env.watchdog.overslept(begin, now); };
    inside.after_stop(less, env.clock.shown(now) - now);
    away.after_stop(less);
  }

  /// Takes the loop out; a tick of it that runs now ends without being counted, and the record is
  /// used again after that.
  void remove(loop_record& loop) {
    due.unschedule(loop);
    loops.strike(loop);
    if (inside.tick() != nullptr && inside.tick()->loop == &loop) inside.tick()->cancel = true;
    away.cancel(loop);
    if (loop.inside == 0) bury(loop);
  }
  /// What the user's function of a removed loop holds goes when the lease is free.
  void bury(loop_record& loop) noexcept { after.bury(loops.free(loop)); }
  /// What runs of loops that were told to gives up; external ticks that nobody has acquired end.
  void pass_on_told() {
    if (inside.tick() != nullptr && inside.tick()->loop->told) inside.tick()->cancel = true;
    away.cancel_told();
  }
  /// Nothing further starts, and what runs is told to give up: the engine stops.
  void call_off() {
    if (inside.tick() != nullptr) inside.tick()->cancel.store(true, std::memory_order_relaxed);
    loops.each([](loop_record& l) { l.scheduled = l.triggered = l.spread = false; });
    due.clear();
    away.cancel_all();
  }
  /// An event whose text is the pieces joined. One that there is no memory for is counted.
  template <class... Pieces>
  void tell(const char* topic, object_id source, Pieces... text) noexcept {
    const piece all[] = {piece(text)...};
    after.tell(loops.size(), topic, source, out.next_event(), all, sizeof...(text));
  }
  void keep_frame(std::uint32_t stream, std::uint8_t type, std::span<const std::byte> bytes) {
    kept.add(stream, type, bytes);
    env.store.frame_waits();
    if (kept.bytes() < commit_bytes / env.shards.size()) return;
    if (env.store.want_commit()) env.attention.store(true, std::memory_order_relaxed);
  }

 private:
  gyre::lease lease_;
  alarm alarm_;
  nap nap_;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
