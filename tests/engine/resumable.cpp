// Method: a host's clock that the test moves, and what a pending tick may be asked for and do.
#include <gyre/gyre.hpp>

#include <array>
#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "kit.hpp"

using namespace std::chrono_literals;
using kit::by_poll;
using kit::work_for;

TEST_CASE("a pending tick is called again at each poll, and is one tick", "[engine]") {
  gyre::engine e(by_poll());
  struct call {
    std::uint64_t number;
    gyre::instant due;
    double knob;
    std::uint32_t calls;
    bool operator==(const call&) const = default;
  };
  std::vector<call> calls;
  std::vector<double> elapsed, least, most;
  gyre::duration begin{0};  // of the poll
  auto l = e.add({.name = "l",
                  .interval = 100ms,
                  .jitter = 0,
                  .features = {{"f", {1, 2}}},
                  .knobs = {{"k", {1, 2, 3, 4, 5, 6, 7, 8}}}},
                 [&](gyre::tick& t) {
                   if (t.calls() == 0) REQUIRE(t.feature("f", 5) == gyre::code::ok);
                   calls.push_back({t.number(), t.due(), t.knob("k"), t.calls()});
                   elapsed.push_back(t.elapsed_ms());
                   least.push_back(gyre::to_ms(e.now()));
                   most.push_back(gyre::to_ms(e.now() + gyre::monotonic_now() - begin));
                   if (t.calls() == 0) REQUIRE(t.reward(42) == gyre::code::ok);
                   if (t.calls() < 3) REQUIRE(t.pending() == gyre::code::ok);
                 })
               .value();
  for (int i = 0; i < 4; ++i) {
    begin = gyre::monotonic_now();
    const auto did = e.poll(i * 10ms).value();
    CAPTURE(i);
    REQUIRE(calls.size() == static_cast<std::size_t>(i + 1));  // never twice in a poll
    REQUIRE(did.ticks == (i == 0 ? 1 : 0));
    REQUIRE(did.resumed == (i == 0 ? 0 : 1));
    REQUIRE_FALSE(did.more);
    REQUIRE(did.next_due == (i < 3 ? i * 10ms : 100ms));  // now, while it is pending
    const auto s = l.stats().value();
    REQUIRE(s.state == (i < 3 ? gyre::loop_state::running : gyre::loop_state::waiting));
    REQUIRE(s.metrics.cycles == (i < 3 ? 0 : 1));
  }
  for (std::uint32_t i = 0; i < 4; ++i) {
    REQUIRE(calls[i] == call{0, 0ms, calls[0].knob, i});
    REQUIRE(elapsed[i] >= least[i]);
    REQUIRE(elapsed[i] <= most[i]);
  }
  const auto s = l.stats().value();
  REQUIRE(s.reward == 42);
  REQUIRE(s.metrics.latency.max_ms >= 30);
  REQUIRE(s.metrics.missed == 0);
  REQUIRE(e.snapshot().learners.at(0).stats.observations == 1);  // one transition
  (void)e.poll(100ms).value();
  REQUIRE(calls.back().number == 1);
  REQUIRE(calls.back().calls == 0);
}

TEST_CASE("a pending tick that outlives its timeout is one timeout, and the next is new",
          "[engine]") {
  gyre::engine e(by_poll());
  std::vector<std::pair<std::uint64_t, std::uint32_t>> calls;
  const auto l = e.add({.name = "l",
                        .interval = 10ms,
                        .timeout = 5s,
                        .jitter = 0,
                        .retry = {100ms, 1s, 0},
                        .knobs = {{"k", {1, 2}}}},
                       [&](gyre::tick& t) {
                         calls.emplace_back(t.number(), t.calls());
                         REQUIRE_FALSE(t.cancelled());
                         (void)t.pending();
                       })
                     .value();
  for (const gyre::instant t : {0s, 2s, 4s}) (void)e.poll(t).value();
  const auto did = e.poll(5s).value();
  REQUIRE(did.resumed == 0);
  REQUIRE(did.next_due == 5100ms);  // its backoff
  const auto s = l.stats().value();
  REQUIRE(s.metrics.timeouts == 1);
  REQUIRE(s.metrics.cycles == 1);
  REQUIRE(s.state == gyre::loop_state::backing_off);
  REQUIRE(s.last_error == "did not end within 5000 ms");
  (void)e.poll(5100ms).value();
  REQUIRE(calls == std::vector<std::pair<std::uint64_t, std::uint32_t>>{
                       {0, 0}, {0, 1}, {0, 2}, {1, 0}});
}

TEST_CASE("a call that says pending() after its timeout is a timeout at once", "[engine]") {
  gyre::engine e(by_poll());
  const auto l = e.add({.name = "l", .interval = 1s, .timeout = 5ms, .jitter = 0},
                       [&](gyre::tick& t) {
                         work_for(6ms);
                         (void)t.pending();
                       })
                     .value();
  (void)e.poll(0ms).value();
  REQUIRE(l.stats()->metrics.timeouts == 1);
  REQUIRE(e.poll(1ms).value().resumed == 0);
}

