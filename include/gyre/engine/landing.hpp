// landing.hpp - how ticks end that are elsewhere: completed, resumed, expired, handed off, lost.
// Room: engine. Threads: under the shard's lease.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gyre/engine/course.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// Beside the course of a tick on the shard's own thread, for the shard's flights. Has no state of
/// its own.
class landing {
 public:
  explicit landing(shard& s) noexcept : s_(s), env_(s.env) {}

  /// Ends external and pending ticks whose deadline has passed; one that was handed off is told to
  /// give up then, and is given up on after the grace.
  void expire(instant now) {
    while (expire_one(now)) continue;
  }
  /// The first of them. @return false: there was none
  bool expire_one(instant now) {
    flights::flight f;
    instant deadline{};
    if (s_.away.next_deadline() > now) return false;
    if (env_.clock.own_threads() && env_.watchdog.overdue(env_.clock.measure())) return false;
    if (!s_.away.overdue(now, f, deadline)) return false;
    loop_record& loop = *f.run->loop;
    if (f.kept != nullptr) {
      f.run->cancel.store(true, std::memory_order_relaxed);
      s_.away.give_up(*f.run);
      course(s_).time_out(loop, *f.run, now);
    } else if (!f.run->cancel.exchange(true, std::memory_order_relaxed)) {
      s_.away.end_at(*f.run, add_saturated(deadline, occupant::grace(loop)));
    } else {
      s_.away.land(*f.run);
      lose(loop, *f.run, now);
    }
    return true;
  }

  // ---- external ----

  /// The caller has these external ticks from now on, as far as they are this shard's.
  void acquired(std::span<object_id> ids, instant now) {
    env_.desk.each(ids, s_.index, [&](external_run& external) {
      external.acquired = true;
      external.run.began = now;
      external.run.started = env_.clock.measure_external();
      s_.away.end_at(external.run, add_saturated(now, external.run.loop->plan->timeout));
    });
  }
  /// The caller has run these external ticks. @return how many have ended now, by that
  std::size_t complete(std::span<completion> done, instant now) {
    expire(now);
    std::size_t ended = 0;
    std::array<external_desk::found, 64> some;
    for (std::size_t at = 0; at < done.size();) {
      const std::size_t n = env_.desk.find(done, s_.index, at, some);
      for (const external_desk::found& f : std::span(some).first(n)) {
        run_state& run = f.run->run;
        if (run.over.exchange(true, std::memory_order_release)) continue;  // it was given twice
        run.taken = f.with->taken;
        (void)s_.away.take_down(run.place);
        course(s_).finish(run, env_.clock.measure_external(), now);
        f.with->status = code::ok;
        ++ended;
      }
      env_.desk.erase(std::span<const external_desk::found>(some).first(n));
    }
    return ended;
  }

  // ---- pending ----

  /// Calls the next tick that was pending when the poll began. False: there is none. The lease is
  /// held before and after.
  bool resume_one(instant now, std::uint64_t epoch) {
    const std::shared_ptr<external_run> kept = s_.away.next_parked();
    if (kept == nullptr) return false;
    run_state& run = kept->run;
    instant clock = env_.clock.measure();
    run.started = clock - (now - run.began);
    if (run.cpu_started != duration::min()) run.cpu_started += thread_cpu_now();
    (void)course(s_).drive(run, kept, now, clock, epoch);
    return true;
  }

  // ---- on a thread of its own, or lost with it ----

  /// The tick that runs keeps its thread and goes on beside the shard's others; it may end until
  /// its timeout. @return the epoch for the thread that goes on. Throws std::bad_alloc, with
  /// nothing changed. @pre inside.tick()
  std::uint64_t hand_off() {
    s_.away.make_room();
    run_state& run = s_.inside.leave();
    loop_record& loop = *run.loop;
    s_.away.take_off(run, nullptr);
    s_.away.end_at(run, s_.inside.timeout_at());
    if (loop.inside < loop.plan->instances && !loop.scheduled) s_.due.schedule(loop);
    return s_.owner().pass_on();
  }
  /// Locks out the thread that runs user code and accounts its tick as timed out. @return the epoch
  /// for the thread that goes on. @pre inside.tick()
  std::uint64_t abandon(instant now) {
    run_state& run = s_.inside.leave();
    run.over.store(true, std::memory_order_release);
    lose(*run.loop, run, now);
    return s_.owner().pass_on();
  }
  /// The same of a handler, whose subscription ends. @pre inside.in_handler()
  std::uint64_t abandon_handler(instant now) {
    s_.inside.abandon_handler();
    s_.tell("gyre.stuck", 0, "the handler of ", env_.events->abandon(now));
    return s_.owner().pass_on();
  }
  /// Gives up what was handed off and has not ended, as the engine stops. @param names of the loops
  void abandon_flights(instant now, std::vector<std::string>& names) {
    s_.away.each([&](const flights::flight& f) {
      if (f.kept != nullptr) return;
      run_state& run = *f.run;
      (void)if_memory([&] { names.emplace_back(env_.table.name(*run.loop)); });
      s_.away.land(run);
      lose(*run.loop, run, now);
    });
  }
  /// There is no thread to give: the shard waits for its own. Told once until one is lost again.
  void tell_no_thread() {
    if (!s_.inside.first_without_thread()) return;
    s_.tell("gyre.stuck", 0, "no thread is left for shard ", s_.index, ": ", env_.lost.load(),
            " are inside of ticks and handlers that do not end");
  }

 private:
  /// The thread of a tick is left to itself: counted as timed out.
  void lose(loop_record& loop, run_state& run, instant now) {
    loop.stuck = true;
    course(s_).time_out(loop, run, now);
    s_.tell("gyre.stuck", loop.id, env_.table.name(loop));
  }

  shard& s_;
  environment& env_;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
