// call_ref.hpp - a callable of the caller's, lent for the length of a call.
// Room: core. Threads: as the callable.
#pragma once

#include <memory>
#include <type_traits>

namespace gyre {
inline namespace v1 {

template <class Signature>
class call_ref;

/// Refers to a callable without owning it: two pointers, for a parameter of a function that is
/// compiled once. Must not outlive the callable.
template <class R, class... Args>
class call_ref<R(Args...)> {
 public:
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, call_ref>)
  call_ref(F&& f) noexcept  // NOLINT: implicit, as the argument of a call is
      : what_(const_cast<void*>(static_cast<const void*>(std::addressof(f)))),
        call_([](void* what, Args... args) -> R {
          return (*static_cast<std::remove_reference_t<F>*>(what))(static_cast<Args&&>(args)...);
        }) {}

  R operator()(Args... args) const { return call_(what_, static_cast<Args&&>(args)...); }

 private:
  void* what_;
  R (*call_)(void*, Args...);
};

}  // namespace v1
}  // namespace gyre
