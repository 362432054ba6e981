// Method: one seeded world run in different steps and shards; equal traces or the engine is not
// deterministic. Then the arithmetic of due times on the virtual clock, tick by tick.
#include <gyre/gyre.hpp>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "sanitized.hpp"

using namespace std::chrono_literals;
using gyre::duration;
using gyre::instant;

namespace {

/// 24 loops of every kind: knobs, groups, priorities, failures that back off, timeouts, throttled,
/// publishing, remembering; a third without jitter, whose due times are equal.
/// @param events receives when ticks were due, each time once
void populate(gyre::engine& e, std::vector<instant>& events) {
  for (int i = 0; i < 24; ++i) {
    gyre::loop_options o;
    o.name = "loop" + std::to_string(i);
    o.interval = duration(7'000'003LL * (i + 1));
    o.timeout = 40ms;
    o.priority = i % 4;
    o.missed = static_cast<gyre::missed_policy>(i % 4);
    o.deferrable = i % 5 == 0;
    if (i % 3 == 1) {
      o.jitter = 0;
      o.interval = 5ms * (1 + i % 2);
    }
    if (i % 3 == 0) o.retry = {.base = 3ms, .cap = 70ms};
    if (i % 8 == 3) o.retry.kind = gyre::spread::decorrelated;
    if (i % 2 == 0) o.knobs = {{"a", {1, 2, 3}}, {"b", {10, 20}}};
    if (i % 6 == 0) o.group = "g" + std::to_string(i % 12);
    if (i % 4 == 2) o.features = {{"n", {3, 9}}};
    e.add(o, [i, &events](gyre::tick& t) {
       if (i % 4 == 2) t.feature("n", static_cast<double>(t.number() % 13));
       if (i % 2 == 0) t.reward(t.knob("a") * 2 - t.knob("b") / 10);
       t.spend(duration(static_cast<std::int64_t>(t.number() % 50) * 1'000'000));
       if (t.number() % 17 == 5) t.fail("every seventeenth");
       if (events.empty() || events.back() != t.due()) events.push_back(t.due());
       // Not each: what is published ends the run of ticks that a shard does at one go.
       if (t.number() % 8 == 3) t.publish("tick." + std::to_string(i), "done");
       if (t.number() % 8 != 7) return;
       gyre::record r;
       r.text = "tick";
       t.remember(r);
     }).value();
  }
}

struct outcome {
  std::string hash;
  gyre::totals totals;
  std::vector<instant> events;
};

/// @param walk what goes on before the rest of the span
outcome run(duration span, std::uint32_t shards, std::uint64_t seed,
            const std::function<void(gyre::engine&)>& walk) {
  outcome out;
  gyre::engine e({.driver = gyre::driver::virtual_time, .seed = seed, .shards = shards});
  populate(e, out.events);
  e.subscribe("tick.>", {.capacity = 8}, [](const gyre::message&) {}).value();
  walk(e);
  e.advance_to(span).value();
  out.hash = e.trace_hash();
  out.totals = e.snapshot().totals;
  return out;
}
/// Over all of a span: at once, from event to event, and in each of the steps, in every number of
/// shards.
void require_one_trace(duration span, const std::vector<duration>& steps) {
  const outcome whole = run(span, 1, 42, [](gyre::engine&) {});
  REQUIRE(whole.hash.size() == 16);
  REQUIRE(whole.totals.ticks > 100);
  REQUIRE(whole.totals.errors > 0);
  REQUIRE(whole.totals.timeouts > 0);
  REQUIRE(whole.events.size() > whole.totals.ticks / 4);
  for (const std::uint32_t shards : {1u, 2u, 8u}) {
    CAPTURE(span.count(), shards);
    REQUIRE(run(span, shards, 42, [](gyre::engine&) {}).hash == whole.hash);
    const auto by_events = run(span, shards, 42, [&](gyre::engine& e) {
      for (const instant t : whole.events) e.advance_to(t).value();
    });
    REQUIRE(by_events.hash == whole.hash);
    for (const duration step : steps) {
      CAPTURE(step.count());
      const auto stepped = run(span, shards, 42, [&](gyre::engine& e) {
        for (instant t = step; t <= span; t += step) e.advance_to(t).value();
      });
      REQUIRE(stepped.hash == whole.hash);
      REQUIRE(stepped.totals.ticks == whole.totals.ticks);
    }
    REQUIRE(run(span, shards, 43, [](gyre::engine&) {}).hash != whole.hash);
  }
}

}  // namespace

TEST_CASE("the trace depends on the seed, and on neither steps nor shards", "[engine]") {
  require_one_trace(fewer(duration(60s)), {1ms, 333ms, 1s});
  require_one_trace(fewer(duration(3s)), {1us, 1ms, 1s});
}

