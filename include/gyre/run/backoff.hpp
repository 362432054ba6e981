// backoff.hpp - how long a failing loop waits: exponential, capped, jittered.
// Room: run. Threads: a plain value; const calls from any thread.
#pragma once
#include <algorithm>
#include <cstdint>
#include <gyre/core/time.hpp>

namespace gyre {
inline namespace v1 {

/// How waits differ, so that loops which fail together do not come back together. With
/// b = min(cap, base * 2^(streak - 1)) and U(low, high) a uniform draw, the wait is as listed.
/// equal, full and decorrelated are those of M. Brooker, "Exponential Backoff And Jitter", AWS
/// Architecture Blog, 2015: full costs the least work in all, equal never comes back at once, and
/// decorrelated forgets how long the streak is.
enum class spread : std::uint8_t {
  proportional = 0,  ///< b * U(1 - jitter, 1 + jitter): the longest wait is cap * (1 + jitter)
  none = 1,          ///< b
  equal = 2,         ///< b/2 + U(0, b/2)
  full = 3,          ///< U(0, b)
  decorrelated = 4,  ///< min(cap, U(base, 3 * previous)), where previous is base at streak 1
};

/// The waits of a failing loop; `jitter` is looked at by spread::proportional alone.
struct backoff {
  duration base = std::chrono::milliseconds(100);
  duration cap = std::chrono::seconds(5);
  double jitter = 0.1;  ///< fraction of the wait, 0..1
  spread kind = spread::proportional;

  bool operator==(const backoff&) const = default;

  /// False when base or cap is negative, cap < base, jitter is outside 0..1 (or NaN), or kind is
  /// none of those listed.
  bool valid() const noexcept {
    return base.count() >= 0 && cap >= base && jitter >= 0.0 && jitter <= 1.0 &&
           kind <= spread::decorrelated;
  }

  /// The wait after `streak` failures in a row; zero when streak is 0. O(1), and held at the ends
  /// of int64. @param unit uniform in [0, 1): 0.5 is the wait without spread, or in the middle of
  /// its range. @param previous the wait that was given for streak - 1: only decorrelated looks at
  /// it, and takes base for what is less. @pre valid()
  duration after(std::uint32_t streak, double unit,
                 duration previous = duration::zero()) const noexcept {
    if (streak == 0) return duration::zero();
    const duration b = plain(streak);
    switch (kind) {
      case spread::none:
        return b;
      case spread::equal:
        return between(b / 2, b, unit);
      case spread::full:
        return between(duration::zero(), b, unit);
      case spread::decorrelated: {
        const duration last = streak == 1 ? base : std::max(base, previous);
        const duration most = last > duration::max() / 3 ? duration::max() : last * 3;
        return std::min(cap, between(base, most, unit));
      }
      case spread::proportional:
        break;
    }
    return scale(b, 1.0 + jitter * (2.0 * unit - 1.0));
  }

 private:
  /// min(cap, base * 2^(streak - 1)): the exponent is held before the shift, which then loses
  /// nothing, since base << n <= cap exactly when base <= cap >> n.
  duration plain(std::uint32_t streak) const noexcept {
    const std::uint32_t doublings = std::min(streak - 1, 63u);
    if (base.count() > cap.count() >> doublings) return cap;
    return duration{base.count() << doublings};
  }
  /// Uniform between low and high, both not negative.
  static duration between(duration low, duration high, double unit) noexcept {
    return std::min(high, low + std::min(high - low, scale(high - low, unit)));
  }
};

}  // namespace v1
}  // namespace gyre
