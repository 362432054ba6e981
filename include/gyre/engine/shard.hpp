// shard.hpp - the loops and learners that one thread drives, and how a tick flows through them.
// Room: engine. Threads: whoever holds the lease; user code runs while nobody does.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gyre/core/rng.hpp>
#include <gyre/engine/environment.hpp>
#include <gyre/observe/throttle.hpp>
#include <gyre/run/executor.hpp>
#include <gyre/run/scheduler.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// Type of a frame that holds one transition of a learner; see keeper.hpp.
inline constexpr std::uint8_t transition_frame = 1;

/// So much for the store is committed at once, without waiting for the next regular commit.
inline constexpr std::size_t commit_bytes = std::size_t{64} << 10;

/// Bytes for the store, collected between commits.
struct pending_frame {
  std::uint32_t stream;
  std::uint8_t type;
  std::size_t size;
};

/// Something the engine tells on its own bus; sent when the lease is free.
struct engine_event {
  const char* topic;
  std::string text;
  object_id source;
};

class shard final : public tick_services {
 public:
  enum class step : std::uint8_t { idle, ran, skipped, lost };

  shard(environment& env, std::uint32_t index, trace& out)
      : env_(env), index_(index), trace_(out) {}
  shard(const shard&) = delete;
  shard& operator=(const shard&) = delete;

  gyre::lease& owner() noexcept { return lease_; }
  std::uint32_t index() const noexcept { return index_; }

  // All below: the caller holds owner().

  const std::vector<std::shared_ptr<loop_record>>& loops() const noexcept { return slots_; }
  const std::vector<std::unique_ptr<shared_learner>>& learners() const noexcept {
    return learners_;
  }
  reading& load() noexcept { return load_; }
  std::string& mode() noexcept { return mode_; }
  std::vector<pending_frame>& frames() noexcept { return frames_; }
  byte_writer& frame_bytes() noexcept { return frame_bytes_; }

  void insert(const std::shared_ptr<loop_record>& loop) {
    if (free_.empty()) {
      loop->slot = static_cast<std::uint32_t>(slots_.size());
      slots_.push_back(loop);
      queue_.reserve(slots_.size());
      if (outstanding_.capacity() < slots_.size()) outstanding_.reserve(slots_.capacity());
    } else {
      loop->slot = free_.back();
      free_.pop_back();
      slots_[loop->slot] = loop;
    }
  }
  /// Takes the loop out; a tick of it that runs now ends without being counted.
  void remove(const std::shared_ptr<loop_record>& loop) {
    loop->removed = true;
    loop->cancel.store(true, std::memory_order_relaxed);
    unschedule(*loop);
    for (const auto& run : outstanding_) {
      if (run->run.loop == loop) give_up(*run);
    }
    drop_finished();
    slots_[loop->slot].reset();
    free_.push_back(loop->slot);
    leave_learner(*loop);
  }
  /// The last loop that leaves a learner takes it out.
  void leave_learner(loop_record& loop) {
    if (loop.learning != nullptr && --loop.learning->users == 0) {
      std::erase_if(learners_, [&](const auto& l) { return l.get() == loop.learning; });
    }
    loop.learning = nullptr;
  }

  shared_learner* find_learner(std::string_view name) noexcept {
    for (const auto& l : learners_) {
      if (l->name == name) return l.get();
    }
    return nullptr;
  }
  shared_learner* add_learner(std::unique_ptr<shared_learner> l) {
    learners_.push_back(std::move(l));
    return learners_.back().get();
  }

