// scheduler.hpp - which loop is due next: a binary heap with one entry a slot.
// Room: run. Threads: one owner at a time.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <gyre/core/time.hpp>
#include <limits>
#include <vector>

namespace gyre {
inline namespace v1 {

/// One loop's next tick.
struct due_entry {
  instant due{0};
  int priority = 0;              ///< higher goes first among equal due times
  std::uint32_t order = 0;       ///< order of add: lower goes first among equal priorities
  std::uint32_t slot = 0;        ///< small dense number of the loop
  std::uint32_t generation = 0;  ///< tells apart the loops that used the slot
};

/// Total order (due, priority, order): what runs before what never depends on how entries came in.
inline bool runs_before(const due_entry& a, const due_entry& b) noexcept {
  if (a.due != b.due) return a.due < b.due;
  if (a.priority != b.priority) return a.priority > b.priority;
  if (a.order != b.order) return a.order < b.order;
  return a.slot < b.slot;
}

/// Each slot has at most one entry, whose place in the heap is remembered: cancelling leaves
/// nothing behind, and the heap is never larger than the number of slots. push, pop, cancel are
/// O(log n). Allocates only when a slot number is larger than any before.
class scheduler {
 public:
  scheduler() = default;
  explicit scheduler(std::size_t slots) { reserve(slots); }

  /// Makes room for slots 0..slots-1: pushing them allocates nothing afterwards. Asked for one slot
  /// more each time, it grows by doubling.
  void reserve(std::size_t slots) {
    if (slots > place_.size()) place_.resize(slots, absent);
    if (slots > heap_.capacity()) heap_.reserve(std::max(slots, 2 * heap_.capacity()));
  }

  /// Schedules `entry.slot`; an entry that the slot already had is replaced.
  void push(const due_entry& entry) {
    if (entry.slot >= place_.size()) place_.resize(std::size_t{entry.slot} + 1, absent);
    std::uint32_t at = place_[entry.slot];
    if (at == absent) {
      at = static_cast<std::uint32_t>(heap_.size());
      heap_.push_back(entry);
    }
    settle(at, entry);
  }

  /// Takes the slot's entry out; false when it has none or one of another generation.
  bool cancel(std::uint32_t slot, std::uint32_t generation) noexcept {
    const due_entry* entry = find(slot);
    if (entry == nullptr || entry->generation != generation) return false;
    remove(place_[slot]);
    return true;
  }

  /// The slot's entry, null when it has none. Valid until the next push, pop or cancel.
  const due_entry* find(std::uint32_t slot) const noexcept {
    if (slot >= place_.size() || place_[slot] == absent) return nullptr;
    return &heap_[place_[slot]];
  }
  /// First in order, null when empty. Valid until the next push, pop or cancel.
  const due_entry* peek() const noexcept { return heap_.empty() ? nullptr : heap_.data(); }

  /// Takes out the first in order. @pre !empty()
  due_entry pop() noexcept {
    const due_entry first = heap_[0];
    remove(0);
    return first;
  }
  /// Takes out the first in order if it is due at `now`; else false and `out` is not touched.
  bool pop_due(instant now, due_entry& out) noexcept {
    if (heap_.empty() || heap_[0].due > now) return false;
    out = pop();
    return true;
  }

  /// Due time of the first in order; `never` when empty.
  instant next_due() const noexcept { return heap_.empty() ? never : heap_[0].due; }
  std::size_t size() const noexcept { return heap_.size(); }
  bool empty() const noexcept { return heap_.empty(); }

  void clear() noexcept {
    for (const due_entry& entry : heap_) place_[entry.slot] = absent;
    heap_.clear();
  }

 private:
  static constexpr std::uint32_t absent = std::numeric_limits<std::uint32_t>::max();

  void put(std::uint32_t at, const due_entry& entry) noexcept {
    heap_[at] = entry;
    place_[entry.slot] = at;
  }
  /// Lets `entry` take the hole at `at`, moving it up or down to where it belongs.
  void settle(std::uint32_t at, const due_entry entry) noexcept {
    while (at > 0) {
      const std::uint32_t parent = (at - 1) / 2;
      if (!runs_before(entry, heap_[parent])) break;
      put(at, heap_[parent]);
      at = parent;
    }
    const auto count = static_cast<std::uint32_t>(heap_.size());
    for (;;) {
      std::uint32_t child = 2 * at + 1;
      if (child >= count) break;
      if (child + 1 < count && runs_before(heap_[child + 1], heap_[child])) ++child;
      if (!runs_before(heap_[child], entry)) break;
      put(at, heap_[child]);
      at = child;
    }
    put(at, entry);
  }
  void remove(std::uint32_t at) noexcept {
    place_[heap_[at].slot] = absent;
    const due_entry last = heap_.back();
    heap_.pop_back();
    if (at < heap_.size()) settle(at, last);
  }

  std::vector<due_entry> heap_;
  std::vector<std::uint32_t> place_;  // slot -> index in heap_, or absent
};

}  // namespace v1
}  // namespace gyre
