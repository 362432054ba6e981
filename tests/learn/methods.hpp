// methods.hpp - what the tests of the methods share: options, and a walker in a world.
// Room: tests. Threads: none.
#pragma once

#include <cstdint>
#include <gyre/learn/learner.hpp>
#include <vector>

#include "catch.hpp"
#include "worlds.hpp"

using gyre::learning_method;

namespace methods {

constexpr learning_method all[] = {
    learning_method::q,      learning_method::double_q, learning_method::sarsa,
    learning_method::expected_sarsa, learning_method::q_lambda, learning_method::dyna_q,
    learning_method::sweeping, learning_method::differential_q};

inline gyre::learner_options of(learning_method m) {
  gyre::learner_options o;
  o.method = m;
  o.discount = 0.9;
  o.explore = {.from = 0.3, .to = 0.3, .how = gyre::exploring::linear};
  return o;
}
/// Learns from each step once, at its full worth: what it makes of a step can be worked out.
inline gyre::learner_options plain(learning_method m) {
  gyre::learner_options o = of(m);
  o.learning_rate = 1;
  o.every = 0xffffffffU;
  o.planning = 0;
  o.explore = {.from = 0, .to = 0, .how = gyre::exploring::linear};
  return o;
}
inline std::vector<std::byte> bytes_of(const gyre::learner& l) {
  gyre::byte_writer out;
  l.save(out);
  return out.take();
}

/// Walks a world; what was seen so far goes with it.
struct walker {
  const worlds::world& w;
  gyre::rng draw;
  std::uint32_t at, steps = 0;
  std::vector<gyre::transition> seen;

  walker(const worlds::world& world, std::uint64_t seed)
      : w(world), draw(seed, 1, gyre::purpose::user), at(world.start(draw)) {}
  double step(gyre::learner& l) {
    const std::uint32_t a = l.act(at);
    const worlds::outcome& o = w.step(at, a, draw);
    const bool cut = !o.ends && w.limit != 0 && ++steps >= w.limit;
    const gyre::transition t{at, a, o.reward, o.next, o.ends, cut};
    REQUIRE(l.observe(t));
    seen.push_back(t);
    if (o.ends || cut) steps = 0;
    at = o.ends || cut ? w.start(draw) : o.next;
    return o.reward;
  }
};

inline double worth(const worlds::world& w, const gyre::learner& l, double discount) {
  return worlds::worth(w, [&](std::uint32_t s) { return l.greedy(s); }, discount);
}

}  // namespace methods
