// portable_math.hpp - exp, log, the normal distribution and sums of floats: one result everywhere.
// Room: learn. Threads: pure functions.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace gyre {
inline namespace v1 {

/// What a tuner computes with. Only +, -, *, /, sqrt and comparisons of IEEE numbers, in a fixed
/// order, so that each result has the same bits natively, in wasm and at any optimisation (built
/// with -ffp-contract=off). The library's exp and log have other last bits on each machine.
namespace portable {

/// 1 / n; a multiplication costs a tenth of a division.
inline constexpr double part_of_one[] = {
    0,        1,        1. / 2,   1. / 3,   1. / 4,   1. / 5,   1. / 6,   1. / 7,
    1. / 8,   1. / 9,   1. / 10,  1. / 11,  1. / 12,  1. / 13,  1. / 14,  1. / 15,
    1. / 16,  1. / 17,  1. / 18,  1. / 19,  1. / 20,  1. / 21};

/// e^x within 2e-15 of it (relative); 0 under -708, and 8.2e307, the result for 709, over that.
/// @pre x is not NaN
inline double exp(double x) noexcept {
  if (x < -708) return 0;
  if (x > 709) x = 709;
  const double k = std::floor(x * 1.4426950408889634 + .5);
  const double r = (x - k * 0.693147180369123816490) - k * 1.90821492927058770002e-10;
  double sum = 1;  // Taylor from its far end: |r| < .347, and .347^14 / 14! is under half a ulp
  for (int n = 13; n > 0; --n) sum = 1 + sum * (r * part_of_one[n]);
  const auto exponent = static_cast<std::uint64_t>(static_cast<std::int64_t>(k) + 1022) << 52;
  double scale;
  std::memcpy(&scale, &exponent, sizeof scale);  // 2^(k-1): 2^1024 is no number
  return sum * scale * 2;
}

/// The natural logarithm within 1e-15 (relative, beside 1 absolute). @pre x is normal, positive
inline double log(double x) noexcept {
  std::uint64_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  auto k = static_cast<std::int64_t>(bits >> 52) - 1023;
  bits = (bits & 0xfffffffffffffULL) | 0x3ff0000000000000ULL;
  double m;
  std::memcpy(&m, &bits, sizeof m);  // 1 <= m < 2
  if (m > 1.4142135623730951) {
    m *= .5;
    ++k;
  }
  const double f = (m - 1) / (m + 1), f2 = f * f;  // log m = 2 atanh f, |f| < .172
  double sum = 0;
  for (int n = 21; n > 0; n -= 2) sum = sum * f2 + part_of_one[n];
  const auto e = static_cast<double>(k);
  return e * 0.693147180369123816490 + (2 * f * sum + e * 1.90821492927058770002e-10);
}

/// P(N < z) within 1.5e-7 (Abramowitz and Stegun 7.1.26). @pre z is not NaN
inline double normal_cdf(double z) noexcept {
  const double x = std::fabs(z) * .70710678118654752;
  const double t = 1 / (1 + .3275911 * x);
  const double poly =
      t * (.254829592 + t * (-.284496736 + t * (1.421413741 + t * (-1.453152027 +
                                                                   t * 1.061405429))));
  const double tail = x > 26 ? 0 : .5 * poly * exp(-x * x);
  return z < 0 ? tail : 1 - tail;
}

// What is always inlined here is called for a few numbers at a time: gyre.wasm, which is built to
// be small and inlines next to nothing, would take a call for each.

/// Four floats that every target handles as one (SSE, NEON, wasm SIMD128, scalars elsewhere).
using lanes = float __attribute__((vector_size(16)));

inline lanes load(const float* at) noexcept {
  lanes v;
  std::memcpy(&v, at, sizeof v);
  return v;
}
inline void store(float* at, lanes v) noexcept { std::memcpy(at, &v, sizeof v); }
inline lanes all(float x) noexcept { return lanes{x, x, x, x}; }
[[gnu::always_inline]] inline float sum(lanes v) noexcept { return (v[0] + v[1]) + (v[2] + v[3]); }

/// n rounded up to whole lanes.
constexpr std::uint32_t padded(std::uint32_t n) noexcept { return (n + 3) / 4 * 4; }

/// Sum of a[i] * b[i]. @pre n is a multiple of 4
[[gnu::always_inline]] inline float dot(const float* a, const float* b, std::uint32_t n) noexcept {
  lanes s = all(0);
  for (std::uint32_t i = 0; i < n; i += 4) s += load(a + i) * load(b + i);
  return sum(s);
}
/// y[i] += s * x[i]. @pre n is a multiple of 4
[[gnu::always_inline]] inline void add_scaled(float* y, float s, const float* x,
                                              std::uint32_t n) noexcept {
  const lanes by = all(s);
  for (std::uint32_t i = 0; i < n; i += 4) store(y + i, load(y + i) + by * load(x + i));
}
/// out = M x for a symmetric n x n matrix; returns x' M x. @pre n is a multiple of 4
inline float quadratic(const float* m, const float* x, float* out, std::uint32_t n) noexcept {
  for (std::uint32_t j = 0; j < n; j += 4) {  // four columns at once, which are rows as well
    lanes s[4] = {all(0), all(0), all(0), all(0)};  // four sums, so that none waits for another
    for (std::uint32_t i = 0; i < n; i += 4) {
      const float* row = m + std::size_t{i} * n + j;
      for (std::uint32_t k = 0; k < 4; ++k) s[k] += all(x[i + k]) * load(row + std::size_t{k} * n);
    }
    store(out + j, (s[0] + s[1]) + (s[2] + s[3]));
  }
  return dot(x, out, n);
}

}  // namespace portable
}  // namespace v1
}  // namespace gyre
