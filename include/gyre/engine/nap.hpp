// nap.hpp - whether a shard's thread sleeps, and for how long it has.
// Room: engine. Threads: under the shard's lease.
#pragma once

#include <utility>

#include <gyre/core/time.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// Held by the shard. Whoever rings for the thread wakes it; it says itself when it is up.
class nap {
 public:
  void begin(instant now) noexcept {
    end(now);  // of a thread that was locked out as it slept
    asleep_ = true;
    since_ = now;
  }
  /// It is to be rung for. @return whether it was asleep
  bool wake() noexcept { return std::exchange(asleep_, false); }
  /// The thread is up again.
  void end(instant now) noexcept {
    asleep_ = false;
    if (since_ != never) all_ += now - since_;
    since_ = never;
  }
  bool sleeps() const noexcept { return asleep_; }
  /// All that it has slept until now.
  duration total(instant now) const noexcept {
    return since_ == never ? all_ : all_ + (now - since_);
  }

 private:
  bool asleep_ = false;
  instant since_{never};
  duration all_{0};
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
