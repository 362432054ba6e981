// recall.hpp - finds records again: newest first, in ring, blocks and archive.
// Room: memory. Threads: one owner at a time; it opens blocks in the history's scratch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gyre/core/function.hpp>
#include <gyre/core/vec.hpp>
#include <gyre/memory/archive.hpp>
#include <gyre/memory/history.hpp>
#include <gyre/memory/ring.hpp>
#include <span>
#include <vector>

namespace gyre {
inline namespace v1 {
namespace detail {

/// A record of the archive that matches: shown unless there is a newer copy.
struct candidate {
  record_hash id;
  std::uint32_t row = 0;  ///< of its block
  bool newer = false;     ///< ring or blocks have one
};

/// One question under way. Lives for one call.
class recaller {
 public:
  using newer_copies = function_ref<void(std::span<candidate>)>;

  recaller(const query& q, std::vector<record>& found) noexcept : q_(q), found_(found) {}
  bool done() const noexcept { return found_.size() >= q_.limit; }

  void from(const record_ring& ring, block_history& blocks) {
    from(ring);
    from(blocks);
  }
  void from(const record_ring& ring) {
    for (std::size_t i = ring.size(); i-- > 0 && !done();) {
      const auto view = row::read(ring[i].bytes);
      if (view && row::matches(*view, q_)) take(*view);
    }
  }
  void from(block_history& blocks) {
    for (std::size_t i = blocks.size(); i-- > 0 && !done();) {
      const block& b = blocks[i];
      if (b.to_ms() < q_.from_ms || b.from_ms() > q_.to_ms) continue;
      const block_rows* rows = blocks.open(b);
      if (rows == nullptr) continue;
      for (std::uint32_t k = b.count(); k-- > 0 && !done();) {
        if (!b.hidden(k) && row::matches((*rows)[k], q_)) take((*rows)[k]);
      }
    }
  }
  /// What has no newer copy in ring and blocks, which `look` marks, or in what this call found in
  /// the archive. Needs the archive alone but for `look`. Errors: io, corrupt; what could be read
  /// was looked at.
  result<void> from(archive& cold, key128 key, newer_copies look) {
    seen_.clear();
    tags_ = {};
    block_codec codec;
    byte_writer scratch;
    vec<candidate> some;
    return cold.newest_first(q_.from_ms, q_.to_ms, [&](const block& b) {
      if (!b.open(codec)) return false;
      some.clear();
      for (std::uint32_t i = b.count(); i-- > 0;) {
        if (b.hidden(i) || !row::matches(codec.rows[i], q_)) continue;
        some.push_back({block_history::identity(codec.rows[i], key, scratch), i});
      }
      if (!some.empty()) look({some.data(), some.size()});
      for (const candidate& c : some) {
        if (done()) break;
        if (c.newer || seen(c.id)) continue;
        note(c.id);
        take(codec.rows[c.row]);
      }
      return done();
    });
  }

 private:
  [[gnu::noinline]] void take(const record_view& view) {
    found_.emplace_back();
    row::copy_to(found_.back(), view);
  }
  bool seen(const record_hash& id) const {
    return tags_.find(tag(id), [&](std::uint32_t i) { return seen_[i] == id; });
  }
  void note(const record_hash& id) {
    tags_.insert(tag(id), static_cast<std::uint32_t>(seen_.size()));
    seen_.push_back(id);
  }
  static std::uint32_t tag(const record_hash& id) noexcept {
    return static_cast<std::uint32_t>(id[0] >> 32);
  }

  const query& q_;
  std::vector<record>& found_;
  vec<record_hash> seen_;  // of the archive's records that were found,
  block_index tags_;               // and their places there by tag
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
