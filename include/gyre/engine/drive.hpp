// drive.hpp - how a caller moves an engine's time: poll() of a host, advance_to() of virtual time.
// Room: engine. Threads: one at a time, which holds no lease; another is refused.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <gyre/engine/house.hpp>
#include <gyre/engine/landing.hpp>
#include <gyre/engine/poll_result.hpp>
#include <gyre/engine/readings.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// Goes through all shards round by round: in each, the work of the house if there is some, else
/// ticks; after a round of deliveries a host's ticks have their turn first. Held by the engine's
/// body.
class drive {
 public:
  drive(environment& env, post& p, house& h, vault& v, readings& r)
      : env_(env), post_(p), house_(h), vault_(v), readings_(r) {}
  drive(const drive&) = delete;
  drive& operator=(const drive&) = delete;

  bool busy() const noexcept { return driving_; }  ///< a call moves time now

  /// As engine::poll().
  result<poll_result> poll(instant t, std::uint64_t most, duration budget) {
    if (!env_.clock.is_host()) return fail(code::state, "poll() is for driver::host");
    if (t > longest) return too_far(t);
    if (budget < duration::zero()) {
      return fail(code::arg, "a budget is 0 or more, not ", to_ms(budget), " ms");
    }
    const moving here(driving_);
    if (!here.alone()) return busy_already();
    const bool timed = GYRE_THREADS && budget != no_budget;
    const instant spent = timed ? add_saturated(env_.clock.measure(), budget) : never;
    const duration passed = std::max(duration::zero(), t - now());
    if (t > now()) env_.clock.move_to(t);
    house_.look_for_gap(std::exchange(expected_, passed));
    readings_.sample();
    poll_result done;
    std::uint32_t rounds = 0;
    ticks_turn_ = false;
    const bool waiting = begin_poll();
    for (bool first = waiting && unreached_;; first = false) {
      round did;
      if (!first) did = next_round(now(), most, spent);
      if (!did.any && waiting && most != 0 && resume_one()) {
        did.any = true;
        ++done.resumed;
        --most;
      }
      if (!did.any && !first) break;
      done.ticks += did.ticks;
      most -= did.ticks;
      rounds = did.delivered != 0 ? rounds + 1 : did.ticks != 0 ? 0 : rounds;
      done.more = most == 0 || rounds >= poll_rounds ||
                  (spent != never && env_.clock.measure() >= spent);
      if (done.more) break;
    }
    unreached_ = waiting && done.resumed == 0;
    done.next_due = next_event();
    expected_ = std::max(expected_, done.next_due - now());
    if (done.more) done.more = done.next_due <= now();
    if (env_.pending != 0) done.next_due = now();
    return done;
  }
  /// As engine::advance_to().
  result<std::uint64_t> advance_to(instant t) {
    if (!env_.clock.is_virtual()) {
      return fail(code::state, "advance_to() is for driver::virtual_time");
    }
    if (t > longest) return too_far(t);
    const moving here(driving_);
    if (!here.alone()) return busy_already();
    std::uint64_t ticks = 0, at_once = 0, delivered = 0;
    std::uint32_t rounds = 0;
    while (!env_.stopping) {
      const instant before = now();
      const round did = next_round(t, most_at_once, never);
      ticks += did.ticks;
      at_once = now() == before ? at_once + did.ticks : 0;
      if (at_once > most_at_once) {
        return fail(code::state, "loops triggered each other for ", at_once,
                    " ticks at one instant; time cannot go on");
      }
      worked_ = worked_ || did.ticks != 0 || did.delivered != 0;
      if (!did.any) {
        if (!worked_) house_.quiet_until(std::min(next_due(), add_saturated(t, duration(1))));
        const instant next = next_event();
        if (next > t) break;
        if (next > now()) env_.clock.move_to(next);
        continue;
      }
      if (did.ticks != 0) rounds = 0;
      if (did.ticks != 0) delivered = 0;
      if (did.delivered != 0) ++rounds;
      delivered += did.delivered;
      if (rounds < advance_rounds && delivered < advance_deliveries) continue;
      return fail(code::state, "handlers published to each other for ", rounds, " rounds and ",
                  delivered, " messages at one instant; time cannot go on");
    }
    if (t > now()) env_.clock.move_to(t);
    return ticks;
  }
  /// As engine::step_to().
  result<void> step_to(instant t) {
    if (!env_.clock.is_virtual()) {
      return fail(code::state, "step_to() is for driver::virtual_time");
    }
    if (t > longest) return too_far(t);
    for (;;) {
      instant next = t;
      {
        const moving here(driving_);
        if (!here.alone()) return busy_already();
        next = std::min(t, std::max(next_event(), now()));
      }
      GYRE_CHECK(advance_to(next));
      if (next == t || env_.desk.has_ready()) return ok;
    }
  }
  /// As engine::jump_to().
  result<void> jump_to(instant t) {
    if (!env_.clock.is_virtual()) {
      return fail(code::state, "jump_to() is for driver::virtual_time");
    }
    if (t > longest) return too_far(t);
    const moving here(driving_);
    if (!here.alone()) return busy_already();
    if (t < now()) return fail(code::arg, "time does not go back");
    env_.clock.move_to(t);
    return ok;
  }

 private:
  static constexpr std::uint32_t poll_rounds = 64, advance_rounds = 10'000;
  static constexpr std::uint64_t advance_deliveries = 1'000'000;
  static constexpr std::uint64_t most_at_once = 2 * std::uint64_t{loop_table::most};  // ticks

