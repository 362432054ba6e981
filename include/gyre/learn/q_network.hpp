// q_network.hpp - a network that says what each action is worth, also as a value and advantages.
// Room: learn. Threads: one owner at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gyre/learn/mlp.hpp>
#include <span>

namespace gyre {
inline namespace v1 {

/// An mlp whose outputs are the worth of each action. *Dueling* (Wang et al. 2016): the first half
/// of the last hidden layer tells the worth of the state, the other half the advantage of each
/// action, and an action is worth the first and what its advantage is over their mean. So what all
/// actions of a state have in common is learned from each of them. As an mlp it has no parameters.
class q_network {
 public:
  /// @param hidden of each hidden layer how many units, at least one of at least 2
  q_network(std::uint32_t inputs, std::span<const std::uint32_t> hidden, std::uint32_t actions,
            bool dueling, std::uint32_t rows)
      : actions_(actions), dueling_(dueling), net_(made(inputs, hidden, actions, dueling, rows)) {
    if (!dueling) return;
    worth_.resize(std::size_t{rows} * row());
    slope_.resize(std::size_t{rows} * net_.output_row());
  }

  std::size_t size() const noexcept { return net_.size(); }  ///< floats of parameters
  std::uint32_t inputs() const noexcept { return net_.inputs(); }
  std::uint32_t actions() const noexcept { return actions_; }
  std::uint32_t input_row() const noexcept { return net_.input_row(); }  ///< floats, padded by 0
  std::uint32_t row() const noexcept { return portable::padded(actions_); }  ///< of worths: floats

  /// Parameters to begin with; nearly all is worth 0.
  void begin(float* parameters, rng& random) const noexcept {
    net_.begin(parameters, random);
    keep_apart(parameters);
  }
  /// The worth of each action in `rows` states, row() floats each, good until the next call.
  const float* worth(const float* parameters, const float* inputs, std::uint32_t rows) noexcept {
    const float* out = net_.forward(parameters, inputs, rows);
    if (!dueling_) return out;
    for (std::uint32_t r = 0; r < rows; ++r) {
      const float* raw = out + std::size_t{r} * net_.output_row();
      float* worth = &worth_[std::size_t{r} * row()];
      const float base = raw[0] - mean(raw + 1);
      for (std::uint32_t a = 0; a < actions_; ++a) worth[a] = base + raw[1 + a];
    }
    return worth_.data();
  }
  /// What a loss changes by with each parameter, after worth() of these. @param slopes what it
  /// changes by with each worth, as these lie, 0 where they are padded
  void backward(const float* parameters, const float* inputs, const float* slopes, float* gradient,
                std::uint32_t rows) noexcept {
    if (!dueling_) return net_.backward(parameters, inputs, slopes, gradient, rows);
    for (std::uint32_t r = 0; r < rows; ++r) {
      const float* in = slopes + std::size_t{r} * row();
      float* out = &slope_[std::size_t{r} * net_.output_row()];
      const float shared = mean(in);
      out[0] = shared * static_cast<float>(actions_);
      for (std::uint32_t a = 0; a < actions_; ++a) out[1 + a] = in[a] - shared;
    }
    net_.backward(parameters, inputs, slope_.data(), gradient, rows);
    keep_apart(gradient);
  }
  /// Memory of the object, without the parameters.
  std::size_t bytes() const noexcept {
    return sizeof *this - sizeof net_ + net_.bytes() + 4 * (worth_.size() + slope_.size());
  }

 private:
  static mlp made(std::uint32_t inputs, std::span<const std::uint32_t> hidden,
                  std::uint32_t actions, bool dueling, std::uint32_t rows) {
    vec<std::uint32_t> widths;
    widths.push_back(inputs);
    widths.append(hidden.data(), hidden.size());
    widths.push_back(dueling ? actions + 1 : actions);
    return mlp({widths.data(), widths.size()}, rows);
  }
  float mean(const float* x) const noexcept {
    float sum = 0;
    for (std::uint32_t a = 0; a < actions_; ++a) sum += x[a];
    return sum / static_cast<float>(actions_);
  }
  /// Zeros where a unit of one half would speak for the other.
  void keep_apart(float* parameters) const noexcept {
    if (!dueling_) return;
    const std::uint32_t units = net_.last_inputs(), outputs = net_.output_row();
    float* row = parameters + net_.last_weights();
    for (std::uint32_t i = 0; i < units; ++i, row += outputs) {
      if (i >= units / 2) row[0] = 0;
      for (std::uint32_t a = 0; i < units / 2 && a < actions_; ++a) row[1 + a] = 0;
    }
  }

  std::uint32_t actions_;
  bool dueling_;
  mlp net_;
  vec<float> worth_, slope_;  // worths, and slopes of the value and the advantages
};

}  // namespace v1
}  // namespace gyre
