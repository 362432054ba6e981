// environment.hpp - what the parts of one engine share.
// Room: engine. Threads: each member says.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <gyre/core/rng.hpp>
#include <gyre/engine/clock.hpp>
#include <gyre/engine/external_desk.hpp>
#include <gyre/engine/loop_table.hpp>
#include <gyre/engine/roster.hpp>
#include <gyre/engine/vigil.hpp>
#include <gyre/run/executor.hpp>

namespace gyre {
inline namespace v1 {

class bus;
class memory;

namespace detail {

class shard;

/// Tells whoever writes the store that there is something to be written.
class store_call {
 public:
  /// There is a frame. To be said under the lease that guards where it is; rings once a rest.
  void frame_waits() noexcept {
    if (rests_.load(std::memory_order_relaxed) && rests_.exchange(false)) bell.ring();
  }
  /// There are so many that they should not wait for the next regular commit. @return whether that
  /// is new
  bool want_commit() noexcept {
    if (wanted_.exchange(true, std::memory_order_relaxed)) return false;
    bell.ring();
    return true;
  }
  bool is_wanted() const noexcept { return wanted_.load(std::memory_order_relaxed); }
  void commits() noexcept { wanted_.store(false, std::memory_order_relaxed); }
  /// From before it looks until it has found something, the thread of scribe.hpp is to be rung for.
  void rests(bool now) noexcept { rests_ = now; }

  alarm bell;  ///< wakes that thread

 private:
  std::atomic<bool> rests_{false}, wanted_{false};
};

struct environment {
  explicit environment(engine_options o)
      : options(std::move(o)), clock(options.driver), table(options.shards) {}

  engine_options options;               ///< fixed after creation
  engine_clock clock;                   ///< any thread
  loop_table table;                     ///< as its members say
  external_desk desk;                   ///< any thread
  roster threads;                       ///< any thread
  vec<shard*> shards;           ///< fixed after creation
  gyre::memory* records = nullptr;      ///< shard 0's, like the bus
  gyre::bus* events = nullptr;
  bool journalled = false;              ///< shards collect frames for the store: every lease
  std::atomic<bool> stopping{false};
  std::atomic<std::size_t> lost{0};     ///< threads inside of user code that drive no shard
  std::atomic<std::uint32_t> pending{0};  ///< ticks that wait for the next poll
  /// Something changed that whoever runs ticks should look at before the next one.
  std::atomic<bool> attention{false};
  store_call store;                     ///< any thread
  vigil watchdog;                       ///< any thread

  /// Uniform in [0, 1), the k-th draw of a loop's stream. Any thread.
  [[gnu::noinline]] double draw(std::uint32_t order, purpose p, std::uint64_t k) const noexcept {
    return unit(mix(options.seed, order, static_cast<std::uint64_t>(p), k));
  }
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
