// stats.hpp - what the bus and its subscriptions say of themselves.
// Room: bus. Threads: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace gyre {
inline namespace v1 {

enum class breaker_state : std::uint8_t { closed, open, half_open };

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

/// What became of the dead letters: added = kept + evicted + replayed + discarded.
struct dead_letter_stats {
  std::uint64_t added = 0, kept = 0, evicted = 0, replayed = 0, discarded = 0, bytes = 0;
};

/// The bus at one moment. The account is that of all subscriptions, ended ones included.
struct bus_stats : bus_account {
  std::uint64_t published = 0;    ///< accepted, those that matched nobody included
  std::uint64_t unrouted = 0;     ///< of these, matched nobody
  std::uint64_t rejected = 0;     ///< refused as wrong: topic, size, ttl
  std::uint64_t would_block = 0;  ///< refused with OVERFLOW since `may_wait`
  /// From published until the handler that took it was called, since creation, within 6.25 %.
  double p50_ms = 0, p99_ms = 0;
  double health = 1;  ///< 0..1, of the last 5 to 10 s, of subscriptions with a handler
  std::size_t subscriptions = 0;
  std::size_t failing = 0;  ///< of these, whose breaker is not closed
  dead_letter_stats dead;
};

}  // namespace v1
}  // namespace gyre
