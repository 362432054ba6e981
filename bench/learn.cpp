// What an update of a table costs beside a bare array, what a step costs with each learner, and how
// many steps learners need in worlds whose optimum is known: until the greedy policy is worth it,
// looked at each 500 steps; medians of 9 seeds.
#include <gyre/learn/learner.hpp>
#include <gyre/learn/tile_learner.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include "../examples/reach.hpp"
#include "bench.hpp"

namespace {

using gyre::learner_options;
using gyre::learning_method;

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

/// What act() and observe() cost in FrozenLake 8x8, whose own step is a look at a table.
void cost(const char* name, const learner_options& o, const char* what) {
  const worlds::world w = worlds::frozen_lake(8, true);
  gyre::learner l(w.states, w.actions, o, 1, 0);
  gyre::rng draw(1, 1, gyre::purpose::user);
  std::uint32_t at = 0;
  const double ns = bench::ns_each(1 << 16, [&](std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
      const std::uint32_t a = l.act(at);
      const worlds::outcome& x = w.step(at, a, draw);
      (void)l.observe({at, a, x.reward, x.next, x.ends, 0});
      at = x.ends ? 0 : x.next;
    }
  });
  bench::row((std::string("learn.step_") + name + "_ns").c_str(), ns, "ns", "-", bench::none, what);
}
void cost_of_tiles(const char* name, learning_method m, double lambda) {
  gyre::tile_options o;
  o.axes = {{-1.2, .6, 8}, {-.07, .07, 8}};
  o.actions = 3;
  o.discount = 1;
  o.lambda = lambda;
  o.method = m;
  gyre::tile_learner l(o, 1, 0);
  gyre::rng draw(1, 1, gyre::purpose::user);
  worlds::mountain_car car;
  car.start(draw);
  const double ns = bench::ns_each(1 << 16, [&](std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
      const float seen[2] = {static_cast<float>(car.x), static_cast<float>(car.v)};
      const std::uint32_t a = l.act(seen);
      const bool there = car.step(a);
      const float then[2] = {static_cast<float>(car.x), static_cast<float>(car.v)};
      (void)l.observe({seen, a, -1, then, there, 0});
      if (there) car.start(draw);
    }
  });
  bench::row((std::string("learn.step_") + name + "_ns").c_str(), ns, "ns", "-", bench::none,
             "act and observe in MountainCar, 2 axes of 8, 3 actions");
}
void costs() {
  using worlds::as_is;
  using m = learning_method;
  const char* const what = "act and observe in FrozenLake 8x8, with the defaults";
  cost("sweeping", as_is(m::sweeping), what);
  cost("dyna", as_is(m::dyna_q), what);
  cost("q", as_is(m::q), what);
  cost("q_ten", worlds::ten_a_step(as_is(m::q)), "the same, .batch = 10, .every = 1");
  cost("double_q", as_is(m::double_q), what);
  cost("sarsa", as_is(m::sarsa), what);
  cost("expected_sarsa", as_is(m::expected_sarsa), what);
  cost("q_lambda", as_is(m::q_lambda), what);
  cost("differential_q", as_is(m::differential_q), what);
  cost_of_tiles("tiles", m::sarsa, 0);
  cost_of_tiles("tiles_lambda", m::sarsa, .9);
}

/// @param theirs what another program's learner of the same kind needs; none: it fails
void reach(const char* name, const worlds::world& w, const learner_options& o, double part,
           double theirs, const char* how) {
  constexpr std::uint64_t most = 200'000;
  const std::uint64_t steps = worlds::median_steps(w, o, part, most);
  bench::row(name, steps > most ? bench::none : static_cast<double>(steps), "steps",
             "the same of another program", theirs, how);
}
void reach_all() {
  using namespace worlds;
  using m = learning_method;
  const learner_options plain{.discount = .99, .sequential = true};
  const world cliff = cliff_walking(), city = taxi();
  const world four = frozen_lake(4, true), eight = frozen_lake(8, true);
  const char* const best = "the optimum";
  const char* const q98 = "98 % of the optimum; theirs is Q-learning";
  const char* const most = "98 % of the optimum";
  const char* const much = "95 % of the optimum";
  reach("learn.cliff_default", cliff, plain, .9999, 3'000, "the optimum; theirs is Q-learning");
  reach("learn.cliff_q", cliff, newest_alone(steady(m::q, .5)), .9999, 3'000, best);
  reach("learn.cliff_q_ten", cliff, ten_a_step(steady(m::q, .5)), .9999, 1'000, best);
  reach("learn.cliff_dyna", cliff, steady(m::dyna_q, .5), .9999, 1'000, best);
  reach("learn.cliff_sweeping", cliff, steady(m::sweeping, .5), .9999, 500, best);
  reach("learn.taxi_default", city, plain, .98, 38'000, q98);
  reach("learn.taxi_q", city, newest_alone(steady(m::q, 1)), .98, 38'000, most);
  reach("learn.taxi_q_ten", city, ten_a_step(steady(m::q, 1)), .98, 17'000, most);
  reach("learn.taxi_dyna", city, as_is(m::dyna_q), .98, 10'500, most);
  reach("learn.taxi_sweeping", city, as_is(m::sweeping), .98, 16'000, most);
  reach("learn.taxi_expected_sarsa", city, newest_alone(steady(m::expected_sarsa, 1)), .98, 40'500,
     most);
  reach("learn.lake4_default", four, plain, .98, 8'000, q98);
  reach("learn.lake4_q", four, newest_alone(patient(m::q)), .98, 8'000, most);
  reach("learn.lake4_q_ten", four, ten_a_step(patient(m::q)), .98, 6'500, most);
  reach("learn.lake4_dyna", four, as_is(m::dyna_q), .98, 29'500, most);
  reach("learn.lake4_sweeping", four, as_is(m::sweeping), .98, 16'000, most);
  reach("learn.lake4_expected_sarsa", four, newest_alone(patient(m::expected_sarsa)), .98, 35'500,
     most);
  reach("learn.lake8_default", eight, plain, .95, bench::none,
     "95 % of the optimum; theirs, Q-learning, fails");
  reach("learn.lake8_q_ten", eight, ten_a_step(patient(m::q)), .95, 88'000, much);
  reach("learn.lake8_dyna", eight, as_is(m::dyna_q), .95, 194'000, much);
}

}  // namespace

int main() {
  update();
  costs();
  reach_all();
}
