// health.hpp - how long deliveries take, and one number for how well the bus is.
// Room: bus. Threads: one owner at a time.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <gyre/core/time.hpp>

namespace gyre {
inline namespace v1 {

/// Counts of durations, eight buckets an octave: a quantile is right within 6.25 %. Its own small
/// one, since rooms do not include each other.
class delivery_latency {
 public:
  void record(duration took) noexcept {
    const std::uint64_t ns = took.count() > 0 ? static_cast<std::uint64_t>(took.count()) : 0;
    ++counts_[bucket(ns)];
    ++count_;
    max_ = std::max(max_, ns);
  }
  /// The q-quantile in ms by nearest rank, 0 when nothing was recorded.
  double quantile_ms(double q) const noexcept { return quantile_ms(q, delivery_latency{}); }
  /// The same over this and `other` together.
  double quantile_ms(double q, const delivery_latency& other) const noexcept {
    const std::uint64_t total = count_ + other.count_;
    if (total == 0) return 0;
    const auto rank = static_cast<std::uint64_t>(std::ceil(q * static_cast<double>(total)));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i] + other.counts_[i];
      if (seen >= std::max<std::uint64_t>(rank, 1)) {
        return std::min(middle(i), static_cast<double>(std::max(max_, other.max_))) * 1e-6;
      }
    }
    return static_cast<double>(std::max(max_, other.max_)) * 1e-6;
  }
  std::uint64_t count() const noexcept { return count_; }

 private:
  static std::size_t bucket(std::uint64_t ns) noexcept {
    if (ns < 8) return static_cast<std::size_t>(ns);
    const int octave = 63 - __builtin_clzll(ns);  // >= 3
    return static_cast<std::size_t>(octave - 2) * 8 +
           static_cast<std::size_t>(ns >> (octave - 3) & 7U);
  }
  static double middle(std::size_t i) noexcept {
    if (i < 8) return static_cast<double>(i);
    const double width = std::ldexp(1.0, static_cast<int>(i / 8) - 1);
    return (static_cast<double>(8 + i % 8) + 0.5) * width;
  }
  std::array<std::uint64_t, 61 * 8> counts_{};
  std::uint64_t count_ = 0, max_ = 0;
};

/// 1 when well: x0.7 if more than 1,000 wait, x50/p99 if the p99 latency is over 50 ms, x0.5 if
/// more than 1 % was dropped or became a dead letter. All of it is about subscriptions with a
/// handler: whoever polls takes what it wants when it wants.
inline double health_score(std::uint64_t pending, double p99_ms, std::uint64_t matched,
                           std::uint64_t dropped) noexcept {
  double score = 1;
  if (pending > 1000) score *= 0.7;
  if (p99_ms > 50) score *= 50 / p99_ms;
  if (static_cast<double>(dropped) > 0.01 * static_cast<double>(matched)) score *= 0.5;
  return score;
}

/// Latency since creation, and what the health looks at: the last 5 to 10 s, so that it recovers.
class bus_health {
 public:
  static constexpr duration slice = std::chrono::seconds{5};

  void matched(std::uint64_t n) noexcept { now_part().matched += n; }
  void dropped(std::uint64_t n) noexcept { now_part().dropped += n; }  ///< dead letters too
  /// Taken by a poll: no sign of health.
  void polled(duration took) noexcept { total_.record(took); }
  void delivered(duration took) noexcept {
    total_.record(took);
    now_part().latency.record(took);
  }
  /// Forgets what is too old. @pre `now` does not go back.
  void advance(instant now) noexcept {
    if (now - since_ < slice) return;
    const bool long_ago = now - since_ >= 2 * slice;
    current_ = 1 - current_;
    now_part() = part{};
    if (long_ago) parts_[1 - current_] = part{};
    since_ = now - (now - since_) % slice;
  }
  double score(std::uint64_t pending) const noexcept {
    return health_score(pending, window_p99_ms(), parts_[0].matched + parts_[1].matched,
                        parts_[0].dropped + parts_[1].dropped);
  }
  double window_p99_ms() const noexcept {
    return parts_[0].latency.quantile_ms(0.99, parts_[1].latency);
  }
  const delivery_latency& total() const noexcept { return total_; }

 private:
  struct part {
    delivery_latency latency;
    std::uint64_t matched = 0, dropped = 0;
  };
  part& now_part() noexcept { return parts_[current_]; }
  delivery_latency total_;
  std::array<part, 2> parts_{};
  std::size_t current_ = 0;
  instant since_{};
};

}  // namespace v1
}  // namespace gyre
