// loop_record.hpp - everything the engine keeps about one loop.
// Room: engine. Threads: owned by the loop's shard.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <gyre/core/bytes.hpp>
#include <gyre/core/owner.hpp>
#include <gyre/core/scarce.hpp>
#include <gyre/core/slot_map.hpp>
#include <gyre/engine/loop_plan.hpp>
#include <gyre/engine/mind.hpp>
#include <gyre/engine/tick.hpp>
#include <gyre/engine/tickets.hpp>
#include <gyre/observe/metrics.hpp>
#include <gyre/run/gate.hpp>
#include <gyre/run/intensity.hpp>
#include <gyre/run/timetable.hpp>
#include <gyre/snapshot.hpp>

namespace gyre {
inline namespace v1 {

namespace detail {

/// A learner and what it is called; several loops of one group share it.
struct shared_learner {
  std::string name;
  detail::mind mind;
  space where;
  std::uint32_t order = 0;   ///< as the first loop's that has it: no two are alike
  std::uint32_t stream = 0;  ///< its stream in the journal
  std::uint32_t users = 0;
  byte_writer scratch = {};  ///< for the frame of a transition; kept for its memory
  late_rewards late = {};               ///< of its loops' tickets
  tuner_interventions told = {};        ///< as of the last observation window
  vec<std::uint32_t> not_now = {};      ///< for a choice; kept for its memory
  vec<owner<tick_terms>> spare = {};    ///< of ticks that are over, for those that come

  /// A tick's terms, which it has from now on.
  tick_terms& terms_of(owner<tick_terms>& tick) {
    if (tick == nullptr && !spare.empty()) {
      tick = std::move(spare.back());
      spare.pop_back();
    } else if (tick == nullptr) {
      tick = make_owned<tick_terms>();
    }
    return *tick;
  }
  /// They are over.
  void take_back(owner<tick_terms>& tick) noexcept {
    if (tick == nullptr) return;
    tick->clear();
    if (!if_memory([&] { spare.push_back(std::move(tick)); })) tick.reset();
  }
  /// Whether a tick may use any setting at all.
  bool any_left(const tick_terms& tick) const noexcept {
    const auto& never = mind.shape().tuning.forbidden;
    for (std::uint32_t a = 0; a < where.actions(); ++a) {
      if (!tick.allows(where, a)) continue;
      if (std::find(never.begin(), never.end(), a) == never.end()) return true;
    }
    return false;
  }
  /// What the next choose() is not to take; the last that it needs memory for.
  void rule_out(const tick_terms* tick) {
    not_now.clear();
    if (tick != nullptr && !tick->ruled_out.empty()) {
      for (std::uint32_t a = 0; a < where.actions(); ++a) {
        if (!tick->allows(where, a)) not_now.push_back(a);
      }
    }
  }
  decision choose(std::uint32_t state) noexcept {
    return mind.choose(state, {not_now.data(), not_now.size()});
  }
};

/// What only some loops have: knobs, features, gates, failures, rewards of their own. A loop has it
/// from the first of these on. What each tick looks at is in the first cache line; behind it, what
/// those look at of loops that have features or knobs, or whose gates are asked anew.
struct alignas(64) loop_extra {
  std::uint32_t streak = 0;   ///< failures in a row
  std::uint32_t passed = 0;   ///< number of the reading for which all gates are open; 0: none
  bool asks_latency = false;  ///< a gate looks at the loop's own recent p99
  bool asks_often = false;    ///< a gate is to be asked although there is no new reading
  bool chooses = false;       ///< it has features or knobs
  bool own_features = false;
  bool wants_cpu = false;     ///< it asked for CPU time: read it at the start
  bool has_breaker = false;
  bool holds = false;         ///< `held` waits for the state that comes next
  std::uint32_t sees = 0;     ///< the state by the last value of each feature
  gate* first_gate = nullptr;  ///< of `gates`; null: it has none
  shared_learner* learning = nullptr;
  instant postponed = instant::min();  ///< the next tick is not due before: backoff
  std::uint64_t rewards = 0;
  double reward_mean = 0;    ///< exponential, each of the last ticks weighing 1/20
  double window_reward = 0;  ///< sum since the last observation window

  std::uint32_t state = 0, action = 0;
  std::vector<gate> gates;
  owner<intensity> breaker;  ///< null until the first failure
  vec<std::uint32_t> buckets;  ///< of the last value of each feature
  std::uint32_t place = 0;             ///< in the shard's list of them
  std::uint32_t berth = 0;     ///< of a loop that has moved: where its record lies in the table,
  object_id berth_id = 0;      ///< and the id of a loop that were born there; 0: there is none

  duration configured{0};  ///< the interval before the throttle; 0: there is none
  double throttle = 1;     ///< the engine's own, of deferrable loops
  double asked = 1;        ///< by throttle_loops(); the larger of both applies
  space where;
  std::vector<double> seen;  ///< last value of each feature
  lesson held;
  owner<tickets> later;  ///< null: no reward came later than its tick
  std::string closed_gate;
  double vitality = std::numeric_limits<double>::quiet_NaN();
  std::uint64_t dropped = 0;  ///< of what it published
  duration waited{0};         ///< the last wait of the backoff
  std::string last_error;

  double factor() const noexcept { return std::max(throttle, asked); }
};

/// Has the processor read what else a tick needs of an extra. @param reading number of the latest
[[gnu::always_inline]] inline void fetch_more(const loop_extra& of,
                                              std::uint32_t reading) noexcept {
  const bool asks = of.first_gate != nullptr && of.passed != reading;
  if (of.chooses || asks) __builtin_prefetch(reinterpret_cast<const char*>(&of) + 64, 1);
  if (!asks) return;
  __builtin_prefetch(of.first_gate, 1);
  __builtin_prefetch(reinterpret_cast<const char*>(of.first_gate) + 63, 1);
}

inline constexpr std::uint8_t by_itself = 1, from_above = 2;

/// Two cache lines: what finding, starting and ending a tick touches, then what is counted.
struct alignas(64) loop_record {
  tick_function function;  ///< empty: external
  timetable times;
  owner<loop_extra> extra;
  const loop_plan* plan = nullptr;  ///< null: the record is free
  object_id id = 0;                 ///< of the loop, or of the one that had the record last
  std::uint8_t inside = 0;          ///< ticks that have not ended, those given up on included
  /// It lies elsewhere than its id says, in extra->berth. With a null plan: the loop of this id
  /// does, see loop_table. Written under every lease and the registry.
  bool moved = false;
  // Together what a tick's arrival clears, then what its start and end set:
  bool scheduled : 1 = false;
  bool triggered : 1 = false;  ///< the next tick was asked for: it is not one of the grid
  bool spread : 1 = false;  ///< it is late by a gap, and due at its drawn time after that
  bool running : 1 = false;
  bool backing_off : 1 = false;
  bool stuck : 1 = false;  ///< a thread was given up on inside of the function
  bool removed : 1 = false;
  bool gated : 1 = false;
  bool told : 1 = false;     ///< its ticks are to give up, until it is resumed
  bool related : 1 = false;  ///< has, or had, a parent or children: see loop_tree
  bool watched : 1 = false;  ///< has a node in the symbiosis graph
  std::uint8_t paused : 2 = 0;  ///< why: by_itself, from_above; 0: it is not

  loop_metrics metrics{metrics_mode::counters};

  bool external() const noexcept { return !function; }
};

/// The loop's interval before a throttle.
inline duration configured(const loop_record& l) noexcept {
  const bool own = l.extra != nullptr && l.extra->configured > duration::zero();
  return own ? l.extra->configured : l.times.interval();
}

}  // namespace detail
}  // namespace v1
}  // namespace gyre
