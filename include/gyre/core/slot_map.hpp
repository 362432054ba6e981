// slot_map.hpp - objects behind 32-bit ids that know when what they named is gone.
// Room: core. Threads: one owner at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include <gyre/core/result.hpp>
#include <gyre/core/vec.hpp>

namespace gyre {
inline namespace v1 {

/// An id: kind in the top 4 bits, generation in the next 8, index in the low 20. Never 0.
using object_id = std::uint32_t;

constexpr std::uint32_t id_kind(object_id id) noexcept { return id >> 28; }
constexpr std::uint32_t id_generation(object_id id) noexcept { return (id >> 20) & 0xffU; }
constexpr std::uint32_t id_index(object_id id) noexcept { return id & 0xfffffU; }
constexpr object_id make_id(std::uint32_t kind, std::uint32_t generation,
                            std::uint32_t index) noexcept {
  return kind << 28 | generation << 20 | index;
}

/// Why `id` does not name a live object of `kind`: KIND for another kind, STALE otherwise.
inline error bad_id(object_id id, std::uint32_t kind) {
  if (id != 0 && id_kind(id) != kind) {
    return fail(code::kind, "id ", id, " names another kind of object");
  }
  return fail(code::stale, "id ", id, " names nothing that is alive");
}

/// Owns its objects; insert, find and erase are O(1), and only insert allocates. A slot is reused
/// under a new generation; after 255 it is retired, so an id never comes to name something else. At
/// most 2^20 slots.
template <class T>
class slot_map {
 public:
  explicit slot_map(std::uint32_t kind) noexcept : kind_(kind) {}  ///< @pre 1 <= kind <= 15

  /// The new object's id. BUDGET when all 2^20 slots are taken or retired.
  result<object_id> insert(T value) {
    std::uint32_t index = 0;
    if (!free_.empty()) {
      index = free_.back();
      free_.pop_back();
    } else if (slots_.size() < max_slots) {
      index = static_cast<std::uint32_t>(slots_.size());
      free_.make_room(slots_.size() + 1);  // for when all of them are erased
      slots_.emplace_back();
    } else {
      return fail(code::budget, "all 1048576 ids of this kind are used");
    }
    slot& s = slots_[index];
    s.alive = true;
    s.value = std::move(value);
    ++size_;
    return make_id(kind_, s.generation, index);
  }
  /// The object, or null when the id is dead or foreign. Valid until the next insert.
  T* find(object_id id) noexcept {
    const std::uint32_t index = id_index(id);
    if (id_kind(id) != kind_ || index >= slots_.size()) return nullptr;
    slot& s = slots_[index];
    return s.alive && s.generation == id_generation(id) ? &s.value : nullptr;
  }
  const T* find(object_id id) const noexcept { return const_cast<slot_map*>(this)->find(id); }
  /// False when the id named nothing.
  bool erase(object_id id) noexcept {
    if (find(id) == nullptr) return false;
    slot& s = slots_[id_index(id)];
    s.alive = false;
    s.value = T{};
    --size_;
    if (s.generation < 0xffU) {
      ++s.generation;
      free_.push_back(id_index(id));
    }
    return true;
  }
  std::size_t size() const noexcept { return size_; }
  /// Calls f(id, T&) for each object in order of slot.
  template <class F>
  void each(F&& f) {
    for (std::uint32_t i = 0; i < slots_.size(); ++i) {
      if (slots_[i].alive) f(make_id(kind_, slots_[i].generation, i), slots_[i].value);
    }
  }

 private:
  static constexpr std::size_t max_slots = 1U << 20;
  struct slot {
    T value{};
    std::uint8_t generation = 1;
    bool alive = false;
  };
  vec<slot> slots_;
  vec<std::uint32_t> free_;
  std::size_t size_ = 0;
  std::uint32_t kind_;
};

}  // namespace v1
}  // namespace gyre
