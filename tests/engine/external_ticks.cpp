// Method: every call that an external tick may get, in time and too late.
#include <gyre/gyre.hpp>

#include <array>
#include <cmath>
#include <span>

#include "catch.hpp"
#include "kit.hpp"

using namespace std::chrono_literals;
using kit::virtual_clock;

namespace {
gyre::loop_options with_knob(std::vector<double> values) {
  return {.name = "x",
          .interval = 10ms,
          .timeout = 20ms,
          .jitter = 0,
          .features = {{"f", {1}}},
          .knobs = {{"k", std::move(values)}}};
}
}  // namespace

TEST_CASE("external ticks are handed out, run by the caller, and ended once", "[engine]") {
  gyre::engine e(virtual_clock());
  auto l = e.add_external(with_knob({5, 6})).value();
  std::array<std::uint32_t, 4> ids{};
  REQUIRE(e.acquire(ids) == 0);
  e.advance_to(1ms).value();
  REQUIRE(e.acquire(ids) == 1);
  REQUIRE(e.acquire(std::span(ids).subspan(1)) == 0);
  REQUIRE(l.stats()->state == gyre::loop_state::running);
  double k = 0;
  REQUIRE(e.with_tick(ids[0], [&](gyre::tick& t) {
    REQUIRE(t.feature("f", 2) == gyre::code::ok);
    k = t.knob("k");
    t.reward(3);
  }));
  REQUIRE((k == 5 || k == 6));
  e.advance_to(5ms).value();
  REQUIRE(e.complete(ids[0], 4ms));
  REQUIRE(e.complete(ids[0]).code() == gyre::code::stale);
  REQUIRE(e.with_tick(ids[0], [](gyre::tick&) {}).code() == gyre::code::stale);
  auto s = l.stats().value();
  REQUIRE(s.metrics.succeeded == 1);
  REQUIRE(s.metrics.latency.max_ms == Approx(4));
  REQUIRE(s.reward == Approx(3));
  REQUIRE(e.snapshot().learners[0].stats.observations == 1);

  e.advance_to(11ms).value();  // the next one is not completed in time
  REQUIRE(e.acquire(ids) == 1);
  e.advance_to(60ms).value();
  REQUIRE(l.stats()->metrics.timeouts == 1);
  REQUIRE(e.complete(ids[0]).code() == gyre::code::stale);
  REQUIRE(l.stats()->state == gyre::loop_state::backing_off);
  e.advance_to(200ms).value();
  REQUIRE(e.acquire(ids) == 1);  // and the loop goes on after its backoff
  REQUIRE(e.with_tick(ids[0], [](gyre::tick& t) { t.fail("no"); }));
  REQUIRE(e.complete(ids[0]));
  REQUIRE(l.stats()->metrics.errors == 1);
  REQUIRE(l.stats()->last_error == "no");

  e.advance_to(500ms).value();
  REQUIRE(e.acquire(ids) == 1);
  REQUIRE(l.remove());
  REQUIRE(e.complete(ids[0]).code() == gyre::code::stale);
  REQUIRE(e.complete(l.id()).code() == gyre::code::kind);
}

TEST_CASE("an external tick that is over does nothing more", "[engine]") {
  gyre::engine e(virtual_clock());
  auto l = e.add_external(with_knob({1})).value();
  std::array<std::uint32_t, 1> ids{};
  e.advance_to(0ms).value();
  REQUIRE(e.acquire(ids) == 1);
  REQUIRE(e.with_tick(ids[0], [&](gyre::tick& t) {
    REQUIRE_FALSE(t.cancelled());
    REQUIRE(t.vitality(.5) == gyre::code::ok);
    e.advance_to(100ms).value();  // its timeout passes
    REQUIRE(l.stats()->metrics.timeouts == 1);
    REQUIRE(t.cancelled());
    REQUIRE(t.vitality(.9) == gyre::code::cancelled);
    REQUIRE(t.publish("a", "b") == gyre::code::cancelled);
    REQUIRE(t.feature("f", 5) == gyre::code::cancelled);
    REQUIRE(t.reward(1) == gyre::code::cancelled);
    REQUIRE(std::isnan(t.knob("k")));
    REQUIRE(t.remember({.text = "x"}) == gyre::code::cancelled);
  }));
  REQUIRE(l.stats()->vitality == .5);
  REQUIRE(e.snapshot().bus.published == e.snapshot().bus.unrouted);
  REQUIRE(e.snapshot().memory.remembered == 0);
}

// Method: reference. Loops whose ticks the caller ends leave the trace of loops that are functions.
TEST_CASE("a virtual clock stops at each external tick, and loses none", "[engine]") {
  const auto options = [](int i) {
    gyre::loop_options o;
    o.name = std::to_string(i);
    o.interval = (30 + 40 * i) * 1ms;
    return o;
  };
  gyre::engine whole(virtual_clock()), steps(virtual_clock());
  for (int i = 0; i < 2; ++i) {
    whole.add(options(i), [](gyre::tick&) {}).value();
    steps.add_external(options(i)).value();
  }
  whole.advance_to(2s).value();
  std::uint64_t ended = 0;
  do {
    steps.step_to(2s).value();
    std::array<std::uint32_t, 4> ids{};
    const std::uint32_t n = steps.acquire(ids);
    for (std::uint32_t i = 0; i < n; ++i) REQUIRE(steps.complete(ids[i]));
    ended += n;
  } while (steps.now() < 2s);
  REQUIRE(ended > 80);
  REQUIRE(steps.snapshot().totals.ticks == whole.snapshot().totals.ticks);
  REQUIRE(steps.trace_hash() == whole.trace_hash());
  gyre::engine other({.driver = gyre::driver::host});
  REQUIRE(other.step_to(1s).code() == gyre::code::state);
}
