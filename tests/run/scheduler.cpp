// Method: feed the heap and an obvious model (a sorted list) alike, compare what is visible.
#include <algorithm>
#include <gyre/core/rng.hpp>
#include <gyre/run/scheduler.hpp>
#include <vector>

#include "catch.hpp"

using gyre::due_entry;
using gyre::instant;

namespace {
bool same(const due_entry& a, const due_entry& b) {
  return a.due == b.due && a.priority == b.priority && a.order == b.order && a.slot == b.slot &&
         a.generation == b.generation;
}
}  // namespace

TEST_CASE("scheduler equals a sorted list", "[run]") {
  gyre::rng random(5, 0, 0);
  gyre::scheduler scheduler;
  std::vector<due_entry> model;
  for (std::uint32_t step = 0; step < 20'000; ++step) {
    CAPTURE(step);
    const std::uint32_t slot = random.below(60);
    const auto held = std::find_if(model.begin(), model.end(),
                                   [slot](const due_entry& e) { return e.slot == slot; });
    switch (random.below(5)) {
      case 0:
      case 1: {
        const due_entry entry{instant(random.below(50)), static_cast<int>(random.below(3)), slot,
                              slot, step};
        if (held != model.end()) model.erase(held);
        model.push_back(entry);
        scheduler.push(entry);
        break;
      }
      case 2: {  // half of the time with a generation that is gone
        const bool stale = random.below(2) == 0;
        const bool there = held != model.end();
        const std::uint32_t generation = there ? held->generation + (stale ? 1 : 0) : 0;
        REQUIRE(scheduler.cancel(slot, generation) == (there && !stale));
        if (there && !stale) model.erase(held);
        break;
      }
      default: {
        const instant now(random.below(50));
        due_entry out;
        const bool due = !model.empty() && model.front().due <= now;
        REQUIRE(scheduler.pop_due(now, out) == due);
        if (due) {
          REQUIRE(same(out, model.front()));
          model.erase(model.begin());
        }
      }
    }
    std::sort(model.begin(), model.end(), gyre::runs_before);
    REQUIRE(scheduler.size() == model.size());
    REQUIRE(scheduler.empty() == model.empty());
    REQUIRE(scheduler.next_due() == (model.empty() ? gyre::never : model.front().due));
    if (!model.empty()) REQUIRE(same(*scheduler.peek(), model.front()));
  }
  scheduler.clear();
  REQUIRE(scheduler.peek() == nullptr);
  REQUIRE(scheduler.find(3) == nullptr);
}

TEST_CASE("scheduler orders by due, priority, order of add, however entries came in", "[run]") {
  std::vector<due_entry> entries = {{instant(1), 0, 4, 4, 0},
                                    {instant(1), 5, 3, 3, 0},
                                    {instant(1), 5, 7, 0, 0},
                                    {instant(0), -9, 9, 9, 0},
                                    {instant(2), 99, 0, 1, 0}};
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

TEST_CASE("scheduler that is asked for one slot more each time grows by doubling", "[run]") {
  gyre::scheduler scheduler(1);
  scheduler.push({});
  const due_entry* at = scheduler.peek();
  int moves = 0;
  for (std::size_t slots = 2; slots <= 20'000; ++slots) {
    scheduler.reserve(slots);
    moves += scheduler.peek() != at ? 1 : 0;
    at = scheduler.peek();
  }
  REQUIRE(moves < 20);
}
