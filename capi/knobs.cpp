// knobs.cpp - the bodies of gyre/knob.h, and its structs as C++ has them.
// Room: capi. Threads: pure functions.
#include "knobs.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>

namespace gyre::capi {

namespace {

/// Two equal values would be two settings that are one: what is learned of it would be halved.
result<void> check_distinct(std::vector<double> values) {
  for (const double value : values) {
    if (std::isnan(value)) return ok;  // which nothing orders: the engine refuses it
  }
  std::sort(values.begin(), values.end());
  const auto twice = std::adjacent_find(values.begin(), values.end());
  if (twice == values.end()) return ok;
  return wrong("a value that a knob has twice", *twice, "another");
}

result<std::vector<std::string>> names_of(const char* const* first, std::uint32_t count) {
  std::vector<std::string> out;
  if (!first) return out;
  if (count > 65'537) return fail(code::arg, "names: more than 65,536 of them");
  for (std::uint32_t i = 0; i < count; ++i) {
    GYRE_CHECK(check_name(first[i], "a name of a value"));
    out.emplace_back(first[i]);
  }
  return out;
}

struct words {
  const char *all, *name, *numbers;
  std::uint32_t more;  ///< names than numbers
};
/// Knobs, or features, which C has as the same fields: edges are the values here. A name alone has
/// no values yet.
result<std::vector<knob>> declared(const void* first, std::uint32_t count, const words& say) {
  GYRE_TRY(list, copies(static_cast<const gyre_knob*>(first), count, say.all));
  std::vector<knob> out;
  for (const gyre_knob& k : list) {
    GYRE_CHECK(check_name(k.name, say.name));
    GYRE_CHECK(check_reserved(k.reserved));
    if (k.order < 0 || k.order > GYRE_ORDER_NONE) return unknown("order", k.order);
    knob made;
    made.name = k.name;
    if (k.values || !k.names) {
      GYRE_TRY(values, numbers(k.values, k.count, say.numbers));
      made.values = std::move(values);
    }
    GYRE_TRY(names, names_of(k.names, k.count + (k.values ? say.more : 0)));
    made.names = std::move(names);
    made.ordered = k.order == GYRE_ORDER_YES || (k.order == 0 && (k.values || !k.names));
    out.push_back(std::move(made));
  }
  return out;
}
static_assert(sizeof(gyre_knob) == sizeof(gyre_feature));
static_assert(offsetof(gyre_knob, values) == offsetof(gyre_feature, edges));
static_assert(offsetof(gyre_knob, names) == offsetof(gyre_feature, names));
static_assert(offsetof(gyre_knob, order) == offsetof(gyre_feature, order));

/// Settings by their rule.
result<void> settings_of(const gyre_setting* first, std::uint32_t count, const char* what,
                         std::vector<std::vector<setting>>& into) {
  GYRE_TRY(list, copies(first, count, what));
  std::vector<std::uint32_t> rules;
  for (const gyre_setting& s : list) {
    GYRE_CHECK(not_null(s.knob, "a setting's knob"));
    const auto at = static_cast<std::size_t>(std::find(rules.begin(), rules.end(), s.rule) -
                                             rules.begin());
    if (at == rules.size()) {
      rules.push_back(s.rule);
      into.emplace_back();
    }
    into[at].push_back({s.knob, s.value});
  }
  return ok;
}

}  // namespace

result<std::vector<knob>> knobs_of(const gyre_knob* first, std::uint32_t count) {
  GYRE_TRY(out, declared(first, count, {"knobs", "a knob's name", "a knob's values", 0}));
  for (knob& k : out) {
    for (std::size_t i = 0; k.values.size() < k.names.size() && i < k.names.size(); ++i) {
      k.values.push_back(static_cast<double>(i));
    }
    GYRE_CHECK(check_distinct(k.values));
  }
  return out;
}

result<std::vector<feature>> features_of(const gyre_feature* first, std::uint32_t count) {
  GYRE_TRY(list, declared(first, count, {"features", "a feature's name", "a feature's edges", 1}));
  std::vector<feature> out;
  for (knob& k : list) {
    feature made(std::move(k.name), std::move(k.values));
    for (std::size_t i = 1; made.edges.empty() && i < k.names.size(); ++i) {
      made.edges.push_back(static_cast<double>(i) - .5);
    }
    made.names = std::move(k.names);
    made.ordered = k.ordered;
    out.push_back(std::move(made));
  }
  return out;
}

result<tuning_mode> mode_of(std::int32_t mode) {
  constexpr tuning_mode modes[] = {tuning_mode::tune, tuning_mode::observe, tuning_mode::frozen};
  if (mode < GYRE_TUNING_TUNE || mode > GYRE_TUNING_FROZEN) return unknown("mode", mode);
  return modes[mode - GYRE_TUNING_TUNE];
}

result<std::vector<setting>> setting_of(const gyre_setting* first, std::uint32_t count,
                                        const char* what) {
  std::vector<std::vector<setting>> made;
  GYRE_CHECK(settings_of(first, count, what, made));
  if (made.size() > 1) return fail(code::arg, what, ": each setting's rule is to be 0");
  if (made.empty()) return std::vector<setting>();
  return std::move(made[0]);
}

result<tuning> tuning_of(const gyre_tuning* from) {
  tuning out;
  if (!from) return out;
  GYRE_TRY(t, checked(from, "tuning"));
  GYRE_CHECK(check_reserved(t.reserved));
  if (t.mode != 0) {
    GYRE_TRY(mode, mode_of(t.mode));
    out.mode = mode;
  }
  set_or_none(out.budget, t.budget);
  out.one_step = t.one_step != 0;
  GYRE_TRY(baseline, setting_of(t.baseline, t.baseline_count, "baseline"));
  out.baseline = std::move(baseline);
  GYRE_CHECK(settings_of(t.forbidden, t.forbidden_count, "forbidden", out.forbidden));
  out.at_random = t.at_random;
  return out;
}

gyre_tuning_metrics metrics_of(const tuner_stats& s) {
  gyre_tuning_metrics m{};
  m.states = s.states;
  m.actions = s.actions;
  m.cells_tried = s.cells_tried;
  m.decisions = s.decisions;
  m.observations = s.observations;
  m.failures = s.failures;
  m.refused = s.refused;
  m.changes = s.changes;
  m.last_change = s.last_change;
  m.held_budget = s.interventions.budget;
  m.held_step = s.interventions.steps;
  m.held_forbidden = s.interventions.forbidden;
  m.held_limits = s.interventions.limits;
  m.mean_reward = s.mean_reward;
  m.sharing = s.sharing;
  m.lost = s.lost;
  m.may_lose = s.may_lose;
  m.bytes = s.bytes;
  return m;
}

gyre_state_report report_of(const state_report& r) {
  gyre_state_report out{};
  out.best = r.best;
  out.observations = r.observations;
  out.last_change = r.last_change;
  out.estimate = r.estimate;
  out.low = r.low;
  out.high = r.high;
  out.probability = r.probability;
  out.trying = r.trying;
  out.baseline = r.baseline;
  out.noise = r.noise;
  out.avoided = r.avoided;
  return out;
}

result<void> put_limits(std::span<const limit_stats> list, gyre_limit* rows, std::uint32_t cap,
                        std::uint32_t* needed) {
  if (cap > 0) GYRE_CHECK(check_out(rows, "rows"));
  const auto count = static_cast<std::uint32_t>(list.size());
  if (needed) *needed = count;
  if (cap < count) return too_small(count, "rows");
  for (std::uint32_t i = 0; i < count; ++i) {
    gyre_limit l{};
    copy_name(l.name, list[i].name);
    l.at_most = list[i].at_most;
    l.observations = list[i].observations;
    l.broken = list[i].broken;
    auto* row = const_cast<gyre_limit*>(element(rows, i));
    row->size = rows->size;
    write_out(row, l);
  }
  return ok;
}

result<void> put_values(const space& where, std::uint32_t action, double* out, std::uint32_t cap,
                        std::uint32_t* needed) {
  if (action >= where.actions()) {
    return fail(code::arg, "action is ", action, ": under ", where.actions(), " expected");
  }
  const auto count = static_cast<std::uint32_t>(where.knobs().size());
  if (needed) *needed = count;
  if (cap < count) return too_small(count, "numbers");
  if (count > 0) GYRE_CHECK(not_null(out, "out"));
  for (std::uint32_t i = 0; i < count; ++i) out[i] = where.value(action, i);
  return ok;
}

}  // namespace gyre::capi

using namespace gyre;
using namespace gyre::capi;

static gyre_status range(double first, double last, uint32_t count, double* out,
                         std::vector<double> (*make)(double, double, std::uint32_t)) {
  return guard(nullptr, [&]() -> result<void> {
    GYRE_CHECK(not_null(out, "out"));
    if (count == 0 || count > 65'536) return wrong("count", count, "1..65,536");
    if (!std::isfinite(last)) return wrong("last", last, "a finite number");  // of 1 it is not used
    const std::vector<double> made = make(first, last, count);
    for (const double v : made) {
      if (!std::isfinite(v)) return fail(code::arg, "an end is not finite, or not over 0");
    }
    std::copy(made.begin(), made.end(), out);
    return ok;
  });
}

gyre_status gyre_linear(double first, double last, uint32_t count, double* out) {
  return range(first, last, count, out, linear);
}

gyre_status gyre_geometric(double first, double last, uint32_t count, double* out) {
  return range(first, last, count, out, geometric);
}
