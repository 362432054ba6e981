// frames.hpp - frames for the store, ready made, that a shard gathers until the next commit.
// Room: engine. Threads: under the shard's lease.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include <gyre/store/pending.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// So much for the store is committed at once, without waiting for the next regular commit, which
/// is vault.hpp's: shard::keep_frame() asks for it.
inline constexpr std::size_t commit_bytes = std::size_t{64} << 10;

/// Types of a learner's frames that ticks write: a lesson; a figure under a limit; an action whose
/// reward is still to come. See keeper.hpp.
inline constexpr std::uint8_t lesson_frame = 1, figure_frame = 4, applied_frame = 5;

/// Frames in the order in which they were written, at most 4 MiB of them. Once one was lost so are
/// all that follow, until they are taken. Held by the shard.
class frames {
 public:
  void add(std::uint32_t stream, std::uint8_t type, std::span<const std::byte> bytes) {
    if (lost_ > 0 || list_.bytes() + frame::padded(bytes.size()) > most) {
      ++lost_;
    } else {
      list_.add(stream, type, bytes);
    }
  }
  /// Makes room for a frame of so many bytes, so that adding it needs no memory.
  void reserve(std::size_t size) { list_.reserve(size); }
  /// A frame that there was no memory for, nor for what it would tell.
  void refuse() noexcept { ++refused_; }
  std::uint64_t refused() const noexcept { return refused_; }
  std::size_t bytes() const noexcept { return list_.bytes(); }
  /// Calls f(frames, how many were lost behind them), and has none then. Where f throws, it has
  /// them still.
  template <class F>
  void drain(F&& f) {
    if (list_.empty() && lost_ == 0) return;
    f(std::as_const(list_), lost_);
    list_.clear();
    lost_ = 0;
  }

 private:
  static constexpr std::size_t most = std::size_t{4} << 20;

  pending_frames list_;
  std::uint64_t refused_ = 0;
  std::uint64_t lost_ = 0;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
