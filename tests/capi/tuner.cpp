// tuner.cpp - a tuner by itself: what gyre::tuner is, over C; each wrong argument is an error.
// Method: model, a gyre::tuner of the same options fed alike; tables of what is refused, after
// which its figures are what they were.
#include <string>
#include <thread>
#include <vector>

#include <gyre/learn/space.hpp>
#include <gyre/learn/tuner.hpp>

#include "kit.hpp"

namespace tuner_alone {

using kit::zero;

namespace {

const char* const codecs[] = {"zlib", "none", "other"};
const char* const requests[] = {"read", "write"};

/// 5 levels x 3 codecs by 3 speeds and 2 requests.
struct fixture {
  double levels[5] = {0, 1, 3, 6, 9};
  double edges[2] = {10, 100};
  gyre_knob knobs[2] = {zero<gyre_knob>(), zero<gyre_knob>()};
  gyre_feature features[2] = {zero<gyre_feature>(), zero<gyre_feature>()};
  gyre_setting baseline[2] = {zero<gyre_setting>(), zero<gyre_setting>()};
  gyre_setting forbidden[2] = {zero<gyre_setting>(), zero<gyre_setting>()};
  gyre_tuning tuning = zero<gyre_tuning>();
  gyre_tuner_options options = zero<gyre_tuner_options>();
  gyre_error err = zero<gyre_error>();
  gyre_tuner id = 0;

  fixture() {
    knobs[0].name = "level";
    knobs[0].count = 5;
    knobs[0].values = levels;
    knobs[1].name = "codec";
    knobs[1].count = 3;
    knobs[1].names = codecs;
    features[0].name = "link";
    features[0].count = 2;
    features[0].edges = edges;
    features[1].name = "request";
    features[1].count = 2;
    features[1].names = requests;
    options.knobs = knobs;
    options.features = features;
    options.knob_count = options.feature_count = 2;
    options.seed = 7;
    baseline[0].knob = forbidden[0].knob = "level";
    baseline[1].knob = forbidden[1].knob = "codec";
    baseline[0].value = 6;
    forbidden[0].value = 9;  // with "other" only
    forbidden[1].value = 2;
  }
  ~fixture() {
    if (id != 0) CHECK(gyre_tuner_destroy(id) == GYRE_OK);
  }
  fixture(const fixture&) = delete;
  fixture& operator=(const fixture&) = delete;

