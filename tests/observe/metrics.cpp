// Method: random ticks into the metrics and into plain counters; stories for rates and windows.
#include <cmath>
#include <gyre/core/rng.hpp>
#include <gyre/observe/metrics.hpp>
#include <utility>

#include "catch.hpp"

using namespace std::chrono_literals;
using gyre::loop_metrics;
using gyre::metrics_stats;
using gyre::tick_status;

TEST_CASE("metrics count every tick once, under its kind", "[observe]") {
  const auto mode = GENERATE(gyre::metrics_mode::full, gyre::metrics_mode::counters);
  loop_metrics metrics(mode);
  REQUIRE(metrics.mode() == mode);
  gyre::rng random(2, 0, 0);
  std::uint64_t kinds[4] = {};
  std::uint32_t streak = 0;
  std::uint64_t missed = 0;
  for (int i = 0; i < 2000; ++i) {
    const std::uint32_t kind = random.below(4);
    ++kinds[kind];
    streak = kind == 0 ? 0 : streak + 1;
    metrics.record(static_cast<tick_status>(kind), 1ms, 10us, i * 1ms);
    REQUIRE(metrics.streak() == streak);
    if (random.below(3) == 0) metrics.gated();
    metrics.missed(random.below(3));
    missed = metrics.stats(i * 1ms).missed;
  }
  const metrics_stats stats = metrics.stats(2s);
  REQUIRE(stats.cycles == 2000);
  REQUIRE(stats.succeeded == kinds[0]);
  REQUIRE(stats.errors == kinds[1]);
  REQUIRE(stats.timeouts == kinds[2]);
  REQUIRE(stats.cancelled == kinds[3]);
  REQUIRE(stats.error_rate == Approx(1.0 - static_cast<double>(kinds[0]) / 2000.0));
  REQUIRE(stats.missed == missed);
  REQUIRE(stats.gated > 500);
  REQUIRE(stats.latency.count == 2000);
  REQUIRE(stats.latency.avg_ms == Approx(1.0));
  REQUIRE(stats.latency.max_ms == Approx(1.0));
  REQUIRE(stats.late_total.max_ms == Approx(0.01));
  REQUIRE(std::isnan(stats.latency.p99_ms) == (mode == gyre::metrics_mode::counters));
  metrics.reset();
  const metrics_stats zero = metrics.stats(2s);
  REQUIRE(zero.cycles + zero.gated + zero.missed + zero.streak + zero.latency.count == 0);
  REQUIRE(zero.error_rate == 0.0);
  REQUIRE(zero.health == 1.0);
}

TEST_CASE("metrics describe durations and lateness in order", "[observe]") {
  loop_metrics metrics;
  for (int i = 1; i <= 1000; ++i) {
    metrics.record(tick_status::ok, i * 1ms, i * 1us, i * 1ms);
  }
  metrics.record(tick_status::ok, 1ms, -5us, 1s);  // early by jitter: not late
  const metrics_stats stats = metrics.stats(1s);
  const gyre::latency_stats& t = stats.latency;
  REQUIRE(t.min_ms == Approx(1));
  REQUIRE(t.p50_ms == Approx(500).epsilon(0.011));
  REQUIRE(t.p95_ms == Approx(950).epsilon(0.011));
  REQUIRE(t.p99_ms == Approx(990).epsilon(0.011));
  REQUIRE(t.p999_ms == Approx(999).epsilon(0.011));
  REQUIRE(t.max_ms == Approx(1000));
  REQUIRE(stats.window.count == 1001);
  REQUIRE(stats.late.min_ms == 0.0);
  REQUIRE(stats.late.p99_ms == Approx(0.99).epsilon(0.011));
}

TEST_CASE("metrics of several loops add up to one histogram each", "[observe]") {
  loop_metrics fast;
  loop_metrics slow;
  const loop_metrics counted(gyre::metrics_mode::counters);
  REQUIRE(std::isnan(fast.recent_ms(0.5, 0s)));
  for (int i = 1; i <= 100; ++i) {
    fast.record(tick_status::ok, i * 1ms, i * 1us, i * 1ms);
    slow.record(tick_status::ok, i * 10ms, i * 10us, i * 1ms);
  }
  REQUIRE(fast.recent_ms(0.5, 1s) == Approx(50).epsilon(0.011));
  REQUIRE(fast.recent_ms(0.5, 1s) == fast.stats(1s).window.p50_ms);
  REQUIRE(std::isnan(fast.recent_ms(0.5, 20s)));
  gyre::histogram took;
  gyre::histogram late;
  for (const loop_metrics* each : {&counted, &std::as_const(fast), &std::as_const(slow)}) {
    each->merge_totals(took, late);
  }
  REQUIRE(took.count() == 200);
  REQUIRE(took.quantile(0.5) * 1e-6 == Approx(91).epsilon(0.011));
  REQUIRE(late.max() == 1'000'000);
  REQUIRE(std::isnan(counted.recent_ms(0.5, 0s)));
}

TEST_CASE("metrics are sound until the first failure", "[observe]") {
  const auto kind = GENERATE(tick_status::error, tick_status::timeout, tick_status::cancelled);
  loop_metrics metrics;
  REQUIRE(metrics.sound());
  metrics.record(tick_status::ok, 1ms, 0ms, 0s);
  metrics.gated();
  metrics.missed(3);
  REQUIRE(metrics.sound());
  metrics.record(kind, 1ms, 0ms, 0s);
  REQUIRE(!metrics.sound());
  metrics.record(tick_status::ok, 1ms, 0ms, 1min);
  REQUIRE(!metrics.sound());  // healthy again, but not by itself for ever
  metrics.reset();
  REQUIRE(metrics.sound());
}

TEST_CASE("metrics health follows the recent ticks, the error rate all of them", "[observe]") {
  loop_metrics metrics(gyre::metrics_mode::full, 5s);
  REQUIRE(metrics.health(0s) == 1.0);
  gyre::instant now{0};
  for (int i = 0; i < 100; ++i) metrics.record(tick_status::error, 1ms, 0ms, now += 100ms);
  REQUIRE(metrics.health(now) == 0.0);
  for (int i = 0; i < 110; ++i) metrics.record(tick_status::ok, 1ms, 0ms, now += 100ms);
  REQUIRE(metrics.health(now) == 1.0);
  REQUIRE(metrics.error_rate() == Approx(100.0 / 210.0));
  SECTION("a loop slower than the window is as healthy as its last tick") {
    metrics.record(tick_status::timeout, 2s, 0ms, now);
    REQUIRE(metrics.health(now + 1min) == 0.0);
    metrics.record(tick_status::ok, 1ms, 0ms, now + 1min);
    REQUIRE(metrics.health(now + 2min) == 1.0);
  }
  SECTION("the window empties") {
    const metrics_stats stats = metrics.stats(now + 20s);
    REQUIRE(stats.window.count == 0);
    REQUIRE(std::isnan(stats.window.p99_ms));
    REQUIRE(stats.window_cycles == 0);
    REQUIRE(stats.latency.count == 210);
  }
}

TEST_CASE("metrics have the size that is stated", "[observe]") {
  REQUIRE(sizeof(loop_metrics) <= 256);
}
