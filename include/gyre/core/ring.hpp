// ring.hpp - fixed-capacity FIFO that overwrites its oldest element when full.
// Room: core. Threads: one owner at a time.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace gyre {
inline namespace v1 {

/// Keeps the newest `capacity` elements, O(1) an operation. Allocates only in the constructor, so a
/// running loop never waits for the heap.
template <class T>
class ring {
 public:
  explicit ring(std::size_t capacity) : slots_(capacity) {}  ///< @pre capacity > 0

  /// Appends `value`; true when the oldest element made room for it.
  bool push(T value) noexcept {
    slots_[at(size_)] = std::move(value);
    if (size_ < slots_.size()) {
      ++size_;
      return false;
    }
    head_ = at(1);
    return true;
  }
  /// Takes the oldest element out. @pre size() > 0
  T pop() noexcept {
    T oldest = std::move(slots_[head_]);
    head_ = at(1);
    --size_;
    return oldest;
  }
  /// i-th oldest. @pre i < size(). The reference is valid until the next push() or pop().
  const T& operator[](std::size_t i) const noexcept { return slots_[at(i)]; }
  T& operator[](std::size_t i) noexcept { return slots_[at(i)]; }
  std::size_t size() const noexcept { return size_; }
  std::size_t capacity() const noexcept { return slots_.size(); }
  bool empty() const noexcept { return size_ == 0; }
  void clear() noexcept { head_ = size_ = 0; }

 private:  // compare, not %: a division would cost more than the store
  std::size_t at(std::size_t i) const noexcept {
    return (i += head_) < slots_.size() ? i : i - slots_.size();
  }
  std::vector<T> slots_;
  std::size_t head_ = 0, size_ = 0;  // head_ < slots_.size(), size_ <= slots_.size()
};

}  // namespace v1
}  // namespace gyre
