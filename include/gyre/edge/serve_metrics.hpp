// serve_metrics.hpp - a snapshot as text for Prometheus, or in the form that OpenMetrics asks for.
// Room: edge. Threads: pure functions.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

#include <gyre/core/text.hpp>
#include <gyre/core/utf8.hpp>
#include <gyre/snapshot.hpp>

namespace gyre {
inline namespace v1 {
namespace http {

/// Writes families of samples, in the order of the calls: each family once, then its samples.
class metrics_writer {
 public:
  explicit metrics_writer(bool open) : open_(open) {}

  /// @param type counter, gauge, summary or histogram. A counter's name ends with _total.
  void family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    std::string_view shown = name;
    if (open_ && type == "counter") shown.remove_suffix(std::string_view("_total").size());
    text_ += join("# HELP ", shown, " ", help, "\n# TYPE ", shown, " ", type, "\n");
  }
  void sample(double value) { line("", {}, value); }
  void sample(std::string_view label, std::string_view of, double value) {
    line("", labelled(label, of), value);
  }
  /// A sample with a suffix of its own: _sum, _count, _bucket. @param labels made by labelled()
  void line(std::string_view suffix, std::string_view labels, double value) {
    text_ += name_;
    text_ += suffix;
    if (!labels.empty()) text_ += join("{", labels, "}");
    text_ += ' ';
    text_ += std::isnan(value) ? "NaN" : std::isinf(value) ? value > 0 ? "+Inf" : "-Inf"
                                                           : to_text(value);
    text_ += '\n';
  }
  void distribution(const bucket_counts& b) {
    for (std::size_t i = 0; i < bucket_counts::bounds; ++i) {
      line("_bucket", labelled("le", to_text(bucket_counts::bound_s(i))), double(b.up_to[i]));
    }
    line("_bucket", "le=\"+Inf\"", double(b.count));
    line("_sum", {}, b.sum_s);
    line("_count", {}, double(b.count));
  }
  static std::string labelled(std::string_view label, std::string_view value) {
    std::string out = join(label, "=\"");
    for (std::size_t i = 0; i < value.size(); ++i) {
      const char c = value[i];
      if (c == '\\' || c == '"') out += '\\';
      if (c == '\n') {
        out += "\\n";
      } else if (static_cast<unsigned char>(c) < 0x80) {
        out += c;
      } else if (const std::size_t n = utf8_length(value.substr(i)); n > 0) {
        out += value.substr(i, n);
        i += n - 1;
      } else {
        out += "\xEF\xBF\xBD";
      }
    }
    return out += '"';
  }
  std::string take() {
    if (open_) text_ += "# EOF\n";
    return std::move(text_);
  }

 private:
  bool open_;
  std::string text_;
  std::string_view name_;
};

inline void write_totals(metrics_writer& out, const snapshot_data& s) {
  const totals& t = s.totals;
  const auto one = [&](const char* name, const char* type, const char* help, double value) {
    out.family(name, type, help);
    out.sample(value);
  };
  out.family("gyre_ticks_total", "counter", "Finished ticks by outcome.");
  const std::uint64_t failed = t.errors + t.timeouts + t.cancelled;
  out.sample("outcome", "ok", double(t.ticks - std::min(t.ticks, failed)));
  out.sample("outcome", "error", double(t.errors));
  out.sample("outcome", "timeout", double(t.timeouts));
  out.sample("outcome", "cancelled", double(t.cancelled));
  out.family("gyre_ticks_not_run_total", "counter", "Grid points without a tick, by reason.");
  out.sample("reason", "gated", double(t.gated));
  out.sample("reason", "missed", double(t.missed));
  out.sample("reason", "shed", double(t.shed));
  out.family("gyre_tick_duration_seconds", "histogram", "Start to end of ticks.");
  out.distribution(t.took_counts);
  out.family("gyre_tick_lateness_seconds", "histogram", "Due to start of ticks.");
  out.distribution(t.late_counts);
  one("gyre_gaps_total", "counter", "Times in which nothing ran.", double(t.gaps));
  one("gyre_up", "gauge", "1 while the engine runs.", s.running ? 1 : 0);
  one("gyre_uptime_seconds", "gauge", "Of this run.", s.uptime_s);
  one("gyre_loops", "gauge", "Loops there are.", double(t.loops));
  one("gyre_loops_active", "gauge", "Loops neither paused nor stopped.", double(t.active));
  one("gyre_loops_stuck", "gauge", "Loops whose tick does not end.", double(t.stuck));
  one("gyre_lost_threads", "gauge", "Threads inside of ticks that drive no shard.",
      double(t.lost_threads));
  one("gyre_symbiosis_score", "gauge", "How well all loops do, 0 to 1.", s.score);
  const bus_stats& b = s.bus;
  one("gyre_bus_published_total", "counter", "Messages published.", double(b.published));
  one("gyre_bus_delivered_total", "counter", "Deliveries that were taken.", double(b.delivered));
  one("gyre_bus_dropped_total", "counter", "Deliveries dropped.", double(b.dropped()));
  one("gyre_bus_dead_letters_total", "counter", "Deliveries given up.", double(b.dead_lettered));
  one("gyre_bus_pending", "gauge", "Deliveries that wait.", double(b.pending));
  one("gyre_memory_records_total", "counter", "Records remembered.", double(s.memory.remembered));
  one("gyre_memory_resident_bytes", "gauge", "Of records in memory.",
      double(s.memory.resident_bytes));
}

inline void write_learners(metrics_writer& out, const snapshot_data& s, std::size_t most) {
  const std::size_t n = std::min(s.learners.size(), most);
  const auto each = [&](const char* name, const char* type, const char* help, auto value) {
    if (n == 0) return;
    out.family(name, type, help);
    for (std::size_t i = 0; i < n; ++i) {
      out.sample("learner", s.learners[i].name, value(s.learners[i]));
    }
  };
  each("gyre_learner_observations_total", "counter", "Ticks that taught.",
       [](const learner_view& l) { return double(l.stats.observations); });
  each("gyre_learner_reward", "gauge", "Recent mean reward.",
       [](const learner_view& l) { return l.stats.mean_reward; });
  each("gyre_learner_exploration_ratio", "gauge", "Share of ticks that try something.",
       [](const learner_view& l) { return l.stats.exploration; });
}

inline void write_loops(metrics_writer& out, const snapshot_data& s, std::size_t most) {
  const std::size_t n = std::min(s.loops.size(), most);
  out.family("gyre_metrics_loops_left_out", "gauge",
             "Loops and learners without series of their own: server_options::metrics_loops.");
  out.sample(double(s.loops.size() - n) +
             double(s.learners.size() - std::min(s.learners.size(), most)));
  const auto each = [&](const char* name, const char* type, const char* help, auto value) {
    if (n == 0) return;
    out.family(name, type, help);
    for (std::size_t i = 0; i < n; ++i) out.sample("loop", s.loops[i].name, value(s.loops[i]));
  };
  using loop = const loop_stats&;
  each("gyre_loop_ticks_total", "counter", "Finished ticks.",
       [](loop l) { return double(l.metrics.cycles); });
  each("gyre_loop_failures_total", "counter", "Ticks that failed, in whatever way.", [](loop l) {
    return double(l.metrics.errors + l.metrics.timeouts + l.metrics.cancelled);
  });
  each("gyre_loop_missed_total", "counter", "Grid points without a tick.", [](loop l) {
    return double(l.metrics.missed + l.metrics.gated + l.metrics.shed);
  });
  each("gyre_loop_streak", "gauge", "Failures since the last success.",
       [](loop l) { return double(l.metrics.streak); });
  each("gyre_loop_up", "gauge", "0: paused, stopped or stuck.", [](loop l) {
    return l.state == loop_state::paused || l.state == loop_state::stopped ||
                   l.state == loop_state::stuck
               ? 0.0
               : 1.0;
  });
  each("gyre_loop_interval_seconds", "gauge", "Start to start, as it is now.",
       [](loop l) { return l.interval_ms * 1e-3; });
  each("gyre_loop_reward", "gauge", "Recent mean reward.", [](loop l) { return l.reward; });
  if (n == 0) return;
  out.family("gyre_loop_tick_seconds", "summary",
             "Start to end; quantiles of the last 5 to 10 s, sum and count of all.");
  for (std::size_t i = 0; i < n; ++i) {
    const metrics_stats& m = s.loops[i].metrics;
    const std::string of = metrics_writer::labelled("loop", s.loops[i].name);
    out.line("", of + ",quantile=\"0.5\"", m.window.p50_ms * 1e-3);
    out.line("", of + ",quantile=\"0.95\"", m.window.p95_ms * 1e-3);
    out.line("", of + ",quantile=\"0.99\"", m.window.p99_ms * 1e-3);
    const double n_ticks = static_cast<double>(m.latency.count);
    out.line("_sum", of, m.latency.count == 0 ? 0 : m.latency.avg_ms * n_ticks * 1e-3);
    out.line("_count", of, n_ticks);
  }
}

/// @param open for who accepts application/openmetrics-text; the samples are the same
/// @param most loops, and learners, with series of their own, in order of add
inline std::string metrics_text(const snapshot_data& s, std::size_t most, bool open) {
  metrics_writer out(open);
  out.family("gyre_build_info", "gauge", "The version of gyre.");
  out.sample("version", version_text, 1);
  write_totals(out, s);
  write_learners(out, s, most);
  write_loops(out, s, most);
  return out.take();
}

}  // namespace http
}  // namespace v1
}  // namespace gyre
