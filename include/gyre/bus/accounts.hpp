// accounts.hpp - what the bus counts as a whole, and what it says of itself.
// Room: bus. Threads: one owner at a time. Held by bus.hpp.
#pragma once

#include <cstdint>
#include <gyre/bus/health.hpp>
#include <gyre/bus/subscription.hpp>
#include <gyre/core/vec.hpp>
#include <utility>

namespace gyre {
inline namespace v1 {
namespace detail {

class accounts {
 public:
  /// A publish that was refused as wrong.
  boxed_error reject(error why) {
    boxed_error refused(std::move(why));
    ++rejected_;
    return refused;
  }
  void would_block() noexcept { ++would_block_; }
  void published(bool routed) noexcept {
    ++published_;
    if (!routed) ++unrouted_;
  }
  /// The subscription is no more; its account stays.
  void end(const subscriber& s) noexcept { ended_ += s.account; }

  static bus_account of(const subscriber& s) noexcept {
    bus_account a = s.account;
    a.pending = s.pending();
    return a;
  }
  static subscription_stats stats(const subscriber& s) {
    subscription_stats out;
    static_cast<bus_account&>(out) = of(s);
    out.pattern = s.pattern;
    out.failures = s.trouble.failures;
    out.retried = s.trouble.retried;
    out.trips = s.breaker.trips();
    out.breaker = s.breaker.state();
    out.last_error = s.trouble.last_error.view();
    return out;
  }
  /// `closing` has ended inside its own handler, which still runs; else null. O(subscriptions)
  bus_stats stats(const vec<subscriber*>& all, const subscriber* closing,
                  const bus_health& health) const {
    bus_stats out;
    static_cast<bus_account&>(out) = ended_;
    for (const subscriber* s : all) {
      out += of(*s);
      if (s->breaker.state() != breaker_state::closed) ++out.failing;
    }
    if (closing != nullptr) out += of(*closing);
    out.published = published_;
    out.unrouted = unrouted_;
    out.rejected = rejected_;
    out.would_block = would_block_;
    out.p50_ms = health.total().quantile_ms(0.5);
    out.p99_ms = health.total().quantile_ms(0.99);
    out.subscriptions = all.size();
    return out;
  }

 private:
  bus_account ended_;  // of subscriptions that are no more
  std::uint64_t published_ = 0, unrouted_ = 0, rejected_ = 0, would_block_ = 0;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
