// contest.hpp - actions that compete to be taken, and the odds that each is the best.
// Room: learn. Threads: one owner at a time.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <gyre/core/vec.hpp>
#include <gyre/learn/portable_math.hpp>
#include <utility>

namespace gyre {
inline namespace v1 {

/// Actions that compete for one choice, and the odds of each. The odds are those of Thompson
/// sampling with the worth of each action drawn around its mean, the leader's held fixed: computed,
/// not sampled, so that the propensity of a choice is known exactly.
class contest {
 public:
  static constexpr std::uint32_t widest = 256;  ///< actions, at most

  explicit contest(std::uint32_t most)  ///< @pre most <= widest
      : action_(most),
        mean_(portable::padded(most)),
        width_(mean_.size()),
        odds_(mean_.size()),
        steep_(mean_.size()),
        before_(mean_.size()),
        after_(mean_.size()) {}

  /// Begins with nobody.
  void clear() noexcept { size_ = 0; }
  void add(std::uint32_t action) noexcept { action_[size_++] = action; }  ///< @pre below `most`
  std::uint32_t size() const noexcept { return size_; }
  std::uint32_t action(std::uint32_t i) const noexcept { return action_[i]; }
  float& mean(std::uint32_t i) noexcept { return mean_[i]; }
  float& width(std::uint32_t i) noexcept { return width_[i]; }  ///< deviation of its draw
  float mean(std::uint32_t i) const noexcept { return mean_[i]; }
  float width(std::uint32_t i) const noexcept { return width_[i]; }
  float odds(std::uint32_t i) const noexcept { return odds_[i]; }

  /// The place of the highest mean; `pick` in [0, 1) decides between equals. @pre size() > 0
  std::uint32_t leader(double pick) const noexcept {
    float top = mean_[0];
    std::uint32_t equal = 0;
    for (std::uint32_t i = 0; i < size_; ++i) top = std::max(top, mean_[i]);
    for (std::uint32_t i = 0; i < size_; ++i) equal += mean_[i] >= top ? 1 : 0;
    auto skip = static_cast<std::uint32_t>(pick * equal);
    for (std::uint32_t i = 0; i < size_; ++i) {
      if (mean_[i] >= top && skip-- == 0) return i;
    }
    return 0;
  }

  /// The same odds for each.
  void even() noexcept {
    for (std::uint32_t i = 0; i < size_; ++i) odds_[i] = 1 / static_cast<float>(size_);
  }
  /// The same odds for each but those of which `out(place)` holds.
  template <class Out>
  void even_but(Out out) noexcept {
    for (std::uint32_t i = 0; i < size_; ++i) odds_[i] = out(i) ? 0.0F : 1.0F;
  }
  /// Odds from means and widths: the integral over x of the density of the action's draw at x times
  /// the probability that all others' are below, by intervals that are narrow near the leader.
  void settle(std::uint32_t leader) noexcept {
    constexpr int intervals = 8;
    const float base = mean_[leader];
    float reach = 0;
    for (std::uint32_t i = 0; i < size_; ++i) {
      if (i != leader) reach = std::max(reach, mean_[i] - base + 4 * width_[i]);
      steep_[i] = 1 / std::max(width_[i], 1e-12F);
      odds_[i] = 0;
    }
    const std::uint32_t padded = portable::padded(size_);
    for (std::uint32_t i = size_; i < padded; ++i) sit_out(i);
    sit_out(leader);
    const float stays = all_below(base, before_);
    float lower = stays;
    for (int j = 1; j <= intervals && reach > 0; ++j) {
      const float part = static_cast<float>(j) / intervals;
      lower = share_out(base + reach * part * part, lower);
    }
    mean_[leader] = base;
    width_[leader] = 0;
    float others = 0;
    for (std::uint32_t i = 0; i < size_; ++i) {
      if (i == leader || odds_[i] < negligible) odds_[i] = 0;
      others += odds_[i];
    }
    // The intervals are coarse, so what they share out is scaled to what there is.
    const float scale = others > 0 ? (1 - stays) / others : 0;
    for (std::uint32_t i = 0; i < size_; ++i) odds_[i] *= scale;
    odds_[leader] = others > 0 ? stays : 1;
  }
  /// The probability that a place is the best, after settle(leader) with whole deviations. The
  /// leader's worth is in doubt as well: half the variance of each difference to it is taken to be
  /// common to all, so that each of n equals has 1 / n.
  double best(std::uint32_t place, std::uint32_t leader) const noexcept {
    double leads = 0, all = 0;
    for (int j = -8; j <= 8; ++j) {
      const double z = .5 * j, density = portable::exp(-.5 * z * z);
      double below = density;
      for (std::uint32_t i = 0; i < size_; ++i) {
        if (i == leader) continue;
        const auto ahead = static_cast<double>((mean_[leader] - mean_[i]) * steep_[i]);
        below *= portable::normal_cdf(1.4142135623730951 * ahead + z);
      }
      all += density;
      leads += below;
    }
    leads /= all;
    if (place == leader) return leads;
    const double others = 1 - static_cast<double>(odds_[leader]);
    return others > 0 ? (1 - leads) * static_cast<double>(odds_[place]) / others : 0;
  }
  /// Leaves `part` (0..1) of the odds to all alike.
  void mix(float part) noexcept {
    float sum = 0;
    for (std::uint32_t i = 0; i < size_; ++i) sum += odds_[i];
    const float even = part / static_cast<float>(size_);
    for (std::uint32_t i = 0; i < size_; ++i) odds_[i] = (1 - part) * odds_[i] / sum + even;
  }
  /// Moves `part` (0..1) of all odds to one place.
  void lean(std::uint32_t place, float part) noexcept {
    float sum = 0;
    for (std::uint32_t i = 0; i < size_; ++i) sum += odds_[i];
    for (std::uint32_t i = 0; i < size_; ++i) odds_[i] *= (1 - part) / sum;
    odds_[place] += part;
  }
  /// The place at a draw in [0, 1) of the odds' sum.
  std::uint32_t drawn(double at) const noexcept {
    double sum = 0;
    for (std::uint32_t i = 0; i < size_; ++i) sum += static_cast<double>(odds_[i]);
    at *= sum;
    std::uint32_t last = 0;
    for (std::uint32_t i = 0; i < size_; ++i) {
      if (odds_[i] <= 0) continue;
      last = i;
      at -= static_cast<double>(odds_[i]);
      if (at < 0) break;
    }
    return last;
  }
  /// The probability that a place is drawn.
  double chance(std::uint32_t place) const noexcept {
    double all = 0;
    for (std::uint32_t i = 0; i < size_; ++i) all += static_cast<double>(odds_[i]);
    return static_cast<double>(odds_[place]) / all;
  }
  /// Those leave of which `out(action)` holds, before the others get their odds.
  template <class Out>
  void remove(Out out) noexcept {
    std::uint32_t left = 0;
    for (std::uint32_t i = 0; i < size_; ++i) {
      if (!out(action_[i])) action_[left++] = action_[i];
    }
    size_ = left;
  }
  std::size_t bytes() const noexcept { return 4 * (action_.size() + 6 * mean_.size()); }

 private:
  static constexpr float negligible = 1e-5F;

  void sit_out(std::uint32_t i) noexcept {  // below everything
    mean_[i] = -1e9F;
    steep_[i] = 1;
  }
  /// P(N < z) within 2.5e-4 for z >= 0 (Abramowitz and Stegun 26.2.18).
  static portable::lanes below(portable::lanes z) noexcept {
    const portable::lanes one = portable::all(1);
    portable::lanes t =
        one + z * (portable::all(.196854F) +
                   z * (portable::all(.115194F) +
                        z * (portable::all(.000344F) + z * portable::all(.019527F))));
    t = t * t;
    return one - portable::all(.5F) / (t * t);
  }
  portable::lanes below(float x, std::uint32_t i) const noexcept {
    return below((portable::all(x) - portable::load(&mean_[i])) * portable::load(&steep_[i]));
  }
  /// The probability that all draws are below x; that of each goes to `each`.
  float all_below(float x, vec<float>& each) const noexcept {
    portable::lanes all = portable::all(1);
    for (std::uint32_t i = 0; i < size_; i += 4) {
      const portable::lanes b = below(x, i);
      portable::store(&each[i], b);
      all *= b;
    }
    return (all[0] * all[1]) * (all[2] * all[3]);
  }
  /// Gives each its part of the interval that ends at x; `lower`: all_below() of where it begins.
  float share_out(float x, float lower) noexcept {
    const float upper = all_below(x, after_);
    for (std::uint32_t i = 0; i < size_; i += 4) {
      const portable::lanes from = portable::load(&before_[i]), to = portable::load(&after_[i]);
      const portable::lanes both = portable::all(lower) * to + portable::all(upper) * from;
      portable::store(&odds_[i], portable::load(&odds_[i]) + (to - from) * both / (from * to));
    }
    before_.swap(after_);
    return upper;
  }

  vec<std::uint32_t> action_;
  vec<float> mean_, width_, odds_;
  vec<float> steep_, before_, after_;  ///< 1 / width; draws below two ends of an interval
  std::uint32_t size_ = 0;
};

/// The actions of most worth that were tried in each state, where there are too many to look at
/// all of them.
class shortlist {
 public:
  static constexpr std::uint32_t length = 16;
  static constexpr std::uint32_t nobody = 0xffffffffU;
  using list = std::array<std::uint32_t, length>;  ///< actions, or nobody

  explicit shortlist(std::uint32_t states) : lists_(states) {
    for (list& l : lists_) l.fill(nobody);
  }
  const list& of(std::uint32_t state) const noexcept { return lists_[state]; }
  bool has(std::uint32_t state, std::uint32_t action) const noexcept {
    const list& l = lists_[state];
    return std::find(l.begin(), l.end(), action) != l.end();
  }
  /// Takes an action on, in an empty place or that of the least worth if it is worth more.
  template <class Worth>
  void offer(std::uint32_t state, std::uint32_t action, Worth worth) noexcept {
    if (has(state, action)) return;
    std::uint32_t* least = nullptr;
    double low = 0;
    for (std::uint32_t& a : lists_[state]) {
      if (a == nobody) {
        a = action;
        return;
      }
      const double w = worth(a);
      if (least != nullptr && !(w < low)) continue;
      least = &a;
      low = w;
    }
    if (worth(action) > low) *least = action;
  }
  std::size_t bytes() const noexcept { return sizeof(list) * lists_.size(); }
  /// As belief::each(); false where an action is not one of `actions`.
  template <class Io>
  bool each(Io& io, std::uint32_t actions) {
    bool sound = true;
    for (list& l : lists_) {
      for (std::uint32_t& a : l) {
        io(a);
        sound = sound && (a == nobody || a < actions);
      }
    }
    return sound;
  }

 private:
  vec<list> lists_;
};

}  // namespace v1
}  // namespace gyre
