// serve_token.hpp - the secret that opens a server: made, compared, found in a request.
// Room: edge. Threads: pure functions.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include <gyre/core/entropy.hpp>
#include <gyre/core/result.hpp>

namespace gyre {
inline namespace v1 {
namespace http {

/// 128 bits of the system's as 32 hexadecimal digits.
inline std::string make_token() {
  constexpr char hex[] = "0123456789abcdef";
  std::string out;
  for (const std::uint64_t half : {entropy(), entropy()}) {
    for (int i = 60; i >= 0; i -= 4) out += hex[half >> i & 15];
  }
  return out;
}

/// ARG: it could be guessed, or needs escaping in an address or a cookie.
inline result<void> check_token(std::string_view token) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '-' || c == '_';
  };
  if (token.size() < 16 || token.size() > 128 || !std::all_of(token.begin(), token.end(), plain)) {
    return fail(code::arg, "token of ", token.size(),
                " bytes: 16 to 128 letters, digits, - or _ are allowed");
  }
  return ok;
}

/// Whether both are the same, in a time that tells nothing of where they differ.
inline bool same_token(std::string_view given, std::string_view right) noexcept {
  unsigned char differs = given.size() == right.size() ? 0 : 1;
  for (std::size_t i = 0; i < right.size(); ++i) {
    const char c = i < given.size() ? given[i] : '\0';
    differs = static_cast<unsigned char>(differs | (c ^ right[i]));
  }
  return differs == 0;
}

/// A cookie's value in a Cookie header; empty: it is not there.
inline std::string_view cookie(std::string_view header, std::string_view name) noexcept {
  while (!header.empty()) {
    const std::size_t end = std::min(header.find(';'), header.size());
    std::string_view part = header.substr(0, end);
    header.remove_prefix(std::min(end + 1, header.size()));
    part.remove_prefix(std::min(part.find_first_not_of(' '), part.size()));
    if (part.size() > name.size() && part.starts_with(name) && part[name.size()] == '=') {
      return part.substr(name.size() + 1);
    }
  }
  return {};
}

}  // namespace http
}  // namespace v1
}  // namespace gyre