TEST_CASE("a loop without jitter ticks on an exact grid from the start", "[engine]") {
  gyre::engine e({.driver = gyre::driver::virtual_time});
  std::vector<std::int64_t> at;
  e.add({.name = "grid", .interval = 10ms, .jitter = 0},
        [&](gyre::tick& t) {
          at.push_back(t.due().count());
          REQUIRE(e.now() == t.due());
        })
      .value();
  REQUIRE(e.advance_to(95ms).value() == 10);
  for (std::size_t i = 0; i < at.size(); ++i) {
    REQUIRE(at[i] == static_cast<std::int64_t>(i) * 10'000'000);
  }
  REQUIRE(e.now() == 95ms);
  REQUIRE(e.advance_to(50ms).value() == 0);  // time does not go back
  REQUIRE(e.now() == 95ms);
}

TEST_CASE("jitter stays within its part of the interval and does not walk", "[engine]") {
  gyre::engine e({.driver = gyre::driver::virtual_time, .seed = 5});
  std::vector<instant> at;
  e.add({.name = "j", .interval = 100ms, .jitter = .2},
        [&](gyre::tick& t) { at.push_back(t.due()); })
      .value();
  e.advance_to(200s).value();
  REQUIRE(at.size() > 1990);
  // The grid is the phase plus k intervals; every tick lies within 20 ms of its own point.
  const instant phase = at[1000] - 100s;
  bool differs = false;
  for (std::size_t k = 0; k < at.size(); ++k) {
    const duration off = at[k] - phase - duration(100'000'000LL * static_cast<std::int64_t>(k));
    REQUIRE(off <= 40ms);
    REQUIRE(off >= -40ms);
    differs = differs || off != duration::zero();
  }
  REQUIRE(differs);
}

TEST_CASE("due ticks run by due time, then priority, then order of add", "[engine]") {
  gyre::engine e({.driver = gyre::driver::virtual_time, .shards = 3});
  std::string order;
  const auto add = [&](const char* name, duration every, int priority) {
    e.add({.name = name, .interval = every, .jitter = 0, .priority = priority},
          [&order, name](gyre::tick&) { order += name; })
        .value();
  };
  add("a", 10ms, 0);
  add("b", 10ms, 5);
  add("c", 10ms, 0);
  add("d", 4ms, -1);
  e.advance_to(10ms).value();
  REQUIRE(order == "bacd" "d" "d" "bac");
}

TEST_CASE("missed-tick policies after the host slept", "[engine]") {
  struct expectation {
    gyre::missed_policy policy;
    std::vector<std::pair<std::int64_t, std::uint64_t>> ticks;  // at ms, missed
    std::uint64_t missed;
  };
  // Grid 0, 10, 20, ...; ticks at 0 and 10, then asleep from 15 until 57.
  const std::vector<expectation> table = {
      {gyre::missed_policy::once, {{0, 0}, {10, 0}, {57, 3}, {60, 0}, {70, 0}}, 3},
      {gyre::missed_policy::skip, {{0, 0}, {10, 0}, {60, 0}, {70, 0}}, 4},
      {gyre::missed_policy::burst, {{0, 0}, {10, 0}, {57, 1}, {57, 0}, {57, 0}, {60, 0}, {70, 0}},
       1},
      {gyre::missed_policy::delay, {{0, 0}, {10, 0}, {57, 0}, {67, 0}}, 0},
  };
  for (const expectation& x : table) {
    CAPTURE(static_cast<int>(x.policy));
    gyre::engine e({.driver = gyre::driver::virtual_time});
    std::vector<std::pair<std::int64_t, std::uint64_t>> ticks;
    auto l = e.add({.name = "m", .interval = 10ms, .jitter = 0, .missed = x.policy, .burst = 3},
                   [&](gyre::tick& t) { ticks.emplace_back(e.now() / 1ms, t.missed()); })
                 .value();
    e.advance_to(15ms).value();
    e.jump_to(57ms).value();
    e.advance_to(75ms).value();
    REQUIRE(ticks == x.ticks);
    REQUIRE(l.stats()->metrics.missed == x.missed);
  }
}

TEST_CASE("failures back off exponentially and one success resets the streak", "[engine]") {
  gyre::engine e({.driver = gyre::driver::virtual_time});
  std::vector<instant> at;
  auto l = e.add({.name = "f", .interval = 10ms, .jitter = 0, .retry = {100ms, 5s, 0}},
                 [&](gyre::tick& t) {
                   at.push_back(e.now());
                   if (at.size() <= 8) t.fail("not yet");
                 })
               .value();
  e.advance_to(18s).value();
  const duration waits[] = {100ms, 200ms, 400ms, 800ms, 1600ms, 3200ms, 5s, 5s};
  for (std::size_t i = 0; i < 8; ++i) REQUIRE(at[i + 1] - at[i] == waits[i]);
  REQUIRE(at[9] - at[8] == 10ms);
  const auto s = l.stats().value();
  REQUIRE(s.metrics.errors == 8);
  REQUIRE(s.metrics.streak == 0);
  REQUIRE(s.last_error == "not yet");
}

