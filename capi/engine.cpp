// engine.cpp - the bodies of gyre/engine.h: make, start, move and stop an engine.
// Room: capi. Threads: as the header says of each; ids are taken from the registry.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <string>
#include <utility>

#include "objects.hpp"
#include "values.hpp"

namespace gyre::capi {

namespace {

constexpr duration longest_destroy = std::chrono::seconds(5);

result<engine_options> options_of(const gyre_engine_options& o) {
  if (o.forget_times > 1) return wrong("forget_times", o.forget_times, "0 or 1");
  if ((o.api_version >> 8 & 0xFF) > 99 || (o.api_version & 0xFF) > 99) {
    return wrong("api_version", o.api_version, "GYRE_VERSION");
  }
  if (o.api_version != 0 && o.api_version >> 16 != version_major) {
    return fail(code::abi, "the program was built for gyre ", o.api_version >> 16,
                ".x and this library is ", version_text, ": upgrade whichever is older");
  }
  if (o.driver < GYRE_DRIVER_WORKERS || o.driver > GYRE_DRIVER_VIRTUAL) {
    return unknown("driver", o.driver);
  }
  engine_options out;
  constexpr driver drivers[] = {driver::workers, driver::host, driver::virtual_time};
  out.driver = drivers[o.driver];
  out.shards = o.shards != 0 ? o.shards : 1;
  if (o.seed != 0) out.seed = o.seed;
  out.store = text_of(o.store);
  GYRE_CHECK(set_ms(out.window, o.window_ms, "window_ms"));
  if (o.memory_bytes != 0) {
    GYRE_TRY(bytes,
             count_of(o.memory_bytes, 1e12, "memory_bytes", "a whole number of at most 1e12"));
    out.memory.budget_bytes = static_cast<std::size_t>(bytes);
  }
  if (o.memory_ring != 0) out.memory.ring = o.memory_ring;
  out.keep_times = o.forget_times == 0;
  return out;
}

}  // namespace

}  // namespace gyre::capi

using namespace gyre;
using namespace gyre::capi;

gyre_status gyre_engine_create(const gyre_engine_options* options, gyre_engine* out,
                               gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_CHECK(not_null(out, "out"));
    gyre_engine_options given{};
    if (options) {
      GYRE_TRY(o, checked(options, "options"));
      given = o;
    }
    GYRE_TRY(native, options_of(given));
    auto object = std::make_unique<engine_object>();
    object->own_threads = native.driver == driver::workers;
    GYRE_TRY(made, engine::create(std::move(native)));
    object->engine = std::move(made);
    engine_object* const raw = object.get();
    GYRE_TRY(id, adopt(std::move(object)));
    raw->id = id;  // nobody else knows the id yet
    *out = id;
    return ok;
  });
}

gyre_status gyre_engine_destroy(gyre_engine engine, gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_CHECK(not_inside(engine, "gyre_engine_destroy"));
    const instant until = monotonic_now() + longest_destroy;
    // No call begins from here on. In a callback of another engine there is no waiting for a thread
    // that moves this one: its callback may wait for us in the same way.
    GYRE_TRY(owner, table().close<engine_object>(engine, inside_of::any()));
    // What is under way ends as on an engine that runs; but what moves it might go on for ever.
    (void)table().outlast(owner, false, longest_destroy);
    (void)detail::if_memory([&] {
      (void)owner->engine->stop(std::max(duration{0}, until - monotonic_now()));
    });
    (void)table().outlast(owner, true, until - monotonic_now());
    return ok;  // ~engine_object() runs here, or in the thread that is still inside
  });
}

gyre_status gyre_engine_start(gyre_engine engine, gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    return owner->engine->start();
  });
}

gyre_status gyre_engine_stop(gyre_engine engine, double deadline_ms, char* names, uint32_t cap,
                             uint32_t* needed, gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    GYRE_CHECK(not_inside(engine, "gyre_engine_stop"));
    duration deadline = std::chrono::seconds(5);
    GYRE_CHECK(set_ms(deadline, deadline_ms, "deadline_ms"));
    if (cap > 0) GYRE_CHECK(not_null(names, "names"));
    GYRE_TRY(late, owner->engine->stop(deadline));
    if (late.empty()) {  // "" for who asks
      if (needed) *needed = 1;
      if (cap > 0) *names = 0;
      return ok;
    }
    std::string list;
    for (const std::string& name : late) list += (list.empty() ? "" : "\n") + name;
    if (names || needed) GYRE_CHECK(put_text(list, names, cap, needed));
    for (char& c : list) c = c == '\n' ? ' ' : c;
    return fail(code::timeout, "still running after the deadline: ", list);
  });
}