TEST_CASE("a tick that has failed is over, whatever it says of pending()", "[engine]") {
  gyre::engine e(by_poll());
  int calls = 0;
  const auto l = e.add({.name = "l", .interval = 1s, .jitter = 0},
                       [&](gyre::tick& t) {
                         REQUIRE(t.pending() == gyre::code::ok);
                         if (++calls == 2) t.fail("on its second call");
                       })
                     .value();
  (void)e.poll(0ms).value();
  (void)e.poll(1ms).value();
  REQUIRE(e.poll(2ms).value().resumed == 0);
  REQUIRE(calls == 2);
  REQUIRE(l.stats()->metrics.errors == 1);
  REQUIRE(l.stats()->last_error == "on its second call");
}

TEST_CASE("only a tick that a host polls can be pending; elsewhere it fails and says why",
          "[engine]") {
  const char* const why = "pending() is for driver::host, and not for external ticks";
  gyre::engine e({.driver = gyre::driver::virtual_time});
  gyre::code said = gyre::code::ok;
  const auto l = e.add({.name = "l", .interval = 1s, .jitter = 0},
                       [&](gyre::tick& t) { said = t.pending(); })
                     .value();
  e.advance_to(1ms).value();
  REQUIRE(said == gyre::code::state);
  REQUIRE(l.stats()->metrics.errors == 1);
  REQUIRE(l.stats()->last_error == why);

#if GYRE_THREADS
  gyre::engine own;
  std::atomic<bool> ran{false};
  const auto w = own.add({.name = "w", .interval = 1ms, .jitter = 0},
                         [&](gyre::tick& t) { ran = t.pending() == gyre::code::state; })
                     .value();
  (void)own.start();
  while (!ran) std::this_thread::yield();
  (void)own.stop();
  REQUIRE(w.stats()->metrics.errors >= 1);
  REQUIRE(w.stats()->last_error == why);
#endif

  gyre::engine host(by_poll());
  const auto x = host.add_external({.name = "x", .interval = 1s, .jitter = 0}).value();
  (void)host.poll(0ms).value();
  std::array<std::uint32_t, 1> id{};
  REQUIRE(host.acquire(id) == 1);
  REQUIRE(host.with_tick(id[0], [&](gyre::tick& t) { said = t.pending(); }));
  REQUIRE(said == gyre::code::state);
  REQUIRE(host.complete(id[0]));
  REQUIRE(x.stats()->last_error == why);
}

TEST_CASE("gates and the missed-tick policy are for ticks, not for calls", "[engine]") {
  gyre::engine e(by_poll());
  bool done = false;
  std::vector<std::uint64_t> missed;
  const auto l = e.add({.name = "l", .interval = 10ms, .jitter = 0, .gates = {gyre::gates::cpu()}},
                       [&](gyre::tick& t) {
                         if (t.calls() == 0) missed.push_back(t.missed());
                         if (!done) (void)t.pending();
                       })
                     .value();
  (void)e.poll(0ms).value();
  e.supply({.cpu_percent = 99});
  for (int t = 5; t < 55; t += 5) {
    REQUIRE(e.poll(gyre::duration(t * 1'000'000)).value().resumed == 1);
  }
  REQUIRE(l.stats()->metrics.gated == 0);
  REQUIRE(l.stats()->metrics.missed == 0);
  e.supply({.cpu_percent = 1});
  done = true;
  (void)e.poll(55ms).value();  // ends it; one late tick stands for 10, 20, 30, 40 and 50 ms
  REQUIRE(missed == std::vector<std::uint64_t>{0, 4});
  REQUIRE(l.stats()->metrics.missed == 4);
  REQUIRE(l.stats()->metrics.cycles == 2);
}

TEST_CASE("with room for it, a loop has another tick beside one that is pending", "[engine]") {
  gyre::engine e(by_poll());
  std::vector<std::uint32_t> calls;
  e.add({.name = "l", .interval = 10ms, .jitter = 0, .instances = 2}, [&](gyre::tick& t) {
     calls.push_back(t.calls());
     (void)t.pending();
   }).value();
  (void)e.poll(0ms).value();
  REQUIRE(e.poll(10ms).value().ticks == 1);
  REQUIRE(e.poll(20ms).value().ticks == 0);
  REQUIRE(calls == std::vector<std::uint32_t>{0, 0, 1, 1, 2});
}

TEST_CASE("CPU time of a pending tick is that of its calls", "[engine]") {
  gyre::engine e(by_poll());
  std::vector<double> cpu;
  e.add({.name = "l", .interval = 1s, .timeout = 900ms, .jitter = 0}, [&](gyre::tick& t) {
     cpu.push_back(t.cpu_ms());
     work_for(3ms);
     if (t.calls() < 2) (void)t.pending();
   }).value();
  for (const gyre::instant t : {0ms, 1ms, 2ms}) (void)e.poll(t).value();  // now it is known to ask
  cpu.clear();
  for (const gyre::instant t : {1000ms, 1100ms, 1200ms}) {
    (void)e.poll(t).value();
    work_for(20ms);
  }
  REQUIRE(cpu.size() == 3);
  REQUIRE(cpu[1] >= 2);
  REQUIRE(cpu[2] > cpu[1]);
  REQUIRE(cpu[2] < 20);
}
