// Method: random ticks into the metrics and into plain counters and dense histograms; stories for
// rates and windows; allocations counted.
#include <algorithm>
#include <cmath>
#include <gyre/core/rng.hpp>
#include <gyre/observe/metrics.hpp>
#include <memory>
#include <utility>
#include <vector>

#include "allocations.hpp"
#include "catch.hpp"

using namespace std::chrono_literals;
using gyre::histogram;
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

namespace {

/// A dense histogram of everything and a list of all ticks with the slice each fell into.
struct dense_model {
  struct tick {
    std::int64_t slice;
    std::uint64_t ns[2];
  };
  std::vector<tick> ticks;
  std::int64_t slice = 0;

  static std::int64_t slice_of(gyre::instant t) { return t / loop_metrics::slice; }
  void record(gyre::duration took, gyre::duration late, gyre::instant now) {
    slice = std::max(slice, slice_of(now));
    ticks.push_back({slice,
                     {static_cast<std::uint64_t>(std::max(took, 0ns).count()),
                      static_cast<std::uint64_t>(std::max(late, 0ns).count())}});
  }
  histogram total(int which) const {
    histogram out;
    for (const tick& t : ticks) out.record(t.ns[which]);
    return out;
  }
  histogram window(int which, gyre::instant now) const {
    histogram out;
    const std::int64_t from = std::max(slice, slice_of(now)) - 1;
    for (auto t = ticks.rbegin(); t != ticks.rend() && t->slice >= from; ++t) {
      out.record(t->ns[which]);
    }
    return out;
  }
};

bool same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }
bool same(const gyre::latency_stats& a, const gyre::latency_stats& b) {
  return a.count == b.count && same(a.min_ms, b.min_ms) && same(a.avg_ms, b.avg_ms) &&
         same(a.p50_ms, b.p50_ms) && same(a.p95_ms, b.p95_ms) && same(a.p99_ms, b.p99_ms) &&
         same(a.p999_ms, b.p999_ms) && same(a.max_ms, b.max_ms);
}
bool same(const histogram& a, const histogram& b) {
  for (std::size_t i = 0; i < histogram::buckets; ++i) {
    if (a.bucket(i) != b.bucket(i)) return false;
  }
  return a.count() == b.count() && a.sum() == b.sum() && a.min() == b.min() && a.max() == b.max() &&
         a.over_range() == b.over_range();
}

bool same(const std::vector<gyre::time_bucket>& a, const histogram& b) {
  std::vector<gyre::time_bucket> all;
  for (std::size_t i = 0; i < histogram::buckets; ++i) {
    if (b.bucket(i) != 0) all.push_back({histogram::upper(i) * 1e-6, b.bucket(i)});
  }
  return std::equal(a.begin(), a.end(), all.begin(), all.end(), [](const auto& x, const auto& y) {
    return x.up_to_ms == y.up_to_ms && x.count == y.count;
  });
}

void require_same(const loop_metrics& metrics, const dense_model& model, gyre::instant now) {
  CAPTURE(model.ticks.size(), now.count());
  const metrics_stats stats = metrics.stats(now);
  const histogram recent = model.window(0, now);
  REQUIRE(same(stats.window, gyre::describe(recent)));
  REQUIRE(same(stats.late, gyre::describe(model.window(1, now))));
  REQUIRE(stats.window_cycles == recent.count());
  for (const double q : {0.0, 0.5, 0.9, 1.0}) {
    REQUIRE(same(metrics.recent_ms(q, now), recent.quantile(q) * 1e-6));
  }
  const histogram all[2] = {model.total(0), model.total(1)};
  REQUIRE(same(stats.latency, gyre::describe(all[0])));
  REQUIRE(same(stats.late_total, gyre::describe(all[1])));
  histogram sums[2];
  metrics.merge_totals(sums[0], sums[1]);
  REQUIRE(same(sums[0], all[0]));
  REQUIRE(same(sums[1], all[1]));
  const gyre::loop_histograms by_bucket = metrics.histograms(now);
  REQUIRE(same(by_bucket.latency, all[0]));
  REQUIRE(same(by_bucket.window, recent));
  REQUIRE(same(by_bucket.late_total, all[1]));
}

