// mlp.hpp - a small network of dense layers: what it says of a batch, and the gradient of a loss.
// Room: learn. Threads: one owner at a time.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <gyre/core/rng.hpp>
#include <gyre/core/vec.hpp>
#include <gyre/learn/portable_math.hpp>
#include <span>

namespace gyre {
inline namespace v1 {

namespace detail {

/// A matrix to be read: element (r, k) lies at at[r * row + k * column].
struct matrix_view {
  const float* at;
  std::size_t row, column;
};

/// R rows and 4 * L columns of out = start + a * b, `start` a row that each row begins with. Each
/// element is summed over k in order, so that neither R nor L has a part in its bits.
template <int R, int L>
inline void product_tile(const matrix_view& a, const float* b, std::size_t b_row,
                         const float* start, float* out, std::size_t out_row,
                         std::uint32_t inner) noexcept {
  portable::lanes sum[R][L];
  for (int r = 0; r < R; ++r) {
    for (int l = 0; l < L; ++l) {
      sum[r][l] = start != nullptr ? portable::load(start + 4 * l) : portable::all(0);
    }
  }
  const float* left = a.at;
  for (std::uint32_t k = 0; k < inner; ++k, b += b_row, left += a.column) {
    portable::lanes right[L];
    for (int l = 0; l < L; ++l) right[l] = portable::load(b + 4 * l);
    for (int r = 0; r < R; ++r) {
      const portable::lanes by = portable::all(left[static_cast<std::size_t>(r) * a.row]);
      for (int l = 0; l < L; ++l) sum[r][l] += by * right[l];
    }
  }
  for (int r = 0; r < R; ++r) {
    for (int l = 0; l < L; ++l) {
      portable::store(out + static_cast<std::size_t>(r) * out_row + 4 * l, sum[r][l]);
    }
  }
}

/// out = start + a * b for `rows` x `columns` elements; `start` may be null, for zeros.
/// @pre columns is a multiple of 4
inline void product(matrix_view a, const float* b, std::size_t b_row, const float* start,
                    float* out, std::size_t out_row, std::uint32_t rows, std::uint32_t inner,
                    std::uint32_t columns) noexcept {
  std::uint32_t r = 0;
  for (; r + 4 <= rows; r += 4, a.at += 4 * a.row, out += 4 * out_row) {
    std::uint32_t c = 0;
    const auto from = [&] { return start != nullptr ? start + c : nullptr; };
    for (; c + 8 <= columns; c += 8) {
      product_tile<4, 2>(a, b + c, b_row, from(), out + c, out_row, inner);
    }
    if (c < columns) product_tile<4, 1>(a, b + c, b_row, from(), out + c, out_row, inner);
  }
  for (; r < rows; ++r, a.at += a.row, out += out_row) {
    std::uint32_t c = 0;
    const auto from = [&] { return start != nullptr ? start + c : nullptr; };
    for (; c + 16 <= columns; c += 16) {
      product_tile<1, 4>(a, b + c, b_row, from(), out + c, out_row, inner);
    }
    for (; c < columns; c += 4) {
      product_tile<1, 1>(a, b + c, b_row, from(), out + c, out_row, inner);
    }
  }
}

}  // namespace detail

/// Dense layers, each but the last followed by max(x, 0). It holds the shape, and what a batch
/// leaves in each layer; the parameters are its owner's, size() floats, so that a network and its
/// target share one mlp. Sums go in a fixed order and each is rounded once an operation: the same
/// bits on every machine, with -ffp-contract=off. forward() and backward() take no memory; a
/// forward() costs `rows` products of each layer's matrix, a backward() two of these.
///
/// Rows of inputs, outputs and gradients are padded to whole lanes with zeros. The parameters of a
/// layer are a row of weights for each of its inputs, then the row of its biases.
class mlp {
 public:
  /// @param widths inputs, then of each layer its outputs: at least two, each at least 1
  /// @param rows the largest batch, at least 1
  mlp(std::span<const std::uint32_t> widths, std::uint32_t rows) : rows_(rows) {
    std::uint32_t widest = 0;
    for (std::size_t i = 0; i + 1 < widths.size(); ++i) {
      layer l;
      l.inputs = widths[i];
      l.outputs = widths[i + 1];
      l.in_row = portable::padded(l.inputs);
      l.out_row = portable::padded(l.outputs);
      l.weights = size_;
      l.kept.resize(std::size_t{rows} * l.out_row);
      size_ += (std::size_t{l.inputs} + 1) * l.out_row;
      if (i > 0) turned_.resize(std::max(turned_.size(), std::size_t{l.out_row} * l.in_row));
      widest = std::max(widest, l.out_row);
      layers_.push_back(std::move(l));
    }
    down_.resize(std::size_t{rows} * widest);
    up_.resize(std::size_t{rows} * widest);
  }

  std::size_t size() const noexcept { return size_; }  ///< floats of parameters, padding too
  std::uint32_t rows() const noexcept { return rows_; }
  std::uint32_t inputs() const noexcept { return layers_.front().inputs; }
  std::uint32_t outputs() const noexcept { return layers_.back().outputs; }
  std::uint32_t input_row() const noexcept { return layers_.front().in_row; }  ///< floats
  std::uint32_t output_row() const noexcept { return layers_.back().out_row; }
  /// Where the last layer's weights begin, and how many inputs it has.
  std::size_t last_weights() const noexcept { return layers_.back().weights; }
  std::uint32_t last_inputs() const noexcept { return layers_.back().inputs; }

  /// Weights uniform in +-sqrt(6 / inputs) (He et al. 2015), of the last layer a hundredth of that,
  /// so that it begins by saying next to nothing; biases 0. Draws in the order in which they lie.
  void begin(float* parameters, rng& random) const noexcept {
    std::fill(parameters, parameters + size_, 0.F);
    for (const layer& l : layers_) {
      double reach = std::sqrt(6. / l.inputs);
      if (&l == &layers_.back()) reach *= .01;
      for (std::uint32_t i = 0; i < l.inputs; ++i) {
        float* row = parameters + l.weights + std::size_t{i} * l.out_row;
        for (std::uint32_t j = 0; j < l.outputs; ++j) {
          row[j] = static_cast<float>((2 * random.unit() - 1) * reach);
        }
      }
    }
  }

  /// The outputs of `rows` rows of inputs, good until the next forward().
  /// @pre rows <= rows()
  const float* forward(const float* parameters, const float* inputs, std::uint32_t rows) noexcept {
    const float* in = inputs;
    for (layer& l : layers_) {
      const float* weights = parameters + l.weights;
      detail::product({in, l.in_row, 1}, weights, l.out_row,
                      weights + std::size_t{l.inputs} * l.out_row, l.kept.data(), l.out_row, rows,
                      l.inputs, l.out_row);
      if (&l != &layers_.back()) no_less_than_zero(l.kept.data(), std::size_t{rows} * l.out_row);
      in = l.kept.data();
    }
    return in;
  }

  /// What a loss changes by with each parameter, summed over the rows of the last forward(), which
  /// was of these parameters and inputs. @param outputs what it changes by with each output; its
  /// padding is 0. @param gradient size() floats to be written, 0 where there is padding.
  void backward(const float* parameters, const float* inputs, const float* outputs,
                float* gradient, std::uint32_t rows) noexcept {
    const float* out = outputs;
    for (std::size_t i = layers_.size(); i-- > 0;) {
      const layer& l = layers_[i];
      const float* in = i > 0 ? layers_[i - 1].kept.data() : inputs;
      float* to = gradient + l.weights;
      detail::product({in, 1, l.in_row}, out, l.out_row, nullptr, to, l.out_row, l.inputs, rows,
                      l.out_row);
      detail::product({ones, 0, 0}, out, l.out_row, nullptr, to + std::size_t{l.inputs} * l.out_row,
                      l.out_row, 1, rows, l.out_row);
      if (i == 0) return;
      turn(parameters + l.weights, l);
      float* below = out == down_.data() ? up_.data() : down_.data();
      detail::product({out, l.out_row, 1}, turned_.data(), l.in_row, nullptr, below, l.in_row, rows,
                      l.outputs, l.in_row);
      const std::size_t n = std::size_t{rows} * l.in_row;
      for (std::size_t k = 0; k < n; ++k) below[k] = in[k] > 0 ? below[k] : 0;
      out = below;
    }
  }

  /// Memory of the object, without the parameters.
  std::size_t bytes() const noexcept {
    std::size_t floats = turned_.size() + down_.size() + up_.size();
    for (const layer& l : layers_) floats += l.kept.size();
    return sizeof *this + layers_.size() * sizeof(layer) + floats * sizeof(float);
  }

 private:
  static constexpr float ones[] = {1};

  struct layer {
    std::uint32_t inputs = 0, outputs = 0, in_row = 0, out_row = 0;
    std::size_t weights = 0;  ///< where they begin
    vec<float> kept;          ///< what the last forward() gave, rows x out_row
  };

  static void no_less_than_zero(float* x, std::size_t n) noexcept {
    for (std::size_t k = 0; k < n; ++k) x[k] = x[k] > 0 ? x[k] : 0;
  }
  /// The transpose, a row for each output.
  void turn(const float* weights, const layer& l) noexcept {
    std::fill(turned_.begin(), turned_.begin() + std::size_t{l.outputs} * l.in_row, 0.F);
    for (std::uint32_t i = 0; i < l.inputs; ++i) {
      for (std::uint32_t j = 0; j < l.outputs; ++j) {
        turned_[std::size_t{j} * l.in_row + i] = weights[std::size_t{i} * l.out_row + j];
      }
    }
  }

  std::uint32_t rows_;
  vec<layer> layers_;
  vec<float> turned_;     // the largest matrix but the first, transposed
  vec<float> down_, up_;  // gradients between layers, in turn
  std::size_t size_ = 0;
};

}  // namespace v1
}  // namespace gyre
