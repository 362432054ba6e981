// guard.hpp - what every exported function passes through: errors to statuses, structs in and out.
// Room: capi. Threads: pure functions.
#pragma once
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string>
#include <string_view>

#include <gyre/core/result.hpp>
#include <gyre/core/version.hpp>

#include "gyre.h"
#include "text.hpp"

namespace gyre::capi {

/// Writes `why` into the caller's error, cut at a whole UTF-8 character.
inline gyre_status report(gyre_error* err, code why, std::string_view text) noexcept {
  const auto status = static_cast<gyre_status>(why);
  if (!err) return status;
  put_utf8(err->text, std::min<std::size_t>(err->size, sizeof(gyre_error)) - 8, text);
  err->code = status;
  return status;
}

/// Runs the body of one exported function. Nothing leaves it but a status: not an exception, not a
/// failed allocation.
template <class F>
gyre_status guard(gyre_error* err, F&& body) noexcept {
  if (err && err->size < 16) return GYRE_E_ARG;  // a gyre_error whose size was not set
#if GYRE_EXCEPTIONS
  try {
#endif
    const result<void> done = body();
    if (done) return GYRE_OK;
    return report(err, done.error().code, done.error().text);
#if GYRE_EXCEPTIONS
  } catch (const failure& e) {
    return report(err, e.code(), e.why().text);
  } catch (const std::bad_alloc&) {
    return report(err, code::nomem, "out of memory");
  } catch (const std::exception& e) {
    return report(err, code::internal, e.what());
  } catch (...) {
    return report(err, code::internal, "an exception of an unknown kind");
  }
#endif
}

/// The size that a caller may give for a T at least: what it was in the first version.
template <class T>
inline constexpr std::uint32_t first_size = sizeof(T);
template <>
inline constexpr std::uint32_t first_size<gyre_loop_options> = offsetof(gyre_loop_options, parent);
template <>
inline constexpr std::uint32_t first_size<gyre_loop_change> = offsetof(gyre_loop_change, mode);
template <>
inline constexpr std::uint32_t first_size<gyre_knob> = offsetof(gyre_knob, names);
template <>
inline constexpr std::uint32_t first_size<gyre_replay_options> =
    offsetof(gyre_replay_options, columns);
template <>
inline constexpr std::uint32_t first_size<gyre_replay_metrics> =
    offsetof(gyre_replay_metrics, stale_updates);
template <>
inline constexpr std::uint32_t first_size<gyre_feature> = offsetof(gyre_feature, names);

/// ARG: a number that cannot be, and what could.
inline error wrong(const char* what, double value, const char* expected) {
  return fail(code::arg, what, " is ", value, ": ", expected, " expected");
}
/// UNSUPPORTED: a number of a list that this library knows less of.
inline error unknown(const char* what, std::int32_t value) {
  return fail(code::unsupported, what, ": unknown ", value);
}
/// BUFFER: so many are needed.
inline error too_small(std::size_t needed, const char* what) {
  return fail(code::buffer, needed, " ", what, " are needed");
}

inline result<void> not_null(const void* p, const char* what) {
  if (!p) return fail(code::arg, what, " is NULL");
  return ok;
}

inline constexpr std::uint32_t largest_size = 4096;  // no struct of any version is larger

/// No struct of any version has another than a multiple of `align`: in an array with such a stride
/// every other field would be misaligned.
inline result<void> check_size(std::uint32_t size, std::uint32_t least, std::size_t align,
                               const char* what) {
  if (size >= least && size <= largest_size && size % align == 0) return ok;
  return fail(code::arg, what, ".size is ", size, ": expected sizeof the struct, at least ", least);
}

/// checked() without the type, so that it exists once.
/// @param[out] copy `known` bytes
inline result<void> read_struct(const void* in, std::uint32_t size, std::uint32_t least,
                                std::size_t align, void* copy, std::size_t known,
                                const char* what) {
  GYRE_CHECK(check_size(size, least, align, what));
  const auto* bytes = static_cast<const unsigned char*>(in);
  for (std::size_t i = known; i < size; ++i) {
    if (bytes[i] != 0) {
      return fail(code::unsupported, what, " sets a field at byte ", i, " that this library (",
                  version_text, ") does not know: upgrade the library, or leave it 0");
    }
  }
  std::memset(copy, 0, known);
  std::memcpy(copy, in, std::min<std::size_t>(size, known));
  return ok;
}

/// A caller's struct as this library knows it: what its version lacks is 0; what ours lacks must
/// be 0. `unsupported` otherwise. `size` is given for the elements of an array after its first.
template <class T>
result<T> checked(const T* in, const char* what, std::uint32_t size = 0) {
  GYRE_CHECK(not_null(in, what));
  T copy;
  GYRE_CHECK(read_struct(in, size == 0 ? in->size : size, first_size<T>, alignof(T), &copy,
                         sizeof copy, what));
  return copy;
}

/// The i-th of an array of structs whose stride is the first one's size.
template <class T>
const T* element(const T* first, std::uint32_t i) noexcept {
  return reinterpret_cast<const T*>(reinterpret_cast<const unsigned char*>(first) +
                                    std::size_t{first->size} * i);
}

/// Whether `out` can be written; call before anything changes.
template <class T>
result<void> check_out(const T* out, const char* what) {
  GYRE_CHECK(not_null(out, what));
  GYRE_CHECK(check_size(out->size, first_size<T>, alignof(T), what));
  return ok;
}

/// Writes as much of `value` as the caller's version has; the rest of a newer one becomes 0.
template <class T>
void write_out(T* out, const T& value) noexcept {
  const std::uint32_t size = out->size;
  const std::size_t known = std::min<std::size_t>(size, sizeof(T));
  auto* bytes = reinterpret_cast<unsigned char*>(out);
  std::memcpy(bytes, &value, known);
  std::memset(bytes + known, 0, size - known);
  out->size = size;
}

/// A field that no version has a use for yet.
inline result<void> check_reserved(std::uint32_t reserved) {
  if (reserved != 0) return wrong("reserved", reserved, "0");
  return ok;
}

/// Bytes into (buf, cap, needed). `buffer` when they do not fit; then only `needed` was written.
inline result<void> put_bytes(std::string_view bytes, void* buf, std::uint32_t cap,
                              std::uint32_t* needed) {
  if (bytes.size() > 0xFFFFFFFFu) return fail(code::budget, "more than 4 GiB");
  if (needed) *needed = static_cast<std::uint32_t>(bytes.size());
  if (bytes.size() > cap) {
    return too_small(bytes.size(), "bytes");
  }
  if (bytes.empty()) return ok;
  GYRE_CHECK(not_null(buf, "buf"));
  std::memcpy(buf, bytes.data(), bytes.size());
  return ok;
}

/// A string with its NUL into (buf, cap, needed).
inline result<void> put_text(const std::string& text, char* buf, std::uint32_t cap,
                             std::uint32_t* needed) {
  return put_bytes({text.c_str(), text.size() + 1}, buf, cap, needed);
}

}  // namespace gyre::capi
