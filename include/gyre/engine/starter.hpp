// starter.hpp - starting and stopping an engine, also twice, from inside, and in a forked child.
// Room: engine. Threads: any that holds no lease; one start or stop at a time.
#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <gyre/engine/balance.hpp>
#include <gyre/engine/drive.hpp>

#if GYRE_THREADS
#include <gyre/engine/crew.hpp>
#endif

namespace gyre {
inline namespace v1 {
namespace detail {

/// Held by the engine's body.
class starter {
 public:
  starter(environment& env, post& p, house& h, vault& v, readings& r, balance& b, const drive& d)
      : env_(env), house_(h), vault_(v), drive_(d)
#if GYRE_THREADS
        , crew_(env, p, h, v, r, b)
#endif
  {
    (void)p, (void)r, (void)b;
    env_.stopping = true;
  }
  starter(const starter&) = delete;
  starter& operator=(const starter&) = delete;

  /// True in a process whose engine's threads are another's: nothing may be asked of it any more.
  bool forked() const noexcept {
#if GYRE_THREADS
    return crew_.forked();
#else
    return false;
#endif
  }
  /// True inside of a tick or handler of its own; with the drivers that are called, while they are.
  bool inside() { return in_own_code() || drive_.busy(); }

  /// As engine::start(). @param body what its threads keep alive
  result<void> start(const std::shared_ptr<void>& body) {
    if (forked()) return no_threads_here();
    if (in_own_code()) {
      if (!env_.stopping) return ok;
      return fail(code::reentrant, "start() was called inside of a tick that stop() waits for");
    }
    const std::lock_guard lock(mutex_);
    if (!env_.stopping) return ok;
    const instant t = env_.clock.now();
    {
      const leased hold(env_.shards[0]->owner());
      env_.stopping = false;
      started_at_ = t;
      house_.restart(t);
    }
    for (shard* s : env_.shards) {
      const leased hold(s->owner());
      s->loops.each([&](loop_record& l) {
        if (l.paused == 0) s->due.start(l, t);
      });
    }
#if GYRE_THREADS
    if (!env_.clock.own_threads()) return ok;
    undo not_started([this]() noexcept {
      env_.stopping = true;
      call_off();
      (void)crew_.stop(std::chrono::seconds(1));
      (void)crew_.stop_store(std::chrono::seconds(1));
    });
    GYRE_CHECK(crew_.start(body));
    not_started.keep();
    return ok;
#else
    (void)body;
    return ok;
#endif
  }
  /// As engine::stop(). It needs no memory but for the names, of which it leaves out what there is
  /// none for.
  result<std::vector<std::string>> stop(duration deadline) {
    if (forked()) return no_threads_here();
    if (in_own_code()) {
      return fail(code::reentrant, "stop() waits for ticks to end and was called inside of one");
    }
    const std::lock_guard lock(mutex_);
    const duration begin = monotonic_now();
    const bool again = env_.stopping;  // then only names who is still inside
    if (!again) {
      {
        const leased hold(env_.shards[0]->owner());
        stopped_at_ = env_.clock.now();
        env_.stopping = true;
      }
      call_off();
    }
    std::vector<std::string> stragglers = wait_for_threads(deadline, again);
    for (shard* s : env_.shards) {
      const leased hold(s->owner());
      for (loop_record* l : s->loops.with_extra()) close_lesson(*s, *l);
    }
    const bool writes = vault_.present() && (!again || env_.clock.own_threads());
    if (writes && !write_store(deadline - (monotonic_now() - begin))) {
      stragglers.emplace_back("(the store)");
    }
    return stragglers;
  }
  /// How long it has run since the last start. Under shard 0's lease.
  duration uptime() const noexcept {
    return (env_.stopping ? stopped_at_ : env_.clock.now()) - started_at_;
  }

 private:
  bool in_own_code() {
#if GYRE_THREADS
    return crew_.inside();
#else
    return false;
#endif
  }
  void call_off() {
    for (shard* s : env_.shards) {
      const leased hold(s->owner());
      s->call_off();
    }
  }
  /// @return the names of loops whose ticks did not end in time
  std::vector<std::string> wait_for_threads(duration deadline, bool again) {
    std::vector<std::string> stragglers;
#if GYRE_THREADS
    if (env_.clock.own_threads() && !again) stragglers = crew_.stop(deadline);
    if (again) crew_.look_for_left();
    for (shard* s : env_.shards) {  // also those that were given up on before
      const leased hold(s->owner());
      s->loops.each([&](const loop_record& l) {
        if (!l.stuck || l.inside == 0) return;
        const std::string_view who = env_.table.name(l);
        if (std::find(stragglers.begin(), stragglers.end(), who) == stragglers.end()) {
          (void)if_memory([&] { stragglers.emplace_back(who); });
        }
      });
    }
#else
    (void)deadline, (void)again;
#endif
    return stragglers;
  }
  /// Commits and syncs; stats() have the error. @return false: its disk took longer than `most` and
  /// than the 100 ms that it has in any case
  bool write_store(duration most) {
#if GYRE_THREADS
    if (env_.clock.own_threads()) {
      return crew_.stop_store(std::max<duration>(most, std::chrono::milliseconds(100)));
    }
#endif
    (void)most;
    (void)if_memory([&] { (void)vault_.sync(); });
    return true;
  }
  static error no_threads_here() {
    return fail(code::forked, "the engine's threads are those of the process that this one was "
                              "forked from: fork before start(), or after stop()");
  }

  environment& env_;
  house& house_;
  vault& vault_;
  const drive& drive_;
  std::mutex mutex_;
  instant started_at_{0}, stopped_at_{0};
#if GYRE_THREADS
  crew crew_;
#endif
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
