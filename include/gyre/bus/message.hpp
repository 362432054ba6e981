// message.hpp - one event on the bus, and the pool that holds the bytes of those under way.
// Room: bus. Threads: one owner at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <gyre/core/time.hpp>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace gyre {
inline namespace v1 {

/// An event as a handler sees it: `topic` and `payload` are valid until the handler returns.
struct message {
  std::string_view topic;
  std::span<const std::byte> payload;
  instant at{};                   ///< when it was published
  duration ttl{};                 ///< not delivered from at + ttl on; 0: does not expire
  std::uint64_t correlation = 0;  ///< the same for everything that one event led to
  std::uint64_t sequence = 0;     ///< rises with each publish on the bus, from 1
  std::uint64_t replay_of = 0;    ///< sequence of the dead letter that this repeats; 0: none
  std::uint32_t source = 0;       ///< the publishing loop, as the engine numbers them; 0: none
  std::uint32_t attempt = 1;      ///< 2 and up: a retry

  std::string_view text() const noexcept {
    return {reinterpret_cast<const char*>(payload.data()), payload.size()};
  }
  bool expired(instant now) const noexcept {
    return ttl.count() > 0 && now >= add_saturated(at, ttl);
  }
};

/// A message that owns its bytes, to keep.
struct owned_message {
  std::string topic;
  std::vector<std::byte> payload;
  instant at{};
  duration ttl{};
  std::uint64_t correlation = 0;
  std::uint64_t sequence = 0;
  std::uint64_t replay_of = 0;
  std::uint32_t source = 0;

  std::string_view text() const noexcept {
    return {reinterpret_cast<const char*>(payload.data()), payload.size()};
  }
  void assign(const message& m) {
    topic.assign(m.topic);
    payload.assign(m.payload.begin(), m.payload.end());
    at = m.at;
    ttl = m.ttl;
    correlation = m.correlation;
    sequence = m.sequence;
    replay_of = m.replay_of;
    source = m.source;
  }
};

/// What a subscription calls for each message: anything that takes a `const message&` and returns
/// nothing, or `result<void>` where an error means *try again*. Throwing means the same. Empty: the
/// subscription is polled.
class message_handler {
 public:
  message_handler() = default;
  message_handler(std::nullptr_t) noexcept {}  // NOLINT: implicit, as of std::function
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, message_handler> &&
             std::is_copy_constructible_v<F> && std::is_invocable_v<F&, const message&>)
  message_handler(F f) {  // NOLINT: implicit, as of std::function
    if constexpr (requires { f = nullptr; }) {
      if (!f) return;
    }
    if constexpr (std::is_void_v<std::invoke_result_t<F&, const message&>>) {
      call_ = [f = std::move(f)](const message& m) mutable -> result<void> {
        f(m);
        return ok;
      };
    } else {
      call_ = std::move(f);
    }
  }
  explicit operator bool() const noexcept { return static_cast<bool>(call_); }
  result<void> operator()(const message& m) { return call_(m); }  ///< @pre not empty

 private:
  std::function<result<void>(const message&)> call_;
};

/// Bytes of messages by number, shared by reference counts. Buffers come in powers of two and are
/// kept for the next message, up to `keep_bytes`; so a steady flow allocates nothing.
class message_pool {
 public:
  static constexpr std::uint32_t none = 0xffffffffU;

  explicit message_pool(std::size_t keep_bytes) noexcept : keep_bytes_(keep_bytes) {
    for (std::uint32_t& head : free_) head = none;
  }

  /// Copies `m` in; its number, with no reference to it yet.
  std::uint32_t store(const message& m) {
    const std::size_t size = m.topic.size() + m.payload.size();
    std::uint32_t kind = 0;
    while (class_bytes(kind) < size) ++kind;
    const std::uint32_t index = vacant(kind);
    entry& e = entries_[index];
    // memmove: an empty view may be null, and a handler may pass on a part of its own message.
    if (!m.topic.empty()) std::memmove(e.data.get(), m.topic.data(), m.topic.size());
    if (!m.payload.empty()) {
      std::memmove(e.data.get() + m.topic.size(), m.payload.data(), m.payload.size());
    }
    e.m = m;
    e.m.topic = {reinterpret_cast<const char*>(e.data.get()), m.topic.size()};
    e.m.payload = {e.data.get() + m.topic.size(), m.payload.size()};
    e.references = 0;
    ++live_;
    return index;
  }
  void retain(std::uint32_t index) noexcept { ++entries_[index].references; }
  /// Gives one reference back; the last one frees the message.
  void release(std::uint32_t index) noexcept {
    entry& e = entries_[index];
    if (--e.references != 0) return;
    --live_;
    std::uint32_t list = e.kind;
    if (kept_ + class_bytes(e.kind) > keep_bytes_) {
      e.data.reset();
      list = empties;
    } else {
      kept_ += class_bytes(e.kind);
    }
    e.next = free_[list];
    free_[list] = index;
  }
  /// Its topic and payload stay where they are until the last release.
  const message& operator[](std::uint32_t index) const noexcept { return entries_[index].m; }
  static std::size_t bytes(const message& m) noexcept { return m.topic.size() + m.payload.size(); }
  std::size_t live() const noexcept { return live_; }
  std::size_t kept_bytes() const noexcept { return kept_; }

 private:
  static constexpr std::uint32_t classes = 25, empties = classes;  // 64 B to 1 GiB; no buffer
  struct entry {
    message m;
    std::unique_ptr<std::byte[]> data;
    std::uint32_t references = 0, kind = 0, next = none;
  };
  static constexpr std::size_t class_bytes(std::uint32_t kind) noexcept {
    return std::size_t{64} << kind;
  }
  std::uint32_t pop(std::uint32_t list) noexcept {
    const std::uint32_t index = free_[list];
    if (index != none) free_[list] = entries_[index].next;
    return index;
  }
  std::uint32_t vacant(std::uint32_t kind) {
    std::uint32_t index = pop(kind);
    if (index != none) {
      kept_ -= class_bytes(kind);
      return index;
    }
    std::unique_ptr<std::byte[]> data(new std::byte[class_bytes(kind)]);
    index = pop(empties);
    if (index == none) {
      index = static_cast<std::uint32_t>(entries_.size());
      entries_.emplace_back();
    }
    entries_[index].data = std::move(data);
    entries_[index].kind = kind;
    return index;
  }

  std::vector<entry> entries_;
  std::uint32_t free_[classes + 1];  // heads of lists through entry::next
  std::size_t keep_bytes_, kept_ = 0, live_ = 0;
};

}  // namespace v1
}  // namespace gyre
