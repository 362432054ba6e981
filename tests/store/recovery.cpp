// recovery.cpp - Method: truncation at every byte and every flipped bit of a small journal; failing
// and short operations one by one; power loss at every operation with any subset of unsynced
// sectors kept.
#include <gyre/store/memory_files.hpp>

#include "catch.hpp"
#include "fault_files.hpp"
#include "history.hpp"
#include "sanitized.hpp"

using gyre::code;
using gyre::journal;

namespace {
/// A journal of groups of 1, 2, 3 ... frames; `ends[i]` is the file's size with i groups in it.
struct small {
  gyre::memory_files files;
  std::vector<std::size_t> ends;
  std::vector<std::uint64_t> counts;
  std::vector<std::byte> whole;

  explicit small(bool from_checkpoint) {
    history h;
    auto j = journal::open("s", {.files = &files}, nullptr).value();
    if (from_checkpoint) {
      h.count = 1000;
      h.checkpoint(*j).value();
    }
    for (int group = 0; group < 6; ++group) {
      ends.push_back(j->file_bytes());
      counts.push_back(h.count);
      for (int i = 0; i <= group; ++i) h.append(*j);
      j->commit().value();
    }
    ends.push_back(j->file_bytes());
    counts.push_back(h.count);
    j.reset();
    whole = *files.bytes("s/journal");
  }
  /// How many frames are found in these bytes; 0 and a code where opening fails.
  std::uint64_t found_in(std::vector<std::byte> bytes, code& why) {
    gyre::memory_files other;
    auto f = other.open("s/journal", gyre::open_mode::fresh).value();
    gyre::write_all(*f, 0, bytes).value();
    history h;
    auto j = journal::open("s", {.files = &other}, h.visitor());
    why = j.code();
    if (!j) {
      REQUIRE(*other.bytes("s/journal") == bytes);  // refused: left alone
      return 0;
    }
    REQUIRE(h.good);
    h.append(**j);  // and it goes on from there
    REQUIRE((*j)->commit());
    j->reset();
    history again;
    REQUIRE(journal::open("s", {.files = &other}, again.visitor()));
    REQUIRE(again.good);
    REQUIRE(again.count == h.count);
    return h.count - 1;
  }
};
}  // namespace

TEST_CASE("truncated anywhere, a journal holds exactly its whole groups", "[store]") {
  const bool from_checkpoint = GENERATE(false, true);
  small s(from_checkpoint);
  for (std::size_t n = 0; n <= s.whole.size(); ++n) {
    CAPTURE(n, from_checkpoint);
    code why;
    const auto got =
        s.found_in({s.whole.begin(), s.whole.begin() + static_cast<std::ptrdiff_t>(n)}, why);
    if (n < 8) {
      REQUIRE(why == code::format);
    } else if (n < s.ends[0]) {
      REQUIRE(why == code::corrupt);  // never a state of a file that had got its name
    } else {
      std::size_t groups = 0;
      while (groups + 1 < s.ends.size() && s.ends[groups + 1] <= n) ++groups;
      REQUIRE(why == code::ok);
      REQUIRE(got == s.counts[groups]);
    }
  }
}

