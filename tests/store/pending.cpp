// Method: property. What was gathered parses as the frames in order; a lost one ends the prefix.
#include <gyre/store/pending.hpp>

#include "catch.hpp"

TEST_CASE("a group is a whole prefix of what was appended, and can be unsealed", "[store]") {
  gyre::pending_group group(200);
  const std::vector<std::byte> payload(20, std::byte{7});
  for (std::uint8_t i = 1; i <= 6; ++i) group.add(i, 5, 10, payload, 99);  // of 48 bytes each
  REQUIRE(group.frames() == 4);
  REQUIRE(group.gap());
  REQUIRE(group.lost() == 2);
  group.add(7, 5, 10, {}, 99);  // would fit, and is lost too
  REQUIRE(group.lost() == 3);
  const auto before = group.bytes();
  group.seal({3, group.frames(), 64}, 10, 99);
  std::span<const std::byte> rest(group.bytes());
  gyre::frame f;
  for (std::uint8_t i = 1; i <= 5; ++i) {
    REQUIRE(gyre::frame::parse(rest, 99, f) == gyre::frame::found::whole);
    REQUIRE(f.type == (i == 5 ? gyre::frame::commit : i));
    REQUIRE(f.sequence == 10u + i);
    rest = rest.subspan(static_cast<std::size_t>(f.bytes()));
  }
  REQUIRE(rest.empty());
  group.unseal();
  REQUIRE(group.bytes() == before);
  group.written();
  REQUIRE(group.bytes().empty());
  REQUIRE(group.gap());
  group.clear();
  REQUIRE_FALSE(group.gap());
  REQUIRE(group.lost() == 3);
}
