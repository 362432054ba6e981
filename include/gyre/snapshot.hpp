// snapshot.hpp - the fields of a snapshot: loops, learners, bus, store. describe.hpp fills them.
// Room: snapshot. Threads: plain values.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <gyre/bus/stats.hpp>
#include <gyre/core/version.hpp>
#include <gyre/learn/space.hpp>
#include <gyre/learn/stats.hpp>
#include <gyre/memory/stats.hpp>
#include <gyre/observe/stats.hpp>

namespace gyre {
inline namespace v1 {

/// What a loop is doing.
enum class loop_state : std::uint8_t {
  waiting,
  running,
  paused,
  backing_off,
  gated,
  stuck,
  stopped,
};

constexpr const char* name(loop_state s) noexcept {
  constexpr const char* names[] = {"waiting", "running", "paused", "backing_off",
                                   "gated",   "stuck",   "stopped"};
  return names[static_cast<std::size_t>(s)];
}

/// A knob as the last tick had it.
struct knob_reading {
  std::string name;
  double value = 0;
  std::string value_name = {};  ///< empty: it has none
};

/// A feature as last reported.
struct feature_reading {
  std::string name;
  double value = 0;
  std::uint32_t bucket = 0;
};

/// A gate of a loop, as of the last tick that asked it.
struct gate_reading {
  std::string name;
  bool open = true;
  double value = std::numeric_limits<double>::quiet_NaN();  ///< what it looked at; NaN: not known
  double closes_above = 0, opens_under = 0;
};

/// One loop.
struct loop_stats {
  std::uint32_t id = 0;
  std::string name, group;
  loop_state state = loop_state::waiting;
  metrics_stats metrics;
  double interval_ms = 0, configured_ms = 0, throttle = 1;
  std::string gate;        ///< the closed gate's name; empty: none is closed
  std::vector<gate_reading> gates;
  std::string last_error;  ///< of the last failed tick; empty: none has failed
  bool breaker_open = false;  ///< it failed too often: one try now and then, see intensity_options
  std::uint64_t dropped = 0;  ///< messages lost by what it published
  double vitality = std::numeric_limits<double>::quiet_NaN();  ///< NaN: it reports none
  int learner = -1;           ///< index in snapshot_data::learners; -1: it has no knobs
  std::uint32_t state_index = 0, action_index = 0;
  double reward = 0;  ///< recent mean: exponential, each tick weighing 1/20
  std::vector<knob_reading> knobs;
  std::vector<feature_reading> features;
};

/// One learner with its whole table.
struct learner_view {
  std::string name;  ///< of its loop or group
  bool tunes = true;  ///< false: Q-learning
  learner_stats stats;
  tuner_stats tuning;                 ///< of one that tunes
  late_rewards late;                  ///< by ticket
  std::vector<limit_stats> limits;    ///< in the order in which they were first said
  std::vector<state_report> reports;  ///< of the first 64 states, where it tunes
  std::vector<feature> features;
  std::vector<knob> knobs;
  std::vector<float> q;  ///< what each cell is held to earn: states x actions, row-major
  std::vector<std::uint32_t> visits;  ///< how often each cell was observed
};

/// Sums over the loops, those included that were removed; percentiles over the ticks of those that
/// are there.
struct totals {
  std::uint64_t loops = 0, active = 0, stuck = 0;
  std::uint64_t ticks = 0, errors = 0, timeouts = 0, cancelled = 0, gated = 0, missed = 0;
  std::uint64_t shed = 0;            ///< by overloaded shards
  std::uint64_t gaps = 0;            ///< times in which nothing ran: see engine_options::gaps
  std::uint64_t events_dropped = 0;  ///< of the engine's own, more than two a loop at a time
  std::uint64_t lost_threads = 0;    ///< now inside of ticks and handlers, driving no shard
  double error_rate = 0;
  latency_stats latency, late;  ///< since the start or the last reset
  bucket_counts took_counts, late_counts;  ///< of the same, with those of removed loops
};

struct store_stats {
  bool present = false;
  std::uint64_t committed = 0;   ///< commit groups that survive the process's death
  std::uint64_t durable = 0;     ///< of these, how many survive power loss
  std::uint64_t file_bytes = 0;
  std::uint64_t lost = 0;        ///< frames that could not be taken
  std::uint64_t forgotten = 0;   ///< learners without a loop, given up for want of room
  std::uint64_t salvaged = 0;    ///< bytes left out behind damage, see engine_options::salvage
  std::string last_error;        ///< of the last write, if that failed
};

/// Everything, at one instant.
struct snapshot_data {
  std::uint64_t sequence = 0;  ///< of this engine's snapshots, from 1
  double now_ms = 0;
  double uptime_s = 0;  ///< of this run, or of the last one where the engine is stopped
  bool running = false;
  std::uint64_t seed = 0;
  std::string driver;
  std::uint32_t shards = 1;
  gyre::totals totals;
  double process_cpu_percent = 0;  ///< of one core, between the last two readings
  std::uint64_t resident_bytes = 0;
  double cpu_percent = std::numeric_limits<double>::quiet_NaN();     ///< what gates see
  double memory_percent = std::numeric_limits<double>::quiet_NaN();  ///< what gates see
  std::string mode;
  std::uint64_t readings = 0;  ///< so often the machine's figures were read, 4 a second at most
  std::vector<loop_stats> loops;  ///< in order of add
  std::vector<learner_view> learners;
  bus_stats bus;
  double score = 1;
  graph_analysis symbiosis;
  memory_stats memory;
  std::vector<block_info> blocks;  ///< the newest 50, newest first
  store_stats store;
  std::string trace;  ///< hash over the finished ticks so far, 16 hexadecimal digits
};

}  // namespace v1
}  // namespace gyre
