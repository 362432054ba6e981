// text.hpp - texts in and out: UTF-8 is asked of names, and made of what is given back.
// Room: capi. Threads: pure functions.
#pragma once
#include <cstddef>
#include <cstring>
#include <string_view>

#include <gyre/core/result.hpp>

namespace gyre::capi {

/// Bytes of the character that `s` starts with, 1 to 4; 0 when that is not UTF-8. @pre s is not
/// empty
inline std::size_t utf8_length(std::string_view s) noexcept {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  if (at(0) < 0x80) return 1;
  const std::size_t length = at(0) >= 0xF0 ? 4 : at(0) >= 0xE0 ? 3 : 2;
  if (at(0) < 0xC2 || at(0) > 0xF4 || s.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xC0) != 0x80) return 0;
  }
  const bool overlong = (at(0) == 0xE0 && at(1) < 0xA0) || (at(0) == 0xF0 && at(1) < 0x90);
  const bool outside = (at(0) == 0xED && at(1) > 0x9F) || (at(0) == 0xF4 && at(1) > 0x8F);
  return overlong || outside ? 0 : length;
}

/// ARG: `name` is null, not UTF-8, or has a control character, so that no list of names by lines
/// and no terminal could show it.
inline result<void> check_name(const char* name, const char* what) {
  if (!name) return fail(code::arg, what, " is NULL");
  for (std::string_view rest = name; !rest.empty();) {
    const std::size_t length = utf8_length(rest);
    if (length == 0) return fail(code::arg, what, " is not UTF-8");
    const auto first = static_cast<unsigned char>(rest[0]);
    if (first < 0x20 || first == 0x7F) {
      return fail(code::arg, what, " has byte ", first + 0u, ": no control characters expected");
    }
    rest.remove_prefix(length);
  }
  return ok;
}

/// Copies whole characters and ends them with a NUL; each byte that is not UTF-8 becomes U+FFFD.
/// @param room of `to`, the NUL's byte included, >= 1
inline void put_utf8(char* to, std::size_t room, std::string_view from) noexcept {
  while (!from.empty()) {
    const std::size_t length = utf8_length(from);
    const std::string_view next = length == 0 ? "\xEF\xBF\xBD" : from.substr(0, length);
    if (next.size() >= room) break;
    std::memcpy(to, next.data(), next.size());
    to += next.size();
    room -= next.size();
    from.remove_prefix(length == 0 ? 1 : length);
  }
  *to = 0;
}

}  // namespace gyre::capi
