// journal_file.hpp - a journal's file: opened, repaired, appended to, replaced by a checkpoint.
// Room: store. Threads: one owner at a time, except what says any. Held by journal.hpp.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <gyre/store/pending.hpp>
#include <gyre/store/salvage.hpp>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace gyre {
inline namespace v1 {

/// How far it is written, and how far that is durable.
class journal_file {
 public:
  /// What was left out at opening.
  struct left_out {
    std::uint64_t torn = 0, behind_damage = 0;
  };

  /// Opens `<dir>/journal`, or makes it, and hands what it holds to `visit`. @param changes false:
  /// for reading only @param salvage as journal_options. Errors: as journal::open().
  result<void> open(file_system& files, const std::string& dir, bool changes, bool salvage,
                    journal_visitor& visit) {
    path_ = dir + "/journal";
    auto opened = files.open(path_, changes ? open_mode::write : open_mode::read);
    if (!opened) {
      if (opened.code() != code::not_found || !changes) return opened.error();
      return create(files, dir);
    }
    file_ = std::move(*opened);
    GYRE_TRY(size, file_->size());
    std::array<std::byte, file_header::bytes> bytes;
    GYRE_TRY(got, read_up_to(*file_, 0, bytes));
    GYRE_TRY(head, file_header::decode(std::span(bytes).first(got), 1, path_));
    head_ = head;
    GYRE_TRY(extent, find_extent(*file_, head_, size));
    const bool damaged = !check_extent(extent, path_);
    if (damaged && !salvage) return check_extent(extent, path_);
    journal_extent shown = extent;
    if (damaged && extent.sequence == 0) shown.end = extent.states_end;
    if (visit) GYRE_CHECK(replay_frames(*file_, head_, path_, shown, visit));
    if (changes) GYRE_CHECK(repair(files, dir, damaged, extent));
    (damaged ? left_.behind_damage : left_.torn) = extent.size - shown.end;
    end_ = durable_bytes_ = extent.end;
    base_ = head_.base_bytes;
    sequence_ = extent.sequence;
    group_ = durable_ = extent.group;
    return ok;
  }
  bool is_open() const noexcept { return file_ != nullptr; }

  /// Appends the frames as one group with one write(). Errors: io, the file is as it was; state
  /// (poisoned).
  result<void> write(const pending_frames& frames) {
    if (poisoned_) return poisoned();
    std::uint64_t sequence = sequence_;
    out_.clear();
    frames.each([&](std::uint32_t stream, std::uint8_t type, std::span<const std::byte> payload) {
      frame{type, stream, ++sequence, payload}.encode(out_, head_.salt);
    });
    const auto note = commit_note{group_ + 1, frames.size(), durable_bytes_}.encode();
    frame{frame::commit, 0, ++sequence, note}.encode(out_, head_.salt);
    const std::uint64_t end = end_;
    if (auto done = write_all(*file_, end, out_.data()); !done) {
      (void)file_->truncate(end);
      return done;
    }
    end_ = end + out_.size();
    group_ = group_ + 1;
    sequence_ = sequence;
    if (out_.size() > most_kept) (void)out_.take();
    return ok;
  }
  /// Errors: io, and it is poisoned then: the system forgets what it failed to write, so nothing is
  /// written or synced any more; state (poisoned).
  result<void> sync() {
    if (poisoned_) return poisoned();
    if (group_ == durable_) return ok;
    if (auto done = file_->sync(); !done) {
      poisoned_ = true;
      return done;
    }
    durable_bytes_ = end_;
    durable_ = group_.load();
    return ok;
  }
  /// Writes what it has from byte `from` on to `next`. @return whether that was all. Errors: io,
  /// corrupt.
  result<bool> copy_to(checkpoint_writer& next, std::uint64_t& from) {
    const std::uint64_t end = end_;
    GYRE_CHECK(next.copy(*file_, head_.salt, from, end));
    return from == end;
  }
  /// Makes `next` the journal, as one more group. @return whether its name is known to be durable;
  /// if not, it is poisoned. Errors: io, the old file goes on.
  result<bool> replace_by(checkpoint_writer& next) {
    const file_header head = next.head();
    GYRE_TRY(made, next.finish(group_ + 1));
    take_over(std::move(made), head);
    group_ = group_ + 1;
    if (!poisoned_) durable_ = group_.load();
    return !poisoned_;
  }
  /// The header of the file that a checkpoint makes next.
  file_header next_head() const noexcept {
    file_header head = head_;
    ++head.number;
    head.salt = head.salt * 747796405U + 2891336453U;  // a full cycle: never the one before
    return head;
  }

  std::uint64_t grown() const noexcept { return end_ - base_; }  ///< since its checkpoint
  const file_header& head() const noexcept { return head_; }
  const left_out& left() const noexcept { return left_; }
  // Any thread.
  std::uint64_t end() const noexcept { return end_; }
  std::uint64_t group() const noexcept { return group_; }      ///< the last that is written
  std::uint64_t durable() const noexcept { return durable_; }  ///< the last that is durable
  bool is_poisoned() const noexcept { return poisoned_; }

 private:
  static constexpr std::size_t most_kept = std::size_t{4} << 20;

  error poisoned() const {
    return fail(code::state, "a sync of ", path_, " failed; only a checkpoint helps");
  }
  result<void> create(file_system& files, const std::string& dir) {
    std::array<std::byte, 20> noise;
    GYRE_CHECK(files.random(noise));
    byte_reader in(noise);
    file_header head;
    head.kind = 1;
    head.key = {in.u64(), in.u64()};
    head.salt = in.u32();
    GYRE_TRY(empty, checkpoint_writer::begin(files, dir, head));
    GYRE_TRY(made, empty->finish(0));
    take_over(std::move(made), head);
    if (poisoned_) return fail(code::io, "sync directory ", dir, " failed");
    return ok;
  }
  /// Cuts off a torn tail, or what is behind damage; what was handed out is durable then.
  result<void> repair(file_system& files, const std::string& dir, bool damaged,
                      journal_extent& extent) {
    (void)files.remove(dir + "/journal.tmp");  // of a checkpoint that a crash ended
    if (damaged) {
      GYRE_TRY(made, write_salvaged(files, dir, *file_, head_, extent));
      if (!made.durable_name) return fail(code::io, "sync directory ", dir, " failed");
      file_ = std::move(made.journal);
      head_.base_bytes = made.bytes;
    } else if (extent.size > extent.end) {
      GYRE_CHECK(file_->truncate(extent.end));
    }
    return file_->sync();
  }
  void take_over(fresh_journal made, const file_header& head) {
    file_ = std::move(made.journal);
    head_ = head;
    sequence_ = made.sequence;
    base_ = made.bytes;
    end_ = durable_bytes_ = made.bytes;
    poisoned_ = !made.durable_name;
  }

  std::string path_;
  std::unique_ptr<file> file_;
  file_header head_;
  left_out left_;
  byte_writer out_;
  std::uint64_t sequence_ = 0;       // of the last frame
  std::uint64_t base_ = 0;           // bytes of its checkpoint
  std::uint64_t durable_bytes_ = 0;
  std::atomic<std::uint64_t> end_{0}, group_{0}, durable_{0};
  std::atomic<bool> poisoned_{false};
};

}  // namespace v1
}  // namespace gyre
