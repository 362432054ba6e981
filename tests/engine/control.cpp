// Method: every call from outside and from inside a tick; bad input must name itself and change
// nothing.
#include <gyre/gyre.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "catch.hpp"

using namespace std::chrono_literals;

namespace {
void nothing(gyre::tick&) {}
gyre::engine_options virtual_clock() { return {.driver = gyre::driver::virtual_time}; }
}  // namespace

TEST_CASE("bad loop options are refused with the value and the range, and nothing changes",
          "[engine]") {
  gyre::engine e(virtual_clock());
  e.add({.name = "taken", .interval = 1s}, nothing).value();
  struct bad {
    const char* what;
    gyre::loop_options options;
    gyre::code code;
    const char* says;
  };
  const std::string long_name(64, 'x');
  const double nan = std::nan("");
  const std::vector<bad> table = {
      {"empty name", {.name = "", .interval = 1s}, gyre::code::arg, "1 to 63 bytes, not 0"},
      {"long name", {.name = long_name, .interval = 1s}, gyre::code::arg, "not 64"},
      {"taken name", {.name = "taken", .interval = 1s}, gyre::code::exists, "\"taken\""},
      {"no interval", {.name = "a"}, gyre::code::arg, "over 0"},
      {"negative interval", {.name = "a", .interval = -5ms}, gyre::code::arg, "-5 ms"},
      {"no timeout", {.name = "a", .interval = 1s, .timeout = 0ms}, gyre::code::arg, "timeout"},
      {"jitter", {.name = "a", .interval = 1s, .jitter = .6}, gyre::code::arg, "0.6"},
      {"priority", {.name = "a", .interval = 1s, .priority = 2048}, gyre::code::arg, "2048"},
      {"jitter NaN", {.name = "a", .interval = 1s, .jitter = nan}, gyre::code::arg, "nan"},
      {"burst", {.name = "a", .interval = 1s, .burst = 0}, gyre::code::arg, "burst"},
      {"backoff", {.name = "a", .interval = 1s, .retry = {2s, 1s, .1}}, gyre::code::arg, "cap"},
      {"empty knob", {.name = "a", .interval = 1s, .knobs = {{"k", {}}}}, gyre::code::arg, "\"k\""},
      {"nameless knob", {.name = "a", .interval = 1s, .knobs = {{"", {1}}}}, gyre::code::arg, "0"},
      {"knob NaN", {.name = "a", .interval = 1s, .knobs = {{"k", {nan}}}}, gyre::code::arg, "nan"},
      {"two knobs",
       {.name = "a", .interval = 1s, .knobs = {{"k", {1}}, {"k", {2}}}},
       gyre::code::exists,
       "\"k\""},
      {"descending edges",
       {.name = "a", .interval = 1s, .features = {{"f", {2, 1}}}},
       gyre::code::arg,
       "1 follows 2"},
      {"too many cells",
       {.name = "a",
        .interval = 1s,
        .features = {{"f", std::vector<double>{1, 2, 3, 4, 5, 6, 7}}, {"g", {1, 2, 3}}},
        .knobs = {{"k", std::vector<double>(3000, 1.0)}}},
       gyre::code::budget,
       "96000"},
      {"gate without a figure",
       {.name = "a", .interval = 1s, .gates = {gyre::gate("g", nullptr, 2, 1)}},
       gyre::code::arg,
       "no figure"},
      {"gate the wrong way round",
       {.name = "a", .interval = 1s, .gates = {gyre::gates::cpu(70, 80)}},
       gyre::code::arg,
       "opens under 80"},
      {"latency gate without histograms",
       {.name = "a",
        .interval = 1s,
        .gates = {gyre::gates::latency(5)},
        .metrics = gyre::metrics_mode::counters},
       gyre::code::arg,
       "metrics_mode::full"},
      {"learning rate",
       {.name = "a", .interval = 1s, .knobs = {{"k", {1}}}, .learning = {.learning_rate = 0}},
       gyre::code::arg,
       "learning_rate"},
  };
  for (const bad& b : table) {
    CAPTURE(b.what);
    const auto r = e.add(b.options, nothing);
    REQUIRE(r.code() == b.code);
    CAPTURE(r.error().text);
    REQUIRE(r.error().text.find(b.says) != std::string::npos);
    REQUIRE(e.snapshot().loops.size() == 1);
    REQUIRE(e.snapshot().learners.empty());
  }
  REQUIRE(e.add({.name = "a", .interval = 1s}, nullptr).code() == gyre::code::arg);
  REQUIRE(e.find("nobody").code() == gyre::code::not_found);
  REQUIRE(e.pause_group("none").code() == gyre::code::not_found);
  REQUIRE(e.connect("taken", "nobody", .5).code() == gyre::code::not_found);
  REQUIRE(e.connect("taken", "taken", .5).code() == gyre::code::arg);
}

