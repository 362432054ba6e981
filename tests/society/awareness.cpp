// awareness.cpp - tests of society/awareness.hpp.
// Method: hand-made snapshots, one look after the other, against the written rule.
#include <gyre/society/awareness.hpp>

#include "catch.hpp"

using gyre::awareness;

namespace {

gyre::snapshot_data seen(int look, std::initializer_list<double> p99, double errors = 0) {
  gyre::snapshot_data s;
  s.now_ms = look * 10'000.0;
  s.totals.ticks = static_cast<std::uint64_t>(look) * 1000;
  for (const double ms : p99) {
    gyre::loop_stats l;
    l.id = static_cast<std::uint32_t>(s.loops.size()) + 1;
    l.name = "loop-" + std::to_string(l.id);
    l.metrics.window_cycles = 10;
    l.metrics.window.p99_ms = ms;
    l.metrics.window_error_rate = errors;
    s.loops.push_back(l);
  }
  return s;
}

}  // namespace

TEST_CASE("a quiet engine lets the level fall by 0.01 a look", "[society]") {
  awareness a;
  for (int i = 0; i < 20; ++i) REQUIRE(a.look(seen(i, {5, 50}), 0).empty());
  REQUIRE(a.now().level == Approx(0.3));
  REQUIRE(a.vitality() == 1);
  for (int i = 20; i < 100; ++i) REQUIRE(a.look(seen(i, {5, 50}), 0).empty());
  REQUIRE(a.now().level == 0);
}

TEST_CASE("a loop out of its own range raises the level once, until it is back", "[society]") {
  awareness a;
  for (int i = 0; i < 10; ++i) REQUIRE(a.look(seen(i, {5, 50}), 0).empty());
  const double before = a.now().level;
  const auto odd =
      a.look(seen(10, {50, 50}), 0);  // 50 ms is the second loop's habit, not the first's
  REQUIRE(odd.size() == 1);
  REQUIRE(odd[0].rfind("loop-1: p99 50.00 ms, usually 5.00 ms", 0) == 0);
  REQUIRE(a.now().level == Approx(before + 0.2 - 0.01));
  REQUIRE(a.now().odd == 1);
  REQUIRE(a.vitality() == 0.5);
  for (int i = 11; i < 40; ++i) REQUIRE(a.look(seen(i, {50, 50}), 0).empty());
  REQUIRE(a.now().odd == 0);  // what lasts becomes the habit
  REQUIRE(a.now().anomalies == 1);
}

TEST_CASE("an error rate out of range is an anomaly, and many make it deep", "[society]") {
  awareness a;
  for (int i = 0; i < 10; ++i) REQUIRE(a.look(seen(i, {1, 1, 1, 1}), 0).empty());
  REQUIRE(!a.now().deep);
  REQUIRE(a.look(seen(10, {1, 1, 1, 1}, 0.5), 0).size() == 4);
  REQUIRE(a.now().level == 1);
  REQUIRE(a.now().deep);
  REQUIRE(a.vitality() == 0);
}

TEST_CASE("consolidations slow the decay, loops that leave are forgotten", "[society]") {
  awareness a;
  REQUIRE(a.look(seen(0, {1}), 1).empty());
  REQUIRE(a.now().level == Approx(0.5 - 0.01 + 0.004));
  for (int i = 1; i < 9; ++i) REQUIRE(a.look(seen(i, {1}), 0).empty());
  REQUIRE(a.look(seen(9, {}), 0).empty());
  REQUIRE(a.now().loops == 0);
  REQUIRE(a.vitality() == 1);
  REQUIRE(a.look(seen(10, {500}), 0).empty());  // a new one, with no habits yet
}

TEST_CASE("awareness feels the pace of the engine", "[society]") {
  awareness a;
  auto s = seen(0, {1});
  std::uint64_t ticks = 0;
  const auto look = [&](int i, std::uint64_t more) {
    ticks += more;
    s = seen(i, {1});
    s.totals.ticks = ticks;
    (void)a.look(s, 0);
  };
  for (int i = 0; i < 10; ++i) look(i, 1000);
  look(10, 5000);
  REQUIRE(a.now().busy);
  look(11, 10);
  REQUIRE(!a.now().busy);
}
