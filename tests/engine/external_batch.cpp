// Method: property. Very many external ticks in batches; what the caller counted against what the
// engine did, item by item.
#include <gyre/engine.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "sanitized.hpp"

using namespace std::chrono_literals;

namespace {
void add_many(gyre::engine& e, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    e.add_external({.name = "l" + std::to_string(i),
                    .interval = 1s,
                    .timeout = 100ms,
                    .jitter = 0,
                    .retry = {0ms, 0ms, 0},
                    .metrics = gyre::metrics_mode::counters})
        .value();
  }
}
std::size_t count(const std::vector<gyre::completion>& all, gyre::code status) {
  return static_cast<std::size_t>(std::count_if(
      all.begin(), all.end(), [status](const auto& c) { return c.status == status; }));
}
}  // namespace

// Method: property. A batch that was completed, deadlines that passed at one time and events of
// loops by a pattern once went shard by shard.
TEST_CASE("external ticks of any number of shards end in one order", "[engine]") {
  const auto run = [](std::uint32_t shards) {
    gyre::engine e({.driver = gyre::driver::virtual_time, .shards = shards});
    std::string heard;
    e.subscribe("gyre.>", {}, [&](const gyre::message& m) {
       heard += std::string(m.topic) + " " + std::string(m.text()) + "\n";
     }).value();
    for (int i = 0; i < 12; ++i) {
      const std::string name = "x" + std::to_string(i);
      e.add_external({.name = name, .interval = 1s, .timeout = 200ms, .jitter = 0}).value();
    }
    e.advance_to(0s).value();
    std::array<std::uint32_t, 12> ids{};
    REQUIRE(e.acquire(ids) == 12);
    std::vector<gyre::completion> batch;
    for (const std::size_t i : {9u, 2u, 5u, 0u, 7u}) batch.push_back({.id = ids[i], .taken = 1ms});
    REQUIRE(e.complete(batch) == 5);
    e.advance_to(500ms).value();  // the others have timed out
    REQUIRE(e.throttle_loops("x*", 2).value() == 12);
    e.advance_to(600ms).value();
    return e.trace_hash() + "\n" + heard;
  };
  const std::string once = run(1);
  REQUIRE(once.find("x11") != std::string::npos);
  REQUIRE(std::count(once.begin(), once.end(), '\n') > 12);
  for (const std::uint32_t shards : {2u, 3u, 8u}) REQUIRE(run(shards) == once);
}

