// course.hpp - the course of a tick: due, gate, call, measure, judge, learn, record, again.
// Room: engine. Threads: who holds the shard's lease; it is free while user code runs.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <exception>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include <gyre/engine/lesson.hpp>
#include <gyre/engine/services.hpp>
#include <gyre/engine/setback.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// Drives one shard; to be read from top to bottom. It has no state of its own: everything is the
/// shard's. What happens to ticks that end elsewhere stands in landing.hpp.
class course {
 public:
  explicit course(shard& s) noexcept : s_(s), env_(s.env), clock_(s.env.clock) {}

  /// How far run_due() goes.
  struct limits {
    instant until{0};  ///< ticks due later are left; the real clock of driver::workers goes on
    instant house = never;             ///< at this time there is other work
    const due_entry* rival = nullptr;  ///< first of another shard, which goes before what is later
    std::uint64_t most = ~std::uint64_t{0};  ///< ticks
    instant spent = never;  ///< by measure(): then no step begins but the first
  };
  struct turn {
    std::uint64_t ticks = 0;
    std::uint64_t steps = 0;  ///< ticks, and due times at which none ran
    bool lost = false;        ///< this thread was given up on and must leave
  };

  // ---- due ----

  /// Runs due ticks in order until none is left within the limits, or something else needs
  /// attention. The lease is held before, and after except when `lost`.
  turn run_due(const limits& to, std::uint64_t epoch) {
    turn done;
    const bool simulated = clock_.is_virtual(), own = clock_.own_threads();
    const instant end = std::min(to.until, to.house - duration(1));
    instant now = simulated ? clock_.now() : to.until, clock = now;
    if (!simulated) clock = clock_.measure();
    if (own) now = clock_.shown(clock);
    env_.attention.store(false, std::memory_order_relaxed);
    s_.due.work(now);
    due_entry entry;
    while (done.ticks < to.most) {
      if (to.spent != never && done.steps != 0 && clock_.measure() >= to.spent) break;
      if (to.rival != nullptr) {
        const due_entry* mine = s_.due.first();
        if (mine == nullptr || !runs_before(*mine, *to.rival)) break;
      }
      if (simulated) {
        if (!s_.due.take_exact(end, entry)) break;
        now = clock = std::max(now, entry.due);
        clock_.move_to(now);
      } else if (own ? now >= to.house || !s_.due.take(now, entry) : !s_.due.take(end, entry)) {
        break;
      }
      ++done.steps;
      s_.ahead.step(now, s_.gates.number());
      loop_record& loop = env_.table.of_slot(s_.index, entry.slot);
      std::uint64_t missed = 0;
      if (!arrives(loop, now, missed)) continue;
      ++done.ticks;
      if (loop.external()) {
        hand_out(loop, entry, missed, now);
        continue;
      }
      if (!run(loop, entry, missed, now, clock, epoch)) {
        done.lost = true;
        return done;
      }
      if (!s_.after.empty() || env_.attention.load(std::memory_order_relaxed)) break;
    }
    return done;
  }

 private:
  // ---- gate ----

  /// A due time has come: whether a tick runs. If not, the loop is scheduled again. Inlined by
  /// force, as g++ 12 does not by itself: saves 27 instructions a tick.
  [[gnu::always_inline]] inline bool arrives(loop_record& loop, instant now,
                                             std::uint64_t& missed) {
    loop.scheduled = false;
    s_.due.forget_slack(loop);
    const bool asked = loop.triggered;
    loop.triggered = loop.spread = false;
    bool run = true;
    if (loop.inside >= loop.plan->instances && asked && !loop.stuck) {
      loop.triggered = true;  // when one of those inside ends
      return false;
    }
    if (loop.inside >= loop.plan->instances || s_.away.full()) {  // no further copy, or no place
      loop.metrics.missed(1 + (asked ? 0 : agenda::arrive(loop, now).missed));
      run = false;
    } else if (loop.extra != nullptr && !s_.gates.lets_in(loop, now)) {
      if (!asked) (void)agenda::arrive(loop, now);
      run = false;
    } else if (!asked) {
      const arrival a = agenda::arrive(loop, now);
      missed = a.missed;
      if (missed != 0) loop.metrics.missed(missed);
      run = a.run;
    }
    if (!run) s_.due.schedule(loop);
    return run;
  }

  // ---- call ----

