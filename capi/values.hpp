// values.hpp - a caller's plain values as the engine takes them, and back: times, texts, arrays.
// Room: capi. Threads: pure functions.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include <gyre/core/time.hpp>

#include "guard.hpp"

namespace gyre::capi {

/// A caller's milliseconds, >= 0.
inline result<duration> ms_of(double ms, const char* what) {
  auto length = from_ms(ms);
  if (!length || *length < duration{0}) {
    return wrong(what, ms, "finite milliseconds of at most 100 years, >= 0,");
  }
  return length;
}

/// Replaces `target` by a caller's field unless that is 0, which means the default.
inline result<void> set_ms(duration& target, double ms, const char* what) {
  if (ms == 0) return ok;
  GYRE_TRY(length, ms_of(ms, what));
  target = length;
  return ok;
}

/// ... of a number for which GYRE_NONE means 0.
inline void set_or_none(double& target, double value) {
  if (value == 0) return;
  target = value == GYRE_NONE ? 0 : value;
}

/// A count that C has as a double, so that JavaScript can pass it: a whole number of 0..most.
/// @param expected the same in words
inline result<std::uint64_t> count_of(double count, double most, const char* what,
                                      const char* expected) {
  if (!(count >= 0 && count <= most && count == std::floor(count))) {
    return wrong(what, count, expected);
  }
  return static_cast<std::uint64_t>(count);
}

/// ARG: an index of states, actions ... that is none.
inline result<void> check_index(const char* what, std::uint32_t index, std::uint32_t end) {
  if (index < end) return ok;
  return fail(code::arg, what, " is ", index, ": under ", end, " expected");
}

inline std::string text_of(const char* s) { return s ? std::string(s) : std::string(); }

inline std::span<const std::byte> bytes_of(const void* data, std::uint32_t size) {
  return {static_cast<const std::byte*>(data), size};
}

/// A caller's array of structs, each as this library knows it. At most 65,536.
template <class T>
result<std::vector<T>> copies(const T* first, std::uint32_t count, const char* what) {
  std::vector<T> out;
  if (count == 0) return out;
  GYRE_CHECK(not_null(first, what));
  if (count > 65'536) return fail(code::arg, what, ": more than 65,536 of them");
  for (std::uint32_t i = 0; i < count; ++i) {
    GYRE_TRY(one, checked(element(first, i), what, first->size));
    out.push_back(one);
  }
  return out;
}

inline result<std::vector<double>> numbers(const double* first, std::uint32_t count,
                                           const char* what) {
  if (count == 0) return std::vector<double>();
  GYRE_CHECK(not_null(first, what));
  if (count > 65'536) return fail(code::arg, what, ": more than 65,536 of them");
  return std::vector<double>(first, first + count);
}

inline double or_zero(double v) { return std::isfinite(v) ? v : 0; }

template <std::size_t n>
void copy_name(char (&to)[n], const std::string& from) {
  put_utf8(to, n, from);
}

}  // namespace gyre::capi
