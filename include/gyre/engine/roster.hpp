// roster.hpp - the threads that are inside of an engine's ticks and handlers.
// Room: engine. Threads: any.
#pragma once

#include <algorithm>
#include <mutex>
#include <thread>

#include <gyre/core/vec.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// The threads that run an engine's ticks and handlers, those included that were given up on and
/// are still inside of one.
class roster {
 public:
  /// Room for so many threads, so that entering needs no memory.
  void make_room(std::size_t threads) {
    const std::lock_guard lock(mutex_);
    ids_.reserve(threads);
  }
  void enter() {
    const std::lock_guard lock(mutex_);
    ids_.push_back(std::this_thread::get_id());
  }
  void leave() {
    const std::lock_guard lock(mutex_);
    erase_if(ids_, [](std::thread::id id) { return id == std::this_thread::get_id(); });
  }
  bool empty() {
    const std::lock_guard lock(mutex_);
    return ids_.empty();
  }
  bool has_this_thread() {
    const std::lock_guard lock(mutex_);
    return std::find(ids_.begin(), ids_.end(), std::this_thread::get_id()) != ids_.end();
  }

 private:
  std::mutex mutex_;
  vec<std::thread::id> ids_;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
