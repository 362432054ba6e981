// block.cpp - Method: rows and blocks round trip for odd records; every truncation and every
// flipped byte of a saved block is an error or gives 1..64 readable rows, never a crash (run under
// sanitizers).
#include <gyre/memory/block.hpp>

#include "catch.hpp"

namespace {
gyre::record odd_record(int i) {
  gyre::record r;
  r.wall_ms = i == 3 ? std::numeric_limits<std::int64_t>::min() : 1'700'000'000'000 + 977 * i;
  if (i == 4) r.wall_ms = std::numeric_limits<std::int64_t>::max();
  r.text =
      i == 5 ? std::string(5000, 'x') : "loop " + std::to_string(i) + " shipped a block in time";
  if (i == 6) r.text.clear();
  r.user = i % 2 == 0 ? "ada" : "";
  r.role = "worker";
  r.source = "ship" + std::to_string(i % 3);
  for (int t = 0; t < i % 4; ++t) r.tags.push_back("tag" + std::to_string(t));
  r.importance = i / 100.0;
  r.count = i == 7 ? UINT32_MAX : static_cast<std::uint32_t>(1 + i % 2);
  return r;
}

bool same(const gyre::record& a, const gyre::record& b) {
  return a.wall_ms == b.wall_ms && a.text == b.text && a.user == b.user && a.role == b.role &&
         a.source == b.source && a.tags == b.tags && a.importance == b.importance &&
         a.count == b.count;
}

struct sealed {
  std::vector<gyre::record> records;
  std::vector<std::vector<std::byte>> rows;
  gyre::block_codec codec;
  gyre::block block;

  explicit sealed(int n) {
    std::vector<gyre::record_view> views;
    std::uint64_t raw = 0;
    for (int i = 0; i < n; ++i) {
      records.push_back(odd_record(i));
      gyre::byte_writer out;
      gyre::row::write(out, records.back(), records.back().wall_ms).value();
      rows.push_back(out.take());
      raw += rows.back().size();
    }
    for (const auto& row : rows) views.push_back(gyre::row::read(row).value());
    block = gyre::block::seal(views, raw, 42, codec).value();
  }
};
}  // namespace

TEST_CASE("a row gives its record back, and refuses what is no record", "[memory]") {
  for (int i = 0; i < 10; ++i) {
    const gyre::record r = odd_record(i);
    gyre::byte_writer out;
    REQUIRE(gyre::row::write(out, r, r.wall_ms));
    REQUIRE(same(gyre::row::to_record(*gyre::row::read(out.data())), r));
    for (std::size_t n = 0; n < out.size(); n += 1 + n / 40) {
      REQUIRE_FALSE(gyre::row::read(std::span(out.data()).first(n)));
    }
  }
  gyre::byte_writer out;
  gyre::record r;
  r.importance = std::numeric_limits<double>::quiet_NaN();
  CHECK(gyre::row::write(out, r, 0).code() == gyre::code::arg);
  r.importance = 1.01;
  CHECK(gyre::row::write(out, r, 0).code() == gyre::code::arg);
  r = {};
  r.count = 0;
  CHECK(gyre::row::write(out, r, 0).code() == gyre::code::arg);
  r = {};
  r.tags.resize(65);
  CHECK(gyre::row::write(out, r, 0).code() == gyre::code::arg);
  CHECK(out.size() == 0);
}

TEST_CASE("a block gives its records back, after being saved too", "[memory]") {
  const int n = GENERATE(1, 25, 64);
  sealed s(n);
  s.block.hide(0);
  gyre::byte_writer out;
  s.block.save(out);
  CHECK(out.size() == s.block.stored_bytes());
  gyre::byte_reader in(out.data());
  const auto loaded = gyre::block::load(in);
  REQUIRE(loaded);
  CHECK(in.remaining() == 0);
  CHECK(loaded->hidden(0));
  CHECK(loaded->hidden_count() == 1);
  CHECK(loaded->sealed_ms() == 42);
  CHECK(loaded->raw_bytes() == s.block.raw_bytes());
  REQUIRE(loaded->open(s.codec));
  REQUIRE(s.codec.rows.size == static_cast<std::uint32_t>(n));
  for (int i = 0; i < n; ++i) {
    const auto at = static_cast<std::size_t>(i);
    REQUIRE(same(gyre::row::to_record(s.codec.rows[at]), s.records[at]));
    REQUIRE(loaded->from_ms() <= s.records[at].wall_ms);
    REQUIRE(loaded->to_ms() >= s.records[at].wall_ms);
  }
}

TEST_CASE("damaged blocks are refused or read within bounds", "[memory]") {
  sealed s(25);
  gyre::byte_writer out;
  s.block.save(out);
  const auto whole = out.data();
  for (std::size_t n = 0; n < whole.size(); ++n) {
    gyre::byte_reader in(std::span<const std::byte>(whole).first(n));
    REQUIRE_FALSE(gyre::block::load(in));
  }
  for (std::size_t i = 0; i < whole.size(); ++i) {
    auto bytes = whole;
    bytes[i] ^= static_cast<std::byte>(1 << (i % 8));
    gyre::byte_reader in(bytes);
    const auto b = gyre::block::load(in);
    if (!b || !b->open(s.codec)) continue;
    REQUIRE(s.codec.rows.size <= 64);
    for (std::uint32_t k = 0; k < s.codec.rows.size; ++k) gyre::row::to_record(s.codec.rows[k]);
  }
}

TEST_CASE("queries match field by field", "[memory]") {
  gyre::record r = odd_record(2);  // ada, worker, ship2, tag0 and tag1
  gyre::byte_writer out;
  REQUIRE(gyre::row::write(out, r, r.wall_ms));
  const auto view = *gyre::row::read(out.data());
  const auto match = [&](const gyre::query& q) { return gyre::row::matches(view, q); };
  CHECK(match({}));
  CHECK(match({.from_ms = r.wall_ms, .to_ms = r.wall_ms}));
  CHECK_FALSE(match({.from_ms = r.wall_ms + 1}));
  CHECK_FALSE(match({.to_ms = r.wall_ms - 1}));
  CHECK(match({.tag = "tag1"}));
  CHECK_FALSE(match({.tag = "tag"}));
  CHECK(match({.user = "ada"}));
  CHECK_FALSE(match({.user = "Ada"}));
  CHECK(match({.source = "ship2"}));
  CHECK_FALSE(match({.source = "ship"}));
  CHECK(match({.text = "SHIPPED a"}));
  CHECK(match({.text = "loop"}));
  CHECK(match({.text = "time"}));
  CHECK_FALSE(match({.text = "time "}));
  CHECK_FALSE(match({.tag = "tag1", .text = "nothing"}));
}
