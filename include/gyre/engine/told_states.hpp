// told_states.hpp - the states that a checkpoint is of, as long as it is written.
// Room: engine. Threads: under shard 0's lease. Held by the keeper.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <gyre/core/bytes.hpp>
#include <gyre/core/vec.hpp>
#include <gyre/memory/memory.hpp>
#include <gyre/store/checkpoint.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// The memory's blocks are pointed to, learners without a loop shared, all else copied.
class told_states {
 public:
  using shared_bytes = std::shared_ptr<const std::vector<std::byte>>;

  /// Anew, with that of the memory, which is to let go once they are written.
  void begin(std::uint32_t stream, memory& records) {
    clear();
    stream_state& first = all_.emplace_back();
    first.stream = stream;
    records.save_in_place(records_, first.more);
  }
  void add(std::uint32_t stream, shared_bytes bytes) {
    if (bytes == nullptr) return;
    kept_.push_back(bytes);
    all_.push_back({stream, *bytes});
  }
  void add(std::uint32_t stream, std::vector<std::byte> bytes) {
    add(stream, std::make_shared<const std::vector<std::byte>>(std::move(bytes)));
  }
  void add(std::uint32_t stream, std::span<const std::byte> bytes) {
    add(stream, std::vector<std::byte>(bytes.begin(), bytes.end()));
  }
  /// What is to be written; its bytes are here until clear().
  vec<stream_state> take() noexcept { return std::exchange(all_, {}); }
  void clear() noexcept {
    all_ = {};
    records_ = {};
    kept_ = {};
  }

 private:
  vec<stream_state> all_;
  byte_writer records_;
  vec<shared_bytes> kept_;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
