// pages.hpp - counts of histogram buckets that take memory only where something was counted.
// Room: observe. Threads: one owner at a time.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <gyre/observe/histogram.hpp>
#include <new>

namespace gyre {
inline namespace v1 {
namespace detail {

/// Counts by bucket of `histogram`, for two distributions and in three parts of each. An octave of
/// a distribution that has counted something has a page: 32 counts of 16 bits for each part in
/// use, 64 bytes. A part with a count over 65,535 gets 16 bits more for all of its counts. After
/// 2^32 in one count the part is halved, as `histogram` is. At most 94 pages of 6 * 64 bytes.
/// Allocates for the first value in an octave, for the first in a part and for the first count
/// over 65,535 in a part; otherwise never. What there is no memory for is not counted.
class pages {
 public:
  static constexpr unsigned parts = 3;
  static constexpr unsigned octaves = histogram::buckets / 32 + 1;
  static constexpr unsigned page = 32;  ///< counts in one

  pages() = default;
  pages(const pages&) = delete;
  pages& operator=(const pages&) = delete;
  ~pages() { delete[] cells_; }

  /// One in each of `n` buckets.
  void add(unsigned part, unsigned which, const std::uint16_t* buckets, std::size_t n) noexcept {
    if (plane_[part] == none && !add_plane(part)) return;
    std::uint16_t* counts = low(part);
    for (std::size_t i = 0; i < n; ++i) {
      std::uint8_t& number = map_[which][buckets[i] / page];
      if (number == 0) {
        number = add_page();
        if (number == 0) continue;
        counts = low(part);
      }
      const std::size_t at = (number - 1u) * page + buckets[i] % page;
      if (++counts[at] != 0) continue;
      carry(part, at, 1);
      counts = low(part);
    }
  }
  void add(unsigned part, unsigned which, std::uint16_t bucket, std::uint32_t n) noexcept {
    if (n == 0) return;
    add(part, which, &bucket, 1);
    if (plane_[part] == none || map_[which][bucket / page] == 0) return;
    add_at(part, (map_[which][bucket / page] - 1u) * page + bucket % page, n - 1);
  }
  /// The octaves that have a page, a bit each.
  std::uint64_t in_use(unsigned which) const noexcept {
    std::uint64_t out = 0;
    for (unsigned o = 0; o < octaves; ++o) out |= std::uint64_t{map_[which][o] != 0} << o;
    return out;
  }
  /// Adds to `counts` what some parts, a bit each, counted in the 32 buckets from 32 * octave.
  void read(unsigned of, unsigned which, unsigned octave, std::uint64_t* counts) const noexcept {
    const std::uint8_t number = map_[which][octave];
    if (number == 0) return;
    const std::size_t at = (number - 1u) * page;
    for (unsigned part = 0; part < parts; ++part) {
      if ((of >> part & 1) == 0 || plane_[part] == none) continue;
      for (unsigned i = 0; i < page; ++i) counts[i] += low(part)[at + i];
      if (!wide(part)) continue;
      for (unsigned i = 0; i < page; ++i) counts[i] += std::uint32_t{high(part)[at + i]} << 16;
    }
  }
  /// Adds what one part counted to another, and empties it; its memory stays. O(pages).
  void move(unsigned from, unsigned to) noexcept {
    if (plane_[from] == none) return;
    if (plane_[to] == none && !add_plane(to)) return empty(from);
    constexpr std::uint64_t tops = 0x8000'8000'8000'8000;
    std::uint16_t* source = low(from);
    std::uint16_t* target = low(to);
    for (std::size_t at = 0; at < used_ * page; at += 4) {  // four at once
      std::uint64_t a = 0;
      std::uint64_t b = 0;
      std::memcpy(&a, source + at, sizeof a);
      std::memcpy(&b, target + at, sizeof b);
      const std::uint64_t sum = ((a & ~tops) + (b & ~tops)) ^ ((a ^ b) & tops);
      if (wide(from) || (((a & b) | ((a | b) & ~sum)) & tops) != 0) {  // one does not fit
        for (std::size_t i = at; i < at + 4; ++i) add_at(to, i, get(from, i));
        for (std::size_t i = at; i < at + 4; ++i) set(from, i, 0);
        source = low(from);
        target = low(to);
        continue;
      }
      std::memcpy(target + at, &sum, sizeof sum);
      std::memset(source + at, 0, sizeof a);
    }
  }
  /// Asks the cache for the first pages of a part, of which most loops have two.
  [[gnu::always_inline]] inline void fetch(unsigned part) const noexcept {
    if (plane_[part] == none) return;
    __builtin_prefetch(low(part), 1);
    __builtin_prefetch(low(part) + page, 1);
  }
  /// Gives all memory back.
  void clear() noexcept {
    delete[] cells_;
    cells_ = nullptr;
    used_ = capacity_ = planes_ = 0;
    plane_.fill(none);
    map_ = {};
  }
  /// What it holds besides itself.
  std::size_t bytes() const noexcept { return std::size_t{capacity_} * planes_ * page * 2; }

 private:
  static constexpr std::uint8_t none = 0xff;

  std::uint16_t* plane(unsigned number) const noexcept {
    return cells_ + std::size_t{number} * capacity_ * page;
  }
  std::uint16_t* low(unsigned part) const noexcept { return plane(plane_[part]); }
  std::uint16_t* high(unsigned part) const noexcept { return plane(plane_[part + parts]); }
  bool wide(unsigned part) const noexcept { return plane_[part + parts] != none; }

  std::uint32_t get(unsigned part, std::size_t at) const noexcept {
    return low(part)[at] | (wide(part) ? std::uint32_t{high(part)[at]} << 16 : 0);
  }
  void set(unsigned part, std::size_t at, std::uint32_t count) noexcept {
    low(part)[at] = static_cast<std::uint16_t>(count);
    if (wide(part)) high(part)[at] = static_cast<std::uint16_t>(count >> 16);
  }
  void add_at(unsigned part, std::size_t at, std::uint32_t n) noexcept {
    std::uint16_t& count = low(part)[at];
    const std::uint32_t sum = (n & 0xffff) + count;
    const std::uint32_t carried = (n >> 16) + (sum >> 16);
    count = static_cast<std::uint16_t>(sum);
    if (carried != 0) carry(part, at, carried);
  }
  /// Adds 65,536 * n.
  [[gnu::noinline]] void carry(unsigned part, std::size_t at, std::uint32_t n) noexcept {
    if (!wide(part) && !add_plane(part + parts)) return set(part, at, 0xffff);  // as many as it has
    std::uint64_t sum = get(part, at) + (std::uint64_t{n} << 16);
    if (sum >> 32 != 0) {
      halve(part, static_cast<std::uint8_t>(at / page + 1));
      sum = sum / 2 + sum % 2;
    }
    set(part, at, static_cast<std::uint32_t>(sum));
  }
  /// Halves a part of the distribution that owns a page; what was seen stays seen.
  void halve(unsigned part, std::uint8_t owned) noexcept {
    const bool first = std::find(map_[0].begin(), map_[0].end(), owned) != map_[0].end();
    for (const std::uint8_t number : map_[first ? 0 : 1]) {
      for (std::size_t i = 0; number != 0 && i < page; ++i) {
        const std::size_t at = (number - 1u) * page + i;
        set(part, at, get(part, at) / 2 + get(part, at) % 2);
      }
    }
  }

  void empty(unsigned part) noexcept {
    std::fill_n(low(part), used_ * page, std::uint16_t{0});
    if (wide(part)) std::fill_n(high(part), used_ * page, std::uint16_t{0});
  }
  /// 0: there is no memory for it, as where the next two are false.
  std::uint8_t add_page() noexcept {
    const unsigned more = std::min(capacity_ + 1u + capacity_ / 4u, 2 * octaves);
    if (used_ == capacity_ && !grow(more, planes_)) return 0;
    return ++used_;
  }
  bool add_plane(unsigned index) noexcept {
    if (!grow(std::max<unsigned>(capacity_, 2), planes_ + 1u)) return false;
    plane_[index] = static_cast<std::uint8_t>(planes_ - 1);
    return true;
  }
  [[gnu::noinline]] bool grow(unsigned capacity, unsigned planes) noexcept {
    const std::size_t cells = std::size_t{planes} * capacity * page;
    auto* const bigger = new (std::nothrow) std::uint16_t[cells]();
    if (bigger == nullptr) return false;
    for (unsigned i = 0; i < planes_; ++i) {
      std::copy_n(plane(i), used_ * page, bigger + std::size_t{i} * capacity * page);
    }
    delete[] cells_;
    cells_ = bigger;
    capacity_ = static_cast<std::uint8_t>(capacity);
    planes_ = static_cast<std::uint8_t>(planes);
    return true;
  }

  std::uint16_t* cells_ = nullptr;  // [planes_][capacity_][page]
  std::uint8_t used_ = 0;
  std::uint8_t capacity_ = 0;  // in pages
  std::uint8_t planes_ = 0;
  std::array<std::uint8_t, 2 * parts> plane_{none, none, none, none, none, none};  // low, high
  std::array<std::array<std::uint8_t, octaves>, 2> map_{};  // number of the page, from 1
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
