// roll.hpp - the loops of one shard and their learners: who is there, and where each record lies.
// Room: engine. Threads: under the shard's lease; what changes the ids under the registry too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include <gyre/core/growing_ring.hpp>
#include <gyre/engine/environment.hpp>

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
  /// A new loop in that slot, whose record the table has. @param plan taken for it
  loop_record& insert(const loop_plan* plan, std::string_view name) {
    const std::uint32_t slot = next_slot();
    loop_record& loop = env_.table.of_slot(shard_, slot);
    if (!free_.empty()) {
      free_.pop_back();
    } else if (slot != slots_) {
      (void)worn_.pop_front();
    } else {
      ++slots_;
      loop.id = make_id(kind_loop, 1, slot * env_.options.shards + shard_);
    }
    ++size_;
    loop.plan = plan;
    env_.table.set_name(loop, name);
    env_.table.set_metrics(loop, plan->metrics);
    return loop;
  }
  /// The loop's extra; a new one if it had none until now.
  loop_extra& extra(loop_record& loop) {
    if (loop.extra != nullptr) return *loop.extra;
    adopt(loop, make_owned<loop_extra>());
    loop.extra->rewards = loop.metrics.cycles();  // a reward of 1 each, until now
    loop.extra->reward_mean = loop.extra->rewards != 0 ? 1 : 0;
    return *loop.extra;
  }
  void adopt(loop_record& loop, owner<loop_extra> extra) {
    loop.extra = std::move(extra);
    loop.extra->place = static_cast<std::uint32_t>(with_extra_.size());
    with_extra_.push_back(&loop);
  }
  /// It is a loop no longer; its record stays until free().
  void strike(loop_record& loop) {
    loop.removed = true;
    --size_;
    leave_learner(loop);
  }
  /// The record of a loop that was struck, and that nobody is inside of, may be used again. @return
  /// what holds the user's closures, to be destroyed when the lease is free
  [[nodiscard]] std::shared_ptr<void> free(loop_record& loop) {
    struct rest {
      tick_function function;
      owner<loop_extra> extra;
    };
    if (loop.extra != nullptr) {
      with_extra_[loop.extra->place] = with_extra_.back();
      with_extra_[loop.extra->place]->extra->place = loop.extra->place;
      with_extra_.pop_back();
    }
    auto left = std::make_shared<rest>(rest{std::move(loop.function), std::move(loop.extra)});
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
  shared_learner* add_learner(owner<shared_learner> l) {
    learners_.push_back(std::move(l));
    return learners_.back().get();
  }

 private:
  /// The last loop that leaves a learner takes it out.
  void leave_learner(loop_record& loop) {
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
  std::size_t size_ = 0;
  vec<loop_record*> with_extra_;
  vec<const loop_plan*> plans_;
  vec<owner<shared_learner>> learners_;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
