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
#include <gyre/run/timer_buckets.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

inline constexpr std::uint32_t kind_loop = 1;

/// Records lie in blocks that never move and are used again under the next generation of their id.
/// Place k * shards + s is slot k of shard s, so that a place tells its shard and a shard's numbers
/// are dense. Block b has 64 * 2^b places, so that few pointers lead to a million records; a record
/// is made when its place is first taken, and what was never taken is memory never touched.
///
/// A loop is born at the place of its id's index, and mostly stays. Where it moves to another
/// shard, its record goes to a place of that one, and what stays at the first is a *signpost*: a
/// record with its id and no plan, which tells where. Only whoever comes with an id meets that. A
/// shard has more places than ids: loops of a group for which it has none left have others'.
class loop_table {
 public:
  static constexpr std::uint32_t most = (1U << 20) - 64;  ///< ids of loops of all shards

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
  std::uint32_t shard_at(std::uint32_t place) const noexcept { return place % shards_; }
  std::uint32_t slot_at(std::uint32_t place) const noexcept { return place / shards_; }
  std::uint32_t place_of(std::uint32_t shard, std::uint32_t slot) const noexcept {
    return slot * shards_ + shard;
  }

  // Under the lease of the loop's shard, which knows up to which slot there are records.
  loop_record& at(std::uint32_t place) noexcept {
    const std::uint32_t b = block_of(place);
    return blocks_[b].records[place + first - (first << b)];
  }
  const loop_record& at(std::uint32_t place) const noexcept {
    return const_cast<loop_table*>(this)->at(place);
  }
  loop_record& of_slot(std::uint32_t shard, std::uint32_t slot) noexcept {
    return at(place_of(shard, slot));
  }
  /// Of a loop, that lease or the registry.
  static std::uint32_t place_of(const loop_record& l) noexcept {
    return l.moved ? l.extra->berth : id_index(l.id);
  }
  std::uint32_t slot_of(const loop_record& l) const noexcept { return slot_at(place_of(l)); }
  std::string_view name(const loop_record& l) const noexcept { return text(place_of(l)); }
  /// Gives a record other metrics, which begin at nothing. Throws std::bad_alloc, with nothing
  /// changed, where they have histograms.
  void set_metrics(loop_record& l, std::uint32_t shard, metrics_mode mode) {
    metrics_rooms& rooms = rooms_[shard];
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
  /// Names the record of a place, which has no name; under the registry too. Throws
  /// std::bad_alloc, with nothing changed.
  void set_name(std::uint32_t place, std::string_view name) {
    text_place(place) = texts_[shard_at(place)].put(name);
  }
  void clear_name(std::uint32_t place) noexcept {
    texts_[shard_at(place)].drop(text_place(place));
    text_place(place) = text_pool::none;
  }
  /// Whether a record, of the place that is the id's index, is a signpost for this id.
  static bool is_signpost(const loop_record& l, object_id id) noexcept {
    return l.moved && l.plan == nullptr && l.id == id;
  }

  // Under the registry, or the lease of the shard that the id is of.
  /// Where the loop of an id lies.
  std::uint32_t place_of(object_id id) const noexcept {
    const std::uint32_t index = id_index(id);
    return is_signpost(at(index), id) ? text_place(index) : index;
  }

  // Under the engine's registry.
  /// Whether a slot's place is one that an id can be of.
  bool has_id(std::uint32_t shard, std::uint32_t slot) const noexcept {
    return place_of(shard, slot) < most;
  }
  /// Makes the record of a slot, if there is none; false when it is beyond the last.
  bool reserve(std::uint32_t shard, std::uint32_t slot) {
    if (slot < made_[shard]) return true;
    if (slot >= timer_entry::most_slots) return false;
    const std::uint32_t place = place_of(shard, slot), number = block_of(place);
    block& b = blocks_[number];  // what it gets stays, also where there is no memory for the rest
    if (b.texts == nullptr) b.texts = huge_allocator<std::uint32_t>().allocate(places(number));
    if (b.records == nullptr) b.records = huge_allocator<loop_record>().allocate(places(number));
    ::new (static_cast<void*>(&at(place))) loop_record;
    text_place(place) = text_pool::none;
    ++made_[shard];
    return true;
  }
  /// A loop's record goes to another place, whose record has its name already, and a signpost
  /// stands where it was born; under every lease too. @pre make_room_for_name(), and it has an
  /// extra
  void move(loop_record& from, std::uint32_t to) noexcept {
    const std::uint32_t last = place_of(from);
    const object_id id = from.id, last_own = from.moved ? from.extra->berth_id : id;
    drop_name(last);
    clear_name(last);
    loop_record& here = at(to);
    const object_id own = here.id;
    std::destroy_at(&here);
    ::new (static_cast<void*>(&here)) loop_record(std::move(from));
    here.moved = true;
    here.extra->berth = to;
    here.extra->berth_id = own;
    std::destroy_at(&from);
    ::new (static_cast<void*>(&from)) loop_record;
    from.id = last_own;
    point(id, to);
    add_name(to);
  }
  /// The record of an id's place, which has that id and no plan, is a signpost from now on; under
  /// the lease of its shard too.
  void point(object_id id, std::uint32_t to) noexcept {
    loop_record& post = at(id_index(id));
    post.moved = true;
    post.removed = false;
    text_place(id_index(id)) = to;
  }
  /// The signpost for an id goes; under the lease of its shard too.
  loop_record& take_signpost(object_id id) noexcept {
    loop_record& post = at(id_index(id));
    post.moved = post.removed = false;
    text_place(id_index(id)) = text_pool::none;
    return post;
  }
  /// 0: no loop has this name.
  object_id find(std::string_view name) const {
    const std::uint32_t i = names_.find(
        hash(name), [&](std::uint32_t place) { return text(place) == name; });
    return i == hash_index::none ? 0 : at(i).id;
  }
  /// Calls f(record) for each loop, in no order. What it reads of one must not need the lease: id,
  /// name, order and plan stay while the registry is held.
  template <class F>
  void each_named(F&& f) const {
    names_.each([&](std::uint32_t place) { f(at(place)); });
  }
  /// Room for one name more, so that add_name() needs no memory.
  void make_room_for_name() {
    names_.make_room(1, [this](std::uint32_t each) { return hash(text(each)); });
  }
  /// Lets find() find the loop of a place, which has its name.
  void add_name(std::uint32_t place) {
    names_.insert(place, [this](std::uint32_t each) { return hash(text(each)); });
  }
  void drop_name(std::uint32_t place) noexcept {
    names_.erase(place, [this](std::uint32_t each) { return hash(text(each)); });
  }

 private:
  static constexpr std::uint32_t first = 64;  // places of block 0
  static_assert(most == first * ((1U << 14) - 1));
  static_assert(std::uint64_t{timer_entry::most_slots} * 64 <= std::uint64_t{first} << 20);

  struct block {
    loop_record* records = nullptr;
    std::uint32_t* texts = nullptr;  // where names are in the pool, and signposts point to
  };

  static std::uint64_t hash(std::string_view name) noexcept { return siphash24(as_bytes(name)); }
  static std::size_t places(std::uint32_t block) noexcept { return std::size_t{first} << block; }
  static std::uint32_t block_of(std::uint32_t place) noexcept {
    return static_cast<std::uint32_t>(25 - std::countl_zero(place + first));
  }
  std::uint32_t& text_place(std::uint32_t place) const noexcept {
    const std::uint32_t b = block_of(place);
    return blocks_[b].texts[place + first - (first << b)];
  }
  std::string_view text(std::uint32_t place) const noexcept {
    const std::uint32_t in_pool = text_place(place);
    if (in_pool == text_pool::none) return {};
    return texts_[shard_at(place)].at(in_pool);
  }

  std::uint32_t shards_;
  vec<std::uint32_t> made_;  // records, by shard
  vec<text_pool> texts_;     // names, by shard
  vec<metrics_rooms> rooms_;  // by shard
  std::array<block, 21> blocks_;
  hash_index names_;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
