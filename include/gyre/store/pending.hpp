// pending.hpp - frames gathered for the next commit group, within a bound.
// Room: store. Threads: the journal's owner. Held by journal.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gyre/store/frame.hpp>
#include <span>
#include <vector>

namespace gyre {
inline namespace v1 {

/// Bytes of frames, ready to be written. Once a frame was lost so are all that follow, until
/// clear(): what is there stays a whole prefix of what was appended.
class pending_group {
 public:
  explicit pending_group(std::size_t most_bytes) : most_(most_bytes) {}

  /// Adds a frame, which is the `after + frames() + 1`th of its file; or loses it, when it or the
  /// group would be too large. When this throws for want of memory nothing has changed.
  void add(std::uint8_t type, std::uint32_t stream, std::uint64_t after,
           std::span<const std::byte> payload, std::uint32_t salt) {
    const bool fits = payload.size() <= frame::max_payload &&
                      bytes_.size() + frame::padded(payload.size()) <= most_;
    if (gap_ || !fits) {
      lose();
      return;
    }
    bytes_.reserve(static_cast<std::size_t>(frame::padded(payload.size())) + commit_bytes);
    frame{type, stream, after + frames_ + 1, payload}.encode(bytes_, salt);
    ++frames_;
  }
  void lose() noexcept {
    gap_ = true;
    ++lost_;
  }
  /// Ends the group by its commit frame; unseal() takes that back.
  void seal(const commit_note& note, std::uint64_t after, std::uint32_t salt) {
    unsealed_ = bytes_.size();
    frame{frame::commit, 0, after + frames_ + 1, note.encode()}.encode(bytes_, salt);
  }
  void unseal() {
    std::vector<std::byte> kept = bytes_.take();
    kept.resize(unsealed_);
    bytes_.clear();
    bytes_.raw(kept);
  }
  /// They are written: the next group begins.
  void written() noexcept {
    bytes_.clear();
    frames_ = 0;
  }
  /// They are told by a state: the next group begins, and nothing is lost any more.
  void clear() noexcept {
    written();
    gap_ = false;
  }

  const std::vector<std::byte>& bytes() const noexcept { return bytes_.data(); }
  std::uint64_t frames() const noexcept { return frames_; }
  bool gap() const noexcept { return gap_; }              ///< a frame was lost since clear()
  std::uint64_t lost() const noexcept { return lost_; }  ///< ever

 private:
  static constexpr std::size_t commit_bytes = frame::padded(commit_note::bytes);

  std::size_t most_, unsealed_ = 0;
  byte_writer bytes_;
  std::uint64_t frames_ = 0, lost_ = 0;
  bool gap_ = false;
};

}  // namespace v1
}  // namespace gyre
