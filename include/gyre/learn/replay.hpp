// replay.hpp - the newest rows of experience, kept to be sampled again.
// Room: learn. Threads: one owner at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <gyre/core/bytes.hpp>
#include <gyre/core/result.hpp>
#include <gyre/core/rng.hpp>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace gyre {
inline namespace v1 {

/// Whether one call to sample() may give a row twice.
enum class sampling : std::uint8_t { without_replacement, with_replacement };

/// A circular buffer of the newest `capacity` rows, sampled uniformly. Memory is taken in the
/// constructor (rows are touched as they come); push() and sample() take none.
///
///     gyre::replay<gyre::transition> kept(10'000);
///     gyre::rng random(seed, 0, gyre::purpose::replay);
///     kept.push({.state = 1, .action = 0, .reward = 1.5f, .next = 2});
///     gyre::transition batch[32];
///     if (kept.sample(batch, random)) train(batch);   // once 32 rows are there
///
/// What is sampled depends on the rows, their order, and the random stream, on nothing else: a
/// buffer that was saved and loaded samples what the other would have.
template <class Row>
class replay {
  static_assert(std::is_trivially_copyable_v<Row>, "a row is copied bytewise");

 public:
  /// Keeps `capacity` rows; 0 counts as 1.
  explicit replay(std::uint32_t capacity = 10'000)
      : capacity_(std::max(capacity, 1U)), drawn_(capacity_, 0) {
    rows_.reserve(capacity_);
  }

  /// Appends a row; true when the oldest one made room for it.
  bool push(const Row& row) noexcept {
    ++total_added_;
    if (rows_.size() < capacity_) {
      rows_.push_back(row);  // never reallocates: capacity_ rows are reserved
      return false;
    }
    rows_[oldest_] = row;
    oldest_ = oldest_ + 1 < capacity_ ? oldest_ + 1 : 0;
    return true;
  }

  /// Fills `out` with rows drawn uniformly, in random order; every ordered choice is equally
  /// likely. False, with nothing drawn and nothing written, when there are too few: without
  /// replacement fewer than `out.size()`, with replacement none at all. An empty `out` succeeds.
  /// O(out.size()) whatever the size of the buffer.
  bool sample(std::span<Row> out, rng& random,
              sampling how = sampling::without_replacement) noexcept {
    if (out.empty()) return true;
    if (rows_.empty()) return false;
    if (how == sampling::with_replacement) {
      gather(out, [&](std::size_t) { return random.below(size()); });
    } else {
      if (out.size() > rows_.size()) return false;
      distinct(out, random);
    }
    total_sampled_ += out.size();
    return true;
  }

  /// Fills `out` with rows drawn uniformly, with replacement, from the `newest` that came last (all
  /// where there are fewer). False, with nothing drawn, when there are none.
  bool sample_newest(std::span<Row> out, rng& random, std::uint32_t newest) noexcept {
    if (rows_.empty() || newest == 0) return false;
    const std::uint32_t among = std::min(newest, size());
    for (Row& row : out) row = rows_[slot(rows_.size() - 1 - random.below(among))];
    total_sampled_ += out.size();
    return true;
  }

  /// Forgets the rows; the totals go on.
  void clear() noexcept {
    rows_.clear();
    oldest_ = 0;
  }

  /// i-th oldest row, valid until the next push(). @pre i < size()
  const Row& operator[](std::size_t i) const noexcept { return rows_[slot(i)]; }
  std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(rows_.size()); }
  std::uint32_t capacity() const noexcept { return capacity_; }
  bool empty() const noexcept { return rows_.empty(); }
  std::uint64_t total_added() const noexcept { return total_added_; }
  std::uint64_t total_sampled() const noexcept { return total_sampled_; }  ///< in rows
  /// size / capacity, 0..1.
  double utilization() const noexcept {
    return static_cast<double>(size()) / static_cast<double>(capacity_);
  }

  /// Writes totals and rows, oldest first. The row's type needs, where it is declared,
  /// `void encode(byte_writer&, const Row&)` and `bool decode(byte_reader&, Row&)`.
  void save(byte_writer& out) const {
    out.varint(total_added_);
    out.varint(total_sampled_);
    out.varint(size());
    for (std::size_t i = 0; i < rows_.size(); ++i) encode(out, (*this)[i]);
  }

  /// Takes over what save() wrote; where it holds more rows than this capacity, the newest of them.
  /// code::corrupt when the bytes contradict themselves: nothing changed.
  result<void> load(byte_reader& in) {
    replay read(capacity_);
    const std::uint64_t added = in.varint();
    const std::uint64_t sampled = in.varint();
    const std::uint64_t count = in.varint();
    if (!in.ok() || count > added) return fail(code::corrupt, "replay: its header is damaged");
    for (std::uint64_t i = 0; i < count; ++i) {
      Row row{};
      if (!decode(in, row) || !in.ok()) {
        return fail(code::corrupt, "replay: row ", i, " of ", count, " is damaged or missing");
      }
      read.push(row);
    }
    read.total_added_ = added;
    read.total_sampled_ = sampled;
    *this = std::move(read);
    return ok;
  }

 private:
  std::size_t slot(std::size_t i) const noexcept {  // compare, not %: cheaper than a division
    return (i += oldest_) < rows_.size() ? i : i - rows_.size();
  }

  /// Copies row `pick(k)` to out[k] for each k; picks ahead, so that fetches from memory overlap.
  template <class Pick>
  void gather(std::span<Row> out, Pick pick) const noexcept {
    constexpr std::size_t ahead = 32;
    const Row* at[ahead];
    for (std::size_t done = 0; done < out.size(); done += ahead) {
      const std::size_t n = std::min(ahead, out.size() - done);
      for (std::size_t k = 0; k < n; ++k) {
        at[k] = rows_.data() + slot(pick(done + k));
        __builtin_prefetch(at[k]);
      }
      for (std::size_t k = 0; k < n; ++k) out[done + k] = *at[k];
    }
  }

  /// True the first time that row i is drawn in this round.
  bool fresh(std::uint32_t i) noexcept {
    if (drawn_[i] == round_) return false;
    drawn_[i] = round_;
    return true;
  }

  /// Distinct rows. Up to half of the buffer: draw again what was drawn before (under 1.4 draws a
  /// row). Beyond that: Floyd's algorithm (Bentley and Floyd 1987), one draw a row, and a shuffle,
  /// since Floyd's set is uniform but its order is not. @pre out.size() <= size()
  void distinct(std::span<Row> out, rng& random) noexcept {
    if (++round_ == 0) {  // a byte a row remembers 255 rounds
      std::fill(drawn_.begin(), drawn_.end(), std::uint8_t{0});
      round_ = 1;
    }
    const std::size_t n = out.size();
    if (n <= rows_.size() / 2) {
      gather(out, [&](std::size_t) {
        std::uint32_t i = random.below(size());
        while (!fresh(i)) i = random.below(size());
        return i;
      });
      return;
    }
    const auto first = static_cast<std::uint32_t>(rows_.size() - n);
    gather(out, [&](std::size_t k) {
      const auto last = first + static_cast<std::uint32_t>(k);
      const std::uint32_t i = random.below(last + 1);
      if (fresh(i)) return i;
      drawn_[last] = round_;
      return last;
    });
    for (std::size_t k = n; k > 1; --k) {
      std::swap(out[k - 1], out[random.below(static_cast<std::uint32_t>(k))]);
    }
  }

  std::uint32_t capacity_;
  std::vector<Row> rows_;
  std::vector<std::uint8_t> drawn_;  // drawn_[i] == round_: the i-th oldest is in this batch
  std::size_t oldest_ = 0;           // 0 until rows_ is full
  std::uint64_t total_added_ = 0, total_sampled_ = 0;
  std::uint8_t round_ = 0;
};

}  // namespace v1
}  // namespace gyre
