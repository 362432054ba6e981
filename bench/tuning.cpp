// What tuning earns, in ordinary loops on the virtual clock: regret on simulated services, all
// ticks and the last quarter, mean of seeds; its peers are driven directly.
// Usage: tuning [seeds] [table | curves | names [other] | pipe <service>]; by itself it prints rows
// of results.json. `table`: the tables of docs/tuning.md; `curves`: regret over time; `pipe`:
// another program chooses, tuning_vw.py.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "bench.hpp"
#include "tuning_loop.hpp"
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

/// Ours, as a user has it: a loop with knobs. @param change of each reward
template <class Reward>
outcome mean_of_loops(const service& what, int seeds, Reward change) {
  outcome sum;
  for (int i = 0; i < seeds; ++i) {
    const outcome o = bench::drive_loop(what, static_cast<std::uint64_t>(i),
                                        1000U + static_cast<unsigned>(i), change,
                                        [](int, double) {});
    sum.all += o.all / seeds;
    sum.last += o.last / seeds;
  }
  return sum;
}
double as_it_is(double r, gyre::rng&) { return r; }

struct results {
  outcome ours, q, ucb, thompson, fixed;
};

results measure(const service& what, int seeds) {
  return {mean_of_loops(what, seeds, as_it_is), mean_of<bench::q_learner>(what, seeds),
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
      const auto a = static_cast<std::uint32_t>((sum + i) % mind.actions());
      (void)mind.observe(state, a, 9 + .1 * static_cast<double>(i % 7));
      state = state + 1 < mind.states() ? state + 1 : 0;
    }
  });
  bench::keep(sum);
  c.bytes = mind.bytes();
  return c;
}

