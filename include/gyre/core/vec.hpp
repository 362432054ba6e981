// vec.hpp - a vector with the few members that gyre uses, at a fifth of the functions to compile.
// Room: core. Threads: one owner at a time.
#pragma once

#include <cstddef>
#include <cstring>
#include <initializer_list>
#include <new>
#include <type_traits>
#include <utility>

namespace gyre {
inline namespace v1 {
/// Memory from operator new, aligned for any type.
struct heap {
  /// Throws std::bad_alloc. Out of line: one function for all types.
  [[gnu::noinline]] static void* take(std::size_t bytes, std::size_t align) {
    if (align <= __STDCPP_DEFAULT_NEW_ALIGNMENT__) return ::operator new(bytes);
    return ::operator new(bytes, static_cast<std::align_val_t>(align));
  }
  /// @param at null, or from take() of as many bytes and the same alignment
  [[gnu::noinline]] static void give(void* at, std::size_t, std::size_t align) noexcept {
    if (align <= __STDCPP_DEFAULT_NEW_ALIGNMENT__) return ::operator delete(at);
    ::operator delete(at, static_cast<std::align_val_t>(align));
  }
};

/// For what the engine keeps in itself. std::vector would be instantiated for a hundred types, at
/// fifty functions a type, which took most of the time to compile gyre.hpp; this has ten. Grows by
/// half; iterators are pointers, valid until the next growth. A call that grows throws
/// std::bad_alloc with nothing changed; one that makes several elements keeps those made before one
/// threw. Values that users see are std::vector. @tparam Memory where
/// the array lies: heap, or huge of huge.hpp
template <class T, class Memory = heap>
class vec {
 public:
  using value_type = T;
  using iterator = T*;
  using const_iterator = const T*;

  vec() noexcept = default;
  // Each begins as an empty one, whose destructor runs when the rest of the constructor throws.
  explicit vec(std::size_t n) : vec() { resize(n); }  ///< the only way for what does not move
  vec(std::size_t n, const T& value) : vec() { assign(n, value); }
  vec(std::initializer_list<T> values) : vec() { append(values.begin(), values.size()); }
  vec(const T* first, const T* last) : vec() {
    append(first, static_cast<std::size_t>(last - first));
  }
  vec(const vec& o) : vec() { append(o.data_, o.size_); }
  vec(vec&& o) noexcept { swap(o); }
  vec& operator=(vec o) noexcept {
    swap(o);
    return *this;
  }
  ~vec() {
    clear();
    release();
  }

  std::size_t size() const noexcept { return size_; }
  std::size_t capacity() const noexcept { return capacity_; }
  bool empty() const noexcept { return size_ == 0; }
  T* data() noexcept { return data_; }
  const T* data() const noexcept { return data_; }
  T* begin() noexcept { return data_; }
  const T* begin() const noexcept { return data_; }
  T* end() noexcept { return data_ + size_; }
  const T* end() const noexcept { return data_ + size_; }
  T& operator[](std::size_t i) noexcept { return data_[i]; }  ///< @pre i < size()
  const T& operator[](std::size_t i) const noexcept { return data_[i]; }
  T& front() noexcept { return data_[0]; }  ///< @pre !empty()
  const T& front() const noexcept { return data_[0]; }
  T& back() noexcept { return data_[size_ - 1]; }  ///< @pre !empty()
  const T& back() const noexcept { return data_[size_ - 1]; }

  void push_back(const T& value) { emplace_back(value); }
  void push_back(T&& value) { emplace_back(std::move(value)); }
  template <class... Args>
  T& emplace_back(Args&&... args) {
    if (size_ == capacity_) {
      T made{std::forward<Args>(args)...};  // first: the arguments may lie in what moves
      regrow(larger(size_ + 1));
      return *::new (static_cast<void*>(data_ + size_++)) T(std::move(made));
    }
    T* const made = ::new (static_cast<void*>(data_ + size_)) T{std::forward<Args>(args)...};
    ++size_;  // once it is there: its constructor may throw
    return *made;
  }
  void pop_back() noexcept { data_[--size_].~T(); }  ///< @pre !empty()
  /// Copies `n` values, which do not lie in this one, to the end.
  void append(const T* values, std::size_t n) {
    if (size_ + n > capacity_) regrow(larger(size_ + n));
    if constexpr (flat) {
      if (n != 0) std::memcpy(static_cast<void*>(data_ + size_), values, n * sizeof(T));
      size_ += n;
    } else {
      for (const T* end = values + n; values != end; ++values, ++size_) {
        ::new (static_cast<void*>(data_ + size_)) T(*values);
      }
    }
  }
  /// Before `at`. @return where it is
  T* insert(const T* at, T value) {
    const std::size_t i = static_cast<std::size_t>(at - data_);
    emplace_back(std::move(value));
    for (std::size_t k = size_ - 1; k > i; --k) std::swap(data_[k], data_[k - 1]);
    return data_ + i;
  }
  /// @return where the next is
  T* erase(const T* at) noexcept { return erase(at, at + 1); }
  T* erase(const T* first, const T* last) noexcept {
    T* const from = data_ + (first - data_);
    const auto gone = static_cast<std::size_t>(last - first);
    for (T* to = from; to + gone != end(); ++to) *to = std::move(to[gone]);
    if (gone != 0) shrink(size_ - gone);
    return from;
  }
  void clear() noexcept { shrink(0); }
  /// New ones are T{}.
  void resize(std::size_t n) {
    if (n > capacity_) regrow(n);
    for (; size_ < n; ++size_) ::new (static_cast<void*>(data_ + size_)) T{};
    shrink(n);
  }
  /// The same, but what is added is as it lies in memory: to be written before it is read.
  void resize_unwritten(std::size_t n) {
    static_assert(flat);
    if (n > capacity_) regrow(n);
    size_ = n;
  }
  void assign(std::size_t n, const T& value) {
    const T kept = value;
    clear();
    if (n > capacity_) regrow(n);
    for (; size_ < n; ++size_) ::new (static_cast<void*>(data_ + size_)) T(kept);
  }
  void assign(const T* first, const T* last) {
    clear();
    append(first, static_cast<std::size_t>(last - first));
  }
  void reserve(std::size_t n) {
    if (n > capacity_) regrow(n);
  }
  /// Room for `n` more than there are, so that adding them allocates nothing; grows by half.
  void make_room(std::size_t n) {
    if (size_ + n > capacity_) regrow(larger(size_ + n));
  }
  void swap(vec& o) noexcept {
    std::swap(data_, o.data_);
    std::swap(size_, o.size_);
    std::swap(capacity_, o.capacity_);
  }
  bool operator==(const vec& o) const noexcept {
    if (size_ != o.size_) return false;
    for (std::size_t i = 0; i < size_; ++i) {
      if (!(data_[i] == o.data_[i])) return false;
    }
    return true;
  }

 private:
  static constexpr bool flat = std::is_trivially_copyable_v<T>;

  std::size_t larger(std::size_t least) const noexcept {
    const std::size_t grown = capacity_ + capacity_ / 2;
    const std::size_t some = 64 / sizeof(T) > 4 ? 64 / sizeof(T) : 4;
    const std::size_t most = grown > some ? grown : some;
    return least > most ? least : most;
  }
  void shrink(std::size_t n) noexcept {
    if constexpr (std::is_trivially_destructible_v<T>) {
      if (n < size_) size_ = n;
    } else {
      while (size_ > n) pop_back();
    }
  }
  [[gnu::noinline]] void regrow(std::size_t n) {
    constexpr std::size_t most = static_cast<std::size_t>(-1) / 2;  // which no system has
    const std::size_t bytes = n > most / sizeof(T) ? most : n * sizeof(T);
    T* const made = static_cast<T*>(Memory::take(bytes, alignof(T)));
    if constexpr (flat) {
      if (size_ != 0) std::memcpy(static_cast<void*>(made), data_, size_ * sizeof(T));
    } else if constexpr (std::is_nothrow_move_constructible_v<T>) {
      for (std::size_t i = 0; i < size_; ++i) {
        ::new (static_cast<void*>(made + i)) T(std::move(data_[i]));
        data_[i].~T();
      }
    }
    release();
    data_ = made;
    capacity_ = n;
  }
  void release() noexcept {
    if (data_ != nullptr) Memory::give(data_, capacity_ * sizeof(T), alignof(T));
  }

  T* data_ = nullptr;
  std::size_t size_ = 0, capacity_ = 0;  // size_ <= capacity_
};

/// Takes out all that `gone` is true of; the others keep their order.
template <class T, class Memory, class F>
void erase_if(vec<T, Memory>& from, F&& gone) {
  T* to = from.begin();
  for (T& each : from) {
    if (gone(each)) continue;
    if (to != &each) *to = std::move(each);
    ++to;
  }
  from.erase(to, from.end());
}

}  // namespace v1
}  // namespace gyre
