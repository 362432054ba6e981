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

namespace gyre::capi {

/// Writes `why` into the caller's error, cut at a whole UTF-8 character.
inline gyre_status report(gyre_error* err, code why, std::string_view text) noexcept {
  const auto status = static_cast<gyre_status>(why);
  if (!err) return status;
  const std::size_t room = std::min<std::size_t>(err->size, sizeof(gyre_error)) - 8;
  std::size_t length = std::min(text.size(), room - 1);
  while (length > 0 && length < text.size() && (text[length] & 0xC0) == 0x80) --length;
  std::memcpy(err->text, text.data(), length);
  err->text[length] = 0;
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

inline constexpr std::uint32_t largest_size = 4096;  // no struct of any version is larger

inline result<std::uint32_t> check_size(std::uint32_t size, std::uint32_t least, const char* what) {
  if (size < least || size > largest_size) {
    return fail(code::arg, what, ".size is ", size, ": expected sizeof the struct, at least ",
                least);
  }
  return size;
}

/// A caller's struct as this library knows it: what its version lacks is 0; what ours lacks must
/// be 0. `unsupported` otherwise. `size` is given for the elements of an array after its first.
template <class T>
result<T> checked(const T* in, const char* what, std::uint32_t size = 0) {
  if (!in) return fail(code::arg, what, " is NULL");
  if (size == 0) size = in->size;
  GYRE_CHECK(check_size(size, first_size<T>, what));
  T copy;
  std::memset(&copy, 0, sizeof copy);
  std::memcpy(&copy, in, std::min<std::size_t>(size, sizeof copy));
  const auto* bytes = reinterpret_cast<const unsigned char*>(in);
  for (std::uint32_t i = sizeof copy; i < size; ++i) {
    if (bytes[i] != 0) {
      return fail(code::unsupported, what, " sets a field at byte ", i, " that this library (",
                  version_text, ") does not know: upgrade the library, or leave it 0");
    }
  }
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
  if (!out) return fail(code::arg, what, " is NULL");
  GYRE_CHECK(check_size(out->size, first_size<T>, what));
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

inline result<void> not_null(const void* p, const char* what) {
  if (!p) return fail(code::arg, what, " is NULL");
  return ok;
}

/// Bytes into (buf, cap, needed). `buffer` when they do not fit; then only `needed` was written.
inline result<void> put_bytes(std::string_view bytes, void* buf, std::uint32_t cap,
                              std::uint32_t* needed) {
  if (bytes.size() > 0xFFFFFFFFu) return fail(code::budget, "more than 4 GiB");
  if (needed) *needed = static_cast<std::uint32_t>(bytes.size());
  if (bytes.size() > cap) {
    return fail(code::buffer, bytes.size(), " bytes are needed, cap is ", cap);
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
