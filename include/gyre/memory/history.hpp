// history.hpp - the sealed blocks in memory, oldest first, and which of them holds a record.
// Room: memory. Threads: one owner at a time. Held by memory.hpp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <gyre/core/hash.hpp>
#include <gyre/core/vec.hpp>
#include <gyre/memory/index.hpp>
#include <gyre/memory/ring.hpp>
#include <gyre/memory/stats.hpp>
#include <span>
#include <utility>
#include <vector>

namespace gyre {
inline namespace v1 {
namespace detail {

/// Blocks by their rising ids, that of the oldest being first_id(). Records that are not hidden are
/// in its index.
class block_history {
 public:
  explicit block_history(key128 key) noexcept : key_(key) {}

  std::size_t size() const noexcept { return blocks_.size(); }
  bool empty() const noexcept { return blocks_.empty(); }
  /// The i-th oldest. @pre i < size()
  const block& operator[](std::size_t i) const noexcept { return blocks_[i]; }
  std::uint64_t first_id() const noexcept { return first_id_; }
  std::uint64_t end_id() const noexcept { return first_id_ + size(); }
  void set_first_id(std::uint64_t id) noexcept { first_id_ = id; }  ///< @pre empty()
  std::uint64_t records() const noexcept { return records_; }       ///< hidden ones too
  std::uint64_t hidden() const noexcept { return hidden_; }
  std::size_t resident_bytes() const noexcept { return bytes_ + index_.resident_bytes(); }

  /// What makes a record the same as another one, hashed.
  record_hash identity(const record_view& view) { return identity(view, key_, identity_); }
  static record_hash identity(const record_view& view, key128 key, byte_writer& scratch) {
    scratch.clear();
    row::write_identity(scratch, view);
    return siphash24_128(scratch.data(), key);
  }
  key128 key() const noexcept { return key_; }
  /// The newest, newest first, at most `limit`.
  std::vector<block_info> infos(std::size_t limit) const {
    std::vector<block_info> infos;
    for (std::size_t i = size(); i-- > 0 && infos.size() < limit;) {
      const block& b = blocks_[i];
      const double raw = larger<double>(1, b.raw_bytes());
      infos.push_back({b.sealed_ms(), b.count(), b.raw_bytes(), b.stored_bytes(),
                       static_cast<double>(b.stored_bytes()) / raw});
    }
    return infos;
  }

  /// Seals the `n` oldest of the ring, which loses them. False: no memory, nothing has changed.
  bool seal(record_ring& ring, std::size_t n, std::int64_t now_ms) {
    std::array<record_view, block::capacity> rows;
    std::uint64_t raw = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const auto view = row::read(ring[i].bytes);
      if (!view) return false;  // cannot be: they were read when they came
      rows[i] = *view;
      raw += ring[i].bytes.size();
    }
    auto made = block::seal(std::span(rows).first(n), raw, now_ms, codec_);
    if (!made) return false;
    index_.reserve(n);  // from here on nothing fails
    blocks_.reserve(1);
    const std::uint32_t id = block_index::short_id(end_id());
    for (std::size_t i = 0; i < n; ++i) index_.insert(tag(ring[i].id), id);
    for (std::size_t i = 0; i < n; ++i) ring.drop_oldest();
    keep(std::move(*made));
    return true;
  }
  /// Takes a block that was saved: opens it once to index it. Errors: corrupt, nomem.
  result<void> adopt(block b) {
    GYRE_CHECK(b.open(codec_));
    const std::uint32_t id = block_index::short_id(end_id());
    for (std::uint32_t i = 0; i < b.count(); ++i) {
      if (!b.hidden(i)) index_.insert(tag(identity(codec_.rows[i])), id);
    }
    keep(std::move(b));
    return ok;
  }
  /// Takes the oldest block out; how many records it held. @pre !empty()
  std::uint64_t drop() {
    const block& oldest = blocks_[0];
    if (oldest.open(codec_)) {
      const std::uint32_t id = block_index::short_id(first_id_);
      for (std::uint32_t i = 0; i < oldest.count(); ++i) {
        if (!oldest.hidden(i)) index_.erase(tag(identity(codec_.rows[i])), id);
      }
    }
    block gone = blocks_.pop_front();
    const std::uint64_t count = gone.count();
    records_ -= count;
    hidden_ -= gone.hidden_count();
    bytes_ -= gone.resident_bytes();
    if (first_id_++ < frozen_end_) frozen_.push_back(std::move(gone));
    return count;
  }
  void save(byte_writer& out) const {
    out.u64(size());
    for (std::size_t i = 0; i < size(); ++i) blocks_[i].save(out);
  }
  /// The same bytes without copying those of blocks: `pieces` are in turn in `out`, whatever that
  /// has already included, and in blocks. Freezes them.
  void save_in_place(byte_writer& out, vec<std::span<const std::byte>>& pieces) {
    freeze();
    out.u64(size());
    std::size_t from = 0, end = out.size();
    out.reserve(size() * block::header_bytes);
    for (std::size_t i = 0; i < size(); ++i) blocks_[i].save_header(out);
    pieces.reserve(2 * size() + 1);
    if (empty()) pieces.push_back(out.data());
    for (std::size_t i = 0; i < size(); ++i, from = end) {
      end += block::header_bytes;
      pieces.push_back(std::span(out.data()).subspan(from, end - from));
      pieces.push_back(blocks_[i].bytes());
    }
  }
  /// The bytes of all blocks that are here now stay where they are until thaw(), also those of
  /// blocks that are dropped meanwhile, which are not counted as resident.
  void freeze() {
    frozen_.reserve(size());
    frozen_end_ = end_id();
  }
  void thaw() noexcept {
    frozen_end_ = 0;
    frozen_ = {};
  }

  /// Where a record is: block and slot, or none.
  struct spot {
    std::size_t block = SIZE_MAX;
    std::uint32_t slot = 0;
    explicit operator bool() const noexcept { return block != SIZE_MAX; }
  };
  /// The record with this hash that is not hidden, shown in `out` until the next call.
  spot find(const record_hash& id, record_view& out) {
    spot at;
    if (!find(id, at.block, at.slot)) return {};
    out = codec_.rows[at.slot];
    return at;
  }
  /// What find() gave is hidden from now on.
  void hide(spot at, const record_hash& id) noexcept {
    blocks_[at.block].hide(at.slot);
    ++hidden_;
    index_.erase(tag(id), block_index::short_id(first_id_ + at.block));
  }
  bool holds(const record_hash& id) {
    spot at;
    return find(id, at.block, at.slot);
  }
  /// Opens a block of this or of any history. The rows live until the next call.
  const block_rows* open(const block& b) { return b.open(codec_) ? &codec_.rows : nullptr; }

 private:
  static std::uint32_t tag(const record_hash& id) noexcept {
    return static_cast<std::uint32_t>(id[0] >> 32);
  }
  /// The block and slot that hold this hash, not hidden; the block is left open in the codec.
  [[gnu::noinline]] bool find(const record_hash& id, std::size_t& at, std::uint32_t& slot) {
    return index_.find(tag(id), [&](std::uint32_t short_id) {
      at = block_index::distance(first_id_, short_id);
      if (at >= size()) return false;  // left by a block that drop() could not open
      const block& b = (*this)[at];
      if (!b.open(codec_)) return false;
      for (slot = 0; slot < b.count(); ++slot) {
        if (!b.hidden(slot) && identity(codec_.rows[slot]) == id) return true;
      }
      return false;
    });
  }
  void keep(block&& b) {
    records_ += b.count();
    hidden_ += b.hidden_count();
    bytes_ += b.resident_bytes();
    blocks_.push_back(std::move(b));
  }

  growing_ring<block> blocks_;
  vec<block> frozen_;              // dropped since freeze()
  std::uint64_t frozen_end_ = 0;  // blocks of lower ids are to be kept there
  block_index index_;
  std::uint64_t first_id_ = 0, records_ = 0, hidden_ = 0;
  std::size_t bytes_ = 0;
  key128 key_;
  block_codec codec_;
  byte_writer identity_;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
