// keeper.hpp - the streams of the journal, the memory's and each learner's: restored, written.
// Room: engine. Threads: under shard 0's lease unless a member says otherwise.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gyre/core/bytes.hpp>
#include <gyre/core/hash.hpp>
#include <gyre/core/scarce.hpp>
#include <gyre/engine/carry_over.hpp>
#include <gyre/engine/environment.hpp>
#include <gyre/engine/told_states.hpp>
#include <gyre/engine/last_error.hpp>
#include <gyre/engine/kept_learner.hpp>
#include <gyre/engine/last_runs.hpp>
#include <gyre/memory/memory.hpp>
#include <gyre/store/journal.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// The journal's streams: 1 is the memory, 2 when loops last ran; a learner's is a hash of its key,
/// or the next free one. Its frames are type 1, a lesson and how many decisions there were, type 2,
/// its shape, written whenever it starts anew, type 3, a shape of other options under which it goes
/// on, type 4, a figure under a limit, and type 5, an action whose reward is still to come.
/// Observing all that again gives the learner back bit for bit. Learners without a loop are kept
/// for a loop of their name, at most 16 MiB of them: then the one longest without is forgotten, and
/// counted. Those read at opening do not count before the first checkpoint: loops are being added.
class keeper {
 public:
  static constexpr std::uint32_t memory_stream = 1;
  static constexpr std::size_t most_held = std::size_t{16} << 20;
  static constexpr std::uint32_t fixed_end = 0x80000000U;  ///< learners' streams are from here on
  static constexpr std::uint32_t most_alike = 16;  ///< learners of one hash, told apart

  explicit keeper(environment& env) : env_(env) {}
  keeper(const keeper&) = delete;
  keeper& operator=(const keeper&) = delete;

  /// Opens the store and holds what it has until memory and learners ask for it. @param salvage a
  /// damaged journal is opened with what is whole. Where the build
  /// has no files the compiler sees that no keeper is ever present, and leaves the store out.
  result<void> open(const std::string& dir, bool salvage) {
    if constexpr (!has_system_files) return system_files().error();
    const auto take = [this](std::uint32_t stream, std::uint8_t type,
                             std::span<const std::byte> bytes) {
      if (stream == memory_stream) {
        records_.add(stream, type, bytes);
      } else if (stream == last_runs::stream) {
        runs_.add(type, bytes);
      } else if (type == forgotten_frame) {
        forget(stream);
      } else {
        hold(stream).add(type, bytes);
      }
      return result<void>(ok);
    };
    GYRE_TRY(opened, journal::open(dir, {.salvage = salvage}, take));
    for (auto& [stream, held] : held_) held.pack();
    opened_age_ = next_age_;
    journal_ = std::move(opened);
    return ok;
  }
  /// Not present() from then on. @return what commits what is pending, without a sync, and gives
  /// the store back, when it goes: without a lease
  auto close() {
    held_.clear();
    taken_.clear();
    ages_.clear();
    held_bytes_ = 0;
    records_ = {};
    return std::move(journal_);
  }
  bool present() const noexcept { return has_system_files && journal_ != nullptr; }
  key128 key() const noexcept { return journal_->key(); }
  file_system& files() const noexcept { return journal_->files(); }
  const file_lock* lock() const noexcept { return journal_->lock(); }

  /// Where the learner of this key looks for its stream first.
  static std::uint32_t stream_of(std::string_view key) noexcept {
    const std::uint64_t h = siphash24(as_bytes(key));
    return static_cast<std::uint32_t>(h) | fixed_end;
  }

