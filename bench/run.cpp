// What a tick costs at 10,000 and a million loops, what a loop costs at rest, what supervision adds
// how long one poll takes, and how soon the others are on time beside a tick that never returns.
// Each measurement has a process of its own, forked from this small one: none finds memory that
// another has warmed, and none runs beside another's threads.
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <gyre/gyre.hpp>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bench.hpp"
#include "periodic.h"

using namespace std::chrono_literals;
using gyre::metrics_mode;

namespace {

using figures = std::array<double, 4>;
constexpr std::uint32_t million = 1'000'000;

/// What `measure` returns in a child process; all NaN when that dies.
template <class F>
figures in_child(F&& measure) {
  figures out;
  out.fill(bench::none);
  int ends[2];
  if (pipe(ends) != 0) return out;
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    const figures made = measure();
    _exit(write(ends[1], &made, sizeof made) == ssize_t{sizeof made} ? 0 : 1);
  }
  close(ends[1]);
  figures got;
  if (child > 0 && read(ends[0], &got, sizeof got) == ssize_t{sizeof got}) out = got;
  close(ends[0]);
  if (child > 0) waitpid(child, nullptr, 0);
  return out;
}

/// Bytes that a program could still get without swapping.
double available() {
  double kib = 0;
  std::FILE* f = std::fopen("/proc/meminfo", "r");
  if (f == nullptr) return 0;
  char line[128];
  while (std::fgets(line, sizeof line, f) != nullptr) {
    if (std::strncmp(line, "MemAvailable:", 13) == 0) kib = std::strtod(line + 13, nullptr);
  }
  std::fclose(f);
  return kib * 1024;
}
double resident() { return static_cast<double>(periodic_resident()); }
double cpu_ns(gyre::duration since) {
  return static_cast<double>((gyre::thread_cpu_now() - since).count());
}

/// Loops of 1 s +-10 % without jitter, whose phases are spread: they are added over one second.
class fleet {
 public:
  fleet(gyre::driver d, std::uint32_t n, metrics_mode m, bool trace = true)
      : engine_({.driver = d, .trace = trace}), driver_(d) {
    gyre::rng random(1, n, gyre::purpose::user);
    for (std::uint32_t i = 0; i < n; ++i) {
      if (i % (n / 1000) == 0) step(1ms);
      const gyre::duration interval(static_cast<std::int64_t>(1e9 * (0.9 + 0.2 * random.unit())));
      gyre::loop_options o{.name = gyre::join("l", i), .interval = interval, .jitter = 0};
      o.metrics = m;
      engine_.add(std::move(o), [this](gyre::tick& t) { sum_ += t.number(); }).value();
    }
  }
  /// Everything due within `d` from where time stands. @return ticks
  std::uint64_t step(gyre::duration d, std::uint64_t most = ~std::uint64_t{0}) {
    now_ += d;
    if (driver_ == gyre::driver::virtual_time) return engine_.advance_to(now_).value();
    const gyre::poll_result done = engine_.poll(now_, most).value();
    more_ = done.more;
    return done.ticks;
  }
  bool more() const { return more_; }  ///< step() left due ticks, being at its budget

 private:
  gyre::engine engine_;
  gyre::driver driver_;
  gyre::instant now_{0};
  std::uint64_t sum_ = 0;
  bool more_ = false;
};

