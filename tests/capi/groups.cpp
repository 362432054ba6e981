// Method: each call on a virtual engine, and with dead, null and bad arguments; notifiers counted.
#include <cstddef>
#include <string>

#include "kit.hpp"

namespace {

struct family {
  gyre_engine engine = kit::make_engine(GYRE_DRIVER_VIRTUAL);
  gyre_error err = kit::zero<gyre_error>();
  kit::seen seen[3];
  gyre_loop loops[3] = {0, 0, 0};

  gyre_status add(int i, const char* name, const char* parent) {
    gyre_loop_options options = kit::loop_of(name, kit::count_tick, &seen[i]);
    options.parent = parent;
    return gyre_loop_create(engine, &options, &loops[i], &err);
  }
  int state(int i) {
    auto m = kit::zero<gyre_loop_metrics>();
    REQUIRE(gyre_loop_metrics_read(loops[i], &m) == GYRE_OK);
    return m.state;
  }
};

}  // namespace

TEST_CASE("loops are paused, resumed, stopped and throttled by a pattern", "[capi]") {
  family f;
  REQUIRE(f.add(0, "top", nullptr) == GYRE_OK);
  REQUIRE(f.add(1, "low.1", "top") == GYRE_OK);
  REQUIRE(f.add(2, "low.2", "top") == GYRE_OK);
  uint32_t count = 7;
  REQUIRE(gyre_loops_pause(f.engine, "low.?", &count, &f.err) == GYRE_OK);
  CHECK(count == 2);
  CHECK(f.state(0) == GYRE_STATE_WAITING);
  CHECK(f.state(1) == GYRE_STATE_PAUSED);
  REQUIRE(gyre_loops_resume(f.engine, "*", nullptr, nullptr) == GYRE_OK);
  CHECK(f.state(1) == GYRE_STATE_WAITING);
  REQUIRE(gyre_loops_stop(f.engine, "top", &count, &f.err) == GYRE_OK);
  CHECK(count == 1);
  CHECK(f.state(2) == GYRE_STATE_PAUSED);
  REQUIRE(gyre_loop_resume(f.loops[0]) == GYRE_OK);
  CHECK(f.state(2) == GYRE_STATE_WAITING);
  REQUIRE(gyre_loops_throttle(f.engine, "low*", 3, &count, &f.err) == GYRE_OK);
  auto m = kit::zero<gyre_loop_metrics>();
  REQUIRE(gyre_loop_metrics_read(f.loops[2], &m) == GYRE_OK);
  CHECK(m.interval_ms == 30);
  CHECK(m.throttle == 3);

  count = 7;
  CHECK(gyre_loops_pause(f.engine, nullptr, &count, &f.err) == GYRE_E_ARG);
  CHECK(gyre_loops_pause(f.engine, "", &count, &f.err) == GYRE_E_ARG);
  CHECK(gyre_loops_resume(f.engine, "nobody", &count, &f.err) == GYRE_E_NOT_FOUND);
  CHECK(std::string(f.err.text).find("nobody") != std::string::npos);
  CHECK(gyre_loops_throttle(f.engine, "*", .5, &count, &f.err) == GYRE_E_ARG);
  CHECK(gyre_loops_stop(f.loops[0], "*", &count, &f.err) == GYRE_E_KIND);
  CHECK(count == 7);
  REQUIRE(gyre_engine_destroy(f.engine, nullptr) == GYRE_OK);
  CHECK(gyre_loops_stop(f.engine, "*", &count, &f.err) == GYRE_E_STALE);
}

TEST_CASE("what is removed with its parent is stale, and its user is told once", "[capi]") {
  family f;
  CHECK(f.add(0, "top", "nobody") == GYRE_E_NOT_FOUND);
  CHECK(f.seen[0].destroyed == 1);
  REQUIRE(f.add(0, "top", "") == GYRE_OK);
  REQUIRE(f.add(1, "mid", "top") == GYRE_OK);
  REQUIRE(f.add(2, "low", "mid") == GYRE_OK);
  REQUIRE(gyre_engine_advance_to(f.engine, 5, nullptr) == GYRE_OK);
  REQUIRE(gyre_loop_remove(f.loops[0], &f.err) == GYRE_OK);
  CHECK(f.seen[0].destroyed == 2);
  for (int i = 0; i < 3; ++i) {
    CHECK(gyre_loop_pause(f.loops[i]) == GYRE_E_STALE);
    CHECK(f.seen[i].ticks == 1);
    CHECK(f.seen[i].destroyed == (i == 0 ? 2 : 1));
  }
  REQUIRE(gyre_engine_destroy(f.engine, nullptr) == GYRE_OK);
  CHECK(f.seen[2].destroyed == 1);
}

TEST_CASE("loop options without the parent that came later are taken", "[capi]") {
  family f;
  gyre_loop_options options = kit::loop_of("old", kit::count_tick, &f.seen[0]);
  options.size = offsetof(gyre_loop_options, parent);
  options.parent = "nobody";  // behind what the caller's version has
  CHECK(gyre_loop_create(f.engine, &options, &f.loops[0], &f.err) == GYRE_OK);
  options.size -= 8;
  CHECK(gyre_loop_create(f.engine, &options, &f.loops[0], &f.err) == GYRE_E_ARG);
  REQUIRE(gyre_engine_destroy(f.engine, nullptr) == GYRE_OK);
}
