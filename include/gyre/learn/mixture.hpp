// mixture.hpp - several beliefs of one grid beside each other, weighed by how well each predicts.
// Room: learn. Threads: one owner at a time.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <gyre/core/vec.hpp>
#include <gyre/learn/belief.hpp>
#include <gyre/learn/kernel.hpp>
#include <gyre/learn/portable_math.hpp>
#include <span>
#include <utility>

namespace gyre {
inline namespace v1 {

/// The modes of one grid for each likeness; empty ones for those that no hypothesis holds.
using basis_set = std::array<basis, likenesses>;

/// Beliefs of one grid under different hypotheses. Rewards are brought to a centre and a unit that
/// the first ones give, robustly: 1 in 4 of the cells may be off by any factor.
class mixture {
 public:
  static constexpr std::uint32_t most = 16;   ///< hypotheses
  static constexpr std::uint32_t needed = 3;  ///< rewards before anything is believed
  static constexpr std::uint32_t fitted = 12;  ///< rewards that centre and unit are taken from

  /// Hypotheses come in pairs, each without drift and then with it, else alike.
  /// @pre hypotheses.size() <= most
  mixture(std::span<const hypothesis> hypotheses, const basis_set& kinds, std::uint32_t cells,
          bool tracked) {
    for (const hypothesis& h : hypotheses) {
      beliefs_.emplace_back(h, kinds[std::size_t(h.how)], cells, tracked);
    }
    evidence_.assign(beliefs_.size(), 0);
  }

  /// Whether enough was seen to believe anything; until then settings are to be tried at random.
  bool ready() const noexcept { return count_ >= needed; }
  /// Whether centre and unit are settled.
  bool settled() const noexcept { return count_ >= fitted; }
  double centre() const noexcept { return centre_; }
  double unit() const noexcept { return unit_; }
  std::uint64_t changes() const noexcept { return changes_; }
  const belief& operator[](std::size_t i) const noexcept { return beliefs_[i]; }
  std::size_t size() const noexcept { return beliefs_.size(); }

  /// Learns that a cell earned y, which is finite. Returns the log density that y had before, per
  /// unit of the reward; 0 until settled(). True in `changed` where what was known is out of date.
  double observe(const basis_set& kinds, std::uint32_t cell, double y, bool& changed) noexcept {
    changed = false;
    if (!settled()) {
      first_[count_++] = {y, cell};
      if (ready()) refit(kinds);
      return 0;
    }
    if (flat_ != 0 && std::fabs(y - centre_) > 1e-12 * std::fabs(centre_)) {
      first_[fitted - 1] = {y, cell};  // the first that differs gives the unit
      refit(kinds);
      return 0;
    }
    std::array<double, most> weight, density;
    weights(weight);
    update(kinds, cell, (y - centre_) / unit_, density);
    const double top = *std::max_element(density.begin(), density.begin() + beliefs_.size());
    double sum = 0;
    for (std::size_t i = 0; i < beliefs_.size(); ++i) {
      sum += weight[i] * portable::exp(density[i] - top);
    }
    changed = renew(kinds);
    return top + portable::log(std::max(sum, 1e-300)) - portable::log(unit_);
  }

  /// The probability of each hypothesis; 0 for those under `least`.
  void weights(std::array<double, most>& out, double least = 0) const noexcept {
    const double top = *std::max_element(evidence_.begin(), evidence_.end());
    const double near = least > 0 ? -portable::log(least) : 30;  // further off is under it anyway
    double sum = 0;
    for (std::size_t i = 0; i < beliefs_.size(); ++i) {
      out[i] = evidence_[i] > top - near ? portable::exp(evidence_[i] - top) : 0;
      sum += out[i];
    }
    double left = 0;
    for (std::size_t i = 0; i < beliefs_.size(); ++i) {
      if (out[i] < least * sum) out[i] = 0;
      left += out[i];
    }
    for (std::size_t i = 0; i < beliefs_.size(); ++i) out[i] /= left;
  }

  struct estimate {
    double mean = 0;      ///< of a tick's reward
    double variance = 0;  ///< of that mean
    double noise = 0;     ///< variance of one reward around it
  };
  /// Of all hypotheses together, in the unit of the reward. @pre ready()
  estimate at(const basis_set& kinds, std::uint32_t cell) const noexcept {
    std::array<double, most> weight;
    weights(weight);
    estimate e;
    double square = 0;
    float scratch[basis::most_modes];
    for (std::size_t i = 0; i < beliefs_.size(); ++i) {
      const cell_view view = kinds[std::size_t(beliefs_[i].assumes().how)].at(cell, scratch);
      const auto m = static_cast<double>(beliefs_[i].mean(view, cell));
      const auto v = static_cast<double>(beliefs_[i].variance(view, cell));
      e.mean += weight[i] * m;
      square += weight[i] * (m * m + v * beliefs_[i].noise());
      e.noise += weight[i] * beliefs_[i].noise();
    }
    e.variance = std::max(square - e.mean * e.mean, 0.0) * unit_ * unit_;
    e.noise *= unit_ * unit_;
    e.mean = centre_ + unit_ * e.mean;
    return e;
  }

  std::size_t bytes() const noexcept {
    std::size_t n = sizeof *this + 8 * evidence_.size();
    for (const belief& b : beliefs_) n += b.bytes();
    return n;
  }
  /// As belief::each(); false when what came in contradicts itself.
  template <class Io>
  bool each(Io& io) {
    for (belief& b : beliefs_) b.each(io);
    for (double& e : evidence_) io(e);
    for (first& f : first_) {
      io(f.y);
      io(f.cell);
    }
    io(centre_);
    io(unit_);
    io(changes_);
    io(count_);
    io(flat_);
    io(astray_);
    return count_ <= fitted && unit_ > 0;
  }

 private:
  static constexpr double memory = 0.98;  ///< of evidence, from one reward to the next
  static constexpr double far = 6;    ///< deviations that a reward counts for at most
  static constexpr double mild = 3;   ///< and one gone astray
  static constexpr double outdated = 3.5;   ///< log odds against a hypothesis without drift
  static constexpr float settling = 10;  ///< rewards until one that began anew may do so again
  struct first {
    double y = 0;
    std::uint32_t cell = 0;
  };
  using portions = std::array<std::pair<double, double>, fitted>;  ///< values and their weights

  void update(const basis_set& kinds, std::uint32_t cell, double y,
              std::array<double, most>& density) noexcept {
    float scratch[likenesses][basis::most_modes];
    std::array<cell_view, likenesses> view{};
    for (std::size_t k = 0; k < likenesses; ++k) {
      if (kinds[k].modes() > 0) view[k] = kinds[k].at(cell, scratch[k]);
    }
    const bool outlier = is_outlier(view, cell, y);
    for (std::size_t i = 0; i < beliefs_.size(); ++i) {
      const auto how = std::size_t(beliefs_[i].assumes().how);
      density[i] = beliefs_[i].observe(kinds[how], view[how], cell, y, outlier ? mild : far);
      if (!outlier) evidence_[i] = memory * evidence_[i] + density[i];
    }
  }
  /// Whether no hypothesis expected anything like it, nor the like came twice just before: then it
  /// is one reward gone astray, and not the world that has changed.
  bool is_outlier(const std::array<cell_view, likenesses>& view, std::uint32_t cell,
                  double y) noexcept {
    astray_ *= .95;
    for (const belief& b : beliefs_) {
      if (b.surprise(view[std::size_t(b.assumes().how)], cell, y) < far) return false;
    }
    astray_ += 1;
    return astray_ < 2;
  }

  /// Where some hypothesis with drift has proven all without it wrong, what these know is out of
  /// date: each that lies behind its twin with drift begins anew, the twin's means, halved, as its
  /// first guess.
  bool renew(const basis_set& kinds) noexcept {
    double still = evidence_[0], drifting = evidence_[1];
    for (std::size_t i = 0; i + 1 < beliefs_.size(); i += 2) {
      still = std::max(still, evidence_[i]);
      drifting = std::max(drifting, evidence_[i + 1]);
    }
    if (drifting - still < outdated) return false;
    bool any = false, before = false;
    for (std::size_t i = 0; i + 1 < beliefs_.size(); i += 2) {
      if (beliefs_[i].since_reset() < settling) {
        before = true;
        continue;
      }
      if (evidence_[i + 1] < evidence_[i]) continue;
      beliefs_[i].learn_from(beliefs_[i + 1]);
      beliefs_[i].reset(kinds[std::size_t(beliefs_[i].assumes().how)], .5F);
      evidence_[i] = evidence_[i + 1] - 2;
      any = true;
    }
    if (!any || before) return false;
    ++changes_;
    return true;
  }

  /// Centre and unit from the first rewards, each cell counting once however often it was tried,
  /// and the beliefs from these once more. Else one that was taken again and again would make
  /// outliers of all others.
  void refit(const basis_set& kinds) noexcept {
    portions sorted{}, apart{};
    double all = 0;
    for (std::uint32_t i = 0; i < count_; ++i) {
      double same = 0;
      for (std::uint32_t j = 0; j < count_; ++j) same += first_[j].cell == first_[i].cell ? 1 : 0;
      sorted[i] = {first_[i].y, 1 / same};
      all += 1 / same;
    }
    apart = sorted;
    const portions each = sorted;
    const double middle = median(sorted);
    for (std::uint32_t i = 0; i < count_; ++i) apart[i].first = std::fabs(first_[i].y - middle);
    const double spread = 6 * 1.4826 * median(apart);  // six deviations, were they normal
    double mean = 0, square = 0;
    for (std::uint32_t i = 0; i < count_; ++i) {
      const double y = first_[i].y - middle;
      mean += each[i].second * (spread > 0 ? std::clamp(y, -spread, spread) : y) / all;
    }
    for (std::uint32_t i = 0; i < count_; ++i) {
      double y = first_[i].y - middle;
      if (spread > 0) y = std::clamp(y, -spread, spread);
      square += each[i].second * (y - mean) * (y - mean) / all;
    }
    square *= count_ / (count_ - 1.0);
    centre_ = middle + mean;
    unit_ = std::sqrt(square);
    const double size = std::fabs(centre_);
    flat_ = unit_ > 1e-14 * size ? 0 : 1;
    if (flat_ != 0) unit_ = size > 0 ? .3 * size : 1;
    astray_ = 0;
    unit_ = std::clamp(unit_, 1e-150, 1e150);
    for (belief& b : beliefs_) b.start(kinds[std::size_t(b.assumes().how)], 1);
    evidence_.assign(evidence_.size(), 0);
    std::array<double, most> density;
    for (std::uint32_t i = 0; i < count_; ++i) {
      update(kinds, first_[i].cell, (first_[i].y - centre_) / unit_, density);
    }
  }
  /// Of the first `count_` by their weights; sorts them.
  double median(portions& of) const noexcept {
    std::sort(of.begin(), of.begin() + count_);
    double all = 0, below = 0;
    for (std::uint32_t i = 0; i < count_; ++i) all += of[i].second;
    for (std::uint32_t i = 0; i < count_; ++i) {
      below += 2 * of[i].second;
      if (below > all * (1 + 1e-9)) return of[i].first;
      if (below >= all * (1 - 1e-9)) return .5 * of[i].first + .5 * of[i + 1].first;
    }
    return of[count_ - 1].first;
  }

  vec<belief> beliefs_;
  vec<double> evidence_;  ///< log, forgotten by `memory`
  std::array<first, fitted> first_{};
  double centre_ = 0, unit_ = 1;
  std::uint64_t changes_ = 0;
  double astray_ = 0;        ///< rewards of late that no hypothesis expected
  std::uint32_t count_ = 0;  ///< rewards seen, at most `fitted`
  std::uint32_t flat_ = 0;   ///< 1: all of the first were equal, so the unit is a guess
};

}  // namespace v1
}  // namespace gyre