  /// Runs one tick on this thread; the rest as drive().
  bool run(loop_record& loop, const due_entry& entry, std::uint64_t missed, instant& now,
           instant& clock, std::uint64_t epoch) {
    run_state state;
    prepare(state, loop, entry, missed, now);
    state.started = clock;
    state.may_wait = clock_.is_host();
    if (loop.extra != nullptr && loop.extra->wants_cpu && !clock_.is_virtual()) {
      state.cpu_started = thread_cpu_now();
    }
    return drive(state, nullptr, now, clock, epoch);
  }
  static void prepare(run_state& state, loop_record& loop, const due_entry& entry,
                      std::uint64_t missed, instant now) noexcept {
    loop.running = true;
    loop.backing_off = loop.stuck = false;
    ++loop.inside;
    state.loop = &loop;
    state.loop_id = loop.id;
    state.order = entry.order;
    state.place = entry.slot;
    state.number = loop.metrics.finished();
    state.due = entry.due;
    state.began = state.started = now;
    state.missed = missed;
    if (loop.extra != nullptr && loop.extra->chooses) state.sees = loop.extra->sees;
  }
  /// The user's function; what it throws is a failed tick.
  void call(loop_record& loop, run_state& state) {
    services at(s_);
    tick t(state, at);
#if GYRE_EXCEPTIONS
    try {
      loop.function(t);
    } catch (const std::exception& e) {
      const char* const what = e.what();
      fail(state, what != nullptr ? what : "the tick threw an exception without a text");
    } catch (...) {
      fail(state, "the tick threw something that is not a std::exception");
    }
#else
    loop.function(t);
#endif
  }
  /// As tick::fail(), with or without memory for the text.
  static void fail(run_state& state, const char* why) noexcept {
    if (state.failed || state.over.load(std::memory_order_acquire)) return;
    (void)if_memory([&] { state.text = clipped(why); });
    state.failed = true;
  }
  /// A tick for the caller of the engine to run.
  void hand_out(loop_record& loop, const due_entry& entry, std::uint64_t missed, instant now) {
    std::shared_ptr<external_run> external;
    bool offered = false;
    (void)if_memory([&] {
      s_.away.make_room();
      external = env_.desk.make();
      external->shard = s_.index;
      offered = env_.desk.offer(external);
    });
    if (!offered) {  // a million of them are out, or there is no memory for one more
      loop.metrics.missed(1);
      s_.due.schedule(loop);
      return;
    }
    run_state& run = external->run;
    prepare(run, loop, entry, missed, now);
    run.external = true;
    s_.away.take_off(run, std::move(external));
    if (loop.inside < loop.plan->instances) s_.due.schedule(loop);
  }

 public:
  /// The tick's function is called, and then the tick is over or pending. @param kept what the run
  /// is in, if it was pending before. @param now on the engine's clock, and `clock` on the one that
  /// durations are measured by: both go on to the tick's end, which is where the next begins.
  /// @return false: given up on, the lease is not held
  bool drive(run_state& state, const std::shared_ptr<external_run>& kept, instant& now,
             instant& clock, std::uint64_t epoch) {
    loop_record& loop = *state.loop;
    s_.inside.enter(state, now);
    state.pending = false;
    s_.owner().release();
    call(loop, state);
    if (s_.owner().acquire() != epoch) return come_back(loop, state);
    (void)s_.inside.leave();
    if (!clock_.is_virtual()) {
      clock = clock_.measure();
      if (clock_.own_threads()) now = clock_.shown(clock);
    }
    if (state.pending && !state.failed) {
      if (state.cancel.load(std::memory_order_relaxed)) {  // removed, or the engine was stopped
        leave(loop);
        return true;
      }
      if (duration_of(state, clock) <= loop.plan->timeout) {
        if (park(state, kept)) return true;
        fail(state, "there was no memory for it to be pending");
      }
    }
    finish(state, clock,
           clock_.is_host() ? add_saturated(state.began, clock - state.started) : now);
    return true;
  }

 private:
  /// The tick has said pending() and goes on at the next poll. @return false: there is no memory
  /// for that
  bool park(run_state& state, std::shared_ptr<external_run> kept) {
    const bool room = if_memory([&] {
      s_.away.make_room();
      if (kept == nullptr) kept = env_.desk.make();
    });
    if (!room) return false;
    if (state.cpu_started != duration::min()) state.cpu_started -= thread_cpu_now();
    if (&kept->run != &state) static_cast<run_facts&>(kept->run) = std::move(state);
    run_state& run = kept->run;
    loop_record& loop = *run.loop;
    ++run.calls;
    s_.away.park(run, std::move(kept));
    s_.away.end_at(run, add_saturated(run.began, loop.plan->timeout));
    if (loop.inside < loop.plan->instances && !loop.scheduled) s_.due.schedule(loop);
    return true;
  }
  /// A tick has ended whose shard another thread drives: it was handed off, and counts; or it was
  /// given up on, and nothing is touched but who is inside. Frees the lease. @return false
  bool come_back(loop_record& loop, run_state& state) {
    --env_.lost;
    s_.inside.thread_is_back();
    if (state.over.load(std::memory_order_relaxed)) {
      leave(loop);
    } else {
      s_.away.land(state);
      finish(state, clock_.measure(), clock_.now());
    }
    const bool ring = s_.must_wake();
    s_.owner().release();
    if (ring) s_.wake().ring();
    return false;
  }

