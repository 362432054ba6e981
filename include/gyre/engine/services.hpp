// services.hpp - what a running tick asks of its shard.
// Room: engine. Threads: the thread that runs the tick, without the lease.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <gyre/engine/home.hpp>
#include <gyre/engine/lesson.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// Lies beside the tick that uses it. Each call takes the lease for a moment; once the tick is over
/// it touches nothing and is CANCELLED. What is asked wrongly spoils the tick. Where memory cannot
/// be had, a call throws std::bad_alloc and has done nothing.
class services final : public tick_services {
 public:
  explicit services(shard& s) noexcept : s_(s) {}

  code knob(run_state& run, std::string_view name, double& value) override {
    const held here(s_, run);
    if (!here) return code::cancelled;
    const int i = knob_of(run, name);
    if (i < 0) return code::not_found;
    choose(s_, run);
    value = run.loop->extra->where.value(run.action, static_cast<std::size_t>(i));
    return code::ok;
  }
  code feature(run_state& run, std::string_view name, double value) override {
    const held here(s_, run);
    if (!here) return code::cancelled;
    loop_extra* const extra = run.loop->extra.get();
    const bool any = extra != nullptr && !extra->own_features;
    const int i = any ? extra->where.feature_index(name) : -1;
    if (i < 0) {
      spoil(run, join(called(*run.loop), " has no feature \"", name, "\""));
      return code::not_found;
    }
    if (std::isnan(value)) {
      spoil(run, join("feature \"", name, "\" was reported as NaN"));
      return code::arg;
    }
    see(*extra, run.sees, static_cast<std::size_t>(i), value);
    run.saw = run.chosen;
    return code::ok;
  }
  code forbid(run_state& run, std::string_view name, double value) override {
    const held here(s_, run);
    if (!here) return code::cancelled;
    const int i = knob_of(run, name), choice = i < 0 ? -1 : choice_of(run, i, value);
    if (i < 0) return code::not_found;
    if (run.loop->extra->learning == nullptr) return code::cancelled;  // it was removed
    shared_learner& learning = *run.loop->extra->learning;
    if (choice < 0) {
      spoil(run, join(to_text(value), " is no value of knob \"", name, "\""));
      return code::arg;
    }
    if (learning.mind.tuning() == nullptr || run.chosen) {
      spoil(run, run.chosen ? "forbid() comes before the tick's first knob()"
                            : "forbid() is for loops that are tuned, not for Q-learning");
      return run.chosen ? code::state : code::unsupported;
    }
    tick_terms& terms = learning.terms_of(run.terms);
    terms.ruled_out.push_back({static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(choice)});
    if (learning.any_left(terms)) return code::ok;
    terms.ruled_out.pop_back();
    terms.mute = true;
    spoil(run, join("with ", name, " = ", to_text(value), " every setting would be ruled out"));
    return code::state;
  }
  code used(run_state& run, std::string_view name, double value) override {
    const held here(s_, run);
    if (!here) return code::cancelled;
    const int i = knob_of(run, name), choice = i < 0 ? -1 : choice_of(run, i, value);
    if (i < 0) return code::not_found;
    loop_extra& extra = *run.loop->extra;
    if (extra.learning == nullptr) return code::cancelled;
    choose(s_, run);
    if (choice < 0) {
      extra.learning->terms_of(run.terms).mute = true;
      return code::arg;
    }
    run.chance = 0;
    extra.action = run.action = extra.where.with_choice(run.action, static_cast<std::size_t>(i),
                                                        static_cast<std::uint32_t>(choice));
    return code::ok;
  }
  code limit(run_state& run, std::string_view name, double value, double at_most) override {
    const held here(s_, run);
    if (!here) return code::cancelled;
    shared_learner* const learning =
        run.loop->extra == nullptr ? nullptr : run.loop->extra->learning;
    const code good = checked_limit(run, learning, name, value, at_most);
    if (good != code::ok) return good;
    tick_terms& terms = learning->terms_of(run.terms);
    terms.figures.make_room(1);  // before there is a limit of that name
    const int i = learning->mind.limit(name);
    if (i < 0) {
      spoil(run, join("limit \"", name, "\" would be a fifth one"));
      return code::budget;
    }
    for (tick_terms::figure& f : terms.figures) {
      if (f.limit != static_cast<std::uint32_t>(i)) continue;
      f = {f.limit, value, at_most};
      return code::ok;
    }
    terms.figures.push_back({static_cast<std::uint32_t>(i), value, at_most});
    return code::ok;
  }
  code reward_later(run_state& run, std::uint32_t& number) override {
    const held here(s_, run);
    if (!here) return code::cancelled;
    loop_extra& extra = s_.loops.extra(*run.loop);
    if (extra.learning != nullptr && extra.learning->mind.looks_ahead()) {
      spoil(run, "reward_later() is not for loops that learn with a discount");
      return code::unsupported;
    }
    if (run.ticket == 0) {
      if (extra.later == nullptr) extra.later = make_owned<tickets>();
      const bool gave_up = extra.later->take(run.ticket);
      if (gave_up && extra.learning != nullptr) ++extra.learning->late.never;
    }
    number = run.ticket;
    return code::ok;
  }
  code vitality(run_state& run, double value) override {
    const held here(s_, run);
    if (!here) return code::cancelled;
    if (value >= 0 && value <= 1) {
      s_.loops.extra(*run.loop).vitality = value;
      return code::ok;
    }
    spoil(run, "vitality is 0..1, not " + to_text(value));
    return code::arg;
  }
  code publish(run_state& run, std::string_view topic, std::span<const std::byte> p,
               publish_options o) override {
    if (const code c = alive(run); c != code::ok) return c;
    o.source = run.loop_id;
    o.may_wait = false;
    const auto sent = publish_at_home(s_.env, topic, p, o);
    if (sent && sent->dropped == 0) return code::ok;
    const held here(s_, run);
    if (!here) return code::cancelled;
    if (!sent) {
      spoil(run, sent.error().text);
    } else if (loop_extra* const extra = s_.loops.extra_if_memory(*run.loop)) {
      extra->dropped += sent->dropped;
    }
    return sent.code();
  }
  code remember(run_state& run, const record& r) override {
    char name[64];
    std::size_t size = 0;
    {
      const held here(s_, run);
      if (!here) return code::cancelled;
      size = s_.env.table.name(*run.loop).copy(name, sizeof name);
    }
    const result<void> kept = remember_at_home(s_.env, r, {name, size});
    if (kept) return code::ok;
    const held here(s_, run);
    if (!here) return code::cancelled;
    spoil(run, kept.error().text);
    return kept.code();
  }
  code alive(const run_state& run) const noexcept override {
    return run.over.load(std::memory_order_acquire) ? code::cancelled : code::ok;
  }
  bool cancelled(const run_state& run) const noexcept override {
    return run.cancel.load(std::memory_order_relaxed) || alive(run) != code::ok;
  }
  duration elapsed(const run_state& run) const noexcept override {
    const engine_clock& clock = s_.env.clock;
    if (clock.is_virtual()) return run.spent;
    const instant t = run.external ? clock.measure_external() : clock.measure();
    return t - run.started + run.spent - duration{run.stopped_ns.load(std::memory_order_relaxed)};
  }
  duration cpu(run_state& run) const noexcept override {
    if (s_.env.clock.is_virtual()) return run.spent;
    if (run.external) return elapsed(run);
    const duration t = thread_cpu_now();
    if (run.cpu_started == duration::min()) {
      run.wants_cpu = true;
      run.cpu_started = t - (s_.env.clock.measure() - run.started);
    }
    return t - run.cpu_started + run.spent;
  }

