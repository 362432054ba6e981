// environment.hpp - what the shards of one engine share: options, clock, trace, external ticks.
// Room: engine. Threads: each member says.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include <gyre/bus/bus.hpp>
#include <gyre/core/hash.hpp>
#include <gyre/engine/loop_record.hpp>
#include <gyre/run/lease.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

class shard;

inline constexpr std::uint32_t kind_loop = 1;
inline constexpr std::uint32_t kind_tick = 2;
inline constexpr std::uint32_t kind_subscription = 3;

/// What must be known to repeat a run exactly: a hash over each finished tick.
class trace {
 public:
  /// 40 bytes, little-endian: order u32, number u64, due i64, status u32, state u32, action u32,
  /// reward f64.
  void add(std::uint32_t order, std::uint64_t number, instant due, std::uint32_t status,
           std::uint32_t state, std::uint32_t action, double reward) noexcept {
    const auto when = static_cast<std::uint64_t>(due.count());
    hash_.update_word(order | number << 32);
    hash_.update_word(number >> 32 | when << 32);
    hash_.update_word(when >> 32 | std::uint64_t{status} << 32);
    hash_.update_word(state | std::uint64_t{action} << 32);
    hash_.update_word(bit_cast<std::uint64_t>(reward));
  }
  std::uint64_t digest() const noexcept { return hash_.digest(); }

 private:
  siphash hash_;
};

/// A tick that the caller runs: due, handed out by acquire(), ended by complete(). Owned by the
/// loop's shard.
struct external_run {
  run_state run;
  object_id id = 0;
  std::uint32_t shard = 0;
  bool acquired = false;
  bool over = false;  ///< completed, expired or given up: the id is dead
  instant deadline = never;
};

/// Where external ticks wait for their caller. Any thread.
class external_desk {
 public:
  void offer(const std::shared_ptr<external_run>& run) {
    const std::lock_guard lock(mutex_);
    const auto id = runs_.insert(run);
    run->id = id ? *id : 0;  // no id left: the tick expires like one that nobody takes
    if (id) ready_.push_back(*id);
  }
  /// The one that has waited longest, or null.
  std::shared_ptr<external_run> take() {
    const std::lock_guard lock(mutex_);
    while (!ready_.empty()) {
      const object_id id = ready_.front();
      ready_.pop_front();
      if (auto* run = runs_.find(id)) return *run;
    }
    return nullptr;
  }
  std::shared_ptr<external_run> find(object_id id) {
    const std::lock_guard lock(mutex_);
    auto* run = runs_.find(id);
    return run != nullptr ? *run : nullptr;
  }
  void erase(object_id id) {
    const std::lock_guard lock(mutex_);
    (void)runs_.erase(id);
  }

 private:
  std::mutex mutex_;
  slot_map<std::shared_ptr<external_run>> runs_{kind_tick};
  std::deque<object_id> ready_;
};

struct environment {
  engine_options options;
  duration zero{0};                      ///< the monotonic clock at creation
  std::atomic<std::int64_t> now_ns{0};   ///< host and virtual clock
  std::atomic<bool> stopping{false};
  std::vector<shard*> shards;            ///< fixed after creation
  external_desk desk;
  gyre::memory* records = nullptr;       ///< shard 0's, like the bus
  gyre::bus* events = nullptr;
  bool journalled = false;               ///< shards collect frames for the store: every lease
  std::atomic<bool> commit_wanted{false};  ///< a shard has collected its part of commit_bytes

  explicit environment(engine_options o) : options(std::move(o)), zero(monotonic_now()) {}

  bool own_threads() const noexcept { return options.driver == driver::workers; }
  bool is_virtual() const noexcept { return options.driver == driver::virtual_time; }

  instant now() const noexcept {
    if (own_threads()) return monotonic_now() - zero;
    return instant{now_ns.load(std::memory_order_relaxed)};
  }
  void move_to(instant t) noexcept { now_ns.store(t.count(), std::memory_order_relaxed); }

  /// Milliseconds since 1970 for records; on a virtual clock, or where there is no other, since
  /// the engine's creation.
  std::int64_t wall_ms() const noexcept {
    const duration wall = is_virtual() ? duration::zero() : wall_now();
    return (wall.count() != 0 ? wall : now()).count() / 1'000'000;
  }
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