  /// Puts the loop on a new grid that starts now, or after a random part of its interval.
  void start(loop_record& loop, instant now) {
    const double part = loop.options.jitter > 0
                            ? unit(mix(env_.options.seed, loop.order,
                                       static_cast<std::uint64_t>(purpose::phase), 0))
                            : 0;
    const duration every = stretched(loop);
    loop.times = timetable(add_saturated(now, scale(every, part)), every);
    loop.backing_off = false;
    schedule(loop, now);
  }
  /// Next tick by the timetable, `earliest` at the earliest; without that it may be overdue.
  void schedule(loop_record& loop, instant earliest = instant::min()) {
    if (loop.paused || loop.removed) return;
    const double draw = unit(mix(env_.options.seed, loop.order,
                                 static_cast<std::uint64_t>(purpose::jitter), loop.times.index()));
    loop.due = std::max(loop.times.due(loop.options.jitter, draw), earliest);
    push(loop);
  }
  void unschedule(loop_record& loop) noexcept {
    if (loop.scheduled) (void)queue_.cancel(loop.slot, loop.generation);
    loop.scheduled = loop.triggered = false;
  }
  void trigger(loop_record& loop, instant now) {
    loop.triggered = true;
    loop.due = now;
    push(loop);
  }
  void pause(loop_record& loop) noexcept {
    loop.paused = true;
    unschedule(loop);
  }
  void resume(loop_record& loop, instant now) {
    if (!loop.paused) return;
    loop.paused = loop.backing_off = false;
    // A tick that runs now rejoins the timetable at its end.
    if (loop.occupied.load(std::memory_order_acquire) && loop.running) return;
    if (loop.times.interval() == stretched(loop) && loop.ticks > 0) {
      loop.times.realign(now);
      schedule(loop, now);
    } else {
      start(loop, now);
    }
  }
  /// Takes a new interval, or a new throttle, from the next grid point on.
  void retime(loop_record& loop, instant now) {
    loop.times.retime(stretched(loop), now);
    if (loop.scheduled && !loop.triggered) schedule(loop, now);
  }
  /// Takes a new priority, and a new jitter, for the tick that is scheduled.
  void reorder(loop_record& loop, bool rejitter, instant now) {
    if (!loop.scheduled) return;
    if (rejitter && !loop.triggered) {
      schedule(loop, now);
    } else {
      push(loop);
    }
  }

  /// First in order among what is due, by (due, priority, order of add); null when nothing waits.
  const due_entry* first() const noexcept { return queue_.peek(); }
  /// When something happens next: a tick, an external deadline, a retry on the bus.
  instant next_event() const noexcept {
    instant t = queue_.next_due();
    if (index_ == 0) t = std::min(t, env_.events->next_due());
    for (const auto& run : outstanding_) {
      if (run->acquired) t = std::min(t, run->deadline);
    }
    return t;
  }

  /// Runs the first due tick. Held before; held after, except when `lost`: then this thread was
  /// given up on and must leave without touching the shard.
  step run_next(instant now, std::uint64_t epoch) {
    due_entry entry;
    if (!queue_.pop_due(now, entry)) return step::idle;
    const std::shared_ptr<loop_record> loop = slots_[entry.slot];
    loop->scheduled = false;
    const bool asked = std::exchange(loop->triggered, false);
    if (loop->occupied.load(std::memory_order_acquire)) {  // never a second copy
      loop->metrics.missed(1 + (asked ? 0 : arrive(*loop, now).missed));
      schedule(*loop);
      return step::skipped;
    }
    if (!gates_open(*loop, now)) {
      if (!asked) (void)arrive(*loop, now);
      schedule(*loop);
      return step::skipped;
    }
    const arrival a = asked ? arrival{} : arrive(*loop, now);
    if (a.missed != 0) loop->metrics.missed(a.missed);
    if (!a.run) {
      schedule(*loop);
      return step::skipped;
    }
    return run(loop, a.missed, entry.due, now, epoch);
  }

  /// Ends external ticks whose deadline has passed.
  void expire(instant now) {
    for (const auto& run : outstanding_) {
      if (!run->run.over && run->acquired && run->deadline <= now) {
        loop_record& loop = *run->run.loop;
        give_up(*run);
        account_timeout(loop, run->run, now);
      }
    }
    drop_finished();
  }
  void acquired(external_run& run, instant now) noexcept {
    run.acquired = true;
    run.run.began = run.run.started = now;
    run.deadline = add_saturated(now, run.run.loop->options.timeout);
  }
  /// The caller has run this external tick.
  void complete(external_run& external, instant now) {
    external.run.over = true;
    finish(external.run, now, now);
    env_.desk.erase(external.id);
    drop_finished();
  }
  /// Gives up every external tick, as the engine stops: not counted.
  void give_up_all() {
    for (const auto& run : outstanding_) give_up(*run);
    drop_finished();
  }

  /// The tick that runs in user code now, null when none does.
  const std::shared_ptr<loop_record>& running() const noexcept { return running_; }
  instant running_until() const noexcept { return running_until_; }
  /// Locks out the thread that runs user code and accounts its tick as timed out. @return the epoch
  /// for the thread that goes on. @pre running()
  std::uint64_t abandon(instant now) {
    const std::shared_ptr<loop_record> loop = std::move(running_);
    running_.reset();
    loop->stuck.store(true, std::memory_order_relaxed);
    run_state ghost;
    ghost.due = loop->due;
    ghost.began = running_since_;
    account_timeout(*loop, ghost, now);
    tell("gyre.stuck", loop->options.name, loop->id);
    return lease_.pass_on();
  }

