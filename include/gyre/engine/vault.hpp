// vault.hpp - how memory and learners are committed, synced, checkpointed, with what lease when.
// Room: engine. Threads: each group of members says. No lease is held while the disk is used.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <gyre/engine/home.hpp>
#include <gyre/engine/keeper.hpp>
#include <gyre/memory/file_archive.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// The first of point, point + every, ... that is after t.
inline instant point_after(instant point, duration every, instant t) noexcept {
  if (point > t) return point;
  return add_saturated(point, every * ((t - point) / every + 1));
}

/// Without a store there is only the memory. Held by the engine's body.
class vault {
 public:
  explicit vault(environment& env) : env_(env), keeper_(env) {}
  vault(const vault&) = delete;
  vault& operator=(const vault&) = delete;

  /// Once, before anything else runs. STATE, CORRUPT, FORMAT, IO.
  result<void> open() {
    memory_options m = env_.options.memory;
    if (!env_.options.store.empty()) {
      GYRE_CHECK(keeper_.open(env_.options.store, env_.options.salvage));
      m.key = keeper_.key();
    } else if (m.key == key128{0, 0}) {
      const auto draw = [&](std::uint64_t k) {
        return mix(env_.options.seed, 0, static_cast<std::uint64_t>(purpose::key), k);
      };
      m.key = {draw(0), draw(1)};
    }
    records_ = make_owned<memory>(m);
    env_.records = records_.get();
    env_.journalled = keeper_.present();
    if (!keeper_.present()) return ok;
    GYRE_CHECK(keeper_.restore(*records_, env_.clock.wall_ms()));
    if (env_.options.keep_times) {
      keeper_.runs().begin(env_.clock.wall_ms());
      for (shard* s : env_.shards) s->due.keep_times(&keeper_.runs());
    }
    GYRE_TRY(cold, file_archive::open(keeper_.files(), env_.options.store,
                                      env_.options.archive_bytes, keeper_.key(), keeper_.lock()));
    return records_->attach(std::move(cold));
  }
  bool present() const noexcept { return keeper_.present(); }  ///< a store; any thread
  memory& records() noexcept { return *records_; }
  store_stats stats() const { return keeper_.stats(); }

  // Any thread that holds no lease.

  /// STATE: no store; and as journal::write().
  result<void> commit() {
    if (!present()) return none();
    const auto turn = keeper_.at_disk();
    if (!turn) return turn.error();
    auto done = commit_pending();
    if ((done && scribe_) || !keeper_.wants_checkpoint()) return done;
    auto states = write_states();
    return done ? done : states;
  }
  /// Blocks on the disk.
  result<void> sync() {
    if (!present()) return none();
    const auto turn = keeper_.at_disk();
    if (!turn) return turn.error();
    auto done = commit_pending();
    if (done) done = keeper_.sync_written();
    if ((done && scribe_) || !keeper_.wants_checkpoint()) return done;
    auto states = write_states();
    return done ? done : states;
  }
  /// Replaces the journal by one that starts from what there is now. STATE: no store; IO, ARG.
  result<void> checkpoint() {
    if (!present()) return none();
    const auto turn = keeper_.at_disk();
    if (!turn) return turn.error();
    if (keeper_.in_checkpoint()) GYRE_CHECK(write_states());
    return write_states();
  }
  /// Commits, syncs and gives the store back, also where a stuck thread keeps the engine's body
  /// alive; the engine goes on in memory. Where scribe.hpp's thread is still at the disk, it does
  /// so once it has come back. @pre env.stopping
  void close() noexcept {
    const std::lock_guard lock(closing_mutex_);
    if (!present()) return;
    (void)if_memory([this] {
      const leased hold(env_.shards[0]->owner());
      if (env_.options.keep_times) keeper_.append_runs(env_.clock.wall_ms(), true);
    });
    if (scribe_) {
      closing_ = true;
      const std::lock_guard alone(cold_);
      const every_lease hold(env_);
      let_go();
    } else {
      give_back();
    }
  }

  // What may wait for the archive's files; any thread that holds no lease. One at a time has the
  // archive, under cold_, which is taken before a lease; that is held where the memory is asked.

