// vault.hpp - when memory and learners are committed, synced, checkpointed; keeper.hpp does it.
// Room: engine. Threads: under shard 0's lease unless a member says otherwise.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

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
  explicit vault(environment& env) : env_(env) {}
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

  /// STATE: no store.
  result<void> commit() {
    if (!present()) return none();
    const leased hold(env_.shards[0]->owner());
    return write_pending();
  }
  /// Blocks on the disk.
  result<void> sync() {
    GYRE_CHECK(commit());
    auto done = sync_written();
    if (done) return ok;
    const leased hold(env_.shards[0]->owner());
    return keeper_.wants_checkpoint() ? write_states() : done;
  }
  /// Only what is committed already. @pre present()
  result<void> sync_written() { return keeper_.sync(); }
  /// Replaces the journal by one that starts from what there is now. STATE: no store; IO, ARG.
  result<void> checkpoint() {
    if (!present()) return none();
    const leased hold(env_.shards[0]->owner());
    return write_states();
  }
  /// Commits, syncs and gives the store back, also where a stuck thread keeps the engine's body
  /// alive; the engine goes on in memory. @pre env.stopping
  void close() noexcept {
    if (!present()) return;
    (void)if_memory([this] {
      const leased hold(env_.shards[0]->owner());
      if (env_.options.keep_times) keeper_.append_runs(env_.clock.wall_ms(), true);
    });
    (void)if_memory([this] { (void)sync(); });
    const every_lease hold(env_);
    for (shard* s : env_.shards) s->due.keep_times(nullptr);
    env_.journalled = false;
    records_->detach();
    keeper_.close();
  }

  // Between ticks.

  void restart(instant t) noexcept { next_commit_ = add_saturated(t, commit_every); }
  instant next_commit() const noexcept { return present() ? next_commit_ : never; }
  /// Nothing is to be committed before `t`.
  void quiet_until(instant t) noexcept {
    if (next_commit_ < t) next_commit_ = point_after(next_commit_, commit_every, t - duration(1));
  }
  bool commit_if_due(instant t) {
    if (!present()) return false;
    const bool much = !failed_ && (env_.commit_wanted.load(std::memory_order_relaxed) ||
                                   keeper_.pending_bytes() >= commit_bytes);
    if (next_commit_ > t && !much) return false;
    next_commit_ = point_after(next_commit_, commit_every, t);
    failed_ = true;  // then not before next_commit_; stats() has the error
    (void)if_memory([&] { failed_ = !write_pending(); });
    return true;
  }

  // As loops with learners come and go.

  /// Gives a new learner what its namesake had learned. @return what is to be told about that;
  /// empty: nothing
  std::string restore(shared_learner& made, std::string_view key) {
    return present() ? keeper_.restore(made, key) : std::string();
  }
  /// What a learner has learned outlives its last loop; or is forgotten where there is no memory
  /// for that, and counted. Any thread that holds no lease.
  void retire(object_id id) noexcept {
    if (!present()) return;
    const leased first_hold(env_.shards[0]->owner());
    (void)if_memory([&] { move_frames(); });
    shard& home = home_of(env_, id);
    std::optional<leased> home_hold;
    if (home.index != 0) home_hold.emplace(home.owner());
    keeper_.runs().leave(env_.table.name(env_.table.at(id_index(id))));
    const loop_extra* const extra = env_.table.at(id_index(id)).extra.get();
    const shared_learner* learned = extra == nullptr ? nullptr : extra->learning;
    if (learned != nullptr && learned->users == 1) keeper_.retire(*learned);
  }

 private:
  static constexpr duration commit_every = std::chrono::milliseconds(100);

  static error none() { return fail(code::state, "the engine has no store"); }

  /// Commits what was gathered, and writes the states where the journal has grown enough or can go
  /// on only so.
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
    if (env_.options.keep_times) keeper_.append_runs(env_.clock.wall_ms(), false);
    take_frames(*env_.shards[0]);
    for (std::size_t i = 1; i < env_.shards.size(); ++i) {
      const leased hold(env_.shards[i]->owner());
      take_frames(*env_.shards[i]);
    }
  }
  /// Under that shard's lease too.
  void take_frames(shard& s) {
    s.kept.drain([this](std::uint32_t stream, std::uint8_t type,
                        std::span<const std::byte> bytes) { keeper_.append(stream, type, bytes); });
  }
  result<void> write_states() {
    const every_lease others(env_, 1);
    vec<const shared_learner*> learners;
    for (shard* s : env_.shards) {
      take_frames(*s);  // the states tell them too; where those fail, the next commit does
      for (const auto& l : s->loops.learners()) learners.push_back(l.get());
    }
    return keeper_.checkpoint(*records_, learners);
  }

  environment& env_;
  owner<memory> records_;
  keeper keeper_;
  instant next_commit_{never};
  bool failed_ = false;  // the last commit by itself
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
