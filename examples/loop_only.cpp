// loop_only.cpp - supervised periodic work without knobs: what comes of it when it fails.
// Build: g++ -std=c++20 -Iinclude examples/loop_only.cpp -lz -pthread
//
// Prints:
//   after 10 s:            waiting      21 ticks,  0 errors
//   30 s without network:  backing_off  32 ticks, 11 errors
//   10 s with it again:    waiting      47 ticks, 11 errors
//   10 s paused:           paused       47 ticks, 11 errors
//
//   fetch: p50 20 ms, p99 20 ms; last error: the network is unreachable
//   heartbeat: 61 ticks, 0 errors
#include <cstdio>
#include <gyre/engine.hpp>

using namespace std::chrono_literals;

int main() {
  // On a virtual clock a minute passes at once, and the same every time. Leave `driver` out and the
  // engine runs on threads of its own and the machine's clock: engine.run_for(60s).
  gyre::engine engine({.driver = gyre::driver::virtual_time});

  engine
      .add({.name = "heartbeat", .interval = 1s, .jitter = 0},
           [](gyre::tick& t) {
             (void)t.spend(2ms);  // a virtual tick lasts what it says
           })
      .value();

  bool network = true;
  auto fetch = engine
                   .add({.name = "fetch", .interval = 500ms, .timeout = 1s, .jitter = 0},
                        [&](gyre::tick& t) {
                          (void)t.spend(20ms);
                          if (!network) (void)t.fail("the network is unreachable");  // or throw
                        })
                   .value();

  const auto report = [&](const char* when) {
    const auto s = fetch.stats().value();
    std::printf("%-22s %-11s %3llu ticks, %2llu errors\n", when, gyre::name(s.state),
                static_cast<unsigned long long>(s.metrics.cycles),
                static_cast<unsigned long long>(s.metrics.errors));
  };
  (void)engine.advance_to(10s).value();
  report("after 10 s:");
  network = false;  // each failure waits longer for the next try: 0.1 s, 0.2 s ... 5 s
  (void)engine.advance_to(40s).value();
  report("30 s without network:");
  network = true;
  (void)engine.advance_to(50s).value();
  report("10 s with it again:");
  fetch.pause().value();
  (void)engine.advance_to(60s).value();
  report("10 s paused:");

  const auto s = engine.snapshot();
  std::printf("\n%s: p50 %.0f ms, p99 %.0f ms; last error: %s\n", s.loops[1].name.c_str(),
              s.loops[1].metrics.latency.p50_ms, s.loops[1].metrics.latency.p99_ms,
              s.loops[1].last_error.c_str());
  std::printf("%s: %llu ticks, %llu errors\n", s.loops[0].name.c_str(),
              static_cast<unsigned long long>(s.loops[0].metrics.cycles),
              static_cast<unsigned long long>(s.loops[0].metrics.errors));
}