  /// The shard's own thread is delivering, or not: only then a handler may be given up on.
  void set_delivering(bool on) noexcept { delivering_ = on; }
  /// A handler of the bus runs on this thread from now on, without the lease. Shard 0 only.
  void enter_handler(instant now) noexcept {
    handler_thread_ = std::this_thread::get_id();
    handler_since_ = now;
    in_handler_ = true;
  }
  void leave_handler() noexcept { in_handler_ = false; }
  bool in_handler() const noexcept { return in_handler_ && delivering_; }
  instant handler_since() const noexcept { return handler_since_; }
  /// Locks out the thread that runs a handler, whose subscription ends. @return the epoch for the
  /// thread that goes on. @pre in_handler()
  std::uint64_t abandon_handler(instant now) {
    in_handler_ = delivering_ = false;
    tell("gyre.stuck", join("the handler of ", env_.events->abandon(now)), 0);
    return lease_.pass_on();
  }

  /// Events that wait to be published; take them, free the lease, publish.
  std::vector<engine_event>& told() noexcept { return told_; }
  void tell(const char* topic, std::string text, object_id source) {
    if (told_.size() < std::max<std::size_t>(min_told, 2 * slots_.size())) {
      told_.push_back({topic, std::move(text), source});
    } else {
      ++events_dropped_;
    }
  }
  std::uint64_t events_dropped() const noexcept { return events_dropped_; }
  /// Keeps what holds a user's closures until the lease is free: what they captured may call the
  /// engine as it goes.
  void bury(std::shared_ptr<void> closures) { buried_.push_back(std::move(closures)); }
  std::vector<std::shared_ptr<void>>& buried() noexcept { return buried_; }
  bool has_afterwork() const noexcept { return !told_.empty() || !buried_.empty(); }

  /// Sleeping is asked of the alarm by whoever drives this shard; who changes something that
  /// should wake it calls this with the lease held and rings after freeing it.
  bool must_wake() noexcept { return std::exchange(asleep_, false); }
  void fall_asleep() noexcept { asleep_ = true; }
  alarm& wake() noexcept { return alarm_; }

  /// A quantile of the loop's recent durations; NaN without any.
  static double recent_ms(const loop_record& loop, double q, instant now) {
    const windowed_histogram* took = loop.metrics.durations();
    if (took == nullptr) return std::numeric_limits<double>::quiet_NaN();
    return took->window(now).quantile(q) * 1e-6;
  }
  void keep_frame(std::uint32_t stream, std::uint8_t type, std::span<const std::byte> bytes) {
    frames_.push_back({stream, type, bytes.size()});
    frame_bytes_.raw(bytes);
    if (frame_bytes_.size() < commit_bytes / env_.shards.size()) return;
    if (env_.commit_wanted.exchange(true, std::memory_order_relaxed)) return;
    if (index_ != 0) env_.shards[0]->wake().ring();
  }

  // tick_services: for the thread that runs a tick, without the lease.

