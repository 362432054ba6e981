// text.hpp - a text as the bytes that files and frames take.
// Room: tests. Threads: one.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

inline std::vector<std::byte> text(const std::string& s) {
  const auto bytes = std::as_bytes(std::span(s));
  return {bytes.begin(), bytes.end()};
}
