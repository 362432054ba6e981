// adam.hpp - Adam, which moves each parameter by a step of its own.
// Room: learn. Threads: one owner at a time.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <gyre/core/bytes.hpp>
#include <gyre/core/vec.hpp>

namespace gyre {
inline namespace v1 {

/// Adam (Kingma and Ba 2015) with their constants: the mean of the gradients over some 10 steps
/// divided by the root of the mean of their squares over some 1,000, both freed of their beginning
/// at 0. The same bits on every machine, since a root is exact.
class adam {
 public:
  /// For `size` parameters; two floats each.
  explicit adam(std::size_t size) : mean_(size, 0.F), square_(size, 0.F) {}

  /// Moves each parameter against its gradient, by about `rate` at most. No memory is taken.
  void step(float* parameters, const float* gradient, double rate) noexcept {
    ++steps_;
    mean_left_ *= keep_mean;
    square_left_ *= keep_square;
    // m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + e), with the corrections drawn out of the loop.
    const double root = std::sqrt(1 - square_left_);
    const auto by = static_cast<float>(rate * root / (1 - mean_left_));
    const auto least = static_cast<float>(small * root);
    for (std::size_t i = 0; i < mean_.size(); ++i) {
      const float g = gradient[i];
      const float m = mean_[i] + (g - mean_[i]) * static_cast<float>(1 - keep_mean);
      const float v = square_[i] + (g * g - square_[i]) * static_cast<float>(1 - keep_square);
      mean_[i] = (m + tiny) - tiny;
      square_[i] = (v + tiny) - tiny;
      parameters[i] -= by * mean_[i] / (std::sqrt(square_[i]) + least);
    }
  }

  std::uint64_t steps() const noexcept { return steps_; }
  std::size_t bytes() const noexcept {
    return sizeof *this + (mean_.size() + square_.size()) * sizeof(float);
  }

  void save(byte_writer& out) const {
    out.varint(steps_);
    out.f64(mean_left_);
    out.f64(square_left_);
    for (const float m : mean_) out.f32(m);
    for (const float v : square_) out.f32(v);
  }
  /// What save() wrote, of as many parameters. False: it is not that, and this is of no use.
  bool load(byte_reader& in) noexcept {
    steps_ = in.varint();
    mean_left_ = in.f64();
    square_left_ = in.f64();
    bool good = mean_left_ >= 0 && mean_left_ <= 1 && square_left_ >= 0 && square_left_ <= 1;
    for (float& m : mean_) {
      m = in.f32();
      good = good && std::isfinite(m);
    }
    for (float& v : square_) {
      v = in.f32();
      good = good && v >= 0 && std::isfinite(v);
    }
    return good && in.ok();
  }

 private:
  static constexpr double keep_mean = .9, keep_square = .999, small = 1e-8;
  /// Added and taken away, this rounds to whole 6e-34. A mean to which no gradient comes any
  /// more would otherwise end among the denormal numbers, which take a hundred times as long.
  static constexpr float tiny = 1e-26F;

  vec<float> mean_, square_;
  double mean_left_ = 1, square_left_ = 1;  // keep^steps: what the zeros of the beginning weigh
  std::uint64_t steps_ = 0;
};

}  // namespace v1
}  // namespace gyre
