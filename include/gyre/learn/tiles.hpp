// tiles.hpp - numbers as a few indices of weights: overlapping grids, hashed where they are many.
// Room: learn. Threads: plain values.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <gyre/core/result.hpp>
#include <gyre/core/rng.hpp>
#include <gyre/core/vec.hpp>
#include <span>
#include <string>

namespace gyre {
inline namespace v1 {

/// One number that is seen: where it lies, and into how many tiles that is cut.
struct tiled_axis {
  double low = 0, high = 1;  ///< their difference is finite; what lies outside counts as the end
  std::uint32_t tiles = 8;   ///< 1..65,536
};

/// Tile coding (Albus 1971; displaced by 1, 3, 5 ... parts of a tile, Miller and Glanz 1996): each
/// of `tilings` grids gives the index of one weight, and what is near shares most of them. Where
/// there are more tiles than weights they share weights by a hash, so memory stays as it is.
class tiles {
 public:
  static constexpr std::uint32_t most_axes = 32, most_tilings = 64, most_weights = 16'777'216;

  /// code::arg naming what is out of its range.
  static result<void> check(std::span<const tiled_axis> axes, std::uint32_t tilings,
                            std::uint32_t weights) {
    if (axes.empty() || axes.size() > most_axes) {
      return fail(code::arg, "tiles are of 1..32 numbers, not ", axes.size());
    }
    for (const tiled_axis& a : axes) {
      if (!(a.low < a.high && std::isfinite(a.high - a.low))) {
        return fail(code::arg, "an axis goes from a finite low to a greater high, not ", a.low,
                    " to ", a.high);
      }
      if (a.tiles == 0 || a.tiles > 65'536) {
        return fail(code::arg, "an axis has 1..65,536 tiles, not ", a.tiles);
      }
    }
    if (tilings == 0 || tilings > most_tilings) {
      return fail(code::arg, "tilings are 1..64, not ", tilings);
    }
    if (weights < 16 || weights > most_weights) {
      return fail(code::arg, "weights are 16..16,777,216, not ", weights);
    }
    return ok;
  }

  /// @pre check(axes, tilings, weights), actions > 0
  tiles(std::span<const tiled_axis> axes, std::uint32_t actions, std::uint32_t tilings,
        std::uint32_t weights)
      : axes_(axes.data(), axes.data() + axes.size()), tilings_(tilings), weights_(weights) {
    std::uint64_t all = std::uint64_t{actions} * tilings;
    for (const tiled_axis& a : axes_) {
      all = all > weights_ ? all : all * (a.tiles + 1);
    }
    hashed_ = all > weights_;
  }

  std::size_t numbers() const noexcept { return axes_.size(); }
  std::uint32_t tilings() const noexcept { return tilings_; }
  std::uint32_t weights() const noexcept { return weights_; }
  bool hashed() const noexcept { return hashed_; }  ///< two tiles may have one weight

  /// The weights of an action at `seen`: out[0..tilings). @pre numbers() finite floats
  void find(std::span<const float> seen, std::uint32_t action, std::uint32_t* out) const noexcept {
    for (std::uint32_t t = 0; t < tilings_; ++t) {
      std::uint64_t exact = std::uint64_t{action} * tilings_ + t, hash = mix(exact, 0, 0, 0);
      for (std::size_t i = 0; i < axes_.size(); ++i) {
        const tiled_axis& a = axes_[i];
        const double in = std::clamp(static_cast<double>(seen[i]), a.low, a.high);
        const double at = (in - a.low) / (a.high - a.low) * a.tiles;
        const auto shift = static_cast<double>(t * (2 * i + 1) % tilings_) / tilings_;
        const auto tile = static_cast<std::uint32_t>(at + shift);
        exact = exact * (a.tiles + 1) + std::min(tile, a.tiles);
        if (hashed_) hash = mix(hash, tile, i, 0);
      }
      out[t] = hashed_ ? static_cast<std::uint32_t>(((hash >> 32) * weights_) >> 32)
                       : static_cast<std::uint32_t>(exact);
    }
  }

 private:
  vec<tiled_axis> axes_;
  std::uint32_t tilings_, weights_;
  bool hashed_ = false;
};

}  // namespace v1
}  // namespace gyre
