// serve_changes.hpp - how a snapshot differs from an earlier one: of its loops the changed alone.
// Room: edge. Threads: pure functions.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <gyre/edge/json.hpp>

namespace gyre {
inline namespace v1 {
namespace http {

/// Equal, and where both are NaN too.
inline bool same_number(double a, double b) noexcept { return a == b || (a != a && b != b); }

inline bool same_latency(const latency_stats& a, const latency_stats& b) noexcept {
  return a.count == b.count && same_number(a.min_ms, b.min_ms) && same_number(a.avg_ms, b.avg_ms) &&
         same_number(a.p50_ms, b.p50_ms) && same_number(a.p95_ms, b.p95_ms) &&
         same_number(a.p99_ms, b.p99_ms) && same_number(a.p999_ms, b.p999_ms) &&
         same_number(a.max_ms, b.max_ms);
}

/// Whether nothing that the JSON of a loop tells differs.
inline bool same_loop(const loop_stats& a, const loop_stats& b) {
  const auto counts = [](const loop_stats& l) {
    const metrics_stats& m = l.metrics;
    return std::tie(m.cycles, m.errors, m.timeouts, m.cancelled, m.gated, m.missed, m.shed,
                    m.streak, l.state, l.interval_ms, l.configured_ms, l.throttle, l.dropped,
                    l.breaker_open, l.learner, l.state_index, l.action_index, l.gate,
                    l.last_error);
  };
  const auto gate = [](const gate_reading& x, const gate_reading& y) {
    return x.open == y.open && same_number(x.value, y.value) && x.closes_above == y.closes_above &&
           x.opens_under == y.opens_under && x.name == y.name;
  };
  const auto knob = [](const knob_reading& x, const knob_reading& y) {
    return same_number(x.value, y.value) && x.name == y.name && x.value_name == y.value_name;
  };
  const auto feature = [](const feature_reading& x, const feature_reading& y) {
    return same_number(x.value, y.value) && x.bucket == y.bucket && x.name == y.name;
  };
  const auto all = [](const auto& x, const auto& y, const auto& equal) {
    return std::equal(x.begin(), x.end(), y.begin(), y.end(), equal);
  };
  return counts(a) == counts(b) && same_number(a.vitality, b.vitality) &&
         same_number(a.metrics.health, b.metrics.health) && same_number(a.reward, b.reward) &&
         same_number(a.metrics.error_rate, b.metrics.error_rate) &&
         same_latency(a.metrics.latency, b.metrics.latency) &&
         same_latency(a.metrics.window, b.metrics.window) &&
         same_latency(a.metrics.late_total, b.metrics.late_total) && all(a.gates, b.gates, gate) &&
         all(a.knobs, b.knobs, knob) && all(a.features, b.features, feature);
}

/// The rows `at` of `loops` as columns.
class loop_columns {
 public:
  loop_columns(json_writer& out, const std::vector<loop_stats>& loops,
               const std::vector<std::size_t>& at)
      : out_(out), loops_(loops), at_(at) {}

  void write() {
    using loop = loop_stats;
    out_.open('{').field("of", loops_.size());
    out_.key("at").open('[');
    for (const std::size_t i : at_) out_.value(i);
    out_.close(']');
    column("state", [](const loop& l) { return name(l.state); });
    counts();
    column("error_rate", [](const loop& l) { return l.metrics.error_rate; });
    column("interval_ms", [](const loop& l) { return l.interval_ms; });
    column("configured_ms", [](const loop& l) { return l.configured_ms; });
    column("throttle", [](const loop& l) { return l.throttle; });
    column("running", [](const loop& l) { return l.state == loop_state::running; });
    texts("gate", [](const loop& l) -> const std::string& { return l.gate; });
    texts("last_error", [](const loop& l) -> const std::string& { return l.last_error; });
    column("dropped", [](const loop& l) { return l.dropped; });
    column("breaker_open", [](const loop& l) { return l.breaker_open; });
    column("vitality", [](const loop& l) { return l.vitality; });
    column("health", [](const loop& l) { return l.metrics.health; });
    latency("latency", [](const loop& l) -> const latency_stats& { return l.metrics.latency; });
    latency("window", [](const loop& l) -> const latency_stats& { return l.metrics.window; });
    latency("late", [](const loop& l) -> const latency_stats& { return l.metrics.late_total; });
    column("learner", [](const loop& l) { return l.learner; });
    column("state_index", [](const loop& l) { return l.state_index; });
    column("action_index", [](const loop& l) { return l.action_index; });
    column("reward", [](const loop& l) { return l.reward; });
    lists("gates", detail::write_gates);
    lists("knobs", detail::write_knobs);
    lists("features", detail::write_features);
    out_.close('}');
  }

 private:
  template <class Get>
  void column(const char* key, Get get) {
    out_.key(key).open('[');
    for (const std::size_t i : at_) out_.value(get(loops_[i]));
    out_.close(']');
  }
  void counts() {
    using loop = loop_stats;
    column("cycles", [](const loop& l) { return l.metrics.cycles; });
    column("errors", [](const loop& l) { return l.metrics.errors; });
    column("timeouts", [](const loop& l) { return l.metrics.timeouts; });
    column("cancelled", [](const loop& l) { return l.metrics.cancelled; });
    column("gated", [](const loop& l) { return l.metrics.gated; });
    column("missed", [](const loop& l) { return l.metrics.missed; });
    column("shed", [](const loop& l) { return l.metrics.shed; });
    column("streak", [](const loop& l) { return l.metrics.streak; });
  }
  template <class Get>
  void texts(const char* key, Get get) {
    column(key, [get](const loop_stats& l) { return std::string_view(get(l)); });
  }
  template <class Get>
  void latency(const char* key, Get get) {
    out_.key(key).open('{');
    const auto part = [&](const char* name, auto of) {
      column(name, [&](const loop_stats& l) { return get(l).*of; });
    };
    part("count", &latency_stats::count);
    part("min_ms", &latency_stats::min_ms);
    part("avg_ms", &latency_stats::avg_ms);
    part("p50_ms", &latency_stats::p50_ms);
    part("p95_ms", &latency_stats::p95_ms);
    part("p99_ms", &latency_stats::p99_ms);
    part("p999_ms", &latency_stats::p999_ms);
    part("max_ms", &latency_stats::max_ms);
    out_.close('}');
  }
  template <class Each>
  void lists(const char* key, Each each) {
    out_.key(key).open('[');
    for (const std::size_t i : at_) each(out_, loops_[i]);
    out_.close(']');
  }

  json_writer& out_;
  const std::vector<loop_stats>& loops_;
  const std::vector<std::size_t>& at_;
};

/// The JSON of `now` with the loops that differ from `base`, as columns; empty where the loops are
/// not the same ones in the same order.
inline std::string changes_json(const snapshot_data& now, const snapshot_data& base) {
  if (now.loops.size() != base.loops.size()) return {};
  std::vector<std::size_t> at;
  for (std::size_t i = 0; i < now.loops.size(); ++i) {
    if (now.loops[i].id != base.loops[i].id) return {};
    if (!same_loop(now.loops[i], base.loops[i])) at.push_back(i);
  }
  return detail::write_snapshot(now, [&](json_writer& out) {
    loop_columns(out, now.loops, at).write();
  });
}

}  // namespace http
}  // namespace v1
}  // namespace gyre
