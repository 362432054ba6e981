// Method: real threads; every wait is for a condition, with a bound that only a defect reaches. The
// same suite runs under the thread sanitizer.
#include <gyre/gyre.hpp>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "doors.hpp"

using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;
using doors::door;
using doors::eventually;

TEST_CASE("loops run on their own threads, on time, in every shard", "[engine]") {
  const std::uint32_t shards = GENERATE(1u, 3u);
  gyre::engine e({.shards = shards});
  std::atomic<std::uint64_t> ticks{0}, got{0};
  for (int i = 0; i < 20; ++i) {
    e.add({.name = "l" + std::to_string(i), .interval = 5ms},
          [&](gyre::tick& t) {
            ++ticks;
            t.publish("t", "x");
            gyre::record r;
            r.text = "tick " + std::to_string(t.number());
            t.remember(r);
          })
        .value();
  }
  e.subscribe("t", {}, [&](const gyre::message&) { ++got; }).value();
  REQUIRE(e.start());
  REQUIRE(eventually([&] { return ticks > 400; }));
  REQUIRE(e.stop().value().empty());
  const auto s = e.snapshot();
  REQUIRE(s.totals.ticks == ticks);
  REQUIRE(s.totals.errors == 0);
  REQUIRE(s.bus.matched == ticks);
  REQUIRE(s.bus.balanced());
  REQUIRE(s.bus.delivered + s.bus.pending == ticks);
  REQUIRE(got == s.bus.delivered);
  REQUIRE(s.memory.remembered == ticks);
}

TEST_CASE("a callback that never returns freezes no other loop and is named by stop", "[engine]") {
  auto kept = std::make_shared<door>();
  std::atomic<std::uint64_t> others{0};
  {
    gyre::engine e;
    auto bad = e.add({.name = "bad", .interval = 5ms, .timeout = 50ms}, [kept](gyre::tick& t) {
                  kept->pass();
                  // Abandoned long ago: every call does nothing and says so.
                  if (t.reward(1) != gyre::code::cancelled || !t.cancelled()) std::abort();
                  if (t.publish("late", "x") != gyre::code::cancelled) std::abort();
                }).value();
    for (int i = 0; i < 10; ++i) {
      e.add({.name = "good" + std::to_string(i), .interval = 5ms},
            [&](gyre::tick&) { ++others; })
          .value();
    }
    REQUIRE(e.start());
    REQUIRE(eventually([&] { return bad.stats()->state == gyre::loop_state::stuck; }));
    const std::uint64_t before = others;
    REQUIRE(eventually([&] { return others > before + 200; }));
    const auto s = bad.stats().value();
    REQUIRE(s.metrics.timeouts == 1);
    REQUIRE(s.metrics.cycles == 1);  // never a second copy
    const auto begin = clock_type::now();
    REQUIRE(e.stop(2s).value() == std::vector<std::string>{"bad"});
    REQUIRE(clock_type::now() - begin < 10s);
    kept->open();
    REQUIRE(eventually([&] { return bad.stats()->state != gyre::loop_state::stuck; }));
  }
}

TEST_CASE("stop returns at its deadline and names the straggler; start runs the rest again",
          "[engine]") {
  auto kept = std::make_shared<door>();
  std::atomic<std::uint64_t> others{0};
  gyre::engine e;
  auto late = e.add({.name = "late", .interval = 5ms, .timeout = 60s},
                    [kept](gyre::tick&) { kept->pass(); })
                  .value();
  e.add({.name = "good", .interval = 5ms}, [&](gyre::tick&) { ++others; }).value();
  REQUIRE(e.start());
  REQUIRE(eventually([&] { return kept->entered(); }));
  const auto begin = clock_type::now();
  const auto stragglers = e.stop(50ms).value();
  REQUIRE(clock_type::now() - begin < 10s);
  REQUIRE(stragglers == std::vector<std::string>{"late"});
  const std::uint64_t before = others;
  REQUIRE(e.start());
  REQUIRE(eventually([&] { return others > before + 5; }));
  kept->open();
  REQUIRE(eventually([&] { return late.stats()->state != gyre::loop_state::stuck; }));
  REQUIRE(e.stop().value().empty());
}

TEST_CASE("a snapshot, an add and a remove wait for no tick", "[engine]") {
  door kept;
  gyre::engine e;
  auto slow = e.add({.name = "slow", .interval = 5ms, .timeout = 60s},
                    [&](gyre::tick&) { kept.pass(); })
                  .value();
  REQUIRE(e.start());
  REQUIRE(eventually([&] { return kept.entered(); }));
  for (int i = 0; i < 50; ++i) {
    REQUIRE(e.snapshot().loops[0].state == gyre::loop_state::running);
    auto l = e.add({.name = "n", .interval = 1s}, [](gyre::tick&) {}).value();
    REQUIRE(l.pause());
    REQUIRE(l.remove());
  }
  e.publish("anything", "x").value();
  REQUIRE(slow.stats()->state == gyre::loop_state::running);
  kept.open();
  REQUIRE(e.stop().value().empty());
}

