// interleaved.cpp - Method: property. A checkpoint is written step by step while commits go on, any
// operation may fail, and power or process may go at any moment: what comes back is a prefix of
// what was appended, with all that was committed (process) or durable (power).
#include "catch.hpp"
#include "fault_files.hpp"
#include "history.hpp"

using gyre::code;
using gyre::journal;

namespace {

/// A journal and what it has promised.
struct world {
  fault_files files;
  history h;
  std::unique_ptr<journal> j;
  std::vector<std::byte> state;  // of the checkpoint under way
  std::uint64_t committed = 0, durable = 0;
  std::vector<std::uint64_t> counts;  // by group: what is there with it
  std::uint64_t checkpoints = 0, between = 0;

  void open() {
    history seen;
    auto opened = journal::open(
        "s", {.pending_bytes = 3000, .file_bytes = 4000, .state_part = 64, .files = &files},
        seen.visitor());
    REQUIRE(opened);
    REQUIRE(seen.good);
    REQUIRE(seen.count >= durable);
    REQUIRE(seen.count <= h.count);
    h.count = seen.count;
    j = std::move(*opened);
    committed = durable = h.count;
  }
  void commit() {
    const auto here = j->at_disk().value();
    const bool all = j->take();
    const std::uint64_t told = h.count;
    if (j->write() && all) {
      committed = told;
      if (j->in_checkpoint()) ++between;
    }
  }
  void sync() {
    const std::uint64_t told = committed;
    if (j->sync()) durable = told;
  }
  /// A state of some parts: its number first, then what its length makes of it.
  void begin() {
    const auto here = j->at_disk().value();
    if (j->in_checkpoint() || !j->begin_checkpoint()) return;
    state = number_bytes(h.count);
    state.resize(500);
    gyre::vec<gyre::stream_state> all;
    gyre::stream_state one;
    one.stream = 9;
    one.bytes = std::span(state).first(11);
    one.more.push_back(std::span(state).subspan(11, 0));
    one.more.push_back(std::span(state).subspan(11));
    all.push_back(std::move(one));
    j->cut(std::move(all));
  }
  void step() {
    const auto here = j->at_disk().value();
    if (!j->in_checkpoint()) return;
    const auto done = j->step();
    if (done && *done) {
      ++checkpoints;
      durable = std::max(durable, committed);
    }
  }
};

}  // namespace

TEST_CASE("a checkpoint between commits loses nothing, whatever fails", "[store]") {
  std::uint64_t checkpoints = 0, between = 0;
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    CAPTURE(seed);
    gyre::rng random(seed, 0, 0);
    world w;
    w.open();
    for (int i = 0; i < 400; ++i) {
      CAPTURE(i);
      if (random.below(40) == 0) {
        w.files.fail_from = w.files.operations + random.below(10);
        w.files.fail_count = 1 + random.below(random.below(8) == 0 ? 60 : 2);
      }
      switch (random.below(10)) {
        case 0: w.sync(); break;
        case 1: w.begin(); break;
        case 2: case 3: case 4: w.step(); break;
        case 5: case 6: w.commit(); break;
        default:
          for (std::uint32_t n = random.below(6); n > 0; --n) w.h.append(*w.j);
      }
      if (random.below(100) != 0) continue;
      w.files.fail_from = UINT64_MAX;
      const bool power = random.below(2) == 0;
      const std::uint64_t least = power ? w.durable : w.committed;
      w.files.fail_from = 0;  // its destructor writes nothing
      w.j.reset();
      if (power) {
        w.files.power_loss(random);
      } else {
        w.files.died();
      }
      w.durable = least;
      w.open();
    }
    w.files.fail_from = UINT64_MAX;
    w.j.reset();
    w.open();
    checkpoints += w.checkpoints;
    between += w.between;
  }
  INFO(checkpoints << " checkpoints, " << between << " commits between their steps");
  CHECK(checkpoints > 150);
  CHECK(between > 4000);
}

TEST_CASE("frames lost before a checkpoint that fails are told, healed by the next", "[store]") {
  fault_files files;
  history h;
  auto j =
      journal::open("s", {.pending_bytes = 1000, .state_part = 16, .files = &files}, nullptr)
          .value();
  while (j->lost() == 0) h.append(*j);
  REQUIRE(j->commit().code() == code::overflow);
  const auto bytes = number_bytes(h.count);
  const auto begin = [&] {
    REQUIRE(j->begin_checkpoint());
    gyre::vec<gyre::stream_state> all;
    all.push_back({9, bytes});
    j->cut(std::move(all));
  };
  {
    const auto here = j->at_disk().value();
    begin();
    h.append(*j);  // behind the hole: only for the new file
    j->take();
    CHECK(j->write().code() == code::overflow);
    CHECK(j->lost() == 1);
    files.fail_from = files.operations;
    CHECK_FALSE(j->step());
    files.fail_from = UINT64_MAX;
    j->take();
    CHECK(j->write().code() == code::overflow);
    CHECK(j->lost() == 2);
  }
  {
    history seen;
    REQUIRE(journal::open("s", {.read_only = true, .files = &files}, seen.visitor()));
    CHECK(seen.good);
    CHECK(seen.count == h.count - 2);
  }
  REQUIRE(h.checkpoint(*j));
  h.append(*j);
  REQUIRE(j->commit());
  j.reset();
  history seen;
  REQUIRE(journal::open("s", {.files = &files}, seen.visitor()));
  CHECK(seen.good);
  CHECK(seen.count == h.count);
}
