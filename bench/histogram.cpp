// What recording a duration costs, beside keeping the last 200 and sorting them when asked.
#include <gyre/core/rng.hpp>
#include <gyre/observe/histogram.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

#include "bench.hpp"

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

}  // namespace

int main() {
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
