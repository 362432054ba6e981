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
  std::size_t bytes() const noexcept { return bytes_.size(); }
  /// Calls f(stream, type, bytes) for each, and has none then.
  template <class F>
  void drain(F&& f) {
    std::size_t at = 0;
    for (const frame& each : list_) {
      f(each.stream, each.type, std::span(bytes_.data()).subspan(at, each.size));
      at += each.size;
    }
    list_.clear();
    bytes_.clear();
  }

 private:
  struct frame {
    std::uint32_t stream;
    std::uint8_t type;
    std::size_t size;
  };
  vec<frame> list_;
  byte_writer bytes_;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
