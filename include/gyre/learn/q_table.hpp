// q_table.hpp - the learned worth of every action in every state, dense.
// Room: learn. Threads: one owner at a time.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <gyre/core/bytes.hpp>
#include <gyre/core/result.hpp>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace gyre {
inline namespace v1 {

/// Four floats that every target handles as one (SSE, NEON, wasm SIMD128, scalars elsewhere).
using float4 = float __attribute__((vector_size(16)));
using int4 = std::int32_t __attribute__((vector_size(16)));

/// The index of the greatest of n floats, the lowest on a tie. Explicit vectors, because a scalar
/// compare-and-keep loop is not vectorised and is several times slower in wasm.
/// @pre n > 0, no NaN
inline std::uint32_t argmax(const float* row, std::uint32_t n) noexcept {
  std::uint32_t best = 0;
  if (n < 4) {
    for (std::uint32_t i = 1; i < n; ++i) {
      if (row[i] > row[best]) best = i;
    }
    return best;
  }
  float4 top;
  std::memcpy(&top, row, sizeof top);
  int4 where = {0, 1, 2, 3};
  const auto look = [&](std::uint32_t i) {
    float4 x;
    std::memcpy(&x, row + i, sizeof x);
    const auto at = static_cast<std::int32_t>(i);
    const int4 index = {at, at + 1, at + 2, at + 3};
    const int4 better = x > top;  // strict: a lane keeps its lowest index; -1 where true
    top = reinterpret_cast<float4>((reinterpret_cast<int4>(x) & better) |
                                   (reinterpret_cast<int4>(top) & ~better));
    where = (index & better) | (where & ~better);
  };
  std::uint32_t i = 4;
  for (; i + 4 <= n; i += 4) look(i);
  if (i < n) look(n - 4);  // the tail overlaps what was seen, which cannot beat itself
  int lane = 0;
  for (int k = 1; k < 4; ++k) {
    if (top[k] > top[lane] || (top[k] == top[lane] && where[k] < where[lane])) lane = k;
  }
  return static_cast<std::uint32_t>(where[lane]);
}

/// Q(state, action) as floats, row-major, all 0 at first, with the number of updates of each cell.
class q_table {
 public:
  q_table(std::uint32_t states, std::uint32_t actions)  ///< @pre both > 0
      : states_(states), actions_(actions), q_(cells(), 0.0F), updates_(cells(), 0) {}

  std::uint32_t states() const noexcept { return states_; }
  std::uint32_t actions() const noexcept { return actions_; }
  std::size_t cells() const noexcept { return std::size_t{states_} * actions_; }
  /// Every cell, row-major: q(s, a) at s * actions() + a. The address is good until load().
  const float* data() const noexcept { return q_.data(); }
  const float* row(std::uint32_t state) const noexcept {
    return q_.data() + std::size_t{state} * actions_;
  }
  float at(std::uint32_t state, std::uint32_t action) const noexcept { return row(state)[action]; }
  /// How often a cell was updated; stops at 2^32 - 1.
  std::uint32_t updates(std::uint32_t state, std::uint32_t action) const noexcept {
    return updates_[std::size_t{state} * actions_ + action];
  }
  std::uint32_t learned() const noexcept { return learned_; }  ///< cells updated at least once

  /// The action of most worth, the lowest index on a tie.
  std::uint32_t greedy(std::uint32_t state) const noexcept { return argmax(row(state), actions_); }
  float best(std::uint32_t state) const noexcept { return row(state)[greedy(state)]; }

  /// Moves a cell towards `target` by `rate`, or by 1/n at its n-th update while that is more and
  /// `average` is set: the cell is then the mean of its targets until n reaches 1/rate, and tracks
  /// them from there. The cell stays finite. @pre target is not NaN, 0 < rate <= 1
  void update(std::uint32_t state, std::uint32_t action, double target, double rate,
              bool average) noexcept {
    const std::size_t i = std::size_t{state} * actions_ + action;
    if (updates_[i] == 0) ++learned_;
    if (updates_[i] < std::numeric_limits<std::uint32_t>::max()) ++updates_[i];
    const double step = average ? std::max(rate, 1.0 / updates_[i]) : rate;
    const double moved = q_[i] + step * (target - q_[i]);
    constexpr double most = std::numeric_limits<float>::max();
    q_[i] = static_cast<float>(std::clamp(moved, -most, most));
  }

  void save(byte_writer& out) const {
    for (const float q : q_) out.f32(q);
    for (const std::uint32_t n : updates_) out.varint(n);
  }
  /// What save() of a table of this shape wrote. code::corrupt: nothing changed.
  result<void> load(byte_reader& in) {
    q_table read(states_, actions_);
    for (float& q : read.q_) {
      q = in.f32();
      if (!std::isfinite(q)) return fail(code::corrupt, "q_table: a value is not finite");
    }
    for (std::uint32_t& n : read.updates_) {
      const std::uint64_t v = in.varint();
      if (v > std::numeric_limits<std::uint32_t>::max()) {
        return fail(code::corrupt, "q_table: a count is over 32 bits");
      }
      n = static_cast<std::uint32_t>(v);
      if (n > 0) ++read.learned_;
    }
    if (!in.ok()) return fail(code::corrupt, "q_table: it ends early");
    *this = std::move(read);
    return ok;
  }

 private:
  std::uint32_t states_, actions_;
  std::vector<float> q_;
  std::vector<std::uint32_t> updates_;
  std::uint32_t learned_ = 0;
};

}  // namespace v1
}  // namespace gyre
