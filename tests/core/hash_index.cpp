// Method: model. Random inserts, erasures and searches beside a std::set, with hashes from all
// different to all alike.
#include <gyre/core/hash_index.hpp>
#include <gyre/core/rng.hpp>

#include <cstdint>
#include <set>

#include "catch.hpp"

using gyre::hash_index;

namespace {

constexpr std::uint32_t greatest = (1U << 22) - 2;

std::set<std::uint32_t> content(const hash_index& index) {
  std::set<std::uint32_t> out;
  index.each([&](std::uint32_t n) { REQUIRE(out.insert(n).second); });
  return out;
}

}  // namespace

TEST_CASE("an index holds what was put into it and not taken out", "[core]") {
  const std::uint64_t kept_bits = GENERATE(~0ULL, 0xffULL, 0xffc00003ULL, 0ULL);
  CAPTURE(kept_bits);
  const auto hash_of = [&](std::uint32_t n) { return gyre::mix(7, n, 0, 0) & kept_bits; };
  const std::uint32_t numbers = kept_bits == ~0ULL ? 3'000 : 300;
  // Up to the greatest number that there may be.
  const auto number = [&](std::uint64_t i) { return greatest - static_cast<std::uint32_t>(i) * 5; };
  hash_index index;
  std::set<std::uint32_t> model;
  gyre::rng random(1, kept_bits, gyre::purpose::user);
  for (int step = 0; step < 30'000; ++step) {
    const std::uint32_t n = number(random.below(numbers));
    const bool there = model.count(n) != 0;
    const std::uint32_t found = index.find(hash_of(n), [&](std::uint32_t m) { return m == n; });
    if (found != (there ? n : hash_index::none)) REQUIRE(found == (there ? n : hash_index::none));
    // It grows to most of the numbers, shrinks to few, and grows again.
    const bool growing = step / 6'000 % 2 == 0;
    if (random.below(8) < (growing ? 6U : 2U)) {
      if (!there) index.insert(n, hash_of);
      model.insert(n);
    } else {
      index.erase(n, hash_of);
      model.erase(n);
    }
    if (index.size() != model.size()) REQUIRE(index.size() == model.size());
    if (step % 1'000 == 0) REQUIRE(content(index) == model);
  }
  REQUIRE(content(index) == model);
  for (const std::uint32_t n : std::set<std::uint32_t>(model)) index.erase(n, hash_of);
  REQUIRE(content(index).empty());
  REQUIRE(index.size() == 0);
}

TEST_CASE("an index looks only at numbers whose hashes are alike in their tag", "[core]") {
  hash_index index;
  const auto hash_of = [](std::uint32_t n) { return gyre::mix(7, n, 0, 0); };
  for (std::uint32_t n = 0; n < 10'000; ++n) index.insert(n, hash_of);
  int looks = 0;
  for (std::uint32_t n = 10'000; n < 110'000; ++n) {
    (void)index.find(hash_of(n), [&](std::uint32_t) { return ++looks < 0; });
  }
  REQUIRE(looks > 0);
  REQUIRE(looks < 1'000);  // of 100,000 searches among 2 to 3 neighbours each
}
