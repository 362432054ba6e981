// bench.hpp - times a piece of work by thread CPU time, best of five, and prints one JSON row.
// Room: bench. Threads: one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>

#include <gyre/core/time.hpp>

namespace bench {

/// Nanoseconds of thread CPU time an operation, best of five runs of `n` operations each.
template <class F>
double ns_each(std::uint64_t n, F&& run) {
  double best = 1e300;
  for (int round = 0; round < 5; ++round) {
    const gyre::duration begin = gyre::thread_cpu_now();
    run(n);
    const double ns = static_cast<double>((gyre::thread_cpu_now() - begin).count());
    best = std::min(best, ns / static_cast<double>(n));
  }
  return best;
}

/// Keeps the compiler from dropping what computes `value`.
template <class T>
void keep(const T& value) {
  asm volatile("" : : "r,m"(value) : "memory");
}

/// One row of results.json; collect.py adds the ratio.
inline void row(const char* name, double value, const char* unit, const char* peer,
                double peer_value, const char* conditions) {
  std::printf(
      "{\"name\":\"%s\",\"value\":%.6g,\"unit\":\"%s\",\"peer\":\"%s\",\"peer_value\":%.6g,"
      "\"conditions\":\"%s\"}\n",
      name, value, unit, peer, peer_value, conditions);
}

}  // namespace bench
