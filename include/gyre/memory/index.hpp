// index.hpp - which block holds a record of this hash: 8 bytes an entry.
// Room: memory. Threads: one owner at a time.
#pragma once
#include <cstddef>
#include <cstdint>
#include <gyre/core/heap_array.hpp>
#include <utility>

namespace gyre {
inline namespace v1 {
/// A multiset of (tag, block), open addressing with linear probing. A tag is 32 bits of the
/// record's 128-bit hash, so a find() may name a wrong block once in some ten thousand; the caller
/// compares the full hash. It is this small because it is paid from the memory's byte budget: 16
/// bytes of hash a record would take more room than half of the text does.
class block_index {
 public:
  std::size_t size() const noexcept { return size_; }
  std::size_t resident_bytes() const noexcept { return slots_.size() * sizeof(slot); }

  /// O(1), but O(size) when the table grows: by half, or an eighth once it is large, so that no
  /// single record pushes out a large part of the blocks to make room for the table.
  void insert(std::uint32_t tag, std::uint32_t block) {
    reserve(1);
    put({tag, block});
  }
  /// Makes room for `n` more, so that inserting them allocates nothing.
  void reserve(std::size_t n) {
    while (size_ + n > limit_) {
      const std::size_t now = slots_.size();
      move_to(heap_array<slot>(now < 64 ? 64 : now + (now < 65536 ? now / 2 : now / 8)));
    }
  }

  /// Removes one entry; false when there is none.
  bool erase(std::uint32_t tag, std::uint32_t block) noexcept {
    if (slots_.empty()) return false;
    std::size_t at = home(tag);
    while (slots_[at].block != none && !(slots_[at].tag == tag && slots_[at].block == block))
      at = next(at);
    if (slots_[at].block == none) return false;
    close(at);
    --size_;
    if (slots_.size() > 64 && size_ < slots_.size() / 4) {
      heap_array<slot> half = heap_array<slot>::if_there_is_memory(slots_.size() / 2);
      if (!half.empty()) move_to(std::move(half));
    }
    return true;
  }

  /// Calls `stop(block)` for each entry of `tag` until it returns true; tells whether it did.
  template <class F>
  bool find(std::uint32_t tag, F&& stop) const {
    if (slots_.empty()) return false;
    for (std::size_t at = home(tag); slots_[at].block != none; at = next(at)) {
      if (slots_[at].tag == tag && stop(slots_[at].block)) return true;
    }
    return false;
  }

  /// A block id as an entry holds it; ids 2^32 - 1 apart share one, so never two that are resident
  /// at once.
  static std::uint32_t short_id(std::uint64_t id) noexcept {
    return static_cast<std::uint32_t>(id % none);
  }
  /// How far the block with this short id is behind the one with id `first`.
  static std::size_t distance(std::uint64_t first, std::uint32_t short_id) noexcept {
    return static_cast<std::size_t>((short_id + std::uint64_t{none} - first % none) % none);
  }

 private:
  static constexpr std::uint32_t none = UINT32_MAX;
  struct slot {
    std::uint32_t tag = 0, block = none;
  };

  std::size_t home(
      std::uint32_t tag) const noexcept {  // scales, so that the table may have any size
    return static_cast<std::size_t>(std::uint64_t{tag} * slots_.size() >> 32);
  }
  std::size_t next(std::size_t at) const noexcept { return at + 1 == slots_.size() ? 0 : at + 1; }

  void put(slot entry) {
    std::size_t at = home(entry.tag);
    while (slots_[at].block != none) at = next(at);
    slots_[at] = entry;
    ++size_;
  }

  /// Empties `hole` and moves back what was pushed past it, so that no probe ends too early.
  void close(std::size_t hole) noexcept {
    for (std::size_t at = next(hole); slots_[at].block != none; at = next(at)) {
      const std::size_t from = home(slots_[at].tag);
      const std::size_t gone =
          at >= from ? at - from : at + slots_.size() - from;  // how far it was pushed
      const std::size_t back =
          at >= hole ? at - hole : at + slots_.size() - hole;  // how far it would move
      if (back > gone) continue;
      slots_[hole] = slots_[at];
      hole = at;
    }
    slots_[hole] = {};
  }

  void move_to(heap_array<slot> table) noexcept {
    const heap_array<slot> old = std::exchange(slots_, std::move(table));
    limit_ = slots_.size() - slots_.size() / 6;
    size_ = 0;
    for (const slot& entry : old) {
      if (entry.block != none) put(entry);
    }
  }

  heap_array<slot> slots_;
  std::size_t size_ = 0, limit_ = 0;  // size_ <= limit_ < slots_.size(): a probe always ends
};
}  // namespace v1
}  // namespace gyre
