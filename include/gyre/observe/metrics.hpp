// metrics.hpp - what happened to one loop: ticks by outcome, durations, lateness.
// Room: observe. Threads: one owner at a time; no clock.
#pragma once

#include <algorithm>
#include <cstdint>
#include <gyre/core/time.hpp>
#include <gyre/observe/histogram.hpp>
#include <limits>
#include <memory>

namespace gyre {
inline namespace v1 {

/// full: histograms, 31 KB a loop. counters: none of them, 0.2 KB; percentiles are then NaN.
enum class metrics_mode : std::uint8_t { full, counters };

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"  // g++ sees gyre::ok behind the scoped tick_status::ok
/// How a tick ended. All but ok are failures: each counts once, under its kind.
enum class tick_status : std::uint8_t { ok, error, timeout, cancelled };
#pragma GCC diagnostic pop

/// A distribution in ms. Percentiles are within 1.083 %; all but count are NaN when count is 0.
struct latency_stats {
  static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  std::uint64_t count = 0;
  double min_ms = unknown;
  double avg_ms = unknown;
  double p50_ms = unknown;
  double p95_ms = unknown;
  double p99_ms = unknown;
  double p999_ms = unknown;
  double max_ms = unknown;
};

inline latency_stats describe(const histogram& values) noexcept {
  latency_stats out;
  out.count = values.count();
  if (out.count == 0) return out;
  const double q[] = {0.5, 0.95, 0.99, 0.999};
  double ns[4];
  values.quantiles(q, ns, 4);
  out.min_ms = static_cast<double>(values.min()) * 1e-6;
  out.avg_ms = values.mean() * 1e-6;
  out.p50_ms = ns[0] * 1e-6;
  out.p95_ms = ns[1] * 1e-6;
  out.p99_ms = ns[2] * 1e-6;
  out.p999_ms = ns[3] * 1e-6;
  out.max_ms = static_cast<double>(values.max()) * 1e-6;
  return out;
}

/// Everything loop_metrics knows, at one instant.
struct metrics_stats {
  std::uint64_t cycles = 0;  ///< finished ticks: succeeded + errors + timeouts + cancelled
  std::uint64_t succeeded = 0;
  std::uint64_t errors = 0;
  std::uint64_t timeouts = 0;
  std::uint64_t cancelled = 0;
  std::uint64_t gated = 0;   ///< ticks not run because a gate was closed
  std::uint64_t missed = 0;  ///< grid points that had no tick of their own
  std::uint32_t streak = 0;  ///< failures since the last success
  double error_rate =
      0.0;  ///< failures / cycles since the start or the last reset; 0 without cycles
  double window_error_rate = 0.0;   ///< of the last one to two slices
  std::uint64_t window_cycles = 0;  ///< finished ticks of the last one to two slices
  double health = 1.0;       ///< 1 - window_error_rate; without recent ticks, of the last one
  latency_stats latency;     ///< start to end, all ticks
  latency_stats window;      ///< start to end, the last one to two slices
  latency_stats late;        ///< due to start, the last one to two slices
  latency_stats late_total;  ///< due to start, all ticks
};

/// Counts and measures the ticks of one loop. Allocates only in its constructor.
class loop_metrics {
 public:
  /// @param slice half of the longest window, see windowed_histogram. @pre slice > 0
  explicit loop_metrics(metrics_mode mode = metrics_mode::full,
                        duration slice = std::chrono::seconds(5))
      : slice_(slice) {
    if (mode == metrics_mode::full) measured_ = std::make_unique<measured>(slice);
  }

  /// One finished tick. @param late start - due, negative (jitter) counts as 0.
  void record(tick_status status, duration took, duration late, instant now) noexcept {
    const std::uint64_t took_ns = positive(took);
    const std::uint64_t late_ns = positive(late);
    ++outcomes_[static_cast<std::size_t>(status)];
    const bool failed = status != tick_status::ok;
    streak_ = failed ? streak_ + (streak_ < ~std::uint32_t{0} ? 1 : 0) : 0;
    if (now >= end_) rotate(now);
    ++recent_[current_].cycles;
    recent_[current_].failures += failed ? 1 : 0;
    took_.add(took_ns);
    late_.add(late_ns);
    if (measured_ == nullptr) return;
    measured_->took.record(took_ns, now);
    measured_->late.record(late_ns, now);
  }
  void gated() noexcept { ++gated_; }
  void missed(std::uint64_t ticks) noexcept { missed_ += ticks; }

  std::uint64_t cycles() const noexcept {
    return outcomes_[0] + outcomes_[1] + outcomes_[2] + outcomes_[3];
  }
  std::uint64_t failures() const noexcept { return cycles() - outcomes_[0]; }
  std::uint32_t streak() const noexcept { return streak_; }
  double error_rate() const noexcept { return rate(failures(), cycles()); }
  /// 1 - error rate of the last one to two slices; without ticks in them, 1 or 0 by the last tick.
  double health(instant now) const noexcept {
    const tally recent = window(now);
    if (recent.cycles == 0) return streak_ == 0 ? 1.0 : 0.0;
    return 1.0 - rate(recent.failures, recent.cycles);
  }
  /// Never counted a failure since the last reset: health is 1 then, whatever the time.
  bool sound() const noexcept { return failures() == 0; }
  metrics_mode mode() const noexcept {
    return measured_ != nullptr ? metrics_mode::full : metrics_mode::counters;
  }

  /// The histograms, for totals over loops; null with metrics_mode::counters.
  const windowed_histogram* durations() const noexcept {
    return measured_ ? &measured_->took : nullptr;
  }
  const windowed_histogram* lateness() const noexcept {
    return measured_ ? &measured_->late : nullptr;
  }

  /// A quantile of the durations of the last one to two slices, in ms; NaN without histograms or
  /// recent ticks.
  double recent_ms(double q, instant now) const noexcept {
    if (measured_ == nullptr) return latency_stats::unknown;
    return measured_->took.window(now).quantile(q) * 1e-6;
  }
  /// Adds all durations and all lateness to these; nothing with metrics_mode::counters.
  void merge_totals(histogram& took, histogram& late) const noexcept {
    if (measured_ == nullptr) return;
    took.merge(measured_->took.total());
    late.merge(measured_->late.total());
  }

  /// Everything, as of `now`; some microseconds with histograms.
  metrics_stats stats(instant now) const noexcept {
    metrics_stats out;
    out.cycles = cycles();
    out.succeeded = outcomes_[0];
    out.errors = outcomes_[1];
    out.timeouts = outcomes_[2];
    out.cancelled = outcomes_[3];
    out.gated = gated_;
    out.missed = missed_;
    out.streak = streak_;
    out.error_rate = error_rate();
    const tally recent = window(now);
    out.window_cycles = recent.cycles;
    out.window_error_rate = rate(recent.failures, recent.cycles);
    out.health = health(now);
    if (measured_ == nullptr) {
      out.latency = took_.stats(out.cycles);
      out.late_total = late_.stats(out.cycles);
      return out;
    }
    out.latency = describe(measured_->took.total());
    out.window = describe(measured_->took.window(now));
    out.late = describe(measured_->late.window(now));
    out.late_total = describe(measured_->late.total());
    return out;
  }

  /// Back to zero. Only a user asks for this: restarting a loop resets nothing.
  void reset() noexcept {
    for (std::uint64_t& each : outcomes_) each = 0;
    gated_ = missed_ = 0;
    streak_ = 0;
    recent_[0] = recent_[1] = {};
    end_ = instant{0};
    took_ = late_ = {};
    if (measured_ == nullptr) return;
    measured_->took.clear();
    measured_->late.clear();
  }

 private:
  struct measured {
    explicit measured(duration slice) : took(slice), late(slice) {}
    windowed_histogram took;
    windowed_histogram late;
  };
  struct tally {
    std::uint64_t cycles = 0;
    std::uint64_t failures = 0;
  };
  struct extent {  // what is known without a histogram
    std::uint64_t sum = 0;
    std::uint64_t min = ~std::uint64_t{0};
    std::uint64_t max = 0;

    void add(std::uint64_t ns) noexcept {
      sum = sum > ~std::uint64_t{0} - ns ? ~std::uint64_t{0} : sum + ns;
      min = std::min(min, ns);
      max = std::max(max, ns);
    }
    latency_stats stats(std::uint64_t count) const noexcept {
      latency_stats out;
      out.count = count;
      if (count == 0) return out;
      out.min_ms = static_cast<double>(min) * 1e-6;
      out.avg_ms = static_cast<double>(sum) / static_cast<double>(count) * 1e-6;
      out.max_ms = static_cast<double>(max) * 1e-6;
      return out;
    }
  };

  static std::uint64_t positive(duration d) noexcept {
    return d.count() > 0 ? static_cast<std::uint64_t>(d.count()) : 0;
  }
  static double rate(std::uint64_t part, std::uint64_t whole) noexcept {
    return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
  }
  tally window(instant now) const noexcept {
    tally out;
    if (now < add_saturated(end_, slice_)) out = recent_[current_];
    if (now < end_) {
      out.cycles += recent_[1 - current_].cycles;
      out.failures += recent_[1 - current_].failures;
    }
    return out;
  }
  void rotate(instant now) noexcept {  // as windowed_histogram does
    if (now >= add_saturated(end_, slice_)) recent_[current_] = {};
    current_ = 1 - current_;
    recent_[current_] = {};
    end_ = add_saturated(duration(now.count() / slice_.count() * slice_.count()), slice_);
  }

  std::uint64_t outcomes_[4] = {};  // by tick_status
  std::uint64_t gated_ = 0;
  std::uint64_t missed_ = 0;
  std::uint32_t streak_ = 0;
  std::uint32_t current_ = 0;
  duration slice_;
  instant end_{0};  // of the current slice
  tally recent_[2];
  extent took_;
  extent late_;
  std::unique_ptr<measured> measured_;
};

}  // namespace v1
}  // namespace gyre
