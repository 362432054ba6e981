// age.hpp - which times a prune may go by: clocks are wrong at times, and what is pruned is gone.
// Room: memory. Threads: one owner at a time.
#pragma once

#include <cstdint>

namespace gyre {
inline namespace v1 {
namespace detail {

inline constexpr std::int64_t day_ms = 86'400'000;

/// Whether something of `ms` is from before `before_ms`. Times before 2001 are those of a clock
/// that was not set: beside a later one they say nothing.
enum class age : std::uint8_t { young, old, unknown };
constexpr age age_of(std::int64_t ms, std::int64_t before_ms) noexcept {
  constexpr std::int64_t set = 978'307'200'000;  // 2001-01-01
  if (ms >= before_ms) return age::young;
  return ms < set && before_ms >= set ? age::unknown : age::old;
}

/// The newest time that may be believed. A step ahead of over a year (a machine may have been off
/// for less) is believed once the clock has gone on for a day from there; back it goes at once.
class believed_clock {
 public:
  static constexpr std::int64_t most_step = 366 * day_ms;

  /// Tells it what the clock says now.
  void note(std::int64_t now_ms) noexcept {
    const bool step = set_ && now_ms > now_ && beyond(now_, now_ms, most_step);
    const bool settled = stepped_ && now_ms >= to_ && beyond(to_, now_ms, day_ms - 1);
    if (!step || settled) {
      now_ = now_ms;
      set_ = true;
      stepped_ = false;
    } else if (!stepped_ || now_ms < to_) {
      stepped_ = true;
      to_ = now_ms;
    }
  }
  std::int64_t now() const noexcept { return now_; }

 private:
  static bool beyond(std::int64_t from, std::int64_t to, std::int64_t span) noexcept {
    return static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from) >
           static_cast<std::uint64_t>(span);
  }

  std::int64_t now_ = 0, to_ = 0;
  bool set_ = false, stepped_ = false;  // stepped_: to `to_`, which is not believed yet
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
