// strata.hpp - what logged rewards of states say together: an estimate, and how sure that is.
// Room: learn. Threads: one owner at a time.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace gyre {
inline namespace v1 {

/// An estimate of the mean reward of a tick. Where too little was seen to say how sure it is, the
/// interval is without end.
struct what_if_estimate {
  double value = 0;
  double low = 0, high = 0;  ///< 95 %
};

namespace detail {

/// Mean and higher moments of what was added (Pebay 2008).
struct moments {
  double n = 0, mean = 0, squares = 0, cubes = 0;
  void add(double x) noexcept {
    const double was = x - mean, step = was / ++n, more = was * step * (n - 1);
    mean += step;
    cubes += more * step * (n - 2) - 3 * step * squares;
    squares += more;
  }
  double variance() const noexcept { return n > 1 ? squares / (n - 1) : 0; }
  double skewness() const noexcept {
    return squares > 0 ? std::sqrt(n) * cubes / (squares * std::sqrt(squares)) : 0;
  }
};

/// The interval of an estimate that is `wide` deviations long on either side. Rare rewards on one
/// side, which few rows seldom show, make it longer on that side, by the skewness in deviations:
/// Johnson 1978 has 1.4 of it, and makes the other side shorter by as much.
inline what_if_estimate interval(double value, double deviation, double wide,
                                 double skew) noexcept {
  const double more = std::min(std::fabs(skew), 3.0);
  return {value, value - deviation * (wide + (skew < 0 ? more : 0)),
          value + deviation * (wide + (skew > 0 ? more : 0))};
}

/// Estimates of the states, put together by how often each was logged. Of few rows a deviation is
/// not well known: the interval is Student's, with as many degrees as Satterthwaite 1946 says.
class strata {
 public:
  /// @param skew of the estimate, which is that of its rows by the root of how many there are
  void add(double part, double value, double variance, double degrees, double skew) noexcept {
    value_ += part * value;
    const double v = part * part * variance;
    variance_ += v;
    spread_ += v * v / degrees;
    cubes_ += v * std::sqrt(v) * skew;
  }
  void without_end() noexcept { variance_ = std::numeric_limits<double>::infinity(); }
  what_if_estimate estimate() const noexcept {
    if (!std::isfinite(variance_)) return {value_, value_ - variance_, value_ + variance_};
    const double degrees = spread_ > 0 ? variance_ * variance_ / spread_ : 1e9;
    const double deviation = std::sqrt(variance_);
    return interval(value_, deviation, student(degrees),
                    variance_ > 0 ? cubes_ / (variance_ * deviation) : 0);
  }

  static constexpr double z = 1.959964;  ///< of the normal distribution: 97.5 % are below

 private:
  /// The 97.5 % point, within 1 % from 5 degrees on (Abramowitz and Stegun 26.7.5).
  static double student(double degrees) noexcept {
    constexpr double z3 = z * z * z, z5 = z3 * z * z;
    const double d = degrees < 3 ? 3 : degrees;
    return z + (z3 + z) / 4 / d + (5 * z5 + 16 * z3 + 3 * z) / 96 / (d * d);
  }
  double value_ = 0, variance_ = 0, spread_ = 0, cubes_ = 0;
};

/// The weights of some rows of a state: each 1 / propensity where the policy does what was done.
struct logged_weights {
  double rows = 0, sum = 0, squares = 0;
  void add(double w) noexcept {
    ++rows;
    sum += w;
    squares += w * w;
  }
  logged_weights operator+(const logged_weights& o) const noexcept {
    return {rows + o.rows, sum + o.sum, squares + o.squares};
  }
  /// So many rows of weight 1 are as good.
  double worth() const noexcept { return squares > 0 ? sum * sum / squares : 0; }
  /// By how many of its deviations the sum is short of the rows, which it is expected to be. Where
  /// what the policy does had become too unlikely to be seen, that is all that shows of it.
  double missing() const noexcept {
    if (rows == 0) return 0;
    const double one = rows > sum ? 1 : -1;
    return squares > 0 ? (rows - sum) / std::sqrt(squares)
                       : one * std::numeric_limits<double>::infinity();
  }
};

/// Whether what was seen of one thing at different times differs by more than its noise.
class changes {
 public:
  static constexpr std::size_t parts = 4;  ///< of the log
  /// What one setting earned in each part of the log.
  void add(const moments (&part)[parts]) noexcept {
    double n = 0, sum = 0, within = 0, used = 0;
    for (const moments& m : part) {
      if (m.n < 2) continue;
      ++used;
      n += m.n;
      sum += m.n * m.mean;
      within += m.squares;
    }
    if (used < 2 || n - used < 4) return;
    for (const moments& m : part) {
      const double off = m.n >= 2 ? m.mean - sum / n : 0;
      if (off != 0) between_ += m.n * off * off / (within / (n - used));  // without noise: no end
    }
    degrees_ += used - 1;
  }
  /// Of constant work seldom: in about one of a hundred states of a tuner's log.
  bool seen() const noexcept { return between_ - degrees_ > 7 * std::sqrt(2 * degrees_); }

 private:
  double between_ = 0, degrees_ = 0;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
