// Method: calls from several threads that race each other, under the thread sanitizer too; what is
// left is an engine whose figures agree.
#include <gyre/gyre.hpp>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "doors.hpp"

using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;
using doors::eventually;

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

// Method: fault. The thread that moves time read without the lease what removing changes.
TEST_CASE("another thread changes loops while one moves time", "[engine]") {
  const auto driver = GENERATE(gyre::driver::host, gyre::driver::virtual_time);
  gyre::engine e({.driver = driver, .seed = 1, .shards = 2});
  std::uint64_t ticks = 0;
  e.add({.name = "stays", .interval = 1ms, .jitter = 0}, [&](gyre::tick& t) {
     ++ticks;
     (void)t.publish("a", "b");
   }).value();
  e.add_external({.name = "outside", .interval = 1ms, .knobs = {{"k", {1, 2}}}}).value();
  std::atomic<bool> over{false};
  std::thread other([&] {
    for (int i = 0; !over; ++i) {
      auto l = e.add({.name = "goes" + std::to_string(i % 8), .interval = 1ms,
                      .group = i % 3 == 0 ? "" : "g"},
                     [](gyre::tick&) {});
      const auto heard = e.subscribe("a", {}, [](const gyre::message&) {});
      std::uint32_t ids[4];
      const std::uint32_t n = e.acquire(ids);
      for (std::uint32_t k = 0; k < n; ++k) (void)e.complete(ids[k]);
      (void)e.snapshot();
      if (heard) (void)e.unsubscribe(*heard);
      if (!l) continue;
      (void)l->reconfigure({.interval = 2ms});
      (void)l->trigger();
      (void)l->remove();
    }
  });
  const int last = 2000;
  for (int i = 1; i <= last; ++i) {
    if (driver == gyre::driver::host) {
      e.poll(i * 1ms).value();
    } else {
      e.advance_to(i * 1ms).value();
    }
  }
  over = true;
  other.join();
  REQUIRE(ticks >= last - 1);
  REQUIRE(e.snapshot().bus.balanced());
}
