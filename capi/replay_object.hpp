// replay_object.hpp - a replay buffer of rows whose fields are known at run time.
// Room: capi. Threads: its mutex guards all of it.
#pragma once
#include <algorithm>
#include <cstring>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include <gyre/core/portable.hpp>
#include <gyre/learn/replay_buffer.hpp>

#include "registry.hpp"
#include "values.hpp"

namespace gyre::capi {

/// Calls `f` with what copies `bytes` bytes, `copy(to, from)`: a call of memcpy is most of what a
/// few bytes cost when their number is known only now.
template <class F>
void with_copy(std::uint32_t bytes, F&& f) noexcept {
#if !defined(__EMSCRIPTEN__)  // the module is to be small
  const auto ends = [bytes](auto block) {  // two blocks, which may overlap
    return [bytes](std::byte* to, const std::byte* from) {
      std::memcpy(to, from, sizeof block);
      const std::uint32_t rest = bytes - static_cast<std::uint32_t>(sizeof block);
      std::memcpy(to + rest, from + rest, sizeof block);
    };
  };
  struct half_line {
    std::uint64_t words[4];
  };
  if (bytes == 1) return f([](std::byte* to, const std::byte* from) { *to = *from; });
  if (bytes >= 4 && bytes <= 8) return f(ends(std::uint32_t{}));
  if (bytes > 8 && bytes <= 16) return f(ends(std::uint64_t{}));
  if (bytes >= 32 && bytes <= 64) return f(ends(half_line{}));
#endif
  f([bytes](std::byte* to, const std::byte* from) { std::memcpy(to, from, bytes); });
}

/// Where the fields of a row lie.
struct replay_schema {
  std::uint32_t row_size = 0, stride = 0;  // bytes; what a row takes
  std::vector<gyre_replay_column> columns;
  int reward = -1, terminated = -1, truncated = -1;  // their places in `columns`
};

/// Errors: ARG, UNSUPPORTED.
inline result<replay_schema> schema_of(const gyre_replay_options& o) {
  replay_schema s;
  if (o.row_size < 1 || o.row_size > GYRE_ROW_MAX) {
    return wrong("row_size", o.row_size, "1..65,536");
  }
  s.row_size = o.row_size;
  constexpr std::uint32_t line = cache_line;
  s.stride = o.row_size > line / 2 ? (o.row_size + line - 1) / line * line : o.row_size;
  if (o.column_count > 64) return wrong("column_count", o.column_count, "at most 64");
  GYRE_TRY(columns, copies(o.columns, o.column_count, "columns"));
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const gyre_replay_column& c = columns[i];
    if (c.bytes == 0 || c.bytes > o.row_size || c.offset > o.row_size - c.bytes) {
      return fail(code::arg, "column ", i, " is ", c.bytes, " bytes at ", c.offset,
                  ": 1 or more within the row's ", o.row_size, " expected");
    }
    if (c.role > GYRE_COLUMN_TRUNCATED) return unknown("role", static_cast<std::int32_t>(c.role));
    if (c.role == GYRE_COLUMN_PLAIN) continue;
    int& place = c.role == GYRE_COLUMN_REWARD       ? s.reward
                 : c.role == GYRE_COLUMN_TERMINATED ? s.terminated
                                                    : s.truncated;
    if (place >= 0) return fail(code::arg, "columns ", place, " and ", i, " have the same role");
    if (c.role == GYRE_COLUMN_REWARD && c.bytes != 4 && c.bytes != 8) {
      return fail(code::arg, "the reward has ", c.bytes, " bytes: 4 or 8 expected");
    }
    place = static_cast<int>(i);
  }
  s.columns = std::move(columns);
  return s;
}

/// Errors: ARG, UNSUPPORTED. check() says whether the numbers are within bounds.
inline result<replay_options> replay_options_of(const gyre_replay_options& o) {
  constexpr std::uint32_t known =
      GYRE_REPLAY_PRIORITIZED | GYRE_REPLAY_COUNT_SAMPLES | GYRE_REPLAY_WEIGHTS_BY_ALL;
  if ((o.flags & ~known) != 0) return fail(code::unsupported, "unknown flags");
  replay_options how;
  if (o.capacity != 0) how.capacity = o.capacity;
  if (o.seed != 0) how.seed = o.seed;
  if (o.min_size != 0) how.min_size = o.min_size;
  GYRE_TRY(budget, count_of(o.budget_bytes, 1 << 30, "budget_bytes", "0..2^30, whole,"));
  how.budget_bytes = budget;
  how.prioritized = (o.flags & GYRE_REPLAY_PRIORITIZED) != 0;
  how.count_samples = (o.flags & GYRE_REPLAY_COUNT_SAMPLES) != 0;
  priority_options& p = how.priority;
  if ((o.flags & GYRE_REPLAY_WEIGHTS_BY_ALL) != 0) p.weights = weights_by::all;
  set_or_none(p.alpha, o.alpha);
  set_or_none(p.beta, o.beta);
  set_or_none(p.beta_end, o.beta_end);
  set_or_none(p.epsilon, o.epsilon);
  double steps = static_cast<double>(p.beta_steps);
  set_or_none(steps, o.beta_steps);
  GYRE_TRY(whole, count_of(steps, 1e15, "beta_steps", "0..1e15, whole,"));
  p.beta_steps = whole;
  return how;
}

