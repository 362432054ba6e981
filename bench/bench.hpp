// bench.hpp - times a piece of work by thread CPU time, best of five, and prints one JSON row.
// Room: bench. Threads: one.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <gyre/core/time.hpp>
#include <limits>
#include <string>

namespace bench {

/// Thread CPU time (in wasm: time).
inline std::chrono::nanoseconds now() {
#if defined(__EMSCRIPTEN__)  // a module knows no time of its own
  return std::chrono::steady_clock::now().time_since_epoch();
#else
  return gyre::thread_cpu_now();
#endif
}

/// Nanoseconds of now() an operation, best of five runs of `n` each.
template <class F>
double ns_each(std::uint64_t n, F&& run) {
  double best = 1e300;
  for (int round = 0; round < 5; ++round) {
    const std::chrono::nanoseconds begin = now();
    run(n);
    const double ns = static_cast<double>((now() - begin).count());
    best = std::min(best, ns / static_cast<double>(n));
  }
  return best;
}

/// Keeps the compiler from dropping what computes `value`.
template <class T>
void keep(const T& value) {
  asm volatile("" : : "r,m"(value) : "memory");
}

/// Instead of a figure: there is none.
inline constexpr double none = std::numeric_limits<double>::quiet_NaN();

/// JSON has no NaN.
inline std::string number(double value) {
  if (!std::isfinite(value)) return "null";
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

/// One row of results.json; collect.py adds the ratio.
inline void row(const char* name, double value, const char* unit, const char* peer,
                double peer_value, const char* conditions) {
  std::printf(
      "{\"name\":\"%s\",\"value\":%s,\"unit\":\"%s\",\"peer\":\"%s\",\"peer_value\":%s,"
      "\"conditions\":\"%s\"}\n",
      name, number(value).c_str(), unit, peer, number(peer_value).c_str(), conditions);
}

}  // namespace bench
