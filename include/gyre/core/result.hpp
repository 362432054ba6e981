// result.hpp - a value, or the error that stands where it could not be had.
// Room: core. Threads: plain values.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <type_traits>
#include <utility>

#include <gyre/core/config.hpp>
#include <gyre/core/error.hpp>

namespace gyre {
inline namespace v1 {

/// What `result::value()` throws where exceptions are on.
class failure : public std::exception {
 public:
  [[gnu::cold]] explicit failure(error why)
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

namespace detail {
/// An error on the heap, or none: one word, so that a result costs its success next to nothing.
/// What only a failure needs is out of line.
class boxed_error {
 public:
  boxed_error() noexcept = default;
  [[gnu::noinline]] explicit boxed_error(error why) : at_(new error(std::move(why))) {}
  boxed_error(boxed_error&& from) noexcept : at_(std::exchange(from.at_, nullptr)) {}
  boxed_error(const boxed_error& from)
      : at_(from.at_ == nullptr ? nullptr : new error(*from.at_)) {}
  boxed_error& operator=(boxed_error from) noexcept {
    std::swap(at_, from.at_);
    return *this;
  }
  ~boxed_error() {
    if (at_ != nullptr) drop();
  }
  explicit operator bool() const noexcept { return at_ != nullptr; }
  error& operator*() const noexcept { return *at_; }
  gyre::code code() const noexcept { return at_ == nullptr ? gyre::code::ok : at_->code; }

 private:
  [[gnu::noinline]] void drop() noexcept { delete at_; }
  error* at_ = nullptr;
};
}  // namespace detail

/// A `T`, or an `error`. Test it, or take `.value()` and let a failure throw. It holds the value in
/// itself, without std::optional: thirty of those took a tenth of the time to compile gyre.hpp.
template <class T>
class [[nodiscard]] result {
 public:
  using value_type = T;
  template <class U = T>
    requires(!std::is_same_v<std::remove_cvref_t<U>, result> && std::is_constructible_v<T, U>)
  result(U&& value)  // NOLINT: implicit, as a return value is
      : has_(true), value_(std::forward<U>(value)) {}
  result(gyre::error why) : error_(std::move(why)) {}                   // NOLINT
  result(detail::boxed_error why) noexcept : error_(std::move(why)) {}  // NOLINT: see pass()
  result(result&& from) noexcept : has_(from.has_), error_(std::move(from.error_)) {
    if (has_) ::new (static_cast<void*>(&value_)) T(std::move(from.value_));
  }
  result(const result& from)
    requires std::is_copy_constructible_v<T>
      : has_(from.has_), error_(from.error_) {
    if (has_) ::new (static_cast<void*>(&value_)) T(from.value_);
  }
  result& operator=(result from) noexcept {
    this->~result();
    return *::new (static_cast<void*>(this)) result(std::move(from));
  }
  ~result() {
    if (has_) value_.~T();
  }

  explicit operator bool() const noexcept { return has_; }
  bool has_value() const noexcept { return has_; }
  T& operator*() & noexcept { return value_; }  ///< @pre has_value()
  const T& operator*() const& noexcept { return value_; }
  T&& operator*() && noexcept { return std::move(value_); }
  T* operator->() noexcept { return &value_; }  ///< @pre has_value()
  const T* operator->() const noexcept { return &value_; }
  const gyre::error& error() const& noexcept { return *error_; }  ///< @pre !has_value()
  gyre::error&& error() && noexcept { return std::move(*error_); }
  gyre::code code() const noexcept { return error_.code(); }
  /// The error for another result to take over; see GYRE_TRY. @pre !has_value()
  detail::boxed_error pass() && noexcept { return std::move(error_); }

  /// The value; a failure is thrown (or aborts, see `raise`).
  T& value() & {
    if (!has_) raise(*error_);
    return value_;
  }
  const T& value() const& {
    if (!has_) raise(*error_);
    return value_;
  }
  T value() && {
    if (!has_) raise(*error_);
    return std::move(value_);
  }
  T value_or(T other) const& { return has_ ? value_ : std::move(other); }

 private:
  bool has_ = false;  // value_ lives
  detail::boxed_error error_;
  union {
    T value_;
  };
};

/// Success without a value, or an `error`.
template <>
class [[nodiscard]] result<void> {
 public:
  using value_type = void;
  result(ok_t = ok) noexcept {}                        // NOLINT: implicit, as a return value is
  result(gyre::error why) : error_(std::move(why)) {}  // NOLINT
  result(detail::boxed_error why) noexcept : error_(std::move(why)) {}  // NOLINT: see pass()

  explicit operator bool() const noexcept { return !error_; }
  bool has_value() const noexcept { return !error_; }
  const gyre::error& error() const& noexcept { return *error_; }  ///< @pre !has_value()
  gyre::error&& error() && noexcept { return std::move(*error_); }
  gyre::code code() const noexcept { return error_.code(); }
  /// The error for another result to take over; see GYRE_CHECK. @pre !has_value()
  detail::boxed_error pass() && noexcept { return std::move(error_); }
  void value() const {
    if (error_) raise(*error_);
  }

 private:
  detail::boxed_error error_;
};

}  // namespace v1
}  // namespace gyre
