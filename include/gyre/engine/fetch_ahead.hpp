// fetch_ahead.hpp - has the processor read what the next ticks need, before their turn.
// Room: engine. Threads: under the shard's lease.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include <gyre/engine/agenda.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// Of many loops nothing is in a cache when a tick comes, and waiting for memory would be most of
/// it. Of the ticks that come next, each record is read, some ticks later what it points to, and
/// then what is behind that. Held by the shard; all is counted as ticks are.
class fetch_ahead {
 public:
  fetch_ahead(environment& env, std::uint32_t shard, const agenda& due)
      : env_(env), shard_(shard), due_(due) {}

  /// One tick was taken. Inlined by force: g++ 12 drops the call of a function that does nothing
  /// but this. @param reading number of the latest, see gatekeeper.hpp
  [[gnu::always_inline]] inline void step(instant now, std::uint32_t reading) noexcept {
    ++next_;
    if (due_.changed() || records_ < next_) records_ = parts_ = behind_ = next_;
    const std::uint32_t behind = std::min(next_ + most_behind, parts_);
    for (; behind_ < behind; ++behind_) {
      const loop_record& loop = *seen(behind_);
      loop.metrics.fetch_more(now);
      if (loop.extra != nullptr) fetch_more(*loop.extra, reading);
    }
    const std::uint32_t parts = std::min(next_ + most_parts, records_);
    for (; parts_ < parts; ++parts_) {
      const loop_record& loop = *seen(parts_);
      if (loop.inside == 0) loop.function.fetch();  // else it may be writing to itself
      loop.metrics.fetch(now);
      if (loop.extra != nullptr) __builtin_prefetch(loop.extra.get(), 1);
    }
    for (; records_ < next_ + agenda::far_ahead; ++records_) {
      const std::uint32_t slot = due_.coming(records_ - next_);
      if (slot == turns::none) break;
      seen(records_) = &env_.table.fetch(shard_, slot);
      due_.fetch(slot);
    }
  }

 private:
  static constexpr std::uint32_t most_parts = 8, most_behind = 4;

  const loop_record*& seen(std::uint32_t tick) noexcept { return seen_[tick % seen_.size()]; }

  environment& env_;
  std::uint32_t shard_;
  const agenda& due_;
  std::uint32_t next_ = 0;  // the tick that comes; what was fetched of records ends before:
  std::uint32_t records_ = 0, parts_ = 0, behind_ = 0;
  std::array<const loop_record*, 16> seen_{};  // of ticks before records_
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
