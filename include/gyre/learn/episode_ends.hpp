// episode_ends.hpp - in which slots episodes end: a bit each, counted, so that one is soon found.
// Room: learn. Threads: one owner at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace gyre {
inline namespace v1 {

class episode_ends {
 public:
  explicit episode_ends(std::uint32_t slots)
      : words_((std::size_t{slots} + 63) / 64, 0), counts_((words_.size() + 63) / 64, 0) {}
  static std::uint64_t bytes(std::uint64_t slots) noexcept {
    const std::uint64_t words = (slots + 63) / 64;
    return words * 8 + (words + 63) / 64 * 4;
  }

  bool at(std::uint32_t slot) const noexcept { return (words_[slot / 64] >> slot % 64 & 1U) != 0; }
  void set(std::uint32_t slot, bool end) noexcept {
    const std::uint64_t bit = std::uint64_t{1} << slot % 64;
    std::uint64_t& word = words_[slot / 64];
    if (((word & bit) != 0) == end) return;
    word ^= bit;
    counts_[slot / 4096] += end ? 1U : ~0U;
    all_ += end ? 1U : ~0U;
  }
  void clear() noexcept {
    std::fill(words_.begin(), words_.end(), std::uint64_t{0});
    std::fill(counts_.begin(), counts_.end(), 0U);
    all_ = 0;
  }
  /// How many there are.
  std::uint32_t count() const noexcept { return all_; }

  /// The k-th of them, by slot. O(slots / 4096). @pre k < count()
  std::uint32_t nth(std::uint32_t k) const noexcept {
    std::size_t block = 0;
    while (k >= counts_[block]) k -= counts_[block++];
    std::size_t i = block * 64;
    for (;; ++i) {
      const auto here = static_cast<std::uint32_t>(__builtin_popcountll(words_[i]));
      if (k < here) break;
      k -= here;
    }
    std::uint64_t word = words_[i];
    for (; k > 0; --k) word &= word - 1;
    return static_cast<std::uint32_t>(i * 64) +
           static_cast<std::uint32_t>(__builtin_ctzll(word));
  }
  /// The first of `from`..`to` - 1; `to` where there is none. @pre from <= to
  std::uint32_t first(std::uint32_t from, std::uint32_t to) const noexcept {
    for (std::uint32_t at = from; at < to; at = (at / 64 + 1) * 64) {
      const std::uint64_t word = words_[at / 64] >> at % 64;
      if (word != 0) {
        return std::min(to, at + static_cast<std::uint32_t>(__builtin_ctzll(word)));
      }
      if (at / 64 == 0xffffffffU / 64) break;  // the next word's first slot has no number
    }
    return to;
  }
  /// One more than the last of `from`..`to` - 1; `from` where there is none. @pre from <= to
  std::uint32_t after_last(std::uint32_t from, std::uint32_t to) const noexcept {
    for (std::uint32_t at = to; at > from; at = (at - 1) / 64 * 64) {
      const std::uint64_t word = words_[(at - 1) / 64] << (63 - (at - 1) % 64);
      if (word != 0) {
        return std::max(from, at - static_cast<std::uint32_t>(__builtin_clzll(word)));
      }
    }
    return from;
  }

 private:
  std::vector<std::uint64_t> words_;
  std::vector<std::uint32_t> counts_;  // of each 64 words
  std::uint32_t all_ = 0;
};

}  // namespace v1
}  // namespace gyre
