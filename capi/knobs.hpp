// knobs.hpp - knobs, features and rails as a caller gives them, read; what was learned, written.
// Room: capi. Threads: pure functions.
#pragma once
#include <span>
#include <vector>

#include <gyre/engine/options.hpp>
#include <gyre/learn/stats.hpp>

#include "values.hpp"

namespace gyre::capi {

/// Errors: ARG, UNSUPPORTED. What `space::make` refuses is left to it.
result<std::vector<knob>> knobs_of(const gyre_knob* first, std::uint32_t count);
result<std::vector<feature>> features_of(const gyre_feature* first, std::uint32_t count);

/// @param from null: none
result<tuning> tuning_of(const gyre_tuning* from);
/// The values of one setting, by its knobs. @param what the argument, for the error
result<std::vector<setting>> setting_of(const gyre_setting* first, std::uint32_t count,
                                        const char* what);

/// GYRE_TUNING_... UNSUPPORTED: another.
result<tuning_mode> mode_of(std::int32_t mode);

gyre_tuning_metrics metrics_of(const tuner_stats& s);
gyre_state_report report_of(const state_report& r);
/// Into (rows, cap, needed).
result<void> put_limits(std::span<const limit_stats> list, gyre_limit* rows, std::uint32_t cap,
                        std::uint32_t* needed);

/// The value of each knob in an action into (out, cap, needed). ARG: no such action.
result<void> put_values(const space& where, std::uint32_t action, double* out, std::uint32_t cap,
                        std::uint32_t* needed);

}  // namespace gyre::capi
