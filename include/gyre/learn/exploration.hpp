// exploration.hpp - how often a learner acts at random, as a schedule over its decisions.
// Room: learn. Threads: plain values.
#pragma once

#include <cstdint>
#include <gyre/core/result.hpp>
#include <gyre/core/text.hpp>
#include <string>

namespace gyre {
inline namespace v1 {

/// A probability that moves from `from` to `to` in a straight line over the first `over` decisions
/// and stays there.
struct exploration {
  double from = 0.1;       ///< 0..1
  double to = 0.1;         ///< 0..1
  std::uint64_t over = 0;  ///< decisions; 0: `to` from the start

  /// The probability at the decision that `decisions` others came before.
  double at(std::uint64_t decisions) const noexcept {
    if (decisions >= over) return to;
    return from + (to - from) * (static_cast<double>(decisions) / static_cast<double>(over));
  }
};

/// code::arg when a probability is outside 0..1 or NaN.
inline result<void> check(const exploration& e) {
  for (const double p : {e.from, e.to}) {
    if (!(p >= 0 && p <= 1)) {
      return fail(code::arg, "exploration is a probability 0..1, not ", p);
    }
  }
  return ok;
}

}  // namespace v1
}  // namespace gyre
