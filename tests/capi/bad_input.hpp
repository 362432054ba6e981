// bad_input.hpp - an engine, valid options to be spoilt, and what holds when they are refused.
// Room: capi. Threads: one.
#pragma once
#include <cmath>
#include <limits>
#include <string>

#include "kit.hpp"

namespace bad_input {
using kit::zero;

inline const double not_a_number = std::numeric_limits<double>::quiet_NaN();
inline const double infinite = std::numeric_limits<double>::infinity();

inline void well(void*, gyre_tick, gyre_status* status) { *status = GYRE_OK; }

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

}  // namespace bad_input
