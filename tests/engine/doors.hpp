// doors.hpp - waiting for a condition, and keeping a tick where it is until it may go on.
// Room: tests/engine. Threads: any.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

#include <gyre/core/time.hpp>

namespace doors {

/// False when the condition does not come true within a time that only a defect reaches.
inline bool eventually(const std::function<bool()>& condition,
                       gyre::duration most = std::chrono::seconds(20)) {
  const auto end = std::chrono::steady_clock::now() + most;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

/// A door that ticks can be kept behind.
class door {
 public:
  void pass() const {
    ++inside_;
    while (!open_) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  bool entered(int ticks = 1) const { return inside_ >= ticks; }
  int times() const { return inside_; }
  void open() { open_ = true; }

 private:
  mutable std::atomic<int> inside_{0};
  std::atomic<bool> open_{false};
};

}  // namespace doors