  /// Marks that a thread moves time; only one may.
  class moving {
   public:
    explicit moving(std::atomic<bool>& flag) noexcept : flag_(flag), alone_(!flag.exchange(true)) {}
    ~moving() {
      if (alone_) flag_ = false;
    }
    moving(const moving&) = delete;
    moving& operator=(const moving&) = delete;
    bool alone() const noexcept { return alone_; }

   private:
    std::atomic<bool>& flag_;
    bool alone_;
  };
  struct round {
    std::uint64_t ticks = 0;
    std::uint64_t delivered = 0;  ///< messages of the bus
    bool any = false;             ///< something was done
  };

  instant now() const noexcept { return env_.clock.now(); }
  static error too_far(instant t) {
    return fail(code::arg, "time goes to 100 years at most, not to ", to_s(t), " s");
  }
  static error busy_already() {
    return fail(code::reentrant, "time is being moved already: called inside a tick, or by two "
                                 "threads at once");
  }

  /// Whether a shard has events to tell, which must be done without its lease.
  static bool owes(shard& s) noexcept {
    const leased hold(s.owner());
    return !s.after.empty();
  }
  /// The next tick, deadline or delivery.
  instant next_due() {
    instant t = never;
    for (shard* s : env_.shards) {
      const leased hold(s->owner());
      t = std::min(t, s->next_event());
    }
    return t;
  }
  instant next_event() {
    return env_.stopping ? never : std::min(next_due(), house_.next_work());
  }
  /// What is due at now(): work of the house if there is some; else ticks, at most `most`: on a
  /// virtual clock those up to `until` that come before other work, the clock going on with them.
  /// @param spent by the clock of durations: then nothing begins but one tick
  round next_round(instant until, std::uint64_t most, instant spent) {
    if (env_.stopping) return {};
    const instant t = now();
    course::limits to;
    to.until = until;
    to.most = most;
    to.spent = spent;
    if (env_.shards.size() > 1) expire(t);
    for (shard* s : env_.shards) {
      if (owes(*s)) post_.tell_all(*s);
    }
    shard* next = nullptr;
    due_entry first_of_others, best;
    bool rival = false, commits = false;
    for (shard* s : env_.shards) {
      const leased hold(s->owner());
      if (s->index == 0) {
        if (const round kept = keep_house(t, spent); kept.any) return kept;
        commits = vault_.is_commit_due(t);
        if (commits) break;
        to.house = house_.next_work();
        if (!ticks_turn_) to.house = std::min(to.house, s->next_delivery());
      }
      landing(*s).expire(t);
      to.house = std::min(to.house, s->away.next_deadline());
      const due_entry* e = s->due.first();
      if (e == nullptr || e->due > until) {
        s->due.rest();
        continue;
      }
      if (next == nullptr || runs_before(*e, best)) {
        if (next != nullptr) first_of_others = best;
        rival = next != nullptr;
        next = s;
        best = *e;
      } else if (!rival || runs_before(*e, first_of_others)) {
        first_of_others = *e;
        rival = true;
      }
    }
    if (commits) {
      vault_.commit_due(t);
      return {0, 0, true};
    }
    if (next == nullptr) return {0, 0, std::exchange(ticks_turn_, false)};
    if (rival) to.rival = &first_of_others;
    const leased hold(next->owner());
    const course::turn turn = course(*next).run_due(to, hold.epoch());
    ticks_turn_ = false;
    return {turn.ticks, 0, turn.steps != 0};
  }
  /// Ends what is overdue in the order of the deadlines, whatever the number of shards.
  void expire(instant t) {
    for (;;) {
      shard* first = nullptr;
      due_entry best;
      for (shard* s : env_.shards) {
        const leased hold(s->owner());
        const due_entry* const e = s->away.first_deadline();
        if (e == nullptr || e->due > t) continue;
        if (first != nullptr && !runs_before(*e, best)) continue;
        first = s;
        best = *e;
      }
      if (first == nullptr) return;
      const leased hold(first->owner());
      (void)landing(*first).expire_one(t);
    }
  }
  /// One piece of work of the house, if there is one. Under shard 0's lease. A host's ticks have
  /// their turn after each round of deliveries; on a virtual clock deliveries take no time and go
  /// first.
  round keep_house(instant t, instant spent) {
    gyre::bus& bus = post_.bus();
    const std::size_t messages = spent == never ? ~std::size_t{0} : 16;
    if (bus.next_due() <= t && !ticks_turn_) {
      const std::size_t delivered = bus.pump(t, messages);
      ticks_turn_ = env_.clock.is_host() && delivered != 0;
      if (delivered != 0) return {0, delivered, true};
    }
    if (house_.observe_if_due(t)) {
      worked_ = false;
      return {0, 0, true};
    }
    return {};
  }

  // ---- pending ticks of driver::host ----

  /// Whether some wait for this poll.
  bool begin_poll() {
    if (env_.pending == 0) return false;
    for (shard* s : env_.shards) {
      const leased hold(s->owner());
      landing(*s).expire(now());
      s->away.begin_poll();
    }
    return true;
  }
  bool resume_one() {
    for (shard* s : env_.shards) {
      const leased hold(s->owner());
      if (landing(*s).resume_one(now(), hold.epoch())) return true;
    }
    return false;
  }

  environment& env_;
  post& post_;
  house& house_;
  vault& vault_;
  readings& readings_;
  std::atomic<bool> driving_{false};
  bool unreached_ = false;  // pending ticks, by the last poll
  bool ticks_turn_ = false;  // messages were delivered since ticks had their turn
  bool worked_ = true;       // ticks or deliveries since the last window
  duration expected_{0};     // how long it may be until the next poll
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
