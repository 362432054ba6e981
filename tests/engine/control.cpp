// Method: every call that steers loops, from outside and from inside a tick, on the virtual clock.
#include <gyre/gyre.hpp>

#include <memory>
#include <string>
#include <vector>

#include "catch.hpp"
#include "kit.hpp"

using namespace std::chrono_literals;
using kit::nothing;
using kit::virtual_clock;

TEST_CASE("pause, resume, trigger and reconfigure take effect before the next tick", "[engine]") {
  gyre::engine e(virtual_clock());
  auto l = e.add({.name = "l", .interval = 10ms, .jitter = 0}, nothing).value();
  const auto cycles = [&] { return l.stats()->metrics.cycles; };
  e.advance_to(25ms).value();
  REQUIRE(cycles() == 3);
  REQUIRE(l.pause());
  REQUIRE(l.pause());
  REQUIRE(l.trigger().code() == gyre::code::state);
  e.advance_to(95ms).value();
  REQUIRE(cycles() == 3);
  REQUIRE(l.stats()->state == gyre::loop_state::paused);
  REQUIRE(l.resume());
  e.advance_to(99ms).value();
  REQUIRE(cycles() == 3);  // no burst of what was missed
  e.advance_to(105ms).value();
  REQUIRE(cycles() == 4);
  REQUIRE(l.stats()->metrics.missed == 0);
  REQUIRE(l.trigger());
  e.advance_to(106ms).value();
  REQUIRE(cycles() == 5);
  e.advance_to(115ms).value();
  REQUIRE(cycles() == 6);  // the grid did not move
  REQUIRE(l.reconfigure({.interval = 2ms}));
  e.advance_to(125ms).value();
  REQUIRE(cycles() >= 10);
  REQUIRE(l.reconfigure({.interval = 0ms}).code() == gyre::code::arg);
  REQUIRE(l.stats()->interval_ms == Approx(2));
}

TEST_CASE("a loop may change, trigger, pause or remove itself and others from inside a tick",
          "[engine]") {
  gyre::engine e(virtual_clock());
  gyre::loop self, other;
  std::uint64_t ticks = 0;
  other = e.add({.name = "other", .interval = 10ms, .jitter = 0}, nothing).value();
  self = e.add({.name = "self", .interval = 10ms, .jitter = 0},
               [&](gyre::tick&) {
                 ++ticks;
                 if (ticks == 2) REQUIRE(self.trigger());
                 if (ticks == 3) REQUIRE(other.pause());
                 if (ticks == 4) {
                   e.add({.name = "born", .interval = 5ms, .jitter = 0}, nothing).value();
                   REQUIRE(e.advance_to(1s).code() == gyre::code::reentrant);
                   REQUIRE(e.snapshot().loops.size() == 3);
                 }
                 if (ticks == 5) REQUIRE(self.remove());
               })
             .value();
  e.advance_to(1s).value();
  REQUIRE(ticks == 5);
  REQUIRE(self.remove().code() == gyre::code::stale);
  REQUIRE(self.stats().code() == gyre::code::stale);
  REQUIRE(e.find("self").code() == gyre::code::not_found);
  REQUIRE(e.find("born")->stats()->metrics.cycles > 100);
  REQUIRE(other.stats()->metrics.cycles < 5);
  e.add({.name = "self", .interval = 10ms}, nothing).value();  // the name is free again
}

TEST_CASE("stop from inside a tick ends a virtual run; start goes on; totals stay", "[engine]") {
  gyre::engine e(virtual_clock());
  auto l = e.add({.name = "l", .interval = 10ms, .jitter = 0}, [&](gyre::tick& t) {
               if (t.number() == 4) e.stop().value();
             }).value();
  e.advance_to(1s).value();
  REQUIRE(l.stats()->metrics.cycles == 5);
  REQUIRE(l.stats()->state == gyre::loop_state::stopped);
  REQUIRE_FALSE(e.running());
  e.stop().value();
  REQUIRE(e.start());
  REQUIRE(e.start());
  e.advance_to(1095ms).value();
  REQUIRE(l.stats()->metrics.cycles == 15);
  e.reset_metrics();
  REQUIRE(l.stats()->metrics.cycles == 0);
}

TEST_CASE("groups pause and resume together", "[engine]") {
  gyre::engine e({.driver = gyre::driver::virtual_time, .shards = 3});
  for (int i = 0; i < 6; ++i) {
    e.add({.name = "l" + std::to_string(i), .interval = 10ms, .jitter = 0,
           .group = i < 3 ? "a" : "b"},
          nothing)
        .value();
  }
  e.advance_to(5ms).value();
  REQUIRE(e.pause_group("a"));
  e.advance_to(55ms).value();
  auto s = e.snapshot();
  for (std::size_t i = 0; i < 6; ++i) REQUIRE(s.loops[i].metrics.cycles == (i < 3 ? 1 : 6));
  REQUIRE(e.resume_group("a"));
  e.advance_to(65ms).value();
  s = e.snapshot();
  for (std::size_t i = 0; i < 6; ++i) REQUIRE(s.loops[i].metrics.cycles == (i < 3 ? 2 : 7));
}