gyre::duration drawn(gyre::rng& random, std::uint32_t kind) {
  const double spread[] = {0.0, 0.1, 1.0, 4.0};
  if (kind >= 4) {  // mostly 0 or before its time; now and then long or very long
    const std::uint32_t what = random.below(30);
    if (what == 0) return gyre::duration(std::int64_t{1} << (32 + random.below(16)));
    return gyre::duration(what < 15 ? 0 : -5);
  }
  return gyre::duration(std::llround(1e5 * std::exp(spread[kind] * random.normal())));
}

}  // namespace

TEST_CASE("metrics describe exactly what dense histograms would", "[observe]") {
  // Ticks of every rate from many a slice to one in many slices, with jumps both ways.
  const std::uint32_t seed = GENERATE(range(0u, 12u));
  CAPTURE(seed);
  gyre::rng random(seed, 0, 0);
  const gyre::duration steps[] = {1ms, 100ms, 400ms, 1s, 7s};
  loop_metrics metrics;
  dense_model model;
  gyre::instant now = seed % 2 == 0 ? 0s : 1'000'000h;
  require_same(metrics, model, now);
  for (int i = 0; i < 3000; ++i) {
    const std::uint32_t what = random.below(300);
    if (what == 0) now += std::int64_t{random.below(5)} * 5s;
    if (what == 1 && now > 1min) now -= std::int64_t{random.below(12)} * 1s;
    now += steps[random.below(30) == 0 ? random.below(5) : seed % 5];
    const gyre::duration took = drawn(random, seed % 5);
    const gyre::duration late = drawn(random, (seed + 2) % 5);
    metrics.record(tick_status::ok, took, late, now);
    model.record(took, late, now);
    if (random.below(40) == 0) {
      require_same(metrics, model, now + std::int64_t{random.below(12'000)} * 1ms);
    }
    if (random.below(1500) == 0) {
      metrics.reset();
      model = {};
    }
  }
  require_same(metrics, model, now);
}

TEST_CASE("metrics count more than 65,535 alike in a slice and in all", "[observe]") {
  loop_metrics metrics;
  dense_model model;
  for (int i = 0; i < 200'000; ++i) {
    const gyre::instant now = i / 70'000 * 5s;
    const gyre::duration took = i % 100 == 0 ? 2ms : 1ms;
    metrics.record(tick_status::ok, took, 0ns, now);
    model.record(took, 0ns, now);
    if (i % 30'000 == 1) require_same(metrics, model, now);
  }
  require_same(metrics, model, 15s);
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
  loop_metrics metrics;
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
  SECTION("a time that is past by now sees the window of the last tick") {
    metrics.record(tick_status::error, 1ms, 0ms, now + 1min);
    metrics.record(tick_status::ok, 1ms, 0ms, now + 1min);
    REQUIRE(metrics.health(now) == 0.5);
    REQUIRE(metrics.stats(now).window_error_rate == 0.5);
  }
  SECTION("the window empties") {
    const metrics_stats stats = metrics.stats(now + 20s);
    REQUIRE(stats.window.count == 0);
    REQUIRE(std::isnan(stats.window.p99_ms));
    REQUIRE(stats.window_cycles == 0);
    REQUIRE(stats.latency.count == 210);
  }
}

TEST_CASE("metrics know finished ticks through a reset", "[observe]") {
  loop_metrics metrics(GENERATE(gyre::metrics_mode::full, gyre::metrics_mode::counters));
  metrics.reset();  // of nothing: needs no memory to know that
  const std::size_t empty = metrics.bytes();
  metrics.record(tick_status::error, 1ms, 0ms, 0s);
  metrics.record(tick_status::ok, 1ms, 0ms, 0s);
  REQUIRE(metrics.bytes() > empty);
  metrics.reset();
  REQUIRE(metrics.cycles() == 0);
  REQUIRE(metrics.finished() == 2);
  metrics.record(tick_status::ok, 1ms, 0ms, 0s);
  REQUIRE(metrics.cycles() == 1);
  REQUIRE(metrics.stats(0s).succeeded == 1);
  REQUIRE(metrics.finished() == 3);
}

TEST_CASE("metrics in a lent room count as in their own, and take no other", "[observe]") {
  const auto lent = std::make_unique<loop_metrics::room>();
  for (int round = 0; round < 2; ++round) {  // the room is used again
    const std::size_t before = allocated();
    loop_metrics metrics(*lent);
    REQUIRE(allocated() == before);
    loop_metrics own;
    gyre::rng random(6, static_cast<std::uint64_t>(round), 0);
    for (int i = 0; i < 2000; ++i) {
      if (i == 1000) metrics.reset();
      if (i == 1000) own.reset();
      const gyre::duration took(std::llround(1e6 * std::exp(random.normal())));
      const auto status = i % 7 == 0 ? tick_status::timeout : tick_status::ok;
      for (loop_metrics* m : {&metrics, &own}) m->record(status, took, took / 3, i * 10ms);
    }
    REQUIRE(metrics.mode() == gyre::metrics_mode::full);
    REQUIRE(metrics.bytes() == own.bytes());
    const gyre::metrics_stats a = metrics.stats(20s), b = own.stats(20s);
    REQUIRE(a.latency.count == 1000);
    REQUIRE(a.timeouts == b.timeouts);
    REQUIRE(a.latency.p99_ms == b.latency.p99_ms);
    REQUIRE(a.window.p50_ms == b.window.p50_ms);
    REQUIRE(a.late_total.max_ms == b.late_total.max_ms);
  }
}

TEST_CASE("metrics of a loop that never fails are one cache line", "[observe]") {
  REQUIRE(sizeof(loop_metrics) == 64);
  loop_metrics metrics(gyre::metrics_mode::counters);
  const std::size_t before = allocated();
  for (int i = 0; i < 1000; ++i) metrics.record(tick_status::ok, 1ms, 1us, i * 1s);
  metrics.missed(0);
  REQUIRE(allocated() == before);
  REQUIRE(metrics.bytes() == 0);
  metrics.record(tick_status::error, 1ms, 1us, 1000s);
  REQUIRE(allocated() == before + 1);
  for (int i = 0; i < 1000; ++i) metrics.record(tick_status::timeout, 5s, 1us, 1000s + i * 1s);
  metrics.gated();
  metrics.missed(1);
  metrics.reset();
  metrics.fetch(2000s);
  metrics.fetch_more(2000s);
  REQUIRE(allocated() == before + 1);
  REQUIRE(metrics.bytes() <= 136);
}

TEST_CASE("metrics with histograms take what they have seen, and nothing once warm", "[observe]") {
  struct rate {
    gyre::duration every;
    std::size_t bytes;
  };
  const auto rate = GENERATE(values<struct rate>({{1s, 600}, {10ms, 1200}, {100us, 1200}}));
  CAPTURE(rate.every.count());
  gyre::rng random(5, 0, 0);
  loop_metrics metrics;
  gyre::instant now{0};
  const auto run = [&](int ticks) {
    for (int i = 0; i < ticks; ++i) {
      const double spread = std::clamp(random.normal(), -3.0, 3.0);
      const gyre::duration took(std::llround(1e6 * std::exp(0.1 * spread)));
      const gyre::duration late(std::llround(5e4 * std::exp(0.1 * spread)));
      now += rate.every;
      metrics.fetch(now);
      metrics.fetch_more(now);
      metrics.record(tick_status::ok, took, late, now);
    }
  };
  run(200'000);
  REQUIRE(sizeof metrics + metrics.bytes() <= rate.bytes);
  const std::size_t before = allocated();
  run(50'000);
  REQUIRE(allocated() == before);
}

TEST_CASE("metrics with histograms are bounded", "[observe]") {
  loop_metrics metrics;
  for (int round = 0; round < 3; ++round) {
    for (int octave = 0; octave < 48; ++octave) {
      const gyre::duration ns(std::int64_t{1} << octave);
      for (int i = 0; i < 70'000; ++i) metrics.record(tick_status::ok, ns, ns, round * 5s);
    }
  }
  REQUIRE(metrics.bytes() <= 36'700);
}
