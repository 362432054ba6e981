// What a tick costs at 120 loops: on the virtual clock, and on worker threads beside asyncio (the
// peer is measured by asyncio_loops.py, which collect.py runs in turn with this).
#include <gyre/gyre.hpp>

#include "bench.hpp"

using namespace std::chrono_literals;

namespace {

double virtual_tick(gyre::metrics_mode mode) {
  gyre::engine e({.driver = gyre::driver::virtual_time});
  std::uint64_t sum = 0;
  for (int i = 0; i < 120; ++i) {
    e.add({.name = gyre::join("l", i), .interval = 10ms, .metrics = mode},
          [&sum](gyre::tick& t) { sum += t.number(); })
        .value();
  }
  gyre::instant t = 1s;
  e.advance_to(t).value();
  const double ns = bench::ns_each(120 * 500, [&](std::uint64_t) {
    t += 5s;
    e.advance_to(t).value();
  });
  bench::keep(sum);
  return ns;
}

/// CPU time of the whole process a tick, 120 loops at 100 Hz for three seconds.
double worker_run() {
  gyre::engine e;
  for (int i = 0; i < 120; ++i) {
    e.add({.name = gyre::join("l", i), .interval = 10ms}, [](gyre::tick&) {}).value();
  }
  const gyre::duration begin = gyre::process_cpu_now();
  (void)e.run_for(3s);
  const double ns = static_cast<double>((gyre::process_cpu_now() - begin).count());
  return ns / static_cast<double>(e.snapshot().totals.ticks);
}

double worker_tick() {
  double best = worker_run();
  for (int round = 1; round < 3; ++round) best = std::min(best, worker_run());
  return best;
}

}  // namespace

int main() {
  const double full = virtual_tick(gyre::metrics_mode::full);
  const double bare = virtual_tick(gyre::metrics_mode::counters);
  bench::row("run.virtual_tick_120_ns", full, "ns", "the same with .metrics = counters", bare,
             "120 loops at 100 Hz on the virtual clock; trace, histograms, observation window on");
  bench::row("run.worker_tick_120_ns", worker_tick(), "ns", "asyncio", 0,
             "120 loops at 100 Hz for 3 s, CPU time of the process a tick, best of 3");
}
