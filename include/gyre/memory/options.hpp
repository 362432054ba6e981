// options.hpp - what a memory is asked to be.
// Room: memory. Threads: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gyre/core/bounds.hpp>
#include <gyre/core/hash.hpp>
#include <gyre/core/result.hpp>

namespace gyre {
inline namespace v1 {

struct memory_options {
  std::size_t budget_bytes = 16 << 20;     ///< for ring, blocks and index; at least 64 KiB
  std::uint32_t ring = 100;                ///< 8..256; over half full, its oldest quarter is sealed
  std::uint32_t record_bytes = 256 << 10;  ///< largest record; at most an eighth of the budget
  std::uint32_t archive_after_s = 86'400;  ///< consolidate() archives older blocks
  /// 30 days; consolidate() deletes what is older, by whole blocks, and in the archive when an
  /// eighth of a file is: so long may what is old lie with what is younger. A clock that jumps
  /// ahead by over a year prunes nothing until it has gone on for a day.
  std::uint32_t prune_after_s = 2'592'000;
  key128 key = {0, 0};                      ///< of the duplicates' hash; a store has its own

  /// Errors: arg, naming the option and its range.
  result<void> check() const {
    if (budget_bytes < 65'536)
      return fail(code::arg, "budget_bytes ", budget_bytes, "; at least 65536");
    if (ring < 8 || ring > 256) return fail(code::arg, "ring ", ring, " is not in 8..256");
    if (record_bytes < 1) return fail(code::arg, "record_bytes 0; at least 1");
    return ok;
  }
  /// The same, what is out of range moved into it.
  memory_options within_range() const noexcept {
    memory_options o = *this;
    o.budget_bytes = larger<std::size_t>(o.budget_bytes, 65'536);
    o.ring = between<std::uint32_t>(o.ring, 8, 256);
    o.record_bytes = static_cast<std::uint32_t>(
        between<std::size_t>(o.record_bytes, 1, o.budget_bytes / 8));
    return o;
  }
  /// Whether a memory may have these limits.
  static bool possible(std::uint64_t budget_bytes, std::uint32_t ring) noexcept {
    return budget_bytes >= 65'536 && ring >= 8 && ring <= 256;
  }
};

}  // namespace v1
}  // namespace gyre
