// checkpoint.cpp - Method: checkpoints between commits, states of any size, failing at each
// operation.
#include <gyre/store/memory_files.hpp>

#include "catch.hpp"
#include "fault_files.hpp"
#include "history.hpp"

using gyre::code;
using gyre::journal;

TEST_CASE("a checkpoint replaces the journal and the journal goes on", "[store]") {
  gyre::memory_files files;
  history h;
  auto j = journal::open("s", {.file_bytes = 4096, .files = &files}, nullptr).value();
  std::uint64_t checkpoints = 0;
  for (int i = 0; i < 2000; ++i) {
    h.append(*j);
    REQUIRE(j->commit());
    if (!j->wants_checkpoint()) continue;
    h.append(*j);  // pending: the state tells it
    const std::uint64_t before = j->committed();
    REQUIRE(h.checkpoint(*j));
    CHECK(j->committed() == before + 1);
    CHECK(j->durable() == j->committed());
    CHECK(j->pending_bytes() == 0);
    ++checkpoints;
  }
  CHECK(checkpoints > 10);
  CHECK(j->file_bytes() < 8192);
  CHECK(*files.list("s") == std::vector<std::string>{"journal"});
  const std::uint64_t committed = j->committed();
  j.reset();
  history seen;
  j = journal::open("s", {.files = &files}, seen.visitor()).value();
  CHECK(seen.good);
  CHECK(seen.count == h.count);
  CHECK(j->committed() == committed);
}

TEST_CASE("states of any size come back in order", "[store]") {
  gyre::memory_files files;
  auto j = journal::open("s", {.files = &files}, nullptr).value();
  std::vector<std::vector<std::byte>> states;
  for (const std::size_t n : {0u, 1u, 100u, 65'536u, 3'000'001u})
    states.emplace_back(n, std::byte{42});
  std::vector<gyre::stream_state> spans;
  for (std::uint32_t i = 0; i < states.size(); ++i) spans.push_back({i + 100, states[i]});
  REQUIRE(j->checkpoint(spans));
  j.reset();
  std::size_t i = 0;
  REQUIRE(journal::open("s", {.files = &files},
                        [&](std::uint32_t stream, std::uint8_t type,
                            std::span<const std::byte> bytes) -> gyre::result<void> {
                          CHECK(type == 0);
                          CHECK(stream == i + 100);
                          CHECK(bytes.size() == states[i].size());
                          ++i;
                          return gyre::ok;
                        }));
  CHECK(i == states.size());
}

TEST_CASE("a checkpoint that fails anywhere leaves a journal that goes on", "[store]") {
  for (std::uint64_t at = 0;; ++at) {
    CAPTURE(at);
    fault_files files;
    history h;
    auto j = journal::open("s", {.files = &files}, nullptr).value();
    for (int i = 0; i < 5; ++i) h.append(*j);
    REQUIRE(j->commit());
    h.append(*j);
    files.fail_from = files.operations + at;
    files.fail_count = 1;
    const bool worked = h.checkpoint(*j).has_value();
    files.fail_from = UINT64_MAX;
    if (!worked && j->commit().code() == code::state) {
      // The new file is in place, only its name may not be durable: another checkpoint settles
      // that.
      REQUIRE(h.checkpoint(*j));
    }
    h.append(*j);
    REQUIRE(j->commit());
    REQUIRE(j->sync());
    j.reset();
    history seen;
    REQUIRE(journal::open("s", {.files = &files}, seen.visitor()));
    REQUIRE(seen.good);
    REQUIRE(seen.count == h.count);
    if (worked) break;
  }
}

TEST_CASE("a state larger than a frame lies in several", "[store]") {
  gyre::memory_files files;
  const std::size_t sizes[] = {0, 99, 100, 101, 300, 1234};
  std::vector<std::vector<std::byte>> states;
  std::vector<gyre::stream_state> spans;
  for (std::uint32_t i = 0; i < 6; ++i) {
    states.emplace_back(sizes[i]);
    for (std::size_t k = 0; k < sizes[i]; ++k) states[i][k] = static_cast<std::byte>(i + k);
  }
  for (std::uint32_t i = 0; i < 6; ++i) spans.push_back({i + 1, states[i]});
  {
    auto j = journal::open("s", {.state_part = 100, .files = &files}, nullptr).value();
    REQUIRE(j->checkpoint(spans));
    j->append(7, 5, states[1]);
    REQUIRE(j->commit());
    REQUIRE(j->sync());
  }
  const auto whole = *files.bytes("s/journal");
  CHECK(gyre::file_header::decode(whole, 1, "j")->features == 1);
  const auto count_good = [&](bool salvage) {
    std::uint32_t i = 0;
    const auto j = journal::open("s", {.read_only = true, .salvage = salvage, .files = &files},
                                 [&](std::uint32_t stream, std::uint8_t type,
                                     std::span<const std::byte> bytes) -> gyre::result<void> {
                                   REQUIRE(stream == ++i);
                                   REQUIRE(type == (i == 7 ? 5 : 0));
                                   const auto& expected = states[i == 7 ? 1 : i - 1];
                                   REQUIRE(std::equal(bytes.begin(), bytes.end(),
                                                      expected.begin(), expected.end()));
                                   return gyre::ok;
                                 });
    REQUIRE(j.has_value() == (salvage || i == 7));
    return i;
  };
  CHECK(count_good(false) == 7);
  for (std::size_t i = gyre::file_header::bytes; i + 200 < whole.size(); i += 5) {
    CAPTURE(i);  // salvaged, a state is there whole or not at all
    (*files.bytes("s/journal")) = whole;
    (*files.bytes("s/journal"))[i] ^= std::byte{1};
    REQUIRE(count_good(true) < 7);
  }
  *files.bytes("s/journal") = whole;
  auto j = journal::open("s", {.files = &files}, nullptr).value();  // with whole ones again
  REQUIRE(j->checkpoint(spans));
  CHECK(gyre::file_header::decode(*files.bytes("s/journal"), 1, "j")->features == 0);
  j.reset();
  std::uint32_t seen = 0;
  REQUIRE(journal::open("s", {.files = &files},
                        [&](std::uint32_t, std::uint8_t, std::span<const std::byte>) {
                          ++seen;
                          return gyre::result<void>(gyre::ok);
                        }));
  CHECK(seen == 6);
}
