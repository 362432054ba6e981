// Method: golden and model. Orders of entries that were thought out beforehand, and what is left
// when entries are cancelled, cleared or wait for long.
#include <gyre/core/rng.hpp>
#include <gyre/run/scheduler.hpp>

#include <algorithm>
#include <set>
#include <vector>

#include "catch.hpp"
#include "timers.hpp"

using namespace timers;

TEST_CASE("a timer's entry keeps the greatest and the least of what it is given", "[run]") {
  using gyre::timer_entry;
  for (const gyre::instant due : {gyre::instant::min(), gyre::instant(-1), gyre::instant(0),
                                  gyre::instant(0xffffffff), gyre::instant(1LL << 32),
                                  gyre::never}) {
    for (const int priority : {timer_entry::lowest, -1, 0, timer_entry::highest}) {
      for (const std::uint32_t slot : {0U, timer_entry::most_slots - 1}) {
        const timer_entry e(due, priority, slot);
        REQUIRE(e.due() == due);
        REQUIRE(e.priority() == priority);
        REQUIRE(e.slot() == slot);
      }
    }
  }
}

TEST_CASE("scheduler orders by due, priority, order of add, however entries came in", "[run]") {
  std::vector<due_entry> entries = {{instant(1), 0, 4, 4},
                                    {instant(1), 5, 3, 3},
                                    {instant(1), 5, 7, 0},
                                    {instant(0), -9, 9, 9},
                                    {instant(2), 99, 0, 1}};
  const std::vector<std::uint32_t> expected = {9, 3, 0, 4, 1};
  std::sort(entries.begin(), entries.end(),
            [](const due_entry& a, const due_entry& b) { return a.slot < b.slot; });
  do {
    gyre::scheduler scheduler(16);
    for (const due_entry& entry : entries) scheduler.push(entry);
    std::vector<std::uint32_t> slots;
    while (!scheduler.empty()) slots.push_back(scheduler.pop().slot);
    REQUIRE(slots == expected);
  } while (std::next_permutation(
      entries.begin(), entries.end(),
      [](const due_entry& a, const due_entry& b) { return a.slot < b.slot; }));
}

