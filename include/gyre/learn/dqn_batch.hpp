// dqn_batch.hpp - the rows that a dqn trains on at once.
// Room: learn. Threads: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gyre/core/vec.hpp>

namespace gyre {
inline namespace v1 {

/// Columns of `size` rows. What was seen lies in rows padded as q_network's inputs are.
struct dqn_batch {
  std::uint32_t size = 0;
  vec<std::uint32_t> slots, actions;
  vec<float> seen, next;     ///< scaled; padding is 0
  vec<float> rewards, left;  ///< what n steps earned, and what `next` counts; see n_step_row
  vec<float> weights;        ///< of each row's update, 0..1
  vec<float> errors;         ///< what the network says less what it should; written by training

  dqn_batch(std::uint32_t rows, std::uint32_t input_row)
      : size(rows), slots(rows), actions(rows), seen(std::size_t{rows} * input_row),
        next(seen.size()), rewards(rows), left(rows), weights(rows), errors(rows) {}
  std::size_t bytes() const noexcept { return size * std::size_t{24} + 8 * seen.size(); }
};

}  // namespace v1
}  // namespace gyre
