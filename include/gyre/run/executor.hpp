// executor.hpp - the threads that drive shards: one a slot, replaceable while one is stuck.
// Room: run. Threads: start, replace, wait and abandon from one thread at a time; ring from any.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include <gyre/core/time.hpp>
#include <gyre/core/vec.hpp>

#if GYRE_THREADS
#include <csignal>
#endif
#if defined(__linux__)
#include <sys/prctl.h>
#endif

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

/// Asks for the calling thread to be woken as exactly as the system can: Linux adds 50 us to each
/// sleep otherwise.
inline void sleep_precisely() noexcept {
#if defined(__linux__)
  (void)prctl(PR_SET_TIMERSLACK, 1000UL, 0UL, 0UL, 0UL);
#endif
}

/// Keeps asynchronous signals off the threads that are made in its scope: they are the program's,
/// whose own threads handle them.
class quiet_signals {
 public:
  quiet_signals() noexcept {
#if GYRE_THREADS
    sigset_t all;
    sigfillset(&all);
    for (const int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS}) sigdelset(&all, own);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before_);
#endif
  }
  ~quiet_signals() {
#if GYRE_THREADS
    (void)pthread_sigmask(SIG_SETMASK, &before_, nullptr);
#endif
  }
  quiet_signals(const quiet_signals&) = delete;
  quiet_signals& operator=(const quiet_signals&) = delete;

 private:
#if GYRE_THREADS
  sigset_t before_;
#endif
};

/// What debuggers and `top` call the calling thread; at most 15 bytes.
inline void name_thread([[maybe_unused]] const char* name) noexcept {
#if defined(__linux__)
  (void)prctl(PR_SET_NAME, name, 0UL, 0UL, 0UL);
#endif
}

/// A thread that takes none of the program's signals; none when the system gives no more.
template <class F>
std::optional<std::thread> quiet_thread(F&& run) {
  const quiet_signals here;
#if GYRE_EXCEPTIONS
  try {
    return std::thread(std::forward<F>(run));
  } catch (const std::system_error&) {
    return std::nullopt;
  }
#else
  return std::thread(std::forward<F>(run));
#endif
}

/// Threads that drive slots, one each, and parked ones that take over a slot whose thread is busy
/// with something else. A thread whose body returns, because it was replaced or because all is to
/// end, parks. Threads that do not end in time are left to themselves: each keeps alive what its
/// body captured, and ends by itself when that returns.
class executor {
 public:
  using body = std::function<void(std::uint32_t slot, std::uint64_t epoch)>;

  executor() = default;
  executor(const executor&) = delete;
  executor& operator=(const executor&) = delete;
  ~executor() { abandon(); }

  /// A thread for each epoch given; false when the system does not give that many.
  /// @pre nothing was started since abandon()
  bool start(const vec<std::uint64_t>& epochs, body run) {
    run_ = std::make_shared<const body>(std::move(run));
    shared_ = std::make_shared<state>();
    shared_->driving.assign(epochs.size(), 0);
    for (std::uint32_t i = 0; i < epochs.size(); ++i) {
      if (!prepare(i + 1)) return false;
    }
    for (std::uint32_t i = 0; i < epochs.size(); ++i) replace(i, epochs[i]);
    return true;
  }
  /// Makes sure that so many threads wait for a slot; false when the system does not give them.
  /// Throws std::bad_alloc, with no harm done.
  /// @pre wait() was not called since start()
  bool prepare(std::size_t spares = 1) {
    workers_.make_room(1);
    {
      const std::lock_guard lock(shared_->mutex);
      shared_->jobs.make_room(shared_->spares + 1);  // for replace()
      if (shared_->spares >= spares) return true;
    }
    auto inside = std::make_shared<std::atomic<bool>>(false);
    auto made = quiet_thread([run = run_, shared = shared_, inside]() mutable {
      work(std::move(run), *shared, *inside);
    });
    if (!made) return false;
    workers_.push_back({std::move(*made), inside});
    const std::lock_guard lock(shared_->mutex);
    ++shared_->spares;
    return true;
  }
  /// Gives the slot to a waiting thread; the one that had it is expected to notice and return.
  /// @pre prepare() was true since the last replace()
  void replace(std::uint32_t slot, std::uint64_t epoch) {
    const std::lock_guard lock(shared_->mutex);
    shared_->driving[slot] = epoch + 1;
    shared_->jobs.push_back({slot, epoch});
    --shared_->spares;
    shared_->changed.notify_all();
  }
  /// Lets every thread end whose body has returned, and waits until no slot is driven and `done()`
  /// holds, which is asked again after each return of a body; at most `most`.
  template <class F>
  bool wait(duration most, F&& done) {
    if (shared_ == nullptr) return done();  // there was no memory to start
    std::unique_lock lock(shared_->mutex);
    shared_->closing = true;
    shared_->changed.notify_all();
    const auto until = std::chrono::steady_clock::now() + std::min(most, longest);
    return shared_->changed.wait_until(lock, until, [&] {
      const auto& driving = shared_->driving;
      const auto driven = [](std::uint64_t epoch) { return epoch != 0; };
      return std::none_of(driving.begin(), driving.end(), driven) && done();
    });
  }
  /// True while the thread that was given the slot last has not returned.
  bool driven(std::uint32_t slot) const {
    if (shared_ == nullptr) return false;
    const std::lock_guard lock(shared_->mutex);
    return shared_->driving[slot] != 0;
  }
  /// Joins the threads that have ended, or are about to, and leaves the others to themselves.
  /// @param returning no body goes on for long: joins all
  void abandon(bool returning = false) {
    run_.reset();
    if (shared_ == nullptr) return;
    vec<worker> all;
    {
      const std::lock_guard lock(shared_->mutex);
      shared_->closing = true;
      shared_->changed.notify_all();
      all.swap(workers_);
      for (worker& w : all) {
        if (!returning && w.inside->load()) w.thread.detach();
      }
    }
    for (worker& w : all) {
      if (w.thread.joinable()) w.thread.join();
    }
    shared_.reset();
  }

 private:
  struct job {
    std::uint32_t slot;
    std::uint64_t epoch;
  };
  /// What the threads share, which those left to themselves keep alive.
  struct state {
    std::mutex mutex;
    std::condition_variable changed;
    vec<job> jobs;               // for parked threads
    vec<std::uint64_t> driving;  // by slot: 1 + the epoch it was given out with; 0: none
    std::size_t spares = 0;              // threads that wait, or are about to, less jobs
    bool closing = false;
  };
  struct worker {
    std::thread thread;
    std::shared_ptr<std::atomic<bool>> inside;  // of a body; written under the mutex
  };

  static void work(std::shared_ptr<const body> run, state& shared, std::atomic<bool>& inside) {
    std::unique_lock lock(shared.mutex);
    for (;;) {
      shared.changed.wait(lock, [&] { return shared.closing || !shared.jobs.empty(); });
      if (shared.jobs.empty()) return;
      const job now = shared.jobs.back();
      shared.jobs.pop_back();
      inside = true;
      lock.unlock();
      (*run)(now.slot, now.epoch);
      lock.lock();
      std::uint64_t& driving = shared.driving[now.slot];
      if (driving == now.epoch + 1) driving = 0;
      inside = false;
      ++shared.spares;
      shared.changed.notify_all();
    }
  }

  std::shared_ptr<const body> run_;
  std::shared_ptr<state> shared_;
  vec<worker> workers_;
};

}  // namespace v1
}  // namespace gyre