// One tick of the wheel with more entries than it sorts by insertion, in each order they can come
// in; every third is cancelled or put elsewhere while the tick is open.
TEST_CASE("a full tick opens in order, and takes cancels while it is open", "[run]") {
  const int arrangement = GENERATE(0, 1, 2, 3);
  CAPTURE(arrangement);
  constexpr std::uint32_t n = 4000;
  gyre::rng random(9, 0, 0);
  gyre::scheduler scheduler(n + 200);
  for (std::uint32_t slot = n; slot < n + 200; ++slot) {
    scheduler.push({instant(100 * second), 0, slot, slot});  // so that the wheel is used
  }
  std::set<due_entry, in_order> model;
  std::vector<due_entry> all;
  for (std::uint32_t i = 0; i < n; ++i) {
    const std::uint32_t slot = arrangement == 1 ? n - 1 - i : i;
    const std::int64_t within = arrangement < 2 ? 7 : random.below(arrangement == 2 ? 900'000 : 5);
    all.push_back({instant(second + within), arrangement == 3 ? static_cast<int>(slot % 3) : 0,
                   slot, slot});
    scheduler.push(all.back());
    model.insert(all.back());
  }
  std::uint32_t popped = 0;
  while (!model.empty()) {
    due_entry out;
    REQUIRE(scheduler.pop_due(instant(second + ms), out));
    if (!same(out, *model.begin())) REQUIRE(same(out, *model.begin()));
    model.erase(model.begin());
    if (++popped % 3 != 0 || model.empty()) continue;
    const bool near = random.below(2) == 0;  // the very next, or one far behind
    auto victim = model.begin();
    if (!near) victim = model.lower_bound(all[random.below(n)]);
    if (victim == model.end()) continue;
    REQUIRE(scheduler.cancel(victim->slot));
    model.erase(victim);
  }
  REQUIRE(scheduler.size() == 200);
  REQUIRE(scheduler.next_due() == instant(100 * second));
}

TEST_CASE("an interval shorter than the wheel's tick is kept", "[run]") {
  gyre::scheduler scheduler;
  for (std::uint32_t slot = 0; slot < 300; ++slot) {
    scheduler.push({instant(100 + slot), 0, slot, slot});
  }
  for (std::uint32_t i = 0; i < 100'000; ++i) {  // each every 300 ns
    due_entry entry;
    REQUIRE_FALSE(scheduler.pop_due(instant(99 + i), entry));
    REQUIRE(scheduler.pop_due(instant(100 + i), entry));
    if (entry.slot != i % 300) REQUIRE(entry.slot == i % 300);
    entry.due += instant(300);
    scheduler.push(entry);
  }
}

TEST_CASE("a cancelled entry leaves nothing behind", "[run]") {
  constexpr std::uint32_t n = 3000;
  gyre::scheduler scheduler(n);
  gyre::rng random(6, 0, 0);
  for (std::uint32_t slot = 0; slot < n; ++slot) {
    scheduler.push({instant(second), 0, slot, slot});
  }
  for (std::uint32_t i = 0; i < 1'000'000 / scale_down; ++i) {  // reconfigured over and over
    const std::uint32_t slot = random.below(n);
    scheduler.push({instant(spread_over(random, second, year)), 0, slot, slot});
  }
  REQUIRE(scheduler.size() == n);
  REQUIRE(scheduler.wheel().buckets().chunks() <= n);
  for (std::uint32_t slot = 0; slot < n; ++slot) {
    REQUIRE(scheduler.cancel(slot));
  }
  REQUIRE(scheduler.empty());
  REQUIRE(scheduler.wheel().buckets().chunks() == 0);
  REQUIRE(scheduler.next_due() == gyre::never);
}

TEST_CASE("a loop that sleeps for long does not take the others out of the wheel", "[run]") {
  constexpr std::uint32_t n = 2000;
  gyre::scheduler scheduler(n);
  for (std::uint32_t slot = 0; slot < n; ++slot) {  // the first 200 for a year
    scheduler.push({instant(slot < 200 ? year : second + slot * ms), 0, slot, slot});
  }
  REQUIRE(scheduler.wheel().size() == n - 128);
  for (std::uint32_t i = 0; i < 10 * n; ++i) {
    due_entry entry;
    const instant now = scheduler.next_due();
    REQUIRE_FALSE(scheduler.pop_due(now - instant(1), entry));
    REQUIRE(scheduler.pop_due(now, entry));
    REQUIRE(scheduler.next_due() < instant(year));
    entry.due += instant(second);
    scheduler.push(entry);
  }
  REQUIRE(scheduler.wheel().size() > n - 200);
}

TEST_CASE("pop opens no tick of the wheel that is behind the heap's first", "[run]") {
  gyre::scheduler scheduler(1000);
  for (std::uint32_t slot = 0; slot < 1000; ++slot) {
    scheduler.push({instant(slot < 128 ? second : year), 0, slot, slot});
  }
  const std::size_t waiting = scheduler.wheel().size();
  REQUIRE(waiting == 1000 - 128);
  for (std::uint32_t slot = 0; slot < 128; ++slot) {
    REQUIRE(scheduler.pop().slot == slot);
    REQUIRE(scheduler.wheel().size() == waiting);
  }
  REQUIRE(scheduler.pop().slot == 128);
}

TEST_CASE("the first may be in a bucket that is yet to cascade", "[run]") {
  constexpr std::int64_t tick = 1 << 20;
  gyre::scheduler scheduler(200);
  for (std::uint32_t slot = 0; slot < 128; ++slot) scheduler.push({gyre::never, 0, slot, slot});
  scheduler.push({instant(2048 * tick + 5), 0, 130, 130});  // two rotations ahead: level 1
  scheduler.push({instant(1024 * tick), 0, 131, 131});
  due_entry entry;
  REQUIRE(scheduler.pop_due(instant(1024 * tick), entry));
  REQUIRE(entry.slot == 131);
  scheduler.push({instant(2048 * tick + 9), 0, 131, 131});  // the next rotation: level 0
  REQUIRE(scheduler.peek()->slot == 130);
  REQUIRE(scheduler.next_due() == instant(2048 * tick + 5));
  REQUIRE(scheduler.pop().slot == 130);
  REQUIRE(scheduler.pop().slot == 131);
}

TEST_CASE("clear takes everything out, and the scheduler goes on", "[run]") {
  gyre::scheduler scheduler;
  for (int round = 0; round < 2; ++round) {
    for (std::uint32_t slot = 0; slot < 500; ++slot) {
      scheduler.push({instant(slot * ms), 0, slot, slot});
    }
    for (std::uint32_t slot = 0; slot < 200; ++slot) REQUIRE(scheduler.pop().slot == slot);
    REQUIRE(scheduler.find(300)->due == instant(300 * ms));
    scheduler.clear();
    REQUIRE(scheduler.empty());
    REQUIRE(scheduler.peek() == nullptr);
    REQUIRE(scheduler.find(300) == nullptr);
    REQUIRE_FALSE(scheduler.cancel(300));
    REQUIRE_FALSE(scheduler.cancel(100'000));
    REQUIRE(scheduler.next_due() == gyre::never);
  }
}
