// run_kit.hpp - what the measurements of `run` share: a process for each, memory, a fleet of loops.
// Room: bench. Threads: one a process.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <gyre/gyre.hpp>
#include <string>
#include <utility>
#include <vector>

#include "bench.hpp"
#include "periodic.h"

namespace bench {

using namespace std::chrono_literals;
using gyre::metrics_mode;

using figures = std::array<double, 4>;
inline constexpr std::uint32_t million = 1'000'000;

/// What `measure` returns in a child process; all NaN when that dies.
template <class F>
inline figures in_child(F&& measure) {
  figures out;
  out.fill(none);
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
inline double available() {
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
inline double resident() { return static_cast<double>(periodic_resident()); }
inline double cpu_ns(gyre::duration since) {
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

inline double median(std::vector<double> of) {
  std::nth_element(of.begin(), of.begin() + static_cast<std::ptrdiff_t>(of.size() / 2), of.end());
  return of[of.size() / 2];
}

}  // namespace bench
