// input_scale.hpp - brings inputs of any unit to a mean of 0 and a spread of 1, as they are seen.
// Room: learn. Threads: one owner at a time.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <gyre/core/bytes.hpp>
#include <gyre/core/vec.hpp>
#include <span>

namespace gyre {
inline namespace v1 {

/// The mean and the spread of each input over all that was seen (Welford 1962). Milliseconds, bytes
/// and parts of one so weigh alike in a network, and none has to be scaled by hand.
class input_scale {
 public:
  static constexpr float most = 10;  ///< spreads from the mean: what is further counts as that

  explicit input_scale(std::uint32_t inputs) : inputs_(inputs), middle_(inputs), part_(inputs) {}

  /// @pre as many as inputs, finite
  void see(std::span<const float> seen) noexcept {
    ++seen_;
    const double part = 1 / static_cast<double>(seen_);
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      const double x = static_cast<double>(seen[i]), off = x - inputs_[i].mean;
      inputs_[i].mean += off * part;
      inputs_[i].squares += off * (x - inputs_[i].mean);
    }
  }
  /// What was seen counts in apply() from now on; until then what did before.
  void settle() noexcept {
    if (seen_ == 0) return;
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      const double spread = std::sqrt(inputs_[i].squares / static_cast<double>(seen_));
      middle_[i] = static_cast<float>(inputs_[i].mean);
      // What has never moved tells nothing, whatever its unit.
      const bool moves = spread > 1e-6 * std::fabs(inputs_[i].mean) && spread > 1e-30;
      part_[i] = moves ? static_cast<float>(1 / spread) : 0;
    }
  }
  /// Writes `in`, scaled, to `out`; all 0 before the first settle().
  void apply(const float* in, float* out) const noexcept {
    for (std::size_t i = 0; i < middle_.size(); ++i) {
      out[i] = std::clamp((in[i] - middle_[i]) * part_[i], -most, most);
    }
  }

  std::size_t bytes() const noexcept {
    return inputs_.size() * (sizeof(input) + 2 * sizeof(float));
  }
  void save(byte_writer& out) const {
    out.varint(seen_);
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      out.f64(inputs_[i].mean);
      out.f64(inputs_[i].squares);
      out.f32(middle_[i]);
      out.f32(part_[i]);
    }
  }
  /// What save() wrote, of as many inputs. False: it is not that, and this is of no use.
  bool load(byte_reader& in) noexcept {
    seen_ = in.varint();
    bool good = true;
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      inputs_[i].mean = in.f64();
      inputs_[i].squares = in.f64();
      middle_[i] = in.f32();
      part_[i] = in.f32();
      good = good && std::isfinite(inputs_[i].mean) && inputs_[i].squares >= 0 &&
             std::isfinite(middle_[i]) && part_[i] >= 0 && std::isfinite(part_[i]);
    }
    return good && in.ok();
  }

 private:
  struct input {
    double mean = 0, squares = 0;
  };
  vec<input> inputs_;
  vec<float> middle_, part_;
  std::uint64_t seen_ = 0;
};

}  // namespace v1
}  // namespace gyre
