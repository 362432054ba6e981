// trace.hpp - what must be known to repeat a run exactly: one hash over all finished ticks.
// Room: engine. Threads: one owner at a time, or as ledger says.
#pragma once

#include <atomic>
#include <cstdint>

#include <gyre/core/portable.hpp>
#include <gyre/core/time.hpp>
#include <gyre/run/lease.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// A running hash over words of 64 bits, by multiply and fold: the two halves of a product of 128
/// bits, exclusive-ored. Two runs that differ in one entry or more, or in the order of entries,
/// have the same hash in one of about 2^63 cases. It is made to tell runs apart, not to withstand
/// whoever looks for a collision: a word that is equal to one of the constants hides the word
/// beside it, which a real entry meets with the same chance. What needs a key uses core/hash.hpp.
class trace {
 public:
  /// One entry, 40 bytes, little-endian: order u32, number u64, due i64, status u32, state u32,
  /// action u32, reward f64. Of three products only the last waits for the entry before it.
  void add(std::uint32_t order, std::uint64_t number, instant due, std::uint32_t status,
           std::uint32_t state, std::uint32_t action, double reward) noexcept {
    const auto when = static_cast<std::uint64_t>(due.count());
    const std::uint64_t first = fold((order | number << 32) ^ key[0],
                                     (number >> 32 | when << 32) ^ key[1]);
    const std::uint64_t second = fold((when >> 32 | std::uint64_t{status} << 32) ^ key[2],
                                      (state | std::uint64_t{action} << 32) ^ key[3]);
    sum_ = fold(sum_ ^ first ^ key[1], second ^ bit_cast<std::uint64_t>(reward) ^ key[2]);
    ++entries_;
  }
  /// Takes the digest of another trace, which counts as one entry.
  void add(const trace& other) noexcept {
    sum_ = fold(sum_ ^ key[3], other.digest() ^ key[0]);
    ++entries_;
  }
  std::uint64_t digest() const noexcept { return fold(sum_ ^ key[0], entries_ ^ key[3]); }

 private:
  /// The first 64 bits behind the point of pi and of the square roots of 2, 3 and 5, made odd.
  static constexpr std::uint64_t key[] = {0x243f6a8885a308d3, 0x6a09e667f3bcc909,
                                          0xbb67ae8584caa73b, 0x3c6ef372fe94f82b};

  static std::uint64_t fold(std::uint64_t a, std::uint64_t b) noexcept {
#if defined(__SIZEOF_INT128__) && !defined(__wasm__)
    __extension__ using wide = unsigned __int128;
    const wide product = static_cast<wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
#else  // from four products of 32 bits, as the library would, but inlined
    const std::uint64_t al = a & 0xffffffff, ah = a >> 32, bl = b & 0xffffffff, bh = b >> 32;
    const std::uint64_t low = al * bl, one = ah * bl, two = al * bh;
    const std::uint64_t middle = (low >> 32) + (one & 0xffffffff) + (two & 0xffffffff);
    const std::uint64_t high = ah * bh + (one >> 32) + (two >> 32) + (middle >> 32);
    return ((low & 0xffffffff) | middle << 32) ^ high;
#endif
  }

  std::uint64_t sum_ = 0, entries_ = 0;
};

/// A trace that one shard writes under its lease; or several that one thread drives, since
/// complete() may be called on another.
class ledger {
 public:
  bool shared = false;  ///< by several shards

  template <class... Entry>
  void add(const Entry&... entry) noexcept {
    if (!shared) return sum_.add(entry...);
    const leased alone(lease_);
    sum_.add(entry...);
  }
  /// A number for an event, so that those of its shards are told in the order they happened.
  std::uint64_t next_event() noexcept { return events_.fetch_add(1, std::memory_order_relaxed); }
  /// Under the lease of each of its shards.
  const trace& sum() const noexcept { return sum_; }

 private:
  trace sum_;
  std::atomic<std::uint64_t> events_{0};
  lease lease_;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
