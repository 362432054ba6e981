// tuner.cpp - the bodies of gyre/tuner.h: a tuner by itself.
// Room: capi. Threads: any call from any thread; a tuner's mutex guards all of it.
#include <cmath>
#include <cstring>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <gyre/core/bytes.hpp>
#include <gyre/engine/checks.hpp>
#include <gyre/learn/tuner.hpp>

#include "knobs.hpp"
#include "registry.hpp"

namespace gyre::capi {

namespace {

struct tuner_object : object {
  static constexpr kind id_kind = kind::tuner;
  tuner_object(gyre::space space, const tuner_options& options, std::uint64_t seed,
               std::uint64_t stream)
      : where(std::move(space)), learns(where.shape(), options, seed, stream) {}
  const gyre::space where;
  std::mutex mutex;  // the rest
  tuner learns;
};

/// with_tuner() without the type, so that it exists once.
using tuner_call = result<void>(void* f, tuner_object& t);
gyre_status call_with_tuner(gyre_tuner id, gyre_error* err, tuner_call* call, void* f) {
  return guard(err, [&]() -> result<void> {
    GYRE_TRY(object, pin<tuner_object>(id));
    const std::lock_guard<std::mutex> hold(object->mutex);
    return call(f, *object);
  });
}
/// Calls f(tuner_object&) alone on a tuner.
template <class F>
gyre_status with_tuner(gyre_tuner id, gyre_error* err, F f) {
  const auto call = [](void* p, tuner_object& t) { return result<void>((*static_cast<F*>(p))(t)); };
  return call_with_tuner(id, err, call, &f);
}

/// What observe() and observe_failure() of a tuner say by `false`, in words.
result<void> taken(tuner_object& t, std::uint32_t state, std::uint32_t action, bool learned) {
  if (learned) return ok;
  GYRE_CHECK(check_index("state", state, t.where.states()));
  GYRE_CHECK(check_index("action", action, t.where.actions()));
  if (t.learns.options().mode == tuning_mode::frozen) return fail(code::state, "it is frozen");
  return fail(code::arg, "the reward is not finite, or 1e150 and more");
}

}  // namespace

}  // namespace gyre::capi

using namespace gyre;
using namespace gyre::capi;

gyre_status gyre_tuner_create(const gyre_tuner_options* options, gyre_tuner* out,
                              gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_CHECK(not_null(out, "out"));
    GYRE_TRY(o, checked(options, "options"));
    GYRE_CHECK(check_reserved(o.reserved));
    GYRE_TRY(knobs, knobs_of(o.knobs, o.knob_count));
    GYRE_TRY(features, features_of(o.features, o.feature_count));
    GYRE_TRY(where, space::make(std::move(features), std::move(knobs)));
    GYRE_TRY(tuning, tuning_of(o.tuning));
    GYRE_TRY(rails, gyre::detail::rails_of(tuning, where));
    GYRE_CHECK(check(where.shape(), rails));
    auto object = std::make_unique<tuner_object>(std::move(where), rails, o.seed ? o.seed : 1,
                                                 o.stream);
    GYRE_TRY(id, adopt(std::move(object)));
    *out = id;
    return ok;
  });
}

gyre_status gyre_tuner_destroy(gyre_tuner tuner) {
  return guard(nullptr, [&] { return destroy<tuner_object>(tuner); });
}

gyre_status gyre_tuner_state(gyre_tuner tuner, const double* seen, uint32_t count,
                             uint32_t* state) {
  return with_tuner(tuner, nullptr, [&](tuner_object& t) -> result<void> {
    GYRE_CHECK(not_null(state, "state"));
    if (count > 0) GYRE_CHECK(not_null(seen, "seen"));
    if (count != t.where.features().size()) {
      return fail(code::arg, "count is ", count, ": one number for each of ",
                  t.where.features().size(), " features expected");
    }
    std::uint32_t at = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
      if (std::isnan(seen[i])) return fail(code::arg, "what was seen is NaN");
      at = t.where.with_bucket(at, i, t.where.bucket(i, seen[i]));
    }
    *state = at;
    return ok;
  });
}

gyre_status gyre_tuner_values(gyre_tuner tuner, uint32_t action, double* out, uint32_t cap,
                              uint32_t* needed) {
  return with_tuner(tuner, nullptr, [&](tuner_object& t) {
    return put_values(t.where, action, out, cap, needed);
  });
}

