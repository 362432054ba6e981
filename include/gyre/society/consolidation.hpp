// consolidation.hpp - keeps a memory in order: what it moved, deleted and lost.
// Room: society. Threads: one owner at a time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <gyre/engine.hpp>
#include <string>

namespace gyre {
inline namespace v1 {

/// What consolidation comes to, in records.
struct consolidation_state {
  std::uint64_t runs = 0, failures = 0;
  std::uint64_t archived = 0, pruned = 0;  ///< by this loop
  std::uint64_t seen = 0;                  ///< sealed into blocks so far
  double saved_percent = 0;                ///< by compression, of all that was sealed
};

/// Takes account of one consolidation after the other.
class consolidator {
 public:
  void done(const consolidation& moved, const memory_stats& m) noexcept {
    ++now_.runs;
    now_.archived += moved.archived;
    now_.pruned += moved.pruned;
    now_.seen = m.consolidated;
    now_.saved_percent = std::max(0.0, m.saved_percent);
    const std::uint64_t pushed_out = m.evicted - std::min(m.pruned, m.evicted);
    const auto fresh = static_cast<double>(m.remembered - std::min(last_remembered_, m.remembered));
    const auto lost = static_cast<double>(pushed_out - std::min(last_lost_, pushed_out));
    vitality_ = fresh > 0 ? std::clamp(1 - lost / fresh, 0.0, 1.0) : 1;
    last_remembered_ = m.remembered;
    last_lost_ = pushed_out;
  }
  void failed() noexcept {
    ++now_.runs;
    ++now_.failures;
    vitality_ = 0;
  }
  const consolidation_state& now() const noexcept { return now_; }
  /// 1 less the records that the budget pushed out for each one remembered since the last time; 0
  /// after a failure.
  double vitality() const noexcept { return vitality_; }

 private:
  consolidation_state now_;
  std::uint64_t last_remembered_ = 0, last_lost_ = 0;
  double vitality_ = 1;
};

}  // namespace v1
}  // namespace gyre
