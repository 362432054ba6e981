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

/// One consolidate(), or a part of it, up to the point where memory itself changes: it has copies
/// of what is to be moved, the files are written, and `o` says what is to leave memory.
class consolidator {
 public:
  static constexpr std::uint64_t nothing = UINT64_MAX;

  /// `believed_ms` is what a prune goes by; see believed_clock. @param undo the archive holds
  /// blocks from this id on that are not to be there @param most_bytes are copied, or one block; 0:
  /// none
  consolidator(const block_history& blocks, const memory_options& options, std::int64_t now_ms,
               std::int64_t believed_ms, std::uint64_t undo, std::size_t most_bytes)
      : first_id_(blocks.first_id()),
        undo_(undo),
        prune_before_(before(believed_ms, options.prune_after_s)) {
    old_ = first_from(blocks, 0, prune_before_);
    o.pruned_through = o.through = first_id_ + old_;
    if (most_bytes == 0) return;
    const std::size_t end =
        first_from(blocks, old_, before(now_ms, options.archive_after_s));
    std::size_t bytes = 0;
    for (std::size_t i = old_; i < end && bytes < most_bytes; ++i) {
      copies_.push_back(blocks[i].copy());
      bytes += blocks[i].resident_bytes();
    }
    more_ = copies_.size() < end - old_;
  }
  bool moves() const noexcept { return !copies_.empty(); }
  bool more() const noexcept { return more_; }  ///< is to be moved by another
  std::uint64_t moves_from() const noexcept { return first_id_ + old_; }  ///< ids

  /// Writes, syncs, prunes and bounds; needs the archive alone. Errors: io; then none was moved.
  result<void> to(archive& cold) {
    const std::uint64_t first_id = first_id_;
    const std::size_t end = old_ + copies_.size();
    const result<void> written = append(cold);
    if (!written) (void)cold.rewind(first_id);
    const std::uint64_t through = written ? first_id + end : first_id;
    if (cold.next_id() <= through) {
      o.archive_pruned = cold.prune(prune_before_);
      o.archive_evicted = cold.shrink();
    }
    if (through > o.through) o.through = through;
    return written;
  }
  /// What the memory knows of to be undone from now on. @param evicted what was moved meanwhile
  std::uint64_t to_undo(bool evicted) const noexcept {
    return evicted ? smaller(undo_, moves_from()) : undo_;
  }

  consolidation_outcome o;

 private:
  static std::int64_t before(std::int64_t now_ms, std::uint32_t seconds) noexcept {
    const std::int64_t span = std::int64_t{seconds} * 1000;
    return now_ms < INT64_MIN + span ? INT64_MIN : now_ms - span;
  }
  /// The first block from the i-th on that is of `ms` or later. Those of unknown age are as old as
  /// the one behind them.
  static std::size_t first_from(const block_history& blocks, std::size_t i,
                                std::int64_t ms) noexcept {
    for (std::size_t k = i; k < blocks.size(); ++k) {
      const age its = age_of(blocks[k].newest_ms(), ms);
      if (its == age::young) break;
      if (its == age::old) i = k + 1;
    }
    return i;
  }
  result<void> append(archive& cold) {
    const std::uint64_t from = smaller(first_id_, undo_);
    if (cold.next_id() > from) GYRE_CHECK(cold.rewind(from));
    undo_ = nothing;
    std::uint64_t id = moves_from();
    for (const block& b : copies_) GYRE_CHECK(cold.append(id++, b));
    return copies_.empty() ? result<void>(ok) : cold.sync();
  }

  std::uint64_t first_id_;  // of memory
  std::uint64_t undo_;
  std::int64_t prune_before_;
  std::size_t old_ = 0;  // so many blocks are to be pruned
  vec<block> copies_;    // of those behind them
  bool more_ = false;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
