// score.hpp - how well the engine as a whole does: the mean of its loops' vitality or health.
// Room: observe. Threads: pure functions.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace gyre {
inline namespace v1 {

/// What one loop adds to the score.
struct vital_sign {
  double vitality =
      std::numeric_limits<double>::quiet_NaN();  ///< as the loop says; NaN: it does not
  double health = 1.0;                           ///< 1 - error rate, for a loop that does not say
};

/// One loop's part, 0..1.
inline double vital(const vital_sign& sign) noexcept {
  const double value = std::isnan(sign.vitality) ? sign.health : sign.vitality;
  return std::isnan(value) ? 0.0 : std::clamp(value, 0.0, 1.0);
}

/// Mean over the loops, 0..1; 1 when there are none. Each part is rounded to a multiple of 2^-40,
/// so that the sum is exact and the loops' order does not show in its last bits. @pre at most 2^20
/// loops. @param well loops besides, whose part is 1
inline double score(std::span<const vital_sign> loops, std::size_t well = 0) noexcept {
  if (loops.size() + well == 0) return 1.0;
  constexpr double one = 1ULL << 40;
  auto sum = static_cast<std::uint64_t>(well) << 40;
  for (const vital_sign& each : loops) sum += static_cast<std::uint64_t>(vital(each) * one + 0.5);
  return static_cast<double>(sum) / one / static_cast<double>(loops.size() + well);
}

}  // namespace v1
}  // namespace gyre
