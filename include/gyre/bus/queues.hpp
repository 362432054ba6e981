// queues.hpp - messages into the subscribers' queues by rate and policy, and out of them, counted.
// Room: bus. Threads: one owner at a time. Held by bus.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gyre/bus/lineup.hpp>
#include <gyre/bus/pool.hpp>
#include <gyre/bus/subscription.hpp>
#include <gyre/core/scarce.hpp>
#include <span>

namespace gyre {
inline namespace v1 {
namespace detail {

/// A message on its way in; copied to the pool when the first queue takes it.
struct draft {
  message m;
  std::uint64_t hash = 0;  // of its topic
  std::uint32_t index = message_pool::none;
  bool held = false;  // by make_room()
};

/// The one place where a message enters or leaves a queue.
class queues {
 public:
  queues(std::size_t keep_bytes, const bus_clock& clock) noexcept
      : pool_(keep_bytes), clock_(clock) {}

  const message& operator[](const delivery& d) const noexcept { return pool_[d.index]; }
  message_pool& pool() noexcept { return pool_; }
  const message_pool& pool() const noexcept { return pool_; }
  detail::lineup& lineup() noexcept { return lineup_; }
  const detail::lineup& lineup() const noexcept { return lineup_; }
  std::uint64_t pending() const noexcept { return pending_; }  ///< in all of them, and in handlers
  std::uint64_t polled() const noexcept { return polled_; }    ///< of these, for whoever polls

  // ---- in ----
  /// Whether a message of `size` bytes would have to wait for room in a `block` queue.
  bool blocks(subscriber& s, std::size_t size) {
    if (s.options.policy != overflow::block || !s.rate.allows(clock_.now)) return false;
    expire_front(s);
    return s.full(size);
  }
  /// Where the message of the draft's topic waits; queue.size() when there is none. O(queue)
  std::size_t same_topic(const subscriber& s, const draft& d) const noexcept {
    std::size_t i = 0;
    while (i < s.queue.size() &&
           (s.queue[i].hash != d.hash || pool_[s.queue[i].index].topic != d.m.topic)) {
      ++i;
    }
    return i;
  }
  /// One message for one subscription, by its rate and policy. How many messages that cost.
  std::uint32_t offer(subscriber& s, draft& d) {
    ++s.account.matched;
    if (!s.rate.allows(clock_.now)) {
      ++s.account.dropped_rate;
      return 1;
    }
    const std::size_t size = message_pool::bytes(d.m);
    if (s.options.policy == overflow::keep_latest) {
      if (const std::size_t i = same_topic(s, d); i < s.queue.size()) return replace(s, i, d);
    }
    if (s.full(size)) expire_front(s);
    std::uint32_t lost = 0;
    if (s.full(size)) {
      if (s.options.policy == overflow::drop_newest) {
        ++s.account.dropped_newest;
        return 1;
      }
      if (s.options.policy == overflow::block) {
        ++s.account.dropped_blocked;
        return 1;
      }
      store(d);  // before the oldest goes: the message may be a part of it
      while (s.full(size)) {
        finish(s, take_front(s), s.account.dropped_oldest);
        ++lost;
      }
    }
    s.rate.take(clock_.now);
    enqueue(s, d);
    return lost;
  }
  /// Makes room for the draft in each of these, and in the pool if one of them takes it: offering
  /// it allocates nothing then. let_go() after that.
  void make_room(std::span<subscriber* const> to, draft& d) {
    bool taken = false;
    for (subscriber* s : to) {
      s->queue.reserve(1);
      taken = taken || takes(*s, message_pool::bytes(d.m));
    }
    if (!taken) return;
    store(d);
    pool_.retain(d.index);
    d.held = true;
  }
  void let_go(const draft& d) noexcept {
    if (d.held) pool_.release(d.index);
  }
  /// Behind the others, whatever the bounds.
  void enqueue(subscriber& s, draft& d) {
    s.queue.reserve(1);
    store(d);
    pool_.retain(d.index);
    s.queue.push_back({d.hash, d.m.sequence, d.index, 0});
    s.bytes += message_pool::bytes(d.m);
    count(s, 1);
    lineup_.add(s, clock_.now);
  }
  /// What take_front() gave, in front again for another try. False: keep_latest, and a newer one of
  /// its topic waits; nothing has changed.
  bool put_back(subscriber& s, const delivery& d) noexcept {
    const message& m = pool_[d.index];
    if (s.options.policy == overflow::keep_latest &&
        same_topic(s, {m, d.hash, d.index}) < s.queue.size()) {
      return false;
    }
    s.queue.push_front(d);  // has room: see make_room_to_put_back()
    s.bytes += message_pool::bytes(m);
    return true;
  }

  /// Before put_back(): the handler may have filled the queue meanwhile. False: no memory.
  bool make_room_to_put_back(subscriber& s) noexcept {
    return if_memory([&] { s.queue.reserve(1); });
  }

  // ---- out ----
  /// @pre its queue is not empty. The message is pending until finish().
  delivery take_front(subscriber& s) noexcept {
    const delivery d = s.queue.pop_front();
    s.bytes -= message_pool::bytes(pool_[d.index]);
    return d;
  }
  /// The end of a delivery, counted in `as`, one of the account's. That it had been tried and was
  /// never taken is one failure for the breaker, however it ended.
  void finish(subscriber& s, const delivery& d, std::uint64_t& as) noexcept {
    if (d.attempts > 0 && &as != &s.account.delivered) s.breaker.failure(clock_.now);
    ++as;
    count(s, -1);
    pool_.release(d.index);
  }
  void expire_front(subscriber& s) noexcept {
    while (!s.queue.empty() && pool_[s.queue[0].index].expired(clock_.now)) {
      finish(s, take_front(s), s.account.expired);
    }
  }
  /// The subscription ends: what waits is dropped_closed.
  void close(subscriber& s) noexcept {
    lineup_.remove(s);
    while (!s.queue.empty()) finish(s, take_front(s), s.account.dropped_closed);
    s.closed = true;
  }

 private:
  void count(const subscriber& s, int by) noexcept {
    pending_ += static_cast<std::uint64_t>(by);
    if (!s.handler) polled_ += static_cast<std::uint64_t>(by);
  }
  /// Whether offer() would put a message of `size` bytes into the queue.
  bool takes(subscriber& s, std::size_t size) noexcept {
    if (!s.rate.allows(clock_.now)) return false;
    const bool refuses =
        s.options.policy == overflow::drop_newest || s.options.policy == overflow::block;
    if (refuses && s.full(size)) expire_front(s);
    return !refuses || !s.full(size);
  }
  void store(draft& d) {
    if (d.index == message_pool::none) d.index = pool_.store(d.m);
  }
  /// keep_latest: the newer one takes the older one's place in the queue.
  std::uint32_t replace(subscriber& s, std::size_t i, draft& d) {
    store(d);
    pool_.retain(d.index);
    const delivery old = s.queue[i];
    s.queue[i] = {d.hash, old.place, d.index, 0};
    s.bytes += message_pool::bytes(d.m) - message_pool::bytes(pool_[old.index]);
    count(s, 1);
    finish(s, old, s.account.dropped_replaced);
    s.rate.take(clock_.now);
    std::uint32_t lost = 1;
    while (s.bytes > s.options.bytes && s.queue.size() > 1) {  // the newer one may be larger
      const delivery oldest = s.queue.erase(s.queue[0].index == d.index ? 1 : 0);
      s.bytes -= message_pool::bytes(pool_[oldest.index]);
      finish(s, oldest, s.account.dropped_oldest);
      ++lost;
    }
    return lost;
  }

  message_pool pool_;
  detail::lineup lineup_;
  std::uint64_t pending_ = 0, polled_ = 0;
  const bus_clock& clock_;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
