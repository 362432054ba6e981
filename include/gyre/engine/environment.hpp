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

namespace gyre {
inline namespace v1 {

class bus;
class memory;

namespace detail {

class shard;

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
  std::atomic<bool> commit_wanted{false};  ///< a shard has collected its part of commit_bytes
  vigil watchdog;                          ///< any thread

  /// Uniform in [0, 1), the k-th draw of a loop's stream. Any thread.
  [[gnu::noinline]] double draw(std::uint32_t order, purpose p, std::uint64_t k) const noexcept {
    return unit(mix(options.seed, order, static_cast<std::uint64_t>(p), k));
  }
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
