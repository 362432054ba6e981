// options.hpp - what a user sets about when loops run: missed ticks, gaps, restart intensity.
// Room: run. Threads: plain values.
#pragma once

#include <cstdint>
#include <gyre/core/result.hpp>
#include <gyre/core/time.hpp>

namespace gyre {
inline namespace v1 {

/// What happens to grid points that passed while the loop could not run (it overran its interval,
/// the host slept).
enum class missed_policy : std::uint8_t {
  once,   ///< one late tick that is told how many it stands for, then back on the grid
  skip,   ///< none of them: the next grid point that is still ahead
  burst,  ///< one tick each, back to back, at most `burst` of them; the oldest are dropped
  delay,  ///< no grid: the next tick is one interval after the end of this one
};

/// From what length on a time in which nothing ran is a gap.
struct gap_options {
  /// What boottime must gain on the monotonic clock from one poll to the next to be a gap.
  duration suspend = std::chrono::milliseconds(100);
  /// How much later than expected a poll must be to be a gap.
  duration jump = std::chrono::seconds(5);

  /// ARG, naming the value: either not above 0. `never` looks for none of that kind.
  result<void> check() const {
    const bool first = suspend <= duration::zero();
    if (!first && jump > duration::zero()) return ok;
    return fail(code::arg, "a gap's ", first ? "suspend" : "jump", " is ",
                to_ms(first ? suspend : jump), " ms: above 0");
  }
};

/// Restart intensity as Erlang's supervisors have it: how many failures in how short a time are
/// too many. There the supervisor gives up; here a breaker opens, which closes by itself.
struct intensity_options {
  static constexpr std::uint32_t most = 64;

  std::uint32_t failures = 0;                   ///< so many open the breaker, 1..64; 0: off
  duration within = std::chrono::seconds(60);   ///< the last of them this long after the first
  duration rest = std::chrono::seconds(30);     ///< while open, from one result to the next try
  duration healthy = std::chrono::seconds(60);  ///< without a failure, before it closes

  bool operator==(const intensity_options&) const = default;

  /// ARG, naming the value: failures above 64; within, rest or healthy not above 0 and at most 100
  /// years. Where failures is 0 the others are not looked at.
  result<void> check() const {
    if (failures == 0) return ok;
    if (failures > most) {
      return fail(code::arg, "intensity of ", failures, " failures: at most ", most, ", 0 is off");
    }
    GYRE_CHECK(check(within, "within"));
    GYRE_CHECK(check(rest, "rest"));
    return check(healthy, "healthy");
  }

 private:
  static result<void> check(duration value, const char* what) {
    if (value > duration::zero() && value <= longest) return ok;
    return fail(code::arg, "intensity's ", what, " is ", to_ms(value),
                " ms: above 0, at most 100 years");
  }
};

}  // namespace v1
}  // namespace gyre
