// breaker.hpp - stops calling what keeps failing, and tries it again later with a few probes.
// Room: bus. Threads: one owner at a time.
#pragma once

#include <cstdint>
#include <gyre/bus/options.hpp>
#include <gyre/bus/stats.hpp>

namespace gyre {
inline namespace v1 {

/// closed --failures in a row--> open --open_for--> half_open --probes succeed--> closed; one
/// failed probe opens it again for the whole time. Calls come one after another, so half open never
/// lets more than `probes` through before it knows.
class breaker {
 public:
  explicit breaker(breaker_options options) noexcept : options_(options) {}

  /// Whether a call may be made; turns open into half open when its time is over.
  bool allow(instant now) noexcept {
    if (state_ == breaker_state::open) {
      if (now < until_) return false;
      state_ = breaker_state::half_open;
      streak_ = 0;
    }
    return true;
  }
  void success() noexcept {
    if (state_ == breaker_state::closed) {
      streak_ = 0;
    } else if (state_ == breaker_state::half_open && ++streak_ >= options_.probes) {
      state_ = breaker_state::closed;
      streak_ = 0;
    }
  }
  /// Counts a failure; does nothing while open.
  void failure(instant now) noexcept {
    if (state_ == breaker_state::open || options_.failures == 0) return;
    if (state_ == breaker_state::closed && ++streak_ < options_.failures) return;
    state_ = breaker_state::open;
    until_ = add_saturated(now, options_.open_for);
    ++trips_;
  }
  breaker_state state() const noexcept { return state_; }
  std::uint64_t trips() const noexcept { return trips_; }  ///< times it opened

 private:
  breaker_options options_;
  instant until_{};
  std::uint64_t trips_ = 0;
  std::uint32_t streak_ = 0;  // failures while closed, successes while half open
  breaker_state state_ = breaker_state::closed;
};

}  // namespace v1
}  // namespace gyre
