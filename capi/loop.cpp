// loop.cpp - the bodies of gyre/loop.h that act on loops: remove, find, pause, trigger, stop.
// Room: capi. Threads: any call from any thread; the owner's mutex guards the ids of its loops.
#include <utility>
#include <vector>

#include "objects.hpp"
#include "values.hpp"

using namespace gyre;
using namespace gyre::capi;

gyre_status gyre_loop_remove(gyre_loop loop, gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    std::vector<std::uint32_t> gone;  // the engine's ids, then ours
    auto removed = with_loop(loop, [&](engine_object& owner, gyre::loop& handle) -> result<void> {
      GYRE_CHECK(handle.remove(gone));
      const std::lock_guard<std::mutex> hold(owner.mutex);
      for (std::uint32_t& id : gone) {
        const auto known = owner.loops.find(id);
        id = known == owner.loops.end() ? 0 : known->second;
        if (id != 0) owner.loops.erase(known);
      }
      return ok;
    });
    if (!removed) return removed;
    for (const std::uint32_t id : gone) {
      if (id != 0) (void)retire<loop_object>(id);
    }
    return ok;
  });
}

gyre_status gyre_loop_find(gyre_engine engine, const char* name, gyre_loop* out, gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    GYRE_CHECK(not_null(name, "name"));
    GYRE_CHECK(not_null(out, "out"));
    GYRE_TRY(found, owner->engine->find(name));
    GYRE_TRY(id, loop_id(*owner, found.id()));
    *out = id;
    return ok;
  });
}

gyre_status gyre_loop_pause(gyre_loop loop) {
  return guard(nullptr, [&] {
    return with_loop(loop, [](engine_object&, gyre::loop& handle) { return handle.pause(); });
  });
}

gyre_status gyre_loop_resume(gyre_loop loop) {
  return guard(nullptr, [&] {
    return with_loop(loop, [](engine_object&, gyre::loop& handle) { return handle.resume(); });
  });
}

static gyre_status act_on_loops(gyre_engine engine, const char* pattern, double factor,
                                uint32_t* count, gyre_error* err,
                                result<std::uint32_t> (*act)(gyre::engine&, const char*, double)) {
  return guard(err, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    GYRE_CHECK(not_null(pattern, "pattern"));
    GYRE_TRY(n, act(*owner->engine, pattern, factor));
    if (count) *count = n;
    return ok;
  });
}

gyre_status gyre_loops_pause(gyre_engine engine, const char* pattern, uint32_t* count,
                             gyre_error* err) {
  return act_on_loops(engine, pattern, 1, count, err, [](gyre::engine& e, const char* p, double) {
    return e.pause_loops(p);
  });
}

gyre_status gyre_loops_resume(gyre_engine engine, const char* pattern, uint32_t* count,
                              gyre_error* err) {
  return act_on_loops(engine, pattern, 1, count, err, [](gyre::engine& e, const char* p, double) {
    return e.resume_loops(p);
  });
}

gyre_status gyre_loops_stop(gyre_engine engine, const char* pattern, uint32_t* count,
                            gyre_error* err) {
  return act_on_loops(engine, pattern, 1, count, err, [](gyre::engine& e, const char* p, double) {
    return e.stop_loops(p);
  });
}

gyre_status gyre_loops_throttle(gyre_engine engine, const char* pattern, double factor,
                                uint32_t* count, gyre_error* err) {
  return act_on_loops(engine, pattern, factor, count, err,
                      [](gyre::engine& e, const char* p, double f) {
                        return e.throttle_loops(p, f);
                      });
}

gyre_status gyre_loop_trigger(gyre_loop loop) {
  return guard(nullptr, [&] {
    return with_loop(loop, [](engine_object&, gyre::loop& handle) { return handle.trigger(); });
  });
}

gyre_status gyre_loop_reward(gyre_loop loop, uint32_t ticket, double reward, gyre_error* err) {
  return guard(err, [&] {
    return with_loop(loop, [&](engine_object& owner, gyre::loop& handle) {
      return owner.engine->reward({handle.id(), ticket}, reward);
    });
  });
}

gyre_status gyre_loop_knob(gyre_loop loop, const char* knob, double* out) {
  return guard(nullptr, [&] {
    return with_loop(loop, [&](engine_object&, gyre::loop& handle) -> result<void> {
      GYRE_CHECK(not_null(knob, "knob"));
      GYRE_CHECK(not_null(out, "out"));
      GYRE_TRY(stats, handle.stats());
      for (const knob_reading& k : stats.knobs) {
        if (k.name != knob) continue;
        if (stats.metrics.cycles == 0) return fail(code::state, "the loop has not ticked yet");
        *out = k.value;
        return ok;
      }
      return fail(code::not_found, "the loop has no such knob");
    });
  });
}
