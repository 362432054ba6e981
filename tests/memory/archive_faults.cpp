// archive_faults.cpp - Method: fault. A memory over days with its archive on files of which each
// operation fails in turn, and which then lose their power; every record must be recalled again.
#include <gyre/memory/file_archive.hpp>
#include <gyre/memory/memory.hpp>

#include "../store/fault_files.hpp"
#include "catch.hpp"
#include "law.hpp"

namespace {
/// 300 letters that do not deflate well, so that a file of 16 KiB is full after a few blocks.
gyre::record noise_of(std::uint64_t hour) {
  gyre::rng letters(21, hour, 0);
  gyre::record r;
  r.text = std::to_string(hour) + ": ";
  for (int i = 0; i < 300; ++i) r.text += static_cast<char>('a' + letters.below(26));
  return r;
}

/// A memory whose journal always survives, with an archive that may not.
struct archived_run {
  fault_files files;
  std::vector<std::pair<std::uint8_t, std::vector<std::byte>>> journal;
  std::unique_ptr<gyre::memory> live;
  std::uint64_t hour = 0;

  gyre::result<void> open() {
    live = std::make_unique<gyre::memory>();
    for (const auto& [kind, bytes] : journal) GYRE_CHECK(live->replay(kind, bytes));
    live->set_journal([this](std::uint8_t kind, std::span<const std::byte> bytes) {
      journal.emplace_back(kind, std::vector<std::byte>(bytes.begin(), bytes.end()));
      return gyre::result<void>(gyre::ok);
    });
    GYRE_TRY(cold, gyre::file_archive::open(files, "d", 256 << 10, {3, 4}));
    return live->attach(std::move(cold));
  }
  std::int64_t now() const { return static_cast<std::int64_t>(hour) * 3'600'000; }
  void remember(std::uint64_t hours) {
    for (std::uint64_t end = hour + hours; hour < end;) {
      ++hour;
      REQUIRE(live->remember(noise_of(hour), now()));
    }
  }
  /// Twelve days; what a move to the archive came to is not looked at.
  void live_on() {
    for (int i = 0; i < 8; ++i) {
      remember(36);
      (void)live->consolidate(now());
      require_law(*live);
    }
  }
  void require_all() {
    const auto found = live->recall({.limit = 1'000'000});
    REQUIRE(found.size() == hour);
    for (std::size_t k = 0; k < found.size(); ++k) {
      REQUIRE(found[k].text == noise_of(hour - k).text);
    }
    REQUIRE(live->stats().evicted == 0);
    require_law(*live);
  }
};
}  // namespace

TEST_CASE("whatever operation fails, no record is lost, and the archive goes on", "[memory]") {
  std::uint64_t operations = 0;
  {
    archived_run calm;
    REQUIRE(calm.open());
    calm.live_on();
    calm.require_all();
    REQUIRE(calm.live->stats().archived > 200);
    REQUIRE(calm.files.list("d")->size() > 2);
    operations = calm.files.operations;
  }
  for (const std::uint64_t failing : {std::uint64_t{1}, UINT64_MAX}) {
    for (std::uint64_t from = 0; from < operations; ++from) {
      CAPTURE(failing, from);
      archived_run run;
      REQUIRE(run.open());
      run.files.fail_from = run.files.operations + from;
      run.files.fail_count = failing;
      run.live_on();
      run.require_all();
      run.files.fail_from = UINT64_MAX;
      run.remember(36);
      REQUIRE(run.live->consolidate(run.now()));
      run.require_all();
      REQUIRE(run.live->stats().archived > 200);
      gyre::rng random(5, from, failing);
      run.live.reset();
      run.files.power_loss(random);
      REQUIRE(run.open());
      run.require_all();
    }
  }
}

TEST_CASE("power lost at any operation, the archive is as its memory left it", "[memory]") {
  for (std::uint64_t from = 0; from < 150; ++from) {
    CAPTURE(from);
    gyre::rng random(6, from, 0);
    archived_run run;
    REQUIRE(run.open());
    for (int life = 0; life < 2; ++life) {
      run.files.fail_from = run.files.operations + random.below(100);
      run.live_on();
      run.live.reset();
      run.files.power_loss(random);
      REQUIRE(run.open());
      run.require_all();
    }
  }
}

TEST_CASE("a journal that lost its end finds its archive rewound", "[memory]") {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    CAPTURE(seed);
    gyre::rng random(7, seed, 0);
    archived_run run;
    REQUIRE(run.open());
    run.live_on();
    run.live.reset();
    run.journal.resize(1 + random.below(static_cast<std::uint32_t>(run.journal.size())));
    run.hour = 0;
    for (const auto& change : run.journal) run.hour += change.first == 1 ? 1 : 0;
    run.files.power_loss(random);
    REQUIRE(run.open());
    run.require_all();
    run.live_on();
    run.require_all();
  }
}
