// awareness.hpp - how awake a society is to what its loops do, and which of them behave oddly.
// Room: society. Threads: one owner at a time.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <gyre/engine.hpp>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace gyre {
inline namespace v1 {

/// Where a figure usually lies: its mean and variance, each new value weighing a tenth.
class usual_range {
 public:
  /// Takes a value in; true when it lies out of the range of those before: further from their mean
  /// than three standard deviations, half the mean and `least`. The first five only fill it.
  bool take(double value, double least) noexcept {
    const double off = value - mean_;
    const double reach = std::max({least, 3 * std::sqrt(variance_), 0.5 * std::fabs(mean_)});
    const bool outside = seen_ >= 5 && std::fabs(off) > reach;
    seen_ += seen_ < 1000 ? 1 : 0;
    const double weight = std::max(0.1, 1.0 / seen_);
    const double step = outside ? std::clamp(off, -reach, reach) : off;  // a habit changes slowly
    mean_ += weight * step;
    variance_ = (1 - weight) * (variance_ + weight * step * step);
    return outside;
  }
  double mean() const noexcept { return mean_; }
  double deviation() const noexcept { return std::sqrt(variance_); }
  int seen() const noexcept { return seen_; }

 private:
  int seen_ = 0;
  double mean_ = 0, variance_ = 0;
};

/// What awareness comes to.
struct awareness_state {
  double level = 0.5;                ///< 0..1
  bool deep = false;                 ///< level 0.7 or more: it reports what it finds in detail
  bool busy = false;                 ///< more ticks a second than usual
  std::uint64_t loops = 0, odd = 0;  ///< watched now; of these out of their range
  std::uint64_t anomalies = 0;       ///< times a loop left its range
};

/// Watches each loop's recent p99 and error rate. A loop that leaves its own usual range is an
/// anomaly, once until it is back: it raises the level by 0.2; each look lowers it by 0.01.
class awareness {
 public:
  /// Looks at all loops. @param consolidations since the last look; each gives back a little of
  /// what the look costs. @return the new anomalies, in words that begin with the loop's name
  std::vector<std::string> look(const snapshot_data& s, std::uint64_t consolidations) {
    ++round_;
    std::vector<std::string> found;
    now_.loops = now_.odd = 0;
    for (const loop_stats& l : s.loops) {
      watched& w = loops_[l.id];
      w.round = round_;
      ++now_.loops;
      const std::string what = oddity(w, l);
      if (!what.empty() && !w.odd) found.push_back(l.name + ": " + what);
      w.odd = !what.empty();
      now_.odd += w.odd ? 1 : 0;
    }
    std::erase_if(loops_, [&](const auto& entry) { return entry.second.round != round_; });
    now_.anomalies += found.size();
    const double raised = 0.2 * static_cast<double>(found.size()) +
                          0.004 * static_cast<double>(std::min<std::uint64_t>(consolidations, 2));
    now_.level = std::clamp(now_.level - 0.01 + raised, 0.0, 1.0);
    now_.deep = now_.level >= 0.7;
    feel_pace(s);
    return found;
  }
  const awareness_state& now() const noexcept { return now_; }
  /// Part of the loops that behave as usual; 1 without any.
  double vitality() const noexcept {
    if (now_.loops == 0) return 1;
    return 1 - static_cast<double>(now_.odd) / static_cast<double>(now_.loops);
  }

 private:
  struct watched {
    usual_range p99, errors;
    std::uint64_t round = 0;
    bool odd = false;
  };

  static std::string oddity(watched& w, const loop_stats& l) {
    const double p99 = l.metrics.window.p99_ms;
    const double errors = l.metrics.window_error_rate;
    const double usual_p99 = w.p99.mean();
    const double usual_errors = w.errors.mean();
    if (l.metrics.window_cycles == 0) return w.odd ? "no ticks since it was odd" : "";
    std::string what;
    if (std::isfinite(p99) && w.p99.take(p99, 1.0)) {
      what = "p99 " + to_fixed(p99, 2) + " ms, usually " + to_fixed(usual_p99, 2) + " ms";
    }
    if (w.errors.take(errors, 0.05)) {
      if (!what.empty()) what += "; ";
      what += "error rate " + to_fixed(100 * errors, 0) + " %, usually " +
              to_fixed(100 * usual_errors, 0) + " %";
    }
    return what;
  }
  void feel_pace(const snapshot_data& s) {
    const double passed = s.now_ms - last_ms_;
    if (last_ms_ >= 0 && passed > 0 && s.totals.ticks >= last_ticks_) {
      const double rate = static_cast<double>(s.totals.ticks - last_ticks_) / passed;
      const double usual = pace_.mean();
      if (rate > 1.1 * usual) now_.busy = true;
      if (rate < 0.9 * usual) now_.busy = false;
      (void)pace_.take(rate, 0);
    }
    last_ms_ = s.now_ms;
    last_ticks_ = s.totals.ticks;
  }

  std::map<std::uint32_t, watched> loops_;
  std::uint64_t round_ = 0, last_ticks_ = 0;
  double last_ms_ = -1;
  usual_range pace_;
  awareness_state now_;
};

}  // namespace v1
}  // namespace gyre
