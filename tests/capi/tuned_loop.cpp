// tuned_loop.cpp - a loop's tuning over C: names, order, rails, modes, costs; what was learned.
// Method: golden, a service whose best setting is known; model, the same loop in an engine of C++.
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <gyre/core/rng.hpp>
#include <gyre/engine.hpp>

#include "kit.hpp"

namespace tuned_loop {

using kit::zero;

namespace {

const char* const codecs[] = {"zlib", "none"};
const char* const requests[] = {"read", "write"};
const double levels[] = {0, 1, 3, 6, 9};

/// Reading it costs least at level 3 with "none", writing at level 6 with "zlib".
double cost_of(double level, double codec, int tick) {
  const bool writes = tick % 2 == 1;
  const double off = level - (writes ? 6 : 3);
  return 20 + off * off + 5 * std::fabs(codec - (writes ? 0 : 1));
}

struct service {
  int ticks = 0;
  double spent = 0;
  double last_level = -1;
  gyre::rng draws{5, 6, gyre::purpose::user};
  double noise() { return 3 * draws.normal(); }
};

void serve(void* user, gyre_tick tick, gyre_status* status) {
  auto& s = *static_cast<service*>(user);
  double level = 0, codec = 0;
  if (gyre_tick_feature(tick, "request", s.ticks % 2) != GYRE_OK) return;
  if (gyre_tick_knob(tick, "level", &level) != GYRE_OK) return;
  if (gyre_tick_knob(tick, "codec", &codec) != GYRE_OK) return;
  const double cost = cost_of(level, codec, s.ticks) + s.noise();
  if (gyre_tick_cost(tick, cost) != GYRE_OK) return;
  s.spent += cost;
  s.last_level = level;
  ++s.ticks;
  *status = GYRE_OK;
}

struct fixture {
  gyre_engine engine = kit::make_engine(GYRE_DRIVER_VIRTUAL);
  service did;
  gyre_knob knobs[2] = {zero<gyre_knob>(), zero<gyre_knob>()};
  gyre_feature feature = zero<gyre_feature>();
  gyre_setting baseline[2] = {zero<gyre_setting>(), zero<gyre_setting>()};
  gyre_setting forbidden[3] = {zero<gyre_setting>(), zero<gyre_setting>(), zero<gyre_setting>()};
  gyre_tuning tuning = zero<gyre_tuning>();
  gyre_loop_options options = zero<gyre_loop_options>();
  gyre_error err = zero<gyre_error>();
  gyre_loop loop = 0;
  double now = 0;

  fixture() {
    knobs[0].name = baseline[0].knob = forbidden[0].knob = forbidden[2].knob = "level";
    knobs[0].count = 5;
    knobs[0].values = levels;
    knobs[1].name = baseline[1].knob = forbidden[1].knob = "codec";
    knobs[1].count = 2;
    knobs[1].names = codecs;
    feature.name = "request";
    feature.count = 2;
    feature.names = requests;
    options.name = "serve";
    options.interval_ms = 10;
    options.jitter = GYRE_NONE;
    options.tick = serve;
    options.user = &did;
    options.knobs = knobs;
    options.knob_count = 2;
    options.features = &feature;
    options.feature_count = 1;
    options.tuning = &tuning;
  }
  ~fixture() { CHECK(gyre_engine_destroy(engine, nullptr) == GYRE_OK); }
  fixture(const fixture&) = delete;
  fixture& operator=(const fixture&) = delete;

