// result.hpp - a value, or the error that stands where it could not be had.
// Room: core. Threads: plain values.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include <gyre/core/config.hpp>
#include <gyre/core/error.hpp>

namespace gyre {
inline namespace v1 {

/// What `result::value()` throws where exceptions are on.
class failure : public std::exception {
 public:
  explicit failure(error why)
      : why_(std::move(why)), what_(std::string(name(why_.code)) + ": " + why_.text) {}
  const char* what() const noexcept override { return what_.c_str(); }
  gyre::code code() const noexcept { return why_.code; }
  const error& why() const noexcept { return why_; }

 private:
  error why_;
  std::string what_;
};

/// Throws `failure`, or prints the text and aborts where exceptions are off.
[[noreturn]] inline void raise(const error& why) {
#if GYRE_EXCEPTIONS
  throw failure(why);
#else
  std::fprintf(stderr, "gyre: %s: %s\n", name(why.code), why.text.c_str());
  std::abort();
#endif
}

/// The value of a `result<void>` that succeeded: `return ok;`.
struct ok_t {};
inline constexpr ok_t ok{};

/// A `T`, or an `error`. Test it, or take `.value()` and let a failure throw.
template <class T>
class [[nodiscard]] result {
 public:
  using value_type = T;
  template <class U = T>
    requires(std::is_constructible_v<T, U &&> && !std::is_same_v<std::remove_cvref_t<U>, error> &&
             !std::is_same_v<std::remove_cvref_t<U>, result>)
  result(U&& value) : value_(std::forward<U>(value)) {}  // NOLINT: implicit, as a return value is
  result(gyre::error why) : error_(std::move(why)) {}    // NOLINT

  explicit operator bool() const noexcept { return value_.has_value(); }
  bool has_value() const noexcept { return value_.has_value(); }
  T& operator*() & noexcept { return *value_; }  ///< @pre has_value()
  const T& operator*() const& noexcept { return *value_; }
  T&& operator*() && noexcept { return std::move(*value_); }
  T* operator->() noexcept { return &*value_; }  ///< @pre has_value()
  const T* operator->() const noexcept { return &*value_; }
  const gyre::error& error() const& noexcept { return error_; }  ///< @pre !has_value()
  gyre::error&& error() && noexcept { return std::move(error_); }
  gyre::code code() const noexcept { return value_ ? gyre::code::ok : error_.code; }

  /// The value; a failure is thrown (or aborts, see `raise`).
  T& value() & {
    if (!value_) raise(error_);
    return *value_;
  }
  const T& value() const& {
    if (!value_) raise(error_);
    return *value_;
  }
  T value() && {
    if (!value_) raise(error_);
    return std::move(*value_);
  }
  T value_or(T other) const& { return value_ ? *value_ : std::move(other); }

 private:
  std::optional<T> value_;
  gyre::error error_{gyre::code::ok, {}};
};

/// Success without a value, or an `error`.
template <>
class [[nodiscard]] result<void> {
 public:
  using value_type = void;
  result(ok_t = ok) noexcept {}                        // NOLINT: implicit, as a return value is
  result(gyre::error why) : error_(std::move(why)) {}  // NOLINT

  explicit operator bool() const noexcept { return error_.code == gyre::code::ok; }
  bool has_value() const noexcept { return error_.code == gyre::code::ok; }
  const gyre::error& error() const& noexcept { return error_; }
  gyre::error&& error() && noexcept { return std::move(error_); }
  gyre::code code() const noexcept { return error_.code; }
  void value() const {
    if (!has_value()) raise(error_);
  }

 private:
  gyre::error error_{gyre::code::ok, {}};
};

}  // namespace v1
}  // namespace gyre
