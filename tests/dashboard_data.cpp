// dashboard_data.cpp - one snapshot holds every figure that the five tabs show.
// Method: an engine in which everything happens, on a virtual clock; its one snapshot, as a value
// and as the JSON that the page reads, against what the tabs show. Alone: meson test -C build
// dashboard_data.
#include <cmath>
#include <gyre/edge/json.hpp>
#include <gyre/society/society.hpp>

#include "catch.hpp"

#if __has_include(<nlohmann/json.hpp>)
#include <nlohmann/json.hpp>
#define HAS_JSON 1
#else
#define HAS_JSON 0
#endif

using namespace std::chrono_literals;

namespace {

gyre::snapshot_data busy_minute() {
  gyre::engine e({.driver = gyre::driver::virtual_time});
  gyre::society::add(e, {20}).value();
  e.subscribe("work.>", {}, [](const gyre::message&) {}).value();
  e.subscribe("work.>", {.capacity = 4}).value();  // never polled: it drops
  for (int i = 0; i < 12; ++i) {
    e.add({.name = "work-" + std::to_string(i),
           .interval = 100ms,
           .jitter = 0,
           .group = "work",
           .gates = {{"queue", [](const gyre::reading&) { return 3.0; }, 9, 5}},
           .features = {{"load", {10, 100}}},
           .knobs = {{"size", {1, 2, 3}}, {"depth", {4, 8}}},
           .learning = {.sample_average = true}},  // Q-learning
          [i](gyre::tick& t) {
            (void)t.feature("load", t.number() % 2 == 0 ? 5.0 : 50.0);
            const double size = t.knob("size");
            (void)t.spend(1ms * (1 + i));
            (void)t.reward(size);
            if (i == 0 && t.number() % 50 == 10) (void)t.fail("now and then");
            (void)t.publish("work.done", "tick");
            (void)t.remember({.text = "work " + std::to_string(i) + " did tick " +
                                      std::to_string(t.number()) + " with size " +
                                      gyre::to_text(size)});
          })
        .value();
  }
  (void)e.advance_to(60s).value();
  return e.snapshot();
}

const gyre::snapshot_data& seen() {
  static const gyre::snapshot_data s = busy_minute();
  return s;
}

}  // namespace

TEST_CASE("Overview: cycles, rate, drops, score, uptime, error rate, latency, active loops") {
  const auto& s = seen();
  CHECK(s.running);
  CHECK(s.totals.loops == 16);
  CHECK(s.totals.active == 16);
  CHECK(s.totals.ticks > 12 * 590);
  CHECK(s.totals.errors >= 10);
  CHECK(s.totals.error_rate > 0);
  CHECK(s.uptime_s == Approx(60));
  CHECK(s.bus.dropped() > 0);
  CHECK(s.bus.balanced());
  CHECK(s.score > 0.5);
  CHECK(s.score <= 1);
  CHECK(s.totals.latency.avg_ms > 0);
  CHECK(s.resident_bytes > 0);
}

TEST_CASE("Loops: a row each, with ordered percentiles") {
  const auto& s = seen();
  REQUIRE(s.loops.size() == 16);
  for (const auto& l : s.loops) {
    CAPTURE(l.name);
    CHECK(!l.name.empty());
    CHECK(l.id != 0);
    CHECK(l.interval_ms > 0);
    CHECK(l.configured_ms > 0);
    CHECK(l.metrics.cycles > 0);
    CHECK(l.metrics.latency.count == l.metrics.cycles);
    CHECK(l.metrics.latency.min_ms <= l.metrics.latency.p50_ms);
    CHECK(l.metrics.latency.p50_ms <= l.metrics.latency.p95_ms);
    CHECK(l.metrics.latency.p95_ms <= l.metrics.latency.p99_ms);
    CHECK(l.metrics.latency.p99_ms <= l.metrics.latency.p999_ms);
    CHECK(l.metrics.latency.p999_ms <= l.metrics.latency.max_ms);
    CHECK(std::isfinite(l.metrics.late_total.p99_ms));
    if (l.group != "work") {
      CHECK(l.vitality >= 0);
      CHECK(l.features.size() >= 3);
      continue;
    }
    CHECK(l.learner == 0);
    REQUIRE(l.knobs.size() == 2);
    CHECK(l.knobs[1].value >= 4);
    REQUIRE(l.features.size() == 1);
    CHECK(l.reward > 0);
    REQUIRE(l.gates.size() == 1);
    CHECK(l.gates[0].open);
    CHECK(l.gates[0].value == 3);
  }
  CHECK(s.loops[4].metrics.errors >= 10);
  CHECK(s.loops[4].last_error == "now and then");
  CHECK(s.loops[4].dropped > 0);
}