/// ARG: so many rows would be too much.
inline result<void> check_bytes(std::uint32_t rows, const replay_options& how,
                                std::uint32_t stride) {
  const std::uint64_t bytes = replay_index::bytes(rows, how, stride);
  if (bytes <= std::uint64_t{1} << 30) return ok;
  return fail(code::arg, rows, " rows take ", bytes, " bytes: at most 1 GiB is allowed");
}

struct replay_object : object {
  static constexpr kind id_kind = kind::replay;
  replay_object(const replay_options& how, replay_schema of)
      : schema(std::move(of)), index(how, schema.stride),
        rows(lines(index.slots().capacity())) {}

  std::byte* at(std::uint32_t slot) noexcept {
    return reinterpret_cast<std::byte*>(rows.data()) + std::size_t{slot} * schema.stride;
  }
  /// Appends rows that lie end to end.
  void push(const std::byte* row, std::uint32_t count) noexcept {
    const std::uint32_t size = schema.row_size;
    const bool may_end = schema.terminated >= 0 || schema.truncated >= 0;
    while (count > 0) {
      const row_run run = index.push_run(std::min(count, 64U), [&](std::uint32_t i) {
        const std::byte* const one = row + std::size_t{i} * size;
        return may_end && (says(schema.terminated, one) || says(schema.truncated, one));
      });
      with_copy(size, [=, to = at(run.first), stride = schema.stride](auto copy) {
        for (std::size_t i = 0; i < run.count; ++i) copy(to + i * stride, row + i * size);
      });
      row += std::size_t{run.count} * size;
      count -= run.count;
    }
  }
  /// Copies `bytes` from `offset` on of the row in each slot, end to end.
  void gather(const std::uint32_t* slots, std::uint32_t count, std::uint32_t offset,
              std::uint32_t bytes, std::byte* to) noexcept {
    constexpr std::uint32_t ahead = 32;  // so many are fetched before they are read
    // Values, since what is written through a pointer to bytes might be any member.
    with_copy(bytes, [=, from = at(0) + offset, stride = schema.stride](auto copy) {
      for (std::uint32_t i = 0; i < count; ++i) {
        if (i + ahead < count) {
          __builtin_prefetch(from + std::size_t{slots[i + ahead]} * stride);
        }
        copy(to + std::size_t{i} * bytes, from + std::size_t{slots[i]} * stride);
      }
    });
  }
  /// Draws rows uniformly and copies them, end to end. STATE: nothing was drawn.
  result<void> sample(std::byte* to, std::uint32_t count, bool twice) {
    picked.resize(count);
    const auto how = twice ? sampling::with_replacement : sampling::without_replacement;
    if (!index.pick(count, how, slots_of{*this})) return too_few();
    gather(picked.data(), count, 0, schema.row_size, to);
    return ok;
  }
  /// Into `batch`. STATE: nothing was drawn.
  result<void> draw(std::uint32_t count, std::uint32_t flags) {
    batch.resize(count);
    const auto how = (flags & GYRE_SAMPLE_WITH_REPLACEMENT) != 0 ? sampling::with_replacement
                                                                 : sampling::without_replacement;
    const auto fetch = [this](std::uint32_t slot) { __builtin_prefetch(at(slot)); };
    const bool uniform = (flags & GYRE_SAMPLE_UNIFORM) != 0 || !index.options().prioritized;
    const bool some =
        uniform ? index.sample(batch, how, fetch) : index.sample(batch, fetch);
    if (!some) return too_few();
    return ok;
  }
  static error too_few() { return fail(code::state, "fewer rows than asked for"); }
  /// ARG: there is no row in one of them.
  result<void> check_slots(const std::uint32_t* slots, std::uint32_t count) const {
    if (count > 0) GYRE_CHECK(not_null(slots, "slots"));
    for (std::uint32_t i = 0; i < count; ++i) {
      if (slots[i] >= index.slots().size()) {
        return fail(code::arg, "slot ", slots[i], ": there are ", index.slots().size(), " rows");
      }
    }
    return ok;
  }
  /// @pre there is a column of rewards, and a row in the slot
  n_step_return n_step(std::uint32_t slot, std::uint32_t n, double gamma) noexcept {
    return index.n_step(
        slot, n, gamma, [this](std::uint32_t at_slot) { return reward(at_slot); },
        [this](std::uint32_t at_slot) { return says(schema.terminated, at(at_slot)); });
  }
  void resize(std::uint32_t capacity) {
    replay_index other = index.resized(capacity);
    std::vector<row_line, huge_allocator<row_line>> moved(lines(capacity));
    const std::uint32_t out = index.slots().size() - other.slots().size();
    for (std::uint32_t i = 0; i < other.slots().size(); ++i) {
      std::memcpy(reinterpret_cast<std::byte*>(moved.data()) + std::size_t{i} * schema.stride,
                  at(index.slots().slot(out + i)), schema.row_size);
    }
    index = std::move(other);
    rows = std::move(moved);
  }
  void save(byte_writer& out) {
    out.u8(format);
    out.u32(schema.row_size);
    index.save(out);
    for (std::uint32_t i = 0; i < index.slots().size(); ++i) {
      out.raw({at(index.slots().slot(i)), schema.row_size});
    }
  }
  /// FORMAT, CORRUPT: nothing changed.
  result<void> load(byte_reader& in) {
    if (in.u8() != format || in.u32() != schema.row_size) {
      return fail(code::format, "the bytes are not those of rows of ", schema.row_size, " bytes");
    }
    replay_index read(index.options(), schema.stride);
    std::uint64_t left_out = 0;
    const std::uint64_t size = schema.row_size;
    if (!read.load(in, left_out) || in.remaining() != (left_out + read.slots().size()) * size) {
      return fail(code::corrupt, "the bytes are damaged");
    }
    (void)in.raw(left_out * size);
    index = std::move(read);
    for (std::uint32_t i = 0; i < index.slots().size(); ++i) {
      std::memcpy(at(index.slots().slot(i)), in.raw(size).data(), schema.row_size);
    }
    return ok;
  }

