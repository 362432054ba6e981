// scribe.hpp - the thread that writes the store of an engine with own threads, at the disk's pace.
// Room: engine. Threads: start and stop from one thread at a time.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include <gyre/engine/vault.hpp>
#include <gyre/run/executor.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// Commits 100 ms after the first frame, or once there are 64 KiB of them, syncs a second later and
/// writes checkpoints, holding no lease while it waits for the disk: however long that takes, loops
/// run on. After a failure it rests for longer and longer, up to 1.6 s. Held by the crew.
class scribe {
 public:
  scribe(environment& env, vault& v) : env_(env), vault_(v) {}
  scribe(const scribe&) = delete;
  scribe& operator=(const scribe&) = delete;
  ~scribe() {
    if (thread_.joinable()) thread_.detach();
  }

  /// @param body kept alive by the thread. False: the system gives none
  bool start(const std::shared_ptr<void>& body) {
    const std::lock_guard lock(mutex_);
    wanted_ = true;
    if (there_) return true;  // stop() has left it at the disk: it goes on
    if (thread_.joinable()) thread_.join();
    auto made = quiet_thread([this, body] { run(); });
    wanted_ = made.has_value();
    if (!made) return false;
    there_ = true;
    vault_.scribe_comes();
    thread_ = std::move(*made);
    return true;
  }
  /// Has it commit and sync what there is, and end; where that lasts longer than `most` it is left
  /// to itself, and still does so. @return whether it ended
  bool stop(duration most) {
    std::unique_lock lock(mutex_);
    wanted_ = false;
    env_.store.bell.ring();
    const auto until = std::chrono::steady_clock::now() + std::min(most, longest);
    const bool ended = left_.wait_until(lock, until, [this] { return !there_; });
    if (!thread_.joinable()) return ended;
    if (ended) {
      lock.unlock();
      thread_.join();
    } else {
      thread_.detach();
    }
    return ended;
  }

 private:
  static constexpr duration rest = std::chrono::milliseconds(100);

  void run() {
    name_thread("gyre scribe");
    instant sync_at = monotonic_now() + std::chrono::seconds(1);
    duration pause = rest;
    for (;;) {
      const bool last = !is_wanted();
      const instant t = monotonic_now();
      env_.store.rests(true);  // before it looks: what comes later rings
      const auto did = vault_.write_round(last || t >= sync_at, last);
      if (last) {
        if (leave()) return;
        continue;
      }
      if (t >= sync_at) sync_at = monotonic_now() + std::chrono::seconds(1);
      pause = did.worked ? rest : std::min<duration>(2 * pause, 16 * rest);
      if (did.worked && did.more) continue;
      if (did.worked && !did.wrote) {
        const duration most = did.unsynced ? sync_at - monotonic_now() : longest;
        if (most > duration::zero()) (void)env_.store.bell.wait(most);
      }
      env_.store.rests(false);
      wait(pause, did.worked);
    }
  }
  /// @param early not after a commit is wanted at once
  void wait(duration most, bool early) {
    const instant until = monotonic_now() + most;
    while (is_wanted() && !(early && env_.store.is_wanted())) {
      const duration left = until - monotonic_now();
      if (left <= duration::zero()) return;
      (void)env_.store.bell.wait(left);
    }
  }
  bool is_wanted() {
    const std::lock_guard lock(mutex_);
    return wanted_;
  }
  /// @return false: it was started anew
  bool leave() {
    {
      const std::lock_guard lock(mutex_);
      if (wanted_) return false;
      vault_.scribe_goes();
      there_ = false;
    }
    left_.notify_all();
    return true;
  }

  environment& env_;
  vault& vault_;
  std::mutex mutex_;
  std::condition_variable left_;
  std::thread thread_;
  bool wanted_ = false, there_ = false;  // under mutex_
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
