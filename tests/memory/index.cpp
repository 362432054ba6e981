// index.cpp - Method: a random history against std::multiset, with tags that collide often.
#include <gyre/core/rng.hpp>
#include <gyre/memory/index.hpp>
#include <set>

#include "catch.hpp"

TEST_CASE("the index equals a multiset of pairs", "[memory]") {
  const std::uint32_t spread = GENERATE(1u, 50u, 4000000000u);  // how many tags there are
  CAPTURE(spread);
  gyre::rng random(7, spread, 0);
  gyre::block_index index;
  std::multiset<std::pair<std::uint32_t, std::uint32_t>> model;
  const auto found = [&](std::uint32_t tag) {
    std::multiset<std::uint32_t> blocks;
    index.find(tag, [&](std::uint32_t block) {
      blocks.insert(block);
      return false;
    });
    return blocks;
  };
  const auto steps = spread == 1 ? 600 : 6000;
  for (int i = 0; i < steps; ++i) {
    const bool growing = i < steps / 2;
    const auto tag = random.below(spread);
    const auto block = random.below(20);
    if (random.below(10) < (growing ? 8u : 1u)) {
      index.insert(tag, block);
      model.emplace(tag, block);
    } else if (!model.empty()) {
      auto victim = model.lower_bound({tag, block});
      if (victim == model.end()) victim = model.begin();
      REQUIRE(index.erase(victim->first, victim->second));
      model.erase(victim);
    }
    REQUIRE(index.size() == model.size());
    if (i % 97 != 0) continue;
    REQUIRE_FALSE(index.erase(tag, 99));
    for (const auto& [t, b] : model) {
      const auto blocks = found(t);
      REQUIRE(blocks.count(b) == model.count({t, b}));
    }
  }
  CHECK(index.resident_bytes() <= 8 * 64 + 8 * 4 * model.size());  // it shrinks again
}

TEST_CASE("a short id leads back to its block, around the wrap too", "[memory]") {
  const std::uint64_t first =
      GENERATE(0ull, 7ull, 0xfffffff0ull, 0xfffffffeull, 0xffffffffull, 1ull << 40);
  for (std::uint64_t i = 0; i < 100; ++i) {
    CHECK(gyre::block_index::distance(first, gyre::block_index::short_id(first + i)) == i);
  }
}
