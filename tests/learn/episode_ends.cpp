// Method: model. A vector of bools; each answer compared after each step.
#include <gyre/core/rng.hpp>
#include <gyre/learn/episode_ends.hpp>

#include "catch.hpp"

TEST_CASE("ends of episodes equal a vector of bools", "[learn]") {
  const std::uint32_t slots = GENERATE(1u, 63u, 64u, 65u, 4096u, 9000u);
  const double share = 0.1 * GENERATE(0, 1, 9);
  gyre::episode_ends ends(slots);
  std::vector<bool> model(slots, false);
  gyre::rng random(slots, 1, gyre::purpose::user);
  for (int i = 0; i < 400; ++i) {
    const std::uint32_t at = random.below(slots);
    const bool end = random.unit() < share;
    ends.set(at, end);
    model[at] = end;
  }
  std::uint32_t count = 0;
  for (std::uint32_t i = 0; i < slots; ++i) {
    REQUIRE(ends.at(i) == model[i]);
    if (model[i]) REQUIRE(ends.nth(count++) == i);
  }
  REQUIRE(ends.count() == count);
  for (int i = 0; i < 200; ++i) {
    const std::uint32_t a = random.below(slots + 1), b = random.below(slots + 1);
    const std::uint32_t from = std::min(a, b), to = std::max(a, b);
    std::uint32_t first = from, last = to;
    while (first < to && !model[first]) ++first;
    while (last > from && !model[last - 1]) --last;
    CAPTURE(slots, from, to);
    REQUIRE(ends.first(from, to) == first);
    REQUIRE(ends.after_last(from, to) == last);
  }
  ends.clear();
  REQUIRE(ends.count() == 0);
  REQUIRE(ends.first(0, slots) == slots);
}
