// score.hpp - how well the engine as a whole does: the mean of its loops' vitality or health.
// Room: observe. Threads: pure functions.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace gyre {
inline namespace v1 {

/// What one loop adds to the score.
struct vital_sign {
  double vitality =
      std::numeric_limits<double>::quiet_NaN();  ///< as the loop says; NaN: it does not
  double health = 1.0;                           ///< 1 - error rate, for a loop that does not say
};

/// One loop's part, 0..1.
inline double vital(const vital_sign& sign) noexcept {
  const double value = std::isnan(sign.vitality) ? sign.health : sign.vitality;
  return std::isnan(value) ? 0.0 : std::clamp(value, 0.0, 1.0);
}

/// A mean over loops that come one by one. Each part is rounded to a multiple of 2^-40, so that the
/// sum is exact and the loops' order does not show in its last bits. @pre at most 2^20 loops.
class score_sum {
 public:
  /// @param well loops whose part is 1
  explicit score_sum(std::size_t well = 0) noexcept
      : loops_(well), sum_(static_cast<std::uint64_t>(well) << 40) {}
  void add(const vital_sign& sign) noexcept {
    sum_ += static_cast<std::uint64_t>(vital(sign) * one + 0.5);
    ++loops_;
  }
  /// 0..1; 1 when there are none.
  double mean() const noexcept {
    return loops_ == 0 ? 1.0 : static_cast<double>(sum_) / one / static_cast<double>(loops_);
  }

 private:
  static constexpr double one = 1ULL << 40;
  std::size_t loops_;
  std::uint64_t sum_;
};

/// The same of all at once. @param well loops besides, whose part is 1
inline double score(std::span<const vital_sign> loops, std::size_t well = 0) noexcept {
  score_sum sum(well);
  for (const vital_sign& each : loops) sum.add(each);
  return sum.mean();
}

}  // namespace v1
}  // namespace gyre
