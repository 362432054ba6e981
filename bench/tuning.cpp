// What tuning earns: regret on simulated services, all ticks and the last quarter, mean of seeds.
// Usage: tuning [seeds] [table]; without `table` it prints rows of results.json.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "bench.hpp"
#include "tuning_peers.hpp"
#include "tuning_services.hpp"

namespace {

using bench::outcome;
using bench::service;

template <class Mind>
outcome mean_of(const service& what, int seeds) {
  outcome sum;
  for (int i = 0; i < seeds; ++i) {
    Mind mind(what, static_cast<std::uint64_t>(i));
    const outcome o = bench::drive(what, mind, 1000U + static_cast<unsigned>(i));
    sum.all += o.all / seeds;
    sum.last += o.last / seeds;
  }
  return sum;
}

struct results {
  outcome ours, q, ucb, thompson, fixed;
};

results measure(const service& what, int seeds) {
  return {mean_of<bench::our_tuner>(what, seeds), mean_of<bench::q_learner>(what, seeds),
          mean_of<bench::ucb1>(what, seeds), mean_of<bench::thompson>(what, seeds),
          bench::best_fixed(what, 1000)};
}

void line(const char* name, const results& r) {
  std::printf("| %s |", name);
  for (const outcome& o : {r.ours, r.fixed, r.thompson, r.ucb, r.q}) {
    std::printf(" %.3f (%.3f) |", o.all, o.last);
  }
  std::printf("\n");
  std::fflush(stdout);
}

/// Nanoseconds of a choice and of an observation, over a service that has been learned.
struct cost {
  double choose = 0, observe = 0;
  std::uint64_t bytes = 0;
};
cost cost_of(const gyre::tuner_shape& shape) {
  gyre::tuner mind(shape, {}, 1, 0);
  gyre::rng world(1, 77, gyre::purpose::user);
  const auto reward = [&](std::uint32_t s, std::uint32_t a) {
    const double off = a / static_cast<double>(mind.actions()) - .2 * s;
    return 10 - 20 * off * off + world.normal();
  };
  for (int i = 0; i < 2000; ++i) {
    const std::uint32_t s = world.below(mind.states());
    const std::uint32_t a = mind.choose(s).action;
    (void)mind.observe(s, a, reward(s, a));
  }
  std::uint32_t sum = 0, state = 0;
  cost c;
  c.choose = bench::ns_each(2000, [&](std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
      sum += mind.choose(state).action;
      state = state + 1 < mind.states() ? state + 1 : 0;
    }
  });
  c.observe = bench::ns_each(2000, [&](std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
      (void)mind.observe(state, (sum + static_cast<std::uint32_t>(i)) % mind.actions(), 9 + .1 * static_cast<double>(i % 7));
      state = state + 1 < mind.states() ? state + 1 : 0;
    }
  });
  bench::keep(sum);
  c.bytes = mind.bytes();
  return c;
}

results table(const std::vector<service>& all, int seeds) {
  std::printf("| service | gyre | best fixed | Thompson | UCB1 | Q-learner |\n|---|---|---|---|---|---|\n");
  results sum;
  const auto n = static_cast<double>(all.size());
  for (const service& s : all) {
    const results r = measure(s, seeds);
    line(s.name, r);
    const auto add = [n](outcome& to, const outcome& o) {
      to.all += o.all / n;
      to.last += o.last / n;
    };
    add(sum.ours, r.ours);
    add(sum.q, r.q);
    add(sum.ucb, r.ucb);
    add(sum.thompson, r.thompson);
    add(sum.fixed, r.fixed);
  }
  line("mean", sum);
  return sum;
}

}  // namespace

int main(int argc, char** argv) {
  const int seeds = argc > 1 ? std::max(std::atoi(argv[1]), 1) : 10;
  if (argc > 2 && std::strcmp(argv[2], "table") == 0) {
    (void)table(bench::services(), seeds);
    std::printf("\n");
    (void)table(bench::other_services(), seeds);
    for (const auto& shape : {gyre::tuner_shape{{{4}}, {{5}, {3}}}, gyre::tuner_shape{{{4}}, {{15}}},
                              gyre::tuner_shape{{}, {{6}, {6}, {6}}}, gyre::tuner_shape{{}, {{65536}}}}) {
      const cost c = cost_of(shape);
      std::printf("%llu states x %llu actions: choose %.0f ns, observe %.0f ns, %llu bytes\n",
                  (unsigned long long)gyre::tuner_shape::size(shape.features),
                  (unsigned long long)gyre::tuner_shape::size(shape.knobs), c.choose, c.observe,
                  (unsigned long long)c.bytes);
    }
    return 0;
  }
}
