// Method: stories of readings over time, told against the documented limits.
#include <cmath>
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
  REQUIRE(std::isnan(gate.value()));
  REQUIRE(gate.open(cpu(79)));
  REQUIRE(gate.open(cpu(80)));
  REQUIRE_FALSE(gate.open(cpu(80.1)));
  REQUIRE_FALSE(gate.is_open());
  REQUIRE_FALSE(gate.open(cpu(75)));
  REQUIRE_FALSE(gate.open(cpu(70)));
  REQUIRE(gate.value() == 70);
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
  REQUIRE(std::isnan(gate.value()));
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

#if GYRE_EXCEPTIONS
TEST_CASE("a figure that throws is not known: the gate opens, and works again after", "[run]") {
  bool broken = false;
  gyre::gate gate(
      "g", [&](const gyre::reading&) { return broken ? throw 7 : 11.0; }, 10, 5);
  REQUIRE_FALSE(gate.open({}));
  broken = true;
  REQUIRE(gate.open({}));
  broken = false;
  REQUIRE_FALSE(gate.open({}));
}
#endif

TEST_CASE("a gate without name, figure or ordered limits is refused by name", "[run]") {
  const auto figure = [](const gyre::reading&) { return 1.0; };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto text = [](const gyre::gate& g) {
    const auto checked = check(g);
    REQUIRE(checked.code() == gyre::code::arg);
    return checked.error().text;
  };
  REQUIRE(text(gyre::gate("", figure, 2, 1)) == "a gate has no name");
  REQUIRE(text(gyre::gate("g", nullptr, 2, 1)) == "gate \"g\" has no figure");
  REQUIRE(text(gyre::gate("g", figure, 1, 2)).find("opens under 2 and closes above 1") !=
          std::string::npos);
  REQUIRE(text(gyre::gate("g", figure, nan, 1)).find("\"g\"") != std::string::npos);
  REQUIRE(text(gyre::gate("g", figure, 2, nan)).find("\"g\"") != std::string::npos);
  for (const gyre::gate& g : {gyre::gates::cpu(), gyre::gates::memory(), gyre::gates::latency(5),
                              gyre::gates::stall(), gyre::gates::mode()}) {
    REQUIRE(check(g));
    REQUIRE(g.made_of() ==
            (g.name() == "latency" ? gyre::figure_of::latency : gyre::figure_of::readings));
  }
}
