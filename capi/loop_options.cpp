// loop_options.cpp - the bodies of gyre/loop.h that read what a loop is: add one, change one.
// Room: capi. Threads: any call from any thread; the owner's mutex guards the ids of its loops.
#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "knobs.hpp"
#include "learning.hpp"
#include "objects.hpp"
#include "values.hpp"

namespace gyre::capi {

namespace {

result<gate> gate_of(const gyre_gate& g) {
  const auto limits = [&](double close, double open) -> result<std::pair<double, double>> {
    const double at = g.close_at != 0 ? g.close_at : close;
    const double until = g.open_at != 0 ? g.open_at : std::min(open, at);
    if (!(until <= at)) return fail(code::arg, "gates: open_at is over close_at, or one is NaN");
    return std::pair(at, until);
  };
  switch (g.kind) {
    case GYRE_GATE_CPU: {
      GYRE_TRY(l, limits(80, 70));
      return gates::cpu(l.first, l.second);
    }
    case GYRE_GATE_MEMORY: {
      GYRE_TRY(l, limits(85, 80));
      return gates::memory(l.first, l.second);
    }
    case GYRE_GATE_LATENCY:
      if (!(g.close_at > 0)) return fail(code::arg, "gates: a latency gate needs close_at > 0");
      return gates::latency(g.close_at);
    case GYRE_GATE_MODE:
      if (g.mode) GYRE_CHECK(check_name(g.mode, "gates: mode"));
      return gates::mode(g.mode ? g.mode : "normal");
    default:
      return unknown("gates", g.kind);
  }
}

constexpr std::uint32_t known_loop_flags = GYRE_LOOP_PAUSED | GYRE_LOOP_EXTERNAL |
                                           GYRE_LOOP_DEFERRABLE | GYRE_LOOP_STATELESS |
                                           GYRE_LOOP_COUNTERS | GYRE_LOOP_SEQUENTIAL |
                                           GYRE_LOOP_ENGINE_FEATURES;

result<void> read_space(const gyre_loop_options& o, loop_options& out) {
  GYRE_TRY(knobs, knobs_of(o.knobs, o.knob_count));
  out.knobs = std::move(knobs);
  GYRE_TRY(list, features_of(o.features, o.feature_count));
  const std::uint32_t named = o.flags & (GYRE_LOOP_STATELESS | GYRE_LOOP_ENGINE_FEATURES);
  if ((named != 0 && !list.empty()) || named == (GYRE_LOOP_STATELESS | GYRE_LOOP_ENGINE_FEATURES)) {
    return fail(code::arg, "GYRE_LOOP_STATELESS, GYRE_LOOP_ENGINE_FEATURES and features exclude "
                "each other");
  }
  if (named == GYRE_LOOP_ENGINE_FEATURES) {
    out.features = engine_features;
  } else {
    out.features = std::move(list);
  }
  GYRE_TRY(gates, copies(o.gates, o.gate_count, "gates"));
  for (const gyre_gate& g : gates) {
    GYRE_TRY(made, gate_of(g));
    out.gates.push_back(std::move(made));
  }
  return ok;
}

result<loop_options> options_of(const gyre_loop_options& o) {
  if ((o.flags & ~known_loop_flags) != 0) return fail(code::unsupported, "unknown flags");
  if (o.missed < GYRE_MISSED_ONCE || o.missed > GYRE_MISSED_DELAY) {
    return unknown("missed", o.missed);
  }
  loop_options out;
  GYRE_CHECK(check_name(o.name, "name"));
  out.name = o.name;
  GYRE_TRY(interval, ms_of(o.interval_ms, "interval_ms"));
  out.interval = interval;
  GYRE_CHECK(set_ms(out.timeout, o.timeout_ms, "timeout_ms"));
  set_or_none(out.jitter, o.jitter);
  GYRE_CHECK(set_ms(out.retry.base, o.backoff_ms, "backoff_ms"));
  GYRE_CHECK(set_ms(out.retry.cap, o.backoff_cap_ms, "backoff_cap_ms"));
  constexpr missed_policy policies[] = {missed_policy::once, missed_policy::skip,
                                        missed_policy::burst, missed_policy::delay};
  out.missed = policies[o.missed];
  if (o.burst != 0) out.burst = o.burst;
  out.priority = o.priority;
  if (o.group) GYRE_CHECK(check_name(o.group, "group"));
  out.group = text_of(o.group);
  out.parent = text_of(o.parent);
  out.paused = (o.flags & GYRE_LOOP_PAUSED) != 0;
  out.deferrable = (o.flags & GYRE_LOOP_DEFERRABLE) != 0;
  if ((o.flags & GYRE_LOOP_COUNTERS) != 0) out.metrics = metrics_mode::counters;
  GYRE_TRY(learning, learning_of(o));
  out.learning = learning;
  out.learning.sequential = (o.flags & GYRE_LOOP_SEQUENTIAL) != 0;
  if (o.slack_ms == GYRE_NONE) out.slack = duration{0};
  else GYRE_CHECK(set_ms(out.slack, o.slack_ms, "slack_ms"));
  GYRE_TRY(rails, tuning_of(o.tuning));
  out.tuning = std::move(rails);
  GYRE_CHECK(read_space(o, out));
  return out;
}

/// Takes a callback's tick out of the table, however the callback ended.
struct tick_name {
  gyre_tick id;
  ~tick_name() { (void)table().take<tick_object>(id); }
};

/// The tick function around a caller's callback.
std::function<void(tick&)> calls(std::shared_ptr<registration> called, gyre_tick_fn function) {
  return [called = std::move(called), function](tick& t) {
    const inside_of here_now(called->engine);  // also where the notifier is called, if it is here
    const std::shared_ptr<user_data> user = called->user();
    if (!user) return;
    tick_object object;
    object.engine = called->engine;
    object.running = &t;
    const auto id = table().insert(&object);
    if (!id) {
      (void)t.fail(id.error().text);
      return;
    }
    const tick_name named{*id};
    gyre_status status = GYRE_E_CALLBACK;
    call(*called, [&] { function(user->user, *id, &status); });
    if (status != GYRE_OK) (void)t.fail("the callback did not report GYRE_OK");
  };
}

}  // namespace

}  // namespace gyre::capi

