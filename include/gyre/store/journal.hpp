// journal.hpp - one file of commit groups in one directory: what was committed is there again.
// Room: store. Threads: one owner; sync() may run on one other thread beside it.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <gyre/store/pending.hpp>
#include <gyre/store/posix_files.hpp>
#include <gyre/store/salvage.hpp>
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
  std::size_t state_part = frame::max_payload;  ///< of a state in one frame; 1 .. 1 GiB
  file_system* files = nullptr;                 ///< outlives the journal; null: the system's
};

/// An append-only file in a directory of its own. Frames are gathered by append(), written as one
/// group by commit(), from when they survive the process's death, and made to survive power loss by
/// sync(). Of a group all or nothing is there again. docs/formats.md describes the bytes.
///
///     auto j = journal::open("state", {}, visitor).value();
///     j->append(stream, type, bytes);
///     j->commit().value();
class journal {
 public:
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
    GYRE_CHECK(j->load(visit));
    return j;
  }

  journal(const journal&) = delete;
  journal& operator=(const journal&) = delete;
  /// Commits what is pending, without a sync; call commit() and sync() to learn whether it worked.
  /// In a process forked from the one that opened it, it writes nothing.
  ~journal() {
    if (file_ && !options_.read_only) (void)commit();
  }

  /// Adds a frame to the group that the next commit() writes. `type` 1..254 is the owner's. When
  /// more than options.pending_bytes are pending (commits failing for long), this and all later
  /// frames are lost() until the next checkpoint, so that what is there stays a whole prefix.
  void append(std::uint32_t stream, std::uint8_t type, std::span<const std::byte> payload) {
    if (options_.read_only || type == frame::state || type == frame::commit) {
      pending_.lose();
    } else {
      pending_.add(type, stream, sequence_, payload, head_.salt);
    }
  }

  /// Writes the pending frames as one group, with one write(). Nothing pending: nothing is written.
  /// Errors: io (short of space, ...: the frames stay pending, call again), state (read-only; the
  /// directory is another one; or a sync failed before: only checkpoint() helps), overflow (frames
  /// were lost; only checkpoint() helps, though what was pending has been written), forked (another
  /// process opened it).
  result<void> commit() {
    GYRE_CHECK(writable());
    retry_.commits();
    GYRE_CHECK(lock_->intact());
    if (poisoned_) return poisoned();
    if (pending_.frames() > 0) {
      pending_.seal({reached_.group + 1, pending_.frames(), reached_.durable_bytes}, sequence_,
                    head_.salt);
      const std::uint64_t end = reached_.end;
      if (auto done = write_all(*file_, end, pending_.bytes()); !done) {
        pending_.unseal();
        (void)file_->truncate(end);
        return done;
      }
      reached_.end = end + pending_.bytes().size();  // before the group: see sync()
      sequence_ += pending_.frames() + 1;
      reached_.group = reached_.group + 1;
      pending_.written();
    }
    if (pending_.gap()) {
      return fail(code::overflow, pending_.lost(), " frames were lost; checkpoint");
    }
    return ok;
  }

  /// Makes everything committed so far survive power loss; durable() then says so. May run on
  /// another thread beside append() and commit(); checkpoint() waits for it.
  /// Errors: io; it is never tried again on the same file, since the system forgets what it failed
  /// to write: from then on commit() and sync() return state until a checkpoint() succeeds. forked.
  result<void> sync() {
    GYRE_CHECK(writable());  // first: in a forked child the mutex may be held for ever
    const std::lock_guard<std::mutex> hold(sync_mutex_);
    if (poisoned_) return poisoned();
    const std::uint64_t group = reached_.group;
    const std::uint64_t end = reached_.end;  // at least what `group` needs
    if (group == reached_.durable) return ok;
    if (auto done = file_->sync(); !done) {
      poisoned_ = true;
      return done;
    }
    reached_.durable_bytes = end;
    reached_.durable = group;
    return ok;
  }

  /// Puts a new file in place of the journal that holds `states` and nothing else, durably. They
  /// must tell all that was appended until now, the pending frames (which are dropped) included.
  /// Errors: io, state (read-only, or the directory is another one), forked; the journal then
  /// goes on as it was, and wants_checkpoint() is false for the next 1, 2, 4 ... 256 commits.
  result<void> checkpoint(std::span<const stream_state> states) {
    GYRE_CHECK(writable());
    const std::lock_guard<std::mutex> hold(sync_mutex_);
    auto done = replace(states);
    retry_.noted(done.has_value());
    return done;
  }
  /// Whether a checkpoint could be begun now, before its owner gathers the states: opens the file
  /// that it would write. Errors: as checkpoint(), and counted as one that failed.
  result<void> can_checkpoint() {
    GYRE_CHECK(writable());
    result<void> can = lock_->intact();
    if (can) {
      const auto opened = files_->open(dir_ + "/journal.tmp", open_mode::fresh);
      if (!opened) can = opened.error();
      if (opened) (void)files_->remove(dir_ + "/journal.tmp");
    }
    if (!can) retry_.noted(false);
    return can;
  }

  /// Commit groups written since the store was made; checkpoints count as one.
  std::uint64_t committed() const noexcept { return reached_.group; }
  /// Of those, how many survive power loss for certain. Any thread.
  std::uint64_t durable() const noexcept { return reached_.durable; }
  std::size_t pending_bytes() const noexcept { return pending_.bytes().size(); }
  std::uint64_t file_bytes() const noexcept { return reached_.end; }
  /// Frames that append() could not take. Only grows.
  std::uint64_t lost() const noexcept { return pending_.lost(); }
  /// Bytes cut off (or, read-only, left out) at open: the torn tail of a crash.
  std::uint64_t torn_bytes() const noexcept { return left_.torn; }
  /// Bytes left out behind the damage of a journal that was opened with options.salvage.
  std::uint64_t salvaged_bytes() const noexcept { return left_.behind_damage; }
  /// Checkpoints that failed since one succeeded.
  std::uint32_t failed_checkpoints() const noexcept { return retry_.failures(); }
  /// True when the file has grown enough since the last checkpoint, or needs one to go on; not for
  /// some commits after one that failed.
  bool wants_checkpoint() const noexcept {
    if (retry_.waits()) return false;
    return poisoned_ || pending_.gap() || reached_.end - base_ > options_.file_bytes;
  }
  /// 16 random bytes written when the store was made: the key for its owner's hashes.
  key128 key() const noexcept { return head_.key; }
  /// Where it stores, for the archive beside it.
  file_system& files() const noexcept { return *files_; }
  /// What it holds while it writes; null when read-only. Gone with the journal.
  const file_lock* lock() const noexcept { return lock_.get(); }

 private:
  /// How far the file is written, and how far it is durable; sync() may run on another thread.
  struct reach {
    std::atomic<std::uint64_t> end{0}, group{0}, durable{0}, durable_bytes{0};
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
  /// Of the file at opening.
  struct left_out {
    std::uint64_t torn = 0, behind_damage = 0;
  };

  journal(std::string dir, const journal_options& options)
      : dir_(std::move(dir)),
        options_(options),
        files_(options.files),
        pending_(options.pending_bytes) {}

  error poisoned() const {
    return fail(code::state, "a sync of ", dir_, "/journal failed; only a checkpoint helps");
  }

  result<void> writable() const {
    if (options_.read_only) return fail(code::state, dir_, " is open for reading only");
    if (!lock_->mine()) return fail(code::forked, dir_, " belongs to the process that opened it");
    return ok;
  }

  result<void> load(journal_visitor& visit) {
    const std::string path = dir_ + "/journal";
    auto opened = files_->open(path, options_.read_only ? open_mode::read : open_mode::write);
    if (!opened) {
      if (opened.code() != code::not_found || options_.read_only) return opened.error();
      return create();
    }
    file_ = std::move(*opened);
    GYRE_TRY(size, file_->size());
    std::array<std::byte, file_header::bytes> bytes;
    GYRE_TRY(got, read_up_to(*file_, 0, bytes));
    GYRE_TRY(head, file_header::decode(std::span(bytes).first(got), 1, path));
    head_ = head;
    GYRE_TRY(extent, find_extent(*file_, head_, size));
    const bool damaged = !check_extent(extent, path);
    if (damaged && !options_.salvage) return check_extent(extent, path);
    journal_extent shown = extent;
    if (damaged && extent.sequence == 0) shown.end = extent.states_end;
    if (visit) GYRE_CHECK(replay_frames(*file_, head_, path, shown, visit));
    if (!options_.read_only) {
      (void)files_->remove(dir_ + "/journal.tmp");  // of a checkpoint that a crash ended
      if (damaged) {
        GYRE_TRY(made, write_salvaged(*files_, dir_, *file_, head_, extent));
        if (!made.durable_name) return fail(code::io, "sync directory ", dir_, " failed");
        file_ = std::move(made.journal);
        head_.base_bytes = made.bytes;
      } else if (extent.size > extent.end) {
        GYRE_CHECK(file_->truncate(extent.end));
      }
      GYRE_CHECK(file_->sync());  // so that what was handed out is durable, as durable() says
    }
    (damaged ? left_.behind_damage : left_.torn) = extent.size - shown.end;
    reached_.end = reached_.durable_bytes = extent.end;
    base_ = head_.base_bytes;
    sequence_ = extent.sequence;
    reached_.group = reached_.durable = extent.group;
    return ok;
  }

  /// What checkpoint() does. @pre sync_mutex_ is held
  result<void> replace(std::span<const stream_state> states) {
    GYRE_CHECK(lock_->intact());
    file_header head = head_;
    ++head.number;
    head.salt = head.salt * 747796405U + 2891336453U;  // a full cycle: never the one before
    GYRE_TRY(made, write_checkpoint(*files_, dir_, head, reached_.group + 1, states,
                                    std::clamp<std::size_t>(options_.state_part, 1,
                                                            frame::max_payload)));
    file_ = std::move(made.journal);
    head_ = head;
    reached_.end = base_ = reached_.durable_bytes = made.bytes;
    sequence_ = made.sequence;
    reached_.group = reached_.group + 1;
    pending_.clear();
    poisoned_ = !made.durable_name;
    if (poisoned_) return fail(code::io, "sync directory ", dir_, " failed after the checkpoint");
    reached_.durable = reached_.group.load();
    return ok;
  }

  result<void> create() {
    std::array<std::byte, 20> noise;
    GYRE_CHECK(files_->random(noise));
    byte_reader in(noise);
    head_.kind = 1;
    head_.key = {in.u64(), in.u64()};
    head_.salt = in.u32();
    GYRE_TRY(made, write_checkpoint(*files_, dir_, head_, 0, {}));
    if (!made.durable_name) return fail(code::io, "sync directory ", dir_, " failed");
    file_ = std::move(made.journal);
    reached_.end = base_ = reached_.durable_bytes = made.bytes;
    return ok;
  }

  std::string dir_;
  journal_options options_;
  std::unique_ptr<file_system> own_files_;
  file_system* files_;
  std::unique_ptr<file_lock> lock_;
  std::mutex sync_mutex_;  // guards file_ against checkpoint() while sync() uses it
  std::unique_ptr<file> file_;
  file_header head_;
  pending_group pending_;
  std::uint64_t sequence_ = 0, base_ = 0;
  left_out left_;
  backoff_in_commits retry_;
  std::atomic<bool> poisoned_{false};
  reach reached_;
};

}  // namespace v1
}  // namespace gyre
