// shard.hpp - the loops and learners that one thread drives, and how a tick flows through them.
// Room: engine. Threads: whoever holds the lease; user code runs while nobody does.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gyre/core/rng.hpp>
#include <gyre/engine/environment.hpp>
#include <gyre/observe/throttle.hpp>
#include <gyre/run/executor.hpp>
#include <gyre/run/ready.hpp>

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
  shard(environment& env, std::uint32_t index, trace& out)
      : env_(env), index_(index), trace_(out) {}
  shard(const shard&) = delete;
  shard& operator=(const shard&) = delete;

  gyre::lease& owner() noexcept { return lease_; }
  std::uint32_t index() const noexcept { return index_; }

  // All below: the caller holds owner().

  const std::vector<std::unique_ptr<shared_learner>>& learners() const noexcept {
    return learners_;
  }
  const reading& load() const noexcept { return load_; }  ///< without its mode
  const std::string& mode() const noexcept { return mode_; }
  /// What gates see from now on. @param mode null: as it was
  void take(const reading& load, const std::string_view* mode) {
    load_ = load;
    if (mode != nullptr) mode_ = *mode;
    if (++load_number_ == 0) load_number_ = 1;
  }
  std::vector<pending_frame>& frames() noexcept { return frames_; }
  byte_writer& frame_bytes() noexcept { return frame_bytes_; }

  /// Calls f(loop) for each loop, in order of slot.
  template <class F>
  void each(F&& f) {
    for (std::uint32_t slot = 0; slot < slots_; ++slot) {
      loop_record& l = env_.table.of_slot(index_, slot);
      if (l.plan != nullptr && !l.removed) f(l);
    }
  }
  std::size_t size() const noexcept { return size_; }  ///< loops
  /// The loop of an id of this shard, null when it is gone or was never there.
  loop_record* find(object_id id) noexcept {
    const std::uint32_t slot = env_.table.slot_of(id);
    if (id_kind(id) != kind_loop || slot >= slots_) return nullptr;
    loop_record& l = env_.table.of_slot(index_, slot);
    return l.id == id && l.plan != nullptr && !l.removed ? &l : nullptr;
  }
  /// The loops that have an extra. All others are as well as can be.
  const std::vector<loop_record*>& with_extra() const noexcept { return with_extra_; }

  /// Order of add. Stays while the registry is held, or the lease.
  std::uint32_t order(const loop_record& loop) const noexcept {
    return queue_.order(slot_of(loop));
  }

  /// The slot that the next insert() takes. The engine's registry is held too.
  std::uint32_t next_slot() const noexcept { return free_.empty() ? slots_ : free_.back(); }
  /// A new loop in that slot, whose record the table has. @param plan taken for it
  loop_record& insert(const loop_plan* plan, std::string_view name, std::uint32_t order) {
    const std::uint32_t slot = next_slot();
    const bool fresh = free_.empty();
    loop_record& loop = env_.table.of_slot(index_, slot);
    if (fresh) {
      ++slots_;
      loop.id = make_id(kind_loop, 1, slot * env_.options.shards + index_);
      queue_.reserve(slots_);
    } else {
      free_.pop_back();
    }
    ++size_;
    loop.plan = plan;
    meet_class(plan->priority);
    env_.table.set_name(loop, name);
    queue_.set_order(slot, order);
    env_.table.set_metrics(loop, plan->metrics);
    return loop;
  }
  /// The loop's extra; a new one if it had none until now.
  loop_extra& extra(loop_record& loop) {
    if (loop.extra != nullptr) return *loop.extra;
    adopt(loop, std::make_unique<loop_extra>());
    loop.extra->rewards = loop.metrics.cycles();  // a reward of 1 each, until now
    loop.extra->reward_mean = loop.extra->rewards != 0 ? 1 : 0;
    return *loop.extra;
  }
  void adopt(loop_record& loop, std::unique_ptr<loop_extra> extra) {
    loop.extra = std::move(extra);
    loop.extra->place = static_cast<std::uint32_t>(with_extra_.size());
    with_extra_.push_back(&loop);
  }
  /// Takes the loop out; a tick of it that runs now ends without being counted, and the record is
  /// used again after that.
  void remove(loop_record& loop) {
    loop.removed = true;
    --size_;
    unschedule(loop);
    if (running_ != nullptr && running_->loop == &loop) running_->cancel = true;
    for (std::size_t i = 0; i < flights_.size(); ++i) {
      run_state* const run = flights_[i].run;
      if (run == nullptr || run->loop != &loop) continue;
      run->cancel = true;
      if (flights_[i].kept != nullptr) give_up(*run);
    }
    leave_learner(loop);
    if (loop.inside == 0) release(loop);
  }
  /// The last loop that leaves a learner takes it out.
  void leave_learner(loop_record& loop) {
    if (loop.extra == nullptr || loop.extra->learning == nullptr) return;
    shared_learner* const left = std::exchange(loop.extra->learning, nullptr);
    if (--left->users != 0) return;
    std::erase_if(learners_, [&](const auto& l) { return l.get() == left; });
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
    const double part = loop.plan->jitter > 0 ? draw(order(loop), purpose::phase, 0) : 0;
    const duration every = stretched(loop);
    loop.times = timetable(add_saturated(now, scale(every, part)), every);
    loop.backing_off = false;
    if (loop.extra != nullptr) loop.extra->postponed = instant::min();
    schedule(loop, now);
  }
  /// Next tick by the timetable, `earliest` at the earliest; without that it may be overdue.
  void schedule(loop_record& loop, instant earliest = instant::min()) {
    if (loop.paused != 0 || loop.removed) return;
    const std::uint32_t slot = slot_of(loop), order = queue_.order(slot);
    const double jitter = loop.plan->jitter;
    const double part = jitter > 0 ? draw(order, purpose::jitter, loop.times.index()) : .5;
    const instant until = loop.extra == nullptr ? instant::min() : loop.extra->postponed;
    const instant due = std::max(loop.times.due(jitter, part, until), earliest);
    enter_queue(loop, {due, loop.plan->priority, order, slot});
  }
  void unschedule(loop_record& loop) noexcept {
    if (loop.scheduled && !queue_.cancel(slot_of(loop))) ready_.cancel(slot_of(loop));
    if (hasty(loop)) (void)hasty_.cancel(slot_of(loop));
    loop.scheduled = loop.triggered = loop.spread = false;
  }
  /// Before the loop gets a plan with another slack; reorder() after it.
  void forget_slack(loop_record& loop) noexcept {
    if (hasty(loop)) (void)hasty_.cancel(slot_of(loop));
  }
  void unschedule_all() noexcept {
    each([](loop_record& l) { l.scheduled = l.triggered = l.spread = false; });
    queue_.clear();
    hasty_.clear();
    while (const due_entry* const late = ready_.peek()) ready_.cancel(late->slot);
    rest();
  }
  void trigger(loop_record& loop, instant now) {
    loop.triggered = true;
    ready_.cancel(slot_of(loop));
    push(loop, now);
  }
  void pause(loop_record& loop, std::uint8_t why) noexcept {
    loop.paused |= why;
    unschedule(loop);
  }
  /// @return whether it goes on, this having been the last reason not to
  bool resume(loop_record& loop, std::uint8_t why, instant now) {
    if (loop.paused != why) {
      loop.paused = static_cast<std::uint8_t>(loop.paused & ~why);
      return false;
    }
    loop.paused = 0;
    loop.told = false;
    if (!env_.stopping.load(std::memory_order_relaxed)) go_on(loop, now);
    return true;
  }
  /// Back on its grid.
  void go_on(loop_record& loop, instant now) {
    loop.backing_off = false;
    // A tick that runs now rejoins the timetable at its end.
    if (loop.running) return;
    if (loop.times.interval() == stretched(loop) && loop.metrics.finished() > 0) {
      loop.times.realign(now);
      if (loop.extra != nullptr) loop.extra->postponed = instant::min();
      schedule(loop, now);
    } else {
      start(loop, now);
    }
  }
  /// What runs of loops that were told to gives up; external ticks that nobody has acquired end.
  void pass_on_told() {
    if (running_ != nullptr && running_->loop->told) running_->cancel = true;
    for (std::size_t i = 0; i < flights_.size(); ++i) {
      run_state* const run = flights_[i].run;
      if (run == nullptr || !run->loop->told) continue;
      run->cancel = true;
      if (run->external && !flights_[i].kept->acquired) give_up(*run);
    }
  }
  /// Takes a new configured interval, or a new throttle, from the next grid point on.
  void retime(loop_record& loop, duration configured, instant now) {
    loop_extra* const extra = loop.extra.get();
    if (extra != nullptr && extra->configured > duration::zero()) {
      extra->configured = configured;
      configured = throttled(configured, extra->factor());
    }
    loop.times.retime(configured, now);
    if (!loop.scheduled || loop.triggered) return;
    ready_.cancel(slot_of(loop));
    schedule(loop, now);
  }
  /// Takes a new priority, and a new jitter, for the tick that is scheduled.
  void reorder(loop_record& loop, bool rejitter, instant now) {
    meet_class(loop.plan->priority);
    if (!loop.scheduled) return;
    const std::uint32_t slot = slot_of(loop);
    const due_entry* const late = ready_.find(slot);
    const instant due = (late != nullptr ? late : queue_.find(slot))->due;
    ready_.cancel(slot);
    if (rejitter && !loop.triggered) {
      schedule(loop, now);
    } else {
      push(loop, due);
    }
  }

  /// The tick that goes first: by (due, priority, order of add), or of an overloaded shard by its
  /// ready_queue. Null when nothing waits.
  const due_entry* first() const noexcept {
    return ready_.empty() ? queue_.peek() : ready_.peek();
  }
  /// Nothing is due: what comes is not late by this shard's fault.
  void rest() noexcept {
    if (std::exchange(resting_, true)) return;
    on_time_ = ready_queue::late;
    ready_.settle();
  }
  /// A gap ends now. What is late by it is not by this shard's fault, and goes by spread(). @param
  /// asleep its part in which the clock stood that durations are measured by: none of it is a
  /// tick's or a handler's time
  void after_gap(instant now, duration asleep) {
    gap_end_ = busy_since_ = now;
    if (!GYRE_THREADS || asleep == duration::zero()) return;
    for (instant* t : {&running_since_, &running_until_, &handler_since_}) {
      *t = add_saturated(*t, asleep);
    }
    std::vector<due_entry> open;
    while (!deadlines_.empty()) open.push_back(deadlines_.pop());
    for (due_entry& e : open) {
      e.due = add_saturated(e.due, asleep);
      deadlines_.push(e);
    }
  }
  /// When something happens next: a tick, an external deadline, a retry on the bus.
  instant next_event() const noexcept {
    const due_entry* const next = first();
    const instant t = std::min(next == nullptr ? never : next->due, deadlines_.next_due());
    return index_ == 0 ? std::min(t, env_.events->next_due()) : t;
  }

  /// When a thread that sleeps should wake for what next_event() says: later by what its loops
  /// bear.
  instant wake_time() const noexcept {
    if (!ready_.empty()) return ready_.peek()->due;
    const instant ticks = add_saturated(queue_.next_due(), env_.options.slack);
    const instant t = std::min({ticks, hasty_.next_due(), deadlines_.next_due()});
    return index_ == 0 ? std::min(t, env_.events->next_due()) : t;
  }
  /// When the bus, which is shard 0's, has something to deliver.
  instant next_event_of_bus() const noexcept { return env_.events->next_due(); }
  /// The first of the deadlines of external ticks.
  instant next_deadline() const noexcept { return deadlines_.next_due(); }

  /// How far run_due() goes.
  struct limits {
    instant until{0};  ///< ticks due later are left; the real clock of driver::workers goes on
    instant house = never;             ///< at this time there is other work
    const due_entry* rival = nullptr;  ///< first of another shard, which goes before what is later
    std::uint64_t most = ~std::uint64_t{0};  ///< ticks
    instant spent = never;  ///< by measure(): then no step begins but the first
  };
  struct turn {
    std::uint64_t ticks = 0;
    std::uint64_t steps = 0;  ///< ticks, and due times at which none ran
    bool lost = false;        ///< this thread was given up on and must leave
  };
  /// Runs due ticks in order until none is left within the limits, or something else needs
  /// attention. The lease is held before, and after except when `lost`.
  turn run_due(const limits& to, std::uint64_t epoch) {
    turn done;
    const bool simulated = env_.is_virtual(), own = env_.own_threads();
    const instant end = std::min(to.until, to.house - duration(1));
    instant now = simulated ? env_.now() : to.until, clock = now;
    if (!simulated) clock = env_.measure();
    if (own) now = env_.shown(clock);
    env_.attention.store(false, std::memory_order_relaxed);
    if (resting_) busy_since_ = now;
    resting_ = false;
    due_entry entry;
    while (done.ticks < to.most) {
      if (to.spent != never && done.steps != 0 && env_.measure() >= to.spent) break;
      if (to.rival != nullptr) {
        const due_entry* mine = first();
        if (mine == nullptr || !runs_before(*mine, *to.rival)) break;
      }
      if (simulated) {
        if (!queue_.pop_due(end, entry)) break;
        now = clock = std::max(now, entry.due);
        env_.move_to(now);
      } else if (own ? now >= to.house || !take(now, entry) : !take(end, entry)) {
        break;
      }
      ++done.steps;
      fetch_ahead(now);
      loop_record& loop = env_.table.of_slot(index_, entry.slot);
      std::uint64_t missed = 0;
      if (!arrives(loop, now, missed)) continue;
      ++done.ticks;
      if (loop.external()) {
        hand_out(loop, entry, missed, now);
        continue;
      }
      if (!run(loop, entry, missed, now, clock, epoch)) {
        done.lost = true;
        return done;
      }
      if (has_afterwork() || env_.attention.load(std::memory_order_relaxed)) break;
    }
    return done;
  }

  /// A poll begins: those that have said pending() before are to be called again, once each.
  void begin_poll(instant now) {
    expire(now);
    ++polls_;
    parked_.erase(parked_.begin(), parked_.begin() + static_cast<std::ptrdiff_t>(resumed_));
    resumed_ = 0;
    resuming_ = parked_.size();
  }
  /// Calls the next of them. False: there is none. The lease is held before and after.
  bool resume_one(instant now, std::uint64_t epoch) {
    while (resumed_ < resuming_) {
      const std::uint32_t place = parked_[resumed_++];
      const run_state* const waits = flights_[place].run;  // or what has the place since
      if (waits == nullptr || !waits->pending || waits->parked == polls_) continue;
      const std::shared_ptr<external_run> kept = take_down(place);
      run_state& run = kept->run;
      instant clock = env_.measure();
      run.started = clock - (now - run.began);
      if (run.cpu_started != duration::min()) run.cpu_started += thread_cpu_now();
      (void)drive(run, kept, now, clock, epoch);
      return true;
    }
    return false;
  }

  /// Ends external and pending ticks whose deadline has passed.
  void expire(instant now) {
    due_entry entry;
    while (deadlines_.pop_due(now, entry)) {
      const flight f = flights_[entry.slot];
      loop_record& loop = *f.run->loop;
      if (f.kept != nullptr) {
        f.run->cancel.store(true, std::memory_order_relaxed);
        give_up(*f.run);
        account_timeout(loop, *f.run, now);
      } else if (!f.run->cancel.exchange(true, std::memory_order_relaxed)) {
        const instant last = add_saturated(entry.due, grace(loop));
        deadlines_.push({last, 0, entry.slot, entry.slot});
      } else {
        land(*f.run);
        lose(loop, *f.run, now);
      }
    }
  }
  /// The caller has these external ticks from now on, as far as they are this shard's.
  void acquired(std::span<object_id> ids, instant now) {
    env_.desk.each(ids, index_, [&](external_run& external) {
      external.acquired = true;
      external.run.began = now;
      external.run.started = measure_external();
      end_at(external.run, add_saturated(now, external.run.loop->plan->timeout));
    });
  }
  /// The caller has run these external ticks. @return how many have ended now, by that
  std::size_t complete(std::span<completion> done, instant now) {
    expire(now);
    std::size_t ended = 0;
    std::array<external_desk::found, 64> some;
    for (std::size_t at = 0; at < done.size();) {
      const std::size_t n = env_.desk.find(done, index_, at, some);
      for (const external_desk::found& f : std::span(some).first(n)) {
        run_state& run = f.run->run;
        if (run.over.exchange(true, std::memory_order_release)) continue;  // it was given twice
        run.taken = f.with->taken;
        (void)take_down(run.place);
        finish(run, measure_external(), now);
        f.with->status = code::ok;
        ++ended;
      }
      env_.desk.erase(std::span<const external_desk::found>(some).first(n));
    }
    return ended;
  }
  /// Gives up every external and every pending tick, as the engine stops: not counted.
  void give_up_all() {
    for (std::size_t i = 0; i < flights_.size(); ++i) {
      if (flights_[i].run == nullptr) continue;
      flights_[i].run->cancel = true;
      if (flights_[i].kept != nullptr) give_up(*flights_[i].run);
    }
  }

  /// The tick that runs in user code on the shard's thread now, null when none does.
  run_state* running() const noexcept { return running_; }
  /// Locks out the thread that runs user code and accounts its tick as timed out. @return the epoch
  /// for the thread that goes on. @pre running()
  std::uint64_t abandon(instant now) {
    run_state& run = *std::exchange(running_, nullptr);
    run.over.store(true, std::memory_order_release);
    lose(*run.loop, run, now);
    return lease_.pass_on();
  }
  /// The tick that runs keeps its thread and goes on beside the shard's others; it may end until
  /// its timeout. @return the epoch for the thread that goes on. @pre running()
  std::uint64_t hand_off() {
    run_state& run = *std::exchange(running_, nullptr);
    loop_record& loop = *run.loop;
    take_off(run, nullptr);
    end_at(run, running_until_);
    if (loop.inside < loop.plan->instances && !loop.scheduled) schedule(loop);
    return lease_.pass_on();
  }
  bool has_handed_off() const noexcept {
    return std::any_of(flights_.begin(), flights_.end(), [](const flight& f) {
      return f.run != nullptr && f.kept == nullptr;
    });
  }
  /// Gives up what was handed off and has not ended, as the engine stops. @param names of the loops
  void abandon_flights(instant now, std::vector<std::string>& names) {
    for (std::size_t i = 0; i < flights_.size(); ++i) {
      run_state* const run = flights_[i].run;
      if (run == nullptr || flights_[i].kept != nullptr) continue;
      names.emplace_back(env_.table.name(*run->loop));
      land(*run);
      lose(*run->loop, *run, now);
    }
  }
  /// From its timeout on a tick has so much longer to notice that it should give up: a tenth of
  /// the timeout, 2 to 100 ms.
  static duration grace(const loop_record& loop) noexcept {
    constexpr duration least = std::chrono::milliseconds(2);
    constexpr duration most = std::chrono::milliseconds(100);
    return std::clamp(loop.plan->timeout / 10, least, most);
  }

  /// Why the shard needs another thread at `t`.
  enum class need : std::uint8_t { none, hand_off, tick, handler };
  /// A tick that has run for the hand-off time keeps its thread. Where its timeout comes first, it
  /// is told to give up then, and after the grace it is given up on. So is a handler past its
  /// limit, which cannot be told.
  need needs_thread(instant t) noexcept {
    if (in_handler()) {
      return t < add_saturated(handler_since_, handler_limit) ? need::none : need::handler;
    }
    if (running_ == nullptr) return need::none;
    const instant at = add_saturated(running_since_, env_.options.hand_off);
    if (at < running_until_) return t < at ? need::none : need::hand_off;
    if (t < running_until_) return need::none;
    running_->cancel.store(true, std::memory_order_relaxed);
    return t < add_saturated(running_until_, grace(*running_->loop)) ? need::none : need::tick;
  }
  /// When needs_thread(), which said none at `t`, has another answer if what runs now goes on.
  instant next_look(instant t) const noexcept {
    if (in_handler()) return add_saturated(handler_since_, handler_limit);
    if (running_ == nullptr) return never;
    const instant at = add_saturated(running_since_, env_.options.hand_off);
    if (at < running_until_) return at;
    return t < running_until_ ? running_until_
                              : add_saturated(running_until_, grace(*running_->loop));
  }
  /// There is no thread to give: the shard waits for its own. Told once until one is lost again.
  void tell_no_thread() {
    if (std::exchange(told_no_thread_, true)) return;
    tell("gyre.stuck", join("no thread is left for shard ", index_, ": ", env_.lost.load(),
                            " are inside of ticks and handlers that do not end"), 0);
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
    if (told_.size() < std::max<std::size_t>(min_told, 2 * size_)) {
      told_.push_back({topic, std::move(text), source});
    } else {
      ++events_dropped_;
    }
  }
  std::uint64_t events_dropped() const noexcept { return events_dropped_; }
  /// Ticks shed since the last call.
  std::uint64_t take_shed() noexcept { return std::exchange(shed_, 0); }
  /// Keeps what holds a user's closures until the lease is free: what they captured may call the
  /// engine as it goes.
  void bury(std::shared_ptr<void> closures) { buried_.push_back(std::move(closures)); }
  std::vector<std::shared_ptr<void>>& buried() noexcept { return buried_; }
  /// Plans that are no longer used by a record, for whoever holds the list of them.
  std::vector<const loop_plan*>& dropped_plans() noexcept { return dropped_plans_; }
  bool has_afterwork() const noexcept { return !told_.empty() || !buried_.empty(); }

  /// Sleeping is asked of the alarm by whoever drives this shard; who changes something that
  /// should wake it calls this with the lease held and rings after freeing it.
  bool must_wake() noexcept { return std::exchange(asleep_, false); }
  void fall_asleep() noexcept { asleep_ = true; }
  alarm& wake() noexcept { return alarm_; }

  void keep_frame(std::uint32_t stream, std::uint8_t type, std::span<const std::byte> bytes) {
    frames_.push_back({stream, type, bytes.size()});
    frame_bytes_.raw(bytes);
    if (frame_bytes_.size() < commit_bytes / env_.shards.size()) return;
    if (env_.commit_wanted.exchange(true, std::memory_order_relaxed)) return;
    env_.attention.store(true, std::memory_order_relaxed);
    if (index_ != 0) env_.shards[0]->wake().ring();
  }

  // tick_services: for the thread that runs a tick, without the lease.

  code knob(run_state& run, std::string_view name, double& value) override {
    if (!enter(run)) return code::cancelled;
    const loop_extra* extra = run.loop->extra.get();
    const int i = extra == nullptr ? -1 : extra->where.knob_index(name);
    if (i >= 0) {
      choose(run);
      value = extra->where.value(run.action, static_cast<std::size_t>(i));
    } else {
      spoil(run, join(called(*run.loop), " has no knob \"", name, "\""));
    }
    lease_.release();
    return i >= 0 ? code::ok : code::not_found;
  }
  code feature(run_state& run, std::string_view name, double value) override {
    if (!enter(run)) return code::cancelled;
    loop_extra* const extra = run.loop->extra.get();
    const bool any = extra != nullptr && !extra->own_features;
    const int i = any ? extra->where.feature_index(name) : -1;
    code done = code::ok;
    if (i < 0) {
      spoil(run, join(called(*run.loop), " has no feature \"", name, "\""));
      done = code::not_found;
    } else if (std::isnan(value)) {
      spoil(run, join("feature \"", name, "\" was reported as NaN"));
      done = code::arg;
    } else {
      see(*extra, static_cast<std::size_t>(i), value);
    }
    lease_.release();
    return done;
  }
  code vitality(run_state& run, double value) override {
    if (!enter(run)) return code::cancelled;
    const bool good = value >= 0 && value <= 1;
    if (good) {
      extra(*run.loop).vitality = value;
    } else {
      spoil(run, "vitality is 0..1, not " + to_text(value));
    }
    lease_.release();
    return good ? code::ok : code::arg;
  }
  code publish(run_state& run, std::string_view topic, std::span<const std::byte> p,
               publish_options o) override {
    if (const code c = alive(run); c != code::ok) return c;
    o.source = run.loop_id;
    o.may_wait = false;
    const auto sent = publish_at_home(env_, topic, p, o);
    if (sent && sent->dropped == 0) return code::ok;
    if (!enter(run)) return code::cancelled;
    if (sent) {
      extra(*run.loop).dropped += sent->dropped;
    } else {
      spoil(run, sent.error().text);
    }
    lease_.release();
    return sent.code();
  }
  code remember(run_state& run, const record& r) override {
    char name[64];
    if (!enter(run)) return code::cancelled;
    const std::string_view loop = env_.table.name(*run.loop);
    const std::size_t size = loop.copy(name, sizeof name);
    lease_.release();
    const result<void> kept = remember_at_home(env_, r, {name, size});
    if (kept) return code::ok;
    if (!enter(run)) return code::cancelled;
    spoil(run, kept.error().text);
    lease_.release();
    return kept.code();
  }
  code alive(const run_state& run) const noexcept override {
    return run.over.load(std::memory_order_acquire) ? code::cancelled : code::ok;
  }
  bool cancelled(const run_state& run) const noexcept override {
    return run.cancel.load(std::memory_order_relaxed) || alive(run) != code::ok;
  }
  duration elapsed(const run_state& run) const noexcept override {
    if (env_.is_virtual()) return run.spent;
    return (run.external ? measure_external() : env_.measure()) - run.started + run.spent;
  }
  duration cpu(run_state& run) const noexcept override {
    if (env_.is_virtual()) return run.spent;
    if (run.external) return elapsed(run);
    const duration t = thread_cpu_now();
    if (run.cpu_started == duration::min()) {
      run.wants_cpu = true;
      run.cpu_started = t - (env_.measure() - run.started);
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
      if (r && r->matched > 0) env.attention.store(true, std::memory_order_relaxed);
      ring = r && r->matched > 0 && home.must_wake();
      return r;
    }();
    if (ring) home.alarm_.ring();
    return sent;
  }
  static result<void> remember_at_home(environment& env, const record& r, std::string_view loop) {
    shard& home = *env.shards[0];
    const leased hold(home.lease_);
    if (!r.source.empty()) return env.records->remember(r, env.wall_ms());
    home.named_ = r;
    home.named_.source = loop;
    return env.records->remember(home.named_, env.wall_ms());
  }

 private:
  /// A handler of the bus that runs longer is given up on, like a tick past its timeout.
  static constexpr duration handler_limit = std::chrono::seconds(2);
  static constexpr std::size_t min_told = 64;  // events between two ticks; or two a loop

  std::uint32_t slot_of(const loop_record& loop) const noexcept {
    return env_.table.slot_of(loop.id);
  }
  std::string called(const loop_record& loop) const {
    return join("loop \"", env_.table.name(loop), "\"");
  }
  /// Uniform in [0, 1), the k-th of a loop's stream.
  [[gnu::noinline]] double draw(std::uint32_t order, purpose p, std::uint64_t k) const noexcept {
    return unit(mix(env_.options.seed, order, static_cast<std::uint64_t>(p), k));
  }
  void push(loop_record& loop, instant due) {
    enter_queue(loop, {due, loop.plan->priority, order(loop), slot_of(loop)});
  }
  void meet_class(int priority) noexcept {
    lowest_class_ = std::min(lowest_class_, priority);
    highest_class_ = std::max(highest_class_, priority);
  }
  void enter_queue(loop_record& loop, const due_entry& entry) {
    loop.scheduled = true;
    queue_.push(entry);
    if (!hasty(loop)) return;
    const instant latest = add_saturated(entry.due, loop.plan->slack);
    hasty_.push({latest, 0, entry.order, entry.slot});
  }
  /// Whether the loop wants to be woken for before the engine's slack is over.
  bool hasty(const loop_record& loop) const noexcept {
    return loop.plan->slack >= duration::zero() && loop.plan->slack < env_.options.slack &&
           env_.own_threads();
  }
  static duration stretched(const loop_record& loop) noexcept {
    const loop_extra* const extra = loop.extra.get();
    if (extra == nullptr || extra->configured <= duration::zero()) return loop.times.interval();
    return throttled(extra->configured, extra->factor());
  }
  static arrival arrive(loop_record& loop, instant now) noexcept {
    if (loop.extra != nullptr) loop.extra->postponed = instant::min();
    return loop.times.arrive(now, loop.plan->missed, loop.plan->burst);
  }
  /// The tick to run at `now`; false: nothing is due. While the shard keeps up that is the first by
  /// (due, priority, order of add).
  bool take(instant now, due_entry& entry) {
    while (queue_.pop_due(now, entry)) {
      if (now - entry.due <= on_time_ || catch_up(now, entry)) return true;
    }
    if (pick(now, entry)) return true;
    rest();
    return false;
  }
  /// The same for a shard that is overloaded, or may be. Where all loops are of one class, ready_
  /// would shed nothing and keep the order: what is behind already does without it. @param entry
  /// popped, and late
  bool catch_up(instant now, due_entry& entry) {
    const bool sorts = !ready_.empty() || lowest_class_ != highest_class_;
    constexpr int at_once = 1024;  // of a million due ticks not all are sorted between two
    for (int taken = 0; taken < at_once; ++taken) {
      if (taken != 0 && !queue_.pop_due(now, entry)) break;
      if (const timer_entry* const far = queue_.coming(ahead::most_records)) {
        env_.table.fetch(index_, far->slot());
        ready_.fetch(far->slot());
      }
      if (spread(env_.table.of_slot(index_, entry.slot), entry)) continue;
      if (!sorts) return true;
      if (ready_.empty() && waited(entry, now) <= ready_queue::late) return true;  // the host slept
      ready_.push(entry);
      on_time_ = duration(-1);
    }
    return pick(now, entry);
  }
  bool pick(instant now, due_entry& entry) {
    while (ready_.pop(entry)) {
      loop_record& loop = env_.table.of_slot(index_, entry.slot);
      if (ready_.empty()) on_time_ = ready_queue::late;
      if (spread(loop, entry)) continue;
      const duration old = loop.triggered ? duration::zero() : waited(entry, now);
      if (!ready_.sheds(entry, old, loop.times.interval())) return true;
      shed(loop, now);
    }
    return false;
  }
  /// Has the processor read what the next ticks need: each record, some ticks later what it points
  /// to, and then what is behind that. Inlined by force: g++ 12 drops the call of a function that
  /// does nothing but this.
  [[gnu::always_inline]] inline void fetch_ahead(instant now) noexcept {
    ahead& to = ahead_;
    ++to.next;
    const bool all_new = ready_.empty() && queue_.has_opened();
    if (all_new || to.records < to.next) to.records = to.parts = to.behind = to.next;
    const std::uint32_t behind = std::min(to.next + ahead::most_behind, to.parts);
    for (; to.behind < behind; ++to.behind) {
      const loop_record& loop = *to.record(to.behind);
      loop.metrics.fetch_more(now);
      if (loop.extra != nullptr) loop.extra->fetch_more(load_number_);
    }
    const std::uint32_t parts = std::min(to.next + ahead::most_parts, to.records);
    for (; to.parts < parts; ++to.parts) {
      const loop_record& loop = *to.record(to.parts);
      if (loop.inside == 0) loop.function.fetch();  // else it may be writing to itself
      loop.metrics.fetch(now);
      if (loop.extra != nullptr) __builtin_prefetch(loop.extra.get(), 1);
    }
    for (; to.records < to.next + ahead::most_records; ++to.records) {
      const std::uint32_t slot = coming(to.records - to.next);
      if (slot == turns::none) break;
      to.record(to.records) = &env_.table.fetch(index_, slot);
      ready_.fetch(slot);
    }
  }
  std::uint32_t coming(std::size_t after) const noexcept {
    if (!ready_.empty()) return ready_.coming(after);
    const timer_entry* const entry = queue_.coming(after);
    return entry != nullptr ? entry->slot() : turns::none;
  }
  /// How long a due tick has waited while the shard was busy: what it was late for before that, the
  /// host slept.
  duration waited(const due_entry& entry, instant now) const noexcept {
    return now - std::max(entry.due, busy_since_);
  }
  /// A tick that is late by a gap goes after a drawn part of the loop's jitter, at most of a
  /// minute, from the gap's end: once for each gap. False: it is none.
  bool spread(loop_record& loop, const due_entry& entry) {
    if (entry.due >= gap_end_ || loop.spread || loop.triggered) return false;
    if (loop.plan->jitter == 0) return false;
    const duration most = std::min<duration>(scale(loop.times.interval(), loop.plan->jitter),
                                             std::chrono::minutes(1));
    const double part = draw(entry.order, purpose::gap, loop.times.index());
    loop.spread = true;
    schedule(loop, add_saturated(gap_end_, scale(most, part)));
    return true;
  }
  /// The loop does without what it has missed until its next grid point.
  void shed(loop_record& loop, instant now) {
    loop.scheduled = loop.spread = false;
    const bool grid = loop.plan->missed != missed_policy::delay;
    if (loop.extra != nullptr) loop.extra->postponed = instant::min();
    const arrival a = loop.times.arrive(now, grid ? missed_policy::once : missed_policy::delay, 1);
    loop.metrics.shed(1 + a.missed);
    shed_ += 1 + a.missed;
    schedule(loop);
  }
  /// A due time has come: whether a tick runs. If not, the loop is scheduled again. Inlined by
  /// force, as g++ 12 does not by itself: saves 27 instructions a tick.
  [[gnu::always_inline]] inline bool arrives(loop_record& loop, instant now,
                                             std::uint64_t& missed) {
    loop.scheduled = false;
    if (hasty(loop)) (void)hasty_.cancel(slot_of(loop));
    const bool asked = loop.triggered;
    loop.triggered = loop.spread = false;
    bool run = true;
    if (loop.inside >= loop.plan->instances && asked && !loop.stuck) {
      loop.triggered = true;  // when one of those inside ends
      return false;
    }
    if (loop.inside >= loop.plan->instances || full_) {  // no further copy, or no place for it
      loop.metrics.missed(1 + (asked ? 0 : arrive(loop, now).missed));
      run = false;
    } else if (loop.extra != nullptr && !gates_open(loop, now)) {
      if (!asked) (void)arrive(loop, now);
      run = false;
    } else if (!asked) {
      const arrival a = arrive(loop, now);
      missed = a.missed;
      if (missed != 0) loop.metrics.missed(missed);
      run = a.run;
    }
    if (!run) schedule(loop);
    return run;
  }
  bool gates_open(loop_record& loop, instant now) {
    loop_extra& extra = *loop.extra;
    if (extra.first_gate == nullptr || extra.passed == load_number_) return true;
    reading r = load_;
    r.mode = mode_;
    if (extra.asks_latency) r.latency_ms = loop.metrics.recent_ms(.99, now);
    const gate* closed = first_closed(extra.gates, r);
    if (closed == nullptr) {
      if (loop.gated) extra.closed_gate.clear();
      loop.gated = false;
      if (!extra.asks_often) extra.passed = load_number_;
      return true;
    }
    loop.gated = true;
    extra.passed = 0;
    extra.closed_gate = closed->name();
    loop.metrics.gated();
    return false;
  }
  /// The clock that external ticks are measured by: a host's is as it says.
  instant measure_external() const noexcept {
    return env_.own_threads() ? env_.measure() : env_.now();
  }

  /// Runs one tick on this thread. @param now on the engine's clock, and `clock` on the one that
  /// durations are measured by: both go on to the tick's end, which is where the next begins.
  /// @return false: given up on, the lease is not held
  bool run(loop_record& loop, const due_entry& entry, std::uint64_t missed, instant& now,
           instant& clock, std::uint64_t epoch) {
    run_state state;
    prepare(state, loop, entry, missed, now);
    state.started = clock;
    state.may_wait = env_.options.driver == driver::host;
    if (loop.extra != nullptr && loop.extra->wants_cpu && !env_.is_virtual()) {
      state.cpu_started = thread_cpu_now();
    }
    return drive(state, nullptr, now, clock, epoch);
  }
  /// The tick's function is called, and then the tick is over or pending. The rest as run().
  /// @param kept what the run is in, if it was pending before
  bool drive(run_state& state, const std::shared_ptr<external_run>& kept, instant& now,
             instant& clock, std::uint64_t epoch) {
    loop_record& loop = *state.loop;
    running_since_ = now;
    running_until_ = add_saturated(now, loop.plan->timeout);
    running_ = &state;
    state.pending = false;
    lease_.release();
    call(loop, state);
    if (lease_.acquire() != epoch) return come_back(loop, state);
    running_ = nullptr;
    if (!env_.is_virtual()) {
      clock = env_.measure();
      if (env_.own_threads()) now = env_.shown(clock);
    }
    if (state.pending && !state.failed) {
      if (state.cancel.load(std::memory_order_relaxed)) {  // removed, or the engine was stopped
        leave(loop);
        return true;
      }
      if (duration_of(state, clock) <= loop.plan->timeout) {
        park(state, kept);
        return true;
      }
    }
    finish(state, clock, env_.own_threads() || env_.is_virtual()
                             ? now
                             : add_saturated(state.began, clock - state.started));
    return true;
  }
  /// The tick goes on at the next poll.
  void park(run_state& state, std::shared_ptr<external_run> kept) {
    if (state.cpu_started != duration::min()) state.cpu_started -= thread_cpu_now();
    if (kept == nullptr) {
      kept = keep();
      static_cast<run_facts&>(kept->run) = std::move(state);
    }
    run_state& run = kept->run;
    ++run.calls;
    run.parked = polls_;
    ++env_.pending;
    take_off(run, std::move(kept));
    parked_.push_back(run.place);
    end_at(run, add_saturated(run.began, run.loop->plan->timeout));
    if (run.loop->inside < run.loop->plan->instances && !run.loop->scheduled) schedule(*run.loop);
  }
  /// A tick has ended whose shard another thread drives: it was handed off, and counts; or it was
  /// given up on, and nothing is touched but who is inside. Frees the lease. @return false
  bool come_back(loop_record& loop, run_state& state) {
    --env_.lost;
    told_no_thread_ = false;
    if (state.over.load(std::memory_order_relaxed)) {
      leave(loop);
    } else {
      land(state);
      finish(state, env_.measure(), env_.now());
    }
    const bool ring = must_wake();
    lease_.release();
    if (ring) alarm_.ring();
    return false;
  }
  /// A tick for the caller of the engine to run.
  void hand_out(loop_record& loop, const due_entry& entry, std::uint64_t missed, instant now) {
    auto external = keep();
    external->shard = index_;
    if (!env_.desk.offer(external)) {  // a million of them are out
      loop.metrics.missed(1);
      schedule(loop);
      return;
    }
    run_state& run = external->run;
    prepare(run, loop, entry, missed, now);
    run.external = true;
    take_off(run, std::move(external));
    if (loop.inside < loop.plan->instances) schedule(loop);
  }
  static void prepare(run_state& state, loop_record& loop, const due_entry& entry,
                      std::uint64_t missed, instant now) noexcept {
    loop.running = true;
    loop.backing_off = loop.stuck = false;
    ++loop.inside;
    state.loop = &loop;
    state.loop_id = loop.id;
    state.order = entry.order;
    state.place = entry.slot;
    state.number = loop.metrics.finished();
    state.due = entry.due;
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

  /// Takes the lease for a tick that is not over.
  bool enter(const run_state& run) noexcept {
    if (run.over.load(std::memory_order_acquire)) return false;
    (void)lease_.acquire();
    if (!run.over.load(std::memory_order_relaxed)) return true;
    lease_.release();
    return false;
  }
  static void spoil(run_state& run, std::string text) {
    if (!run.failed) run.text = std::move(text);
    run.failed = true;
  }
  static void choose(run_state& run) noexcept {
    if (run.chosen || run.loop->extra == nullptr) return;
    loop_extra& extra = *run.loop->extra;
    run.chosen = true;
    if (!extra.chooses) return;
    run.state = extra.buckets.empty() ? 0 : extra.where.state(extra.buckets);
    run.action = extra.learning != nullptr ? extra.learning->mind.choose(run.state) : 0;
    extra.state = run.state;
    extra.action = run.action;
  }
  static void see(loop_extra& extra, std::size_t i, double value) noexcept {
    extra.seen[i] = value;
    extra.buckets[i] = extra.where.bucket(i, value);
  }

  /// A thread, or the caller of an external tick, is no longer in the loop's function.
  void leave(loop_record& loop) {
    loop.running = --loop.inside != 0 && !loop.stuck;
    if (loop.removed && loop.inside == 0) release(loop);
  }
  /// The thread of a tick is left to itself: counted as timed out.
  void lose(loop_record& loop, const run_state& run, instant now) {
    loop.stuck = true;
    account_timeout(loop, run, now);
    tell("gyre.stuck", std::string(env_.table.name(loop)), loop.id);
  }
  /// The record of a loop that was removed, and that nobody is inside of, may be used again. What
  /// the user's function holds goes when the lease is free.
  void release(loop_record& loop) {
    struct rest {
      tick_function function;
      std::unique_ptr<loop_extra> extra;
    };
    if (loop.extra != nullptr) {
      with_extra_[loop.extra->place] = with_extra_.back();
      with_extra_[loop.extra->place]->extra->place = loop.extra->place;
      with_extra_.pop_back();
    }
    const std::uint32_t slot = slot_of(loop);
    bury(std::make_shared<rest>(rest{std::move(loop.function), std::move(loop.extra)}));
    env_.table.clear_name(loop);
    dropped_plans_.push_back(std::exchange(loop.plan, nullptr));
    env_.table.set_metrics(loop, metrics_mode::counters);
    loop.paused = 0;
    loop.removed = loop.running = loop.gated = false;
    loop.backing_off = loop.stuck = loop.watched = false;
    loop.told = loop.related = false;
    if (id_generation(loop.id) == 0xff) return;  // its ids are used up
    loop.id = make_id(kind_loop, id_generation(loop.id) + 1, id_index(loop.id));
    free_.push_back(slot);
  }

  /// From outcome to the next tick. @param measured the end on the clock of run.started
  void finish(run_state& run, instant measured, instant end) {
    loop_record& loop = *run.loop;
    const bool removed = loop.removed;
    leave(loop);
    if (removed) return;
    const duration took = duration_of(run, measured);
    const bool good = !run.failed && took <= loop.plan->timeout;
    const tick_status status = good ? tick_status::ok : judge(run, took);
    if (status != tick_status::ok) ++extra(loop).streak;
    if (run.rewarded) extra(loop);
    if (loop.extra != nullptr) {
      if (status == tick_status::ok) loop.extra->streak = 0;
      loop.extra->wants_cpu |= run.wants_cpu;
      choose(run);
      if (loop.extra->own_features) see_own(*loop.extra, loop, took, end);
      learn(run, status);
    } else {
      if (run.wants_cpu) extra(loop).wants_cpu = true;
      run.reward = 1;
    }
    loop.metrics.record(status, took, run.began - run.due, end);
    if (env_.options.trace) {
      trace_.add(run.order, run.number, run.due, static_cast<std::uint32_t>(status), run.state,
                 run.action, std::isfinite(run.reward) ? run.reward : 0);
    }
    again(loop, status, run.text, end);
  }
  /// The tick is over without its result: counted as timed out, nothing learned.
  void account_timeout(loop_record& loop, const run_state& run, instant now) {
    loop.running = false;
    if (loop.removed) return;
    ++extra(loop).streak;
    loop.metrics.record(tick_status::timeout, now - run.began, run.began - run.due, now);
    again(loop, tick_status::timeout,
          "did not end within " + to_text(to_ms(loop.plan->timeout)) + " ms", now);
  }
  /// Back on the timetable, after a failure not before its backoff.
  void again(loop_record& loop, tick_status status, const std::string& why, instant end) {
    const std::uint64_t given_up = loop.times.finish(end, loop.plan->missed);
    if (given_up != 0) loop.metrics.missed(given_up);
    loop.backing_off = status != tick_status::ok;
    if (loop.extra != nullptr && (loop.backing_off || loop.extra->has_breaker)) {
      wait_more(loop, status, why, end);
    }
    if (env_.stopping.load(std::memory_order_relaxed) || loop.scheduled) return;
    if (loop.triggered) {
      push(loop, env_.now());
    } else {
      schedule(loop);
    }
  }
  /// What the backoff and the breaker ask for after a tick.
  [[gnu::noinline]] void wait_more(loop_record& loop, tick_status status, const std::string& why,
                                   instant end) {
    loop_extra& extra = *loop.extra;
    instant until = instant::min();
    bool turned = false;
    if (loop.backing_off) {
      extra.last_error = why;
      const double part = draw(order(loop), purpose::backoff, loop.metrics.finished());
      extra.waited = loop.plan->retry.after(extra.streak, part, extra.waited);
      until = add_saturated(end, extra.waited);
      tell(status == tick_status::timeout ? "gyre.timeout" : "gyre.failed",
           join(env_.table.name(loop), ": ", why), loop.id);
      if (loop.plan->intensity.failures != 0) {
        if (!extra.has_breaker) extra.breaker = std::make_unique<intensity>(loop.plan->intensity);
        extra.has_breaker = true;
        turned = extra.breaker->failed(end);
      }
    } else if (extra.breaker != nullptr) {
      turned = extra.breaker->succeeded(end);
    }
    if (extra.breaker != nullptr && extra.breaker->open()) {
      loop.backing_off = true;
      until = std::max(until, extra.breaker->not_before(end));
    }
    if (turned) {
      tell("gyre.breaker",
           join(env_.table.name(loop), extra.breaker->open() ? ": open" : ": closed"), loop.id);
    }
    if (until == instant::min()) return;
    extra.postponed = until;
    loop.times.postpone(until);
  }
  duration duration_of(const run_state& run, instant end) const noexcept {
    if (run.taken >= duration::zero()) return run.taken;
    if (env_.is_virtual()) return run.external ? end - run.started + run.spent : run.spent;
    return end - run.started + run.spent;
  }
  /// Of a tick that failed or took too long.
  [[gnu::noinline]] tick_status judge(run_state& run, duration took) const {
    if (took > run.loop->plan->timeout) {
      if (!run.failed) {
        run.text = "took " + to_fixed(to_ms(took), 3) + " ms, the timeout is " +
                   to_text(to_ms(run.loop->plan->timeout)) + " ms";
      }
      return tick_status::timeout;
    }
    const bool told = run.cancel.load(std::memory_order_relaxed) ||
                      env_.stopping.load(std::memory_order_relaxed);
    return told ? tick_status::cancelled : tick_status::error;
  }
  void see_own(loop_extra& extra, const loop_record& loop, duration took, instant now) noexcept {
    const double median = loop.metrics.recent_ms(.5, now);
    see(extra, 0, extra.streak);
    see(extra, 1, median > 0 ? to_ms(took) / median : 1);
    see(extra, 2, std::isnan(load_.cpu_percent) ? 0 : load_.cpu_percent);
  }
  void learn(run_state& run, tick_status status) {
    loop_extra& extra = *run.loop->extra;
    if (!run.rewarded) run.reward = status == tick_status::ok ? 1 : -double(extra.streak);
    if (!std::isfinite(run.reward)) return;
    ++extra.rewards;
    extra.window_reward += run.reward;
    const auto weight = static_cast<double>(std::min<std::uint64_t>(extra.rewards, 20));
    extra.reward_mean += (run.reward - extra.reward_mean) / weight;
    if (extra.learning == nullptr) return;
    const transition seen{run.state, run.action, static_cast<float>(run.reward),
                          extra.where.state(extra.buckets), 0, 0};
    if (!extra.learning->mind.observe(seen) || !env_.journalled) return;
    scratch_.clear();
    scratch_.u32(seen.state);
    scratch_.u32(seen.action);
    scratch_.f32(seen.reward);
    scratch_.u32(seen.next);
    scratch_.varint(extra.learning->mind.decisions());
    keep_frame(extra.learning->stream, transition_frame, scratch_.data());
  }

  std::shared_ptr<external_run> keep() {
    return std::allocate_shared<external_run>(run_allocator<external_run>(env_.external_memory));
  }
  /// A tick that ends elsewhere than in run().
  void take_off(run_state& run, std::shared_ptr<external_run> kept) {
    if (free_flights_.empty()) {
      free_flights_.push_back(static_cast<std::uint32_t>(flights_.size()));
      flights_.emplace_back();
      deadlines_.reserve(flights_.size());
    }
    run.place = free_flights_.back();
    free_flights_.pop_back();
    flights_[run.place] = {&run, std::move(kept)};
    full_ = free_flights_.empty() && flights_.size() == timer_entry::most_slots;
  }
  /// It has ended. What kept an external or pending one goes, unless the caller does too.
  void land(run_state& run) {
    run.over.store(true, std::memory_order_release);
    const std::shared_ptr<external_run> kept = take_down(run.place);
    if (kept != nullptr && kept->id != 0) env_.desk.erase(kept->id);
  }
  /// It is no flight any more. @return what kept it
  std::shared_ptr<external_run> take_down(std::uint32_t place) {
    (void)deadlines_.cancel(place);
    flight& f = flights_[place];
    if (std::exchange(f.run, nullptr)->pending) --env_.pending;
    free_flights_.push_back(place);
    full_ = false;
    return std::move(f.kept);
  }
  void end_at(const run_state& run, instant deadline) {
    deadlines_.push({deadline, 0, run.place, run.place});
  }
  void give_up(run_state& run) {
    loop_record& loop = *run.loop;
    land(run);  // `run` may be gone
    loop.running = --loop.inside != 0;
  }

  environment& env_;
  std::uint32_t index_;
  trace& trace_;
  gyre::lease lease_;
  alarm alarm_;
  bool asleep_ = false;

  scheduler queue_;
  scheduler hasty_;  // when to wake at the latest, of the loops with less slack than the engine
  ready_queue ready_;     // due ticks of queue_, while overloaded
  /// How far what the ticks that come next need was fetched, all counted as ticks are: `next` is
  /// the one that comes, what was fetched of a record ends before the tick named.
  struct ahead {
    static constexpr std::uint32_t most_records = 12, most_parts = 8, most_behind = 4;

    std::uint32_t next = 0, records = 0, parts = 0, behind = 0;
    std::array<const loop_record*, 16> seen{};  // of ticks before `records`

    const loop_record*& record(std::uint32_t tick) noexcept { return seen[tick % seen.size()]; }
  };
  ahead ahead_;
  duration on_time_ = ready_queue::late;  // so late a tick may be; nothing is while ready_ is used
  int lowest_class_ = std::numeric_limits<int>::max();  // of all loops that there were
  int highest_class_ = std::numeric_limits<int>::min();
  instant busy_since_{0};
  instant gap_end_{0};    // of the last
  bool resting_ = true;   // nothing was due when it was looked at last
  std::uint64_t shed_ = 0;  // since take_shed()
  std::uint32_t slots_ = 0;  // ever used
  std::vector<std::uint32_t> free_;
  std::size_t size_ = 0;
  std::vector<loop_record*> with_extra_;
  std::vector<const loop_plan*> dropped_plans_;  // of records that were released
  std::vector<std::unique_ptr<shared_learner>> learners_;
  struct flight {  // a tick that ends elsewhere than in run()
    run_state* run = nullptr;
    std::shared_ptr<external_run> kept;
  };
  std::vector<flight> flights_;
  std::vector<std::uint32_t> free_flights_;
  bool full_ = false;  // 2^20 of them: one that runs has a place to come back to, no further starts
  scheduler deadlines_;  // of flights, by place
  std::vector<std::uint32_t> parked_;  // places of pending ticks, or of what had been one
  std::size_t resumed_ = 0, resuming_ = 0;  // so many of them this poll has called, and is to call
  std::uint32_t polls_ = 0;  // those in which something was pending
  reading load_;
  std::string mode_ = "normal";
  std::uint32_t load_number_ = 1;  // counts take(), never 0

  run_state* running_ = nullptr;
  instant running_since_{0}, running_until_{0};
  bool told_no_thread_ = false;
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
