// Method: hand-made stories for each policy, then a property run against counting grid points.
#include <gyre/core/rng.hpp>
#include <gyre/run/timetable.hpp>

#include "catch.hpp"

using namespace std::chrono_literals;
using gyre::instant;
using gyre::missed_policy;
using gyre::timetable;

namespace {
instant due(const timetable& table) { return table.due(0.0, 0.5); }
}  // namespace

TEST_CASE("timetable does not drift, whatever the lateness of each tick", "[run]") {
  timetable table(5ms, 10ms);
  gyre::rng random(1, 0, 0);
  for (int k = 0; k < 1000; ++k) {
    REQUIRE(due(table) == 5ms + k * 10ms);
    const auto late = gyre::duration(random.below(9'999'999));
    const gyre::arrival tick = table.arrive(due(table) + late, missed_policy::once, 8);
    REQUIRE(tick.run);
    REQUIRE(tick.missed == 0);
    table.finish(due(table), missed_policy::once);
  }
}

TEST_CASE("timetable once runs one late tick and returns to the grid", "[run]") {
  timetable table(0ms, 10ms);
  gyre::arrival tick = table.arrive(57ms, missed_policy::once, 8);
  REQUIRE(tick.run);
  REQUIRE(tick.missed == 5);
  REQUIRE(due(table) == 60ms);
  tick = table.arrive(60ms, missed_policy::once, 8);
  REQUIRE(tick.missed == 0);
  REQUIRE(due(table) == 70ms);
}

TEST_CASE("timetable skip leaves out what passed", "[run]") {
  timetable table(0ms, 10ms);
  SECTION("while the host slept") {
    const gyre::arrival tick = table.arrive(57ms, missed_policy::skip, 8);
    REQUIRE_FALSE(tick.run);
    REQUIRE(tick.missed == 6);  // 0, 10, ... 50
    REQUIRE(due(table) == 60ms);
  }
  SECTION("while the tick overran") {
    REQUIRE(table.arrive(0ms, missed_policy::skip, 8).run);
    REQUIRE(table.finish(25ms, missed_policy::skip) == 2);
    REQUIRE(due(table) == 30ms);
  }
  SECTION("but not a point that is due just when the tick ends, nor one a little late") {
    REQUIRE(table.arrive(0ms, missed_policy::skip, 8).run);
    REQUIRE(table.finish(10ms, missed_policy::skip) == 0);
    REQUIRE(due(table) == 10ms);
    REQUIRE(table.arrive(13ms, missed_policy::skip, 8).run);
    REQUIRE(table.finish(19ms, missed_policy::skip) == 0);
  }
}

TEST_CASE("timetable burst makes up for at most its cap", "[run]") {
  timetable table(0ms, 10ms);
  int run = 0;
  std::uint64_t missed = 0;
  const instant now = 200ms;  // points 0..20 are due: 21 of them
  while (due(table) <= now) {
    const gyre::arrival tick = table.arrive(now, missed_policy::burst, 8);
    REQUIRE(tick.run);
    missed += tick.missed;
    ++run;
  }
  REQUIRE(run == 8);
  REQUIRE(missed == 13);
  REQUIRE(due(table) == 210ms);
}

TEST_CASE("timetable burst stays bounded when every tick is longer than the interval", "[run]") {
  timetable table(0ms, 10ms);
  instant now{0};
  for (int i = 0; i < 1000; ++i) {
    table.arrive(now, missed_policy::burst, 4);
    now += 35ms;
    table.finish(now, missed_policy::burst);
    REQUIRE(now - due(table) <= 75ms);  // at most 4 intervals behind when taken up, and one tick
  }
}

TEST_CASE("timetable delay counts from the end of the tick", "[run]") {
  timetable table(0ms, 10ms);
  const gyre::arrival tick = table.arrive(57ms, missed_policy::delay, 8);
  REQUIRE(tick.run);
  REQUIRE(tick.missed == 0);
  REQUIRE(table.finish(60ms, missed_policy::delay) == 0);
  REQUIRE(due(table) == 70ms);
}

