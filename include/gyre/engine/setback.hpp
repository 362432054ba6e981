// setback.hpp - what a failed tick costs its loop: the wait of run/backoff.hpp, the breaker.
// Room: engine. Threads: under the shard's lease.
#pragma once

#include <algorithm>
#include <memory>
#include <string>

#include <gyre/engine/shard.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// A tick has ended of a loop that has failed, is still to wait for that, or whose breaker was ever
/// used. What there is no memory for is left out: the text, the event, the breaker. @pre loop.extra
[[gnu::noinline]] inline void wait_more(shard& s, loop_record& loop, tick_status status,
                                        const std::string& why, instant end) {
  loop_extra& extra = *loop.extra;
  const std::string_view name = s.env.table.name(loop);
  instant until = instant::min();
  bool turned = false;
  if (loop.backing_off) {
    if (!if_memory([&] { extra.last_error = why; })) extra.last_error.clear();
    const double part =
        s.env.draw(s.due.order(loop), purpose::backoff, loop.metrics.finished());
    extra.waited = loop.plan->retry.after(extra.streak, part, extra.waited);
    until = add_saturated(end, extra.waited);
    s.tell(status == tick_status::timeout ? "gyre.timeout" : "gyre.failed", loop.id, name, ": ",
           std::string_view(why));
    if (loop.plan->intensity.failures != 0) {
      extra.has_breaker = extra.has_breaker || if_memory([&] {
        extra.breaker = make_owned<intensity>(loop.plan->intensity);
      });
      if (extra.has_breaker) turned = extra.breaker->failed(end);
    }
  } else {
    if (extra.postponed > end) loop.times.rejoin(end);  // asked for, and it went well: no backoff
    extra.postponed = instant::min();
    extra.waited = duration::zero();
    if (extra.breaker != nullptr) turned = extra.breaker->succeeded(end);
  }
  if (extra.breaker != nullptr && extra.breaker->open()) {
    loop.backing_off = true;
    until = std::max(until, extra.breaker->not_before(end));
  }
  if (turned) {
    s.tell("gyre.breaker", loop.id, name, extra.breaker->open() ? ": open" : ": closed");
  }
  if (until == instant::min()) return;
  extra.postponed = until;
  loop.times.postpone(until);
}

}  // namespace detail
}  // namespace v1
}  // namespace gyre