gyre_status gyre_tuner_choose(gyre_tuner tuner, uint32_t state, const uint32_t* not_now,
                              uint32_t count, uint32_t* action, double* propensity) {
  return with_tuner(tuner, nullptr, [&](tuner_object& t) -> result<void> {
    GYRE_CHECK(not_null(action, "action"));
    GYRE_CHECK(check_index("state", state, t.where.states()));
    if (count > 0) GYRE_CHECK(not_null(not_now, "not_now"));
    const std::span<const std::uint32_t> left_out(not_now, count);
    for (const std::uint32_t a : left_out) {
      GYRE_CHECK(check_index("not_now", a, t.where.actions()));
    }
    const decision d = t.learns.choose(state, left_out);
    *action = d.action;
    if (propensity) *propensity = d.propensity;
    return ok;
  });
}

gyre_status gyre_tuner_observe(gyre_tuner tuner, uint32_t state, uint32_t action, double reward) {
  return with_tuner(tuner, nullptr, [&](tuner_object& t) {
    return taken(t, state, action, t.learns.observe(state, action, reward));
  });
}

gyre_status gyre_tuner_observe_failure(gyre_tuner tuner, uint32_t state, uint32_t action) {
  return with_tuner(tuner, nullptr, [&](tuner_object& t) {
    return taken(t, state, action, t.learns.observe_failure(state, action));
  });
}

gyre_status gyre_tuner_limit(gyre_tuner tuner, uint32_t state, uint32_t action, const char* name,
                             double value, double at_most) {
  return with_tuner(tuner, nullptr, [&](tuner_object& t) -> result<void> {
    GYRE_CHECK(check_name(name, "name"));
    const std::size_t bytes = std::strlen(name);
    if (bytes < 1 || bytes > GYRE_NAME_MAX) {
      return fail(code::arg, "name: 1 to 63 bytes expected, not ", bytes);
    }
    const code got = t.learns.observe_limit(state, action, name, value, at_most);
    if (got != code::ok) return fail(got, "the limit was not taken");
    return ok;
  });
}

gyre_status gyre_tuner_limits(gyre_tuner tuner, gyre_limit* rows, uint32_t cap, uint32_t* needed) {
  return with_tuner(tuner, nullptr, [&](tuner_object& t) {
    std::vector<limit_stats> list;
    for (std::size_t i = 0; i < t.learns.limits().size(); ++i) {
      const limits::limit& l = t.learns.limits()[i];
      list.push_back({l.name, l.at_most, l.observations, l.broken, {}});
    }
    return put_limits(list, rows, cap, needed);
  });
}

gyre_status gyre_tuner_set_mode(gyre_tuner tuner, int32_t mode) {
  return with_tuner(tuner, nullptr, [&](tuner_object& t) -> result<void> {
    GYRE_TRY(known, mode_of(mode));
    t.learns.set_mode(known);
    return ok;
  });
}

gyre_status gyre_tuner_save(gyre_tuner tuner, void* buf, uint32_t cap, uint32_t* needed) {
  return with_tuner(tuner, nullptr, [&](tuner_object& t) {
    byte_writer out;
    t.learns.save(out);
    const auto bytes = out.data();
    return put_bytes({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, buf, cap, needed);
  });
}

gyre_status gyre_tuner_load(gyre_tuner tuner, const void* data, uint32_t size, gyre_error* err) {
  return with_tuner(tuner, err, [&](tuner_object& t) -> result<void> {
    if (size > 0) GYRE_CHECK(not_null(data, "data"));
    byte_reader in(bytes_of(data, size));
    const code got = t.learns.restore(in);
    if (got == code::format) {
      return fail(got, "the bytes are not those of a tuner of ", t.where.states(), " states x ",
                  t.where.actions(), " actions");
    }
    if (got != code::ok) return fail(got, "the bytes are damaged");
    return ok;
  });
}

gyre_status gyre_tuner_metrics_read(gyre_tuner tuner, gyre_tuning_metrics* out) {
  return with_tuner(tuner, nullptr, [&](tuner_object& t) -> result<void> {
    GYRE_CHECK(check_out(out, "out"));
    write_out(out, metrics_of(t.learns.stats()));
    return ok;
  });
}

gyre_status gyre_tuner_report(gyre_tuner tuner, uint32_t state, gyre_state_report* out) {
  return with_tuner(tuner, nullptr, [&](tuner_object& t) -> result<void> {
    GYRE_CHECK(check_out(out, "out"));
    GYRE_CHECK(check_index("state", state, t.where.states()));
    write_out(out, report_of(t.learns.report(state)));
    return ok;
  });
}
