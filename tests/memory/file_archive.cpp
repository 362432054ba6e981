// file_archive.cpp - Method: a memory over days with an archive beside it against one list of all
// texts; reopened with every older state, damaged, and on files that fail.
#include <gyre/memory/file_archive.hpp>
#include <gyre/memory/memory.hpp>
#include <gyre/store/memory_files.hpp>

#include "catch.hpp"
#include "law.hpp"

namespace {
constexpr std::int64_t hour = 3'600'000, day = 24 * hour;

gyre::record say(std::uint64_t i) {
  gyre::record r;
  r.text = "what happened in hour " + std::to_string(i) + " of the run";
  r.source = "clock";
  return r;
}

std::unique_ptr<gyre::archive> open(gyre::file_system& files, std::uint64_t bytes = 1 << 20) {
  return gyre::file_archive::open(files, "d", bytes).value();
}

/// The first archive file, whether it is there or not.
void put(gyre::file_system& files, std::span<const std::byte> bytes) {
  auto f = files.open("d/archive-00000001", gyre::open_mode::fresh).value();
  gyre::write_all(*f, 0, bytes).value();
}

/// Everything recalled, newest first, is the hours `last` down to `last - n + 1`.
void require_hours(gyre::memory& m, std::uint64_t last, std::size_t n) {
  const auto found = m.recall({.limit = 1'000'000});
  REQUIRE(found.size() == n);
  for (std::size_t k = 0; k < n; ++k) REQUIRE(found[k].text == say(last - k).text);
}

/// 400 hours of texts that do not compress, all but the newest in files of the archive.
void fill_files(gyre::memory& m, std::uint64_t stream) {
  gyre::rng letters(8, stream, 0);
  for (std::uint64_t i = 1; i <= 400; ++i) {
    gyre::record r = say(i);
    for (int k = 0; k < 200; ++k) r.text += static_cast<char>('a' + letters.below(26));
    REQUIRE(m.remember(r, static_cast<std::int64_t>(i) * hour));
  }
  REQUIRE(m.consolidate(450 * hour));
}

}  // namespace

TEST_CASE("what is over a day old moves to the archive and is still recalled", "[memory]") {
  gyre::memory_files files;
  gyre::memory m;
  REQUIRE(m.attach(open(files)));
  for (std::uint64_t i = 1; i <= 500; ++i) {
    const auto now = static_cast<std::int64_t>(i) * hour;
    REQUIRE(m.remember(say(i), now));
    if (i % 10 == 0) REQUIRE(m.consolidate(now));
    require_law(m);
  }
  const auto s = m.stats();
  CHECK(s.archived == 450);  // whole blocks whose newest record is over a day old
  CHECK(s.archive_bytes > 0);
  CHECK(s.evicted == 0);
  require_hours(m, 500, 500);
  CHECK(m.recall({.from_ms = 10 * hour, .to_ms = 12 * hour}).size() == 3);
  CHECK(m.recall({.text = "hour 17 of"}).size() == 1);
  REQUIRE(m.remember(say(17), 501 * hour));  // an archived duplicate is hidden, by time too
  const auto again = m.recall({.text = "hour 17 of"});
  REQUIRE(again.size() == 1);
  CHECK(again[0].count == 1);  // and its count begins anew
  CHECK(m.stats().merged + m.stats().hidden == 0);
  CHECK(m.recall({.to_ms = 20 * hour, .text = "hour 17 of"}).empty());
}

