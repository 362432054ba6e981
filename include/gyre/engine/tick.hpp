// tick.hpp - one run of a loop as its function sees it.
// Room: engine. Threads: the thread that runs the tick.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include <gyre/core/bytes.hpp>
#include <gyre/core/function.hpp>
#include <gyre/engine/run_state.hpp>

namespace gyre {
inline namespace v1 {
/// An acquired tick that the caller has run, as one of many.
struct completion {
  std::uint32_t id = 0;            ///< from engine::acquire()
  duration taken{-1};              ///< what it took; negative: from then until now
  gyre::code status = code::stale;  ///< set by engine::complete(): OK, it counts; or STALE
};

/// Names the reward of one tick that is still to come: from tick::reward_later() for
/// engine::reward(). It may be copied, kept, and used on any thread.
struct ticket {
  std::uint32_t loop = 0;    ///< loop::id()
  std::uint32_t number = 0;  ///< of this loop, from 1; 0: none
};

/// One run of a loop. Every call is for the thread that runs the tick and only while it runs; once
/// the tick has outlived its timeout, each does nothing and returns CANCELLED (NaN for knob()).
class tick {
 public:
  tick(detail::run_state& run, detail::tick_services& services) : run_(run), services_(services) {}
  tick(const tick&) = delete;
  tick& operator=(const tick&) = delete;

  /// The value that the learner chose for this knob. The choice is made at the first call of a
  /// tick, so features reported before it count. An unknown name fails the tick and is NaN.
  double knob(std::string_view name) {
    double value = std::numeric_limits<double>::quiet_NaN();
    (void)services_.knob(run_, name, value);
    return value;
  }
  /// Rules out for this tick every setting in which this knob has this value; before its first
  /// knob(). Outranks the other rails: a baseline that is ruled out is not taken either. An unknown
  /// knob, or a value that it has not: NOT_FOUND, ARG. STATE: after knob(), or where no setting
  /// would be left: then what was ruled out before holds and this does not. UNSUPPORTED:
  /// Q-learning. On an error the tick fails, and teaches nothing where no setting would be left.
  /// What else was taken than would have been is counted: tuner_interventions::forbidden.
  code forbid(std::string_view knob, double value) { return services_.forbid(run_, knob, value); }
  /// Says that this knob has another value in this tick than knob() gave, set by someone else: that
  /// is what the tick's reward is learned of, and what knob() gives from now on. A tick that says
  /// so need not ask; what it does not tell is as the learner chose: with tuning_mode::observe the
  /// baseline's. NOT_FOUND: no such knob, the tick fails. ARG: it is no value of the knob; the tick
  /// goes on and teaches nothing, which is counted as refused.
  code used(std::string_view knob, double value) { return services_.used(run_, knob, value); }
  /// Reports what the loop sees; until the next report the feature keeps this value. What is
  /// reported before the first knob() makes the state that the action is chosen in; after it, the
  /// state that the action led to (of use with learning.sequential). An unknown name or a NaN fails
  /// the tick: NOT_FOUND, ARG.
  code feature(std::string_view name, double value) {
    return services_.feature(run_, name, value);
  }
  /// What this tick earned, instead of +1 for success and minus the error streak for failure. The
  /// last call counts. ARG when not finite as a float, which is what learners keep: the tick fails
  /// and nothing is learned from it.
  code reward(double value) {
    if (const code c = services_.alive(run_); c != code::ok) return c;
    const bool good = std::isfinite(static_cast<float>(value));
    run_.rewarded = true;
    run_.reward = good ? value : std::numeric_limits<double>::quiet_NaN();
    if (good) return code::ok;
    fail("the reward is " + to_text(value) + "; it must be finite and at most 3.4e38");
    return code::arg;
  }
  /// The same for what it cost: earned is -value.
  code cost(double value) { return reward(-value); }
  /// The reward comes later than the tick's end: engine::reward(ticket, x). Until then nothing is
  /// learned of the tick and its reward counts nowhere (the trace has 0); a tick that fails, or
  /// says reward() after all, has used its ticket up. The last 1,024 tickets of a loop are good:
  /// taking another gives the oldest up, which counts as never rewarded if it was open. A ticket is
  /// of this engine in this process: open ones are not saved, and are STALE once the loop is
  /// removed. Again in the same tick: the same ticket. One with number 0, and the tick fails, with
  /// learning.sequential or a discount, where a reward without what came next teaches nothing; and
  /// of a tick that is over.
  ticket reward_later() {
    ticket t{run_.loop_id, 0};
    (void)services_.reward_later(run_, t.number);
    return t;
  }
  /// A goal beside the reward: this tick's figure of that name is `value`, and is to be at most
  /// `at_most`. Settings of which it is over that with 95 % confidence are avoided in the states in
  /// which it is, whatever they earn; where that is all of them, the one that is over by least is
  /// taken. A baseline that `budget` asks for is taken even so. The figures of a failed tick teach
  /// nothing; the last call of a tick counts. At most four names a learner; the first tick of each
  /// takes as much memory as the tuner has. `at_most` is the last that was said. ARG: not finite as
  /// a float, or a name that is not 1 to 63 bytes; NOT_FOUND: the loop has no knobs; UNSUPPORTED:
  /// Q-learning; BUDGET: a fifth name. Each fails the tick.
  code limit(std::string_view name, double value, double at_most) {
    return services_.limit(run_, name, value, at_most);
  }
  /// With learning.sequential: what the loop does has come to an end, after which nothing is earned
  /// (terminated), or was cut off (truncated). The next tick begins anew.
  code terminated() {
    run_.terminated = true;
    return services_.alive(run_);
  }
  code truncated() {
    run_.truncated = true;
    return services_.alive(run_);
  }
  /// How well the loop does what it is for, 0..1: its part of the engine's score from now on.
  code vitality(double value) { return services_.vitality(run_, value); }
  /// Marks the tick as failed; the first text is kept as the loop's last error, its first 1,000
  /// bytes if it is longer.
  code fail(std::string_view text) {
    if (const code c = services_.alive(run_); c != code::ok) return c;
    if (!run_.failed) run_.text = clipped(text);
    run_.failed = true;
    return code::ok;
  }
  /// The tick is not done: with driver::host the function is called again by the next poll, for the
  /// same tick, until it returns without this, has failed, or outlives the loop's timeout, counted
  /// from its first call on the engine's clock: then it is a timeout, is not called again, and the
  /// next call is a new tick with calls() 0. Number, due time, knobs, features, reward and elapsed
  /// time go on; what the function itself needs between the calls is its own. Meanwhile the loop is
  /// running and has no other tick unless `instances` is over 1; gates and the missed-tick policy
  /// are for ticks, not for calls. remove() and stop() end it without a count and without a call,
  /// pause() lets it end, trigger() asks for one tick after it; a new timeout counts from the next
  /// call on. STATE with the other drivers, whose ticks have threads or no time to wait, and for an
  /// external tick, which is pending anyway: the tick fails.
  code pending() {
    if (const code c = services_.alive(run_); c != code::ok) return c;
    if (run_.may_wait) {
      run_.pending = true;
      return code::ok;
    }
    fail("pending() is for driver::host, and not for external ticks");
    return code::state;
  }
  /// Calls of this tick's function before this one, all of which said pending().
  std::uint32_t calls() const noexcept { return run_.calls; }
  /// Adds to the tick's measured duration; moves no clock. On a virtual clock that is all it lasts.
  /// ARG when negative.
  code spend(duration d) {
    if (const code c = services_.alive(run_); c != code::ok) return c;
    if (d < duration::zero()) return code::arg;
    run_.spent = add_saturated(run_.spent, d);
    return code::ok;
  }
  /// Publishes from this loop, as engine::publish does; a full subscription that blocks drops it,
  /// since an engine's own thread never waits. Of the options, `source` and `may_wait` are the
  /// engine's. ARG: the topic, a negative ttl; the tick fails.
  code publish(std::string_view topic, std::string_view text, const publish_options& o = {}) {
    return services_.publish(run_, topic, as_bytes(text), o);
  }
  code publish(std::string_view topic, std::span<const std::byte> payload,
               const publish_options& o = {}) {
    return services_.publish(run_, topic, payload, o);
  }
  /// Remembers a record; an empty source is this loop's name.
  code remember(const record& r) { return services_.remember(run_, r); }

  std::uint32_t loop_id() const noexcept { return run_.loop_id; }  ///< as loop::id()
  std::uint64_t number() const noexcept { return run_.number; }  ///< finished ticks before this one
  instant due() const noexcept { return run_.due; }
  std::uint64_t missed() const noexcept { return run_.missed; }  ///< ticks this one stands for
  /// True when the loop should give up: its timeout passed, it is being removed or stopped, or the
  /// engine stops. Cheap; meant to be asked in inner loops.
  bool cancelled() const noexcept { return services_.cancelled(run_); }
  /// Wall time since the tick started, at least 0.001.
  double elapsed_ms() const noexcept { return std::max(0.001, to_ms(services_.elapsed(run_))); }
  /// CPU time of this thread since the tick started, at least 0.001; about 0.9 us a call. It is
  /// read for loops that ask: the tick that asks first takes wall time for what came before.
  double cpu_ms() noexcept { return std::max(0.001, to_ms(services_.cpu(run_))); }

 private:
  detail::run_state& run_;
  detail::tick_services& services_;
};

/// The user's function of a loop. It need not copy, and takes 16 bytes of each of a million loops,
/// where std::function would take 32.
using tick_function = function<void(tick&)>;

}  // namespace v1
}  // namespace gyre
