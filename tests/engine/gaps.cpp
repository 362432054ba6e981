// Method: a host whose clock jumps, and a machine whose boottime is made up: what is late by a gap
// runs once and not all at once, and a suspend is nobody's fault.
#include <gyre/gyre.hpp>

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "doors.hpp"

using namespace std::chrono_literals;
using doors::eventually;

namespace {

/// Calls an engine of driver::host every 10 ms.
struct sleepy_host {
  void run(gyre::duration d) {
    for (const gyre::instant end = now + d; now < end;) {
      now += 10ms;
      engine.poll(now).value();
    }
  }
  void sleep(gyre::duration d) {
    now += d;
    engine.poll(now).value();
  }
  gyre::engine engine{{.driver = gyre::driver::host, .seed = 1}};
  gyre::instant now{0};
};

std::atomic<std::int64_t> suspended_ns{0};
std::atomic<int> looks{0};
gyre::duration boottime() noexcept {
  ++looks;
  return gyre::monotonic_now() + gyre::duration{suspended_ns.load()};
}

}  // namespace

TEST_CASE("loops that are late by a gap run once each, spread by their jitter", "[engine]") {
  const auto missed = GENERATE(as<gyre::missed_policy>(), gyre::missed_policy::once,
                               gyre::missed_policy::burst, gyre::missed_policy::delay);
  sleepy_host h;
  std::string told;
  h.engine
      .subscribe("gyre.gap", {},
                 [&](const gyre::message& m) {
                   told += std::string(reinterpret_cast<const char*>(m.payload.data()),
                                       m.payload.size()) + ";";
                 })
      .value();
  struct late_tick {
    gyre::instant at;
    std::uint64_t missed;
  };
  std::vector<std::vector<late_tick>> ran(101);
  bool after = false;
  for (std::size_t i = 0; i < ran.size(); ++i) {
    h.engine.add({.name = "l" + std::to_string(i),
                  .interval = 1s,
                  .jitter = i == 100 ? 0 : .2,
                  .missed = missed,
                  .burst = 1},
                 [&, i](gyre::tick& t) {
                   if (after) ran[i].push_back({h.now, t.missed()});
                 })
        .value();
  }
  h.run(3s);
  REQUIRE(h.engine.snapshot().totals.gaps == 0);
  after = true;
  h.sleep(1h);
  const gyre::instant end = h.now;
  REQUIRE(h.engine.snapshot().totals.gaps == 1);
  REQUIRE(ran[100].size() == 1);  // without jitter: at once
  h.run(200ms);
  std::set<gyre::instant> times;
  for (std::size_t i = 0; i < 100; ++i) {
    CAPTURE(i, int(missed));
    // One that stands for the hour; and maybe the next of the grid, which may be near.
    REQUIRE((ran[i].size() == 1 || ran[i].size() == 2));
    REQUIRE(ran[i][0].at >= end);
    REQUIRE(ran[i][0].at <= end + 200ms);
    if (missed != gyre::missed_policy::delay) REQUIRE(ran[i][0].missed >= 3598);
    if (ran[i].size() == 2) REQUIRE(ran[i][1].missed == 0);
    times.insert(ran[i][0].at);
  }
  REQUIRE(times.size() >= 15);  // of 21 polls
  h.run(10s);
  for (std::size_t i = 0; i < 100; ++i) {
    REQUIRE((ran[i].size() >= 10 && ran[i].size() <= 12));
  }
  // Less than an hour: the host was to come back in time for what was due first.
  REQUIRE(told.find(" ms not driven;") == told.size() - 15);
  REQUIRE(std::stod(told) > 3'599'000);
  REQUIRE(std::stod(told) < 3'600'000);
  h.sleep(5s);  // a long sleep for a host, and no gap
  REQUIRE(h.engine.snapshot().totals.gaps == 1);
  h.engine.reset_metrics();
  REQUIRE(h.engine.snapshot().totals.gaps == 0);
}

TEST_CASE("what is told by a trigger, or was put off by a gap before, runs at once", "[engine]") {
  sleepy_host h;
  std::uint64_t ticks = 0;
  auto l =
      h.engine.add({.name = "l", .interval = 10min, .jitter = .5}, [&](gyre::tick&) { ++ticks; })
          .value();
  h.run(1s);
  ticks = 0;
  REQUIRE(l.trigger());
  h.sleep(2h);
  REQUIRE(ticks == 1);
  while (ticks == 1 && h.now < 3h) h.sleep(1s);
  REQUIRE(ticks == 2);  // that of the grid, within a minute
  REQUIRE(h.now <= 2h + 62s);
  // It is put off once, however often the host sleeps again.
  h.sleep(4h);
  REQUIRE(ticks == 2);
  h.sleep(9h);
  REQUIRE(ticks == 3);
}