  void with_rails() {
    tuning.baseline = baseline;
    tuning.forbidden = forbidden;
    tuning.baseline_count = tuning.forbidden_count = 2;
    options.tuning = &tuning;
  }
  void make() { REQUIRE(gyre_tuner_create(&options, &id, &err) == GYRE_OK); }
  void refused(gyre_status status, const char* word) {
    gyre_tuner out = 77;
    err = zero<gyre_error>();
    const gyre_status got = gyre_tuner_create(&options, &out, &err);
    CAPTURE(word, err.text);
    CHECK(got == status);
    CHECK(std::string(err.text).find(word) != std::string::npos);
    CHECK(out == 77);
  }
};

/// What an action earns in a state; the noise is the caller's.
double worth(std::uint32_t state, std::uint32_t action) {
  const double off = static_cast<double>(action) - 2.0 * state;
  return 10 - .1 * off * off;
}

/// Every figure of the two is the same.
void same_figures(gyre_tuner id, const gyre::tuner& model) {
  auto m = zero<gyre_tuning_metrics>();
  REQUIRE(gyre_tuner_metrics_read(id, &m) == GYRE_OK);
  const gyre::tuner_stats s = model.stats();
  CHECK(m.states == 6);
  CHECK(m.actions == 15);
  CHECK(m.decisions == 300);
  CHECK(m.observations == s.observations);
  CHECK(m.failures == 15);
  CHECK(m.cells_tried == s.cells_tried);
  CHECK(m.held_budget == s.interventions.budget);
  CHECK(m.held_budget > 0);
  CHECK(m.held_forbidden == s.interventions.forbidden);
  CHECK(m.held_limits == s.interventions.limits);
  CHECK(m.mean_reward == s.mean_reward);
  CHECK(m.lost == s.lost);
  CHECK(m.may_lose == s.may_lose);
  CHECK(m.sharing == s.sharing);
  CHECK(m.bytes == s.bytes);
  for (std::uint32_t state = 0; state < 6; ++state) {
    auto r = zero<gyre_state_report>();
    REQUIRE(gyre_tuner_report(id, state, &r) == GYRE_OK);
    const gyre::state_report is = model.report(state);
    CHECK(r.best == is.best);
    CHECK(r.observations == is.observations);
    CHECK(r.estimate == is.estimate);
    CHECK(r.low == is.low);
    CHECK(r.high == is.high);
    CHECK(r.probability == is.probability);
    CHECK(r.trying == is.trying);
    CHECK(r.baseline == is.baseline);
    CHECK(r.noise == is.noise);
  }
}

}  // namespace

TEST_CASE("a tuner by itself chooses and learns as gyre::tuner does", "[capi]") {
  fixture f;
  f.with_rails();
  f.tuning.at_random = .05;
  f.make();
  const auto where = gyre::space::make(
      {{"link", {10, 100}}, {"request", {"read", "write"}}},
      {{"level", {0, 1, 3, 6, 9}}, {"codec", {"zlib", "none", "other"}}}).value();
  gyre::tuner_options rails;
  rails.baseline = 9;
  rails.forbidden = {14};
  rails.at_random = .05;
  gyre::tuner model(where.shape(), rails, 7, 0);
  gyre::rng world(1, 2, gyre::purpose::user);
  for (int i = 0; i < 300; ++i) {
    const double seen[] = {static_cast<double>(world.below(200)), double(world.below(2))};
    std::uint32_t state = 99, action = 99;
    double propensity = 0;
    REQUIRE(gyre_tuner_state(f.id, seen, 2, &state) == GYRE_OK);
    const std::uint32_t buckets[] = {where.bucket(0, seen[0]), where.bucket(1, seen[1])};
    REQUIRE(state == where.state(buckets));
    const std::vector<std::uint32_t> not_now(i % 3, 4);
    const auto count = static_cast<std::uint32_t>(not_now.size());
    REQUIRE(gyre_tuner_choose(f.id, state, not_now.data(), count, &action, &propensity) ==
            GYRE_OK);
    const gyre::decision d = model.choose(state, not_now);
    REQUIRE(action == d.action);
    REQUIRE(propensity == d.propensity);
    if (i % 20 == 19) {
      REQUIRE(gyre_tuner_observe_failure(f.id, state, action) == GYRE_OK);
      (void)model.observe_failure(state, action);
    } else {
      const double reward = worth(state, action) + world.normal();
      REQUIRE(gyre_tuner_observe(f.id, state, action, reward) == GYRE_OK);
      (void)model.observe(state, action, reward);
    }
  }
  same_figures(f.id, model);
  double values[2] = {};
  std::uint32_t needed = 0;
  REQUIRE(gyre_tuner_values(f.id, 10, values, 2, &needed) == GYRE_OK);
  CHECK(needed == 2);
  CHECK(values[0] == 6);
  CHECK(values[1] == 1);
}

TEST_CASE("a tuner that was saved goes on draw for draw", "[capi]") {
  fixture a, b;
  a.make();
  b.make();
  std::uint32_t action = 0, other = 0, needed = 0;
  for (std::uint32_t i = 0; i < 200; ++i) {
    REQUIRE(gyre_tuner_choose(a.id, i % 6, nullptr, 0, &action, nullptr) == GYRE_OK);
    REQUIRE(gyre_tuner_observe(a.id, i % 6, action, worth(i % 6, action)) == GYRE_OK);
  }
  CHECK(gyre_tuner_save(a.id, nullptr, 0, &needed) == GYRE_E_BUFFER);
  std::vector<char> bytes(needed);
  REQUIRE(gyre_tuner_save(a.id, bytes.data(), needed, &needed) == GYRE_OK);
  REQUIRE(gyre_tuner_load(b.id, bytes.data(), needed, &b.err) == GYRE_OK);
  for (std::uint32_t i = 0; i < 100; ++i) {
    REQUIRE(gyre_tuner_choose(a.id, i % 6, nullptr, 0, &action, nullptr) == GYRE_OK);
    REQUIRE(gyre_tuner_choose(b.id, i % 6, nullptr, 0, &other, nullptr) == GYRE_OK);
    REQUIRE(action == other);
    REQUIRE(gyre_tuner_observe(a.id, i % 6, action, worth(i % 6, action)) == GYRE_OK);
    REQUIRE(gyre_tuner_observe(b.id, i % 6, action, worth(i % 6, action)) == GYRE_OK);
  }
  CHECK(gyre_tuner_load(b.id, bytes.data(), needed / 2, &b.err) == GYRE_E_CORRUPT);
  CHECK(gyre_tuner_load(b.id, "garbage!!", 9, &b.err) == GYRE_E_FORMAT);
  CHECK(gyre_tuner_load(b.id, nullptr, 0, &b.err) == GYRE_E_CORRUPT);
  fixture smaller;
  smaller.options.knob_count = 1;
  smaller.make();
  CHECK(gyre_tuner_load(smaller.id, bytes.data(), needed, &b.err) == GYRE_E_FORMAT);
  CHECK(std::string(b.err.text).find("6 states x 5 actions") != std::string::npos);
  REQUIRE(gyre_tuner_choose(a.id, 0, nullptr, 0, &action, nullptr) == GYRE_OK);
  REQUIRE(gyre_tuner_choose(b.id, 0, nullptr, 0, &other, nullptr) == GYRE_OK);
  CHECK(action == other);  // what was refused changed nothing
}

// The module's loader.test.mjs has the same numbers: the same bits natively and in WebAssembly.
TEST_CASE("a tuner's draws are those that its seed gives everywhere", "[capi]") {
  fixture f;
  f.make();
  std::uint32_t action = 0;
  std::uint64_t sum = 0;
  double propensity = 0, odds = 0;
  for (std::uint32_t i = 0; i < 300; ++i) {
    REQUIRE(gyre_tuner_choose(f.id, i % 6, nullptr, 0, &action, &propensity) == GYRE_OK);
    const double noise = static_cast<double>(i * 7919 % 101) / 50;
    REQUIRE(gyre_tuner_observe(f.id, i % 6, action, worth(i % 6, action) + noise) == GYRE_OK);
    sum += action * (i + 1);
    odds += propensity;
  }
  CHECK(sum == 233116);
  CHECK(odds == 135.29395269594576);
}

TEST_CASE("a tuner's options are refused in words", "[capi]") {
  fixture f;
  const double two[] = {1, 1};
  f.options.reserved = 1;
  f.refused(GYRE_E_ARG, "reserved");
  f.options.reserved = 0;
  f.knobs[0].order = 3;
  f.refused(GYRE_E_UNSUPPORTED, "order");
  f.knobs[0].order = 0;
  f.knobs[0].count = 2;
  f.knobs[0].values = two;
  f.refused(GYRE_E_ARG, "twice");
  f.knobs[0].count = 5;
  f.knobs[0].values = f.levels;
  const char* const same[] = {"a", "b", "a"};
  const char* const lacking[] = {"a", nullptr, "b"};
  f.knobs[1].names = same;
  f.refused(GYRE_E_EXISTS, "codec");
  f.knobs[1].names = lacking;
  f.refused(GYRE_E_ARG, "name of a value is NULL");
  f.knobs[1].names = nullptr;
  f.refused(GYRE_E_ARG, "values is NULL");
  f.knobs[1].names = codecs;
  f.with_rails();
  f.tuning.mode = 4;
  f.refused(GYRE_E_UNSUPPORTED, "mode");
  f.tuning.mode = 0;
  f.tuning.budget = 1.5;
  f.refused(GYRE_E_ARG, "1.5");
  f.tuning.budget = 0;
  f.tuning.at_random = -1;
  f.refused(GYRE_E_ARG, "at_random");
  f.tuning.at_random = 0;
  f.baseline[0].value = 5;
  f.refused(GYRE_E_ARG, "5 is no value of knob \"level\"");
  f.baseline[0].value = 6;
  f.tuning.baseline_count = 1;
  f.refused(GYRE_E_ARG, "value for each knob");
  f.tuning.baseline_count = 2;
  f.forbidden[1].knob = "nobody";
  f.refused(GYRE_E_ARG, "no knob \"nobody\"");
  f.forbidden[1].knob = nullptr;
  f.refused(GYRE_E_ARG, "knob is NULL");
  f.tuning.forbidden = nullptr;
  f.refused(GYRE_E_ARG, "forbidden");
  f.tuning.forbidden = f.baseline;
  f.refused(GYRE_E_ARG, "the baseline 9 is forbidden");
}

TEST_CASE("a tuner's calls say what is wrong and learn nothing then", "[capi]") {
  fixture f;
  f.make();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double seen[] = {1, nan};
  std::uint32_t out = 77, needed = 77;
  const std::uint32_t outside = 15;
  double numbers[2] = {5, 5};
  CHECK(gyre_tuner_create(nullptr, &out, nullptr) == GYRE_E_ARG);
  CHECK(gyre_tuner_create(&f.options, nullptr, nullptr) == GYRE_E_ARG);
  CHECK(gyre_tuner_state(f.id, seen, 2, &out) == GYRE_E_ARG);
  CHECK(gyre_tuner_state(f.id, seen, 1, &out) == GYRE_E_ARG);
  CHECK(gyre_tuner_state(f.id, nullptr, 2, &out) == GYRE_E_ARG);
  CHECK(gyre_tuner_state(f.id, numbers, 2, nullptr) == GYRE_E_ARG);
  CHECK(gyre_tuner_values(f.id, 15, numbers, 2, &needed) == GYRE_E_ARG);
  CHECK(gyre_tuner_values(f.id, 0, nullptr, 2, nullptr) == GYRE_E_ARG);
  CHECK(needed == 77);
  CHECK(gyre_tuner_values(f.id, 0, numbers, 1, &needed) == GYRE_E_BUFFER);
  CHECK(needed == 2);
  CHECK(numbers[0] == 5);
  CHECK(gyre_tuner_choose(f.id, 6, nullptr, 0, &out, nullptr) == GYRE_E_ARG);
  CHECK(gyre_tuner_choose(f.id, 0, nullptr, 1, &out, nullptr) == GYRE_E_ARG);
  CHECK(gyre_tuner_choose(f.id, 0, &outside, 1, &out, nullptr) == GYRE_E_ARG);
  CHECK(gyre_tuner_choose(f.id, 0, nullptr, 0, nullptr, nullptr) == GYRE_E_ARG);
  CHECK(out == 77);
  CHECK(gyre_tuner_observe(f.id, 6, 0, 1) == GYRE_E_ARG);
  CHECK(gyre_tuner_observe(f.id, 0, 15, 1) == GYRE_E_ARG);
  CHECK(gyre_tuner_observe(f.id, 0, 0, nan) == GYRE_E_ARG);
  CHECK(gyre_tuner_observe(f.id, 0, 0, 1e151) == GYRE_E_ARG);
  CHECK(gyre_tuner_observe_failure(f.id, 0, 15) == GYRE_E_ARG);
  CHECK(gyre_tuner_set_mode(f.id, 0) == GYRE_E_UNSUPPORTED);
  CHECK(gyre_tuner_save(f.id, nullptr, 1u << 30, &needed) == GYRE_E_ARG);
  CHECK(gyre_tuner_load(f.id, nullptr, 5, nullptr) == GYRE_E_ARG);
  CHECK(gyre_tuner_metrics_read(f.id, nullptr) == GYRE_E_ARG);
  CHECK(gyre_tuner_report(f.id, 0, nullptr) == GYRE_E_ARG);
  auto r = zero<gyre_state_report>();
  CHECK(gyre_tuner_report(f.id, 6, &r) == GYRE_E_ARG);
  auto m = zero<gyre_tuning_metrics>();
  REQUIRE(gyre_tuner_metrics_read(f.id, &m) == GYRE_OK);
  CHECK(m.decisions == 0);
  CHECK(m.observations == 0);
  CHECK(m.refused == 5);
  for (std::uint32_t i = 0; i < 60; ++i) {
    REQUIRE(gyre_tuner_observe(f.id, 0, i % 15, i % 15 == 3 ? 2 : 1 + .01 * i) == GYRE_OK);
  }
  REQUIRE(gyre_tuner_set_mode(f.id, GYRE_TUNING_FROZEN) == GYRE_OK);
  CHECK(gyre_tuner_observe(f.id, 0, 3, 1) == GYRE_E_STATE);
  REQUIRE(gyre_tuner_choose(f.id, 0, nullptr, 0, &out, &numbers[0]) == GYRE_OK);
  CHECK(out == 3);
  CHECK(numbers[0] == 1);
}

TEST_CASE("a setting that breaks a limit is avoided, which is counted", "[capi]") {
  fixture f;
  f.options.feature_count = 0;
  f.options.knob_count = 1;
  f.make();
  std::uint32_t action = 0;
  int late = 0;
  for (int i = 0; i < 400; ++i) {
    REQUIRE(gyre_tuner_choose(f.id, 0, nullptr, 0, &action, nullptr) == GYRE_OK);
    const double noise = i * 7919 % 101 / 100.0;
    REQUIRE(gyre_tuner_limit(f.id, 0, action, "p99_ms", 10.0 * action + noise, 25) == GYRE_OK);
    REQUIRE(gyre_tuner_observe(f.id, 0, action, action + noise) == GYRE_OK);
    if (i >= 300 && action > 2) ++late;
  }
  CHECK(late == 0);
  auto m = zero<gyre_tuning_metrics>();
  REQUIRE(gyre_tuner_metrics_read(f.id, &m) == GYRE_OK);
  CHECK(m.held_limits > 0);
  auto r = zero<gyre_state_report>();
  REQUIRE(gyre_tuner_report(f.id, 0, &r) == GYRE_OK);
  CHECK(r.best == 2);
  gyre_limit rows[2] = {zero<gyre_limit>(), zero<gyre_limit>()};
  std::uint32_t needed = 0;
  CHECK(gyre_tuner_limits(f.id, nullptr, 0, &needed) == GYRE_E_BUFFER);
  REQUIRE(gyre_tuner_limits(f.id, rows, 2, &needed) == GYRE_OK);
  CHECK(needed == 1);
  CHECK(std::string(rows[0].name) == "p99_ms");
  CHECK(rows[0].at_most == 25);
  CHECK(rows[0].observations == 400);
  CHECK(rows[0].broken > 0);
  CHECK(r.avoided == 2);
  const double infinite = std::numeric_limits<double>::infinity();
  CHECK(gyre_tuner_limit(f.id, 0, 5, "p99_ms", 1, 2) == GYRE_E_ARG);
  CHECK(gyre_tuner_limit(f.id, 0, 0, "p99_ms", infinite, 2) == GYRE_E_ARG);
  CHECK(gyre_tuner_limit(f.id, 0, 0, nullptr, 1, 2) == GYRE_E_ARG);
  for (const char* name : {"b", "c", "d"}) {
    CHECK(gyre_tuner_limit(f.id, 0, 0, name, 1, 2) == GYRE_OK);
  }
  CHECK(gyre_tuner_limit(f.id, 0, 0, "e", 1, 2) == GYRE_E_BUDGET);
}

TEST_CASE("calls on one tuner wait for each other", "[capi]") {
  fixture f;
  f.make();
  const auto some = [&] {
    std::uint32_t action = 0;
    for (std::uint32_t i = 0; i < 100; ++i) {
      if (gyre_tuner_choose(f.id, i % 6, nullptr, 0, &action, nullptr) != GYRE_OK) return;
      if (gyre_tuner_observe(f.id, i % 6, action, worth(i % 6, action)) != GYRE_OK) return;
    }
  };
  std::thread beside(some);
  some();
  beside.join();
  auto m = zero<gyre_tuning_metrics>();
  REQUIRE(gyre_tuner_metrics_read(f.id, &m) == GYRE_OK);
  CHECK(m.decisions == 200);
  CHECK(m.observations == 200);
}

TEST_CASE("ranges are those of gyre::linear and gyre::geometric", "[capi]") {
  double out[13];
  REQUIRE(gyre_geometric(1, 4096, 13, out) == GYRE_OK);
  CHECK(std::vector<double>(out, out + 13) == gyre::geometric(1, 4096, 13));
  CHECK(out[5] == 32);
  REQUIRE(gyre_linear(4, 64, 13, out) == GYRE_OK);
  CHECK(std::vector<double>(out, out + 13) == gyre::linear(4, 64, 13));
  out[0] = 77;
  CHECK(gyre_geometric(0, 1, 3, out) == GYRE_E_ARG);
  CHECK(gyre_linear(0, std::numeric_limits<double>::infinity(), 3, out) == GYRE_E_ARG);
  CHECK(gyre_linear(0, 1, 0, out) == GYRE_E_ARG);
  CHECK(gyre_linear(0, 1, 65'537, out) == GYRE_E_ARG);
  CHECK(gyre_linear(0, 1, 3, nullptr) == GYRE_E_ARG);
  CHECK(out[0] == 77);
}

}  // namespace tuner_alone
