// outbox.hpp - what a shard has to say or let go of once its lease is free.
// Room: engine. Threads: under the shard's lease.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include <gyre/bus/message.hpp>
#include <gyre/core/scarce.hpp>
#include <gyre/core/text.hpp>
#include <gyre/engine/loop_record.hpp>

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

/// What users' closures are in that wait to be destroyed. Made while there is memory, so that
/// letting go of a loop or a handler needs none.
struct remains {
  tick_function function;
  owner<loop_extra> extra;
  std::shared_ptr<message_handler> handler;
  remains* next = nullptr;
};

/// Some of those, the newest first, in which order they are destroyed.
class remains_list {
 public:
  remains_list() = default;
  remains_list(const remains_list&) = delete;
  remains_list& operator=(const remains_list&) = delete;
  ~remains_list() {
    while (first_ != nullptr) (void)take();
  }
  bool empty() const noexcept { return first_ == nullptr; }
  std::size_t size() const noexcept { return size_; }
  void add(owner<remains> one) noexcept {
    one->next = first_;
    first_ = one.release();
    ++size_;
  }
  owner<remains> take() noexcept {  ///< @pre !empty()
    --size_;
    return owner<remains>(std::exchange(first_, first_->next));
  }
  void swap(remains_list& o) noexcept {
    std::swap(first_, o.first_);
    std::swap(size_, o.size_);
  }

 private:
  remains* first_ = nullptr;
  std::size_t size_ = 0;
};

/// Events that wait to be published, and users' closures that wait to be destroyed: both may call
/// the engine, so they go when the lease is free. Held by the shard.
class outbox {
 public:
  /// @param loops that the shard has: two events each wait at most, 64 at the least; more are
  /// counted and not told, as is one that there is no memory for
  void tell(std::size_t loops, const char* topic, object_id source, std::uint64_t number,
            const piece* text, std::size_t pieces) noexcept {
    const bool told = told_.size() < std::max(least, 2 * loops) && if_memory([&] {
      told_.push_back({topic, join_pieces(text, pieces), source, number});
    });
    if (!told) ++dropped_;
  }
  void bury(owner<remains> closures) noexcept { buried_.add(std::move(closures)); }
  /// Events that there was no memory to publish.
  void drop(std::size_t events) noexcept { dropped_ += events; }

  bool empty() const noexcept { return told_.empty() && buried_.empty(); }
  std::uint64_t dropped() const noexcept { return dropped_; }
  /// Moves all out. @param told, buried are empty
  void take(vec<engine_event>& told, remains_list& buried) noexcept {
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
  remains_list buried_;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
