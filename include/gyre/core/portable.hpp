// portable.hpp - what some supported library lacks (libc++ 13), written once.
// Room: core. Threads: pure functions.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <type_traits>

namespace gyre {
inline namespace v1 {

/// Assumed size of a cache line, to keep two threads' words apart.
inline constexpr std::size_t cache_line = 64;

/// std::bit_cast, which libc++ 13 lacks.
template <class To, class From>
  requires(sizeof(To) == sizeof(From) && std::is_trivially_copyable_v<To> &&
           std::is_trivially_copyable_v<From>)
To bit_cast(const From& from) noexcept {
  To to;
  std::memcpy(&to, &from, sizeof to);
  return to;
}

/// The shortest of %.15g and %.17g that reads back as `value`; "nan" and "inf" as such. The decimal
/// separator is a point whatever the C locale says.
inline std::string to_text(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.15g", value);
  double back = 0;
  if (std::sscanf(text, "%lf", &back) != 1 || back != value) {
    std::snprintf(text, sizeof text, "%.17g", value);
  }
  std::string out = text;
  for (char& c : out) {
    if (c == ',') c = '.';
  }
  return out;
}

/// `format` with one double, for tables: fixed("%.2f", x).
inline std::string to_fixed(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  std::string out = text;
  for (char& c : out) {
    if (c == ',') c = '.';
  }
  return out;
}

}  // namespace v1
}  // namespace gyre
