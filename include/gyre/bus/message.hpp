// message.hpp - one event on the bus, what goes with it, and what takes it.
// Room: bus. Threads: plain values; a handler has one owner at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gyre/core/function.hpp>
#include <gyre/core/time.hpp>
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

/// What may go with a message.
struct publish_options {
  std::uint64_t correlation = 0;  ///< 0: that of the message being handled, else a new one
  std::uint32_t source = 0;       ///< the publishing loop; 0: none
  duration ttl{};                 ///< 0: does not expire
  bool may_wait = false;          ///< refuse with OVERFLOW rather than drop at a full `block` one
  bool follow = true;             ///< false: `correlation` 0 is a new one, whatever is handled now
};

/// What became of one publish at once.
struct publish_receipt {
  std::uint32_t matched = 0;  ///< subscriptions it is for
  std::uint32_t dropped = 0;  ///< messages lost by it, older ones that made room included
  std::uint64_t sequence = 0;
};

enum class dead_reason : std::uint8_t {
  retries,  ///< the last retry failed, or a probe of a half-open breaker
  breaker   ///< not tried: the subscription's breaker was open
};

/// A dead letter as it is shown: views into the bus, valid until the next call that is not const.
struct dead_letter {
  std::uint64_t number = 0;        ///< rises by 1, from 1; names it for replay and discard
  std::uint32_t subscription = 0;  ///< that could not take it
  dead_reason reason = dead_reason::retries;
  std::uint32_t attempts = 0;  ///< tries that failed
  instant died{};
  std::string_view error;  ///< of the subscription's last failure, first 95 bytes
  gyre::message message;
};

/// What a subscription calls for each message: anything that takes a `const message&` and returns
/// nothing, or `result<void>` where an error means *try again*. Throwing means the same. Moves and
/// does not copy. Empty: the subscription is polled.
class message_handler {
 public:
  message_handler() = default;
  message_handler(std::nullptr_t) noexcept {}  // NOLINT: implicit, as of std::function
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, message_handler> &&
             std::is_invocable_v<std::decay_t<F>&, const message&>)
  message_handler(F&& f) {  // NOLINT: implicit, as of std::function
    using held = std::decay_t<F>;
    if constexpr (requires(held& h) { h = nullptr; }) {
      if (!f) return;
    }
    if constexpr (std::is_void_v<std::invoke_result_t<held&, const message&>>) {
      call_ = [f = held(std::forward<F>(f))](const message& m) mutable -> result<void> {
        f(m);
        return ok;
      };
    } else {
      call_ = std::forward<F>(f);
    }
  }
  explicit operator bool() const noexcept { return static_cast<bool>(call_); }
  result<void> operator()(const message& m) { return call_(m); }  ///< @pre not empty

 private:
  function<result<void>(const message&)> call_;
};

}  // namespace v1
}  // namespace gyre
