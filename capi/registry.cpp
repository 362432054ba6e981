// registry.cpp - makes the table of ids, and notices forks. It holds what all calls share.
// Room: capi. Threads: all of it from any thread.
#include "registry.hpp"

#include <atomic>

#if !defined(__EMSCRIPTEN__)
#include <pthread.h>
#endif

namespace gyre::capi {

namespace {
std::atomic<bool> forked{false};
}  // namespace

handle_table& table() {
  static handle_table* const ids = [] {
#if !defined(__EMSCRIPTEN__)
    pthread_atfork(nullptr, nullptr, [] { forked.store(true, std::memory_order_relaxed); });
#endif
    return new handle_table;
  }();
  return *ids;
}

result<void> here() {
  if (!forked.load(std::memory_order_relaxed)) return ok;
  return fail(code::forked, "gyre was used in the child of a fork: create engines after forking");
}

}  // namespace gyre::capi
