// A DQN learns to keep a pole upright: one observation of four numbers a step, two actions, and no
// option set. It is looked at each 2,500 steps, until it keeps the pole upright for 475 of 500.
//
// `cartpole curve [seeds]` prints what is seen at each of these looks until step 50,000, as
// `seed step return`, for each of 10 seeds; `ninja cartpole-plot` draws docs/cartpole.svg of it.
//
// Prints:
//   2500 steps: upright for 188 of 500
//   5000 steps: upright for 303 of 500
//   7500 steps: upright for 443 of 500
//   10000 steps: upright for 496 of 500
#include <gyre/learn/dqn.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "cartpole.hpp"

namespace {

constexpr std::uint32_t look = 2'500, most = 50'000;

/// Calls told(steps, return) at each look until that says false.
template <class F>
void run(std::uint64_t seed, F told) {
  using worlds::cart_pole;
  gyre::dqn agent(cart_pole::inputs, cart_pole::actions, {}, seed, 0);
  gyre::rng draw(seed, 0, gyre::purpose::user);
  cart_pole world;
  world.begin(draw);
  for (std::uint32_t steps = look; steps <= most; steps += look) {
    worlds::learn(agent, world, draw, look);
    if (!told(steps, worlds::upright(agent, 20, seed))) return;
  }
}

}  // namespace

int main(int count, char** words) {
  if (count > 1 && std::strcmp(words[1], "curve") == 0) {
    const int seeds = count > 2 ? std::atoi(words[2]) : 10;
    for (int seed = 1; seed <= seeds; ++seed) {
      run(static_cast<std::uint64_t>(seed), [&](std::uint32_t steps, double upright) {
        std::printf("%d %u %g\n", seed, steps, upright);
        return true;
      });
    }
    return 0;
  }
  bool learned = false;
  run(3, [&](std::uint32_t steps, double upright) {
    std::printf("%u steps: upright for %.0f of 500\n", steps, upright);
    learned = upright >= 475;
    return !learned;
  });
  return learned ? 0 : 1;
}
