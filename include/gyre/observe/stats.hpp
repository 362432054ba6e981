// stats.hpp - a loop's counters and latencies, and the graph of all loops, as plain values.
// Room: observe. Threads: plain values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace gyre {
inline namespace v1 {

/// full: histograms, of the size of what they saw: with stable timings 0.5 KB for a loop of 1 Hz
/// and 1.2 KB for a fast one, 36 KB at the worst. counters: none of them, 64 bytes a loop;
/// percentiles are then NaN.
enum class metrics_mode : std::uint8_t { full, counters };

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"  // g++ sees gyre::ok behind the scoped tick_status::ok
/// How a tick ended. All but ok are failures: each counts once, under its kind.
enum class tick_status : std::uint8_t { ok, error, timeout, cancelled };
#pragma GCC diagnostic pop

/// A distribution in ms. Percentiles are within 1.083 %; all but count are NaN when count is 0.
struct latency_stats {
  static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  std::uint64_t count = 0;
  double min_ms = unknown;
  double avg_ms = unknown;
  double p50_ms = unknown;
  double p95_ms = unknown;
  double p99_ms = unknown;
  double p999_ms = unknown;
  double max_ms = unknown;
};

/// A distribution as counts of values up to fixed bounds, as Prometheus wants it: bound i is
/// 2^(10+i) ns, from 1.024 us to 68.7 s. Counts add up exactly, over loops and over time.
struct bucket_counts {
  static constexpr std::size_t bounds = 27;
  std::array<std::uint64_t, bounds> up_to{};  ///< values of at most bound i; rises with i
  std::uint64_t count = 0;                    ///< all, those over the last bound too
  double sum_s = 0;

  static constexpr double bound_s(std::size_t i) noexcept {
    return static_cast<double>(std::uint64_t{1} << (10 + i)) * 1e-9;
  }
};

/// So many values of at most `up_to_ms`, and over that of the bucket before.
struct time_bucket {
  double up_to_ms = 0;
  std::uint64_t count = 0;
};

/// What the percentiles in metrics_stats are made of, by the same names: the buckets, 2.2 % wide,
/// in which something lies, ascending, at most 1,473 each. They add up to the count there, but for
/// ticks that there was no memory for; after 2^32 in one bucket they keep the shape alone.
struct loop_histograms {
  std::vector<time_bucket> latency, window, late_total;
};

/// Everything loop_metrics knows, at one instant.
struct metrics_stats {
  std::uint64_t cycles = 0;  ///< finished ticks: succeeded + errors + timeouts + cancelled
  std::uint64_t succeeded = 0;
  std::uint64_t errors = 0;
  std::uint64_t timeouts = 0;
  std::uint64_t cancelled = 0;
  std::uint64_t gated = 0;   ///< ticks not run because a gate was closed
  std::uint64_t missed = 0;  ///< grid points that had no tick of their own
  std::uint64_t shed = 0;    ///< grid points given up by an overloaded shard; not among the missed
  std::uint32_t streak = 0;  ///< failures since the last success
  double error_rate = 0.0;   ///< failures / cycles, all since the last reset; 0 without cycles
  double window_error_rate = 0.0;   ///< of the last one to two slices
  std::uint64_t window_cycles = 0;  ///< finished ticks of the last one to two slices
  double health = 1.0;       ///< 1 - window_error_rate; without recent ticks, of the last one
  latency_stats latency;     ///< start to end, all ticks
  latency_stats window;      ///< start to end, the last one to two slices
  latency_stats late;        ///< due to start, the last one to two slices
  latency_stats late_total;  ///< due to start, all ticks
};

/// What an edge means: synergy over 0.5, conflict under -0.3.
enum class edge_kind : std::uint8_t { neutral, synergy, conflict };

constexpr edge_kind kind_of(double weight) noexcept {
  return weight > 0.5    ? edge_kind::synergy
         : weight < -0.3 ? edge_kind::conflict
                         : edge_kind::neutral;
}
constexpr const char* name(edge_kind kind) noexcept {
  return kind == edge_kind::synergy    ? "synergy"
         : kind == edge_kind::conflict ? "conflict"
                                       : "neutral";
}

/// A loop in the graph.
struct graph_node {
  std::uint32_t id = 0;  ///< the caller's own number
  std::string name;
  std::uint64_t cycles = 0;
  double health = 1.0;
  double p95_ms = std::numeric_limits<double>::quiet_NaN();
  double vitality = std::numeric_limits<double>::quiet_NaN();
};

/// `from` makes `to` fare better (weight > 0) or worse.
struct graph_edge {
  std::uint32_t from = 0;  ///< graph_node::id
  std::uint32_t to = 0;
  double weight = 0.0;      ///< -1..1
  double confidence = 1.0;  ///< 1: declared; else see coupling::confidence
  bool declared = false;
  edge_kind kind = edge_kind::neutral;
};

/// The graph at one instant. Density, components and cycles are over the connected loops.
struct graph_analysis {
  std::vector<graph_node> nodes;  ///< loops with at least one edge, in order of add
  std::vector<graph_edge> edges;  ///< declared ones first
  std::uint64_t loops = 0;        ///< all, connected or not
  std::uint64_t unwatched = 0;    ///< loops beyond the cap: no edges are learned for them
  std::uint64_t not_kept = 0;     ///< learned edges not kept for stronger ones, summed over windows
  double density = 0.0;           ///< edges / possible edges, 0..1
  std::uint64_t components = 0;   ///< weakly connected
  std::uint64_t cycles = 0;       ///< elementary, found within the bounds
  bool cycles_complete = true;    ///< false: the bounds were reached, there may be more
  std::uint64_t synergies = 0;
  std::uint64_t conflicts = 0;
  std::vector<std::string> recommendations;
};

}  // namespace v1
}  // namespace gyre