TEST_CASE("a trigger that waits is forgotten by pause and by stop", "[engine]") {
  gyre::engine e(virtual_clock());
  std::vector<std::int64_t> at;
  gyre::loop l;
  bool all_three = false;
  l = e.add({.name = "l", .interval = 10ms, .jitter = 0}, [&](gyre::tick&) {
         at.push_back(e.now() / 1ms);
         if (!all_three) return;
         all_three = false;
         REQUIRE(l.trigger());
         REQUIRE(l.pause());
         REQUIRE(l.resume());
       }).value();
  e.advance_to(15ms).value();
  REQUIRE(l.trigger());
  REQUIRE(l.pause());
  e.advance_to(33ms).value();
  REQUIRE(l.resume());
  e.advance_to(55ms).value();
  REQUIRE(at == std::vector<std::int64_t>{0, 10, 40, 50});
  REQUIRE(l.trigger());
  e.stop().value();
  REQUIRE(e.start());
  e.advance_to(60ms).value();
  REQUIRE(at.size() == 5);
  REQUIRE(at.back() == 55);  // the new grid's first, and no other
  all_three = true;          // from inside its own tick: it goes on afterwards
  e.advance_to(155ms).value();
  REQUIRE(at.size() == 15);
}

namespace {
/// Calls the engine as it is destroyed, as a captured handle of the user's may.
struct parting_call {
  gyre::engine& e;
  int& gone;
  ~parting_call() {
    (void)e.snapshot();
    ++gone;
  }
};
}  // namespace

TEST_CASE("what a closure captured may call the engine as it goes", "[engine]") {
  gyre::engine e(virtual_clock());
  int gone = 0;
  const auto captured = [&] { return std::shared_ptr<parting_call>(new parting_call{e, gone}); };
  gyre::loop self;
  self = e.add({.name = "self", .interval = 10ms, .jitter = 0}, [&, c = captured()](gyre::tick&) {
            REQUIRE(self.remove());
          }).value();
  e.advance_to(5ms).value();
  REQUIRE(gone == 1);
  e.add({.name = "other", .interval = 10ms}, [c = captured()](gyre::tick&) {})
      .value()
      .remove()
      .value();
  REQUIRE(gone == 2);
  e.add({.name = "gated",
         .interval = 10ms,
         .gates = {gyre::gate(
             "g", [c = captured()](const gyre::reading&) { return 0.; }, 1, 1)}},
        nothing)
      .value()
      .remove()
      .value();
  REQUIRE(gone == 3);
  const auto id = e.subscribe("x", {}, [c = captured()](const gyre::message&) {}).value();
  REQUIRE(e.unsubscribe(id));
  REQUIRE(gone == 4);
  std::uint32_t own = 0;
  own = e.subscribe("x", {}, [&, c = captured()](const gyre::message&) {
           REQUIRE(e.unsubscribe(own));
           REQUIRE(gone == 4);
         }).value();
  e.publish("x", "").value();
  e.advance_to(6ms).value();
  REQUIRE(gone == 5);
  REQUIRE(e.subscribe("bad..pattern", {}, [c = captured()](const gyre::message&) {}).code() ==
          gyre::code::arg);
  REQUIRE(gone == 6);
}

TEST_CASE("a new priority or jitter counts for the tick that is scheduled", "[engine]") {
  gyre::engine e(virtual_clock());
  std::string order;
  e.add({.name = "x", .interval = 10ms, .jitter = 0}, [&](gyre::tick&) { order += 'x'; }).value();
  auto y = e.add({.name = "y", .interval = 10ms, .jitter = 0}, [&](gyre::tick&) {
              order += 'y';
            }).value();
  e.advance_to(5ms).value();
  REQUIRE(y.reconfigure({.priority = 9}));
  e.advance_to(25ms).value();
  REQUIRE(order == "xyyxyx");
  std::vector<gyre::instant> at;
  auto j = e.add({.name = "j", .interval = 10ms, .jitter = .5}, [&](gyre::tick& t) {
              at.push_back(t.due());
            }).value();
  e.advance_to(65ms).value();
  REQUIRE(j.reconfigure({.jitter = 0}));
  at.clear();
  e.advance_to(105ms).value();
  for (std::size_t i = 1; i < at.size(); ++i) REQUIRE(at[i] - at[i - 1] == 10ms);
}

TEST_CASE("a loop backs off until it is resumed, started, or has succeeded", "[engine]") {
  gyre::engine e(virtual_clock());
  bool bad = true;
  auto l = e.add({.name = "l", .interval = 1s, .jitter = 0}, [&](gyre::tick& t) {
              if (bad) t.fail("bad");
            }).value();
  const auto state = [&] { return l.stats()->state; };
  e.advance_to(5ms).value();
  REQUIRE(state() == gyre::loop_state::backing_off);
  REQUIRE(l.pause());
  REQUIRE(l.resume());
  REQUIRE(state() == gyre::loop_state::waiting);
  REQUIRE(l.trigger());
  e.advance_to(6ms).value();
  REQUIRE(state() == gyre::loop_state::backing_off);
  bad = false;
  REQUIRE(l.trigger());
  e.advance_to(7ms).value();
  REQUIRE(state() == gyre::loop_state::waiting);
  bad = true;
  REQUIRE(l.trigger());
  e.advance_to(8ms).value();
  REQUIRE(state() == gyre::loop_state::backing_off);
  e.stop().value();
  REQUIRE(e.start());
  REQUIRE(state() == gyre::loop_state::waiting);
}
