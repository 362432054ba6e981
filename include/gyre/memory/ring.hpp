// ring.hpp - the newest records, as rows, until the oldest of them are sealed.
// Room: memory. Threads: one owner at a time. Held by memory.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gyre/memory/block.hpp>
#include <span>
#include <vector>

namespace gyre {
inline namespace v1 {
namespace detail {

/// Rows in the order of remembering, oldest first; short, so that taking from its front is cheap.
/// Its holder keeps it at `limit`.
class record_ring {
 public:
  struct slot {
    std::vector<std::byte> bytes;  // the row
    record_hash id;
    std::size_t resident() const noexcept { return heap_bytes(bytes.size()); }
  };

  explicit record_ring(std::uint32_t limit) { set_limit(limit); }
  void set_limit(std::uint32_t limit) {
    limit_ = limit;
    slots_.reserve(limit_ + 1);
  }
  std::uint32_t limit() const noexcept { return limit_; }
  std::size_t size() const noexcept { return slots_.size(); }
  bool empty() const noexcept { return slots_.empty(); }
  bool over() const noexcept { return slots_.size() > limit_; }
  /// With what malloc adds, and the room for `limit` slots.
  std::size_t resident_bytes() const noexcept { return bytes_ + (limit_ + 1) * slot_bytes; }
  /// The i-th oldest. @pre i < size()
  const slot& operator[](std::size_t i) const noexcept { return slots_[i]; }
  const slot* begin() const noexcept { return slots_.data(); }
  const slot* end() const noexcept { return slots_.data() + slots_.size(); }

  void push(std::span<const std::byte> row, const record_hash& id) {
    slots_.emplace_back();
    slots_.back().bytes.assign(row.begin(), row.end());
    slots_.back().id = id;
    bytes_ += slots_.back().resident();
  }
  /// The place of the newest with this hash; size() when there is none.
  std::size_t find(const record_hash& id) const noexcept {
    for (std::size_t i = slots_.size(); i-- > 0;) {
      if (slots_[i].id == id) return i;
    }
    return slots_.size();
  }
  void drop(std::size_t from, std::size_t n) {  ///< @pre from + n <= size()
    for (std::size_t i = from; i < from + n; ++i) bytes_ -= slots_[i].resident();
    const auto first = slots_.begin() + static_cast<std::ptrdiff_t>(from);
    slots_.erase(first, first + static_cast<std::ptrdiff_t>(n));
  }
  void save(byte_writer& out) const {
    out.u32(static_cast<std::uint32_t>(slots_.size()));
    for (const slot& s : slots_) {
      out.u32(static_cast<std::uint32_t>(s.bytes.size()));
      out.raw(s.bytes);
    }
  }

 private:
  /// What a slot counts, on every machine alike: what is evicted when must not depend on it.
  static constexpr std::size_t slot_bytes = 40;

  std::vector<slot> slots_;
  std::size_t bytes_ = 0;
  std::uint32_t limit_ = 0;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
