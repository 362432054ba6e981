// archive_segment.hpp - one file of file_archive.hpp, and its whole blocks past damage.
// Room: memory. Threads: one owner at a time. Held by file_archive.hpp.
#pragma once

#include <cstdint>
#include <gyre/core/bounds.hpp>
#include <gyre/memory/age.hpp>
#include <gyre/memory/block.hpp>
#include <gyre/store/frame.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// What is kept in memory of an archive file.
struct archive_segment {
  std::uint32_t number = 0, salt = 0;
  bool closed = false;  // damaged, or a sync failed: nothing is appended to it any more
  std::uint64_t bytes = file_header::bytes, records = 0, first_id = 0, last_id = 0;
  std::int64_t from_ms = INT64_MAX, to_ms = INT64_MIN;
  std::int64_t oldest_ms = 0, newest_ms = INT64_MIN;  // of its first block; of all, by newest_ms()

  /// Empty again, the same file.
  void clear() {
    archive_segment empty;
    empty.number = number;
    empty.salt = salt;
    empty.closed = closed;
    *this = empty;
  }
  void note(std::uint64_t id, const block& b, std::uint64_t size) {
    if (records == 0) {
      first_id = id;
      oldest_ms = b.newest_ms();
    }
    last_id = id;
    bytes += size;
    records += b.count();
    from_ms = smaller(from_ms, b.from_ms());
    to_ms = larger(to_ms, b.to_ms());
    newest_ms = larger(newest_ms, b.newest_ms());
  }
  /// Whether more than an eighth of its time is from before `before_ms`.
  bool worth_trimming(std::int64_t before_ms) const noexcept {
    if (closed || records == 0 || age_of(oldest_ms, before_ms) != age::old) return false;
    const auto since = [this](std::int64_t ms) {
      return static_cast<std::uint64_t>(ms) - static_cast<std::uint64_t>(oldest_ms);
    };
    return since(before_ms) > since(newest_ms) / 8;
  }
};

/// How reading a file went.
struct archive_scan {
  std::uint64_t end = file_header::bytes;  ///< behind its last whole block
  std::uint64_t damaged = 0;               ///< places before `end` where there is none
};

inline constexpr std::uint8_t archive_frame = 1;  ///< u64 id, then block::save

/// Calls `each(id, block, at, frame bytes)` for every whole block in the first `size` bytes of a
/// file, with rising ids; what is none is skipped. Reads 64 KiB or a block at a time. Errors: io.
template <class F>
result<archive_scan> scan_blocks(file& from, std::uint64_t size, std::uint32_t salt, F&& each) {
  file_window window(from, size);
  archive_scan scan;
  std::uint64_t at = scan.end, next_id = 0;
  frame f;
  while (at < size) {
    GYRE_TRY(found, frame::read(window, at, salt, f));
    if (found == frame::found::whole && f.type == archive_frame) {
      byte_reader in(f.payload);
      const std::uint64_t id = in.u64();
      const std::uint64_t bytes = f.bytes();
      auto b = block::load(in);
      if (b && id == f.sequence && id >= next_id) {
        if (at > scan.end) ++scan.damaged;
        each(id, *b, at, bytes);
        next_id = id + 1;
        at += bytes;
        scan.end = at;
        continue;
      }
    }
    GYRE_TRY(next, frame::find(window, at + 8, archive_frame));
    at = next;
  }
  return scan;
}

}  // namespace detail
}  // namespace v1
}  // namespace gyre
