// salvage.hpp - a damaged journal's whole beginning as a new journal; the old file is kept.
// Room: store. Threads: the journal's owner.
#pragma once

#include <gyre/store/checkpoint.hpp>
#include <gyre/store/recovery.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// Copies the first `end` bytes of one file to another, 64 KiB at a time, from `at` on. Errors: io.
inline result<void> copy_bytes(file& from, std::uint64_t at, std::uint64_t end, file& to) {
  std::vector<std::byte> piece(std::size_t{64} << 10);
  while (at < end) {
    const std::uint64_t n = std::min<std::uint64_t>(piece.size(), end - at);
    GYRE_TRY(got, read_up_to(from, at, std::span(piece).first(static_cast<std::size_t>(n))));
    if (got == 0) return fail(code::io, "a file ended while it was copied");
    GYRE_CHECK(write_all(to, at, std::span(piece).first(got)));
    at += got;
  }
  return ok;
}

}  // namespace detail

/// Keeps the whole file as `<dir>/journal.damaged` and puts in place of `<dir>/journal` what is
/// whole before its damage: commit groups, or, when the checkpoint itself is damaged, the states
/// before that. `extent` is made to say what the new file holds. A crash at any point leaves the
/// old journal or the new one. Errors: io; the old journal is then still in place.
inline result<fresh_journal> write_salvaged(file_system& files, const std::string& dir,
                                            file& damaged, file_header head,
                                            journal_extent& extent) {
  GYRE_TRY(copy, files.open(dir + "/journal.damaged", open_mode::fresh));
  GYRE_CHECK(detail::copy_bytes(damaged, 0, extent.size, *copy));
  GYRE_CHECK(copy->sync());
  const std::string temp = dir + "/journal.tmp";
  fresh_journal made;
  GYRE_TRY(opened, files.open(temp, open_mode::fresh));
  made.journal = std::move(opened);
  const bool no_group = extent.sequence == 0;
  if (no_group) extent.end = extent.states_end;
  GYRE_CHECK(detail::copy_bytes(damaged, file_header::bytes, extent.end, *made.journal));
  if (no_group && extent.states > 0) {  // they get a commit frame of their own
    const auto note = commit_note{1, extent.states, extent.end}.encode();
    byte_writer out;
    frame{frame::commit, 0, extent.states + 1, note}.encode(out, head.salt);
    GYRE_CHECK(write_all(*made.journal, extent.end, out.data()));
    extent.end += out.size();
    extent.sequence = extent.states + 1;
    extent.group = 1;
  }
  head.base_bytes = made.bytes = extent.end;
  GYRE_CHECK(write_all(*made.journal, 0, head.encode()));
  GYRE_CHECK(made.journal->sync());
  GYRE_CHECK(files.rename(temp, dir + "/journal"));
  made.journal->renamed(dir + "/journal");
  made.durable_name = files.sync_dir(dir).has_value();
  return made;
}

}  // namespace v1
}  // namespace gyre
