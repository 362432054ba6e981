// run_host.hpp - what supervision adds to a tick, and how long one poll takes.
// Room: bench. Threads: the engine's own beside one.
#pragma once

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "run_kit.hpp"

namespace bench {

using namespace std::chrono_literals;
using gyre::metrics_mode;

/// Loops in phase, so that a wake-up is shared by all of them and nothing but the tick counts.
class crowd {
 public:
  static constexpr gyre::duration interval = 40ms;

  crowd(gyre::driver d, std::uint32_t n, bool supervised)
      : engine_({.driver = d, .shards = 1}) {  // two CPUs may be one core, and take turns
    (void)engine_.stop();
    for (std::uint32_t i = 0; i < n; ++i) {
      gyre::loop_options o{.name = gyre::join("l", i), .interval = interval, .jitter = 0};
      if (supervised) {
        o.timeout = 1s;
        o.gates = {gyre::gates::cpu(1e6, 1e6)};  // real readings, and never closed
      } else {
        o.timeout = gyre::longest;
        o.retry = {0ns, 0ns, 0};
      }
      engine_.add(std::move(o), [](gyre::tick& t) { sum += t.number(); }).value();
    }
    engine_.start().value();
  }
  gyre::engine& operator*() { return engine_; }

 private:
  gyre::engine engine_;
  static inline thread_local std::uint64_t sum = 0;  // of a shard's thread: they share no line
};

/// CPU nanoseconds of the process a tick on the worker driver.
inline figures tick_on_workers(bool supervised) {
  crowd all(gyre::driver::workers, 10'000, supervised);
  std::this_thread::sleep_for(200ms);  // the first ticks touch what is new
  const std::uint64_t ticks = (*all).snapshot().totals.ticks;
  const gyre::duration begin = gyre::process_cpu_now();
  std::this_thread::sleep_for(700ms);
  const gyre::duration end = gyre::process_cpu_now();
  const std::uint64_t done = (*all).snapshot().totals.ticks - ticks;
  return {static_cast<double>((end - begin).count()) / static_cast<double>(done), 0, 0, 0};
}

/// A difference is taken between neighbours in time, and the median of those: what else the machine
/// does falls on both.
struct pairs {
  std::vector<double> difference, without;
  void add(double with, double bare) {
    difference.push_back(with - bare);
    without.push_back(bare);
  }
};

/// The same on the host driver, which has no watchdog, by thread CPU time: what supervision adds,
/// and a tick without it.
inline figures ticks_on_host() {
  crowd with(gyre::driver::host, 1000, true);
  crowd without(gyre::driver::host, 1000, false);
  gyre::instant now{0};
  pairs seen;
  const auto poll = [&](crowd& c) {
    const gyre::duration begin = gyre::thread_cpu_now();
    const auto done = (*c).poll(now).value();
    return cpu_ns(begin) / static_cast<double>(done.ticks);
  };
  for (int round = 0; round < 250; ++round) {
    now += crowd::interval;
    const double a = poll(with);
    const double b = poll(without);
    if (round >= 50) seen.add(a, b);
  }
  return {median(seen.difference), median(seen.without), 0, 0};
}

inline void supervision_rows() {
  double with = 1e300, without = 1e300;
  pairs host;
  for (int round = 0; round < 7; ++round) {  // each child finds its memory elsewhere
    with = std::fmin(with, in_child([] { return tick_on_workers(true); })[0]);
    without = std::fmin(without, in_child([] { return tick_on_workers(false); })[0]);
    if (round >= 5) continue;
    const figures each = in_child(ticks_on_host);
    host.add(each[0] + each[1], each[1]);
  }
  row(
      "run.supervision_ns", with - without, "ns", "the tick without", without,
      "driver::workers, process CPU, the best of 7 less the best of 7: 10k loops of one shard in "
      "phase at 25 Hz, metrics full; with a timeout of 1 s, the default backoff, a CPU gate and "
      "the watchdog at its pace for that, less the same with no gate, no backoff and a timeout of "
      "100 years; limit 10");
  row(
      "run.supervision_host_ns", median(host.difference), "ns", "the tick without",
      median(host.without),
      "driver::host, thread CPU, median of 1,000 pairs of polls of 1,000 loops each: the same "
      "two, but this driver has no watchdog");
}

/// The longest poll in ms of thread CPU time, least of three rounds of 1.1 simulated seconds: with
/// all that a millisecond brings, and with a budget of 64 ticks; and their means.
inline figures worst_poll() {
  fleet all(gyre::driver::host, million, metrics_mode::counters);
  for (int ms = 0; ms < 2000; ++ms) all.step(1ms);
  figures out{1e300, 0, 1e300, 0};
  for (const std::size_t kind : {std::size_t{0}, std::size_t{2}}) {
    const std::uint64_t most = kind == 0 ? ~std::uint64_t{0} : 64;
    for (int round = 0; round < 3; ++round) {
      double worst = 0;
      double sum = 0;
      std::uint64_t polls = 0;
      for (int ms = 0; ms < 1100; ++ms) {
        gyre::duration passed = 1ms;
        do {
          const gyre::duration begin = gyre::thread_cpu_now();
          all.step(passed, most);
          const double took = cpu_ns(begin) * 1e-6;
          worst = std::max(worst, took);
          sum += took;
          ++polls;
          passed = 0ms;
        } while (all.more());
      }
      out[kind] = std::min(out[kind], worst);
      out[kind + 1] = sum / static_cast<double>(polls);
    }
  }
  return out;
}

inline void poll_rows() {
  const figures worst = in_child(worst_poll);
  row(
      "run.worst_poll_1m_ms", worst[0], "ms", "the mean poll", worst[1],
      "1M loops of 1 s +-10 %, driver::host, .metrics = counters, thread CPU: the longest of "
      "1,100 polls 1 ms of its clock apart, each with the 1,000 ticks that are due; least "
      "of 3 rounds; limit 0.5");
  row("run.worst_poll_64_1m_ms", worst[2], "ms", "the mean poll", worst[3],
             "the same polled until nothing is due with a budget of 64 ticks: the longest poll");
}

}  // namespace bench