  std::vector<record> recall(const query& q) {
    std::vector<record> found;
    {
      recaller asked(q, found);
      const leased hold(env_.shards[0]->owner());
      records_->look_here(asked);
      if (asked.done() || records_->cold() == nullptr) return found;
    }
    const std::lock_guard alone(cold_);
    found.clear();  // what was in memory then may be in the archive now
    recaller asked(q, found);
    archive* cold = nullptr;
    {
      const leased hold(env_.shards[0]->owner());
      records_->look_here(asked);
      cold = records_->cold();
      if (asked.done() || cold == nullptr) return found;
    }
    const auto look = [this](std::span<candidate> some) {
      const leased hold(env_.shards[0]->owner());
      records_->mark_newer(some);
    };
    const bool well = asked.from(*cold, records_->key(), look).has_value();
    const leased hold(env_.shards[0]->owner());
    records_->has_looked(well);
    return found;
  }
  /// A MiB at a time. What is evicted while it is being written was not moved: it is tried again,
  /// three times. Errors: io; what was not written stays in memory.
  result<consolidation> consolidate() {
    const std::lock_guard alone(cold_);
    consolidation sum;
    for (int lost = 0;;) {
      std::optional<consolidator> part;
      archive* cold = nullptr;
      {
        const leased hold(env_.shards[0]->owner());
        cold = records_->cold();
        if (cold == nullptr) return records_->consolidate(env_.clock.wall_ms());
        part.emplace(records_->begin(env_.clock.wall_ms(), std::size_t{1} << 20));
      }
      auto written = part->to(*cold);
      const leased hold(env_.shards[0]->owner());
      const bool moved = records_->finish(*part, sum);
      if (!written) return std::move(written).pass();
      if (moved ? !part->more() : ++lost == 3) return sum;
    }
  }

  // For scribe.hpp, whose thread writes the store of an engine with own threads.

  void scribe_comes() noexcept { scribe_ = true; }
  void scribe_goes() {
    const std::lock_guard lock(closing_mutex_);
    scribe_ = false;
    if (closing_) give_back();
  }
  /// What one of its rounds came to.
  struct round {
    bool worked = false;  ///< without an error
    bool wrote = false;
    bool more = false;  ///< of a checkpoint is left
    bool unsynced = false;
  };
  /// Commits what there is, and syncs where `sync`. Then, unless it is the last round, writes the
  /// next MiB of a checkpoint, if one is under way or wanted.
  round write_round(bool sync, bool last) {
    round did;
    const auto turn = keeper_.at_disk();
    if (!turn) return did;
    if (!if_memory([&] { write_round(sync, last, did); })) did.worked = false;
    did.more = keeper_.in_checkpoint();
    did.unsynced = keeper_.has_unsynced();
    return did;
  }

  // Between ticks, of the drivers that are called.

  /// Under shard 0's lease, as are the next three.
  void restart(instant t) noexcept { next_commit_ = add_saturated(t, commit_every); }
  instant next_commit() const noexcept {
    return present() && !env_.clock.own_threads() ? next_commit_ : never;
  }
  /// Nothing is to be committed before `t`.
  void quiet_until(instant t) noexcept {
    if (next_commit_ < t) next_commit_ = point_after(next_commit_, commit_every, t - duration(1));
  }
  bool is_commit_due(instant t) const noexcept {
    if (!present() || env_.clock.own_threads()) return false;
    return next_commit_ <= t || (!failed_ && env_.store.is_wanted());
  }
  /// Without a lease. Its error is for stats().
  void commit_due(instant t) {
    bool worked = false;
    (void)if_memory([&] { worked = commit().has_value(); });
    const leased hold(env_.shards[0]->owner());
    failed_ = !worked;  // then not before next_commit_
    next_commit_ = point_after(next_commit_, commit_every, t);
  }

  // As loops with learners come and go.

  /// Gives a new learner what its namesake had learned. @return what is to be told about that;
  /// empty: nothing
  std::string restore(shared_learner& made, std::string_view key) {
    return present() ? keeper_.restore(made, key) : std::string();
  }
  /// What a shard has collected goes to the journal: it comes before what another collects from now
  /// on. Under its lease and shard 0's. Throws std::bad_alloc, with nothing changed.
  void take_frames(shard& s) {
    s.kept.drain([this](const pending_frames& frames, std::uint64_t lost) {
      keeper_.append(frames, lost);
    });
  }
  /// The loop goes; what its learner has learned outlives its last, or is forgotten where there is
  /// no memory for that, and counted. Under the lease of its shard too.
  void retire(shard& home, const loop_record& l) noexcept {
    if (!present()) return;
    (void)if_memory([&] { take_frames(home); });
    keeper_.runs().leave(env_.table.name(l));
    const shared_learner* learned = l.extra == nullptr ? nullptr : l.extra->learning;
    if (learned != nullptr && learned->users == 1) keeper_.retire(*learned);
  }

