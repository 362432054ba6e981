// home.hpp - the bus and the memory, which are shard 0's, as every thread reaches them.
// Room: engine. Threads: any that holds no lease.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>

#include <gyre/engine/shard.hpp>
#include <gyre/memory/memory.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// Publishes on the engine's bus; a handler that does so follows the message that it handles.
inline result<publish_receipt> publish_at_home(environment& env, std::string_view topic,
                                               std::span<const std::byte> payload,
                                               publish_options o) {
  shard& home = *env.shards[0];
  bool ring = false;
  result<publish_receipt> sent = [&] {
    const leased hold(home.owner());
    o.follow = home.inside.in_handler_here();
    auto r = env.events->publish(topic, payload, o, env.clock.now());
    if (r && r->matched > 0) env.attention.store(true, std::memory_order_relaxed);
    ring = r && r->matched > 0 && home.must_wake();
    return r;
  }();
  if (ring) home.wake().ring();
  return sent;
}
/// @param loop whose record it is where that has no source of its own
inline result<void> remember_at_home(environment& env, const record& r, std::string_view loop) {
  const leased hold(env.shards[0]->owner());
  const std::int64_t now = env.clock.wall_ms();
  if (!r.source.empty()) return env.records->remember(r, now);
  record& named = env.shards[0]->named;
  named = r;
  named.source = loop;
  return env.records->remember(named, now);
}

/// The shard of a place in the table.
inline shard& shard_at(environment& env, std::uint32_t place) noexcept {
  return *env.shards[env.table.shard_at(place)];
}
/// The shard that a loop is on. Under its lease, the registry, or every lease.
inline shard& home_of(environment& env, const loop_record& loop) noexcept {
  return shard_at(env, loop_table::place_of(loop));
}
/// The loop of an id, null when it is gone. Under every lease.
inline loop_record* find_loop(environment& env, object_id id) noexcept {
  shard& born = shard_at(env, id_index(id));
  const std::uint32_t place =
      born.loops.signpost(id) != nullptr ? env.table.place_of(id) : id_index(id);
  return shard_at(env, place).loops.find(place, id);
}

/// A change to what a shard owns, which may have to wake its thread. Not under its lease.
template <class F>
void change(shard& s, F&& f) {
  bool ring = false;
  {
    const leased hold(s.owner());
    f();
    ring = s.must_wake();
    s.env.attention.store(true, std::memory_order_relaxed);
  }
  if (ring) s.wake().ring();
}

/// Calls f(shard, loop) under the loop's lease. One that has moved is followed: a signpost stands
/// until its loop is removed, so what it leads to has moved on, or is there. @return what f does;
/// STALE
template <class F>
result<void> with_loop(environment& env, object_id id, F&& f) {
  for (std::uint32_t place = id_index(id);;) {
    result<void> done = ok;
    std::uint32_t next = place;
    shard& home = shard_at(env, place);
    change(home, [&] {
      if (loop_record* const l = home.loops.find(place, id)) {
        done = f(home, *l);
      } else if (place != id_index(id)) {
        next = id_index(id);
      } else if (const loop_record* const post = home.loops.signpost(id);
                 post != nullptr && !post->removed) {
        next = env.table.place_of(id);
      } else {
        done = bad_id(id, kind_loop);
      }
    });
    if (next == place) return done;
    place = next;
  }
}

/// Every lease, in order, for a scope; from the second on where shard 0's is held already. What
/// changed meanwhile may have to wake their threads.
class every_lease {
 public:
  explicit every_lease(environment& env, std::size_t from = 0) noexcept : env_(env), from_(from) {
    for (std::size_t i = from; i < env.shards.size(); ++i) (void)env.shards[i]->owner().acquire();
  }
  ~every_lease() {
    for (std::size_t i = env_.shards.size(); i-- > from_;) {
      shard& s = *env_.shards[i];
      const bool ring = wakes_ && s.must_wake();
      s.owner().release();
      if (ring) s.wake().ring();
    }
  }
  every_lease(const every_lease&) = delete;
  every_lease& operator=(const every_lease&) = delete;
  /// Something may have become due.
  void wake_all() noexcept { wakes_ = true; }

 private:
  environment& env_;
  std::size_t from_;
  bool wakes_ = false;
};

/// Under the registry, or every lease.
inline void sort_by_order(environment& env, vec<const loop_record*>& loops) {
  std::sort(loops.begin(), loops.end(), [&env](const loop_record* a, const loop_record* b) {
    return home_of(env, *a).due.order(*a) < home_of(env, *b).due.order(*b);
  });
}
inline void sort_by_order(vec<shared_learner*>& learners) {
  std::sort(learners.begin(), learners.end(), [](const shared_learner* a, const shared_learner* b) {
    return a->order < b->order;
  });
}

}  // namespace detail
}  // namespace v1
}  // namespace gyre
