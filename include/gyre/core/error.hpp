// error.hpp - what can go wrong: one list of codes for every language, and a text that says what.
// Room: core. Threads: plain values.
#pragma once

#include <cstdint>
#include <gyre/core/text.hpp>
#include <string>
#include <utility>

namespace gyre {
inline namespace v1 {

/// Why a call failed. The numbers are part of the C ABI and are never reused or renumbered.
enum class code : std::int32_t {
  ok = 0,
  arg = -1,            ///< an argument is out of its range; the text names it and the range
  state = -2,          ///< not now: the object is in a state that does not allow the call
  nomem = -3,          ///< memory could not be had
  stale = -4,          ///< the id was valid once; what it named is gone
  kind = -5,           ///< the id names something of another kind
  not_found = -6,      ///< nothing has this name
  exists = -7,         ///< the name is taken
  buffer = -8,         ///< the caller's buffer is too small; the needed size was written
  timeout = -9,        ///< a deadline passed
  reentrant = -10,     ///< called from inside the callback that it would wait for
  cancelled = -11,     ///< the tick was abandoned; the call did nothing
  overflow = -12,      ///< a bounded queue is full
  budget = -13,        ///< a byte or item budget would be exceeded
  breaker_open = -14,  ///< a circuit breaker refuses
  io = -15,            ///< the operating system refused a file operation; the text has its reason
  corrupt = -16,       ///< bytes fail their checksum or contradict themselves
  format = -17,        ///< a file of another kind, or of a newer version
  unsupported = -18,   ///< this build or this driver cannot do that
  abi = -19,           ///< caller and library were built for different ABI versions
  callback = -20,      ///< a callback of the user failed
  forked = -23,        ///< called in a forked child
  internal = -99,      ///< a defect of gyre
};

/// The code's name as C spells it without its prefix, for logs: "ARG". Static storage.
constexpr const char* name(code c) noexcept {
  switch (c) {
    case code::ok: return "OK";
    case code::arg: return "ARG";
    case code::state: return "STATE";
    case code::nomem: return "NOMEM";
    case code::stale: return "STALE";
    case code::kind: return "KIND";
    case code::not_found: return "NOT_FOUND";
    case code::exists: return "EXISTS";
    case code::buffer: return "BUFFER";
    case code::timeout: return "TIMEOUT";
    case code::reentrant: return "REENTRANT";
    case code::cancelled: return "CANCELLED";
    case code::overflow: return "OVERFLOW";
    case code::budget: return "BUDGET";
    case code::breaker_open: return "BREAKER_OPEN";
    case code::io: return "IO";
    case code::corrupt: return "CORRUPT";
    case code::format: return "FORMAT";
    case code::unsupported: return "UNSUPPORTED";
    case code::abi: return "ABI";
    case code::callback: return "CALLBACK";
    case code::forked: return "FORKED";
    case code::internal: return "INTERNAL";
  }
  return "UNKNOWN";
}

/// A failure: its code for the program, its text for the person. The text names the value that was
/// wrong and what would be right.
struct error {
  gyre::code code = gyre::code::internal;
  std::string text;
};

/// An error for a return statement; its text is the pieces joined: fail(code::arg, "retries ", n).
/// By value: literals of all lengths are one type then, and few functions are made of them.
template <class... Pieces>
error fail(code why, Pieces... text) {
  const piece all[] = {piece(text)...};
  return error{why, detail::join_pieces(all, sizeof...(text))};
}

}  // namespace v1
}  // namespace gyre