 private:
  static constexpr duration commit_every = std::chrono::milliseconds(100);

  static error none() { return fail(code::state, "the engine has no store"); }

  // At the disk, without a lease.

  /// What f does; where it throws for want of memory, the checkpoint is given up.
  template <class F>
  auto or_abandon(F&& f) {
    undo begun([this]() noexcept {
      keeper_.abandon_checkpoint();
      end_states(false);
    });
    auto done = f();
    begun.keep();
    return done;
  }
  void write_round(bool sync, bool last, round& did) {
    const std::uint64_t before = keeper_.committed();
    did.worked = commit_pending().has_value();
    did.wrote = keeper_.committed() != before;
    if (sync) did.worked &= keeper_.sync_written().has_value();
    if (last) return;
    if (!keeper_.in_checkpoint() && keeper_.wants_checkpoint()) {
      did.worked &= or_abandon([this] { return begin_states(); }).has_value();
    } else if (keeper_.in_checkpoint()) {
      did.worked &= or_abandon([this] { return step(); }).has_value();
    }
  }
  /// Commits what was gathered.
  result<void> commit_pending() {
    for (;;) {
      bool all = false;
      {
        const leased hold(env_.shards[0]->owner());
        env_.store.commits();
        move_frames();
        all = keeper_.take();
      }
      auto done = keeper_.write();
      if (!done || all) return done;
    }
  }
  /// A whole checkpoint, or what is left of the one under way.
  result<void> write_states() {
    return or_abandon([this]() -> result<void> {
      if (!keeper_.in_checkpoint()) GYRE_CHECK(begin_states());
      for (;;) {
        GYRE_TRY(whole, step());
        if (whole) return ok;
      }
    });
  }
  /// Gathers the states. Blocks of the memory stay where they are, so that it takes a moment; the
  /// other shards stand while their own learners are written, shard 0 for all.
  result<void> begin_states() {
    GYRE_CHECK(keeper_.begin_checkpoint());
    const leased hold(env_.shards[0]->owner());
    keeper_.begin_states(*records_);
    for (shard* s : env_.shards) {
      std::optional<leased> its;
      if (s->index != 0) its.emplace(s->owner());
      take_frames(*s);  // the states tell them; what comes from now on follows those
      for (const auto& l : s->loops.learners()) keeper_.tell(*l);
    }
    keeper_.cut();
    return ok;
  }
  result<bool> step() {
    auto whole = keeper_.step();
    if (!whole || *whole) end_states(whole.has_value());
    return whole;
  }
  void end_states(bool done) {
    const leased hold(env_.shards[0]->owner());
    records_->let_go();
    keeper_.end_states(done);
  }
  void give_back() noexcept {
    (void)if_memory([this] { (void)sync(); });
    const std::lock_guard alone(cold_);
    const auto gone = [this] {
      const every_lease hold(env_);
      let_go();
      records_->let_go();
      return keeper_.close();
    }();
  }
  /// Nothing is for the store from now on. Under every lease.
  void let_go() noexcept {
    for (shard* s : env_.shards) s->due.keep_times(nullptr);
    env_.journalled = false;
    records_->detach();
  }

  // Under shard 0's lease.

  /// What the shards have collected goes to the journal.
  void move_frames() {
    if (env_.options.keep_times) keeper_.append_runs(env_.clock.wall_ms(), false);
    take_frames(*env_.shards[0]);
    for (std::size_t i = 1; i < env_.shards.size(); ++i) {
      const leased hold(env_.shards[i]->owner());
      take_frames(*env_.shards[i]);
    }
  }

  environment& env_;
  owner<memory> records_;
  keeper keeper_;
  instant next_commit_{never};
  bool failed_ = false;  // the last commit by itself
  std::atomic<bool> scribe_{false};
  std::mutex closing_mutex_;
  std::mutex cold_;      // who has the memory's archive
  bool closing_ = false;  // under it: the scribe gives the store back
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
