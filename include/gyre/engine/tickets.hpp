// tickets.hpp - of one loop, the ticks whose reward is still to come.
// Room: engine. Threads: under the shard's lease.
#pragma once

#include <algorithm>
#include <cstdint>

#include <gyre/core/vec.hpp>
#include <gyre/engine/mind.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// Numbered from 1 in the order in which they are taken. The last 1,024 of a loop are remembered,
/// 40 bytes each, in memory that grows with how many are open at one time.
class tickets {
 public:
  static constexpr std::uint32_t most = 1024;

  enum class phase : std::uint8_t {
    running,  ///< its tick has not ended
    early,    ///< nor has it, but the reward is there: in what.reward
    waiting,  ///< its tick has ended: the reward is all that is missing
    used,     ///< nothing is to come any more
  };
  struct entry {
    std::uint32_t number = 0;
    phase is = phase::used;
    bool teaches = false;  ///< the tick has asked for a knob
    lesson what;
    bool open() const noexcept { return is != phase::used; }
  };

  /// A new ticket. Throws std::bad_alloc, with nothing changed. @return whether an open one had to
  /// be given up for it
  bool take(std::uint32_t& number) {
    const std::uint32_t next = last_ + 1;
    while (!entries_.empty() && slot(next).open() && entries_.size() < most) {
      grow(entries_.size() * 2);
    }
    if (entries_.empty()) entries_.resize(8);
    number = last_ = next;  // from here on nothing fails
    entry& e = slot(number);
    const bool gave_up = e.open();
    e = {};
    e.number = number;
    e.is = phase::running;
    return gave_up;
  }
  /// Null: it is older than those remembered, or was never taken.
  entry* find(std::uint32_t number) noexcept {
    if (number == 0 || entries_.empty() || slot(number).number != number) return nullptr;
    return &slot(number);
  }
  bool was_taken(std::uint32_t number) const noexcept { return number != 0 && number <= last_; }
  std::uint32_t open() const noexcept {
    std::uint32_t n = 0;
    for (const entry& e : entries_) n += e.open() ? 1 : 0;
    return n;
  }

 private:
  entry& slot(std::uint32_t number) noexcept { return entries_[number % entries_.size()]; }
  void grow(std::size_t size) {
    vec<entry> old(size);
    old.swap(entries_);
    for (entry& e : old) {
      if (e.number != 0) slot(e.number) = e;
    }
  }

  vec<entry> entries_;
  std::uint32_t last_ = 0;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