gyre_status gyre_engine_poll(gyre_engine engine, double now_ms, uint32_t max_ticks,
                             gyre_poll_result* out, gyre_error* err) {
  return gyre_engine_poll_within(engine, now_ms, max_ticks, 0, out, err);
}

gyre_status gyre_engine_poll_within(gyre_engine engine, double now_ms, uint32_t max_ticks,
                                    double budget_ms, gyre_poll_result* out, gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    const auto driving = table().drive(owner);
    if (!driving) return driving.error();
    if (out) GYRE_CHECK(check_out(out, "out"));
    GYRE_TRY(now, ms_of(now_ms, "now_ms"));
    duration budget = no_budget;
    GYRE_CHECK(set_ms(budget, budget_ms, "budget_ms"));
    const std::uint64_t most = max_ticks == 0 ? ~std::uint64_t{0} : max_ticks;
    GYRE_TRY(done, owner->engine->poll(now, most, budget));
    if (!out) return ok;
    gyre_poll_result r{};
    r.more = done.more ? 1 : 0;
    r.ticks = done.ticks;
    r.next_due_ms = done.next_due == never ? -1 : to_ms(done.next_due);
    write_out(out, r);
    return ok;
  });
}

gyre_status gyre_engine_advance_to(gyre_engine engine, double to_ms, gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    const auto driving = table().drive(owner);
    if (!driving) return driving.error();
    GYRE_TRY(to, ms_of(to_ms, "to_ms"));
    GYRE_CHECK(owner->engine->advance_to(to));
    return ok;
  });
}

gyre_status gyre_engine_step_to(gyre_engine engine, double to_ms, double* now, gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    const auto driving = table().drive(owner);
    if (!driving) return driving.error();
    GYRE_TRY(to, ms_of(to_ms, "to_ms"));
    GYRE_CHECK(owner->engine->step_to(to));
    if (now) *now = gyre::to_ms(owner->engine->now());
    return ok;
  });
}

gyre_status gyre_engine_jump_to(gyre_engine engine, double to_ms, gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    const auto driving = table().drive(owner);
    if (!driving) return driving.error();
    GYRE_TRY(to, ms_of(to_ms, "to_ms"));
    return owner->engine->jump_to(to);
  });
}

gyre_status gyre_engine_now(gyre_engine engine, double* out) {
  return guard(nullptr, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    GYRE_CHECK(not_null(out, "out"));
    *out = to_ms(owner->engine->now());
    return ok;
  });
}

gyre_status gyre_engine_state(gyre_engine engine, gyre_engine_info* out) {
  return guard(nullptr, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    GYRE_CHECK(check_out(out, "out"));
    const snapshot_data s = owner->engine->snapshot();
    gyre_engine_info info{};
    info.driver = s.driver == "workers" ? GYRE_DRIVER_WORKERS
                  : s.driver == "host"  ? GYRE_DRIVER_HOST
                                        : GYRE_DRIVER_VIRTUAL;
    info.running = s.running ? 1 : 0;
    info.shards = s.shards;
    info.loops = static_cast<std::uint32_t>(s.totals.loops);
    info.seed = s.seed;
    info.now_ms = s.now_ms;
    write_out(out, info);
    return ok;
  });
}

gyre_status gyre_engine_supply(gyre_engine engine, const gyre_reading* reading, gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    GYRE_TRY(r, checked(reading, "reading"));
    GYRE_CHECK(check_reserved(r.reserved));
    gyre::reading native;
    for (auto [from, to] : {std::pair(r.cpu_percent, &native.cpu_percent),
                            std::pair(r.memory_percent, &native.memory_percent),
                            std::pair(r.latency_ms, &native.latency_ms)}) {
      if (from == GYRE_NONE) continue;
      if (!(from >= 0 && std::isfinite(from))) {
        return wrong("a reading", from, "a finite number >= 0, or GYRE_NONE,");
      }
      *to = from;
    }
    if (r.mode) {
      GYRE_CHECK(check_name(r.mode, "mode"));
      native.mode = r.mode;
    }
    owner->engine->supply(native);
    return ok;
  });
}

gyre_status gyre_engine_save(gyre_engine engine, void* buf, uint32_t cap, uint32_t* needed,
                             gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    return put_bytes(as_text(owner->engine->save()), buf, cap, needed);
  });
}

gyre_status gyre_engine_load(gyre_engine engine, const void* data, uint32_t size,
                             uint32_t* left_out, gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    if (size > 0) GYRE_CHECK(not_null(data, "data"));
    GYRE_TRY(left, owner->engine->load(bytes_of(data, size)));
    if (left_out) *left_out = left;
    return ok;
  });
}

gyre_status gyre_engine_sync(gyre_engine engine, gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    GYRE_CHECK(not_inside(engine, "gyre_engine_sync"));
    if (!owner->engine->has_store()) return ok;
    return owner->engine->sync();
  });
}
