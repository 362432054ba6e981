// core.hpp - the engine itself: its shards, what moves them, and what they share.
// Room: engine. Threads: any call from any thread, except that time is moved by one at a time.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gyre/core/glob.hpp>
#include <gyre/engine/crew.hpp>
#include <gyre/engine/keeper.hpp>
#include <gyre/engine/loop_tree.hpp>
#include <gyre/engine/shard.hpp>
#include <gyre/memory/file_archive.hpp>
#include <gyre/observe/score.hpp>
#include <gyre/observe/throttle.hpp>
#include <gyre/run/cores.hpp>
#include <gyre/run/pressure.hpp>
#include <gyre/snapshot.hpp>

namespace gyre {
inline namespace v1 {

/// What poll() did.
struct poll_result {
  std::uint64_t ticks = 0;  ///< started by this call
  instant next_due = never;  ///< when to call next: now, while a tick is pending
  bool more = false;  ///< the budget ended before the due ticks did
  std::uint64_t resumed = 0;  ///< calls of ticks that were pending before
};
/// poll() may take the time it takes.
inline constexpr duration no_budget = duration::max();

namespace detail {

/// What is done to loops. What is below them is paused, stopped and removed before them, and
/// resumed after them.
struct deed {
  enum verb : std::uint8_t { pause, resume, stop, throttle, remove };
  verb what;
  double factor = 1;                          ///< of a throttle
  std::vector<object_id>* removed = nullptr;  ///< receives ids
};

/// Kept alive by the engine and by every thread that may still be inside user code.
class core final : public std::enable_shared_from_this<core>, private crew_work {
 public:
  static result<std::shared_ptr<core>> make(engine_options o) {
    if (o.shards > 64) return fail(code::arg, "shards is 0..64, not ", o.shards);
    if (o.shards == 0) o.shards = o.driver == driver::workers ? std::min(cores_allowed(), 64U) : 1;
    if (o.slack < duration::zero() || o.slack > longest) {
      return fail(code::arg, "slack is 0 to 100 years, not ", to_ms(o.slack), " ms");
    }
    if (o.hand_off <= duration::zero()) {
      return fail(code::arg, "hand_off is over 0, not ", to_ms(o.hand_off), " ms");
    }
    if (o.window < std::chrono::milliseconds(1)) {
      return fail(code::arg, "window is 1 ms or more, not ", to_ms(o.window), " ms");
    }
    GYRE_CHECK(o.memory.check());
    if (GYRE_THREADS) GYRE_CHECK(o.gaps.check());
    if (o.boottime == nullptr) o.boottime = boottime_now;
    if (o.driver == driver::workers && !GYRE_THREADS) {
      return fail(code::unsupported, "this build has no threads: use driver::host and poll()");
    }
    auto made = std::make_shared<core>(std::move(o));
    GYRE_CHECK(made->open_store());
    if (!made->env_.own_threads()) (void)made->start();
    return made;
  }

  explicit core(engine_options o)
      : env_(std::move(o)), bus_(env_.options.bus), gap_(env_.options.gaps) {
    const bool many = env_.own_threads();
    traces_.resize(many ? env_.options.shards : 1);
    for (std::uint32_t i = 0; i < env_.options.shards; ++i) {
      shards_.push_back(std::make_unique<shard>(env_, i, traces_[many ? i : 0]));
      env_.shards.push_back(shards_.back().get());
    }
    env_.events = &bus_;
    env_.stopping = true;
  }
  core(const core&) = delete;
  core& operator=(const core&) = delete;

  environment& env() noexcept { return env_; }
  instant now() const noexcept { return env_.now(); }

  // ---- loops ----

  result<object_id> add(loop_options o, tick_function function) {
    GYRE_CHECK(check(o));
    const bool own = o.features.engine_own() && !o.knobs.empty();
    GYRE_TRY(where, space::make(own ? own_features() : o.features.list(), o.knobs));
    const loop_plan wanted(o);

    const std::lock_guard lock(registry_);
    if (table().find(o.name) != 0) {
      return fail(code::exists, "there is a loop named \"", o.name, "\"");
    }
    const object_id parent = o.parent.empty() ? 0 : table().find(o.parent);
    if (parent == 0 && !o.parent.empty()) {
      return fail(code::not_found, "loop \"", o.name, "\": no loop is named \"", o.parent,
                  "\", which is to be its parent");
    }
    const std::uint64_t place = o.group.empty() ? added_ : siphash24(as_bytes(o.group));
    shard& home = *shards_[place % shards_.size()];
    std::uint32_t slot = 0;
    {
      const leased hold(home.owner());
      slot = home.next_slot();  // or one freed since, which has a record: others only free
    }
    if (!table().reserve(home.index(), slot)) {
      return fail(code::budget, "all ", loop_table::most / env_.options.shards,
                  " ids of a shard's loops are used");
    }
    std::unique_ptr<loop_extra> extra;
    if (own || !o.gates.empty() || !o.features.list().empty() || !o.knobs.empty() || o.deferrable) {
      extra = std::make_unique<loop_extra>();
      extra->own_features = own;
      extra->seen.assign(where.features().size(), 0);
      extra->buckets.assign(where.features().size(), 0);
      extra->where = where;
      extra->gates = std::move(o.gates);
      extra->first_gate = extra->gates.empty() ? nullptr : extra->gates.data();
      extra->chooses = !where.features().empty() || !o.knobs.empty();
      for (const gate& g : extra->gates) {
        extra->asks_latency |= g.made_of() == figure_of::latency;
        extra->asks_often |= g.made_of() != figure_of::readings;
      }
      extra->configured = o.deferrable ? o.interval : duration::zero();
      if (!o.knobs.empty()) GYRE_CHECK(attach_learner(home, o, *extra));
      if (own || extra->first_gate != nullptr) wants_readings_ = true;
    }
    env_.watch_for(o.timeout);
    std::uint8_t paused = o.paused ? by_itself : 0;
    if (parent != 0) {
      (void)with_loop(parent, [&](shard&, loop_record& l) {
        l.related = true;  // whoever pauses it from now on waits for the registry
        if (l.paused != 0) paused |= from_above;
        return result<void>(ok);
      });
    }
    object_id id = 0;
    change(home, [&] {
      loop_record& loop = home.insert(plans_.take(wanted), o.name, added_);
      id = loop.id;
      loop.function = std::move(function);
      loop.times = timetable(instant{0}, o.interval);
      loop.paused = paused;
      loop.related = parent != 0;
      if (extra != nullptr) home.adopt(loop, std::move(extra));
      drop_plans(home);
    });
    table().add_name(id);
    if (parent != 0) tree_.add(parent, id);
    ++added_;
    if (graph_.has_room()) (void)watch(id, o.name);
    (void)with_loop(id, [&](shard& s, loop_record& l) {
      if (!env_.stopping && l.paused == 0) s.start(l, now());
      return result<void>(ok);
    });
    return id;
  }
  /// @param gone receives the ids of all that went
  result<void> remove(object_id id, std::vector<object_id>& gone) {
    {
      const std::lock_guard lock(registry_);
      tree_.begin();
      GYRE_CHECK(act_on_family(id, {deed::remove, 1, &gone}));
    }
    for (const auto& s : shards_) {  // the users' closures go now
      if (gone.size() > 1 || s.get() == &home_of(id)) tell_all(*s);
    }
    return ok;
  }
  result<object_id> find(std::string_view name) {
    const std::lock_guard lock(registry_);
    const object_id id = table().find(name);
    if (id != 0) return id;
    return fail(code::not_found, "no loop is named \"", name, "\"");
  }
  /// Calls f(shard, loop) under the loop's lease.
  template <class F>
  result<void> with_loop(object_id id, F&& f) {
    result<void> done = ok;
    shard& home = home_of(id);
    change(home, [&] {
      loop_record* const l = home.find(id);
      done = l != nullptr ? f(home, *l) : result<void>(bad_id(id, kind_loop));
    });
    return done;
  }
  /// Pauses or resumes.
  result<void> act(object_id id, const deed& d) {
    bool related = false;
    GYRE_CHECK(with_loop(id, [&](shard& s, loop_record& l) {
      related = l.related;
      if (!related) (void)act_on(s, l, d, by_itself);
      return result<void>(ok);
    }));
    if (!related) return ok;
    const std::lock_guard lock(registry_);
    tree_.begin();
    return act_on_family(id, d);
  }
  /// On all that match a pattern, or are of a group. @return how many. NOT_FOUND: none; ARG
  result<std::uint32_t> act(std::string_view wanted, bool group, const deed& d) {
    if (!(d.factor >= 1 && std::isfinite(d.factor))) {
      return fail(code::arg, "a throttle's factor is finite and at least 1, not ", d.factor);
    }
    const std::lock_guard lock(registry_);
    GYRE_TRY(chosen, select(wanted, group));
    tree_.begin();
    for (const loop_record* l : chosen) (void)act_on_family(l->id, d);
    for (const auto& s : shards_) {
      if (d.what == deed::stop) change(*s, [&] { s->pass_on_told(); });
    }
    return static_cast<std::uint32_t>(chosen.size());
  }
  result<void> trigger(object_id id) {
    return with_loop(id, [this](shard& s, loop_record& l) -> result<void> {
      if (env_.stopping) return fail(code::state, "the engine is stopped");
      if (l.paused != 0) {
        return fail(code::state, "loop \"", table().name(l), "\" is paused");
      }
      s.trigger(l, now());
      return ok;
    });
  }
  result<void> reconfigure(object_id id, const loop_change& c) {
    const std::lock_guard lock(registry_);
    return with_loop(id, [&](shard& s, loop_record& l) -> result<void> {
      loop_options o;
      o.name = table().name(l);
      o.interval = c.interval.value_or(l.configured());
      o.timeout = c.timeout.value_or(l.plan->timeout);
      o.jitter = c.jitter.value_or(l.plan->jitter);
      o.missed = c.missed.value_or(l.plan->missed);
      o.burst = l.plan->burst;
      o.instances = l.plan->instances;
      o.priority = c.priority.value_or(l.plan->priority);
      o.retry = c.retry.value_or(l.plan->retry);
      o.intensity = l.plan->intensity;
      o.slack = c.slack.value_or(l.plan->slack);
      o.group = l.plan->group;
      o.metrics = l.plan->metrics;
      o.deferrable = l.plan->deferrable;
      GYRE_CHECK(check(o));
      const bool retimed = o.interval != l.configured();
      const bool rejitter = o.jitter != l.plan->jitter;
      const bool reordered = rejitter || o.priority != l.plan->priority;
      const bool reslacked = o.slack != l.plan->slack;
      const loop_plan* const old = l.plan;
      if (reslacked) s.forget_slack(l);
      l.plan = plans_.take(loop_plan(o));
      plans_.drop(old);
      env_.watch_for(o.timeout);
      if (retimed) {
        s.retime(l, o.interval, now());
        s.tell("gyre.interval",
               join(o.name, ": ", to_text(to_ms(o.interval)), " ms, asked for"), l.id);
      }
      if (reordered || reslacked) s.reorder(l, rejitter, now());
      return ok;
    });
  }
  void reset_metrics() {
    for (const auto& s : shards_) {
      const leased hold(s->owner());
      s->each([](loop_record& l) {
        if (l.extra != nullptr) {
          l.extra->dropped = l.extra->rewards = 0;
          l.extra->reward_mean = 0;
          l.extra->last_error.clear();
        }
        l.metrics.reset();
      });
      if (s->index() == 0) retired_ = {};
    }
    const leased hold(first().owner());
    for (member& m : members_) m.cycles = m.failures = 0;
  }

  // ---- time ----

  /// True in a process whose engine's threads are another's: nothing may be asked of it any more.
  bool forked() const noexcept {
#if GYRE_THREADS
    return crew_.forked();
#else
    return false;
#endif
  }
  /// True inside of a tick or handler of its own; with the drivers that are called, while they are.
  bool inside() {
#if GYRE_THREADS
    if (crew::inside(env_)) return true;
#endif
    return driving_;
  }
  /// REENTRANT from a tick or a handler while stop() waits for it. FORKED
  result<void> start() {
    if (forked()) return no_threads_here();
#if GYRE_THREADS
    if (crew::inside(env_)) {
      if (!env_.stopping) return ok;
      return fail(code::reentrant, "start() was called inside of a tick that stop() waits for");
    }
#endif
    const std::lock_guard lock(control_);
    if (!env_.stopping) return ok;
    const instant t = now();
    {
      const leased hold(first().owner());
      env_.stopping = false;
      started_at_ = t;
      gap_.restart();
      next_window_ = add_saturated(t, env_.options.window);
      next_commit_ = add_saturated(t, commit_every);
    }
    for (const auto& s : shards_) {
      const leased hold(s->owner());
      s->each([&](loop_record& l) {
        if (l.paused == 0) s->start(l, t);
      });
    }
#if GYRE_THREADS
    if (env_.own_threads()) {
      auto started = crew_.start(env_, std::shared_ptr<crew_work>(shared_from_this(), this));
      if (!started) {
        env_.stopping = true;
        call_off();
        (void)crew_.stop(env_, std::chrono::seconds(1));
        return started;
      }
    }
#endif
    return ok;
  }

  /// Names of the loops whose ticks did not end in time. REENTRANT from a tick or a handler. FORKED
  result<std::vector<std::string>> stop(duration deadline) {
    if (forked()) return no_threads_here();
    std::vector<std::string> stragglers;
#if GYRE_THREADS
    if (crew::inside(env_)) {
      return fail(code::reentrant, "stop() waits for ticks to end and was called inside of one");
    }
#endif
    const std::lock_guard lock(control_);
    const bool again = env_.stopping;  // then only names who is still inside
    if (!again) {
      {
        const leased hold(first().owner());
        stopped_at_ = now();
        env_.stopping = true;
      }
      call_off();
    }
#if GYRE_THREADS
    if (env_.own_threads() && !again) stragglers = crew_.stop(env_, deadline);
    if (again) crew_.look_for_left(env_);
    for (const auto& sh : shards_) {  // also those that were given up on before
      const leased hold(sh->owner());
      sh->each([&](const loop_record& l) {
        if (!l.stuck || l.inside == 0) return;
        const std::string_view who = table().name(l);
        if (std::find(stragglers.begin(), stragglers.end(), who) == stragglers.end()) {
          stragglers.emplace_back(who);
        }
      });
    }
#else
    (void)deadline;
#endif
    if (!again) save();
    return stragglers;
  }

  result<poll_result> poll(instant t, std::uint64_t most, duration budget) {
    if (env_.options.driver != driver::host) {
      return fail(code::state, "poll() is for driver::host");
    }
    if (t > longest) return too_far(t);
    if (budget < duration::zero()) {
      return fail(code::arg, "a budget is 0 or more, not ", to_ms(budget), " ms");
    }
    const driving here(*this);
    if (!here.first()) return already_driving();
    const bool timed = GYRE_THREADS && budget != no_budget;
    const instant spent = timed ? add_saturated(env_.measure(), budget) : never;
    const duration passed = std::max(duration::zero(), t - now());
    if (t > now()) env_.move_to(t);
    look_for_gap(std::exchange(expected_, passed));
    probe_readings();
    poll_result done;
    std::uint32_t rounds = 0;
    const bool waiting = begin_poll();
    for (bool first = waiting && unreached_;; first = false) {
      round_result did;
      if (!first) did = next_round(now(), most, spent);
      if (!did.any && waiting && most != 0 && resume_one()) {
        did.any = true;
        ++done.resumed;
        --most;
      }
      if (!did.any && !first) break;
      done.ticks += did.ticks;
      most -= did.ticks;
      rounds = did.delivered && did.ticks == 0 ? rounds + 1 : 0;
      done.more =
          most == 0 || rounds >= poll_rounds || (spent != never && env_.measure() >= spent);
      if (done.more) break;
    }
    unreached_ = waiting && done.resumed == 0;
    done.next_due = next_event();
    expected_ = std::max(expected_, done.next_due - now());
    if (done.more) done.more = done.next_due <= now();
    if (env_.pending != 0) done.next_due = now();
    return done;
  }
  result<std::uint64_t> advance_to(instant t) {
    if (!env_.is_virtual()) return fail(code::state, "advance_to() is for driver::virtual_time");
    if (t > longest) return too_far(t);
    const driving here(*this);
    if (!here.first()) return already_driving();
    std::uint64_t ticks = 0;
    std::uint32_t rounds = 0;
    while (!env_.stopping) {
      const round_result did = next_round(t, ~std::uint64_t{0}, never);
      ticks += did.ticks;
      if (!did.any) {
        const instant next = next_event();
        if (next > t) break;
        if (next > now()) env_.move_to(next);
        continue;
      }
      rounds = did.delivered && did.ticks == 0 ? rounds + 1 : 0;
      if (rounds < advance_rounds) continue;
      return fail(code::state, "handlers published to each other for ", rounds,
                  " rounds at one instant; time cannot go on");
    }
    if (t > now()) env_.move_to(t);
    return ticks;
  }
  result<void> jump_to(instant t) {
    if (!env_.is_virtual()) return fail(code::state, "jump_to() is for driver::virtual_time");
    if (t > longest) return too_far(t);
    const driving here(*this);
    if (!here.first()) return already_driving();
    if (t < now()) return fail(code::arg, "time does not go back");
    env_.move_to(t);
    return ok;
  }

  // ---- external ticks ----

  std::uint32_t acquire(std::span<object_id> ids) {
    std::uint64_t shards = 0;
    ids = ids.first(env_.desk.take(ids, shards));
    for (; shards != 0; shards &= shards - 1) {
      shard& s = *shards_[static_cast<std::size_t>(std::countr_zero(shards))];
      change(s, [&] { s.acquired(ids, now()); });
    }
    return static_cast<std::uint32_t>(std::remove(ids.begin(), ids.end(), 0U) - ids.begin());
  }
  template <class F>
  result<void> with_tick(object_id id, F&& f) {
    const auto run = env_.desk.find(id);
    if (run == nullptr) return bad_id(id, kind_tick);
    tick t(run->run, *shards_[run->shard]);
    f(t);
    return ok;
  }
  std::size_t complete(std::span<completion> done) {
    std::size_t ended = 0;
    for (std::uint64_t shards = env_.desk.locate(done); shards != 0; shards &= shards - 1) {
      shard& s = *shards_[static_cast<std::size_t>(std::countr_zero(shards))];
      change(s, [&] { ended += s.complete(done, now()); });
      tell_all(s);
    }
    return ended;
  }

  // ---- bus, memory, graph ----

  result<publish_receipt> publish(std::string_view topic, std::span<const std::byte> payload,
                                  publish_options o) {
    auto sent = send(topic, payload, o);
    if (sent && sent->dropped != 0 && o.source != 0) {
      (void)with_loop(o.source, [&](shard&, loop_record& l) {
        home_of(l.id).extra(l).dropped += sent->dropped;
        return result<void>(ok);
      });
    }
    return sent;
  }
  /// The handler runs on shard 0's thread, between ticks, without the lease.
  result<object_id> subscribe(std::string_view pattern, const subscription_options& o,
                              message_handler handler) {
    message_handler open;
    if (handler) {
      open = [this, kept = std::make_shared<guest>(first(), std::move(handler))](
                 const message& m) -> result<void> {
        const auto user = kept->user;  // outlives the subscription, if that ends here
        const in_handler out(*this);
        return (*user)(m);
      };
    }
    result<object_id> id = [&] {
      const leased hold(first().owner());
      return bus_.subscribe(pattern, o, std::move(open));
    }();
    if (!id) tell_all(first());
    return id;
  }
  result<void> unsubscribe(object_id id) {
    result<void> done = ok;
    {
      const leased hold(first().owner());
      done = bus_.unsubscribe(id);
    }
    tell_all(first());  // the handler may go now
    return done;
  }
  template <class F>
  auto with_bus(F&& f) {
    const leased hold(first().owner());
    return f(bus_, now());
  }
  template <class F>
  auto with_memory(F&& f) {
    const leased hold(first().owner());
    return f(*records_, env_.wall_ms());
  }
  result<void> connect(std::string_view from, std::string_view to, double weight) {
    GYRE_TRY(a, find(from));
    GYRE_TRY(b, find(to));
    const std::lock_guard lock(registry_);
    GYRE_TRY(source, watch(a, from));
    GYRE_TRY(target, watch(b, to));
    const leased hold(first().owner());
    return graph_.declare(source, target, weight);
  }
  void supply(const reading& r) {
    const std::lock_guard lock(probe_mutex_);
    supplied_ = r;
    show_readings(&r.mode);
  }

  // ---- store ----

  bool has_store() const noexcept { return keeper_.present(); }
  result<void> commit() {
    if (!keeper_.present()) return fail(code::state, "the engine has no store");
    const leased hold(first().owner());
    return write_pending();
  }
  result<void> sync() {
    GYRE_CHECK(commit());
    auto done = keeper_.sync();
    if (done) return ok;
    const leased hold(first().owner());
    return keeper_.wants_checkpoint() ? write_states() : done;
  }
  /// Replaces the journal by one that starts from what there is now. STATE: no store; IO, ARG.
  result<void> checkpoint() {
    if (!keeper_.present()) return fail(code::state, "the engine has no store");
    const leased hold(first().owner());
    return write_states();
  }
  /// Commits, syncs and gives the store back, also where a stuck thread keeps this core alive; the
  /// engine goes on in memory. For ~engine, after stop().
  void close_store() {
    if (!keeper_.present() || !env_.stopping) return;
    (void)sync();
    for (const auto& s : shards_) (void)s->owner().acquire();
    env_.journalled = false;
    records_->detach();
    keeper_.close();
    for (std::size_t i = shards_.size(); i-- > 0;) shards_[i]->owner().release();
  }

  // ---- looking ----

  std::string trace_hash() {
    for (const auto& s : shards_) (void)s->owner().acquire();
    const std::string hash = trace_hash_held();
    for (const auto& s : shards_) s->owner().release();
    return hash;
  }

  snapshot_data snapshot() {
    const std::lock_guard reading_lock(probe_mutex_);
    if (GYRE_THREADS) (void)probe_.sample(monotonic_now() - env_.zero);
    for (const auto& s : shards_) (void)s->owner().acquire();
    snapshot_data out;
    describe(out);
    for (const auto& s : shards_) s->owner().release();
    return out;
  }
  result<loop_stats> stats(object_id id) {
    loop_stats out;
    GYRE_CHECK(with_loop(id, [&](shard&, loop_record& l) {
      out = describe(l, now());
      return result<void>(ok);
    }));
    return out;
  }

 private:
  static constexpr std::uint32_t poll_rounds = 64, advance_rounds = 10'000;
  static constexpr duration commit_every = std::chrono::milliseconds(100);

  shard& first() noexcept { return *shards_[0]; }

  /// Nothing further starts, and what runs is told to give up.
  void call_off() {
    for (const auto& s : shards_) {
      const leased hold(s->owner());
      if (s->running() != nullptr) s->running()->cancel.store(true, std::memory_order_relaxed);
      s->unschedule_all();
      s->give_up_all();
    }
  }

  /// Onto the bus; where it may, it waits for a subscription that blocks.
  result<publish_receipt> send(std::string_view topic, std::span<const std::byte> payload,
                               publish_options o) {
#if GYRE_THREADS
    o.may_wait = env_.own_threads() && !crew::inside(env_);
    const duration begin = monotonic_now();
    for (;;) {
      auto sent = shard::publish_at_home(env_, topic, payload, o);
      if (sent || sent.code() != code::overflow || !o.may_wait) return sent;
      duration most{0};
      {
        const leased hold(first().owner());
        most = bus_.blocked_for(topic, payload.size(), now());
      }
      if (monotonic_now() - begin >= most) o.may_wait = false;  // drops there, and counts it
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
#else
    o.may_wait = false;
    return shard::publish_at_home(env_, topic, payload, o);
#endif
  }

  /// A user's handler; its last owner, who holds the lease, leaves it to be destroyed without.
  struct guest {
    guest(shard& s, message_handler h)
        : home(s), user(std::make_shared<message_handler>(std::move(h))) {}
    guest(const guest&) = delete;
    guest& operator=(const guest&) = delete;
    ~guest() { home.bury(std::move(user)); }
    shard& home;
    std::shared_ptr<message_handler> user;
  };
  /// Frees shard 0's lease for a scope in which a handler runs. If that is given up on meanwhile,
  /// the lease is not had again, and the bus is told through the delivery's own flag.
  class in_handler {
   public:
    explicit in_handler(core& c) noexcept
        : core_(c), home_(c.first()), epoch_(home_.owner().epoch()), lost_(c.bus_.lost()) {
      home_.enter_handler(c.now());
      home_.owner().release();
    }
    ~in_handler() {
      lost_ = !home_.owner().acquire(epoch_);
      if (lost_) {
        --core_.env_.lost;
      } else {
        home_.leave_handler();
      }
    }
    in_handler(const in_handler&) = delete;
    in_handler& operator=(const in_handler&) = delete;

   private:
    core& core_;
    shard& home_;
    std::uint64_t epoch_;
    bool& lost_;
  };
  /// Marks that a thread moves time; only one may.
  class driving {
   public:
    explicit driving(core& c) noexcept : core_(c), first_(!c.driving_.exchange(true)) {}
    ~driving() {
      if (first_) core_.driving_ = false;
    }
    driving(const driving&) = delete;
    driving& operator=(const driving&) = delete;
    bool first() const noexcept { return first_; }

   private:
    core& core_;
    bool first_;
  };
  static error too_far(instant t) {
    return fail(code::arg, "time goes to 100 years at most, not to ", to_s(t), " s");
  }
  static error no_threads_here() {
    return fail(code::forked, "the engine's threads are those of the process that this one was "
                              "forked from: fork before start(), or after stop()");
  }
  static error already_driving() {
    return fail(code::reentrant, "time is being moved already: called inside a tick, or by two "
                                 "threads at once");
  }

  static result<void> check(const loop_options& o) {
    if (o.name.empty() || o.name.size() > 63) {
      return fail(code::arg, "a loop's name is 1 to 63 bytes, not ", o.name.size(),
                  (o.name.empty() ? "" : ": " + o.name));
    }
    const std::string who = "loop \"" + o.name + "\": ";
    if (o.interval <= duration::zero() || o.interval > longest) {
      return fail(code::arg, who, "the interval is over 0 and at most 100 years, not ",
                  to_ms(o.interval), " ms");
    }
    if (o.timeout <= duration::zero()) {
      return fail(code::arg, who, "the timeout is over 0, not ", to_ms(o.timeout), " ms");
    }
    if (!(o.jitter >= 0 && o.jitter <= .5)) {
      return fail(code::arg, who, "the jitter is 0..0.5 of the interval, not ", o.jitter);
    }
    if (o.burst == 0) return fail(code::arg, who, "burst is at least 1, not 0");
    if (o.priority < timer_entry::lowest || o.priority > timer_entry::highest) {
      return fail(code::arg, who, "the priority is ", timer_entry::lowest, " to ",
                  timer_entry::highest, ", not ", o.priority);
    }
    if (o.instances < 1 || o.instances > 100) {
      return fail(code::arg, who, "instances is 1..100, not ", o.instances);
    }
    if (!o.retry.valid()) {
      return fail(code::arg, who, "backoff needs 0 <= base <= cap and jitter 0..1");
    }
    if (auto good = o.intensity.check(); !good) return fail(code::arg, who, good.error().text);
    if (o.group.size() > 63) {
      return fail(code::arg, who, "a group's name is at most 63 bytes, not ", o.group.size());
    }
    for (const gate& g : o.gates) {
      if (auto good = gyre::check(g); !good) return fail(code::arg, who, good.error().text);
      if (g.made_of() == figure_of::latency && o.metrics == metrics_mode::counters) {
        return fail(code::arg, who, "gate \"", g.name(), "\" needs metrics_mode::full");
      }
    }
    return gyre::check(o.learning);
  }
  static std::vector<feature> own_features() {
    return {{"error_streak", {1, 2, 3, 4, 5}},
            {"latency_ratio", {0.5, 1.5, 3}},
            {"cpu_percent", {30, 60, 85}}};
  }
  loop_table& table() noexcept { return env_.table; }
  const loop_table& table() const noexcept { return env_.table; }
  /// The shard that has the loop of an id, if that is one.
  shard& home_of(object_id id) noexcept { return *shards_[table().shard_of(id)]; }
  /// Under the registry and that shard's lease.
  void drop_plans(shard& s) {
    for (const loop_plan* gone : s.dropped_plans()) plans_.drop(gone);
    s.dropped_plans().clear();
  }
  /// Gives the loop a node in the graph, if it has none. @return the node. STALE
  result<std::uint32_t> watch(object_id id, std::string_view name) {
    bool watched = false;
    std::uint32_t order = 0;
    GYRE_CHECK(with_loop(id, [&](shard& s, loop_record& l) {
      watched = l.watched;
      l.watched = true;
      order = s.order(l);
      return result<void>(ok);
    }));
    const leased hold(first().owner());
    if (watched) {
      return std::find_if(members_.begin(), members_.end(),
                          [id](const member& m) { return m.id == id; })
          ->node;
    }
    const std::uint32_t node = graph_.add_node(id, std::string(name));
    const auto at = std::find_if(members_.begin(), members_.end(),
                                 [order](const member& m) { return m.order > order; });
    members_.insert(at, {id, node, order, 0, 0});
    return node;
  }
  /// A change to what a shard owns, which may have to wake its thread.
  template <class F>
  void change(shard& s, F&& f) {
    bool ring = false;
    {
      const leased hold(s.owner());
      f();
      ring = s.must_wake();
      env_.attention.store(true, std::memory_order_relaxed);
    }
    if (ring) s.wake().ring();
  }

  result<void> attach_learner(shard& home, const loop_options& o, loop_extra& loop) {
    const bool alone = o.group.empty();
    const std::string name = alone ? o.name : o.group;
    const std::string key = (alone ? "loop " : "group ") + name;
    const leased first_hold(first().owner());
    std::optional<leased> home_hold;
    if (home.index() != 0) home_hold.emplace(home.owner());
    shared_learner* mind = alone ? nullptr : home.find_learner(name);
    if (mind == nullptr) {
      learner_options l = o.learning;
      if (!alone && l.capacity == 0) l.capacity = 10'000;
      auto made = std::make_unique<shared_learner>(shared_learner{
          name,
          {loop.where.states(), loop.where.actions(), l, env_.options.seed, added_},
          loop.where});
      made->stream = keeper::stream_of(key);
      if (keeper_.present()) keeper_.restore(*made);
      mind = home.add_learner(std::move(made));
    } else if (mind->where.features() != loop.where.features() ||
               mind->where.knobs() != loop.where.knobs()) {
      return fail(code::arg, "loop \"", o.name, "\" shares the learner of its group \"",
                  name, "\", and has other features or knobs");
    }
    ++mind->users;
    loop.learning = mind;
    return ok;
  }

  void sort_by_order(std::vector<const loop_record*>& loops) {
    std::sort(loops.begin(), loops.end(), [this](const loop_record* a, const loop_record* b) {
      return home_of(a->id).order(*a) < home_of(b->id).order(*b);
    });
  }
  /// Under the registry, which keeps what it reads and returns: see loop_table. In order of add.
  result<std::vector<const loop_record*>> select(std::string_view wanted, bool group) {
    if (!group && (wanted.empty() || wanted.size() > 255)) {
      return fail(code::arg, "a pattern is 1 to 255 bytes, not ", wanted.size());
    }
    std::vector<const loop_record*> chosen;
    table().each_named([&](const loop_record& l) {
      const bool is = group ? !wanted.empty() && l.plan->group == wanted
                            : glob_matches(wanted, table().name(l));
      if (is) chosen.push_back(&l);
    });
    if (chosen.empty()) {
      return fail(code::not_found, group ? "no loop is in a group named \"" : "no loop matches \"",
                  wanted, "\"");
    }
    sort_by_order(chosen);
    return chosen;
  }
  /// @return whether what is below the loop is to be resumed
  bool act_on(shard& s, loop_record& l, const deed& d, std::uint8_t why) {
    if (d.what == deed::resume) return s.resume(l, why, now());
    if (d.what == deed::throttle) {
      slow_down(s, l, d.factor);
      return false;
    }
    s.pause(l, why);
    if (d.what == deed::stop) l.told = true;
    return false;
  }
  void slow_down(shard& s, loop_record& l, double factor) {
    if (l.extra == nullptr && factor == 1) return;
    loop_extra& extra = s.extra(l);
    extra.configured = l.configured();
    extra.asked = factor;
    const duration before = l.times.interval();
    s.retime(l, extra.configured, now());
    if (l.times.interval() == before) return;
    s.tell("gyre.interval",
           join(table().name(l), ": ", to_text(to_ms(l.times.interval())), " ms, throttled x",
                to_text(factor)), l.id);
  }
  /// On the loop and, but for a throttle, all below it. Under the registry. STALE
  result<void> act_on_family(object_id top, const deed& d) {
    result<void> done = ok;
    const auto each = [&](object_id id) {
      bool below = false;
      if (d.what == deed::remove) {
        done = remove_one(id);
        if (done) d.removed->push_back(id);
        return below;
      }
      const auto found = with_loop(id, [&](shard& s, loop_record& l) {
        below = act_on(s, l, d, id == top ? by_itself : from_above);
        return result<void>(ok);
      });
      if (!found) done = found;
      return below;
    };
    if (d.what == deed::throttle || d.what == deed::resume) {
      tree_.top_down(top, each);
    } else {
      tree_.bottom_up(top, each);
    }
    return done;
  }
  /// Under the registry. @pre there is nothing below it, or nothing any more. STALE
  result<void> remove_one(object_id id) {
    shard& home = home_of(id);
    {
      const leased hold(home.owner());
      if (home.find(id) == nullptr) return bad_id(id, kind_loop);
    }
    retire_learner(id);
    table().drop_name(id);
    tree_.remove(id);
    metrics_stats last;
    change(home, [&] {
      loop_record& l = table().at(id_index(id));
      last = l.metrics.stats(now());
      home.remove(l);
      drop_plans(home);
    });
    const leased hold(first().owner());
    add_up(retired_, last);
    const auto gone = std::find_if(members_.begin(), members_.end(),
                                   [id](const member& m) { return m.id == id; });
    if (gone != members_.end()) {
      graph_.remove_node(gone->node);
      members_.erase(gone);
    }
    return ok;
  }

  /// What a learner has learned outlives its last loop, where there is a store.
  void retire_learner(object_id id) {
    if (!keeper_.present()) return;
    const leased first_hold(first().owner());
    move_frames();
    shard& home = home_of(id);
    std::optional<leased> home_hold;
    if (home.index() != 0) home_hold.emplace(home.owner());
    const loop_extra* const extra = table().at(id_index(id)).extra.get();
    const shared_learner* learned = extra == nullptr ? nullptr : extra->learning;
    if (learned != nullptr && learned->users == 1) keeper_.retire(*learned);
  }

  result<void> open_store() {
    memory_options m = env_.options.memory;
    if (!env_.options.store.empty()) {
      GYRE_CHECK(keeper_.open(env_.options.store));
      m.key = keeper_.key();
    } else if (m.key == key128{0, 0}) {
      const auto draw = [&](std::uint64_t k) {
        return mix(env_.options.seed, 0, static_cast<std::uint64_t>(purpose::key), k);
      };
      m.key = {draw(0), draw(1)};
    }
    records_ = std::make_unique<memory>(m);
    env_.records = records_.get();
    env_.journalled = keeper_.present();
    if (!keeper_.present()) return ok;
    GYRE_CHECK(keeper_.restore(*records_, env_.wall_ms()));
    GYRE_TRY(cold, file_archive::open(keeper_.files(), env_.options.store,
                                      env_.options.archive_bytes, keeper_.key(), keeper_.lock()));
    return records_->attach(std::move(cold));
  }

  // ---- pending ticks of driver::host ----

  /// Whether some wait for this poll.
  bool begin_poll() {
    if (env_.pending == 0) return false;
    for (const auto& s : shards_) {
      const leased hold(s->owner());
      s->begin_poll(now());
    }
    return true;
  }
  bool resume_one() {
    for (const auto& s : shards_) {
      const std::uint64_t epoch = s->owner().acquire();
      const bool did = s->resume_one(now(), epoch);
      s->owner().release();
      if (did) return true;
    }
    return false;
  }

  // ---- one round of host and virtual time ----

  instant next_event() {
    if (env_.stopping) return never;
    instant t = never;
    for (const auto& s : shards_) {
      const leased hold(s->owner());
      t = std::min(t, s->next_event());
      if (s->index() == 0) t = std::min(t, next_house_work());
    }
    return t;
  }
  struct round_result {
    std::uint64_t ticks = 0;
    bool delivered = false;  ///< messages of the bus
    bool any = false;        ///< something was done
  };
  /// What is due at now(): work of the house if there is some; else ticks, at most `most`: on a
  /// virtual clock those up to `until` that come before other work, the clock going on with them.
  /// @param spent by the clock of durations: then nothing begins but one tick
  round_result next_round(instant until, std::uint64_t most, instant spent) {
    round_result did;
    if (env_.stopping) return did;
    const instant t = now();
    shard* next = nullptr;
    due_entry first_of_others, best;
    bool rival = false;
    shard::limits to;
    to.until = until;
    to.most = most;
    to.spent = spent;
    for (const auto& s : shards_) {
      if (s->has_afterwork()) tell_all(*s);
    }
    for (const auto& s : shards_) {
      const leased hold(s->owner());
      if (s->index() == 0) {
        const std::size_t messages = spent == never ? ~std::size_t{0} : 16;
        if (bus_.next_due() <= t && bus_.pump(t, messages) != 0) return {0, true, true};
        if (next_window_ <= t) {
          observe(t);
          return {0, false, true};
        }
        if (keeper_.present() && commit_if_due(t)) return {0, false, true};
        to.house = std::min(next_house_work(), bus_.next_due());
      }
      s->expire(t);
      to.house = std::min(to.house, s->next_deadline());
      const due_entry* e = s->first();
      if (e == nullptr || e->due > until) {
        s->rest();
        continue;
      }
      if (next == nullptr || runs_before(*e, best)) {
        if (next != nullptr) first_of_others = best;
        rival = next != nullptr;
        next = s.get();
        best = *e;
      } else if (!rival || runs_before(*e, first_of_others)) {
        first_of_others = *e;
        rival = true;
      }
    }
    if (next == nullptr) return did;
    if (rival) to.rival = &first_of_others;
    const std::uint64_t epoch = next->owner().acquire();
    const shard::turn turn = next->run_due(to, epoch);
    next->owner().release();
    did.ticks = turn.ticks;
    did.any = turn.steps != 0;
    return did;
  }
  void tell_all(shard& s) override {
    std::vector<engine_event> events;
    std::vector<std::shared_ptr<void>> buried;
    {
      const leased hold(s.owner());
      if (!s.has_afterwork()) return;
      events.swap(s.told());
      buried.swap(s.buried());
    }
    for (const engine_event& e : events) {
      publish_options o;
      o.source = e.source;
      (void)shard::publish_at_home(env_, e.topic, as_bytes(e.text), o);
    }
    events.clear();
    const leased hold(s.owner());
    if (s.told().capacity() == 0) s.told().swap(events);  // its memory, for the next ones
  }

  // ---- observation: under shard 0's lease; takes the others' in order ----

  /// The first of point, point + every, ... that is after t.
  static instant point_after(instant point, duration every, instant t) noexcept {
    if (point > t) return point;
    return add_saturated(point, every * ((t - point) / every + 1));
  }
  void observe(instant t) {
    next_window_ = point_after(next_window_, env_.options.window, t);
    for (std::size_t i = 1; i < shards_.size(); ++i) (void)shards_[i]->owner().acquire();
    rows_.clear();
    for (member& m : members_) {
      const loop_record* const found = home_of(m.id).find(m.id);
      if (found == nullptr) continue;  // it is being removed
      const loop_record& l = *found;
      const std::uint64_t ticks = l.metrics.cycles() - std::exchange(m.cycles, l.metrics.cycles());
      const std::uint64_t failed =
          l.metrics.failures() - std::exchange(m.failures, l.metrics.failures());
      const auto n = static_cast<double>(std::max<std::uint64_t>(ticks, 1));
      observation row;
      row.node = m.node;
      row.rate = static_cast<double>(ticks);
      row.error_rate = static_cast<double>(failed) / n;
      if (ticks != 0) row.reward = l.extra == nullptr ? 1 : l.extra->window_reward / n;
      row.p95_ms = l.metrics.recent_ms(.95, t);
      row.cycles = l.metrics.cycles();
      row.health = l.metrics.health(t);
      if (l.extra != nullptr) {
        row.vitality = l.extra->vitality;
        l.extra->window_reward = 0;
      }
      rows_.push_back(row);
    }
    graph_.observe(rows_);
    bus_.pass_time(t);
    score_ = score_now(t);
    std::uint64_t shed = 0;
    for (const auto& s : shards_) {
      shed += s->take_shed();
      for (loop_record* l : s->with_extra()) {
        if (l->plan->deferrable && !l->removed) throttle(*s, *l, t);
      }
    }
    if (shed != 0) first().tell("gyre.shed", join(shed, " ticks of overloaded shards"), 0);
    for (std::size_t i = shards_.size(); i-- > 1;) {
      const bool ring = shards_[i]->must_wake();  // the throttle may have made something due
      shards_[i]->owner().release();
      if (ring) shards_[i]->wake().ring();
    }
  }
  void throttle(shard& home, loop_record& l, instant t) {
    loop_extra& extra = *l.extra;
    const double factor = throttle_factor(extra.throttle, bus_.health(), score_, extra.configured);
    const double before = extra.factor();
    extra.throttle = factor;
    if (extra.factor() == before) return;
    home.retime(l, extra.configured, t);
    first().tell("gyre.interval",
                 join(table().name(l), ": x", to_fixed(factor, 3), ", bus health ",
                      to_fixed(bus_.health(), 2), ", score ", to_fixed(score_, 2)),
                 l.id);
  }

  // ---- store ----

  bool commit_if_due(instant t) {
    const bool much = !commit_failed_ && (env_.commit_wanted.load(std::memory_order_relaxed) ||
                                          keeper_.pending_bytes() >= commit_bytes);
    if (next_commit_ > t && !much) return false;
    next_commit_ = point_after(next_commit_, commit_every, t);
    commit_failed_ = !write_pending();  // then not before next_commit_; stats() has the error
    return true;
  }
  /// Commits what was gathered, and writes the states where the journal has grown enough or can go
  /// on only so. Under shard 0's lease, as the two below.
  result<void> write_pending() {
    env_.commit_wanted.store(false, std::memory_order_relaxed);
    move_frames();
    auto done = keeper_.commit();
    if (!keeper_.wants_checkpoint()) return done;
    auto states = write_states();
    return done ? done : states;
  }
  /// What the shards have collected goes to the journal.
  void move_frames() {
    for (const auto& s : shards_) {
      if (s->index() != 0) (void)s->owner().acquire();
      take_frames(*s);
      if (s->index() != 0) s->owner().release();
    }
  }
  /// Under that shard's lease too.
  void take_frames(shard& s) {
    std::size_t at = 0;
    for (const pending_frame& f : s.frames()) {
      keeper_.append(f.stream, f.type, std::span(s.frame_bytes().data()).subspan(at, f.size));
      at += f.size;
    }
    s.frames().clear();
    s.frame_bytes().clear();
  }
  result<void> write_states() {
    for (std::size_t i = 1; i < shards_.size(); ++i) (void)shards_[i]->owner().acquire();
    std::vector<const shared_learner*> learners;
    for (const auto& s : shards_) {
      take_frames(*s);  // the states tell them too; where those fail, the next commit does
      for (const auto& l : s->learners()) learners.push_back(l.get());
    }
    auto done = keeper_.checkpoint(*records_, learners);
    for (std::size_t i = shards_.size(); i-- > 1;) shards_[i]->owner().release();
    return done;
  }
  void save() {
    if (keeper_.present()) (void)sync();  // stats() has the error
  }

  // ---- readings ----

  /// What gates see from now on: what was supplied, the probe's figures where that is NaN. Under
  /// probe_mutex_. @param mode a new one, or null
  void show_readings(const std::string_view* mode) {
    reading r = supplied_;
    const auto fill = [](double& figure, double other) {
      if (std::isnan(figure)) figure = other;
    };
    fill(r.cpu_percent, probed_.cpu_percent);
    fill(r.memory_percent, probed_.memory_percent);
    fill(r.cpu_stall_percent, probed_.cpu_stall_percent);
    fill(r.memory_stall_percent, probed_.memory_stall_percent);
    r.mode = {};  // the text is the caller's; each shard keeps its own
    for (const auto& s : shards_) {
      const leased hold(s->owner());
      s->take(r, mode);
    }
  }
  /// Reads the machine's figures, where a loop looks at them.
  void probe_readings() {
    if (!GYRE_THREADS || !wants_readings_) return;
    const std::lock_guard lock(probe_mutex_);
    const std::uint64_t before = probe_.samples();
    probed_ = probe_.sample(monotonic_now() - env_.zero);
    if (probe_.samples() != before) show_readings(nullptr);
  }

  // ---- describing: under every lease ----

  std::string trace_hash_held() const {
    if (traces_.size() == 1) return to_hex(traces_[0].digest());
    siphash all;
    for (const trace& t : traces_) all.update_word(t.digest());
    return to_hex(all.digest());
  }
  loop_stats describe(const loop_record& l, instant t) const {
    loop_stats out;
    out.id = l.id;
    out.name = table().name(l);
    out.group = l.plan->group;
    out.state = state_of(l);
    out.metrics = l.metrics.stats(t);
    out.interval_ms = to_ms(l.times.interval());
    out.configured_ms = to_ms(l.configured());
    if (l.extra == nullptr) {
      out.reward = l.metrics.cycles() != 0 ? 1 : 0;
      return out;
    }
    const loop_extra& extra = *l.extra;
    out.throttle = extra.factor();
    out.gate = extra.closed_gate;
    for (const gate& g : extra.gates) {
      out.gates.push_back(
          {g.name(), g.is_open(), g.value(), g.closes_above(), g.opens_under()});
    }
    out.last_error = extra.last_error;
    out.breaker_open = extra.breaker != nullptr && extra.breaker->open();
    out.dropped = extra.dropped;
    out.vitality = extra.vitality;
    out.state_index = extra.state;
    out.action_index = extra.action;
    out.reward = extra.reward_mean;
    for (std::size_t i = 0; i < extra.where.knobs().size(); ++i) {
      out.knobs.push_back({extra.where.knobs()[i].name, extra.where.value(extra.action, i)});
    }
    for (std::size_t i = 0; i < extra.where.features().size(); ++i) {
      out.features.push_back({extra.where.features()[i].name, extra.seen[i], extra.buckets[i]});
    }
    return out;
  }
  loop_state state_of(const loop_record& l) const noexcept {
    if (l.stuck && l.inside != 0) return loop_state::stuck;
    if (l.running) return loop_state::running;
    if (l.paused != 0) return loop_state::paused;
    if (env_.stopping) return loop_state::stopped;
    if (l.gated) return loop_state::gated;
    if (l.backing_off) return loop_state::backing_off;
    return loop_state::waiting;
  }
  static learner_view describe(const shared_learner& l) {
    learner_view out;
    out.name = l.name;
    out.stats = l.mind.stats();
    out.features = l.where.features();
    out.knobs = l.where.knobs();
    const std::size_t cells = std::size_t{l.mind.states()} * l.mind.actions();
    out.q.assign(l.mind.q(), l.mind.q() + cells);
    out.visits.assign(l.mind.visits(), l.mind.visits() + cells);
    return out;
  }
  void describe(snapshot_data& out) {
    const instant t = now();
    out.sequence = ++snapshots_;
    out.now_ms = to_ms(t);
    out.uptime_s = to_s((env_.stopping ? stopped_at_ : t) - started_at_);
    out.running = !env_.stopping;
    out.seed = env_.options.seed;
    constexpr const char* drivers[] = {"workers", "host", "virtual"};
    out.driver = drivers[static_cast<std::size_t>(env_.options.driver)];
    out.shards = env_.options.shards;
    out.process_cpu_percent = probe_.process().cpu_percent;
    out.resident_bytes = probe_.process().resident_bytes;
    out.cpu_percent = first().load().cpu_percent;
    out.memory_percent = first().load().memory_percent;
    out.mode = first().mode();
    out.readings = probe_.samples();
    std::vector<const shared_learner*> learners;
    for (const auto& s : shards_) {
      for (const auto& l : s->learners()) {
        learners.push_back(l.get());
        out.learners.push_back(describe(*l));
      }
    }
    describe_loops(out, learners, t);
    bus_.pass_time(t);
    out.bus = bus_.stats();
    out.score = score_now(t);
    out.symbiosis = graph_.analyse(out.totals.loops);
    out.memory = records_->stats();
    out.blocks = records_->history(50);
    if (keeper_.present()) out.store = keeper_.stats();
    out.trace = trace_hash_held();
  }
  void describe_loops(snapshot_data& out, const std::vector<const shared_learner*>& learners,
                      instant t) {
    auto took = std::make_unique<histogram>();
    auto late = std::make_unique<histogram>();
    totals& sum = out.totals;
    sum = retired_;
    sum.lost_threads = env_.lost.load();
    std::vector<const loop_record*> all;
    for (const auto& s : shards_) {
      sum.events_dropped += s->events_dropped();
      s->each([&](const loop_record& l) { all.push_back(&l); });
    }
    sort_by_order(all);
    out.loops.reserve(all.size());
    for (const loop_record* l : all) {
      out.loops.push_back(describe(*l, t));
      loop_stats& row = out.loops.back();
      if (l->extra != nullptr && l->extra->learning != nullptr) {
        row.learner = static_cast<int>(
            std::find(learners.begin(), learners.end(), l->extra->learning) - learners.begin());
      }
      const metrics_stats& m = row.metrics;
      ++sum.loops;
      sum.active += row.state != loop_state::paused && row.state != loop_state::stopped ? 1 : 0;
      sum.stuck += row.state == loop_state::stuck ? 1 : 0;
      add_up(sum, m);
      l->metrics.merge_totals(*took, *late);
    }
    const std::uint64_t failed = sum.errors + sum.timeouts + sum.cancelled;
    sum.error_rate = sum.ticks == 0 ? 0 : static_cast<double>(failed) / double(sum.ticks);
    sum.latency = gyre::describe(*took);
    sum.late = gyre::describe(*late);
  }
  static void add_up(totals& sum, const metrics_stats& m) noexcept {
    sum.ticks += m.cycles;
    sum.errors += m.errors;
    sum.timeouts += m.timeouts;
    sum.cancelled += m.cancelled;
    sum.gated += m.gated;
    sum.missed += m.missed;
    sum.shed += m.shed;
  }
  /// Over the loops that have had anything to be unwell by; the others are well.
  double score_now(instant t) {
    vitalities_.clear();
    std::size_t loops = 0;
    for (const auto& s : shards_) {
      loops += s->size();
      for (const loop_record* l : s->with_extra()) {
        if (!l->removed) vitalities_.push_back({l->extra->vitality, l->metrics.health(t)});
      }
    }
    return gyre::score(vitalities_, loops - vitalities_.size());
  }

  // ---- crew_work ----

  bool keep_house(instant t, std::uint64_t epoch) override {
    if (bus_.next_due() <= t) {
      first().set_delivering(true);
      (void)bus_.pump(t, 64);
      if (first().owner().epoch() != epoch) return false;
      first().set_delivering(false);
    }
    if (next_window_ <= t) observe(t);
    if (keeper_.present()) (void)commit_if_due(t);
    return true;
  }
  instant next_house_work() const noexcept override {
    return keeper_.present() ? std::min(next_window_, next_commit_) : next_window_;
  }
  void look_for_gap(duration expected) override {
    if (env_.stopping) return;
    gap found;
    if (GYRE_THREADS && env_.own_threads()) {
      const duration boottime = env_.options.boottime();  // before the other: see gap_detector
      const instant t = monotonic_now() - env_.zero;
      const leased hold(first().owner());
      found = gap_.poll(t, expected, boottime);
    } else {
      const leased hold(first().owner());
      found = gap_.poll(now(), expected);
    }
    if (found) pass_gap(found);
  }
  void pass_gap(const gap& found) {
    for (const auto& s : shards_) (void)s->owner().acquire();
    env_.asleep_ns += found.asleep.count();
    const instant end = now();
    for (const auto& s : shards_) s->after_gap(end, found.asleep);
    ++retired_.gaps;
    first().tell("gyre.gap",
                 join(to_text(to_ms(add_saturated(found.asleep, found.jumped))),
                      found.asleep > duration::zero() ? " ms asleep" : " ms not driven"),
                 0);
    env_.attention.store(true, std::memory_order_relaxed);
    for (std::size_t i = shards_.size(); i-- > 0;) {
      const bool ring = shards_[i]->must_wake();
      shards_[i]->owner().release();
      if (ring) shards_[i]->wake().ring();
    }
  }
  void sample() override { probe_readings(); }
  void sync_store() override {
    if (keeper_.present()) (void)keeper_.sync();
  }

  environment env_;
  std::unique_ptr<memory> records_;
  keeper keeper_;
  std::vector<trace> traces_;
  std::vector<std::unique_ptr<shard>> shards_;
  gyre::bus bus_;  // goes before shard 0, which its handlers are left to

  std::mutex registry_;  // names, plans_, tree_, added_; taken before any lease
  plan_list plans_;
  loop_tree tree_;
  std::uint32_t added_ = 0;

  std::mutex control_;  // start and stop
  std::atomic<bool> driving_{false};
  bool unreached_ = false;  // pending ticks, by the last poll
  duration expected_{0};  // by driver::host: how long it may be until the next poll
  bool commit_failed_ = false;  // the last one by itself; under shard 0's lease
  instant started_at_{0}, stopped_at_{0}, next_window_{never}, next_commit_{never};

  struct member {  // a loop that has a node in the graph
    object_id id;
    std::uint32_t node, order;
    std::uint64_t cycles, failures;  // as of the last window
  };
  graph graph_;  // this and the next: under shard 0's lease
  std::vector<member> members_;  // in order of add
  std::vector<observation> rows_;
  std::vector<vital_sign> vitalities_;
  double score_ = 1;
  totals retired_;  // sums of the loops that were removed, and what no loop counts
  gap_detector gap_;
  std::uint64_t snapshots_ = 0;

  std::mutex probe_mutex_;  // this and the next three; taken before any lease
  pressure_probe probe_;
  reading probed_, supplied_;
  std::atomic<bool> wants_readings_{false};
#if GYRE_THREADS
  crew crew_;
#endif
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
