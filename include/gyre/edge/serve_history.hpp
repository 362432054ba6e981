// serve_history.hpp - how loops fared since the server began, in a fixed budget of bytes.
// Room: edge. Threads: any.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <gyre/edge/json.hpp>
#include <gyre/snapshot.hpp>

namespace gyre {
inline namespace v1 {
namespace http {

/// Keeps of each loop, and of all together, the least and greatest of some figures over stretches
/// of time. When all stretches are used, two become one and the next are twice as long: so all of
/// the time since the first sample is there, ever coarser, and the bytes stay what they are.
class loop_history {
 public:
  static constexpr std::size_t stretches = 512;
  static constexpr std::array<const char*, 6> columns = {"ticks_per_s", "failures_per_s", "p50_ms",
                                                         "p99_ms", "late_p99_ms", "reward"};
  static constexpr std::size_t bytes_each = stretches * columns.size() * 2 * sizeof(float);

  /// @param bytes for so many loops, in order of add, that this fits; the totals always do
  explicit loop_history(std::size_t bytes)
      : most_(bytes / bytes_each == 0 ? 0 : bytes / bytes_each - 1) {}

  /// Takes in a snapshot that is newer than the last; others are left out.
  void add(const snapshot_data& s) {
    const std::lock_guard lock(mutex_);
    if (!ends_.empty() && !(s.now_ms > ends_.back())) return;
    if (in_last_ == each_ || ends_.empty()) {
      if (ends_.size() == stretches) merge_pairs();
      begins_.push_back(s.now_ms);
      ends_.push_back(s.now_ms);
      in_last_ = 0;
    }
    ends_.back() = s.now_ms;
    ++in_last_;
    const double seconds = (s.now_ms - before_ms_) * 1e-3;
    before_ms_ = s.now_ms;
    const totals& t = s.totals;
    note(all_, seconds, t.ticks, t.errors + t.timeouts + t.cancelled,
         {t.latency.p50_ms, t.latency.p99_ms, t.late.p99_ms, s.score});
    for (const loop_stats& l : s.loops) {
      auto at = loops_.find(l.id);
      if (at == loops_.end()) {
        if (loops_.size() >= most_) continue;
        at = loops_.emplace(l.id, series{}).first;
      }
      const metrics_stats& m = l.metrics;
      at->second.seen = s.sequence;
      note(at->second, seconds, m.cycles, m.errors + m.timeouts + m.cancelled,
           {m.window.p50_ms, m.window.p99_ms, m.late.p99_ms, l.reward});
    }
    std::erase_if(loops_, [&](const auto& each) { return each.second.seen != s.sequence; });
  }

  /// The figures of a loop, or of all (id 0), from..to ms of the engine's clock, in at most
  /// `points` stretches: times, and for each column what was least and greatest; null: not known.
  /// False: nothing is kept of this loop.
  bool write(json_writer& out, std::uint32_t id, double from, double to, std::size_t points) const {
    const std::lock_guard lock(mutex_);
    const auto at = loops_.find(id);
    if (id != 0 && at == loops_.end()) return false;
    const series& of = id == 0 ? all_ : at->second;
    std::size_t first = 0, end = ends_.size();
    while (first < end && ends_[first] < from) ++first;
    while (end > first && begins_[end - 1] > to) --end;
    const std::size_t step = std::max<std::size_t>(1, (end - first + points - 1) / points);
    out.field("loops_kept", loops_.size()).field("loops_at_most", most_).key("from_ms").open('[');
    for (std::size_t i = first; i < end; i += step) out.value(begins_[i]);
    out.close(']').key("to_ms").open('[');
    for (std::size_t i = first; i < end; i += step) out.value(ends_[std::min(i + step, end) - 1]);
    out.close(']').key("columns").open('{');
    for (std::size_t c = 0; c < columns.size(); ++c) {
      out.key(columns[c]).open('{');
      for (const bool high : {false, true}) {
        out.key(high ? "max" : "min").open('[');
        for (std::size_t i = first; i < end; i += step) {
          range all;
          for (std::size_t k = i; k < std::min(i + step, end); ++k) all.add(of.at(c, k));
          out.value(high ? all.high : all.low);
        }
        out.close(']');
      }
      out.close('}');
    }
    out.close('}');
    return true;
  }

 private:
  struct range {
    float low = std::numeric_limits<float>::quiet_NaN();
    float high = std::numeric_limits<float>::quiet_NaN();
    void add(const range& r) noexcept {
      if (std::isnan(r.low)) return;
      low = std::isnan(low) ? r.low : std::min(low, r.low);
      high = std::isnan(high) ? r.high : std::max(high, r.high);
    }
  };
  struct series {
    std::array<std::vector<range>, columns.size()> ranges;
    std::uint64_t ticks = 0, failures = 0, seen = 0;
    bool begun = false;
    range at(std::size_t column, std::size_t i) const {
      return i < ranges[column].size() ? ranges[column][i] : range{};
    }
  };

  void note(series& of, double seconds, std::uint64_t ticks, std::uint64_t failures,
            std::array<double, 4> rest) {
    constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
    const bool rates = of.begun && seconds > 0 && ticks >= of.ticks && failures >= of.failures;
    const double values[] = {rates ? double(ticks - of.ticks) / seconds : unknown,
                             rates ? double(failures - of.failures) / seconds : unknown,
                             rest[0], rest[1], rest[2], rest[3]};
    of.begun = true;
    of.ticks = ticks;
    of.failures = failures;
    for (std::size_t c = 0; c < columns.size(); ++c) {
      of.ranges[c].resize(ends_.size());
      of.ranges[c].reserve(stretches);
      const auto v = static_cast<float>(values[c]);
      of.ranges[c].back().add({v, v});
    }
  }
  void merge_pairs() {
    const auto halve = [](series& s) {
      for (auto& column : s.ranges) {
        column.resize(stretches);
        for (std::size_t i = 0; i < stretches / 2; ++i) {
          column[i] = column[2 * i];
          column[i].add(column[2 * i + 1]);
        }
        column.resize(stretches / 2);
      }
    };
    for (std::size_t i = 0; i < stretches / 2; ++i) {
      begins_[i] = begins_[2 * i];
      ends_[i] = ends_[2 * i + 1];
    }
    begins_.resize(stretches / 2);
    ends_.resize(stretches / 2);
    halve(all_);
    for (auto& each : loops_) halve(each.second);
    each_ *= 2;
  }

  mutable std::mutex mutex_;
  std::size_t most_;
  std::vector<double> begins_, ends_;
  std::uint64_t each_ = 1, in_last_ = 0;  // samples of a stretch; in the last one so far
  double before_ms_ = 0;
  series all_;
  std::map<std::uint32_t, series> loops_;
};

}  // namespace http
}  // namespace v1
}  // namespace gyre
