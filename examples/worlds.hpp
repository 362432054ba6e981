// worlds.hpp - small worlds with known optima, as Gymnasium has them, for learners to be judged in.
// Room: examples. Threads: plain values, and functions of them.
//
// Each world of states is written down as what may follow each action, so that the best that can be
// earned in it follows by value iteration: best_values(), and worth() of what a learner does.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <gyre/core/rng.hpp>
#include <string_view>
#include <vector>

namespace worlds {

/// One of the things that may follow an action.
struct outcome {
  std::uint32_t next = 0;
  double reward = 0;
  bool ends = false;  ///< terminated: nothing can be earned after it
};

/// A world of states: of each state and action the outcomes, all of one probability.
struct world {
  std::uint32_t states = 0, actions = 0, limit = 0;  ///< limit: steps of an episode; 0: none
  std::vector<std::uint32_t> starts;                 ///< an episode begins at one of these
  std::vector<std::vector<outcome>> after;           ///< by state * actions + action

  const std::vector<outcome>& of(std::uint32_t state, std::uint32_t action) const {
    return after[state * actions + action];
  }
  std::uint32_t start(gyre::rng& draw) const {
    return starts[draw.below(static_cast<std::uint32_t>(starts.size()))];
  }
  const outcome& step(std::uint32_t state, std::uint32_t action, gyre::rng& draw) const {
    const auto& may = of(state, action);
    return may[may.size() == 1 ? 0 : draw.below(static_cast<std::uint32_t>(may.size()))];
  }
};

/// What an action is worth if states are worth `v`.
inline double expected(const world& w, std::uint32_t state, std::uint32_t action,
                       const std::vector<double>& v, double discount) {
  double sum = 0;
  const auto& may = w.of(state, action);
  for (const outcome& o : may) sum += o.reward + (o.ends ? 0 : discount * v[o.next]);
  return sum / static_cast<double>(may.size());
}

inline double mean_at_starts(const world& w, const std::vector<double>& v) {
  double sum = 0;
  for (const std::uint32_t s : w.starts) sum += v[s];
  return sum / static_cast<double>(w.starts.size());
}

/// The optimum of each state, to 1e-12 (Bellman 1957); within `most` sweeps, for policies that
/// never end.
template <class Better>
std::vector<double> iterate(const world& w, int most, Better better) {
  std::vector<double> v(w.states, 0);
  for (int sweep = 0; sweep < most; ++sweep) {
    double moved = 0;
    for (std::uint32_t s = 0; s < w.states; ++s) {
      const double now = better(s, v);
      moved = std::max(moved, std::fabs(now - v[s]));
      v[s] = now;
    }
    if (moved < 1e-12) break;
  }
  return v;
}
inline std::vector<double> best_values(const world& w, double discount) {
  return iterate(w, 100'000, [&](std::uint32_t s, const std::vector<double>& v) {
    double best = expected(w, s, 0, v, discount);
    for (std::uint32_t a = 1; a < w.actions; ++a) {
      best = std::max(best, expected(w, s, a, v, discount));
    }
    return best;
  });
}
/// What a policy is worth, on average over the starts.
template <class Policy>
double worth(const world& w, Policy policy, double discount) {
  return mean_at_starts(w, iterate(w, 3'000, [&](std::uint32_t s, const std::vector<double>& v) {
                          return expected(w, s, policy(s), v, discount);
                        }));
}

/// FrozenLake-v1: from S to G over F, around H. 0 left, 1 down, 2 right, 3 up; on slippery ice the
/// move is the wanted one or one of its two neighbours. @param side 4 or 8
inline world frozen_lake(std::uint32_t side, bool slippery) {
  constexpr std::string_view four = "SFFFFHFHFFFHHFFG";
  constexpr std::string_view eight =
      "SFFFFFFFFFFFFFFFFFFHFFFFFFFFFHFFFFFHFFFFFHHFFFHFFHFFHFHFFFFHFFFG";
  const std::string_view map = side == 4 ? four : eight;
  world w{side * side, 4, side == 4 ? 100U : 200U, {0}, {}};
  for (std::uint32_t s = 0; s < w.states; ++s) {
    for (std::uint32_t a = 0; a < 4; ++a) {
      std::vector<outcome>& may = w.after.emplace_back();
      for (const std::uint32_t turn : {3U, 0U, 1U}) {
        if (!slippery && turn != 0) continue;
        const std::uint32_t way = (a + turn) % 4, row = s / side, column = s % side;
        std::uint32_t next = s;
        if (map[s] == 'H' || map[s] == 'G') {
          may.push_back({s, 0, true});
          continue;
        }
        if (way == 0 && column > 0) next = s - 1;
        if (way == 1 && row + 1 < side) next = s + side;
        if (way == 2 && column + 1 < side) next = s + 1;
        if (way == 3 && row > 0) next = s - side;
        may.push_back({next, map[next] == 'G' ? 1.0 : 0.0, map[next] == 'G' || map[next] == 'H'});
      }
    }
  }
  return w;
}

