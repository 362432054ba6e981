// replay_buffer.hpp - replay with all that goes with it: priorities, n-step returns, episodes.
// Room: learn. Threads: one owner at a time.
#pragma once

#include <gyre/learn/replay_index.hpp>
#include <gyre/learn/row_store.hpp>
#include <type_traits>
#include <utility>

namespace gyre {
inline namespace v1 {

/// Whether an episode ends with this row: of a type with `terminated` or `truncated`, where one of
/// them is not 0.
template <class Row>
bool ends_episode(const Row& row) noexcept {
  bool end = false;
  if constexpr (requires { row.terminated; }) end = end || row.terminated != 0;
  if constexpr (requires { row.truncated; }) end = end || row.truncated != 0;
  return end;
}

/// The newest rows of one stream of experience, in order, to be drawn by priority or uniformly, one
/// by one, with what came of the next n steps, as sequences, or as whole episodes.
///
///     struct step {
///       float seen[4]; std::int32_t action; float reward; float next[4];
///       std::uint8_t terminated, truncated;  // next is the true one, also when truncated
///     };
///     gyre::replay_buffer<step> kept({.capacity = 100'000, .prioritized = true});
///     kept.push(one);
///     gyre::drawn_row batch[32];
///     if (!kept.sample(batch)) return;        // too few rows
///     kept.visit(batch, [&](std::size_t k, const step& row) { ... });
///     kept.update(batch, errors);             // of what was replaced meanwhile: refused, counted
///
/// Memory is taken in the constructor, resize() and load() only. What is drawn depends on options,
/// rows and calls, on nothing else: the same natively and in wasm, and by a buffer that was loaded.
/// Rows of several environments need a buffer each, or n-step returns and episodes mix them.
template <class Row>
class replay_buffer {
 public:
  /// @pre check(options)
  explicit replay_buffer(const replay_options& options = {})
      : index_(options, row_store<Row>::row_bytes), rows_(index_.slots().capacity()) {}

  /// Appends a row; the oldest makes room.
  row_id push(const Row& row) noexcept { return push(row, ends_episode(row)); }
  /// @param ended nothing of its episode follows
  row_id push(const Row& row, bool ended) noexcept {
    const row_id id = index_.push(ended);
    rows_.put(id.slot, row);
    return id;
  }
  void push(std::span<const Row> rows) noexcept {
    for (const Row& row : rows) push(row);
  }
  /// What comes next is of another episode, though the last row does not say so.
  void end_episode() noexcept { index_.end_episode(); }
  void clear() noexcept { index_.clear(); }

  /// See replay_index.
  bool sample(std::span<drawn_row> out) noexcept {
    return index_.sample(out, [this](std::uint32_t slot) { rows_.fetch(slot); });
  }
  bool sample(std::span<drawn_row> out, sampling how) noexcept {
    return index_.sample(out, how, [this](std::uint32_t slot) { rows_.fetch(slot); });
  }
  bool sample_runs(std::span<row_run> out, std::uint32_t length) noexcept {
    return index_.sample_runs(out, length);
  }
  bool sample_episodes(std::span<row_run> out) noexcept { return index_.sample_episodes(out); }
  replay_update update(std::span<const drawn_row> rows, std::span<const float> errors) noexcept {
    return index_.update(rows, errors);
  }
  replay_update update(std::span<const row_id> rows, std::span<const float> errors) noexcept {
    return index_.update(rows, errors);
  }

  /// Calls `f(k, row)` for each row of a batch, in order, and fetches the next ones meanwhile.
  /// @pre nothing was pushed since it was drawn, or each row is still held
  template <class F>
  void visit(std::span<const drawn_row> batch, F&& f) const noexcept {
    rows_.visit(batch.size(), [&](std::size_t k) { return batch[k].id.slot; }, f);
  }
  /// ... of a run.
  template <class F>
  void visit(row_run run, F&& f) const noexcept {
    rows_.visit(run.count, [&](std::size_t k) {
      return index_.slot_of(run, static_cast<std::uint32_t>(k));
    }, f);
  }
  /// Copies members of a batch's rows into arrays of the caller's:
  /// `columns(batch, into(&step::action, actions), into(&step::reward, rewards))`.
  template <class... T>
  void columns(std::span<const drawn_row> batch, row_column<Row, T>... column) const noexcept {
    visit(batch, [&](std::size_t k, const Row& row) {
      ((column.out[k] = row.*column.member), ...);
    });
  }

  /// From a row on, at most n steps, none beyond the end of its episode or the newest row.
  /// Rows have `reward`, and `terminated` where what follows is worth nothing.
  /// @pre there is a row in the slot, n > 0
  n_step_return n_step(std::uint32_t slot, std::uint32_t n, double gamma) const noexcept {
    return index_.n_step(
        slot, n, gamma,
        [this](std::uint32_t at) { return static_cast<double>(rows_[at].reward); },
        [this](std::uint32_t at) {
          if constexpr (requires(const Row& row) { row.terminated; }) {
            return rows_[at].terminated != 0;
          } else {
            return false;
          }
        });
  }
  /// ... of each row of a batch. @pre out.size() == batch.size()
  void n_step(std::span<const drawn_row> batch, std::uint32_t n, double gamma,
              std::span<n_step_return> out) const noexcept {
    visit(batch, [&](std::size_t k, const Row&) {
      out[k] = n_step(batch[k].id.slot, n, gamma);
    });
  }
  /// How many rows follow each other from there, at most `most`. See replay_index.
  row_run run_from(std::uint32_t slot, std::uint32_t most) const noexcept {
    return {slot, index_.run_from(slot, most)};
  }

  /// i-th oldest row. @pre i < size()
  const Row& operator[](std::size_t i) const noexcept { return rows_[index_.slots().slot(i)]; }
  /// @pre there is a row in the slot
  const Row& at(std::uint32_t slot) const noexcept { return rows_[slot]; }
  bool holds(row_id row) const noexcept { return index_.slots().holds(row); }
  std::uint32_t size() const noexcept { return index_.slots().size(); }
  std::uint32_t capacity() const noexcept { return index_.slots().capacity(); }
  /// Heap memory of it all.
  std::uint64_t bytes() const noexcept {
    return replay_index::bytes(capacity(), index_.options(), row_store<Row>::row_bytes);
  }
  replay_stats stats() noexcept { return index_.stats(); }
  row_stats stats_of(std::uint32_t slot) const noexcept { return index_.stats_of(slot); }
  bool check() noexcept { return index_.check(); }

  /// Keeps the newest rows that fit, with all that is known of them; their names hold no more.
  /// Takes memory for both while it lasts. @param capacity 0 counts as 1
  void resize(std::uint32_t capacity) {
    replay_index index = index_.resized(std::max(capacity, 1U));
    row_store<Row> rows(index.slots().capacity());
    const std::uint32_t left_out = size() - index.slots().size();
    for (std::uint32_t i = 0; i < index.slots().size(); ++i) rows.put(i, (*this)[left_out + i]);
    index_ = std::move(index);
    rows_ = std::move(rows);
  }

  /// Writes everything: rows, names, priorities, totals, the position of the draws. The row's type
  /// needs, where it is declared, `void encode(byte_writer&, const Row&)` and
  /// `bool decode(byte_reader&, Row&)`.
  void save(byte_writer& out) const {
    index_.save(out);
    for (std::uint32_t i = 0; i < size(); ++i) encode(out, (*this)[i]);
  }
  /// Takes over what save() wrote and goes on as the other would have, where capacity and options
  /// are the same. Of a buffer of another capacity the newest rows, whose names hold no more.
  /// code::corrupt when the bytes contradict themselves: nothing changed.
  result<void> load(byte_reader& in) {
    replay_buffer read(index_.options());
    std::uint64_t left_out = 0;
    if (!read.index_.load(in, left_out)) return fail(code::corrupt, "replay: its index is damaged");
    const std::uint64_t count = left_out + read.size();
    // Slots are first written in order, and a full buffer's oldest row is not in the first.
    for (std::uint32_t slot = 0; slot < read.size(); ++slot) read.rows_.put(slot, Row{});
    for (std::uint64_t i = 0; i < count; ++i) {
      Row row{};
      if (!decode(in, row) || !in.ok()) {
        return fail(code::corrupt, "replay: row ", i, " of ", count, " is damaged or missing");
      }
      if (i >= left_out) read.rows_.put(read.index_.slots().slot(i - left_out), row);
    }
    *this = std::move(read);
    return ok;
  }

 private:
  replay_index index_;
  row_store<Row> rows_;
};

}  // namespace v1
}  // namespace gyre
