// ready.hpp - ticks that an overloaded shard is behind with: who goes first, and who is shed.
// Room: run. Threads: one owner at a time.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <gyre/core/scarce.hpp>
#include <gyre/core/time.hpp>
#include <gyre/core/vec.hpp>
#include <gyre/run/scheduler.hpp>
#include <gyre/run/turns.hpp>
#include <limits>

namespace gyre {
inline namespace v1 {

/// Orders ticks that are due and cannot all run now. Higher classes (priorities) go first; of one
/// class, the loop that has gone without a tick for longest. But each 16th tick is for the loop
/// that has gone without for longest of all, so that age gets everyone a turn in the end: with n
/// others that have waited longer, within 16 (n + 1) ticks.
///
/// A tick whose turn comes when it has waited for longer than its patience (its loop's interval, at
/// least 100 ms) is to be shed, unless it is of the highest class of this overload or one that age
/// got its turn: what is stale does not keep what is fresh waiting. Turns come to the lowest class
/// last: it is the first to be shed. Of one class alone nothing is shed: what that misses is for
/// its missed_policy.
///
/// One entry a slot. push and pop are O(1), on average, for ticks of at most eight classes that
/// come in order of their due times, as from a timer, else O(log n). Memory: 48 bytes for each slot
/// up to the highest that was ever pushed, and 48 to 384 for each tick that waits.
class ready_queue {
 public:
  /// A shard is overloaded when its next tick has waited for so long, until nothing waits.
  static constexpr duration late = std::chrono::milliseconds(5);
  /// So many ticks go by class, and one more by age.
  static constexpr std::uint32_t in_a_row = 15;

  static constexpr duration patience(duration interval) noexcept {
    return std::max<duration>(interval, std::chrono::milliseconds(100));
  }

  /// Adds a tick that is due. Throws std::bad_alloc, with nothing changed. @pre its slot has none
  void push(const due_entry& tick) {
    if (tick.slot >= places_.size()) places_.resize(std::size_t{tick.slot} + 1);
    place& at = places_[tick.slot];
    at.tick = tick;
    at.waits = true;
    if (at.overload != overload_) at.since = never;
    at.overload = overload_;
    turn next{std::min(at.since, tick.due), tick.priority, tick.order, tick.slot, at.stamp};
    ++waiting_;
    detail::undo back([&]() noexcept { take_out(at); });
    turns_[by_class].push(next);
    next.priority = 0;
    turns_[by_age].push(next);
    back.keep();
    highest_ = std::max(highest_, tick.priority);
  }

  /// The tick whose turn it is; null when none waits. Valid until the next call.
  const due_entry* peek() const noexcept {
    return empty() ? nullptr : &places_[turns_[next()].front().slot].tick;
  }
  /// Takes it out; false when none waits.
  bool pop(due_entry& out) noexcept {
    const due_entry* const first = peek();
    if (first == nullptr) return false;
    out = *first;
    aged_ = next() == by_age;
    in_a_row_ = aged_ ? 0 : in_a_row_ + 1;
    take_out(places_[out.slot]);
    return true;
  }
  /// Whether the tick that pop() gave, having waited for so long, is to be shed; else it runs. To
  /// be asked after each pop().
  bool sheds(const due_entry& popped, duration waited, duration interval) noexcept {
    place& at = places_[popped.slot];
    const bool shed = popped.priority < highest_ && !aged_ && waited > patience(interval);
    at.since = shed ? std::min(at.since, popped.due) : never;
    return shed;
  }

  /// The slot's tick, null when it has none. Valid until the next call.
  const due_entry* find(std::uint32_t slot) const noexcept {
    return slot < places_.size() && places_[slot].waits ? &places_[slot].tick : nullptr;
  }
  /// Takes out the slot's tick, if it has one.
  void cancel(std::uint32_t slot) noexcept {
    if (find(slot) != nullptr) take_out(places_[slot]);
  }

  /// The slot of a tick whose turn comes about so many after the first, turns::none when it is not
  /// known: for who fetches what belongs to it into the cache, with fetch() here.
  std::uint32_t coming(std::size_t after) const noexcept { return turns_[by_class].coming(after); }
  [[gnu::always_inline]] inline void fetch(std::uint32_t slot) const noexcept {
    if (slot < places_.size()) __builtin_prefetch(&places_[slot], 1);
  }
  bool empty() const noexcept { return waiting_ == 0; }
  std::size_t size() const noexcept { return waiting_; }
  /// The overload is over: forgets who went without, and which classes were there. @pre empty()
  void settle() noexcept {
    highest_ = std::numeric_limits<int>::min();
    in_a_row_ = 0;
    ++overload_;
  }

 private:
  struct place {  // of a slot
    due_entry tick;
    instant since = never;  // due time of the first tick shed since one ran
    std::uint32_t overload = 0;  // that `since` is of
    std::uint32_t stamp = 0;     // of the turn that is its
    bool waits = false;
  };
  static constexpr int by_class = 0, by_age = 1;

  bool gone(const turn& t) const noexcept { return places_[t.slot].stamp != t.stamp; }
  int next() const noexcept { return in_a_row_ < in_a_row ? by_class : by_age; }
  /// Both lists forget it when it comes to their front, or when half of one is gone.
  void take_out(place& at) noexcept {
    at.waits = false;
    ++at.stamp;
    --waiting_;
    for (turns& list : turns_) {
      while (!list.empty() && gone(list.front())) list.pop_front();
      if (list.size() <= 2 * waiting_ + 64) continue;
      list.erase_if([this](const turn& t) { return gone(t); });
    }
  }

  vec<place> places_;
  turns turns_[2];  // empty, or the first is not gone
  std::size_t waiting_ = 0;
  std::uint32_t in_a_row_ = 0;  // ticks that went by class
  std::uint32_t overload_ = 0;
  bool aged_ = false;  // age got the last one popped its turn
  int highest_ = std::numeric_limits<int>::min();  // in this overload
};

}  // namespace v1
}  // namespace gyre