  // ---- measure, learn, record, again ----

 public:
  /// A tick has ended with a result. It ends also where there is no memory: what is left out then
  /// is what is told of a failure, its streak and backoff where it is the loop's first, and what
  /// the loop would have learned. @param measured the end on the clock of run.started
  void finish(run_state& run, instant measured, instant end) {
    loop_record& loop = *run.loop;
    const bool removed = loop.removed;
    leave(loop);
    if (removed) return;
    const duration took = duration_of(run, measured);
    const bool good = !run.failed && took <= loop.plan->timeout;
    const tick_status status = good ? tick_status::ok : judge(run, took);
    const bool needs = status != tick_status::ok || run.rewarded || run.wants_cpu;
    if (loop.extra == nullptr && needs) (void)s_.loops.extra_if_memory(loop);
    if (loop.extra != nullptr) {
      if (status != tick_status::ok) ++loop.extra->streak;
      if (status == tick_status::ok) loop.extra->streak = 0;
      loop.extra->wants_cpu |= run.wants_cpu;
      if (loop.extra->own_features) {
        see_own(*loop.extra, run.sees, loop, took, end, s_.gates.load());
        run.saw = true;
      }
      learn(s_, run, status);
    } else if (!run.rewarded) {
      run.reward = status == tick_status::ok ? 1 : -1;
    }
    loop.metrics.record(status, took, run.began - run.due, end);
    if (env_.options.trace) {
      s_.out.add(run.order, run.number, run.due, static_cast<std::uint32_t>(status), run.state,
                 run.action, std::isfinite(run.reward) ? run.reward : 0);
    }
    again(loop, status, run.text, end);
  }
  /// A tick is over without its result: counted as timed out, which its setting has to answer for.
  void time_out(loop_record& loop, run_state& run, instant now) {
    loop.running = loop.inside != 0 && !loop.stuck;
    if (loop.removed) return;
    if (loop_extra* const extra = s_.loops.extra_if_memory(loop)) ++extra->streak;
    run.rewarded = false;
    if (run.chosen || run.ticket != 0) learn(s_, run, tick_status::timeout);
    loop.metrics.record(tick_status::timeout, now - run.began, run.began - run.due, now);
    std::string why;
    (void)if_memory([&] { why = join("did not end within ", to_ms(loop.plan->timeout), " ms"); });
    again(loop, tick_status::timeout, why, now);
  }
  /// A thread, or the caller of an external tick, is no longer in the loop's function.
  void leave(loop_record& loop) {
    loop.running = --loop.inside != 0 && !loop.stuck;
    if (loop.removed && loop.inside == 0) s_.bury(loop);
  }

 private:
  duration duration_of(const run_state& run, instant end) const noexcept {
    if (run.taken >= duration::zero()) return run.taken;
    if (clock_.is_virtual()) return run.external ? end - run.started + run.spent : run.spent;
    const duration stopped{run.stopped_ns.load(std::memory_order_relaxed)};
    return end - run.started + run.spent - stopped - env_.watchdog.overslept(run.started, end);
  }
  /// Of a tick that failed or took too long.
  [[gnu::noinline]] tick_status judge(run_state& run, duration took) const {
    if (took > run.loop->plan->timeout) {
      if (!run.failed) {
        (void)if_memory([&] {
          run.text = join("took ", to_fixed(to_ms(took), 3), " ms, the timeout is ",
                          to_ms(run.loop->plan->timeout), " ms");
        });
      }
      return tick_status::timeout;
    }
    const bool told = run.cancel.load(std::memory_order_relaxed) ||
                      env_.stopping.load(std::memory_order_relaxed);
    return told ? tick_status::cancelled : tick_status::error;
  }
  /// Back on the timetable, after a failure not before its backoff.
  void again(loop_record& loop, tick_status status, const std::string& why, instant end) {
    const std::uint64_t given_up = loop.times.finish(end, loop.plan->missed);
    if (given_up != 0) loop.metrics.missed(given_up);
    s_.due.keep_time(loop, end);
    loop.backing_off = status != tick_status::ok;
    if (loop.extra != nullptr && (loop.backing_off || loop.extra->has_breaker ||
                                  loop.extra->postponed != instant::min())) {
      wait_more(s_, loop, status, why, end);
    }
    if (env_.stopping.load(std::memory_order_relaxed) || loop.scheduled) return;
    if (loop.triggered) {
      s_.due.push(loop, clock_.now());
    } else {
      s_.due.schedule(loop);
    }
  }

  shard& s_;
  environment& env_;
  engine_clock& clock_;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
