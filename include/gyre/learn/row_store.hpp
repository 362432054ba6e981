// row_store.hpp - rows of a type in numbered slots, each in as few cache lines as hold it.
// Room: learn. Threads: one owner at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <gyre/core/huge.hpp>
#include <gyre/core/portable.hpp>
#include <span>
#include <type_traits>
#include <vector>

namespace gyre {
inline namespace v1 {

/// A column of a batch: which member of the rows, and where the values of a batch go.
template <class Row, class T>
struct row_column {
  T Row::*member;
  T* out;
};
/// `into(&step::reward, rewards)`: the rewards of a batch, one after the other.
template <class Row, class T>
row_column<Row, T> into(T Row::*member, T* out) noexcept {
  return {member, out};
}

/// Rows fetched at random cost a fetch from memory for each cache line that they touch, so those of
/// over half a line begin at one: a row of 44 bytes takes 64, and is one fetch rather than 1.7.
template <class Row>
class row_store {
  static_assert(std::is_trivially_copyable_v<Row>, "a row is copied bytewise");

 public:
  static constexpr std::size_t alignment =
      sizeof(Row) > cache_line / 2 ? std::max(cache_line, alignof(Row)) : alignof(Row);
  /// What a row takes.
  static constexpr std::size_t row_bytes = (sizeof(Row) + alignment - 1) / alignment * alignment;

  /// Takes memory for `slots` rows; it is touched as they come.
  explicit row_store(std::uint32_t slots) { cells_.reserve(slots); }

  /// @pre slots are first written in order
  void put(std::uint32_t slot, const Row& row) noexcept {
    if (slot < cells_.size()) {
      cells_[slot].row = row;
    } else {
      cells_.push_back({row});  // never reallocates: all slots are reserved
    }
  }
  const Row& operator[](std::uint32_t slot) const noexcept { return cells_[slot].row; }
  void fetch(std::uint32_t slot) const noexcept {
    const char* at = reinterpret_cast<const char*>(cells_.data() + slot);
    for (std::size_t i = 0; i < row_bytes; i += cache_line) __builtin_prefetch(at + i);
  }

  /// Calls `f(k, row)` with the row in slot_of(k) for each k under n; fetches ahead, so that the
  /// waits for memory overlap.
  template <class SlotOf, class F>
  void visit(std::size_t n, SlotOf&& slot_of, F&& f) const noexcept {
    constexpr std::size_t ahead = 32;
    for (std::size_t k = 0; k < std::min(n, ahead); ++k) fetch(slot_of(k));
    std::size_t k = 0;
    for (; k + ahead < n; ++k) {
      fetch(slot_of(k + ahead));
      f(k, (*this)[slot_of(k)]);
    }
    for (; k < n; ++k) f(k, (*this)[slot_of(k)]);
  }

 private:
  struct alignas(alignment) cell {
    Row row;
  };
  std::vector<cell, huge_allocator<cell>> cells_;
};

}  // namespace v1
}  // namespace gyre
