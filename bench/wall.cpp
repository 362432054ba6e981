// Periodic loops in real time on the worker driver, one shard, doing the work that peer_uv.c and
// peer_asio.cpp do on theirs: CPU of the process a tick, and how late the ticks were.
// in_turn.py runs them and makes rows of it.
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <gyre/gyre.hpp>
#include <string>

#include "periodic.h"

namespace {

periodic* work;
std::int64_t origin = INT64_MAX;  // what an engine's instant 0 is on the clock of periodic_now()
std::atomic<bool> over{false};

void tick(periodic_record* record, gyre::instant due) {
  if (over.load(std::memory_order_relaxed)) return;
  if (periodic_tick(work, record, origin + due.count()) == 0) return;
  over = true;
  over.notify_one();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6 && argc != 7) {
    std::fprintf(
        stderr, "usage: wall LOOPS PERIOD_US SECONDS TIMER_SLACK_US full|counters [PRIORITIES]\n");
    return 2;
  }
  work = periodic_make(argv + 1);
  const auto metrics =
      std::string(argv[5]) == "full" ? gyre::metrics_mode::full : gyre::metrics_mode::counters;
  const std::uint32_t priorities = argc == 7 ? static_cast<std::uint32_t>(std::atoi(argv[6])) : 1;
  const bool precise = std::string(argv[4]) == "1";  // the kernel's timers too
  gyre::engine engine({.shards = 1, .slack = std::chrono::milliseconds(precise ? 0 : 1)});
  for (int i = 0; i < 100; ++i) {  // the least is the one that was not interrupted in between
    const std::int64_t since = engine.now().count();
    origin = std::min(origin, periodic_now() - since);
  }
  for (std::uint32_t i = 0; i < work->loops; ++i) {
    periodic_record* const own = &work->records[i];
    engine
        .add({.name = gyre::join("l", i),
              .interval = gyre::duration(work->period_ns),
              .priority = static_cast<int>(i % priorities),
              .metrics = metrics},
             [own](gyre::tick& t) { tick(own, t.due()); })
        .value();
  }
  periodic_armed(work);
  engine.start().value();
  over.wait(false);
  periodic_report(work);
  std::_Exit(0);  // taking a million loops apart is not measured
}