 private:
  /// The lease for a scope, for a tick that is not over; false, and not held, for one that is.
  class held {
   public:
    held(shard& s, const run_state& run) noexcept : s_(s) {
      if (run.over.load(std::memory_order_acquire)) return;
      (void)s_.owner().acquire();
      has_ = !run.over.load(std::memory_order_relaxed);
      if (!has_) s_.owner().release();
    }
    ~held() {
      if (has_) s_.owner().release();
    }
    held(const held&) = delete;
    held& operator=(const held&) = delete;
    explicit operator bool() const noexcept { return has_; }

   private:
    shard& s_;
    bool has_ = false;
  };
  static void spoil(run_state& run, std::string text) {
    if (!run.failed) run.text = std::move(text);
    run.failed = true;
  }
  /// Spoils the tick where it is not OK.
  code checked_limit(run_state& run, const shared_learner* learning, std::string_view name,
                     double value, double at_most) const {
    if (learning == nullptr) {
      spoil(run, join(called(*run.loop), " has no knobs, so that a limit changes nothing"));
      return code::not_found;
    }
    if (learning->mind.tuning() == nullptr) {
      spoil(run, "limit() is for loops that are tuned, not for Q-learning");
      return code::unsupported;
    }
    const bool finite = std::isfinite(static_cast<float>(value)) &&
                        std::isfinite(static_cast<float>(at_most));
    if (finite && !name.empty() && name.size() <= 63) return code::ok;
    spoil(run, join("limit \"", name, "\" with ", to_text(value), " of at most ",
                    to_text(at_most), ": finite figures and a name of 1 to 63 bytes are wanted"));
    return code::arg;
  }
  /// -1: the loop has no such knob, and the tick is spoilt.
  int knob_of(run_state& run, std::string_view name) const {
    const loop_extra* const extra = run.loop->extra.get();
    const int i = extra == nullptr ? -1 : extra->where.knob_index(name);
    if (i < 0) spoil(run, join(called(*run.loop), " has no knob \"", name, "\""));
    return i;
  }
  /// Which of a knob's values this is; -1: none. @pre i is the index of a knob
  static int choice_of(const run_state& run, int i, double value) noexcept {
    const auto& values = run.loop->extra->where.knobs()[static_cast<std::size_t>(i)].values;
    const auto at = std::find(values.begin(), values.end(), value);
    return at == values.end() ? -1 : static_cast<int>(at - values.begin());
  }
  std::string called(const loop_record& loop) const {
    return join("loop \"", s_.env.table.name(loop), "\"");
  }

  shard& s_;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
