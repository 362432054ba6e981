// Method: ticks that last, external, pending and on threads, while what they belong to is stopped
// and changed; every wait is for a condition.
#include <gyre/gyre.hpp>

#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "families.hpp"

using namespace std::chrono_literals;

TEST_CASE("stopped loops' external ticks are told, and those not acquired taken back",
          "[engine]") {
  gyre::engine e(groups::virtual_time());
  for (const char* name : {"x1", "x2", "y"}) {
    REQUIRE(e.add_external({.name = name, .interval = 10ms, .jitter = 0}));
  }
  REQUIRE(e.add_external({.name = "below", .interval = 10ms, .jitter = 0, .parent = "x1"}));
  e.advance_to(5ms).value();
  std::uint32_t first = 0;
  REQUIRE(e.acquire({&first, 1}) == 1);  // of x1
  REQUIRE(e.stop_loops("x*").value() == 2);
  std::array<std::uint32_t, 4> rest{};
  REQUIRE(e.acquire(rest) == 1);  // of y
  bool told = false, y_told = true;
  REQUIRE(e.with_tick(first, [&](gyre::tick& t) {
    told = t.cancelled();
    (void)t.fail("gave up");
  }));
  REQUIRE(e.with_tick(rest[0], [&](gyre::tick& t) { y_told = t.cancelled(); }));
  REQUIRE(told);
  REQUIRE_FALSE(y_told);
  REQUIRE(e.complete(first));
  REQUIRE(e.complete(rest[0]));
  REQUIRE(e.find("x1")->stats()->metrics.cancelled == 1);
  REQUIRE(e.find("x1")->stats()->metrics.errors == 0);
  REQUIRE(e.find("x2")->stats()->metrics.cycles == 0);
  REQUIRE(e.find("x2")->stats()->state == gyre::loop_state::paused);
  REQUIRE(e.find("below")->stats()->state == gyre::loop_state::paused);
  e.advance_to(100ms).value();
  REQUIRE(e.acquire(rest) == 1);
  REQUIRE(e.resume_loops("x*").value() == 2);
  REQUIRE(e.complete(rest[0]));
  e.advance_to(120ms).value();
  REQUIRE(e.acquire(rest) == 4);
  const auto told_now = [&](std::uint32_t id) {
    bool cancelled = false;
    REQUIRE(e.with_tick(id, [&](gyre::tick& t) { cancelled = t.cancelled(); }));
    return cancelled;
  };
  for (const std::uint32_t id : rest) REQUIRE_FALSE(told_now(id));
  REQUIRE(e.stop_loops("y").value() == 1);  // what was stopped before is not told again
  int told_of_all = 0;
  for (const std::uint32_t id : rest) {
    told_of_all += told_now(id) ? 1 : 0;
    REQUIRE(e.complete(id));
  }
  REQUIRE(told_of_all == 1);
  REQUIRE(e.find("y")->remove());  // nor is who has the record after it
  REQUIRE(e.add_external({.name = "z", .interval = 10s, .jitter = 0}));
  REQUIRE(e.pause_loops("x*"));
  e.advance_to(121ms).value();
  REQUIRE(e.acquire(rest) == 1);
  REQUIRE(e.stop_loops("x*"));
  REQUIRE_FALSE(told_now(rest[0]));
}

TEST_CASE("stop_loops tells a pending tick, which is called once more to give up", "[engine]") {
  gyre::engine e({.driver = gyre::driver::host});
  int calls = 0;
  const auto works = [&](gyre::tick& t) {
    ++calls;
    if (t.cancelled()) {
      t.fail("gave up");
    } else {
      t.pending();
    }
  };
  REQUIRE(e.add({.name = "top", .interval = 10ms, .jitter = 0}, groups::idle));
  auto l = e.add({.name = "l", .interval = 10ms, .jitter = 0, .parent = "top"}, works).value();
  for (int i = 0; i < 3; ++i) e.poll(1ms).value();
  REQUIRE(l.pause());
  e.poll(2ms).value();
  const int before = calls;
  REQUIRE(before >= 3);
  REQUIRE(l.stats()->metrics.cycles == 0);  // pausing leaves it to end as it will
  REQUIRE(e.stop_loops("top").value() == 1);
  for (int i = 0; i < 3; ++i) e.poll(500ms).value();
  REQUIRE(calls == before + 1);
  REQUIRE(l.stats()->metrics.cancelled == 1);
  REQUIRE(l.stats()->state == gyre::loop_state::paused);
}

