// outbox.hpp - what a shard has to say or let go of once its lease is free.
// Room: engine. Threads: under the shard's lease.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include <gyre/core/slot_map.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// Something the engine tells on its own bus.
struct engine_event {
  const char* topic;
  std::string text;
  object_id source;
  std::uint64_t number;  ///< see ledger::next_event()
};

/// Events that wait to be published, and users' closures that wait to be destroyed: both may call
/// the engine, so they go when the lease is free. Held by the shard.
class outbox {
 public:
  /// @param loops that the shard has: two events each wait at most, 64 at the least; more are
  /// counted and not told
  void tell(std::size_t loops, engine_event event) {
    if (told_.size() < std::max(least, 2 * loops)) {
      told_.push_back(std::move(event));
    } else {
      ++dropped_;
    }
  }
  void bury(std::shared_ptr<void> closures) { buried_.push_back(std::move(closures)); }

  bool empty() const noexcept { return told_.empty() && buried_.empty(); }
  std::uint64_t dropped() const noexcept { return dropped_; }
  /// Moves all out. @param told, buried are empty
  void take(vec<engine_event>& told, vec<std::shared_ptr<void>>& buried) noexcept {
    told.swap(told_);
    buried.swap(buried_);
  }
  /// Gives the memory of published events back, for the next ones. @param used is empty
  void recycle(vec<engine_event>& used) noexcept {
    if (told_.capacity() == 0) told_.swap(used);
  }

 private:
  static constexpr std::size_t least = 64;

  vec<engine_event> told_;
  std::uint64_t dropped_ = 0;
  vec<std::shared_ptr<void>> buried_;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
