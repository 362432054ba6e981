// Method: property. What a step may cost is counted: entries moved, allocations, chunks.
#include <gyre/core/rng.hpp>
#include <gyre/run/scheduler.hpp>

#include <algorithm>
#include <vector>

#include "allocations.hpp"
#include "catch.hpp"
#include "timers.hpp"

using namespace timers;

namespace {

/// N loops, each with a period within 10 % of one, at random phases: ticks on the virtual clock.
struct timer_mill {
  timer_mill(std::uint32_t n, std::int64_t period) : random(3, n, 0) {
    scheduler.reserve(n);
    for (std::uint32_t slot = 0; slot < n; ++slot) {
      const auto p = static_cast<double>(period);
      periods.push_back(static_cast<std::int64_t>(p * (0.9 + 0.2 * random.unit())));
      const auto due = static_cast<std::int64_t>(p * random.unit());
      scheduler.push({instant(due), 0, slot, slot});
    }
  }
  void tick() {
    now = scheduler.next_due();
    (void)scheduler.pop_due(now, entry);
    entry.due += instant(periods[entry.slot]);
    scheduler.push(entry);
  }
  gyre::rng random;
  gyre::scheduler scheduler;
  std::vector<std::int64_t> periods;
  due_entry entry;
  instant now{0};
};

}  // namespace

TEST_CASE("no call moves more than its share of the entries", "[run]") {
  const std::uint32_t n = 1'000'000 / scale_down;
  const std::int64_t period = second * GENERATE(1, 10);
  timer_mill mill(n, period);
  std::uint64_t worst = 0;
  const std::uint64_t before = mill.scheduler.wheel().moved();
  for (std::uint32_t i = 0; i < 3 * n; ++i) {
    const std::uint64_t moved = mill.scheduler.wheel().moved();
    mill.tick();
    worst = std::max(worst, mill.scheduler.wheel().moved() - moved);
  }
  // A tick's entries, and as many for the cascade; half as much again because phases are random.
  const double a_tick = n * 1.048576 * ms / static_cast<double>(period);
  CAPTURE(period, a_tick, worst);
  REQUIRE(static_cast<double>(worst) < 2 * 1.5 * a_tick + 100);
  // Each is moved once a level, and once when its tick opens.
  REQUIRE(mill.scheduler.wheel().moved() - before <= (period == second ? 2 : 3) * 3ULL * n);
}

// With one due time for all, the tick that opens holds everything. Pushed again in the order in
// which they run they are in order already, and are taken a piece at a time.
TEST_CASE("a tick whose entries came in order opens piece by piece", "[run]") {
  constexpr std::uint32_t n = 50'000;
  gyre::scheduler scheduler(n);
  for (std::uint32_t slot = 0; slot < n; ++slot)
    scheduler.push({instant(second), 0, slot, slot});
  for (std::uint32_t i = 0; i < 3 * n; ++i) {
    const std::uint64_t moved = scheduler.wheel().moved();
    due_entry entry = scheduler.pop();
    const bool fine = entry.slot == i % n && entry.due == instant((1 + i / n) * second) &&
                      scheduler.wheel().moved() - moved <= 480;
    if (!fine) REQUIRE(fine);
    entry.due += instant(second);
    scheduler.push(entry);
  }
}

TEST_CASE("scheduler allocates in reserve and nowhere else", "[run]") {
  const std::int64_t period = GENERATE(std::int64_t{300'000}, second, 30 * second);
  const std::uint32_t n = GENERATE(900U, 5000U);
  const std::size_t unused = allocated();
  gyre::scheduler scheduler(n);
  // The count counts; of 5,000 the chunks are mapped, which bytes() alone shows.
  REQUIRE(allocated() - unused >= (n < 1000 ? 5U : 4U));
  const std::size_t first = allocated(), bytes = scheduler.bytes();
  gyre::rng random(4, 0, 0);
  due_entry entry;
  for (int round = 0; round < 3; ++round) {
    for (std::uint32_t slot = 0; slot < n; ++slot) {
      scheduler.push({instant(random.below(1'000'000)), 0, slot, slot});
    }
    for (std::uint32_t i = 0; i < 100'000; ++i) {
      REQUIRE(scheduler.pop_due(scheduler.next_due(), entry));
      entry.due += instant(period / 2 + random.below(1'000'000'000) % period);
      scheduler.push(entry);
      const std::uint32_t slot = random.below(n);
      if (i % 8 != 0 || !scheduler.cancel(slot)) continue;
      scheduler.push({entry.due, 0, slot, slot});
    }
    while (!scheduler.empty()) (void)scheduler.pop();
  }
  REQUIRE(allocated() == first);
  REQUIRE(scheduler.bytes() == bytes);
}

TEST_CASE("scheduler that is asked for one slot more each time grows by doubling", "[run]") {
  gyre::scheduler scheduler(1);
  const std::size_t first = allocated();
  for (std::uint32_t slots = 2; slots <= 20'000; ++slots) scheduler.reserve(slots);
  REQUIRE(allocated() - first < 15 * 5);                // doublings, parts
  scheduler.push({gyre::never, 0, 20'000, 20'000});  // one more than was reserved
  REQUIRE(scheduler.find(20'000)->due == gyre::never);
}

TEST_CASE("memory stays as it is over ten minutes of 100k loops", "[run]") {
  timer_mill mill(100'000 / scale_down, 10 * second);
  const std::size_t bytes = mill.scheduler.bytes();
  std::size_t most = 0;
  std::uint32_t ticks = 0;
  for (; mill.now < instant(600 * second); ++ticks) {
    mill.tick();
    most = std::max(most, mill.scheduler.wheel().buckets().chunks());
  }
  REQUIRE(ticks > 59 * (100'000 / scale_down));
  REQUIRE(mill.scheduler.bytes() == bytes);
  const std::size_t n = 100'000 / scale_down;
  REQUIRE(most <= n / 15 + std::min<std::size_t>(n, 8256) + 1);  // as documented
}

// Time passes without a tick: each poll does its share of what the next rotation needs, so that
// the poll that enters the rotation does not do it all.
TEST_CASE("polls that find nothing due go on with the cascade", "[run]") {
  constexpr std::uint32_t n = 20'000;
  gyre::scheduler scheduler(n);
  gyre::rng random(2, 0, 0);
  for (std::uint32_t slot = 0; slot < n; ++slot) {
    const auto due = static_cast<std::int64_t>((3.5 + random.unit()) * 1e9);
    scheduler.push({instant(due), 0, slot, slot});
  }
  std::uint64_t worst = 0;
  due_entry entry;
  for (instant now{0}; now < instant(5 * second); now += instant(ms)) {
    const std::uint64_t moved = scheduler.wheel().moved();
    while (scheduler.pop_due(now, entry)) continue;
    worst = std::max(worst, scheduler.wheel().moved() - moved);
  }
  REQUIRE(scheduler.empty());
  REQUIRE(worst < 200);  // 20 a tick come due, as many cascade, in chunks of 15
}
