// run_stuck.hpp - how soon the others are on time beside a tick that never returns.
// Room: bench. Threads: the engine's own; each loop's points are its own.
#pragma once

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "run_kit.hpp"

namespace bench {

using namespace std::chrono_literals;
using gyre::metrics_mode;

/// A grid point of a loop, and how late the tick began that ran for it.
struct point {
  gyre::instant due;
  gyre::duration late;
};
/// Of those that are due from `from` to `to`, the lateness that one in a hundred exceeds, in ms.
/// @param points by due time
inline double p99_ms(const std::vector<point>& points, gyre::instant from, gyre::instant to) {
  const auto earlier = [](const point& p, gyre::instant t) { return p.due < t; };
  std::vector<gyre::duration> late;
  for (auto at = std::lower_bound(points.begin(), points.end(), from, earlier);
       at != points.end() && at->due < to; ++at) {
    late.push_back(at->late);
  }
  if (late.empty()) return none;
  const auto worst = late.begin() + static_cast<std::ptrdiff_t>(late.size() * 99 / 100);
  std::nth_element(late.begin(), worst, late.end());
  return gyre::to_ms(*worst);
}

/// One of 1,000 loops does not return from its tick. How long after the hand-off deadline those
/// points begin that are as late as before, in ms; the p99 before, as the median of windows, and in
/// the first window after.
inline figures stuck_recovery(std::uint32_t shards, gyre::duration hand_off) {
  constexpr std::uint32_t n = 1000;
  constexpr gyre::duration interval = 20ms;
  constexpr gyre::duration window = 5ms;
  constexpr gyre::duration watched = 200ms;
  std::vector<std::vector<point>> seen(n);  // each loop's own: its ticks do not overlap
  std::atomic<std::int64_t> began{0};
  std::atomic<bool> released{false};
  gyre::engine engine({.shards = shards, .hand_off = hand_off});
  for (std::uint32_t i = 0; i < n; ++i) {
    seen[i].reserve(1000);
    engine
        .add({.name = gyre::join("l", i), .interval = interval, .timeout = 60s},
             [&, i](gyre::tick& t) {
               const gyre::instant now = engine.now();
               if (i == n / 2 && now >= 1s) {
                 began = now.count();
                 while (!released) std::this_thread::sleep_for(1ms);
                 return;
               }
               for (std::uint64_t k = 0; k <= t.missed(); ++k) {
                 const gyre::instant due = t.due() + interval * static_cast<std::int64_t>(k);
                 seen[i].push_back({due, now - due});
               }
             })
        .value();
  }
  engine.start().value();
  while (began == 0) std::this_thread::sleep_for(1ms);
  const gyre::instant deadline = gyre::instant(began.load()) + hand_off;
  std::this_thread::sleep_for(deadline + watched + 2 * interval - engine.now());
  released = true;
  (void)engine.stop();
  std::vector<point> points;
  for (const auto& each : seen) points.insert(points.end(), each.begin(), each.end());
  std::sort(points.begin(), points.end(),
            [](const point& a, const point& b) { return a.due < b.due; });
  std::vector<double> windows;
  for (gyre::instant t = 500ms; t + window < gyre::instant(began.load()); t += window) {
    windows.push_back(p99_ms(points, t, t + window));
  }
  const double before = median(std::move(windows));
  figures out{none, before, p99_ms(points, deadline, deadline + window), 0};
  for (gyre::duration after{0}; after < watched; after += 500us) {
    const double now = p99_ms(points, deadline + after, deadline + after + window);
    if (!(now <= 1.5 * before + 1)) continue;
    out[0] = gyre::to_ms(after);
    break;
  }
  return out;
}

inline void stuck_row(const char* name, std::uint32_t shards, gyre::duration hand_off) {
  std::vector<double> took, before, first;
  for (int round = 0; round < 7; ++round) {
    const figures each = in_child([&] { return stuck_recovery(shards, hand_off); });
    took.push_back(std::isfinite(each[0]) ? each[0] : 200);
    before.push_back(each[1]);
    first.push_back(each[2]);
  }
  const std::string conditions = gyre::join(
      "wall: 1,000 loops at 50 Hz on ", shards == 0 ? "a shard for each core" : "one shard",
      ", a callback that never returns, hand_off ", gyre::to_fixed(gyre::to_ms(hand_off), 0),
      " ms: time from the hand-off deadline to the first 5 ms in which the others' p99 lateness is "
      "at most 1 ms over 1.5 times that of before; median of 7, the longest ",
      gyre::to_fixed(*std::max_element(took.begin(), took.end()), 1), " ms, p99 in the first 5 ms ",
      gyre::to_fixed(median(first), 2), " ms; limit 20");
  row(name, median(took), "ms", "p99 lateness before", median(before), conditions.c_str());
}

inline void stuck_rows() {
  stuck_row("run.stuck_recovery_ms", 0, gyre::engine_options().hand_off);
  stuck_row("run.stuck_recovery_one_shard_ms", 1, gyre::engine_options().hand_off);
  stuck_row("run.stuck_recovery_5ms_ms", 0, 5ms);
  stuck_row("run.stuck_recovery_5ms_one_shard_ms", 1, 5ms);
}

}  // namespace bench
