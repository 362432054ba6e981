// vigil.hpp - how often the watchdog looks at a tick, and for how long it could not.
// Room: engine. Threads: any; until() and off(): the watchdog.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>

#include <gyre/core/time.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// The watchdog says until when it sleeps. Where it has slept for `least` longer, the process was
/// stopped, or starved: that time is nobody's, no tick and no handler took it. Instants are those
/// of the clock that durations are measured by.
class vigil {
 public:
  static constexpr duration least = std::chrono::milliseconds(100);

  /// A timeout that is to be noticed: it looks a tenth of the shortest that there was after a
  /// tick's beginning, 5 to 50 ms, at most half of the hand-off time; from then on when the tick's
  /// hand-off or timeout comes.
  void watch_for(duration timeout, duration hand_off) noexcept {
    const std::int64_t most = std::max<std::int64_t>(hand_off.count() / 2, 1'000'000);
    const std::int64_t wanted =
        std::min(std::max<std::int64_t>(timeout.count() / 10, 5'000'000), most);
    std::int64_t now_at = every_ns_.load(std::memory_order_relaxed);
    while (wanted < now_at && !every_ns_.compare_exchange_weak(now_at, wanted)) {
    }
  }
  duration every() const noexcept { return duration{every_ns_.load(std::memory_order_relaxed)}; }

  /// It sleeps until then, or is awake at that time. Else, until the next call, it is not to tell.
  void until(instant t) noexcept { until_ns_.store(t.count(), std::memory_order_relaxed); }
  void off() noexcept { until(never); }
  /// It was woken before that. Any thread.
  void rung(instant t) noexcept {
    std::int64_t at = until_ns_.load(std::memory_order_relaxed);
    while (at != never.count() && at > t.count() &&
           !until_ns_.compare_exchange_weak(at, t.count(), std::memory_order_relaxed)) {
    }
  }
  /// It should have woken and has not: nothing expires before it has said for how long.
  bool overdue(instant t) const noexcept { return t - wakes() >= least; }
  /// How much of the time from `begin` to `t` it has overslept.
  duration overslept(instant begin, instant t) const noexcept {
    const instant due = wakes();
    if (t - due < least) return duration::zero();
    return std::max(duration::zero(), t - std::max(begin, due));
  }

 private:
  instant wakes() const noexcept { return instant{until_ns_.load(std::memory_order_relaxed)}; }

  std::atomic<std::int64_t> every_ns_{50'000'000};
  std::atomic<std::int64_t> until_ns_{never.count()};
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
