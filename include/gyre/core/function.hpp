// function.hpp - callables owned in 16 bytes, or only referred to: std::function without its cost.
// Room: core. Threads: one owner at a time.
#pragma once

#include <cstddef>
#include <gyre/core/config.hpp>
#include <new>
#include <type_traits>
#include <utility>

namespace gyre {
inline namespace v1 {

template <class Signature>
class function;

/// Owns a callable of this signature, or none. Moves and does not copy, so the callable need not
/// copy either. What fits into a pointer and is trivially copyable lies inside, more on the heap.
template <class R, class... Args>
class function<R(Args...)> {
 public:
  function() noexcept = default;
  function(std::nullptr_t) noexcept {}  // NOLINT: implicit, as std::function is
  /// A null pointer and an empty std::function are none.
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, function> &&
             std::is_invocable_r_v<R, std::decay_t<F>&, Args...>)
  function(F&& f) {  // NOLINT: implicit
    using held = std::decay_t<F>;
    if constexpr (nullable<F>) {
      if (f == nullptr) return;
    }
    if constexpr (fits<held>) {
      ::new (static_cast<void*>(&data_)) held(std::forward<F>(f));
      does_ = &inside<held>;
    } else {
      data_ = new held(std::forward<F>(f));
      does_ = &outside<held>;
    }
  }
  function(function&& o) noexcept
      : data_(std::exchange(o.data_, nullptr)), does_(std::exchange(o.does_, nullptr)) {}
  function& operator=(function&& o) noexcept {
    if (this == &o) return *this;
    reset();
    data_ = std::exchange(o.data_, nullptr);
    does_ = std::exchange(o.does_, nullptr);
    return *this;
  }
  ~function() { reset(); }

  explicit operator bool() const noexcept { return does_ != nullptr; }
  R operator()(Args... args) {  ///< @pre there is a callable
    return does_->call(&data_, std::forward<Args>(args)...);
  }
  /// Has the processor read the callable that lies on the heap, or what the only pointer in one
  /// that lies inside leads to. Inlined by force, see engine/fetch_ahead.hpp.
  [[gnu::always_inline]] inline void fetch() const noexcept { __builtin_prefetch(data_); }

 private:
  struct doing {
    R (*call)(void** data, Args... args);
    void (*destroy)(void** data) noexcept;
  };
  // A function and a lambda without captures compare with nullptr too, and are never null.
  template <class F>
  static constexpr bool nullable =
      !std::is_function_v<std::remove_reference_t<F>> &&
      !std::is_empty_v<std::remove_cvref_t<F>> &&
      requires(std::remove_cvref_t<F>& f) { f == nullptr; };
  // Moving copies the pointer-sized bytes: only for what may be moved so.
  template <class F>
  static constexpr bool fits = sizeof(F) <= sizeof(void*) && alignof(F) <= alignof(void*) &&
                               std::is_trivially_copyable_v<F>;
  template <class F>
  static constexpr doing inside = {
      [](void** data, Args... args) -> R {
        return (*std::launder(reinterpret_cast<F*>(data)))(std::forward<Args>(args)...);
      },
      [](void**) noexcept {}};
  template <class F>
  static constexpr doing outside = {
      [](void** data, Args... args) -> R {
        return (*static_cast<F*>(*data))(std::forward<Args>(args)...);
      },
      [](void** data) noexcept { delete static_cast<F*>(*data); }};

  void reset() noexcept {
    if (does_ != nullptr) does_->destroy(&data_);
    data_ = nullptr;
    does_ = nullptr;
  }

  void* data_ = nullptr;
  const doing* does_ = nullptr;
};

template <class Signature>
class function_ref;

/// Refers to a callable that outlives the call it is passed to.
template <class R, class... Args>
class function_ref<R(Args...)> {
 public:
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, function_ref> &&
             std::is_object_v<std::remove_reference_t<F>> &&
             std::is_invocable_r_v<R, std::remove_reference_t<F>&, Args...>)
  function_ref(F&& f) noexcept  // NOLINT: implicit
      : data_(const_cast<void*>(static_cast<const void*>(&f))),
        call_([](void* data, Args... args) -> R {
          return (*static_cast<std::remove_reference_t<F>*>(data))(std::forward<Args>(args)...);
        }) {}
  R operator()(Args... args) const { return call_(data_, std::forward<Args>(args)...); }

 private:
  void* data_;
  R (*call_)(void*, Args...);
};

}  // namespace v1
}  // namespace gyre
