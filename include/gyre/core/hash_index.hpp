// hash_index.hpp - finds numbers of things by a hash of the thing, by open addressing.
// Room: core. Threads: one owner at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <gyre/core/huge.hpp>

namespace gyre {
inline namespace v1 {

/// A set of 32-bit numbers, each under a hash that the caller makes of what the number stands for;
/// the caller also tells apart what hashes alike. Linear probing at a load of 3/4 at most, and
/// erasing moves back what follows, so nothing is left behind (Knuth, TAOCP 3, 6.4, algorithm R).
/// 8 bytes a place, of which a number takes 1.3 to 2.7.
class hash_index {
 public:
  static constexpr std::uint32_t none = 0xffffffff;

  /// The number under this hash for which `is(number)` holds, or none.
  template <class F>
  std::uint32_t find(std::uint64_t hash, F&& is) const {
    if (places_.empty()) return none;
    const auto tag = tag_of(hash);
    for (std::size_t at = tag & mask();; at = (at + 1) & mask()) {
      const place& p = places_[at];
      if (p.number == none) return none;
      if (p.tag == tag && is(p.number)) return p.number;
    }
  }
  /// @pre the number is not there; number != none
  void insert(std::uint64_t hash, std::uint32_t number) {
    if ((size_ + 1) * 4 > places_.size() * 3) grow();
    ++size_;
    put({tag_of(hash), number});
  }
  /// Takes the number out; nothing happens when it is not there.
  void erase(std::uint64_t hash, std::uint32_t number) noexcept {
    if (places_.empty()) return;
    std::size_t at = tag_of(hash) & mask();
    for (; places_[at].number != number; at = (at + 1) & mask()) {
      if (places_[at].number == none) return;
    }
    --size_;
    for (std::size_t next = (at + 1) & mask(); places_[next].number != none;
         next = (next + 1) & mask()) {
      const std::size_t home = places_[next].tag & mask();
      if (((next - home) & mask()) < ((next - at) & mask())) continue;  // it is not past its home
      places_[at] = places_[next];
      at = next;
    }
    places_[at] = {};
  }
  std::size_t size() const noexcept { return size_; }
  /// Calls f(number) for each, in no order that means anything.
  template <class F>
  void each(F&& f) const {
    for (const place& p : places_) {
      if (p.number != none) f(p.number);
    }
  }

 private:
  struct place {
    std::uint32_t tag = 0;
    std::uint32_t number = none;
  };

  static std::uint32_t tag_of(std::uint64_t hash) noexcept {
    return static_cast<std::uint32_t>(hash);
  }
  using place_list = std::vector<place, huge_allocator<place>>;

  std::size_t mask() const noexcept { return places_.size() - 1; }
  void put(place p) noexcept {
    std::size_t at = p.tag & mask();
    while (places_[at].number != none) at = (at + 1) & mask();
    places_[at] = p;
  }
  void grow() {
    place_list old(places_.empty() ? 16 : 2 * places_.size());
    old.swap(places_);
    for (const place& p : old) {
      if (p.number != none) put(p);
    }
  }

  place_list places_;  // a power of two of them
  std::size_t size_ = 0;
};

}  // namespace v1
}  // namespace gyre
