// loop_table.hpp - where the loops of an engine lie, and how an id or a name finds one.
// Room: engine. Threads: each member says.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <new>
#include <string_view>

#include <gyre/core/hash_index.hpp>
#include <gyre/core/huge.hpp>
#include <gyre/core/text_pool.hpp>
#include <gyre/engine/loop_record.hpp>
#include <gyre/observe/metrics_rooms.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

inline constexpr std::uint32_t kind_loop = 1;

/// Records lie in blocks that never move and are used again under the next generation of their id.
/// Loop k of shard s has index k * shards + s, so that an id tells its shard and a shard's numbers
/// are dense. Block b has 64 * 2^b places, so that few pointers lead to a million records; a record
/// is made when its place is first taken, and what was never taken is memory never touched.
class loop_table {
 public:
  static constexpr std::uint32_t most = (1U << 20) - 64;  ///< loops of all shards

  explicit loop_table(std::uint32_t shards)
      : shards_(shards), made_(shards, 0), texts_(shards), rooms_(shards) {}
  loop_table(const loop_table&) = delete;
  loop_table& operator=(const loop_table&) = delete;
  ~loop_table() {
    for (std::uint32_t s = 0; s < shards_; ++s) {
      for (std::uint32_t slot = 0; slot < made_[s]; ++slot) {
        of_slot(s, slot).~loop_record();
      }
    }
    for (std::uint32_t b = 0; b < blocks_.size(); ++b) {
      const auto [records, texts] = blocks_[b];
      if (records != nullptr) huge_allocator<loop_record>().deallocate(records, places(b));
      if (texts != nullptr) huge_allocator<std::uint32_t>().deallocate(texts, places(b));
    }
  }

  // Any thread.
  std::uint32_t shard_of(object_id id) const noexcept { return id_index(id) % shards_; }
  std::uint32_t slot_of(object_id id) const noexcept { return id_index(id) / shards_; }

  // Under the lease of the loop's shard, which knows up to which slot there are records.
  loop_record& at(std::uint32_t index) noexcept {
    const std::uint32_t b = block_of(index);
    return blocks_[b].records[index + first - (first << b)];
  }
  const loop_record& at(std::uint32_t index) const noexcept {
    return const_cast<loop_table*>(this)->at(index);
  }
  loop_record& of_slot(std::uint32_t shard, std::uint32_t slot) noexcept {
    return at(slot * shards_ + shard);
  }
  std::string_view name(const loop_record& l) const noexcept {
    return text(id_index(l.id));
  }
  /// Gives a record other metrics, which begin at nothing. Throws std::bad_alloc, with nothing
  /// changed, where they have histograms.
  void set_metrics(loop_record& l, metrics_mode mode) {
    metrics_rooms& rooms = rooms_[shard_of(l.id)];
    loop_metrics::room* const next = mode == metrics_mode::full ? &rooms.take() : nullptr;
    loop_metrics::room* const last = l.metrics.lent();
    std::destroy_at(&l.metrics);
    if (last != nullptr) rooms.give(*last);
    if (next != nullptr) {
      std::construct_at(&l.metrics, *next);
    } else {
      std::construct_at(&l.metrics, mode);
    }
  }
  /// Has the processor read a record that is needed soon. @return it
  [[gnu::always_inline]] inline const loop_record& fetch(std::uint32_t shard,
                                                         std::uint32_t slot) noexcept {
    const loop_record& l = of_slot(shard, slot);
    __builtin_prefetch(&l, 1);
    __builtin_prefetch(&l.metrics, 1);
    return l;
  }
  /// Names the record, which has no name; under the registry too. Throws std::bad_alloc, with
  /// nothing changed.
  void set_name(const loop_record& l, std::string_view name) {
    text_place(id_index(l.id)) = texts_[shard_of(l.id)].put(name);
  }
  void clear_name(const loop_record& l) noexcept {
    texts_[shard_of(l.id)].drop(text_place(id_index(l.id)));
    text_place(id_index(l.id)) = text_pool::none;
  }

  // Under the engine's registry.
  /// Makes the record of a slot, if there is none; false when no id is left.
  bool reserve(std::uint32_t shard, std::uint32_t slot) {
    if (slot < made_[shard]) return true;
    const std::uint64_t wide = std::uint64_t{slot} * shards_ + shard;
    if (wide >= most) return false;
    const auto index = static_cast<std::uint32_t>(wide);
    const std::uint32_t number = block_of(index);
    block& b = blocks_[number];  // what it gets stays, also where there is no memory for the rest
    if (b.texts == nullptr) b.texts = huge_allocator<std::uint32_t>().allocate(places(number));
    if (b.records == nullptr) b.records = huge_allocator<loop_record>().allocate(places(number));
    ::new (static_cast<void*>(&at(index))) loop_record;
    text_place(index) = text_pool::none;
    ++made_[shard];
    return true;
  }
  /// 0: no loop has this name.
  object_id find(std::string_view name) const {
    const std::uint32_t i = names_.find(
        hash(name), [&](std::uint32_t index) { return text(index) == name; });
    return i == hash_index::none ? 0 : at(i).id;
  }
  /// Calls f(record) for each loop, in no order. What it reads of one must not need the lease: id,
  /// name, order and plan stay while the registry is held.
  template <class F>
  void each_named(F&& f) const {
    names_.each([&](std::uint32_t index) { f(at(index)); });
  }
  /// Room for one name more, so that add_name() needs no memory.
  void make_room_for_name() {
    names_.make_room(1, [this](std::uint32_t index) { return hash(text(index)); });
  }
  /// Lets find() find a loop that has its name.
  void add_name(object_id id) {
    names_.insert(id_index(id), [this](std::uint32_t index) { return hash(text(index)); });
  }
  void drop_name(object_id id) noexcept {
    names_.erase(id_index(id), [this](std::uint32_t index) { return hash(text(index)); });
  }

 private:
  static constexpr std::uint32_t first = 64;  // places of block 0
  static_assert(most == first * ((1U << 14) - 1));

  struct block {
    loop_record* records = nullptr;
    std::uint32_t* texts = nullptr;  // where the names are in the pool
  };

  static std::uint64_t hash(std::string_view name) noexcept { return siphash24(as_bytes(name)); }
  static std::size_t places(std::uint32_t block) noexcept { return std::size_t{first} << block; }
  static std::uint32_t block_of(std::uint32_t index) noexcept {
    return static_cast<std::uint32_t>(25 - std::countl_zero(index + first));
  }
  std::uint32_t& text_place(std::uint32_t index) const noexcept {
    const std::uint32_t b = block_of(index);
    return blocks_[b].texts[index + first - (first << b)];
  }
  std::string_view text(std::uint32_t index) const noexcept {
    const std::uint32_t place = text_place(index);
    return place == text_pool::none ? std::string_view() : texts_[index % shards_].at(place);
  }

  std::uint32_t shards_;
  vec<std::uint32_t> made_;  // records, by shard
  vec<text_pool> texts_;     // names, by shard
  vec<metrics_rooms> rooms_;  // by shard
  std::array<block, 14> blocks_;
  hash_index names_;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
