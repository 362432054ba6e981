// owner.hpp - one object on the heap, owned; or none.
// Room: core. Threads: one owner at a time.
#pragma once

#include <cstddef>
#include <gyre/core/config.hpp>
#include <utility>

namespace gyre {
inline namespace v1 {

/// std::unique_ptr without its thirty functions a type. Takes an object over from one, too.
template <class T>
class owner {
 public:
  owner() noexcept = default;
  owner(std::nullptr_t) noexcept {}  // NOLINT: implicit
  explicit owner(T* taken) noexcept : at_(taken) {}
  template <class From>
    requires requires(From& from, T*& to) { to = from.release(); }
  owner(From&& from) noexcept : at_(from.release()) {}  // NOLINT: implicit
  owner(owner&& o) noexcept : at_(std::exchange(o.at_, nullptr)) {}
  owner& operator=(owner&& o) noexcept {
    T* const last = std::exchange(at_, std::exchange(o.at_, nullptr));
    delete last;
    return *this;
  }
  ~owner() { delete at_; }

  T* get() const noexcept { return at_; }
  T* release() noexcept { return std::exchange(at_, nullptr); }
  void reset() noexcept { delete release(); }
  explicit operator bool() const noexcept { return at_ != nullptr; }
  bool operator==(std::nullptr_t) const noexcept { return at_ == nullptr; }
  T& operator*() const noexcept { return *at_; }  ///< @pre there is one
  T* operator->() const noexcept { return at_; }

 private:
  T* at_ = nullptr;
};

template <class T, class... Args>
owner<T> make_owned(Args&&... args) {
  return owner<T>(new T(std::forward<Args>(args)...));
}

}  // namespace v1
}  // namespace gyre
