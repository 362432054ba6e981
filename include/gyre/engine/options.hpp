// options.hpp - what a loop and an engine are asked to be.
// Room: engine. Threads: plain values.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gyre/bus/options.hpp>
#include <gyre/learn/options.hpp>
#include <gyre/learn/space.hpp>
#include <gyre/memory/options.hpp>
#include <gyre/observe/stats.hpp>
#include <gyre/run/backoff.hpp>
#include <gyre/run/gate.hpp>
#include <gyre/run/options.hpp>

namespace gyre {
inline namespace v1 {

/// `.features = gyre::none`: the loop sees nothing, there is one state.
struct none_t {};
inline constexpr none_t none{};

/// `.features = gyre::engine_features`: three of the engine's own, the error streak (0..5), the
/// last duration relative to the loop's own median, and the CPU load.
struct engine_features_t {};
inline constexpr engine_features_t engine_features{};

/// What a loop sees; given nothing, nothing: there is one state.
class feature_list {
 public:
  feature_list() = default;
  feature_list(none_t) {}                                                    // NOLINT: implicit
  feature_list(engine_features_t) : own_(true) {}                            // NOLINT
  feature_list(std::initializer_list<feature> list) : list_(list) {}
  feature_list(std::vector<feature> list) : list_(std::move(list)) {}        // NOLINT

  bool engine_own() const noexcept { return own_; }
  const std::vector<feature>& list() const noexcept { return list_; }

 private:
  std::vector<feature> list_;
  bool own_ = false;
};

/// A knob with a value of its own.
struct setting {
  std::string knob;
  double value = 0;
};

/// Guard rails of a loop that is tuned. There is nothing to set for it to work.
struct tuning {
  /// What runs today, a value for each knob: then tuning costs at most `budget` of what this would
  /// have earned, in sum, at every tick. Empty: nothing to compare with.
  std::vector<setting> baseline = {};
  double budget = 0.05;  ///< 0..1
  /// What is never to be tried: each a value for some knobs, of whatever the others are.
  std::vector<std::vector<setting>> forbidden = {};
  bool one_step = false;  ///< a knob with order moves at most to the next value from tick to tick
  tuning_mode mode = tuning_mode::tune;
  /// 0..1: part of the ticks that take any setting, so that what_if() can tell of each of them.
  double at_random = 0;
  /// Of so many of its last decisions is kept how likely they were and what they earned, 24 bytes
  /// each, for loop::what_if(); at most history::limit. A store keeps them as well, which makes the
  /// journal's frame of a tick 56 bytes instead of 48, and a checkpoint at most 19 each longer.
  std::uint32_t history = 1024;
};

/// A loop's slack where it has none of its own.
inline constexpr duration engine_slack{-1};

/// What a loop is. Only `name` and `interval` must be given.
struct loop_options {
  std::string name = {};                   ///< 1..63 bytes, unique in the engine
  duration interval = {};                  ///< start to start, > 0
  duration timeout = std::chrono::seconds(2);  ///< > 0; a tick that outlives it has failed
  double jitter = 0.1;                     ///< +- this part of the interval, 0..0.5; 0: first tick
                                           ///< at once, else after a random part of the interval
  missed_policy missed = missed_policy::once;
  std::uint32_t burst = 8;                 ///< at most this many overdue ticks in a row, >= 1
  std::uint32_t instances = 1;             ///< ticks of it at one time, 1..100: a further
                                           ///< one starts only beside one that was handed off,
                                           ///< is stuck, is pending, or is external; and none
                                           ///< while a shard has 2^20 of these: it is missed
  int priority = 0;                        ///< -2048..2047; higher goes first among ticks due at
                                           ///< one time, and while overloaded, when lower ones are
                                           ///< shed: see run/ready.hpp
  backoff retry = {};                      ///< how long to wait after failures
  intensity_options intensity = {};        ///< so many failures within a time open its breaker
  duration slack = engine_slack;           ///< with driver::workers: so much later than due it may
                                           ///< start, to share a wake-up; 0: precise; negative: as
                                           ///< the engine's, which it can only shorten
  std::string group = {};                  ///< loops of one group share one learner and one shard
  std::vector<gate> gates = {};            ///< all must be open for a tick to run
  feature_list features = {};              ///< what it sees
  std::vector<knob> knobs = {};            ///< what it may set; none: nothing is learned
  gyre::tuning tuning = {};                ///< guard rails; of the first loop of a group
  learner_options learning = {};           ///< asks for Q-learning; of the first loop of a group
  metrics_mode metrics = metrics_mode::full;
  bool paused = false;                     ///< added without being scheduled
  bool deferrable = false;                 ///< the throttle may lengthen its interval
  std::string parent = {};                 ///< a loop that is there: what removes, pauses or stops
                                           ///< that one does so to this one first, see loop
};

/// What reconfigure() changes; what is not given stays.
struct loop_change {
  std::optional<duration> interval = {};
  std::optional<duration> timeout = {};
  std::optional<double> jitter = {};
  std::optional<missed_policy> missed = {};
  std::optional<int> priority = {};
  std::optional<backoff> retry = {};
  std::optional<duration> slack = {};
  // Of its learner, which a group shares:
  std::optional<tuning_mode> mode = {};  ///< of a tuner; others go on as they are
  std::optional<exploration> explore = {};  ///< of Q-learning; `over` counts from its start, and
                                            ///< exploring::automatic is linear
  std::optional<double> at_random = {};     ///< of a tuner
};

/// What moves an engine's time.
enum class driver : std::uint8_t {
  workers,       ///< its own threads and the machine's monotonic clock
  host,          ///< the caller's poll(now), on the caller's thread and clock
  virtual_time,  ///< advance_to(t): exact, repeatable, as fast as the ticks
};

/// What an engine is asked to be.
struct engine_options {
  gyre::driver driver = gyre::driver::workers;
  std::uint64_t seed = 0;          ///< all randomness comes from it; 0: 1 on a virtual clock, on a
                                   ///< real one drawn anew, so that a fleet does not act in step;
                                   ///< the snapshot has it, to be given again
  std::uint32_t shards = 1;        ///< 1..64: threads with driver::workers. The ticks of one shard
                                   ///< never overlap before `hand_off`, those of several do;
                                   ///< groups never split, and other loops may move to one that
                                   ///< keeps up: gyre.moved tells. 0: as many as cores_allowed()
                                   ///< says with driver::workers, 1 with the others
  /// With driver::workers: a thread that sleeps is woken so much after the first of its loops is
  /// due and then runs all that are, so that many loops share a wake-up. 0: each at its time, and
  /// Linux is asked for its finest timers.
  duration slack = std::chrono::milliseconds(1);
  bool trace = true;               ///< hash over the ticks, some 5 ns each; false: trace_hash() is
                                   ///< that of no ticks
  /// With driver::workers: a tick that has run for this long keeps its thread, and another goes on
  /// with the shard's other loops, which may then run beside it. Until then the ticks of a shard
  /// never overlap. From longest on: only when the tick outlived its timeout.
  duration hand_off = std::chrono::milliseconds(100);
  std::string store = {};          ///< directory of the journal; empty: nothing survives
  bool salvage = false;            ///< open a damaged journal with what is whole before the damage;
                                   ///< it is kept as journal.damaged, store_stats::salvaged tells
  /// With a store: loops of a minute and more go on where they were when the program is started
  /// again, and what they missed until then is one tick. false: each start begins a new grid.
  bool keep_times = true;
  memory_options memory = {};
  std::uint64_t archive_bytes = std::uint64_t{256} << 20;  ///< of old records' files in the store
  bus_options bus = {};
  duration window = std::chrono::seconds(1);  ///< observation: graph, throttle; 1 ms or more
  /// From what length on it is a gap that the machine was suspended (driver::workers, Linux; the
  /// engine's clock then goes on by that time), or that nobody drove the engine (also
  /// driver::host). Loops that are late by a gap do not all run at its end, but each after a drawn
  /// part of its jitter, at most of a minute; gyre.gap tells.
  gap_options gaps = {};
  duration (*boottime)() noexcept = boottime_now;  ///< what a suspend is told by; another in tests
};

}  // namespace v1
}  // namespace gyre