TEST_CASE("a tick is told when its timeout passes and when the engine stops", "[engine]") {
  std::atomic<int> told{0}, started{0};
  gyre::engine e;
  auto l = e.add({.name = "polite", .interval = 5ms, .timeout = 30ms}, [&](gyre::tick& t) {
               ++started;
               while (!t.cancelled()) std::this_thread::sleep_for(1ms);
               ++told;
             }).value();
  REQUIRE(e.start());
  REQUIRE(eventually([&] { return told >= 2; }));
  REQUIRE(eventually([&] { return started > told; }));
  REQUIRE(e.stop(20s).value().empty());
  REQUIRE(told == started);
  REQUIRE(l.stats()->metrics.timeouts >= 2);
}

TEST_CASE("stop from inside a tick is refused", "[engine]") {
  std::atomic<int> refused{0};
  gyre::engine e({.shards = 2});
  e.add({.name = "self", .interval = 5ms},
        [&](gyre::tick&) { refused += e.stop().code() == gyre::code::reentrant ? 1 : 0; })
      .value();
  e.subscribe("x", {}, [&](const gyre::message&) {
     refused += e.stop().code() == gyre::code::reentrant ? 100 : 0;
   }).value();
  REQUIRE(e.start());
  e.publish("x", "").value();
  REQUIRE(eventually([&] { return refused > 100; }));
  REQUIRE(e.stop().value().empty());
}

TEST_CASE("a throttle that ends wakes the loop's own shard", "[engine]") {
  gyre::engine e({.shards = 2, .window = 10ms});
  std::atomic<bool> ill{true};
  std::atomic<int> ticks{0};
  const auto vital = [&](gyre::tick& t) { t.vitality(ill ? 0 : 1); };
  e.add({.name = "zero", .interval = 5ms}, vital).value();
  auto one = e.add({.name = "one", .interval = 100ms, .deferrable = true}, [&](gyre::tick&) {
                ++ticks;
              }).value();  // the second loop: on the second shard
  for (int i = 0; i < 4; ++i) {  // more on the first; nothing else may wake the second
    e.add({.name = "zero" + std::to_string(i), .interval = 5ms}, vital).value();
    REQUIRE(e.add({.name = "none", .interval = 1h}, [](gyre::tick&) {})->remove());
  }
  REQUIRE(e.start());
  REQUIRE(eventually([&] { return one.stats()->interval_ms >= 59'000; }));
  const int before = ticks;
  ill = false;
  REQUIRE(eventually([&] { return ticks > before + 2; }, 15s));
  REQUIRE(e.stop().value().empty());
}

TEST_CASE("a loop that overruns its interval is as late as it is, by each policy", "[engine]") {
  const auto policy = GENERATE(gyre::missed_policy::once, gyre::missed_policy::skip,
                               gyre::missed_policy::burst, gyre::missed_policy::delay);
  gyre::engine e;
  std::atomic<int> ticks{0};
  auto l =
      e.add({.name = "o", .interval = 10ms, .jitter = 0, .missed = policy}, [&](gyre::tick& t) {
         while (t.elapsed_ms() < 35) {
         }
         ++ticks;
       }).value();
  REQUIRE(e.start());
  REQUIRE(eventually([&] { return ticks >= 6; }));
  REQUIRE(e.stop().value().empty());
  const auto m = l.stats()->metrics;
  CAPTURE(static_cast<int>(policy));
  switch (policy) {
    case gyre::missed_policy::once:  // grid points 10, 20 and 30 passed: one late tick, two missed
      REQUIRE(m.late_total.max_ms >= 24);
      REQUIRE(m.missed >= 2 * (m.cycles - 1));
      break;
    case gyre::missed_policy::skip:
      REQUIRE(m.missed >= 3 * (m.cycles - 1));
      break;
    case gyre::missed_policy::burst:  // each is later than the one before
      REQUIRE(m.late_total.max_ms >= 24 * 3);
      break;
    case gyre::missed_policy::delay:
      REQUIRE(m.missed == 0);
      break;
  }
}

TEST_CASE("a supplied mode leaves the engine's own readings on", "[engine]") {
  gyre::engine e;
  e.add({.name = "l", .interval = 5ms, .gates = {gyre::gates::memory(1000, 1000)}},
        [](gyre::tick&) {})
      .value();
  e.supply({.mode = "quiet"});
  REQUIRE(e.start());
  std::atomic<bool> over{false};
  std::thread supplier([&] {
    while (!over) e.supply({.cpu_percent = 42, .mode = "busy"});
  });
  const bool both = eventually([&] {
    const auto now = e.snapshot();
    return now.memory_percent >= 0 && now.cpu_percent == 42;
  });
  over = true;
  supplier.join();
  REQUIRE(both);
  auto s = e.snapshot();
  REQUIRE(s.memory_percent >= 0);
  REQUIRE(s.cpu_percent == 42);
  REQUIRE(s.mode == "busy");
  e.supply({.memory_percent = 7});
  REQUIRE(e.snapshot().memory_percent == 7);
  REQUIRE(e.stop().value().empty());
}
