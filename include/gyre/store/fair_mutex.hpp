// fair_mutex.hpp - a mutex that is had in the order in which it was asked for.
// Room: store. Threads: any.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace gyre {
inline namespace v1 {

/// For work that lasts and is cut into pieces: whoever frees it between two pieces and takes it at
/// once again lets all go first who wait. Use it by std::unique_lock.
class fair_mutex {
 public:
  void lock() {
    std::unique_lock hold(mutex_);
    const std::uint64_t mine = next_++;
    changed_.wait(hold, [&] { return serving_ == mine; });
  }
  void unlock() {
    {
      const std::lock_guard hold(mutex_);
      ++serving_;
    }
    changed_.notify_all();
  }
  /// Whether somebody waits for it. @pre the caller holds it
  bool wanted() {
    const std::lock_guard hold(mutex_);
    return next_ - serving_ > 1;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t next_ = 0, serving_ = 0;
};

}  // namespace v1
}  // namespace gyre
