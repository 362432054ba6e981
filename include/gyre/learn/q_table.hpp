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
#include <gyre/core/vec.hpp>
#include <limits>
#include <string>
#include <utility>

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

/// Q(state, action), row-major, all 0 at first, with the number of updates of each cell. Learned as
/// doubles, so that a small difference of large rewards is kept, and shown as floats.
class q_table {
 public:
  q_table(std::uint32_t states, std::uint32_t actions)  ///< @pre both > 0
      : states_(states),
        actions_(actions),
        exact_(cells(), 0.0),
        q_(cells(), 0.0F),
        updates_(cells(), 0) {}

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
  std::uint32_t greedy(std::uint32_t state) const noexcept {
    const std::uint32_t first = argmax(row(state), actions_);
    const float top = row(state)[first];
    const double* exact = exact_.data() + std::size_t{state} * actions_;
    std::uint32_t best = first;  // rounding keeps the order, so it is among the greatest floats
    for (std::uint32_t a = first + 1; a < actions_; ++a) {
      if (row(state)[a] >= top && exact[a] > exact[best]) best = a;
    }
    return best;
  }
  float best(std::uint32_t state) const noexcept { return row(state)[greedy(state)]; }
  /// The greatest worth in a state, not rounded.
  double exact_best(std::uint32_t state) const noexcept {
    const double* const row = exact_row(state);
    double best = row[0];
    for (std::uint32_t a = 1; a < actions_; ++a) best = row[a] > best ? row[a] : best;
    return best;
  }
  double exact(std::size_t i) const noexcept { return exact_[i]; }  ///< cell i, not rounded
  std::uint32_t updated(std::size_t i) const noexcept { return updates_[i]; }  ///< as updates()
  /// The worths in a state, not rounded.
  const double* exact_row(std::uint32_t state) const noexcept {
    return exact_.data() + std::size_t{state} * actions_;
  }
  /// The action of most worth; `pick` decides between equals, all of them likely for a uniform one.
  std::uint32_t greedy(std::uint32_t state, std::uint64_t pick) const noexcept {
    const std::uint32_t first = greedy(state);
    const double* exact = exact_.data() + std::size_t{state} * actions_;
    std::uint32_t equal = 0;
    for (std::uint32_t a = first; a < actions_; ++a) equal += exact[a] >= exact[first] ? 1 : 0;
    if (equal == 1) return first;
    auto skip = static_cast<std::uint32_t>(((pick >> 32) * equal) >> 32);
    std::uint32_t a = first;
    for (; a < actions_; ++a) {
      if (exact[a] >= exact[first] && skip-- == 0) break;
    }
    return a;
  }

  /// Moves a cell towards `target` by `rate`, or by 1/n at its n-th update while that is more and
  /// `average` is set: the cell is then the mean of its targets until n reaches 1/rate, and tracks
  /// them from there. The cell stays finite. @pre target is not NaN, 0 < rate <= 1
  void update(std::uint32_t state, std::uint32_t action, double target, double rate,
              bool average) noexcept {
    const std::size_t i = std::size_t{state} * actions_ + action;
    const double step = average ? std::max(rate, 1.0 / (1.0 + updates_[i])) : rate;
    set(i, exact_[i] + step * (target - exact_[i]));
  }
  /// An update that makes cell i `worth`. @pre not NaN
  void set(std::size_t i, double worth) noexcept {
    const std::uint32_t n = updates_[i];
    learned_ += n == 0 ? 1 : 0;
    updates_[i] = n + (n < std::numeric_limits<std::uint32_t>::max() ? 1 : 0);
    put(i, worth);
  }
  /// Cells that were never updated are worth this from now on. O(cells). @pre finite as a float
  void start_at(double worth) noexcept {
    for (std::size_t i = 0; i < cells(); ++i) {
      if (updates_[i] == 0) put(i, worth);
    }
  }

  void save(byte_writer& out) const {
    for (const double q : exact_) out.f64(q);
    for (const std::uint32_t n : updates_) out.varint(n);
  }
  /// What save() of a table of this shape wrote, or, `narrow`, an older one in floats.
  /// code::corrupt: nothing changed.
  result<void> load(byte_reader& in, bool narrow = false) {
    q_table read(states_, actions_);
    for (std::size_t i = 0; i < cells(); ++i) {
      const double q = narrow ? static_cast<double>(in.f32()) : in.f64();
      read.exact_[i] = q;
      read.q_[i] = static_cast<float>(q);
      if (!std::isfinite(read.q_[i])) {
        return fail(code::corrupt, "q_table: a value is not finite");
      }
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
  void put(std::size_t i, double worth) noexcept {
    constexpr double most = std::numeric_limits<float>::max();
    exact_[i] = std::clamp(worth, -most, most);
    q_[i] = static_cast<float>(exact_[i]);
  }

  std::uint32_t states_, actions_;
  vec<double> exact_;
  vec<float> q_;  ///< the same, rounded
  vec<std::uint32_t> updates_;
  std::uint32_t learned_ = 0;
};

}  // namespace v1
}  // namespace gyre
