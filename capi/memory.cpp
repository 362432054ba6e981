// memory.cpp - the bodies of gyre/memory.h that need an engine: remember, recall, consolidate.
// Room: capi. Threads: any call from any thread.
#include <cmath>
#include <span>
#include <string>
#include <vector>

#include <gyre/edge/json.hpp>

#include "objects.hpp"
#include "values.hpp"

using namespace gyre;
using namespace gyre::capi;

gyre_status gyre_memory_remember(gyre_engine engine, const gyre_record* record, gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    GYRE_TRY(r, checked(record, "record"));
    GYRE_CHECK(not_null(r.text, "text"));
    gyre::record native;
    native.text = r.text;
    native.user = text_of(r.user);
    native.role = text_of(r.role);
    native.source = text_of(r.source);
    set_or_none(native.importance, r.importance);
    if (!(r.wall_ms >= 0 && r.wall_ms <= 9e15)) {
      return wrong("wall_ms", r.wall_ms, "0..9e15");
    }
    native.wall_ms = static_cast<std::int64_t>(r.wall_ms);
    if (r.tag_count > 0) GYRE_CHECK(not_null(r.tags, "tags"));
    if (r.tag_count > 64) return fail(code::arg, "tag_count is over 64");
    for (std::uint32_t i = 0; i < r.tag_count; ++i) {
      GYRE_CHECK(not_null(r.tags[i], "a tag"));
      native.tags.emplace_back(r.tags[i]);
    }
    return owner->engine->remember(native);
  });
}

gyre_status gyre_memory_recall(gyre_engine engine, const gyre_query* query, char* buf, uint32_t cap,
                               uint32_t* needed, gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    gyre::query native;
    if (query) {
      GYRE_TRY(q, checked(query, "query"));
      if (q.limit != 0) native.limit = q.limit;
      native.text = text_of(q.text);
      native.tag = text_of(q.tag);
      native.user = text_of(q.user);
      native.source = text_of(q.source);
      if (!(std::abs(q.from_wall_ms) <= 9e15 && std::abs(q.to_wall_ms) <= 9e15)) {
        return fail(code::arg, "from_wall_ms and to_wall_ms: finite milliseconds expected");
      }
      if (q.from_wall_ms != 0) native.from_ms = static_cast<std::int64_t>(q.from_wall_ms);
      if (q.to_wall_ms != 0) native.to_ms = static_cast<std::int64_t>(q.to_wall_ms);
    }
    const std::vector<gyre::record> found = owner->engine->recall(native);
    return put_text(to_json(std::span(found), owner->engine->wall_ms()), buf, cap, needed);
  });
}

gyre_status gyre_memory_consolidate(gyre_engine engine, gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    GYRE_CHECK(owner->engine->consolidate());
    return ok;
  });
}

gyre_status gyre_memory_metrics_read(gyre_engine engine, gyre_memory_metrics* out) {
  return guard(nullptr, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    GYRE_CHECK(check_out(out, "out"));
    const memory_stats s = owner->engine->snapshot().memory;
    gyre_memory_metrics m{};
    m.block_count = static_cast<std::uint32_t>(s.blocks);
    m.remembered = s.remembered;
    m.in_ring = s.in_ring;
    m.in_blocks = s.in_blocks;
    m.archived = s.archived;
    m.evicted = s.evicted;
    m.merged = s.merged;
    m.pruned = s.pruned;
    m.compressions = s.compressions;
    m.raw_bytes = s.raw_bytes;
    m.stored_bytes = s.stored_bytes;
    m.resident_bytes = s.resident_bytes;
    m.budget_bytes = s.budget_bytes;
    m.saved_percent = s.saved_percent;
    write_out(out, m);
    return ok;
  });
}