TEST_CASE("stop_loops tells ticks on threads at once, and theirs that were handed off",
          "[engine]") {
  gyre::engine e({.shards = 2, .hand_off = 20ms});
  std::atomic<int> inside{0};
  std::atomic<std::uint64_t> others{0};
  const auto works = [&](gyre::tick& t) {
    ++inside;
    while (!t.cancelled()) std::this_thread::sleep_for(1ms);
    --inside;
    t.fail("gave up");
  };
  for (const char* name : {"w.1", "w.2", "w.3"}) {
    REQUIRE(e.add({.name = name, .interval = 10ms, .timeout = 60s, .jitter = 0}, works));
  }
  REQUIRE(e.add({.name = "below", .interval = 10ms, .timeout = 60s, .jitter = 0, .parent = "w.2"},
                works));
  REQUIRE(e.add({.name = "other", .interval = 5ms}, [&](gyre::tick&) { ++others; }));
  REQUIRE(e.start());
  REQUIRE(groups::eventually([&] { return inside == 4; }));  // beside each other: handed off
  REQUIRE(e.stop_loops("w.*").value() == 3);
  REQUIRE(groups::eventually([&] { return inside == 0; }));
  REQUIRE(groups::eventually([&] { return e.snapshot().totals.cancelled == 4; }));
  const std::uint64_t seen = others;
  REQUIRE(groups::eventually([&] { return others > seen + 5; }));
  REQUIRE(e.snapshot().totals.errors == 0);
  REQUIRE(inside == 0);
  REQUIRE(e.resume_loops("w.*").value() == 3);
  REQUIRE(groups::eventually([&] { return inside == 4; }));
  REQUIRE(e.stop().value().empty());
}

TEST_CASE("families and patterns are changed by several threads at once", "[engine]") {
  gyre::engine e({.shards = 3});
  std::atomic<std::uint64_t> ticks{0};
  const auto add = [&](const std::string& name, const std::string& parent) {
    return e.add({.name = name, .interval = 2ms, .parent = parent}, [&](gyre::tick&) { ++ticks; });
  };
  for (int i = 0; i < 4; ++i) REQUIRE(add("p" + std::to_string(i), ""));
  REQUIRE(e.start());
  std::vector<std::thread> threads;
  for (int k = 0; k < 4; ++k) {
    threads.emplace_back([&, k] {
      const std::string mine = "p" + std::to_string(k);
      for (int i = 0; i < 60; ++i) {
        (void)add("c" + std::to_string(k), mine);
        (void)add("d" + std::to_string(k), "c" + std::to_string((k + 1) % 4));
        if (auto l = e.find(mine)) (void)(i % 2 == 0 ? l->pause() : l->resume());
        (void)e.pause_loops("?" + std::to_string(i % 4));
        (void)e.throttle_loops("c*", 1 + i % 3);
        (void)e.stop_loops("d*");
        (void)e.resume_loops("*");
        if (auto l = e.find("c" + std::to_string(k)); l && i % 3 == 0) (void)l->remove();
      }
    });
  }
  for (std::thread& t : threads) t.join();
  REQUIRE(e.resume_loops("*"));
  const std::uint64_t seen = ticks;
  REQUIRE(groups::eventually([&] { return ticks > seen + 20; }));
  for (const gyre::loop_stats& l : e.snapshot().loops) {
    REQUIRE(l.state != gyre::loop_state::paused);
  }
  REQUIRE(e.stop().value().empty());
}
