// Method: the published test vectors, and pieces against the whole.
#include <gyre/core/crc32c.hpp>
#include <gyre/core/hash.hpp>

#include <cstring>
#include <string_view>
#include <vector>

#include "catch.hpp"

namespace {
std::vector<std::byte> counting(std::size_t n) {
  std::vector<std::byte> out(n);
  for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<std::byte>(i);
  return out;
}
constexpr gyre::key128 reference_key{0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL};
}  // namespace

TEST_CASE("siphash gives the reference vectors", "[core]") {
  REQUIRE(gyre::siphash24(counting(15), reference_key) == 0xa129ca6149be45e5ULL);
  REQUIRE(gyre::siphash24(counting(0), reference_key) == 0x726fdb47dd0e0e31ULL);
  const auto wide = gyre::siphash24_128({}, reference_key);
  REQUIRE(wide[0] == 0xe6a825ba047f81a3ULL);
  REQUIRE(wide[1] == 0x930255c71472f66dULL);
}

TEST_CASE("a siphash fed in pieces equals the whole", "[core]") {
  const auto all = counting(64);
  const std::span<const std::byte> bytes(all);
  for (std::size_t cut = 0; cut <= all.size(); ++cut) {
    gyre::siphash h(reference_key);
    h.update(bytes.first(cut));
    (void)h.digest();  // looking must not change it
    h.update(bytes.subspan(cut));
    REQUIRE(h.digest() == gyre::siphash24(bytes, reference_key));
  }
}

TEST_CASE("a word fed at once equals its eight bytes", "[core]") {
  gyre::siphash words;
  gyre::siphash bytes;
  for (std::uint64_t w : {0x0123456789abcdefULL, 0ULL, ~0ULL}) {
    std::byte b[8];
    for (std::size_t i = 0; i < 8; ++i) b[i] = static_cast<std::byte>(w >> (8 * i));
    words.update_word(w);
    bytes.update(b);
  }
  REQUIRE(words.digest() == bytes.digest());
}

TEST_CASE("crc32c gives the check value and chains", "[core]") {
  const std::string_view text = "123456789";
  const auto bytes = std::as_bytes(std::span(text));
  REQUIRE(gyre::crc32c(bytes) == 0xe3069283U);
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    REQUIRE(gyre::crc32c(bytes.subspan(cut), gyre::crc32c(bytes.first(cut))) == 0xe3069283U);
  }
  REQUIRE(gyre::to_hex(0xabcULL) == "0000000000000abc");
}
