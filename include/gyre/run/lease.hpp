// lease.hpp - the word that says who owns a shard: one holder at a time, and which thread's turn.
// Room: run. Threads: any.
#pragma once

#include <atomic>
#include <cstdint>

#include <gyre/core/config.hpp>

#if GYRE_THREADS
#include <thread>
#endif

namespace gyre {
inline namespace v1 {

/// One atomic word {epoch, held}. Whoever holds it may touch the shard; nobody holds it while user
/// code runs, so a reader never waits for a tick, only for another bounded step of the engine. A
/// thread whose tick outlived its timeout is locked out for good by raising the epoch: it fails to
/// get the word back and leaves. Taking it costs one compare-and-swap and no system call.
class lease {
 public:
  /// Takes the word, whatever its epoch; returns that.
  std::uint64_t acquire() noexcept {
    const std::uint64_t word = word_.load(std::memory_order_relaxed);
    if ((word & held) == 0 && take(word)) return word >> 1;
    return contend();
  }
  /// Takes the word if its epoch is still `epoch`; false, without waiting, once it is another.
  bool acquire(std::uint64_t epoch) noexcept {
    for (unsigned spins = 0;; ++spins) {
      std::uint64_t word = word_.load(std::memory_order_relaxed);
      if (word >> 1 != epoch) return false;
      if ((word & held) == 0 && take(word)) return true;
      relax(spins);
    }
  }
  /// Gives the word back. @pre the caller holds it
  void release() noexcept {
    word_.store(word_.load(std::memory_order_relaxed) & ~held, std::memory_order_release);
  }
  /// Raises the epoch: threads of the old one never get the word again. Still held; the new epoch
  /// is returned. @pre the caller holds it
  std::uint64_t pass_on() noexcept {
    const std::uint64_t next = (word_.load(std::memory_order_relaxed) >> 1) + 1;
    word_.store(next << 1 | held, std::memory_order_relaxed);
    return next;
  }
  std::uint64_t epoch() const noexcept { return word_.load(std::memory_order_acquire) >> 1; }

 private:
  static constexpr std::uint64_t held = 1;

  std::uint64_t contend() noexcept {  // apart, so that the above is inlined
    for (unsigned spins = 0;; ++spins) {
      const std::uint64_t word = word_.load(std::memory_order_relaxed);
      if ((word & held) == 0 && take(word)) return word >> 1;
      relax(spins);
    }
  }
  bool take(std::uint64_t word) noexcept {
    return word_.compare_exchange_weak(word, word | held, std::memory_order_acquire,
                                       std::memory_order_relaxed);
  }
  static void relax(unsigned spins) noexcept {
#if GYRE_THREADS
    if (spins > 64) std::this_thread::yield();  // the holder may have lost its core
#else
    (void)spins;
#endif
  }

  std::atomic<std::uint64_t> word_{0};
};

/// Holds a lease for a scope.
class leased {
 public:
  explicit leased(lease& word) noexcept : word_(word), epoch_(word_.acquire()) {}
  ~leased() { word_.release(); }
  leased(const leased&) = delete;
  leased& operator=(const leased&) = delete;

  std::uint64_t epoch() const noexcept { return epoch_; }  ///< as it was then

 private:
  lease& word_;
  std::uint64_t epoch_;
};

}  // namespace v1
}  // namespace gyre
