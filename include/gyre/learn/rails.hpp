// rails.hpp - what a tuner may not do: lose more than a budget, leap, take what is forbidden.
// Room: learn. Threads: one owner at a time.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <gyre/core/vec.hpp>
#include <gyre/learn/options.hpp>
#include <limits>
#include <span>
#include <vector>

namespace gyre {
inline namespace v1 {

/// What trying may cost against a baseline: what others than it lose, in sum, stays under `budget`
/// of what the baseline would have earned (conservative bandits: Wu et al. 2016; Kazerouni et al.
/// 2017). What it would have is the mean of what it did earn in each state.
class allowance {
 public:
  static constexpr std::uint32_t needed = 5;  ///< rewards of the baseline in a state, at first

  allowance(std::uint32_t states, double budget) : budget_(budget), states_(states) {}

  bool known(std::uint32_t state) const noexcept { return states_[state].own >= needed; }
  /// NaN before it was seen.
  double baseline(std::uint32_t state) const noexcept {
    return states_[state].own > 0 ? states_[state].mean : std::numeric_limits<double>::quiet_NaN();
  }
  /// What a setting that was never tried may earn less than the baseline: as much as that earns, in
  /// this state or on average, or three deviations of it.
  double feared(std::uint32_t state) const noexcept {
    const row& r = states_[state];
    const double usual = ticks_ > 0 ? whole_ / ticks_ : 0;
    return std::max({std::fabs(r.mean), usual, 3 * std::sqrt(r.noise)});
  }
  double lost() const noexcept { return lost_; }
  double may_lose() const noexcept { return budget_ * whole_; }
  /// Whether a tick in this state may lose as much as `loss`. What was lost is known from noisy
  /// rewards, those of the others and the few of the baseline that all of it is measured by, so
  /// half a deviation of it is kept in reserve.
  bool allows(std::uint32_t state, double loss) const noexcept {
    if (!known(state)) return false;
    const double so_far = lost_ + .5 * std::sqrt(doubt_ + unsure_);
    return so_far + std::max(loss, 0.0) <= budget_ * (whole_ + std::fabs(states_[state].mean));
  }
  /// @param noise the variance that one reward in this state is held to have, by all that was seen
  void observe(std::uint32_t state, bool baseline, double reward, double noise) noexcept {
    row& r = states_[state];
    if (baseline) {
      ++r.own;
      const double was = r.mean, n = std::min(r.own, 200U);
      r.mean += (reward - was) / n;
      r.noise += ((reward - was) * (reward - r.mean) - r.noise) / n;
      lost_ += static_cast<double>(r.others) * (r.mean - was);
      const auto ticks = static_cast<double>(r.others + r.own - 1);
      whole_ += ticks * (std::fabs(r.mean) - std::fabs(was)) + std::fabs(r.mean);
    } else if (r.own > 0) {
      ++r.others;
      lost_ += r.mean - reward;
      doubt_ += r.noise;
      whole_ += std::fabs(r.mean);
    } else {
      return;
    }
    // The first few of the baseline may be alike by chance.
    r.noise = std::max(r.noise, noise * needed / (needed + r.own));
    ++ticks_;
    doubt_of_means();
  }
  std::size_t bytes() const noexcept { return sizeof(row) * states_.size(); }
  /// As belief::each().
  template <class Io>
  void each(Io& io) {
    for (double* v : {&lost_, &whole_, &doubt_, &ticks_}) io(*v);
    for (row& r : states_) {
      io(r.mean);
      io(r.noise);
      io(r.own);
      io(r.others);
    }
    doubt_of_means();
  }

 private:
  /// O(states): made anew, so that it is the same after a restore.
  void doubt_of_means() noexcept {
    unsure_ = 0;
    for (const row& r : states_) {
      const auto n = static_cast<double>(r.others);
      if (r.own > 0) unsure_ += n * n * r.noise / std::min(r.own, 200U);
    }
  }
  struct row {
    double mean = 0, noise = 0;         ///< of what the baseline earned, of late; its variance
    std::uint32_t own = 0, others = 0;  ///< ticks of it, and of others since it is known
  };
  double budget_;
  double lost_ = 0;   ///< sum over the others' ticks: mean - reward
  double whole_ = 0;  ///< sum over all ticks: |mean|
  double doubt_ = 0;  ///< variance of lost_, were the means known
  double unsure_ = 0;  ///< and by the means
  double ticks_ = 0;
  std::vector<row> states_;
};

/// Which actions may not be taken: for good, or in one choice.
class bans {
 public:
  bans(std::uint32_t actions, const std::vector<std::uint32_t>& for_good) : flags_(actions, 0) {
    for (const std::uint32_t a : for_good) flags_[a] = good;
    for (const std::uint8_t f : flags_) left_ += f == 0 ? 1 : 0;
  }

  std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(flags_.size()); }
  bool for_good(std::uint32_t action) const noexcept { return (flags_[action] & good) != 0; }
  bool out(std::uint32_t action) const noexcept { return flags_[action] != 0; }
  /// Rules these out too, until end(). @return false: that leaves nothing, so that it is not done
  bool begin(std::span<const std::uint32_t> actions) noexcept {
    std::uint32_t more = 0;
    for (const std::uint32_t a : actions) {
      if (a >= flags_.size()) continue;
      more += flags_[a] == 0 ? 1 : 0;
      flags_[a] |= now;
    }
    if (more < left_) return true;
    end(actions);
    return false;
  }
  void end(std::span<const std::uint32_t> actions) noexcept {
    for (const std::uint32_t a : actions) {
      if (a < flags_.size()) flags_[a] &= good;
    }
  }
  std::size_t bytes() const noexcept { return flags_.size(); }

 private:
  static constexpr std::uint8_t good = 1, now = 2;
  vec<std::uint8_t> flags_;
  std::uint32_t left_ = 0;  ///< not ruled out for good; one at least
};

/// Distances on the grid of actions, and where the last step led.
class steps {
 public:
  static constexpr std::uint32_t nowhere = tuner_options::none;

