// priorities.hpp - how likely each slot of a replay buffer is drawn (Schaul et al. 2016).
// Room: learn. Threads: one owner at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <gyre/core/bytes.hpp>
#include <gyre/core/rng.hpp>
#include <gyre/learn/replay_options.hpp>
#include <gyre/learn/sum_tree.hpp>
#include <span>

namespace gyre {
inline namespace v1 {

/// A priority for each slot: P(slot) = priority / sum of priorities. A new row gets the greatest
/// priority that was measured of a row still held, and 1 while none was: so it is soon drawn, and
/// one great error is forgotten with its row.
///
/// All of it is computed in floats in a fixed order: the same bits natively and in wasm.
class priorities {
 public:
  priorities(std::uint32_t slots, const priority_options& options)
      : options_(options), tree_(slots, options.weights == weights_by::all) {}
  static std::uint64_t bytes(std::uint64_t slots, const priority_options& options) noexcept {
    return sum_tree::bytes(slots, options.weights == weights_by::all);
  }

  /// There is a new row in the slot.
  void add(std::uint32_t slot) noexcept {
    if (look_) {
      const float most = tree_.greatest();
      newest_ = most > 0 ? most : 1;
      look_ = false;
    }
    tree_.set(slot, -newest_);  // minus: assumed
  }
  /// There is none in it any more.
  void remove(std::uint32_t slot) noexcept { tree_.set(slot, 0); }

  /// Draws out.size() slots, with replacement, each from a stratum of the sum of its own; sets
  /// slot, weight and probability. False when no slot has a priority. @pre out is not empty
  /// @param fetch told each slot as soon as it is known
  template <class Fetch>
  bool draw(std::span<drawn_row> out, rng& random, Fetch&& fetch) noexcept {
    const float total = tree_.total();
    if (!(total > 0)) return false;
    constexpr std::size_t most = sum_tree::most_at_once;
    float mass[most];
    std::uint32_t slot[most];
    const float part = 1 / total;
    const double stratum = 1. / static_cast<double>(out.size());
    float least = 3e38F;
    for (std::size_t done = 0; done < out.size(); done += most) {
      const std::size_t n = std::min(most, out.size() - done);
      std::uint64_t bits = 0;  // a draw serves two strata
      for (std::size_t k = 0; k < n; ++k) {
        bits = k % 2 == 0 ? random.next() : bits << 32;
        const double at = static_cast<double>(done + k) + static_cast<double>(bits >> 40) * 0x1p-24;
        mass[k] = total * static_cast<float>(at * stratum);
      }
      tree_.find(mass, slot, n);
      for (std::size_t k = 0; k < n; ++k) fetch(slot[k]);
      for (std::size_t k = 0; k < n; ++k) {
        const float p = priority(slot[k]);
        out[done + k].id.slot = slot[k];
        out[done + k].probability = p * part;
        out[done + k].weight = p;
        least = std::min(least, p);
      }
    }
    weigh(out, options_.weights == weights_by::all ? tree_.least() : least);
    ++steps_;
    look_ = true;
    return true;
  }

  /// Sets the priorities of rows by their errors, in order, so that the last of a slot's counts.
  /// Errors over 1e12 count as that. @pre as many errors as slots, and all are finite
  void update(std::span<const std::uint32_t> slots, std::span<const float> errors) noexcept {
    constexpr std::size_t most = sum_tree::most_at_once;
    float p[most];
    const auto alpha = static_cast<float>(options_.alpha);
    const auto epsilon = static_cast<float>(options_.epsilon);
    for (std::size_t done = 0; done < slots.size(); done += most) {
      const std::size_t n = std::min(most, slots.size() - done);
      for (std::size_t k = 0; k < n; ++k) {
        const float size = errors[done + k] < 0 ? -errors[done + k] : errors[done + k];
        p[k] = size < greatest_error ? size + epsilon : greatest_error;
        tree_.fetch(slots[done + k]);
      }
      float powers[most];
      std::copy(p, p + n, powers);
      portable::pow(powers, n, alpha);
      for (std::size_t k = 0; k < n; ++k) {
        tree_.set(slots[done + k], p[k] > 0 || alpha <= 0 ? powers[k] : 0);
      }
    }
    look_ = true;
  }

  float priority(std::uint32_t slot) const noexcept {
    const float w = tree_.weight(slot);
    return w < 0 ? -w : w;
  }
  /// Whether the slot's priority is of an error of its own.
  bool measured(std::uint32_t slot) const noexcept { return tree_.weight(slot) >= 0; }
  float total() noexcept { return tree_.total(); }
  float greatest() noexcept { return tree_.greatest(); }  ///< measured; 0 where none was
  /// What it is now: it goes from beta to beta_end in equal steps, and no further.
  double beta() const noexcept {
    if (steps_ >= options_.beta_steps) return options_.beta_end;
    const double part = static_cast<double>(steps_) / static_cast<double>(options_.beta_steps);
    return options_.beta + (options_.beta_end - options_.beta) * part;
  }
  const priority_options& options() const noexcept { return options_; }
  /// Whether each sum is that of its parts; for tests and for whoever suspects memory.
  bool check() noexcept { return tree_.check(); }

  /// What is neither of a slot nor an option.
  void save(byte_writer& out) const {
    out.varint(steps_);
    out.f32(newest_);
    out.u8(look_ ? 1 : 0);
  }
  static bool skip(byte_reader& in) noexcept {
    (void)in.varint();
    (void)in.f32();
    return in.u8() <= 1 && in.ok();
  }
  bool load(byte_reader& in) noexcept {
    steps_ = in.varint();
    newest_ = in.f32();
    const std::uint8_t look = in.u8();
    look_ = look != 0;
    return in.ok() && look <= 1 && newest_ > 0 && newest_ < 1e30F;
  }
  /// Takes over the same of another.
  void follow(const priorities& other) noexcept {
    steps_ = other.steps_;
    newest_ = other.newest_;
    look_ = other.look_;
  }
  /// Of a slot.
  float saved(std::uint32_t slot) const noexcept { return tree_.weight(slot); }
  bool restore(std::uint32_t slot, float saved) noexcept {
    if (!(saved > -1e30F && saved < 1e30F)) return false;
    tree_.set(slot, saved);
    return true;
  }

 private:
  static constexpr float greatest_error = 1e12F;

  /// From priorities to weights. (N p / total)^-beta over its greatest is (least p / p)^beta.
  void weigh(std::span<drawn_row> out, float least) const noexcept {
    constexpr std::size_t most = sum_tree::most_at_once;
    const auto power = static_cast<float>(beta());
    float ratio[most];
    for (std::size_t done = 0; done < out.size(); done += most) {
      const std::size_t n = std::min(most, out.size() - done);
      for (std::size_t k = 0; k < n; ++k) ratio[k] = least / out[done + k].weight;
      portable::pow(ratio, n, power);
      for (std::size_t k = 0; k < n; ++k) out[done + k].weight = ratio[k];
    }
  }

  priority_options options_;
  sum_tree tree_;
  std::uint64_t steps_ = 0;  // batches drawn
  float newest_ = 1;         // what a new row gets
  bool look_ = false;        // the greatest may have changed since
};

}  // namespace v1
}  // namespace gyre
