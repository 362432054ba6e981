// registry.hpp - which loops an engine has: add, find, remove, reconfigure; and names for many.
// Room: engine. Threads: any that holds no lease; changes one at a time.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gyre/engine/checks.hpp>
#include <gyre/engine/families.hpp>
#include <gyre/engine/lesson.hpp>
#include <gyre/engine/loan.hpp>
#include <gyre/engine/newcomer.hpp>
#include <gyre/engine/post.hpp>
#include <gyre/engine/readings.hpp>
#include <gyre/engine/retune.hpp>
#include <gyre/engine/symbiosis.hpp>
#include <gyre/engine/vault.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// Held by the engine's body. Its mutex is taken before any lease.
class registry {
 public:
  registry(environment& env, post& p, symbiosis& s, vault& v, readings& r)
      : env_(env), post_(p), symbiosis_(s), vault_(v), readings_(r), families_(env) {}
  registry(const registry&) = delete;
  registry& operator=(const registry&) = delete;

  /// ARG naming the option; EXISTS: the name; NOT_FOUND: the parent; BUDGET: states x actions, or
  /// no id is left. Nothing changed then.
  result<object_id> add(loop_options o, tick_function function) {
    GYRE_CHECK(check(o));
    const bool own = o.features.engine_own() && !o.knobs.empty();
    GYRE_TRY(where, space::make(own ? own_features() : o.features.list(), o.knobs));
    const loop_plan wanted(o);

    const std::lock_guard lock(mutex_);
    if (env_.table.find(o.name) != 0) {
      return fail(code::exists, "there is a loop named \"", o.name, "\"");
    }
    const object_id parent = o.parent.empty() ? 0 : env_.table.find(o.parent);
    if (parent == 0 && !o.parent.empty()) {
      return fail(code::not_found, "loop \"", o.name, "\": no loop is named \"", o.parent,
                  "\", which is to be its parent");
    }
    shard& home = o.group.empty()
                      ? emptiest()
                      : *env_.shards[siphash24(as_bytes(o.group)) % env_.shards.size()];
    std::uint32_t slot = 0;
    {
      const leased hold(home.owner());
      slot = home.loops.next_slot();  // or one freed since, which has a record: others only free
    }
    loan lent(env_);
    if (!env_.table.reserve(home.index, slot) ||
        !(env_.table.has_id(home.index, slot) || lent.take())) {
      return fail(code::budget, "all ", loop_table::most, " ids of loops are used");
    }
    owner<loop_extra> extra = make_extra(o, own, std::move(where));
    if (extra == nullptr && lent.id() != 0) extra = make_owned<loop_extra>();
    return enter(home, o, wanted, parent, std::move(function), std::move(extra), lent);
  }
  /// With all below it. @param gone receives the ids of all that went. STALE
  result<void> remove(object_id id, std::vector<object_id>& gone) {
    const shard* only = nullptr;
    {
      const std::lock_guard lock(mutex_);
      GYRE_CHECK(with_loop(env_, id, [&](shard& s, loop_record&) {
        only = &s;
        return result<void>(ok);
      }));
      make_room_to_remove(id, gone);  // from here on nothing fails
      families_.bottom_up(id, [&](object_id each) {
        remove_one(each);
        gone.push_back(each);
      });
    }
    for (shard* s : env_.shards) {  // the users' closures go now
      if (gone.size() > 1 || s == only) post_.tell_all(*s);
    }
    return ok;
  }
  /// Whether nobody is inside of the function of a loop that was removed.
  bool has_left(object_id id) {
    std::uint32_t place = id_index(id);
    {
      const leased hold(shard_at(env_, place).owner());
      place = env_.table.place_of(id);
    }
    const leased hold(shard_at(env_, place).owner());
    const loop_record& l = env_.table.at(place);
    return l.id != id || l.inside == 0;
  }
  result<object_id> find(std::string_view name) {
    const std::lock_guard lock(mutex_);
    const object_id id = env_.table.find(name);
    if (id != 0) return id;
    return fail(code::not_found, "no loop is named \"", name, "\"");
  }
  /// Pauses or resumes, and all below it. STALE
  result<void> act(object_id id, const deed& d) {
    bool related = false;
    GYRE_CHECK(with_loop(env_, id, [&](shard& s, loop_record& l) {
      related = l.related;
      if (!related) (void)families_.act_on(s, l, d, by_itself);
      return result<void>(ok);
    }));
    if (!related) return ok;
    const std::lock_guard lock(mutex_);
    families_.begin();
    return families_.act(id, d);
  }
  /// On all that match a pattern, or are of a group. @return how many. NOT_FOUND: none; ARG
  result<std::uint32_t> act(std::string_view wanted, bool group, const deed& d) {
    if (!(d.factor >= 1 && std::isfinite(d.factor))) {
      return fail(code::arg, "a throttle's factor is finite and at least 1, not ", d.factor);
    }
    const std::lock_guard lock(mutex_);
    GYRE_TRY(chosen, families_.select(wanted, group));
    for (const loop_record* l : chosen) {
      if (d.what == deed::throttle) families_.make_room(l->id, d);
    }
    families_.begin();
    for (const loop_record* l : chosen) (void)families_.act(l->id, d);
    for (shard* s : env_.shards) {
      if (d.what == deed::stop) change(*s, [&] { s->pass_on_told(); });
    }
    return static_cast<std::uint32_t>(chosen.size());
  }
  /// STATE: paused, or the engine is stopped. STALE
  result<void> trigger(object_id id) {
    return with_loop(env_, id, [this](shard& s, loop_record& l) -> result<void> {
      if (env_.stopping) return fail(code::state, "the engine is stopped");
      if (l.paused != 0) {
        return fail(code::state, "loop \"", env_.table.name(l), "\" is paused");
      }
      // From inside of a tick that poll() runs, at the next poll: else a loop that triggers itself
      // would never let it return.
      const bool within = env_.clock.is_host() && s.inside.tick() != nullptr;
      s.due.trigger(l, add_saturated(env_.clock.now(), duration(within ? 1 : 0)));
      return ok;
    });
  }
  /// ARG as add(); STALE. Nothing changed then.
  result<void> reconfigure(object_id id, const loop_change& c) {
    const std::lock_guard lock(mutex_);
    return with_loop(env_, id, [&](shard& s, loop_record& l) -> result<void> {
      const loop_options o = changed(l, c);
      GYRE_CHECK(check(o));
      GYRE_TRY(learner, retune::prepare(s, l.extra.get(), c));
      const instant now = env_.clock.now();
      const bool retimed = o.interval != configured(l);
      const bool rejitter = o.jitter != l.plan->jitter;
      const bool reordered = rejitter || o.priority != l.plan->priority;
      const bool reslacked = o.slack != l.plan->slack;
      const loop_plan wanted(o);
      s.due.make_room(env_.table.slot_of(l), wanted);
      const loop_plan* const next = plans_.take(wanted);  // from here on nothing fails
      const loop_plan* const old = l.plan;
      if (reslacked) s.due.forget_slack(l);
      l.plan = next;
      plans_.drop(old);
      env_.watchdog.watch_for(o.timeout, env_.options.hand_off);
      if (retimed) {
        s.due.retime(l, o.interval, now);
        s.tell("gyre.interval", l.id, std::string_view(o.name), ": ", to_ms(o.interval),
               " ms, asked for");
      }
      if (reordered || reslacked) s.due.reorder(l, rejitter, now);
      learner.apply(s);
      return ok;
    });
  }
  /// ARG, NOT_FOUND, STALE.
  result<void> connect(std::string_view from, std::string_view to, double weight) {
    GYRE_TRY(a, find(from));
    GYRE_TRY(b, find(to));
    const std::lock_guard lock(mutex_);
    std::string names[] = {std::string(from), std::string(to)};
    symbiosis_.make_room(2);  // from here on nothing fails for want of memory
    GYRE_TRY(source, symbiosis_.watch(a, std::move(names[0])));
    GYRE_TRY(target, symbiosis_.watch(b, std::move(names[1])));
    return symbiosis_.connect(source, target, weight);
  }
  /// Sets metrics, drops, mean rewards and last errors to zero. Throws std::bad_alloc, with nothing
  /// changed.
  void reset_metrics() {
    const every_lease hold(env_);
    for (shard* s : env_.shards) s->loops.each([](loop_record& l) { l.metrics.make_room(); });
    for (shard* s : env_.shards) {
      s->loops.each([](loop_record& l) {
        if (l.extra != nullptr) {
          l.extra->dropped = l.extra->rewards = 0;
          l.extra->reward_mean = 0;
          l.extra->last_error.clear();
        }
        l.metrics.reset();
      });
    }
    retired_ = {};
    symbiosis_.reset();
  }
  /// Sums over the loops that were removed. Under shard 0's lease.
  const totals& retired() const noexcept { return retired_; }
  /// Held by who changes which loops there are, or where they are.
  std::mutex& mutex() noexcept { return mutex_; }

