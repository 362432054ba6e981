// loop_metrics.cpp - the bodies that write gyre_loop_metrics: of one loop, or a row for each.
// Room: capi. Threads: any call from any thread; ids are made for loops that had none.
#include <cmath>
#include <utility>

#include "knobs.hpp"
#include "objects.hpp"
#include "values.hpp"

namespace gyre::capi {

namespace {

gyre_latency latency_of(const latency_stats& l) {
  return {l.count,  l.min_ms, l.avg_ms,  l.p50_ms,
          l.p95_ms, l.p99_ms, l.p999_ms, l.max_ms};
}

gyre_loop_metrics metrics_of(engine_object& owner, const loop_stats& l, const snapshot_data& all) {
  gyre_loop_metrics m{};
  m.id = loop_id_or_0(owner, l.id);
  m.state = static_cast<std::int32_t>(l.state);
  m.streak = l.metrics.streak;
  copy_name(m.name, l.name);
  copy_name(m.group, l.group);
  m.cycles = l.metrics.cycles;
  m.errors = l.metrics.errors;
  m.timeouts = l.metrics.timeouts;
  m.cancelled = l.metrics.cancelled;
  m.gated = l.metrics.gated;
  m.missed = l.metrics.missed;
  m.dropped = l.dropped;
  m.error_rate = l.metrics.error_rate;
  m.interval_ms = l.interval_ms;
  m.configured_ms = l.configured_ms;
  m.throttle = l.throttle;
  m.vitality = std::isfinite(l.vitality) ? l.vitality : l.metrics.health;
  m.mean_reward = l.reward;
  m.state_index = l.state_index;
  m.action_index = l.action_index;
  if (l.learner >= 0) {
    const learner_stats& s = all.learners[static_cast<std::size_t>(l.learner)].stats;
    m.exploration = s.exploration;
    m.states = s.states;
    m.actions = s.actions;
    m.decisions = s.decisions;
    m.replay_size = s.replay_size;
    m.replay_capacity = s.replay_capacity;
    m.replay_added = s.replay_added;
    m.replay_sampled = s.replay_sampled;
  }
  m.latency = latency_of(l.metrics.latency);
  m.window = latency_of(l.metrics.window);
  m.late = latency_of(l.metrics.late_total);
  m.shed = l.metrics.shed;
  copy_name(m.gate, l.gate);
  for (std::size_t i = l.gates.size(); i-- > 0;) {
    if (l.gates[i].open) continue;
    m.gate_value = l.gates[i].value;
    m.gate_open_at = l.gates[i].opens_under;
  }
  return m;
}
/// What a loop learns with. STATE: nothing.
result<learner_view> learner_of(gyre_loop loop) {
  learner_view out;
  GYRE_CHECK(with_loop(loop, [&](engine_object& owner, gyre::loop& handle) -> result<void> {
    snapshot_data all = owner.engine->snapshot();
    for (const loop_stats& l : all.loops) {
      if (l.id != handle.id()) continue;
      if (l.learner < 0) return fail(code::state, "the loop has no knobs");
      out = std::move(all.learners[static_cast<std::size_t>(l.learner)]);
      return ok;
    }
    return fail(code::stale, "the loop is gone");
  }));
  return out;
}
result<void> check_tunes(const learner_view& l) {
  if (!l.tunes) return fail(code::state, "the loop learns by Q-learning");
  return ok;
}
static_assert(static_cast<int>(loop_state::stopped) == GYRE_STATE_STOPPED);
static_assert(static_cast<int>(loop_state::gated) == GYRE_STATE_GATED);

}  // namespace

}  // namespace gyre::capi

using namespace gyre;
using namespace gyre::capi;

