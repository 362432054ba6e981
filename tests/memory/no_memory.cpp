// no_memory.cpp - Method: fault. Each allocation of a call fails in turn; the record is then there
// in memory and journal alike or in neither, and the journal gives a memory again.
#include <cstdlib>
#include <gyre/memory/file_archive.hpp>
#include <gyre/memory/memory.hpp>
#include <gyre/store/memory_files.hpp>
#include <gyre/store/pending.hpp>
#include <new>

#include "catch.hpp"
#include "law.hpp"

#if GYRE_EXCEPTIONS
namespace {
long allocations_left = -1;  // fails once when it gets to 0; negative: never

void* get(std::size_t size) {
  if (allocations_left == 0) {
    allocations_left = -1;
    return nullptr;
  }
  if (allocations_left > 0) --allocations_left;
  return std::malloc(size == 0 ? 1 : size);
}
}  // namespace

[[gnu::noinline]] void* operator new(std::size_t size) {
  if (void* p = get(size)) return p;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return get(size);
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }

TEST_CASE("whatever allocation of a remember fails, memory and journal agree", "[memory]") {
  for (long from = 0; from < 60; ++from) {
    CAPTURE(from);
    gyre::memory_files files;
    gyre::memory live({.ring = 8, .archive_after_s = 1});
    gyre::pending_frames journal;
    live.set_journal([&](std::uint8_t kind, std::span<const std::byte> bytes) {
      journal.add(1, kind, bytes);
      return gyre::result<void>(gyre::ok);
    });
    REQUIRE(live.attach(gyre::file_archive::open(files, "d", 1 << 20).value()));
    std::uint64_t failed = 0;
    for (int i = 0; i < 400; ++i) {
      gyre::record r;
      r.text = "record " + std::to_string(i % 300);
      if (i >= 100 && i < 130) allocations_left = from;
      try {
        (void)live.remember(r, 1000 * i);
      } catch (const std::bad_alloc&) {
        ++failed;
      }
      allocations_left = -1;
      require_law(live);
    }
    REQUIRE(live.stats().remembered == 400 - failed);
    REQUIRE(live.consolidate(410'000));
    const auto before = live.recall({.limit = 1000});
    live.detach();
    gyre::memory again({.ring = 8, .archive_after_s = 1});
    journal.each([&](std::uint32_t, std::uint8_t kind, std::span<const std::byte> bytes) {
      REQUIRE(again.replay(kind, bytes));
    });
    REQUIRE(again.attach(gyre::file_archive::open(files, "d", 1 << 20).value()));
    require_law(again);
    CHECK(again.stats().remembered == live.stats().remembered);
    CHECK(again.stats().evicted == 0);
    CHECK(again.recall({.limit = 1000}).size() == before.size());
  }
}
#endif
