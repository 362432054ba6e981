// bad_input.cpp - each wrong argument is a clear error, and nothing has changed after it.
// Method: tables of cases; after each the counts of loops, rows and messages are what they were.
#include <cmath>
#include <limits>
#include <string>

#include "kit.hpp"

using kit::zero;

namespace {
const double not_a_number = std::numeric_limits<double>::quiet_NaN();
const double infinite = std::numeric_limits<double>::infinity();

void well(void*, gyre_tick, gyre_status* status) { *status = GYRE_OK; }

struct fixture {
  gyre_engine engine = 0;
  gyre_error err = zero<gyre_error>();
  double values[3] = {1, 2, 3};
  gyre_knob knob = zero<gyre_knob>();
  gyre_feature feature = zero<gyre_feature>();
  gyre_loop_options options = zero<gyre_loop_options>();

  fixture() {
    auto how = zero<gyre_engine_options>();
    how.driver = GYRE_DRIVER_VIRTUAL;
    REQUIRE(gyre_engine_create(&how, &engine, &err) == GYRE_OK);
    knob.count = feature.count = 3;
    knob.name = "knob";
    feature.name = "feature";
    knob.values = feature.edges = values;
    options.name = "loop";
    options.interval_ms = 10;
    options.tick = well;
  }
  ~fixture() { CHECK(gyre_engine_destroy(engine, nullptr) == GYRE_OK); }
  fixture(const fixture&) = delete;
  fixture& operator=(const fixture&) = delete;

  std::uint32_t loops() {
    auto totals = zero<gyre_totals>();
    REQUIRE(gyre_snapshot_totals(engine, &totals) == GYRE_OK);
    return totals.loops;
  }
  /// Creating must fail with `status`, say `word`, touch nothing.
  void refused(gyre_status status, const char* word) {
    gyre_loop out = 77;
    err = zero<gyre_error>();
    const std::uint32_t before = loops();
    const gyre_status got = gyre_loop_create(engine, &options, &out, &err);
    CAPTURE(word, err.text);
    CHECK(got == status);
    CHECK(err.code == status);
    CHECK(std::string(err.text).find(word) != std::string::npos);
    CHECK(out == 77);
    CHECK(loops() == before);
  }
};
}  // namespace

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
  SECTION("callback and gates") {
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
}

TEST_CASE("null pointers are errors", "[capi]") {
  fixture f;
  gyre_engine engine = 0;
  gyre_loop loop = 0;
  std::uint32_t needed = 0;
  CHECK(gyre_engine_create(nullptr, nullptr, &f.err) == GYRE_E_ARG);
  CHECK(gyre_loop_create(f.engine, nullptr, &loop, &f.err) == GYRE_E_ARG);
  CHECK(gyre_loop_create(f.engine, &f.options, nullptr, nullptr) == GYRE_E_ARG);
  CHECK(gyre_loop_find(f.engine, nullptr, &loop, nullptr) == GYRE_E_ARG);
  CHECK(gyre_loop_find(f.engine, "loop", nullptr, nullptr) == GYRE_E_ARG);
  CHECK(gyre_engine_now(f.engine, nullptr) == GYRE_E_ARG);
  CHECK(gyre_engine_state(f.engine, nullptr) == GYRE_E_ARG);
  CHECK(gyre_engine_supply(f.engine, nullptr, nullptr) == GYRE_E_ARG);
  CHECK(gyre_tick_acquire(f.engine, nullptr, 8, &needed, nullptr) == GYRE_E_ARG);
  CHECK(gyre_bus_publish(f.engine, nullptr, "", 0, nullptr, nullptr) == GYRE_E_ARG);
  CHECK(gyre_bus_publish(f.engine, "a", nullptr, 3, nullptr, nullptr) == GYRE_E_ARG);
  CHECK(gyre_bus_subscribe(f.engine, nullptr, nullptr, &loop, nullptr) == GYRE_E_ARG);
  CHECK(gyre_bus_subscribe(f.engine, "a", nullptr, nullptr, nullptr) == GYRE_E_ARG);
  CHECK(gyre_replay_create(nullptr, &engine, nullptr) == GYRE_E_ARG);
  CHECK(gyre_learner_create(nullptr, &engine, nullptr) == GYRE_E_ARG);
  CHECK(gyre_memory_remember(f.engine, nullptr, nullptr) == GYRE_E_ARG);
  CHECK(gyre_memory_metrics_read(f.engine, nullptr) == GYRE_E_ARG);
  CHECK(gyre_compress(nullptr, 5, 6, nullptr, 0, &needed, nullptr) == GYRE_E_ARG);
  CHECK(gyre_decompress(nullptr, 5, nullptr, 5, nullptr) == GYRE_E_ARG);
  CHECK(gyre_graph_connect(f.engine, nullptr, "b", 0.5, nullptr) == GYRE_E_ARG);
  CHECK(gyre_graph_score(f.engine, nullptr) == GYRE_E_ARG);
  CHECK(gyre_snapshot_loops(f.engine, nullptr, 0, &needed) == GYRE_OK);  // no loops, none needed
  CHECK(gyre_snapshot_totals(f.engine, nullptr) == GYRE_E_ARG);
}

