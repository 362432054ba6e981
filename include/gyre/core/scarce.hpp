// scarce.hpp - for calls that run out of memory half-way: take back what was done, or do without.
// Room: core. Threads: any.
#pragma once

#include <new>
#include <utility>

#include <gyre/core/config.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// Calls f. @return false: it ran out of memory. For what is done without then, and counted.
template <class F>
bool if_memory(F&& f) {
#if GYRE_EXCEPTIONS
  try {
    f();
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
#else
  f();
  return true;
#endif
}

/// Calls f, which throws nothing, at the end of the scope, unless keep() was called: what comes
/// between threw, or returned an error.
template <class F>
class undo {
 public:
  explicit undo(F f) noexcept : f_(std::move(f)) {}
  ~undo() {
    if (!kept_) f_();
  }
  undo(const undo&) = delete;
  undo& operator=(const undo&) = delete;
  void keep() noexcept { kept_ = true; }

 private:
  F f_;
  bool kept_ = false;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
