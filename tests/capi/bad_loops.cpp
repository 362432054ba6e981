// bad_loops.cpp - a loop that cannot be is refused, and a tick that asks wrongly has failed.
// Method: tables of cases; after each the counts of loops, rows and messages are what they were.
#include "bad_input.hpp"

namespace bad_input {

TEST_CASE("a loop is refused for each thing that is wrong with it", "[capi]") {
  fixture f;
  gyre_loop good = 0;
  const std::string longest(63, 'x'), too_long(64, 'x');

  SECTION("names") {
    f.options.name = nullptr;
    f.refused(GYRE_E_ARG, "name");
    f.options.name = "";
    f.refused(GYRE_E_ARG, "name");
    f.options.name = too_long.c_str();
    f.refused(GYRE_E_ARG, "64");
    f.options.name = longest.c_str();
    CHECK(gyre_loop_create(f.engine, &f.options, &good, &f.err) == GYRE_OK);
    f.refused(GYRE_E_EXISTS, longest.c_str());
  }
  SECTION("intervals and other numbers") {
    for (const double interval : {0.0, -1.0, not_a_number, infinite, -infinite, 1e300}) {
      f.options.interval_ms = interval;
      f.refused(GYRE_E_ARG, "interval");
    }
    f.options.interval_ms = 10;
    for (const double timeout : {-1.0, not_a_number, infinite}) {
      f.options.timeout_ms = timeout;
      f.refused(GYRE_E_ARG, "timeout");
    }
    f.options.timeout_ms = 0;
    for (const double jitter : {-0.5, 0.6, not_a_number}) {
      f.options.jitter = jitter;
      f.refused(GYRE_E_ARG, "jitter");
    }
    f.options.jitter = 0;
    f.options.missed = 4;
    f.refused(GYRE_E_UNSUPPORTED, "missed");
    f.options.missed = 0;
    f.options.flags = 1u << 30;
    f.refused(GYRE_E_UNSUPPORTED, "flags");
  }
}

TEST_CASE("a loop is refused for what is wrong with its knobs and features", "[capi]") {
  fixture f;
  const std::string too_long(64, 'x');

  SECTION("knobs and features") {
    f.options.knobs = &f.knob;
    f.options.features = &f.feature;
    f.options.knob_count = f.options.feature_count = 1;
    f.knob.count = 0;
    f.refused(GYRE_E_ARG, "knob");
    f.knob.count = 3;
    f.knob.values = nullptr;
    f.refused(GYRE_E_ARG, "values");
    f.knob.values = f.values;
    f.values[1] = not_a_number;
    f.refused(GYRE_E_ARG, "nan");
    f.values[1] = 2;
    f.knob.name = "";
    f.refused(GYRE_E_ARG, "name");
    f.knob.name = too_long.c_str();
    f.refused(GYRE_E_ARG, "64");
    f.knob.name = nullptr;
    f.refused(GYRE_E_ARG, "name");
    f.knob.name = "knob";
    const double descending[] = {3, 2, 1}, equal[] = {1, 1, 2};
    f.feature.edges = descending;
    f.refused(GYRE_E_ARG, "edges");
    f.feature.edges = equal;
    f.refused(GYRE_E_ARG, "edges");
    f.feature.edges = f.values;
    gyre_knob twice[] = {f.knob, f.knob};
    f.options.knobs = twice;
    f.options.knob_count = 2;
    f.refused(GYRE_E_EXISTS, "knob");
    f.options.knobs = nullptr;
    f.refused(GYRE_E_ARG, "knobs");
  }
  SECTION("states x actions over 65,536") {
    std::vector<double> many(300);
    for (std::size_t i = 0; i < many.size(); ++i) many[i] = static_cast<double>(i);
    f.knob.values = f.feature.edges = many.data();
    f.knob.count = f.feature.count = 300;
    f.options.knobs = &f.knob;
    f.options.features = &f.feature;
    f.options.knob_count = f.options.feature_count = 1;
    f.refused(GYRE_E_BUDGET, "90300");  // 301 buckets x 300 values
  }
}

TEST_CASE("a loop is refused for what is wrong with its callback and its gates", "[capi]") {
  fixture f;
  f.options.tick = nullptr;
  f.refused(GYRE_E_ARG, "tick");
  f.options.tick = well;
  f.options.flags = GYRE_LOOP_EXTERNAL;
  f.refused(GYRE_E_ARG, "tick");
  f.options.flags = 0;
  auto gate = zero<gyre_gate>();
  f.options.gates = &gate;
  f.options.gate_count = 1;
  f.refused(GYRE_E_UNSUPPORTED, "gate");
  gate.kind = GYRE_GATE_LATENCY;
  f.refused(GYRE_E_ARG, "close_at");
  gate.kind = GYRE_GATE_CPU;
  gate.open_at = 90;
  gate.close_at = 80;
  f.refused(GYRE_E_ARG, "open_at");
}

namespace {
struct said {
  gyre_status status = 0;
  const char* knob = "knob";
  const char* feature = "feature";
  double seen = 1, reward = 1, vitality = 1;
};
void says(void* user, gyre_tick tick, gyre_status* status) {
  auto& s = *static_cast<said*>(user);
  double value = 0;
  *status = GYRE_OK;  // the tick fails all the same when one of these does
  if ((s.status = gyre_tick_feature(tick, s.feature, s.seen)) != GYRE_OK) return;
  if ((s.status = gyre_tick_knob(tick, s.knob, &value)) != GYRE_OK) return;
  if ((s.status = gyre_tick_vitality(tick, s.vitality)) != GYRE_OK) return;
  s.status = gyre_tick_reward(tick, s.reward);
}
}  // namespace

TEST_CASE("a tick that asks wrongly gets an error and counts as failed", "[capi]") {
  fixture f;
  said s;
  gyre_loop loop = 0;
  f.options.tick = says;
  f.options.user = &s;
  f.options.knobs = &f.knob;
  f.options.features = &f.feature;
  f.options.knob_count = f.options.feature_count = 1;
  f.options.jitter = GYRE_NONE;
  f.options.backoff_ms = 1;
  gyre_status expected = GYRE_OK;
  std::uint64_t errors = 1;
  SECTION("nothing wrong") { errors = 0; }
  SECTION("unknown knob") { s.knob = "nob", expected = GYRE_E_NOT_FOUND; }
  SECTION("unknown feature") { s.feature = "eature", expected = GYRE_E_NOT_FOUND; }
  SECTION("null names") { s.knob = nullptr, expected = GYRE_E_ARG, errors = 0; }
  SECTION("NaN feature") { s.seen = not_a_number, expected = GYRE_E_ARG; }
  SECTION("vitality over 1") { s.vitality = 1.5, expected = GYRE_E_ARG; }
  SECTION("NaN reward") { s.reward = not_a_number, expected = GYRE_E_ARG; }
  SECTION("infinite reward") { s.reward = infinite, expected = GYRE_E_ARG; }
  SECTION("a reward that no float holds") { s.reward = -1e39, expected = GYRE_E_ARG; }
  REQUIRE(gyre_loop_create(f.engine, &f.options, &loop, &f.err) == GYRE_OK);
  REQUIRE(gyre_engine_start(f.engine, nullptr) == GYRE_OK);
  REQUIRE(gyre_engine_advance_to(f.engine, 5, &f.err) == GYRE_OK);
  auto metrics = zero<gyre_loop_metrics>();
  REQUIRE(gyre_loop_metrics_read(loop, &metrics) == GYRE_OK);
  CHECK(s.status == expected);
  CHECK(metrics.cycles >= 1);
  CHECK(metrics.errors == errors * metrics.cycles);
  if (s.reward != 1) {
    CHECK(metrics.replay_added == 0);  // nothing learned from it
    CHECK(metrics.mean_reward == 0);
  }
}

}  // namespace bad_input
