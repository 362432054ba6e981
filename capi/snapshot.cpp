// snapshot.cpp - the bodies of gyre/snapshot.h: everything at one instant, as JSON and sums.
// Room: capi. Threads: any call from any thread.
#include <gyre/edge/json.hpp>

#include "objects.hpp"
#include "values.hpp"

using namespace gyre;
using namespace gyre::capi;

gyre_status gyre_snapshot_json(gyre_engine engine, char* buf, uint32_t cap, uint32_t* needed,
                               gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    snapshot_data s = owner->engine->snapshot();
    // The ids in the text are those of this ABI.
    for (loop_stats& l : s.loops) l.id = loop_id_or_0(*owner, l.id);
    for (graph_node& n : s.symbiosis.nodes) n.id = loop_id_or_0(*owner, n.id);
    for (graph_edge& e : s.symbiosis.edges) {
      e.from = loop_id_or_0(*owner, e.from);
      e.to = loop_id_or_0(*owner, e.to);
    }
    return put_text(to_json(s), buf, cap, needed);
  });
}

gyre_status gyre_snapshot_totals(gyre_engine engine, gyre_totals* out) {
  return guard(nullptr, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    GYRE_CHECK(check_out(out, "out"));
    const snapshot_data s = owner->engine->snapshot();
    const totals& t = s.totals;
    gyre_totals m{};
    m.loops = static_cast<std::uint32_t>(t.loops);
    m.active = static_cast<std::uint32_t>(t.active);
    m.stuck = static_cast<std::uint32_t>(t.stuck);
    m.ticks = t.ticks;
    m.errors = t.errors;
    m.timeouts = t.timeouts;
    m.cancelled = t.cancelled;
    m.gated = t.gated;
    m.missed = t.missed;
    m.error_rate = t.error_rate;
    m.avg_ms = or_zero(t.latency.avg_ms);
    m.p50_ms = or_zero(t.latency.p50_ms);
    m.p95_ms = or_zero(t.latency.p95_ms);
    m.p99_ms = or_zero(t.latency.p99_ms);
    m.late_p50_ms = or_zero(t.late.p50_ms);
    m.late_p99_ms = or_zero(t.late.p99_ms);
    m.now_ms = s.now_ms;
    m.uptime_s = s.uptime_s;
    m.cpu_percent = or_zero(s.process_cpu_percent);
    m.resident_bytes = s.resident_bytes;
    m.score = s.score;
    m.shed = t.shed;
    m.gaps = t.gaps;
    write_out(out, m);
    return ok;
  });
}

gyre_status gyre_trace_hash(gyre_engine engine, char* buf, uint32_t cap, uint32_t* needed) {
  return guard(nullptr, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    return put_text(owner->engine->trace_hash(), buf, cap, needed);
  });
}