TEST_CASE("a struct that says no size, or sets what is not known, is refused", "[capi]") {
  fixture f;
  gyre_loop out = 0;
  f.options.size = 0;
  f.refused(GYRE_E_ARG, "size");
  f.options.size = 8;
  f.refused(GYRE_E_ARG, "size");
  f.options.size = 1u << 20;
  f.refused(GYRE_E_ARG, "size");

  struct newer {  // what a header of a later version would declare
    gyre_loop_options known;
    double of_tomorrow;
  } later;
  std::memset(&later, 0, sizeof later);
  later.known = f.options;
  later.known.size = sizeof later;
  later.of_tomorrow = 0.5;
  CHECK(gyre_loop_create(f.engine, &later.known, &out, &f.err) == GYRE_E_UNSUPPORTED);
  CHECK(std::string(f.err.text).find("upgrade") != std::string::npos);
  CHECK(f.loops() == 0);
  later.of_tomorrow = 0;
  CHECK(gyre_loop_create(f.engine, &later.known, &out, &f.err) == GYRE_OK);

  struct newer_totals {
    gyre_totals known;
    double of_tomorrow;
  } read;
  std::memset(&read, 0x55, sizeof read);
  read.known.size = sizeof read;
  CHECK(gyre_snapshot_totals(f.engine, &read.known) == GYRE_OK);
  CHECK(read.known.size == sizeof read);
  CHECK(read.of_tomorrow == 0);  // not known here, so 0 and not garbage

  gyre_error unset;
  std::memset(&unset, 0, sizeof unset);
  CHECK(gyre_engine_start(f.engine, &unset) == GYRE_E_ARG);
  auto how = zero<gyre_engine_options>();
  how.api_version = 0x990000;
  CHECK(gyre_engine_create(&how, &out, &f.err) == GYRE_E_ABI);
  how.api_version = GYRE_VERSION;
  how.driver = 9;
  CHECK(gyre_engine_create(&how, &out, &f.err) == GYRE_E_UNSUPPORTED);
}

