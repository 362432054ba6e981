// consolidate.hpp - which old blocks are archived and which pruned; memory.hpp drops them.
// Room: memory. Threads: one owner at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gyre/memory/age.hpp>
#include <gyre/memory/archive.hpp>
#include <gyre/memory/figures.hpp>
#include <gyre/memory/history.hpp>
#include <gyre/memory/options.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// One consolidate() up to the point where memory itself changes: the files are written, and `o`
/// says what is to leave memory. Lives for one call.
class consolidator {
 public:
  /// `believed_ms` is what a prune goes by; see believed_clock.
  consolidator(const block_history& blocks, const memory_options& options, std::int64_t now_ms,
               std::int64_t believed_ms)
      : blocks_(blocks),
        prune_before_(before(believed_ms, options.prune_after_s)),
        archive_before_(before(now_ms, options.archive_after_s)) {
    old_ = first_from(0, prune_before_);
    o.pruned_through = o.through = blocks.first_id() + old_;
  }

  /// Writes, syncs, prunes and bounds. Errors: io; no block was moved then.
  result<void> to(archive& cold) {
    const std::uint64_t first_id = blocks_.first_id();
    const std::size_t end = first_from(old_, archive_before_);
    const result<void> written = append(cold, end);
    if (!written) (void)cold.rewind(first_id);
    const std::uint64_t through = written ? first_id + end : first_id;
    if (cold.next_id() <= through) {
      o.archive_pruned = cold.prune(prune_before_);
      o.archive_evicted = cold.shrink();
    }
    if (through > o.through) o.through = through;
    return written;
  }

  consolidation_outcome o;

 private:
  static std::int64_t before(std::int64_t now_ms, std::uint32_t seconds) noexcept {
    const std::int64_t span = std::int64_t{seconds} * 1000;
    return now_ms < INT64_MIN + span ? INT64_MIN : now_ms - span;
  }
  /// The first block from the i-th on that is of `ms` or later. Those of unknown age are as old as
  /// the one behind them.
  std::size_t first_from(std::size_t i, std::int64_t ms) const noexcept {
    for (std::size_t k = i; k < blocks_.size(); ++k) {
      const age its = age_of(blocks_[k].newest_ms(), ms);
      if (its == age::young) break;
      if (its == age::old) i = k + 1;
    }
    return i;
  }
  result<void> append(archive& cold, std::size_t end) {
    const std::uint64_t first_id = blocks_.first_id();
    if (cold.next_id() > first_id) GYRE_CHECK(cold.rewind(first_id));  // was not done
    for (std::size_t i = old_; i < end; ++i) GYRE_CHECK(cold.append(first_id + i, blocks_[i]));
    return end > old_ ? cold.sync() : result<void>(ok);
  }

  const block_history& blocks_;
  std::int64_t prune_before_, archive_before_;
  std::size_t old_ = 0;  // so many blocks are to be pruned
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
