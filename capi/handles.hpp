// handles.hpp - ids of 32 bits to objects; stale ones and those of another kind are refused.
// Room: capi. Threads: all of it from any thread.
#pragma once
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>

#include <gyre/core/result.hpp>
#include <gyre/core/time.hpp>

namespace gyre::capi {

/// What an id names; its upper four bits. 0 is never used, so that the id 0 is never valid.
enum class kind : std::uint32_t {
  engine = 1,
  loop = 2,
  tick = 3,
  subscription = 4,
  replay = 5,
  learner = 6,
  tuner = 7,
  dqn = 8,
  tiles = 9
};

/// "a loop", for error texts; null for what is no kind.
inline const char* text(kind k) noexcept {
  switch (k) {
    case kind::engine: return "an engine";
    case kind::loop: return "a loop";
    case kind::tick: return "a tick";
    case kind::subscription: return "a subscription";
    case kind::replay: return "a replay buffer";
    case kind::learner: return "a learner";
    case kind::tuner: return "a tuner";
    case kind::dqn: return "a dqn";
    case kind::tiles: return "a learner over tiles";
  }
  return nullptr;
}

/// What the table names. Each derived class says its kind as `static constexpr kind id_kind`.
struct object {};

/// Ids are {kind 4, generation 8, index 20}. Each slot is governed by one 64-bit word {kind,
/// generation, left, alive, drivers, pins}: a call pins what it uses by one compare-and-swap that
/// succeeds only on the living generation. `take` turns alive off, waits for the pins to go and
/// hands the object over; `close` turns it off and leaves the object to whoever unpins it last.
/// (Counting first and checking afterwards loses counts of failing callers; the sanitizers found
/// that, see the test.) Slots never move and are never freed.
class handle_table {
  struct slot;

 public:
  static constexpr std::uint32_t slot_limit = 1u << 20;
  static constexpr std::uint32_t last_generation = 255;
  /// Tick ids alone come back, so their slots are queued and wait for so many others to be used.
  static constexpr std::uint32_t tick_queue = 1024;

  /// Keeps an object alive while it is used; empty after a move. The last one of an object that was
  /// closed deletes it.
  template <class T>
  class pinned {
   public:
    pinned(pinned&& other) noexcept : place_(std::exchange(other.place_, nullptr)) {}
    pinned& operator=(pinned&&) = delete;
    ~pinned() {
      if (place_ && let_go(*place_)) delete static_cast<T*>(place_->table->free(*place_));
    }
    T* operator->() const noexcept { return static_cast<T*>(place_->object); }
    T& operator*() const noexcept { return *static_cast<T*>(place_->object); }

   private:
    friend class handle_table;
    explicit pinned(slot* place) noexcept : place_(place) {}
    slot* place_;
  };

  /// Says of a pinned object that it is pinned for as long as callbacks take. Goes before the pin.
  class driven {
   public:
    driven(driven&& other) noexcept : place_(std::exchange(other.place_, nullptr)) {}
    driven& operator=(driven&&) = delete;
    ~driven() {
      if (place_) place_->word.fetch_sub(one_driver, std::memory_order_release);
    }

   private:
    friend class handle_table;
    explicit driven(slot* place) noexcept : place_(place) {}
    slot* place_;
  };

  /// @param parent the table of the process that this one was forked from: its ids are FORKED here,
  ///        and none of them is given out again
  explicit handle_table(const handle_table* parent = nullptr)
      : first_(parent ? parent->beyond() : 0), used_(first_) {}
  handle_table(const handle_table&) = delete;
  handle_table& operator=(const handle_table&) = delete;
  ~handle_table() {
    for (auto& entry : chunks_) delete[] entry.load(std::memory_order_relaxed);
  }

  /// Names `object`, which must live until it is taken out again. `nomem` when 2^20 slots are in
  /// use or used up.
  template <class T>
  result<std::uint32_t> insert(T* object) {
    auto index = free_slot(T::id_kind);
    if (!index) return index.error();
    slot& place = at(*index);
    place.object = object;
    const std::uint32_t generation = generation_of(place.word.load(std::memory_order_relaxed));
    place.word.store(make_word(T::id_kind, generation, true), std::memory_order_release);
    return make_id(T::id_kind, generation, *index);
  }

  /// The object of `id`, safe while the pin lives; `stale` when dead or never there, `forked` when
  /// of the parent, `kind` when it is something else. With `exclusive`, `state` when another thread
  /// has it pinned.
  template <class T>
  result<pinned<T>> pin(std::uint32_t id, bool exclusive = false) {
    GYRE_TRY(place, hold(id, T::id_kind, exclusive));
    return pinned<T>(place);
  }
  /// Callbacks are about to run under this pin. `stale` when it was closed meanwhile.
  template <class T>
  static result<driven> drive(const pinned<T>& object) {
    return drive(object.place_);
  }

