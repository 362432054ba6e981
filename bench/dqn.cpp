// What a DQN costs: CartPole-v1 learned for 50,000 steps with the defaults, ten seeds, beside
// Stable-Baselines3's DQN with the options that its RL-Zoo has for it. Also built for wasm by
// collect.py, which runs it in Node: one seed, and rows whose names end with _wasm.
#include <gyre/learn/dqn.hpp>

#include <cstdio>

#include "../examples/cartpole.hpp"
#include "bench.hpp"

namespace {

#if defined(__EMSCRIPTEN__)
constexpr const char* suffix = "_wasm";
constexpr std::uint32_t seeds = 1;
#else
constexpr const char* suffix = "";
constexpr std::uint32_t seeds = 10;
#endif
constexpr const char* peer = "Stable-Baselines3";

void row(const char* name, double value, const char* unit, const char* by,
         const char* conditions) {
  char whole[64];
  std::snprintf(whole, sizeof whole, "%s%s", name, suffix);
  bench::row(whole, value, unit, by, bench::none, conditions);
}

}  // namespace

int main() {
  constexpr std::uint32_t steps = 50'000;
  double seconds = 0, sum = 0, batches = 0;
  std::uint32_t solved = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    gyre::dqn agent(worlds::cart_pole::inputs, worlds::cart_pole::actions, {}, seed, 0);
    gyre::rng draw(seed, 0, gyre::purpose::user);
    worlds::cart_pole world;
    world.begin(draw);
    const auto begin = bench::now();
    worlds::learn(agent, world, draw, steps);
    seconds += static_cast<double>((bench::now() - begin).count()) * 1e-9;
    batches += static_cast<double>(agent.stats().updates);
    const double upright = worlds::upright(agent, 100, seed);
    solved += upright >= 475 ? 1 : 0;
    sum += upright;
  }
  row("learn.dqn_cartpole_s", seconds / seeds, "s", peer,
      "CPU for 50,000 steps of CartPole-v1, mean of 10 seeds (wasm: one), theirs of one");
  row("learn.dqn_batch_us", seconds / batches * 1e6, "us", "-",
      "CPU of a step and its batch of 64, network 4-64-64-2, dueling");
  if (seeds == 1) return 0;
  row("learn.dqn_cartpole_return", sum / seeds, "steps", "Stable-Baselines3 return",
      "of 500, mean of 100 greedy episodes of each seed after 50,000 steps; theirs of 20 of one");
  row("learn.dqn_cartpole_seeds", solved, "seeds", "gate of 8",
      "of 10: a mean greedy return of 475 or more after 50,000 steps");
}
