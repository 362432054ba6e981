// run_virtual.hpp - what a tick costs on a virtual clock, and a loop at rest and at its start.
// Room: bench. Threads: one.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "run_kit.hpp"

namespace bench {

using namespace std::chrono_literals;
using gyre::metrics_mode;

/// CPU nanoseconds a tick, best of five rounds; and resident bytes a loop when they are done.
inline figures virtual_tick(std::uint32_t n, metrics_mode m, bool trace = true) {
  const double before = resident();
  fleet all(gyre::driver::virtual_time, n, m, trace);
  all.step(3s);
  const gyre::duration span = n < million ? 20s : 1s;
  double best = 1e300;
  for (int round = 0; round < 5; ++round) {
    const gyre::duration begin = gyre::thread_cpu_now();
    const std::uint64_t ticks = all.step(span);
    best = std::min(best, cpu_ns(begin) / static_cast<double>(ticks));
  }
  return {best, (resident() - before) / n, 0, 0};
}

inline void virtual_rows() {
  const figures bare = in_child([] { return virtual_tick(10'000, metrics_mode::counters); });
  const figures full = in_child([] { return virtual_tick(10'000, metrics_mode::full); });
  row("run.virtual_tick_10k_ns", full[0], "ns", "the same with .metrics = counters", bare[0],
             "10k loops of 1 s +-10 %, virtual clock: whole tick path, an indirect call, counters, "
             "trace, histograms, the observation window's work; limit 40");
  row("run.virtual_tick_10k_bare_ns", bare[0], "ns", "", none,
             "the same with .metrics = counters; limit 20");
  const figures mute =
      in_child([] { return virtual_tick(10'000, metrics_mode::counters, false); });
  row("run.virtual_tick_10k_untraced_ns", mute[0], "ns", "with the trace", bare[0],
             "the same with .metrics = counters and .trace = false");
  const figures bare_1m = in_child([] { return virtual_tick(million, metrics_mode::counters); });
  const double needed = full[1] * million;
  std::string conditions = "1M loops of 1 s +-10 %, virtual clock, as run.virtual_tick_10k_ns";
  figures full_1m;
  full_1m.fill(none);
  if (needed < 0.9 * available()) {
    full_1m = in_child([] { return virtual_tick(million, metrics_mode::full); });
    conditions += "; limit 70";
  } else {
    conditions = gyre::join("not measured: needs ", gyre::to_fixed(needed / 1e9, 1), " GB, ",
                            gyre::to_fixed(available() / 1e9, 1), " GB are available; limit 70");
  }
  row("run.virtual_tick_1m_ns", full_1m[0], "ns", "the same with .metrics = counters",
             bare_1m[0], conditions.c_str());
  row("run.virtual_tick_1m_bare_ns", bare_1m[0], "ns", "", none,
             "1M loops of 1 s +-10 %, virtual clock, .metrics = counters; limit 40");
}

/// Resident bytes of each of a million loops: as added, and once each has ticked.
inline figures bytes_of_a_loop() {
  gyre::engine engine({.driver = gyre::driver::virtual_time});
  std::uint64_t sum = 0;
  double names = 0;
  const double before = resident();
  for (std::uint32_t i = 0; i < million; ++i) {
    std::string name = gyre::join("l", i);
    names += static_cast<double>(name.size());
    engine
        .add({.name = std::move(name), .interval = 1s, .metrics = metrics_mode::counters},
             [&sum](gyre::tick& t) { sum += t.number(); })
        .value();
  }
  const double captures = sizeof(void*);
  const auto each = [&] { return (resident() - before - names) / million - captures; };
  const double added = each();
  engine.advance_to(2200ms).value();
  return {added, each(), 0, 0};
}

/// Resident bytes of each of 10k loops after 30 ticks whose durations and lateness spread over
/// three powers of ten.
inline figures bytes_of_a_worn_loop(metrics_mode m) {
  constexpr std::uint32_t n = 10'000;
  const double before = resident();
  gyre::engine engine({.driver = gyre::driver::host});
  gyre::rng random(1, n, gyre::purpose::user);
  for (std::uint32_t i = 0; i < n; ++i) {
    engine
        .add({.name = gyre::join("l", i), .interval = 1s, .metrics = m},
             [&random](gyre::tick& t) {
               const double us = 300 * std::exp(1.2 * random.normal());
               t.spend(gyre::duration(static_cast<std::int64_t>(1e3 * us)));
             })
        .value();
  }
  gyre::instant now{0};
  while (now < 30s) {
    now += gyre::duration(static_cast<std::int64_t>(2e6 * std::exp(1.2 * random.normal())));
    (void)engine.poll(now).value();
  }
  return {(resident() - before) / n, 0, 0, 0};
}

inline void bytes_rows() {
  const figures million_loops = in_child(bytes_of_a_loop);
  row("run.bytes_per_loop", million_loops[0], "bytes", "", none,
             "RSS of 1M added and scheduled loops, .metrics = counters: all that the engine keeps, "
             "without the name's characters and 8 bytes of captures; limit 160");
  row("run.bytes_per_loop_ticked", million_loops[1], "bytes", "", none,
             "the same once each loop has ticked twice and was observed");
  const figures full = in_child([] { return bytes_of_a_worn_loop(metrics_mode::full); });
  const figures bare = in_child([] { return bytes_of_a_worn_loop(metrics_mode::counters); });
  row("run.bytes_per_loop_histogram", full[0] - bare[0], "bytes", "", none,
             "RSS that metrics_mode::full adds to a loop: 10k loops, 30 ticks each, durations and "
             "lateness lognormal over three powers of ten");
}

/// CPU nanoseconds a loop to add it, start it and stop it, a million of them.
inline figures add_start_stop() {
  gyre::engine engine({.driver = gyre::driver::virtual_time});
  (void)engine.stop();  // engines of this driver are created started
  std::uint64_t sum = 0;
  std::vector<std::string> names;
  names.reserve(million);
  for (std::uint32_t i = 0; i < million; ++i) names.push_back(gyre::join("l", i));
  gyre::duration begin = gyre::thread_cpu_now();
  for (std::string& name : names) {
    engine
        .add({.name = std::move(name), .interval = 1s, .metrics = metrics_mode::counters},
             [&sum](gyre::tick& t) { sum += t.number(); })
        .value();
  }
  figures best{cpu_ns(begin) / million, 1e300, 1e300, 0};
  for (int round = 0; round < 5; ++round) {
    begin = gyre::thread_cpu_now();
    engine.start().value();
    best[1] = std::min(best[1], cpu_ns(begin) / million);
    begin = gyre::thread_cpu_now();
    (void)engine.stop();
    best[2] = std::min(best[2], cpu_ns(begin) / million);
  }
  return best;
}

inline void start_rows() {
  figures best;
  best.fill(1e300);
  for (int round = 0; round < 3; ++round) {
    const figures each = in_child(add_start_stop);
    for (std::size_t i = 0; i < 3; ++i) best[i] = std::fmin(best[i], each[i]);
  }
  row("run.start_ns", best[1], "ns", "", none,
             "a loop's part of engine.start() with 1M added loops, virtual clock, random phases; "
             "limit 150");
  row("run.stop_ns", best[2], "ns", "", none,
             "a loop's part of engine.stop() with 1M started loops, virtual clock; limit 40");
  row("run.add_ns", best[0], "ns", "", none,
             "engine.add() of 1M loops to a stopped engine, fresh memory, best of 3");
}

}  // namespace bench