  /// Makes `id` stale, waits until nobody has it pinned, and gives its object back. The caller
  /// must not have it pinned itself. For what is pinned for no longer than a call takes.
  template <class T>
  result<T*> take(std::uint32_t id) {
    GYRE_TRY(place, end(id, T::id_kind, false, false));
    (void)wait(*place, 0, true, nullptr);
    return static_cast<T*>(free(*place));
  }

  /// Makes `id` stale; whoever unpins its object last deletes it, at the latest the caller.
  /// @param unless_driven `reentrant`, and nothing changed, while somebody drives it
  template <class T>
  result<pinned<T>> close(std::uint32_t id, bool unless_driven) {
    GYRE_TRY(place, end(id, T::id_kind, true, unless_driven));
    return pinned<T>(place);
  }
  /// Waits for all others who have a closed object pinned, at most `limit`.
  /// @param drivers whether also for those who drive it
  /// @return whether they have gone
  template <class T>
  bool outlast(const pinned<T>& mine, bool drivers, duration limit) {
    return wait(*mine.place_, 1, drivers, &limit);
  }

  static kind kind_of(std::uint32_t id) noexcept { return static_cast<kind>(id >> 28); }

 private:
  static constexpr std::uint64_t pins_mask = (1ull << 24) - 1;
  static constexpr std::uint64_t one_driver = 1ull << 24;
  static constexpr std::uint64_t drivers_mask = ((1ull << 20) - 1) << 24;
  static constexpr std::uint64_t alive_bit = 1ull << 46;
  static constexpr std::uint64_t left_bit = 1ull << 47;  // to the last pin
  static constexpr std::uint32_t chunk_size = 1024;
  static constexpr std::uint32_t nothing = ~0u;

  struct slot {
    std::atomic<std::uint64_t> word{1ull << 48};  // generation 1, dead
    capi::object* object = nullptr;
    handle_table* table = nullptr;  // this and the next: set once, for who has just unpinned
    std::uint32_t index = 0;
    std::uint32_t next = nothing;  // in a queue of free slots; guarded by mutex_
  };
  struct queue {  // first in, first out; guarded by mutex_
    std::uint32_t head = nothing, tail = nothing, size = 0;
  };

  static std::uint64_t make_word(kind k, std::uint32_t generation, bool alive) noexcept {
    return std::uint64_t{static_cast<std::uint32_t>(k)} << 56 | std::uint64_t{generation} << 48 |
           (alive ? alive_bit : 0);
  }
  static std::uint32_t generation_of(std::uint64_t word) noexcept {
    return static_cast<std::uint32_t>(word >> 48) & 255u;
  }
  static std::uint32_t make_id(kind k, std::uint32_t generation, std::uint32_t index) noexcept {
    return static_cast<std::uint32_t>(k) << 28 | generation << 20 | index;
  }
  static bool names(std::uint64_t word, std::uint32_t id) noexcept {
    return (word & ~(pins_mask | drivers_mask)) == make_word(kind_of(id), (id >> 20) & 255u, true);
  }

  error wrong(std::uint32_t id, kind wanted) const {
    const kind k = kind_of(id);
    const bool known = text(k) != nullptr;
    if (known && (id & (slot_limit - 1)) < first_) {
      return fail(code::forked, "the id is of the process that this one was forked from");
    }
    if (known && k != wanted) {
      return fail(code::kind, "the id names ", text(k), ", not ", text(wanted));
    }
    return fail(code::stale, "the id ", id, " names nothing that lives: ", text(wanted),
                " was expected");
  }

  /// pin(), take() and close() without the type, so that they exist once.
  result<slot*> hold(std::uint32_t id, kind wanted, bool exclusive) {
    slot* place = find(id);
    if (kind_of(id) != wanted || !place) return wrong(id, wanted);
    std::uint64_t word = place->word.load(std::memory_order_acquire);
    do {
      if (!names(word, id)) return wrong(id, wanted);
      if (exclusive && (word & pins_mask) != 0) {
        return fail(code::state, text(wanted), " in use by another thread");
      }
    } while (!place->word.compare_exchange_weak(word, word + 1, std::memory_order_acquire));
    return place;
  }
  static result<driven> drive(slot* place) {
    std::uint64_t word = place->word.load(std::memory_order_relaxed);
    do {
      if ((word & alive_bit) == 0) return fail(code::stale, "it is being destroyed");
    } while (
        !place->word.compare_exchange_weak(word, word + one_driver, std::memory_order_acquire));
    return driven(place);
  }
  result<slot*> end(std::uint32_t id, kind wanted, bool left, bool unless_driven) {
    slot* place = find(id);
    if (kind_of(id) != wanted || !place) return wrong(id, wanted);
    std::uint64_t word = place->word.load(std::memory_order_acquire);
    do {
      if (!names(word, id)) return wrong(id, wanted);
      if (unless_driven && (word & drivers_mask) != 0) {
        return fail(code::reentrant, text(wanted), " that another thread moves: a callback cannot "
                    "wait for that thread, which may wait for this one");
      }
    } while (!place->word.compare_exchange_weak(
        word, left ? ((word & ~alive_bit) | left_bit) + 1 : word & ~alive_bit,
        std::memory_order_acquire));
    return place;
  }

