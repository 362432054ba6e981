// Method: reference: worlds whose optimum value iteration gives, walked by a loop that says nothing
// but `sequential`.
#include <algorithm>
#include <gyre/engine.hpp>
#include <vector>

#include "catch.hpp"
#include "worlds.hpp"

namespace sequential_test {

using namespace std::chrono_literals;

/// What the policy that a loop has found is worth, as a part of the optimum, after so many ticks.
inline double found(const worlds::world& w, std::uint64_t seed, int ticks) {
  gyre::engine e({.driver = gyre::driver::virtual_time, .seed = seed});
  gyre::rng draw(seed, 1, gyre::purpose::user);
  std::uint32_t at = w.start(draw);
  std::vector<double> edges;
  for (std::uint32_t s = 1; s < w.states; ++s) edges.push_back(s);
  e.add({.name = "walk",
         .interval = 1ms,
         .jitter = 0,
         .features = {{"cell", edges}},
         .knobs = {{"way", {0, 1, 2, 3}}},
         .learning = {.sequential = true}},
        [&](gyre::tick& t) {
          t.feature("cell", at);
          const worlds::outcome& o = w.step(at, static_cast<std::uint32_t>(t.knob("way")), draw);
          t.reward(o.reward);
          if (o.ends) t.terminated();
          at = o.ends ? w.start(draw) : o.next;
        })
      .value();
  e.advance_to(std::chrono::milliseconds(ticks)).value();
  const auto s = e.snapshot();
  const auto& l = s.learners.at(0);
  REQUIRE(l.stats.discount == .95);
  const auto policy = [&](std::uint32_t state) {
    const auto row = l.q.begin() + state * 4;
    return static_cast<std::uint32_t>(std::max_element(row, row + 4) - row);
  };
  return worlds::worth(w, policy, .95) / worlds::mean_at_starts(w, worlds::best_values(w, .95));
}

}  // namespace sequential_test

TEST_CASE("a loop that says sequential alone finds the optimum of FrozenLake and CliffWalking",
          "[engine]") {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    CAPTURE(seed);
    // Worths of the cliff are costs: 1 is the least of them.
    REQUIRE(sequential_test::found(worlds::cliff_walking(), seed, 3'000) == Approx(1));
    REQUIRE(sequential_test::found(worlds::frozen_lake(4, true), seed, 20'000) > .98);
  }
}
