// balance.hpp - moves loops from a shard that is behind, or has too many, to one that keeps up.
// Room: engine. Threads: the watchdog, which holds no lease.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include <gyre/engine/loan.hpp>
#include <gyre/engine/vault.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// A loop moves between its ticks, with its learner, figures and next due time. Its id stays
/// (see loop_table), and whoever asks for it sees nothing of this. Loops of a group stay where they
/// are: they share a learner, which sees their ticks in the order in which they end. With the
/// drivers that are called one thread drives all shards, so nothing moves there. Held by the
/// engine's body.
class balance {
 public:
  /// @param registry the mutex of which loops there are, taken before any lease
  balance(environment& env, vault& v, std::mutex& registry)
      : env_(env), vault_(v), registry_(registry) {}
  balance(const balance&) = delete;
  balance& operator=(const balance&) = delete;

  /// Every 500 ms at most, from the busiest shard to the idlest or from the fullest to the
  /// emptiest, at most 64 loops of 1,024 that are looked at. All shards stand for as long as that
  /// takes, some 0.1 ms. Where loops are just being added or removed, the next time.
  void look(instant t) {
    if (env_.shards.size() < 2 || t < next_) return;
    const std::unique_lock lock(registry_, std::try_to_lock);
    if (!lock) return;
    every_lease hold(env_);
    if (env_.stopping) return;
    next_ = add_saturated(t, every);
    free_signposts(env_);
    if (!if_memory([&] { measure(env_.clock.now()); })) return;
    const std::uint64_t before = moved_;
    if (!relieve()) even_out();
    if (moved_ == before) return;
    hold.wake_all();
    env_.shards[0]->tell("gyre.moved", 0, moved_ - before, " loops to another shard");
  }
  std::uint64_t moved() const noexcept { return moved_; }  ///< loops, ever; under every lease

 private:
  static constexpr duration every = std::chrono::milliseconds(500);
  static constexpr std::uint32_t most_seen = 1024, most_moved = 64;

  struct load {
    duration slept{0};       // as of the last look
    double busy = 1;         // its part of the time since the one before
    std::uint32_t next = 0;  // slot to look at
  };

  void measure(instant now) {
    loads_.resize(env_.shards.size());
    const double passed = to_ms(std::max(now - last_, duration(1)));
    last_ = now;
    for (shard* s : env_.shards) {
      load& l = loads_[s->index];
      const duration slept = s->slept(now);
      l.busy = std::clamp(1 - to_ms(slept - l.slept) / passed, 0.0, 1.0);
      l.slept = slept;
    }
  }
  /// Where a shard is busy for over 80 % of the time, and another for under 50 %, loops move until
  /// they would differ by less than 30 %: all of a shard that one loop keeps busy but that one.
  /// @return whether it is so
  bool relieve() {
    const auto less = [](const load& a, const load& b) { return a.busy < b.busy; };
    const auto [idle, busy] = std::minmax_element(loads_.begin(), loads_.end(), less);
    if (busy->busy < .8 || idle->busy > .5) return false;
    double apart = busy->busy - idle->busy;
    move_some(*busy, *idle, most_moved, [&](const loop_record& l) {
      const double its = share(l);
      if (apart < .3 || its > .75 * apart) return false;
      apart -= 2 * its;
      return true;
    });
    return true;
  }
  /// Where a shard has more than twice as many loops as another, which is not busier, half of the
  /// difference moves.
  void even_out() {
    const auto fewer = [](const shard* a, const shard* b) {
      return a->loops.size() < b->loops.size();
    };
    const auto [least, most] =
        std::minmax_element(env_.shards.begin(), env_.shards.end(), fewer);
    const std::size_t few = (*least)->loops.size(), many = (*most)->loops.size();
    load &from = loads_[(*most)->index], &to = loads_[(*least)->index];
    if (many <= 2 * few + 2) return;
    double apart = from.busy + .1 - to.busy;
    move_some(from, to, std::min<std::size_t>(most_moved, (many - few) / 2),
              [&](const loop_record& l) {
                const double its = share(l);
                if (2 * its > apart) return false;
                apart -= 2 * its;
                return true;
              });
  }
  /// How much of a shard's time the loop takes, by its mean duration and its interval.
  static double share(const loop_record& l) noexcept {
    if (l.external()) return 0;
    return std::min(1.0, to_ms(l.metrics.mean()) / to_ms(l.times.interval()));
  }
  static bool may_move(const loop_record& l) noexcept {
    return l.inside == 0 && l.plan->group.empty();
  }
  template <class F>
  void move_some(load& from, load& to, std::size_t most, F&& wanted) {
    shard& last = *env_.shards[static_cast<std::size_t>(&from - loads_.data())];
    shard& next = *env_.shards[static_cast<std::size_t>(&to - loads_.data())];
    last.loops.some(from.next, most_seen, [&](loop_record& l) {
      if (most == 0 || !may_move(l) || !wanted(l)) return;
      if (!if_memory([&] { most -= move(last, l, next) ? 1U : 0U; })) most = 0;
    });
  }
  /// Throws std::bad_alloc, with nothing changed. @return false: the other shard has no place left
  bool move(shard& last, loop_record& loop, shard& next) {
    if (!env_.table.reserve(next.index, next.loops.next_slot())) return false;
    (void)last.loops.extra(loop);
    last.loops.make_room_to_strike(1);
    env_.table.make_room_for_name();
    loop_record& there = next.loops.prepare(env_.table.name(loop), metrics_mode::counters);
    undo unnamed([&]() noexcept { next.loops.take_back(); });
    next.due.make_room(next.loops.next_slot(), *loop.plan);
    vault_.take_frames(last);
    unnamed.keep();  // from here on nothing fails
    const std::uint32_t order = last.due.order(loop);
    const instant due = last.due.hand_over(loop);
    last.loops.hand_over(loop, next.loops, there);
    there.extra->passed = 0;
    next.due.take_over(there, order, due);
    ++moved_;
    return true;
  }

  environment& env_;
  vault& vault_;
  std::mutex& registry_;
  instant next_{0}, last_{0};
  vec<load> loads_;  // by shard
  std::uint64_t moved_ = 0;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
