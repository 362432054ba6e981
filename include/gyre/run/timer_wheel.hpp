// timer_wheel.hpp - a hierarchical timing wheel whose cascade is spread over the ticks before it.
// Room: run. Threads: one owner at a time.
#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <gyre/core/time.hpp>
#include <gyre/core/vec.hpp>
#include <gyre/run/timer_buckets.hpp>
#include <limits>
#include <utility>

namespace gyre {
inline namespace v1 {

/// A hierarchical timing wheel (Varghese and Lauck 1987). A tick is 2^20 ns; a bucket of level k
/// holds the entries of 1024^k ticks: 1 ms, 1 s, 18 minutes, 13 days, 36 years. A level is a ring
/// of 2048 buckets, which is two rotations: the running one and the next ("double window"). An
/// entry goes to the lowest level whose running or next rotation has its tick.
///
/// A rotation of level k is one bucket of level k + 1. While a rotation runs, that bucket of the
/// next is emptied into level k in proportion to the time that passes, so that its entries are in
/// place when it starts and no step moves them all. Only when time jumps over what is left of a
/// rotation must the step that does so move the rest: after a pause without any call, at most what
/// is due in the rotation it jumps to.
///
/// The wheel keeps no order inside a tick: open() sorts the tick that it takes out. insert and
/// erase are O(1). An entry is moved once a level, at most four times, and once when its tick
/// opens. Memory: that of timer_buckets with 8256 buckets, which are 99 KB, when first reserved.
class timer_wheel {
 public:
  /// Makes room for slots 0..slots-1. @param room how many to allocate for, >= slots
  /// @param wheel false: records only, nothing is inserted before it is true
  void reserve(std::size_t slots, std::size_t room, bool wheel) {
    buckets_.reserve(slots, room, wheel ? bucket_count : 0);
  }
  timer_buckets& buckets() noexcept { return buckets_; }
  const timer_buckets& buckets() const noexcept { return buckets_; }

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  /// False for a due time inside or before the tick that was opened last.
  bool takes(instant due) const noexcept { return tick_of(due) > tick_; }
  /// False when no entry is due at or before `limit`; true when there may be one.
  bool maybe_due(instant limit) const noexcept { return bound_ <= tick_of(limit); }
  /// How often an entry was moved from a bucket, since the beginning: the work that was not O(1).
  std::uint64_t moved() const noexcept { return moved_; }

  /// @pre takes(entry.due()), reserve() was asked for the slot, which has no entry
  void insert(const timer_entry& entry) noexcept {
    bound_ = std::min(bound_, tick_of(entry.due()));
    ++size_;
    place(entry);
    if (first_known_ && buckets_.before(entry, first_)) first_ = entry;
  }
  /// Takes the slot's entry out. @pre it has one here
  void erase(std::uint32_t slot) noexcept {
    --size_;
    if (first_.slot() == slot) first_known_ = false;
    const std::uint32_t bucket = buckets_.erase(slot);
    if (buckets_.count(bucket) == 0) unmark(bucket);
  }

  /// Takes time to `limit`, or to the first tick with entries if that begins before: moves these,
  /// in order, to `out`, which is empty and has room for all entries, and makes their places
  /// `opened`. When they came in order, at most 480 of them; call again for the others when these
  /// are done. False: no tick with entries begins at or before `limit`.
  bool open(instant limit, vec<timer_entry>& out) noexcept {
    const std::uint64_t last = tick_of(limit);
    while (bound_ <= last) {
      bound_ = lower_bound();
      if (bound_ > last) break;
      advance(bound_);  // a bucket of a higher level that begins here is emptied: look again
      const std::uint32_t bucket = bucket_of(0, tick_);
      if (buckets_.count(bucket) == 0) continue;
      take(bucket, out);
      return true;
    }
    if (last > tick_) advance(last);
    return false;
  }

  /// The entry that runs first, null when empty. The first call after that entry changed reads the
  /// first bucket of each level that may have it, and no time passes; the others are O(1).
  const timer_entry* first() const noexcept {
    if (size_ == 0) return nullptr;
    if (!first_known_) look();
    return &first_;
  }

  /// Lets the wheel start from the tick of `now`, which may lie behind. @pre empty()
  void rebase(instant now) noexcept {
    tick_ = tick_of(now);
    bound_ = std::numeric_limits<std::uint64_t>::max();
  }
  void clear() noexcept {
    buckets_.clear();
    words_ = {};
    summary_ = {};
    size_ = 0;
    first_known_ = false;
    rebase(instant{0});
  }

 private:
  static constexpr std::uint32_t tick_bits = 20, level_bits = 10, levels = 5;
  static constexpr std::uint32_t ring = 2U << level_bits, ring_words = ring / 64;
  static constexpr std::uint32_t bucket_count = (levels - 1) * ring + 64;  // int64: 8 at the top
  static constexpr std::uint32_t parts = 256;  // of a tick, when one is sorted
  static constexpr std::uint32_t part_bits = 8;
  static constexpr std::uint32_t small_sort = 32;    // entries sorted by insertion
  static constexpr std::uint32_t taken_chunks = 24;  // of an ordered tick at once

  static std::uint64_t tick_of(instant t) noexcept {
    return t.count() < 0 ? 0 : static_cast<std::uint64_t>(t.count()) >> tick_bits;
  }
  static std::uint32_t bucket_of(std::uint32_t level, std::uint64_t number) noexcept {
    return level * ring + static_cast<std::uint32_t>(number & (ring - 1));
  }

  /// The bitmap of occupied buckets; a summary has a bit for each word that is not 0.
  void mark(std::uint32_t bucket) noexcept {
    words_[bucket / 64] |= std::uint64_t{1} << (bucket % 64);
    summary_[bucket / ring] |= 1U << (bucket / 64 % ring_words);
  }
  void unmark(std::uint32_t bucket) noexcept {
    words_[bucket / 64] &= ~(std::uint64_t{1} << (bucket % 64));
    if (words_[bucket / 64] == 0) summary_[bucket / ring] &= ~(1U << (bucket / 64 % ring_words));
  }
  /// Number (tick / 1024^level) of the first occupied bucket of a level that has one.
  std::uint64_t first_number(std::uint32_t level) const noexcept {
    const std::uint64_t now = tick_ >> (level_bits * level);
    const auto from = static_cast<std::uint32_t>(now & (ring - 1));
    std::uint32_t word = from / 64;
    std::uint64_t bits = words_[level * ring_words + word] & (~std::uint64_t{0} << (from % 64));
    if (bits == 0) {
      const std::uint32_t above = word == ring_words - 1 ? 0 : summary_[level] & (~1U << word);
      word = static_cast<std::uint32_t>(std::countr_zero(above != 0 ? above : summary_[level]));
      bits = words_[level * ring_words + word];
    }
    const std::uint32_t found = word * 64 + static_cast<std::uint32_t>(std::countr_zero(bits));
    return now + ((found - from) & (ring - 1));
  }
  /// Where the first occupied bucket begins: no entry's tick is before.
  std::uint64_t lower_bound() const noexcept {
    std::uint64_t bound = std::numeric_limits<std::uint64_t>::max();
    for (std::uint32_t level = 0; level < levels; ++level) {
      if (summary_[level] == 0) continue;
      bound = std::min(bound, first_number(level) << (level_bits * level));
    }
    return bound;
  }

  [[gnu::noinline]] std::uint32_t far_bucket_of(std::uint64_t tick) const noexcept {
    std::uint32_t level = 1, shift = level_bits;
    for (; tick >> (shift + level_bits) > (tick_ >> (shift + level_bits)) + 1; ++level) {
      shift += level_bits;
    }
    return bucket_of(level, tick >> shift);
  }
  void place(const timer_entry& entry) noexcept {
    const std::uint64_t tick = tick_of(entry.due());
    const bool soon = tick >> level_bits <= (tick_ >> level_bits) + 1;
    const std::uint32_t bucket = soon ? bucket_of(0, tick) : far_bucket_of(tick);
    if (buckets_.count(bucket) == 0) mark(bucket);
    buckets_.append(bucket, entry);
  }

  /// Lets time pass. @pre tick_ <= to <= the tick of each entry
  void advance(std::uint64_t to) noexcept {
    const std::uint64_t from = tick_;
    tick_ = to;
    for (std::uint32_t level = levels - 1; level > 0; --level) {
      if (summary_[level] == 0) continue;
      const std::uint32_t shift = level_bits * level;
      const std::uint64_t number = to >> shift, begin = number << shift;
      if (from >> shift != number) drain(bucket_of(level, number), 1);
      const std::uint32_t next = bucket_of(level, number + 1);
      const std::uint64_t passed = to - std::max(from, begin);
      if (passed == 0 || buckets_.count(next) == 0) continue;
      const std::uint64_t left = begin + (std::uint64_t{1} << shift) - to;
      drain(next, static_cast<double>(passed) / static_cast<double>(passed + left));
    }
  }
  /// Moves a share of a bucket, in whole chunks, rounded up, to lower levels.
  void drain(std::uint32_t bucket, double share) noexcept {
    const std::uint32_t count = buckets_.count(bucket);
    if (count == 0) return;
    const double keep = (1 - share) * static_cast<double>(count);
    timer_entry entries[timer_buckets::per_chunk];
    while (static_cast<double>(buckets_.count(bucket)) > keep) {
      const std::uint32_t n = buckets_.take_chunk(bucket, entries);
      for (std::uint32_t i = 0; i < n; ++i) buckets_.fetch_record(entries[i].slot());
      for (std::uint32_t i = 0; i < n; ++i) place(entries[i]);
      moved_ += n;
    }
    if (buckets_.count(bucket) == 0) unmark(bucket);
  }

  /// Moves the entries of a tick to `out`, in order.
  void take(std::uint32_t bucket, vec<timer_entry>& out) noexcept {
    const std::uint32_t count = buckets_.count(bucket);
    if (buckets_.ordered(bucket)) {
      out.resize(std::min(count, taken_chunks * timer_buckets::per_chunk));
      for (std::size_t have = 0; have < out.size();) {
        const std::uint32_t n = buckets_.take_chunk(bucket, out.data() + have);
        for (std::uint32_t i = 0; i < n; ++i) buckets_.fetch_record(out[have + i].slot());
        have += n;
      }
      for (const timer_entry& e : out) buckets_.record(e.slot()).place = timer_place::opened;
    } else {
      out.resize(count);
      spread(bucket, out.data());
      buckets_.release(bucket);
    }
    if (buckets_.count(bucket) == 0) {
      unmark(bucket);
      bound_ = tick_ + 1;
    }
    size_ -= out.size();
    moved_ += out.size();
    first_known_ = false;
  }
  /// Copies the entries of a tick in order: distributes them over 256 parts of the tick, then sorts
  /// each part. O(n) when they are spread over the tick. Few are one part.
  void spread(std::uint32_t bucket, timer_entry* out) noexcept {
    if (buckets_.count(bucket) <= small_sort) return rank(bucket, out);
    const auto part = [](const timer_entry& e) {
      return static_cast<std::uint32_t>(e.due().count() >> (tick_bits - part_bits)) % parts;
    };
    std::array<std::uint32_t, parts> end{};
    buckets_.each_chunk(bucket, [&](const timer_entry* from, std::uint32_t n) {
      for (std::uint32_t i = 0; i < n; ++i) {
        buckets_.fetch_record(from[i].slot());
        ++end[part(from[i])];
      }
    });
    std::uint32_t sum = 0;
    for (std::uint32_t& e : end) sum += std::exchange(e, sum);
    buckets_.each_chunk(bucket, [&](const timer_entry* from, std::uint32_t n) {
      for (std::uint32_t i = 0; i < n; ++i) {
        buckets_.record(from[i].slot()).place = timer_place::opened;
        out[end[part(from[i])]++] = from[i];
      }
    });
    timer_entry* begin = out;
    for (const std::uint32_t e : end) {
      sort(begin, out + e);
      begin = out + e;
    }
  }
  /// The same for a few: each goes behind as many as are due before it, which is counted without a
  /// branch that depends on them (a wrong guess costs more than comparing with ten).
  void rank(std::uint32_t bucket, timer_entry* out) noexcept {
    using lanes = std::int32_t __attribute__((vector_size(16)));
    const timer_entry* entries[small_sort];
    std::int32_t keys[small_sort + 3];  // of the due time the part in the tick, then the index
    std::uint32_t n = 0;
    buckets_.each_chunk(bucket, [&](const timer_entry* from, std::uint32_t count) {
      for (std::uint32_t i = 0; i < count; ++i, ++n) {
        buckets_.record(from[i].slot()).place = timer_place::opened;
        const auto due = static_cast<std::uint32_t>(from[i].due().count());
        keys[n] = static_cast<std::int32_t>(due % (1U << tick_bits) * small_sort + n);
        entries[n] = &from[i];
      }
    });
    for (std::uint32_t i = 0; i < 3; ++i) keys[n + i] = std::numeric_limits<std::int32_t>::max();
    for (std::uint32_t i = 0; i < n; i += 4) {
      lanes mine, before{};
      std::memcpy(&mine, keys + i, sizeof mine);
      for (std::uint32_t j = 0; j < n; ++j) before -= keys[j] < mine;
      for (std::uint32_t k = 0; k < 4 && i + k < n; ++k) out[before[k]] = *entries[i + k];
    }
    bool tied = false;
    for (std::uint32_t i = 1; i < n; ++i) tied |= out[i].due() == out[i - 1].due();
    if (tied) sort(out, out + n);
  }
  void sort(timer_entry* begin, timer_entry* end) const noexcept {
    const auto before = [this](const timer_entry& a, const timer_entry& b) {
      return buckets_.before(a, b);
    };
    if (static_cast<std::uint32_t>(end - begin) > small_sort) {
      if (!std::is_sorted(begin, end, before)) std::sort(begin, end, before);
      return;
    }
    for (timer_entry* next = begin; next != end; ++next) {
      const timer_entry entry = *next;
      timer_entry* hole = next;
      for (; hole != begin && before(entry, hole[-1]); --hole) *hole = hole[-1];
      *hole = entry;
    }
  }

  /// Finds the first entry. Buckets of one level follow each other in time: only the first can have
  /// it, and only if it begins no later than what lower levels have.
  void look() const noexcept {
    for (std::uint32_t level = 0; level < levels; ++level) {
      if (summary_[level] == 0) continue;
      const std::uint64_t number = first_number(level);
      if (first_known_ && number << (level_bits * level) > tick_of(first_.due())) continue;
      const std::uint32_t bucket = bucket_of(level, number);
      if (buckets_.ordered(bucket)) {
        consider(buckets_.front(bucket));
        continue;
      }
      buckets_.each_chunk(bucket, [&](const timer_entry* from, std::uint32_t n) {
        for (std::uint32_t i = 0; i < n; ++i) consider(from[i]);
      });
    }
  }
  void consider(const timer_entry& entry) const noexcept {
    if (first_known_ && !buckets_.before(entry, first_)) return;
    first_ = entry;
    first_known_ = true;
  }

  timer_buckets buckets_;
  std::array<std::uint64_t, bucket_count / 64> words_ = {};
  std::array<std::uint32_t, levels> summary_ = {};
  std::uint64_t tick_ = 0;  // opened last; every entry's tick is later
  std::uint64_t bound_ = std::numeric_limits<std::uint64_t>::max();  // no entry's tick is before
  std::size_t size_ = 0;
  std::uint64_t moved_ = 0;
  mutable timer_entry first_;  // if known; first() finds it
  mutable bool first_known_ = false;
};

}  // namespace v1
}  // namespace gyre
