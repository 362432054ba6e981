// checkpoint.hpp - writes a whole new journal file that starts from states, and puts it in place.
// Room: store. Threads: the journal's owner.
#pragma once

#include <gyre/store/frame.hpp>

namespace gyre {
inline namespace v1 {

/// All that one stream is, as its owner wrote it.
struct stream_state {
  std::uint32_t stream = 0;
  std::span<const std::byte> bytes;
};

/// A journal file just put in place.
struct fresh_journal {
  std::unique_ptr<file> journal;
  std::uint64_t bytes = 0;
  std::uint64_t sequence = 0;  ///< of its last frame
  bool durable_name = true;  ///< false: the directory could not be synced
};

/// Writes `<dir>/journal.tmp` (header, one frame a state or for every `part` bytes of it, a commit
/// frame for group `group`), syncs it, renames it to `<dir>/journal` and syncs the directory. A
/// crash at any point leaves the old journal or the new one. With no states and group 0 it is the
/// empty journal of a new store. Errors: io; the old journal is then still in place.
/// @pre 1 <= part <= frame::max_payload
inline result<fresh_journal> write_checkpoint(file_system& files, const std::string& dir,
                                              file_header head, std::uint64_t group,
                                              std::span<const stream_state> states,
                                              std::size_t part = frame::max_payload) {
  head.base_bytes = file_header::bytes;
  head.features = 0;
  for (const stream_state& s : states) {
    std::size_t left = s.bytes.size();
    for (; left > part; left -= part) {
      head.features = file_header::states_in_parts;
      head.base_bytes += frame::padded(part);
    }
    head.base_bytes += frame::padded(left);
  }
  if (group > 0) head.base_bytes += frame::padded(commit_note::bytes);

  const std::string temp = dir + "/journal.tmp";
  fresh_journal made;
  const auto write = [&]() -> result<void> {
    GYRE_TRY(opened, files.open(temp, open_mode::fresh));
    made.journal = std::move(opened);
    GYRE_CHECK(write_all(*made.journal, 0, head.encode()));
    made.bytes = file_header::bytes;
    byte_writer out;
    const auto put = [&](const frame& f) -> result<void> {
      out.clear();
      f.encode(out, head.salt);
      GYRE_CHECK(write_all(*made.journal, made.bytes, out.data()));
      made.bytes += out.size();
      made.sequence = f.sequence;
      return ok;
    };
    for (const stream_state& s : states) {
      auto left = s.bytes;
      for (; left.size() > part; left = left.subspan(part)) {
        GYRE_CHECK(put({frame::state, s.stream, made.sequence + 1, left.first(part)}));
      }
      GYRE_CHECK(put({frame::state, s.stream, made.sequence + 1, left}));
    }
    if (group > 0) {
      const auto note = commit_note{group, made.sequence, head.base_bytes}.encode();
      GYRE_CHECK(put({frame::commit, 0, made.sequence + 1, note}));
    }
    GYRE_CHECK(made.journal->sync());
    GYRE_CHECK(files.rename(temp, dir + "/journal"));
    made.journal->renamed(dir + "/journal");
    return ok;
  };
  if (auto done = write(); !done) {
    (void)files.remove(temp);
    return done.error();
  }
  made.durable_name = files.sync_dir(dir).has_value();
  return made;
}

}  // namespace v1
}  // namespace gyre
