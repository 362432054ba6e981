// journal.hpp - one file of commit groups in one directory: what was committed is there again.
// Room: store. Threads: two parts, its owner's and the disk's, which may be on different threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <gyre/core/scarce.hpp>
#include <gyre/store/fair_mutex.hpp>
#include <gyre/store/journal_file.hpp>
#include <gyre/store/posix_files.hpp>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>

namespace gyre {
inline namespace v1 {

struct journal_options {
  bool read_only = false;  ///< takes no lock, changes nothing, may run beside a writer
  /// Opens a journal with damage that no crash makes: with what is whole before the damage. The
  /// whole file is kept as `journal.damaged`, and salvaged_bytes() says how much was left out.
  bool salvage = false;
  std::size_t pending_bytes = std::size_t{16} << 20;   ///< bound of what append() may gather
  std::uint64_t file_bytes = std::uint64_t{64} << 20;  ///< growth at which wants_checkpoint()
  /// Of a state in one frame, and about what step() writes; 1 .. 1 GiB.
  std::size_t state_part = checkpoint_writer::some_mib;
  file_system* files = nullptr;  ///< outlives the journal; null: the system's
};

/// An append-only file in a directory of its own. Frames are gathered by append(), written as one
/// group by commit(), from when they survive the process's death, and made to survive power loss by
/// sync(). Of a group all or nothing is there again. docs/formats.md describes the bytes.
///
///     auto j = journal::open("state", {}, visitor).value();
///     j->append(stream, type, bytes);
///     j->commit().value();
///
/// Who gathers need not wait for the disk: commit() is take() and write(), of which the second
/// touches nothing that append() does, and a checkpoint is begun by cut() and written by step().
/// What uses the disk takes turns by at_disk(); commit(), sync() and checkpoint() do so themselves.
class journal {
 public:
  using turn = std::unique_lock<fair_mutex>;

  /// Opens or makes the store in `dir` (whose parent must be there; a relative one goes by the
  /// working directory of now, whatever that becomes) and hands what it holds to `visit`: first the
  /// states of the last checkpoint as type 0, then every committed frame in order. A torn tail is
  /// cut off.
  /// Errors: state (another writer holds it: the text names the process), format (not ours, or
  /// newer), corrupt (damage where no crash can have made it), not_found (read-only), io,
  /// unsupported (no file system in this build), the visitor's. The files are then as they were.
  static result<std::unique_ptr<journal>> open(const std::string& dir, journal_options options,
                                               journal_visitor visit) {
    std::unique_ptr<journal> j(new journal(dir, options));
    if (options.files == nullptr) {
      GYRE_TRY(system, system_files());
      j->own_files_ = std::move(system);
      j->files_ = j->own_files_.get();
    }
    GYRE_TRY(where, j->files_->absolute(dir));
    j->dir_ = std::move(where);
    if (!options.read_only) {
      GYRE_CHECK(j->files_->make_dir(j->dir_));
      GYRE_TRY(lock, j->files_->lock(j->dir_ + "/lock"));
      j->lock_ = std::move(lock);
    }
    GYRE_CHECK(
        j->file_.open(*j->files_, j->dir_, !options.read_only, options.salvage, visit));
    return j;
  }

  journal(const journal&) = delete;
  journal& operator=(const journal&) = delete;
  /// Commits what is pending, without a sync; call commit() and sync() to learn whether it worked.
  /// In a process forked from the one that opened it, it writes nothing.
  ~journal() {
    if (cut_.file && !lock_->mine()) cut_.file->leave();
    cut_.file.reset();
    if (!file_.is_open() || options_.read_only) return;
    (void)detail::if_memory([this] { (void)commit(); });
  }

  // The owner's part: one thread at a time.

  /// Adds a frame to the group that the next commit() writes. `type` 1..254 is the owner's. When
  /// more than options.pending_bytes are pending (commits failing, or lasting, for long), this and
  /// all later frames are lost() until the next checkpoint, so that what is there stays a whole
  /// prefix. When it throws for want of memory, nothing has changed.
  void append(std::uint32_t stream, std::uint8_t type, std::span<const std::byte> payload) {
    if (!try_append(stream, type, payload)) lose();
  }
  /// The same, unless the frame would be lost. False: nothing has changed.
  bool try_append(std::uint32_t stream, std::uint8_t type, std::span<const std::byte> payload) {
    if (options_.read_only || type == frame::state || type == frame::commit) return false;
    if (gap_ || payload.size() > frame::max_payload) return false;
    if (pending_bytes() + frame::padded(payload.size()) > options_.pending_bytes) return false;
    pending_.add(stream, type, payload);
    return true;
  }
  /// All of them, or, where they are too many, none: then they are lost.
  void append(const pending_frames& frames) {
    const bool fits = pending_bytes() + frames.bytes() <= options_.pending_bytes;
    if (gap_ || !fits || options_.read_only) return lose(frames.size());
    pending_.append(frames);
  }
  /// So many frames could not even be appended: as if append() had lost them.
  void lose(std::uint64_t frames = 1) noexcept {
    if (frames == 0) return;
    gap_ = true;
    lost_ += frames;
  }
  std::size_t pending_bytes() const noexcept { return pending_.bytes() + in_batch_; }
  /// Frames that append() could not take. Only grows.
  std::uint64_t lost() const noexcept { return lost_; }

  // What waits for the disk.

  /// The disk's part for as long as it is held. To be had before the owner's part, where that has a
  /// lock, never under it. Errors: state (read-only), forked (another process opened it: what is
  /// held there is held here for ever).
  result<turn> at_disk() {
    GYRE_CHECK(writable());
    return turn(turn_);
  }
  /// take() and write().
  result<void> commit() {
    GYRE_CHECK(writable());
    const turn here(turn_);
    while (!take()) GYRE_CHECK(write());
    return write();
  }
  /// Makes everything committed so far survive power loss; durable() then says so. May run on
  /// another thread beside append().
  /// Errors: as sync_written(), forked.
  result<void> sync() {
    GYRE_CHECK(writable());
    const turn here(turn_);
    return sync_written();
  }
  /// Puts a new file in place of the journal that holds `states` and nothing else, durably. They
  /// must tell all that was appended until now, the pending frames (which are dropped) included.
  /// Errors: as begin_checkpoint() and step().
  result<void> checkpoint(std::span<const stream_state> states) {
    GYRE_CHECK(writable());
    const turn here(turn_);
    GYRE_CHECK(begin_checkpoint());
    vec<stream_state> all;
    all.append(states.data(), states.size());
    cut(std::move(all));
    for (;;) {
      GYRE_TRY(whole, step());
      if (whole) return ok;
    }
  }

  // Under the disk's part and the owner's.

  /// What is pending is what the next write() writes. @return false: not all of it, since what a
  /// checkpoint tells must be written before; once write() worked, take again
  bool take() {
    if (cut_.hole && !cut_.begun) drop_behind_hole();
    if (cut_.told && !batch_.empty()) return pending_.empty();
    gather();
    return true;
  }
  /// `states` tell all that was appended until now, lost frames included; what is appended from now
  /// on will follow them in the new file. They are looked at until step() says true or fails.
  /// @pre begin_checkpoint() worked
  void cut(vec<stream_state> states) {
    if (cut_.hole) drop_behind_hole();
    gather();
    cut_.told = !batch_.empty();
    cut_.from = file_.end();
    cut_.hole = gap_.exchange(false);
    cut_.begun = true;
    cut_.file->set(std::move(states));
  }

  // Under the disk's part alone.

  /// Writes the frames that take() took as one group, with one write(). None: nothing is written.
  /// Errors: io (short of space, ...: the frames stay pending, call again), state (read-only; the
  /// directory is another one; or a sync failed before: only a checkpoint helps), overflow (frames
  /// were lost; only a checkpoint helps, though what was pending before has been written), forked.
  result<void> write() {
    GYRE_CHECK(writable());
    retry_.commits();
    GYRE_CHECK(lock_->intact());
    if (file_.is_poisoned()) return file_.sync();
    if (!batch_.empty() && (cut_.told || !cut_.hole)) {
      GYRE_CHECK(file_.write(batch_));
      drop_batch();
    }
    if (!gap_ && !cut_.hole) return ok;
    return fail(code::overflow, lost_.load(), " frames were lost; checkpoint");
  }
  /// As sync(). Errors: io; it is never tried again on the same file, since the system forgets what
  /// it failed to write: from then on write() and this return state until a checkpoint succeeds.
  result<void> sync_written() { return file_.sync(); }
  /// Makes the file of a checkpoint, before its owner gathers the states; none is made where one
  /// is. Errors: io, state (the directory is another one), forked; the journal goes on as it was,
  /// and wants_checkpoint() is false for the next 1, 2, 4 ... 256 commits.
  result<void> begin_checkpoint() {
    GYRE_CHECK(writable());
    if (cut_.file) return ok;
    if (auto held = lock_->intact(); !held) return failed(held.error());
    auto made = checkpoint_writer::begin(*files_, dir_, file_.next_head(), part_bytes());
    if (!made) return failed(made.error());
    cut_.file = std::move(*made);
    return ok;
  }
  /// Whether states are being written: step() is to be called.
  bool in_checkpoint() const noexcept { return cut_.begun; }
  /// Writes some MiB of the checkpoint, in the end what was committed since cut() too, and puts the
  /// file in place of the journal. Between two steps commits and syncs go on as ever.
  /// @return whether it is done. Errors: as begin_checkpoint(); the checkpoint is given up, and the
  /// journal goes on, but with a gap where frames had been lost before cut().
  result<bool> step() {
    if (!cut_.begun) return true;
    auto done = write_step();
    if (!done) return failed(done.error());
    if (*done) retry_.noted(true);
    return done;
  }
  /// Gives up the checkpoint that is under way, if one is; another may begin at once.
  void abandon_checkpoint() noexcept {
    cut_.file.reset();
    cut_.begun = false;
    if (!cut_.hole) cut_.told = false;
  }

  /// True when the file has grown enough since the last checkpoint, or needs one to go on; not for
  /// some commits after one that failed.
  bool wants_checkpoint() const noexcept {
    if (retry_.waits()) return false;
    return file_.is_poisoned() || gap_ || cut_.hole || file_.grown() > options_.file_bytes;
  }
  /// Checkpoints that failed since one succeeded.
  std::uint32_t failed_checkpoints() const noexcept { return retry_.failures(); }
  /// 16 random bytes written when the store was made: the key for its owner's hashes.
  key128 key() const noexcept { return file_.head().key; }

  // Any thread.

  /// Commit groups written since the store was made; checkpoints count as one.
  std::uint64_t committed() const noexcept { return file_.group(); }
  /// Of those, how many survive power loss for certain.
  std::uint64_t durable() const noexcept { return file_.durable(); }
  std::uint64_t file_bytes() const noexcept { return file_.end(); }
  /// Bytes cut off (or, read-only, left out) at open: the torn tail of a crash.
  std::uint64_t torn_bytes() const noexcept { return file_.left().torn; }
  /// Bytes left out behind the damage of a journal that was opened with options.salvage.
  std::uint64_t salvaged_bytes() const noexcept { return file_.left().behind_damage; }
  /// Where it stores, for the archive beside it.
  file_system& files() const noexcept { return *files_; }
  /// What it holds while it writes; null when read-only. Gone with the journal.
  const file_lock* lock() const noexcept { return lock_.get(); }

 private:
  /// A checkpoint under way.
  struct checkpoint_cut {
    std::unique_ptr<checkpoint_writer> file;
    bool begun = false;      // cut() was called
    bool told = false;       // the states tell what is in batch_
    bool hole = false;       // frames were lost before it: none is to follow them in the old file
    std::uint64_t from = 0;  // what the old file has from here on comes after the states
  };

  /// When a checkpoint that failed is tried again: a full disk is not asked on every commit.
  class backoff_in_commits {
   public:
    void noted(bool worked) noexcept {
      failures_ = worked ? 0 : failures_ + 1;
      left_ = worked ? 0 : 1U << (failures_ < 9 ? failures_ - 1 : 8);
    }
    void commits() noexcept {
      if (left_ > 0) --left_;
    }
    bool waits() const noexcept { return left_ > 0; }
    std::uint32_t failures() const noexcept { return failures_; }

   private:
    std::uint32_t failures_ = 0, left_ = 0;
  };
  journal(std::string dir, const journal_options& options)
      : dir_(std::move(dir)), options_(options), files_(options.files) {}

  std::size_t part_bytes() const noexcept {
    return std::clamp<std::size_t>(options_.state_part, 1, frame::max_payload);
  }

  result<void> writable() const {
    if (options_.read_only) return fail(code::state, dir_, " is open for reading only");
    if (!lock_->mine()) return fail(code::forked, dir_, " belongs to the process that opened it");
    return ok;
  }

  result<bool> write_step() {
    GYRE_CHECK(lock_->intact());
    GYRE_TRY(states_are_there, cut_.file->write());
    if (!states_are_there) return false;
    GYRE_TRY(all, file_.copy_to(*cut_.file, cut_.from));
    if (!all) return false;
    GYRE_TRY(durable, file_.replace_by(*cut_.file));
    if (cut_.told) drop_batch();  // it could not be written, and need not be any more
    cut_ = {};
    if (!durable) return fail(code::io, "sync directory ", dir_, " failed after the checkpoint");
    return true;
  }
  /// What is pending joins the batch.
  void gather() {
    if (batch_.empty()) {
      batch_.swap(pending_);
    } else {
      batch_.append(pending_);
      pending_.clear();
    }
    in_batch_ = batch_.bytes();
  }
  /// It is written, or the states tell it.
  void drop_batch() noexcept {
    batch_.clear();
    in_batch_ = 0;
    if (std::exchange(cut_.told, false)) cut_.from = file_.end();
  }
  error failed(error why) {
    retry_.noted(false);
    abandon_checkpoint();
    return why;
  }
  /// A checkpoint failed that was to make up for lost frames: what came after those is lost too.
  void drop_behind_hole() noexcept {
    cut_.hole = false;
    std::size_t gone = pending_.size();
    pending_.clear();
    if (!std::exchange(cut_.told, false)) {
      gone += batch_.size();
      drop_batch();
    }
    gap_ = true;
    lose(gone);
  }

  std::string dir_;
  journal_options options_;
  std::unique_ptr<file_system> own_files_;
  file_system* files_;
  std::unique_ptr<file_lock> lock_;
  fair_mutex turn_;  // the disk's part
  // The owner's; the rest is the disk's.
  pending_frames pending_;
  std::atomic<std::uint64_t> lost_{0};
  std::atomic<bool> gap_{false};  // a frame was lost since the last cut()
  std::atomic<std::size_t> in_batch_{0};
  pending_frames batch_;  // what write() is to write
  journal_file file_;
  checkpoint_cut cut_;
  backoff_in_commits retry_;
};

}  // namespace v1
}  // namespace gyre
