// checkpoint.hpp - a new journal file that starts from states, written piece by piece.
// Room: store. Threads: one owner at a time.
#pragma once

#include <algorithm>
#include <gyre/core/vec.hpp>
#include <gyre/store/frame.hpp>
#include <utility>

namespace gyre {
inline namespace v1 {

/// All that one stream is, as its owner wrote it: `bytes`, then each of `more`.
struct stream_state {
  std::uint32_t stream = 0;
  std::span<const std::byte> bytes;
  vec<std::span<const std::byte>> more = {};
};

/// A journal file just put in place.
struct fresh_journal {
  std::unique_ptr<file> journal;
  std::uint64_t bytes = 0;
  std::uint64_t sequence = 0;  ///< of its last frame
  bool durable_name = true;  ///< false: the directory could not be synced
};

/// Writes `<dir>/journal.tmp`: a header, of each state a frame for each `part` bytes, then frames
/// of the journal that it is to replace, then a commit frame. Each call writes about `part` bytes,
/// and syncs them. A crash at any point leaves the old journal or the new one; so does whoever
/// gives it up.
class checkpoint_writer {
 public:
  static constexpr std::size_t some_mib = std::size_t{4} << 20;

  /// Makes the file. `head` is what its header is to be, but for what only finish() knows. `files`
  /// outlives it. Errors: io. @pre 1 <= part <= frame::max_payload
  static result<std::unique_ptr<checkpoint_writer>> begin(file_system& files,
                                                          const std::string& dir,
                                                          const file_header& head,
                                                          std::size_t part = some_mib) {
    std::unique_ptr<checkpoint_writer> w(new checkpoint_writer(files, dir, head, part));
    GYRE_TRY(opened, files.open(w->temp(), open_mode::fresh));
    w->made_.journal = std::move(opened);
    GYRE_CHECK(write_all(*w->made_.journal, 0, w->head_.encode()));
    w->made_.bytes = file_header::bytes;
    return w;
  }
  checkpoint_writer(const checkpoint_writer&) = delete;
  checkpoint_writer& operator=(const checkpoint_writer&) = delete;
  /// Unless finish() worked, nothing of it is left.
  ~checkpoint_writer() {
    if (made_.journal == nullptr) return;
    made_.journal.reset();
    (void)files_->remove(temp());
  }

  /// Goes without touching the file: for the child of a fork.
  void leave() noexcept { made_.journal.reset(); }

  /// What write() is to write; their bytes live until that has said true.
  void set(vec<stream_state> states) { states_ = std::move(states); }
  /// The next of the states. @return whether that was all. Errors: io.
  result<bool> write() {
    while (next_ < states_.size() && out_.size() < part_) add_part(states_[next_]);
    const bool all = next_ == states_.size();
    GYRE_CHECK(flush(!all));
    return all;
  }
  /// The frames that `old` has from byte `from` to `to`, its own commit frames left out; on return
  /// `from` is where it came to. Errors: io, corrupt.
  result<void> copy(file& old, std::uint32_t salt, std::uint64_t& from, std::uint64_t to) {
    file_window window(old, to);
    frame f;
    while (from < to && out_.size() < part_) {
      GYRE_TRY(found, frame::read(window, from, salt, f));
      if (found != frame::found::whole) return fail(code::corrupt, dir_, "/journal changed");
      from += f.bytes();
      if (f.type != frame::commit) put(f.type, f.stream, f.payload);
    }
    return flush(from < to);
  }
  /// Ends the file with the commit frame of `group` (0: with none, as an empty journal's), syncs
  /// it, renames it to `<dir>/journal` and syncs the directory. Errors: io; the old journal is then
  /// still in place.
  result<fresh_journal> finish(std::uint64_t group) {
    head_.base_bytes = made_.bytes;
    if (group > 0) {
      head_.base_bytes += frame::padded(commit_note::bytes);
      put(frame::commit, 0, commit_note{group, made_.sequence, head_.base_bytes}.encode());
    }
    GYRE_CHECK(flush(false));
    GYRE_CHECK(write_all(*made_.journal, 0, head_.encode()));
    GYRE_CHECK(made_.journal->sync());
    GYRE_CHECK(files_->rename(temp(), dir_ + "/journal"));
    made_.journal->renamed(dir_ + "/journal");
    made_.durable_name = files_->sync_dir(dir_).has_value();
    return std::move(made_);
  }
  const file_header& head() const noexcept { return head_; }

 private:
  checkpoint_writer(file_system& files, const std::string& dir, const file_header& head,
                    std::size_t part)
      : files_(&files), dir_(dir), head_(head), part_(part) {
    head_.base_bytes = file_header::bytes;
    head_.features = 0;
  }
  std::string temp() const { return dir_ + "/journal.tmp"; }

  void put(std::uint8_t type, std::uint32_t stream, std::span<const std::byte> payload) {
    frame{type, stream, ++made_.sequence, payload}.encode(out_, head_.salt);
  }
  /// One frame of the state at hand, the next part of it; where that ends it, the next state is.
  void add_part(const stream_state& s) {
    part_bytes_.clear();
    for (std::span<const std::byte> rest = rest_of(s); !rest.empty(); rest = rest_of(s)) {
      const std::size_t n = std::min(rest.size(), part_ - part_bytes_.size());
      if (n == 0) break;  // full, and there is more
      part_bytes_.raw(rest.first(n));
      at_ += n;
    }
    put(frame::state, s.stream, part_bytes_.data());
    if (rest_of(s).empty()) {
      ++next_;
      piece_ = at_ = 0;
    } else {
      head_.features = file_header::states_in_parts;
    }
  }
  /// Of the state at hand, what is left of the first piece of which something is.
  std::span<const std::byte> rest_of(const stream_state& s) noexcept {
    for (; piece_ <= s.more.size(); ++piece_, at_ = 0) {
      const auto bytes = piece_ == 0 ? s.bytes : s.more[piece_ - 1];
      if (at_ < bytes.size()) return bytes.subspan(at_);
    }
    return {};
  }
  result<void> flush(bool more_follows) {
    GYRE_CHECK(write_all(*made_.journal, made_.bytes, out_.data()));
    made_.bytes += out_.size();
    out_.clear();
    return more_follows ? made_.journal->sync() : result<void>(ok);
  }

  file_system* files_;
  std::string dir_;
  file_header head_;
  std::size_t part_;
  fresh_journal made_;
  vec<stream_state> states_;
  std::size_t next_ = 0, piece_ = 0, at_ = 0;  // state, piece of it and byte of that to come
  byte_writer out_, part_bytes_;
};

}  // namespace v1
}  // namespace gyre
