// tick.cpp - the bodies of gyre/tick.h: the verbs of a tick, and ticks that the caller runs.
// Room: capi. Threads: the verbs on one tick one at a time; a second pin is refused.
#include <array>
#include <cmath>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "objects.hpp"
#include "values.hpp"

namespace gyre::capi {

namespace {

/// A status of the C++ tick as a result; its text went into the tick itself.
result<void> said(code c, const char* text) {
  if (c == code::ok) return ok;
  return fail(c, c == code::cancelled ? "the tick was given up" : text);
}

/// Gives up the ids of external ticks that were completed, or have timed out unanswered. Under the
/// owner's mutex. Not at each call: with many out, that would be most of it. Nor so seldom that an
/// id could name another tick meanwhile, which is after some 262,000.
void sweep(engine_object& owner) {
  std::erase_if(owner.ticks, [&](const auto& held) {
    // No pin: another thread may be using it, and would be told that it is in use.
    if (owner.engine->with_tick(held.second, [](tick&) {})) return false;
    (void)destroy<tick_object>(held.first);  // or its own gyre_tick_complete does
    return true;
  });
  const std::size_t left = owner.ticks.size();
  owner.sweep_at = left + std::min<std::size_t>(left, 65'536) + 1;
}
/// Makes the id of an external tick stale, which is about to end. @return the engine's own id
result<std::uint32_t> hand_back(gyre_engine engine, gyre_tick tick) {
  {
    GYRE_TRY(object, pin<tick_object>(tick, true));
    if (object->running || object->engine != engine) return fail(code::state, "");
  }
  GYRE_TRY(object, table().take<tick_object>(tick));
  return std::unique_ptr<tick_object>(object)->native;
}

}  // namespace

}  // namespace gyre::capi

using namespace gyre;
using namespace gyre::capi;

gyre_status gyre_tick_acquire(gyre_engine engine, gyre_tick* ticks, uint32_t cap, uint32_t* count,
                              gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    GYRE_CHECK(not_null(count, "count"));
    if (cap > 0) GYRE_CHECK(not_null(ticks, "ticks"));
    const std::lock_guard<std::mutex> hold(owner->mutex);
    if (owner->ticks.size() >= owner->sweep_at) sweep(*owner);
    const std::uint32_t taken = owner->engine->acquire(std::span(ticks, cap));
    std::uint32_t n = 0;
    result<void> named = ok;
    const bool memory = detail::if_memory([&] {
      for (; n < taken; ++n) {
        owner->ticks.emplace_back();
        detail::undo nameless([&]() noexcept { owner->ticks.pop_back(); });
        auto object = std::make_unique<tick_object>();
        object->engine = engine;
        object->native = ticks[n];
        auto id = adopt(std::move(object));
        if (!id) named = std::move(id).pass();
        if (!named) return;
        nameless.keep();
        owner->ticks.back() = {*id, ticks[n]};
        ticks[n] = *id;
      }
    });
    // What has no id will time out; those before it are the caller's.
    if (n == 0 && !named) return named;
    if (n == 0 && !memory) return fail(code::nomem, "out of memory");
    *count = n;
    return ok;
  });
}

gyre_status gyre_tick_complete(gyre_tick tick, const gyre_completion* completion) {
  return guard(nullptr, [&]() -> result<void> {
    gyre_completion c{};
    if (completion) {
      GYRE_TRY(read, checked(completion, "completion"));
      c = read;
    }
    duration took{-1};
    GYRE_CHECK(set_ms(took, c.took_ms, "took_ms"));
    {
      GYRE_TRY(object, pin<tick_object>(tick, true));
      if (object->running) return fail(code::state, "a callback's tick ends when it returns");
      GYRE_TRY(owner, pin<engine_object>(object->engine));
      if (c.failed) {
        GYRE_CHECK(owner->engine->with_tick(object->native, [&](gyre::tick& t) {
          (void)t.fail(c.text ? c.text : "failed");
        }));
      }
      GYRE_CHECK(owner->engine->complete(object->native, took));
    }
    (void)destroy<tick_object>(tick);  // or another thread's gyre_tick_acquire has
    return ok;
  });
}

gyre_status gyre_tick_complete_many(gyre_engine engine, const gyre_tick* ticks,
                                    const double* took_ms, uint32_t count, gyre_status* statuses) {
  return guard(nullptr, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    if (count > 0) GYRE_CHECK(not_null(ticks, "ticks"));
    const auto taken = [&](std::uint32_t i) -> result<duration> {
      duration took{-1};
      if (took_ms) GYRE_CHECK(set_ms(took, took_ms[i], "took_ms"));
      return took;
    };
    for (std::uint32_t i = 0; i < count; ++i) GYRE_CHECK(taken(i));
    std::array<completion, 64> some;
    std::array<std::uint32_t, 64> places;
    for (std::uint32_t i = 0; i < count;) {
      std::size_t n = 0;
      for (; i < count && n < some.size(); ++i) {
        code got = code::nomem;  // where there is no memory to say what is wrong with it
        (void)detail::if_memory([&] {
          const auto native = hand_back(engine, ticks[i]);
          got = native.code();
          if (native) some[n] = {.id = *native, .taken = *taken(i)};
        });
        if (statuses) statuses[i] = static_cast<gyre_status>(got);
        if (got == code::ok) places[n++] = i;
      }
      (void)owner->engine->complete(std::span(some).first(n));
      for (std::size_t k = 0; statuses && k < n; ++k) {
        statuses[places[k]] = static_cast<gyre_status>(some[k].status);
      }
    }
    return ok;
  });
}

