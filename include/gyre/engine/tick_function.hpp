// tick_function.hpp - the user's function of a loop, in 16 bytes.
// Room: engine. Threads: one owner at a time; the function is called by the thread of the tick.
#pragma once

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace gyre {
inline namespace v1 {

class tick;

/// Owns a callable of void(tick&), or none. Moves and does not copy, so the callable need not copy
/// either. What fits into a pointer lies inside, more on the heap: std::function would take 32
/// bytes of each of a million loops.
class tick_function {
 public:
  tick_function() = default;
  tick_function(std::nullptr_t) {}  // NOLINT: implicit
  /// A null pointer and an empty std::function are none.
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, tick_function> &&
             std::is_invocable_v<std::decay_t<F>&, tick&>)
  tick_function(F&& f) {  // NOLINT: implicit, as std::function is
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
  tick_function(tick_function&& o) noexcept
      : data_(std::exchange(o.data_, nullptr)), does_(std::exchange(o.does_, nullptr)) {}
  tick_function& operator=(tick_function&& o) noexcept {
    if (this == &o) return *this;
    reset();
    data_ = std::exchange(o.data_, nullptr);
    does_ = std::exchange(o.does_, nullptr);
    return *this;
  }
  ~tick_function() { reset(); }

  explicit operator bool() const noexcept { return does_ != nullptr; }
  /// @pre there is a function
  void operator()(tick& t) { does_->call(&data_, t); }
  /// Has the processor read the callable that lies on the heap, or what the only pointer in one
  /// that lies inside leads to. Inlined by force, see shard::fetch_ahead().
  [[gnu::always_inline]] inline void fetch() const noexcept { __builtin_prefetch(data_); }

 private:
  struct doing {
    void (*call)(void** data, tick& t);
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
  static constexpr bool fits =
      sizeof(F) <= sizeof(void*) && alignof(F) <= alignof(void*) &&
      std::is_trivially_copyable_v<F>;
  template <class F>
  static constexpr doing inside = {
      [](void** data, tick& t) { (*std::launder(reinterpret_cast<F*>(data)))(t); },
      [](void**) noexcept {}};
  template <class F>
  static constexpr doing outside = {
      [](void** data, tick& t) { (*static_cast<F*>(*data))(t); },
      [](void** data) noexcept { delete static_cast<F*>(*data); }};

  void reset() noexcept {
    if (does_ != nullptr) does_->destroy(&data_);
    data_ = nullptr;
    does_ = nullptr;
  }

  void* data_ = nullptr;
  const doing* does_ = nullptr;
};

}  // namespace v1
}  // namespace gyre