TEST_CASE("bad engine options are refused", "[engine]") {
  REQUIRE(gyre::engine::create({.slack = -1ms}).code() == gyre::code::arg);
  REQUIRE(gyre::engine::create({.hand_off = 0ms}).code() == gyre::code::arg);
  REQUIRE(gyre::engine::create({.shards = 65}).code() == gyre::code::arg);
  REQUIRE(gyre::engine::create({.window = 0ms}).code() == gyre::code::arg);
  REQUIRE(gyre::engine::create({.memory = {.budget_bytes = 10}}).code() == gyre::code::arg);
}

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

TEST_CASE("external ticks are handed out, run by the caller, and ended once", "[engine]") {
  gyre::engine e(virtual_clock());
  auto l = e.add_external({.name = "x",
                           .interval = 10ms,
                           .timeout = 20ms,
                           .jitter = 0,
                           .features = {{"f", {1}}},
                           .knobs = {{"k", {5, 6}}}})
               .value();
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

TEST_CASE("handlers run between ticks and may use the engine", "[engine]") {
  gyre::engine e(virtual_clock());
  bool inside = false;
  std::uint64_t seen = 0;
  e.add({.name = "p", .interval = 10ms, .jitter = 0},
        [&](gyre::tick& t) {
          inside = true;
          REQUIRE(t.publish("a.b", "text") == gyre::code::ok);
          REQUIRE(seen == std::min<std::uint64_t>(t.number(), 10));  // publish only enqueues
          inside = false;
          if (t.number() == 3) REQUIRE(t.publish("a..b", "x") == gyre::code::arg);
        })
      .value();
  std::uint32_t id = 0;
  id = e.subscribe("a.*", {},
                   [&](const gyre::message& m) {
                     REQUIRE_FALSE(inside);
                     REQUIRE(m.text() == "text");
                     REQUIRE(m.source == e.find("p")->id());
                     ++seen;
                     e.publish("from.handler", "y").value();
                     if (seen == 10) REQUIRE(e.unsubscribe(id));
                   })
           .value();
  const auto polled = e.subscribe("from.>").value();
  const auto failed = e.subscribe("gyre.failed").value();
  e.advance_to(500ms).value();
  REQUIRE(seen == 10);
  gyre::owned_message out;
  std::uint64_t got = 0;
  while (e.poll_message(polled, out)) ++got;
  REQUIRE(got == 10);
  REQUIRE(e.poll_message(failed, out));  // the tick that published to a bad topic
  REQUIRE(e.subscription(polled)->delivered == 10);
  REQUIRE(e.subscription(id).code() == gyre::code::stale);
  const auto s = e.snapshot();
  REQUIRE(s.bus.balanced());
  for (const char* topic : {"", ".", "a.", ".a", "a..b", "a b", "*", "a.>"}) {
    CAPTURE(topic);
    REQUIRE(e.publish(topic, "x").code() == gyre::code::arg);
  }
  for (const char* pattern : {"", "a..b", ">.a", "a.>.b"}) {
    CAPTURE(pattern);
    REQUIRE(e.subscribe(pattern).code() == gyre::code::arg);
  }
}

TEST_CASE("ticks remember under their loop's name and recall finds it", "[engine]") {
  gyre::engine e(virtual_clock());
  e.add({.name = "scribe", .interval = 10ms, .jitter = 0},
        [&](gyre::tick& t) {
          gyre::record r;
          r.text = "note " + std::to_string(t.number());
          REQUIRE(t.remember(r) == gyre::code::ok);
        })
      .value();
  e.advance_to(995ms).value();
  const auto found = e.recall({.source = "scribe", .limit = 200});
  REQUIRE(found.size() == 100);
  REQUIRE(found[0].text == "note 99");
  REQUIRE(found[0].wall_ms == 990);
  REQUIRE(e.recall({.text = "NOTE 42"}).size() == 1);
  gyre::record bad;
  bad.importance = 2;
  REQUIRE(e.remember(bad).code() == gyre::code::arg);
  const auto s = e.snapshot();
  REQUIRE(s.memory.remembered == 100);
  REQUIRE(s.memory.in_ring + s.memory.in_blocks == 100);
  REQUIRE_FALSE(s.blocks.empty());
}

TEST_CASE("declared edges show in the snapshot", "[engine]") {
  gyre::engine e(virtual_clock());
  e.add({.name = "a", .interval = 1s}, nothing).value();
  e.add({.name = "b", .interval = 1s}, nothing).value();
  REQUIRE(e.connect("a", "b", .7));
  REQUIRE(e.connect("b", "a", -.4));
  REQUIRE(e.connect("b", "a", -2).code() == gyre::code::arg);
  const auto s = e.snapshot();
  REQUIRE(s.symbiosis.nodes.size() == 2);
  REQUIRE(s.symbiosis.edges.size() == 2);
  REQUIRE(s.symbiosis.synergies == 1);
  REQUIRE(s.symbiosis.conflicts == 1);
  REQUIRE(s.symbiosis.density == Approx(1));
  REQUIRE(e.find("a")->remove());
  REQUIRE(e.snapshot().symbiosis.edges.empty());
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

TEST_CASE("reset sets every figure of a loop to zero; totals keep removed loops until then",
          "[engine]") {
  gyre::engine e(virtual_clock());
  e.subscribe("q", {.capacity = 1}).value();
  auto l = e.add({.name = "l", .interval = 10ms, .jitter = 0}, [&](gyre::tick& t) {
              t.publish("q", "1");
              if (t.number() == 3) t.fail("bad");
            }).value();
  auto gone = e.add({.name = "gone", .interval = 10ms, .jitter = 0}, [](gyre::tick& t) {
                 t.fail("always");
               }).value();
  e.advance_to(995ms).value();
  const auto before = e.snapshot().totals;
  REQUIRE(gone.remove());
  const auto after = e.snapshot().totals;
  REQUIRE(after.loops == 1);
  REQUIRE(after.ticks == before.ticks);
  REQUIRE(after.errors == before.errors);
  REQUIRE(after.error_rate == before.error_rate);
  REQUIRE(l.stats()->dropped > 0);
  REQUIRE(l.stats()->last_error == "bad");
  REQUIRE(l.pause());
  e.reset_metrics();
  const auto s = l.stats().value();
  REQUIRE(s.metrics.cycles == 0);
  REQUIRE(s.dropped == 0);
  REQUIRE(s.reward == 0);
  REQUIRE(s.last_error.empty());
  REQUIRE(e.snapshot().totals.ticks == 0);
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

TEST_CASE("a tick may publish with a lifetime and a correlation", "[engine]") {
  gyre::engine e(virtual_clock());
  auto l = e.add({.name = "l", .interval = 1s, .jitter = 0}, [](gyre::tick& t) {
              t.publish("a", "x", {.correlation = 42, .source = 9, .ttl = 5ms, .may_wait = true});
              if (t.number() == 1) {
                REQUIRE(t.publish("a", "x", {.ttl = -1ms}) == gyre::code::arg);
              }
            }).value();
  const auto id = e.subscribe("a", {.capacity = 1, .policy = gyre::overflow::block}).value();
  e.advance_to(4ms).value();
  gyre::owned_message m;
  REQUIRE(e.poll_message(id, m));
  REQUIRE(m.correlation == 42);
  REQUIRE(m.source == l.id());
  REQUIRE(m.ttl == 5ms);
  e.advance_to(1500ms).value();
  REQUIRE_FALSE(e.poll_message(id, m));
  REQUIRE(e.subscription(id)->expired == 1);
  REQUIRE(l.stats()->metrics.errors == 1);
}

TEST_CASE("events of the engine's own are kept up to two a loop, and then counted", "[engine]") {
  gyre::engine e(virtual_clock());
  for (int i = 0; i < 120; ++i) {
    e.add({.name = "l" + std::to_string(i), .interval = 100ms, .jitter = 0, .deferrable = true},
          [](gyre::tick& t) { t.vitality(.1); })
        .value();
  }
  int heard = 0;
  e.subscribe("gyre.interval", {}, [&](const gyre::message&) { ++heard; }).value();
  e.advance_to(1500ms).value();
  REQUIRE(heard == 120);  // all of one window
  REQUIRE(e.snapshot().totals.events_dropped == 0);
  for (int i = 0; i < 250; ++i) {
    REQUIRE(e.find("l0")->reconfigure({.interval = 100ms + 1ms * (i % 2 + 1)}));
  }
  e.advance_to(1700ms).value();
  REQUIRE(heard == 120 + 240);
  REQUIRE(e.snapshot().totals.events_dropped == 10);
}

TEST_CASE("an external tick that is over does nothing more", "[engine]") {
  gyre::engine e(virtual_clock());
  auto l = e.add_external({.name = "x",
                           .interval = 10ms,
                           .timeout = 20ms,
                           .jitter = 0,
                           .features = {{"f", {1}}},
                           .knobs = {{"k", {1}}}})
               .value();
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

TEST_CASE("a record is used again with and without histograms", "[engine]") {
  gyre::engine e({.driver = gyre::driver::virtual_time});
  gyre::instant now{0};
  std::vector<std::uint32_t> indices;
  using gyre::metrics_mode;
  for (const metrics_mode mode : {metrics_mode::counters, metrics_mode::full, metrics_mode::full,
                                  metrics_mode::counters, metrics_mode::full}) {
    gyre::loop loop = e.add({.name = "a", .interval = 10ms, .jitter = 0, .metrics = mode},
                            [](gyre::tick& t) { t.spend(t.number() * 1ms); })
                          .value();
    indices.push_back(gyre::id_index(loop.id()));
    now += 995ms;
    e.advance_to(now).value();
    const gyre::metrics_stats seen = loop.stats()->metrics;
    REQUIRE(seen.cycles == 100);
    REQUIRE(seen.latency.max_ms == 99);
    REQUIRE(std::isnan(seen.latency.p50_ms) == (mode == metrics_mode::counters));
    if (mode == metrics_mode::full) REQUIRE(seen.latency.p50_ms == Approx(49.5).margin(2));
    loop.remove().value();
  }
  REQUIRE(std::count(indices.begin(), indices.end(), indices[0]) == 5);
}
