// callback.hpp - a caller's callbacks: whose `user` they get, when he is told, what runs inside.
// Room: capi. Threads: as each says; what this thread is inside of is the thread's own.
#pragma once
#include <unistd.h>

#include <memory>
#include <mutex>
#include <utility>

#include <gyre/core/result.hpp>

#include "guard.hpp"

#if GYRE_EXCEPTIONS && GYRE_THREADS && defined(__GLIBCXX__)
#include <cxxabi.h>
#endif

namespace gyre::capi {

/// The caller's `user`, freed by his notifier exactly once: when the last holder of it goes.
struct user_data {
  void* user;
  gyre_destroy_fn destroy;
  user_data(void* u, gyre_destroy_fn d) noexcept : user(u), destroy(d) {}
  user_data(user_data&& from) noexcept
      : user(from.user), destroy(std::exchange(from.destroy, nullptr)) {}
  user_data& operator=(user_data&&) = delete;
  ~user_data() {
    if (destroy) destroy(user);
  }
};

/// The user data of options that could be read at all. Taken before anything that can fail, so
/// that the notifier runs on any error.
template <class Options>
user_data user_of(const Options* options) noexcept {
  if (!options || options->size < capi::first_size<Options>) return {nullptr, nullptr};
  return {options->user, options->destroy};
}

/// What one registration calls back: the user's pointer, and whose engine he is in there.
class registration {
 public:
  registration(gyre_engine e, user_data& given)
      : engine(e), user_(std::make_shared<user_data>(std::move(given))) {}
  const gyre_engine engine;
  bool on_own_threads = false;  // the engine's, GYRE_DRIVER_WORKERS; set before the first call

  /// Held while one call lasts; null: none may begin any more.
  std::shared_ptr<user_data> user() {
    const std::lock_guard<std::mutex> hold(mutex_);
    return user_;
  }
  /// No call begins after this. The notifier is called here, or where the last call under way ends;
  /// it may call anything, so the caller holds no lock and no pin.
  void end() {
    std::shared_ptr<user_data> last;
    const std::lock_guard<std::mutex> hold(mutex_);
    last.swap(user_);
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<user_data> user_;
};

/// Calls a caller's function. One that ends its thread (pthread_exit; what Python does to a thread
/// that wants to run when it is about to end itself) stays here for ever on a thread of the
/// engine's, to which that is a callback that never returns. Elsewhere the thread is the caller's.
template <class F>
void call(const registration& called, F&& function) {
#if GYRE_EXCEPTIONS && GYRE_THREADS && defined(__GLIBCXX__)
  try {
    function();
  } catch (const abi::__forced_unwind&) {
    if (!called.on_own_threads) throw;
    for (;;) pause();
  }
#else
  (void)called;
  function();
#endif
}

/// Says that this thread is inside a callback of `engine`, so that calls that would wait refuse.
/// Each knows the one around it: a callback may move another engine, whose callback runs here too.
class inside_of {
 public:
  explicit inside_of(gyre_engine engine) noexcept
      : engine_(engine), outer_(std::exchange(innermost_, this)) {}
  ~inside_of() { innermost_ = outer_; }
  inside_of(const inside_of&) = delete;
  inside_of& operator=(const inside_of&) = delete;

  static bool any() noexcept { return innermost_ != nullptr; }
  static bool any(gyre_engine engine) noexcept {
    const inside_of* at = innermost_;
    while (at && at->engine_ != engine) at = at->outer_;
    return at != nullptr;
  }

 private:
  static inline thread_local const inside_of* innermost_ = nullptr;
  const gyre_engine engine_;
  const inside_of* const outer_;
};

/// REENTRANT inside a callback of `engine`, however deep.
inline result<void> not_inside(gyre_engine engine, const char* what) {
  if (!inside_of::any(engine)) return ok;
  return fail(code::reentrant, what, " waits for callbacks and was called from one");
}

}  // namespace gyre::capi
