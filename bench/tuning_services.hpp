// tuning_services.hpp - simulated services whose best setting is known, to measure tuning on.
// Room: bench. Threads: one.
#pragma once

#include <cmath>
#include <cstdint>
#include <gyre/core/rng.hpp>
#include <utility>
#include <vector>

namespace bench {

enum class noise : std::uint8_t {
  add,        ///< mean + amount * N
  multiply,   ///< mean * (1 + amount * N)
  success,    ///< 1 with probability `mean`, else 0
  lognormal,  ///< mean * exp(N - .5)
};

/// One service: what a setting earns on average in each state, and what a tick shows of it.
struct service {
  const char* name;
  std::uint32_t states;
  std::vector<std::uint32_t> knobs;  ///< values of each, mixed radix, the first counts most
  double (*mean)(std::uint32_t state, std::uint32_t action, int tick);
  noise kind = noise::add;
  double amount = 0;
  int period = 0;       ///< ticks that a state lasts; 0: drawn anew each tick
  bool ordered = true;  ///< whether a user would say that the values have an order
  int ticks = 2000;

  std::uint32_t actions() const noexcept {
    std::uint32_t n = 1;
    for (const std::uint32_t k : knobs) n *= k;
    return n;
  }
  std::uint32_t state_at(int tick, gyre::rng& world) const noexcept {
    if (period > 0) return static_cast<std::uint32_t>(tick / period) % states;
    return states > 1 ? world.below(states) : 0;
  }
  double draw(double m, gyre::rng& world) const noexcept {
    if (kind == noise::success) return world.unit() < m ? 1 : 0;
    const double u = 1 - world.unit();
    const double v = world.unit();
    const double n = std::sqrt(-2 * std::log(u)) * std::cos(6.283185307179586 * v);
    if (kind == noise::multiply) return m * (1 + amount * n);
    if (kind == noise::lognormal) return m * std::exp(n - .5);
    return m + amount * n;
  }
};

namespace detail {

inline double sq(double x) noexcept { return x * x; }

inline double ship(std::uint32_t s, std::uint32_t a, int) {
  constexpr double speed[] = {1600, 180, 120, 55, 22};
  constexpr double ratio[] = {1, .42, .38, .34, .33};
  constexpr double block[] = {.8, .92, 1};
  const double link = s == 0 ? 400 : 3;
  return block[a % 3] / (1 / speed[a / 3] + ratio[a / 3] / link);
}
inline double batch(std::uint32_t s, std::uint32_t a, int) {
  constexpr double load[] = {3, 30, 120, 600};
  const double n = std::exp2(a);
  return -(10 * n / load[s] + 50 / n + 2);
}
inline double poll(std::uint32_t s, std::uint32_t a, int) {
  constexpr double rate[] = {.02, .3, 5};
  const double i = .05 * std::exp2(a);
  return 1 / (1 + rate[s] * i) - .02 / i;
}
inline double cache_drift(std::uint32_t, std::uint32_t a, int t) {
  return 1 - .01 * sq(a - (t < 1000 ? 4. : 12.));
}
inline double concurrency(std::uint32_t s, std::uint32_t a, int) {
  const double n = a + 1.;
  const double limit = 5 * (s + 1.);
  return n <= limit ? 1000 * n : 1000 * limit * std::exp(-.35 * (n - limit));
}
inline double two_knobs(std::uint32_t s, std::uint32_t a, int) {
  const double x = a / 8, y = a % 8;
  return 5 - .5 * sq(x - 1 - 1.5 * s) - .3 * sq(y - 6 + 1.2 * s);
}
inline double three_knobs(std::uint32_t, std::uint32_t a, int) {
  const double x = a / 36, y = a / 6 % 6, z = a % 6;
  return 3 - .4 * sq(x - 4) - .25 * sq(y - 1) - .15 * sq(z - 3) + (x == 4 && z == 3 ? .1 : 0);
}
inline double success(std::uint32_t, std::uint32_t a, int) {
  constexpr double p[] = {.90, .93, .92, .97, .94, .91};
  return p[a];
}
inline double heavy_tail(std::uint32_t, std::uint32_t a, int) {
  constexpr double median[] = {30, 22, 40, 15, 28, 50, 35, 20};
  return -median[a] * std::exp(.5);
}
inline double tiny_scale(std::uint32_t s, std::uint32_t a, int) {
  return 1e-6 * (1 - .05 * sq(a - (s == 0 ? 2. : 6.)));
}

inline double narrow_hill(std::uint32_t, std::uint32_t a, int) {
  return .2 + std::exp(-sq((a - 14.) / 1.2));
}
inline double two_hills(std::uint32_t s, std::uint32_t a, int) {
  const double left = std::exp(-sq((a - 4.) / 2.5)), right = std::exp(-sq((a - 15.) / 2.5));
  return s == 0 ? left + .75 * right : .75 * left + right;
}
inline double changes(std::uint32_t, std::uint32_t a, int t) {
  constexpr double best[] = {2, 9, 5, 11};
  return 10 - .15 * sq(a - best[t / 500 % 4]);
}
inline double shuffled(std::uint32_t, std::uint32_t a, int) {
  constexpr double worth[] = {3, 9, 1, 6, 2, 8, 4, 10, 0, 7, 5, 3};
  return worth[a];
}
inline double many_states(std::uint32_t s, std::uint32_t a, int) {
  return 50 - .8 * sq(a - (1 + .6 * s));
}
inline double states_apart(std::uint32_t s, std::uint32_t a, int) {
  const double best = s * 5 % 8;
  return std::pow(4., s) * (1 - .04 * sq(a - best));
}
inline double timeouts(std::uint32_t s, std::uint32_t a, int) {
  const double wait = 5 * std::exp2(.7 * a), need = s == 0 ? 40 : 200;
  return -(wait * .3 + 400 * std::exp(-wait / need));
}
inline double codec_level(std::uint32_t, std::uint32_t a, int) {
  constexpr double codec[] = {2, 5, 3, 4};
  const double level = a % 6, best = 2 + a / 6 % 2;
  return codec[a / 6] - .25 * sq(level - best);
}
inline double plateau(std::uint32_t, std::uint32_t a, int) {
  return a < 6 ? 1 + .5 * a : a < 16 ? 4 : 4 - .8 * (a - 15.);
}
inline double recur(std::uint32_t, std::uint32_t a, int t) {
  return 5 - .12 * sq(a - (t / 400 % 2 == 0 ? 3. : 7.));
}

}  // namespace detail

/// The ten that the project's figures are of.
inline std::vector<service> services() {
  using namespace detail;
  return {
      {"ship", 2, {5, 3}, ship, noise::multiply, .1, 50},
      {"batch", 4, {12}, batch, noise::multiply, .3},
      {"poll", 3, {10}, poll, noise::add, .15, 100},
      {"cache-drift", 1, {16}, cache_drift, noise::add, .1},
      {"concurrency", 4, {24}, concurrency, noise::add, 1000},
      {"two-knobs", 4, {8, 8}, two_knobs, noise::add, 1},
      {"three-knobs", 1, {6, 6, 6}, three_knobs, noise::add, .5},
      {"success", 1, {6}, success, noise::success, 0, 0, false},
      {"heavy-tail", 1, {8}, heavy_tail, noise::lognormal, 0, 0, false},
      {"tiny-scale", 2, {9}, tiny_scale, noise::add, 2e-7, 20},
  };
}

/// Twelve of other shapes, against fitting to the ten: no constant was chosen by them alone.
inline std::vector<service> other_services() {
  using namespace detail;
  return {
      {"narrow-hill", 1, {20}, narrow_hill, noise::add, .3},
      {"two-hills", 2, {20}, two_hills, noise::add, .3},
      {"changes", 1, {12}, changes, noise::add, 1},
      {"shuffled", 1, {12}, shuffled, noise::add, 3},
      {"many-states", 16, {12}, many_states, noise::add, 6},
      {"states-apart", 8, {8}, states_apart, noise::multiply, .2},
      {"timeouts", 2, {10}, timeouts, noise::lognormal, 0, 40},
      {"codec-level", 1, {4, 6}, codec_level, noise::add, 1},
      {"plateau", 1, {20}, plateau, noise::add, 1},
      {"recur", 1, {10}, recur, noise::add, 1},
      {"success-ord", 1, {6}, success, noise::success},
      {"heavy-tail-ord", 1, {8}, heavy_tail, noise::lognormal},
  };
}

/// Regret of a run: of all ticks, and of the last quarter. 0 is the best setting of each state and
/// time, 1 a setting at random.
struct outcome {
  double all = 0, last = 0;
};

/// A tick's part of its run's regret.
inline double regret_of(const service& what, std::uint32_t state, std::uint32_t action, int tick) {
  double best = -1e300, mean = 0;
  for (std::uint32_t a = 0; a < what.actions(); ++a) {
    const double m = what.mean(state, a, tick);
    best = std::max(best, m);
    mean += m / what.actions();
  }
  return (best - what.mean(state, action, tick)) / (best - mean) / what.ticks;
}

/// Lets `mind` (choose(state), observe(state, action, reward)) drive a service for its ticks.
/// @param told of each tick, its number and its part of the run's regret
template <class Mind, class Reward, class Told>
outcome drive(const service& what, Mind& mind, std::uint64_t seed, Reward change, Told told) {
  gyre::rng world(seed, 77, gyre::purpose::user);
  outcome sum;
  for (int t = 0; t < what.ticks; ++t) {
    const std::uint32_t s = what.state_at(t, world);
    const std::uint32_t a = mind.choose(s);
    const double regret = regret_of(what, s, a, t);
    sum.all += regret;
    told(t, regret);
    if (t >= what.ticks * 3 / 4) sum.last += 4 * regret;
    mind.observe(s, a, change(what.draw(what.mean(s, a, t), world), world));
  }
  return sum;
}
template <class Mind, class Reward>
outcome drive(const service& what, Mind& mind, std::uint64_t seed, Reward change) {
  return drive(what, mind, seed, change, [](int, double) {});
}
template <class Mind>
outcome drive(const service& what, Mind& mind, std::uint64_t seed) {
  return drive(what, mind, seed, [](double r, gyre::rng&) { return r; });
}

/// What the one setting earns that is best over all ticks, and how that compares.
inline outcome best_fixed(const service& what, std::uint64_t seed) {
  outcome best{1e300, 1e300};
  for (std::uint32_t a = 0; a < what.actions(); ++a) {
    struct {
      std::uint32_t action;
      std::uint32_t choose(std::uint32_t) const noexcept { return action; }
      void observe(std::uint32_t, std::uint32_t, double) const noexcept {}
    } mind{a};
    const outcome o = drive(what, mind, seed);
    if (o.all < best.all) best = o;
  }
  return best;
}

}  // namespace bench
