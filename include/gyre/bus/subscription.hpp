// subscription.hpp - what one subscriber asks for, its queue, and the exact account of it.
// Room: bus. Threads: one owner at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <gyre/bus/breaker.hpp>
#include <gyre/bus/message.hpp>
#include <string>
#include <utility>
#include <vector>

namespace gyre {
inline namespace v1 {

/// What happens to a message that finds the queue full.
enum class overflow : std::uint8_t {
  drop_newest,  ///< it is dropped
  drop_oldest,  ///< the oldest that wait make room for it
  keep_latest,  ///< one waits per topic and a newer one takes its place; else like drop_oldest
  block         ///< the publisher waits up to `block_for` where it may, else it is dropped
};

/// How a subscription takes its messages. Delivery is in order: a message that waits for its next
/// try holds up those behind it.
struct subscription_options {
  std::uint32_t capacity = 1024;  ///< that wait, 1 to 1,048,576; one more may be retried
  overflow policy = overflow::drop_newest;
  int priority = 0;           ///< the higher is served first
  double rate_per_s = 0;      ///< what comes faster is dropped; 0: no limit
  std::uint32_t burst = 0;    ///< taken at once within the rate; 0: one second's worth
  std::uint32_t retries = 3;  ///< after the first try, up to 1,000
  duration retry_delay = std::chrono::milliseconds{100};  ///< times n before the n-th retry
  breaker_options breaker{};  ///< a failure: a message that was tried and never taken
  duration block_for = std::chrono::seconds{1};  ///< `block`: how long a publisher waits at most
  std::size_t bytes = std::size_t{4}
                      << 20;  ///< another bound, of topics and payloads; one always fits
};

/// The conservation law of the bus, in numbers that only grow (but `pending`).
struct bus_account {
  std::uint64_t matched = 0;           ///< messages that were for this subscription
  std::uint64_t delivered = 0;         ///< taken by the handler or by poll
  std::uint64_t dropped_newest = 0;    ///< found the queue full
  std::uint64_t dropped_oldest = 0;    ///< made room
  std::uint64_t dropped_replaced = 0;  ///< a newer one of the topic took the place
  std::uint64_t dropped_rate = 0;      ///< over the rate limit
  std::uint64_t dropped_closed = 0;    ///< waited when the subscription ended
  std::uint64_t dropped_blocked = 0;   ///< the publisher could not wait, or not long enough
  std::uint64_t expired = 0;           ///< ttl over before it could be delivered
  std::uint64_t dead_lettered = 0;     ///< retries used up, or the breaker open
  std::uint64_t pending = 0;           ///< waits, for a retry too, or is with the handler now

  std::uint64_t dropped() const noexcept {
    return dropped_newest + dropped_oldest + dropped_replaced + dropped_rate + dropped_closed +
           dropped_blocked;
  }
  /// matched = delivered + dropped + expired + dead_lettered + pending; true at every moment.
  bool balanced() const noexcept {
    return matched == delivered + dropped() + expired + dead_lettered + pending;
  }
  bus_account& operator+=(const bus_account& o) noexcept {
    matched += o.matched;
    delivered += o.delivered;
    dropped_newest += o.dropped_newest;
    dropped_oldest += o.dropped_oldest;
    dropped_replaced += o.dropped_replaced;
    dropped_rate += o.dropped_rate;
    dropped_closed += o.dropped_closed;
    dropped_blocked += o.dropped_blocked;
    expired += o.expired;
    dead_lettered += o.dead_lettered;
    pending += o.pending;
    return *this;
  }
};

/// One subscription at one moment.
struct subscription_stats : bus_account {
  std::string pattern;
  std::uint64_t failures = 0;  ///< tries that failed
  std::uint64_t retried = 0;   ///< of these, followed by another try
  std::uint64_t trips = 0;     ///< times the breaker opened
  breaker_state breaker = breaker_state::closed;
  std::string last_error;  ///< of the newest failure, its first 95 bytes
};

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

/// A FIFO that grows by doubling and never shrinks, so that once warm it allocates nothing.
template <class T>
class growing_ring {
 public:
  void push_back(T value) {
    if (size_ == slots_.size()) grow();
    slots_[at(size_)] = std::move(value);
    ++size_;
  }
  void push_front(T value) {
    if (size_ == slots_.size()) grow();
    head_ = (head_ + slots_.size() - 1) & (slots_.size() - 1);
    slots_[head_] = std::move(value);
    ++size_;
  }
  T pop_front() noexcept {  ///< @pre !empty()
    T value = std::move(slots_[head_]);
    head_ = at(1);
    --size_;
    return value;
  }
  /// Takes the i-th oldest out. O(size). @pre i < size()
  T erase(std::size_t i) noexcept {
    T value = std::move((*this)[i]);
    for (; i > 0; --i) (*this)[i] = std::move((*this)[i - 1]);
    head_ = at(1);
    --size_;
    return value;
  }
  T& operator[](std::size_t i) noexcept { return slots_[at(i)]; }
  const T& operator[](std::size_t i) const noexcept { return slots_[at(i)]; }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

 private:
  std::size_t at(std::size_t i) const noexcept { return (head_ + i) & (slots_.size() - 1); }
  void grow() {
    std::vector<T> wider(slots_.empty() ? 4 : slots_.size() * 2);
    for (std::size_t i = 0; i < size_; ++i) wider[i] = std::move(slots_[at(i)]);
    slots_ = std::move(wider);
    head_ = 0;
  }
  std::vector<T> slots_;  // size 0 or a power of two
  std::size_t head_ = 0, size_ = 0;
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

/// A message in a queue.
struct delivery {
  std::uint64_t hash = 0;   // of its topic
  std::uint64_t place = 0;  // in the order of delivery: its sequence, or that of what it replaced
  std::uint32_t index = 0;  // in the pool
  std::uint32_t attempts = 0;  // tries that failed
};

/// Where a subscriber stands: in one heap of the bus, or in none.
enum class place : std::uint8_t { idle, ready, waiting, later, in_handler };

/// A live subscription, for bus.hpp only.
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
  std::uint64_t pending() const noexcept {
    return queue.size() + (where == place::in_handler ? 1U : 0U);
  }

  subscription_options options;
  std::string pattern;
  message_handler handler;
  growing_ring<delivery> queue;
  bus_account account;  // its `pending` is filled in on reading
  gyre::breaker breaker;
  rate_limit rate;
  std::size_t bytes = 0;    // of what is in `queue`
  instant not_before{};     // next try, after a failed one
  std::uint64_t key = 0;    // place of its first message by which it stands in the heap
  std::uint64_t order = 0;  // of subscribing
  std::uint64_t failures = 0, retried = 0;
  std::uint32_t id = 0;
  place where = place::idle;
  bool closed = false;
  short_text last_error;
};

}  // namespace detail

}  // namespace v1
}  // namespace gyre
