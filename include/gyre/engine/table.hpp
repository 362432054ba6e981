// table.hpp - a snapshot as text for people.
// Room: engine. Threads: pure.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <gyre/engine/engine.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

inline std::string padded(std::string text, std::size_t width, bool right = true) {
  if (text.size() >= width) return text;
  const std::string space(width - text.size(), ' ');
  return right ? space + text : text + space;
}
inline std::string figure(double v, int digits = 2) {
  return std::isfinite(v) ? to_fixed(v, digits) : "-";
}
inline std::string settings(const loop_stats& l) {
  std::string out;
  for (const knob_reading& k : l.knobs) {
    if (!out.empty()) out += ' ';
    out += k.name + "=" + (k.value_name.empty() ? to_text(k.value) : k.value_name);
  }
  return out.empty() ? "-" : out;
}

inline std::string doors(const loop_stats& l) {
  std::string out;
  for (const gate_reading& g : l.gates) {
    out += (out.empty() ? "  gates " : " ") + g.name + (g.open ? "=open" : "=closed");
    if (!g.open) out += join(" at ", figure(g.value), ", opens under ", to_text(g.opens_under));
  }
  return out;
}

/// A state in words, by what its buckets say: "mb_per_s under 10".
inline std::string condition(const learner_view& l, std::uint32_t state) {
  std::string out;
  for (std::size_t i = l.features.size(); i-- > 0;) {
    const std::vector<double>& edges = l.features[i].edges;
    const std::size_t bucket = state % (edges.size() + 1);
    state /= static_cast<std::uint32_t>(edges.size() + 1);
    std::string part = l.features[i].name;
    if (bucket < l.features[i].names.size()) {
      part += " " + l.features[i].names[bucket];
    } else if (bucket == 0) {
      part += " under " + to_text(edges[0]);
    } else {
      part += " from " + to_text(edges[bucket - 1]);
      if (bucket < edges.size()) part += " to " + to_text(edges[bucket]);
    }
    out = out.empty() ? part : part + ", " + out;
  }
  return out.empty() ? "always" : out;
}
/// An action in words: "level=6 block_kib=64".
inline std::string choice(const learner_view& l, std::uint32_t action) {
  std::string out;
  for (std::size_t i = l.knobs.size(); i-- > 0;) {
    const auto n = static_cast<std::uint32_t>(l.knobs[i].values.size());
    const std::string part = l.knobs[i].name + "=" + l.knobs[i].shown(action % n);
    action /= n;
    out = out.empty() ? part : part + " " + out;
  }
  return out;
}
/// What Q-learning holds best in each state that it has seen, at most 8 lines.
inline std::string policy(const learner_view& l) {
  std::string out;
  std::size_t lines = 0;
  for (std::uint32_t s = 0; s < l.stats.states && lines < 8; ++s) {
    const std::size_t row = std::size_t{s} * l.stats.actions;
    std::uint32_t best = l.stats.actions;
    for (std::uint32_t a = 0; a < l.stats.actions; ++a) {
      if (l.visits[row + a] == 0) continue;
      if (best == l.stats.actions || l.q[row + a] > l.q[row + best]) best = a;
    }
    if (best == l.stats.actions) continue;
    out += "  " + condition(l, s) + ": " + choice(l, best) + ", worth " +
           figure(static_cast<double>(l.q[row + best])) + "\n";
    ++lines;
  }
  return out;
}
inline std::string percent(double part) { return to_fixed(100 * part, 0) + " %"; }
/// What the best setting of a state makes of the limits: "; p99_ms 38.20 of at most 50, which 3
/// settings break".
inline std::string within(const learner_view& l, std::uint32_t state) {
  std::string out;
  for (const limit_stats& g : l.limits) {
    out += join("; ", g.name, " ", figure(g.at_best[state]), " of at most ", to_text(g.at_most));
  }
  const std::uint32_t avoided = l.reports[state].avoided;
  if (avoided == 0) return out;
  return out + (avoided == 1 ? ", which 1 setting breaks"
                             : join(", which ", avoided, " settings break"));
}
/// What became of rewards that came later; nothing where all came once.
inline std::string late(const learner_view& l) {
  const late_rewards& r = l.late;
  if (r.late + r.twice + r.never == 0) return {};
  return join("  rewards after their ticks: ", r.open, " to come, ", r.late, " too late, ", r.twice,
              " twice, ", r.never, " never\n");
}
/// What a tuner found best in each state that it has seen, and how sure that is, at most 8 lines.
inline std::string findings(const learner_view& l) {
  std::string out;
  std::size_t lines = 0;
  for (std::uint32_t s = 0; s < l.reports.size() && lines < 8; ++s) {
    const state_report& r = l.reports[s];
    if (r.observations == 0) continue;
    out += join("  ", condition(l, s), ": ", choice(l, r.best), " earns ", figure(r.estimate), " (",
                figure(r.low), " to ", figure(r.high), "), the best with ", percent(r.probability),
                std::isfinite(r.baseline) ? join("; baseline ", figure(r.baseline)) : std::string(),
                "; ", percent(r.trying), " of ticks still try others", within(l, s), "\n");
    ++lines;
  }
  const tuner_interventions& held = l.tuning.interventions;
  if (held.all() != 0) out += join("  held back ", in_words(held), "\n");
  return out;
}
inline std::string learned(const learner_view& l) {
  const std::string who = join(" ", l.name, ": ", l.stats.states,
                               l.stats.states == 1 ? " state x " : " states x ", l.stats.actions,
                               " settings, ", l.stats.observations, " ticks, mean reward ",
                               figure(l.stats.mean_reward));
  if (!l.tunes) {
    return join("learner", who, ", exploration ", figure(l.stats.exploration), "\n", policy(l),
                late(l));
  }
  std::string change;
  if (l.tuning.changes != 0) {
    change = join(", a change noticed ", l.stats.observations - l.tuning.last_change,
                  " ticks ago");
  }
  return join("tuner", who, change, "\n", findings(l), late(l));
}

}  // namespace detail