TEST_CASE("the archive is bounded, and prunes by age", "[memory]") {
  gyre::memory_files files;
  gyre::memory m({.prune_after_s = 1'000'000'000});
  REQUIRE(m.attach(open(files, 65'536)));
  std::uint64_t i = 1;
  for (; i <= 30'000; ++i) {
    const auto now = static_cast<std::int64_t>(i) * hour;
    REQUIRE(m.remember(say(i), now));
    if (i % 100 != 0) continue;
    REQUIRE(m.consolidate(now));
    require_law(m);
    REQUIRE(m.stats().archive_bytes <= 65'536);
  }
  const auto s = m.stats();
  CHECK(s.evicted > 0);
  CHECK(s.pruned == 0);
  require_hours(m, i - 1, s.in_ring + s.in_blocks + s.archived);
  gyre::memory young;  // prunes after 30 days
  gyre::byte_reader in(std::span<const std::byte>{});
  const auto state = saved(m);
  gyre::byte_reader again(state);
  REQUIRE(young.load(again));
  REQUIRE(young.attach(open(files, 65'536)));
  REQUIRE(young.consolidate(static_cast<std::int64_t>(i) * hour + 60 * day));
  CHECK(young.stats().pruned > 0);
  CHECK(young.stats().archived == 0);
  require_law(young);
}

TEST_CASE("an archive that is ahead of or behind the recovered state is reconciled", "[memory]") {
  gyre::memory_files files;
  gyre::memory live;
  std::vector<std::pair<std::uint8_t, std::vector<std::byte>>> journal;
  live.set_journal([&](std::uint8_t kind, std::span<const std::byte> bytes) {
    journal.emplace_back(kind, std::vector<std::byte>(bytes.begin(), bytes.end()));
    return gyre::result<void>(gyre::ok);
  });
  REQUIRE(live.attach(open(files)));
  for (std::uint64_t i = 1; i <= 300; ++i) {
    REQUIRE(live.remember(say(i), static_cast<std::int64_t>(i) * hour));
    if (i % 60 == 0) REQUIRE(live.consolidate(static_cast<std::int64_t>(i) * hour));
  }
  const auto archive_now = *files.bytes("d/archive-00000001");
  for (std::size_t n = 0; n <= journal.size();
       n += 7) {  // the journal lost its end, the archive not
    CAPTURE(n);
    put(files, archive_now);
    gyre::memory again;
    std::uint64_t remembered = 0;
    for (std::size_t k = 0; k < n; ++k) {
      REQUIRE(again.replay(journal[k].first, journal[k].second));
      remembered += journal[k].first == 1;
    }
    REQUIRE(again.attach(open(files)));
    require_law(again);
    if (n == 0) {
      CHECK(again.stats().archived > 0);  // nothing remembered yet: it takes the archive over
      continue;
    }
    require_hours(again, remembered, remembered);
  }
  put(files, archive_now);
  files.bytes("d/archive-00000001")->resize(archive_now.size() - 5);  // the archive lost its end
  gyre::memory again;
  for (const auto& [kind, bytes] : journal) REQUIRE(again.replay(kind, bytes));
  REQUIRE(again.attach(open(files)));
  require_law(again);
  CHECK(again.stats().evicted == 25);
  CHECK(again.recall({.limit = 1000}).size() == 275);
}

TEST_CASE("an archive of unknown origin is taken over by a memory without records", "[memory]") {
  gyre::memory_files files;
  {
    gyre::memory m;
    REQUIRE(m.attach(open(files)));
    for (std::uint64_t i = 1; i <= 100; ++i)
      REQUIRE(m.remember(say(i), static_cast<std::int64_t>(i) * hour));
    REQUIRE(m.consolidate(300 * hour));
  }
  gyre::memory m;
  std::vector<std::pair<std::uint8_t, std::vector<std::byte>>> journal;
  m.set_journal([&](std::uint8_t kind, std::span<const std::byte> bytes) {
    journal.emplace_back(kind, std::vector<std::byte>(bytes.begin(), bytes.end()));
    return gyre::result<void>(gyre::ok);
  });
  REQUIRE(m.attach(open(files)));
  CHECK(m.stats().archived == 50);
  require_law(m);
  for (std::uint64_t i = 51; i <= 200; ++i)
    REQUIRE(m.remember(say(i), static_cast<std::int64_t>(i) * hour));
  REQUIRE(m.consolidate(300 * hour));
  require_hours(m, 200, 200);
  gyre::memory again;
  for (const auto& [kind, bytes] : journal) REQUIRE(again.replay(kind, bytes));
  REQUIRE(again.attach(open(files)));
  CHECK(saved(again) == saved(m));
  require_hours(again, 200, 200);
}

TEST_CASE("damage in an older file costs a block or the file, and nothing else", "[memory]") {
  gyre::memory_files files;
  gyre::memory m;
  REQUIRE(m.attach(open(files, 65'536)));
  fill_files(m, 0);
  const std::string first = "d/archive-00000001";
  REQUIRE(files.bytes("d/archive-00000002") != nullptr);
  const std::uint64_t before = m.stats().archived;
  const auto whole = *files.bytes(first);
  const auto state = saved(m);
  const std::size_t at = GENERATE(3u, 70u, 5000u, 9000u);  // header; first, second, third block
  auto bytes = whole;
  bytes[at] ^= std::byte{1};
  put(files, bytes);
  gyre::memory again;
  gyre::byte_reader in(state);
  REQUIRE(again.load(in));
  REQUIRE(again.attach(open(files, 65'536)));
  CHECK(*files.bytes(first) == bytes);
  const auto s = again.stats();
  CHECK(s.archive_errors == 1);
  CHECK(s.archived < before);
  CHECK(s.archived % 25 == 0);
  if (at > gyre::file_header::bytes) CHECK(s.archived == before - 25);
  CHECK(again.recall({.limit = 1000}).size() == 400 - (before - s.archived));
  require_law(again);
  for (std::uint64_t i = 401; i <= 700; ++i) {
    REQUIRE(again.remember(say(i), static_cast<std::int64_t>(i) * hour));
  }
  REQUIRE(again.consolidate(700 * hour));
  CHECK(*files.bytes(first) == bytes);  // not written to
  REQUIRE(again.consolidate(800 * hour + 30 * day));
  CHECK(files.bytes(first) == nullptr);  // and gone with its age
  require_law(again);
}

TEST_CASE("an archive of another store is refused", "[memory]") {
  gyre::memory_files files;
  {
    gyre::memory m;
    REQUIRE(m.attach(gyre::file_archive::open(files, "d", 1 << 20, {1, 2}).value()));
    for (std::uint64_t i = 1; i <= 100; ++i)
      REQUIRE(m.remember(say(i), static_cast<std::int64_t>(i) * hour));
    REQUIRE(m.consolidate(300 * hour));
  }
  const auto bytes = *files.bytes("d/archive-00000001");
  REQUIRE(gyre::file_archive::open(files, "d", 1 << 20, {1, 3}).code() == gyre::code::format);
  CHECK(*files.bytes("d/archive-00000001") == bytes);
  CHECK(gyre::file_archive::open(files, "d", 1 << 20, {1, 2}).value()->records() == 50);
}

TEST_CASE("damaged archives give what is whole and never crash", "[memory]") {
  gyre::memory_files files;
  {
    gyre::memory m;
    REQUIRE(m.attach(open(files)));
    for (std::uint64_t i = 1; i <= 100; ++i)
      REQUIRE(m.remember(say(i), static_cast<std::int64_t>(i) * hour));
    REQUIRE(m.consolidate(300 * hour));
  }
  const auto whole = *files.bytes("d/archive-00000001");
  const auto head = gyre::file_header::decode(whole, 2, "").value();
  gyre::frame f;
  gyre::frame::parse(std::span(whole).subspan(gyre::file_header::bytes), head.salt, f);
  const std::size_t second = gyre::file_header::bytes + static_cast<std::size_t>(f.bytes());
  for (std::size_t i = 0; i < whole.size(); ++i) {
    auto& bytes = *files.bytes("d/archive-00000001");
    bytes = whole;
    bytes[i] ^= std::byte{4};
    auto a = gyre::file_archive::open(files, "d", 1 << 20);
    REQUIRE(a);
    REQUIRE((*a)->damaged() == (i < second ? 1u : 0u));  // the end is cut off, as after a crash
    REQUIRE((*a)->records() == (i < gyre::file_header::bytes ? 0u : 25u));
    REQUIRE((bytes == whole || bytes.size() == (i < second ? whole.size() : second)));
  }
  files.bytes("d/archive-00000001")->resize(gyre::file_header::bytes);  // a crash while made
  files.bytes("d/archive-00000001")->back() ^= std::byte{4};
  REQUIRE((*gyre::file_archive::open(files, "d", 1 << 20))->damaged() == 0);
  REQUIRE(files.bytes("d/archive-00000001") == nullptr);
  put(files, whole);
  {  // damaged after it was opened: the call says so in the figures, the rest is recalled
    *files.bytes("d/archive-00000001") = whole;
    gyre::memory m;
    REQUIRE(m.attach(open(files)));
    files.bytes("d/archive-00000001")->resize(whole.size() - 1);
    CHECK(m.recall({.limit = 1000}).size() == 25);
    CHECK(m.stats().archive_errors == 1);
  }
}

TEST_CASE("a flipped bit in the last file costs one block, and the file stays", "[memory]") {
  gyre::memory_files files;
  gyre::memory live;
  REQUIRE(live.attach(open(files)));
  for (std::uint64_t i = 1; i <= 1000; ++i) {
    REQUIRE(live.remember(say(i), static_cast<std::int64_t>(i)));
  }
  REQUIRE(live.consolidate(2 * day));
  REQUIRE(live.stats().archived == 950);
  const auto state = saved(live);
  auto& bytes = *files.bytes("d/archive-00000001");
  const std::size_t size = bytes.size();
  bytes[size / 3] ^= std::byte{1};
  gyre::memory again;
  gyre::byte_reader in(state);
  REQUIRE(again.load(in));
  REQUIRE(again.attach(open(files)));
  CHECK(again.stats().archived == 925);
  CHECK(again.stats().archive_errors == 1);
  CHECK(files.bytes("d/archive-00000001")->size() == size);
  CHECK(again.recall({.limit = 2000}).size() == 975);
  for (std::uint64_t i = 1001; i <= 1100; ++i) {  // goes on in a new file
    REQUIRE(again.remember(say(i), 2 * day + static_cast<std::int64_t>(i)));
  }
  REQUIRE(again.consolidate(4 * day));
  CHECK(files.bytes("d/archive-00000002") != nullptr);
  CHECK(again.recall({.limit = 2000}).size() == 1075);
  require_law(again);
}

TEST_CASE("an archive file that is gone, or cut between blocks, is told of", "[memory]") {
  gyre::memory_files files;
  gyre::memory m;
  REQUIRE(m.attach(open(files, 65'536)));
  fill_files(m, 1);
  REQUIRE(files.bytes("d/archive-00000003") != nullptr);
  const auto state = saved(m);
  const int what = GENERATE(1, 2, 3, 4);  // nothing, the middle, the last, cut behind a block
  if (what == 2) REQUIRE(files.remove("d/archive-00000002"));
  if (what == 3) REQUIRE(files.remove("d/" + files.list("d").value().back()));
  if (what == 4) {
    auto& bytes = *files.bytes("d/archive-00000002");
    gyre::frame f;
    const auto head = gyre::file_header::decode(bytes, 2, "").value();
    gyre::frame::parse(std::span(bytes).subspan(gyre::file_header::bytes), head.salt, f);
    bytes.resize(gyre::file_header::bytes + static_cast<std::size_t>(f.bytes()));
  }
  gyre::memory again;
  gyre::byte_reader in(state);
  REQUIRE(again.load(in));
  REQUIRE(again.attach(open(files, 65'536)));
  CHECK(again.stats().archive_errors == (what == 1 ? 0u : 1u));
  CHECK((again.stats().archived == m.stats().archived) == (what == 1));
  require_law(again);
}

TEST_CASE("what an archive file claims takes no memory, and how much is read is bounded",
          "[memory]") {
  gyre::byte_writer claim;
  claim.u32(4 << 20);  // deflated bytes, which hold this:
  claim.u32(UINT32_MAX);
  claim.u32(UINT32_MAX);
  claim.u32(1);
  for (int i = 0; i < 4; ++i) claim.u64(0);
  claim.u32(0);
  claim.raw(std::vector<std::byte>(4 << 20));
  gyre::byte_reader in(claim.data());
  REQUIRE(gyre::block::load(in).code() == gyre::code::corrupt);
  gyre::memory_files files;
  {
    gyre::memory m;
    REQUIRE(m.attach(open(files)));
    for (std::uint64_t i = 1; i <= 100; ++i) {
      REQUIRE(m.remember(say(i), static_cast<std::int64_t>(i) * hour));
    }
    REQUIRE(m.consolidate(300 * hour));
  }
  files.bytes("d/archive-00000001")->resize(200 << 20);  // a hole at its end, or another's file
  auto a = gyre::file_archive::open(files, "d", 1 << 20).value();
  CHECK(a->records() == 50);
}
