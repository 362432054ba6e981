// What an update of a table costs beside a bare array, and how many steps learners need in worlds
// whose optimum is known: until the greedy policy is worth it, looked at each 500 steps; medians
// of 9 seeds.
#include <gyre/learn/learner.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include "../examples/worlds.hpp"
#include "bench.hpp"

namespace {

using gyre::learner_options;
using gyre::learning_method;

double steps_to(const worlds::world& w, const learner_options& o, double part, double most) {
  const double best = worlds::mean_at_starts(w, worlds::best_values(w, .99));
  const double needed = (best > 0 ? part * best : best / part) - 1e-9;
  std::vector<double> steps;
  for (std::uint64_t seed = 1; seed <= 9; ++seed) {
    gyre::learner l(w.states, w.actions, o, seed, 0);
    gyre::rng draw(seed, 1, gyre::purpose::user);
    std::uint32_t at = w.start(draw), n = 0;
    double taken = bench::none;
    for (int i = 1; i <= most; ++i) {
      const std::uint32_t a = l.act(at);
      const worlds::outcome& x = w.step(at, a, draw);
      const bool cut = !x.ends && w.limit != 0 && ++n >= w.limit;
      (void)l.observe({at, a, x.reward, x.next, x.ends, cut});
      at = x.ends || cut ? w.start(draw) : x.next;
      if (x.ends || cut) n = 0;
      if (i % 500 != 0) continue;
      const auto policy = [&l](std::uint32_t s) { return l.greedy(s); };
      if (worlds::worth(w, policy, .99) < needed) continue;
      taken = i;
      break;
    }
    steps.push_back(std::isfinite(taken) ? taken : 1e12);
  }
  std::nth_element(steps.begin(), steps.begin() + 4, steps.end());
  return steps[4] < 1e12 ? steps[4] : bench::none;
}

learner_options of(learning_method m, double rate) {
  learner_options o;
  o.method = m;
  o.discount = .99;
  o.learning_rate = rate;
  o.explore = {.from = .1, .to = .1, .how = gyre::exploring::linear};
  if (m == learning_method::q) o.batch = o.every = o.warmup = o.capacity = 1;  // the newest alone
  return o;
}

void update() {
  constexpr std::uint32_t rows = 4'096;
  std::uint32_t states = 64, actions = 4;
  asm volatile("" : "+r"(states), "+r"(actions));  // of neither is it known while compiling
  struct row {
    std::uint32_t s, a, next;
    float reward;
  };
  std::vector<row> seen(rows);
  gyre::rng draw(1, 0, gyre::purpose::user);
  for (row& r : seen) {
    r = {draw.below(states), draw.below(actions), draw.below(states),
         static_cast<float>(draw.unit())};
  }
  gyre::q_table table(states, actions);
  std::vector<float> bare(states * actions, 0.0F);
  const double ours = bench::ns_each(1 << 22, [&](std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
      const row& r = seen[i % rows];
      table.update(r.s, r.a, static_cast<double>(r.reward) + .95 * table.exact_best(r.next), .1,
                   false);
    }
  });
  const double theirs = bench::ns_each(1 << 22, [&](std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
      const row& r = seen[i % rows];
      const float* const next = bare.data() + r.next * actions;
      float best = next[0];
      for (std::uint32_t a = 1; a < actions; ++a) best = std::max(best, next[a]);
      float& q = bare[r.s * actions + r.a];
      q += .1F * (r.reward + .95F * best - q);
    }
  });
  bench::keep(table.data()[0]);
  bench::keep(bare[0]);
  bench::row("learn.q_update_ns", ours, "ns", "a bare array of floats", theirs,
             "64 states x 4 actions");
}

}  // namespace

int main() {
  update();
  const learner_options plain{.discount = .99, .sequential = true};
  const worlds::world cliff = worlds::cliff_walking(), taxi = worlds::taxi();
  const worlds::world four = worlds::frozen_lake(4, true), eight = worlds::frozen_lake(8, true);
  const char* const peer = "Q-learning of another program";
  const auto say = [peer](const char* name, double steps, double theirs, const char* how) {
    bench::row(name, steps, "steps", peer, theirs, how);
  };
  say("learn.cliff_default", steps_to(cliff, plain, .9999, 10'000), 3'000, "the optimum");
  say("learn.cliff_q", steps_to(cliff, of(learning_method::q, .5), .9999, 10'000), 3'000,
      "the optimum");
  say("learn.cliff_dyna", steps_to(cliff, of(learning_method::dyna_q, .5), .9999, 10'000), 3'000,
      "the optimum; Dyna-Q, 10 cells a step");
  say("learn.cliff_sweeping", steps_to(cliff, of(learning_method::sweeping, .5), .9999, 10'000),
      3'000, "the optimum; sweeping, 10 cells a step, 0.1 at random");
  say("learn.lake4_default", steps_to(four, plain, .98, 60'000), 8'000, "98 % of the optimum");
  say("learn.lake8_default", steps_to(eight, plain, .95, 200'000), bench::none,
      "95 % of the optimum; the peer fails, with replay it needs 88,000");
  say("learn.taxi_default", steps_to(taxi, plain, .98, 60'000), 38'000, "98 % of the optimum");
}