/// CPU nanoseconds a tick, best of five rounds; and resident bytes a loop when they are done.
figures virtual_tick(std::uint32_t n, metrics_mode m, bool trace = true) {
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

void virtual_rows() {
  const figures bare = in_child([] { return virtual_tick(10'000, metrics_mode::counters); });
  const figures full = in_child([] { return virtual_tick(10'000, metrics_mode::full); });
  bench::row("run.virtual_tick_10k_ns", full[0], "ns", "the same with .metrics = counters", bare[0],
             "10k loops of 1 s +-10 %, virtual clock: whole tick path, an indirect call, counters, "
             "trace, histograms, the observation window's work; limit 40");
  bench::row("run.virtual_tick_10k_bare_ns", bare[0], "ns", "", bench::none,
             "the same with .metrics = counters; limit 20");
  const figures mute =
      in_child([] { return virtual_tick(10'000, metrics_mode::counters, false); });
  bench::row("run.virtual_tick_10k_untraced_ns", mute[0], "ns", "with the trace", bare[0],
             "the same with .metrics = counters and .trace = false");
  const figures bare_1m = in_child([] { return virtual_tick(million, metrics_mode::counters); });
  const double needed = full[1] * million;
  std::string conditions = "1M loops of 1 s +-10 %, virtual clock, as run.virtual_tick_10k_ns";
  figures full_1m;
  full_1m.fill(bench::none);
  if (needed < 0.9 * available()) {
    full_1m = in_child([] { return virtual_tick(million, metrics_mode::full); });
    conditions += "; limit 70";
  } else {
    conditions = gyre::join("not measured: needs ", gyre::to_fixed(needed / 1e9, 1), " GB, ",
                            gyre::to_fixed(available() / 1e9, 1), " GB are available; limit 70");
  }
  bench::row("run.virtual_tick_1m_ns", full_1m[0], "ns", "the same with .metrics = counters",
             bare_1m[0], conditions.c_str());
  bench::row("run.virtual_tick_1m_bare_ns", bare_1m[0], "ns", "", bench::none,
             "1M loops of 1 s +-10 %, virtual clock, .metrics = counters; limit 40");
}

/// Resident bytes of each of a million loops: as added, and once each has ticked.
figures bytes_of_a_loop() {
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
figures bytes_of_a_worn_loop(metrics_mode m) {
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

void bytes_rows() {
  const figures million_loops = in_child(bytes_of_a_loop);
  bench::row("run.bytes_per_loop", million_loops[0], "bytes", "", bench::none,
             "RSS of 1M added and scheduled loops, .metrics = counters: all that the engine keeps, "
             "without the name's characters and 8 bytes of captures; limit 160");
  bench::row("run.bytes_per_loop_ticked", million_loops[1], "bytes", "", bench::none,
             "the same once each loop has ticked twice and was observed");
  const figures full = in_child([] { return bytes_of_a_worn_loop(metrics_mode::full); });
  const figures bare = in_child([] { return bytes_of_a_worn_loop(metrics_mode::counters); });
  bench::row("run.bytes_per_loop_histogram", full[0] - bare[0], "bytes", "", bench::none,
             "RSS that metrics_mode::full adds to a loop: 10k loops, 30 ticks each, durations and "
             "lateness lognormal over three powers of ten");
}

/// CPU nanoseconds a loop to add it, start it and stop it, a million of them.
figures add_start_stop() {
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

void start_rows() {
  figures best;
  best.fill(1e300);
  for (int round = 0; round < 3; ++round) {
    const figures each = in_child(add_start_stop);
    for (std::size_t i = 0; i < 3; ++i) best[i] = std::fmin(best[i], each[i]);
  }
  bench::row("run.start_ns", best[1], "ns", "", bench::none,
             "a loop's part of engine.start() with 1M added loops, virtual clock, random phases; "
             "limit 150");
  bench::row("run.stop_ns", best[2], "ns", "", bench::none,
             "a loop's part of engine.stop() with 1M started loops, virtual clock; limit 40");
  bench::row("run.add_ns", best[0], "ns", "", bench::none,
             "engine.add() of 1M loops to a stopped engine, fresh memory, best of 3");
}

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
figures tick_on_workers(bool supervised) {
  crowd all(gyre::driver::workers, 10'000, supervised);
  std::this_thread::sleep_for(200ms);  // the first ticks touch what is new
  const std::uint64_t ticks = (*all).snapshot().totals.ticks;
  const gyre::duration begin = gyre::process_cpu_now();
  std::this_thread::sleep_for(700ms);
  const gyre::duration end = gyre::process_cpu_now();
  const std::uint64_t done = (*all).snapshot().totals.ticks - ticks;
  return {static_cast<double>((end - begin).count()) / static_cast<double>(done), 0, 0, 0};
}

double median(std::vector<double> of) {
  std::nth_element(of.begin(), of.begin() + static_cast<std::ptrdiff_t>(of.size() / 2), of.end());
  return of[of.size() / 2];
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
figures ticks_on_host() {
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

void supervision_rows() {
  double with = 1e300, without = 1e300;
  pairs host;
  for (int round = 0; round < 7; ++round) {  // each child finds its memory elsewhere
    with = std::fmin(with, in_child([] { return tick_on_workers(true); })[0]);
    without = std::fmin(without, in_child([] { return tick_on_workers(false); })[0]);
    if (round >= 5) continue;
    const figures each = in_child(ticks_on_host);
    host.add(each[0] + each[1], each[1]);
  }
  bench::row(
      "run.supervision_ns", with - without, "ns", "the tick without", without,
      "driver::workers, process CPU, the best of 7 less the best of 7: 10k loops of one shard in "
      "phase at 25 Hz, metrics full; with a timeout of 1 s, the default backoff, a CPU gate and "
      "the watchdog at its pace for that, less the same with no gate, no backoff and a timeout of "
      "100 years; limit 10");
  bench::row(
      "run.supervision_host_ns", median(host.difference), "ns", "the tick without",
      median(host.without),
      "driver::host, thread CPU, median of 1,000 pairs of polls of 1,000 loops each: the same "
      "two, but this driver has no watchdog");
}

/// The longest poll in ms of thread CPU time, least of three rounds of 1.1 simulated seconds: with
/// all that a millisecond brings, and with a budget of 64 ticks; and their means.
figures worst_poll() {
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

void poll_rows() {
  const figures worst = in_child(worst_poll);
  bench::row(
      "run.worst_poll_1m_ms", worst[0], "ms", "the mean poll", worst[1],
      "1M loops of 1 s +-10 %, driver::host, .metrics = counters, thread CPU: the longest of "
      "1,100 polls 1 ms of its clock apart, each with the 1,000 ticks that are due; least "
      "of 3 rounds; limit 0.5");
  bench::row("run.worst_poll_64_1m_ms", worst[2], "ms", "the mean poll", worst[3],
             "the same polled until nothing is due with a budget of 64 ticks: the longest poll");
}

/// A grid point of a loop, and how late the tick began that ran for it.
struct point {
  gyre::instant due;
  gyre::duration late;
};
/// Of those that are due from `from` to `to`, the lateness that one in a hundred exceeds, in ms.
/// @param points by due time
double p99_ms(const std::vector<point>& points, gyre::instant from, gyre::instant to) {
  const auto earlier = [](const point& p, gyre::instant t) { return p.due < t; };
  std::vector<gyre::duration> late;
  for (auto at = std::lower_bound(points.begin(), points.end(), from, earlier);
       at != points.end() && at->due < to; ++at) {
    late.push_back(at->late);
  }
  if (late.empty()) return bench::none;
  const auto worst = late.begin() + static_cast<std::ptrdiff_t>(late.size() * 99 / 100);
  std::nth_element(late.begin(), worst, late.end());
  return gyre::to_ms(*worst);
}

/// One of 1,000 loops does not return from its tick. How long after the hand-off deadline those
/// points begin that are as late as before, in ms; the p99 before, as the median of windows, and in
/// the first window after.
figures stuck_recovery(std::uint32_t shards, gyre::duration hand_off) {
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
  figures out{bench::none, before, p99_ms(points, deadline, deadline + window), 0};
  for (gyre::duration after{0}; after < watched; after += 500us) {
    const double now = p99_ms(points, deadline + after, deadline + after + window);
    if (!(now <= 1.5 * before + 1)) continue;
    out[0] = gyre::to_ms(after);
    break;
  }
  return out;
}

void stuck_row(const char* name, std::uint32_t shards, gyre::duration hand_off) {
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
  bench::row(name, median(took), "ms", "p99 lateness before", median(before), conditions.c_str());
}

void stuck_rows() {
  stuck_row("run.stuck_recovery_ms", 0, gyre::engine_options().hand_off);
  stuck_row("run.stuck_recovery_one_shard_ms", 1, gyre::engine_options().hand_off);
  stuck_row("run.stuck_recovery_5ms_ms", 0, 5ms);
  stuck_row("run.stuck_recovery_5ms_one_shard_ms", 1, 5ms);
}

}  // namespace

int main(int argc, char** argv) {
  const std::pair<const char*, void (*)()> parts[] = {{"virtual", virtual_rows},
                                                      {"bytes", bytes_rows},
                                                      {"start", start_rows},
                                                      {"supervision", supervision_rows},
                                                      {"poll", poll_rows},
                                                      {"stuck", stuck_rows}};
  for (const auto& [name, rows] : parts) {  // those that are named, or all
    bool wanted = argc == 1;
    for (int i = 1; i < argc; ++i) wanted = wanted || std::strcmp(argv[i], name) == 0;
    if (wanted) rows();
  }
}
