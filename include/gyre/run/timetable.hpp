// timetable.hpp - when a periodic loop is due: a drift-free grid, jitter, and what to do when late.
// Room: run. Threads: one owner at a time; pure arithmetic, no clock.
#pragma once
#include <algorithm>
#include <cstdint>
#include <gyre/core/time.hpp>
#include <gyre/run/options.hpp>

namespace gyre {
inline namespace v1 {

/// What timetable::arrive decided.
struct arrival {
  bool run = true;           ///< false: this tick is skipped (policy skip)
  std::uint64_t missed = 0;  ///< grid points passed that will have no tick of their own
};

/// Where one loop stands on its grid: the next point, its number and the step, so that neither
/// lateness nor jitter accumulates. 24 bytes. All times saturate at `never`.
class timetable {
 public:
  timetable() = default;
  /// @param first grid point 0. @pre interval > 0
  timetable(instant first, duration interval) noexcept : next_(first), interval_(interval) {}

  std::uint64_t index() const noexcept { return index_; }  ///< number of the next grid point
  duration interval() const noexcept { return interval_; }
  instant grid() const noexcept { return next_; }  ///< the next grid point, no jitter

  /// When the next tick is due. @param jitter fraction of the interval, 0..0.5; @param unit
  /// uniform in [0, 1), a pure function of index() for a run that can be repeated. @param until of
  /// the last postpone() since arrive(): never before it, and exactly then where it lies past the
  /// grid point
  instant due(double jitter, double unit, instant until = instant::min()) const noexcept {
    if (until > next_) return until;
    return std::max(jittered(jitter, unit), until);
  }

  /// The due tick is taken up at `now`: says whether it runs and what was missed, and moves to
  /// the next grid point. @param burst at most this many overdue ticks run back to back (>= 1).
  arrival arrive(instant now, missed_policy policy, std::uint32_t burst) noexcept {
    const instant following = add_saturated(next_, interval_);
    if (now >= following || policy == missed_policy::delay) return arrive_late(now, policy, burst);
    ++index_;  // mostly so
    next_ = following;
    return {true, 0};
  }

  /// The tick ended at `end`; call it once after each tick that ran. Returns the grid points that
  /// policy skip gives up because they passed during the tick; delay restarts its interval here.
  std::uint64_t finish(instant end, missed_policy policy) noexcept {
    if (policy == missed_policy::delay) {
      next_ = add_saturated(end, interval_);
      return 0;
    }
    if (policy != missed_policy::skip || end <= grid()) return 0;
    const std::uint64_t passed = passed_at(end - duration(1)) + 1;  // a point at `end` is just due
    pass(passed);
    return passed;
  }

  /// Not before `until` (backoff), which due() is told: the next tick is due at max(next grid
  /// point, until), the points in between are given up without being missed, and the grid stays
  /// where it was.
  void postpone(instant until) noexcept { pass(passed_at(until)); }

  /// First grid point at or after `now`: after a pause, so that resuming brings no burst.
  void realign(instant now) noexcept {
    if (now > next_) pass(passed_at(now - duration(1)) + 1);
  }

  /// From now on every `interval`: the next point is one new interval after the last point, at
  /// the earliest `now`; the first of all stays, but is one new interval from now at the latest. A
  /// due time that was postponed stays. @pre interval > 0
  void retime(duration interval, instant now) noexcept {
    if (interval == interval_) return;
    if (index_ > 0) {
      const instant last = next_ - interval_;
      next_ = std::max(add_saturated(last, interval), now);
    } else {
      next_ = std::min(next_, add_saturated(now, interval));
    }
    interval_ = interval;
  }
  /// Takes back what postpone() gave up: the next point is the first after `now`.
  void rejoin(instant now) noexcept {
    if (next_ <= now) return;
    const auto ahead = static_cast<std::uint64_t>((next_ - now - duration(1)) / interval_);
    const std::uint64_t points = std::min(ahead, index_);
    index_ -= points;
    next_ -= duration(static_cast<std::int64_t>(points) * interval_.count());
  }

 private:
  [[gnu::noinline]] arrival arrive_late(instant now, missed_policy policy,
                                        std::uint32_t burst) noexcept {
    const std::uint64_t passed = passed_at(now);
    switch (policy) {
      case missed_policy::once:
        pass(passed + 1);
        return {true, passed};
      case missed_policy::skip:
        pass(passed + 1);
        return {passed == 0, passed == 0 ? 0 : passed + 1};
      case missed_policy::burst: {
        const std::uint64_t kept = burst == 0 ? 1 : burst;
        const std::uint64_t dropped = passed + 1 > kept ? passed + 1 - kept : 0;
        pass(dropped + 1);
        return {true, dropped};
      }
      case missed_policy::delay:
        ++index_;
        next_ = add_saturated(now, interval_);
        return {true, 0};
    }
    return {};
  }
  /// Goes on by `points` grid points.
  void pass(std::uint64_t points) noexcept {
    index_ += points;
    std::int64_t offset = 0;
    const bool far = __builtin_mul_overflow(points, interval_.count(), &offset);
    next_ = far ? never : add_saturated(next_, duration(offset));
  }
  instant jittered(double jitter, double unit) const noexcept {
    if (jitter == 0) return std::max(grid(), instant::zero());
    const double spread = jitter * (2.0 * unit - 1.0) * static_cast<double>(interval_.count());
    const instant shifted = add_saturated(grid(), duration(static_cast<std::int64_t>(spread)));
    return std::max(shifted, instant::zero());
  }
  /// How many grid points after the next one are at or before `now`.
  std::uint64_t passed_at(instant now) const noexcept {
    if (now < add_saturated(next_, interval_)) return 0;  // mostly so: no division
    return static_cast<std::uint64_t>((now - next_).count() / interval_.count());
  }

  instant next_{0};
  duration interval_{1};
  std::uint64_t index_ = 0;
};

}  // namespace v1
}  // namespace gyre
