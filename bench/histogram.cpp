// What recording a duration costs, beside keeping the last 200 and sorting them when asked; and
// what the metrics of a loop cost, in time and memory, with and without histograms.
#include <gyre/core/rng.hpp>
#include <gyre/observe/metrics.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

#include <malloc.h>

#include "bench.hpp"

namespace {
std::size_t heap_bytes = 0;  // in use, as malloc counts them
}
// Out of line, or g++ warns about a free() it sees through.
[[gnu::noinline]] void* operator new(std::size_t size) {
  void* const p = std::malloc(size);
  if (p == nullptr) std::abort();
  heap_bytes += malloc_usable_size(p) + sizeof(std::size_t);
  return p;
}
[[gnu::noinline]] void operator delete(void* p) noexcept {
  if (p != nullptr) heap_bytes -= malloc_usable_size(p) + sizeof(std::size_t);
  std::free(p);
}
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { operator delete(p); }

namespace {

/// How far off, in percent of the true value, the p99 of the last 200 is: rms over all such 200.
double error_of_last_200(const std::vector<std::uint64_t>& values, double truth) {
  double sum = 0;
  double count = 0;
  for (std::size_t at = 0; at + 200 <= values.size(); at += 200) {
    const auto first = values.begin() + static_cast<std::ptrdiff_t>(at);
    std::vector<std::uint64_t> last(first, first + 200);
    std::sort(last.begin(), last.end());
    const double off = static_cast<double>(last[198]) / truth - 1;
    sum += off * off;
    ++count;
  }
  return 100 * std::sqrt(sum / count);
}

using namespace std::chrono_literals;
using gyre::metrics_mode;

struct cost {
  double ns;     // a tick
  double bytes;  // of the heap a loop, with what malloc takes for itself
};
/// Ticks of `count` loops in turn, one of each every `period`; their timings vary by 10 %.
cost cost_of(metrics_mode mode, std::size_t count, gyre::duration period) {
  std::vector<gyre::duration> took(1 << 16);
  std::vector<gyre::duration> late(1 << 16);
  gyre::rng random(2, 2, gyre::purpose::user);
  const auto drawn = [&](double ns) {
    return gyre::duration(std::llround(ns * std::exp(.1 * random.normal())));
  };
  for (auto& each : took) each = drawn(200'000);
  for (auto& each : late) each = drawn(20'000);

  std::vector<std::unique_ptr<gyre::loop_metrics>> loops(count);
  const std::size_t before = heap_bytes;
  for (auto& each : loops) each = std::make_unique<gyre::loop_metrics>(mode);
  gyre::instant now{0};
  std::size_t at = 0;
  std::uint64_t k = 0;
  const auto run = [&](std::uint64_t ticks) {
    for (std::uint64_t i = 0; i < ticks; ++i) {
      if (at == 0) now += period;
      loops[at]->record(gyre::tick_status::ok, took[k & 0xffff], late[7 * k & 0xffff], now);
      at = at + 1 == count ? 0 : at + 1;
      ++k;
    }
  };
  run(2'000'000);
  const double bytes = static_cast<double>(heap_bytes - before) / static_cast<double>(count);
  return {bench::ns_each(1 << 20, run), bytes};
}

void metrics_rows() {
  const char* const peer = "the same with .metrics = counters";
  const cost fast = cost_of(metrics_mode::full, 1, 1ms);
  const cost counted = cost_of(metrics_mode::counters, 1, 1ms);
  bench::row("observe.metrics_record_ns", fast.ns, "ns", peer, counted.ns,
             "one loop at 1 kHz, timings vary by 10 %");
  const cost slow = cost_of(metrics_mode::full, 1, 1s);
  bench::row("observe.slice_turn_ns", 5 * (slow.ns - counted.ns), "ns", "one tick", slow.ns,
             "one loop at 1 Hz: what the 5 ticks of a slice cost more than counters only");
  const cost many = cost_of(metrics_mode::full, 100'000, 1s);
  const cost many_counted = cost_of(metrics_mode::counters, 100'000, 1s);
  bench::row("observe.metrics_record_100k_ns", many.ns, "ns", peer, many_counted.ns,
             "100,000 loops at 1 Hz in turn, timings vary by 10 %");
  bench::row("observe.metrics_bytes", many.bytes, "bytes", peer, many_counted.bytes,
             "a loop at 1 Hz, timings vary by 10 %, with malloc's own");
  bench::row("observe.metrics_fast_bytes", fast.bytes, "bytes", peer, counted.bytes,
             "a loop at 1 kHz, timings vary by 10 %, with malloc's own");
}

}  // namespace

int main() {
  metrics_rows();
  gyre::rng random(1, 1, gyre::purpose::user);
  std::vector<std::uint64_t> values(1 << 16);
  for (auto& v : values) v = static_cast<std::uint64_t>(200'000 * std::exp(random.normal()));

  gyre::histogram h;
  std::vector<std::uint64_t> last(200);
  const double ours = bench::ns_each(1 << 20, [&](std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) h.record(values[i & 0xffff]);
  });
  const double theirs = bench::ns_each(1 << 20, [&](std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) last[i % 200] = values[i & 0xffff];
    bench::keep(last[7]);
  });
  bench::row("observe.record_ns", ours, "ns", "last 200 in a ring", theirs,
             "lognormal durations, 65,536 distinct");
  double sum = 0;
  const double query = bench::ns_each(4096, [&](std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) sum += h.quantile(.99);
  });
  const double sorted = bench::ns_each(4096, [&](std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
      std::vector<std::uint64_t> copy = last;
      std::sort(copy.begin(), copy.end());
      sum += static_cast<double>(copy[198]);
    }
  });
  bench::keep(sum);
  bench::row("observe.p99_ns", query, "ns", "copy and sort the last 200", sorted,
             "one quantile of a filled histogram");
  std::vector<std::uint64_t> ordered = values;
  std::sort(ordered.begin(), ordered.end());
  const auto truth = static_cast<double>(ordered[ordered.size() * 99 / 100]);
  bench::row("observe.p99_error_percent", 100 * std::fabs(h.quantile(.99) / truth - 1), "percent",
             "last 200, rms", error_of_last_200(values, truth),
             "against the p99 of all 65,536 durations");
}
