// timings.hpp - how long the ticks of one loop took and how late they were: recently, and ever.
// Room: observe. Threads: one owner at a time; no clock.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <gyre/observe/histogram.hpp>
#include <gyre/observe/pages.hpp>
#include <limits>
#include <new>

namespace gyre {
inline namespace v1 {
namespace detail {

/// Two distributions, durations (0) and lateness (1), each as a total and two slices of the recent
/// past. A slice begins as a list of its first 8 ticks; only when it has more are they counted by
/// bucket. A slice that leaves the window goes into the total: adding a tick writes 8 bytes, and
/// each counted tick is put in a bucket once. What there is no memory for is not in it.
class timings {
 public:
  static constexpr unsigned listed = 8;
  static constexpr unsigned ever = 7;  ///< a set of parts: both slices (1 and 2) and the rest

  /// Where the next tick goes. The owner keeps it, so that adding one touches no more here.
  struct cursor {
    std::uint8_t slice = 0;     ///< the one being filled, 0 or 1
    std::uint8_t size[2] = {};  ///< of the lists
  };

  timings() = default;
  timings(const timings&) = delete;
  timings& operator=(const timings&) = delete;
  ~timings() { delete[] counted_; }

  /// One tick, in ns.
  void add(cursor& at, std::uint32_t took, std::uint32_t late) noexcept {
    if (at.size[at.slice] == listed) empty_list(at);
    list_[at.slice][at.size[at.slice]++] = {{took, late}};
  }
  /// One tick too long for the list.
  void add_long(const cursor& at, std::uint64_t took, std::uint64_t late) noexcept {
    const std::uint64_t ns[2] = {took, late};
    for (unsigned which = 0; which < 2; ++which) {
      if (!has_counted()) return;
      counted(at.slice)[which].add(ns[which]);
      const std::uint16_t bucket = bucket_of(ns[which]);
      pages_.add(at.slice, which, &bucket, 1);
    }
  }
  /// A new slice. @param next it follows the current one, which otherwise is past as well
  void turn(cursor& at, bool next) noexcept {
    const unsigned older = at.slice ^ 1u;
    retire(at, older);
    if (!next) retire(at, at.slice);
    at.slice = static_cast<std::uint8_t>(older);
  }
  /// Forgets everything and gives the memory back.
  void clear(cursor& at) noexcept {
    at = {};
    delete[] counted_;
    counted_ = nullptr;
    pages_.clear();
  }

  /// Sum and ends of the slices in `parts`.
  extent range(const cursor& at, unsigned which, unsigned parts) const noexcept {
    extent out;
    for (unsigned s = 0; s < 2; ++s) {
      if ((parts >> s & 1) == 0) continue;
      for (unsigned i = 0; i < at.size[s]; ++i) out.add(list_[s][i].ns[which]);
      if (counted_ != nullptr) out.add(counted_[2 * s + which]);
    }
    return out;
  }
  /// `n` quantiles, in ns. @param all the range of the parts @param q ascending
  void quantiles(const cursor& at, unsigned which, unsigned parts, const extent& all,
                 const double* q, double* out, std::size_t n) const noexcept {
    std::uint64_t weight = 0;
    for (auto o = octaves(at, which, parts); o.next();) {
      for (const std::uint64_t each : o.counts) weight += each;
    }
    if (weight == 0) {
      std::fill(out, out + n, std::numeric_limits<double>::quiet_NaN());
      return;
    }
    std::uint64_t rank = histogram::rank_of(*q, weight);
    std::uint64_t seen = 0;
    for (auto o = octaves(at, which, parts); o.next();) {
      for (unsigned i = 0; i < pages::page; ++i) {
        for (seen += o.counts[i]; seen >= rank; rank = histogram::rank_of(*q, weight)) {
          *out++ = histogram::value_of(rank, weight, o.first + i, all);
          ++q;
          if (--n == 0) return;
        }
      }
    }
  }
  /// Calls f(bucket, count) of each bucket of the parts that holds something, ascending.
  template <class F>
  void each_bucket(const cursor& at, unsigned which, unsigned parts, F&& f) const {
    for (auto o = octaves(at, which, parts); o.next();) {
      for (unsigned i = 0; i < pages::page; ++i) {
        if (o.counts[i] != 0) f(o.first + i, o.counts[i]);
      }
    }
  }
  /// Adds everything to a histogram. @param count, all, over what the owner knows of all ticks
  void merge_into(histogram& out, const cursor& at, unsigned which, std::uint64_t count,
                  const extent& all, std::uint64_t over) const noexcept {
    unsigned halved = out.halvings_;
    each_bucket(at, which, ever, [&](std::size_t bucket, std::uint64_t n) {
      out.count_in(bucket, n, halved);
    });
    out.describe_more(count, all, over);
  }

  /// Asks the cache for what the next tick touches. @param turns a slice is over before it
  [[gnu::always_inline]] inline void fetch(const cursor& at, bool turns) const noexcept {
    __builtin_prefetch(&list_[at.slice][at.size[at.slice] % listed], 1);
    if (!turns) return;
    const char* const begin = reinterpret_cast<const char*>(this);
    for (std::size_t line = 0; line < sizeof *this; line += 64) __builtin_prefetch(begin + line, 1);
  }
  /// After that, for the totals that a slice goes into.
  [[gnu::always_inline]] inline void fetch_totals() const noexcept { pages_.fetch(total); }
  /// What it holds besides itself.
  std::size_t bytes() const noexcept {
    return pages_.bytes() + (counted_ != nullptr ? 4 * sizeof(extent) : 0);
  }

 private:
  struct tick {
    std::uint32_t ns[2];
  };
  static constexpr unsigned total = 2;  // the part after both slices

  /// The octaves in which some parts counted something, one after the other.
  class walk {
   public:
    std::uint64_t counts[pages::page];  ///< by bucket
    std::size_t first = 0;              ///< bucket

    walk(const timings& of, const cursor& at, unsigned which, unsigned parts) noexcept
        : pages_(of.pages_), which_(which), parts_(parts), left_(of.pages_.in_use(which)) {
      for (unsigned s = 0; s < 2; ++s) {
        for (unsigned i = 0; i < at.size[s] && (parts >> s & 1) != 0; ++i) {
          list_[size_] = bucket_of(of.list_[s][i].ns[which]);
          left_ |= std::uint64_t{1} << list_[size_++] / pages::page;
        }
      }
    }
    bool next() noexcept {
      if (left_ == 0) return false;
      const auto octave = static_cast<unsigned>(std::countr_zero(left_));
      left_ &= left_ - 1;
      first = octave * pages::page;
      std::fill_n(counts, pages::page, 0u);
      pages_.read(parts_, which_, octave, counts);
      for (unsigned i = 0; i < size_; ++i) {
        if (list_[i] / pages::page == octave) ++counts[list_[i] % pages::page];
      }
      return true;
    }

   private:
    const pages& pages_;
    unsigned which_;
    unsigned parts_;
    std::uint64_t left_;              // octaves, a bit each
    std::uint16_t list_[2 * listed];  // buckets of what is in lists
    unsigned size_ = 0;
  };
  walk octaves(const cursor& at, unsigned which, unsigned parts) const noexcept {
    return walk(*this, at, which, parts);
  }

  static std::uint16_t bucket_of(std::uint64_t ns) noexcept {
    return static_cast<std::uint16_t>(histogram::index_of(ns));
  }
  /// Counts a list by bucket.
  void count_list(cursor& at, unsigned slice, unsigned part) noexcept {
    for (unsigned which = 0; which < 2; ++which) {
      std::uint16_t buckets[listed];
      for (unsigned i = 0; i < at.size[slice]; ++i) {
        buckets[i] = bucket_of(list_[slice][i].ns[which]);
      }
      pages_.add(part, which, buckets, at.size[slice]);
    }
    at.size[slice] = 0;
  }
  /// False: there is no memory for it.
  bool has_counted() noexcept {
    if (counted_ == nullptr) counted_ = new (std::nothrow) extent[4];
    return counted_ != nullptr;
  }
  extent* counted(unsigned slice) noexcept {  ///< @pre has_counted()
    return counted_ + std::size_t{2} * slice;
  }
  /// Makes room in the list of the current slice.
  [[gnu::noinline]] void empty_list(cursor& at) noexcept {
    if (!has_counted()) {
      at.size[at.slice] = 0;
      return;
    }
    for (unsigned which = 0; which < 2; ++which) {
      counted(at.slice)[which] = range(at, which, 1u << at.slice);
    }
    count_list(at, at.slice, at.slice);
  }
  /// A slice is past: into the total.
  void retire(cursor& at, unsigned slice) noexcept {
    if (at.size[slice] != 0) count_list(at, slice, total);
    if (counted_ == nullptr || counted_[2 * slice].empty()) return;
    pages_.move(slice, total);
    counted_[2 * slice] = counted_[2 * slice + 1] = {};
  }

  tick list_[2][listed];
  pages pages_;
  extent* counted_ = nullptr;  // [slice][which]: of what is no longer in the list
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
