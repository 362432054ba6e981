// throttle.hpp - by how much deferrable loops slow down while the engine is not well.
// Room: observe. Threads: pure functions.
#pragma once

#include <algorithm>
#include <gyre/core/time.hpp>

namespace gyre {
inline namespace v1 {

/// No throttled interval is longer than this, unless it is configured so.
inline constexpr duration throttle_longest = std::chrono::seconds(60);

/// configured * factor, at most 60 s, never under the configured interval.
inline duration throttled(duration configured, double factor) noexcept {
  return std::max(configured, std::min(throttle_longest, scale(configured, factor)));
}

/// The next factor, once an observation window: half as slow again while the bus is unwell
/// (health < 0.7) or the score is under 0.3; back by a tenth while both are well (> 0.9, > 0.8);
/// else as it was. 1 at least, and at most what takes `configured` to 60 s, so that the way back
/// starts with the first good window.
inline double throttle_factor(double factor, double bus_health, double score,
                              duration configured) noexcept {
  double next = factor;
  if (bus_health < 0.7 || score < 0.3) {
    next = factor * 1.5;
  } else if (bus_health > 0.9 && score > 0.8) {
    next = factor * 0.9;
  }
  const double most = static_cast<double>(throttle_longest.count()) /
                      static_cast<double>(std::max<std::int64_t>(configured.count(), 1));
  return std::max(1.0, std::min(next, std::max(1.0, most)));
}

}  // namespace v1
}  // namespace gyre
