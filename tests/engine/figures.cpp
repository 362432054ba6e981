// Method: a loop's figures against what its ticks did, over reset, removal and reuse.
#include <gyre/gyre.hpp>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "kit.hpp"

using namespace std::chrono_literals;
using kit::virtual_clock;

TEST_CASE("reset sets every figure of a loop to zero; totals keep removed loops until then",
          "[engine]") {
  gyre::engine e(virtual_clock());
  e.subscribe("q", {.capacity = 1}).value();
  auto l = e.add({.name = "l", .interval = 10ms, .jitter = 0}, [&](gyre::tick& t) {
              t.publish("q", "1");
              if (t.number() == 3) t.fail("bad");
            }).value();
  auto gone = e.add({.name = "gone", .interval = 10ms, .jitter = 0}, [](gyre::tick& t) {
                 t.fail("always");
               }).value();
  e.advance_to(995ms).value();
  const auto before = e.snapshot().totals;
  REQUIRE(gone.remove());
  const auto after = e.snapshot().totals;
  REQUIRE(after.loops == 1);
  REQUIRE(after.ticks == before.ticks);
  REQUIRE(after.errors == before.errors);
  REQUIRE(after.error_rate == before.error_rate);
  REQUIRE(l.stats()->dropped > 0);
  REQUIRE(l.stats()->last_error == "bad");
  REQUIRE(l.pause());
  e.reset_metrics();
  const auto s = l.stats().value();
  REQUIRE(s.metrics.cycles == 0);
  REQUIRE(s.dropped == 0);
  REQUIRE(s.reward == 0);
  REQUIRE(s.last_error.empty());
  REQUIRE(e.snapshot().totals.ticks == 0);
}

// Method: cases. Percentiles once ended at 18 minutes: the median of these was 1.0 h.
TEST_CASE("ticks of hours have their percentiles", "[engine]") {
  gyre::engine e(virtual_clock());
  for (const char* name : {"a", "b"}) {
    e.add({.name = name, .interval = 24h, .timeout = 24h, .jitter = 0}, [](gyre::tick& t) {
       t.spend((1 + t.number() % 9) * 1h);
     }).value();
  }
  e.advance_to(89 * 24h).value();
  const auto s = e.snapshot();
  for (const gyre::latency_stats& l : {s.loops[0].metrics.latency, s.totals.latency}) {
    REQUIRE(l.p50_ms == Approx(5 * 3.6e6).epsilon(.01083));
    REQUIRE(l.p95_ms == Approx(9 * 3.6e6).epsilon(.01083));
    REQUIRE(l.min_ms == 3.6e6);
    REQUIRE(l.max_ms == 9 * 3.6e6);
  }
}

TEST_CASE("a record is used again with and without histograms", "[engine]") {
  gyre::engine e({.driver = gyre::driver::virtual_time});
  gyre::instant now{0};
  std::vector<std::uint32_t> indices;
  using gyre::metrics_mode;
  for (const metrics_mode mode : {metrics_mode::counters, metrics_mode::full, metrics_mode::full,
                                  metrics_mode::counters, metrics_mode::full}) {
    gyre::loop loop = e.add({.name = "a", .interval = 10ms, .jitter = 0, .metrics = mode},
                            [](gyre::tick& t) { t.spend(t.number() * 1ms); })
                          .value();
    indices.push_back(gyre::id_index(loop.id()));
    now += 995ms;
    e.advance_to(now).value();
    const gyre::metrics_stats seen = loop.stats()->metrics;
    REQUIRE(seen.cycles == 100);
    REQUIRE(seen.latency.max_ms == 99);
    REQUIRE(std::isnan(seen.latency.p50_ms) == (mode == metrics_mode::counters));
    if (mode == metrics_mode::full) REQUIRE(seen.latency.p50_ms == Approx(49.5).margin(2));
    loop.remove().value();
  }
  REQUIRE(std::count(indices.begin(), indices.end(), indices[0]) == 5);
}

namespace {
/// The end of the bucket in which the tick of this rank lies.
double end_of(const std::vector<gyre::time_bucket>& all, double rank) {
  for (const gyre::time_bucket& b : all) {
    rank -= static_cast<double>(b.count);
    if (rank <= 0) return b.up_to_ms;
  }
  return NAN;
}
}  // namespace

TEST_CASE("a loop's buckets add up to its ticks, and have its percentiles in them", "[engine]") {
  gyre::engine e(virtual_clock());
  auto l = e.add({.name = "l", .interval = 10ms, .jitter = 0}, [](gyre::tick& t) {
              t.spend((1 + t.number() % 100) * 50us);
            }).value();
  auto plain = e.add({.name = "plain", .interval = 10ms, .metrics = gyre::metrics_mode::counters},
                     [](gyre::tick&) {}).value();
  e.advance_to(33s).value();
  const gyre::metrics_stats m = l.stats()->metrics;
  const gyre::loop_histograms all = l.histograms().value();
  REQUIRE(m.cycles == 3301);
  for (const auto& [buckets, whole] : {std::pair(all.latency, m.latency),
                                       std::pair(all.window, m.window),
                                       std::pair(all.late_total, m.late_total)}) {
    std::uint64_t sum = 0;
    for (const gyre::time_bucket& b : buckets) sum += b.count;
    CHECK(sum == whole.count);
    const double n = static_cast<double>(whole.count);
    CHECK(whole.p50_ms <= end_of(buckets, std::ceil(.5 * n)));
    CHECK(whole.p50_ms >= end_of(buckets, std::ceil(.5 * n)) / 1.022 - 1e-6);
    CHECK(whole.p99_ms <= end_of(buckets, std::ceil(.99 * n)));
    CHECK(whole.p99_ms >= end_of(buckets, std::ceil(.99 * n)) / 1.022 - 1e-6);
  }
  CHECK(all.latency.size() > 50);
  CHECK(plain.histograms()->latency.empty());
  REQUIRE(l.remove());
  CHECK(l.histograms().error().code == gyre::code::stale);
}
