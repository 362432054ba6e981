// replay.cpp - the bodies of gyre/replay.h: a replay buffer of rows of the caller's own type.
// Room: capi. Threads: any call from any thread; a buffer's mutex guards all of it.
#include "replay_object.hpp"

using namespace gyre;
using namespace gyre::capi;

gyre_status gyre_replay_create(const gyre_replay_options* options, gyre_replay* out,
                               gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_CHECK(not_null(out, "out"));
    GYRE_TRY(o, checked(options, "options"));
    GYRE_CHECK(check_reserved(o.reserved));
    GYRE_CHECK(check_reserved(o.reserved2));
    GYRE_TRY(schema, schema_of(o));
    GYRE_TRY(how, replay_options_of(o));
    GYRE_CHECK(check(how));
    GYRE_CHECK(check_bytes(replay_index::rows_for(how, schema.stride), how, schema.stride));
    GYRE_TRY(id, adopt(std::make_unique<replay_object>(how, schema)));
    *out = id;
    return ok;
  });
}

gyre_status gyre_replay_destroy(gyre_replay replay) {
  return guard(nullptr, [&] { return destroy<replay_object>(replay); });
}

gyre_status gyre_replay_push(gyre_replay replay, const void* rows, uint32_t count) {
  return with_replay(replay, nullptr, [&](replay_object& r) -> result<void> {
    if (count == 0) return ok;
    GYRE_CHECK(not_null(rows, "rows"));
    r.push(static_cast<const std::byte*>(rows), count);
    return ok;
  });
}

gyre_status gyre_replay_end_episode(gyre_replay replay) {
  return with_replay(replay, nullptr, [&](replay_object& r) -> result<void> {
    r.index.end_episode();
    return ok;
  });
}

gyre_status gyre_replay_sample(gyre_replay replay, void* rows, uint32_t count, uint32_t flags) {
  return with_replay(replay, nullptr, [&](replay_object& r) -> result<void> {
    if ((flags & ~GYRE_SAMPLE_WITH_REPLACEMENT) != 0) {
      return fail(code::unsupported, "unknown flags");
    }
    if (count == 0) return ok;
    GYRE_CHECK(not_null(rows, "rows"));
    return r.sample(static_cast<std::byte*>(rows), count, flags != 0);
  });
}

gyre_status gyre_replay_draw(gyre_replay replay, uint32_t* slots, uint32_t* generations,
                             float* weights, float* probabilities, uint32_t count,
                             uint32_t flags) {
  return with_replay(replay, nullptr, [&](replay_object& r) -> result<void> {
    if ((flags & ~(GYRE_SAMPLE_WITH_REPLACEMENT | GYRE_SAMPLE_UNIFORM)) != 0) {
      return fail(code::unsupported, "unknown flags");
    }
    if (count == 0) return ok;
    GYRE_CHECK(not_null(slots, "slots"));
    GYRE_CHECK(r.draw(count, flags));
    for (std::uint32_t i = 0; i < count; ++i) {
      slots[i] = r.batch[i].id.slot;
      if (generations != nullptr) generations[i] = r.batch[i].id.generation;
      if (weights != nullptr) weights[i] = r.batch[i].weight;
      if (probabilities != nullptr) probabilities[i] = r.batch[i].probability;
    }
    return ok;
  });
}

gyre_status gyre_replay_draw_runs(gyre_replay replay, uint32_t* firsts, uint32_t* counts,
                                  uint32_t count, uint32_t length) {
  return with_replay(replay, nullptr, [&](replay_object& r) -> result<void> {
    if (count == 0) return ok;
    GYRE_CHECK(not_null(firsts, "firsts"));
    GYRE_CHECK(not_null(counts, "counts"));
    r.runs.resize(count);
    const bool some = length == 0 ? r.index.sample_episodes(r.runs)
                                  : r.index.sample_runs(r.runs, length);
    if (!some) return fail(code::state, "there is nothing to draw yet");
    for (std::uint32_t i = 0; i < count; ++i) {
      firsts[i] = r.runs[i].first;
      counts[i] = r.runs[i].count;
    }
    return ok;
  });
}

gyre_status gyre_replay_read(gyre_replay replay, const uint32_t* slots, uint32_t count,
                             uint32_t column, void* out) {
  return with_replay(replay, nullptr, [&](replay_object& r) -> result<void> {
    const replay_schema& s = r.schema;
    if (column > s.columns.size()) return fail(code::arg, "there is no column ", column);
    GYRE_CHECK(r.check_slots(slots, count));
    if (count == 0) return ok;
    GYRE_CHECK(not_null(out, "out"));
    const bool whole = column == s.columns.size();
    const std::uint32_t offset = whole ? 0 : s.columns[column].offset;
    const std::uint32_t bytes = whole ? s.row_size : s.columns[column].bytes;
    r.gather(slots, count, offset, bytes, static_cast<std::byte*>(out));
    return ok;
  });
}