gyre_status gyre_loop_metrics_read(gyre_loop loop, gyre_loop_metrics* out) {
  return guard(nullptr, [&] {
    return with_loop(loop, [&](engine_object& owner, gyre::loop& handle) -> result<void> {
      GYRE_CHECK(check_out(out, "out"));
      const snapshot_data all = owner.engine->snapshot();
      for (const loop_stats& l : all.loops) {
        if (l.id != handle.id()) continue;
        write_out(out, metrics_of(owner, l, all));
        return ok;
      }
      return fail(code::stale, "the loop is gone");
    });
  });
}

gyre_status gyre_loop_histogram(gyre_loop loop, uint32_t times, double* out, uint32_t cap,
                                uint32_t* needed) {
  return guard(nullptr, [&] {
    return with_loop(loop, [&](engine_object&, gyre::loop& handle) -> result<void> {
      if (times > GYRE_TIMES_LATE) return wrong("times", times, "GYRE_TIMES_...");
      GYRE_TRY(all, handle.histograms());
      const std::vector<time_bucket>* const each[] = {&all.latency, &all.window, &all.late_total};
      const std::vector<time_bucket>& buckets = *each[times];
      const auto count = static_cast<std::uint32_t>(2 * buckets.size());
      if (needed) *needed = count;
      if (cap < count) return too_small(count, "numbers");
      if (count > 0) GYRE_CHECK(not_null(out, "out"));
      for (const time_bucket& b : buckets) {
        *out++ = b.up_to_ms;
        *out++ = static_cast<double>(b.count);
      }
      return ok;
    });
  });
}

gyre_status gyre_loop_learned(gyre_loop loop, gyre_tuning_metrics* out) {
  return guard(nullptr, [&]() -> result<void> {
    GYRE_TRY(l, learner_of(loop));
    GYRE_CHECK(check_tunes(l));
    GYRE_CHECK(check_out(out, "out"));
    gyre_tuning_metrics m = metrics_of(l.tuning);
    m.late_open = l.late.open;
    m.late_after = l.late.late;
    m.late_twice = l.late.twice;
    m.late_never = l.late.never;
    write_out(out, m);
    return ok;
  });
}

gyre_status gyre_loop_report(gyre_loop loop, uint32_t state, gyre_state_report* out) {
  return guard(nullptr, [&]() -> result<void> {
    GYRE_TRY(l, learner_of(loop));
    GYRE_CHECK(check_tunes(l));
    GYRE_CHECK(check_out(out, "out"));
    if (state >= l.reports.size()) {
      return fail(code::arg, "state is ", state, ": under ", l.reports.size(), " expected");
    }
    write_out(out, report_of(l.reports[state]));
    return ok;
  });
}

gyre_status gyre_loop_limits(gyre_loop loop, gyre_limit* rows, uint32_t cap, uint32_t* needed) {
  return guard(nullptr, [&]() -> result<void> {
    GYRE_TRY(l, learner_of(loop));
    GYRE_CHECK(check_tunes(l));
    return put_limits(l.limits, rows, cap, needed);
  });
}

gyre_status gyre_loop_values(gyre_loop loop, uint32_t action, double* out, uint32_t cap,
                             uint32_t* needed) {
  return guard(nullptr, [&]() -> result<void> {
    GYRE_TRY(l, learner_of(loop));
    GYRE_TRY(where, space::make(l.features, l.knobs));
    return put_values(where, action, out, cap, needed);
  });
}

gyre_status gyre_snapshot_loops(gyre_engine engine, gyre_loop_metrics* rows, uint32_t cap,
                                uint32_t* needed) {
  return guard(nullptr, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    if (cap > 0) GYRE_CHECK(check_out(rows, "rows"));
    const snapshot_data s = owner->engine->snapshot();
    const auto count = static_cast<std::uint32_t>(s.loops.size());
    if (needed) *needed = count;
    if (count > cap) return too_small(count, "rows");
    for (std::uint32_t i = 0; i < count; ++i) {
      auto* row = const_cast<gyre_loop_metrics*>(element(rows, i));
      row->size = rows->size;
      write_out(row, metrics_of(*owner, s.loops[i], s));
    }
    return ok;
  });
}
