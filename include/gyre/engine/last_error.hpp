// last_error.hpp - what the store's disk said last, for whoever asks.
// Room: engine. Threads: any. Held by the keeper.
#pragma once

#include <mutex>
#include <string>
#include <utility>

#include <gyre/core/result.hpp>
#include <gyre/core/scarce.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// The text of the last error, until something works again.
class last_error {
 public:
  template <class T>
  result<T> noted(result<T> done) {
    const std::lock_guard lock(mutex_);
    const bool told = done || if_memory([&] { text_ = done.error().text; });
    if (done || !told) text_.assign(told ? "" : "out of memory");
    return done;
  }
  std::string text() const {
    const std::lock_guard lock(mutex_);
    return text_;
  }
  /// The same, to be added to another error.
  std::string because() const {
    const std::lock_guard lock(mutex_);
    return text_.empty() ? text_ : ", which says: " + text_;
  }

 private:
  mutable std::mutex mutex_;
  std::string text_;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
