// carry_over.hpp - what a learner keeps of what was learned when its settings were others.
// Room: engine. Threads: pure.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include <gyre/core/vec.hpp>
#include <gyre/engine/mind.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// Which cell of an old space is the same as one of a new one. Knobs and features go by their
/// names, values by their names or numbers, buckets by their names or both bounds, whatever their
/// order. Where a knob or feature has come or gone, nothing is the same.
class same_cells {
 public:
  static constexpr std::uint32_t none = 0xffffffffU;

  same_cells(const space& was, const space& is) : was_(was), is_(is) {
    possible_ = was.knobs().size() == is.knobs().size() &&
                was.features().size() == is.features().size();
    for (const knob& k : is.knobs()) possible_ = possible_ && was.knob_index(k.name) >= 0;
    for (const feature& f : is.features()) {
      possible_ = possible_ && was.feature_index(f.name) >= 0;
    }
  }
  /// The old state of a new one, or none.
  std::uint32_t state(std::uint32_t is) const noexcept {
    std::uint32_t out = 0;
    for (std::size_t i = 0; possible_ && i < is_.features().size(); ++i) {
      const feature& f = is_.features()[i];
      const auto k = static_cast<std::size_t>(was_.feature_index(f.name));
      const std::uint32_t bucket = bucket_in(was_.features()[k], f, is_.bucket_of(is, i));
      if (bucket == none) return none;
      out = was_.with_bucket(out, k, bucket);
    }
    return possible_ ? out : none;
  }
  /// The old action of a new one, or none.
  std::uint32_t action(std::uint32_t is) const noexcept {
    std::uint32_t out = 0;
    for (std::size_t i = 0; possible_ && i < is_.knobs().size(); ++i) {
      const knob& n = is_.knobs()[i];
      const auto k = static_cast<std::size_t>(was_.knob_index(n.name));
      const std::uint32_t choice = choice_in(was_.knobs()[k], n, is_.choice_of(is, i));
      if (choice == none) return none;
      out = was_.with_choice(out, k, choice);
    }
    return possible_ ? out : none;
  }

 private:
  static std::uint32_t bucket_in(const feature& was, const feature& is, std::size_t at) noexcept {
    if (was.names.empty() != is.names.empty()) return none;
    for (std::size_t i = 0; i <= was.edges.size(); ++i) {
      const bool same = is.names.empty()
                            ? low(was, i) == low(is, at) && low(was, i + 1) == low(is, at + 1)
                            : was.names[i] == is.names[at];
      if (same) return static_cast<std::uint32_t>(i);
    }
    return none;
  }
  static std::uint32_t choice_in(const knob& was, const knob& is, std::size_t at) noexcept {
    if (was.names.empty() != is.names.empty()) return none;
    for (std::size_t i = 0; i < was.values.size(); ++i) {
      const bool same = is.names.empty() ? was.values[i] == is.values[at]
                                         : was.names[i] == is.names[at];
      if (same) return static_cast<std::uint32_t>(i);
    }
    return none;
  }
  /// Where bucket i begins, which is where the one before it ends.
  static double low(const feature& f, std::size_t i) noexcept {
    if (i == 0) return -std::numeric_limits<double>::infinity();
    return i > f.edges.size() ? std::numeric_limits<double>::infinity() : f.edges[i - 1];
  }

  const space& was_;
  const space& is_;
  bool possible_ = true;
};

/// Cells of the new space that go on with what was learned.
struct carried {
  std::uint32_t kept = 0, cells = 0;
};
/// Tells what was learned of each cell that there still is, as lessons that are `carried` and
/// figures under a limit: of a tuner a few ticks a cell, at most 8 and 4,096 in all, with the mean
/// and deviation that it holds true; of Q-learning its worth. Nothing is told from the one to the
/// other. @param lesson_of taught as lesson_of(lesson) @param figure_of as figure_of(state, action,
/// limit, value, at_most)
template <class Lesson, class Figure>
carried carry_over(const space& was, const mind& old, const space& is, const mind& next,
                   Lesson lesson_of, Figure figure_of) {
  struct pair {
    std::uint32_t state, action, old_state, old_action;
  };
  carried out{0, is.states() * is.actions()};
  if ((old.tuning() == nullptr) != (next.tuning() == nullptr)) return out;
  const same_cells same(was, is);
  const std::uint32_t* const visits =
      old.tuning() != nullptr ? old.tuning()->visits() : old.q_learning()->visits();
  vec<pair> cells;
  for (std::uint32_t s = 0; s < is.states(); ++s) {
    const std::uint32_t from = same.state(s);
    for (std::uint32_t a = 0; from != same.none && a < is.actions(); ++a) {
      const std::uint32_t action = same.action(a);
      if (action == same.none) continue;
      if (visits[std::size_t{from} * was.actions() + action] == 0) continue;
      cells.push_back({s, a, from, action});
    }
  }
  out.kept = static_cast<std::uint32_t>(cells.size());
  if (old.tuning() == nullptr) {
    for (const pair& c : cells) {
      const std::size_t at = std::size_t{c.old_state} * was.actions() + c.old_action;
      lesson l{c.state, c.action, static_cast<double>(old.q_learning()->q()[at]), c.state};
      l.carried = true;
      lesson_of(l);
    }
    return out;
  }
  const tuner& t = *old.tuning();
  const std::uint32_t rounds =
      cells.empty() ? 0 : std::clamp(4096U / static_cast<std::uint32_t>(cells.size()), 1U, 8U);
  for (std::uint32_t round = 0; round < rounds; ++round) {
    for (const pair& c : cells) {
      const std::uint32_t seen = visits[std::size_t{c.old_state} * was.actions() + c.old_action];
      if (round >= seen) continue;
      // Up and down by turns; the last of an odd number is the mean itself.
      const bool alone = round + 1 == std::min(seen, rounds) && round % 2 == 0;
      const double side = alone ? 0 : round % 2 == 0 ? 1 : -1;
      const auto e = t.estimate(c.old_state, c.old_action);
      lesson l{c.state, c.action, e.mean + side * std::sqrt(e.noise), c.state};
      l.carried = true;
      lesson_of(l);
      for (std::size_t i = 0; i < t.limits().size(); ++i) {
        const limits::limit& g = t.limits()[i];
        const auto f = g.held.estimate(c.old_state, c.old_action);
        figure_of(c.state, c.action, g.name, f.mean + side * std::sqrt(f.noise), g.at_most);
      }
    }
  }
  return out;
}

}  // namespace detail
}  // namespace v1
}  // namespace gyre