TEST_CASE("spend is the tick's measured duration and moves no clock", "[engine]") {
  gyre::engine e({.driver = gyre::driver::virtual_time});
  auto l = e.add({.name = "s", .interval = 10ms, .timeout = 20ms, .jitter = 0},
                 [&](gyre::tick& t) {
                   const instant before = e.now();
                   REQUIRE(t.elapsed_ms() == Approx(0.001));
                   t.spend(t.number() == 3 ? 21ms : 5ms);
                   REQUIRE(e.now() == before);
                   REQUIRE(t.elapsed_ms() == Approx(t.number() == 3 ? 21 : 5));
                   REQUIRE(t.cpu_ms() == t.elapsed_ms());
                   REQUIRE(t.spend(-1ms) == gyre::code::arg);
                 })
               .value();
  e.advance_to(35ms).value();
  const auto s = l.stats().value();
  REQUIRE(s.metrics.cycles == 4);
  REQUIRE(s.metrics.timeouts == 1);
  REQUIRE(s.metrics.errors == 0);
  REQUIRE(s.metrics.latency.min_ms == Approx(5));
  REQUIRE(s.metrics.latency.max_ms == Approx(21));
  REQUIRE(s.state == gyre::loop_state::backing_off);
}

TEST_CASE("an overdue tick keeps its due time, and is as late as it is", "[engine]") {
  gyre::engine e({.driver = gyre::driver::virtual_time});
  std::vector<std::int64_t> due;
  auto l = e.add({.name = "m",
                  .interval = 10ms,
                  .jitter = 0,
                  .missed = gyre::missed_policy::burst,
                  .burst = 3},
                 [&](gyre::tick& t) { due.push_back(t.due() / 1ms); })
               .value();
  e.advance_to(15ms).value();
  e.jump_to(57ms).value();
  e.advance_to(60ms).value();
  REQUIRE(due == std::vector<std::int64_t>{0, 10, 20, 40, 50, 60});
  REQUIRE(l.stats()->metrics.late_total.max_ms == Approx(37));
  e.jump_to(105ms).value();
  REQUIRE(l.pause());
  REQUIRE(l.resume());
  e.advance_to(110ms).value();
  REQUIRE(due.size() == 7);  // what was missed in a pause is not late
  REQUIRE(due.back() == 110);
}

TEST_CASE("time goes to 100 years at once and not further", "[engine]") {
  gyre::engine h({.driver = gyre::driver::host, .window = 1ms});
  int ticks = 0;
  h.add({.name = "a", .interval = 1s, .jitter = 0}, [&](gyre::tick&) { ++ticks; }).value();
  REQUIRE(h.poll(gyre::never).code() == gyre::code::arg);
  REQUIRE(h.poll(gyre::longest + 1ns).code() == gyre::code::arg);
  REQUIRE(h.now() == 0ms);
  REQUIRE(h.poll(gyre::longest)->ticks == 1);  // 3e12 windows are one
  REQUIRE(h.snapshot().loops[0].metrics.missed == 3'155'760'000ULL);
  gyre::engine v({.driver = gyre::driver::virtual_time});
  REQUIRE(v.advance_to(gyre::never).code() == gyre::code::arg);
  REQUIRE(v.jump_to(gyre::never).code() == gyre::code::arg);
  REQUIRE(v.jump_to(gyre::longest));
  REQUIRE(v.advance_to(gyre::longest).value() == 0);
}

TEST_CASE("handlers that publish to each other without end do not hold time", "[engine]") {
  const auto fill = [](gyre::engine& e) {
    e.subscribe("x", {}, [&e](const gyre::message&) { e.publish("x", "").value(); }).value();
    e.publish("x", "").value();
    e.add({.name = "a", .interval = 1s, .jitter = 0}, [](gyre::tick&) {}).value();
  };
  gyre::engine h({.driver = gyre::driver::host});
  fill(h);
  const auto r = h.poll(1ms).value();
  REQUIRE(r.more);
  REQUIRE(r.ticks == 1);  // its turn, after the first delivery
  REQUIRE(h.snapshot().bus.delivered == 1 + 64);
  gyre::engine v({.driver = gyre::driver::virtual_time});
  fill(v);
  const auto stuck = v.advance_to(1s);
  REQUIRE(stuck.code() == gyre::code::state);
  REQUIRE(stuck.error().text.find("10000 rounds") != std::string::npos);
  REQUIRE(v.now() == 0ms);
}
