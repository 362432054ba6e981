// n_step.hpp - joins the steps of an episode to rows that tell of several steps at once.
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

/// What was seen and done, what the next `steps` steps earned, and what was seen after them. The
/// spans are good during the call that hands it out.
struct n_step_row {
  std::span<const float> seen;
  std::uint32_t action = 0;
  float reward = 0;               ///< sum of discount^i times the i-th reward
  std::span<const float> next;    ///< what was seen after the last of the steps
  float left = 0;  ///< discount^steps, what `next` counts; 0 where it is an end of the task
  std::uint32_t steps = 0;  ///< how many steps there were: fewer where an episode ended
};

/// Keeps the last steps of an episode until `most` have followed each, or the episode ends: then it
/// hands out a row for each that is left, with as many steps as there were. A window never spans
/// two episodes. Memory is taken in the constructor.
class n_step {
 public:
  /// @param width numbers of an observation @param most at least 1
  n_step(std::uint32_t width, std::uint32_t most, double discount)
      : width_(width),
        discount_(discount),
        waiting_(most),
        seen_(std::size_t{most} * width) {}

  /// Takes a step, and hands a row to `take` for each that is complete by it. `next` is what was
  /// truly seen after it, also where the episode was cut off there. @pre both spans are as wide
  template <class F>
  void push(std::span<const float> seen, std::uint32_t action, double reward,
            std::span<const float> next, bool terminated, bool truncated, F&& take) {
    const std::size_t most = waiting_.size();
    const std::size_t mine = (first_ + count_) % most;
    waiting_[mine] = {0, 1, action, 0};
    std::copy(seen.begin(), seen.end(), seen_.begin() + mine * width_);
    ++count_;
    for (std::size_t k = 0; k < count_; ++k) {
      step& s = waiting_[(first_ + k) % most];
      s.reward += s.left * reward;
      s.left *= discount_;
      ++s.steps;
    }
    while (count_ == most || (count_ > 0 && (terminated || truncated))) {
      const step& s = waiting_[first_];
      take(n_step_row{{&seen_[first_ * width_], width_},
                      s.action,
                      static_cast<float>(s.reward),
                      next,
                      terminated ? 0.F : static_cast<float>(s.left),
                      s.steps});
      first_ = (first_ + 1) % most;
      --count_;
    }
  }
  /// Forgets the steps that wait, where an episode ended without an observation that says so.
  void clear() noexcept { count_ = 0; }

  std::size_t waiting() const noexcept { return count_; }  ///< steps not yet handed out
  std::size_t bytes() const noexcept {
    return sizeof *this + waiting_.size() * sizeof(step) + 4 * seen_.size();
  }

  void save(byte_writer& out) const {
    out.varint(count_);
    for (std::size_t k = 0; k < count_; ++k) {
      const std::size_t at = (first_ + k) % waiting_.size();
      out.f64(waiting_[at].reward);
      out.f64(waiting_[at].left);
      out.varint(waiting_[at].action);
      out.varint(waiting_[at].steps);
      for (std::uint32_t i = 0; i < width_; ++i) out.f32(seen_[at * width_ + i]);
    }
  }
  /// What save() wrote, of one as wide and long. False: it is not that, and this is of no use.
  /// @param actions of which each step's is one
  bool load(byte_reader& in, std::uint32_t actions) noexcept {
    first_ = 0;
    const std::uint64_t count = in.varint();
    if (count >= waiting_.size()) return false;
    count_ = static_cast<std::size_t>(count);
    for (std::size_t k = 0; k < count_; ++k) {
      step& s = waiting_[k];
      s.reward = in.f64();
      s.left = in.f64();
      const std::uint64_t action = in.varint(), steps = in.varint();
      bool sane = std::isfinite(s.reward) && s.left >= 0 && s.left <= 1 && action < actions &&
                  steps == count - k;
      s.action = static_cast<std::uint32_t>(action);
      s.steps = static_cast<std::uint32_t>(steps);
      for (std::uint32_t i = 0; i < width_; ++i) {
        seen_[k * width_ + i] = in.f32();
        sane = sane && std::isfinite(seen_[k * width_ + i]);
      }
      if (!sane) return false;
    }
    return in.ok();
  }

 private:
  struct step {
    double reward = 0, left = 1;
    std::uint32_t action = 0, steps = 0;
  };

  std::uint32_t width_;
  double discount_;
  vec<step> waiting_;  // a ring, with what was seen in each
  vec<float> seen_;
  std::size_t first_ = 0, count_ = 0;
};

}  // namespace v1
}  // namespace gyre
