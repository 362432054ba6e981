// archive.hpp - where old blocks go: what memory asks of it. file_archive.hpp has the one in files.
// Room: memory. Threads: one owner at a time.
#pragma once

#include <cstdint>
#include <gyre/core/function.hpp>
#include <gyre/core/result.hpp>
#include <gyre/memory/block.hpp>

namespace gyre {
inline namespace v1 {

/// Blocks in the order of their rising ids.
class archive {
 public:
  virtual ~archive() = default;
  /// Adds `b` behind the rest. @pre id >= next_id()
  /// Errors: io, forked; rewind() then takes back what may have been written.
  virtual result<void> append(std::uint64_t id, const block& b) = 0;
  /// What was appended survives power loss from then on. Errors: io.
  virtual result<void> sync() = 0;
  /// Drops every block with an id of at least `next_id`. Errors: io, forked; what is not dropped is
  /// still there.
  virtual result<void> rewind(std::uint64_t next_id) = 0;
  /// Deletes the oldest blocks that are from before `before_ms`, as far as that is cheap;
  /// how many records.
  virtual std::uint64_t prune(std::int64_t before_ms) = 0;
  /// Deletes the oldest until the bound holds; how many records.
  virtual std::uint64_t shrink() = 0;
  /// Calls `stop(block)` from the newest block to the oldest until it returns true; blocks whose
  /// times miss from_ms..to_ms may be left out. Errors: io, corrupt: what could be read was
  /// visited.
  virtual result<void> newest_first(std::int64_t from_ms, std::int64_t to_ms,
                                    function_ref<bool(const block&)> stop) = 0;
  virtual std::uint64_t records() const = 0;
  virtual std::uint64_t bytes() const = 0;
  virtual std::uint64_t damaged() const = 0;  ///< places that could not be read at open
  virtual std::uint64_t next_id() const = 0;  ///< one past the last block's; 0 when there is none
};

}  // namespace v1
}  // namespace gyre
