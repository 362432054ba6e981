// clock.hpp - what time it is for an engine, and the clock that its ticks are measured by.
// Room: engine. Threads: any; move_to() by whoever moves time, sleep() under every lease.
#pragma once

#include <atomic>
#include <cstdint>

#include <gyre/core/config.hpp>
#include <gyre/core/time.hpp>
#include <gyre/engine/options.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// Instants count from its creation. With driver::workers there are two clocks: durations are
/// measured by the monotonic one, which stands while the machine is suspended; the engine's own
/// goes on by the time asleep.
class engine_clock {
 public:
  explicit engine_clock(driver by) : by_(by), zero_(monotonic_now()) {}
  engine_clock(const engine_clock&) = delete;
  engine_clock& operator=(const engine_clock&) = delete;

  bool own_threads() const noexcept { return GYRE_THREADS && by_ == driver::workers; }
  bool is_virtual() const noexcept { return by_ == driver::virtual_time; }
  bool is_host() const noexcept { return by_ == driver::host; }

  instant now() const noexcept {
    if (own_threads()) return shown(since_zero());
    return instant{now_ns_.load(std::memory_order_relaxed)};
  }
  /// The monotonic clock since creation, whatever the driver.
  instant since_zero() const noexcept { return monotonic_now() - zero_; }
  /// The clock that durations are measured by.
  instant measure() const noexcept {
    return is_virtual() || !GYRE_THREADS ? now() : since_zero();
  }
  /// The clock that external ticks are measured by: a host's is as it says.
  instant measure_external() const noexcept { return own_threads() ? measure() : now(); }
  /// driver::workers: the engine's clock when measure() is at `t`.
  instant shown(instant t) const noexcept {
    return t + duration{asleep_ns_.load(std::memory_order_relaxed)};
  }
  /// driver::host and driver::virtual_time.
  void move_to(instant t) noexcept { now_ns_.store(t.count(), std::memory_order_relaxed); }
  /// driver::workers: the machine was suspended for so long.
  void sleep(duration d) noexcept { asleep_ns_ += d.count(); }

  /// Milliseconds since 1970 for records; on a virtual clock, or where there is no other, since
  /// the engine's creation.
  std::int64_t wall_ms() const noexcept {
    const duration wall = is_virtual() ? duration::zero() : wall_now();
    return (wall.count() != 0 ? wall : now()).count() / 1'000'000;
  }

 private:
  driver by_;
  duration zero_;  // the monotonic clock at creation
  std::atomic<std::int64_t> asleep_ns_{0};
  std::atomic<std::int64_t> now_ns_{0};
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
