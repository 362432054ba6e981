// portable_pow.hpp - powers of many floats at once: one result everywhere.
// Room: learn. Threads: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <gyre/learn/portable_math.hpp>

namespace gyre {
inline namespace v1 {
namespace portable {

/// Four integers beside four floats.
using counts = std::int32_t __attribute__((vector_size(16)));

namespace detail {

/// The bits of one as the other: a float and an int32, or four and four.
template <class To, class From>
To bits_as(const From& from) noexcept {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  std::memcpy(&to, &from, sizeof to);
  return to;
}
inline float to_float(std::int32_t i) noexcept { return static_cast<float>(i); }
inline lanes to_float(counts i) noexcept { return __builtin_convertvector(i, lanes); }
inline std::int32_t to_int(float x) noexcept { return static_cast<std::int32_t>(x); }
inline counts to_int(lanes x) noexcept { return __builtin_convertvector(x, counts); }
inline float within(float x, float low, float high) noexcept {
  return x < low ? low : x > high ? high : x;
}
inline lanes within(lanes x, float low, float high) noexcept {
  x = x < all(low) ? all(low) : x;
  return x > all(high) ? all(high) : x;
}

/// x^y, of one (F a float, I an int32) or of four: one text, so the same operations in each lane.
template <class F, class I>
F power(F x, float y) noexcept {
  // x = 2^e (1 + f) with sqrt(.5) <= 1 + f < sqrt(2)
  const I above = bits_as<I>(within(x, 0x1p-126F, 0x1p127F)) - 0x3f3504f3;
  const I e = above >> 23;
  const F f = bits_as<F>((above & 0x7fffff) + 0x3f3504f3) - 1;
  // log(1 + f) = 2 atanh(s), |s| < .172: what is left out is under 1e-9
  const F s = f / (f + 2), s2 = s * s;
  const F tail = s2 * (1.F / 3 + s2 * (1.F / 5 + s2 * (1.F / 7 + s2 * (1.F / 9))));
  const F log2 = to_float(e) + (s + s * tail) * 2.88539008F;
  const F t = within(log2 * y, -126.F, 127.F);
  // 2^t = 2^k e^g, |g| < .347: what is left out is under 6e-9
  const I k = to_int(t + 126.5F) - 126;  // nearest, as t + 126.5 is positive
  const F g = (t - to_float(k)) * 0.693147181F;
  const F e_to_g =
      1 + g * (1 + g * (.5F + g * (1.F / 6 + g * (1.F / 24 + g * (1.F / 120 + g * (1.F / 720 +
                                                              g * (1.F / 5040)))))));
  return e_to_g * bits_as<F>((k + 127) << 23);
}

}  // namespace detail

/// x^y within 1e-5 (relative) for results of 1e-30..1e30 and |y| <= 2; a result outside of
/// 2^-126..2^128 becomes the nearest of those, and x outside of 2^-126..2^127 counts as that: no
/// power is 0 or infinite. @pre neither is NaN
inline float pow(float x, float y) noexcept { return detail::power<float, std::int32_t>(x, y); }
/// The same of four.
inline lanes pow(lanes x, float y) noexcept { return detail::power<lanes, counts>(x, y); }

/// x[i] becomes x[i]^y.
inline void pow(float* x, std::size_t n, float y) noexcept {
  std::size_t i = 0;
  for (; i + 4 <= n; i += 4) store(x + i, pow(load(x + i), y));
  for (; i < n; ++i) x[i] = pow(x[i], y);
}

}  // namespace portable
}  // namespace v1
}  // namespace gyre