TEST_CASE("no flipped bit gives anything but whole groups or an error", "[store]") {
  const bool from_checkpoint = GENERATE(false, true);
  small s(from_checkpoint);
  for (std::size_t bit = 0; bit < s.whole.size() * 8; bit += sanitized ? 7 : 1) {
    CAPTURE(bit, from_checkpoint);
    auto bytes = s.whole;
    bytes[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
    code why;
    const auto got = s.found_in(bytes, why);
    if (bit / 8 < s.ends[0]) {
      REQUIRE(why == (bit < 64 ? code::format : code::corrupt));
      continue;
    }
    std::size_t groups = 0;
    while (s.ends[groups + 1] <= bit / 8) ++groups;
    REQUIRE(why == code::ok);  // nothing here was known to be durable: as after a crash
    REQUIRE(got == s.counts[groups]);
  }
}

TEST_CASE("damage in what was durable is an error, not a torn tail", "[store]") {
  gyre::memory_files files;
  history h;
  auto j = journal::open("s", {.files = &files}, nullptr).value();
  h.append(*j);
  REQUIRE(j->commit());
  const std::size_t first = j->file_bytes();
  REQUIRE(j->sync());
  h.append(*j);
  REQUIRE(j->commit());  // its commit frame knows of the sync
  j.reset();
  (*files.bytes("s/journal"))[first - 9] ^= std::byte{1};
  const auto got = journal::open("s", {.files = &files}, nullptr);
  CHECK(got.code() == code::corrupt);
  CHECK(got.error().text.find("byte 64") != std::string::npos);
}

TEST_CASE("writes of a byte at a time give the same file", "[store]") {
  fault_files files;
  files.longest_write = 1;
  history h, seen;
  auto j = journal::open("s", {.files = &files}, nullptr).value();
  for (int i = 0; i < 20; ++i) h.append(*j);
  REQUIRE(j->commit());
  REQUIRE(h.checkpoint(*j));
  h.append(*j);
  REQUIRE(j->commit());
  j.reset();
  REQUIRE(journal::open("s", {.files = &files}, seen.visitor()));
  CHECK(seen.good);
  CHECK(seen.count == h.count);
}

TEST_CASE("a disk that is full for a while loses nothing", "[store]") {
  fault_files files;
  history h;
  auto j = journal::open("s", {.files = &files}, nullptr).value();
  h.append(*j);
  REQUIRE(j->commit());
  files.fail_from = files.operations;
  files.fail_count = 6;  // the truncation that takes the part back fails as well
  for (int i = 0; i < 3; ++i) {
    h.append(*j);
    CHECK(j->commit().code() == code::io);
    CHECK(j->committed() == 1);
    history seen;
    REQUIRE(journal::open("s", {.read_only = true, .files = &files}, seen.visitor()));
    CHECK(seen.count == 1);
  }
  h.append(*j);
  REQUIRE(j->commit());
  CHECK(j->committed() == 2);
  j.reset();
  history seen;
  REQUIRE(journal::open("s", {.files = &files}, seen.visitor()));
  CHECK(seen.good);
  CHECK(seen.count == h.count);
}

TEST_CASE("a failed sync is not tried again; a checkpoint heals", "[store]") {
  fault_files files;
  history h;
  auto j = journal::open("s", {.files = &files}, nullptr).value();
  h.append(*j);
  REQUIRE(j->commit());
  files.fail_from = files.operations;
  files.fail_count = 1;
  CHECK(j->sync().code() == code::io);
  CHECK(j->sync().code() == code::state);
  h.append(*j);
  CHECK(j->commit().code() == code::state);
  CHECK(j->durable() == 0);
  CHECK(j->wants_checkpoint());
  REQUIRE(h.checkpoint(*j));
  CHECK(j->durable() == j->committed());
  gyre::rng random(1, 0, 0);
  j.reset();
  files.power_loss(random);
  history seen;
  REQUIRE(journal::open("s", {.files = &files}, seen.visitor()));
  CHECK(seen.good);
  CHECK(seen.count == h.count);
}

// The process dies at operation N: every later one fails. Then the machine loses power, or does
// not.
TEST_CASE("after a crash at any operation all that was promised is there", "[store]") {
  const bool power_loss = GENERATE(true, false);
  bool finished = false;
  for (std::uint64_t at = 0; !finished; ++at) {
    for (std::uint64_t seed = 0; seed < (power_loss ? 12u : 1u); ++seed) {
      CAPTURE(power_loss, at, seed);
      gyre::rng random(seed, at, 0);
      fault_files files;
      std::uint64_t committed = 0, durable = 0;  // what was promised, as counts
      std::uint64_t written = 0;
      for (int life = 0; life < 3; ++life) {  // crashes during recovery and after it
        history h;
        files.fail_from = files.operations + at;
        auto opened = journal::open("s", {.files = &files}, h.visitor());
        if (opened) {
          REQUIRE(h.good);
          REQUIRE(h.count >= (power_loss ? durable : committed));
          REQUIRE(h.count <= written);
          journal& j = **opened;
          for (int i = 1; i <= 12; ++i) {
            h.append(j);
            if (i % 2 == 0) h.append(j);
            written = h.count;
            if (j.commit()) committed = h.count;
            if (i % 3 == 0 && j.sync()) durable = committed;
            if (i == 8 && h.checkpoint(j)) committed = durable = h.count;
            if (!power_loss) durable = 0;
          }
          finished = finished || files.operations < files.fail_from;
        }
        files.fail_from =
            files.fail_from == UINT64_MAX ? 0 : files.fail_from;  // dead: no last words
        if (opened) opened->reset();
        if (power_loss) {
          files.power_loss(random);
          committed = durable;
        } else {
          files.died();
        }
      }
      history last;
      const auto j = journal::open("s", {.files = &files}, last.visitor());
      if (!j) INFO(j.error().text);
      REQUIRE(j);
      REQUIRE(last.good);
      REQUIRE(last.count >= (power_loss ? durable : committed));
      REQUIRE(last.count <= written);
    }
  }
}
