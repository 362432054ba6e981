// poll_result.hpp - what engine::poll() did, and how much time it may take.
// Room: engine. Threads: plain values.
#pragma once

#include <cstdint>

#include <gyre/core/time.hpp>

namespace gyre {
inline namespace v1 {

/// What poll() did.
struct poll_result {
  std::uint64_t ticks = 0;   ///< started by this call
  instant next_due = never;  ///< when to call next: now, while a tick is pending
  bool more = false;         ///< the budget ended before the due ticks did
  std::uint64_t resumed = 0;  ///< calls of ticks that were pending before
};
/// poll() may take the time it takes.
inline constexpr duration no_budget = duration::max();

}  // namespace v1
}  // namespace gyre