TEST_CASE("ids that are dead, foreign or of another kind are errors in every call", "[capi]") {
  fixture f;
  auto rows = zero<gyre_replay_options>();
  rows.row_size = 4;
  gyre_replay replay = 0;
  REQUIRE(gyre_replay_create(&rows, &replay, nullptr) == GYRE_OK);
  gyre_loop loop = 0;
  REQUIRE(gyre_loop_create(f.engine, &f.options, &loop, nullptr) == GYRE_OK);
  REQUIRE(gyre_loop_remove(loop, nullptr) == GYRE_OK);
  struct {
    std::uint32_t id;
    gyre_status of_engine, of_loop, of_replay;
  } const cases[] = {
      {0, GYRE_E_STALE, GYRE_E_STALE, GYRE_E_STALE},
      {0xFFFFFFFFu, GYRE_E_STALE, GYRE_E_STALE, GYRE_E_STALE},
      {f.engine ^ 0x00100000u, GYRE_E_STALE, GYRE_E_KIND, GYRE_E_KIND},  // another generation
      {f.engine ^ 0x000F0000u, GYRE_E_STALE, GYRE_E_KIND, GYRE_E_KIND},  // another index
      {loop, GYRE_E_KIND, GYRE_E_STALE, GYRE_E_KIND},
      {replay, GYRE_E_KIND, GYRE_E_KIND, GYRE_OK},
  };
  for (const auto& c : cases) {
    CAPTURE(c.id);
    double number = 0;
    std::uint32_t count = 0;
    char text[32];
    auto info = zero<gyre_engine_info>();
    auto reading = zero<gyre_reading>();
    auto record = zero<gyre_record>();
    record.text = "x";
    auto memory = zero<gyre_memory_metrics>();
    auto totals = zero<gyre_totals>();
    gyre_tick ticks[4];
    CHECK(gyre_engine_start(c.id, nullptr) == c.of_engine);
    CHECK(gyre_engine_stop(c.id, 0, nullptr, 0, nullptr, nullptr) == c.of_engine);
    CHECK(gyre_engine_poll(c.id, 0, 0, nullptr, nullptr) == c.of_engine);
    CHECK(gyre_engine_advance_to(c.id, 0, nullptr) == c.of_engine);
    CHECK(gyre_engine_jump_to(c.id, 0, nullptr) == c.of_engine);
    CHECK(gyre_engine_now(c.id, &number) == c.of_engine);
    CHECK(gyre_engine_state(c.id, &info) == c.of_engine);
    CHECK(gyre_engine_supply(c.id, &reading, nullptr) == c.of_engine);
    CHECK(gyre_engine_sync(c.id, nullptr) == c.of_engine);
    CHECK(gyre_engine_destroy(c.id, nullptr) == c.of_engine);
    CHECK(gyre_loop_find(c.id, "loop", &count, nullptr) == c.of_engine);
    CHECK(gyre_tick_acquire(c.id, ticks, 4, &count, nullptr) == c.of_engine);
    CHECK(gyre_bus_publish(c.id, "a", nullptr, 0, nullptr, nullptr) == c.of_engine);
    CHECK(gyre_bus_subscribe(c.id, "a", nullptr, &count, nullptr) == c.of_engine);
    CHECK(gyre_memory_remember(c.id, &record, nullptr) == c.of_engine);
    CHECK(gyre_memory_recall(c.id, nullptr, text, 32, &count, nullptr) == c.of_engine);
    CHECK(gyre_memory_consolidate(c.id, nullptr) == c.of_engine);
    CHECK(gyre_memory_metrics_read(c.id, &memory) == c.of_engine);
    CHECK(gyre_graph_connect(c.id, "a", "b", 0.1, nullptr) == c.of_engine);
    CHECK(gyre_graph_score(c.id, &number) == c.of_engine);
    CHECK(gyre_society_add(c.id, 1, nullptr) == c.of_engine);
    CHECK(gyre_snapshot_json(c.id, text, 32, &count, nullptr) == c.of_engine);
    CHECK(gyre_snapshot_loops(c.id, nullptr, 0, &count) == c.of_engine);
    CHECK(gyre_snapshot_totals(c.id, &totals) == c.of_engine);
    CHECK(gyre_trace_hash(c.id, text, 32, &count) == c.of_engine);

    auto metrics = zero<gyre_loop_metrics>();
    auto change = zero<gyre_loop_change>();
    CHECK(gyre_loop_pause(c.id) == c.of_loop);
    CHECK(gyre_loop_resume(c.id) == c.of_loop);
    CHECK(gyre_loop_trigger(c.id) == c.of_loop);
    CHECK(gyre_loop_reconfigure(c.id, &change, nullptr) == c.of_loop);
    CHECK(gyre_loop_metrics_read(c.id, &metrics) == c.of_loop);
    CHECK(gyre_loop_knob(c.id, "knob", &number) == c.of_loop);
    CHECK(gyre_loop_remove(c.id, nullptr) == c.of_loop);

    for (const gyre_status status :
         {gyre_tick_knob(c.id, "k", &number), gyre_tick_feature(c.id, "f", 1),
          gyre_tick_reward(c.id, 1), gyre_tick_vitality(c.id, 1), gyre_tick_fail(c.id, "x"),
          gyre_tick_spend(c.id, 1), gyre_tick_cancelled(c.id), gyre_tick_complete(c.id, nullptr),
          gyre_bus_unsubscribe(c.id), gyre_learner_destroy(c.id),
          gyre_learner_q(c.id, nullptr, 0, &count)}) {
      CHECK((status == GYRE_E_STALE || status == GYRE_E_KIND));
    }
    auto stats = zero<gyre_replay_metrics>();
    CHECK(gyre_replay_metrics_read(c.id, &stats) == c.of_replay);
    CHECK(gyre_replay_push(c.id, "abcd", 1) == c.of_replay);
  }
  CHECK(gyre_replay_destroy(replay) == GYRE_OK);
  CHECK(gyre_replay_destroy(replay) == GYRE_E_STALE);
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

TEST_CASE("the virtual clock goes forward only and numbers must be numbers", "[capi]") {
  fixture f;
  REQUIRE(gyre_engine_start(f.engine, nullptr) == GYRE_OK);
  REQUIRE(gyre_engine_advance_to(f.engine, 10, &f.err) == GYRE_OK);
  CHECK(gyre_engine_advance_to(f.engine, 5, &f.err) == GYRE_OK);  // no effect
  CHECK(gyre_engine_jump_to(f.engine, 5, &f.err) == GYRE_E_ARG);
  for (const double to : {-1.0, not_a_number, infinite, 1e300}) {
    CHECK(gyre_engine_advance_to(f.engine, to, &f.err) == GYRE_E_ARG);
    CHECK(gyre_engine_jump_to(f.engine, to, &f.err) == GYRE_E_ARG);
  }
  double now = 0;
  CHECK(gyre_engine_now(f.engine, &now) == GYRE_OK);
  CHECK(now == 10);
  CHECK(gyre_engine_poll(f.engine, 20, 0, nullptr, &f.err) == GYRE_E_STATE);  // wrong driver
  CHECK(gyre_engine_stop(f.engine, not_a_number, nullptr, 0, nullptr, &f.err) == GYRE_E_ARG);
  auto change = zero<gyre_loop_change>();
  gyre_loop loop = 0;
  REQUIRE(gyre_loop_create(f.engine, &f.options, &loop, nullptr) == GYRE_OK);
  for (const double interval : {-1.0, not_a_number, infinite}) {
    change.interval_ms = interval;
    CHECK(gyre_loop_reconfigure(loop, &change, &f.err) == GYRE_E_ARG);
  }
}

TEST_CASE("topics and patterns keep the grammar", "[capi]") {
  fixture f;
  gyre_subscription sub = 0;
  for (const char* topic : {"", ".", "a.", ".a", "a..b", "a.*", "a.>", "a b"}) {
    CAPTURE(topic);
    CHECK(gyre_bus_publish(f.engine, topic, nullptr, 0, nullptr, &f.err) == GYRE_E_ARG);
  }
  for (const char* pattern : {"", ".", "a.", "a..b", "a.>.b", "a b"}) {
    CAPTURE(pattern);
    CHECK(gyre_bus_subscribe(f.engine, pattern, nullptr, &sub, &f.err) == GYRE_E_ARG);
  }
  auto how = zero<gyre_subscription_options>();
  how.overflow = 7;
  CHECK(gyre_bus_subscribe(f.engine, "a", &how, &sub, &f.err) == GYRE_E_UNSUPPORTED);
  auto metrics = zero<gyre_bus_metrics>();
  REQUIRE(gyre_bus_metrics_read(f.engine, &metrics) == GYRE_OK);
  CHECK(metrics.subscriptions == 0);
  CHECK(metrics.published == 0);
}

TEST_CASE("replay, learner, memory, graph and compression say what is wrong", "[capi]") {
  fixture f;
  std::uint32_t id = 0, needed = 0;
  auto rows = zero<gyre_replay_options>();
  CHECK(gyre_replay_create(&rows, &id, &f.err) == GYRE_E_ARG);  // row_size 0
  rows.row_size = 65'536;
  rows.capacity = 65'536;
  CHECK(gyre_replay_create(&rows, &id, &f.err) == GYRE_E_ARG);  // 4 GiB
  rows.row_size = 1;
  rows.capacity = 1u << 28;
  CHECK(gyre_replay_create(&rows, &id, &f.err) == GYRE_E_ARG);  // with its bookkeeping 1.5 GiB
  rows.row_size = 4;
  rows.capacity = 4;
  REQUIRE(gyre_replay_create(&rows, &id, &f.err) == GYRE_OK);
  char row[4] = "abc";
  CHECK(gyre_replay_sample(id, row, 1, 0) == GYRE_E_STATE);  // empty
  CHECK(gyre_replay_push(id, nullptr, 1) == GYRE_E_ARG);
  CHECK(gyre_replay_sample(id, row, 1, 8) == GYRE_E_UNSUPPORTED);
  REQUIRE(gyre_replay_destroy(id) == GYRE_OK);

  auto mind = zero<gyre_learner_options>();
  CHECK(gyre_learner_create(&mind, &id, &f.err) == GYRE_E_ARG);
  mind.states = 65'536;
  mind.actions = 2;
  CHECK(gyre_learner_create(&mind, &id, &f.err) == GYRE_E_ARG);
  CHECK(std::string(f.err.text).find("131072") != std::string::npos);
  mind.states = 3;
  mind.discount = 1.5;
  CHECK(gyre_learner_create(&mind, &id, &f.err) == GYRE_E_ARG);
  mind.discount = 0;
  REQUIRE(gyre_learner_create(&mind, &id, &f.err) == GYRE_OK);
  const std::uint32_t states[] = {0, 3};
  std::uint32_t actions[] = {9, 9};
  CHECK(gyre_learner_choose(id, states, actions, 2) == GYRE_E_ARG);
  CHECK(actions[0] == 9);
  gyre_transition both[2] = {zero<gyre_transition>(), zero<gyre_transition>()};
  both[1].reward = not_a_number;
  CHECK(gyre_learner_observe(id, both, 2) == GYRE_E_ARG);
  both[1].reward = 1e39;  // no float holds it
  CHECK(gyre_learner_observe(id, both, 2) == GYRE_E_ARG);
  both[1].reward = 0;
  both[1].next = 3;
  CHECK(gyre_learner_observe(id, both, 2) == GYRE_E_ARG);
  auto learned = zero<gyre_learner_metrics>();
  REQUIRE(gyre_learner_metrics_read(id, &learned) == GYRE_OK);
  CHECK(learned.observations == 0);
  float q[2];
  CHECK(gyre_learner_q(id, q, 2, &needed) == GYRE_E_BUFFER);
  CHECK(needed == 6);
  REQUIRE(gyre_learner_destroy(id) == GYRE_OK);

  auto record = zero<gyre_record>();
  CHECK(gyre_memory_remember(f.engine, &record, &f.err) == GYRE_E_ARG);  // no text
  record.text = "x";
  record.importance = 2;
  CHECK(gyre_memory_remember(f.engine, &record, &f.err) == GYRE_E_ARG);
  record.importance = 0;
  record.tag_count = 1;
  CHECK(gyre_memory_remember(f.engine, &record, &f.err) == GYRE_E_ARG);  // tags NULL
  record.tag_count = 0;
  const std::string long_text(300'000, 'x');
  record.text = long_text.c_str();
  CHECK(gyre_memory_remember(f.engine, &record, &f.err) == GYRE_E_BUDGET);
  auto memory = zero<gyre_memory_metrics>();
  REQUIRE(gyre_memory_metrics_read(f.engine, &memory) == GYRE_OK);
  CHECK(memory.remembered == 0);

  gyre_loop loop = 0;
  REQUIRE(gyre_loop_create(f.engine, &f.options, &loop, &f.err) == GYRE_OK);
  CHECK(gyre_graph_connect(f.engine, "loop", "nobody", 0.5, &f.err) == GYRE_E_NOT_FOUND);
  CHECK(gyre_graph_connect(f.engine, "loop", "loop", 0.5, &f.err) == GYRE_E_ARG);
  CHECK(gyre_graph_connect(f.engine, "loop", "loop", not_a_number, &f.err) == GYRE_E_ARG);
  CHECK(gyre_society_add(f.engine, -1, &f.err) == GYRE_E_ARG);
  CHECK(gyre_society_add(f.engine, not_a_number, &f.err) == GYRE_E_ARG);
  CHECK(gyre_loop_find(f.engine, "nobody", &loop, &f.err) == GYRE_E_NOT_FOUND);

  char packed[64], raw[8];
  CHECK(gyre_compress("abc", 3, 10, packed, 64, &needed, &f.err) == GYRE_E_ARG);
  CHECK(gyre_compress("abc", 3, 6, packed, 1, &needed, &f.err) == GYRE_E_BUFFER);
  CHECK(needed > 1);
  REQUIRE(gyre_compress("abc", 3, 6, packed, 64, &needed, &f.err) == GYRE_OK);
  CHECK(gyre_decompress(packed, needed, raw, 4, &f.err) == GYRE_E_CORRUPT);
  CHECK(gyre_decompress("garbage!", 8, raw, 3, &f.err) == GYRE_E_CORRUPT);
  REQUIRE(gyre_decompress(packed, needed, raw, 3, &f.err) == GYRE_OK);
  CHECK(std::memcmp(raw, "abc", 3) == 0);
}