results sweep(const std::vector<service>& all, int seeds, bool show) {
  if (show) std::printf("| service | gyre | best fixed | Thompson | UCB1 | Q-learner |\n");
  if (show) std::printf("|---|---|---|---|---|---|\n");
  results sum;
  const auto n = static_cast<double>(all.size());
  for (const service& s : all) {
    const results r = measure(s, seeds);
    if (show) {
      line(s.name, r);
    } else {
      const std::string name = std::string("tuning.regret.") + s.name;
      bench::row(name.c_str(), r.ours.all, "of best - average", "best fixed setting", r.fixed.all,
                 "2,000 ticks, mean of the seeds, defaults");
    }
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
  if (show) line("mean", sum);
  return sum;
}

/// Mean regret of ours over all services, where one reward in a hundred is `change` of itself.
template <class Change>
double astray(int seeds, Change change) {
  double sum = 0, n = 0;
  for (const auto& all : {bench::services(), bench::other_services()}) {
    for (const service& s : all) {
      const auto reward = [&](double r, gyre::rng& w) { return w.unit() < .01 ? change(r) : r; };
      sum += mean_of_loops(s, seeds, reward).all;
      ++n;
    }
  }
  return sum / n;
}

void notes(int seeds) {
  std::printf("\nmean of all: %.3f; 1 %% times 1,000: %.3f, losses: %.3f\n",
              astray(seeds, [](double r) { return r; }),
              astray(seeds, [](double r) { return 1000 * r; }),
              astray(seeds, [](double r) { return -1000 * std::fabs(r); }));
  for (const auto& all : {bench::services(), bench::other_services()}) {
    outcome sum;
    for (const service& s : all) {
      const outcome o = mean_of<bench::ucb1_tuned>(s, seeds);
      sum.all += o.all / static_cast<double>(all.size());
      sum.last += o.last / static_cast<double>(all.size());
    }
    std::printf("UCB1 with a constant of 0.5: %.3f (%.3f)\n", sum.all, sum.last);
  }
  for (const gyre::tuner_shape& shape :
       {gyre::tuner_shape{{{4}}, {{5}, {3}}}, gyre::tuner_shape{{}, {{6}, {6}, {6}}}}) {
    const cost c = cost_of(shape);
    std::printf("%.0f cells: choose %.0f ns, observe %.0f ns, %.0f bytes\n",
                static_cast<double>(gyre::tuner_shape::size(shape.features) *
                                    gyre::tuner_shape::size(shape.knobs)),
                c.choose, c.observe, static_cast<double>(c.bytes));
  }
}

void rows(int seeds) {
  const results r = sweep(bench::services(), seeds, false);
  const char* ten = "ten simulated services of 2,000 ticks, mean of the seeds, defaults";
  const char* unit = "of best - average";
  bench::row("tuning.regret", r.ours.all, unit, "UCB1 per state and action", r.ucb.all, ten);
  bench::row("tuning.regret_last", r.ours.last, unit, "UCB1, last quarter", r.ucb.last, ten);
  bench::row("tuning.regret_thompson", r.ours.all, unit, "Thompson per state and action",
             r.thompson.all, ten);
  bench::row("tuning.regret_last_thompson", r.ours.last, unit, "Thompson, last quarter",
             r.thompson.last, ten);
  bench::row("tuning.regret_vw", r.ours.all, unit, "Vowpal Wabbit", bench::none, ten);
  bench::row("tuning.regret_last_vw", r.ours.last, unit, "Vowpal Wabbit, last quarter",
             bench::none, ten);
  bench::row("tuning.regret_q", r.ours.all, unit, "Q-learning from replay", r.q.all, ten);
  const cost small = cost_of({{{4}}, {{5}, {3}}});
  const cost large = cost_of({{}, {{6}, {6}, {6}}});
  const char* fifteen = "15 actions x 4 states";
  bench::row("learn.choose_ns", small.choose, "ns", "limit", 1500, fifteen);
  bench::row("learn.observe_ns", small.observe, "ns", "limit", 5000, fifteen);
  bench::row("learn.tuner_bytes", static_cast<double>(small.bytes), "bytes", "limit", 49152,
             fifteen);
  bench::row("learn.both_216_ns", large.choose + large.observe, "ns", "limit", 60000,
             "216 actions, one state");
}

/// Somebody else chooses, who reads states and rewards from our output and writes actions.
struct piped {
  piped(const service&, std::uint64_t seed) { std::printf("seed %d\n", static_cast<int>(seed)); }
  static std::uint32_t choose(std::uint32_t s) {
    std::printf("state %u\n", s);
    std::fflush(stdout);
    unsigned a = 0;
    if (std::scanf("%u", &a) != 1) std::exit(1);
    return a;
  }
  static void observe(std::uint32_t, std::uint32_t, double r) { std::printf("reward %.17g\n", r); }
};

int pipe(const char* name, int seeds) {
  for (const auto& all : {bench::services(), bench::other_services()}) {
    for (const service& s : all) {
      if (std::strcmp(s.name, name) != 0) continue;
      for (const std::uint32_t n : s.knobs) std::printf("%u ", n);
      std::printf("\n");
      const outcome o = mean_of<piped>(s, seeds);
      std::printf("regret %.17g %.17g\n", o.all, o.last);
      return 0;
    }
  }
  std::fprintf(stderr, "no service is named \"%s\"\n", name);
  return 1;
}

/// Mean regret of the ten services in each of 100 parts of their ticks, one line a part.
void curves(int seeds) {
  const std::vector<service> all = bench::services();
  const auto n = static_cast<double>(all.size()) * seeds;
  std::vector<double> sums[4];
  const auto add = [&](auto mind, std::vector<double>& sum, const service& s, unsigned seed) {
    sum.resize(100);
    (void)bench::drive(s, mind, seed, [](double r, gyre::rng&) { return r; },
                       [&](int t, double regret) {
                         sum[static_cast<std::size_t>(t * 100 / s.ticks)] += regret * 100 / n;
                       });
  };
  for (const service& s : all) {
    for (int i = 0; i < seeds; ++i) {
      const auto seed = static_cast<std::uint64_t>(i);
      const unsigned world = 1000U + static_cast<unsigned>(i);
      sums[0].resize(100);
      (void)bench::drive_loop(s, seed, world, as_it_is, [&](int t, double regret) {
        sums[0][static_cast<std::size_t>(t * 100 / s.ticks)] += regret * 100 / n;
      });
      add(bench::thompson(s, seed), sums[1], s, world);
      add(bench::ucb1(s, seed), sums[2], s, world);
      add(bench::q_learner(s, seed), sums[3], s, world);
    }
  }
  std::printf("gyre,Thompson,UCB1,Q-learner\n");
  for (std::size_t i = 0; i < 100; ++i) {
    std::printf("%.5f,%.5f,%.5f,%.5f\n", sums[0][i], sums[1][i], sums[2][i], sums[3][i]);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int seeds = argc > 1 ? std::max(std::atoi(argv[1]), 1) : 10;
  const auto asks = [&](int i, const char* word) {
    return argc > i && std::strcmp(argv[i], word) == 0;
  };
  if (asks(2, "pipe") && argc > 3) return pipe(argv[3], seeds);
  if (asks(2, "names")) {
    for (const service& s : asks(3, "other") ? bench::other_services() : bench::services()) {
      std::printf("%s\n", s.name);
    }
    return 0;
  }
  if (asks(2, "curves")) {
    curves(seeds);
    return 0;
  }
  if (!asks(2, "table")) {
    rows(seeds);
    return 0;
  }
  (void)sweep(bench::services(), seeds, true);
  std::printf("\n");
  (void)sweep(bench::other_services(), seeds, true);
  notes(seeds);
  return 0;
}
