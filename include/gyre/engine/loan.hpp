// loan.hpp - an id of another shard, for a loop whose own shard has none left.
// Room: engine. Threads: under the registry, without a lease.
#pragma once

#include <gyre/engine/home.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// What loops of `env` that had moved and are gone have left behind; under every lease.
inline void free_signposts(environment& env) noexcept {
  for (shard* s : env.shards) {
    for (object_id id : s->loops.lost()) shard_at(env, id_index(id)).loops.free_signpost(id);
    s->loops.lost().clear();
  }
}

/// The loop is as one that has moved: see loop_table. Goes back where it is not kept.
class loan {
 public:
  explicit loan(environment& env) : env_(env) {}
  loan(const loan&) = delete;
  loan& operator=(const loan&) = delete;
  ~loan() {
    if (id_ == 0) return;
    shard& from = shard_at(env_, id_index(id_));
    const leased hold(from.owner());
    from.loops.free_signpost(id_);
  }

  /// @return false: all ids of all shards are used. Throws std::bad_alloc, with nothing changed.
  bool take() {
    const every_lease hold(env_);
    free_signposts(env_);
    for (shard* s : env_.shards) {
      const std::uint32_t slot = s->loops.next_slot();
      if (!env_.table.has_id(s->index, slot) || !env_.table.reserve(s->index, slot)) continue;
      id_ = s->loops.lend();
      return true;
    }
    return false;
  }
  object_id id() const noexcept { return id_; }  ///< 0: none was taken
  /// A loop of this id lies there from now on.
  void keep(std::uint32_t place) noexcept {
    if (id_ == 0) return;
    const leased hold(shard_at(env_, id_index(id_)).owner());
    env_.table.point(std::exchange(id_, 0), place);
  }

 private:
  environment& env_;
  object_id id_ = 0;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
