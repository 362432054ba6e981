// loop_record.hpp - everything the engine keeps about one loop.
// Room: engine. Threads: owned by the loop's shard, except what is atomic.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <gyre/core/slot_map.hpp>
#include <gyre/engine/options.hpp>
#include <gyre/engine/tick.hpp>
#include <gyre/snapshot.hpp>

namespace gyre {
inline namespace v1 {

namespace detail {

/// A learner and what it is called; several loops of one group share it.
struct shared_learner {
  std::string name;
  learner mind;
  space where;
  std::uint32_t stream = 0;  ///< its stream in the journal
  std::uint32_t users = 0;
};

struct loop_record {
  loop_options options;
  std::function<void(tick&)> function;  ///< empty: external
  object_id id = 0;
  std::uint32_t order = 0;  ///< order of add: the loop's random streams and its place among equals
  std::uint32_t shard = 0;
  std::uint32_t slot = 0;        ///< in the shard's scheduler
  std::uint32_t generation = 0;  ///< of its entry there

  timetable times;
  instant due{0};        ///< of the next tick
  bool scheduled = false;
  bool triggered = false;  ///< the next tick was asked for: it is not one of the grid
  bool paused = false;
  bool removed = false;
  bool running = false;
  bool gated = false;
  bool backing_off = false;
  std::atomic<bool> wants_cpu{false};  ///< it asked for CPU time: read it at the start
  std::string closed_gate;
  std::atomic<bool> cancel{false};   ///< the running tick should give up
  std::atomic<bool> occupied{false};  ///< a thread is inside the function, abandoned or not
  std::atomic<bool> stuck{false};     ///< ... and was abandoned there

  space where;
  shared_learner* learning = nullptr;
  std::vector<double> seen;            ///< last value of each feature
  std::vector<std::uint32_t> buckets;  ///< and its bucket
  bool own_features = false;
  std::uint32_t state = 0, action = 0;
  double reward_mean = 0;  ///< exponential, each of the last ticks weighing 1/20
  std::uint64_t rewards = 0;
  double window_reward = 0;  ///< sum since the last observation window
  std::uint64_t window_ticks = 0, window_errors = 0;

  loop_metrics metrics;
  std::uint64_t ticks = 0;  ///< finished
  std::uint64_t dropped = 0;  ///< of what it published
  std::uint32_t streak = 0;
  double throttle = 1;
  double vitality = std::numeric_limits<double>::quiet_NaN();
  std::string last_error;
  std::uint32_t node = 0;  ///< in the symbiosis graph

  explicit loop_record(loop_options o) : options(std::move(o)), metrics(options.metrics) {}

  duration interval() const noexcept { return times.interval(); }
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