TEST_CASE("timetable jitter is around the grid and never adds up", "[run]") {
  timetable table(1s, 100ms);
  REQUIRE(table.due(0.1, 0.0) == 990ms);
  REQUIRE(table.due(0.1, 0.5) == 1s);
  gyre::rng random(3, 0, 0);
  for (int k = 0; k < 1000; ++k) {
    const instant at = table.due(0.5, random.unit());
    REQUIRE(at >= 1s + k * 100ms - 50ms);
    REQUIRE(at <= 1s + k * 100ms + 50ms);
    table.arrive(at, missed_policy::once, 8);
    REQUIRE(table.index() ==
            static_cast<std::uint64_t>(k) + 1);  // an early tick is not a missed one
  }
  REQUIRE(timetable(0ms, 1s).due(0.5, 0.0) == 0ms);  // never before the engine
}

TEST_CASE("timetable backs off to the later of the grid and the wait", "[run]") {
  timetable table(0ms, 100ms);
  table.arrive(0ms, missed_policy::once, 8);
  SECTION("wait is longer") {
    table.postpone(250ms);
    REQUIRE(table.due(0.5, 0.0, 250ms) == 250ms);
    const gyre::arrival tick = table.arrive(250ms, missed_policy::once, 8);
    REQUIRE(tick.run);
    REQUIRE(tick.missed == 0);  // given up, not missed
    REQUIRE(due(table) == 300ms);
  }
  SECTION("grid is later") {
    table.postpone(60ms);
    REQUIRE(table.due(0.0, 0.5, 60ms) == 100ms);
    REQUIRE(table.due(0.5, 0.0, 60ms) == 60ms);  // jitter would have it at 50 ms
  }
}

TEST_CASE("timetable resumes without a burst", "[run]") {
  timetable table(0ms, 10ms);
  table.realign(95ms);
  REQUIRE(due(table) == 100ms);
  table.realign(100ms);
  REQUIRE(due(table) == 100ms);
  table.realign(20ms);  // never back
  REQUIRE(due(table) == 100ms);
}

TEST_CASE("timetable takes a new interval from its last point on", "[run]") {
  timetable table(0ms, 100ms);
  table.arrive(0ms, missed_policy::once, 8);
  SECTION("longer") {
    table.retime(150ms, 40ms);
    REQUIRE(due(table) == 150ms);
  }
  SECTION("shorter than what has passed: at once") {
    table.retime(20ms, 40ms);
    REQUIRE(due(table) == 40ms);
    table.arrive(40ms, missed_policy::once, 8);
    REQUIRE(due(table) == 60ms);
  }
  SECTION("a backoff stays") {
    table.postpone(500ms);
    table.retime(20ms, 40ms);
    REQUIRE(table.due(0.0, 0.5, 500ms) == 500ms);
    table.arrive(500ms, missed_policy::once, 8);
    REQUIRE(due(table) > 500ms);
    REQUIRE(due(table) <= 520ms);
  }
  SECTION("before the first tick") {
    timetable fresh(30ms, 100ms);
    fresh.retime(50ms, 0ms);
    REQUIRE(due(fresh) == 30ms);
    fresh.retime(20ms, 0ms);  // a shorter one counts from now on
    REQUIRE(due(fresh) == 20ms);
    fresh.arrive(20ms, missed_policy::once, 8);
    REQUIRE(due(fresh) == 40ms);
  }
}

TEST_CASE("timetable saturates", "[run]") {
  timetable table(gyre::never - 5ns, gyre::duration::max());
  table.arrive(gyre::never - 5ns, missed_policy::once, 8);
  REQUIRE(due(table) == gyre::never);
  timetable fast(0ns, 1ns);
  const gyre::arrival tick = fast.arrive(gyre::never, missed_policy::once, 8);
  REQUIRE(tick.missed == static_cast<std::uint64_t>(gyre::never.count()));
}

TEST_CASE("timetable accounts for every grid point", "[run]") {
  const auto policy = GENERATE(missed_policy::once, missed_policy::skip, missed_policy::burst);
  timetable table(0ns, 1000ns);
  gyre::rng random(11, static_cast<std::uint64_t>(policy), 0);
  instant now{0};
  std::uint64_t runs = 0;
  std::uint64_t missed = 0;
  for (int i = 0; i < 5000; ++i) {
    now = std::max(now, due(table));
    if (random.below(4) == 0) now += gyre::duration(random.below(12'000));  // the host sleeps
    const gyre::arrival tick = table.arrive(now, policy, 3);
    missed += tick.missed;
    if (!tick.run) continue;
    ++runs;
    now += gyre::duration(random.below(2'500));  // the tick lasts
    missed += table.finish(now, policy);
    CAPTURE(i);
    REQUIRE(runs + missed == table.index());
  }
}
