// Method: bodies that wait behind doors; every wait is for a condition.
#include <gyre/run/executor.hpp>

#include <algorithm>
#include <atomic>
#include <memory>

#include "catch.hpp"

using namespace std::chrono_literals;

TEST_CASE("an alarm keeps a ring that comes first and times out without one", "[run]") {
  gyre::alarm a;
  a.ring();
  REQUIRE(a.wait(10s));
  REQUIRE_FALSE(a.wait(1ms));
  std::thread other([&] { a.ring(); });
  REQUIRE(a.wait(60s));
  other.join();
}

namespace {
const auto nothing_else = [] { return true; };
}  // namespace

TEST_CASE("each slot's thread runs its body with its epoch, and wait is for all", "[run]") {
  std::atomic<std::uint64_t> sum{0};
  gyre::executor e;
  for (int round = 0; round < 3; ++round) {
    sum = 0;
    REQUIRE(e.start({10, 20, 30}, [&](std::uint32_t slot, std::uint64_t epoch) {
      sum += slot + epoch;
    }));
    REQUIRE(e.wait(60s, nothing_else));
    REQUIRE(sum == 63);
    REQUIRE_FALSE(e.driven(0));
    e.abandon();
  }
}

TEST_CASE("a thread whose body returned takes the next slot", "[run]") {
  std::mutex mutex;
  std::vector<std::thread::id> ids;
  gyre::executor e;
  REQUIRE(e.start({0}, [&](std::uint32_t, std::uint64_t) {
    const std::lock_guard lock(mutex);
    ids.push_back(std::this_thread::get_id());
  }));
  for (std::uint64_t epoch = 1; epoch < 20; ++epoch) {
    while (e.driven(0)) std::this_thread::yield();
    REQUIRE(e.prepare());
    e.replace(0, epoch);
  }
  REQUIRE(e.wait(60s, nothing_else));
  REQUIRE(ids.size() == 20);
  REQUIRE(std::count(ids.begin(), ids.end(), ids[0]) == 20);
}

TEST_CASE("threads that are said to return are waited for, and hold nothing after that", "[run]") {
  const auto open = std::make_shared<std::atomic<bool>>(false);
  for (int round = 0; round < 20; ++round) {
    *open = false;
    gyre::executor e;
    REQUIRE(e.start({0}, [open](std::uint32_t, std::uint64_t epoch) {
      while (epoch == 0 && !*open) std::this_thread::yield();
    }));
    REQUIRE(e.prepare());
    e.replace(0, 1);
    REQUIRE(e.wait(60s, nothing_else));
    *open = true;
    e.abandon(true);
    REQUIRE(open.use_count() == 1);
  }
}

TEST_CASE("a stuck thread is replaced, and keeps alive what it uses", "[run]") {
  struct shared {
    std::atomic<bool> open{false}, freed_stuck{false};
    std::atomic<int> entered{0};
  };
  const auto s = std::make_shared<shared>();
  {
    gyre::executor e;
    REQUIRE(e.start({0}, [s](std::uint32_t, std::uint64_t epoch) {
      ++s->entered;
      if (epoch != 0) return;
      while (!s->open) std::this_thread::sleep_for(1ms);
      s->freed_stuck = true;
    }));
    while (s->entered == 0) std::this_thread::sleep_for(1ms);
    REQUIRE(e.driven(0));
    REQUIRE(e.prepare());
    e.replace(0, 1);
    REQUIRE(e.wait(60s, nothing_else));
    REQUIRE_FALSE(e.wait(1ms, [&] { return s->freed_stuck.load(); }));
    REQUIRE(s->entered == 2);
  }
  s->open = true;
  while (s.use_count() > 1) std::this_thread::sleep_for(1ms);
  REQUIRE(s->freed_stuck);
}
