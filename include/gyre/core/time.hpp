// time.hpp - durations, instants and the clocks they are read from.
// Room: core. Threads: any; the clock functions only read.
#pragma once

#include <chrono>
#include <cmath>
#include <cstdint>
#include <ctime>
#include <string>

#include <gyre/core/result.hpp>

namespace gyre {
inline namespace v1 {

/// A span of time, int64 nanoseconds: `20ms` with std::chrono_literals.
using duration = std::chrono::nanoseconds;

/// A point in time: nanoseconds since the engine's creation, on a monotonic clock.
using instant = std::chrono::nanoseconds;

inline constexpr instant never = instant::max();

/// The longest duration that C and JSON may pass: 100 years of 365.25 days.
inline constexpr duration longest{3'155'760'000LL * 1'000'000'000LL};

constexpr double to_ms(duration d) noexcept { return static_cast<double>(d.count()) * 1e-6; }
constexpr double to_s(duration d) noexcept { return static_cast<double>(d.count()) * 1e-9; }

/// Milliseconds to the nearest nanosecond. ARG: NaN, infinite, or more than 100 years either way.
inline result<duration> from_ms(double ms) {
  constexpr double limit = 3'155'760'000e3;
  if (!(ms >= -limit && ms <= limit)) {
    return fail(code::arg, ms, " ms is not a duration: finite, at most 100 years");
  }
  return duration{static_cast<std::int64_t>(std::nearbyint(ms * 1e6))};
}

/// a + b, held at the ends of int64 rather than wrapped.
constexpr duration add_saturated(duration a, duration b) noexcept {
  std::int64_t sum = 0;
  if (!__builtin_add_overflow(a.count(), b.count(), &sum)) return duration{sum};
  return b.count() > 0 ? duration::max() : duration::min();
}

/// a * factor for factor >= 0, held at the ends of int64.
constexpr duration scale(duration a, double factor) noexcept {
  const double product = static_cast<double>(a.count()) * factor;
  if (product >= 9.2233720368547e18) return duration::max();
  if (product <= -9.2233720368547e18) return duration::min();
  return duration{static_cast<std::int64_t>(product)};
}

/// The machine's monotonic clock (24 to 43 ns a read on the machines measured). A WebAssembly
/// module without threads has no clock of its own: 0 there, the host supplies the time.
inline duration monotonic_now() noexcept {
#if GYRE_THREADS
  return std::chrono::duration_cast<duration>(
      std::chrono::steady_clock::now().time_since_epoch());
#else
  return duration{0};
#endif
}

/// The monotonic clock that also goes on while the machine is suspended (CLOCK_BOOTTIME of Linux);
/// elsewhere monotonic_now(). Its origin is another.
inline duration boottime_now() noexcept {
#if GYRE_THREADS && defined(CLOCK_BOOTTIME)
  std::timespec t{};
  clock_gettime(CLOCK_BOOTTIME, &t);
  return std::chrono::seconds{t.tv_sec} + duration{t.tv_nsec};
#else
  return monotonic_now();
#endif
}

#if GYRE_THREADS && defined(CLOCK_THREAD_CPUTIME_ID)
/// CPU time of the calling thread. A system call: about 0.9 us a read.
inline duration thread_cpu_now() noexcept {
  std::timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return std::chrono::seconds{t.tv_sec} + duration{t.tv_nsec};
}
/// CPU time of the whole process. A system call: about 1.2 us a read.
inline duration process_cpu_now() noexcept {
  std::timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return std::chrono::seconds{t.tv_sec} + duration{t.tv_nsec};
}
#else
inline duration thread_cpu_now() noexcept { return monotonic_now(); }
inline duration process_cpu_now() noexcept { return monotonic_now(); }
#endif

/// Wall-clock time since 1970-01-01 UTC, for records and files; 0 where the module has no clock.
inline duration wall_now() noexcept {
#if GYRE_THREADS
  return std::chrono::duration_cast<duration>(
      std::chrono::system_clock::now().time_since_epoch());
#else
  return duration{0};
#endif
}

}  // namespace v1
}  // namespace gyre