  void add() {
    REQUIRE(gyre_loop_create(engine, &options, &loop, &err) == GYRE_OK);
    REQUIRE(gyre_engine_start(engine, nullptr) == GYRE_OK);
  }
  void run(int ticks) {
    now += ticks * 10;
    REQUIRE(gyre_engine_advance_to(engine, now, nullptr) == GYRE_OK);
  }
  gyre_tuning_metrics learned() {
    auto m = zero<gyre_tuning_metrics>();
    REQUIRE(gyre_loop_learned(loop, &m) == GYRE_OK);
    return m;
  }
  gyre_state_report report(std::uint32_t state) {
    auto r = zero<gyre_state_report>();
    REQUIRE(gyre_loop_report(loop, state, &r) == GYRE_OK);
    return r;
  }
  gyre_status mode(std::int32_t mode) {
    auto change = zero<gyre_loop_change>();
    change.mode = mode;
    return gyre_loop_reconfigure(loop, &change, &err);
  }
};

}  // namespace

TEST_CASE("a loop of names and costs is tuned, and says what it found", "[capi]") {
  fixture f;
  f.add();
  f.run(600);
  double values[2] = {};
  std::uint32_t needed = 0;
  for (std::uint32_t state = 0; state < 2; ++state) {
    const gyre_state_report r = f.report(state);
    CAPTURE(state, r.best, r.estimate, r.probability);
    REQUIRE(gyre_loop_values(f.loop, r.best, values, 2, &needed) == GYRE_OK);
    CHECK(needed == 2);
    CHECK(values[0] == (state == 0 ? 3 : 6));
    CHECK(values[1] == (state == 0 ? 1 : 0));
    CHECK(r.estimate == Approx(-20).margin(1));
    CHECK(r.low <= r.estimate);
    CHECK(r.high >= r.estimate);
    CHECK(r.probability > .7);
    CHECK(r.trying < .2);
    CHECK(std::isnan(r.baseline));
    CHECK(r.observations > 290);
  }
  const gyre_tuning_metrics m = f.learned();
  CHECK(m.states == 2);
  CHECK(m.actions == 10);
  CHECK(m.decisions == static_cast<std::uint64_t>(f.did.ticks));
  CHECK(m.observations == m.decisions);
  char json[65536];
  REQUIRE(gyre_snapshot_json(f.engine, json, sizeof json, &needed, nullptr) == GYRE_OK);
  CHECK(std::string(json).find("\"zlib\"") != std::string::npos);
  CHECK(std::string(json).find("\"write\"") != std::string::npos);
  CHECK(gyre_loop_values(f.loop, 10, values, 2, &needed) == GYRE_E_ARG);
  auto r = zero<gyre_state_report>();
  CHECK(gyre_loop_report(f.loop, 2, &r) == GYRE_E_ARG);
  CHECK(gyre_loop_report(f.loop, 0, nullptr) == GYRE_E_ARG);
  CHECK(gyre_loop_learned(f.loop, nullptr) == GYRE_E_ARG);
}

TEST_CASE("a loop of C has the trace of the same loop in C++", "[capi]") {
  fixture f;
  f.knobs[0].order = GYRE_ORDER_NONE;
  f.feature.order = GYRE_ORDER_YES;
  f.baseline[0].value = 6;
  f.forbidden[0].value = 9;
  f.forbidden[1].value = 1;
  f.forbidden[2].rule = 1;
  f.forbidden[2].value = 0;
  f.tuning.baseline = f.baseline;
  f.tuning.forbidden = f.forbidden;
  f.tuning.baseline_count = 2;
  f.tuning.forbidden_count = 3;
  f.tuning.budget = .2;
  f.tuning.one_step = 1;
  f.add();
  f.run(400);
  gyre::engine model({.driver = gyre::driver::virtual_time});
  service s;
  auto added = model.add(
      {.name = "serve",
       .interval = std::chrono::milliseconds(10),
       .jitter = 0,
       .features = {{"request", {"read", "write"}, gyre::order::yes}},
       .knobs = {{"level", {0, 1, 3, 6, 9}, gyre::order::none}, {"codec", {"zlib", "none"}}},
       .tuning = {.baseline = {{"level", 6}, {"codec", 0}},
                  .budget = .2,
                  .forbidden = {{{"level", 9}, {"codec", 1}}, {{"level", 0}}},
                  .one_step = true}},
      [&](gyre::tick& t) {
        (void)t.feature("request", s.ticks % 2);
        const double level = t.knob("level"), codec = t.knob("codec");
        (void)t.cost(cost_of(level, codec, s.ticks) + s.noise());
        ++s.ticks;
      });
  REQUIRE(added);
  REQUIRE(model.start());
  REQUIRE(model.advance_to(gyre::from_ms(4000).value()));
  char hash[17];
  REQUIRE(gyre_trace_hash(f.engine, hash, sizeof hash, nullptr) == GYRE_OK);
  CHECK(model.trace_hash() == hash);
  CHECK(f.learned().held_budget > 0);
  CHECK(std::isfinite(f.report(0).baseline));
}

TEST_CASE("a loop observes, freezes and tunes as it is told", "[capi]") {
  fixture f;
  f.baseline[0].value = 6;
  f.baseline[1].value = 1;
  f.tuning.baseline = f.baseline;
  f.tuning.baseline_count = 2;
  f.tuning.mode = GYRE_TUNING_OBSERVE;
  f.add();
  f.run(100);
  CHECK(f.learned().cells_tried == 2);  // the baseline, in two states
  CHECK(f.did.last_level == 6);
  CHECK(f.mode(4) == GYRE_E_UNSUPPORTED);
  CHECK(f.mode(-1) == GYRE_E_UNSUPPORTED);
  REQUIRE(f.mode(GYRE_TUNING_TUNE) == GYRE_OK);
  f.run(400);
  const gyre_tuning_metrics tuned = f.learned();
  CHECK(tuned.cells_tried > 4);
  REQUIRE(f.mode(GYRE_TUNING_FROZEN) == GYRE_OK);
  f.run(100);
  CHECK(f.learned().cells_tried == tuned.cells_tried);
  CHECK(f.learned().observations == tuned.observations);
  auto change = zero<gyre_loop_change>();
  change.reserved_2 = 1;
  CHECK(gyre_loop_reconfigure(f.loop, &change, &f.err) == GYRE_E_ARG);
}

TEST_CASE("a loop's rails are refused in words, who learns otherwise has no report", "[capi]") {
  fixture f;
  f.tuning.at_random = 1.1;
  CHECK(gyre_loop_create(f.engine, &f.options, &f.loop, &f.err) == GYRE_E_ARG);
  CHECK(std::string(f.err.text).find("at_random is 0..1, not 1.1") != std::string::npos);
  f.tuning.at_random = 0;
  f.forbidden[0].value = 4;
  f.tuning.forbidden = f.forbidden;
  f.tuning.forbidden_count = 1;
  CHECK(gyre_loop_create(f.engine, &f.options, &f.loop, &f.err) == GYRE_E_ARG);
  CHECK(std::string(f.err.text).find("4 is no value of knob \"level\"") != std::string::npos);
  f.options.tuning = nullptr;
  f.options.flags = GYRE_LOOP_ENGINE_FEATURES;
  CHECK(gyre_loop_create(f.engine, &f.options, &f.loop, &f.err) == GYRE_E_ARG);
  f.options.features = nullptr;
  f.options.feature_count = 0;
  f.options.flags = GYRE_LOOP_ENGINE_FEATURES | GYRE_LOOP_STATELESS;
  CHECK(gyre_loop_create(f.engine, &f.options, &f.loop, &f.err) == GYRE_E_ARG);
  f.options.flags = GYRE_LOOP_ENGINE_FEATURES | GYRE_LOOP_SEQUENTIAL;
  f.add();
  f.run(5);
  auto m = zero<gyre_tuning_metrics>();
  auto metrics = zero<gyre_loop_metrics>();
  CHECK(gyre_loop_learned(f.loop, &m) == GYRE_E_STATE);
  REQUIRE(gyre_loop_metrics_read(f.loop, &metrics) == GYRE_OK);
  CHECK(metrics.states == 96);
  f.options.name = "no knobs";
  f.options.knob_count = 0;
  f.options.flags = 0;
  f.add();
  double value = 0;
  CHECK(gyre_loop_learned(f.loop, &m) == GYRE_E_STATE);
  CHECK(gyre_loop_values(f.loop, 0, &value, 1, nullptr) == GYRE_E_STATE);
}

TEST_CASE("a tick rules settings out and says what others set, over C", "[capi]") {
  fixture f;
  f.options.tick = [](void* user, gyre_tick tick, gyre_status* status) {
    auto& s = *static_cast<service*>(user);
    double level = 0;
    const bool sets = s.ticks % 2 == 1;
    if (gyre_tick_feature(tick, "request", sets ? 1 : 0) != GYRE_OK) return;
    const bool rules = !sets && s.ticks >= 150;  // when it is known to be good
    if (rules && gyre_tick_forbid(tick, "level", 3) != GYRE_OK) return;
    if (gyre_tick_knob(tick, "level", &level) != GYRE_OK) return;
    if (rules) s.spent += level == 3 ? 1 : 0;
    if (sets && gyre_tick_used(tick, "level", 9) != GYRE_OK) return;
    if (sets && gyre_tick_used(tick, "codec", 1) != GYRE_OK) return;
    if (gyre_tick_cost(tick, cost_of(level, 1, 0) + s.noise()) != GYRE_OK) return;
    ++s.ticks;
    *status = GYRE_OK;
  };
  f.add();
  f.run(300);
  CHECK(f.did.ticks > 290);
  CHECK(f.did.spent == 0);  // never level 3 where it is ruled out
  CHECK(f.learned().held_forbidden > 0);
  CHECK(f.report(1).observations == static_cast<std::uint64_t>(f.did.ticks / 2));
  CHECK(f.learned().cells_tried <= 11);  // of these one in state 1
  f.options.name = "wrong";
  f.options.tick = [](void*, gyre_tick tick, gyre_status*) {
    double level = 0;
    CHECK(gyre_tick_forbid(tick, "nobody", 3) == GYRE_E_NOT_FOUND);
    CHECK(gyre_tick_forbid(tick, nullptr, 3) == GYRE_E_ARG);
    CHECK(gyre_tick_used(tick, nullptr, 3) == GYRE_E_ARG);
    CHECK(gyre_tick_used(tick, "level", 4) == GYRE_E_ARG);
    CHECK(gyre_tick_knob(tick, "level", &level) == GYRE_OK);
    CHECK(gyre_tick_forbid(tick, "level", 3) == GYRE_E_STATE);
  };
  f.add();
  f.run(1);
}

TEST_CASE("rewards come later than their ticks, and limits are kept, over C", "[capi]") {
  struct later : service {
    std::vector<std::pair<std::uint32_t, double>> open;
  } did;
  fixture f;
  f.options.user = &did;
  f.options.knob_count = 1;
  f.options.features = nullptr;
  f.options.feature_count = 0;
  f.options.tick = [](void* user, gyre_tick tick, gyre_status* status) {
    auto& s = *static_cast<later*>(user);
    double level = 0;
    std::uint32_t ticket = 0;
    CHECK(gyre_tick_reward_later(tick, nullptr) == GYRE_E_ARG);
    if (gyre_tick_knob(tick, "level", &level) != GYRE_OK) return;
    if (gyre_tick_limit(tick, "p99_ms", 10 * level + s.noise(), 75) != GYRE_OK) return;
    if (gyre_tick_reward_later(tick, &ticket) != GYRE_OK) return;
    s.open.emplace_back(ticket, level + s.noise() / 10);
    s.last_level = level;
    ++s.ticks;
    *status = GYRE_OK;
  };
  f.add();
  for (int i = 0; i < 400; ++i) {
    f.run(1);
    for (const auto& [ticket, reward] : did.open) {
      REQUIRE(gyre_loop_reward(f.loop, ticket, reward, &f.err) == GYRE_OK);
      if (i == 9) CHECK(gyre_loop_reward(f.loop, ticket, reward, &f.err) == GYRE_E_STALE);
    }
    did.open.clear();
  }
  CHECK(did.last_level == 6);  // 9 earns more, and breaks the limit
  const gyre_tuning_metrics m = f.learned();
  CHECK(m.observations == static_cast<std::uint64_t>(did.ticks));
  CHECK(m.late_twice == 1);
  CHECK(m.late_open == 0);
  CHECK(m.held_limits > 0);
  CHECK(f.report(0).best == 3);
  CHECK(f.report(0).avoided == 1);
  auto row = zero<gyre_limit>();
  std::uint32_t needed = 0;
  CHECK(gyre_loop_limits(f.loop, nullptr, 0, &needed) == GYRE_E_BUFFER);
  REQUIRE(gyre_loop_limits(f.loop, &row, 1, &needed) == GYRE_OK);
  CHECK(std::string(row.name) == "p99_ms");
  CHECK(row.at_most == 75);
  CHECK(row.observations == m.observations);
  CHECK(row.broken > 0);
  CHECK(gyre_loop_reward(f.loop, 0, 1, &f.err) != GYRE_OK);
  CHECK(gyre_loop_reward(f.loop, 1, std::nan(""), &f.err) == GYRE_E_ARG);
}

TEST_CASE("an episode that ends, or is cut off, is told over C", "[capi]") {
  // Two ticks an episode; the second earns 8. Cut off, what follows still counts.
  const auto q_of_first = [](gyre_status (*ends)(gyre_tick)) {
    struct corridor {
      gyre_status (*ends)(gyre_tick);
      int at = 0;
    } walk{ends};
    const double one[] = {1}, edges[] = {.5};
    auto knob = zero<gyre_knob>();
    knob.name = "go";
    knob.count = 1;
    knob.values = one;
    auto feature = zero<gyre_feature>();
    feature.name = "at";
    feature.count = 1;
    feature.edges = edges;
    auto options = kit::loop_of("walk", [](void* user, gyre_tick tick, gyre_status* status) {
      auto& w = *static_cast<corridor*>(user);
      double go = 0;
      (void)gyre_tick_feature(tick, "at", w.at);
      (void)gyre_tick_knob(tick, "go", &go);
      (void)gyre_tick_reward(tick, w.at == 1 ? 8 : 0);
      if (w.at == 1) (void)w.ends(tick);
      w.at = 1 - w.at;
      *status = GYRE_OK;
    }, &walk);
    options.destroy = nullptr;
    options.flags = GYRE_LOOP_SEQUENTIAL;
    options.knobs = &knob;
    options.features = &feature;
    options.knob_count = options.feature_count = 1;
    const gyre_engine engine = kit::make_engine(GYRE_DRIVER_VIRTUAL);
    gyre_loop loop = 0;
    REQUIRE(gyre_loop_create(engine, &options, &loop, nullptr) == GYRE_OK);
    REQUIRE(gyre_engine_start(engine, nullptr) == GYRE_OK);
    REQUIRE(gyre_engine_advance_to(engine, 20'000, nullptr) == GYRE_OK);
    std::uint32_t needed = 0;
    (void)gyre_snapshot_json(engine, nullptr, 0, &needed, nullptr);
    std::string json(needed + 1024, ' ');
    REQUIRE(gyre_snapshot_json(engine, json.data(), needed + 1024, &needed, nullptr) == GYRE_OK);
    CHECK(gyre_engine_destroy(engine, nullptr) == GYRE_OK);
    const std::size_t at = json.find("\"q\":[");
    REQUIRE(at != std::string::npos);
    const std::size_t number = json.find_first_of("0123456789", at);
    return std::strtod(json.c_str() + number, nullptr);
  };
  CHECK(q_of_first(gyre_tick_terminated) == Approx(.95 * 8).epsilon(.02));
  CHECK(q_of_first(gyre_tick_truncated) > 20);  // 0.95 of 8 and of all that comes after
}

}  // namespace tuned_loop
