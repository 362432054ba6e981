// figures.hpp - what a memory counts, and what one consolidate() came to.
// Room: memory. Threads: one owner at a time. Held by memory.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gyre/core/bytes.hpp>
#include <gyre/memory/stats.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// What a consolidate() came to, so that it can be repeated without the files.
struct consolidation_outcome {
  std::uint64_t pruned_through = 0;  // blocks with smaller ids were deleted,
  std::uint64_t through = 0;         // the rest of those below this archived
  std::uint64_t archive_pruned = 0, archive_evicted = 0;

  void save(byte_writer& out) const {
    out.u64(pruned_through);
    out.u64(through);
    out.u64(archive_pruned);
    out.u64(archive_evicted);
  }
  void load(byte_reader& in) {
    pruned_through = in.u64();
    through = in.u64();
    archive_pruned = in.u64();
    archive_evicted = in.u64();
  }
};

/// The counters; what ring, blocks and archive know themselves is filled in by memory::stats().
struct figures : memory_stats {
  void save(byte_writer& out) const {
    for (const std::uint64_t memory_stats::*field : saved) out.u64(this->*field);
  }
  void load(byte_reader& in) {
    for (std::uint64_t memory_stats::*field : saved) this->*field = in.u64();
  }
  /// Percent of the bytes of rows that blocks do without.
  double percent_saved() const noexcept {
    if (raw_bytes == 0) return 0;
    return 100.0 * (1.0 - static_cast<double>(stored_bytes) / static_cast<double>(raw_bytes));
  }
  /// Records that moved to the archive, and those that it lost then.
  void consolidated_by(const consolidation_outcome& o, consolidation& done) {
    archived += done.archived;
    const std::uint64_t pruned_there = o.archive_pruned < archived ? o.archive_pruned : archived;
    archived -= pruned_there;
    const std::uint64_t evicted_there = o.archive_evicted < archived ? o.archive_evicted : archived;
    archived -= evicted_there;
    done.pruned += pruned_there;
    pruned += done.pruned;
    evicted += done.pruned + evicted_there;
  }
  /// The archive holds `there` records when it is attached: more are new, fewer were lost,
  /// which is an error of its own unless the archive has told of `damaged` places.
  void attached(std::uint64_t there, std::uint64_t damaged) {
    if (there > archived) remembered += there - archived;
    if (there < archived) {
      evicted += archived - there;
      if (damaged == 0) ++archive_errors;
    }
    archived = there;
  }
  /// What attached() came to before, with so many records in memory; false: that cannot be.
  bool reattached(std::uint64_t all, std::uint64_t there, std::uint64_t here) noexcept {
    if (all < here + there + merged) return false;
    remembered = all;
    archived = there;
    evicted = all - (here + there + merged);
    return true;
  }

 private:
  static constexpr std::uint64_t memory_stats::*saved[] = {
      &memory_stats::remembered,   &memory_stats::archived,  &memory_stats::evicted,
      &memory_stats::merged,       &memory_stats::pruned,    &memory_stats::consolidated,
      &memory_stats::compressions, &memory_stats::raw_bytes, &memory_stats::stored_bytes};
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
