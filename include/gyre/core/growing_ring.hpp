// growing_ring.hpp - a FIFO in one piece of memory that grows as needed.
// Room: core. Threads: one owner at a time.
#pragma once

#include <cstddef>
#include <gyre/core/heap_array.hpp>
#include <utility>

namespace gyre {
inline namespace v1 {

/// A FIFO that grows by doubling and never shrinks, so that once warm it allocates nothing.
template <class T>
class growing_ring {
 public:
  /// Makes room for `n` more, so that pushing them allocates nothing.
  void reserve(std::size_t n) {
    while (size_ + n > slots_.size()) grow();
  }
  void push_back(T value) {
    if (size_ == slots_.size()) grow();
    slots_[at(size_)] = std::move(value);
    ++size_;
  }
  void push_front(T value) {
    if (size_ == slots_.size()) grow();
    head_ = (head_ + slots_.size() - 1) & (slots_.size() - 1);
    slots_[head_] = std::move(value);
    ++size_;
  }
  T pop_front() noexcept {  ///< @pre !empty()
    T value = std::move(slots_[head_]);
    head_ = at(1);
    --size_;
    return value;
  }
  /// Takes the i-th oldest out. O(size). @pre i < size()
  T erase(std::size_t i) noexcept {
    T value = std::move((*this)[i]);
    for (; i > 0; --i) (*this)[i] = std::move((*this)[i - 1]);
    head_ = at(1);
    --size_;
    return value;
  }
  /// The i-th oldest. @pre i < size()
  T& operator[](std::size_t i) noexcept { return slots_[at(i)]; }
  const T& operator[](std::size_t i) const noexcept { return slots_[at(i)]; }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

 private:
  std::size_t at(std::size_t i) const noexcept { return (head_ + i) & (slots_.size() - 1); }
  [[gnu::noinline]] void grow() {
    heap_array<T> wider(slots_.empty() ? 4 : slots_.size() * 2);
    for (std::size_t i = 0; i < size_; ++i) wider[i] = std::move(slots_[at(i)]);
    slots_ = std::move(wider);
    head_ = 0;
  }
  heap_array<T> slots_;  // size 0 or a power of two
  std::size_t head_ = 0, size_ = 0;
};

}  // namespace v1
}  // namespace gyre
