// core.hpp - the engine itself: its shards, what moves them, and what they share.
// Room: engine. Threads: any call from any thread, except that time is moved by one at a time.
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gyre/engine/crew.hpp>
#include <gyre/engine/keeper.hpp>
#include <gyre/engine/shard.hpp>
#include <gyre/memory/file_archive.hpp>
#include <gyre/observe/score.hpp>
#include <gyre/observe/throttle.hpp>
#include <gyre/run/pressure.hpp>
#include <gyre/snapshot.hpp>

namespace gyre {
inline namespace v1 {

/// What poll() did.
struct poll_result {
  std::uint64_t ticks = 0;  ///< started by this call
  instant next_due = never;
  bool more = false;  ///< the budget ended before the due ticks did
};

namespace detail {

/// Kept alive by the engine and by every thread that may still be inside user code.
class core final : public std::enable_shared_from_this<core>, private crew_work {
 public:
  static result<std::shared_ptr<core>> make(engine_options o) {
    if (o.shards < 1 || o.shards > 64) {
      return fail(code::arg, "shards is 1..64, not ", o.shards);
    }
    if (o.window < std::chrono::milliseconds(1)) {
      return fail(code::arg, "window is 1 ms or more, not ", to_ms(o.window), " ms");
    }
    GYRE_CHECK(o.memory.check());
    if (o.driver == driver::workers && !GYRE_THREADS) {
      return fail(code::unsupported, "this build has no threads: use driver::host and poll()");
    }
    auto made = std::make_shared<core>(std::move(o));
    GYRE_CHECK(made->open_store());
    if (!made->env_.own_threads()) (void)made->start();
    return made;
  }

  explicit core(engine_options o) : env_(std::move(o)), bus_(env_.options.bus) {
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

  result<object_id> add(loop_options o, std::function<void(tick&)> function) {
    GYRE_CHECK(check(o));
    const bool own = o.features.engine_own() && !o.knobs.empty();
    GYRE_TRY(where, space::make(own ? own_features() : o.features.list(), o.knobs));
    auto loop = std::make_shared<loop_record>(std::move(o));
    loop->function = std::move(function);
    loop->own_features = own;
    loop->where = where;
    loop->seen.assign(where.features().size(), 0);
    loop->buckets.assign(where.features().size(), 0);

    const std::lock_guard lock(registry_);
    const std::string& name = loop->options.name;
    if (names_.contains(name)) return fail(code::exists, "there is a loop named \"", name, "\"");
    loop->order = added_;
    const std::string& group = loop->options.group;
    const std::uint64_t place = group.empty() ? added_ : siphash24(as_bytes(group));
    loop->shard = static_cast<std::uint32_t>(place % shards_.size());
    shard& home = *shards_[loop->shard];
    if (!loop->options.knobs.empty()) GYRE_CHECK(attach_learner(*loop));
    auto id = loops_.insert(loop);
    if (!id) {
      detach_learner(*loop);
      return id;
    }
    loop->id = *id;
    names_.emplace(name, *id);
    ++added_;
    env_.watch_for(loop->options.timeout);
    if (own || !loop->options.gates.empty()) wants_readings_ = true;
    {
      const leased hold(first().owner());
      loop->node = graph_.add_node(loop->id, name);
      by_node_.push_back(loop);
    }
    change(home, [&] {
      home.insert(loop);
      loop->paused = loop->options.paused;
      if (!env_.stopping && !loop->paused) home.start(*loop, now());
    });
    return loop->id;
  }
  result<void> remove(object_id id) {
    std::shared_ptr<loop_record> loop;
    {
      const std::lock_guard lock(registry_);
      GYRE_TRY(found, find_locked(id));
      loop = found;
      names_.erase(loop->options.name);
      (void)loops_.erase(id);
      retire_learner(*loop);
      metrics_stats last;
      change(*shards_[loop->shard], [&] {
        shards_[loop->shard]->remove(loop);
        last = loop->metrics.stats(now());
      });
      const leased hold(first().owner());
      add_up(retired_, last);
      graph_.remove_node(loop->node);
      std::erase(by_node_, loop);
    }
    return ok;
  }
  result<object_id> find(std::string_view name) {
    const std::lock_guard lock(registry_);
    const auto found = names_.find(name);
    if (found != names_.end()) return object_id{found->second};
    return fail(code::not_found, "no loop is named \"", name, "\"");
  }
  /// Calls f(shard, loop) under the loop's lease.
  template <class F>
  result<void> with_loop(object_id id, F&& f) {
    std::shared_ptr<loop_record> loop;
    {
      const std::lock_guard lock(registry_);
      GYRE_TRY(found, find_locked(id));
      loop = found;
    }
    result<void> done = ok;
    shard& home = *shards_[loop->shard];
    change(home, [&] {
      // remove() may have come first: between the look-up and the lease.
      done = loop->removed ? result<void>(bad_id(id, kind_loop)) : f(home, *loop);
    });
    return done;
  }
  result<void> pause(object_id id) {
    return with_loop(id, [](shard& s, loop_record& l) {
      s.pause(l);
      return result<void>(ok);
    });
  }
  result<void> resume(object_id id) {
    return with_loop(id, [this](shard& s, loop_record& l) {
      if (env_.stopping) {
        l.paused = false;
      } else {
        s.resume(l, now());
      }
      return result<void>(ok);
    });
  }
  result<void> trigger(object_id id) {
    return with_loop(id, [this](shard& s, loop_record& l) -> result<void> {
      if (env_.stopping) return fail(code::state, "the engine is stopped");
      if (l.paused) return fail(code::state, "loop \"", l.options.name, "\" is paused");
      s.trigger(l, now());
      return ok;
    });
  }
  result<void> reconfigure(object_id id, const loop_change& c) {
    return with_loop(id, [&](shard& s, loop_record& l) -> result<void> {
      loop_options o = l.options;
      if (c.interval) o.interval = *c.interval;
      if (c.timeout) o.timeout = *c.timeout;
      if (c.jitter) o.jitter = *c.jitter;
      if (c.missed) o.missed = *c.missed;
      if (c.priority) o.priority = *c.priority;
      if (c.retry) o.retry = *c.retry;
      GYRE_CHECK(check(o));
      const bool retimed = o.interval != l.options.interval;
      const bool rejitter = o.jitter != l.options.jitter;
      const bool reordered = rejitter || o.priority != l.options.priority;
      l.options.interval = o.interval;
      l.options.timeout = o.timeout;
      env_.watch_for(o.timeout);
      l.options.jitter = o.jitter;
      l.options.missed = o.missed;
      l.options.priority = o.priority;
      l.options.retry = o.retry;
      if (retimed) {
        s.retime(l, now());
        s.tell("gyre.interval",
               l.options.name + ": " + to_text(to_ms(o.interval)) + " ms, asked for", l.id);
      }
      if (reordered) s.reorder(l, rejitter, now());
      return ok;
    });
  }
  /// Calls f(shard, loop) for each loop of a group. NOT_FOUND when it has none.
  template <class F>
  result<void> with_group(std::string_view group, F&& f) {
    bool any = false;
    for (const auto& s : shards_) {
      change(*s, [&] {
        for (const auto& l : s->loops()) {
          if (l == nullptr || group.empty() || l->options.group != group) continue;
          any = true;
          f(*s, *l);
        }
      });
    }
    if (any) return ok;
    return fail(code::not_found, "no loop is in a group named \"", group, "\"");
  }
  result<void> pause_group(std::string_view group) {
    return with_group(group, [](shard& s, loop_record& l) { s.pause(l); });
  }
  result<void> resume_group(std::string_view group) {
    return with_group(group, [this](shard& s, loop_record& l) {
      if (env_.stopping) {
        l.paused = false;
      } else {
        s.resume(l, now());
      }
    });
  }
  void reset_metrics() {
    for (const auto& s : shards_) {
      const leased hold(s->owner());
      for (const auto& l : s->loops()) {
        if (l == nullptr) continue;
        l->metrics.reset();
        l->dropped = l->rewards = 0;
        l->reward_mean = 0;
        l->last_error.clear();
      }
      if (s->index() == 0) retired_ = {};
    }
  }

  // ---- time ----

  /// REENTRANT from a tick or a handler while stop() waits for it.
  result<void> start() {
#if GYRE_THREADS
    if (crew::inside(env_)) {
      if (!env_.stopping) return ok;
      return fail(code::reentrant, "start() was called inside of a tick that stop() waits for");
    }
#endif
    const std::lock_guard lock(control_);
    if (!env_.stopping) return ok;
    env_.stopping = false;
    const instant t = now();
    {
      const leased hold(first().owner());
      started_at_ = t;
      next_window_ = add_saturated(t, env_.options.window);
      next_commit_ = add_saturated(t, commit_every);
    }
    for (const auto& s : shards_) {
      const leased hold(s->owner());
      for (const auto& l : s->loops()) {
        if (l != nullptr && !l->paused) s->start(*l, t);
      }
    }
#if GYRE_THREADS
    if (env_.own_threads()) {
      crew_.start(env_, std::shared_ptr<crew_work>(shared_from_this(), this));
    }
#endif
    return ok;
  }

  /// Names of the loops whose ticks did not end in time. REENTRANT from a tick or a handler.
  result<std::vector<std::string>> stop(duration deadline) {
    std::vector<std::string> stragglers;
#if GYRE_THREADS
    if (crew::inside(env_)) {
      return fail(code::reentrant, "stop() waits for ticks to end and was called inside of one");
    }
#endif
    const std::lock_guard lock(control_);
    const bool again = env_.stopping.exchange(true);  // then only names who is still inside
    if (!again) call_off();
#if GYRE_THREADS
    if (env_.own_threads() && !again) stragglers = crew_.stop(env_, deadline);
    for (const auto& sh : shards_) {  // also those that were given up on before
      const leased hold(sh->owner());
      for (const auto& l : sh->loops()) {
        if (l == nullptr || !l->stuck || !l->occupied) continue;
        const std::string& who = l->options.name;
        if (std::find(stragglers.begin(), stragglers.end(), who) == stragglers.end()) {
          stragglers.push_back(who);
        }
      }
    }
#else
    (void)deadline;
#endif
    if (!again) save();
    return stragglers;
  }

  result<poll_result> poll(instant t, std::uint64_t most) {
    if (env_.options.driver != driver::host) {
      return fail(code::state, "poll() is for driver::host");
    }
    if (t > longest) return too_far(t);
    const driving here(*this);
    if (!here.first()) return already_driving();
    if (t > now()) env_.move_to(t);
    probe_readings();
    poll_result done;
    done.more = true;
    std::uint32_t rounds = 0;
    while (done.ticks < most && rounds < poll_rounds) {
      const step did = next_step(now());
      if (did == step::nothing) {
        done.more = false;
        break;
      }
      done.ticks += did == step::ticked ? 1 : 0;
      rounds = did == step::delivered ? rounds + 1 : 0;
    }
    done.next_due = next_event();
    return done;
  }
  result<std::uint64_t> advance_to(instant t) {
    if (!env_.is_virtual()) return fail(code::state, "advance_to() is for driver::virtual_time");
    if (t > longest) return too_far(t);
    const driving here(*this);
    if (!here.first()) return already_driving();
    std::uint64_t ticks = 0;
    for (;;) {
      const instant next = next_event();
      if (next > t || env_.stopping) break;
      if (next > now()) env_.move_to(next);
      std::uint32_t rounds = 0;
      for (step did = next_step(now()); did != step::nothing; did = next_step(now())) {
        ticks += did == step::ticked ? 1 : 0;
        rounds = did == step::delivered ? rounds + 1 : 0;
        if (rounds < advance_rounds) continue;
        return fail(code::state, "handlers published to each other for ", rounds,
                    " rounds at one instant; time cannot go on");
      }
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
    std::uint32_t n = 0;
    while (n < ids.size()) {
      const auto run = env_.desk.take();
      if (run == nullptr) break;
      shard& s = *shards_[run->shard];
      change(s, [&] {
        if (run->run.over) return;
        s.acquired(*run, now());
        ids[n++] = run->id;
      });
    }
    return n;
  }
  template <class F>
  result<void> with_tick(object_id id, F&& f) {
    const auto run = env_.desk.find(id);
    if (run == nullptr) return bad_id(id, kind_tick);
    tick t(run->run, *shards_[run->shard]);
    f(t);
    return ok;
  }
  result<void> complete(object_id id, duration taken) {
    const auto run = env_.desk.find(id);
    if (run == nullptr) return bad_id(id, kind_tick);
    shard& s = *shards_[run->shard];
    bool late = false;
    change(s, [&] {
      late = run->run.over || !run->acquired;
      if (late) return;
      run->run.taken = taken;
      s.complete(*run, now());
    });
    if (late) return bad_id(id, kind_tick);
    tell_all(s);
    return ok;
  }

  // ---- bus, memory, graph ----

  result<publish_receipt> publish(std::string_view topic, std::span<const std::byte> payload,
                                  publish_options o) {
    auto sent = send(topic, payload, o);
    if (sent && sent->dropped != 0 && o.source != 0) {
      (void)with_loop(o.source, [&](shard&, loop_record& l) {
        l.dropped += sent->dropped;
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
    GYRE_TRY(source, find_locked(a));
    GYRE_TRY(target, find_locked(b));
    const leased hold(first().owner());
    return graph_.declare(source->node, target->node, weight);
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
      for (const auto& l : s->loops()) {
        if (l != nullptr) s->unschedule(*l);
      }
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
        : home_(c.first()), epoch_(home_.owner().epoch()), lost_(c.bus_.lost()) {
      home_.enter_handler(c.now());
      home_.owner().release();
    }
    ~in_handler() {
      lost_ = !home_.owner().acquire(epoch_);
      if (!lost_) home_.leave_handler();
    }
    in_handler(const in_handler&) = delete;
    in_handler& operator=(const in_handler&) = delete;

   private:
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
    if (!o.retry.valid()) {
      return fail(code::arg, who, "backoff needs 0 <= base <= cap and jitter 0..1");
    }
    if (o.group.size() > 63) {
      return fail(code::arg, who, "a group's name is at most 63 bytes, not ", o.group.size());
    }
    for (const gate& g : o.gates) {
      if (auto good = gyre::check(g); !good) return fail(code::arg, who, good.error().text);
      if (g.of_latency() && o.metrics == metrics_mode::counters) {
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
  result<std::shared_ptr<loop_record>> find_locked(object_id id) {
    auto* found = loops_.find(id);
    if (found == nullptr) return bad_id(id, kind_loop);
    return std::shared_ptr<loop_record>(*found);
  }
  /// A change to what a shard owns, which may have to wake its thread.
  template <class F>
  void change(shard& s, F&& f) {
    bool ring = false;
    {
      const leased hold(s.owner());
      f();
      ring = s.must_wake();
    }
    if (ring) s.wake().ring();
  }

  result<void> attach_learner(loop_record& loop) {
    shard& home = *shards_[loop.shard];
    const bool alone = loop.options.group.empty();
    const std::string name = alone ? loop.options.name : loop.options.group;
    const std::string key = (alone ? "loop " : "group ") + name;
    const leased first_hold(first().owner());
    std::optional<leased> home_hold;
    if (home.index() != 0) home_hold.emplace(home.owner());
    shared_learner* mind = alone ? nullptr : home.find_learner(name);
    if (mind == nullptr) {
      learner_options l = loop.options.learning;
      if (!alone && l.capacity == 0) l.capacity = 10'000;
      auto made = std::make_unique<shared_learner>(shared_learner{
          name,
          {loop.where.states(), loop.where.actions(), l, env_.options.seed, loop.order},
          loop.where});
      made->stream = keeper::stream_of(key);
      if (keeper_.present()) keeper_.restore(*made);
      mind = home.add_learner(std::move(made));
    } else if (mind->where.features() != loop.where.features() ||
               mind->where.knobs() != loop.where.knobs()) {
      return fail(code::arg, "loop \"", loop.options.name, "\" shares the learner of its group \"",
                  name, "\", and has other features or knobs");
    }
    ++mind->users;
    loop.learning = mind;
    return ok;
  }
  void detach_learner(loop_record& loop) {
    if (loop.learning == nullptr) return;
    const leased hold(shards_[loop.shard]->owner());
    shards_[loop.shard]->leave_learner(loop);
  }

  /// What a learner has learned outlives its last loop, where there is a store.
  void retire_learner(const loop_record& loop) {
    const shared_learner* learned = loop.learning;
    if (learned == nullptr || learned->users != 1 || !keeper_.present()) return;
    const leased first_hold(first().owner());
    move_frames();
    std::optional<leased> home_hold;
    if (loop.shard != 0) home_hold.emplace(shards_[loop.shard]->owner());
    keeper_.retire(*learned);
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

  // ---- one step of host and virtual time ----

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
  enum class step : std::uint8_t { nothing, delivered, other, ticked };
  /// Does the next thing that is due at `t`.
  step next_step(instant t) {
    if (env_.stopping) return step::nothing;
    for (const auto& s : shards_) tell_all(*s);
    {
      const leased hold(first().owner());
      if (bus_.next_due() <= t && bus_.pump(t) != 0) return step::delivered;
      if (next_window_ <= t) {
        observe(t);
        return step::other;
      }
      if (keeper_.present() && commit_if_due(t)) return step::other;
    }
    shard* next = nullptr;
    due_entry best;
    for (const auto& s : shards_) {
      const leased hold(s->owner());
      s->expire(t);
      const due_entry* e = s->first();
      if (e == nullptr || e->due > t) continue;
      if (next == nullptr || runs_before({e->due, e->priority, e->order, 0, 0},
                                         {best.due, best.priority, best.order, 0, 0})) {
        next = s.get();
        best = *e;
      }
    }
    if (next == nullptr) return step::nothing;
    const std::uint64_t epoch = next->owner().acquire();
    const shard::step did = next->run_next(t, epoch);
    next->owner().release();
    tell_all(*next);
    return did == shard::step::ran ? step::ticked : step::other;
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
    vitalities_.clear();
    for (const auto& loop : by_node_) {
      loop_record& l = *loop;
      const auto n = static_cast<double>(std::max<std::uint64_t>(l.window_ticks, 1));
      observation row;
      row.node = l.node;
      row.rate = static_cast<double>(l.window_ticks);
      row.error_rate = static_cast<double>(l.window_errors) / n;
      if (l.window_ticks != 0) row.reward = l.window_reward / n;
      row.p95_ms = shard::recent_ms(l, .95, t);
      row.cycles = l.metrics.cycles();
      row.health = l.metrics.health(t);
      row.vitality = l.vitality;
      rows_.push_back(row);
      l.window_ticks = l.window_errors = 0;
      l.window_reward = 0;
      vitalities_.push_back({l.vitality, l.metrics.health(t)});
    }
    graph_.observe(rows_);
    bus_.pass_time(t);
    score_ = gyre::score(vitalities_);
    for (const auto& loop : by_node_) {
      if (loop->options.deferrable) throttle(*loop, t);
    }
    for (std::size_t i = shards_.size(); i-- > 1;) {
      const bool ring = shards_[i]->must_wake();  // the throttle may have made something due
      shards_[i]->owner().release();
      if (ring) shards_[i]->wake().ring();
    }
  }
  void throttle(loop_record& l, instant t) {
    const double factor = throttle_factor(l.throttle, bus_.health(), score_, l.options.interval);
    if (factor == l.throttle) return;
    l.throttle = factor;
    shards_[l.shard]->retime(l, t);
    first().tell("gyre.interval",
                 l.options.name + ": x" + to_fixed(factor, 3) + ", bus health " +
                     to_fixed(bus_.health(), 2) + ", score " + to_fixed(score_, 2),
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
      s->load() = r;
      if (mode != nullptr) s->mode() = *mode;
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
    out.name = l.options.name;
    out.group = l.options.group;
    out.state = state_of(l);
    out.metrics = l.metrics.stats(t);
    out.interval_ms = to_ms(l.times.interval());
    out.configured_ms = to_ms(l.options.interval);
    if (l.ticks == 0 && !l.scheduled) out.interval_ms = out.configured_ms;
    out.throttle = l.throttle;
    out.gate = l.closed_gate;
    for (const gate& g : l.options.gates) out.gates.push_back({g.name(), g.is_open()});
    out.last_error = l.last_error;
    out.dropped = l.dropped;
    out.vitality = l.vitality;
    out.state_index = l.state;
    out.action_index = l.action;
    out.reward = l.reward_mean;
    for (std::size_t i = 0; i < l.where.knobs().size(); ++i) {
      out.knobs.push_back({l.where.knobs()[i].name, l.where.value(l.action, i)});
    }
    for (std::size_t i = 0; i < l.where.features().size(); ++i) {
      out.features.push_back({l.where.features()[i].name, l.seen[i], l.buckets[i]});
    }
    return out;
  }
  loop_state state_of(const loop_record& l) const noexcept {
    const bool inside = l.occupied.load(std::memory_order_acquire);
    if (inside && l.stuck.load(std::memory_order_relaxed)) return loop_state::stuck;
    if (l.running) return loop_state::running;
    if (l.paused) return loop_state::paused;
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
    out.uptime_s = env_.stopping ? 0 : to_s(t - started_at_);
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
    std::map<const shared_learner*, int> index;
    for (const auto& s : shards_) {
      for (const auto& l : s->learners()) {
        index[l.get()] = static_cast<int>(out.learners.size());
        out.learners.push_back(describe(*l));
      }
    }
    describe_loops(out, index, t);
    bus_.pass_time(t);
    out.bus = bus_.stats();
    out.score = score_now(t);
    out.symbiosis = graph_.analyse();
    out.memory = records_->stats();
    out.blocks = records_->history(50);
    if (keeper_.present()) out.store = keeper_.stats();
    out.trace = trace_hash_held();
  }
  void describe_loops(snapshot_data& out, const std::map<const shared_learner*, int>& index,
                      instant t) {
    auto took = std::make_unique<histogram>();
    auto late = std::make_unique<histogram>();
    totals& sum = out.totals;
    sum = retired_;
    for (const auto& s : shards_) sum.events_dropped += s->events_dropped();
    for (const auto& l : by_node_) {
      out.loops.push_back(describe(*l, t));
      loop_stats& row = out.loops.back();
      if (l->learning != nullptr) row.learner = index.at(l->learning);
      const metrics_stats& m = row.metrics;
      ++sum.loops;
      sum.active += row.state != loop_state::paused && row.state != loop_state::stopped ? 1 : 0;
      sum.stuck += row.state == loop_state::stuck ? 1 : 0;
      add_up(sum, m);
      if (l->metrics.durations() == nullptr) continue;
      took->merge(l->metrics.durations()->total());
      late->merge(l->metrics.lateness()->total());
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
  }
  double score_now(instant t) {
    vitalities_.clear();
    for (const auto& l : by_node_) vitalities_.push_back({l->vitality, l->metrics.health(t)});
    return gyre::score(vitalities_);
  }

  // ---- crew_work ----

  shard::step keep_house(instant t, std::uint64_t epoch) override {
    shard::step did = shard::step::idle;
    if (bus_.next_due() <= t) {
      first().set_delivering(true);
      (void)bus_.pump(t, 64);
      if (first().owner().epoch() != epoch) return shard::step::lost;
      first().set_delivering(false);
      did = shard::step::ran;
    }
    if (next_window_ <= t) {
      observe(t);
      did = shard::step::ran;
    }
    if (keeper_.present() && commit_if_due(t)) did = shard::step::ran;
    return did;
  }
  instant next_house_work() const noexcept override {
    return keeper_.present() ? std::min(next_window_, next_commit_) : next_window_;
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

  std::mutex registry_;  // loops_, names_, added_; taken before any lease
  slot_map<std::shared_ptr<loop_record>> loops_{kind_loop};
  std::map<std::string, object_id, std::less<>> names_;
  std::uint32_t added_ = 0;

  std::mutex control_;  // start and stop
  std::atomic<bool> driving_{false};
  bool commit_failed_ = false;  // the last one by itself; under shard 0's lease
  instant started_at_{0}, next_window_{never}, next_commit_{never};

  graph graph_;  // this and the next: under shard 0's lease
  std::vector<std::shared_ptr<loop_record>> by_node_;  // in order of add
  std::vector<observation> rows_;
  std::vector<vital_sign> vitalities_;
  double score_ = 1;
  totals retired_;  // sums of the loops that were removed
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
