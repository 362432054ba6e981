// roll.hpp - the loops of one shard and their learners: who is there, and where each record lies.
// Room: engine. Threads: under the shard's lease; what changes the ids under the registry too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include <gyre/core/growing_ring.hpp>
#include <gyre/engine/environment.hpp>
#include <gyre/engine/outbox.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// Held by the shard. Knows nothing of time: when a loop's next tick is stands in agenda.hpp.
class roll {
 public:
  roll(environment& env, std::uint32_t shard) : env_(env), shard_(shard) {}
  roll(const roll&) = delete;
  roll& operator=(const roll&) = delete;

  std::size_t size() const noexcept { return size_; }  ///< loops
  /// Calls f(loop) for each loop, in order of slot.
  template <class F>
  void each(F&& f) {
    for (std::uint32_t slot = 0; slot < slots_; ++slot) {
      loop_record& l = env_.table.of_slot(shard_, slot);
      if (l.plan != nullptr && !l.removed) f(l);
    }
  }
  /// The loop of an id of this shard, null when it is gone or was never there.
  loop_record* find(object_id id) noexcept {
    const std::uint32_t slot = env_.table.slot_of(id);
    if (id_kind(id) != kind_loop || slot >= slots_) return nullptr;
    loop_record& l = env_.table.of_slot(shard_, slot);
    return l.id == id && l.plan != nullptr && !l.removed ? &l : nullptr;
  }
  /// The loops that have an extra. All others are as well as can be.
  const vec<loop_record*>& with_extra() const noexcept { return with_extra_; }

  /// The slot that the next insert() takes, one that had a loop before if there is one. A slot
  /// whose 255 ids are used up begins again with the first, once 1,024 others have come to that: so
  /// an id names another loop 262,144 loops later at the earliest.
  std::uint32_t next_slot() const noexcept {
    if (!free_.empty()) return free_.back();
    return worn_.size() > resting ? worn_[0] : slots_;
  }
  /// Gives that slot's record, which the table has, a name and metrics, and makes room: insert()
  /// needs no memory then. Throws std::bad_alloc, with nothing changed.
  loop_record& prepare(std::string_view name, metrics_mode mode) {
    const std::uint32_t slot = next_slot();
    loop_record& loop = env_.table.of_slot(shard_, slot);
    if (slot == slots_) loop.id = make_id(kind_loop, 1, slot * env_.options.shards + shard_);
    with_extra_.make_room(1);
    learners_.make_room(1);
    env_.table.set_metrics(loop, mode);
    env_.table.set_name(loop, name);
    return loop;
  }
  void take_back(const loop_record& prepared) noexcept { env_.table.clear_name(prepared); }
  /// The record that was prepared is a loop now. @param plan taken for it
  void insert(loop_record& loop, const loop_plan* plan) noexcept {
    if (!free_.empty()) {
      free_.pop_back();
    } else if (env_.table.slot_of(loop.id) != slots_) {
      (void)worn_.pop_front();
    } else {
      ++slots_;
    }
    ++size_;
    loop.plan = plan;
  }
  /// The loop's extra; a new one if it had none until now. Throws std::bad_alloc, with nothing
  /// changed.
  loop_extra& extra(loop_record& loop) {
    if (loop.extra != nullptr) return *loop.extra;
    with_extra_.make_room(1);
    adopt(loop, make_owned<loop_extra>());
    loop.extra->rewards = loop.metrics.cycles();  // a reward of 1 each, until now
    loop.extra->reward_mean = loop.extra->rewards != 0 ? 1 : 0;
    return *loop.extra;
  }
  /// The same; null: there is no memory for one.
  loop_extra* extra_if_memory(loop_record& loop) noexcept {
    if (loop.extra == nullptr) (void)if_memory([&] { extra(loop); });
    return loop.extra.get();
  }
  /// @pre there is room: see prepare()
  void adopt(loop_record& loop, owner<loop_extra> extra) noexcept {
    loop.extra = std::move(extra);
    loop.extra->place = static_cast<std::uint32_t>(with_extra_.size());
    with_extra_.push_back(&loop);
  }
  /// Makes room, so that striking `n` loops, and freeing them later, needs no memory.
  void make_room_to_strike(std::size_t n) {
    const std::size_t all = struck_ + n;
    free_.make_room(all);
    worn_.reserve(all);
    plans_.make_room(all);
    while (remains_.size() < all) remains_.add(make_owned<remains>());
  }
  /// It is a loop no longer; its record stays until free(). @pre there is room
  void strike(loop_record& loop) noexcept {
    loop.removed = true;
    --size_;
    ++struck_;
    leave_learner(loop);
  }
  /// The record of a loop that was struck, and that nobody is inside of, may be used again. @return
  /// what holds the user's closures, to be destroyed when the lease is free
  [[nodiscard]] owner<remains> free(loop_record& loop) noexcept {
    --struck_;
    if (loop.extra != nullptr) {
      with_extra_[loop.extra->place] = with_extra_.back();
      with_extra_[loop.extra->place]->extra->place = loop.extra->place;
      with_extra_.pop_back();
    }
    owner<remains> left = remains_.take();
    left->function = std::move(loop.function);
    left->extra = std::move(loop.extra);
    env_.table.clear_name(loop);
    plans_.push_back(std::exchange(loop.plan, nullptr));
    env_.table.set_metrics(loop, metrics_mode::counters);
    loop.paused = 0;
    loop.removed = loop.running = loop.gated = false;
    loop.backing_off = loop.stuck = loop.watched = false;
    loop.told = loop.related = false;
    const std::uint32_t slot = env_.table.slot_of(loop.id), last = id_generation(loop.id);
    if (last == 0xff) {
      worn_.push_back(slot);
    } else {
      free_.push_back(slot);
    }
    loop.id = make_id(kind_loop, last == 0xff ? 1 : last + 1, id_index(loop.id));
    return left;
  }
  /// Plans that no record uses any more, for whoever has the list of them to drop and clear.
  vec<const loop_plan*>& dropped_plans() noexcept { return plans_; }

  const vec<owner<shared_learner>>& learners() const noexcept {
    return learners_;
  }
  /// Null: none has this name.
  shared_learner* find_learner(std::string_view name) noexcept {
    for (const auto& l : learners_) {
      if (l->name == name) return l.get();
    }
    return nullptr;
  }
  /// @pre there is room: see prepare()
  shared_learner* add_learner(owner<shared_learner> l) noexcept {
    learners_.push_back(std::move(l));
    return learners_.back().get();
  }

 private:
  /// The last loop that leaves a learner takes it out.
  void leave_learner(loop_record& loop) noexcept {
    if (loop.extra == nullptr || loop.extra->learning == nullptr) return;
    shared_learner* const left = std::exchange(loop.extra->learning, nullptr);
    if (loop.extra->later != nullptr) left->late.never += loop.extra->later->open();
    if (--left->users != 0) return;
    erase_if(learners_, [&](const auto& l) { return l.get() == left; });
  }

  static constexpr std::size_t resting = 1024;

  environment& env_;
  std::uint32_t shard_;
  std::uint32_t slots_ = 0;  // ever used
  vec<std::uint32_t> free_;
  growing_ring<std::uint32_t> worn_;  // slots whose ids are used up, the longest so first
  std::size_t size_ = 0, struck_ = 0;  // struck_: removed, and not free yet
  remains_list remains_;               // for those
  vec<loop_record*> with_extra_;
  vec<const loop_plan*> plans_;
  vec<owner<shared_learner>> learners_;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
