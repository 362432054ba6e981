// Method: stories of readings over time, told against the documented limits.
#include <gyre/run/gate.hpp>
#include <vector>

#include "catch.hpp"

namespace {
gyre::reading cpu(double percent) {
  gyre::reading r;
  r.cpu_percent = percent;
  return r;
}
gyre::reading memory(double percent) {
  gyre::reading r;
  r.memory_percent = percent;
  return r;
}
}  // namespace

TEST_CASE("gate closes above one limit and opens under another", "[run]") {
  gyre::gate gate = gyre::gates::cpu();
  REQUIRE(gate.name() == "cpu");
  REQUIRE(gate.open(cpu(79)));
  REQUIRE(gate.open(cpu(80)));
  REQUIRE_FALSE(gate.open(cpu(80.1)));
  REQUIRE_FALSE(gate.is_open());
  REQUIRE_FALSE(gate.open(cpu(75)));
  REQUIRE_FALSE(gate.open(cpu(70)));
  REQUIRE(gate.open(cpu(69.9)));
  REQUIRE(gate.open(cpu(75)));  // between the limits it stays as it was
}

TEST_CASE("gate for memory closes at 90 percent and opens under 80", "[run]") {
  gyre::gate gate = gyre::gates::memory();
  REQUIRE(gate.open(memory(85)));
  REQUIRE_FALSE(gate.open(memory(90)));
  REQUIRE_FALSE(gate.open(memory(80)));
  REQUIRE(gate.open(memory(79)));
}

TEST_CASE("gate is open when its figure is not known", "[run]") {
  gyre::gate gate = gyre::gates::cpu();
  REQUIRE(gate.open({}));
  REQUIRE_FALSE(gate.open(cpu(99)));
  REQUIRE(gate.open({}));
  gyre::gate stall = gyre::gates::stall();
  REQUIRE(stall.open({}));
}

TEST_CASE("gate for a mode is open in that mode only", "[run]") {
  gyre::gate gate = gyre::gates::mode();
  gyre::reading r;
  REQUIRE(gate.open(r));
  r.mode = "maintenance";
  REQUIRE_FALSE(gate.open(r));
  r.mode = "normal";
  REQUIRE(gate.open(r));
  gyre::gate night = gyre::gates::mode("night");
  REQUIRE_FALSE(night.open(r));
}

TEST_CASE("gate for latency keeps a budget", "[run]") {
  gyre::gate gate = gyre::gates::latency(50);
  gyre::reading r;
  r.latency_ms = 50;
  REQUIRE(gate.open(r));
  r.latency_ms = 51;
  REQUIRE_FALSE(gate.open(r));
  r.latency_ms = 49;
  REQUIRE(gate.open(r));
}

TEST_CASE("gate for stalls takes the worse of CPU and memory", "[run]") {
  gyre::gate gate = gyre::gates::stall(40, 20);
  gyre::reading r;
  r.cpu_stall_percent = 50;
  REQUIRE_FALSE(gate.open(r));
  r.memory_stall_percent = 60;
  r.cpu_stall_percent = 1;
  REQUIRE_FALSE(gate.open(r));
  r.memory_stall_percent = 1;
  REQUIRE(gate.open(r));
}

TEST_CASE("gate of the user's own composes with the others", "[run]") {
  double queue = 0;
  std::vector<gyre::gate> all = {gyre::gates::cpu(), gyre::gates::memory(),
                                 gyre::gate(
                                     "queue", [&](const gyre::reading&) { return queue; }, 10, 5)};
  REQUIRE(gyre::first_closed(all, {}) == nullptr);
  queue = 11;
  REQUIRE(gyre::first_closed(all, {})->name() == "queue");
  gyre::reading r = memory(90);
  r.cpu_percent = 90;
  REQUIRE(gyre::first_closed(all, r)->name() == "cpu");
  queue = 0;
  REQUIRE(gyre::first_closed(all, cpu(75))->name() ==
          "cpu");  // memory, though not first, saw it too
  REQUIRE(all[1].is_open());
  REQUIRE(gyre::first_closed(all, cpu(10)) == nullptr);
}
