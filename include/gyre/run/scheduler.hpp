// scheduler.hpp - the next tick by due time, priority, order of add: a timing wheel and a heap.
// Room: run. Threads: one owner at a time, for const calls too: they remember what they found.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <gyre/core/time.hpp>
#include <gyre/core/vec.hpp>
#include <gyre/run/timer_buckets.hpp>
#include <gyre/run/timer_wheel.hpp>

namespace gyre {
inline namespace v1 {

/// One loop's next tick.
struct due_entry {
  instant due{0};
  int priority = 0;         ///< higher goes first among equal due times; as timer_entry limits it
  std::uint32_t order = 0;  ///< order of add: lower goes first among equal priorities
  std::uint32_t slot = 0;   ///< small dense number of the loop, below timer_entry::most_slots
};

/// Total order (due, priority, order): what runs before what never depends on how entries came in.
inline bool runs_before(const due_entry& a, const due_entry& b) noexcept {
  if (a.due != b.due) return a.due < b.due;
  if (a.priority != b.priority) return a.priority > b.priority;
  if (a.order != b.order) return a.order < b.order;
  return a.slot < b.slot;
}

/// A priority queue with at most one entry a slot, exact to the nanosecond. An entry waits in the
/// wheel until the wheel's tick (1 ms) that it is due in opens; then it is in the *run*, the sorted
/// entries of the open tick. What is pushed into the open tick or before it, and everything while
/// there are few entries, is in a binary heap. The first in order is the first of the run or of the
/// heap. The wheel never opens a tick later than the time asked for, so a loop that sleeps for long
/// does not make the heap's work of all that is due before.
///
/// push and cancel are O(1); O(log n) for the n entries of the heap. pop is that plus, when a tick
/// opens, O(entries of the tick), and the wheel's cascade. Of a tick whose entries came in order,
/// 480 are taken at a time; one where more than 32 are due in one 256th of it, out of order, costs
/// a sort of these. peek and next_due are O(1), or as timer_wheel::first when no tick is open.
///
/// Memory: a cancelled entry leaves nothing behind. For n slots 44 n bytes (8 of record, 24 of
/// heap, 12 of run), and 256 (n / 20 + min(n, 8256) + 1) + 99 KB of wheel if n > 128. What is not
/// used of it is not touched: of a million loops that are spread over time, 8 of record and 13 to
/// 16 of wheel each.
class scheduler {
 public:
  scheduler() = default;
  explicit scheduler(std::size_t slots) { reserve(slots); }

  /// Makes room for slots 0..slots-1: nothing allocates afterwards. Asked for one slot more each
  /// time, it grows by doubling.
  void reserve(std::size_t slots) {
    if (slots > room_) {
      room_ = std::max(slots, 2 * room_);
      heap_.reserve(room_);
      if (room_ > few) run_.reserve(room_);
    }
    if (slots > wheel_.buckets().slots()) wheel_.reserve(slots, room_, room_ > few);
  }

  /// The order of add that the slot was given last, by this or by push(). @pre room for the slot
  std::uint32_t order(std::uint32_t slot) const noexcept {
    return wheel_.buckets().record(slot).order;
  }
  void set_order(std::uint32_t slot, std::uint32_t order) noexcept {
    wheel_.buckets().record(slot).order = order;
  }

  /// Schedules `entry.slot`; an entry that the slot already had is replaced.
  void push(const due_entry& entry) {
    if (entry.slot >= wheel_.buckets().slots()) reserve(std::size_t{entry.slot} + 1);
    timer_record& record = wheel_.buckets().record(entry.slot);
    if (record.order != entry.order) record.order = entry.order;  // readers of order() may be there
    const bool common = record.place == timer_place::absent && live_ >= few && !wheel_.empty();
    if (!common || !wheel_.takes(entry.due)) return push_any(entry, record.place);
    ++live_;
    wheel_.insert({entry.due, entry.priority, entry.slot});
  }

  /// Takes the slot's entry out; false when it has none.
  bool cancel(std::uint32_t slot) noexcept {
    if (slot >= wheel_.buckets().slots()) return false;
    const std::uint32_t place = wheel_.buckets().record(slot).place;
    if (place == timer_place::absent) return false;
    leave(slot, place);
    --live_;
    return true;
  }

  /// The slot's entry, null when it has none. Valid until the next call. O(entries of the open
  /// tick) for an entry of that.
  const due_entry* find(std::uint32_t slot) const noexcept {
    if (slot >= wheel_.buckets().slots()) return nullptr;
    const std::uint32_t place = wheel_.buckets().record(slot).place;
    if (place == timer_place::absent) return nullptr;
    if (in_heap(place)) return &heap_[place - timer_place::heap];
    seen_ = whole(place == timer_place::opened
                      ? *std::find_if(run_.begin() + static_cast<std::ptrdiff_t>(next_), run_.end(),
                                      [slot](const timer_entry& e) { return e.slot() == slot; })
                      : wheel_.buckets().at(slot));
    return &seen_;
  }

  /// First in order, null when empty. Valid until the next call.
  const due_entry* peek() const noexcept {
    const due_entry* first = heap_.empty() ? nullptr : heap_.data();
    const timer_entry* other = nullptr;
    if (next_ != end_) {
      other = &run_[next_];
    } else if (first == nullptr || wheel_.maybe_due(first->due)) {
      other = wheel_.first();
    }
    if (other == nullptr) return first;
    if (first != nullptr && first->due < other->due()) return first;
    seen_ = whole(*other);
    return first != nullptr && runs_before(*first, seen_) ? first : &seen_;
  }
  /// Due time of the first in order; `never` when empty.
  instant next_due() const noexcept {
    const due_entry* first = peek();
    return first == nullptr ? never : first->due;
  }

  /// Takes out the first in order. @pre !empty()
  due_entry pop() noexcept {
    due_entry out;
    (void)pop_due(never, out);
    return out;
  }
  /// Takes out the first in order if it is due at `now`; else false and `out` is not touched. Also
  /// tells the wheel the time, which goes on with its cascade.
  bool pop_due(instant now, due_entry& out) noexcept {
    if (next_ == end_) open(now);
    if (!heap_.empty() && heap_is_first()) return pop_heap(now, out);
    if (next_ == end_ || run_[next_].due() > now) return false;
    out = whole(run_[next_]);
    wheel_.buckets().record(out.slot).place = timer_place::absent;
    skip();
    --live_;
    popped_ = out.due;
    return true;
  }

  /// The entry that has so many before it in the open tick, null when there is none: for who
  /// fetches what belongs to it into the cache before its turn.
  const timer_entry* coming(std::size_t after) const noexcept {
    return next_ + after < end_ ? &run_[next_ + after] : nullptr;
  }

  /// Of the open tick at most one entry was taken: what comes was not there before.
  bool has_opened() const noexcept { return next_ <= 1; }

  std::size_t size() const noexcept { return live_; }
  bool empty() const noexcept { return live_ == 0; }
  /// Takes everything out; the time that pop_due() told stays. O(slots).
  void clear() noexcept {
    wheel_.clear();
    heap_.clear();
    run_.clear();
    next_ = end_ = live_ = 0;
  }

  const timer_wheel& wheel() const noexcept { return wheel_; }  ///< its figures
  /// Allocated, of which what was never used is not touched.
  std::size_t bytes() const noexcept {
    return sizeof(*this) + wheel_.buckets().bytes() + heap_.capacity() * sizeof(due_entry) +
           run_.capacity() * sizeof(timer_entry);
  }

 private:
  static constexpr std::size_t few = 128;  // entries up to which a heap is as fast as a wheel
  static constexpr std::size_t ahead = 8;  // of the run, whose records are fetched

  static bool in_heap(std::uint32_t place) noexcept {
    return place >= timer_place::heap && place < timer_place::opened;
  }
  due_entry whole(const timer_entry& e) const noexcept {
    const timer_record& record = wheel_.buckets().record(e.slot());
    return {e.due(), e.priority(), record.order, e.slot()};
  }
  /// @pre the heap is not empty
  bool heap_is_first() const noexcept {
    if (next_ == end_) return true;
    if (heap_[0].due != run_[next_].due()) return heap_[0].due < run_[next_].due();
    return runs_before(heap_[0], whole(run_[next_]));
  }

  // Apart, so that what is common is inlined:
  [[gnu::noinline]] void push_any(const due_entry& entry, std::uint32_t place) {
    if (place == timer_place::absent) ++live_;
    const bool near = live_ <= few || !wheel_takes(entry.due);
    if (near && in_heap(place)) return rise(sink(place - timer_place::heap), entry);
    if (place != timer_place::absent) leave(entry.slot, place);
    if (!near) return wheel_.insert({entry.due, entry.priority, entry.slot});
    heap_.push_back(entry);
    rise(static_cast<std::uint32_t>(heap_.size() - 1), entry);
  }
  [[gnu::noinline]] bool pop_heap(instant now, due_entry& out) noexcept {
    if (heap_[0].due > now) return false;
    out = heap_[0];
    remove(0);
    --live_;
    popped_ = out.due;
    return true;
  }
  [[gnu::noinline]] void open(instant now) noexcept {
    if (wheel_.empty()) return;
    wheel_.open(heap_.empty() ? now : std::min(now, heap_[0].due), run_);
    end_ = run_.size();
  }

  /// Whether the wheel takes this due time. While it holds nothing it follows what was popped.
  bool wheel_takes(instant due) noexcept {
    if (wheel_.empty() && next_ == end_) wheel_.rebase(popped_);
    return wheel_.takes(due);
  }
  /// Takes the slot's entry out from where it is.
  void leave(std::uint32_t slot, std::uint32_t place) noexcept {
    if (in_heap(place)) return remove(place - timer_place::heap);
    if (place != timer_place::opened) return wheel_.erase(slot);
    wheel_.buckets().record(slot).place = timer_place::absent;
    if (run_[next_].slot() == slot) skip();  // else it is skipped when its turn comes
  }
  /// Goes on to the next of the run that was not cancelled; the run is empty after the last.
  void skip() noexcept {
    for (++next_; next_ < end_; ++next_) {
      if (next_ + ahead < end_) wheel_.buckets().fetch_record(run_[next_ + ahead].slot());
      // A slot that was pushed again since is elsewhere: nothing is added to a run.
      if (wheel_.buckets().record(run_[next_].slot()).place == timer_place::opened) return;
    }
    run_.clear();
    next_ = end_ = 0;
  }

  void put(std::uint32_t at, const due_entry& entry) noexcept {
    heap_[at] = entry;
    wheel_.buckets().record(entry.slot).place = timer_place::heap + at;
  }
  /// Lets `entry` take the hole at `at`, or one above it where it belongs.
  void rise(std::uint32_t at, const due_entry entry) noexcept {
    while (at > 0) {
      const std::uint32_t parent = (at - 1) / 2;
      if (!runs_before(entry, heap_[parent])) break;
      put(at, heap_[parent]);
      at = parent;
    }
    put(at, entry);
  }
  /// Moves the hole at `at` down to where nothing is below it. What fills it then mostly stays
  /// there: fewer comparisons than to ask at each step (Wegener 1993).
  std::uint32_t sink(std::uint32_t at) noexcept {
    const auto count = static_cast<std::uint32_t>(heap_.size());
    std::uint32_t child = 2 * at + 1;
    for (; child + 1 < count; child = 2 * at + 1) {
      child += runs_before(heap_[child + 1], heap_[child]) ? 1U : 0U;
      put(at, heap_[child]);
      at = child;
    }
    if (child >= count) return at;
    put(at, heap_[child]);
    return child;
  }
  void remove(std::uint32_t at) noexcept {
    wheel_.buckets().record(heap_[at].slot).place = timer_place::absent;
    const due_entry last = heap_.back();
    heap_.pop_back();
    if (at < heap_.size()) rise(sink(at), last);
  }

  timer_wheel wheel_;             // and the record of each slot
  vec<timer_entry> run_;  // the open tick: sorted, run_[next_] is not cancelled
  vec<due_entry> heap_;
  std::size_t next_ = 0, end_ = 0;  // of the run; equal when no tick is open
  std::size_t live_ = 0;
  std::size_t room_ = 0;    // slots that there is memory for
  instant popped_{0};       // due time of the entry that was popped last
  mutable due_entry seen_;  // what peek() or find() points to
};

}  // namespace v1
}  // namespace gyre
