// crew.hpp - an engine's own threads: one a shard, and a watchdog over them.
// Room: engine. Threads: start and stop from one thread at a time.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <unistd.h>

#include <gyre/engine/shard.hpp>
#include <gyre/run/executor.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// What the threads do besides running ticks.
class crew_work {
 public:
  /// Shard 0's thread, lease held, between two ticks: deliver, observe, commit. Held after, except
  /// when false: given up on inside of a handler.
  virtual bool keep_house(instant now, std::uint64_t epoch) = 0;
  /// When keep_house() has something to do by itself. Lease held.
  virtual instant next_house_work() const noexcept = 0;
  /// Publishes what the shard has to tell. No lease held.
  virtual void tell_all(shard&) = 0;
  /// The watchdog, each time it looks. @param slept what it meant to since it did
  virtual void look_for_gap(duration slept) = 0;
  /// The watchdog, four times a second: readings for gates; once a second: sync of the store.
  virtual void sample() = 0;
  virtual void sync_store() = 0;

 protected:
  ~crew_work() = default;
};

class crew {
 public:
  /// So many threads may be inside of ticks and handlers without driving a shard: then no further
  /// one is given up on, and its shard waits.
  static std::size_t most_lost(const environment& env) { return 2 * env.shards.size() + 14; }

  /// @param work kept alive by each thread; owns env and its shards. BUDGET: the system gives no
  /// more threads; nothing runs then.
  result<void> start(environment& env, const std::shared_ptr<crew_work>& work) {
    process_ = ::getpid();
    std::vector<std::uint64_t> epochs;
    for (shard* s : env.shards) epochs.push_back(s->owner().epoch());
    const bool all = executor_.start(epochs, [&env, work](std::uint32_t slot, std::uint64_t epoch) {
      drive(env, *work, *env.shards[slot], epoch);
    });
    if (!all) return fail(code::budget, "the system gives no thread for each of ", epochs.size(),
                          " shards");
    watchdog_ = std::thread([this, &env, work] { watch(env, *work); });
    return ok;
  }

  /// Waits for running ticks, at most `deadline`; what does not end is left to itself. @return the
  /// names of loops that did not. @pre env.stopping was set
  std::vector<std::string> stop(environment& env, duration deadline) {
    std::vector<std::string> stragglers;
    alarm_.ring();
    for (shard* s : env.shards) s->wake().ring();
    if (watchdog_.joinable()) watchdog_.join();
    const bool ended = executor_.wait(deadline, [&] {
      return std::none_of(env.shards.begin(), env.shards.end(), [](shard* s) {
        const leased hold(s->owner());
        return s->has_handed_off();
      });
    });
    for (shard* s : env.shards) {
      if (ended) break;
      const bool driven = executor_.driven(s->index());
      const leased hold(s->owner());
      s->abandon_flights(env.now(), stragglers);
      if (!driven) continue;
      if (s->running() == nullptr && !s->in_handler()) {  // between two: it leaves by itself
        (void)s->owner().pass_on();
        continue;
      }
      ++env.lost;
      if (s->running() == nullptr) {
        stragglers.emplace_back("(a bus handler)");
        (void)s->abandon_handler(env.now());
        continue;
      }
      stragglers.emplace_back(env.table.name(*s->running()->loop));
      (void)s->abandon(env.now());
    }
    const bool all_left = ended && env.lost == 0;  // the users' functions, also of earlier starts
    executor_.abandon(all_left);
    look_for_left(env);
    return stragglers;
  }
  /// Sees whether those have ended that stop() left to themselves. @pre stopped
  void look_for_left(environment& env) {
    if (env.threads.empty()) process_ = 0;
  }

  /// In the child of a fork, where the threads are not that there were: each may have held whatever
  /// there is to hold. Not so when all had ended, as a stop() saw. Any thread; one system call.
  bool forked() const noexcept {
    const pid_t started = process_.load(std::memory_order_relaxed);
    return started != 0 && started != ::getpid();
  }

  /// True on a thread that runs this engine's ticks and handlers, given up on or not.
  static bool inside(environment& env) { return env.threads.has_this_thread(); }

 private:
  static void drive(environment& env, crew_work& work, shard& s, std::uint64_t epoch) {
    env.threads.enter();
    if (env.options.slack < std::chrono::microseconds(50)) sleep_precisely();
    take_turns(env, work, s, epoch);
    env.threads.leave();
  }
  /// Until the engine stops or this thread is given up on. The lease is free before and after.
  static void take_turns(environment& env, crew_work& work, shard& s, std::uint64_t epoch) {
    if (!s.owner().acquire(epoch)) return;
    while (!env.stopping.load(std::memory_order_relaxed)) {
      const instant t = env.now();
      shard::limits to;
      if (s.index() == 0) {
        if (!work.keep_house(t, epoch)) return;
        to.house = std::min(work.next_house_work(), s.next_event_of_bus());
      }
      s.expire(t);
      to.house = std::min(to.house, s.next_deadline());
      const shard::turn did = s.run_due(to, epoch);
      if (did.lost) return;
      if (s.has_afterwork()) {
        s.owner().release();
        work.tell_all(s);
        if (!s.owner().acquire(epoch)) return;
        continue;
      }
      if (did.steps != 0) continue;
      instant until = s.wake_time();
      if (s.index() == 0) until = std::min(until, work.next_house_work());
      const duration rest = until - env.now();
      if (rest <= duration::zero()) continue;
      s.fall_asleep();
      s.owner().release();
      (void)s.wake().wait(rest);
      if (!s.owner().acquire(epoch)) return;
      (void)s.must_wake();
    }
    s.owner().release();
  }

  void watch(environment& env, crew_work& work) {
    instant sample_at{0};
    instant sync_at = env.now() + std::chrono::seconds(1);
    duration slept{0};
    while (!env.stopping.load(std::memory_order_relaxed)) {
      work.look_for_gap(slept);
      const instant t = env.now();
      instant next = t + duration{env.watch_ns.load(std::memory_order_relaxed)};
      for (shard* s : env.shards) next = std::min(next, look_at(env, *s, t));
      if (t >= sample_at) {
        sample_at = t + std::chrono::milliseconds(250);
        work.sample();
      }
      if (t >= sync_at) {
        sync_at = t + std::chrono::seconds(1);
        work.sync_store();
      }
      slept = std::max(duration::zero(), next - env.now());
      (void)alarm_.wait(slept);
    }
  }
  /// A tick that has run for the hand-off time keeps its thread, and another goes on with the
  /// shard. Where the timeout comes first, the tick is told to give up then, and if it still runs
  /// after the grace, its thread is given up on. So it is with a handler past its limit, which
  /// cannot be told. @return when to look again at the latest
  instant look_at(environment& env, shard& s, instant t) {
    {
      const leased hold(s.owner());
      if (s.needs_thread(t) == shard::need::none) return s.next_look(t);
    }
    const bool thread = env.lost.load() < most_lost(env) && executor_.prepare();
    const leased hold(s.owner());
    const shard::need needed = s.needs_thread(t);  // it may have ended meanwhile
    if (needed == shard::need::none) return never;
    if (!thread) {
      s.tell_no_thread();
      return never;
    }
    ++env.lost;
    const std::uint64_t epoch = needed == shard::need::handler ? s.abandon_handler(t)
                                : needed == shard::need::hand_off ? s.hand_off()
                                                                  : s.abandon(env.now());
    executor_.replace(s.index(), epoch);
    return never;
  }

  std::atomic<pid_t> process_{0};  // that the threads are of; 0 when a stop() saw none
  executor executor_;
  std::thread watchdog_;
  alarm alarm_;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
