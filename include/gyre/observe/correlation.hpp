// correlation.hpp - what one loop does, seen a window later in how another one fares.
// Room: observe. Threads: one owner at a time.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <gyre/core/vec.hpp>

namespace gyre {
inline namespace v1 {

/// One figure a window, made comparable: freed of its trend, of what all loops have in common and
/// of its own memory (an autoregression of order one), so that two series which only wander or
/// grow alike do not look coupled. Older windows fade by 1/64 each: at most about 127 count.
class window_series {
 public:
  static constexpr double fade = 1.0 / 64.0;
  static constexpr double trend = 1.0 / 32.0;
  static constexpr std::uint32_t warm_up = 8;  ///< windows that only find the level

  /// First half of a window: how far this figure is off its trend, NaN when there is nothing to
  /// say.
  /// @param value this window's figure; NaN: there is none. @param slack what the deviation must
  /// exceed to mean anything: a fixed-rate loop's count differs by 1 by where the window's edge is.
  double look(double value, double slack) noexcept {
    now_ = 0.0;
    if (!std::isfinite(value)) return std::numeric_limits<double>::quiet_NaN();
    if (seen_ == 0) level_ = value;
    const double off = value - level_;
    ++seen_;
    const bool known = seen_ > warm_up;
    const double most = known ? slack + 4.0 * spread() : 0.0;  // an outlier is not a new level
    level_ += (most > 0.0 ? std::clamp(off, -most, most) : off) * std::max(trend, 1.0 / seen_);
    if (!known) return std::numeric_limits<double>::quiet_NaN();
    const double beyond = off > slack ? off - slack : off < -slack ? off + slack : 0.0;
    spread_ += fade * (beyond * beyond - spread_);
    return beyond;
  }

  /// Second half: takes the deviation into account. @param off what look() gave, or that less
  /// what all loops had in common.
  void take(double off) noexcept {
    if (std::isnan(off)) return;
    const double most = 4.0 * std::sqrt(variance_ / std::max(1.0 - unfaded_, fade));
    const double centred = off - mean_;
    const double deviation = most > 0.0 ? std::clamp(centred, -most, most) : centred;
    mean_ += deviation * std::max(fade, 1.0 / (seen_ - warm_up));
    const double memory = variance_ > 0.0 ? std::clamp(lagged_ / variance_, -0.98, 0.98) : 0.0;
    now_ = deviation - memory * before_;
    variance_ += fade * (deviation * deviation - variance_);
    lagged_ += fade * (deviation * before_ - lagged_);
    before_ = deviation;
    const double square = now_ * now_;
    news_ += fade * (square - news_);
    fourth_ += fade * (square * square - fourth_);
    unfaded_ *= 1.0 - fade;
  }
  void rest() noexcept { now_ = 0.0; }  ///< instead of take(), in a window without a figure

  double now() const noexcept { return now_; }        ///< what this window brought that is new
  double variance() const noexcept { return news_; }  ///< of now(), not normalised by weight
  double spread() const noexcept {  ///< standard deviation of what look() gives, 0 at first
    return std::sqrt(spread_ / std::max(1.0 - unfaded_, fade));
  }
  /// As how many independent normal deviates this counts: few when few windows carry it all.
  double evidence() const noexcept {
    if (!(fourth_ > 0.0)) return 0.0;
    const double weight = 1.0 - unfaded_;
    const double windows = weight / (1.0 + unfaded_) * (2.0 - fade) / fade;
    return std::min(windows, 3.0 * windows * news_ * news_ / (weight * fourth_));
  }

 private:
  double level_ = 0.0;
  double spread_ = 0.0;
  double mean_ = 0.0;
  double variance_ = 0.0;  // with the series' memory
  double lagged_ = 0.0;
  double before_ = 0.0;
  double now_ = 0.0;
  double news_ = 0.0;  // variance without it
  double fourth_ = 0.0;
  double unfaded_ = 1.0;  // (1 - fade) ^ windows
  std::uint32_t seen_ = 0;
};

/// What was found for one ordered pair.
struct coupling {
  double weight = 0.0;      ///< correlation, -1..1: does the second fare better or worse
  double confidence = 0.0;  ///< 1 - chance of any such finding, were all independent
};

/// Correlates each member's activity in one window with every other's outcomes in the next:
/// ticks that succeeded, mean reward, and (negated) p95 latency; the surest of the three counts.
/// What at least eight members have in common in a window (the machine was busy) is taken out.
/// The test is Fisher's z over as many deviates as the series are worth (few windows that carry
/// everything count as few; under 24 nothing is said), corrected for all pairs tried (Bonferroni)
/// and, because it is repeated every window, for a thousand windows. Two loops that really follow
/// one another are found in about a minute of windows. Memory 12 * capacity^2 bytes; a window
/// costs three multiply-adds a pair.
class lag_correlation {
 public:
  static constexpr std::size_t outcomes = 3;

  explicit lag_correlation(std::size_t capacity)
      : capacity_(capacity),
        members_(capacity),
        lagged_(capacity, 0.0f),
        shared_(outcomes * capacity * capacity, 0.0f) {
    common_.reserve(capacity);
  }

  std::size_t capacity() const noexcept { return capacity_; }

  /// Starts over for a member: nothing of what the place held before stays. @pre i < capacity()
  void clear(std::size_t i) noexcept {
    members_[i] = {};
    lagged_[i] = 0.0f;
    for (std::size_t k = 0; k < outcomes; ++k) {
      for (std::size_t j = 0; j < capacity_; ++j) at(k, i, j) = at(k, j, i) = 0.0f;
    }
  }

  /// This window's figures of one member, before step(). @param ticks finished in the window;
  /// @param failed share of them, 0..1; @param reward, p95_ms NaN when there is none.
  void set(std::size_t i, double ticks, double failed, double reward, double p95_ms) noexcept {
    member& m = members_[i];
    m.fresh = true;
    m.off[0] = m.series[0].look(ticks, 1.0);
    m.off[1] = m.series[1].look(ticks * (1.0 - failed), 1.0);
    m.off[2] = m.series[2].look(reward, 0.0);
    m.off[3] = m.series[3].look(-p95_ms, 0.0);
  }

  /// Ends the window: members that were not set have no figures in it. @param used members are
  /// 0..used-1. @pre used <= capacity()
  void step(std::size_t used) noexcept {
    used_ = used;
    for (std::size_t k = 0; k <= outcomes; ++k) settle(k);
    std::array<float, 256> result;  // in pieces, so that the inner loop is a plain vector one
    const auto keep = static_cast<float>(1.0 - window_series::fade);
    for (std::size_t k = 0; k < outcomes; ++k) {
      for (std::size_t from = 0; from < used; from += result.size()) {
        const std::size_t count = std::min(result.size(), used - from);
        for (std::size_t j = 0; j < count; ++j) {
          const double now = members_[from + j].series[k + 1].now() * window_series::fade;
          result[j] = static_cast<float>(std::clamp(now, -1e15, 1e15));
        }
        for (std::size_t i = 0; i < used; ++i) {
          if (!acts(i)) continue;  // nothing was ever added to its row
          const float cause = lagged_[i];
          float* row = &at(k, i, from);
          for (std::size_t j = 0; j < count; ++j) row[j] = row[j] * keep + cause * result[j];
        }
      }
    }
    for (std::size_t i = 0; i < used; ++i) {
      lagged_[i] = static_cast<float>(members_[i].series[0].now());
      members_[i].fresh = false;
    }
  }

  /// Whether the activity of a member, or any of its outcomes, ever brought anything new. Where
  /// not, find() has nothing to say.
  bool acts(std::size_t i) const noexcept { return members_[i].series[0].variance() > 0.0; }
  bool reacts(std::size_t i) const noexcept {
    const auto& s = members_[i].series;
    return std::any_of(s.begin() + 1, s.end(),
                       [](const window_series& each) { return each.variance() > 0.0; });
  }

  /// What is known of `from`'s activity before `to`'s outcomes. Weights under `least` are
  /// reported as nothing, which is cheap. @pre from != to
  coupling find(std::size_t from, std::size_t to, double least) const noexcept {
    coupling best;
    for (std::size_t k = 0; k < outcomes; ++k) {
      const window_series& cause = members_[from].series[0];
      const window_series& effect = members_[to].series[k + 1];
      const double shared = at(k, from, to);
      const double scale = cause.variance() * effect.variance();
      if (!(shared * shared >= least * least * scale) || !(scale > 0.0)) continue;
      const double weight = std::clamp(shared / std::sqrt(scale), -0.999, 0.999);
      const double sure = confidence(weight, std::min(cause.evidence(), effect.evidence()));
      if (sure > best.confidence) best = {weight, sure};
    }
    return best;
  }

 private:
  struct member {
    std::array<window_series, outcomes + 1> series;  // activity, then the outcomes
    std::array<double, outcomes + 1> off{};
    bool fresh = false;
  };

  /// Takes the window's deviations of one figure, less the median of them in units of each
  /// member's own usual spread.
  void settle(std::size_t k) noexcept {
    common_.clear();
    for (std::size_t i = 0; i < used_; ++i) {
      const member& m = members_[i];
      const double usual = m.series[k].spread();
      if (m.fresh && usual > 0.0 && std::isfinite(m.off[k])) common_.push_back(m.off[k] / usual);
    }
    double median = 0.0;
    if (common_.size() >= 8) {
      const auto middle = common_.begin() + static_cast<std::ptrdiff_t>(common_.size() / 2);
      std::nth_element(common_.begin(), middle, common_.end());
      median = *middle;
    }
    for (std::size_t i = 0; i < used_; ++i) {
      member& m = members_[i];
      if (m.fresh) {
        m.series[k].take(m.off[k] - median * m.series[k].spread());
      } else {
        m.series[k].rest();
      }
    }
  }

  double confidence(double weight, double deviates) const noexcept {
    if (!(deviates >= 24.0)) return 0.0;
    const double z = std::abs(std::atanh(weight)) * std::sqrt(deviates - 3.0);
    const auto members = static_cast<double>(used_);
    const double tried = 1000.0 * outcomes * members * (members - 1.0);
    return 1.0 - std::min(1.0, beyond(std::min(z, 38.0)) * tried);
  }
  /// How likely a normal deviate is over z or under -z, within 1e-6 of that: erfc(z / sqrt 2) by
  /// the fit in Press et al., Numerical Recipes, 6.2. Plain arithmetic is the same in each library,
  /// and the tables of std::erfc and std::exp are 3 KB of the wasm module. @pre 0 <= z <= 40
  static double beyond(double z) noexcept {
    const double t = 1.0 / (1.0 + z * 0.35355339059327376);
    double power = 0.0;
    for (const double c : {0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807,
                           -0.18628806, 0.09678418, 0.37409196, 1.00002368, -1.26551223}) {
      power = power * t + c;
    }
    const double part = (power - 0.5 * z * z) / 1024.0;  // e^part by Taylor, then squared 10 times
    double e = 1.0;
    for (double n = 10.0; n > 0.0; n -= 1.0) e = 1.0 + e * part / n;
    for (int i = 0; i < 10; ++i) e *= e;
    return t * e;
  }
  float& at(std::size_t k, std::size_t i, std::size_t j) noexcept {
    return shared_[(k * capacity_ + i) * capacity_ + j];
  }
  float at(std::size_t k, std::size_t i, std::size_t j) const noexcept {
    return shared_[(k * capacity_ + i) * capacity_ + j];
  }

  std::size_t capacity_;
  std::size_t used_ = 0;
  vec<member> members_;
  std::vector<double> common_;  // scratch of settle()
  std::vector<float> lagged_;   // each member's activity, one window ago
  std::vector<float> shared_;   // [outcome][from][to], faded mean of activity x outcome
};

}  // namespace v1
}  // namespace gyre
