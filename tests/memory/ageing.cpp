// ageing.cpp - Method: a regression each: clocks that are wrong, and records that say they are from
// another time, prune neither too little nor too much.
#include <gyre/core/rng.hpp>
#include <gyre/memory/file_archive.hpp>
#include <gyre/memory/memory.hpp>
#include <gyre/store/memory_files.hpp>

#include "catch.hpp"
#include "law.hpp"

namespace {
constexpr std::int64_t a_day = 86'400'000, start = 1'790'000'000'000;

gyre::record numbered(int i) {
  gyre::record r;
  r.text = "record " + std::to_string(i);
  return r;
}
}  // namespace

TEST_CASE("one record dated in the future does not stop all pruning", "[memory]") {
  const bool archived = GENERATE(true, false);
  gyre::memory_files files;
  gyre::memory m;
  gyre::rng letters(17, 0, 0);
  if (archived) REQUIRE(m.attach(gyre::file_archive::open(files, "d", 1 << 19).value()));
  for (int i = 0; i < 6000; ++i) {  // 60 days, a hundred records a day
    gyre::record r = numbered(i);
    for (int k = 0; k < 40; ++k) r.text += static_cast<char>('a' + letters.below(26));
    const std::int64_t now = start + i * (a_day / 100);
    if (i == 0) r.wall_ms = now + 365 * a_day;
    REQUIRE(m.remember(r, now));
    if (i % 100 == 99) REQUIRE(m.consolidate(now));
  }
  CHECK(m.stats().pruned > 2000);
  CHECK(m.recall({.from_ms = start + 366 * a_day, .limit = 10}).empty());
  require_law(m);
}

TEST_CASE("a clock that is set from 1970 prunes nothing of what just came", "[memory]") {
  gyre::memory_files files;
  gyre::memory m;
  REQUIRE(m.attach(gyre::file_archive::open(files, "d", 1 << 20).value()));
  for (int i = 0; i < 1000; ++i) REQUIRE(m.remember(numbered(i), 1000 * i));
  REQUIRE(m.consolidate(1'000'000 + 2 * a_day));  // into the archive
  REQUIRE(m.stats().archived > 900);
  for (int i = 1000; i < 2000; ++i) REQUIRE(m.remember(numbered(i), 2 * a_day + 1000 * i));
  CHECK(m.consolidate(start)->pruned == 0);  // a second later it is 2026
  for (int i = 2000; i < 3000; ++i) REQUIRE(m.remember(numbered(i), start + 1000 * i));
  CHECK(m.consolidate(start + 2 * a_day)->pruned == 0);
  CHECK(m.consolidate(start + 29 * a_day)->pruned == 0);
  REQUIRE(m.recall({.limit = 5000}).size() == 3000);
  CHECK(m.consolidate(start + 31 * a_day)->pruned > 2000);  // old for certain by those behind them
  require_law(m);
}

TEST_CASE("a clock that is far ahead for an hour prunes nothing", "[memory]") {
  gyre::memory m;
  for (int i = 0; i < 1000; ++i) REQUIRE(m.remember(numbered(i), start + 1000 * i));
  const std::int64_t far = start + 4400 * a_day;  // 2038
  CHECK(m.consolidate(far)->pruned == 0);
  REQUIRE(m.remember(numbered(1000), far + 1000));
  CHECK(m.consolidate(far + 3'600'000)->pruned == 0);
  REQUIRE(m.remember(numbered(1001), start + 2'000'000));
  CHECK(m.consolidate(start + 2'000'000)->pruned == 0);
  CHECK(m.recall({.limit = 5000}).size() == 1002);
  CHECK(m.consolidate(start + 40 * a_day)->pruned >= 950);  // as much is plausible: it was off
  require_law(m);
}

TEST_CASE("the same text with an older time does not move its record back", "[memory]") {
  gyre::memory m;
  const bool sealed = GENERATE(true, false);
  gyre::record r = numbered(0);
  r.wall_ms = 5000;
  REQUIRE(m.remember(r, start));
  for (int i = 1; i < (sealed ? 60 : 2); ++i) REQUIRE(m.remember(numbered(i), start + i));
  REQUIRE(m.stats().blocks == (sealed ? 1u : 0u));
  r.wall_ms = 3000;
  REQUIRE(m.remember(r, start + 100));
  const auto found = m.recall({.text = "record 0", .limit = 10});
  REQUIRE(found.size() == 1);
  CHECK(found[0].wall_ms == 5000);
  CHECK(found[0].count == 2);
}

TEST_CASE("the archive prunes what is old, and not by whole files alone", "[memory]") {
  gyre::memory_files files;
  gyre::memory m;
  REQUIRE(m.attach(gyre::file_archive::open(files, "d", 64 << 20).value()));  // of 4 MiB each
  int i = 0;
  for (int days = 1; days <= 60; ++days) {
    for (; i < 100 * days; ++i) REQUIRE(m.remember(numbered(i), start + i * (a_day / 100)));
    const std::int64_t now = start + i * (a_day / 100);
    REQUIRE(m.consolidate(now));
    require_law(m);
    const auto oldest = m.recall({.to_ms = now - 40 * a_day, .limit = 100'000});
    CHECK(oldest.empty());  // 30 days, an eighth of what one file holds, and a block
  }
  REQUIRE(files.list("d")->size() == 1);
  CHECK(m.stats().pruned >= 2000);
  const auto found = m.recall({.limit = 100'000});
  REQUIRE(found.size() >= 3000);
  for (std::size_t k = 0; k < found.size(); ++k) {  // the newest, without a gap
    REQUIRE(found[k].text == numbered(i - 1 - static_cast<int>(k)).text);
  }
  gyre::memory again;
  const auto state = saved(m);
  gyre::byte_reader in(state);
  REQUIRE(again.load(in));
  REQUIRE(again.attach(gyre::file_archive::open(files, "d", 64 << 20).value()));
  CHECK(again.stats().archive_errors == 0);
  CHECK(again.recall({.limit = 100'000}).size() == found.size());
}
