// ring.hpp - the newest records, as rows, until the oldest of them are sealed.
// Room: memory. Threads: one owner at a time. Held by memory.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gyre/core/growing_ring.hpp>
#include <gyre/memory/block.hpp>
#include <span>
#include <utility>
#include <vector>

namespace gyre {
inline namespace v1 {
namespace detail {

/// Rows in the order of remembering, oldest first. Its holder keeps it at `limit`.
class record_ring {
 public:
  struct slot {
    std::vector<std::byte> bytes;  // the row
    record_hash id;
    std::size_t resident() const noexcept { return heap_bytes(bytes.size()); }
  };

  explicit record_ring(std::uint32_t limit) noexcept : limit_(limit) {}
  void set_limit(std::uint32_t limit) noexcept { limit_ = limit; }
  std::uint32_t limit() const noexcept { return limit_; }
  std::size_t size() const noexcept { return slots_.size(); }
  bool empty() const noexcept { return slots_.empty(); }
  bool over() const noexcept { return slots_.size() > limit_; }
  /// With what malloc adds, and the room for `limit` slots.
  std::size_t resident_bytes() const noexcept { return bytes_ + (limit_ + 1) * slot_bytes; }
  /// The i-th oldest. @pre i < size()
  const slot& operator[](std::size_t i) const noexcept { return slots_[i]; }
  /// Makes room for one more, so that pushing a slot allocates nothing.
  void reserve() { slots_.reserve(1); }
  void push(slot s) {
    bytes_ += s.resident();
    slots_.push_back(std::move(s));
  }
  void push(std::span<const std::byte> row, const record_hash& id) { push(made(row, id)); }
  static slot made(std::span<const std::byte> row, const record_hash& id) {
    return {{row.data(), row.data() + row.size()}, id};
  }
  /// The place of the newest with this hash; size() when there is none.
  std::size_t find(const record_hash& id) const noexcept {
    for (std::size_t i = slots_.size(); i-- > 0;) {
      if (slots_[i].id == id) return i;
    }
    return slots_.size();
  }
  void drop(std::size_t i) noexcept { bytes_ -= slots_.erase(i).resident(); }  ///< @pre i < size()
  void drop_oldest() noexcept { bytes_ -= slots_.pop_front().resident(); }     ///< @pre !empty()
  void save(byte_writer& out) const {
    out.u32(static_cast<std::uint32_t>(slots_.size()));
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      out.u32(static_cast<std::uint32_t>(slots_[i].bytes.size()));
      out.raw(slots_[i].bytes);
    }
  }

 private:
  /// What a slot counts, on every machine alike: what is evicted when must not depend on it.
  static constexpr std::size_t slot_bytes = 40;

  growing_ring<slot> slots_;
  std::size_t bytes_ = 0;
  std::uint32_t limit_ = 0;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
