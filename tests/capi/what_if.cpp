// what_if.cpp - over C: what another policy would have earned; exploration of a running loop.
// Method: reference, a case worked out by hand and a service that is known; fault.
#include <cmath>
#include <cstdint>
#include <string>

#include "kit.hpp"

namespace what_if {

using kit::zero;

namespace {

const double levels[] = {0, 3, 6};
const char* const codecs[] = {"zlib", "none"};

/// Earns the level, and 3 more with "none", less a part that repeats.
void serve(void* user, gyre_tick tick, gyre_status* status) {
  auto& ticks = *static_cast<std::uint32_t*>(user);
  double level = 0, codec = 0;
  if (gyre_tick_knob(tick, "level", &level) != GYRE_OK) return;
  if (gyre_tick_knob(tick, "codec", &codec) != GYRE_OK) return;
  const double noise = static_cast<double>(ticks++ * 7919 % 101) / 100 - .5;
  if (gyre_tick_reward(tick, level + 3 * codec + noise) == GYRE_OK) *status = GYRE_OK;
}

struct fixture {
  gyre_engine engine = kit::make_engine(GYRE_DRIVER_VIRTUAL);
  std::uint32_t ticks = 0;
  gyre_knob knobs[2] = {zero<gyre_knob>(), zero<gyre_knob>()};
  gyre_loop_options options = zero<gyre_loop_options>();
  gyre_error err = zero<gyre_error>();
  gyre_loop loop = 0;
  double now = 0;

  fixture() {
    knobs[0].name = "level";
    knobs[0].count = 3;
    knobs[0].values = levels;
    knobs[1].name = "codec";
    knobs[1].count = 2;
    knobs[1].names = codecs;
    options.name = "serve";
    options.interval_ms = 10;
    options.jitter = GYRE_NONE;
    options.tick = serve;
    options.user = &ticks;
    options.knobs = knobs;
    options.knob_count = 2;
    REQUIRE(gyre_loop_create(engine, &options, &loop, &err) == GYRE_OK);
    REQUIRE(gyre_engine_start(engine, nullptr) == GYRE_OK);
  }
  ~fixture() { CHECK(gyre_engine_destroy(engine, nullptr) == GYRE_OK); }
  fixture(const fixture&) = delete;
  fixture& operator=(const fixture&) = delete;

  void run(int more) {
    now += more * 10;
    REQUIRE(gyre_engine_advance_to(engine, now, nullptr) == GYRE_OK);
  }
};

}  // namespace

TEST_CASE("a running loop explores as it is told, and tells what another setting earns", "[capi]") {
  fixture f;
  f.run(100);
  auto change = zero<gyre_loop_change>();
  const auto changed = [&] { return gyre_loop_reconfigure(f.loop, &change, &f.err); };
  change.at_random = 2;
  CHECK(changed() == GYRE_E_ARG);
  change.at_random = .5;
  REQUIRE(changed() == GYRE_OK);
  f.run(900);
  gyre_setting always[2] = {zero<gyre_setting>(), zero<gyre_setting>()};
  always[0].knob = "level";
  always[0].value = 6;
  always[1].knob = "codec";
  auto told = zero<gyre_what_if_result>();
  const auto tells = [&](std::uint32_t n) {
    return gyre_loop_what_if(f.loop, always, n, &told, &f.err);
  };
  REQUIRE(tells(2) == GYRE_OK);
  const double truth = 6;
  CAPTURE(told.ips, told.normalised, told.robust, told.as_seen, truth);
  CHECK(told.rows >= 990);
  CHECK(told.fewest > 20);
  CHECK(told.supported == 1);
  CHECK(told.changed == 0);
  CHECK(told.robust == Approx(truth).margin(1));
  CHECK(told.robust_low < told.robust);
  CHECK(told.as_seen == Approx(truth).margin(1));
  CHECK(told.as_seen_high > told.as_seen);
  CHECK(tells(1) == GYRE_E_ARG);
  CHECK(tells(0) == GYRE_E_ARG);
  always[0].value = 5;
  CHECK(tells(2) == GYRE_E_ARG);
  change.at_random = 0;
  change.explore_to = .1;
  CHECK(changed() == GYRE_E_ARG);
  CHECK(std::string(f.err.text).find("explore_from") != std::string::npos);
  change.explore_from = .1;
  CHECK(changed() == GYRE_E_STATE);

  f.options.name = "looks ahead";
  f.options.flags |= GYRE_LOOP_SEQUENTIAL;
  REQUIRE(gyre_loop_create(f.engine, &f.options, &f.loop, &f.err) == GYRE_OK);
  CHECK(changed() == GYRE_OK);
  CHECK(tells(2) == GYRE_E_STATE);
  change.explore_from = GYRE_NONE;
  change.explore_to = 0;
  CHECK(changed() == GYRE_OK);
  change.at_random = GYRE_NONE;
  CHECK(changed() == GYRE_E_STATE);
}

TEST_CASE("columns of decisions tell what another policy earns", "[capi]") {
  const std::uint32_t state[] = {0, 0, 0, 0, 9}, action[] = {0, 1, 1, 0, 0};
  const double propensity[] = {.5, .5, .25, .75, 1}, reward[] = {1, 3, 5, 1, 0};
  auto log = zero<gyre_decisions>();
  log.rows = 5;
  log.states = 1;
  log.actions = 2;
  log.state = state;
  log.action = action;
  log.propensity = propensity;
  log.reward = reward;
  auto out = zero<gyre_what_if_result>();
  auto err = zero<gyre_error>();
  REQUIRE(gyre_what_if(&log, nullptr, 1, &out, &err) == GYRE_OK);
  CHECK(out.rows == 4);
  CHECK(out.refused == 1);
  CHECK(out.ips == Approx(26. / 4));
  CHECK(out.normalised == Approx(26. / 6));
  CHECK(out.as_seen == Approx(4));
  CHECK(out.supported == 0);  // of two rows of action 1
  CHECK(std::isinf(out.robust_high));
  const double policy[] = {0, 1};
  auto same = zero<gyre_what_if_result>();
  REQUIRE(gyre_what_if(&log, policy, 0, &same, &err) == GYRE_OK);
  CHECK(same.robust == out.robust);
  CHECK(same.robust_high == out.robust_high);
  const double none[] = {0, 1.5};
  CHECK(gyre_what_if(&log, none, 0, &out, &err) == GYRE_E_ARG);
  CHECK(gyre_what_if(&log, policy, 1, &out, &err) == GYRE_E_ARG);
  CHECK(gyre_what_if(&log, nullptr, 2, &out, &err) == GYRE_E_ARG);
  CHECK(gyre_what_if(nullptr, nullptr, 0, &out, &err) == GYRE_E_ARG);
  CHECK(gyre_what_if(&log, nullptr, 0, nullptr, &err) == GYRE_E_ARG);
  log.propensity = nullptr;
  REQUIRE(gyre_what_if(&log, nullptr, 1, &out, &err) == GYRE_OK);
  CHECK(out.normalised == Approx(4));
  log.reward = nullptr;
  CHECK(gyre_what_if(&log, nullptr, 1, &out, &err) == GYRE_E_ARG);
  log.states = 65'537;
  log.reward = reward;
  CHECK(gyre_what_if(&log, nullptr, 1, &out, &err) == GYRE_E_BUDGET);
}

}  // namespace what_if
