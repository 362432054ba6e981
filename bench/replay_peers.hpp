// replay_peers.hpp - replay as it is commonly written, and the rows that both sides keep.
// Room: bench. Threads: one.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace bench {

/// A step of CartPole: 41 bytes, 44 with its padding.
struct step {
  std::array<float, 4> seen;
  std::int32_t action;
  float reward;
  std::array<float, 4> next;
  std::uint8_t terminated;
};

inline step step_of(std::uint32_t i) {
  const auto f = static_cast<float>(i % 1000);
  return {{f, f + 1, f + 2, f + 3}, static_cast<std::int32_t>(i % 2), 1, {f, f, f, f}, 0};
}

/// A batch in columns, as a learner takes it.
struct step_columns {
  std::array<float, 4> seen[256];
  std::int32_t action[256];
  float reward[256];
  std::array<float, 4> next[256];
  std::uint8_t terminated[256];

  void put(std::size_t k, const step& s) noexcept {
    seen[k] = s.seen;
    action[k] = s.action;
    reward[k] = s.reward;
    next[k] = s.next;
    terminated[k] = s.terminated;
  }
};

/// A binary tree over a power of two of doubles, as in the textbooks.
template <class Join>
class binary_tree {
 public:
  binary_tree(std::size_t leaves, double empty, Join join) : join_(join) {
    while (size_ < leaves) size_ *= 2;
    nodes_.assign(2 * size_, empty);
  }
  void set(std::size_t leaf, double value) {
    std::size_t i = leaf + size_;
    nodes_[i] = value;
    for (i /= 2; i > 0; i /= 2) nodes_[i] = join_(nodes_[2 * i], nodes_[2 * i + 1]);
  }
  double root() const { return nodes_[1]; }
  double operator[](std::size_t leaf) const { return nodes_[leaf + size_]; }
  std::size_t find(double mass) const {
    std::size_t i = 1;
    while (i < size_) {
      i *= 2;
      if (nodes_[i] <= mass) mass -= nodes_[i++];
    }
    return i - size_;
  }

 private:
  std::size_t size_ = 1;
  std::vector<double> nodes_;
  Join join_;
};

/// Prioritized replay over two of those.
class textbook_replay {
 public:
  explicit textbook_replay(std::uint32_t rows)
      : sum_(rows, 0, [](double a, double b) { return a + b; }),
        least_(rows, 1e300, [](double a, double b) { return std::min(a, b); }) {
    for (std::uint32_t i = 0; i < rows; ++i) {
      rows_.push_back(step_of(i));
      set(i, 1);
    }
  }
  void sample(std::size_t n, std::size_t* at, float* weights, step_columns& out) {
    std::uniform_real_distribution<double> unit(0, 1);
    const double total = sum_.root(), each = total / static_cast<double>(n);
    const auto size = static_cast<double>(rows_.size());
    const double most = std::pow(least_.root() / total * size, -beta);
    for (std::size_t k = 0; k < n; ++k) {
      at[k] = std::min(sum_.find((static_cast<double>(k) + unit(engine_)) * each),
                       rows_.size() - 1);
      weights[k] = static_cast<float>(std::pow(sum_[at[k]] / total * size, -beta) / most);
      out.put(k, rows_[at[k]]);
    }
  }
  void update(std::size_t n, const std::size_t* at, const float* errors) {
    for (std::size_t k = 0; k < n; ++k) {
      set(at[k], std::pow(std::fabs(static_cast<double>(errors[k])) + 1e-6, .6));
    }
  }

 private:
  static constexpr double beta = .4;
  using join = double (*)(double, double);

  void set(std::size_t at, double priority) {
    sum_.set(at, priority);
    least_.set(at, priority);
  }
  binary_tree<join> sum_, least_;
  std::vector<step> rows_;
  std::mt19937 engine_{1};
};

}  // namespace bench