  code knob(run_state& run, std::string_view name, double& value) override {
    if (!enter(run)) return code::cancelled;
    loop_record& loop = *run.loop;
    const int i = loop.where.knob_index(name);
    if (i >= 0) {
      choose(run);
      value = loop.where.value(run.action, static_cast<std::size_t>(i));
    } else {
      spoil(run, "loop \"" + loop.options.name + "\" has no knob \"" + std::string(name) + "\"");
    }
    lease_.release();
    return i >= 0 ? code::ok : code::not_found;
  }
  code feature(run_state& run, std::string_view name, double value) override {
    if (!enter(run)) return code::cancelled;
    loop_record& loop = *run.loop;
    const int i = loop.own_features ? -1 : loop.where.feature_index(name);
    code done = code::ok;
    if (i < 0) {
      spoil(run, "loop \"" + loop.options.name + "\" has no feature \"" + std::string(name) + "\"");
      done = code::not_found;
    } else if (std::isnan(value)) {
      spoil(run, "feature \"" + std::string(name) + "\" was reported as NaN");
      done = code::arg;
    } else {
      see(loop, static_cast<std::size_t>(i), value);
    }
    lease_.release();
    return done;
  }
  code vitality(run_state& run, double value) override {
    if (!enter(run)) return code::cancelled;
    const bool good = value >= 0 && value <= 1;
    if (good) {
      run.loop->vitality = value;
    } else {
      spoil(run, "vitality is 0..1, not " + to_text(value));
    }
    lease_.release();
    return good ? code::ok : code::arg;
  }
  code publish(run_state& run, std::string_view topic, std::span<const std::byte> p,
               publish_options o) override {
    if (const code c = alive(run); c != code::ok) return c;
    o.source = run.loop->id;
    o.may_wait = false;
    const auto sent = publish_at_home(env_, topic, p, o);
    if (!enter(run)) return code::cancelled;
    if (sent) {
      run.loop->dropped += sent->dropped;
    } else {
      spoil(run, sent.error().text);
    }
    lease_.release();
    return sent.code();
  }
  code remember(run_state& run, const record& r) override {
    if (const code c = alive(run); c != code::ok) return c;
    const result<void> kept = remember_at_home(env_, r, run.loop->options.name);
    if (kept) return code::ok;
    if (!enter(run)) return code::cancelled;
    spoil(run, kept.error().text);
    lease_.release();
    return kept.code();
  }
  code alive(const run_state& run) const noexcept override {
    const bool good =
        run.external ? !run.over.load(std::memory_order_acquire) : lease_.epoch() == run.epoch;
    return good ? code::ok : code::cancelled;
  }
  bool cancelled(const run_state& run) const noexcept override {
    return run.loop->cancel.load(std::memory_order_relaxed) || alive(run) != code::ok;
  }
  duration elapsed(const run_state& run) const noexcept override {
    if (env_.is_virtual()) return run.spent;
    return (run.external ? env_.now() : measure()) - run.started + run.spent;
  }
  duration cpu(run_state& run) const noexcept override {
    if (env_.is_virtual()) return run.spent;
    if (run.external) return elapsed(run);
    const duration t = thread_cpu_now();
    if (run.cpu_started == duration::min()) {
      run.loop->wants_cpu.store(true, std::memory_order_relaxed);
      run.cpu_started = t - (measure() - run.started);
    }
    return t - run.cpu_started + run.spent;
  }

  /// Publishes on the engine's bus and remembers in its memory, which shard 0 owns; the caller
  /// holds no lease.
  static result<publish_receipt> publish_at_home(environment& env, std::string_view topic,
                                                 std::span<const std::byte> payload,
                                                 const publish_options& o) {
    shard& home = *env.shards[0];
    bool ring = false;
    result<publish_receipt> sent = [&] {
      const leased hold(home.lease_);
      publish_options sent_as = o;
      sent_as.follow = home.in_handler_ && home.handler_thread_ == std::this_thread::get_id();
      auto r = env.events->publish(topic, payload, sent_as, env.now());
      ring = r && r->matched > 0 && home.must_wake();
      return r;
    }();
    if (ring) home.alarm_.ring();
    return sent;
  }
  static result<void> remember_at_home(environment& env, const record& r, const std::string& loop) {
    shard& home = *env.shards[0];
    const leased hold(home.lease_);
    if (!r.source.empty()) return env.records->remember(r, env.wall_ms());
    home.named_ = r;
    home.named_.source = loop;
    return env.records->remember(home.named_, env.wall_ms());
  }

 private:
  static constexpr std::size_t min_told = 64;  // events between two ticks; or two a loop

  void push(loop_record& loop) {
    loop.scheduled = true;
    queue_.push({loop.due, loop.options.priority, loop.order, loop.slot, ++loop.generation});
  }
  static duration stretched(const loop_record& loop) noexcept {
    return throttled(loop.options.interval, loop.throttle);
  }
  static arrival arrive(loop_record& loop, instant now) noexcept {
    return loop.times.arrive(now, loop.options.missed, loop.options.burst);
  }
  bool gates_open(loop_record& loop, instant now) {
    if (loop.options.gates.empty()) return true;
    reading r = load_;
    r.mode = mode_;
    r.latency_ms = recent_ms(loop, .99, now);
    const gate* closed = first_closed(loop.options.gates, r);
    loop.gated = closed != nullptr;
    if (closed == nullptr) {
      loop.closed_gate.clear();
      return true;
    }
    loop.closed_gate = closed->name();
    loop.metrics.gated();
    return false;
  }
  /// The clock that durations are measured by.
  instant measure() const noexcept {
    return env_.is_virtual() || !GYRE_THREADS ? env_.now() : monotonic_now() - env_.zero;
  }

