// Writes a run.jsonl for the page's tests: engines in which loops are held back and ticks are lost.
// Method: a host with a made-up clock and one tick a millisecond, which then sleeps for an hour;
// and an engine with a thread that a tick keeps.
#include <atomic>
#include <cstdio>
#include <gyre/edge/json.hpp>
#include <gyre/gyre.hpp>
#include <string>
#include <thread>

using namespace std::chrono_literals;

namespace {

void show(const gyre::snapshot_data& s) { std::puts(gyre::to_json(s).c_str()); }

void held_back() {
  gyre::engine e({.driver = gyre::driver::host});
  const auto nothing = [](gyre::tick&) {};
  const auto fails = [](gyre::tick& t) { (void)t.fail("on purpose"); };
  const gyre::gate queue(
      "queue", [](const gyre::reading&) { return 1234.0; }, 1000, 500);
  e.add({.name = "full",
         .interval = 50ms,
         .priority = 1,
         .gates = {gyre::gates::memory(90, 80), queue}},
        nothing)
      .value();
  e.add({.name = "nightly",
         .interval = 50ms,
         .priority = 1,
         .gates = {gyre::gates::cpu(), gyre::gates::mode("night")}},
        nothing)
      .value();
  e.add({.name = "broken", .interval = 50ms, .priority = 1, .intensity = {.failures = 3}}, fails)
      .value();
  e.add({.name = "failing", .interval = 50ms, .priority = 1}, fails).value();
  for (int i = 0; i < 84; ++i) {  // 400 and 4,000 ticks a second, of which 1,000 can be run
    const bool high = i < 4;
    e.add({.name = (high ? "high-" : "low-") + std::to_string(i),
           .interval = high ? 10ms : 20ms,
           .jitter = 0,
           .priority = high ? 1 : 0},
          nothing)
        .value();
  }
  e.supply({.cpu_percent = 12, .memory_percent = 91.25});
  gyre::instant now{0};
  while (now < 2s) e.poll(now += 1ms, 1).value();
  e.poll(now += 1h).value();
  e.poll(now += 100ms).value();
  show(e.snapshot());
}

/// False when it is not seen within 20 s.
bool kept_thread() {
  std::atomic<bool> go_on{false};
  gyre::engine e({.shards = 1, .hand_off = 5ms});
  e.add({.name = "slow", .interval = 1h, .jitter = 0}, [&](gyre::tick&) {
     while (!go_on) std::this_thread::sleep_for(1ms);
   }).value();
  e.start().value();
  const gyre::duration end = gyre::monotonic_now() + 20s;
  while (e.snapshot().totals.lost_threads == 0 && gyre::monotonic_now() < end) {
    std::this_thread::sleep_for(1ms);
  }
  const gyre::snapshot_data s = e.snapshot();
  show(s);
  go_on = true;
  return s.totals.lost_threads == 1;
}

}  // namespace

int main() {
  std::printf("{\"gyre\":\"%s\",\"format\":1,\"seed\":\"1\"}\n", gyre::version_text);
  const bool kept = kept_thread();
  held_back();  // last, since its clock has gone furthest
  return kept ? 0 : 1;
}
