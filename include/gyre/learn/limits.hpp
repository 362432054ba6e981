// limits.hpp - figures that are to stay under a bound, and which settings drive them over it.
// Room: learn. Threads: one owner at a time.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <gyre/core/vec.hpp>
#include <gyre/learn/knowledge.hpp>
#include <limits>
#include <string>
#include <string_view>

namespace gyre {
inline namespace v1 {

/// Goals beside the reward, at most four, each by its name: a figure of each tick, as its p99 in
/// ms, and what that may be at most. Each figure is learned as rewards are, by a knowledge of its
/// own, so that neighbouring settings and states teach each other; its memory, as much as the
/// tuner's, is taken by add().
class limits {
 public:
  static constexpr std::size_t most = 4;
  static constexpr double sure = 1.645;  ///< deviations over the bound: 95 % of one side

  struct limit {
    std::string name;
    double at_most = 0;  ///< as it was said last
    std::uint64_t observations = 0;
    std::uint64_t broken = 0;  ///< of these, over the bound of their tick
    knowledge held;
    vec<std::uint8_t> known_over;  ///< of each cell, when it was last observed
  };

  std::size_t size() const noexcept { return all_.size(); }
  const limit& operator[](std::size_t i) const noexcept { return all_[i]; }
  /// -1: none has this name.
  int find(std::string_view name) const noexcept {
    for (std::size_t i = 0; i < all_.size(); ++i) {
      if (all_[i].name == name) return static_cast<int>(i);
    }
    return -1;
  }
  /// The place of a limit, a new one if there is none of this name; -1: there are four others.
  int place(std::string_view name, const tuner_shape& shape) {
    const int known = find(name);
    if (known >= 0 || size() == most) return known;
    add(name, shape);
    return static_cast<int>(size()) - 1;
  }
  /// @pre size() < most, as many states and actions as the others
  void add(std::string_view name, const tuner_shape& shape) {
    limit l{std::string(name), 0, 0, 0, knowledge(shape), {}};
    l.known_over.assign(std::size_t{l.held.states()} * l.held.actions(), 0);
    all_.push_back(std::move(l));
  }

  /// Learns what a tick's figure was. @return true: by it this setting is known to break the limit
  /// in this state, which was not known before. @pre value is finite, i < size()
  bool observe(std::size_t i, std::uint32_t state, std::uint32_t action, double value,
               double at_most) noexcept {
    limit& l = all_[i];
    l.at_most = at_most;
    ++l.observations;
    if (value > at_most) ++l.broken;
    (void)l.held.observe(state, action, value);
    std::uint8_t& was = l.known_over[std::size_t{state} * l.held.actions() + action];
    const bool over = breaks(l, state, action);
    const bool news = over && was == 0;
    was = over ? 1 : 0;
    return news;
  }
  /// Whether a setting breaks one of the limits in a state, with 95 % confidence; false while too
  /// little is known.
  bool broken(std::uint32_t state, std::uint32_t action) const noexcept {
    for (const limit& l : all_) {
      if (breaks(l, state, action)) return true;
    }
    return false;
  }
  /// How far a setting is held to be over its bounds: the most, as a part of the bound.
  double excess(std::uint32_t state, std::uint32_t action) const noexcept {
    double worst = std::numeric_limits<double>::lowest();
    for (const limit& l : all_) {
      const double over = l.held.estimate(state, action).mean - l.at_most;
      worst = std::max(worst, over / std::max(std::fabs(l.at_most), 1e-9));
    }
    return worst;
  }
  std::size_t bytes() const noexcept {
    std::size_t n = 0;
    for (const limit& l : all_) n += sizeof l + l.held.bytes() + l.known_over.size();
    return n;
  }
  /// As tuner::save(). @param io over `out`
  template <class Writer, class Io>
  void save(Writer& out, Io& io) {
    out.varint(all_.size());
    for (const limit& l : all_) out.str(l.name);
    (void)each(io);
  }
  /// As tuner::restore(). @pre there are none @return false: damaged
  template <class Reader, class Io>
  bool load(Reader& in, Io& io, const tuner_shape& shape) {
    const std::uint64_t count = in.varint();
    if (count > most) return false;
    for (std::uint64_t i = 0; i < count && in.ok(); ++i) add(in.str(), shape);
    return in.ok() && each(io) && io.sound;
  }

 private:
  /// As belief::each(), of limits that are there already.
  template <class Io>
  bool each(Io& io) {
    bool sound = true;
    for (limit& l : all_) {
      io(l.at_most);
      io(l.observations);
      io(l.broken);
      sound = l.held.each(io) && sound;
      for (std::uint8_t& over : l.known_over) {
        std::uint32_t n = over;
        io(n);
        over = static_cast<std::uint8_t>(n);
        sound = sound && n <= 1;
      }
    }
    return sound;
  }
  static bool breaks(const limit& l, std::uint32_t state, std::uint32_t action) noexcept {
    const mixture::estimate e = l.held.estimate(state, action);
    const bool known = e.variance > 0 || e.noise > 0;
    return known && e.mean - sure * std::sqrt(e.variance) > l.at_most;
  }

  vec<limit> all_;
};

}  // namespace v1
}  // namespace gyre
