// Method: fault. A journal whose every byte was durable is damaged bit by bit; opened to be
// salvaged it gives what is whole before the damage, keeps the file, and goes on.
#include <gyre/store/memory_files.hpp>

#include "catch.hpp"
#include "fault_files.hpp"
#include "history.hpp"

using gyre::code;
using gyre::journal;

TEST_CASE("a damaged journal is salvaged up to its damage, and kept", "[store]") {
  gyre::memory_files files;
  history h;
  std::vector<std::uint64_t> counts;  // after the checkpoint and after each group
  std::vector<std::size_t> ends;
  {
    auto j = journal::open("s", {.files = &files}, nullptr).value();
    h.count = 1000;
    REQUIRE(h.checkpoint(*j));
    for (int group = 0; group < 4; ++group) {
      ends.push_back(j->file_bytes());
      counts.push_back(h.count);
      for (int i = 0; i <= group; ++i) h.append(*j);
      REQUIRE(j->commit());
      REQUIRE(j->sync());
    }
    ends.push_back(j->file_bytes());
    counts.push_back(h.count);
    h.append(*j);
    REQUIRE(j->commit());  // knows that all before it is durable
  }
  const auto whole = *files.bytes("s/journal");
  const std::size_t durable = ends.back();
  for (std::size_t i = gyre::file_header::bytes; i < durable; ++i) {
    CAPTURE(i);
    auto bytes = whole;
    bytes[i] ^= std::byte{2};
    gyre::memory_files other;
    auto f = other.open("s/journal", gyre::open_mode::fresh).value();
    gyre::write_all(*f, 0, bytes).value();
    f.reset();
    REQUIRE(journal::open("s", {.files = &other}, nullptr).code() == code::corrupt);
    REQUIRE(*other.bytes("s/journal") == bytes);
    history looked;
    REQUIRE(journal::open("s", {.read_only = true, .salvage = true, .files = &other},
                          looked.visitor()));
    REQUIRE(*other.bytes("s/journal") == bytes);
    history seen;
    auto j = journal::open("s", {.salvage = true, .files = &other}, seen.visitor());
    REQUIRE(j);
    REQUIRE(seen.good);
    REQUIRE(seen.count == looked.count);
    REQUIRE((*j)->salvaged_bytes() > 0);
    REQUIRE(*other.bytes("s/journal.damaged") == bytes);
    std::size_t groups = 0;
    while (groups < ends.size() && ends[groups] <= i) ++groups;
    // In the checkpoint: its one state is whole, or nothing is.
    if (groups > 0) {
      REQUIRE(seen.count == counts[groups - 1]);
    } else {
      REQUIRE((seen.count == 0 || seen.count == 1000));
      REQUIRE((seen.count == 1000) == (i + 48 >= ends[0]));
    }
    for (int more = 0; more < 3; ++more) seen.append(**j);
    REQUIRE((*j)->commit());
    REQUIRE((*j)->sync());
    j->reset();
    history again;
    REQUIRE(journal::open("s", {.files = &other}, again.visitor()));
    REQUIRE(again.good);
    REQUIRE(again.count == seen.count);
  }
}

TEST_CASE("a journal without damage is opened as ever when it may be salvaged", "[store]") {
  gyre::memory_files files;
  history h;
  for (int life = 0; life < 3; ++life) {
    history seen;
    auto j = journal::open("s", {.salvage = true, .files = &files}, seen.visitor()).value();
    CHECK(seen.count == h.count);
    CHECK(j->salvaged_bytes() == 0);
    h.append(*j);
    REQUIRE(j->commit());
    REQUIRE(j->sync());
  }
  CHECK(files.bytes("s/journal.damaged") == nullptr);
}

TEST_CASE("a checkpoint that fails is not tried on each commit", "[store]") {
  fault_files files;
  history h;
  auto j = journal::open("s", {.file_bytes = 1, .files = &files}, nullptr).value();
  h.append(*j);
  REQUIRE(j->commit());
  REQUIRE(j->wants_checkpoint());
  std::uint32_t tried = 0;
  for (int commits = 0; commits < 2000; ++commits) {
    h.append(*j);
    REQUIRE(j->commit());
    if (!j->wants_checkpoint()) continue;
    ++tried;
    files.fail_from = files.operations;
    files.fail_count = 1;
    // Told before the states are gathered, as where the directory is gone; or by the writing.
    const auto done = tried % 2 == 0 ? j->begin_checkpoint() : h.checkpoint(*j);
    REQUIRE_FALSE(done);
    files.fail_from = UINT64_MAX;
    CHECK(j->failed_checkpoints() == tried);
  }
  CHECK(tried == 15);  // after 1, 2, 4 ... 256 commits, then after each 256
  while (!j->wants_checkpoint()) REQUIRE(j->commit());
  REQUIRE(j->begin_checkpoint());
  REQUIRE(h.checkpoint(*j));
  CHECK(j->failed_checkpoints() == 0);
  j.reset();
  history seen;
  REQUIRE(journal::open("s", {.files = &files}, seen.visitor()));
  CHECK(seen.count == h.count);
}
