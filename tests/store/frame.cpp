// frame.cpp - Method: golden bytes (docs/formats.md), round trips, every flipped bit and
// truncation.
#include <gyre/store/frame.hpp>
#include <gyre/store/memory_files.hpp>

#include "catch.hpp"
#include "text.hpp"

namespace {
std::string hex(std::span<const std::byte> bytes) {
  std::string out;
  for (const std::byte b : bytes) {
    out += "0123456789abcdef"[std::to_integer<int>(b >> 4)];
    out += "0123456789abcdef"[std::to_integer<int>(b & std::byte{15})];
  }
  return out;
}
}  // namespace

TEST_CASE("a file header has the bytes that docs/formats.md says", "[store]") {
  gyre::file_header h;
  h.kind = 1;
  h.key = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
  h.number = 3;
  h.base_bytes = 64;
  h.salt = 0x01020304;
  const auto bytes = h.encode();
  REQUIRE(bytes.size() == 64);
  CHECK(hex(std::span(bytes).first(60)) ==
        "475952450d0a1a0a"
        "0100"
        "0000"
        "40000000"
        "00000000"
        "01000000"
        "000102030405060708090a0b0c0d0e0f"
        "0300000000000000"
        "4000000000000000"
        "04030201");
  const auto back = gyre::file_header::decode(bytes, 1, "f").value();
  CHECK(back.key == h.key);
  CHECK(back.number == 3);
  CHECK(back.salt == h.salt);
  CHECK(gyre::file_header::decode(bytes, 2, "f").code() == gyre::code::format);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    auto bad = bytes;
    bad[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
    const auto got = gyre::file_header::decode(bad, 1, "f");
    REQUIRE(got.code() == (bit < 64 ? gyre::code::format : gyre::code::corrupt));
  }
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    REQUIRE_FALSE(gyre::file_header::decode(std::span(bytes).first(n), 1, "f"));
  }
}

TEST_CASE("a newer or an unknown format is refused by name", "[store]") {
  gyre::file_header h;
  h.kind = 1;
  auto bytes = h.encode();
  const std::size_t at = GENERATE(8u, 16u);  // major version, feature bits
  bytes[at] = std::byte{2};
  gyre::byte_writer crc;
  crc.u32(gyre::crc32c(std::span(bytes).first(60)));
  std::copy(crc.data().begin(), crc.data().end(), bytes.begin() + 60);
  const auto got = gyre::file_header::decode(bytes, 1, "store/journal");
  CHECK(got.code() == gyre::code::format);
  CHECK(got.error().text.find("store/journal") != std::string::npos);
  CHECK(got.error().text.find("format") != std::string::npos);
}

TEST_CASE("frames round trip and no flipped bit goes unseen", "[store]") {
  for (const std::string payload : {"", "1", "1234567", "12345678", "123456789"}) {
    const auto bytes = text(payload);
    gyre::byte_writer out;
    gyre::frame{7, 0x01020304, 99, bytes}.encode(out, 5);
    REQUIRE(out.size() == gyre::frame::padded(payload.size()));
    REQUIRE(out.size() % 8 == 0);
    CHECK(hex(std::span(out.data()).subspan(8, 16)) ==
          "07000000"
          "04030201"
          "6300000000000000");
    gyre::frame f;
    REQUIRE(gyre::frame::parse(out.data(), 5, f) == gyre::frame::found::whole);
    CHECK(f.type == 7);
    CHECK(f.stream == 0x01020304);
    CHECK(f.sequence == 99);
    CHECK(std::vector<std::byte>(f.payload.begin(), f.payload.end()) == bytes);
    CHECK(gyre::frame::parse(out.data(), 6, f) == gyre::frame::found::damaged);  // another file's
    for (std::size_t bit = 0; bit < out.size() * 8; ++bit) {
      auto bad = out.data();
      bad[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
      REQUIRE(gyre::frame::parse(bad, 5, f) == gyre::frame::found::damaged);
    }
    for (std::size_t n = 1; n < out.size(); ++n) {
      REQUIRE(gyre::frame::parse(std::span(out.data()).first(n), 5, f) ==
              gyre::frame::found::damaged);
    }
    CHECK(gyre::frame::parse({}, 5, f) == gyre::frame::found::end);
  }
}

TEST_CASE("a length that no file holds takes no memory", "[store]") {
  gyre::byte_writer out;
  gyre::frame{7, 0, 1, {}}.encode(out, 0);
  auto bytes = out.take();
  bytes[7] = std::byte{0x3f};  // a payload of nearly 1 GiB
  gyre::memory_files files;
  auto f = files.open("f", gyre::open_mode::fresh).value();
  REQUIRE(gyre::write_all(*f, 0, bytes));
  gyre::file_window window(*f, bytes.size());
  gyre::frame got;
  CHECK(*gyre::frame::read(window, 0, 0, got) == gyre::frame::found::damaged);
}