  step run(const std::shared_ptr<loop_record>& loop, std::uint64_t missed, instant due, instant now,
           std::uint64_t epoch) {
    std::shared_ptr<external_run> external;
    if (!loop->function) {
      external =
          std::allocate_shared<external_run>(run_allocator<external_run>(env_.external_memory));
      prepare(external->run, loop, missed, due, now, epoch);
      external->run.external = true;
      external->shard = index_;
      if (!env_.desk.offer(external)) {  // a million of them are out
        loop->metrics.missed(1);
        schedule(*loop);
        return step::skipped;
      }
      outstanding_.push_back(external);
    }
    loop->running = true;
    loop->backing_off = false;
    loop->due = due;
    loop->cancel.store(false, std::memory_order_relaxed);
    loop->stuck.store(false, std::memory_order_relaxed);
    loop->occupied.store(true, std::memory_order_relaxed);
    if (external != nullptr) return step::ran;
    run_state state;
    prepare(state, loop, missed, due, now, epoch);
    if (!env_.is_virtual()) {
      state.started = measure();
      if (loop->wants_cpu.load(std::memory_order_relaxed)) state.cpu_started = thread_cpu_now();
    }
    running_ = loop;
    running_since_ = now;
    running_until_ = add_saturated(now, loop->options.timeout);
    lease_.release();
    call(*loop, state);
    if (!lease_.acquire(epoch)) {
      loop->occupied.store(false, std::memory_order_release);
      return step::lost;
    }
    running_.reset();
    const instant ended = measure();
    finish(state, ended, env_.is_virtual() ? now : add_saturated(now, ended - state.started));
    return step::ran;
  }
  static void prepare(run_state& state, const std::shared_ptr<loop_record>& loop,
                      std::uint64_t missed, instant due, instant now, std::uint64_t epoch) {
    state.loop = loop;
    state.epoch = epoch;
    state.loop_id = loop->id;
    state.number = loop->ticks;
    state.due = due;
    state.began = state.started = now;
    state.missed = missed;
  }
  /// The user's function; what it throws is a failed tick.
  void call(loop_record& loop, run_state& state) {
    tick t(state, *this);
#if GYRE_EXCEPTIONS
    try {
      loop.function(t);
    } catch (const std::exception& e) {
      (void)t.fail(e.what());
    } catch (...) {
      (void)t.fail("the tick threw something that is not a std::exception");
    }
#else
    loop.function(t);
#endif
  }

  bool enter(const run_state& run) noexcept {
    if (!run.external) return lease_.acquire(run.epoch);
    (void)lease_.acquire();
    if (!run.over) return true;
    lease_.release();
    return false;
  }
  static void spoil(run_state& run, std::string text) {
    if (!run.failed) run.text = std::move(text);
    run.failed = true;
  }
  static void choose(run_state& run) noexcept {
    if (run.chosen) return;
    loop_record& loop = *run.loop;
    run.chosen = true;
    run.state = loop.where.state(loop.buckets);
    run.action = loop.learning != nullptr ? loop.learning->mind.choose(run.state) : 0;
    loop.state = run.state;
    loop.action = run.action;
  }
  static void see(loop_record& loop, std::size_t i, double value) noexcept {
    loop.seen[i] = value;
    loop.buckets[i] = loop.where.bucket(i, value);
  }

