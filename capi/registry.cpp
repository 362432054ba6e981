// registry.cpp - makes the table of ids, which is all that calls of different engines share.
// Room: capi. Threads: all of it from any thread.
#include "registry.hpp"

#include <atomic>

#if GYRE_THREADS
#include <pthread.h>
#endif

namespace gyre::capi {

#if GYRE_THREADS

namespace {

std::atomic<handle_table*> ours{nullptr};
std::atomic<handle_table*> parents{nullptr};  // of the process that this one was forked from

/// Makes nothing yet: other threads may have been inside of the allocator.
void in_child() {
  if (handle_table* const before = ours.exchange(nullptr)) parents.store(before);
}

handle_table& make_table() {
  static const int watched = pthread_atfork(nullptr, nullptr, in_child);
  (void)watched;
  auto fresh = std::make_unique<handle_table>(parents.load());
  handle_table* made = nullptr;
  if (ours.compare_exchange_strong(made, fresh.get(), std::memory_order_acq_rel)) {
    return *fresh.release();
  }
  return *made;  // another thread's
}

}  // namespace

handle_table& table() {
  handle_table* const made = ours.load(std::memory_order_acquire);
  return made ? *made : make_table();
}

#else  // nor forks

handle_table& table() {
  static handle_table* const ids = new handle_table;
  return *ids;
}

#endif

}  // namespace gyre::capi
