// Method: a host supplies the readings on the virtual clock; what the gates let pass is counted.
#include <gyre/gyre.hpp>

#include <cmath>
#include <string>
#include <utility>

#include "catch.hpp"
#include "kit.hpp"

using namespace std::chrono_literals;
using kit::nothing;
using kit::virtual_clock;

#if GYRE_EXCEPTIONS
TEST_CASE("a gate that throws is open, and the engine goes on", "[engine]") {
  gyre::engine e(virtual_clock());
  auto l = e.add({.name = "l",
                  .interval = 10ms,
                  .jitter = 0,
                  .gates = {gyre::gate(
                      "g", [](const gyre::reading&) -> double { throw 7; }, 1, 1)}},
                 nothing)
               .value();
  e.advance_to(95ms).value();
  REQUIRE(l.stats()->metrics.cycles == 10);
}
#endif

TEST_CASE("a gate of readings is asked once about each, while it is open; others at each tick",
          "[engine]") {
  gyre::engine e(virtual_clock());
  int of_readings = 0, of_anything = 0;
  const auto counting = [](int& asked) {
    return [&asked](const gyre::reading& r) {
      ++asked;
      return r.cpu_percent;
    };
  };
  using gyre::figure_of;
  auto a = e.add({.name = "a", .interval = 10ms, .jitter = 0,
                  .gates = {gyre::gate("g", counting(of_readings), 80, 70, figure_of::readings)}},
                 nothing).value();
  auto b = e.add({.name = "b", .interval = 10ms, .jitter = 0,
                  .gates = {gyre::gate("g", counting(of_readings), 80, 70, figure_of::readings),
                            gyre::gate("h", counting(of_anything), 80, 70)}},
                 nothing).value();
  const auto ticks = [&] {
    return std::pair(a.stats()->metrics.cycles, b.stats()->metrics.cycles);
  };
  e.advance_to(95ms).value();
  REQUIRE(ticks() == std::pair<std::uint64_t, std::uint64_t>(10, 10));
  REQUIRE(of_readings == 1 + 10);  // the second loop asks both of its gates at each tick
  REQUIRE(of_anything == 10);
  e.supply({.cpu_percent = 75});
  e.advance_to(195ms).value();
  REQUIRE(ticks() == std::pair<std::uint64_t, std::uint64_t>(20, 20));
  REQUIRE(of_readings == 2 + 20);
  e.supply({.cpu_percent = 81});  // closed: asked at each tick
  e.advance_to(295ms).value();
  REQUIRE(ticks() == std::pair<std::uint64_t, std::uint64_t>(20, 20));
  REQUIRE(of_readings == 12 + 30);
  REQUIRE(a.stats()->metrics.gated == 10);
  e.supply({.cpu_percent = 71});  // still closed
  e.advance_to(395ms).value();
  REQUIRE(ticks().first == 20);
  e.supply({.cpu_percent = 69});
  e.advance_to(495ms).value();
  REQUIRE(ticks() == std::pair<std::uint64_t, std::uint64_t>(30, 30));
  REQUIRE(of_readings == 23 + 50);
}

TEST_CASE("a snapshot lists each gate of a loop", "[engine]") {
  gyre::engine e(virtual_clock());
  e.add({.name = "l", .interval = 10ms, .gates = {gyre::gates::cpu(), gyre::gates::memory()}},
        nothing)
      .value();
  e.supply({.memory_percent = 99});
  e.advance_to(50ms).value();
  const auto s = e.snapshot();
  REQUIRE(s.loops[0].gates.size() == 2);
  REQUIRE(s.loops[0].gates[0].name == "cpu");
  REQUIRE(s.loops[0].gates[0].open);
  REQUIRE(s.loops[0].gates[1].name == "memory");
  REQUIRE_FALSE(s.loops[0].gates[1].open);
  REQUIRE(std::isnan(s.loops[0].gates[0].value));
  REQUIRE(s.loops[0].gates[1].value == 99);
  REQUIRE(s.loops[0].gates[1].closes_above == 85);
  REQUIRE(s.loops[0].gates[1].opens_under == 80);
  REQUIRE(s.loops[0].gate == "memory");
  REQUIRE(gyre::table(s).find("gates cpu=open memory=closed at 99.00, opens under 80") !=
          std::string::npos);
  e.supply({.memory_percent = 82});
  e.advance_to(60ms).value();
  REQUIRE(e.snapshot().loops[0].gates[1].value == 82);
  REQUIRE(e.snapshot().loops[0].gate == "memory");
}

TEST_CASE("a gate closes on a host-supplied reading, counts, and opens with hysteresis",
          "[engine]") {
  gyre::engine e({.driver = gyre::driver::virtual_time});
  auto l = e.add({.name = "g", .interval = 10ms, .jitter = 0, .gates = {gyre::gates::memory()}},
                 [](gyre::tick&) {})
               .value();
  const auto cycles = [&] { return l.stats()->metrics.cycles; };
  e.advance_to(45ms).value();
  REQUIRE(cycles() == 5);
  e.supply({.memory_percent = 90});
  e.advance_to(95ms).value();
  REQUIRE(cycles() == 5);
  REQUIRE(l.stats()->state == gyre::loop_state::gated);
  REQUIRE(l.stats()->gate == "memory");
  REQUIRE(l.stats()->metrics.gated == 5);
  REQUIRE(l.stats()->metrics.errors == 0);
  e.supply({.memory_percent = 82});  // under where it closes, over where it opens
  e.advance_to(145ms).value();
  REQUIRE(cycles() == 5);
  e.supply({.memory_percent = 79});
  e.advance_to(195ms).value();
  REQUIRE(cycles() == 10);
  REQUIRE(l.stats()->state == gyre::loop_state::waiting);
  REQUIRE(l.stats()->gate.empty());
}

TEST_CASE("behind a gate that opens again loops resume over their period", "[engine]") {
  gyre::engine e({.driver = gyre::driver::virtual_time});
  bool watching = false;
  std::vector<std::vector<gyre::instant>> ran(201);
  for (std::size_t i = 0; i < ran.size(); ++i) {
    e.add({.name = "l" + std::to_string(i),
           .interval = 1s,
           .jitter = i == 200 ? 0 : .1,
           .gates = {gyre::gates::memory()}},
          [&, i](gyre::tick& t) {
            if (watching) ran[i].push_back(t.due());
          })
        .value();
  }
  e.advance_to(10500ms).value();
  e.supply({.memory_percent = 90});
  e.advance_to(20500ms).value();
  e.supply({.memory_percent = 70});
  watching = true;
  e.advance_to(21700ms).value();
  int tenths[12] = {};
  for (std::size_t i = 0; i < 200; ++i) {
    CAPTURE(i);
    REQUIRE(!ran[i].empty());  // at its next own grid point
    ++tenths[(ran[i][0] - 20500ms) / 100ms];
  }
  for (int i = 0; i < 10; ++i) REQUIRE((tenths[i] >= 8 && tenths[i] <= 35));  // of 20 expected
  REQUIRE(ran[200] == std::vector<gyre::instant>{21s});  // without jitter: exact
}

TEST_CASE("ticks that a gate kept closed are not counted as run", "[engine]") {
  gyre::engine e({.driver = gyre::driver::virtual_time});
  e.supply({.cpu_percent = 99});
  e.add({.name = "a", .interval = 10ms, .jitter = 0, .gates = {gyre::gates::cpu()}},
        [](gyre::tick&) {})
      .value();
  REQUIRE(e.advance_to(95ms).value() == 0);
  e.supply({.cpu_percent = 1});
  REQUIRE(e.advance_to(125ms).value() == 3);
}