  std::mutex mutex;
  replay_schema schema;
  replay_index index;
  std::vector<drawn_row> batch;
  std::vector<std::uint32_t> picked;  // slots
  std::vector<row_id> ids;
  std::vector<row_run> runs;

 private:
  static constexpr std::uint8_t format = 1;
  struct alignas(cache_line) row_line {
    std::byte bytes[cache_line];
  };
  struct slots_of {  // see replay_slots::draw
    replay_object& r;
    void fetch(const std::uint32_t* some, std::size_t n) const noexcept {
      const std::byte* const first = r.at(0);
      const std::size_t stride = r.schema.stride;
      for (std::size_t i = 0; i < n; ++i) __builtin_prefetch(first + some[i] * stride);
    }
    void take(std::size_t k, const std::uint32_t* some, std::size_t n) const noexcept {
      std::copy(some, some + n, r.picked.data() + k);
    }
    void swap(std::size_t a, std::size_t b) const noexcept { std::swap(r.picked[a], r.picked[b]); }
  };
  std::size_t lines(std::uint64_t capacity) const noexcept {
    return static_cast<std::size_t>((capacity * schema.stride + cache_line - 1) / cache_line);
  }
  bool says(int column, const std::byte* row) const noexcept {
    if (column < 0) return false;
    const gyre_replay_column& c = schema.columns[static_cast<std::size_t>(column)];
    if (c.bytes == 1) return row[c.offset] != std::byte{0};
    for (std::uint32_t i = 0; i < c.bytes; ++i) {
      if (row[c.offset + i] != std::byte{0}) return true;
    }
    return false;
  }
  double reward(std::uint32_t slot) noexcept {
    const gyre_replay_column& c = schema.columns[static_cast<std::size_t>(schema.reward)];
    float narrow;
    double wide;
    if (c.bytes == sizeof wide) {
      std::memcpy(&wide, at(slot) + c.offset, sizeof wide);
      return wide;
    }
    std::memcpy(&narrow, at(slot) + c.offset, sizeof narrow);
    return static_cast<double>(narrow);
  }

  std::vector<row_line, huge_allocator<row_line>> rows;
};

/// Runs `body` with the buffer that the id names, alone.
template <class F>
gyre_status with_replay(gyre_replay replay, gyre_error* err, F&& body) noexcept {
  return guard(err, [&]() -> result<void> {
    GYRE_TRY(buffer, pin<replay_object>(replay));
    const std::lock_guard<std::mutex> hold(buffer->mutex);
    return body(*buffer);
  });
}

}  // namespace gyre::capi