TEST_CASE("a host that always polls seldom has no gap", "[engine]") {
  sleepy_host h;
  std::uint64_t ticks = 0;
  h.engine.add({.name = "l", .interval = 1s}, [&](gyre::tick&) { ++ticks; }).value();
  for (int i = 0; i < 20; ++i) h.sleep(30s);
  REQUIRE(h.engine.snapshot().totals.gaps == 0);
  REQUIRE(ticks >= 19);
}

TEST_CASE("a gap is no overload: nothing is shed", "[engine]") {
  sleepy_host h;
  for (int i = 0; i < 40; ++i) {
    h.engine.add({.name = "l" + std::to_string(i),
                  .interval = 50ms,
                  .jitter = 0,
                  .priority = i % 2},
                 [](gyre::tick&) {})
        .value();
  }
  h.run(1s);
  h.now += 50ms;
  h.engine.poll(h.now, 1).value();  // busy when it falls asleep
  h.now += 1h;
  h.engine.poll(h.now, 1).value();
  h.run(1s);
  const auto s = h.engine.snapshot();
  REQUIRE(s.totals.gaps == 1);
  REQUIRE(s.totals.shed == 0);
}

TEST_CASE("bounds of a gap are over 0", "[engine]") {
  const auto r = gyre::engine::create({.gaps = {.suspend = 0s}});
  REQUIRE(r.code() == gyre::code::arg);
  REQUIRE(r.error().text.find("suspend") != std::string::npos);
  REQUIRE(gyre::engine::create({.gaps = {.jump = -1s}}).code() == gyre::code::arg);
  REQUIRE(gyre::engine::create({.driver = gyre::driver::host, .boottime = nullptr}));
}

#if GYRE_THREADS
TEST_CASE("after a suspend the engine's clock goes on by it, and no tick took that long",
          "[engine]") {
  suspended_ns = 0;
  looks = 0;
  gyre::engine e({.shards = 2, .boottime = boottime});
  std::atomic<bool> inside{false}, go_on{false};
  std::atomic<std::uint64_t> ticks{0}, missed{0}, told{0};
  e.subscribe("gyre.gap", {}, [&](const gyre::message&) { ++told; }).value();
  auto slow = e.add({.name = "slow", .interval = 24h, .timeout = 10min, .jitter = 0},
                    [&](gyre::tick&) {
                      inside = true;
                      while (!go_on) std::this_thread::sleep_for(1ms);
                    })
                  .value();
  for (int i = 0; i < 20; ++i) {
    e.add({.name = "l" + std::to_string(i), .interval = 10s, .jitter = .001},
          [&](gyre::tick& t) {
            ++ticks;
            missed += t.missed();
          })
        .value();
  }
  auto outside = e.add_external({.name = "outside", .interval = 24h, .timeout = 10min, .jitter = 0})
                     .value();
  REQUIRE(e.start());
  std::uint32_t id = 0;
  REQUIRE(eventually([&] { return inside && e.acquire({&id, 1}) == 1; }));
  REQUIRE(eventually([] { return looks >= 2; }));  // it knows the clocks as they were
  const gyre::instant before = e.now();
  suspended_ns = std::int64_t{3600} * 1'000'000'000;
  REQUIRE(eventually([&] { return e.now() - before > 1h; }));
  REQUIRE(e.now() - before < 1h + 10min);
  REQUIRE(eventually([&] { return ticks >= 20 && told == 1; }));
  REQUIRE(missed >= 20 * 358);
  REQUIRE(e.snapshot().totals.gaps == 1);
  go_on = true;
  REQUIRE(eventually([&] { return slow.stats()->metrics.cycles == 1; }));
  REQUIRE(slow.stats()->metrics.timeouts == 0);
  REQUIRE(slow.stats()->metrics.latency.max_ms < 600'000);
  REQUIRE(e.complete(id));
  REQUIRE(outside.stats()->metrics.succeeded == 1);
  REQUIRE(outside.stats()->metrics.latency.max_ms < 600'000);
  e.stop().value();
  suspended_ns = 2 * suspended_ns;  // while it is stopped
  REQUIRE(e.start());
  looks = 0;
  REQUIRE(eventually([&] { return looks >= 2; }));
  REQUIRE(e.snapshot().totals.gaps == 1);
}
#endif
