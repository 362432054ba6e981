// replay.hpp - the newest rows of experience, kept to be sampled again.
// Room: learn. Threads: one owner at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <gyre/core/result.hpp>
#include <gyre/learn/replay_slots.hpp>
#include <gyre/learn/row_store.hpp>
#include <span>
#include <utility>

namespace gyre {
inline namespace v1 {

/// A circular buffer of the newest `capacity` rows, sampled uniformly. Memory is taken in the
/// constructor (rows are touched as they come); push() and sample() take none. With priorities,
/// n-step returns or episodes: replay_buffer.
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
 public:
  /// Keeps `capacity` rows; 0 counts as 1.
  explicit replay(std::uint32_t capacity = 10'000) : slots_(capacity), rows_(slots_.capacity()) {}

  /// Appends a row; true when the oldest one made room for it.
  bool push(const Row& row) noexcept {
    const bool full = slots_.full();
    rows_.put(slots_.push(), row);
    return full;
  }
  void push(std::span<const Row> rows) noexcept {
    for (const Row& row : rows) push(row);
  }

  /// Fills `out` with rows drawn uniformly, in random order; every ordered choice is equally
  /// likely. False, with nothing drawn and nothing written, when there are too few: without
  /// replacement fewer than `out.size()`, with replacement none at all. An empty `out` succeeds.
  /// O(out.size()) whatever the size of the buffer.
  bool sample(std::span<Row> out, rng& random,
              sampling how = sampling::without_replacement) noexcept {
    return slots_.draw(out.size(), random, how, to_rows{rows_, out.data()});
  }
  /// The same into columns: n values of each member named, in arrays of the caller's.
  /// `sample(32, random, how, into(&step::action, actions), into(&step::reward, rewards))`.
  template <class... T>
  bool sample(std::size_t n, rng& random, sampling how, row_column<Row, T>... column) noexcept {
    const auto take = [column...](std::size_t k, const Row& row) {
      ((column.out[k] = row.*column.member), ...);
    };
    const auto swap = [&](std::size_t a, std::size_t b) {
      (std::swap(column.out[a], column.out[b]), ...);
    };
    const to_columns<decltype(take), decltype(swap)> out{rows_, take, swap};
    return slots_.draw(n, random, how, out);
  }

  /// Fills `out` with rows drawn uniformly, with replacement, from the `newest` that came last (all
  /// where there are fewer). False, with nothing drawn, when there are none.
  bool sample_newest(std::span<Row> out, rng& random, std::uint32_t newest) noexcept {
    if (empty() || newest == 0) return false;
    const std::uint32_t among = std::min(newest, size());
    for (Row& row : out) row = (*this)[size() - 1 - random.below(among)];
    slots_.add_sampled(out.size());
    return true;
  }

  /// Forgets the rows; the totals go on.
  void clear() noexcept { slots_.clear(); }

  /// i-th oldest row, valid until the next push(). @pre i < size()
  const Row& operator[](std::size_t i) const noexcept { return rows_[slots_.slot(i)]; }
  std::uint32_t size() const noexcept { return slots_.size(); }
  std::uint32_t capacity() const noexcept { return slots_.capacity(); }
  bool empty() const noexcept { return size() == 0; }
  std::uint64_t total_added() const noexcept { return slots_.total_added(); }
  std::uint64_t total_sampled() const noexcept { return slots_.total_sampled(); }  ///< in rows
  /// size / capacity, 0..1.
  double utilization() const noexcept {
    return static_cast<double>(size()) / static_cast<double>(capacity());
  }

  /// Writes totals and rows, oldest first. The row's type needs, where it is declared,
  /// `void encode(byte_writer&, const Row&)` and `bool decode(byte_reader&, Row&)`.
  void save(byte_writer& out) const {
    out.varint(total_added());
    out.varint(total_sampled());
    out.varint(size());
    for (std::size_t i = 0; i < size(); ++i) encode(out, (*this)[i]);
  }

  /// Takes over what save() wrote; where it holds more rows than this capacity, the newest of them.
  /// code::corrupt when the bytes contradict themselves: nothing changed.
  result<void> load(byte_reader& in) {
    replay read(capacity());
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
    read.slots_.set_totals(added, sampled);
    *this = std::move(read);
    return ok;
  }

 private:
  struct to_rows {
    const row_store<Row>& rows;
    Row* out;
    void fetch(const std::uint32_t* slots, std::size_t n) const noexcept {
      for (std::size_t i = 0; i < n; ++i) rows.fetch(slots[i]);
    }
    void take(std::size_t k, const std::uint32_t* slots, std::size_t n) const noexcept {
      for (std::size_t i = 0; i < n; ++i) out[k + i] = rows[slots[i]];
    }
    void swap(std::size_t a, std::size_t b) const noexcept { std::swap(out[a], out[b]); }
  };
  template <class Take, class Swap>
  struct to_columns {
    const row_store<Row>& rows;
    const Take& put;
    const Swap& swap;
    void fetch(const std::uint32_t* slots, std::size_t n) const noexcept {
      for (std::size_t i = 0; i < n; ++i) rows.fetch(slots[i]);
    }
    void take(std::size_t k, const std::uint32_t* slots, std::size_t n) const noexcept {
      const Take here = put;  // a copy: a column of bytes might otherwise change where others lie
      for (std::size_t i = 0; i < n; ++i) here(k + i, rows[slots[i]]);
    }
  };

  replay_slots slots_;
  row_store<Row> rows_;
};

}  // namespace v1
}  // namespace gyre
