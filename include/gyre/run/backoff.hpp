// backoff.hpp - how long a failing loop waits: exponential, capped, jittered.
// Room: run. Threads: a plain value; const calls from any thread.
#pragma once
#include <cstdint>
#include <gyre/core/time.hpp>

namespace gyre {
inline namespace v1 {

/// min(cap, base * 2^(streak - 1)), spread by +-jitter so that loops which fail together do not
/// come back together. The spread is applied after the cap: the longest wait is cap * (1 + jitter).
struct backoff {
  duration base = std::chrono::milliseconds(100);
  duration cap = std::chrono::seconds(5);
  double jitter = 0.1;  ///< fraction of the wait, 0..1

  bool operator==(const backoff&) const = default;

  /// False when base or cap is negative, cap < base, or jitter is outside 0..1 (or NaN).
  bool valid() const noexcept {
    return base.count() >= 0 && cap >= base && jitter >= 0.0 && jitter <= 1.0;
  }

  /// The wait after `streak` failures in a row; zero when streak is 0. @param unit uniform in
  /// [0, 1): 0.5 is the wait without spread. @pre valid()
  duration after(std::uint32_t streak, double unit) const noexcept {
    if (streak == 0) return duration::zero();
    return scale(plain(streak), 1.0 + jitter * (2.0 * unit - 1.0));
  }

 private:
  duration plain(
      std::uint32_t streak) const noexcept {  // doubles until the cap: no shift to overflow
    duration wait = base;
    if (wait.count() == 0) return wait;
    for (std::uint32_t i = 1; i < streak; ++i) {
      if (wait > cap / 2) return cap;
      wait *= 2;
    }
    return wait;  // base <= cap
  }
};

}  // namespace v1
}  // namespace gyre
