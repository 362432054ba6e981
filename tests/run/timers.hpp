// timers.hpp - what the tests of the scheduler share: lengths of time, and the order to expect.
// Room: tests/run. Threads: any.
#pragma once

#include <cmath>
#include <cstdint>

#include <gyre/core/rng.hpp>
#include <gyre/run/scheduler.hpp>

#include "sanitized.hpp"

namespace timers {

using gyre::due_entry;
using gyre::instant;

inline constexpr std::uint32_t scale_down = sanitized ? 5 : 1;
inline constexpr std::int64_t ms = 1'000'000, second = 1000 * ms;  // in nanoseconds
inline constexpr std::int64_t day = 86'400 * second, year = 365 * day;

inline bool same(const due_entry& a, const due_entry& b) {
  return a.due == b.due && a.priority == b.priority && a.order == b.order && a.slot == b.slot;
}

struct in_order {
  bool operator()(const due_entry& a, const due_entry& b) const { return gyre::runs_before(a, b); }
};

/// Between `least` and `most`, each order of magnitude as likely as the next.
inline std::int64_t spread_over(gyre::rng& random, std::int64_t least, std::int64_t most) {
  const double low = std::log(static_cast<double>(least));
  const double high = std::log(static_cast<double>(most));
  return static_cast<std::int64_t>(std::exp(low + (high - low) * random.unit()));
}

}  // namespace timers
