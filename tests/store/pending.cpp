// Method: model. Frames come out as they went in, across append, swap and clear; their bytes are
// what a file takes for them.
#include <gyre/store/pending.hpp>

#include "catch.hpp"

TEST_CASE("pending frames come out in the order in which they went in", "[store]") {
  struct seen {
    std::uint32_t stream;
    std::uint8_t type;
    std::vector<std::byte> bytes;
    bool operator==(const seen&) const = default;
  };
  const auto all_of = [](const gyre::pending_frames& from) {
    std::vector<seen> all;
    from.each([&](std::uint32_t stream, std::uint8_t type, std::span<const std::byte> bytes) {
      all.push_back({stream, type, {bytes.begin(), bytes.end()}});
    });
    return all;
  };
  gyre::pending_frames early, late;
  std::vector<seen> model;
  std::size_t bytes = 0;
  for (std::uint8_t i = 1; i <= 6; ++i) {
    const std::vector<std::byte> payload(5u * i, std::byte{i});
    (i <= 4 ? early : late).add(7u + i, i, payload);
    model.push_back({7u + i, i, payload});
    gyre::byte_writer out;
    gyre::frame{i, 7u + i, 1, payload}.encode(out, 0);
    bytes += out.size();
  }
  early.append(late);
  CHECK(early.size() == 6);
  CHECK(early.bytes() == bytes);
  CHECK(all_of(early) == model);
  late.clear();
  late.swap(early);
  CHECK(early.empty());
  CHECK(early.bytes() == 0);
  CHECK(all_of(late) == model);
  late.add(1, 2, std::vector<std::byte>(3 << 20));  // its room is given back
  late.clear();
  CHECK(all_of(late).empty());
  late.add(9, 9, {});
  CHECK(late.size() == 1);
  CHECK(late.bytes() == 24);
}
