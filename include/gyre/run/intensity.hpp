// intensity.hpp - a loop that fails too often is left alone but for a probe now and then.
// Room: run. Threads: one owner at a time.
#pragma once
#include <cstdint>
#include <gyre/core/heap_array.hpp>
#include <gyre/core/time.hpp>
#include <gyre/run/options.hpp>

namespace gyre {
inline namespace v1 {

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
        at_(options.failures) {}

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
  heap_array<instant> at_;  // the last failures while closed: a ring of options_.failures
  std::uint32_t next_ = 0;         // where the next one goes: the oldest once the ring is full
  std::uint32_t count_ = 0;
  bool open_ = false;
  instant last_failure_{0};
  instant not_before_{0};
};

}  // namespace v1
}  // namespace gyre