gyre_status gyre_tick_pending(gyre_tick tick) {
  return guard(nullptr, [&] {
    return with_tick(tick, [&](gyre::tick& t) {
      return said(t.pending(), "only the host driver's ticks can be pending");
    });
  });
}

gyre_status gyre_tick_knob(gyre_tick tick, const char* name, double* out) {
  return guard(nullptr, [&] {
    return with_tick(tick, [&](gyre::tick& t) -> result<void> {
      GYRE_CHECK(not_null(name, "name"));
      GYRE_CHECK(not_null(out, "out"));
      const double value = t.knob(name);
      if (std::isnan(value)) {  // a knob's own values are finite
        const code alive = t.spend(duration{0});
        return said(alive == code::ok ? code::not_found : alive, "the loop has no such knob");
      }
      *out = value;
      return ok;
    });
  });
}

gyre_status gyre_tick_forbid(gyre_tick tick, const char* knob, double value) {
  return guard(nullptr, [&] {
    return with_tick(tick, [&](gyre::tick& t) -> result<void> {
      GYRE_CHECK(not_null(knob, "knob"));
      return said(t.forbid(knob, value), "it cannot be ruled out");
    });
  });
}

gyre_status gyre_tick_used(gyre_tick tick, const char* knob, double value) {
  return guard(nullptr, [&] {
    return with_tick(tick, [&](gyre::tick& t) -> result<void> {
      GYRE_CHECK(not_null(knob, "knob"));
      return said(t.used(knob, value), "the knob has no such value");
    });
  });
}

gyre_status gyre_tick_feature(gyre_tick tick, const char* name, double value) {
  return guard(nullptr, [&] {
    return with_tick(tick, [&](gyre::tick& t) -> result<void> {
      GYRE_CHECK(not_null(name, "name"));
      return said(t.feature(name, value), "the loop has no such feature, or the value is NaN");
    });
  });
}

gyre_status gyre_tick_reward(gyre_tick tick, double reward) {
  return guard(nullptr, [&] {
    return with_tick(tick, [&](gyre::tick& t) {
      return said(t.reward(reward), "the reward is not finite, as a float");
    });
  });
}

gyre_status gyre_tick_reward_later(gyre_tick tick, uint32_t* ticket) {
  return guard(nullptr, [&] {
    return with_tick(tick, [&](gyre::tick& t) -> result<void> {
      GYRE_CHECK(not_null(ticket, "ticket"));
      const gyre::ticket taken = t.reward_later();
      if (taken.number == 0) {
        const code alive = t.spend(duration{0});
        return said(alive == code::ok ? code::state : alive, "it learns what comes next, too");
      }
      *ticket = taken.number;
      return ok;
    });
  });
}

gyre_status gyre_tick_limit(gyre_tick tick, const char* name, double value, double at_most) {
  return guard(nullptr, [&] {
    return with_tick(tick, [&](gyre::tick& t) -> result<void> {
      GYRE_CHECK(check_name(name, "name"));
      return said(t.limit(name, value, at_most), "the limit cannot be taken");
    });
  });
}

gyre_status gyre_tick_cost(gyre_tick tick, double cost) { return gyre_tick_reward(tick, -cost); }

gyre_status gyre_tick_terminated(gyre_tick tick) {
  return guard(nullptr, [&] {
    return with_tick(tick, [](gyre::tick& t) { return said(t.terminated(), ""); });
  });
}

gyre_status gyre_tick_truncated(gyre_tick tick) {
  return guard(nullptr, [&] {
    return with_tick(tick, [](gyre::tick& t) { return said(t.truncated(), ""); });
  });
}

gyre_status gyre_tick_vitality(gyre_tick tick, double vitality) {
  return guard(nullptr, [&] {
    return with_tick(tick, [&](gyre::tick& t) {
      return said(t.vitality(vitality), "vitality: 0..1 expected");
    });
  });
}

gyre_status gyre_tick_fail(gyre_tick tick, const char* text) {
  return guard(nullptr, [&] {
    return with_tick(tick, [&](gyre::tick& t) {
      return said(t.fail(std::string_view(text ? text : "failed").substr(0, 200)), "");
    });
  });
}

gyre_status gyre_tick_spend(gyre_tick tick, double ms) {
  return guard(nullptr, [&] {
    return with_tick(tick, [&](gyre::tick& t) -> result<void> {
      GYRE_TRY(time, ms_of(ms, "ms"));
      return said(t.spend(time), "the time is negative");
    });
  });
}

gyre_status gyre_tick_cancelled(gyre_tick tick) {
  return guard(nullptr, [&] {
    return with_tick(tick, [&](gyre::tick& t) {
      return said(t.cancelled() ? code::cancelled : code::ok, "");
    });
  });
}

gyre_status gyre_tick_info_read(gyre_tick tick, gyre_tick_info* out) {
  return guard(nullptr, [&]() -> result<void> {
    GYRE_CHECK(check_out(out, "out"));
    gyre_tick_info info{};
    std::uint32_t native = 0;
    gyre_engine engine = 0;
    GYRE_CHECK(with_tick(tick, [&](gyre::tick& t) -> result<void> {
      native = t.loop_id();
      info.number = t.number();
      info.missed = t.missed();
      info.due_ms = to_ms(t.due());
      info.elapsed_ms = t.elapsed_ms();
      info.cpu_ms = t.cpu_ms();
      info.calls = t.calls();
      return ok;
    }));
    {
      GYRE_TRY(object, pin<tick_object>(tick));
      engine = object->engine;
    }
    GYRE_TRY(owner, pin<engine_object>(engine));
    info.loop = loop_id_or_0(*owner, native);
    write_out(out, info);
    return ok;
  });
}