  /// Gives the memory back what it held, under the limits that it had; then its own are set anew.
  /// It keeps what it does from now on. Errors: corrupt, format.
  result<void> restore(memory& into, std::int64_t now_ms) {
    const memory_options wanted = into.options();
    const bool fresh = records_.empty();
    result<void> all = ok;
    records_.each([&](std::uint32_t, std::uint8_t type, std::span<const std::byte> bytes) {
      if (!all) return;
      byte_reader in(bytes);
      all = type != 0 ? into.replay(type, bytes) : into.load(in);
    });
    GYRE_CHECK(std::move(all));
    records_ = {};
    into.set_journal([this](std::uint8_t kind, std::span<const std::byte> bytes) {
      return note(static_cast<memory::change>(kind), bytes);
    });
    const memory_options& had = into.options();
    if (fresh || had.budget_bytes != wanted.budget_bytes || had.ring != wanted.ring) {
      into.limit(wanted.budget_bytes, wanted.ring, now_ms);
    }
    return ok;
  }
  /// Gives a new learner its stream, and what its namesake had learned; where that was with other
  /// settings, what there still is of it, and the namesake stays for when those come back. @param
  /// key unlike every other learner's @return what is to be told about that; empty: nothing
  std::string restore(shared_learner& into, std::string_view key) {
    const learner_shape shape = learner_shape::of(into);
    const place at = place_for(shape, key);
    into.stream = at.stream;
    return at.fits ? go_on(into, shape, at, key) : begin(into, shape, at, key);
  }

  /// A learner that goes out of use is held, so that a namesake finds what it had learned; or is
  /// forgotten, where there is no memory for that.
  void retire(const shared_learner& gone) noexcept {
    taken_.erase(gone.stream);
    if (const auto found = held_.find(gone.stream); found != held_.end()) {
      drop(found, found->second);
    }
    const bool kept = if_memory([&] {
      kept_learner made;
      made.keep(gone);
      kept_learner& held = hold(gone.stream);
      const std::uint64_t age = held.age;
      held = std::move(made);
      held.age = age;
      held_bytes_ += held.bytes().size();
    });
    if (!kept) ++forgotten_;
    trim();
  }

  /// What a shard has gathered, and how many frames it lost behind that.
  void append(const pending_frames& frames, std::uint64_t lost) {
    journal_->append(frames);
    journal_->lose(lost);
  }
  /// When loops last ran; outlives close().
  last_runs& runs() noexcept { return runs_; }
  /// What changed of that goes to the journal. @param last nothing changes any more
  void append_runs(std::int64_t now_ms, bool last) {
    const auto put = [this](std::uint8_t type, std::span<const std::byte> bytes) {
      journal_->append(last_runs::stream, type, bytes);
    };
    last ? runs_.close(now_ms, put) : runs_.drain(now_ms, put);
  }
  std::size_t pending_bytes() const noexcept { return journal_->pending_bytes(); }

  // The disk's part; see journal.hpp. Any thread that holds no lease; errors are kept for stats().

  result<journal::turn> at_disk() { return journal_->at_disk(); }
  result<void> write() { return error_.noted(journal_->write()); }
  result<void> sync_written() { return error_.noted(journal_->sync_written()); }
  std::uint64_t committed() const noexcept { return journal_->committed(); }
  bool has_unsynced() const noexcept { return journal_->durable() != journal_->committed(); }
  bool wants_checkpoint() const noexcept { return journal_->wants_checkpoint(); }
  bool in_checkpoint() const noexcept { return journal_->in_checkpoint(); }
  /// Makes the file of a checkpoint: its states are gathered only where it can be written.
  result<void> begin_checkpoint() { return error_.noted(journal_->begin_checkpoint()); }
  result<bool> step() { return error_.noted(journal_->step()); }
  void abandon_checkpoint() noexcept { journal_->abandon_checkpoint(); }

  // At the disk and under the lease.

  bool take() { return journal_->take(); }
  /// The states of memory, of learners without a loop and, by tell(), of those in use, up to cut().
  void begin_states(memory& records) {
    told_.begin(memory_stream, records);
    if (const auto runs = runs_.state(); !runs.empty()) told_.add(last_runs::stream, runs);
    for (const auto& [age, stream] : ages_) {  // the oldest first: read back in this order
      told_.add(stream, held_.at(stream).shared());
    }
  }
  void tell(const shared_learner& l) { told_.add(l.stream, kept_learner::state_of(l)); }
  void cut() { journal_->cut(told_.take()); }
  /// The states are written, or are not to be. @param done the journal is replaced by them
  void end_states(bool done) {
    told_.clear();
    if (!done) return;
    if (opened_age_ > 0) {  // whoever wanted one of those has had time to add its loop
      opened_age_ = 0;
      held_bytes_ = 0;
      for (const auto& [stream, held] : held_) held_bytes_ += held.bytes().size();
    }
    trim();
  }
  store_stats stats() const {
    store_stats s;
    s.present = true;
    s.committed = journal_->committed();
    s.durable = journal_->durable();
    s.file_bytes = journal_->file_bytes();
    s.lost = journal_->lost();
    s.forgotten = forgotten_;
    s.salvaged = journal_->salvaged_bytes();
    s.last_error = error_.text();
    return s;
  }

