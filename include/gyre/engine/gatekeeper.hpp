// gatekeeper.hpp - whether a loop's gates let a tick run, by what the engine has read.
// Room: engine. Threads: under the shard's lease.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <gyre/core/scarce.hpp>
#include <gyre/engine/loop_record.hpp>
#include <gyre/run/gate.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// Has the latest reading, under a number of its own, so that an open gate whose figure is made of
/// readings alone is not asked twice about one. Held by the shard.
class gatekeeper {
 public:
  const reading& load() const noexcept { return load_; }  ///< without its mode
  const std::string& mode() const noexcept { return mode_; }
  std::uint32_t number() const noexcept { return number_; }  ///< of the latest reading, never 0

  /// Room for a mode of that length, so that take() needs no memory.
  void make_room(std::size_t mode) { mode_.reserve(mode); }
  /// What gates see from now on. @param mode null: as it was
  void take(const reading& load, const std::string_view* mode) noexcept {
    load_ = load;
    if (mode != nullptr) mode_.assign(*mode);  // there is room
    if (++number_ == 0) number_ = 1;
  }
  /// @pre loop.extra
  bool lets_in(loop_record& loop, instant now) {
    loop_extra& extra = *loop.extra;
    if (extra.first_gate == nullptr || extra.passed == number_) return true;
    reading r = load_;
    r.mode = mode_;
    if (extra.asks_latency) r.latency_ms = loop.metrics.recent_ms(.99, now);
    const gate* closed = first_closed(extra.gates, r);
    if (closed == nullptr) {
      if (loop.gated) extra.closed_gate.clear();
      loop.gated = false;
      if (!extra.asks_often) extra.passed = number_;
      return true;
    }
    loop.gated = true;
    extra.passed = 0;
    if (!if_memory([&] { extra.closed_gate = closed->name(); })) extra.closed_gate.clear();
    loop.metrics.gated();
    return false;
  }

 private:
  reading load_;
  std::string mode_ = "normal";
  std::uint32_t number_ = 1;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
