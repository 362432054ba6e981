// crew.hpp - an engine's own threads, and the watchdog that gives a stuck one's shard away.
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

#include <gyre/engine/balance.hpp>
#include <gyre/engine/house.hpp>
#include <gyre/engine/landing.hpp>
#include <gyre/engine/readings.hpp>
#include <gyre/engine/scribe.hpp>
#include <gyre/run/executor.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// Threads are inside of the engine's body, which owns all they use: each holds a reference to it.
class crew {
 public:
  crew(environment& env, post& p, house& h, vault& v, readings& r, balance& b)
      : env_(env), post_(p), house_(h), vault_(v), readings_(r), balance_(b), scribe_(env, v) {}
  crew(const crew&) = delete;
  crew& operator=(const crew&) = delete;

  /// So many threads may be inside of ticks and handlers without driving a shard: then no further
  /// one is given up on, and its shard waits.
  std::size_t most_lost() const { return 2 * env_.shards.size() + 14; }

  /// @param body kept alive by each thread. BUDGET: the system gives no more threads; nothing runs
  /// then.
  result<void> start(const std::shared_ptr<void>& body) {
    process_ = ::getpid();
    env_.threads.make_room(most_lost() + env_.shards.size());
    vec<std::uint64_t> epochs;
    for (shard* s : env_.shards) epochs.push_back(s->owner().epoch());
    const bool all =
        executor_.start(epochs, [this, body](std::uint32_t slot, std::uint64_t epoch) {
          run(*env_.shards[slot], epoch);
        });
    if (!all) return fail(code::budget, "the system gives no thread for each of ", epochs.size(),
                          " shards");
    if (!start_watchdog(body)) {
      return fail(code::budget, "the system gives no thread for the watchdog");
    }
    if (!vault_.present() || scribe_.start(body)) return ok;
    return fail(code::budget, "the system gives no thread for the store");
  }

  /// Waits for running ticks, at most `deadline`; what does not end is left to itself. @return the
  /// names of loops that did not. @pre env.stopping was set
  std::vector<std::string> stop(duration deadline) noexcept {
    std::vector<std::string> stragglers;
    alarm_.ring();
    for (shard* s : env_.shards) s->wake().ring();
    if (watchdog_.joinable()) watchdog_.join();
    const bool ended = executor_.wait(deadline, [&] {
      return std::none_of(env_.shards.begin(), env_.shards.end(), [](shard* s) {
        const leased hold(s->owner());
        return s->away.has_handed_off();
      });
    });
    for (shard* s : env_.shards) {
      if (ended) break;
      const bool driven = executor_.driven(s->index);
      const leased hold(s->owner());
      landing(*s).abandon_flights(env_.clock.now(), stragglers);
      if (!driven) continue;
      if (s->inside.tick() == nullptr && !s->inside.in_handler()) {  // it leaves by itself
        (void)s->owner().pass_on();
        continue;
      }
      ++env_.lost;
      if (s->inside.tick() == nullptr) {
        (void)if_memory([&] { stragglers.emplace_back("(a bus handler)"); });
        (void)landing(*s).abandon_handler(env_.clock.now());
        continue;
      }
      (void)if_memory([&] {
        stragglers.emplace_back(env_.table.name(*s->inside.tick()->loop));
      });
      (void)landing(*s).abandon(env_.clock.now());
    }
    const bool all_left = ended && env_.lost == 0;  // the users' functions, also of earlier starts
    executor_.abandon(all_left);
    look_for_left();
    return stragglers;
  }
  /// Has the store written and synced. @return false: the disk takes longer than `most`; then the
  /// thread that does so is left to itself. @pre stop() was called
  bool stop_store(duration most) { return scribe_.stop(most); }
  /// Sees whether those have ended that stop() left to themselves. @pre stopped
  void look_for_left() {
    if (env_.threads.empty()) process_ = 0;
  }

  /// In the child of a fork, where the threads are not that there were: each may have held whatever
  /// there is to hold. Not so when all had ended, as a stop() saw. Any thread; one system call.
  bool forked() const noexcept {
    const pid_t started = process_.load(std::memory_order_relaxed);
    return started != 0 && started != ::getpid();
  }

  /// True on a thread that runs this engine's ticks and handlers, given up on or not.
  bool inside() { return env_.threads.has_this_thread(); }

