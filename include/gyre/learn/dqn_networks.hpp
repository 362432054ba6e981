// dqn_networks.hpp - a network of worths, the slow target that it learns from, and a step of that.
// Room: learn. Threads: one owner at a time.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <gyre/learn/adam.hpp>
#include <gyre/learn/dqn_batch.hpp>
#include <gyre/learn/huber.hpp>
#include <gyre/learn/q_network.hpp>
#include <gyre/learn/q_table.hpp>
#include <span>

namespace gyre {
inline namespace v1 {

/// How a batch is learned.
struct dqn_step {
  double rate = 0;         ///< of Adam
  double corner = 1;       ///< of Huber's loss
  double target_rate = 1;  ///< how far the target goes towards the network
  bool twice = true;       ///< the network chooses the next action, and the target values it
};

/// Means over a batch.
struct dqn_figures {
  double error = 0;  ///< size of a row's
  double worth = 0;  ///< of the actions taken
};

/// Memory is taken in the constructor.
class dqn_networks {
 public:
  /// @param rows of a batch; the rest as q_network has it. Weights are drawn from `random`.
  dqn_networks(std::uint32_t inputs, std::span<const std::uint32_t> hidden, std::uint32_t actions,
               bool dueling, std::uint32_t rows, rng& random)
      : net_(inputs, hidden, actions, dueling, rows),
        online_(net_.size()),
        target_(net_.size()),
        gradient_(net_.size()),
        adam_(net_.size()),
        best_(rows),
        goals_(rows),
        slopes_(std::size_t{rows} * net_.row()) {
    net_.begin(online_.data(), random);
    target_ = online_;
  }
  const q_network& shape() const noexcept { return net_; }
  std::span<const float> online() const noexcept { return {online_.data(), online_.size()}; }
  std::span<const float> target() const noexcept { return {target_.data(), target_.size()}; }

  /// What each action is worth by the network that learns, or by its slow mean; good until the next
  /// call. @param seen scaled and padded
  const float* worth(const float* seen, bool slow) noexcept {
    return net_.worth((slow ? target_ : online_).data(), seen, 1);
  }

  /// Learns, and writes the errors. @pre as many rows as said, rows padded as q_network's inputs
  dqn_figures train(dqn_batch& batch, const dqn_step& how) noexcept {
    set_goals(batch, how.twice);
    const dqn_figures figures = set_slopes(batch, how.corner);
    net_.backward(online_.data(), batch.seen.data(), slopes_.data(), gradient_.data(), batch.size);
    adam_.step(online_.data(), gradient_.data(), how.rate);
    const auto rate = static_cast<float>(how.target_rate);
    for (std::size_t i = 0; i < target_.size(); ++i) target_[i] += (online_[i] - target_[i]) * rate;
    return figures;
  }

  std::size_t bytes() const noexcept {
    return net_.bytes() + adam_.bytes() + 3 * sizeof(float) * online_.size() +
           8 * goals_.size() + sizeof(float) * slopes_.size();
  }
  void save(byte_writer& out) const {
    for (const float w : online_) out.f32(w);
    for (const float w : target_) out.f32(w);
    adam_.save(out);
  }
  /// What save() wrote, of one of the same shape. False: it is not that, and this is of no use.
  bool load(byte_reader& in) noexcept {
    for (vec<float>* weights : {&online_, &target_}) {
      for (float& w : *weights) {
        w = in.f32();
        if (!std::isfinite(w)) return false;
      }
    }
    return adam_.load(in);
  }

 private:
  static constexpr double most_error = 1e12;

  /// What each row's action should be worth.
  void set_goals(const dqn_batch& batch, bool twice) noexcept {
    if (twice) choose(net_.worth(online_.data(), batch.next.data(), batch.size), batch.size);
    const float* worth = net_.worth(target_.data(), batch.next.data(), batch.size);
    if (!twice) choose(worth, batch.size);
    for (std::uint32_t b = 0; b < batch.size; ++b) {
      goals_[b] = batch.rewards[b] + batch.left[b] * worth[std::size_t{b} * net_.row() + best_[b]];
    }
  }
  void choose(const float* worth, std::uint32_t rows) noexcept {
    for (std::uint32_t b = 0; b < rows; ++b) {
      best_[b] = argmax(worth + std::size_t{b} * net_.row(), net_.actions());
    }
  }
  /// What the loss changes by with each worth.
  dqn_figures set_slopes(dqn_batch& batch, double corner) noexcept {
    const float* worth = net_.worth(online_.data(), batch.seen.data(), batch.size);
    std::fill(slopes_.begin(), slopes_.end(), 0.F);
    const double part = 1. / batch.size;
    dqn_figures means;
    for (std::uint32_t b = 0; b < batch.size; ++b) {
      const std::size_t at = std::size_t{b} * net_.row() + batch.actions[b];
      const double is = static_cast<double>(worth[at]);
      const double error = std::clamp(is - static_cast<double>(goals_[b]), -most_error, most_error);
      const double pull = huber_slope(error, corner) * static_cast<double>(batch.weights[b]);
      slopes_[at] = static_cast<float>(pull * part);
      batch.errors[b] = static_cast<float>(error);
      means.error += std::fabs(error) * part;
      means.worth += is * part;
    }
    return means;
  }

  q_network net_;
  vec<float> online_, target_, gradient_;  // parameters
  adam adam_;
  vec<std::uint32_t> best_;     // of each row the next action
  vec<float> goals_, slopes_;
};

}  // namespace v1
}  // namespace gyre
