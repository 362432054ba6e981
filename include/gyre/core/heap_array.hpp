// heap_array.hpp - a fixed number of values on the heap.
// Room: core. Threads: one owner at a time.
#pragma once

#include <cstddef>
#include <new>
#include <utility>

namespace gyre {
inline namespace v1 {

/// `n` values that start as T{}, or none. std::vector and std::unique_ptr would do: their headers
/// and what they instantiate are a good part of what a small header of ours costs to compile.
template <class T>
class heap_array {
 public:
  heap_array() noexcept = default;
  explicit heap_array(std::size_t n) : at_(n == 0 ? nullptr : new T[n]()), size_(n) {}
  /// The same, or none where memory cannot be had.
  static heap_array if_there_is_memory(std::size_t n) noexcept {
    heap_array made;
    made.at_ = new (std::nothrow) T[n]();
    if (made.at_ != nullptr) made.size_ = n;
    return made;
  }
  heap_array(heap_array&& o) noexcept
      : at_(std::exchange(o.at_, nullptr)), size_(std::exchange(o.size_, 0)) {}
  heap_array& operator=(heap_array&& o) noexcept {
    std::swap(at_, o.at_);
    std::swap(size_, o.size_);
    return *this;
  }
  ~heap_array() { delete[] at_; }

  T& operator[](std::size_t i) noexcept { return at_[i]; }  ///< @pre i < size()
  const T& operator[](std::size_t i) const noexcept { return at_[i]; }
  T* data() noexcept { return at_; }
  const T* data() const noexcept { return at_; }
  T* begin() noexcept { return at_; }
  T* end() noexcept { return at_ + size_; }
  const T* begin() const noexcept { return at_; }
  const T* end() const noexcept { return at_ + size_; }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

 private:
  T* at_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace v1
}  // namespace gyre
