// dead_letter.hpp - messages that a subscription could not take, kept to be looked at and replayed.
// Room: bus. Threads: one owner at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gyre/bus/pool.hpp>
#include <gyre/bus/stats.hpp>
#include <gyre/bus/subscription.hpp>
#include <gyre/core/scarce.hpp>

namespace gyre {
inline namespace v1 {

/// The newest `capacity` dead letters within `bytes`; the oldest go first and are counted.
class dead_letters {
 public:
  dead_letters(std::size_t capacity, std::size_t bytes) noexcept
      : capacity_(capacity), max_bytes_(bytes) {}

  /// Keeps message `index`, taking over the caller's reference to it.
  /// One that there is no memory for is evicted at once.
  void add(message_pool& pool, std::uint32_t index, const detail::subscriber& from, dead_reason why,
           std::uint32_t attempts, instant now) noexcept {
    if (!detail::if_memory([&] { letters_.reserve(1); })) {
      ++added_;
      ++evicted_;
      return pool.release(index);
    }
    bytes_ += message_pool::bytes(pool[index]);
    letters_.push_back({++added_, now, index, from.id, attempts, why, from.trouble.last_error});
    while (letters_.size() > capacity_ || bytes_ > max_bytes_) {
      remove(pool, 0);
      ++evicted_;
    }
  }
  std::size_t size() const noexcept { return letters_.size(); }
  /// The i-th oldest. @pre i < size()
  dead_letter at(const message_pool& pool, std::size_t i) const noexcept {
    const letter& l = letters_[i];
    return {l.number, l.subscription, l.why, l.attempts, l.died, l.error.view(), pool[l.index]};
  }
  /// Its place by number; size() when it is not kept (any more). O(log size).
  std::size_t find(std::uint64_t number) const noexcept {
    std::size_t low = 0, high = letters_.size();
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      if (letters_[middle].number < number) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low < letters_.size() && letters_[low].number == number ? low : letters_.size();
  }
  void replayed(message_pool& pool, std::size_t i) noexcept {  ///< @pre i < size()
    remove(pool, i);
    ++replayed_;
  }
  void discard(message_pool& pool, std::size_t i) noexcept {  ///< @pre i < size()
    remove(pool, i);
    ++discarded_;
  }
  dead_letter_stats stats() const noexcept {
    return {added_, letters_.size(), evicted_, replayed_, discarded_, bytes_};
  }

 private:
  struct letter {
    std::uint64_t number = 0;
    instant died{};
    std::uint32_t index = 0, subscription = 0, attempts = 0;
    dead_reason why = dead_reason::retries;
    short_text error;
  };
  void remove(message_pool& pool, std::size_t i) noexcept {
    const letter gone = letters_.erase(i);
    bytes_ -= message_pool::bytes(pool[gone.index]);
    pool.release(gone.index);
  }
  growing_ring<letter> letters_;  // numbers ascend
  std::size_t capacity_, max_bytes_, bytes_ = 0;
  std::uint64_t added_ = 0, evicted_ = 0, replayed_ = 0, discarded_ = 0;
};

}  // namespace v1
}  // namespace gyre
