// count_model.hpp - what followed each action in each state, how often, and what it earned.
// Room: learn. Threads: one owner at a time.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <gyre/core/bytes.hpp>
#include <gyre/core/result.hpp>
#include <gyre/core/vec.hpp>
#include <string>
#include <utility>

namespace gyre {
inline namespace v1 {

/// A model of a world by counting: of each cell (state * actions + action) its mean reward and how
/// often each state came next, so that chance is planned for; a model of the last outcome takes
/// each for certain.
///
/// Bounded: a cell keeps the `width` = min(states + 1, 16) successors that came most often; one
/// more takes the place of the rarest, whose count is forgotten. A cell that was seen `most` times
/// has all its counts halved (up), so that a world that changes is followed. 12 * width + 12 bytes
/// a cell and 4 a state, all of it taken in the constructor: at most 13.4 MB for 65,536 cells. The
/// 12 * width are written to when their cell is first seen, so that a large model is made at once,
/// and what was never seen of it lies in no page of memory.
class count_model {
 public:
  static constexpr std::uint32_t most = 4096, widest = 16, none = 0xffffffffU;

  /// What came next, `count` times; `state` may be end().
  struct successor {
    std::uint32_t state;
    std::uint32_t count;  ///< 0: no successor
    std::uint32_t later;  ///< the next place with this state; see each_before()
  };

  count_model(std::uint32_t states, std::uint32_t actions)  ///< @pre both > 0
      : states_(states),
        actions_(actions),
        width_(std::min(states + 1, widest)),
        seen_(cells(), 0),
        reward_(cells(), 0.0),
        first_(std::size_t{states} + 1, none) {
    places_.resize_unwritten(cells() * width_);
  }

  std::size_t cells() const noexcept { return std::size_t{states_} * actions_; }
  std::uint32_t end() const noexcept { return states_; }  ///< the state that is an end
  std::uint32_t width() const noexcept { return width_; }
  /// How often a cell was seen, halved as above.
  std::uint32_t seen(std::uint32_t cell) const noexcept { return seen_[cell]; }
  double reward(std::uint32_t cell) const noexcept { return reward_[cell]; }
  /// The successors of a cell, `width()` places, those with a count of 0 last. @pre seen(cell) > 0
  const successor* after(std::uint32_t cell) const noexcept {
    return places_.data() + std::size_t{cell} * width_;
  }

  /// Counts what followed. @pre cell < cells(), next <= end(), the reward is finite
  void add(std::uint32_t cell, double reward, std::uint32_t next) noexcept {
    successor* const row = row_of(cell);
    if (seen_[cell] == 0) clear(row);
    if (seen_[cell] >= most) halve(cell);
    ++seen_[cell];
    reward_[cell] += (reward - reward_[cell]) / seen_[cell];
    std::uint32_t at = 0;
    while (at < width_ && row[at].count > 0 && row[at].state != next) ++at;
    if (at == width_) {  // none like it, and none free
      at = 0;
      for (std::uint32_t k = 1; k < width_; ++k) {
        if (row[k].count < row[at].count) at = k;
      }
      seen_[cell] -= row[at].count;
      unlink(place(cell, at));
    }
    if (row[at].count == 0) link(place(cell, at), next);
    ++row[at].count;
  }

  /// What a cell is worth if states are worth `best(state)`, an end nothing. @pre seen(cell) > 0
  template <class Best>
  double worth(std::uint32_t cell, double discount, Best best) const noexcept {
    double sum = 0;
    const successor* const row = after(cell);
    for (std::uint32_t k = 0; k < width_ && row[k].count > 0; ++k) {
      if (row[k].state < states_) sum += row[k].count * best(row[k].state);
    }
    return reward_[cell] + discount * sum / seen_[cell];
  }

  /// Calls f(cell, count) for each cell that has led to `state`.
  template <class F>
  void each_before(std::uint32_t state, F f) const {
    for (std::uint32_t p = first_[state]; p != none; p = places_[p].later) {
      f(p / width_, places_[p].count);
    }
  }

  void save(byte_writer& out) const {
    for (std::uint32_t c = 0; c < cells(); ++c) {
      out.varint(seen_[c]);
      if (seen_[c] == 0) continue;
      out.f64(reward_[c]);
      std::uint32_t n = 0;
      while (n < width_ && after(c)[n].count > 0) ++n;
      out.varint(n);
      for (std::uint32_t k = 0; k < n; ++k) {
        out.varint(after(c)[k].state);
        out.varint(after(c)[k].count);
      }
    }
  }
  /// What save() of one of this shape wrote; code::corrupt: nothing changed.
  result<void> load(byte_reader& in) {
    count_model read(states_, actions_);
    for (std::uint32_t c = 0; c < cells(); ++c) {
      const std::uint64_t seen = in.varint();
      if (seen == 0 || !in.ok()) continue;
      read.reward_[c] = in.f64();
      const std::uint64_t n = in.varint();
      std::uint64_t sum = 0;
      bool sane = in.ok() && std::isfinite(read.reward_[c]) && seen <= most && n <= width_;
      successor* const row = read.row_of(c);
      clear(row);
      for (std::uint32_t k = 0; sane && k < n; ++k) {
        const std::uint64_t state = in.varint(), count = in.varint();
        sum += count;
        sane = in.ok() && state <= states_ && count > 0 && count <= seen;
        row[k] = {static_cast<std::uint32_t>(state), static_cast<std::uint32_t>(count), none};
      }
      if (!sane || sum != seen) return fail(code::corrupt, "count_model: cell ", c, " is damaged");
      read.seen_[c] = static_cast<std::uint32_t>(seen);
    }
    if (!in.ok()) return fail(code::corrupt, "count_model: it ends early");
    for (auto c = static_cast<std::uint32_t>(cells()); c-- > 0;) {
      for (std::uint32_t k = read.seen_[c] == 0 ? 0 : width_; k-- > 0;) {
        const successor& s = read.row_of(c)[k];
        if (s.count > 0) read.link(read.place(c, k), s.state);
      }
    }
    *this = std::move(read);
    return ok;
  }

 private:
  successor* row_of(std::uint32_t cell) noexcept {
    return places_.data() + std::size_t{cell} * width_;
  }
  void clear(successor* row) const noexcept { std::fill_n(row, width_, successor{none, 0, none}); }
  std::uint32_t place(std::uint32_t cell, std::uint32_t k) const noexcept {
    return cell * width_ + k;
  }
  /// Into the list of its state, which is in order, so that it is the same after save() and load().
  void link(std::uint32_t p, std::uint32_t state) noexcept {
    std::uint32_t* at = &first_[state];
    while (*at < p) at = &places_[*at].later;  // none is greater than all
    places_[p].state = state;
    places_[p].later = *at;
    *at = p;
  }
  void unlink(std::uint32_t p) noexcept {
    std::uint32_t* at = &first_[places_[p].state];
    while (*at != p) at = &places_[*at].later;
    *at = places_[p].later;
    places_[p].count = 0;
  }
  void halve(std::uint32_t cell) noexcept {
    successor* const row = row_of(cell);
    std::uint32_t sum = 0;
    for (std::uint32_t k = 0; k < width_; ++k) sum += row[k].count = (row[k].count + 1) / 2;
    seen_[cell] = sum;
  }

  std::uint32_t states_, actions_, width_;
  vec<successor> places_;       // width_ of each cell; unwritten until it is seen
  vec<std::uint32_t> seen_;     // of each cell
  vec<double> reward_;          // of each cell, the mean
  vec<std::uint32_t> first_;    // of each state and the end, the first place that leads there
};

}  // namespace v1
}  // namespace gyre
