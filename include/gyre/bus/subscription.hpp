// subscription.hpp - one subscriber: its queue, its rate, its account, and where it stands.
// Room: bus. Threads: one owner at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <gyre/bus/breaker.hpp>
#include <gyre/bus/message.hpp>
#include <gyre/core/growing_ring.hpp>
#include <string>
#include <string_view>
#include <utility>

namespace gyre {
inline namespace v1 {

/// A text kept without allocating: its first 95 bytes, cut between UTF-8 characters.
class short_text {
 public:
  void assign(std::string_view text) noexcept {
    std::size_t n = std::min(text.size(), sizeof text_);
    if (n < text.size()) {
      while (n > 0 && (static_cast<unsigned char>(text[n]) & 0xc0U) == 0x80U) --n;
    }
    if (n > 0) std::memcpy(text_, text.data(), n);
    size_ = static_cast<std::uint8_t>(n);
  }
  std::string_view view() const noexcept { return {text_, size_}; }

 private:
  char text_[95] = {};
  std::uint8_t size_ = 0;
};

/// So many a second, and `burst` of them at once (GCRA: one instant of state, exact in integers).
class rate_limit {
 public:
  rate_limit(double per_s, std::uint32_t burst) noexcept {
    if (!(per_s > 0)) return;
    gap_ = std::max(duration{1}, duration{static_cast<std::int64_t>(1e9 / per_s + 0.5)});
    const double room = burst > 0 ? burst : std::max(1.0, per_s);
    ahead_ = scale(gap_, room - 1);
  }
  bool allows(instant now) const noexcept {
    return gap_.count() == 0 || next_ <= add_saturated(now, ahead_);
  }
  void take(instant now) noexcept {
    if (gap_.count() != 0) next_ = add_saturated(std::max(next_, now), gap_);
  }

 private:
  duration gap_{}, ahead_{};
  instant next_{};  // when the next is due if they came evenly
};

/// ARG unless the options make sense.
inline result<void> check(const subscription_options& o) {
  if (o.capacity < 1 || o.capacity > (1U << 20)) {
    return fail(code::arg, "capacity ", o.capacity, ": 1 to 1048576 are allowed");
  }
  if (!(o.rate_per_s >= 0 && o.rate_per_s <= 1e9) || (o.rate_per_s > 0 && o.rate_per_s < 1e-6)) {
    return fail(code::arg, "rate_per_s ", o.rate_per_s, ": 0 for no limit, else 0.000001 to 1e9");
  }
  if (o.retries > 1000) {
    return fail(code::arg, "retries ", o.retries, ": at most 1000");
  }
  if (o.retry_delay < duration{0} || o.retry_delay > longest || o.block_for < duration{0} ||
      o.breaker.open_for < duration{0}) {
    return fail(code::arg,
                "retry_delay, block_for and breaker.open_for must not be negative, nor "
                "the first over 100 years");
  }
  if (static_cast<unsigned>(o.policy) > static_cast<unsigned>(overflow::block)) {
    return fail(code::arg, "policy ", static_cast<unsigned>(o.policy),
                " is not an overflow policy");
  }
  return ok;
}

namespace detail {

/// The bus's time: the newest that it was given, and whom to ask while handlers run.
struct bus_clock {
  instant now{};
  const function_ref<instant()>* source = nullptr;  // during a pump() that has one

  void advance(instant t) noexcept {
    if (now < t) now = t;
  }
  void ask() {
    if (source != nullptr) advance((*source)());
  }
};

/// A message in a queue.
struct delivery {
  std::uint64_t hash = 0;   // of its topic
  std::uint64_t place = 0;  // in the order of delivery: its sequence, or that of what it replaced
  std::uint32_t index = 0;  // in the pool
  std::uint32_t attempts = 0;  // tries that failed
};

/// Where a subscriber stands: in one heap of the lineup, or in none.
enum class place : std::uint8_t { idle, ready, waiting, later, in_handler };

/// When it is a subscriber's turn; for lineup.hpp.
struct turn {
  instant not_before{};     // next try, after a failed one
  std::uint64_t key = 0;    // place of its first message by which it stands in the heap
  std::uint64_t order = 0;  // of subscribing
  place where = place::idle;
};

/// What went wrong in a subscriber's handler.
struct handler_trouble {
  std::uint64_t failures = 0, retried = 0;
  short_text last_error;
};

/// A live subscription. Held by routing.hpp.
struct subscriber {
  subscriber(std::string_view p, const subscription_options& o, message_handler h)
      : options(o),
        pattern(p),
        handler(std::move(h)),
        breaker(o.breaker),
        rate(o.rate_per_s, o.burst) {}

  bool full(std::size_t size) const noexcept {
    if (queue.empty()) return false;  // one message always fits, whatever its size
    return queue.size() >= options.capacity || bytes + size > options.bytes;
  }
  bool in_handler() const noexcept { return turn.where == place::in_handler; }
  std::uint64_t pending() const noexcept { return queue.size() + (in_handler() ? 1U : 0U); }

  subscription_options options;
  std::string pattern;
  message_handler handler;
  growing_ring<delivery> queue;
  bus_account account;  // its `pending` is filled in on reading
  gyre::breaker breaker;
  rate_limit rate;
  std::size_t bytes = 0;  // of what is in `queue`
  detail::turn turn;
  handler_trouble trouble;
  std::uint32_t id = 0;
  bool closed = false;
};

}  // namespace detail

}  // namespace v1
}  // namespace gyre
