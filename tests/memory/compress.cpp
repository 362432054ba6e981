// compress.cpp - Method: round trips over sizes, levels and kinds of bytes; damage; reuse of a
// stream.
#include <gyre/core/rng.hpp>
#include <gyre/memory/compress.hpp>

#include "catch.hpp"

namespace {
std::vector<std::byte> some_bytes(std::size_t n, bool noise) {
  gyre::rng random(1, n, noise);
  std::vector<std::byte> bytes(n);
  for (std::byte& b : bytes)
    b = static_cast<std::byte>(noise ? random.below(256) : random.below(3));
  return bytes;
}
}  // namespace

TEST_CASE("what is deflated inflates to the same", "[memory]") {
  const std::size_t n = GENERATE(0u, 1u, 100u, 8192u, 70000u);
  const bool noise = GENERATE(false, true);
  const int level = GENERATE(0, 1, 6, 9);
  CAPTURE(n, noise, level);
  const auto raw = some_bytes(n, noise);
  const auto packed = gyre::deflate_bytes(raw, level).value();
  if (!noise && n >= 100 && level > 0) CHECK(packed.size() * 2 < raw.size());
  CHECK(gyre::inflate_bytes(packed, n).value() == raw);
}

TEST_CASE("a reused stream gives the same bytes as a fresh one", "[memory]") {
  gyre::deflater pack;
  gyre::inflater unpack;
  std::vector<std::byte> packed, back;
  for (std::size_t n = 0; n < 3000; n += 250) {
    const auto raw = some_bytes(n, n % 500 == 0);
    const int level = n < 1500 ? 6 : 1;  // changes once
    REQUIRE(pack.compress(raw, packed, level));
    REQUIRE(packed == *gyre::deflate_bytes(raw, level));
    REQUIRE(unpack.decompress(packed, n, back));
    REQUIRE(back == raw);
  }
  gyre::deflater moved =
      std::move(pack);  // zlib's state points at its stream: moving must not break it
  REQUIRE(moved.compress(some_bytes(10, false), packed));
}

TEST_CASE("bad levels, lengths and streams are errors", "[memory]") {
  CHECK(gyre::deflate_bytes({}, -1).code() == gyre::code::arg);
  CHECK(gyre::deflate_bytes({}, 10).code() == gyre::code::arg);
  const auto raw = some_bytes(1000, false);
  const auto packed = *gyre::deflate_bytes(raw);
  CHECK(gyre::inflate_bytes(packed, 999).code() == gyre::code::corrupt);
  CHECK(gyre::inflate_bytes(packed, 1001).code() == gyre::code::corrupt);
  CHECK(gyre::inflate_bytes(packed, std::size_t{1} << 40).code() == gyre::code::corrupt);  // a bomb
  for (std::size_t n = 0; n < packed.size(); ++n) {
    CHECK(gyre::inflate_bytes(std::span(packed).first(n), 1000).code() == gyre::code::corrupt);
  }
  auto longer = packed;
  longer.push_back(std::byte{0});
  CHECK(gyre::inflate_bytes(longer, 1000).code() == gyre::code::corrupt);
}
