// stats.hpp - what a memory says of itself and of what it did.
// Room: memory. Threads: plain values.
#pragma once

#include <cstdint>

namespace gyre {
inline namespace v1 {

/// In records, at every moment: remembered = in_ring + in_blocks + archived + evicted + merged. The
/// first three say where a record is now, the other two only grow.
struct memory_stats {
  std::uint64_t remembered = 0;  ///< accepted by remember()
  std::uint64_t in_ring = 0;
  std::uint64_t in_blocks = 0;  ///< hidden ones included
  std::uint64_t archived = 0;   ///< in the archive now
  std::uint64_t evicted = 0;    ///< gone: pushed out by a budget, pruned, or lost with the archive
  std::uint64_t merged = 0;     ///< taken into a newer duplicate while still in the ring
  std::uint64_t pruned = 0;     ///< those of `evicted` that consolidate() deleted for their age
  std::uint64_t hidden = 0;     ///< those of `in_blocks` that a newer duplicate replaced
  std::uint64_t consolidated = 0;    ///< ever sealed into blocks
  std::uint64_t compressions = 0;    ///< blocks ever sealed
  std::uint64_t raw_bytes = 0;       ///< the rows of all sealed records
  std::uint64_t stored_bytes = 0;    ///< what their blocks took
  double saved_percent = 0;          ///< 100 · (1 - stored / raw); 0 before the first block
  std::uint64_t resident_bytes = 0;  ///< ring, blocks and index; never over the budget
  std::uint64_t budget_bytes = 0;
  std::uint64_t blocks = 0;          ///< in memory now
  std::uint64_t archive_bytes = 0;   ///< of the archive's files
  /// Places in the archive's files that are damaged, files that are missing between others, an
  /// archive that held fewer records than memory knew of, and recall()s that failed.
  std::uint64_t archive_errors = 0;
};

/// One block of the history.
struct block_info {
  std::int64_t at_ms = 0;  ///< when it was sealed
  std::uint32_t count = 0;
  std::uint64_t raw_bytes = 0, stored_bytes = 0;
  double ratio = 0;  ///< stored / raw
};

/// What one consolidate() did, in records.
struct consolidation {
  std::uint64_t archived = 0, pruned = 0;
};

}  // namespace v1
}  // namespace gyre
