// utf8.hpp - where the characters of a text in UTF-8 end.
// Room: core. Threads: pure functions.
#pragma once
#include <cstddef>
#include <string_view>

namespace gyre {
inline namespace v1 {

/// Bytes of the character that `s` starts with, 1 to 4; 0 when that is not UTF-8 (RFC 3629: neither
/// overlong, a surrogate, nor beyond U+10FFFF). @pre s is not empty
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

}  // namespace v1
}  // namespace gyre