 private:
  void run(shard& s, std::uint64_t epoch) {
    env_.threads.enter();
    name_thread(join("gyre ", s.index).c_str());
    if (env_.options.slack < std::chrono::microseconds(50)) sleep_precisely();
    take_turns(s, epoch);
    env_.threads.leave();
  }
  /// Until the engine stops or this thread is given up on. The lease is free before and after.
  void take_turns(shard& s, std::uint64_t epoch) {
    if (!s.owner().acquire(epoch)) return;
    while (!env_.stopping.load(std::memory_order_relaxed)) {
      const instant t = env_.clock.now();
      if (s.away.next_deadline() <= t && env_.watchdog.overdue(env_.clock.measure())) {
        s.owner().release();  // it is to say first how much of that time was nobody's
        std::this_thread::sleep_for(std::chrono::microseconds(50));
        if (!s.owner().acquire(epoch)) return;
        continue;
      }
      course::limits to;
      if (s.index == 0) {
        if (!house_.keep(t, epoch)) return;
        to.house = house_.ticks_until();
      }
      landing(s).expire(t);
      to.house = std::min(to.house, s.away.next_deadline());
      const course::turn did = course(s).run_due(to, epoch);
      if (did.lost) return;
      if (!s.after.empty()) {
        s.owner().release();
        post_.tell_all(s);
        if (!s.owner().acquire(epoch)) return;
        continue;
      }
      if (did.steps != 0) continue;
      instant until = s.wake_time();
      if (s.index == 0) until = std::min(until, house_.next_work());
      const instant now = env_.clock.now();
      const duration rest = until - now;
      if (rest <= duration::zero()) continue;
      s.fall_asleep(now);
      s.owner().release();
      (void)s.wake().wait(rest);
      if (!s.owner().acquire(epoch)) return;
      s.get_up(env_.clock.now());
      if (!dozing_.load()) continue;
      env_.watchdog.rung(env_.clock.measure());  // something may run from now on
      alarm_.ring();
    }
    s.owner().release();
  }

  bool start_watchdog(const std::shared_ptr<void>& body) {
    auto made = quiet_thread([this, body] { watch(); });
    if (!made) return false;
    watchdog_ = std::move(*made);
    return true;
  }
  void watch() {
    name_thread("gyre watchdog");
    const engine_clock& clock = env_.clock;
    instant sample_at{0};
    duration slept{0};
    while (!env_.stopping.load(std::memory_order_relaxed)) {
      house_.look_for_gap(slept);
      const instant t = clock.now();
      account_for_stops();
      dozing_ = true;
      instant next = t + std::chrono::seconds(1);  // for what it is to notice: a suspended machine
      for (shard* s : env_.shards) next = std::min(next, look_at(*s, t));
      balance_.look(t);
      if (t >= sample_at) {
        sample_at = t + std::chrono::milliseconds(250);
        readings_.sample();
      }
      if (readings_.wanted()) next = std::min(next, sample_at);
      slept = std::max(duration::zero(), next - clock.now());
      account_for_stops();
      env_.watchdog.until(add_saturated(clock.measure(), slept));
      (void)alarm_.wait(slept);
      dozing_ = false;
    }
    env_.watchdog.off();
  }
  /// Takes the time that the watchdog overslept off all that runs. It is to sleep again soon.
  void account_for_stops() {
    const instant t = env_.clock.measure();
    if (!env_.watchdog.overdue(t)) return env_.watchdog.until(t);
    const every_lease all(env_);
    for (shard* s : env_.shards) s->after_stop(env_.clock.measure());
    env_.watchdog.until(env_.clock.measure());
  }
  /// Gives the shard another thread where what runs on its own takes too long: see occupant.hpp.
  /// @return when to look again at the latest
  instant look_at(shard& s, instant t) {
    const instant soon = t + env_.watchdog.every();
    {
      const leased hold(s.owner());
      if (s.inside.needs_thread(t) == need::none) {
        if (!s.sleeps()) return std::min(soon, s.inside.next_look(t));
        const instant ends = s.away.next_deadline();  // of a tick that runs elsewhere
        return ends == never ? never : std::max(soon, t + (ends - t) / 8);
      }
    }
    bool thread = false;
    if (env_.lost.load() < most_lost()) {
      (void)if_memory([&] { thread = executor_.prepare(); });
    }
    const leased hold(s.owner());
    landing at(s);
    if (thread) thread = if_memory([&] { s.away.make_room(); });
    const need needed = s.inside.needs_thread(t);  // it may have ended meanwhile
    if (needed == need::none) return soon;
    if (!thread) {
      at.tell_no_thread();
      return soon;
    }
    ++env_.lost;
    const std::uint64_t epoch = needed == need::handler    ? at.abandon_handler(t)
                                : needed == need::hand_off ? at.hand_off()
                                                           : at.abandon(env_.clock.now());
    executor_.replace(s.index, epoch);
    return soon;
  }

  std::atomic<bool> dozing_{false};  // the watchdog sleeps until a shard wakes, at most 1 s
  environment& env_;
  post& post_;
  house& house_;
  vault& vault_;
  readings& readings_;
  balance& balance_;
  std::atomic<pid_t> process_{0};  // that the threads are of; 0 when a stop() saw none
  scribe scribe_;
  executor executor_;
  std::thread watchdog_;
  alarm alarm_;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