 private:
  /// Where the build has no files there is none to close, and none of its code is linked.
  struct closing {
    closing() = default;
    closing(std::default_delete<journal>) noexcept {}  // NOLINT: implicit, from open()'s
    void operator()(journal* j) const noexcept {
      if constexpr (has_system_files) delete j;
    }
  };
  using shelf = std::map<std::uint32_t, kept_learner>;

  /// Where a learner is to lie.
  struct place {
    std::uint32_t stream = 0;
    bool fits = false;    ///< it is held there
    bool others = false;  ///< namesakes with other settings are held
    bool full = false;    ///< and there is no stream but that of the oldest of these
    std::uint32_t youngest = 0;  ///< of those
  };
  /// By its key's hash, or, of several with the same hash or name, one of those behind it.
  place place_for(const learner_shape& shape, std::string_view key) const {
    const std::uint32_t first = stream_of(key);
    place out;
    std::uint32_t free = 0, oldest = 0;
    for (std::uint32_t i = 0; i < most_alike; ++i) {
      const std::uint32_t stream = (first + i) | fixed_end;
      const auto user = taken_.find(stream);
      if (user != taken_.end() && user->second != key) continue;
      const auto found = held_.find(stream);
      const auto look = found == held_.end() ? std::nullopt : found->second.look();
      if (!look) {
        if (free == 0) free = stream;
      } else if (look->name == shape.name && shape.fits(*look)) {
        out.fits = true;
        out.stream = stream;
      } else if (look->name == shape.name) {
        const std::uint64_t age = found->second.age;
        if (!out.others || age > held_.at(out.youngest).age) out.youngest = stream;
        if (!out.others || age < held_.at(oldest).age) oldest = stream;
        out.others = true;
      }
    }
    if (out.fits) return out;
    out.full = free == 0 && out.others;
    out.stream = free != 0 ? free : out.others ? oldest : first;
    return out;
  }
  /// With what it had learned, under its options of now.
  std::string go_on(shared_learner& into, const learner_shape& shape, const place& at,
                    std::string_view key) {
    const auto found = held_.find(at.stream);
    mind* const learned = found->second.wake();
    const std::vector<std::byte> bytes = shape.bytes();
    const bool alike = learned != nullptr && bytes == found->second.shape().bytes();
    std::optional<mind> retuned;
    if (learned != nullptr && !alike) retuned = shape.retuned(*learned);
    std::string told;
    if (at.others && found->second.age < held_.at(at.youngest).age) {
      told = into.name + ": goes on with what it had learned of these settings before";
    }
    taken_.insert_or_assign(at.stream, std::string(key));
    undo untaken([&]() noexcept { taken_.erase(at.stream); });
    if (!alike) append(at.stream, retuned ? retuned_frame : shape_frame, bytes);
    untaken.keep();  // from here on nothing fails
    if (learned != nullptr) into.mind = std::move(alike ? *learned : *retuned);
    drop(found, found->second);
    return told;
  }
  /// Anew, but for what there still is of what a namesake had learned, which is written as lessons.
  std::string begin(shared_learner& into, const learner_shape& shape, const place& at,
                    std::string_view key) {
    pending_frames lessons;
    std::string told;
    if (at.others) {
      const carried kept = take_over(into, held_.at(at.youngest), lessons);
      told = kept.kept == 0
                 ? into.name + ": learns anew, what the store has is of other settings"
                 : join(into.name, ": its settings have changed; ", kept.kept, " of ", kept.cells,
                        " cells go on with what was learned, the others are new");
      told += ", and what it had stays in the store for when they change back";
    }
    taken_.insert_or_assign(at.stream, std::string(key));
    undo untaken([&]() noexcept { taken_.erase(at.stream); });
    append(at.stream, shape_frame, shape.bytes());
    lessons.each([&](std::uint32_t, std::uint8_t type, std::span<const std::byte> bytes) {
      append(at.stream, type, bytes);
    });
    untaken.keep();
    if (at.full) ++forgotten_;
    if (const auto gone = held_.find(at.stream); gone != held_.end()) drop(gone, gone->second);
    return told;
  }
  static carried take_over(shared_learner& into, kept_learner& from, pending_frames& lessons) {
    mind* const old = from.wake();
    undo asleep([&]() noexcept { from.sleep(); });
    if (old == nullptr || !from.shape().declared) return {};
    byte_writer out;
    return carry_over(
        from.shape().where, *old, into.where, into.mind,
        [&](lesson& l) {
          if (!into.mind.learn(l)) return;
          out.clear();
          l.write(out);
          into.mind.write_counts(out);
          lessons.add(0, lesson_frame, out.data());
        },
        [&](std::uint32_t state, std::uint32_t action, std::string_view limit, double value,
            double at_most) {
          bool news = false;
          const code done = into.mind.learn(state, action, limit, value, at_most, news);
          if (done != code::ok) return;
          out.clear();
          write_figure(out, state, action, limit, value, at_most);
          lessons.add(0, figure_frame, out.data());
        });
  }
  /// The stream's place on the shelf; a new one is the youngest.
  kept_learner& hold(std::uint32_t stream) {
    const auto found = held_.find(stream);
    if (found != held_.end()) return found->second;
    ages_.emplace(next_age_, stream);
    undo no_age([&]() noexcept { ages_.erase(next_age_); });
    kept_learner& made = held_[stream];
    no_age.keep();
    made.age = next_age_++;
    return made;
  }
  /// @param what what it holds, where that was moved out of it
  void drop(shelf::iterator at, const kept_learner& what) noexcept {
    if (what.age >= opened_age_) held_bytes_ -= what.bytes().size();
    ages_.erase(at->second.age);
    held_.erase(at);
  }
  /// As the journal says, while it is read.
  void forget(std::uint32_t stream) {
    const auto found = held_.find(stream);
    if (found == held_.end()) return;
    ages_.erase(found->second.age);
    held_.erase(found);
  }
  void trim() noexcept {
    while (held_bytes_ > most_held) {
      const auto oldest = held_.find(ages_.lower_bound(opened_age_)->second);
      (void)if_memory([&] { append(oldest->first, forgotten_frame, {}); });
      drop(oldest, oldest->second);
      ++forgotten_;
    }
  }
  void append(std::uint32_t stream, std::uint8_t type, std::span<const std::byte> bytes) {
    journal_->append(stream, type, bytes);
    call();
  }
  void call() {
    env_.store.frame_waits();
    if (pending_bytes() < commit_bytes || !env_.store.want_commit()) return;
    env_.attention.store(true, std::memory_order_relaxed);
  }
  /// A change of the memory. Errors: overflow, a record for which there is no room.
  result<void> note(memory::change kind, std::span<const std::byte> bytes) {
    const auto type = static_cast<std::uint8_t>(kind);
    if (kind != memory::change::remembered) {
      append(memory_stream, type, bytes);
      return ok;
    }
    if (!journal_->try_append(memory_stream, type, bytes)) {
      return fail(code::overflow, "the store has no room for a record: ", pending_bytes(),
                  " bytes wait for its disk", error_.because());
    }
    call();
    return ok;
  }
  environment& env_;
  std::unique_ptr<journal, closing> journal_;
  pending_frames records_;  // what the journal held of the memory, until restore()
  last_runs runs_;
  told_states told_;
  shelf held_;                                    // by stream
  std::map<std::uint32_t, std::string> taken_;    // streams of learners in use, and their keys
  std::map<std::uint64_t, std::uint32_t> ages_;   // their streams, the oldest first
  std::size_t held_bytes_ = 0;      // of those with an age from opened_age_ on
  std::uint64_t opened_age_ = 0;    // below: read at opening, and no checkpoint since
  std::uint64_t next_age_ = 0, forgotten_ = 0;
  last_error error_;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