  /// From outcome to the next tick. @param measured the end on the clock of run.started
  void finish(run_state& run, instant measured, instant end) {
    loop_record& loop = *run.loop;
    loop.running = false;
    loop.occupied.store(false, std::memory_order_relaxed);
    if (loop.removed) {
      bury(run.loop);
      return;
    }
    const duration took = duration_of(run, measured);
    const tick_status status = judge(run, took);
    loop.streak = status == tick_status::ok ? 0 : loop.streak + 1;
    choose(run);
    if (loop.own_features) see_own(loop, took, end);
    learn(run, status);
    loop.metrics.record(status, took, std::max(duration::zero(), run.began - run.due), end);
    trace_.add(loop.order, run.number, run.due, static_cast<std::uint32_t>(status), run.state,
               run.action, std::isfinite(run.reward) ? run.reward : 0);
    ++loop.ticks;
    ++loop.window_ticks;
    again(loop, status, run.text, end);
  }
  /// The tick is over without its result: counted as timed out, nothing learned.
  void account_timeout(loop_record& loop, const run_state& run, instant now) {
    loop.running = false;
    ++loop.streak;
    loop.metrics.record(tick_status::timeout, now - run.began,
                        std::max(duration::zero(), run.began - run.due), now);
    ++loop.window_ticks;
    again(loop, tick_status::timeout,
          "did not end within " + to_text(to_ms(loop.options.timeout)) + " ms", now);
  }
  /// Back on the timetable, after a failure not before its backoff.
  void again(loop_record& loop, tick_status status, const std::string& why, instant end) {
    const std::uint64_t given_up = loop.times.finish(end, loop.options.missed);
    if (given_up != 0) loop.metrics.missed(given_up);
    loop.backing_off = status != tick_status::ok;
    if (loop.backing_off) {
      ++loop.window_errors;
      loop.last_error = why;
      const double draw = unit(mix(env_.options.seed, loop.order,
                                   static_cast<std::uint64_t>(purpose::backoff), loop.ticks));
      loop.times.postpone(add_saturated(end, loop.options.retry.after(loop.streak, draw)));
      tell(status == tick_status::timeout ? "gyre.timeout" : "gyre.failed",
           loop.options.name + ": " + why, loop.id);
    }
    if (!env_.stopping.load(std::memory_order_relaxed) && !loop.triggered) schedule(loop);
  }
  duration duration_of(const run_state& run, instant end) const noexcept {
    if (run.taken >= duration::zero()) return run.taken;
    if (env_.is_virtual()) return run.external ? end - run.started + run.spent : run.spent;
    return end - run.started + run.spent;
  }
  tick_status judge(run_state& run, duration took) const {
    if (took > run.loop->options.timeout) {
      if (!run.failed) {
        run.text = "took " + to_fixed(to_ms(took), 3) + " ms, the timeout is " +
                   to_text(to_ms(run.loop->options.timeout)) + " ms";
      }
      return tick_status::timeout;
    }
    if (!run.failed) return tick_status::ok;
    return env_.stopping.load(std::memory_order_relaxed) ? tick_status::cancelled
                                                         : tick_status::error;
  }
  void see_own(loop_record& loop, duration took, instant now) noexcept {
    const double median = recent_ms(loop, .5, now);
    see(loop, 0, loop.streak);
    see(loop, 1, median > 0 ? to_ms(took) / median : 1);
    see(loop, 2, std::isnan(load_.cpu_percent) ? 0 : load_.cpu_percent);
  }
  void learn(run_state& run, tick_status status) {
    loop_record& loop = *run.loop;
    if (!run.rewarded) run.reward = status == tick_status::ok ? 1 : -double(loop.streak);
    if (!std::isfinite(run.reward)) return;
    ++loop.rewards;
    loop.window_reward += run.reward;
    const auto weight = static_cast<double>(std::min<std::uint64_t>(loop.rewards, 20));
    loop.reward_mean += (run.reward - loop.reward_mean) / weight;
    if (loop.learning == nullptr) return;
    const transition seen{run.state, run.action, static_cast<float>(run.reward),
                          loop.where.state(loop.buckets), 0, 0};
    if (!loop.learning->mind.observe(seen) || !env_.journalled) return;
    scratch_.clear();
    scratch_.u32(seen.state);
    scratch_.u32(seen.action);
    scratch_.f32(seen.reward);
    scratch_.u32(seen.next);
    scratch_.varint(loop.learning->mind.decisions());
    keep_frame(loop.learning->stream, transition_frame, scratch_.data());
  }
  void give_up(external_run& run) {
    if (run.run.over.exchange(true)) return;
    loop_record& loop = *run.run.loop;
    loop.running = false;
    loop.occupied.store(false, std::memory_order_relaxed);
    env_.desk.erase(run.id);
  }
  void drop_finished() {
    std::erase_if(outstanding_, [](const auto& run) { return run->run.over.load(); });
  }

  environment& env_;
  std::uint32_t index_;
  trace& trace_;
  gyre::lease lease_;
  alarm alarm_;
  bool asleep_ = false;

  scheduler queue_;
  std::vector<std::shared_ptr<loop_record>> slots_;
  std::vector<std::uint32_t> free_;
  std::vector<std::unique_ptr<shared_learner>> learners_;
  std::vector<std::shared_ptr<external_run>> outstanding_;
  reading load_;
  std::string mode_ = "normal";

  std::shared_ptr<loop_record> running_;
  instant running_since_{0}, running_until_{0};
  bool in_handler_ = false, delivering_ = false;
  std::thread::id handler_thread_;
  instant handler_since_{0};
  std::vector<engine_event> told_;
  std::uint64_t events_dropped_ = 0;
  std::vector<std::shared_ptr<void>> buried_;
  record named_;  ///< of shard 0: the last one remembered without a source; kept for its memory
  std::vector<pending_frame> frames_;
  byte_writer frame_bytes_, scratch_;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
