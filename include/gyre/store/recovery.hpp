// recovery.hpp - reads a journal file: how far it is whole, and the frames up to there.
// Room: store. Threads: the journal's owner.
#pragma once

#include <gyre/core/function.hpp>
#include <gyre/store/frame.hpp>
#include <utility>
#include <vector>

namespace gyre {
inline namespace v1 {

/// Takes one recovered frame; `type` 0 is a stream's state from the checkpoint. The bytes live
/// during the call only. An error ends the opening with it.
using journal_visitor = function<result<void>(std::uint32_t stream, std::uint8_t type,
                                              std::span<const std::byte>)>;

/// How far a journal file is whole.
struct journal_extent {
  std::uint64_t end = file_header::bytes;  ///< behind the last commit frame
  std::uint64_t group = 0;                 ///< its number
  std::uint64_t sequence = 0;              ///< its sequence number
  std::uint64_t size = 0;                  ///< of the file; what lies past `end` is a torn tail,
  std::uint64_t durable = 0;               ///< or damage when `end` is less than this was safe
  std::uint64_t states_end = file_header::bytes;  ///< behind the whole states at the start
  std::uint64_t states = 0;                       ///< how many
};

/// Finds the extent of a journal of `size` bytes. A damaged tail is what a crash leaves, and is no
/// error. Damage below what is known to have been durable is one, since a crash does not do that:
/// it is known from the header and from every whole commit frame, those behind the damage included;
/// check_extent() tells. Errors: io.
inline result<journal_extent> find_extent(file& journal, const file_header& head,
                                          std::uint64_t size) {
  file_window window(journal, size);
  journal_extent extent;
  extent.size = size;
  std::uint64_t at = file_header::bytes;
  std::uint64_t frames = 0, sequence = 0;
  std::uint32_t stream = 0;  // of the last state
  const bool in_parts = (head.features & file_header::states_in_parts) != 0;
  frame f;
  for (;;) {
    GYRE_TRY(found, frame::read(window, at, head.salt, f));
    if (found != frame::found::whole || f.sequence != sequence + 1) break;
    sequence = f.sequence;
    at += f.bytes();
    if (f.type != frame::commit) {
      ++frames;
      if (f.type == frame::state && !in_parts) {
        extent.states_end = at;
        extent.states = frames;
      } else if (f.type == frame::state && f.stream != stream) {  // those before it are whole
        extent.states_end = at - f.bytes();
        extent.states = frames - 1;
      }
      stream = f.stream;
      continue;
    }
    const commit_note note = commit_note::decode(f.payload);
    if (f.payload.size() != commit_note::bytes || note.frames != frames) break;
    frames = 0;
    extent.end = at;
    extent.group = note.group;
    extent.sequence = sequence;
  }
  extent.durable = head.base_bytes;
  for (at = extent.end; at < size; at += 8) {  // frames start at multiples of 8
    GYRE_TRY(next, frame::find(window, at, frame::commit, commit_note::bytes));
    at = next;
    if (at >= size) break;
    GYRE_TRY(found, frame::read(window, at, head.salt, f));
    if (found != frame::found::whole) continue;
    extent.durable = std::max(extent.durable, commit_note::decode(f.payload).durable_bytes);
  }
  return extent;
}

/// Errors: corrupt (naming the offset), where no crash can have made the damage.
inline result<void> check_extent(const journal_extent& extent, const std::string& name) {
  if (extent.end >= extent.durable) return ok;
  return fail(code::corrupt, name, " is damaged behind byte ", extent.end, ", and ",
              extent.durable, " bytes had been safe: not the work of a crash; ",
              "journal_options::salvage opens what is before");
}

/// Hands the frames before `extent.end` to `visit`, in order, states as a whole. Errors: the
/// visitor's, io, corrupt (the file changed meanwhile).
inline result<void> replay_frames(file& journal, const file_header& head, const std::string& name,
                                  const journal_extent& extent, journal_visitor& visit) {
  file_window window(journal, extent.end);
  const bool in_parts = (head.features & file_header::states_in_parts) != 0;
  std::vector<std::byte> state;  // of `stream`, where states come in parts
  std::uint32_t stream = 0;
  bool open = false;
  const auto close = [&]() -> result<void> {
    if (!std::exchange(open, false)) return ok;
    return visit(stream, frame::state, state);
  };
  frame f;
  for (std::uint64_t at = file_header::bytes; at < extent.end; at += f.bytes()) {
    GYRE_TRY(found, frame::read(window, at, head.salt, f));
    if (found != frame::found::whole) return fail(code::corrupt, name, " changed while read");
    if (open && (f.type != frame::state || f.stream != stream)) GYRE_CHECK(close());
    if (f.type == frame::commit) continue;
    if (f.type != frame::state || !in_parts) {
      GYRE_CHECK(visit(f.stream, f.type, f.payload));
      continue;
    }
    if (!open) state.clear();
    state.insert(state.end(), f.payload.begin(), f.payload.end());
    stream = f.stream;
    open = true;
  }
  return close();
}

}  // namespace v1
}  // namespace gyre
