// memory_only.cpp - memory by itself: a byte budget, duplicates, recall, and what it cost.
// Build: g++ -std=c++20 -Iinclude examples/memory_only.cpp -lz
//
// Prints:
//   remembered 20000, every one accounted for: yes
//   within 128 KiB: yes, at least half saved: yes, oldest gone: yes
//   newest: order 20000 shipped in 2 boxes
//   of ada, tagged late: order 19993, order 19979, order 19965
//   "out of paper" was said 3 times, last at second 20003
#include <cstdio>
#include <gyre/memory/memory.hpp>

int main() {
  gyre::memory memory({.budget_bytes = 128 << 10});

  for (int i = 1; i <= 20'000; ++i) {
    gyre::record r;
    r.text =
        "order " + std::to_string(i) + " shipped in " + std::to_string(2 + i % 7 / 3) + " boxes";
    r.user = i % 2 == 0 ? "bob" : "ada";
    r.source = "warehouse";
    if (i % 7 == 1) r.tags = {"late"};
    memory.remember(r, 1000 * i).value();  // the time is the caller's, in ms since 1970
  }

  const gyre::memory_stats s = memory.stats();
  const auto places = s.in_ring + s.in_blocks + s.archived + s.evicted + s.merged;
  std::printf("remembered %d, every one accounted for: %s\n", static_cast<int>(s.remembered),
              s.remembered == places ? "yes" : "no");
  std::printf("within 128 KiB: %s, at least half saved: %s, oldest gone: %s\n",
              s.resident_bytes <= s.budget_bytes ? "yes" : "no",
              s.saved_percent >= 50 ? "yes" : "no",
              memory.recall({.to_ms = 1000}).empty() ? "yes" : "no");

  std::printf("newest: %s\n", memory.recall({.limit = 1}).front().text.c_str());
  std::printf("of ada, tagged late:");
  const char* between = " ";
  for (const gyre::record& r : memory.recall({.tag = "late", .user = "ada", .limit = 3})) {
    std::printf("%s%s", between, r.text.substr(0, r.text.find(" ship")).c_str());
    between = ", ";
  }
  std::printf("\n");

  gyre::record again;
  again.text = "out of paper";
  for (int i = 1; i <= 3; ++i) memory.remember(again, 1000 * (20'000 + i)).value();
  const auto found = memory.recall({.text = "PAPER"});
  std::printf("\"%s\" was said %u times, last at second %d\n", found[0].text.c_str(),
              static_cast<unsigned>(found[0].count), static_cast<int>(found[0].wall_ms / 1000));
}
