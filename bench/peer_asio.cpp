// Asio doing the work of wall.cpp: a steady_timer for each loop, armed anew in each tick for the
// next point of its grid. One thread, which Asio is told, so that it takes no locks.
#include <algorithm>
#include <asio.hpp>
#include <chrono>
#include <deque>
#include <string>

#include "periodic.h"

namespace {

using clock_type = asio::steady_timer::clock_type;  // CLOCK_MONOTONIC, as periodic_now()

std::int64_t ns_of(clock_type::time_point t) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(t.time_since_epoch()).count();
}
clock_type::time_point time_of(std::int64_t ns) {
  return clock_type::time_point(std::chrono::nanoseconds(ns));
}

struct ticking {
  periodic* work;
  std::deque<asio::steady_timer>* timers;

  void arm(std::uint32_t i, std::int64_t due_ns) const {
    asio::steady_timer& t = (*timers)[i];
    t.expires_at(time_of(due_ns));
    t.async_wait([this, i](const asio::error_code& stopped) {
      if (!stopped) tick(i);
    });
  }
  void tick(std::uint32_t i) const {
    const std::int64_t due_ns = ns_of((*timers)[i].expiry());
    if (periodic_tick(work, &work->records[i], due_ns) != 0) {
      periodic_report(work);
      _exit(0);  // now: an overloaded loop comes back late
    }
    arm(i, due_ns + work->period_ns);
  }
};

void hold(asio::io_context& io, std::uint32_t n) {
  periodic grid{};
  grid.period_ns = 1'000'000'000;
  std::deque<asio::steady_timer> timers;
  const ticking all{&grid, &timers};
  double start_ns = 1e300;
  double stop_ns = 1e300;
  double bytes = 0;
  const std::int64_t before = periodic_resident();
  const std::int64_t t0 = periodic_thread_cpu();
  for (std::uint32_t i = 0; i < n; ++i) timers.emplace_back(io);
  const double add_ns = static_cast<double>(periodic_thread_cpu() - t0) / n;
  for (int round = 0; round < 5; ++round) {
    const std::int64_t begin = periodic_now() + 100'000'000'000;  // none is due meanwhile
    const std::int64_t t1 = periodic_thread_cpu();
    for (std::uint32_t i = 0; i < n; ++i) all.arm(i, begin + periodic_phase(&grid, i));
    const std::int64_t t2 = periodic_thread_cpu();
    if (round == 0) bytes = static_cast<double>(periodic_resident() - before) / n;
    for (asio::steady_timer& t : timers) t.cancel();
    io.restart();
    io.poll();  // the handlers hear of it
    const std::int64_t t3 = periodic_thread_cpu();
    start_ns = std::min(start_ns, static_cast<double>(t2 - t1) / n);
    stop_ns = std::min(stop_ns, static_cast<double>(t3 - t2) / n);
  }
  periodic_report_held(add_ns, start_ns, stop_ns, bytes);
}

}  // namespace

int main(int argc, char** argv) {
  asio::io_context io(ASIO_CONCURRENCY_HINT_UNSAFE);
  if (argc == 3 && std::string(argv[1]) == "hold") {
    hold(io, static_cast<std::uint32_t>(std::atol(argv[2])));
    return 0;
  }
  if (argc != 5) {
    std::fprintf(stderr, "usage: peer_asio LOOPS PERIOD_US SECONDS TIMER_SLACK_US | hold LOOPS\n");
    return 2;
  }
  periodic* work = periodic_make(argv + 1);
  std::deque<asio::steady_timer> timers;
  const ticking all{work, &timers};
  const std::int64_t begin = periodic_now() + periodic_head_start;
  for (std::uint32_t i = 0; i < work->loops; ++i) {
    timers.emplace_back(io);
    all.arm(i, begin + periodic_phase(work, i));
  }
  periodic_armed(work);
  io.run();
}
