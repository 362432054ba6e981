// Method: reference: value iteration in the model's own world; property: those first whose worth
// changes most; fault: a model of the last outcome, which is what this is not.
#include <cmath>
#include <gyre/learn/planner.hpp>

#include "catch.hpp"
#include "worlds.hpp"

TEST_CASE("planning in a model that is right gives the optimum, of a slippery world too",
          "[learn]") {
  const worlds::world lake = worlds::frozen_lake(4, true);
  const auto best = worlds::best_values(lake, .95);
  for (const bool sweeps : {true, false}) {
    gyre::planner p(lake.states, lake.actions);
    gyre::q_table q(lake.states, lake.actions);
    for (std::uint32_t c = 0; c < 64; ++c) {  // each outcome once: the model is exact
      for (const worlds::outcome& o : lake.after[c]) {
        p.observe(q, c, o.reward, o.ends ? p.end() : o.next, .95);
      }
    }
    gyre::rng random(1, 0, gyre::purpose::user);
    if (sweeps) {
      std::uint32_t updates = 0, last = 1;
      for (; last > 0; updates += last) last = p.sweep(q, 1'000, .95);
      REQUIRE(p.waiting() == 0);
      REQUIRE(updates < 20'000);
    } else {
      p.dyna(q, 20'000, .95, random);
    }
    for (std::uint32_t s = 0; s < 16; ++s) {
      CAPTURE(sweeps, s);
      REQUIRE(q.exact_best(s) == Approx(best[s]).margin(1e-6));
    }
  }
}

TEST_CASE("a reward at the end of a chain reaches its beginning in one update a state",
          "[learn]") {
  gyre::planner p(50, 1);
  gyre::q_table q(50, 1);
  for (std::uint32_t s = 0; s < 49; ++s) p.observe(q, s, 0, s + 1, .9);
  REQUIRE(p.waiting() == 0);
  p.observe(q, 49, 1, p.end(), .9);
  REQUIRE(p.waiting() == 1);
  REQUIRE(p.sweep(q, 49, .9) == 49);
  REQUIRE(q.exact(0) == Approx(std::pow(.9, 49)));
}

TEST_CASE("what changes most is updated first", "[learn]") {
  gyre::planner p(9, 1);
  gyre::q_table q(9, 1);
  for (std::uint32_t s = 0; s < 8; ++s) {  // each leads to 8 less often than the one before
    p.observe(q, s, 0, 8, .9);
    for (std::uint32_t k = 0; k < s; ++k) p.observe(q, s, 0, p.end(), .9);
  }
  p.observe(q, 8, 1, p.end(), .9);
  for (std::uint32_t s = 0; s < 8; ++s) {
    REQUIRE(p.sweep(q, 1, .9) == 1);
    for (std::uint32_t k = 0; k < 8; ++k) REQUIRE((q.exact(k) > 0) == (k <= s));
  }
}
