// json.hpp - a snapshot, and records, as JSON text; the fields are named in docs/formats.md.
// Room: edge. Threads: pure functions.
//
// Written directly rather than through a JSON library, which costs the wasm module 20 KB gzip:
// docs/architecture.md. The tests read it back with nlohmann/json.
#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <gyre/core/utf8.hpp>
#include <gyre/memory/record.hpp>
#include <gyre/memory/tiers.hpp>
#include <gyre/snapshot.hpp>

namespace gyre {
inline namespace v1 {

/// Appends JSON to a string: no tree is built, no locale asked, nothing thrown but bad_alloc.
/// Commas are its own business; keys, braces and their balance are the caller's.
class json_writer {
 public:
  json_writer& open(char bracket) {
    comma();
    text_ += bracket;
    first_ = true;
    return *this;
  }
  json_writer& close(char bracket) {
    text_ += bracket;
    first_ = false;
    return *this;
  }
  json_writer& key(std::string_view name) {
    comma();
    quote(name);
    text_ += ':';
    first_ = true;  // what follows needs no comma
    return *this;
  }
  json_writer& value(std::string_view text) {
    comma();
    quote(text);
    return *this;
  }
  json_writer& value(const char* text) { return value(std::string_view(text)); }
  json_writer& value(const std::string& text) { return value(std::string_view(text)); }
  json_writer& value(bool yes) {
    comma();
    text_ += yes ? "true" : "false";
    return *this;
  }
  json_writer& null() {
    comma();
    text_ += "null";
    return *this;
  }
  template <class Number>
    requires(std::is_arithmetic_v<Number> && !std::is_same_v<Number, bool>)
  json_writer& value(Number number) {
    comma();
    if constexpr (std::is_integral_v<Number>) {
      char digits[24];
      const char* end = std::to_chars(digits, digits + sizeof digits, number).ptr;
      text_.append(digits, static_cast<std::size_t>(end - digits));  // of a range g++ 12 warns
    } else {
      real(static_cast<double>(number));
    }
    return *this;
  }
  /// A number whose digits are the caller's.
  json_writer& number(std::string_view digits) {
    comma();
    text_ += digits;
    return *this;
  }
  template <class Value>
  json_writer& field(std::string_view name, const Value& v) {
    return key(name).value(v);
  }
  std::string take() { return std::move(text_); }

 private:
  void comma() {
    if (!first_) text_ += ',';
    first_ = false;
  }

  void quote(std::string_view s) {
    constexpr char hex[] = "0123456789abcdef";
    text_ += '"';
    for (std::size_t i = 0; i < s.size(); ++i) {
      const char c = s[i];
      const auto byte = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\') {
        text_ += '\\';
        text_ += c;
      } else if (byte < 0x20) {
        text_ += "\\u00";
        text_ += hex[byte >> 4];
        text_ += hex[byte & 15];
      } else if (byte < 0x80) {
        text_ += c;
      } else if (const std::size_t length = utf8_length(s.substr(i)); length > 0) {
        text_ += s.substr(i, length);
        i += length - 1;
      } else {
        text_ += "\\ufffd";  // JSON is UTF-8: a byte that is not becomes the replacement character
      }
    }
    text_ += '"';
  }

  /// NaN and the infinities, which JSON lacks, are null.
  void real(double v) {
    if (std::isfinite(v)) {
      append_number(text_, v);
    } else {
      text_ += "null";
    }
  }

  std::string text_;
  bool first_ = true;
};

namespace detail {

inline void write(json_writer& out, const latency_stats& l) {
  out.open('{').field("count", l.count).field("min_ms", l.min_ms).field("avg_ms", l.avg_ms);
  out.field("p50_ms", l.p50_ms).field("p95_ms", l.p95_ms).field("p99_ms", l.p99_ms);
  out.field("p999_ms", l.p999_ms).field("max_ms", l.max_ms).close('}');
}

inline void write(json_writer& out, const totals& t) {
  out.open('{').field("loops", t.loops).field("active", t.active).field("stuck", t.stuck);
  out.field("ticks", t.ticks).field("errors", t.errors).field("timeouts", t.timeouts);
  out.field("cancelled", t.cancelled).field("gated", t.gated).field("missed", t.missed);
  out.field("shed", t.shed).field("events_dropped", t.events_dropped);
  out.field("lost_threads", t.lost_threads).field("gaps", t.gaps);
  out.field("error_rate", t.error_rate).field("avg_ms", t.latency.avg_ms);
  out.field("p50_ms", t.latency.p50_ms).field("p95_ms", t.latency.p95_ms);
  out.field("p99_ms", t.latency.p99_ms).field("late_p50_ms", t.late.p50_ms);
  out.field("late_p99_ms", t.late.p99_ms).close('}');
}

inline void write_gates(json_writer& out, const loop_stats& l) {
  out.open('[');
  for (const gate_reading& g : l.gates) {
    out.open('{').field("name", g.name).field("open", g.open).field("value", g.value);
    out.field("closes_above", g.closes_above).field("opens_under", g.opens_under).close('}');
  }
  out.close(']');
}
inline void write_knobs(json_writer& out, const loop_stats& l) {
  out.open('[');
  for (const knob_reading& k : l.knobs) {
    out.open('{').field("name", k.name).field("value", k.value);
    if (!k.value_name.empty()) out.field("value_name", k.value_name);
    out.close('}');
  }
  out.close(']');
}
inline void write_features(json_writer& out, const loop_stats& l) {
  out.open('[');
  for (const feature_reading& f : l.features) {
    out.open('{').field("name", f.name).field("value", f.value).field("bucket", f.bucket);
    out.close('}');
  }
  out.close(']');
}

inline void write(json_writer& out, const loop_stats& l) {
  const metrics_stats& m = l.metrics;
  out.open('{').field("id", l.id).field("name", l.name).field("group", l.group);
  out.field("state", name(l.state)).field("cycles", m.cycles).field("errors", m.errors);
  out.field("timeouts", m.timeouts).field("cancelled", m.cancelled).field("gated", m.gated);
  out.field("missed", m.missed).field("shed", m.shed);
  out.field("error_rate", m.error_rate).field("streak", m.streak);
  out.field("interval_ms", l.interval_ms).field("configured_ms", l.configured_ms);
  out.field("throttle", l.throttle).field("running", l.state == loop_state::running);
  out.field("gate", l.gate).field("last_error", l.last_error).field("dropped", l.dropped);
  out.field("breaker_open", l.breaker_open);
  out.field("vitality", l.vitality).field("health", m.health);
  write(out.key("latency"), m.latency);
  write(out.key("window"), m.window);
  write(out.key("late"), m.late_total);
  out.field("learner", l.learner).field("state_index", l.state_index);
  out.field("action_index", l.action_index).field("reward", l.reward);
  write_gates(out.key("gates"), l);
  write_knobs(out.key("knobs"), l);
  write_features(out.key("features"), l);
  out.close('}');
}

template <class Numbers>
void write_numbers(json_writer& out, const Numbers& numbers) {
  out.open('[');
  for (const auto n : numbers) out.value(n);
  out.close(']');
}

inline json_writer& write_names(json_writer& out, const std::vector<std::string>& names) {
  if (names.empty()) return out;
  out.key("names").open('[');
  for (const std::string& n : names) out.value(n);
  return out.close(']');
}

inline void write(json_writer& out, const learner_view& l) {
  const learner_stats& s = l.stats;
  out.open('{').field("name", l.name).field("states", s.states).field("actions", s.actions);
  out.field("q_values", s.q_values).field("decisions", s.decisions);
  out.field("observations", s.observations).field("updates", s.updates);
  out.field("exploration", s.exploration).field("discount", s.discount);
  out.field("learning_rate", s.learning_rate).field("mean_reward", s.mean_reward);
  out.key("replay").open('{').field("size", s.replay_size).field("capacity", s.replay_capacity);
  out.field("utilization", s.replay_capacity == 0 ? 0.0 : 1.0 * s.replay_size / s.replay_capacity);
  out.field("total_added", s.replay_added).field("total_sampled", s.replay_sampled).close('}');
  out.key("features").open('[');
  for (const feature& f : l.features) {
    write_numbers(out.open('{').field("name", f.name).key("edges"), f.edges);
    write_names(out, f.names).close('}');
  }
  out.close(']').key("knobs").open('[');
  for (const knob& k : l.knobs) {
    write_numbers(out.open('{').field("name", k.name).key("values"), k.values);
    write_names(out, k.names).close('}');
  }
  write_numbers(out.close(']').key("q"), l.q);
  write_numbers(out.key("visits"), l.visits);
  out.field("tunes", l.tunes).key("reports").open('[');
  for (const state_report& r : l.reports) {
    out.open('{').field("observations", r.observations).field("best", r.best);
    out.field("estimate", r.estimate).field("low", r.low).field("high", r.high);
    out.field("probability", r.probability).field("trying", r.trying);
    out.field("baseline", r.baseline).field("noise", r.noise);
    out.field("last_change", r.last_change).field("avoided", r.avoided).close('}');
  }
  const tuner_stats& t = l.tuning;
  out.close(']').key("limits").open('[');
  for (const limit_stats& g : l.limits) {
    out.open('{').field("name", g.name).field("at_most", g.at_most);
    out.field("observations", g.observations).field("broken", g.broken);
    write_numbers(out.key("at_best"), g.at_best);
    out.close('}');
  }
  out.close(']').key("late").open('{').field("open", l.late.open).field("late", l.late.late);
  out.field("twice", l.late.twice).field("never", l.late.never).close('}');
  out.key("tuning").open('{').field("failures", t.failures);
  out.field("changes", t.changes).field("last_change", t.last_change);
  out.field("held_by_budget", t.interventions.budget);
  out.field("held_by_steps", t.interventions.steps);
  out.field("held_by_forbid", t.interventions.forbidden);
  out.field("held_by_limits", t.interventions.limits).field("sharing", t.sharing);
  out.field("lost", t.lost).field("may_lose", t.may_lose).field("bytes", t.bytes).close('}');
  out.close('}');
}

inline void write(json_writer& out, const bus_stats& b) {
  out.open('{').field("published", b.published).field("unrouted", b.unrouted);
  out.field("rejected", b.rejected).field("matched", b.matched).field("delivered", b.delivered);
  out.field("dropped", b.dropped()).key("dropped_by").open('{');
  out.field("newest", b.dropped_newest).field("oldest", b.dropped_oldest);
  out.field("replaced", b.dropped_replaced).field("rate", b.dropped_rate);
  out.field("closed", b.dropped_closed).field("blocked", b.dropped_blocked).close('}');
  out.field("expired", b.expired).field("dead_lettered", b.dead_lettered);
  out.field("pending", b.pending).field("p50_ms", b.p50_ms).field("p99_ms", b.p99_ms);
  out.field("health", b.health).field("subscriptions", b.subscriptions).close('}');
}

inline void write(json_writer& out, const graph_analysis& g, double score) {
  out.open('{').field("score", score).key("nodes").open('[');
  for (const auto& n : g.nodes) {
    out.open('{').field("id", n.id).field("name", n.name).field("cycles", n.cycles);
    out.field("health", n.health).field("p95_ms", n.p95_ms).field("vitality", n.vitality);
    out.close('}');
  }
  out.close(']').key("edges").open('[');
  for (const auto& e : g.edges) {
    out.open('{').field("from", e.from).field("to", e.to).field("weight", e.weight);
    out.field("confidence", e.confidence).field("declared", e.declared);
    out.field("kind", name(e.kind)).close('}');
  }
  out.close(']').field("density", g.density).field("components", g.components);
  out.field("cycles", g.cycles).field("synergies", g.synergies).field("conflicts", g.conflicts);
  out.key("recommendations").open('[');
  for (const std::string& r : g.recommendations) out.value(r);
  out.close(']').close('}');
}

inline void write(json_writer& out, const memory_stats& m, std::span<const block_info> blocks) {
  out.open('{').field("remembered", m.remembered).field("in_ring", m.in_ring);
  out.field("in_blocks", m.in_blocks).field("archived", m.archived).field("pruned", m.pruned);
  out.field("evicted", m.evicted).field("merged", m.merged).field("hidden", m.hidden);
  out.field("consolidated", m.consolidated).field("compressions", m.compressions);
  out.field("raw_bytes", m.raw_bytes).field("stored_bytes", m.stored_bytes);
  out.field("saved_percent", m.saved_percent).field("resident_bytes", m.resident_bytes);
  out.field("budget_bytes", m.budget_bytes).field("archive_bytes", m.archive_bytes);
  out.field("archive_errors", m.archive_errors).key("blocks").open('[');
  for (const block_info& b : blocks) {
    out.open('{').field("at_ms", b.at_ms).field("count", b.count).field("raw_bytes", b.raw_bytes);
    out.field("stored_bytes", b.stored_bytes).field("ratio", b.ratio).close('}');
  }
  out.close(']').field("block_count", m.blocks).close('}');
}

inline void write(json_writer& out, const store_stats& s) {
  if (!s.present) {
    out.null();
    return;
  }
  out.open('{').field("committed", s.committed).field("durable", s.durable);
  out.field("file_bytes", s.file_bytes).field("lost", s.lost);
  out.field("forgotten", s.forgotten).field("last_error", s.last_error).close('}');
}

inline void write(json_writer& out, const record& r, std::int64_t now_ms) {
  out.open('{').field("wall_ms", r.wall_ms).field("text", r.text).field("user", r.user);
  out.field("role", r.role).field("source", r.source).key("tags").open('[');
  for (const std::string& tag : r.tags) out.value(tag);
  out.close(']').field("importance", r.importance).field("count", r.count);
  out.field("tier", name(tier_of(r.wall_ms, now_ms))).close('}');
}

/// A snapshot whose loops are what `loops` writes.
template <class Loops>
std::string write_snapshot(const snapshot_data& s, Loops&& loops) {
  json_writer out;
  out.open('{').field("gyre", version_text).field("format", 1).field("seq", s.sequence);
  out.field("now_ms", s.now_ms).field("uptime_s", s.uptime_s).field("running", s.running);
  out.field("seed", std::to_string(s.seed)).field("driver", s.driver).field("shards", s.shards);
  write(out.key("totals"), s.totals);
  out.key("process").open('{').field("cpu_percent", s.process_cpu_percent);
  out.field("resident_bytes", s.resident_bytes).close('}');
  out.key("gates").open('{').field("cpu_percent", s.cpu_percent);
  out.field("memory_percent", s.memory_percent).field("mode", s.mode).close('}');
  loops(out.key("loops"));
  out.key("learners").open('[');
  for (const learner_view& l : s.learners) write(out, l);
  out.close(']');
  write(out.key("bus"), s.bus);
  write(out.key("symbiosis"), s.symbiosis, s.score);
  write(out.key("memory"), s.memory, s.blocks);
  write(out.key("store"), s.store);
  return out.field("trace", s.trace).close('}').take();
}

}  // namespace detail

/// The whole snapshot as one JSON object on one line. What is not known (NaN) is null.
inline std::string to_json(const snapshot_data& s) {
  return detail::write_snapshot(s, [&](json_writer& out) {
    out.open('[');
    for (const loop_stats& l : s.loops) detail::write(out, l);
    out.close(']');
  });
}

/// Records as a JSON array, in the order given. `now_ms` is the wall time that their tiers (short,
/// medium, long: tiers.hpp) are told by, engine::wall_ms().
inline std::string to_json(std::span<const record> records, std::int64_t now_ms) {
  json_writer out;
  out.open('[');
  for (const record& r : records) detail::write(out, r, now_ms);
  return out.close(']').take();
}

}  // namespace v1
}  // namespace gyre