TEST_CASE("the ticks of many external loops, in batches, are each counted once", "[engine]") {
  const auto shards = GENERATE(1u, 3u);
  CAPTURE(shards);
  constexpr std::size_t loops = fewer(std::size_t{100'000});
  gyre::engine e({.driver = gyre::driver::virtual_time,
                  .shards = static_cast<std::uint32_t>(shards)});
  add_many(e, loops);
  std::array<std::uint32_t, 1024> ids{};
  std::size_t completed = 0, late = 0;
  for (int round = 0; round < 3; ++round) {
    e.advance_to(round * 1000ms).value();
    std::set<std::uint32_t> seen;
    std::vector<gyre::completion> slow;
    std::size_t acquired = 0;
    for (std::uint32_t n = e.acquire(ids); n != 0; n = e.acquire(ids)) {
      REQUIRE(n == std::min(ids.size(), loops - acquired));
      acquired += n;
      std::vector<gyre::completion> batch;
      for (const std::uint32_t id : std::span(ids).first(n)) {
        if (!seen.insert(id).second) FAIL("handed out twice");
        (seen.size() % 10 == 7 ? slow : batch).push_back({.id = id, .taken = 1ms});
      }
      REQUIRE(e.complete(batch) == batch.size());
      REQUIRE(count(batch, gyre::code::ok) == batch.size());
      completed += batch.size();
    }
    REQUIRE(acquired == loops);
    REQUIRE(slow.size() == loops / 10);
    e.advance_to(round * 1000ms + 500ms).value();  // their time is up
    REQUIRE(e.complete(slow) == 0);
    REQUIRE(count(slow, gyre::code::stale) == slow.size());
    late += slow.size();
    const auto totals = e.snapshot().totals;
    REQUIRE(totals.ticks == completed + late);
    REQUIRE(totals.timeouts == late);
    REQUIRE(totals.errors == 0);
  }
  REQUIRE(completed + late == 3 * loops);
}

TEST_CASE("each of a batch is told whether it counts", "[engine]") {
  const auto shards = GENERATE(1u, 4u);
  CAPTURE(shards);
  gyre::engine e({.driver = gyre::driver::virtual_time,
                  .shards = static_cast<std::uint32_t>(shards)});
  add_many(e, 200);
  e.advance_to(0ms).value();
  std::array<std::uint32_t, 150> ids{};
  REQUIRE(e.acquire(ids) == 150);
  REQUIRE(e.with_tick(ids[3], [](gyre::tick& t) { t.fail("a reason"); }));
  std::uint32_t removed = 0;
  REQUIRE(e.with_tick(ids[5], [&](gyre::tick& t) { removed = t.loop_id(); }));
  REQUIRE(e.at(removed)->remove());

  std::vector<gyre::completion> done;
  for (const std::uint32_t id : ids) done.push_back({.id = id});
  done.push_back({.id = ids[0]});           // given twice
  done.push_back({.id = removed});          // a loop's id
  done.push_back({.id = ids[1] ^ 1u << 20});  // of another generation
  done[149].taken = 5s;  // over its timeout: it counts, as one
  REQUIRE(e.complete(done) == 149);
  for (std::size_t i = 0; i < done.size(); ++i) {
    CAPTURE(i);
    REQUIRE(done[i].status == (i < 150 && i != 5 ? gyre::code::ok : gyre::code::stale));
  }
  REQUIRE(e.complete(done) == 0);
  REQUIRE(e.complete(std::span<gyre::completion>()) == 0);
  auto totals = e.snapshot().totals;
  REQUIRE(totals.ticks == 149);
  REQUIRE(totals.errors == 1);
  REQUIRE(totals.timeouts == 1);

  // One that nobody has acquired cannot be completed, and waits on.
  std::array<std::uint32_t, 100> more{};
  REQUIRE(e.acquire(std::span(more).first(1)) == 1);
  std::vector<gyre::completion> guessed;
  for (std::uint32_t next = 1; next < 50; ++next) guessed.push_back({.id = more[0] + next});
  REQUIRE(e.complete(guessed) == 0);
  REQUIRE(e.acquire(std::span(more).subspan(1)) == 49);
}

TEST_CASE("a tick whose time is up is refused, also where the engine has not looked yet",
          "[engine]") {
  gyre::engine e({.driver = gyre::driver::virtual_time});
  add_many(e, 2);
  e.advance_to(0ms).value();
  std::array<std::uint32_t, 2> ids{};
  REQUIRE(e.acquire(ids) == 2);
  e.jump_to(99ms).value();
  REQUIRE(e.complete(ids[0], 1ms));
  e.jump_to(100ms).value();
  REQUIRE(e.complete(ids[1], 1ms).code() == gyre::code::stale);
  const auto totals = e.snapshot().totals;
  REQUIRE(totals.ticks == 2);
  REQUIRE(totals.timeouts == 1);
}

#if GYRE_THREADS
TEST_CASE("threads that take and return batches leave the counts exact", "[engine]") {
  gyre::engine e({.shards = 2});
  for (int i = 0; i < 200; ++i) {
    e.add_external({.name = std::to_string(i), .interval = 1ms, .timeout = 600s}).value();
  }
  (void)e.start();
  std::atomic<std::size_t> completed{0}, wrong{0};
  std::vector<std::thread> hosts;
  for (int i = 0; i < 3; ++i) {
    hosts.emplace_back([&] {
      std::array<std::uint32_t, 64> ids{};
      std::array<gyre::completion, 128> done;
      while (completed < 5000) {
        const std::uint32_t n = e.acquire(ids);
        if (n == 0) std::this_thread::yield();
        for (std::uint32_t k = 0; k < n; ++k) done[k] = done[n + k] = {.id = ids[k]};
        const std::size_t counted = e.complete(std::span(done).first(2 * n));  // each twice
        if (counted != n) ++wrong;
        completed += counted;
      }
    });
  }
  for (auto& host : hosts) host.join();
  REQUIRE(wrong == 0);
  (void)e.stop();
  const auto totals = e.snapshot().totals;
  REQUIRE(totals.ticks == completed);
  REQUIRE(totals.errors + totals.timeouts + totals.cancelled == 0);
}
#endif
