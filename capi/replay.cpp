// replay.cpp - the bodies of gyre/replay.h: a replay buffer of rows of the caller's own type.
// Room: capi. Threads: any call from any thread; a buffer's mutex guards all of it.
#include <cstring>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include <gyre/learn/replay.hpp>

#include "registry.hpp"
#include "values.hpp"

namespace gyre::capi {

namespace {

/// Rows of a size known at run time: the buffer keeps their places, a flat array the rows.
struct replay_object : object {
  static constexpr kind id_kind = kind::replay;
  replay_object(std::uint32_t bytes, std::uint32_t capacity, std::uint64_t seed)
      : row_size(bytes), places(capacity), rows(std::size_t{bytes} * capacity),
        random(seed, 0, purpose::user) {}
  std::mutex mutex;
  std::uint32_t row_size;
  replay<std::uint32_t> places;
  std::vector<std::byte> rows;
  std::vector<std::uint32_t> drawn;
  rng random;
};

constexpr std::uint64_t most_replay_bytes = std::uint64_t{1} << 30;
constexpr std::uint32_t replay_row_extra = 5;  // bytes of bookkeeping: a place and a mark

}  // namespace

}  // namespace gyre::capi

using namespace gyre;
using namespace gyre::capi;

gyre_status gyre_replay_create(const gyre_replay_options* options, gyre_replay* out,
                               gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_CHECK(not_null(out, "out"));
    GYRE_TRY(o, checked(options, "options"));
    GYRE_CHECK(check_reserved(o.reserved));
    const std::uint32_t capacity = o.capacity ? o.capacity : 10'000;
    if (o.row_size < 1 || o.row_size > 65'536) {
      return wrong("row_size", o.row_size, "1..65,536");
    }
    const std::uint64_t bytes = (std::uint64_t{o.row_size} + replay_row_extra) * capacity;
    if (bytes > most_replay_bytes) {
      return fail(code::arg, "(row_size + ", replay_row_extra, ") x capacity is ", bytes,
                  ": at most 1 GiB is allowed");
    }
    auto object = std::make_unique<replay_object>(o.row_size, capacity, o.seed ? o.seed : 1);
    GYRE_TRY(id, adopt(std::move(object)));
    *out = id;
    return ok;
  });
}

gyre_status gyre_replay_destroy(gyre_replay replay) {
  return guard(nullptr, [&] { return destroy<replay_object>(replay); });
}

gyre_status gyre_replay_push(gyre_replay replay, const void* rows, uint32_t count) {
  return guard(nullptr, [&]() -> result<void> {
    GYRE_TRY(buffer, pin<replay_object>(replay));
    if (count == 0) return ok;
    GYRE_CHECK(not_null(rows, "rows"));
    const std::lock_guard<std::mutex> hold(buffer->mutex);
    const auto* from = static_cast<const std::byte*>(rows);
    const std::size_t bytes = buffer->row_size;
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto place =
          static_cast<std::uint32_t>(buffer->places.total_added() % buffer->places.capacity());
      std::memcpy(&buffer->rows[place * bytes], from + i * bytes, bytes);
      buffer->places.push(place);
    }
    return ok;
  });
}

gyre_status gyre_replay_sample(gyre_replay replay, void* rows, uint32_t count, uint32_t flags) {
  return guard(nullptr, [&]() -> result<void> {
    GYRE_TRY(buffer, pin<replay_object>(replay));
    if ((flags & ~GYRE_SAMPLE_WITH_REPLACEMENT) != 0) {
      return fail(code::unsupported, "unknown flags");
    }
    if (count == 0) return ok;
    GYRE_CHECK(not_null(rows, "rows"));
    const std::lock_guard<std::mutex> hold(buffer->mutex);
    const auto how = flags ? sampling::with_replacement : sampling::without_replacement;
    const std::size_t held = buffer->places.size();
    if (held == 0 || (flags == 0 && count > held)) {
      return fail(code::state, "fewer rows than asked for");
    }
    buffer->drawn.resize(count);
    if (!buffer->places.sample(std::span(buffer->drawn), buffer->random, how)) {
      return fail(code::internal, "sampling failed");
    }
    auto* to = static_cast<std::byte*>(rows);
    const std::size_t bytes = buffer->row_size;
    for (std::uint32_t i = 0; i < count; ++i) {
      std::memcpy(to + i * bytes, &buffer->rows[buffer->drawn[i] * bytes], bytes);
    }
    return ok;
  });
}

gyre_status gyre_replay_metrics_read(gyre_replay replay, gyre_replay_metrics* out) {
  return guard(nullptr, [&]() -> result<void> {
    GYRE_TRY(buffer, pin<replay_object>(replay));
    GYRE_CHECK(check_out(out, "out"));
    const std::lock_guard<std::mutex> hold(buffer->mutex);
    gyre_replay_metrics m{};
    m.row_size = buffer->row_size;
    m.rows = buffer->places.size();
    m.capacity = buffer->places.capacity();
    m.total_added = buffer->places.total_added();
    m.total_sampled = buffer->places.total_sampled();
    m.utilization = buffer->places.utilization();
    write_out(out, m);
    return ok;
  });
}
