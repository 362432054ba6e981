// replay_index.hpp - all that a replay buffer knows of its rows, without the rows.
// Room: learn. Threads: one owner at a time.
#pragma once

#include <cmath>
#include <gyre/core/bytes.hpp>
#include <gyre/core/result.hpp>
#include <gyre/learn/episode_ends.hpp>
#include <gyre/learn/priorities.hpp>
#include <gyre/learn/replay_slots.hpp>
#include <optional>

namespace gyre {
inline namespace v1 {

/// Slots, priorities and ends of episodes of a buffer whose rows lie elsewhere, in order of slots.
/// See replay_buffer, which has the rows.
class replay_index {
 public:
  /// @pre check(options)
  replay_index(const replay_options& options, std::uint64_t row_bytes)
      : options_(options), slots_(rows_for(options, row_bytes)), ends_(slots_.capacity()),
        random_(options.seed, 0, purpose::replay) {
    options_.capacity = slots_.capacity();
    if (options.prioritized) priorities_.emplace(slots_.capacity(), options.priority);
    if (options.count_samples) drawn_.resize(slots_.capacity(), 0);
  }

  /// What `rows` take with their bookkeeping, heap only.
  static std::uint64_t bytes(std::uint64_t rows, const replay_options& o,
                             std::uint64_t row_bytes) noexcept {
    return rows * (row_bytes + 1 + (o.count_samples ? 4 : 0)) + episode_ends::bytes(rows) +
           (o.prioritized ? priorities::bytes(rows, o.priority) : 0);
  }
  /// Of the budget: the most rows that fit, 1 at least; without one: the capacity.
  static std::uint32_t rows_for(const replay_options& o, std::uint64_t row_bytes) noexcept {
    if (o.budget_bytes == 0) return o.capacity;
    std::uint64_t low = 1, high = 0xffffffffU;
    while (low < high) {
      const std::uint64_t rows = low + (high - low + 1) / 2;
      if (bytes(rows, o, row_bytes) <= o.budget_bytes) {
        low = rows;
      } else {
        high = rows - 1;
      }
    }
    return static_cast<std::uint32_t>(low);
  }

  /// A new row, which the owner puts in the slot given; the oldest makes room.
  /// @param ended nothing of its episode follows
  row_id push(bool ended) noexcept {
    return slots_.id(push_run(1, [=](std::uint32_t) { return ended; }).first);
  }
  /// As many times push() as slots follow each other, at most n: those. `ended(i)` of each.
  template <class Ended>
  row_run push_run(std::uint32_t n, Ended&& ended) noexcept {
    const bool over = slots_.full();
    const row_run run = slots_.push_run(n);
    if (over) cut_ = !ends_.at(run.first + run.count - 1);
    for (std::uint32_t i = 0; i < run.count; ++i) {
      ends_.set(run.first + i, ended(i));
      if (priorities_) priorities_->add(run.first + i);
      if (!drawn_.empty()) drawn_[run.first + i] = 0;
    }
    return run;
  }
  /// What came last ends its episode. Nothing where there are no rows.
  void end_episode() noexcept {
    if (slots_.size() > 0) ends_.set(slots_.slot(slots_.size() - 1), true);
  }
  /// Forgets the rows; the totals go on.
  void clear() noexcept {
    for (std::uint32_t i = 0; i < slots_.size() && priorities_; ++i) priorities_->remove(i);
    slots_.clear();
    ends_.clear();
    cut_ = false;
  }

  /// Draws rows by priority, each from a stratum of its own, or all alike where there are none;
  /// with replacement. False, with nothing drawn, when there are fewer than min_size rows, or none
  /// with a priority.
  /// @param fetch told each slot as soon as it is known, so that the owner can fetch the row
  template <class Fetch>
  bool sample(std::span<drawn_row> out, Fetch&& fetch) noexcept {
    if (!priorities_) return sample(out, sampling::with_replacement, fetch);
    if (out.empty()) return true;
    if (!ready() || !priorities_->draw(out, random_, fetch)) return false;
    slots_.add_sampled(out.size());
    for (drawn_row& row : out) {
      row.id = slots_.id(row.id.slot);
      note(row.id.slot);
    }
    return true;
  }
  /// Draws rows uniformly, whatever their priorities; weights are 1. False, with nothing drawn,
  /// when there are fewer than min_size rows or, without replacement, than out.size().
  template <class Fetch>
  bool sample(std::span<drawn_row> out, sampling how, Fetch&& fetch) noexcept {
    if (!pick(out.size(), how, sink<Fetch>{out.data(), fetch})) return false;
    const float each = 1 / static_cast<float>(slots_.size());
    for (drawn_row& row : out) {
      row.id = slots_.id(row.id.slot);
      row.weight = 1;
      row.probability = each;
    }
    return true;
  }

  /// Draws uniformly as sample() does; the slots alone go to `out`: see replay_slots::draw().
  template <class Out>
  bool pick(std::size_t n, sampling how, Out&& out) noexcept {
    if (n == 0) return true;
    return ready() && slots_.draw(n, random_, how, counted<Out>{*this, out});
  }

  /// Sets the priorities of rows by their errors (TD errors, say), in order: of a row that comes
  /// twice the last counts. Of a row that was replaced meanwhile, or by an error that is not
  /// finite, nothing changes: it is counted.
  /// Nothing happens without priorities. @pre as many errors as rows
  template <class Named>
  replay_update update(std::span<Named> rows, std::span<const float> errors) noexcept {
    replay_update done;
    if (!priorities_) return done;
    constexpr std::size_t most = 64;
    std::uint32_t slots[most];
    float kept[most];
    for (std::size_t i = 0; i < rows.size();) {
      std::size_t n = 0;
      for (; i < rows.size() && n < most; ++i) {
        const row_id row = named(rows[i]);
        if (!slots_.holds(row)) {
          ++done.stale;
        } else if (!std::isfinite(errors[i])) {
          ++done.not_finite;
        } else {
          slots[n] = row.slot;
          kept[n++] = errors[i];
        }
      }
      priorities_->update({slots, n}, {kept, n});
      done.applied += n;
    }
    stale_ += done.stale;
    return done;
  }

  /// From the row in `slot` on: how many rows follow each other, up to `most`, up to the end of its
  /// episode, up to the newest. @pre there is a row in it
  std::uint32_t run_from(std::uint32_t slot, std::uint32_t most) const noexcept {
    const std::uint32_t upto = std::min(most, slots_.age(slot) + 1);
    const std::uint32_t straight = std::min(upto, slots_.capacity() - slot);
    const std::uint32_t end = ends_.first(slot, slot + straight);
    if (end < slot + straight) return end - slot + 1;
    const std::uint32_t rest = upto - straight, other = ends_.first(0, rest);
    return straight + (other < rest ? other + 1 : rest);
  }
  /// The slot of the i-th row of a run. @pre i < its count
  std::uint32_t slot_of(row_run run, std::uint32_t i) const noexcept {
    return i < slots_.capacity() - run.first ? run.first + i : i - (slots_.capacity() - run.first);
  }
  bool ended(std::uint32_t slot) const noexcept { return ends_.at(slot); }
  /// From a row on, at most n steps, none beyond the end of its episode or the newest row.
  /// @param reward_of,terminal of the row in a slot  @pre there is a row in the slot, n > 0
  template <class RewardOf, class Terminal>
  n_step_return n_step(std::uint32_t slot, std::uint32_t n, double gamma, RewardOf reward_of,
                       Terminal terminal) const noexcept {
    n_step_return r{.bootstrap = 1, .steps = run_from(slot, n)};
    for (std::uint32_t i = 0; i < r.steps; ++i) {
      r.last = slot_of({slot, r.steps}, i);
      r.reward += r.bootstrap * reward_of(r.last);
      r.bootstrap *= gamma;
    }
    if (terminal(r.last)) r.bootstrap = 0;
    return r;
  }

  /// Runs from rows drawn as sample() does, each of up to `length` rows: fewer where an episode
  /// ends or the newest row is. False as there.
  bool sample_runs(std::span<row_run> out, std::uint32_t length) noexcept {
    drawn_row few[16];
    for (std::size_t done = 0; done < out.size(); done += 16) {
      const std::size_t n = std::min<std::size_t>(16, out.size() - done);
      if (!sample(std::span(few).first(n), [](std::uint32_t) {})) return false;
      for (std::size_t k = 0; k < n; ++k) {
        out[done + k] = {few[k].id.slot, run_from(few[k].id.slot, length)};
      }
    }
    return true;
  }
  /// Whole episodes, each equally likely, with replacement: those that have ended and of which no
  /// row has made room. False, with nothing drawn, when there are none or under min_size rows.
  bool sample_episodes(std::span<row_run> out) noexcept {
    const std::uint32_t whole = episodes();
    if (out.empty()) return true;
    if (whole == 0 || !ready()) return false;
    const std::uint32_t torn = cut_ ? first_end() : slots_.capacity();
    for (row_run& run : out) {
      const std::uint32_t k = random_.below(whole);
      std::uint32_t end = ends_.nth(k);
      if (end >= torn) end = ends_.nth(k + 1);
      run = episode_to(end);
      slots_.add_sampled(run.count);
    }
    return true;
  }
  /// How many there are to draw.
  std::uint32_t episodes() const noexcept {
    return ends_.count() - (cut_ && ends_.count() > 0 ? 1 : 0);
  }

  const replay_slots& slots() const noexcept { return slots_; }
  const replay_options& options() const noexcept { return options_; }
  replay_stats stats() noexcept {
    const std::uint64_t drawn = slots_.total_sampled();
    replay_stats s{.size = slots_.size(), .capacity = slots_.capacity(),
                   .total_added = slots_.total_added(), .total_sampled = drawn,
                   .stale_updates = stale_, .episodes = episodes()};
    if (noted_ > 0) s.mean_age = static_cast<double>(ages_) / static_cast<double>(noted_);
    if (priorities_) {
      s.beta = priorities_->beta();
      s.total_priority = static_cast<double>(priorities_->total());
      s.greatest_priority = static_cast<double>(priorities_->greatest());
    }
    return s;
  }
  /// @pre there is a row in the slot
  row_stats stats_of(std::uint32_t slot) const noexcept {
    row_stats s{.age = slots_.age(slot)};
    if (!drawn_.empty()) s.sampled = drawn_[slot];
    if (priorities_) s.priority = priorities_->priority(slot);
    if (priorities_) s.measured = priorities_->measured(slot);
    return s;
  }
  /// Whether all parts agree: sums with priorities bit for bit, no priority and no end where there
  /// is no row. O(capacity)
  bool check() noexcept {
    if (priorities_ && !priorities_->check()) return false;
    std::uint32_t ends = 0;
    for (std::uint32_t i = 0; i < slots_.capacity(); ++i) {
      const bool empty = i >= slots_.size();
      if (empty && (ends_.at(i) || (priorities_ && priorities_->priority(i) > 0))) return false;
      ends += ends_.at(i) ? 1 : 0;
    }
    return ends == ends_.count();
  }

  /// A buffer of another capacity with the newest of these rows, oldest in slot 0.
  replay_index resized(std::uint32_t capacity) const {
    replay_options o = options_;
    o.capacity = capacity;
    o.budget_bytes = 0;
    replay_index other(o, 0);
    other.slots_ = slots_.resized(capacity);
    if (priorities_) other.priorities_->follow(*priorities_);
    other.random_ = random_;
    other.stale_ = stale_;
    other.ages_ = ages_;
    other.noted_ = noted_;
    const std::uint32_t out = slots_.size() - other.slots_.size();
    other.cut_ = out > 0 ? !ends_.at(slots_.slot(out - 1)) : cut_;
    for (std::uint32_t i = 0; i < other.slots_.size(); ++i) {
      const std::uint32_t from = slots_.slot(out + i);
      other.ends_.set(i, ends_.at(from));
      if (priorities_) (void)other.priorities_->restore(i, priorities_->saved(from));
      if (!drawn_.empty()) other.drawn_[i] = drawn_[from];
    }
    return other;
  }

  /// Writes all but the rows: totals, position of the draws, and of each row, oldest first, what is
  /// known of it.
  void save(byte_writer& out) const {
    slots_.save(out);
    out.varint(stale_);
    out.varint(ages_);
    out.varint(noted_);
    out.u64(options_.seed);
    out.varint(random_.counter());
    out.u8(static_cast<std::uint8_t>((cut_ ? 1 : 0) | (priorities_ ? 2 : 0) |
                                     (drawn_.empty() ? 0 : 4)));
    if (priorities_) priorities_->save(out);
    for (std::uint32_t i = 0; i < slots_.size(); ++i) {
      const std::uint32_t slot = slots_.slot(i);
      out.u8(ends_.at(slot) ? 1 : 0);
      if (priorities_) out.f32(priorities_->saved(slot));
      if (!drawn_.empty()) out.varint(drawn_[slot]);
    }
  }
  /// Takes over what save() wrote; of a larger buffer's the newest rows. What was not saved is as
  /// of new rows. @param left_out how many of the oldest rows are not taken
  /// False when the bytes contradict themselves: then this is of no use any more. @pre new
  bool load(byte_reader& in, std::uint64_t& left_out) noexcept {
    std::uint64_t out = 0;
    if (!slots_.load(in, out)) return false;
    stale_ = in.varint();
    ages_ = in.varint();
    noted_ = in.varint();
    options_.seed = in.u64();
    random_ = rng(options_.seed, 0, purpose::replay, in.varint());
    const std::uint8_t flags = in.u8();
    cut_ = (flags & 1U) != 0;
    const bool with_priorities = (flags & 2U) != 0;
    if (flags > 7) return false;
    if (with_priorities && !(priorities_ ? priorities_->load(in) : priorities::skip(in))) {
      return false;
    }
    left_out = out;
    return load_rows(in, out, with_priorities, (flags & 4U) != 0);
  }

 private:
  bool load_rows(byte_reader& in, std::uint64_t left_out, bool with_priorities,
                 bool with_drawn) noexcept {
    for (std::uint64_t i = 0; i < left_out + slots_.size(); ++i) {
      const std::uint8_t ended = in.u8();
      const float priority = with_priorities ? in.f32() : 0;
      const std::uint64_t drawn = with_drawn ? in.varint() : 0;
      if (!in.ok() || ended > 1 || drawn > 0xffffffffU) return false;
      if (i < left_out) {
        cut_ = ended == 0;
        continue;
      }
      const std::uint32_t slot = slots_.slot(static_cast<std::size_t>(i - left_out));
      ends_.set(slot, ended == 1);
      if (!drawn_.empty()) drawn_[slot] = static_cast<std::uint32_t>(drawn);
      if (!priorities_) continue;
      if (!with_priorities) {
        priorities_->add(slot);
      } else if (!priorities_->restore(slot, priority)) {
        return false;
      }
    }
    return true;
  }
  template <class Fetch>
  struct sink {
    drawn_row* out;
    Fetch& fetch_row;
    void fetch(const std::uint32_t* slots, std::size_t n) const noexcept {
      for (std::size_t i = 0; i < n; ++i) fetch_row(slots[i]);
    }
    void take(std::size_t k, const std::uint32_t* slots, std::size_t n) const noexcept {
      for (std::size_t i = 0; i < n; ++i) out[k + i].id.slot = slots[i];
    }
    void swap(std::size_t a, std::size_t b) const noexcept { std::swap(out[a].id, out[b].id); }
  };
  template <class Out>
  struct counted {
    replay_index& index;
    Out& out;
    void fetch(const std::uint32_t* slots, std::size_t n) const noexcept { out.fetch(slots, n); }
    void take(std::size_t k, const std::uint32_t* slots, std::size_t n) const noexcept {
      for (std::size_t i = 0; i < n; ++i) index.note(slots[i]);
      out.take(k, slots, n);
    }
    void swap(std::size_t a, std::size_t b) const noexcept { out.swap(a, b); }
  };
  static row_id named(const row_id& row) noexcept { return row; }
  static row_id named(const drawn_row& row) noexcept { return row.id; }

  bool ready() const noexcept { return slots_.size() >= options_.min_size; }
  void note(std::uint32_t slot) noexcept {
    ages_ += slots_.age(slot);
    ++noted_;
    if (!drawn_.empty()) ++drawn_[slot];
  }
  /// The slot of the end that is the oldest. @pre there is one
  std::uint32_t first_end() const noexcept {
    const std::uint32_t first = slots_.slot(0);
    return slot_of({first, 0}, run_from(first, slots_.size()) - 1);
  }
  /// The episode that ends there, to the oldest row at most.
  row_run episode_to(std::uint32_t end) const noexcept {
    const std::uint32_t oldest = slots_.slot(0);
    std::uint32_t from = ends_.after_last(oldest <= end ? oldest : 0, end);
    if (from == 0 && oldest > end) {
      from = ends_.after_last(oldest, slots_.capacity());
      if (from < slots_.capacity()) return {from, slots_.capacity() - from + end + 1};
      from = 0;
    }
    return {from, end - from + 1};
  }

  replay_options options_;
  replay_slots slots_;
  episode_ends ends_;
  std::optional<priorities> priorities_;
  std::vector<std::uint32_t> drawn_;  // how often; none where that is not counted
  rng random_;
  std::uint64_t stale_ = 0;            // updates refused
  std::uint64_t ages_ = 0, noted_ = 0;  // of rows as they were drawn: sum, number
  bool cut_ = false;                   // of the oldest row's episode the beginning is gone
};

}  // namespace v1
}  // namespace gyre
