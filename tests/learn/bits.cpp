// bits.cpp - what each learner has learned after some steps, as a line with a hash of all it keeps.
// Method: model. The same program built for wasm must print the same lines: bits.py compares them.
#include <gyre/core/hash.hpp>
#include <gyre/learn/dqn.hpp>
#include <gyre/learn/learner.hpp>
#include <gyre/learn/tile_learner.hpp>

#include <cstdio>

#include "worlds.hpp"

namespace {

template <class Agent>
void print(const char* what, int how, const Agent& agent) {
  gyre::byte_writer out;
  agent.save(out);
  std::printf("%s %d: %zu bytes, %016llx\n", what, how, out.size(),
              static_cast<unsigned long long>(gyre::siphash24(out.data())));
}

void tables() {
  using gyre::exploring;
  const worlds::world lake = worlds::frozen_lake(4, true);
  for (int method = 1; method <= int(gyre::learning_method::differential_q); ++method) {
    for (int how = 1; how <= int(exploring::bonus); ++how) {
      gyre::learner_options o;
      o.method = static_cast<gyre::learning_method>(method);
      o.discount = .95;
      o.step_power = how == int(exploring::exponential) ? .7 : 0;
      o.explore = {.from = .5, .to = .1, .over = 300, .how = static_cast<exploring>(how)};
      o.optimistic = how == int(exploring::by_visits);
      gyre::learner l(lake.states, lake.actions, o, 3, 0);
      gyre::rng draw(1, 1, gyre::purpose::user);
      std::uint32_t at = 0;
      for (int i = 0; i < 3'000; ++i) {
        const std::uint32_t a = l.act(at);
        const worlds::outcome& x = lake.step(at, a, draw);
        (void)l.observe({at, a, x.reward, x.next, x.ends, 0});
        at = x.ends ? 0 : x.next;
      }
      print("method", 10 * method + how, l);
    }
  }
}

void tiles() {
  for (const auto method : {gyre::learning_method::sarsa, gyre::learning_method::q}) {
    gyre::tile_options o;
    o.axes = {{0, 1, 8}, {0, 1, 8}};
    o.actions = 3;
    o.discount = .9;
    o.lambda = .7;
    o.method = method;
    o.explore = {.from = .3, .to = .3, .how = gyre::exploring::boltzmann};
    o.weights = method == gyre::learning_method::q ? 500 : 65'536;
    gyre::tile_learner l(o, 1, 0);
    gyre::rng draw(1, 1, gyre::purpose::user);
    float at[2] = {.5F, .5F};
    for (int i = 0; i < 3'000; ++i) {
      const std::uint32_t a = l.act(at);
      const float to[2] = {static_cast<float>(draw.unit()), static_cast<float>(draw.unit())};
      const double reward = draw.unit() - a * .1 * static_cast<double>(at[0]);
      (void)l.observe({at, a, reward, to, i % 50 == 49, 0});
      for (int k = 0; k < 2; ++k) at[k] = to[k];
    }
    print("tiles", int(method), l);
  }
}

void networks() {
  for (const bool plain : {false, true}) {
    gyre::dqn_options o;
    o.hidden = {24, 16};
    o.capacity = 700;
    o.warmup = 100;
    if (plain) {
      o.dueling = o.twice = false;
      o.steps = 1;
      o.alpha = 0;
      o.explore.how = gyre::exploring::exponential;
    }
    gyre::dqn l(2, 3, o, 1, 0);
    gyre::rng draw(1, 1, gyre::purpose::user);
    float at[2] = {.5F, .5F};
    for (int i = 0; i < 1'000; ++i) {
      const std::uint32_t a = l.act(at);
      const float to[2] = {static_cast<float>(draw.unit()), static_cast<float>(1e3 * draw.unit())};
      (void)l.observe({at, a, draw.unit() - a, to, i % 50 == 49, i % 70 == 69});
      for (int k = 0; k < 2; ++k) at[k] = to[k];
    }
    print("dqn", plain, l);
  }
}

}  // namespace

int main() {
  tables();
  tiles();
  networks();
}
