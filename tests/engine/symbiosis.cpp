// Method: a virtual clock; how loops slow down for each other and come back, and what the graph
// learns of it.
#include <gyre/gyre.hpp>

#include "catch.hpp"

using namespace std::chrono_literals;

TEST_CASE("deferrable loops slow down while the score is low and come back", "[engine]") {
  gyre::engine e({.driver = gyre::driver::virtual_time});
  bool ill = true;
  auto slow = e.add({.name = "slow", .interval = 100ms, .jitter = 0, .deferrable = true},
                    [&](gyre::tick& t) { t.vitality(ill ? 0.1 : 1); })
                  .value();
  auto steady = e.add({.name = "steady", .interval = 100ms, .jitter = 0},
                      [&](gyre::tick& t) { t.vitality(ill ? 0.1 : 1); })
                    .value();
  std::uint64_t changes = 0;
  e.subscribe("gyre.interval", {}, [&](const gyre::message&) { ++changes; }).value();
  e.advance_to(5s).value();
  REQUIRE(slow.stats()->interval_ms > 400);
  REQUIRE(steady.stats()->interval_ms == Approx(100));
  REQUIRE(changes > 0);
  ill = false;
  e.advance_to(60s).value();
  REQUIRE(slow.stats()->interval_ms == Approx(100));
  REQUIRE(slow.stats()->throttle == 1);
}

TEST_CASE("the bus is well again after a quiet time, and so are deferrable loops", "[engine]") {
  gyre::engine e({.driver = gyre::driver::virtual_time});
  auto d = e.add({.name = "d", .interval = 20s, .jitter = 0, .deferrable = true}, [](gyre::tick&) {
            }).value();
  auto f = e.add({.name = "f", .interval = 10ms, .jitter = 0}, [&](gyre::tick& t) {
              for (int i = 0; i < 20; ++i) t.publish("x", "y");
            }).value();
  e.subscribe("x", {.capacity = 1}, [](const gyre::message&) -> gyre::result<void> {
     return gyre::ok;
   }).value();
  e.advance_to(8s).value();
  REQUIRE(d.stats()->interval_ms == Approx(60'000));  // throttled by the bus's health alone
  REQUIRE(e.snapshot().bus.health == Approx(.5));
  REQUIRE(e.snapshot().score == 1);
  REQUIRE(f.pause());
  e.advance_to(60s).value();
  REQUIRE(e.snapshot().bus.health == 1);
  REQUIRE(d.stats()->interval_ms == Approx(20'000));
}

TEST_CASE("loops that follow each other are joined by a learned edge", "[engine]") {
  gyre::engine e({.driver = gyre::driver::virtual_time});
  auto a = e.add({.name = "a", .interval = 50ms, .jitter = 0}, [](gyre::tick&) {}).value();
  auto b = e.add({.name = "b", .interval = 50ms, .jitter = 0}, [](gyre::tick&) {}).value();
  auto c = e.add({.name = "c", .interval = 50ms, .jitter = 0}, [](gyre::tick&) {}).value();
  gyre::rng draw(1, 2, std::uint64_t{3});
  const auto set = [](gyre::loop& l, bool on) { (void)(on ? l.resume() : l.pause()); };
  bool last = false;
  for (int k = 1; k <= 400; ++k) {  // b does a window later what a does; c does as it likes
    const bool now = draw.unit() < .5;
    set(a, now);
    set(b, last);
    set(c, draw.unit() < .5);
    last = now;
    e.advance_to(k * 1s).value();
  }
  const auto s = e.snapshot();
  bool found = false;
  for (const auto& edge : s.symbiosis.edges) {
    REQUIRE_FALSE(edge.declared);
    REQUIRE(edge.from != c.id());
    REQUIRE(edge.to != c.id());
    if (edge.from == a.id() && edge.to == b.id()) {
      found = true;
      REQUIRE(edge.weight > .5);
      REQUIRE(edge.confidence > .9);
    }
  }
  REQUIRE(found);
}