TEST_CASE("Q-Learning: table, replay, values, heatmap") {
  const auto& s = seen();
  REQUIRE(s.learners.size() == 1);
  const auto& l = s.learners[0];
  CHECK(l.name == "work");
  CHECK(l.stats.states == 3);
  CHECK(l.stats.actions == 6);
  REQUIRE(l.q.size() == 18);
  REQUIRE(l.visits.size() == 18);
  CHECK(l.stats.q_values >= 12);
  CHECK(l.stats.exploration == Approx(0.1));
  CHECK(l.stats.replay_added == l.stats.observations);
  CHECK(l.stats.replay_size == std::min<std::uint64_t>(l.stats.observations, 10'000));
  CHECK(l.stats.replay_sampled > 0);
  CHECK(l.stats.mean_reward > 2);  // it has found size = 3
  REQUIRE(l.features.size() == 1);
  REQUIRE(l.knobs.size() == 2);
  std::uint64_t visits = 0;
  for (const auto v : l.visits) visits += v;
  CHECK(visits == l.stats.observations);
}

TEST_CASE("Symbiosis: four nodes, five edges, and what follows from them") {
  const auto& g = seen().symbiosis;
  REQUIRE(g.nodes.size() == 4);
  REQUIRE(g.edges.size() == 5);
  const char* const names[] = {"awareness", "emotional_decay", "memory_consolidation", "curiosity"};
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(g.nodes[i].name == names[i]);
    CHECK(g.nodes[i].cycles >= 19);
    CHECK(g.nodes[i].health == 1);
  }
  for (const auto& e : g.edges) {
    CHECK(e.declared);
    CHECK(e.confidence == 1);
  }
  CHECK(g.synergies == 2);
  CHECK(g.conflicts == 0);
  CHECK(g.density == Approx(5.0 / 12));
  CHECK(g.components == 1);
  CHECK(g.cycles >= 1);
  CHECK(!g.recommendations.empty());
}

TEST_CASE("Memory: what was kept, in records and in bytes, and its blocks") {
  const auto& s = seen();
  const auto& m = s.memory;
  CHECK(m.remembered > 7000);
  CHECK(m.remembered == m.in_ring + m.in_blocks + m.archived + m.evicted + m.merged);
  CHECK(m.compressions >= 10);
  CHECK(m.raw_bytes > m.stored_bytes);
  CHECK(m.saved_percent > 50);
  CHECK(m.resident_bytes > 0);
  CHECK(m.resident_bytes <= m.budget_bytes);
  REQUIRE(s.blocks.size() == std::min<std::uint64_t>(50, m.blocks));
  for (const auto& b : s.blocks) {
    CHECK(b.count > 0);
    CHECK(b.ratio > 0);
    CHECK(b.ratio < 1);
  }
}

#if HAS_JSON
namespace {
const char* const wanted[] = {
    "/gyre", "/format", "/seq", "/now_ms", "/uptime_s", "/running", "/seed", "/driver",
    "/totals/ticks", "/totals/errors", "/totals/error_rate", "/totals/avg_ms", "/totals/p50_ms",
    "/totals/p95_ms", "/totals/stuck", "/totals/p99_ms", "/totals/active", "/totals/loops",
    "/totals/shed", "/totals/gaps", "/totals/lost_threads", "/process/cpu_percent",
    "/process/resident_bytes", "/gates/mode", "/loops/4/name", "/loops/4/state",
    "/loops/4/cycles", "/loops/4/errors", "/loops/4/timeouts", "/loops/4/gated", "/loops/4/shed",
    "/loops/4/breaker_open", "/loops/4/gates/0/name", "/loops/4/gates/0/open",
    "/loops/4/gates/0/value", "/loops/4/gates/0/closes_above", "/loops/4/gates/0/opens_under",
    "/loops/4/error_rate", "/loops/4/streak", "/loops/4/interval_ms", "/loops/4/configured_ms",
    "/loops/4/throttle", "/loops/4/running", "/loops/4/last_error", "/loops/4/dropped",
    "/loops/4/latency/p50_ms", "/loops/4/latency/avg_ms", "/loops/4/latency/p95_ms",
    "/loops/4/latency/p99_ms", "/loops/4/latency/p999_ms", "/loops/4/latency/max_ms",
    "/loops/4/window/p99_ms", "/loops/4/late/p99_ms", "/loops/4/knobs/0/value",
    "/loops/4/features/0/bucket", "/loops/0/vitality", "/learners/0/q_values",
    "/learners/0/states", "/learners/0/actions", "/learners/0/mean_reward",
    "/learners/0/exploration", "/learners/0/replay/size", "/learners/0/replay/capacity",
    "/learners/0/replay/utilization", "/learners/0/replay/total_added",
    "/learners/0/replay/total_sampled", "/learners/0/q/17", "/learners/0/visits/17",
    "/learners/0/features/0/edges/1", "/learners/0/knobs/1/values/1", "/bus/published",
    "/bus/delivered", "/bus/dropped", "/bus/dropped_by/newest", "/bus/health", "/symbiosis/score",
    "/symbiosis/nodes/3/name", "/symbiosis/edges/4/weight", "/symbiosis/edges/4/declared",
    "/symbiosis/components", "/symbiosis/conflicts", "/symbiosis/density", "/symbiosis/synergies",
    "/symbiosis/recommendations/0", "/memory/archived", "/memory/remembered", "/memory/pruned",
    "/memory/compressions", "/memory/raw_bytes", "/memory/stored_bytes", "/memory/saved_percent",
    "/memory/resident_bytes", "/memory/budget_bytes", "/memory/blocks/0/ratio",
    "/memory/blocks/0/at_ms", "/memory/blocks/0/count", "/memory/blocks/0/raw_bytes",
    "/memory/blocks/0/stored_bytes", "/memory/block_count", "/trace",
};

}  // namespace

TEST_CASE("the JSON of the snapshot has each of these figures by its name") {
  const auto& s = seen();
  const auto j = nlohmann::json::parse(gyre::to_json(s));
  for (const char* path : wanted) {
    CAPTURE(path);
    CHECK(j.contains(nlohmann::json::json_pointer(path)));
  }
  CHECK(j["symbiosis"]["nodes"].size() == 4);
  CHECK(j["symbiosis"]["edges"].size() == 5);
  CHECK(j["totals"]["ticks"] == s.totals.ticks);
  CHECK(j["bus"]["dropped"] == s.bus.dropped());
  CHECK(j["symbiosis"]["score"].get<double>() == Approx(s.score));
  CHECK(j["memory"]["remembered"] == s.memory.remembered);
  CHECK(j["store"].is_null());
}
#endif