gyre_status gyre_replay_update(gyre_replay replay, const uint32_t* slots,
                               const uint32_t* generations, const float* errors, uint32_t count,
                               uint32_t* refused) {
  return with_replay(replay, nullptr, [&](replay_object& r) -> result<void> {
    if (!r.index.options().prioritized) return fail(code::state, "there are no priorities");
    std::size_t no = 0;
    if (count > 0) {
      GYRE_CHECK(not_null(slots, "slots"));
      GYRE_CHECK(not_null(generations, "generations"));
      GYRE_CHECK(not_null(errors, "errors"));
      r.ids.resize(count);
      for (std::uint32_t i = 0; i < count; ++i) r.ids[i] = {slots[i], generations[i]};
      const replay_update done = r.index.update(std::span<const row_id>(r.ids), {errors, count});
      no = done.stale + done.not_finite;
    }
    if (refused != nullptr) *refused = static_cast<std::uint32_t>(no);
    return ok;
  });
}

gyre_status gyre_replay_n_step(gyre_replay replay, const uint32_t* slots, uint32_t count,
                               uint32_t n, double gamma, double* rewards, double* bootstraps,
                               uint32_t* lasts, uint32_t* steps) {
  return with_replay(replay, nullptr, [&](replay_object& r) -> result<void> {
    if (r.schema.reward < 0) return fail(code::state, "no column is of role REWARD");
    if (n == 0) return wrong("n", n, "1 or more");
    if (!(gamma >= 0 && gamma <= 1)) return wrong("gamma", gamma, "0..1");
    GYRE_CHECK(r.check_slots(slots, count));
    if (count == 0) return ok;
    GYRE_CHECK(not_null(rewards, "rewards"));
    GYRE_CHECK(not_null(bootstraps, "bootstraps"));
    for (std::uint32_t i = 0; i < count; ++i) {
      const n_step_return got = r.n_step(slots[i], n, gamma);
      rewards[i] = got.reward;
      bootstraps[i] = got.bootstrap;
      if (lasts != nullptr) lasts[i] = got.last;
      if (steps != nullptr) steps[i] = got.steps;
    }
    return ok;
  });
}

gyre_status gyre_replay_rows_read(gyre_replay replay, const uint32_t* slots, uint32_t count,
                                  uint32_t* ages, uint32_t* drawn, float* priorities) {
  return with_replay(replay, nullptr, [&](replay_object& r) -> result<void> {
    GYRE_CHECK(r.check_slots(slots, count));
    for (std::uint32_t i = 0; i < count; ++i) {
      const row_stats s = r.index.stats_of(slots[i]);
      if (ages != nullptr) ages[i] = s.age;
      if (drawn != nullptr) drawn[i] = s.sampled;
      if (priorities != nullptr) priorities[i] = s.priority;
    }
    return ok;
  });
}

gyre_status gyre_replay_resize(gyre_replay replay, uint32_t capacity, gyre_error* err) {
  return with_replay(replay, err, [&](replay_object& r) -> result<void> {
    if (capacity == 0) return wrong("capacity", capacity, "1 or more rows");
    GYRE_CHECK(check_bytes(capacity, r.index.options(), r.schema.stride));
    r.resize(capacity);
    return ok;
  });
}

gyre_status gyre_replay_save(gyre_replay replay, void* buf, uint32_t cap, uint32_t* needed) {
  return with_replay(replay, nullptr, [&](replay_object& r) {
    byte_writer out;
    r.save(out);
    const auto& bytes = out.data();
    return put_bytes({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, buf, cap, needed);
  });
}

gyre_status gyre_replay_load(gyre_replay replay, const void* data, uint32_t size,
                             gyre_error* err) {
  return with_replay(replay, err, [&](replay_object& r) -> result<void> {
    if (size > 0) GYRE_CHECK(not_null(data, "data"));
    byte_reader in(bytes_of(data, size));
    return r.load(in);
  });
}

gyre_status gyre_replay_check(gyre_replay replay) {
  return with_replay(replay, nullptr, [&](replay_object& r) -> result<void> {
    if (!r.index.check()) return fail(code::corrupt, "the parts do not agree");
    return ok;
  });
}

gyre_status gyre_replay_metrics_read(gyre_replay replay, gyre_replay_metrics* out) {
  return with_replay(replay, nullptr, [&](replay_object& r) -> result<void> {
    GYRE_CHECK(check_out(out, "out"));
    const replay_stats s = r.index.stats();
    gyre_replay_metrics m{};
    m.row_size = r.schema.row_size;
    m.rows = s.size;
    m.capacity = s.capacity;
    m.total_added = s.total_added;
    m.total_sampled = s.total_sampled;
    m.utilization = static_cast<double>(s.size) / static_cast<double>(s.capacity);
    m.stale_updates = s.stale_updates;
    m.episodes = s.episodes;
    m.mean_age = s.mean_age;
    m.beta = s.beta;
    m.total_priority = s.total_priority;
    m.greatest_priority = s.greatest_priority;
    write_out(out, m);
    return ok;
  });
}
