// gap.hpp - notices that the machine or the host slept, from the clocks as they are at each poll.
// Room: run. Threads: one owner at a time.
#pragma once
#include <cstdint>
#include <gyre/core/time.hpp>
#include <gyre/run/options.hpp>

namespace gyre {
inline namespace v1 {

/// A time in which nothing ran, of two kinds that add up: both are 0 when there was none.
struct gap {
  /// What the monotonic clock left out, since it stands while the machine is suspended: nothing
  /// became due in it, and everything is that much later on the wall.
  duration asleep{0};
  /// What the monotonic clock went on for: a host that did not poll (a hidden page, a stopped
  /// process, a paused virtual machine). All that became due in it is late.
  duration jumped{0};

  explicit operator bool() const noexcept {
    return asleep > duration::zero() || jumped > duration::zero();
  }
};

/// Compares each poll's clocks with those of the poll before. It reads no clock itself. Each call
/// is O(1); instants and boottimes are not negative.
class gap_detector {
 public:
  /// @pre options.check()
  explicit gap_detector(const gap_options& options = {}) noexcept : options_(options) {}

  /// The gap before this poll; none at the first. @param now on the monotonic clock; one that goes
  /// back counts as standing. @param expected how long the driver itself let pass since the poll
  /// before: its sleep until the next loop was due, the tick it ran. Not negative.
  gap poll(instant now, duration expected = duration::zero()) noexcept {
    gap found;
    if (polled_ && now > last_) {
      const duration late = now - last_ - expected;
      if (late > options_.jump) found.jumped = late;
    }
    if (!polled_ || now > last_) last_ = now;
    polled_ = true;
    gaps_ += found ? 1 : 0;
    lost_ = add_saturated(lost_, found.jumped);
    return found;
  }

  /// The same where there is a clock that runs on during suspend (CLOCK_BOOTTIME of Linux), from
  /// any origin. Read it before the monotonic clock: a thread that loses its CPU between the two
  /// then hides part of a gap for a poll and makes none up, unless that befell its first poll.
  gap poll(instant now, duration expected, duration boottime) noexcept {
    gap found = poll(now, expected);
    const duration ahead = boottime - last_;
    if (paired_ && ahead - ahead_ > options_.suspend) {
      gaps_ += found ? 0 : 1;  // a jump is counted already
      found.asleep = ahead - ahead_;
      lost_ = add_saturated(lost_, found.asleep);
    }
    if (!paired_ || ahead > ahead_) ahead_ = ahead;  // it only grows: less is a late reading
    paired_ = true;
    return found;
  }

  std::uint64_t gaps() const noexcept { return gaps_; }  ///< so many polls had one before them
  duration lost() const noexcept { return lost_; }       ///< their lengths together

  /// Makes the next poll the first again, as after a stop; keeps the counts.
  void restart() noexcept {
    polled_ = false;
    paired_ = false;
  }

 private:
  gap_options options_;
  instant last_{0};    // the latest `now`, once polled_
  duration ahead_{0};  // boottime less monotonic, the most that was seen, once paired_
  bool polled_ = false;
  bool paired_ = false;
  std::uint64_t gaps_ = 0;
  duration lost_{0};
};

}  // namespace v1
}  // namespace gyre
