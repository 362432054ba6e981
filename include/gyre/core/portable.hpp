// portable.hpp - what some supported library lacks (libc++ 13), written once.
// Room: core. Threads: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <gyre/core/config.hpp>
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

}  // namespace v1
}  // namespace gyre
