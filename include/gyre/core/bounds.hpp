// bounds.hpp - the smaller, the larger, what lies between: a little of <algorithm> at less cost.
// Room: core. Threads: pure functions.
#pragma once

namespace gyre {
inline namespace v1 {

template <class T>
constexpr T smaller(T a, T b) noexcept {
  return b < a ? b : a;
}
template <class T>
constexpr T larger(T a, T b) noexcept {
  return a < b ? b : a;
}
/// `value`, moved into low..high. @pre low <= high
template <class T>
constexpr T between(T value, T low, T high) noexcept {
  return value < low ? low : smaller(value, high);
}

}  // namespace v1
}  // namespace gyre
