// external_desk.hpp - where external ticks wait for their caller, and what their ids name.
// Room: engine. Threads: any; what an id names belongs to the loop's shard.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>

#include <gyre/core/slot_map.hpp>
#include <gyre/engine/run_memory.hpp>
#include <gyre/engine/tick.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

inline constexpr std::uint32_t kind_tick = 2;

/// A tick that the caller runs: due, handed out by acquire(), ended by complete(). Or one whose
/// function said pending(), with no id. Owned by the loop's shard.
struct external_run {
  run_state run;
  object_id id = 0;
  std::uint32_t shard = 0;
  bool acquired = false;
};

/// There is no end to the ids: a slot is used again under its next generation of 256, but only
/// after 1,024 others were freed, so that an id names another tick 262,144 ticks later at the
/// earliest.
class external_desk {
 public:
  static constexpr std::uint32_t resting = 1024, max_slots = 1U << 20;

  /// A new one, in memory that goes back to this desk when nobody holds it any more.
  std::shared_ptr<external_run> make() {
    return std::allocate_shared<external_run>(run_allocator<external_run>(memory_));
  }

  /// Gives the run an id and its place at the end. False when all slots are taken or resting.
  bool offer(const std::shared_ptr<external_run>& run) {
    const std::lock_guard lock(mutex_);
    std::uint32_t i = free_.first;
    if (free_.size > resting) {
      take_out(free_, i);
    } else if (slots_.size() < max_slots) {
      i = static_cast<std::uint32_t>(slots_.size());
      slots_.emplace_back();
    } else {
      return false;
    }
    slots_[i].run = run;
    run->id = make_id(kind_tick, slots_[i].generation, i);
    append(ready_, i);
    slots_[i].waits = true;
    return true;
  }
  /// Whether one is due that take() has not handed out.
  bool has_ready() {
    const std::lock_guard lock(mutex_);
    return ready_.size != 0;
  }
  /// The ids of those that have waited longest, oldest first: how many. @param shards gets a bit
  /// for each shard that has one of them
  std::size_t take(std::span<object_id> ids, std::uint64_t& shards) {
    const std::lock_guard lock(mutex_);
    const std::size_t n = std::min<std::size_t>(ids.size(), ready_.size);
    for (object_id& id : ids.first(n)) {
      const std::uint32_t i = ready_.first;
      take_out(ready_, i);
      slots_[i].waits = false;
      id = slots_[i].run->id;
      shards |= std::uint64_t{1} << slots_[i].run->shard;
    }
    return n;
  }
  /// Calls f(run) for each of this shard, whose lease is held. One that has ended becomes 0.
  template <class F>
  void each(std::span<object_id> ids, std::uint32_t shard, F&& f) {
    const std::lock_guard lock(mutex_);
    for (object_id& id : ids) {
      if (!names(id)) {
        id = 0;
      } else if (slots_[id_index(id)].run->shard == shard) {
        f(*slots_[id_index(id)].run);
      }
    }
  }
  /// Marks all as STALE. @return a bit for each shard that has one of them
  std::uint64_t locate(std::span<completion> done) {
    const std::lock_guard lock(mutex_);
    std::uint64_t shards = 0;
    for (completion& c : done) {
      c.status = code::stale;
      if (names(c.id)) shards |= std::uint64_t{1} << slots_[id_index(c.id)].run->shard;
    }
    return shards;
  }
  struct found {
    external_run* run;
    completion* with;
  };
  /// The next of them, from `at` on, that were acquired and are of this shard, whose lease is held:
  /// how many. They stay until erased.
  std::size_t find(std::span<completion> done, std::uint32_t shard, std::size_t& at,
                   std::span<found> out) {
    const std::lock_guard lock(mutex_);
    std::size_t n = 0;
    for (; at < done.size() && n < out.size(); ++at) {
      completion& c = done[at];
      if (!names(c.id)) continue;
      external_run* const run = slots_[id_index(c.id)].run.get();
      if (run->shard == shard && run->acquired) out[n++] = {run, &c};
    }
    return n;
  }
  /// Null when the id names none.
  std::shared_ptr<external_run> find(object_id id) {
    const std::lock_guard lock(mutex_);
    return names(id) ? slots_[id_index(id)].run : nullptr;
  }
  void erase(object_id id) {
    const std::lock_guard lock(mutex_);
    drop(id);
  }
  void erase(std::span<const found> ended) {
    const std::lock_guard lock(mutex_);
    for (const found& f : ended) drop(f.with->id);
  }

 private:
  static constexpr std::uint32_t none = max_slots;
  struct slot {  // in one list, or in none: handed out
    std::shared_ptr<external_run> run;
    std::uint32_t next = none, before = none;
    std::uint8_t generation = 0;
    bool waits = false;
  };
  struct list {
    std::uint32_t first = none, last = none, size = 0;
  };

  void drop(object_id id) noexcept {
    if (!names(id)) return;
    const std::uint32_t i = id_index(id);
    slot& s = slots_[i];
    if (s.waits) take_out(ready_, i);
    s.waits = false;
    s.run.reset();
    ++s.generation;
    append(free_, i);
  }
  bool names(object_id id) const noexcept {
    const std::uint32_t i = id_index(id);
    return id_kind(id) == kind_tick && i < slots_.size() && slots_[i].run != nullptr &&
           slots_[i].generation == id_generation(id);
  }
  void append(list& to, std::uint32_t i) noexcept {
    slots_[i].next = none;
    slots_[i].before = to.last;
    (to.last == none ? to.first : slots_[to.last].next) = i;
    to.last = i;
    ++to.size;
  }
  void take_out(list& from, std::uint32_t i) noexcept {
    const slot& s = slots_[i];
    (s.before == none ? from.first : slots_[s.before].next) = s.next;
    (s.next == none ? from.last : slots_[s.next].before) = s.before;
    --from.size;
  }

  run_memory memory_;  // goes after what is in the slots
  std::mutex mutex_;
  vec<slot> slots_;
  list ready_, free_;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
