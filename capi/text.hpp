// text.hpp - texts in and out: UTF-8 is asked of names, and made of what is given back.
// Room: capi. Threads: pure functions.
#pragma once
#include <cstddef>
#include <cstring>
#include <string_view>

#include <gyre/core/result.hpp>
#include <gyre/core/utf8.hpp>

namespace gyre::capi {

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
