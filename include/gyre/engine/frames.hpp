// frames.hpp - frames for the store, ready made, that a shard gathers until the next commit.
// Room: engine. Threads: under the shard's lease.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <gyre/core/bytes.hpp>
#include <gyre/core/vec.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// So much for the store is committed at once, without waiting for the next regular commit, which
/// is vault.hpp's: shard::keep_frame() asks for it.
inline constexpr std::size_t commit_bytes = std::size_t{64} << 10;

/// Types of a learner's frames that ticks write: a lesson; a figure under a limit; an action whose
/// reward is still to come. See keeper.hpp.
inline constexpr std::uint8_t lesson_frame = 1, figure_frame = 4, applied_frame = 5;

/// Frames in the order in which they were written. Held by the shard.
class frames {
 public:
  void add(std::uint32_t stream, std::uint8_t type, std::span<const std::byte> bytes) {
    list_.push_back({stream, type, bytes.size()});
    bytes_.raw(bytes);
  }
  /// Makes room for a frame of so many bytes, so that adding it needs no memory.
  void reserve(std::size_t size) {
    list_.make_room(1);
    bytes_.reserve(size);
  }
  /// A frame that there was no memory for.
  void lose() noexcept { ++lost_; }
  std::uint64_t lost() const noexcept { return lost_; }
  std::size_t bytes() const noexcept { return bytes_.size(); }
  /// Calls f(stream, type, bytes) for each, and has none then. Where f throws, the next call goes
  /// on with the frame that it threw for.
  template <class F>
  void drain(F&& f) {
    for (; taken_ < list_.size(); ++taken_) {
      const frame& each = list_[taken_];
      f(each.stream, each.type, std::span(bytes_.data()).subspan(at_, each.size));
      at_ += each.size;
    }
    list_.clear();
    bytes_.clear();
    taken_ = at_ = 0;
  }

 private:
  struct frame {
    std::uint32_t stream;
    std::uint8_t type;
    std::size_t size;
  };
  vec<frame> list_;
  byte_writer bytes_;
  std::size_t taken_ = 0, at_ = 0;  // so many frames, and their bytes, drain() has taken
  std::uint64_t lost_ = 0;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
