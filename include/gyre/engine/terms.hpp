// terms.hpp - what a tick says of its settings besides asking for them.
// Room: engine. Threads: as the run that it belongs to.
#pragma once

#include <cstdint>

#include <gyre/core/vec.hpp>
#include <gyre/learn/space.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// Most ticks have none. Kept by the learner for the next tick that says something.
struct tick_terms {
  /// Values that this tick may not use, each a knob's index and the value's.
  struct ruled {
    std::uint32_t knob = 0, choice = 0;
  };
  vec<ruled> ruled_out;
  /// What was measured, of a limit by its index.
  struct figure {
    std::uint32_t limit = 0;
    double value = 0, at_most = 0;
  };
  vec<figure> figures;
  bool mute = false;  ///< the tick teaches nothing

  void clear() noexcept {
    ruled_out.clear();
    figures.clear();
    mute = false;
  }
  bool allows(const space& where, std::uint32_t action) const noexcept {
    for (const ruled& r : ruled_out) {
      if (where.choice_of(action, r.knob) == r.choice) return false;
    }
    return true;
  }
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
