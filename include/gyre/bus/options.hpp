// options.hpp - what a bus and a subscription are asked to be.
// Room: bus. Threads: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gyre/core/time.hpp>

namespace gyre {
inline namespace v1 {

/// When a circuit breaker opens, for how long, and what closes it.
struct breaker_options {
  std::uint32_t failures = 5;  ///< in a row; 0: it never opens
  duration open_for = std::chrono::seconds{30};
  std::uint32_t probes = 3;  ///< successes in a row that close it again
};

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
  /// Another bound, of topics and payloads; one message always fits.
  std::size_t bytes = std::size_t{4} << 20;
};

/// The bounds of a bus.
struct bus_options {
  std::size_t max_payload = std::size_t{64} << 10;  ///< bytes; held to 512 MiB
  std::size_t dead_letters = 1000;
  std::size_t dead_letter_bytes = std::size_t{4} << 20;
  std::size_t subscriptions = std::size_t{1} << 16;
  std::size_t topics = 1024;                      ///< whose matches are remembered
  std::size_t keep_bytes = std::size_t{4} << 20;  ///< of message buffers kept for reuse
  std::uint32_t id_kind = 3;                      ///< of subscription ids, see core/slot_map.hpp
  /// A handler that runs for longer than this is given up: its message is a dead letter and its
  /// subscription ends. For the owner that watches it, see bus::abandon(). > 0; from `longest` on:
  /// it may run for ever.
  duration handler_limit = std::chrono::seconds{2};
  std::uint16_t origin = 0;  ///< in the top 16 bits of correlation ids that the bus makes up
};

}  // namespace v1
}  // namespace gyre
