// explore.hpp - which action to try: by chance, by what it may be worth, by how little is known.
// Room: learn. Threads: pure functions.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <gyre/core/result.hpp>
#include <gyre/core/rng.hpp>
#include <gyre/learn/options.hpp>
#include <gyre/learn/portable_math.hpp>
#include <string>

namespace gyre {
inline namespace v1 {

/// One state, as who chooses in it sees it.
struct choices {
  const double* worth = nullptr;          ///< of each action
  const std::uint32_t* tries = nullptr;   ///< of each action
  std::uint32_t actions = 0;
  std::uint64_t decisions = 0;  ///< that came before

  /// From the least worth to the greatest.
  double spread() const noexcept {
    return *std::max_element(worth, worth + actions) - *std::min_element(worth, worth + actions);
  }
  std::uint64_t visits() const noexcept {
    std::uint64_t n = 0;
    for (std::uint32_t a = 0; a < actions; ++a) n += tries[a];
    return n;
  }
};

/// The number of `e` now: a probability, or of `boltzmann` and `bonus` a part of the spread.
inline double number_of(const exploration& e, const choices& c) noexcept {
  if (e.how == exploring::exponential && c.decisions < e.over) {
    const double part = static_cast<double>(c.decisions) / static_cast<double>(e.over);
    return e.from * portable::exp(part * portable::log(e.to / e.from));
  }
  if (e.how == exploring::by_visits) {
    const auto half = static_cast<double>(e.over);
    return std::max(e.to, e.from * half / (half + static_cast<double>(c.visits())));
  }
  return e.at(c.decisions);
}

namespace detail {

/// Calls f(a, score) for each action, what is tried least having the greatest bonus; what was never
/// tried comes before all.
template <class F>
void each_with_bonus(double part, const choices& c, F f) {
  const double most =
      part * c.spread() * std::sqrt(portable::log(1 + static_cast<double>(c.visits())));
  for (std::uint32_t a = 0; a < c.actions; ++a) {
    f(a, c.tries[a] == 0 ? 1e308 : c.worth[a] + most / std::sqrt(double(c.tries[a])));
  }
}
/// Calls f(a, weight) for each action, the weight of the best being 1.
template <class F>
void each_by_boltzmann(double part, const choices& c, F f) {
  const double best = *std::max_element(c.worth, c.worth + c.actions);
  const double heat = std::max(part * c.spread(), 1e-300);
  for (std::uint32_t a = 0; a < c.actions; ++a) {
    f(a, portable::exp((c.worth[a] - best) / heat));
  }
}
/// One of the actions with the greatest score, all alike likely.
template <class Each>
std::uint32_t best_of(std::uint64_t pick, Each each) {
  double top = -1.7e308;
  std::uint32_t equal = 0, chosen = 0;
  each([&](std::uint32_t, double score) {
    if (score > top) {
      top = score;
      equal = 0;
    }
    equal += score >= top ? 1 : 0;
  });
  auto skip = static_cast<std::uint32_t>(((pick >> 32) * equal) >> 32);
  bool found = false;
  each([&](std::uint32_t a, double score) {
    if (!found && score >= top && skip-- == 0) {
      chosen = a;
      found = true;
    }
  });
  return chosen;
}

}  // namespace detail

/// The action to take; two draws of `draw`. @pre e.how is not automatic, c.actions > 0
inline std::uint32_t explore(const exploration& e, const choices& c, rng& draw) noexcept {
  const double number = number_of(e, c), chance = draw.unit();
  const std::uint64_t pick = draw.next();
  if (e.how == exploring::bonus && number > 0) {
    return detail::best_of(pick, [&](auto f) { detail::each_with_bonus(number, c, f); });
  }
  if (e.how == exploring::boltzmann && number > 0) {
    double all = 0;
    detail::each_by_boltzmann(number, c, [&](std::uint32_t, double w) { all += w; });
    double left = chance * all;
    std::uint32_t chosen = c.actions - 1;
    bool found = false;
    detail::each_by_boltzmann(number, c, [&](std::uint32_t a, double w) {
      left -= w;
      if (!found && left < 0) {
        chosen = a;
        found = true;
      }
    });
    return chosen;
  }
  if (chance < number) return static_cast<std::uint32_t>(((pick >> 32) * c.actions) >> 32);
  return detail::best_of(pick, [&](auto f) {
    for (std::uint32_t a = 0; a < c.actions; ++a) f(a, c.worth[a]);
  });
}

/// What a state is worth to who chooses so: the mean of explore()'s choices.
inline double expected_worth(const exploration& e, const choices& c) noexcept {
  const double number = number_of(e, c);
  double all = 0, sum = 0;
  if (e.how == exploring::boltzmann && number > 0) {
    detail::each_by_boltzmann(number, c, [&](std::uint32_t a, double w) {
      all += w;
      sum += w * c.worth[a];
    });
    return sum / all;
  }
  if (e.how == exploring::bonus && number > 0) {
    return c.worth[detail::best_of(0, [&](auto f) { detail::each_with_bonus(number, c, f); })];
  }
  for (std::uint32_t a = 0; a < c.actions; ++a) sum += c.worth[a];
  const double best = *std::max_element(c.worth, c.worth + c.actions);
  return (1 - number) * best + number * (sum / c.actions);
}

/// code::arg when a number is out of its range or NaN, or `from` has no decision to be used at.
inline result<void> check(const exploration& e) {
  if (e.how > exploring::bonus) {
    return fail(code::arg, "exploration.how is none of enum exploring: ", unsigned(e.how));
  }
  const bool part = e.how == exploring::boltzmann || e.how == exploring::bonus;
  for (const double p : {e.from, e.to}) {
    if (!(p >= 0 && p <= (part ? 100 : 1))) {
      return part ? fail(code::arg, "exploration is a part 0..100 of the worths' spread, not ", p)
                  : fail(code::arg, "exploration is a probability 0..1, not ", p);
    }
  }
  if (e.over == 0 && e.from != e.to) {
    return fail(code::arg, "exploration from ", e.from, " to ", e.to,
                " needs `over`, the decisions that it takes; with 0 it would start at ", e.to);
  }
  if (e.how == exploring::exponential && !(e.from >= 1e-9 && e.to >= 1e-9)) {
    return fail(code::arg, "exponential exploration is from and to at least 1e-9, not ", e.from,
                " and ", e.to);
  }
  return ok;
}

}  // namespace v1
}  // namespace gyre