 private:
  /// The shard with the fewest loops, the first of these. Sizes change under the mutex only.
  shard& emptiest() const noexcept {
    shard* least = env_.shards[0];
    for (shard* s : env_.shards) {
      if (s->loops.size() < least->loops.size()) least = s;
    }
    return *least;
  }
  /// ARG: the group's learner has another space. Throws std::bad_alloc; nothing changed then. Under
  /// the leases of the home and of shard 0. @pre the home has room for a learner
  result<void> attach_learner(shard& home, const loop_options& o, loop_extra& loop) {
    const bool alone = o.group.empty();
    const std::string name = alone ? o.name : o.group;
    shared_learner* known = alone ? nullptr : home.loops.find_learner(name);
    if (known == nullptr) {
      learner_options l = o.learning;
      if (!alone && l.capacity == 0) l.capacity = 10'000;
      GYRE_TRY(rails, tuning_of(o, loop.where));
      auto made = make_owned<shared_learner>(shared_learner{
          name,
          mind({loop.where.states(), loop.where.actions(), l, loop.where.shape(),
                std::move(rails), env_.options.seed, added_, o.tuning.history}),
          loop.where, added_});
      const std::string told = vault_.restore(*made, (alone ? "loop " : "group ") + name);
      if (!told.empty()) home.tell("gyre.learner", 0, std::string_view(told));
      known = home.loops.add_learner(std::move(made));
    } else if (known->where.features() != loop.where.features() ||
               known->where.knobs() != loop.where.knobs()) {
      return fail(code::arg, "loop \"", o.name, "\" shares the learner of its group \"",
                  name, "\", and has other features or knobs");
    }
    ++known->users;
    loop.learning = known;
    return ok;
  }
  /// Everything but the learner was checked: the loop is there from now on, or nothing changed.
  result<object_id> enter(shard& home, const loop_options& o, const loop_plan& wanted,
                          object_id parent, tick_function function, owner<loop_extra> extra,
                          loan& lent) {
    const bool watched = symbiosis_.has_room();
    std::string shown = watched ? o.name : std::string();
    if (watched) symbiosis_.make_room(1);
    if (parent != 0) families_.make_room();
    env_.table.make_room_for_name();
    std::uint8_t paused = o.paused ? by_itself : 0;
    if (parent != 0) {
      (void)with_loop(env_, parent, [&](shard&, loop_record& l) {
        l.related = true;  // whoever pauses it from now on waits for the registry
        if (l.paused != 0) paused |= from_above;
        return result<void>(ok);
      });
    }
    object_id id = 0;
    std::uint32_t place = 0;
    result<void> entered = ok;
    std::optional<leased> first_hold;
    if (home.index != 0) first_hold.emplace(env_.shards[0]->owner());
    change(home, [&] {
      drop_plans(home);
      loop_record& loop = home.loops.prepare(o.name, wanted.metrics);
      undo unnamed([&]() noexcept { home.loops.take_back(); });
      home.due.make_room(home.loops.next_slot(), wanted);
      const loop_plan* const plan = plans_.take(wanted);
      undo unplanned([&]() noexcept { plans_.drop(plan); });
      if (!o.knobs.empty()) entered = attach_learner(home, o, *extra);
      if (!entered) return;
      unplanned.keep();
      unnamed.keep();  // from here on nothing fails
      const bool looks = extra != nullptr && (extra->own_features || extra->first_gate != nullptr);
      if (looks) readings_.want();
      home.loops.insert(loop, plan, std::move(extra), lent.id());
      home.due.admit(loop, added_);
      id = loop.id;
      place = loop_table::place_of(loop);
      loop.function = std::move(function);
      loop.times = timetable(instant{0}, o.interval);
      loop.paused = paused & 3U;
      loop.related = parent != 0;
    });
    first_hold.reset();
    GYRE_CHECK(std::move(entered));
    env_.watchdog.watch_for(o.timeout, env_.options.hand_off);
    lent.keep(place);
    env_.table.add_name(place);
    if (parent != 0) families_.add(parent, id);
    ++added_;
    if (watched) (void)symbiosis_.watch(id, std::move(shown));
    (void)with_loop(env_, id, [&](shard& s, loop_record& l) {
      if (!env_.stopping && l.paused == 0) s.due.start(l, env_.clock.now());
      return result<void>(ok);
    });
    return id;
  }
  /// The loop's options with what is to change; for check() and a new plan.
  loop_options changed(const loop_record& l, const loop_change& c) const {
    const loop_plan& p = *l.plan;
    loop_options o;
    o.name = env_.table.name(l);
    o.interval = c.interval.value_or(configured(l));
    o.timeout = c.timeout.value_or(p.timeout);
    o.jitter = c.jitter.value_or(p.jitter);
    o.missed = c.missed.value_or(p.missed);
    o.burst = p.burst;
    o.instances = p.instances;
    o.priority = c.priority.value_or(p.priority);
    o.retry = c.retry.value_or(p.retry);
    o.intensity = p.intensity;
    o.slack = c.slack.value_or(p.slack);
    o.group = p.group;
    o.metrics = p.metrics;
    o.deferrable = p.deferrable;
    return o;
  }
  /// Under that shard's lease.
  void drop_plans(shard& s) noexcept {
    for (const loop_plan* gone : s.loops.dropped_plans()) plans_.drop(gone);
    s.loops.dropped_plans().clear();
  }
  /// Makes room, so that removing a loop with all below it needs no memory. Throws std::bad_alloc.
  void make_room_to_remove(object_id top, std::vector<object_id>& gone) {
    vec<std::size_t> of_shard(env_.shards.size(), 0);
    std::size_t all = 0;
    families_.bottom_up(top, [&](object_id each) {
      ++of_shard[env_.table.shard_at(env_.table.place_of(each))];
      ++all;
    });
    gone.reserve(gone.size() + all);
    for (shard* s : env_.shards) {
      const leased hold(s->owner());
      if (of_shard[s->index] != 0) s->loops.make_room_to_strike(of_shard[s->index]);
    }
  }
  /// @pre there is room, and nothing below it, or nothing any more
  void remove_one(object_id id) noexcept {
    const std::uint32_t place = env_.table.place_of(id);
    shard& home = shard_at(env_, place);
    if (place != id_index(id)) {
      const leased hold(shard_at(env_, id_index(id)).owner());
      env_.table.at(id_index(id)).removed = true;  // nobody follows the signpost from now on
    }
    env_.table.drop_name(place);
    families_.remove(id);
    histogram took, late;  // 12 KB of the stack: what removes needs no memory
    std::optional<leased> first_hold;
    if (home.index != 0) first_hold.emplace(env_.shards[0]->owner());
    change(home, [&] {  // in one step: a tick that runs teaches what is kept, or nothing
      loop_record& l = env_.table.at(place);
      if (l.extra != nullptr) close_lesson(home, l);
      vault_.retire(home, l);
      add_up(retired_, l.metrics.stats(env_.clock.now()));
      l.metrics.merge_totals(took, late);
      add_up(retired_.took_counts, took);
      add_up(retired_.late_counts, late);
      home.remove(l);
      drop_plans(home);
      symbiosis_.forget(id);
    });
  }

  environment& env_;
  post& post_;
  symbiosis& symbiosis_;
  vault& vault_;
  readings& readings_;
  std::mutex mutex_;
  plan_list plans_;
  families families_;
  std::uint32_t added_ = 0;
  totals retired_;  // under shard 0's lease
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