  /// @return whether it is the caller's to delete now
  static bool let_go(slot& place) noexcept {
    const std::uint64_t before = place.word.fetch_sub(1, std::memory_order_acq_rel);
    if ((before & alive_bit) != 0) return false;
    if ((before & left_bit) != 0 && (before & pins_mask) == 1) return true;
#if GYRE_THREADS
    { const std::lock_guard<std::mutex> hold(place.table->mutex_); }  // not between look and wait
    place.table->gone_.notify_all();
#endif
    return false;
  }
  /// Until at most `pins` are there, with those of drivers or beside them, for at most `*limit`;
  /// null: for as long as it takes.
  bool wait(slot& place, std::uint64_t pins, bool drivers, const duration* limit) {
    const auto over = [&] {
      const std::uint64_t word = place.word.load(std::memory_order_acquire);
      const std::uint64_t driving = drivers ? 0 : (word & drivers_mask) / one_driver;
      return (word & pins_mask) <= pins + driving;
    };
    if (over()) return true;
#if GYRE_THREADS
    std::unique_lock<std::mutex> hold(mutex_);
    if (limit) return gone_.wait_for(hold, *limit, over);
    gone_.wait(hold, over);
    return true;
#else
    (void)limit;
    return false;
#endif
  }

  slot* find(std::uint32_t id) noexcept {
    const std::uint32_t index = id & (slot_limit - 1);
    slot* chunk = chunks_[index / chunk_size].load(std::memory_order_acquire);
    return chunk ? &chunk[index % chunk_size] : nullptr;
  }
  slot& at(std::uint32_t index) noexcept {
    return chunks_[index / chunk_size].load(std::memory_order_acquire)[index % chunk_size];
  }
  /// The first chunk's beginning of which nothing was ever handed out. Takes no lock: in the child
  /// of a fork another thread may have held it.
  std::uint32_t beyond() const noexcept {
    std::uint32_t chunk = slot_limit / chunk_size;
    while (chunk > 0 && !chunks_[chunk - 1].load(std::memory_order_relaxed)) --chunk;
    return std::max(first_, chunk * chunk_size);
  }

  result<std::uint32_t> free_slot(kind k) {
    const std::lock_guard<std::mutex> hold(mutex_);
    queue& from = k == kind::tick ? free_ticks_ : free_;
    const std::uint32_t rest = k == kind::tick ? tick_queue : 0;
    if (from.size > rest || (used_ == slot_limit && from.size > 0)) {
      const std::uint32_t index = from.head;
      from.head = at(index).next;
      if (--from.size == 0) from.tail = nothing;
      return index;
    }
    if (used_ == slot_limit) return fail(code::nomem, "all 1,048,576 ids are in use or used up");
    auto& chunk = chunks_[used_ / chunk_size];
    if (!chunk.load(std::memory_order_relaxed)) {
      slot* const fresh = new slot[chunk_size];
      for (std::uint32_t i = 0; i < chunk_size; ++i) {
        fresh[i].table = this;
        fresh[i].index = used_ + i;  // used_ is a multiple of chunk_size here
      }
      chunk.store(fresh, std::memory_order_release);
    }
    return used_++;
  }

  /// Gives a dead slot's object back and readies the slot for another.
  capi::object* free(slot& place) noexcept {
    capi::object* const object = std::exchange(place.object, nullptr);
    const std::uint64_t word = place.word.load(std::memory_order_relaxed);
    const bool tick = static_cast<kind>(word >> 56) == kind::tick;
    std::uint32_t generation = generation_of(word);
    if (generation == last_generation && !tick) return object;  // retired: it stays dead for ever
    generation = generation == last_generation ? 1 : generation + 1;
    const std::lock_guard<std::mutex> hold(mutex_);
    place.word.store(make_word(kind{}, generation, false), std::memory_order_release);
    queue& to = tick ? free_ticks_ : free_;
    place.next = nothing;
    if (to.size++ == 0) {
      to.head = place.index;
    } else {
      at(to.tail).next = place.index;
    }
    to.tail = place.index;
    return object;
  }

  std::atomic<slot*> chunks_[slot_limit / chunk_size] = {};
  const std::uint32_t first_;  // ids under it are the parent's
  std::mutex mutex_;
#if GYRE_THREADS
  std::condition_variable gone_;  // somebody unpinned what is dead
#endif
  std::uint32_t used_;  // slots ever handed out
  queue free_, free_ticks_;
};

}  // namespace gyre::capi
