// tiles.cpp - the bodies of gyre/tiles.h: a learner that sees numbers, by itself.
// Room: capi. Threads: any call from any thread; a learner's mutex guards all of it.
#include <cmath>
#include <memory>
#include <mutex>
#include <utility>

#include <gyre/learn/tile_learner.hpp>

#include "registry.hpp"
#include "values.hpp"

namespace gyre::capi {

namespace {

struct tiles_object : object {
  static constexpr kind id_kind = kind::tiles;
  tiles_object(const tile_options& o, std::uint64_t seed) : learns(o, seed, 0) {}
  std::mutex mutex;
  tile_learner learns;
};

/// Calls f(tile_learner&) under the learner's mutex.
template <class F>
gyre_status with_tiles(gyre_tiles tiles, gyre_error* err, F&& f) {
  return guard(err, [&]() -> result<void> {
    GYRE_TRY(object, pin<tiles_object>(tiles));
    const std::lock_guard<std::mutex> hold(object->mutex);
    return f(object->learns);
  });
}

result<tile_options> tile_options_of(const gyre_tiles_options& o) {
  tile_options out;
  if (o.axis_count == 0 || o.axis_count > tiles::most_axes) {
    return fail(code::arg, "axis_count: 1..32 expected, not ", o.axis_count);
  }
  GYRE_CHECK(not_null(o.lows, "lows"));
  GYRE_CHECK(not_null(o.highs, "highs"));
  GYRE_CHECK(not_null(o.cuts, "cuts"));
  for (std::uint32_t i = 0; i < o.axis_count; ++i) {
    out.axes.push_back({o.lows[i], o.highs[i], o.cuts[i]});
  }
  out.actions = o.actions;
  if (o.tilings != 0) out.tilings = o.tilings;
  if (o.weights != 0) out.weights = o.weights;
  if (o.method != 0) out.method = static_cast<learning_method>(o.method <= 8 ? o.method : 255);
  set_or_none(out.discount, o.discount);
  if (o.learning_rate != 0) out.learning_rate = o.learning_rate;
  set_or_none(out.lambda, o.lambda);
  set_or_none(out.explore.from, o.explore_from);
  out.explore.to = out.explore.from;
  set_or_none(out.explore.to, o.explore_to);
  GYRE_TRY(over, count_of(o.explore_over, 9e15, "explore_over", "a whole number of 0..9e15"));
  out.explore.over = over;
  out.explore.how = static_cast<exploring>(o.explore_how <= 5 ? o.explore_how : 255);
  GYRE_CHECK(check_reserved(o.reserved));
  GYRE_CHECK(check(out));
  return out;
}

result<void> check_rows(const tile_learner& l, const float* rows, std::uint32_t count,
                        const char* what) {
  GYRE_CHECK(not_null(rows, what));
  const std::size_t n = l.options().axes.size() * count;
  for (std::size_t i = 0; i < n; ++i) {
    if (!std::isfinite(rows[i])) return fail(code::arg, what, ": finite numbers expected");
  }
  return ok;
}

gyre_status tile_actions(gyre_tiles tiles, const float* seen, std::uint32_t* actions,
                         std::uint32_t count, bool explores) {
  return with_tiles(tiles, nullptr, [&](tile_learner& l) -> result<void> {
    if (count == 0) return ok;
    GYRE_CHECK(check_rows(l, seen, count, "seen"));
    GYRE_CHECK(not_null(actions, "actions"));
    const std::size_t wide = l.options().axes.size();
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::span<const float> row(seen + i * wide, wide);
      actions[i] = explores ? l.act(row) : l.greedy(row);
    }
    return ok;
  });
}

}  // namespace

}  // namespace gyre::capi

using namespace gyre;
using namespace gyre::capi;

gyre_status gyre_tiles_create(const gyre_tiles_options* options, gyre_tiles* out,
                              gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_CHECK(not_null(out, "out"));
    GYRE_TRY(o, checked(options, "options"));
    GYRE_TRY(how, tile_options_of(o));
    GYRE_TRY(id, adopt(std::make_unique<tiles_object>(how, o.seed ? o.seed : 1)));
    *out = id;
    return ok;
  });
}

gyre_status gyre_tiles_destroy(gyre_tiles tiles) {
  return guard(nullptr, [&] { return destroy<tiles_object>(tiles); });
}

gyre_status gyre_tiles_choose(gyre_tiles tiles, const float* seen, uint32_t* actions,
                              uint32_t count) {
  return tile_actions(tiles, seen, actions, count, true);
}

gyre_status gyre_tiles_greedy(gyre_tiles tiles, const float* seen, uint32_t* actions,
                              uint32_t count) {
  return tile_actions(tiles, seen, actions, count, false);
}

gyre_status gyre_tiles_observe(gyre_tiles tiles, const float* seen, const uint32_t* actions,
                               const double* rewards, const float* next, const uint32_t* flags,
                               uint32_t count) {
  return with_tiles(tiles, nullptr, [&](tile_learner& l) -> result<void> {
    if (count == 0) return ok;
    GYRE_CHECK(check_rows(l, seen, count, "seen"));
    GYRE_CHECK(check_rows(l, next, count, "next"));
    GYRE_CHECK(not_null(actions, "actions"));
    GYRE_CHECK(not_null(rewards, "rewards"));
    for (std::uint32_t i = 0; i < count; ++i) {  // all are checked before any is taken
      GYRE_CHECK(check_index("an action", actions[i], l.actions()));
      if (!std::isfinite(rewards[i])) return wrong("a reward", rewards[i], "a finite number");
      constexpr std::uint32_t both = GYRE_TRANSITION_TERMINATED | GYRE_TRANSITION_TRUNCATED;
      if (flags && (flags[i] & ~both) != 0) return fail(code::unsupported, "unknown flags");
      if (flags && flags[i] == both) {
        return fail(code::arg, "a transition is terminated or truncated, not both");
      }
    }
    const std::size_t wide = l.options().axes.size();
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::uint32_t f = flags ? flags[i] : 0;
      (void)l.observe({{seen + i * wide, wide}, actions[i], rewards[i], {next + i * wide, wide},
                       f == GYRE_TRANSITION_TERMINATED, f == GYRE_TRANSITION_TRUNCATED});
    }
    return ok;
  });
}

gyre_status gyre_tiles_save(gyre_tiles tiles, void* buf, uint32_t cap, uint32_t* needed) {
  return with_tiles(tiles, nullptr, [&](tile_learner& l) -> result<void> {
    byte_writer out;
    l.save(out);
    return put_bytes(as_text(out.data()), buf, cap, needed);
  });
}

gyre_status gyre_tiles_load(gyre_tiles tiles, const void* data, uint32_t size, gyre_error* err) {
  return with_tiles(tiles, err, [&](tile_learner& l) -> result<void> {
    if (size > 0) GYRE_CHECK(not_null(data, "data"));
    byte_reader in(bytes_of(data, size));
    return l.load(in);
  });
}
