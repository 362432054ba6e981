// turns.hpp - a queue of overdue ticks: by priority, then by who waited longest.
// Room: run. Threads: one owner at a time.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <gyre/core/time.hpp>
#include <gyre/core/vec.hpp>
#include <utility>

namespace gyre {
inline namespace v1 {

/// One tick's turn.
struct turn {
  instant since{0};   ///< goes without a tick since then: the longest goes first
  int priority = 0;   ///< the highest goes before that
  std::uint32_t order = 0, slot = 0;
  std::uint32_t stamp = 0;  ///< the turn is gone when its slot has another

  bool goes_before(const turn& o) const noexcept {
    if (priority != o.priority) return priority > o.priority;
    return since != o.since ? since < o.since : order < o.order;
  }
};

/// A priority queue. What comes in order within its priority, as what a timer gives does, waits in
/// a lane, of which the first is read and the last written; a heap of a million would be in no
/// cache. What comes out of order, or is of more than eight priorities at a time, is in a heap.
/// front O(1); push and pop_front O(1), on average, in a lane, O(log n) in the heap. 24 to 96 bytes
/// a turn.
class turns {
 public:
  static constexpr std::uint32_t none = 0xffffffff;

  bool empty() const noexcept { return size_ == 0; }
  std::size_t size() const noexcept { return size_; }

  /// Throws std::bad_alloc, with nothing changed.
  void push(const turn& t) {
    put(t);
    ++size_;
  }
  /// @pre not empty
  const turn& front() const noexcept {
    const lane* const l = first();
    return l == nullptr ? heap_.front() : l->front();
  }
  void pop_front() noexcept {
    --size_;
    if (lane* const l = first()) return l->pop();
    std::pop_heap(heap_.begin(), heap_.end(), later);
    heap_.pop_back();
  }
  /// The slot of the turn that has so many before it in the lane of the first; none if that is
  /// shorter, or the first is not in one.
  std::uint32_t coming(std::size_t after) const noexcept {
    const lane* const l = size_ == 0 ? nullptr : first();
    if (l == nullptr || l->head + after >= l->list.size()) return none;
    return l->list[l->head + after].slot;
  }
  /// Takes out those that `gone` says. O(size).
  template <class F>
  void erase_if(F&& gone) {
    size_ = 0;
    for (lane& l : lanes_) {
      l.list.erase(l.list.begin(), l.list.begin() + static_cast<std::ptrdiff_t>(l.head));
      l.head = 0;
      gyre::erase_if(l.list, gone);
      size_ += l.list.size();
    }
    gyre::erase_if(heap_, gone);
    std::make_heap(heap_.begin(), heap_.end(), later);
    size_ += heap_.size();
  }

 private:
  static constexpr std::size_t most_lanes = 8;

  struct lane {  // of one priority
    vec<turn> list;
    std::size_t head = 0;  // those before are popped

    bool empty() const noexcept { return head == list.size(); }
    const turn& front() const noexcept { return list[head]; }
    void pop() noexcept {
      if (++head < list.size() && (head < 1024 || 2 * head < list.size())) return;
      list.erase(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(head));
      head = 0;
    }
  };

  static bool later(const turn& a, const turn& b) noexcept { return b.goes_before(a); }
  void put(const turn& t) {
    lane* free = nullptr;
    for (lane& l : lanes_) {
      if (l.empty()) {
        free = &l;
      } else if (l.list.back().priority == t.priority) {
        if (t.goes_before(l.list.back())) return push_heap(t);
        return l.list.push_back(t);
      }
    }
    if (free == nullptr && lanes_.size() == most_lanes) return push_heap(t);
    if (free == nullptr) free = &lanes_.emplace_back();
    free->list.push_back(t);
  }
  void push_heap(const turn& t) {
    heap_.push_back(t);
    std::push_heap(heap_.begin(), heap_.end(), later);
  }
  /// The lane whose front is the first of all; null when that is the heap's.
  const lane* first() const noexcept {
    const lane* best = nullptr;
    const turn* at = heap_.empty() ? nullptr : &heap_.front();
    for (const lane& l : lanes_) {
      if (l.empty() || (at != nullptr && at->goes_before(l.front()))) continue;
      best = &l;
      at = &l.front();
    }
    return best;
  }
  lane* first() noexcept { return const_cast<lane*>(std::as_const(*this).first()); }

  vec<lane> lanes_;
  vec<turn> heap_;
  std::size_t size_ = 0;
};

}  // namespace v1
}  // namespace gyre
