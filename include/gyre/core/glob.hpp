// glob.hpp - names that look like a pattern.
// Room: core. Threads: pure functions.
#pragma once

#include <cstddef>
#include <string_view>

namespace gyre {
inline namespace v1 {

/// Whether all of `text` looks like `pattern`: `*` is any run of bytes, also none, `?` one byte,
/// any other byte itself. Nothing escapes; a `?` finds a star too. At worst pattern times text
/// steps.
inline bool glob_matches(std::string_view pattern, std::string_view text) noexcept {
  std::size_t p = 0, star = pattern.size(), from = 0;
  for (std::size_t t = 0; t < text.size();) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      from = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star < pattern.size()) {  // the last star takes one byte more
      p = star + 1;
      t = ++from;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

}  // namespace v1
}  // namespace gyre