using namespace gyre;
using namespace gyre::capi;

gyre_status gyre_loop_create(gyre_engine engine, const gyre_loop_options* options, gyre_loop* out,
                             gyre_error* err) {
  user_data given = user_of(options);
  return guard(err, [&]() -> result<void> {
    auto called = std::make_shared<registration>(engine, given);
    GYRE_TRY(owner, pin<engine_object>(engine));
    called->on_own_threads = owner->own_threads;
    GYRE_CHECK(not_null(out, "out"));
    GYRE_TRY(o, checked(options, "options"));
    const bool external = (o.flags & GYRE_LOOP_EXTERNAL) != 0;
    if (external != (o.tick == nullptr)) {
      return fail(code::arg, external ? "tick must be NULL with GYRE_LOOP_EXTERNAL"
                                      : "tick is NULL: without GYRE_LOOP_EXTERNAL it is needed");
    }
    GYRE_TRY(native, options_of(o));
    auto object = std::make_unique<loop_object>();
    object->engine = engine;
    object->called = called;
    loop_object* const raw = object.get();
    // Named before it is added: its first tick may run before this call is over. The lock keeps
    // loop_id() from making a second id for it meanwhile.
    const std::lock_guard<std::mutex> hold(owner->mutex);
    std::map<std::uint32_t, gyre_loop> known{{0, 0}};  // a node for owner->loops
    GYRE_TRY(id, adopt(std::move(object)));
    detail::undo unnamed([&]() noexcept { (void)destroy<loop_object>(id); });
    GYRE_TRY(added, external ? owner->engine->add_external(std::move(native))
                             : owner->engine->add(std::move(native), calls(called, o.tick)));
    unnamed.keep();  // from here on nothing fails
    raw->handle = added;
    raw->ready.store(true, std::memory_order_release);
    auto node = known.extract(known.begin());
    node.key() = added.id();
    node.mapped() = id;
    owner->loops.insert(std::move(node));
    *out = id;
    return ok;
  });
}

gyre_status gyre_loop_reconfigure(gyre_loop loop, const gyre_loop_change* change, gyre_error* err) {
  return guard(err, [&] {
    return with_loop(loop, [&](engine_object&, gyre::loop& handle) -> result<void> {
      GYRE_TRY(c, checked(change, "change"));
      GYRE_CHECK(check_reserved(c.reserved));
      GYRE_CHECK(check_reserved(c.reserved_2));
      loop_change native;
      if (c.interval_ms != 0) {
        GYRE_TRY(interval, ms_of(c.interval_ms, "interval_ms"));
        native.interval = interval;
      }
      if (c.timeout_ms != 0) {
        GYRE_TRY(timeout, ms_of(c.timeout_ms, "timeout_ms"));
        native.timeout = timeout;
      }
      if (c.jitter != 0) native.jitter = c.jitter == GYRE_NONE ? 0 : c.jitter;
      if (c.mode != 0) {
        GYRE_TRY(mode, mode_of(c.mode));
        native.mode = mode;
      }
      const auto given = [](double v) { return v == GYRE_NONE ? 0 : v; };
      if (c.at_random != 0) native.at_random = given(c.at_random);
      if (c.explore_from != 0) {
        const double from = given(c.explore_from);
        const double to = c.explore_to == 0 ? from : given(c.explore_to);
        native.explore = exploration{.from = from, .to = to, .over = c.explore_over};
      } else if (c.explore_to != 0 || c.explore_over != 0) {
        return fail(code::arg, "explore_from is needed with explore_to and explore_over");
      }
      return handle.reconfigure(native);
    });
  });
}
