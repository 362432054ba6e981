// Method: every character, written by the definition, and every start of three bytes, against the
// ranges of the Unicode standard's table 3-7.
#include <cstdint>
#include <gyre/core/utf8.hpp>
#include <string>

#include "catch.hpp"

namespace {
std::string encoded(std::uint32_t c) {
  const auto byte = [](std::uint32_t v) { return static_cast<char>(v); };
  const auto more = [&](int shift) { return byte(0x80 | ((c >> shift) & 0x3F)); };
  const auto c32 = [&](std::uint32_t mark, int shift) { return byte(mark | (c >> shift)); };
  if (c < 0x80) return {byte(c)};
  if (c < 0x800) return {c32(0xC0, 6), more(0)};
  if (c < 0x10000) return {c32(0xE0, 12), more(6), more(0)};
  return {c32(0xF0, 18), more(12), more(6), more(0)};
}
/// Whether two bytes can start a character of more than one: table 3-7.
bool starts(unsigned first, unsigned second) {
  const unsigned low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  const unsigned high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  return first >= 0xC2 && first <= 0xF4 && second >= low && second <= high;
}
}  // namespace

TEST_CASE("each character has its length, a surrogate and a cut one none", "[core]") {
  std::size_t wrong = 0;
  for (std::uint32_t c = 0; c <= 0x110000; ++c) {
    const std::string text = encoded(c);
    const bool is = (c < 0xD800 || c > 0xDFFF) && c < 0x110000;
    wrong += gyre::utf8_length(text + "x") != (is ? text.size() : 0);
    for (std::size_t cut = 1; cut < text.size(); ++cut) {
      wrong += gyre::utf8_length(text.substr(0, cut)) != 0;
    }
  }
  REQUIRE(wrong == 0);
}

TEST_CASE("what starts no character has no length", "[core]") {
  std::size_t wrong = 0;
  for (unsigned i = 0x8000; i < 0x1000000; ++i) {
    const unsigned first = i >> 16, second = i >> 8 & 0xFF, third = i & 0xFF;
    if (first < 0x80) continue;
    const char text[] = {static_cast<char>(first), static_cast<char>(second),
                         static_cast<char>(third), static_cast<char>(0x80)};
    std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (!starts(first, second) || (length > 2 && (third & 0xC0) != 0x80)) length = 0;
    wrong += gyre::utf8_length({text, sizeof text}) != length;
  }
  REQUIRE(wrong == 0);
}
