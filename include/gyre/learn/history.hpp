// history.hpp - the last decisions of a tuner, with what they earned: a log for what_if().
// Room: learn. Threads: one owner at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <gyre/core/vec.hpp>
#include <gyre/learn/what_if.hpp>

namespace gyre {
inline namespace v1 {

/// At most so many, 24 bytes each, in memory that grows with what there is; then the oldest goes.
class history {
 public:
  static constexpr std::uint32_t limit = 1'048'576;  ///< of `most`
  explicit history(std::uint32_t most) noexcept : most_(most) {}

  /// Throws std::bad_alloc, with nothing changed.
  void add(const logged_choice& c) {
    if (rows_.size() < most_) {
      rows_.push_back(c);
    } else if (most_ > 0) {
      rows_[oldest_] = c;
      oldest_ = oldest_ + 1 < most_ ? oldest_ + 1 : 0;
    }
  }
  /// The oldest first.
  std::vector<logged_choice> read() const {
    std::vector<logged_choice> out;
    out.reserve(rows_.size());
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      out.push_back(rows_[(oldest_ + i) % rows_.size()]);
    }
    return out;
  }
  std::size_t size() const noexcept { return rows_.size(); }
  std::size_t bytes() const noexcept { return rows_.capacity() * sizeof(logged_choice); }

 private:
  std::uint32_t most_, oldest_ = 0;
  vec<logged_choice> rows_;
};

}  // namespace v1
}  // namespace gyre
