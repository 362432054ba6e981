// metrics_rooms.hpp - where what the histograms of many loops keep lies close together.
// Room: observe. Threads: one owner at a time.
#pragma once

#include <cstddef>
#include <cstring>
#include <new>

#include <gyre/core/huge.hpp>
#include <gyre/core/vec.hpp>
#include <gyre/observe/metrics.hpp>

namespace gyre {
inline namespace v1 {

/// Rooms for loop_metrics with histograms, in huge pages from 16,384 on: on the heap, of many
/// loops, translating the address of one costs as much as reading it. Block b has 64 * 2^b rooms
/// and never moves; what was given back is taken first, so that no more are touched than were in
/// use at one time, to within a page.
class metrics_rooms {
 public:
  using room = loop_metrics::room;

  metrics_rooms() = default;
  metrics_rooms(const metrics_rooms&) = delete;
  metrics_rooms& operator=(const metrics_rooms&) = delete;
  ~metrics_rooms() {
    for (std::size_t b = 0; b < blocks_.size(); ++b) memory().deallocate(blocks_[b], first << b);
  }

  /// One that is its caller's until give(), and no longer than this. Throws std::bad_alloc.
  room& take() {
    if (free_ != nullptr) {
      room* const taken = free_;
      std::memcpy(&free_, taken->bytes, sizeof free_);
      return *taken;
    }
    if (blocks_.empty() || made_ == first << (blocks_.size() - 1)) {
      blocks_.reserve(blocks_.size() + 1);
      blocks_.push_back(memory().allocate(first << blocks_.size()));
      made_ = 0;
    }
    return *::new (static_cast<void*>(blocks_.back() + made_++)) room;
  }
  /// @param back nothing is in it any more
  void give(room& back) noexcept {
    std::memcpy(back.bytes, &free_, sizeof free_);
    free_ = &back;
  }

 private:
  using memory = huge_allocator<room>;
  static constexpr std::size_t first = 64;  // rooms of block 0

  vec<room*> blocks_;
  std::size_t made_ = 0;  // of the last block
  room* free_ = nullptr;  // those given back, each with the next one's address in it
};

}  // namespace v1
}  // namespace gyre
