// dqn_rows.hpp - what a dqn learns from: rows of floats, drawn by how wrong it was about them.
// Room: learn. Threads: one owner at a time.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <gyre/learn/dqn_batch.hpp>
#include <gyre/learn/input_scale.hpp>
#include <gyre/learn/n_step.hpp>
#include <gyre/learn/priorities.hpp>
#include <gyre/learn/replay_slots.hpp>
#include <span>

namespace gyre {
inline namespace v1 {

/// The newest `capacity` rows of an observation as wide as at run time, with their priorities.
/// Memory is taken in the constructor (rows are touched as they come).
class dqn_rows {
 public:
  /// @param batch rows that draw() gives
  dqn_rows(std::uint32_t width, std::uint32_t capacity, std::uint32_t batch,
           const priority_options& by)
      : width_(width), slots_(capacity), priorities_(capacity, by), drawn_(batch) {
    rows_.reserve(row() * slots_.capacity());
  }
  /// What the rows of such an observation take, with what is kept of each besides.
  static std::uint64_t bytes(std::uint32_t width, std::uint32_t capacity,
                             const priority_options& by) noexcept {
    return capacity * (std::uint64_t{4} * (2 * std::uint64_t{width} + numbers) + 1) +
           priorities::bytes(capacity, by);
  }

  /// The oldest makes room. @pre as wide
  void keep(const n_step_row& r) noexcept {
    const std::uint32_t slot = slots_.push();
    if (rows_.size() <= slot * row()) rows_.resize(rows_.size() + row());  // there is room for it
    float* to = &rows_[slot * row()];
    std::copy(r.seen.begin(), r.seen.end(), to);
    std::copy(r.next.begin(), r.next.end(), to + width_);
    to[2 * width_] = static_cast<float>(r.action);  // under 2^24, so exact
    to[2 * width_ + 1] = r.reward;
    to[2 * width_ + 2] = r.left;
    priorities_.add(slot);
  }
  /// Draws a batch, each row from a part of the sum of priorities of its own. False: there are
  /// none. @param input_row floats from one row of inputs to the next
  bool draw(dqn_batch& out, std::uint32_t input_row, const input_scale& scale,
            rng& random) noexcept {
    const auto fetch = [this](std::uint32_t slot) { __builtin_prefetch(row_at(slot)); };
    if (!priorities_.draw({drawn_.data(), drawn_.size()}, random, fetch)) return false;
    slots_.add_sampled(drawn_.size());
    for (std::size_t b = 0; b < drawn_.size(); ++b) {
      const std::uint32_t slot = drawn_[b].id.slot;
      const float* row = row_at(slot);
      scale.apply(row, &out.seen[b * input_row]);
      scale.apply(row + width_, &out.next[b * input_row]);
      out.slots[b] = slot;
      out.actions[b] = static_cast<std::uint32_t>(row[2 * width_]);
      out.rewards[b] = row[2 * width_ + 1];
      out.left[b] = row[2 * width_ + 2];
      out.weights[b] = drawn_[b].weight;
    }
    return true;
  }
  /// Takes note of how wrong the network was about the batch.
  void update(const dqn_batch& of) noexcept {
    priorities_.update({of.slots.data(), of.size}, {of.errors.data(), of.size});
  }

  const replay_slots& slots() const noexcept { return slots_; }
  double beta() const noexcept { return priorities_.beta(); }

  void save(byte_writer& out) const {
    slots_.save(out);
    priorities_.save(out);
    out.reserve(rows_.size() * sizeof(float));
    for (std::uint32_t s = 0; s < slots_.size(); ++s) {
      out.f32(priorities_.saved(s));
      for (std::size_t i = 0; i < row(); ++i) out.f32(row_at(s)[i]);
    }
  }
  /// What save() wrote, of the same width and capacity. False: it is not that, and this is of no
  /// use. @param actions of which each row's is one
  bool load(byte_reader& in, std::uint32_t actions) noexcept {
    std::uint64_t left_out = 0;
    if (!slots_.load(in, left_out) || left_out != 0 || !priorities_.load(in)) return false;
    const std::size_t all = slots_.size() * row();
    if (in.remaining() < all * sizeof(float)) return false;
    rows_.resize(all);
    for (std::uint32_t s = 0; s < slots_.size(); ++s) {
      if (!priorities_.restore(s, in.f32())) return false;
      float* to = &rows_[s * row()];
      for (std::size_t i = 0; i < row(); ++i) {
        to[i] = in.f32();
        if (!std::isfinite(to[i]) && i != 2 * width_ + 1) return false;
      }
      if (!(to[2 * width_] >= 0 && to[2 * width_] < static_cast<float>(actions))) return false;
    }
    return in.ok();
  }

 private:
  static constexpr std::uint32_t numbers = 3;  // action, reward, what `next` counts
  std::size_t row() const noexcept { return 2 * std::size_t{width_} + numbers; }
  const float* row_at(std::uint32_t slot) const noexcept { return &rows_[slot * row()]; }

  std::uint32_t width_;
  replay_slots slots_;
  priorities priorities_;
  vec<float> rows_;
  vec<drawn_row> drawn_;
};

}  // namespace v1
}  // namespace gyre
