// occupant.hpp - the tick or handler that runs on a shard's thread, and when that takes too long.
// Room: engine. Threads: under the shard's lease.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <thread>
#include <utility>

#include <gyre/engine/environment.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// Why a shard needs another thread.
enum class need : std::uint8_t { none, hand_off, tick, handler };

/// Held by the shard; the watchdog asks it. A tick that has run for the hand-off time keeps its
/// thread. Where its timeout comes first, it is told to give up then, and after the grace it is
/// given up on. So is a handler past its limit, which cannot be told.
class occupant {
 public:
  explicit occupant(const environment& env) : env_(env) {}

  /// The tick that runs, null when none does.
  run_state* tick() const noexcept { return tick_; }
  void enter(run_state& run, instant now) noexcept {
    since_ = now;
    until_ = add_saturated(now, run.loop->plan->timeout);
    tick_ = &run;
  }
  /// @pre tick()
  run_state& leave() noexcept { return *std::exchange(tick_, nullptr); }
  instant timeout_at() const noexcept { return until_; }  ///< of the tick that runs, or ran

  /// The shard's own thread is delivering, or not: only then a handler may be given up on.
  void set_delivering(bool on) noexcept { delivering_ = on; }
  /// A handler of the bus runs on this thread from now on. Shard 0 only.
  void enter_handler(instant now) noexcept {
    thread_ = std::this_thread::get_id();
    handler_since_ = now;
    in_handler_ = true;
  }
  void leave_handler() noexcept { in_handler_ = false; }
  bool in_handler() const noexcept { return in_handler_ && delivering_; }
  bool in_handler_here() const noexcept {
    return in_handler_ && thread_ == std::this_thread::get_id();
  }
  void abandon_handler() noexcept { in_handler_ = delivering_ = false; }

  need needs_thread(instant t) noexcept {
    if (in_handler()) return t < handler_until() ? need::none : need::handler;
    if (tick_ == nullptr) return need::none;
    const instant at = hand_off_at();
    if (at < until_) return t < at ? need::none : need::hand_off;
    if (t < until_) return need::none;
    tick_->cancel.store(true, std::memory_order_relaxed);
    return t < add_saturated(until_, grace(*tick_->loop)) ? need::none : need::tick;
  }
  /// When needs_thread(), which said none at `t`, has another answer if what runs now goes on.
  instant next_look(instant t) const noexcept {
    if (in_handler()) return handler_until();
    if (tick_ == nullptr) return never;
    const instant at = hand_off_at();
    if (at < until_) return at;
    return t < until_ ? until_ : add_saturated(until_, grace(*tick_->loop));
  }
  /// A thread that was given up on, or kept by its tick, has come back.
  void thread_is_back() noexcept { told_no_thread_ = false; }
  /// No thread is left for the shard. @return false: that is known since the last came back
  bool first_without_thread() noexcept { return !std::exchange(told_no_thread_, true); }
  /// From its timeout on a tick has so much longer to notice that it should give up: a tenth of
  /// the timeout, 2 to 100 ms.
  static duration grace(const loop_record& loop) noexcept {
    constexpr duration least = std::chrono::milliseconds(2);
    constexpr duration most = std::chrono::milliseconds(100);
    return std::clamp(loop.plan->timeout / 10, least, most);
  }
  /// The process was stopped. @param less how much of the time since an instant of the clock of
  /// durations that was @param ahead of it the engine's clock is
  template <class F>
  void after_stop(F&& less, duration ahead) noexcept {
    handler_since_ = add_saturated(handler_since_, less(handler_since_ - ahead));
    if (tick_ == nullptr) return;
    const duration stopped = less(tick_->started);
    tick_->stopped_ns.fetch_add(stopped.count(), std::memory_order_relaxed);
    since_ = add_saturated(since_, stopped);
    until_ = add_saturated(until_, stopped);
  }
  /// The machine was suspended for so long: that was nobody's time.
  void after_gap(duration asleep) noexcept {
    for (instant* t : {&since_, &until_, &handler_since_}) *t = add_saturated(*t, asleep);
  }

 private:
  instant hand_off_at() const noexcept { return add_saturated(since_, env_.options.hand_off); }
  instant handler_until() const noexcept {
    return add_saturated(handler_since_, env_.options.bus.handler_limit);
  }

  const environment& env_;
  run_state* tick_ = nullptr;
  instant since_{0}, until_{0};
  bool told_no_thread_ = false;
  bool in_handler_ = false, delivering_ = false;
  std::thread::id thread_;
  instant handler_since_{0};
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
