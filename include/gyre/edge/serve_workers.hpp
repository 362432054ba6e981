// serve_workers.hpp - two threads that answer requests, so that a slow order holds up no stream.
// Room: edge. Threads: any.
#pragma once

#include <array>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

namespace gyre {
inline namespace v1 {
namespace http {

/// Runs what it is given, in order, on its threads. Bounded by who gives: one job a connection.
class serve_workers {
 public:
  serve_workers() {
    for (std::thread& t : threads_) t = std::thread([this] { work(); });
  }
  ~serve_workers() { close(); }
  serve_workers(const serve_workers&) = delete;
  serve_workers& operator=(const serve_workers&) = delete;

  void give(std::function<void()> job) {
    {
      const std::lock_guard lock(mutex_);
      jobs_.push_back(std::move(job));
    }
    wake_.notify_one();
  }
  /// Waits for the jobs that run; those that wait are not begun.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return;
      closed_ = true;
    }
    wake_.notify_all();
    for (std::thread& t : threads_) t.join();
  }

 private:
  void work() {
    for (;;) {
      std::function<void()> job;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return closed_ || !jobs_.empty(); });
        if (closed_) return;
        job = std::move(jobs_.front());
        jobs_.pop_front();
      }
      job();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;
  bool closed_ = false;
  std::array<std::thread, 2> threads_;
};

}  // namespace http
}  // namespace v1
}  // namespace gyre
