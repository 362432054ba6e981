// roll.hpp - the loops of one shard and their learners: who is there, and where each record lies.
// Room: engine. Threads: under the shard's lease; what changes the ids under the registry too.
#pragma once

#include <algorithm>
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
  /// The same of the loops of `n` slots, from `slot` on, which goes on; f may hand the loop over.
  template <class F>
  void some(std::uint32_t& slot, std::uint32_t n, F&& f) {
    if (slot >= slots_) slot = 0;
    for (const std::uint32_t end = slot + std::min(n, slots_ - slot); slot < end; ++slot) {
      loop_record& l = env_.table.of_slot(shard_, slot);
      if (l.plan != nullptr && !l.removed) f(l);
    }
  }
  /// The loop of an id at a place of this shard, null when it is not, or no longer, there.
  loop_record* find(std::uint32_t place, object_id id) noexcept {
    if (id_kind(id) != kind_loop || env_.table.slot_at(place) >= slots_) return nullptr;
    loop_record& l = env_.table.at(place);
    return l.id == id && l.plan != nullptr && !l.removed ? &l : nullptr;
  }
  /// Of an id of this shard: the signpost of a loop that has moved, null where there is none.
  loop_record* signpost(object_id id) noexcept {
    const std::uint32_t index = id_index(id);
    if (id_kind(id) != kind_loop || env_.table.slot_at(index) >= slots_) return nullptr;
    loop_record& l = env_.table.at(index);
    return loop_table::is_signpost(l, id) ? &l : nullptr;
  }
  /// The loops that have an extra. All others are as well as can be.
  const vec<loop_record*>& with_extra() const noexcept { return with_extra_; }

  /// The slot that the next insert() takes, one that had a loop before if there is one. A slot
  /// whose 255 ids are used up begins again with the first, once 1,024 others have come to that: so
  /// an id names another loop 262,144 loops later at the earliest. One that has an id of its own as
  /// long as there is one.
  std::uint32_t next_slot() const noexcept {
    if (!free_.empty()) return free_.back();
    if (worn_.size() > resting) return worn_[0];
    return wide_.empty() || env_.table.has_id(shard_, slots_) ? slots_ : wide_.back();
  }
  /// Gives that slot's record, which the table has, a name and metrics, and makes room: insert()
  /// needs no memory then. Throws std::bad_alloc, with nothing changed.
  loop_record& prepare(std::string_view name, metrics_mode mode) {
    const std::uint32_t slot = next_slot(), place = next_place();
    loop_record& loop = env_.table.at(place);
    if (slot == slots_) loop.id = first_id(slot);
    with_extra_.make_room(1);
    learners_.make_room(1);
    env_.table.set_metrics(loop, shard_, mode);
    env_.table.set_name(place, name);
    return loop;
  }
  void take_back() noexcept { env_.table.clear_name(next_place()); }
  /// The record that was prepared is a loop now. @param plan taken for it @param lent an id that it
  /// is to have instead of its place's own; 0: none. Else it has an extra, and a signpost elsewhere
  void insert(loop_record& loop, const loop_plan* plan, owner<loop_extra> extra,
              object_id lent) noexcept {
    const std::uint32_t place = next_place();
    take_slot();
    loop.plan = plan;
    if (extra != nullptr) adopt(loop, std::move(extra));
    if (lent == 0) return;
    loop.moved = true;
    loop.extra->berth = place;
    loop.extra->berth_id = std::exchange(loop.id, lent);
  }
  /// An id of this shard, which has a record for it, for a loop that is to be elsewhere: nobody
  /// follows the signpost before loop_table::point(). Throws std::bad_alloc, with nothing changed.
  object_id lend() {
    const std::uint32_t slot = next_slot(), place = next_place();
    make_room_to_strike(1);
    loop_record& post = env_.table.at(place);
    if (slot == slots_) post.id = first_id(slot);
    take_slot();
    --size_;
    ++struck_;
    post.moved = post.removed = true;
    return post.id;
  }
  /// A loop, which has an extra, goes to another shard's roll, where its place was prepared. Under
  /// the registry and every lease. @pre make_room_to_strike(1)
  void hand_over(loop_record& loop, roll& to, loop_record& prepared) noexcept {
    const std::uint32_t slot = env_.table.slot_of(loop);
    const bool is_born_here = !loop.moved;
    if (shared_learner* const its = loop.extra->learning) {
      for (auto at = learners_.begin(); at != learners_.end(); ++at) {
        if (at->get() != its) continue;
        to.learners_.push_back(std::move(*at));
        learners_.erase(at);
        break;
      }
    }
    forget_extra(*loop.extra);
    --size_;
    const std::uint32_t place = to.next_place();
    to.take_slot();
    env_.table.move(loop, place);
    to.adopt(prepared, std::move(prepared.extra));
    if (is_born_here) {
      ++struck_;  // as long as the signpost stands
    } else {
      free_slot(slot);
    }
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
    wide_.make_room(all);
    worn_.reserve(all);
    plans_.make_room(all);
    lost_.make_room(all);
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
    if (loop.extra != nullptr) forget_extra(*loop.extra);
    env_.table.clear_name(loop_table::place_of(loop));
    if (loop.moved) {  // nobody was told the id of the place
      free_slot(env_.table.slot_of(loop));
      lost_.push_back(std::exchange(loop.id, loop.extra->berth_id));
    } else {
      free_id(loop);
    }
    owner<remains> left = remains_.take();
    left->function = std::move(loop.function);
    left->extra = std::move(loop.extra);
    plans_.push_back(std::exchange(loop.plan, nullptr));
    env_.table.set_metrics(loop, shard_, metrics_mode::counters);
    loop.paused = 0;
    loop.removed = loop.running = loop.gated = loop.moved = false;
    loop.backing_off = loop.stuck = loop.watched = false;
    loop.told = loop.related = false;
    return left;
  }
  /// Ids of loops that had moved here and are gone, whose signposts free_signpost() is to take, for
  /// whoever holds every lease.
  vec<object_id>& lost() noexcept { return lost_; }
  /// Of a loop that was born here: the place may be used again.
  void free_signpost(object_id id) noexcept {
    --struck_;
    free_id(env_.table.take_signpost(id));
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
  std::uint32_t next_place() const noexcept { return env_.table.place_of(shard_, next_slot()); }
  /// Of a slot that never had a loop; 0 where it has no id of its own.
  object_id first_id(std::uint32_t slot) const noexcept {
    if (!env_.table.has_id(shard_, slot)) return 0;
    return make_id(kind_loop, 1, env_.table.place_of(shard_, slot));
  }
  /// The slot that next_slot() says has a loop from now on.
  void take_slot() noexcept {
    if (!free_.empty()) {
      free_.pop_back();
    } else if (next_slot() == slots_) {
      ++slots_;
    } else if (worn_.size() > resting) {
      (void)worn_.pop_front();
    } else {
      wide_.pop_back();
    }
    ++size_;
  }
  void free_slot(std::uint32_t slot) noexcept {
    (env_.table.has_id(shard_, slot) ? free_ : wide_).push_back(slot);
  }
  /// The place of a loop that was born here may be used again, under another id.
  void free_id(loop_record& loop) noexcept {
    const std::uint32_t slot = env_.table.slot_at(id_index(loop.id));
    const std::uint32_t last = id_generation(loop.id);
    if (last == 0xff) {
      worn_.push_back(slot);
    } else {
      free_.push_back(slot);
    }
    loop.id = make_id(kind_loop, last == 0xff ? 1 : last + 1, id_index(loop.id));
  }
  void forget_extra(const loop_extra& gone) noexcept {
    with_extra_[gone.place] = with_extra_.back();
    with_extra_[gone.place]->extra->place = gone.place;
    with_extra_.pop_back();
  }
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
  vec<std::uint32_t> free_, wide_;     // wide_: those without an id of their own
  growing_ring<std::uint32_t> worn_;  // slots whose ids are used up, the longest so first
  std::size_t size_ = 0, struck_ = 0;  // struck_: removed, and not free yet
  remains_list remains_;               // for those
  vec<loop_record*> with_extra_;
  vec<const loop_plan*> plans_;
  vec<object_id> lost_;
  vec<owner<shared_learner>> learners_;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
