// replay_slots.hpp - which slot of a circular buffer the next row takes, and slots drawn uniformly.
// Room: learn. Threads: one owner at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <gyre/core/bytes.hpp>
#include <gyre/core/rng.hpp>
#include <gyre/learn/replay_options.hpp>
#include <vector>

namespace gyre {
inline namespace v1 {

/// The bookkeeping of a circular buffer that keeps the newest `capacity` rows; where those lie is
/// its owner's. A slot is a place of 0..capacity - 1; the i-th oldest row is in slot(i).
class replay_slots {
 public:
  /// @param capacity 0 counts as 1
  explicit replay_slots(std::uint32_t capacity)
      : capacity_(std::max(capacity, 1U)), drawn_(capacity_, 0) {}

  /// Gives the next row a slot: a free one in order, or that of the oldest row.
  std::uint32_t push() noexcept {
    ++total_added_;
    if (next_ == capacity_) {
      next_ = 0;
      ++lap_;
    }
    if (size_ < capacity_) ++size_;
    return next_++;
  }
  /// As many times push() as slots follow each other, at most n: those.
  row_run push_run(std::uint32_t n) noexcept {
    if (next_ == capacity_) {
      next_ = 0;
      ++lap_;
    }
    const row_run run{next_, std::min(n, capacity_ - next_)};
    next_ += run.count;
    size_ = std::max(size_, next_);
    total_added_ += run.count;
    return run;
  }
  /// Forgets the rows, whose ids hold no more; the totals go on.
  void clear() noexcept {
    size_ = next_ = 0;
    ++lap_;
  }
  /// As a buffer of another capacity that has taken over the newest rows, oldest in slot 0.
  replay_slots resized(std::uint32_t capacity) const {
    replay_slots other(capacity);
    other.size_ = other.next_ = std::min(size_, other.capacity_);
    other.lap_ = lap_ + 1;
    other.total_added_ = total_added_;
    other.total_sampled_ = total_sampled_;
    return other;
  }

  std::uint32_t size() const noexcept { return size_; }
  std::uint32_t capacity() const noexcept { return capacity_; }
  bool full() const noexcept { return size_ == capacity_; }
  std::uint64_t total_added() const noexcept { return total_added_; }
  std::uint64_t total_sampled() const noexcept { return total_sampled_; }
  void set_totals(std::uint64_t added, std::uint64_t sampled) noexcept {
    total_added_ = added;
    total_sampled_ = sampled;
  }
  void add_sampled(std::uint64_t rows) noexcept { total_sampled_ += rows; }

  /// @pre i < size()
  std::uint32_t slot(std::size_t i) const noexcept {
    return wrapped(static_cast<std::uint32_t>(i), oldest());
  }
  /// The slot that push() gives next.
  std::uint32_t next() const noexcept { return next_ < capacity_ ? next_ : 0; }
  /// How many rows are newer; 0 for the newest. @pre there is a row in the slot
  std::uint32_t age(std::uint32_t slot) const noexcept {
    const std::uint32_t before = slot >= next_ ? ~0U : 0U;  // no branch: see wrapped()
    return next_ - 1 - slot + (before & size_);
  }
  row_id id(std::uint32_t slot) const noexcept { return {slot, lap_ - (slot >= next_ ? 1 : 0)}; }
  /// Whether the row of that name is still there.
  bool holds(row_id row) const noexcept { return row.slot < size_ && row == id(row.slot); }

  /// Draws n slots uniformly, in random order; every ordered choice is equally likely. They go to
  /// `out.take(k, slots, count)`, those from the k-th on, a few at a time; before that to
  /// `out.fetch(slots, count)`; and now and then `out.swap(a, b)` is asked to exchange two of them.
  /// False, with nothing drawn, when there are too few rows: without replacement fewer than n, with
  /// replacement none. O(n)
  template <class Out>
  bool draw(std::size_t n, rng& random, sampling how, Out&& out) noexcept {
    if (n == 0) return true;
    if (size_ == 0 || (how == sampling::without_replacement && n > size_)) return false;
    if (how == sampling::with_replacement) {
      any(n, random, out);
    } else {
      distinct(n, random, out);
    }
    total_sampled_ += n;
    return true;
  }

  void save(byte_writer& out) const {
    out.varint(capacity_);
    out.varint(size_);
    out.varint(next_);
    out.varint(lap_);
    out.varint(total_added_);
    out.varint(total_sampled_);
  }
  /// Takes over what save() wrote. From a buffer of the same capacity each row comes back to its
  /// slot and its name; from another the newest come, and names hold no more. `left_out` says how
  /// many of the oldest do not. False when the bytes contradict themselves: nothing changed.
  bool load(byte_reader& in, std::uint64_t& left_out) noexcept {
    const std::uint64_t capacity = in.varint(), size = in.varint(), next = in.varint();
    const std::uint64_t lap = in.varint(), added = in.varint(), sampled = in.varint();
    constexpr std::uint64_t most = 0xffffffffU;
    if (!in.ok() || capacity == 0 || capacity > most || size > capacity || next > capacity ||
        (size < capacity && next != size) || lap > most || size > added) {
      return false;
    }
    const bool same = capacity == capacity_;
    const std::uint64_t kept = std::min<std::uint64_t>(size, capacity_);
    size_ = static_cast<std::uint32_t>(kept);
    next_ = same ? static_cast<std::uint32_t>(next) : size_;
    lap_ = static_cast<std::uint32_t>(same ? lap : lap + 1);
    total_added_ = added;
    total_sampled_ = sampled;
    left_out = size - kept;
    return true;
  }

 private:
  static constexpr std::size_t few = 32;  // slots picked, and fetched, before they are taken

  /// The slot of the i-th row from `first` on. Neither a division nor a branch, which the processor
  /// would guess wrong for every other row that is drawn.
  std::uint32_t wrapped(std::uint32_t i, std::uint32_t first) const noexcept {
    const std::uint32_t beyond = i >= size_ - first ? ~0U : 0U;
    return i + first - (beyond & size_);
  }
  std::uint32_t oldest() const noexcept { return full() && next_ < capacity_ ? next_ : 0; }

  /// Hands over the slot of row `which(k)` for each k; picks ahead, so that the owner can fetch.
  template <class Out, class Which>
  void each(std::size_t n, Out& out, Which which) noexcept {
    std::uint32_t at[few];
    for (std::size_t done = 0; done < n; done += few) {
      const std::size_t take = std::min(few, n - done);
      for (std::size_t k = 0; k < take; ++k) at[k] = slot(which(done + k));
      out.fetch(at, take);
      out.take(done, at, take);
    }
  }

  /// With replacement. A draw of 64 bits gives two rows, each off by less than size / 2^32. What is
  /// next is drawn and fetched before what is there is taken; also beyond the batch, where nothing
  /// has come since the last one.
  template <class Out>
  void any(std::size_t n, rng& random, Out& out) noexcept {
    const bool still = seen_ == total_added_ && seen_size_ == size_;
    seen_ = total_added_;
    seen_size_ = size_;
    if (!still || !ready_ || rng(random).next() != begins_) {
      begins_ = pick(few_, random);
      out.fetch(few_, few);
    }
    for (std::size_t done = 0; done < n; done += few) {
      std::uint32_t now[few];
      std::copy(few_, few_ + few, now);
      const std::size_t take = std::min(few, n - done);
      random.seek(random.counter() + (take + 1) / 2);
      ready_ = done + few < n || still;
      if (ready_) {
        begins_ = pick(few_, random);
        out.fetch(few_, few);
      }
      out.take(done, now, take);
    }
  }
  /// @return the first draw
  std::uint64_t pick(std::uint32_t* at, rng random) const noexcept {
    const std::uint64_t size = size_;
    std::uint64_t begins = 0;
    for (std::size_t k = 0; k < few; k += 2) {
      const std::uint64_t bits = random.next();
      if (k == 0) begins = bits;
      at[k] = static_cast<std::uint32_t>((bits >> 32) * size >> 32);
      at[k + 1] = static_cast<std::uint32_t>((bits & 0xffffffffU) * size >> 32);
    }
    const std::uint32_t first = oldest();
    for (std::size_t k = 0; k < few; ++k) at[k] = wrapped(at[k], first);
    return begins;
  }

  /// True the first time that row i is drawn in this round.
  bool fresh(std::uint32_t i) noexcept {
    if (drawn_[i] == round_) return false;
    drawn_[i] = round_;
    return true;
  }

  /// Distinct rows. Up to half of the buffer: draw again what was drawn before (under 1.4 draws a
  /// row). Beyond that: Floyd's algorithm (Bentley and Floyd 1987), one draw a row, and a shuffle,
  /// since Floyd's set is uniform but its order is not. @pre n <= size()
  template <class Out>
  void distinct(std::size_t n, rng& random, Out& out) noexcept {
    if (++round_ == 0) {  // a byte a row remembers 255 rounds
      std::fill(drawn_.begin(), drawn_.end(), std::uint8_t{0});
      round_ = 1;
    }
    if (n <= size_ / 2) {
      each(n, out, [&](std::size_t) {
        std::uint32_t i = random.below(size_);
        while (!fresh(i)) i = random.below(size_);
        return i;
      });
      return;
    }
    const auto first = static_cast<std::uint32_t>(size_ - n);
    each(n, out, [&](std::size_t k) {
      const auto last = first + static_cast<std::uint32_t>(k);
      const std::uint32_t i = random.below(last + 1);
      if (fresh(i)) return i;
      drawn_[last] = round_;
      return last;
    });
    for (std::size_t k = n; k > 1; --k) {
      out.swap(k - 1, random.below(static_cast<std::uint32_t>(k)));
    }
  }

  std::uint32_t capacity_;
  std::uint32_t size_ = 0;
  std::uint32_t next_ = 0;           // the slot after the newest row's
  std::uint32_t lap_ = 1;            // the generation of rows in slots under next_
  std::vector<std::uint8_t> drawn_;  // drawn_[i] == round_: the i-th oldest is in this batch
  std::uint64_t total_added_ = 0, total_sampled_ = 0;
  std::uint64_t seen_ = 0, begins_ = 0;  // total_added_ at the last batch; few_'s first draw
  std::uint32_t seen_size_ = 0;
  std::uint8_t round_ = 0;
  bool ready_ = false;      // few_ are the slots that follow the last batch, if nothing came since
  std::uint32_t few_[few];  // drawn with replacement
};

}  // namespace v1
}  // namespace gyre
