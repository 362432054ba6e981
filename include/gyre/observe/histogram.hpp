// histogram.hpp - latencies in buckets of 2.2 % width: any quantile within 1.083 %, in a few ns.
// Room: observe. Threads: one writer at a time; no locks, no clock.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace gyre {
inline namespace v1 {

namespace detail {
class timings;

/// Sum and ends of some values. The sum is held at its top rather than wrapped.
struct extent {
  std::uint64_t sum = 0;
  std::uint64_t min = ~std::uint64_t{0};
  std::uint64_t max = 0;

  bool empty() const noexcept { return min > max; }
  void add(std::uint64_t value) noexcept { add({value, value, value}); }
  void add(const extent& other) noexcept {
    if (__builtin_add_overflow(sum, other.sum, &sum)) sum = ~std::uint64_t{0};
    min = std::min(min, other.min);
    max = std::max(max, other.max);
  }
};
}  // namespace detail

/// Base-2 exponential histogram of scale 5, as in OpenTelemetry and in Prometheus' native
/// histograms: bucket i holds (2^((i-1)/32), 2^(i/32)] ns, up to 2^46 ns (19.5 hours). A quantile
/// is off by at most (b-1)/(b+1) = 1.083 % with b = 2^(1/32); count, sum, min and max are exact.
/// Merging is exact too, in any order. 6.0 KB, allocates nothing.
class histogram {
 public:
  static constexpr int octaves = 46;  ///< with one more, the room of a loop is 64 bytes larger
  static constexpr std::size_t buckets = octaves * 32 + 1;
  static constexpr std::uint64_t top = std::uint64_t{1} << octaves;  ///< longest told apart, ns
  static constexpr double relative_error = 0.01083;

  /// Counts one value. One over `top` is counted in the last bucket and in over_range().
  void record(std::uint64_t ns) noexcept {
    std::uint32_t& bucket = counts_[index_of(ns)];
    if (bucket == std::numeric_limits<std::uint32_t>::max()) halve();
    ++bucket;
    ++weight_;
    ++count_;
    all_.add(ns);
    over_ += ns > top ? 1 : 0;
  }

  std::uint64_t count() const noexcept { return count_; }
  std::uint64_t sum() const noexcept { return all_.sum; }                    ///< ns, saturates
  std::uint64_t min() const noexcept { return count_ == 0 ? 0 : all_.min; }  ///< ns
  std::uint64_t max() const noexcept { return all_.max; }                    ///< ns
  std::uint64_t over_range() const noexcept { return over_; }                ///< values over `top`
  double mean() const noexcept {                                             ///< ns; NaN when empty
    if (count_ == 0) return std::numeric_limits<double>::quiet_NaN();
    return static_cast<double>(all_.sum) / static_cast<double>(count_);
  }

  /// The value of nearest rank ceil(q * count), in ns, within [min, max]; NaN when empty.
  double quantile(double q) const noexcept {
    double value = 0.0;
    quantiles(&q, &value, 1);
    return value;
  }
  /// `n` quantiles in one pass. @param q ascending.
  void quantiles(const double* q, double* out, std::size_t n) const noexcept {
    if (count_ == 0) {
      std::fill(out, out + n, std::numeric_limits<double>::quiet_NaN());
      return;
    }
    const std::size_t last = index_of(all_.max);
    std::size_t at = index_of(all_.min);
    std::uint64_t seen = counts_[at];
    for (std::size_t i = 0; i < n; ++i) {
      const std::uint64_t rank = rank_of(q[i], weight_);
      while (seen < rank && at < last) seen += counts_[++at];
      out[i] = value_of(rank, weight_, at, all_);
    }
  }

  void merge(const histogram& other) noexcept {
    if (other.count_ == 0) return;
    const std::size_t last = index_of(other.all_.max);
    while (halvings_ < other.halvings_) halve();  // then both count in the same unit
    unsigned halved = halvings_ - other.halvings_;
    for (std::size_t i = index_of(other.all_.min); i <= last; ++i) {
      count_in(i, other.counts_[i], halved);
    }
    describe_more(other.count_, other.all_, other.over_);
  }
  void clear() noexcept {
    if (count_ == 0) return;
    const std::size_t first = index_of(all_.min);
    std::fill(counts_.begin() + static_cast<std::ptrdiff_t>(first),
              counts_.begin() + static_cast<std::ptrdiff_t>(index_of(all_.max)) + 1, 0u);
    count_ = over_ = weight_ = 0;
    halvings_ = 0;
    all_ = {};
  }

  /// For exporters: what a bucket holds, and its inclusive upper end in ns.
  std::uint32_t bucket(std::size_t i) const noexcept { return counts_[i]; }
  static double upper(std::size_t i) noexcept {
    return std::ldexp(static_cast<double>(bounds[i % 32]), static_cast<int>(i / 32) - 63);
  }

  /// The bucket of a value: a table look-up and one compare, without floating point.
  static std::size_t index_of(std::uint64_t ns) noexcept {
    if (ns <= 1) return 0;
    if (ns > top) return buckets - 1;
    const int exponent = 63 - std::countl_zero(ns);
    const std::uint64_t mantissa = ns << (63 - exponent);  // 1.x with 63 bits after the point
    const std::size_t guess = guesses[(mantissa >> 57) & 63];
    const std::size_t within = guess + (mantissa > bounds[guess + 1] ? 1 : 0);
    const std::size_t exact = mantissa == bounds[0] ? 1 : 0;  // a power of two ends its bucket
    return static_cast<std::size_t>(exponent) * 32 + within + 1 - exact;
  }

 private:
  friend class detail::timings;  // adds up counts of its own, and ranks them the same way

  /// Adds n / 2^halved to a bucket. @param halved grows with each halving that this took
  void count_in(std::size_t i, std::uint64_t n, unsigned& halved) noexcept {
    std::uint64_t sum = counts_[i] + ((n + (std::uint64_t{1} << halved) - 1) >> halved);
    for (; sum > std::numeric_limits<std::uint32_t>::max(); ++halved) {
      halve();
      sum = sum / 2 + sum % 2;
    }
    weight_ += sum - counts_[i];
    counts_[i] = static_cast<std::uint32_t>(sum);
  }
  void describe_more(std::uint64_t count, const detail::extent& all, std::uint64_t over) noexcept {
    count_ += count;
    all_.add(all);
    over_ += over;
  }
  /// After 2^32 values in one bucket: the shape stays, so do count, sum, min and max.
  void halve() noexcept {
    ++halvings_;
    weight_ = 0;
    for (std::uint32_t& each : counts_) {
      each = each / 2 + each % 2;  // what was seen stays seen
      weight_ += each;
    }
  }
  static std::uint64_t rank_of(double q, std::uint64_t weight) noexcept {
    // 0.07 * 100 is a little over 7: not rank 8.
    const double rank = std::ceil(q * static_cast<double>(weight) * (1.0 - 1e-12));
    if (!(rank > 1.0)) return 1;
    return std::min(weight, static_cast<std::uint64_t>(rank));
  }
  /// What stands for the value of a rank that lies in bucket i; both ends are exact.
  static double value_of(std::uint64_t rank, std::uint64_t weight, std::size_t i,
                         const detail::extent& all) noexcept {
    const double lowest = static_cast<double>(all.min);
    const double highest = static_cast<double>(all.max);
    if (rank == weight) return highest;
    return rank == 1 ? lowest : std::clamp(middle(i), lowest, highest);
  }
  static double middle(std::size_t i) noexcept {  // equally far, relatively, from both ends
    return upper(i) * (2.0 / (1.0 + 1.0218971486541166));
  }

  // 2^(j/32) with 63 bits after the point, rounded down; the last one closes the octave.
  static constexpr std::array<std::uint64_t, 33> bounds = {
      0x8000000000000000, 0x82CD8698AC2BA1D7, 0x85AAC367CC487B14, 0x88980E8092DA8527,
      0x8B95C1E3EA8BD6E6, 0x8EA4398B45CD53C0, 0x91C3D373AB11C336, 0x94F4EFA8FEF70961,
      0x9837F0518DB8A96F, 0x9B8D39B9D54E5538, 0x9EF5326091A111AD, 0xA27043030C496818,
      0xA5FED6A9B15138EA, 0xA9A15AB4EA7C0EF8, 0xAD583EEA42A14AC6, 0xB123F581D2AC258F,
      0xB504F333F9DE6484, 0xB8FBAF4762FB9EE9, 0xBD08A39F580C36BE, 0xC12C4CCA66709456,
      0xC5672A115506DADD, 0xC9B9BD866E2F27A2, 0xCE248C151F8480E3, 0xD2A81D91F12AE45A,
      0xD744FCCAD69D6AF4, 0xDBFBB797DAF23755, 0xE0CCDEEC2A94E111, 0xE5B906E77C8348A8,
      0xEAC0C6E7DD24392E, 0xEFE4B99BDCDAF5CB, 0xF5257D152486CC2C, 0xFA83B2DB722A033A,
      0xFFFFFFFFFFFFFFFF};
  // For each 64th of an octave the bucket that its start lies in; none has two bounds inside.
  static constexpr std::array<std::uint8_t, 64> guesses = [] {
    std::array<std::uint8_t, 64> table{};
    for (std::size_t i = 0; i < 64; ++i) {
      const std::uint64_t start = (std::uint64_t{1} << 63) + (std::uint64_t{i} << 57);
      std::size_t j = 0;
      while (j < 31 && bounds[j + 1] <= start) ++j;
      table[i] = static_cast<std::uint8_t>(j);
    }
    return table;
  }();

  std::array<std::uint32_t, buckets> counts_{};
  std::uint64_t count_ = 0;
  std::uint64_t weight_ = 0;  // sum of counts_: count_ until a bucket was full
  unsigned halvings_ = 0;     // a count stands for 2^halvings_ values
  detail::extent all_;
  std::uint64_t over_ = 0;
};

}  // namespace v1
}  // namespace gyre
