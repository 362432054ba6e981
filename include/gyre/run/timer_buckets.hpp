// timer_buckets.hpp - lists of timer entries in pooled chunks, and where the entry of a slot lies.
// Room: run. Threads: one owner at a time.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <gyre/core/huge.hpp>
#include <gyre/core/time.hpp>
#include <gyre/core/vec.hpp>

namespace gyre {
inline namespace v1 {

/// What is moved about of a loop's next tick: 12 bytes, enough to order it but for ties.
class timer_entry {
 public:
  static constexpr std::uint32_t slot_bits = 20, most_slots = 1U << slot_bits;
  static constexpr int lowest = -(1 << (31 - slot_bits)), highest = -lowest - 1;

  timer_entry() = default;
  /// @pre lowest <= priority <= highest, slot < most_slots
  timer_entry(instant due, int priority, std::uint32_t slot) noexcept
      : low_(static_cast<std::uint32_t>(due.count())),
        high_(static_cast<std::uint32_t>(due.count() >> 32)),
        which_(static_cast<std::uint32_t>(priority) << slot_bits | slot) {}

  instant due() const noexcept {
    return instant{static_cast<std::int64_t>(std::uint64_t{high_} << 32 | low_)};
  }
  /// Higher goes first among equal due times.
  int priority() const noexcept { return static_cast<std::int32_t>(which_) >> slot_bits; }
  /// Small dense number of the loop.
  std::uint32_t slot() const noexcept { return which_ & (most_slots - 1); }

 private:
  std::uint32_t low_ = 0, high_ = 0;  // of the due time: 64 bits would be aligned to 8 bytes
  std::uint32_t which_ = 0;           // slot_bits of slot, then the priority
};

/// What stays where it is: one a slot.
struct timer_record {
  std::uint32_t order = 0;  ///< of add: lower goes first among equal priorities
  std::uint32_t place = 0xffffffff;  ///< where the entry is, see timer_place
};

/// Where a slot's entry is: nowhere, in the open tick, at an index of the heap, or at a position
/// of a chunk (chunk number times 32 plus position).
namespace timer_place {
inline constexpr std::uint32_t absent = 0xffffffff;
inline constexpr std::uint32_t opened = 0xfffffffe;
inline constexpr std::uint32_t heap = 0x80000000;  ///< plus the index
}  // namespace timer_place

/// A fixed number of lists ("buckets"). A list is a ring of chunks of 256 bytes that hold 20
/// entries one after the other, so that reading a list is reading memory in order (a list of single
/// entries costs a cache miss each); all chunks but the last are full. Appending and erasing are
/// O(1) and leave nothing behind: a hole is filled with the list's last entry. A list knows whether
/// its entries came in order and still are.
///
/// Memory: 8 bytes a slot, 12 a bucket, and chunks: at most slots / 20 + min(slots, buckets) + 1
/// of them, taken from a pool whose free chunks are a list of their own. Only reserve() allocates.
class timer_buckets {
 public:
  static constexpr std::uint32_t per_chunk = 20;

  /// Makes room for entries of slots 0..slots-1, whatever buckets they come to lie in.
  /// @param room how many slots to allocate for, >= slots
  /// @param buckets their number from here on, never less than before; 0: records only
  void reserve(std::size_t slots, std::size_t room, std::size_t buckets) {
    records_.reserve(room);
    if (slots > records_.size()) records_.resize(slots);
    if (buckets == 0) return;
    if (buckets > buckets_.size()) buckets_.resize(buckets);
    pool_.reserve(room / per_chunk + std::min(room, buckets) + 1);
  }

  timer_record& record(std::uint32_t slot) noexcept { return records_[slot]; }
  const timer_record& record(std::uint32_t slot) const noexcept { return records_[slot]; }
  std::size_t slots() const noexcept { return records_.size(); }

  /// Total order (due, priority, order of add): what runs before what.
  bool before(const timer_entry& a, const timer_entry& b) const noexcept {
    const instant at = a.due(), other = b.due();
    if (at != other) return at < other;
    if (a.priority() != b.priority()) return a.priority() > b.priority();
    const std::uint32_t x = records_[a.slot()].order, y = records_[b.slot()].order;
    return x != y ? x < y : a.slot() < b.slot();
  }

  std::uint32_t count(std::uint32_t bucket) const noexcept { return buckets_[bucket].count; }
  /// Whether reading the bucket is reading it in order. May say no where it is.
  bool ordered(std::uint32_t bucket) const noexcept { return buckets_[bucket].ordered; }
  /// The oldest entry. @pre count(bucket) > 0
  const timer_entry& front(std::uint32_t bucket) const noexcept {
    return pool_[pool_[buckets_[bucket].last].next].entries[0];
  }

  /// @pre the slot has no entry in any bucket
  void append(std::uint32_t bucket, const timer_entry& entry) noexcept {
    list& l = buckets_[bucket];
    if (l.count == 0) {
      l.ordered = true;
    } else if (l.ordered) {
      l.ordered = before(pool_[l.last].entries[l.filled - 1], entry);
    }
    if (l.count == 0 || l.filled == per_chunk) link(l, bucket);
    ++l.count;
    pool_[l.last].entries[l.filled] = entry;
    records_[entry.slot()].place = l.last << 5 | l.filled++;
  }

  /// The entry of a slot that lies in a bucket.
  const timer_entry& at(std::uint32_t slot) const noexcept {
    const std::uint32_t place = records_[slot].place;
    return pool_[place >> 5].entries[place & 31];
  }
  /// Takes that entry out, its place becomes absent. Returns the bucket.
  std::uint32_t erase(std::uint32_t slot) noexcept {
    const std::uint32_t place = records_[slot].place;
    chunk& c = pool_[place >> 5];
    const std::uint32_t bucket = c.bucket;
    list& l = buckets_[bucket];
    const timer_entry moved = pool_[l.last].entries[--l.filled];
    c.entries[place & 31] = moved;
    records_[moved.slot()].place = place;
    if (moved.slot() != slot) l.ordered = false;
    records_[slot].place = timer_place::absent;  // after the line above: it may be its own last
    --l.count;
    if (l.filled == 0) {
      unlink(l, l.last);
      l.filled = per_chunk;
    }
    return bucket;
  }

  /// Calls f(entries, n) for the chunks of a bucket, oldest first.
  template <class F>
  void each_chunk(std::uint32_t bucket, F&& f) const {
    const list& l = buckets_[bucket];
    std::uint32_t at = l.count == 0 ? none : pool_[l.last].next;
    for (std::uint32_t left = l.count; left > 0;) {
      const chunk& c = pool_[at];
      const std::uint32_t n = std::min(left, per_chunk);
      fetch_chunk(c.next);
      f(c.entries, n);
      left -= n;
      at = c.next;
    }
  }
  /// Moves the oldest chunk of a bucket that is not empty to `out`, which has room for per_chunk
  /// entries; their places stay as they were. Returns their number.
  std::uint32_t take_chunk(std::uint32_t bucket, timer_entry* out) noexcept {
    list& l = buckets_[bucket];
    const std::uint32_t first = pool_[l.last].next;
    const std::uint32_t n = std::min(l.count, per_chunk);
    std::copy_n(pool_[first].entries, n, out);
    fetch_chunk(pool_[first].next);
    l.count -= n;
    unlink(l, first);
    return n;
  }
  /// Frees all chunks of a bucket that is not empty, at once; the places stay as they were.
  void release(std::uint32_t bucket) noexcept {
    list& l = buckets_[bucket];
    chunks_ -= (l.count + per_chunk - 1) / per_chunk;
    const std::uint32_t first = pool_[l.last].next;
    pool_[l.last].next = free_;
    free_ = first;
    l.count = 0;
  }

  void fetch_record(std::uint32_t slot) const noexcept { __builtin_prefetch(&records_[slot], 1); }
  void clear() noexcept {
    for (timer_record& r : records_) r.place = timer_place::absent;
    for (list& l : buckets_) l.count = 0;
    pool_.clear();
    free_ = none;
    chunks_ = 0;
  }
  std::size_t chunks() const noexcept { return chunks_; }  ///< in use
  std::size_t bytes() const noexcept {                     ///< allocated
    return records_.capacity() * sizeof(timer_record) + buckets_.capacity() * sizeof(list) +
           pool_.capacity() * sizeof(chunk);
  }

 private:
  static constexpr std::uint32_t none = 0xffffffff;

  struct list {
    std::uint32_t last = none;  // chunk; its next is the first. Meaningless when count is 0
    std::uint32_t count = 0;    // entries
    std::uint16_t filled = 0;   // of them, in the last chunk
    bool ordered = false;
  };
  struct alignas(64) chunk {
    chunk() noexcept {}  // entries are written before they are read
    std::uint32_t next = none;
    std::uint32_t previous = none;
    std::uint32_t bucket = 0;
    timer_entry entries[per_chunk];
  };
  static_assert(sizeof(timer_entry) == 12 && sizeof(chunk) == 256);

  void fetch_chunk(std::uint32_t at) const noexcept {
    const char* bytes = reinterpret_cast<const char*>(&pool_[at]);
    for (std::size_t line = 0; line < sizeof(chunk); line += 64) __builtin_prefetch(bytes + line);
  }
  /// Adds an empty chunk behind the last, all of which are full.
  void link(list& l, std::uint32_t bucket) noexcept {
    std::uint32_t at = free_;
    if (at == none) {
      at = static_cast<std::uint32_t>(pool_.size());
      pool_.emplace_back();  // within what reserve() made room for
    } else {
      free_ = pool_[at].next;
    }
    ++chunks_;
    chunk& c = pool_[at];
    c.bucket = bucket;
    const std::uint32_t last = l.count == 0 ? at : l.last;
    c.previous = last;
    c.next = l.count == 0 ? at : pool_[last].next;
    pool_[last].next = at;
    pool_[c.next].previous = at;
    l.last = at;
    l.filled = 0;
  }
  /// Takes a chunk out of a list and frees it.
  void unlink(list& l, std::uint32_t at) noexcept {
    chunk& c = pool_[at];
    pool_[c.previous].next = c.next;
    pool_[c.next].previous = c.previous;
    if (l.last == at) l.last = c.previous;
    c.next = free_;
    free_ = at;
    --chunks_;
  }

  vec<timer_record, huge> records_;  // by slot
  vec<list> buckets_;
  vec<chunk, huge> pool_;
  std::uint32_t free_ = none;  // chunks that hold nothing, linked by next
  std::size_t chunks_ = 0;
};

}  // namespace v1
}  // namespace gyre
