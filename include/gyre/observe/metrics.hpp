// metrics.hpp - what happened to one loop: ticks by outcome, durations, lateness.
// Room: observe. Threads: one owner at a time; no clock.
#pragma once

#include <algorithm>
#include <cstdint>
#include <gyre/core/time.hpp>
#include <gyre/observe/histogram.hpp>
#include <gyre/observe/stats.hpp>
#include <gyre/observe/timings.hpp>
#include <new>
#include <vector>

namespace gyre {
inline namespace v1 {

namespace detail {
inline latency_stats in_ms(std::uint64_t count, const extent& all, const double (&ns)[4]) noexcept {
  latency_stats out;
  out.count = count;
  if (count == 0) return out;
  out.min_ms = static_cast<double>(all.min) * 1e-6;
  out.avg_ms = static_cast<double>(all.sum) / static_cast<double>(count) * 1e-6;
  out.p50_ms = ns[0] * 1e-6;
  out.p95_ms = ns[1] * 1e-6;
  out.p99_ms = ns[2] * 1e-6;
  out.p999_ms = ns[3] * 1e-6;
  out.max_ms = static_cast<double>(all.max) * 1e-6;
  return out;
}
inline constexpr double described[] = {0.5, 0.95, 0.99, 0.999};
}  // namespace detail

inline latency_stats describe(const histogram& values) noexcept {
  double ns[4];
  values.quantiles(detail::described, ns, 4);
  return detail::in_ms(values.count(), {values.sum(), values.min(), values.max()}, ns);
}

/// Adds a histogram's values to counts under fixed bounds. 2 us.
inline void add_up(bucket_counts& sum, const histogram& values) noexcept {
  if (values.count() == 0) return;
  std::uint64_t weight = 0;
  for (std::size_t i = 0; i < histogram::buckets; ++i) weight += values.bucket(i);
  // After 2^32 values in one bucket a count stands for several: see histogram::halve().
  const std::uint64_t each = std::max<std::uint64_t>(1, values.count() / weight);
  std::uint64_t seen = 0;
  for (std::size_t i = 0, next = 0; i < bucket_counts::bounds; ++i) {
    const std::size_t last = histogram::index_of(std::uint64_t{1} << (10 + i));
    for (; next <= last; ++next) seen += values.bucket(next);
    sum.up_to[i] += seen * each;
  }
  sum.count += values.count();
  sum.sum_s += static_cast<double>(values.sum()) * 1e-9;
}

/// Counts and measures the ticks of one loop. A successful tick touches this object, one cache line
/// where it is aligned so, and with histograms 8 bytes of another; what counts by bucket, once in 8
/// ticks or a slice. Allocates for what is rare at the first failed, gated, missed, shed or
/// over 4.2 s long tick, and for histograms in the constructor and for values in an octave not seen
/// before (see detail::pages); once warm never. Where memory cannot be had for that, the tick
/// counts and what is rare about it, or its place in the percentiles, does not.
class loop_metrics {
 public:
  /// Rates, health and recent percentiles are those of the running slice and the one before it.
  static constexpr duration slice = std::chrono::seconds(5);

  /// What histograms keep besides, for who puts it somewhere: see metrics_rooms.
  struct alignas(64) room {
    std::byte bytes[256];
  };

  explicit loop_metrics(metrics_mode mode = metrics_mode::full)
      : flags_(mode == metrics_mode::full ? measuring : 0) {
    if (measures()) {
      measured_ = new measured;
    } else {
      rare_ = nullptr;
    }
  }
  /// With histograms, in a room of the caller's that outlives this and holds nothing else.
  explicit loop_metrics(room& lent) : flags_(measuring | borrowing) {
    static_assert(sizeof(measured) <= sizeof lent && alignof(measured) <= alignof(room));
    measured_ = ::new (static_cast<void*>(&lent)) measured;
  }
  ~loop_metrics() {
    delete rare_block();
    if (!measures()) return;
    if ((flags_ & borrowing) == 0) {
      delete measured_;
    } else {
      measured_->~measured();
    }
  }
  /// Takes everything over, with the room. The other is good for its destructor only.
  loop_metrics(loop_metrics&& o) noexcept : loop_metrics(o) {
    o.flags_ = 0;
    o.rare_ = nullptr;
  }
  loop_metrics& operator=(loop_metrics&&) = delete;

  /// One finished tick. @param late start - due, negative (jitter) counts as 0.
  void record(tick_status status, duration took, duration late, instant now) noexcept {
    const std::uint64_t took_ns = positive(took);
    const std::uint64_t late_ns = positive(late);
    const std::uint32_t number = slice_of(now);
    if (number > ran_.slice) turn(number);
    ++finished_;
    ran_.count();
    took_.add(took_ns);
    late_.add(late_ns);
    if (std::max(took_ns, late_ns) >= top) {
      record_long(took_ns, late_ns);
    } else if (measures()) {
      measured_->values.add(at_, static_cast<std::uint32_t>(took_ns),
                            static_cast<std::uint32_t>(late_ns));
    }
    if (status != tick_status::ok || (flags_ & failing) != 0) note(status);
  }
  void gated() noexcept {
    if (outcomes* const kept = rare()) ++kept->gated;
  }
  void missed(std::uint64_t ticks) noexcept {
    if (ticks == 0) return;
    if (outcomes* const kept = rare()) kept->missed += ticks;
  }
  void shed(std::uint64_t ticks) noexcept {
    if (outcomes* const kept = rare()) kept->shed += ticks;
  }
  /// Asks the cache for what record() at `now` touches behind this object; a few ticks later
  /// fetch_more() for what is behind that. Inlined for g++ 12, which drops a call of them.
  [[gnu::always_inline]] inline void fetch(instant now) const noexcept {
    if (measures()) measured_->values.fetch(at_, slice_of(now) > ran_.slice);
  }
  [[gnu::always_inline]] inline void fetch_more(instant now) const noexcept {
    if (measures() && slice_of(now) > ran_.slice) measured_->values.fetch_totals();
  }

  /// Ticks recorded since the construction; reset() leaves this one.
  std::uint64_t finished() const noexcept { return finished_; }
  std::uint64_t cycles() const noexcept { return finished_ - seen().base; }
  /// Of all durations; 0: there was no tick.
  duration mean() const noexcept {
    const std::uint64_t n = cycles();
    return duration(n == 0 ? 0 : static_cast<std::int64_t>(took_.sum / n));
  }
  std::uint64_t failures() const noexcept { return sound() ? 0 : seen().failures(); }
  std::uint32_t streak() const noexcept { return (flags_ & failing) != 0 ? seen().streak : 0; }
  double error_rate() const noexcept { return rate(failures(), cycles()); }
  /// Never counted a failure since the last reset: health is 1 then, whatever the time.
  bool sound() const noexcept { return (flags_ & unsound) == 0; }
  /// 1 - error rate of the last one to two slices; without ticks in them, 1 or 0 by the last tick.
  double health(instant now) const noexcept {
    if (sound()) return 1.0;
    const std::uint32_t number = std::max(slice_of(now), ran_.slice);
    const std::uint64_t recent = ran_.window(number);
    if (recent == 0) return streak() == 0 ? 1.0 : 0.0;
    return 1.0 - rate(seen().failed.window(number), recent);
  }
  /// The caller's room that it is in, null when it has none.
  room* lent() const noexcept {
    return (flags_ & borrowing) != 0 ? reinterpret_cast<room*>(measured_) : nullptr;
  }
  metrics_mode mode() const noexcept {
    return measures() ? metrics_mode::full : metrics_mode::counters;
  }

  /// A quantile of the durations of the last one to two slices, in ms; NaN without histograms or
  /// recent ticks.
  double recent_ms(double q, instant now) const noexcept {
    if (!measures()) return latency_stats::unknown;
    const unsigned parts = parts_of(std::max(slice_of(now), ran_.slice));
    const detail::extent all = measured_->values.range(at_, 0, parts);
    double ns = 0.0;
    measured_->values.quantiles(at_, 0, parts, all, &q, &ns, 1);
    return ns * 1e-6;
  }
  /// Adds all durations and all lateness to these; nothing with metrics_mode::counters.
  void merge_totals(histogram& took, histogram& late) const noexcept {
    if (!measures() || cycles() == 0) return;
    histogram* const out[] = {&took, &late};
    for (unsigned which = 0; which < 2; ++which) {
      measured_->values.merge_into(*out[which], at_, which, cycles(), all(which),
                                   seen().over[which]);
    }
  }
  /// Its buckets, as of `now`; none with metrics_mode::counters.
  loop_histograms histograms(instant now) const {
    const unsigned recent = parts_of(std::max(slice_of(now), ran_.slice));
    return {buckets(0, detail::timings::ever), buckets(0, recent),
            buckets(1, detail::timings::ever)};
  }

  /// Everything, as of `now`; some microseconds with histograms.
  metrics_stats stats(instant now) const noexcept {
    metrics_stats out;
    const outcomes& rare = seen();
    out.cycles = cycles();
    out.succeeded = out.cycles - rare.failures();
    out.errors = rare.kinds[0];
    out.timeouts = rare.kinds[1];
    out.cancelled = rare.kinds[2];
    out.gated = rare.gated;
    out.missed = rare.missed;
    out.shed = rare.shed;
    out.streak = rare.streak;
    out.error_rate = error_rate();
    const std::uint32_t number = std::max(slice_of(now), ran_.slice);
    out.window_cycles = ran_.window(number);
    out.window_error_rate = rate(rare.failed.window(number), out.window_cycles);
    out.health = health(now);
    out.latency = describe(0, detail::timings::ever, out.cycles, all(0));
    out.late_total = describe(1, detail::timings::ever, out.cycles, all(1));
    if (!measures()) return out;
    const unsigned parts = parts_of(number);
    const detail::timings& values = measured_->values;
    out.window = describe(0, parts, out.window_cycles, values.range(at_, 0, parts));
    out.late = describe(1, parts, out.window_cycles, values.range(at_, 1, parts));
    return out;
  }

  /// For reset(), which needs no memory then. Throws std::bad_alloc.
  void make_room() {
    if (finished_ != 0 && rare_place() == nullptr) rare_place() = new outcomes;
  }
  /// Back to zero. Only a user asks for this: restarting a loop resets nothing. @pre make_room()
  void reset() noexcept {
    if (finished_ == 0 && rare_block() == nullptr) return;
    outcomes* const kept = rare();
    if (kept == nullptr) return;
    *kept = {};
    kept->base = finished_;
    took_ = late_ = {};
    ran_ = {};
    flags_ &= measuring | borrowing;
    if (measures()) measured_->values.clear(at_);
  }

  /// What it holds besides itself.
  std::size_t bytes() const noexcept {
    return (rare_block() != nullptr ? sizeof(outcomes) : 0) +
           (measures() ? sizeof(measured) + measured_->values.bytes() : 0);
  }

 private:
  static constexpr std::uint64_t top = ~std::uint32_t{0};  // 4.2 s
  enum flag : std::uint8_t { measuring = 1, unsound = 2, failing = 4, borrowing = 8 };

  struct tally {  // of a slice and the one before it
    std::uint32_t slice = 0;
    std::uint32_t n[2] = {};

    void count() noexcept { n[0] += n[0] < ~std::uint32_t{0} ? 1 : 0; }
    void turn(std::uint32_t to) noexcept {
      n[1] = to - slice == 1 ? n[0] : 0;
      n[0] = 0;
      slice = to;
    }
    std::uint64_t window(std::uint32_t at) const noexcept {
      if (at == slice) return std::uint64_t{n[0]} + n[1];
      return at - slice == 1 ? n[0] : 0;
    }
  };
  struct span {  // an end at `top` stands in outcomes::ends
    std::uint64_t sum = 0;
    std::uint32_t min = ~std::uint32_t{0};
    std::uint32_t max = 0;

    void add(std::uint64_t ns) noexcept {
      if (__builtin_add_overflow(sum, ns, &sum)) sum = ~std::uint64_t{0};
      const auto end = static_cast<std::uint32_t>(std::min(ns, top));
      min = std::min(min, end);
      max = std::max(max, end);
    }
  };
  struct outcomes {               // what is rare
    std::uint64_t kinds[3] = {};  // by tick_status from error
    std::uint64_t gated = 0;
    std::uint64_t missed = 0;
    std::uint64_t shed = 0;
    std::uint64_t base = 0;      // finished_ at the last reset
    std::uint64_t over[2] = {};  // values over histogram::top
    detail::extent ends[2];      // of values from `top`
    tally failed;
    std::uint32_t streak = 0;  // failures since the last success

    std::uint64_t failures() const noexcept { return kinds[0] + kinds[1] + kinds[2]; }
  };
  struct alignas(64) measured {  // a list of `values` is a cache line
    detail::timings values;
    outcomes* rare = nullptr;
  };

  static std::uint64_t positive(duration d) noexcept {
    return d.count() > 0 ? static_cast<std::uint64_t>(d.count()) : 0;
  }
  static std::uint32_t slice_of(instant now) noexcept {
    return static_cast<std::uint32_t>(positive(now) / std::uint64_t{slice.count()});
  }
  static double rate(std::uint64_t part, std::uint64_t whole) noexcept {
    return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
  }

  loop_metrics(const loop_metrics&) = default;

  bool measures() const noexcept { return (flags_ & measuring) != 0; }
  outcomes* rare_block() const noexcept { return measures() ? measured_->rare : rare_; }
  const outcomes& seen() const noexcept {
    static constexpr outcomes nothing{};
    const outcomes* block = rare_block();
    return block != nullptr ? *block : nothing;
  }
  /// Null: there is no memory for it.
  outcomes* rare() noexcept {
    if (rare_place() == nullptr) rare_place() = new (std::nothrow) outcomes;
    return rare_place();
  }
  outcomes*& rare_place() noexcept { return measures() ? measured_->rare : rare_; }

  [[gnu::noinline]] void turn(std::uint32_t number) noexcept {
    if (measures()) measured_->values.turn(at_, number - ran_.slice == 1);
    ran_.turn(number);
  }
  [[gnu::noinline]] void note(tick_status status) noexcept {
    outcomes* const kept = rare();
    if (kept == nullptr) return;
    if (status == tick_status::ok) {
      kept->streak = 0;
      flags_ &= static_cast<std::uint8_t>(~failing);
      return;
    }
    flags_ |= unsound | failing;
    ++kept->kinds[static_cast<std::size_t>(status) - 1];
    kept->streak += kept->streak < ~std::uint32_t{0} ? 1 : 0;
    if (kept->failed.slice != ran_.slice) kept->failed.turn(ran_.slice);
    kept->failed.count();
  }
  [[gnu::noinline]] void record_long(std::uint64_t took_ns, std::uint64_t late_ns) noexcept {
    outcomes* const kept = rare();
    const std::uint64_t ns[2] = {took_ns, late_ns};
    for (unsigned which = 0; which < 2 && kept != nullptr; ++which) {
      if (ns[which] < top) continue;
      kept->ends[which].add(ns[which]);
      kept->over[which] += ns[which] > histogram::top ? 1 : 0;
    }
    if (measures()) measured_->values.add_long(at_, took_ns, late_ns);
  }

  /// Sum and ends of all durations (0) or lateness (1).
  detail::extent all(unsigned which) const noexcept {
    const span& known = which == 0 ? took_ : late_;
    const detail::extent& ends = seen().ends[which];
    return {known.sum, known.min < top ? known.min : ends.min,
            known.max < top ? known.max : ends.max};
  }
  /// Which slices are in the window that ends in this one.
  unsigned parts_of(std::uint32_t number) const noexcept {
    if (number == ran_.slice) return 3;
    return number - ran_.slice == 1 ? 1u << at_.slice : 0;
  }
  std::vector<time_bucket> buckets(unsigned which, unsigned parts) const {
    std::vector<time_bucket> out;
    if (!measures()) return out;
    measured_->values.each_bucket(at_, which, parts, [&](std::size_t bucket, std::uint64_t n) {
      out.push_back({histogram::upper(bucket) * 1e-6, n});
    });
    return out;
  }
  latency_stats describe(unsigned which, unsigned parts, std::uint64_t count,
                         const detail::extent& all) const noexcept {
    constexpr double unknown = latency_stats::unknown;
    double ns[4] = {unknown, unknown, unknown, unknown};
    if (measures()) measured_->values.quantiles(at_, which, parts, all, detail::described, ns, 4);
    return detail::in_ms(count, all, ns);
  }

  std::uint64_t finished_ = 0;
  span took_;
  span late_;
  tally ran_;
  detail::timings::cursor at_;
  std::uint8_t flags_;
  union {
    outcomes* rare_;      // null until something rare happens
    measured* measured_;  // with `measuring`
  };
};

}  // namespace v1
}  // namespace gyre
