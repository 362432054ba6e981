// loop_table.hpp - where the loops of an engine lie, and how an id or a name finds one.
// Room: engine. Threads: each member says.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include <gyre/core/hash_index.hpp>
#include <gyre/engine/loop_record.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

inline constexpr std::uint32_t kind_loop = 1;

/// Records lie in blocks that never move and are used again under the next generation of their id.
/// Loop k of shard s has index k * shards + s, so that an id tells its shard and a shard's numbers
/// are dense.
class loop_table {
 public:
  static constexpr std::uint32_t most = 1U << 20;  ///< loops of all shards

  explicit loop_table(std::uint32_t shards) : shards_(shards) { blocks_.reserve(most / per_block); }

  // Any thread.
  std::uint32_t shard_of(object_id id) const noexcept { return id_index(id) % shards_; }
  /// Whether the id may name a loop: then at() may be asked, under its shard's lease.
  bool holds(object_id id) const noexcept {
    return id_kind(id) == kind_loop && id_index(id) < size_.load(std::memory_order_acquire);
  }

  // Under the lease of the loop's shard.
  loop_record& at(std::uint32_t index) noexcept {
    return blocks_[index / per_block]->records[index % per_block];
  }
  loop_record& of_slot(std::uint32_t shard, std::uint32_t slot) noexcept {
    return at(slot * shards_ + shard);
  }
  std::uint32_t slot_of(const loop_record& l) const noexcept { return id_index(l.id) / shards_; }
  std::uint32_t order(const loop_record& l) const noexcept { return label_of(l).order; }
  std::string_view name(const loop_record& l) const noexcept { return label_of(l).text(); }
  void fetch(std::uint32_t shard, std::uint32_t slot) noexcept {
    const loop_record& l = of_slot(shard, slot);
    __builtin_prefetch(&l, 1);
    __builtin_prefetch(&l.metrics, 1);
  }
  /// Names the record. @param order of add
  void label(const loop_record& l, std::string_view name, std::uint32_t order) {
    label_of(l).set(name);
    label_of(l).order = order;
  }
  void clear_label(const loop_record& l) noexcept { label_of(l).text_.reset(); }

  // Under the engine's registry.
  /// Makes room for the slot of a shard; false when no id is left.
  bool reserve(std::uint32_t shard, std::uint32_t slot) {
    const std::uint64_t index = std::uint64_t{slot} * shards_ + shard;
    if (index >= most) return false;
    while (blocks_.size() * per_block <= index) blocks_.push_back(std::make_unique<block>());
    size_.store(static_cast<std::uint32_t>(blocks_.size() * per_block), std::memory_order_release);
    return true;
  }
  /// 0: no loop has this name.
  object_id find(std::string_view name) const {
    const std::uint32_t i = names_.find(hash(name), [&](std::uint32_t index) {
      return blocks_[index / per_block]->labels[index % per_block].text() == name;
    });
    return i == hash_index::none ? 0 : blocks_[i / per_block]->labels[i % per_block].id;
  }
  void add_name(std::string_view name, object_id id) {
    const std::uint32_t i = id_index(id);
    blocks_[i / per_block]->labels[i % per_block].id = id;
    names_.insert(hash(name), i);
  }
  void drop_name(std::string_view name, object_id id) noexcept {
    names_.erase(hash(name), id_index(id));
  }

 private:
  static constexpr std::uint32_t per_block = 64;

  struct name_label {
    std::unique_ptr<char[]> text_;  // its length in the first byte
    std::uint32_t order = 0;
    object_id id = 0;

    std::string_view text() const noexcept {
      if (text_ == nullptr) return {};
      return {text_.get() + 1, static_cast<std::size_t>(static_cast<unsigned char>(text_[0]))};
    }
    void set(std::string_view name) {
      text_ = std::make_unique<char[]>(name.size() + 1);
      text_[0] = static_cast<char>(name.size());
      std::memcpy(text_.get() + 1, name.data(), name.size());
    }
  };
  struct block {
    std::array<loop_record, per_block> records;
    std::array<name_label, per_block> labels;
  };

  static std::uint64_t hash(std::string_view name) noexcept { return siphash24(as_bytes(name)); }
  name_label& label_of(const loop_record& l) noexcept {
    return blocks_[id_index(l.id) / per_block]->labels[id_index(l.id) % per_block];
  }
  const name_label& label_of(const loop_record& l) const noexcept {
    return blocks_[id_index(l.id) / per_block]->labels[id_index(l.id) % per_block];
  }

  std::uint32_t shards_;
  std::vector<std::unique_ptr<block>> blocks_;
  std::atomic<std::uint32_t> size_{0};
  hash_index names_;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
