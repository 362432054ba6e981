// Method: real threads; every wait is for a condition, with a bound that only a defect reaches. The
// same suite runs under the thread sanitizer.
#include <gyre/gyre.hpp>

#include <atomic>
#include <functional>
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

TEST_CASE("a blocking subscription makes an outside publisher wait and drops nothing it took",
          "[engine]") {
  gyre::engine e;
  REQUIRE(e.start());
  const auto id =
      e.subscribe("t", {.capacity = 4, .policy = gyre::overflow::block, .block_for = 60s}).value();
  std::atomic<bool> done{false};
  std::thread publisher([&] {
    for (int i = 0; i < 50; ++i) e.publish("t", std::to_string(i)).value();
    done = true;
  });
  gyre::owned_message m;
  int got = 0;
  REQUIRE(eventually([&] {
    while (e.poll_message(id, m)) ++got;
    return got == 50;
  }));
  publisher.join();
  REQUIRE(done);
  REQUIRE(e.subscription(id)->dropped() == 0);

  const auto full =
      e.subscribe("u", {.capacity = 1, .policy = gyre::overflow::block, .block_for = 5ms}).value();
  e.publish("u", "1").value();
  REQUIRE(e.publish("u", "2")->dropped == 1);  // after waiting for block_for
  REQUIRE(e.subscription(full)->dropped_blocked == 1);
}

TEST_CASE("every call from many threads at once leaves a consistent engine", "[engine]") {
  gyre::engine e({.shards = 2});
  std::atomic<bool> over{false};
  std::atomic<std::uint64_t> ticks{0}, passing{0};
  for (int i = 0; i < 8; ++i) {
    e.add({.name = "base" + std::to_string(i), .interval = 2ms, .group = i % 2 ? "odd" : "even",
           .features = gyre::none, .knobs = {{"k", {1, 2, 3}}}},
          [&](gyre::tick& t) {
            ++ticks;
            t.reward(t.knob("k"));
            t.publish("base", "x");
          })
        .value();
  }
  e.subscribe("base", {.capacity = 16}, [&](const gyre::message&) {}).value();
  REQUIRE(e.start());
  std::vector<std::thread> threads;
  threads.emplace_back([&] {
    for (int i = 0; !over; ++i) {
      auto l = e.add({.name = "temp" + std::to_string(i % 3), .interval = 1ms},
                     [&](gyre::tick&) { ++passing; });
      if (!l) continue;
      (void)l->trigger();
      (void)l->reconfigure({.interval = 3ms});
      (void)l->remove();
    }
  });
  threads.emplace_back([&] {
    while (!over) {
      const auto s = e.snapshot();
      if (!s.bus.balanced() || s.loops.size() < 8) std::abort();
      (void)e.pause_group("odd");
      (void)e.resume_group("odd");
    }
  });
  threads.emplace_back([&] {
    for (int i = 0; !over; ++i) {
      const auto id = e.subscribe("base").value();
      (void)e.publish("base", "y");
      gyre::owned_message m;
      (void)e.poll_message(id, m);
      (void)e.unsubscribe(id);
      gyre::record r;
      r.text = std::to_string(i);
      (void)e.remember(r);
    }
  });
  const bool ran = eventually([&] { return ticks > 300; });  // 5 busy threads: slow on few cores
  over = true;
  for (auto& t : threads) t.join();
  REQUIRE(ran);
  REQUIRE(e.stop().value().empty());
  const auto s = e.snapshot();
  REQUIRE(s.totals.ticks >= ticks);  // and those of removed loops, but for what ran at removal
  REQUIRE(s.totals.ticks <= ticks + passing);
  REQUIRE(s.bus.balanced());
  REQUIRE(s.learners.size() == 2);
  REQUIRE(s.learners[0].stats.observations + s.learners[1].stats.observations == ticks);
}

TEST_CASE("rapid start and stop loses nothing", "[engine]") {
  std::atomic<std::uint64_t> ticks{0};
  gyre::engine e;
  for (int i = 0; i < 30; ++i) {
    e.add({.name = "l" + std::to_string(i), .interval = 1ms}, [&](gyre::tick&) { ++ticks; })
        .value();
  }
  for (int i = 0; i < 5; ++i) {
    REQUIRE(e.start());
    REQUIRE(e.stop().value().empty());
  }
  REQUIRE(e.start());
  REQUIRE(eventually([&] { return ticks > 100; }));
  REQUIRE(e.stop().value().empty());
  REQUIRE(e.snapshot().totals.ticks == ticks);
  REQUIRE(e.snapshot().totals.errors == 0);
}

