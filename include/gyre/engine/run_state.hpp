// run_state.hpp - what the engine keeps of one run of a loop, and what a run may ask of it.
// Room: engine. Threads: the thread that runs the tick; the two flags: any.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <gyre/bus/message.hpp>
#include <gyre/core/owner.hpp>
#include <gyre/core/time.hpp>
#include <gyre/engine/terms.hpp>
#include <gyre/memory/record.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

struct loop_record;

/// What is known of one run, and outlives a call of the function that says pending().
struct run_facts {
  loop_record* loop = nullptr;   ///< only under the shard's lease, and while not over
  std::uint32_t loop_id = 0;     ///< as loop::id()
  std::uint32_t order = 0;       ///< of add
  std::uint64_t number = 0;      ///< finished ticks of this loop before this one
  instant due{0};
  instant began{0};              ///< when it was taken up, on the engine's clock
  instant started{0};            ///< the same on the clock that durations are measured by
  std::uint64_t missed = 0;
  duration cpu_started = duration::min();  ///< thread CPU time at the start; min: not read
  duration spent{0};
  duration taken{-1};            ///< what the host measured; negative: the engine measures
  bool external = false;
  bool may_wait = false;         ///< a host will poll again
  bool pending = false;          ///< the function is to be called again
  bool wants_cpu = false;        ///< cpu_ms() was asked
  bool chosen = false;           ///< it asked for a knob: an action was taken for this tick
  bool saw = false;              ///< it reported a feature after that
  bool terminated = false, truncated = false;  ///< an end of what the loop does
  bool failed = false;
  bool rewarded = false;
  std::uint32_t calls = 0;       ///< of the function that said pending()
  std::uint32_t parked = 0;      ///< number of the poll of the last of these
  std::uint32_t state = 0, action = 0;
  std::uint32_t sees = 0;        ///< the state by what it has reported, and else the loop before
  std::uint32_t place = 0;       ///< among the shard's flights, if it is one
  std::uint32_t ticket = 0;      ///< under which its reward comes later; 0: it does not
  double reward = 0;
  double chance = 0;             ///< how likely the action was when it was chosen; 0: not known
  owner<tick_terms> terms;       ///< null: it has said nothing of the kind
  std::string text;              ///< why it failed
};
/// Everything one run needs; on the stack of the thread that runs it, so that a run which was
/// given up on can never reach what the engine has since done with the loop.
struct run_state : run_facts {
  std::atomic<bool> over{false};    ///< completed, expired or given up; set under the lease
  std::atomic<bool> cancel{false};  ///< it should give up
  std::atomic<std::int64_t> stopped_ns{0};  ///< since its start; the process was stopped
};

/// What a tick asks of the engine; each call takes the shard's lease and fails with CANCELLED once
/// the tick has been abandoned.
class tick_services {
 public:
  virtual code knob(run_state&, std::string_view name, double& value) = 0;
  virtual code feature(run_state&, std::string_view name, double value) = 0;
  virtual code forbid(run_state&, std::string_view knob, double value) = 0;
  virtual code used(run_state&, std::string_view knob, double value) = 0;
  virtual code limit(run_state&, std::string_view name, double value, double at_most) = 0;
  virtual code reward_later(run_state&, std::uint32_t& number) = 0;
  virtual code vitality(run_state&, double value) = 0;
  virtual code publish(run_state&, std::string_view topic, std::span<const std::byte>,
                       publish_options) = 0;
  virtual code remember(run_state&, const record&) = 0;
  virtual code alive(const run_state&) const noexcept = 0;
  virtual bool cancelled(const run_state&) const noexcept = 0;
  virtual duration elapsed(const run_state&) const noexcept = 0;
  virtual duration cpu(run_state&) const noexcept = 0;

 protected:
  ~tick_services() = default;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