  explicit steps(const std::vector<axis>& knobs) : knobs_(knobs) {}

  std::uint32_t last = nowhere;  ///< the action that was taken last

  /// Where one step from `from` towards `to` leads: each knob with order moves to the next value at
  /// most, each without order to its value in `to`.
  std::uint32_t towards(std::uint32_t from, std::uint32_t to) const noexcept {
    std::uint32_t out = 0, stride = 1;
    for (std::size_t k = knobs_.size(); k-- > 0;) {
      const std::uint32_t n = knobs_[k].count;
      const std::uint32_t at = from % n, aim = to % n;
      std::uint32_t next = aim;
      if (knobs_[k].ordered) next = aim > at ? at + 1 : aim < at ? at - 1 : at;
      out += next * stride;
      stride *= n;
      from /= n;
      to /= n;
    }
    return out;
  }
  /// Calls `visit` with each action in which one knob differs: by one place, or at all where it has
  /// no order.
  template <class Visit>
  void around(std::uint32_t action, Visit visit) const {
    std::uint32_t stride = 1;
    for (std::size_t k = knobs_.size(); k-- > 0; stride *= knobs_[k].count) {
      const std::uint32_t n = knobs_[k].count, at = action / stride % n;
      const std::uint32_t low = knobs_[k].ordered ? (at > 0 ? at - 1 : 0) : 0;
      const std::uint32_t high = knobs_[k].ordered ? std::min(at + 1, n - 1) : n - 1;
      for (std::uint32_t v = low; v <= high; ++v) {
        if (v != at) visit(action - at * stride + v * stride);
      }
    }
  }
  /// Whether around() one is the other.
  bool next_to(std::uint32_t one, std::uint32_t other) const noexcept {
    bool differs = false;
    for (std::size_t k = knobs_.size(); k-- > 0;) {
      const std::uint32_t n = knobs_[k].count, a = one % n, b = other % n;
      one /= n;
      other /= n;
      if (a == b) continue;
      const bool far = knobs_[k].ordered && a + 1 != b && b + 1 != a;
      if (differs || far) return false;
      differs = true;
    }
    return differs;
  }

 private:
  std::vector<axis> knobs_;
};

}  // namespace v1
}  // namespace gyre
