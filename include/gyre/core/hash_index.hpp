// hash_index.hpp - finds numbers of things by a hash of the thing, by open addressing.
// Room: core. Threads: one owner at a time.
#pragma once

#include <cstddef>
#include <cstdint>

#include <gyre/core/huge.hpp>
#include <gyre/core/vec.hpp>

namespace gyre {
inline namespace v1 {

/// A set of numbers below 2^22 - 1, each under a hash of what the number stands for. The caller
/// computes that again when asked, and tells apart what hashes alike. Linear probing at a load of
/// 3/4 at most; erasing moves back what follows, so nothing is left behind (Knuth, TAOCP 3, 6.4,
/// algorithm R). 4 bytes a place, of which a number takes 1.3 to 2.7: the number, and ten bits of
/// its hash, which spare a look at most of what is something else.
class hash_index {
 public:
  static constexpr std::uint32_t none = 0xffffffff;

  /// The number under this hash for which `is(number)` holds, or none.
  template <class F>
  std::uint32_t find(std::uint64_t hash, F&& is) const {
    if (places_.empty()) return none;
    const std::uint32_t tag = tag_of(hash);
    for (std::size_t at = hash & mask();; at = (at + 1) & mask()) {
      const place p = places_[at];
      if (p.word == none) return none;
      if ((p.word & ~number_mask) == tag && is(p.word & number_mask)) return p.word & number_mask;
    }
  }
  /// @param hash_of hash_of(n) is the hash of n, for the number and each that is there
  /// @pre the number is not there
  template <class F>
  void insert(std::uint32_t number, F&& hash_of) {
    make_room(1, hash_of);
    ++size_;
    put(hash_of(number), number);
  }
  /// Room for `n` more, so that inserting them allocates nothing. @param hash_of of those there
  template <class F>
  void make_room(std::size_t n, F&& hash_of) {
    std::size_t places = places_.empty() ? 16 : places_.size();
    while ((size_ + n) * 4 > places * 3) places *= 2;
    if (places == places_.size()) return;
    place_list old(places);
    old.swap(places_);
    for (const place p : old) {
      if (p.word != none) put(hash_of(p.word & number_mask), p.word & number_mask);
    }
  }
  /// Takes the number out; nothing happens when it is not there. @param hash_of as for insert()
  template <class F>
  void erase(std::uint32_t number, F&& hash_of) noexcept {
    if (places_.empty()) return;
    const std::uint64_t hash = hash_of(number);
    std::size_t at = hash & mask();
    for (; places_[at].word != (tag_of(hash) | number); at = (at + 1) & mask()) {
      if (places_[at].word == none) return;
    }
    --size_;
    for (std::size_t next = (at + 1) & mask(); places_[next].word != none;
         next = (next + 1) & mask()) {
      const std::size_t home = hash_of(places_[next].word & number_mask) & mask();
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
    for (const place p : places_) {
      if (p.word != none) f(p.word & number_mask);
    }
  }

 private:
  static constexpr std::uint32_t number_mask = (1U << 22) - 1;

  struct place {
    std::uint32_t word = none;  // bits 22..31 of the hash, then the number
  };
  using place_list = vec<place, huge>;

  static std::uint32_t tag_of(std::uint64_t hash) noexcept {
    return static_cast<std::uint32_t>(hash) & ~number_mask;
  }
  std::size_t mask() const noexcept { return places_.size() - 1; }
  void put(std::uint64_t hash, std::uint32_t number) noexcept {
    std::size_t at = hash & mask();
    while (places_[at].word != none) at = (at + 1) & mask();
    places_[at].word = tag_of(hash) | number;
  }

  place_list places_;  // a power of two of them
  std::size_t size_ = 0;
};

}  // namespace v1
}  // namespace gyre
