// pending.hpp - frames gathered in order until they are written: streams, types and bytes.
// Room: store. Threads: one owner at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gyre/core/vec.hpp>
#include <gyre/store/frame.hpp>
#include <span>
#include <utility>

namespace gyre {
inline namespace v1 {

/// Frames that are of no file yet: sequence numbers and checksums are given when they are written.
/// Its owner bounds it, by bytes().
class pending_frames {
 public:
  /// Makes room for a frame of so many bytes, so that adding it needs no memory.
  void reserve(std::size_t size) {
    list_.make_room(1);
    bytes_.reserve(size);
  }
  /// When this throws for want of memory nothing has changed.
  void add(std::uint32_t stream, std::uint8_t type, std::span<const std::byte> payload) {
    reserve(payload.size());
    list_.emplace_back(stream, type, payload.size());
    bytes_.raw(payload);
    file_bytes_ += frame::padded(payload.size());
  }
  /// Those of `later` behind its own. When this throws for want of memory nothing has changed.
  void append(const pending_frames& later) {
    bytes_.reserve(later.bytes_.size());
    list_.append(later.list_.data(), later.list_.size());
    bytes_.raw(later.bytes_.data());
    file_bytes_ += later.file_bytes_;
  }
  /// Calls f(stream, type, payload) for each, in order.
  template <class F>
  void each(F&& f) const {
    std::size_t at = 0;
    for (const part& p : list_) {
      f(p.stream, p.type, std::span(bytes_.data()).subspan(at, p.size));
      at += p.size;
    }
  }
  /// Room for some MiB is given back, for less it is kept.
  void clear() noexcept {
    if (bytes_.size() > most_kept) {
      list_ = {};
      (void)bytes_.take();
    }
    list_.clear();
    bytes_.clear();
    file_bytes_ = 0;
  }
  void swap(pending_frames& o) noexcept { std::swap(*this, o); }

  bool empty() const noexcept { return list_.empty(); }
  std::size_t size() const noexcept { return list_.size(); }
  /// What they will take in a file.
  std::size_t bytes() const noexcept { return static_cast<std::size_t>(file_bytes_); }

 private:
  static constexpr std::size_t most_kept = std::size_t{1} << 20;

  struct part {
    std::uint32_t stream = 0;
    std::uint8_t type = 0;
    std::size_t size = 0;
  };
  vec<part> list_;
  byte_writer bytes_;
  std::uint64_t file_bytes_ = 0;
};

}  // namespace v1
}  // namespace gyre
