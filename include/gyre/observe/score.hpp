// score.hpp - how well the engine as a whole does: the mean of its loops' vitality or health.
// Room: observe. Threads: pure functions.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
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

/// Mean over the loops, 0..1; 1 when there are none. @param well loops besides, whose part is 1
inline double score(std::span<const vital_sign> loops, std::size_t well = 0) noexcept {
  if (loops.size() + well == 0) return 1.0;
  auto sum = static_cast<double>(well);
  for (const vital_sign& each : loops) sum += vital(each);
  return sum / static_cast<double>(loops.size() + well);
}

}  // namespace v1
}  // namespace gyre