/// CliffWalking: 4 rows of 12, from the lower left to the lower right; what lies between is the
/// cliff, which costs 100 and leads back to the start. 0 up, 1 right, 2 down, 3 left; each step
/// costs 1; there is no limit.
inline world cliff_walking(bool slippery = false) {
  world w{48, 4, 0, {36}, {}};
  for (std::uint32_t s = 0; s < w.states; ++s) {
    for (std::uint32_t a = 0; a < 4; ++a) {
      std::vector<outcome>& may = w.after.emplace_back();
      for (const std::uint32_t turn : {3U, 0U, 1U}) {
        if (!slippery && turn != 0) continue;
        const std::uint32_t way = (a + turn) % 4;
        std::uint32_t row = s / 12, column = s % 12;
        if (s == 47) {
          may.push_back({s, 0, true});
          continue;
        }
        if (way == 0 && row > 0) --row;
        if (way == 1 && column < 11) ++column;
        if (way == 2 && row < 3) ++row;
        if (way == 3 && column > 0) --column;
        const bool falls = row == 3 && column > 0 && column < 11;
        may.push_back({falls ? 36 : row * 12 + column, falls ? -100.0 : -1.0,
                       row == 3 && column == 11});
      }
    }
  }
  return w;
}

/// Taxi-v3: five rows of five with walls; fetch a passenger at one of four depots, bring them to
/// another. State ((row * 5 + column) * 5 + passenger) * 4 + destination, passenger 4 is on board;
/// 0 south, 1 north, 2 east, 3 west, 4 pick up, 5 drop off.
inline world taxi() {
  constexpr std::uint32_t depots[4] = {0, 4, 20, 23};
  // Cells whose way east is walled.
  const auto walled = [](std::uint32_t cell) {
    return cell == 1 || cell == 6 || cell == 15 || cell == 20 || cell == 17 || cell == 22;
  };
  world w{500, 6, 200, {}, {}};
  for (std::uint32_t s = 0; s < w.states; ++s) {
    const std::uint32_t cell = s / 20, passenger = s / 4 % 5, destination = s % 4;
    if (passenger < 4 && passenger != destination) w.starts.push_back(s);
    for (std::uint32_t a = 0; a < 6; ++a) {
      std::uint32_t to = cell, carried = passenger;
      double reward = -1;
      bool ends = false;
      if (a == 0 && cell < 20) to = cell + 5;
      if (a == 1 && cell >= 5) to = cell - 5;
      if (a == 2 && cell % 5 < 4 && !walled(cell)) to = cell + 1;
      if (a == 3 && cell % 5 > 0 && !walled(cell - 1)) to = cell - 1;
      if (a == 4) {
        if (passenger < 4 && cell == depots[passenger]) {
          carried = 4;
        } else {
          reward = -10;
        }
      }
      if (a == 5) {
        const std::uint32_t* depot = std::find(depots, depots + 4, cell);
        if (passenger == 4 && cell == depots[destination]) {
          carried = destination;
          reward = 20;
          ends = true;
        } else if (passenger == 4 && depot != depots + 4) {
          carried = static_cast<std::uint32_t>(depot - depots);
        } else {
          reward = -10;
        }
      }
      w.after.push_back({{(to * 5 + carried) * 4 + destination, reward, ends}});
    }
  }
  return w;
}

/// MountainCar-v0: a car too weak for the hill swings up. 0 left, 1 nothing, 2 right; each step
/// costs 1 until it is at .5; the limit of an episode is 200 steps.
struct mountain_car {
  double x = 0, v = 0;

  void start(gyre::rng& draw) {
    x = -.6 + .2 * draw.unit();
    v = 0;
  }
  /// True once it is there.
  bool step(std::uint32_t action) {
    v += (static_cast<double>(action) - 1) * .001 - .0025 * std::cos(3 * x);
    v = std::clamp(v, -.07, .07);
    x = std::clamp(x + v, -1.2, .6);
    if (x <= -1.2 && v < 0) v = 0;
    return x >= .5;
  }
};

}  // namespace worlds
