// text.hpp - numbers as text, and pieces of text joined: no printf, no stream, no locale.
// Room: core. Threads: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gyre/core/config.hpp>
#include <string>
#include <string_view>
#include <type_traits>

namespace gyre {
inline namespace v1 {

namespace detail {

/// `whole` in decimal, at the end of `room`. By hand: <charconv> and <cmath> are a third of what
/// this header costs every user to compile.
inline std::string_view write_digits(char (&room)[20], std::uint64_t whole) {
  std::size_t at = sizeof room;
  do {
    room[--at] = static_cast<char>('0' + whole % 10);
    whole /= 10;
  } while (whole != 0);
  return {room + at, sizeof room - at};
}

/// Appends `whole` in decimal.
inline void append_whole(std::string& out, std::uint64_t whole) {
  char digits[20];
  out.append(write_digits(digits, whole));
}

/// Appends digits * 10^exponent: as a plain decimal from 0.0001 up to 15 digits, else as 1.25e-07.
/// @pre 1 to 20 digits
[[gnu::noinline]] inline void append_scaled(std::string& out, std::string_view digits,
                                            int exponent) {
  char text[32];
  std::size_t size = 0;
  const auto put = [&](char c) { text[size++] = c; };
  const auto point_after = [&](int before) {
    for (const char c : digits) {
      if (before-- == 0) put('.');
      put(c);
    }
  };
  const int before = static_cast<int>(digits.size()) + exponent;  // digits before the point
  if (before > 15 || before < -3) {
    point_after(1);
    put('e');
    put(before > 0 ? '+' : '-');
    const int e = before > 0 ? before - 1 : 1 - before;
    if (e >= 100) put(static_cast<char>('0' + e / 100));
    put(static_cast<char>('0' + e / 10 % 10));
    put(static_cast<char>('0' + e % 10));
  } else {
    if (before <= 0) put('0');
    if (before <= 0) put('.');
    for (int i = before; i < 0; ++i) put('0');
    point_after(before <= 0 ? -1 : before);
    for (int i = 0; i < exponent; ++i) put('0');
  }
  out.append(text, size);
}

}  // namespace detail

/// Appends `value`: whole numbers up to 2^53 exactly, all others to nine significant digits, which
/// brings a float back as it was; "nan", "inf" and "-inf" as such.
[[gnu::noinline]] inline void append_number(std::string& out, double value) {
  if (__builtin_isnan(value)) {
    out += "nan";
    return;
  }
  if (__builtin_signbit(value) && value != 0) {
    out += '-';
    value = -value;
  }
  if (__builtin_isinf(value)) {
    out += "inf";
    return;
  }
  if (value == __builtin_floor(value) && value <= 9007199254740992.0) {
    detail::append_whole(out, static_cast<std::uint64_t>(value));
    return;
  }
  int exponent = 0;  // value = scaled * 10^exponent, scaled of nine digits before its point
  double scaled = value;
  for (; scaled >= 1e9; scaled /= 10) ++exponent;
  for (; scaled < 1e8; scaled *= 10) --exponent;
  auto whole = static_cast<std::uint64_t>(scaled + 0.5);
  for (; whole % 10 == 0; whole /= 10) ++exponent;
  char digits[20];
  detail::append_scaled(out, detail::write_digits(digits, whole), exponent);
}

/// `value` as append_number writes it: 0.1, 65536, 1.25e-07.
inline std::string to_text(double value) {
  std::string out;
  append_number(out, value);
  return out;
}

/// `value` with so many digits after its point, for tables. @pre 0 <= digits <= 9. What needs more
/// than 15 digits in all, and what is not finite, is written as to_text() does.
inline std::string to_fixed(double value, int digits) {
  double factor = 1;
  for (int i = 0; i < digits; ++i) factor *= 10;
  const double scaled = __builtin_nearbyint(__builtin_fabs(value) * factor);
  if (!(scaled < 1e15)) return to_text(value);
  const auto whole = static_cast<std::uint64_t>(scaled);
  const auto unit = static_cast<std::uint64_t>(factor);
  std::string out = value < 0 && whole != 0 ? "-" : "";
  detail::append_whole(out, whole / unit);
  if (digits == 0) return out;
  out += '.';
  std::string part;
  detail::append_whole(part, whole % unit);
  return out.append(static_cast<std::size_t>(digits) - part.size(), '0').append(part);
}

/// What join() takes: a text, a character or a number. Refers to a text; lives for one call.
class piece {
 public:
  piece(std::string_view text) noexcept : what_(kind::text), text_(text) {}    // NOLINT
  piece(const char* text) noexcept : what_(kind::text), text_(text) {}         // NOLINT
  piece(const std::string& text) noexcept : what_(kind::text), text_(text) {}  // NOLINT
  piece(double number) noexcept : what_(kind::real), real_(number) {}          // NOLINT
  template <class Integer>
  requires(std::is_integral_v<Integer> && !std::is_same_v<Integer, bool> &&
           !std::is_same_v<Integer, char>) piece(Integer number)
  noexcept {  // NOLINT
    if constexpr (std::is_signed_v<Integer>) {
      what_ = number < 0 ? kind::negative : kind::whole;
      whole_ =
          number < 0 ? 0 - static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number);
    } else {
      what_ = kind::whole;
      whole_ = number;
    }
  }
  [[gnu::noinline]] void append_to(std::string& out) const {
    if (what_ == kind::text) {
      out += text_;
      return;
    }
    if (what_ == kind::real) {
      append_number(out, real_);
      return;
    }
    if (what_ == kind::negative) out += '-';
    detail::append_whole(out, whole_);
  }

 private:
  enum class kind : std::uint8_t { text, whole, negative, real };
  kind what_;
  union {
    std::string_view text_;
    std::uint64_t whole_;
    double real_;
  };
};

namespace detail {
/// Out of line: texts are made where something failed, and should cost the way there nothing.
[[gnu::cold, gnu::noinline]] inline std::string join_pieces(const piece* first, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) first[i].append_to(out);
  return out;
}
}  // namespace detail

/// The pieces one after the other: join("retries ", 5, ": at most ", 3).
template <class... Pieces>
std::string join(const Pieces&... pieces) {
  const piece all[] = {piece(pieces)...};
  return detail::join_pieces(all, sizeof...(pieces));
}

/// A text of others' making, its first `most` bytes if it is longer, whole characters of UTF-8,
/// with a note of how long it was.
inline std::string clipped(std::string_view text, std::size_t most = 1000) {
  if (text.size() <= most) return std::string(text);
  std::size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
  return std::string(text.substr(0, end)) + join("... (", text.size(), " bytes)");
}

}  // namespace v1
}  // namespace gyre
