// readings.hpp - what gates and the load feature see: the machine's figures, or those supplied.
// Room: engine. Threads: any that holds no lease.
#pragma once

#include <atomic>
#include <cmath>
#include <cstdint>
#include <mutex>
#include <string_view>

#include <gyre/engine/shard.hpp>
#include <gyre/run/pressure.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// Held by the engine's body. The machine is read while a loop looks at it, 4 times a second at
/// most.
class readings {
 public:
  explicit readings(environment& env) : env_(env) {}
  readings(const readings&) = delete;
  readings& operator=(const readings&) = delete;

  /// A loop looks at them from now on.
  void want() noexcept { wanted_ = true; }
  bool wanted() const noexcept { return wanted_; }
  /// A NaN is the engine's own figure on a real clock, and not known on a virtual one. Throws
  /// std::bad_alloc, with nothing changed.
  void supply(const reading& r) {
    const std::lock_guard lock(mutex_);
    for (shard* s : env_.shards) {
      const leased hold(s->owner());
      s->gates.make_room(r.mode.size());
    }
    supplied_ = r;  // from here on nothing fails
    show(&r.mode);
  }
  /// Reads the machine's figures, where a loop looks at them and there is memory to.
  void sample() noexcept {
    if (!GYRE_THREADS || !wanted_) return;
    const std::lock_guard lock(mutex_);
    const std::uint64_t before = probe_.samples();
    (void)if_memory([&] { probed_ = probe_.sample(env_.clock.since_zero()); });
    if (probe_.samples() != before) show(nullptr);
  }
  /// Calls f(probe) after one more look at the machine, which only f sees.
  template <class F>
  void with_probe(F&& f) {
    const std::lock_guard lock(mutex_);
    if (GYRE_THREADS) (void)probe_.sample(env_.clock.since_zero());
    f(probe_);
  }

 private:
  /// What gates see from now on: what was supplied, the probe's figures where that is NaN. @param
  /// mode a new one, or null
  void show(const std::string_view* mode) {
    reading r = supplied_;
    const auto fill = [](double& figure, double other) {
      if (std::isnan(figure)) figure = other;
    };
    fill(r.cpu_percent, probed_.cpu_percent);
    fill(r.memory_percent, probed_.memory_percent);
    fill(r.cpu_stall_percent, probed_.cpu_stall_percent);
    fill(r.memory_stall_percent, probed_.memory_stall_percent);
    r.mode = {};  // the text is the caller's; each shard keeps its own
    for (shard* s : env_.shards) {
      const leased hold(s->owner());
      s->gates.take(r, mode);
    }
  }

  environment& env_;
  std::mutex mutex_;  // taken before any lease
  pressure_probe probe_;
  reading probed_, supplied_;
  std::atomic<bool> wanted_{false};
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
