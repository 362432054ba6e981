// environment.hpp - what the shards of one engine share: options, clock, trace, external ticks.
// Room: engine. Threads: each member says.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <thread>
#include <vector>

#include <gyre/bus/bus.hpp>
#include <gyre/core/hash.hpp>
#include <gyre/engine/loop_table.hpp>
#include <gyre/run/lease.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

class shard;

inline constexpr std::uint32_t kind_tick = 2;
inline constexpr std::uint32_t kind_subscription = 3;

/// What must be known to repeat a run exactly: a hash over each finished tick.
class trace {
 public:
  /// 40 bytes, little-endian: order u32, number u64, due i64, status u32, state u32, action u32,
  /// reward f64.
  void add(std::uint32_t order, std::uint64_t number, instant due, std::uint32_t status,
           std::uint32_t state, std::uint32_t action, double reward) noexcept {
    const auto when = static_cast<std::uint64_t>(due.count());
    hash_.update_word(order | number << 32);
    hash_.update_word(number >> 32 | when << 32);
    hash_.update_word(when >> 32 | std::uint64_t{status} << 32);
    hash_.update_word(state | std::uint64_t{action} << 32);
    hash_.update_word(bit_cast<std::uint64_t>(reward));
  }
  std::uint64_t digest() const noexcept { return hash_.digest(); }

 private:
  siphash hash_;
};

/// A tick that the caller runs: due, handed out by acquire(), ended by complete(). Or one whose
/// function said pending(), with no id. Owned by the loop's shard.
struct external_run {
  run_state run;
  object_id id = 0;
  std::uint32_t shard = 0;
  bool acquired = false;
  instant deadline = never;
};

/// The threads that run an engine's ticks and handlers, those included that were given up on and
/// are still inside of one. Any thread.
class roster {
 public:
  void enter() {
    const std::lock_guard lock(mutex_);
    ids_.push_back(std::this_thread::get_id());
  }
  void leave() {
    const std::lock_guard lock(mutex_);
    std::erase(ids_, std::this_thread::get_id());
  }
  bool empty() {
    const std::lock_guard lock(mutex_);
    return ids_.empty();
  }
  bool has_this_thread() {
    const std::lock_guard lock(mutex_);
    return std::find(ids_.begin(), ids_.end(), std::this_thread::get_id()) != ids_.end();
  }

 private:
  std::mutex mutex_;
  std::vector<std::thread::id> ids_;
};

/// The memory of external ticks that are over, for the next ones: of as many as were there at one
/// time. Any thread.
class run_memory {
 public:
  run_memory() = default;
  run_memory(const run_memory&) = delete;
  run_memory& operator=(const run_memory&) = delete;
  ~run_memory() {
    while (free_ != nullptr) ::operator delete(std::exchange(free_, free_->next));
  }
  /// @param size always the same, and that of a pointer at least
  void* take(std::size_t size) {
    {
      const std::lock_guard lock(mutex_);
      if (free_ != nullptr) return std::exchange(free_, free_->next);
    }
    return ::operator new(size);
  }
  void give(void* gone) noexcept {
    const std::lock_guard lock(mutex_);
    free_ = ::new (gone) place{free_};
  }

 private:
  struct place {
    place* next;
  };
  std::mutex mutex_;
  place* free_ = nullptr;
};
/// For std::allocate_shared.
template <class T>
struct run_allocator {
  using value_type = T;
  explicit run_allocator(run_memory& m) noexcept : from(&m) {}
  template <class U>
  run_allocator(const run_allocator<U>& o) noexcept : from(o.from) {}  // NOLINT: as std's are
  T* allocate(std::size_t n) { return static_cast<T*>(from->take(n * sizeof(T))); }
  void deallocate(T* p, std::size_t) noexcept { from->give(p); }
  bool operator==(const run_allocator& o) const noexcept { return from == o.from; }
  run_memory* from;
};

/// Where external ticks wait for their caller, and what their ids name. Any thread. There is no end
/// to the ids: a slot is used again under its next generation of 256, but only after 1,024 others
/// were freed, so that an id names another tick 262,144 ticks later at the earliest.
class external_desk {
 public:
  static constexpr std::uint32_t resting = 1024, max_slots = 1U << 20;

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

  std::mutex mutex_;
  std::vector<slot> slots_;
  list ready_, free_;
};

struct environment {
  engine_options options;
  duration zero{0};                      ///< the monotonic clock at creation
  std::atomic<std::int64_t> asleep_ns{0};  ///< the machine was suspended so long since; every lease
  std::atomic<std::int64_t> now_ns{0};   ///< host and virtual clock
  std::atomic<bool> stopping{false};
  std::vector<shard*> shards;            ///< fixed after creation
  loop_table table;
  std::atomic<std::size_t> lost{0};      ///< threads inside of user code that drive no shard
  std::atomic<std::uint32_t> pending{0};  ///< ticks that wait for the next poll
  /// Something changed that whoever runs ticks should look at before the next one.
  std::atomic<bool> attention{false};
  run_memory external_memory;            ///< goes after the desk
  external_desk desk;
  roster threads;
  gyre::memory* records = nullptr;       ///< shard 0's, like the bus
  gyre::bus* events = nullptr;
  bool journalled = false;               ///< shards collect frames for the store: every lease
  std::atomic<bool> commit_wanted{false};  ///< a shard has collected its part of commit_bytes

  /// How long after its beginning the watchdog may first see a tick; from then on it looks when the
  /// tick's hand-off or timeout comes.
  std::atomic<std::int64_t> watch_ns{50'000'000};
  /// A tenth of the shortest timeout that there was, 5 to 50 ms, and half of the hand-off time.
  void watch_for(duration timeout) noexcept {
    const std::int64_t hand_off = std::max<std::int64_t>(options.hand_off.count() / 2, 1'000'000);
    const std::int64_t wanted =
        std::min(std::max<std::int64_t>(timeout.count() / 10, 5'000'000), hand_off);
    std::int64_t now_at = watch_ns.load(std::memory_order_relaxed);
    while (wanted < now_at && !watch_ns.compare_exchange_weak(now_at, wanted)) {
    }
  }

  explicit environment(engine_options o)
      : options(std::move(o)), zero(monotonic_now()), table(options.shards) {}

  bool own_threads() const noexcept { return GYRE_THREADS && options.driver == driver::workers; }
  bool is_virtual() const noexcept { return options.driver == driver::virtual_time; }

  instant now() const noexcept {
    if (own_threads()) return shown(monotonic_now() - zero);
    return instant{now_ns.load(std::memory_order_relaxed)};
  }
  /// The clock that durations are measured by.
  instant measure() const noexcept {
    return is_virtual() || !GYRE_THREADS ? now() : monotonic_now() - zero;
  }
  /// driver::workers: the engine's clock, when the one that durations are measured by is at `t`,
  /// which stands while the machine is suspended.
  instant shown(instant t) const noexcept {
    return t + duration{asleep_ns.load(std::memory_order_relaxed)};
  }
  void move_to(instant t) noexcept { now_ns.store(t.count(), std::memory_order_relaxed); }

  /// Milliseconds since 1970 for records; on a virtual clock, or where there is no other, since
  /// the engine's creation.
  std::int64_t wall_ms() const noexcept {
    const duration wall = is_virtual() ? duration::zero() : wall_now();
    return (wall.count() != 0 ? wall : now()).count() / 1'000'000;
  }
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