TEST_CASE("a trigger that races remove answers stale", "[engine]") {
  gyre::engine e;
  REQUIRE(e.start());
  std::atomic<bool> over{false};
  std::atomic<std::uint32_t> id{0};
  std::atomic<std::uint64_t> wrong{0}, triggered{0};
  std::vector<std::thread> threads;
  for (int k = 0; k < 2; ++k) {
    threads.emplace_back([&] {
      while (!over) {
        auto l = e.at(id);
        for (int i = 0; l && i < 50; ++i) {
          const gyre::code c = l->trigger().code();
          if (c != gyre::code::ok && c != gyre::code::stale) ++wrong;
          if (c == gyre::code::ok) ++triggered;
        }
      }
    });
  }
  for (int n = 0; n < 2000 || (triggered == 0 && n < 1'000'000); ++n) {
    auto l = e.add({.name = "t", .interval = 1h}, [](gyre::tick&) {}).value();
    id = l.id();
    // Most are removed while a thread triggers them; where none has a core, no time is given up.
    const std::uint64_t before = triggered;
    for (int i = 0; i < 2000 && triggered == before; ++i) {
    }
    l.remove().value();
  }
  over = true;
  for (auto& t : threads) t.join();
  REQUIRE(wrong == 0);
  REQUIRE(triggered > 0);
  REQUIRE(e.stop().value().empty());
}

TEST_CASE("the time that a handler took is not the next tick's", "[engine]") {
  gyre::engine e;
  std::atomic<int> handled{0}, ticks{0}, wrong{0};
  std::atomic<bool> over{false};
  e.add({.name = "l", .interval = 10ms, .timeout = 100ms}, [&](gyre::tick& t) {
     while (t.elapsed_ms() < 30) {
       if (t.cancelled() && t.elapsed_ms() < 90 && !over) ++wrong;
     }
     ++ticks;
   }).value();
  e.subscribe("x", {}, [&](const gyre::message&) {
     const auto end = clock_type::now() + 200ms;
     while (clock_type::now() < end) {
     }
     ++handled;
   }).value();
  REQUIRE(e.start());
  for (int i = 1; i <= 4; ++i) {
    e.publish("x", "").value();
    REQUIRE(eventually([&] { return handled >= i; }));
    const int before = ticks;
    REQUIRE(eventually([&] { return ticks > before; }));
  }
  over = true;
  REQUIRE(e.stop().value().empty());
  REQUIRE(wrong == 0);
}

TEST_CASE("a handler that never returns loses its subscription and holds up nothing else",
          "[engine]") {
  auto kept = std::make_shared<door>();
  auto returned = std::make_shared<std::atomic<bool>>(false);
  std::atomic<std::uint64_t> ticks{0}, other{0};
  gyre::engine e;
  for (int i = 0; i < 120; ++i) {
    e.add({.name = "l" + std::to_string(i), .interval = 20ms}, [&](gyre::tick&) {
       ++ticks;
     }).value();
  }
  const auto bad = e.subscribe("x", {}, [kept, returned](const gyre::message& m) {
                      kept->pass();
                      if (m.text() != "first") std::abort();  // its bytes are still there
                      *returned = true;
                    }).value();
  e.subscribe("y", {}, [&](const gyre::message&) { ++other; }).value();
  const auto told = e.subscribe("gyre.stuck").value();
  REQUIRE(e.start());
  for (const char* text : {"first", "second", "third"}) e.publish("x", text).value();
  REQUIRE(eventually([&] { return kept->entered(); }));
  e.publish("y", "").value();
  gyre::owned_message m;
  REQUIRE(eventually([&] { return e.poll_message(told, m); }));
  REQUIRE(m.text() == "the handler of x");
  const std::uint64_t before = ticks;
  REQUIRE(eventually([&] { return ticks > before + 1000 && other == 1; }));
  REQUIRE(e.subscription(bad).code() == gyre::code::stale);
  auto s = e.snapshot();
  REQUIRE(s.bus.balanced());
  REQUIRE(s.bus.dead_lettered == 1);
  REQUIRE(s.bus.dropped_closed == 2);
  REQUIRE(s.totals.timeouts == 0);
  kept->open();
  REQUIRE(eventually([&] { return returned->load(); }));
  e.publish("y", "").value();
  REQUIRE(eventually([&] { return other == 2; }));
  REQUIRE(e.stop().value().empty());
  s = e.snapshot();
  REQUIRE(s.bus.balanced());
  REQUIRE(s.bus.dead_lettered == 1);
  REQUIRE(s.totals.ticks == ticks);
}

TEST_CASE("stop gives up on a handler at its deadline, and start delivers again", "[engine]") {
  auto kept = std::make_shared<door>();
  std::atomic<int> other{0};
  gyre::engine e;
  e.subscribe("x", {}, [kept](const gyre::message&) { kept->pass(); }).value();
  e.subscribe("y", {}, [&](const gyre::message&) { ++other; }).value();
  REQUIRE(e.start());
  e.publish("x", "").value();
  REQUIRE(eventually([&] { return kept->entered(); }));
  REQUIRE(e.stop(20ms).value().size() == 1);
  REQUIRE(e.start());
  e.publish("y", "").value();
  REQUIRE(eventually([&] { return other == 1; }));
  kept->open();
  e.publish("y", "").value();
  REQUIRE(eventually([&] { return other == 2; }));
  REQUIRE(e.stop().value().empty());
  REQUIRE(e.snapshot().bus.balanced());
}

