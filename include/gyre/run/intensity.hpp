// intensity.hpp - a loop that fails too often is left alone but for a probe now and then.
// Room: run. Threads: one owner at a time.
#pragma once
#include <cstdint>
#include <gyre/core/result.hpp>
#include <gyre/core/time.hpp>
#include <memory>

namespace gyre {
inline namespace v1 {

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

/// The breaker of one loop. Closed, it lets every tick run and remembers the last `failures`
/// failures; the failure that makes them all lie in `within` opens it. Open, it wants `rest`
/// between a result and the next try; the first success that comes at least `healthy` after the
/// last failure closes it, and what went before is forgotten. A timeout is a failure; a gated tick
/// is nothing. Each call is O(1); 8 bytes a failure are allocated when it is made, none when it is
/// off. In all calls `now` is the engine's: never before that of the call before.
class intensity {
 public:
  intensity() noexcept = default;  ///< off
  /// @pre options.check()
  explicit intensity(const intensity_options& options)
      : options_(options),
        at_(options.failures > 0 ? std::make_unique<instant[]>(options.failures) : nullptr) {}

  /// A tick failed. True when this opened the breaker.
  bool failed(instant now) noexcept {
    if (options_.failures == 0) return false;
    last_failure_ = now;
    if (open_) {
      not_before_ = add_saturated(now, options_.rest);
      return false;
    }
    at_[next_] = now;  // the oldest made room
    next_ = next_ + 1 < options_.failures ? next_ + 1 : 0;
    if (count_ < options_.failures) ++count_;
    if (count_ < options_.failures || now - at_[next_] > options_.within) return false;
    open_ = true;
    not_before_ = add_saturated(now, options_.rest);
    return true;
  }

  /// A tick succeeded. True when this closed the breaker.
  bool succeeded(instant now) noexcept {
    if (!open_) return false;
    if (now - last_failure_ < options_.healthy) {
      not_before_ = add_saturated(now, options_.rest);
      return false;
    }
    reset();
    return true;
  }

  /// When the loop may tick next: at once (`now`) while closed; while open `rest` after its last
  /// result, or `now` when that is over.
  instant not_before(instant now) const noexcept {
    return open_ && not_before_ > now ? not_before_ : now;
  }
  bool open() const noexcept { return open_; }
  const intensity_options& options() const noexcept { return options_; }

  /// Closes the breaker and forgets all failures.
  void reset() noexcept {
    open_ = false;
    count_ = 0;
  }

 private:
  intensity_options options_;
  std::unique_ptr<instant[]> at_;  // the last failures while closed: a ring of options_.failures
  std::uint32_t next_ = 0;         // where the next one goes: the oldest once the ring is full
  std::uint32_t count_ = 0;
  bool open_ = false;
  instant last_failure_{0};
  instant not_before_{0};
};

}  // namespace v1
}  // namespace gyre