GYRE_DECL std::string table(const snapshot_data& s, std::size_t rows) {
  using detail::figure;
  using detail::padded;
  std::size_t width = 4;
  const std::size_t shown = std::min(rows, s.loops.size());
  for (std::size_t i = 0; i < shown; ++i) width = std::max(width, s.loops[i].name.size());
  std::string out = padded("loop", width, false) +
                    "  state          ticks  errors   p50 ms   p99 ms  late p99    reward  knobs\n";
  for (std::size_t i = 0; i < shown; ++i) {
    const loop_stats& l = s.loops[i];
    out += padded(l.name, width, false) + "  " + padded(name(l.state), 11, false) +
           padded(std::to_string(l.metrics.cycles), 9) +
           padded(std::to_string(l.metrics.errors + l.metrics.timeouts), 8) +
           padded(figure(l.metrics.latency.p50_ms), 9) +
           padded(figure(l.metrics.latency.p99_ms), 9) +
           padded(figure(l.metrics.late_total.p99_ms), 10) + padded(figure(l.reward), 10) + "  " +
           detail::settings(l) + detail::doors(l) + "\n";
  }
  if (shown < s.loops.size()) {
    out += join("... and ", s.loops.size() - shown, " more loops\n");
  }
  const totals& t = s.totals;
  out += join(t.loops, t.loops == 1 ? " loop, " : " loops, ", t.ticks, " ticks, ", t.errors,
              " errors, ", t.timeouts, " timeouts, ", s.bus.dropped(), " dropped; p50 ",
              figure(t.latency.p50_ms), " ms, p99 ", figure(t.latency.p99_ms), " ms; score ",
              figure(s.score), "\n");
  for (const learner_view& l : s.learners) out += detail::learned(l);
  return out;
}

}  // namespace v1
}  // namespace gyre