TEST_CASE("start from a tick that stop waits for is refused, also once it was given up on",
          "[engine]") {
  auto kept = std::make_shared<door>();
  std::atomic<int> during{0}, after{0};
  std::atomic<bool> done{false};
  gyre::engine e;
  e.add({.name = "s", .interval = 5ms, .timeout = 60s}, [&, kept](gyre::tick& t) {
     if (e.start()) ++during;  // it runs: nothing to do
     while (!t.cancelled()) std::this_thread::yield();
     during += e.start().code() == gyre::code::reentrant ? 10 : 100;
     kept->pass();
     after += e.start().code() == gyre::code::reentrant ? 1 : 100;
     after += e.stop().code() == gyre::code::reentrant ? 10 : 100;
     done = true;
   }).value();
  REQUIRE(e.start());
  REQUIRE(eventually([&] { return during == 1; }));
  REQUIRE(e.stop(200ms).value() == std::vector<std::string>{"s"});
  REQUIRE(eventually([&] { return kept->entered(); }));
  REQUIRE(during == 11);
  REQUIRE_FALSE(e.running());
  kept->open();
  REQUIRE(eventually([&] { return done.load(); }));
  REQUIRE(after == 11);
  REQUIRE_FALSE(e.running());
}

TEST_CASE("what others publish while a handler runs does not take its correlation", "[engine]") {
  door kept;
  gyre::engine e;
  e.subscribe("x", {}, [&](const gyre::message&) {
     kept.pass();
     e.publish("own", "").value();
   }).value();
  const auto y = e.subscribe("y").value();
  const auto own = e.subscribe("own").value();
  REQUIRE(e.start());
  e.publish("x", "", {.correlation = 777}).value();
  REQUIRE(eventually([&] { return kept.entered(); }));
  e.publish("y", "").value();
  kept.open();
  gyre::owned_message m;
  REQUIRE(e.poll_message(y, m));
  REQUIRE(m.correlation != 777);
  REQUIRE(eventually([&] { return e.poll_message(own, m); }));
  REQUIRE(m.correlation == 777);
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

TEST_CASE("snapshots, adds and reconfigures race start and stop", "[engine]") {
  gyre::engine e;
  std::atomic<bool> over{false};
  auto l = e.add({.name = "l", .interval = 1ms}, [](gyre::tick&) {}).value();
  std::thread looker([&] {
    for (int i = 0; !over; ++i) {
      const auto s = e.snapshot();
      if (s.uptime_s < 0 || s.loops.empty()) std::abort();
      (void)e.add({.name = "n", .interval = 1ms, .timeout = 1ms * (1000 - i % 900)},
                  [](gyre::tick&) {});
      if (auto n = e.find("n")) (void)n->remove();
      (void)l.reconfigure({.timeout = 1ms * (2000 - i % 1900)});
    }
  });
  for (int i = 0; i < 30; ++i) {
    REQUIRE(e.start());
    REQUIRE(e.stop().value().empty());
  }
  over = true;
  looker.join();
}

TEST_CASE("a record that gets free while a loop is added may be what that takes", "[engine]") {
  constexpr auto counters = gyre::metrics_mode::counters;
  std::vector<double> levels(64);
  for (std::size_t i = 0; i < levels.size(); ++i) levels[i] = static_cast<double>(i);
  for (int round = 0; round < 60; ++round) {
    gyre::engine e({.shards = 1});
    std::atomic<bool> inside{false}, go{false};
    const auto late = std::chrono::microseconds(5 * round);
    gyre::loop first = e.add({.name = "first", .interval = 1ms, .timeout = 20s, .jitter = 0,
                              .metrics = counters},
                             [&](gyre::tick&) {
                               inside = true;
                               while (!go) std::this_thread::yield();
                               const auto end = clock_type::now() + late;
                               while (clock_type::now() < end) continue;
                             })
                           .value();
    for (int i = 1; i < 64; ++i) {  // of the first block of records none has histograms
      e.add({.name = std::to_string(i), .interval = 1h, .metrics = counters}, [](gyre::tick&) {})
          .value();
    }
    REQUIRE(e.start());
    REQUIRE(eventually([&] { return inside.load(); }));
    first.remove().value();  // its record is free when the tick has ended, while the next is added
    go = true;
    gyre::loop_options o{.name = "next", .interval = 1ms};
    o.features = {{"f", {1, 2, 3, 4, 5, 6, 7}}};
    o.knobs = {{"k", levels}, {"l", levels}};
    gyre::loop next = e.add(o, [](gyre::tick&) {}).value();
    REQUIRE(eventually([&] { return next.stats()->metrics.latency.count > 1; }));
    REQUIRE(next.stats()->metrics.latency.p50_ms >= 0);
    REQUIRE(e.stop());
  }
}
