// Method: round trips, and every truncation of a written buffer.
#include <gyre/core/bytes.hpp>

#include <limits>

#include "catch.hpp"

TEST_CASE("what is written is read back", "[core]") {
  gyre::byte_writer w;
  const std::uint64_t varints[] = {0, 1, 127, 128, 300, 1ULL << 63, ~0ULL};
  w.u8(200);
  w.u16(65000);
  w.u32(4000000000U);
  w.u64(~1ULL);
  w.i64(-5);
  w.f32(1.5F);
  w.f64(-0.1);
  w.str("piece");
  for (auto v : varints) w.varint(v);

  gyre::byte_reader r(w.data());
  REQUIRE(r.u8() == 200);
  REQUIRE(r.u16() == 65000);
  REQUIRE(r.u32() == 4000000000U);
  REQUIRE(r.u64() == ~1ULL);
  REQUIRE(r.i64() == -5);
  REQUIRE(r.f32() == 1.5F);
  REQUIRE(r.f64() == -0.1);
  REQUIRE(r.str() == "piece");
  for (auto v : varints) REQUIRE(r.varint() == v);
  REQUIRE(r.ok());
  REQUIRE(r.remaining() == 0);
}

TEST_CASE("a truncated buffer never reads past its end and says so", "[core]") {
  gyre::byte_writer w;
  w.u32(7);
  w.str("hello");
  w.varint(~0ULL);
  w.f64(2);
  for (std::size_t n = 0; n < w.size(); ++n) {
    gyre::byte_reader r(std::span(w.data()).first(n));
    (void)r.u32();
    (void)r.str();
    (void)r.varint();
    (void)r.f64();
    REQUIRE_FALSE(r.ok());
  }
}

TEST_CASE("a varint of more than 64 bits is refused", "[core]") {
  std::vector<std::byte> bytes(10, std::byte{0xff});
  bytes[9] = std::byte{0x02};
  gyre::byte_reader r(bytes);
  (void)r.varint();
  REQUIRE_FALSE(r.ok());
}
