// handles.hpp - the process's one table: 32-bit ids to objects, and dead ids to errors.
// Room: capi. Threads: all of it from any thread.
#pragma once
#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include <gyre/core/result.hpp>

namespace gyre::capi {

/// What an id names; its upper four bits. 0 is never used, so that the id 0 is never valid.
enum class kind : std::uint32_t {
  engine = 1,
  loop = 2,
  tick = 3,
  subscription = 4,
  replay = 5,
  learner = 6
};

/// "a loop", for error texts.
inline const char* text(kind k) noexcept {
  switch (k) {
    case kind::engine: return "an engine";
    case kind::loop: return "a loop";
    case kind::tick: return "a tick";
    case kind::subscription: return "a subscription";
    case kind::replay: return "a replay buffer";
    case kind::learner: return "a learner";
  }
  return "nothing that gyre knows";
}

/// What the table names. Each derived class says its kind as `static constexpr kind id_kind`.
struct object {};

/// Ids are {kind 4, generation 8, index 20}. Each slot is governed by one 64-bit word {kind,
/// generation, alive, pins}: a call pins what it uses by one compare-and-swap that succeeds only
/// on the living generation, and `take` turns alive off, waits for the pins to go and only then
/// hands the object over. (Counting first and checking afterwards loses counts of failing callers;
/// the sanitizers found that, see the test.) Slots never move and are never freed.
class handle_table {
 public:
  static constexpr std::uint32_t slot_limit = 1u << 20;
  static constexpr std::uint32_t last_generation = 255;
  /// Tick ids alone come back, so their slots are queued and wait for so many others to be used.
  static constexpr std::uint32_t tick_queue = 1024;

  /// Keeps an object alive while it is used; empty after a move.
  template <class T>
  class pinned {
   public:
    pinned(std::atomic<std::uint64_t>* word, T* object) noexcept : word_(word), object_(object) {}
    pinned(pinned&& other) noexcept
        : word_(std::exchange(other.word_, nullptr)), object_(other.object_) {}
    pinned& operator=(pinned&&) = delete;
    ~pinned() {
      if (word_) word_->fetch_sub(1, std::memory_order_release);
    }
    T* operator->() const noexcept { return object_; }
    T& operator*() const noexcept { return *object_; }

   private:
    std::atomic<std::uint64_t>* word_;
    T* object_;
  };

  handle_table() = default;
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

  /// The object of `id`, safe from `take` while the pin lives; `stale` when dead or never there,
  /// `kind` when it is something else. With `exclusive`, `state` when another thread has it pinned.
  template <class T>
  result<pinned<T>> pin(std::uint32_t id, bool exclusive = false) {
    GYRE_TRY(place, hold(id, T::id_kind, exclusive));
    return pinned<T>(&place->word, static_cast<T*>(place->object));
  }

  /// Makes `id` stale, waits until nobody has it pinned, and gives its object back. The caller
  /// must not have it pinned itself.
  template <class T>
  result<T*> take(std::uint32_t id) {
    GYRE_TRY(object, take_out(id, T::id_kind));
    return static_cast<T*>(object);
  }

  /// Whether `id` names something alive, of whatever kind.
  bool alive(std::uint32_t id) noexcept {
    const slot* place = find(id);
    return place && names(place->word.load(std::memory_order_acquire), id);
  }

  static kind kind_of(std::uint32_t id) noexcept { return static_cast<kind>(id >> 28); }

 private:
  static constexpr std::uint64_t pins_mask = 0xFFFFFFFFu;
  static constexpr std::uint64_t alive_bit = 1ull << 32;
  static constexpr std::uint32_t chunk_size = 1024;
  static constexpr std::uint32_t nothing = ~0u;

  struct slot {
    std::atomic<std::uint64_t> word{1ull << 40};  // generation 1, dead
    capi::object* object = nullptr;
    std::uint32_t next = nothing;  // in a queue of free slots; guarded by mutex_
  };
  struct queue {  // first in, first out; guarded by mutex_
    std::uint32_t head = nothing, tail = nothing, size = 0;
  };

  static std::uint64_t make_word(kind k, std::uint32_t generation, bool alive) noexcept {
    return std::uint64_t{static_cast<std::uint32_t>(k)} << 48 | std::uint64_t{generation} << 40 |
           (alive ? alive_bit : 0);
  }
  static std::uint32_t generation_of(std::uint64_t word) noexcept {
    return static_cast<std::uint32_t>(word >> 40) & 255u;
  }
  static std::uint32_t make_id(kind k, std::uint32_t generation, std::uint32_t index) noexcept {
    return static_cast<std::uint32_t>(k) << 28 | generation << 20 | index;
  }
  static bool names(std::uint64_t word, std::uint32_t id) noexcept {
    return (word & ~pins_mask) == make_word(kind_of(id), (id >> 20) & 255u, true);
  }

  static error wrong(std::uint32_t id, kind wanted) {
    const kind k = kind_of(id);
    const bool known = k >= kind::engine && k <= kind::learner;
    if (known && k != wanted) {
      return fail(code::kind, "the id names ", text(k), ", not ", text(wanted));
    }
    return fail(code::stale, "the id ", id, " names nothing that lives: ", text(wanted),
                " was expected");
  }

  /// pin() and take() without the type, so that they exist once.
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
  result<capi::object*> take_out(std::uint32_t id, kind wanted) {
    slot* place = find(id);
    if (kind_of(id) != wanted || !place) return wrong(id, wanted);
    std::uint64_t word = place->word.load(std::memory_order_acquire);
    do {
      if (!names(word, id)) return wrong(id, wanted);
    } while (
        !place->word.compare_exchange_weak(word, word & ~alive_bit, std::memory_order_acquire));
    while ((place->word.load(std::memory_order_acquire) & pins_mask) != 0) {
      std::this_thread::yield();  // pins are as short as one call of the ABI
    }
    capi::object* const taken = std::exchange(place->object, nullptr);
    recycle(*place, id);
    return taken;
  }

  slot* find(std::uint32_t id) noexcept {
    const std::uint32_t index = id & (slot_limit - 1);
    slot* chunk = chunks_[index / chunk_size].load(std::memory_order_acquire);
    return chunk ? &chunk[index % chunk_size] : nullptr;
  }
  slot& at(std::uint32_t index) noexcept {
    return chunks_[index / chunk_size].load(std::memory_order_acquire)[index % chunk_size];
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
      chunk.store(new slot[chunk_size], std::memory_order_release);
    }
    return used_++;
  }

  void recycle(slot& place, std::uint32_t id) noexcept {
    const bool tick = kind_of(id) == kind::tick;
    std::uint32_t generation = (id >> 20) & 255u;
    if (generation == last_generation && !tick) return;  // retired: the word stays dead for ever
    generation = generation == last_generation ? 1 : generation + 1;
    const std::lock_guard<std::mutex> hold(mutex_);
    place.word.store(make_word(kind{}, generation, false), std::memory_order_release);
    queue& to = tick ? free_ticks_ : free_;
    const std::uint32_t index = id & (slot_limit - 1);
    place.next = nothing;
    if (to.size++ == 0) {
      to.head = index;
    } else {
      at(to.tail).next = index;
    }
    to.tail = index;
  }

  std::atomic<slot*> chunks_[slot_limit / chunk_size] = {};
  std::mutex mutex_;
  std::uint32_t used_ = 0;  // slots ever handed out
  queue free_, free_ticks_;
};

}  // namespace gyre::capi
