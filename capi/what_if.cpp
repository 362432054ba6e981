// what_if.cpp - what another policy would have earned, from columns or a loop's own decisions.
// Room: capi.
#include <span>
#include <vector>

#include "guard.hpp"
#include "knobs.hpp"
#include "objects.hpp"

namespace gyre::capi {
namespace {

result<void> check_columns(const gyre_decisions& log) {
  if (log.rows == 0) return ok;
  GYRE_CHECK(not_null(log.state, "state"));
  GYRE_CHECK(not_null(log.action, "action"));
  return not_null(log.reward, "reward");
}
result<void> check_policy(const gyre_decisions& log, const double* policy, std::uint32_t always) {
  const std::uint64_t cells = std::uint64_t{log.states} * log.actions;
  if (cells > tuner_shape::max_cells) {
    return fail(code::budget, "states x actions is at most ", tuner_shape::max_cells);
  }
  if (log.states == 0 || log.actions == 0) {
    return fail(code::arg, "states and actions are at least 1, not ", log.states, " and ",
                log.actions);
  }
  if (always >= log.actions) {
    return fail(code::arg, "always is ", always, ": under ", log.actions, " expected");
  }
  if (policy == nullptr) return ok;
  if (always != 0) return fail(code::arg, "always is ", always, ": with a policy 0 is expected");
  for (std::uint64_t i = 0; i < cells; ++i) {
    if (!(policy[i] >= 0 && policy[i] <= 1)) {
      return fail(code::arg, "policy: a probability is 0..1, not ", policy[i]);
    }
  }
  return ok;
}

gyre_what_if_result written(const what_if_result& r) {
  gyre_what_if_result out{};
  const auto put = [](const what_if_estimate& e, double& value, double& low, double& high) {
    value = e.value;
    low = e.low;
    high = e.high;
  };
  put(r.ips, out.ips, out.ips_low, out.ips_high);
  put(r.self_normalised, out.normalised, out.normalised_low, out.normalised_high);
  put(r.doubly_robust, out.robust, out.robust_low, out.robust_high);
  put(r.as_seen, out.as_seen, out.as_seen_low, out.as_seen_high);
  out.matching = r.matching;
  out.weakest = r.weakest;
  out.fewest = r.fewest;
  out.rows = r.rows;
  out.refused = r.refused;
  out.supported = r.supported ? 1 : 0;
  out.changed = r.changed ? 1 : 0;
  return out;
}

}  // namespace
}  // namespace gyre::capi

using namespace gyre;
using namespace gyre::capi;

gyre_status gyre_what_if(const gyre_decisions* log, const double* policy, uint32_t always,
                         gyre_what_if_result* out, gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_TRY(d, checked(log, "log"));
    GYRE_CHECK(check_out(out, "out"));
    GYRE_CHECK(check_columns(d));
    GYRE_CHECK(check_policy(d, policy, always));
    std::vector<logged_choice> rows;
    rows.reserve(d.rows);
    for (std::uint32_t i = 0; i < d.rows; ++i) {
      const double p = d.propensity ? d.propensity[i] : 1;
      rows.push_back({d.state[i], d.action[i], p, d.reward[i]});
    }
    const auto takes = [&](std::uint32_t s, std::uint32_t a) -> double {
      if (policy == nullptr) return a == always ? 1 : 0;
      return policy[std::size_t{s} * d.actions + a];
    };
    write_out(out, written(what_if(rows, d.states, d.actions, takes)));
    return ok;
  });
}

gyre_status gyre_loop_what_if(gyre_loop loop, const gyre_setting* always, uint32_t count,
                              gyre_what_if_result* out, gyre_error* err) {
  return guard(err, [&] {
    return with_loop(loop, [&](engine_object&, gyre::loop& handle) -> result<void> {
      GYRE_CHECK(check_out(out, "out"));
      GYRE_TRY(setting, setting_of(always, count, "always"));
      GYRE_TRY(told, handle.what_if(setting));
      write_out(out, written(told));
      return ok;
    });
  });
}
