// executor.hpp - the threads that drive shards: one a slot, replaceable while one is stuck.
// Room: run. Threads: start, replace, wait and abandon from one thread at a time; wake from any.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <gyre/core/time.hpp>

namespace gyre {
inline namespace v1 {

/// Lets one thread sleep until a time or until it is woken; a wake-up that comes first is kept.
class alarm {
 public:
  void ring() {
    {
      const std::lock_guard lock(mutex_);
      rung_ = true;
    }
    changed_.notify_all();
  }
  /// Sleeps for `most` or until ring(); true when it was rung.
  bool wait(duration most) {
    std::unique_lock lock(mutex_);
    const auto until = std::chrono::steady_clock::now() + std::min<duration>(most, longest_wait);
    const bool rung = changed_.wait_until(lock, until, [this] { return rung_; });
    rung_ = false;
    return rung;
  }

 private:
  static constexpr duration longest_wait = std::chrono::hours(1);
  std::mutex mutex_;
  std::condition_variable changed_;
  bool rung_ = false;
};

/// One thread a slot. A thread that is stuck in user code is replaced: it is detached, keeps alive
/// what its body captured, and ends by itself when the user code returns.
class executor {
 public:
  using body = std::function<void(std::uint32_t slot, std::uint64_t epoch)>;

  executor() = default;
  executor(const executor&) = delete;
  executor& operator=(const executor&) = delete;
  ~executor() { abandon(); }

  /// Starts a thread for each epoch given. @pre wait() returned true, or nothing was started
  void start(const std::vector<std::uint64_t>& epochs, body run) {
    run_ = std::move(run);
    workers_.clear();
    for (std::uint32_t slot = 0; slot < epochs.size(); ++slot) {
      workers_.push_back(spawn(slot, epochs[slot]));
    }
  }
  /// A fresh thread for the slot; the old one is left to itself. @return how many were, in all
  std::size_t replace(std::uint32_t slot, std::uint64_t epoch) {
    if (workers_[slot].thread.joinable()) workers_[slot].thread.detach();
    workers_[slot] = spawn(slot, epoch);
    return ++lost_;
  }
  /// Waits until every thread has ended, at most `most`, and joins those that have.
  bool wait(duration most) {
    const auto until = std::chrono::steady_clock::now() + most;
    bool all = true;
    for (worker& w : workers_) {
      if (!w.thread.joinable()) continue;
      std::unique_lock lock(w.end->mutex);
      if (w.end->changed.wait_until(lock, until, [&] { return w.end->reached; })) {
        lock.unlock();
        w.thread.join();
      } else {
        all = false;
      }
    }
    if (all) run_ = nullptr;  // it may hold what owns this executor
    return all;
  }
  /// True while the slot's thread has not been joined.
  bool running(std::uint32_t slot) const {
    return slot < workers_.size() && workers_[slot].thread.joinable();
  }
  /// Detaches every thread that has not ended.
  void abandon() {
    for (worker& w : workers_) {
      if (!w.thread.joinable()) continue;
      w.thread.detach();
      ++lost_;
    }
    workers_.clear();
    run_ = nullptr;
  }
  std::size_t lost() const noexcept { return lost_; }  ///< threads replaced or abandoned, ever

 private:
  struct ending {
    std::mutex mutex;
    std::condition_variable changed;
    bool reached = false;
  };
  struct worker {
    std::thread thread;
    std::shared_ptr<ending> end;
  };

  worker spawn(std::uint32_t slot, std::uint64_t epoch) {
    auto end = std::make_shared<ending>();
    return {std::thread([run = run_, end, slot, epoch] {
              run(slot, epoch);
              const std::lock_guard lock(end->mutex);
              end->reached = true;
              end->changed.notify_all();
            }),
            end};
  }

  body run_;
  std::vector<worker> workers_;
  std::size_t lost_ = 0;
};

}  // namespace v1
}  // namespace gyre
