// Method: round trip of the extremes; golden bytes, since journals keep them; every cut refused.
#include <gyre/learn/transition.hpp>

#include "catch.hpp"

namespace {
const gyre::transition rows[] = {
    {},
    {.state = 300, .action = 2, .reward = -1.5F, .next = 301},
    {.state = 1, .action = 1, .reward = 3e38F, .next = 0, .terminated = 1},
    {.state = 0xffffffff, .action = 0xffffffff, .reward = 1, .next = 0xffffffff, .truncated = 1},
    {.state = 7, .action = 0, .reward = 0, .next = 8, .terminated = 1, .truncated = 1},
};
}

TEST_CASE("a transition reads back as it was written, both ends apart", "[learn]") {
  for (const auto& row : rows) {
    gyre::byte_writer out;
    encode(out, row);
    gyre::byte_reader in(out.data());
    gyre::transition back{.state = 9, .terminated = 1, .truncated = 1};
    REQUIRE(decode(in, back));
    REQUIRE(back == row);
    REQUIRE(in.remaining() == 0);
    for (std::size_t cut = 0; cut < out.size(); ++cut) {
      gyre::byte_reader part(std::span(out.data()).first(cut));
      REQUIRE(!decode(part, back));
    }
  }
}

TEST_CASE("the bytes of a transition are pinned", "[learn]") {
  gyre::byte_writer out;
  encode(out, rows[1]);
  const int golden[] = {0xac, 0x02, 0x02, 0x00, 0x00, 0xc0, 0xbf, 0xad, 0x02, 0x00};
  REQUIRE(out.size() == std::size(golden));
  for (std::size_t i = 0; i < out.size(); ++i) {
    REQUIRE(std::to_integer<int>(out.data()[i]) == golden[i]);
  }
}

TEST_CASE("unknown flags and indices over 32 bits are refused", "[learn]") {
  gyre::transition t;
  gyre::byte_writer flags;
  for (int i = 0; i < 7; ++i) flags.u8(0);
  flags.u8(4);
  gyre::byte_reader a(flags.data());
  REQUIRE(!decode(a, t));
  gyre::byte_writer wide;
  wide.varint(1ULL << 32);
  for (int i = 0; i < 7; ++i) wide.u8(0);
  gyre::byte_reader b(wide.data());
  REQUIRE(!decode(b, t));
}
