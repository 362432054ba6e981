// checks.hpp - whether the options of an engine and of a loop are within their bounds.
// Room: engine. Threads: pure.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <gyre/engine/mind.hpp>
#include <gyre/engine/options.hpp>
#include <gyre/learn/history.hpp>
#include <gyre/learn/tuner_check.hpp>
#include <gyre/run/timer_buckets.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// ARG naming the option; UNSUPPORTED: driver::workers without threads.
inline result<void> check(const engine_options& o) {
  if (o.shards > 64) return fail(code::arg, "shards is 0..64, not ", o.shards);
  if (o.slack < duration::zero() || o.slack > longest) {
    return fail(code::arg, "slack is 0 to 100 years, not ", to_ms(o.slack), " ms");
  }
  if (o.hand_off <= duration::zero()) {
    return fail(code::arg, "hand_off is over 0, not ", to_ms(o.hand_off), " ms");
  }
  if (o.window < std::chrono::milliseconds(1)) {
    return fail(code::arg, "window is 1 ms or more, not ", to_ms(o.window), " ms");
  }
  GYRE_CHECK(o.memory.check());
  if (GYRE_THREADS) GYRE_CHECK(o.gaps.check());
  if (o.driver == driver::workers && !GYRE_THREADS) {
    return fail(code::unsupported, "this build has no threads: use driver::host and poll()");
  }
  return ok;
}

/// ARG naming the loop and the option. Not looked at: whether its name is taken, its space.
inline result<void> check(const loop_options& o) {
  if (o.name.empty() || o.name.size() > 63) {
    return fail(code::arg, "a loop's name is 1 to 63 bytes, not ", o.name.size(),
                (o.name.empty() ? "" : ": " + o.name));
  }
  const std::string who = "loop \"" + o.name + "\": ";
  if (o.interval <= duration::zero() || o.interval > longest) {
    return fail(code::arg, who, "the interval is over 0 and at most 100 years, not ",
                to_ms(o.interval), " ms");
  }
  if (o.timeout <= duration::zero()) {
    return fail(code::arg, who, "the timeout is over 0, not ", to_ms(o.timeout), " ms");
  }
  if (!(o.jitter >= 0 && o.jitter <= .5)) {
    return fail(code::arg, who, "the jitter is 0..0.5 of the interval, not ", o.jitter);
  }
  if (o.burst == 0) return fail(code::arg, who, "burst is at least 1, not 0");
  if (o.priority < timer_entry::lowest || o.priority > timer_entry::highest) {
    return fail(code::arg, who, "the priority is ", timer_entry::lowest, " to ",
                timer_entry::highest, ", not ", o.priority);
  }
  if (o.instances < 1 || o.instances > 100) {
    return fail(code::arg, who, "instances is 1..100, not ", o.instances);
  }
  if (!o.retry.valid()) {
    return fail(code::arg, who, "backoff needs 0 <= base <= cap and jitter 0..1");
  }
  if (auto good = o.intensity.check(); !good) return fail(code::arg, who, good.error().text);
  if (o.group.size() > 63) {
    return fail(code::arg, who, "a group's name is at most 63 bytes, not ", o.group.size());
  }
  for (const gate& g : o.gates) {
    if (auto good = gyre::check(g); !good) return fail(code::arg, who, good.error().text);
    if (g.made_of() == figure_of::latency && o.metrics == metrics_mode::counters) {
      return fail(code::arg, who, "gate \"", g.name(), "\" needs metrics_mode::full");
    }
  }
  return gyre::check(o.learning);
}

inline constexpr std::uint32_t no_choice = 0xffffffffU;

/// The choice that a list of settings makes for each knob, `no_choice` where it names none. ARG
/// naming the knob or the value.
inline result<std::vector<std::uint32_t>> choices_of(const std::vector<setting>& list,
                                                     const space& where) {
  std::vector<std::uint32_t> made(where.knobs().size(), no_choice);
  for (const setting& s : list) {
    const int k = where.knob_index(s.knob);
    if (k < 0) return fail(code::arg, "there is no knob \"", s.knob, "\"");
    const std::vector<double>& values = where.knobs()[static_cast<std::size_t>(k)].values;
    const auto at = std::find(values.begin(), values.end(), s.value);
    if (at == values.end()) {
      return fail(code::arg, s.value, " is no value of knob \"", s.knob, "\"");
    }
    made[static_cast<std::size_t>(k)] = static_cast<std::uint32_t>(at - values.begin());
  }
  return made;
}
/// The action of a list that has a value for each knob. ARG as above, or naming the one without.
inline result<std::uint32_t> action_of(const std::vector<setting>& list, const space& where) {
  GYRE_TRY(made, choices_of(list, where));
  const auto without = std::find(made.begin(), made.end(), no_choice);
  if (without == made.end()) return where.action(made);
  return fail(code::arg, "a value for each knob is wanted, and knob \"",
              where.knobs()[static_cast<std::size_t>(without - made.begin())].name,
              "\" has none");
}

/// Guard rails as a tuner takes them. ARG naming the knob, the value or the option.
inline result<tuner_options> rails_of(const tuning& rails, const space& where) {
  tuner_options out;
  out.budget = rails.budget;
  out.one_step = rails.one_step;
  out.mode = rails.mode;
  out.at_random = rails.at_random;
  if (rails.history > history::limit) {
    return fail(code::arg, "tuning: history is at most ", history::limit, ", not ", rails.history);
  }
  if (!rails.baseline.empty()) {
    const auto baseline = action_of(rails.baseline, where);
    if (!baseline) return fail(code::arg, "tuning: baseline: ", baseline.error().text);
    out.baseline = *baseline;
  }
  std::vector<bool> listed(where.actions(), false);  // settings that overlap name some twice
  for (const auto& list : rails.forbidden) {
    const auto ruled_out = choices_of(list, where);
    if (!ruled_out) return fail(code::arg, "tuning: forbidden: ", ruled_out.error().text);
    for (std::uint32_t a = 0; a < where.actions(); ++a) {
      bool matches = !list.empty() && !listed[a];
      for (std::size_t k = 0; k < ruled_out->size(); ++k) {
        const std::uint32_t choice = (*ruled_out)[k];
        matches = matches && (choice == no_choice || choice == where.choice_of(a, k));
      }
      if (!matches) continue;
      listed[a] = true;
      out.forbidden.push_back(a);
    }
  }
  if (auto good = gyre::check(where.shape(), out); !good) {
    return fail(good.code(), "tuning: ", good.error().text);
  }
  return out;
}
/// ... of a loop, which the error names.
inline result<tuner_options> tuning_of(const loop_options& o, const space& where) {
  auto rails = rails_of(o.tuning, where);
  if (!rails) return fail(rails.code(), "loop \"", o.name, "\": ", rails.error().text);
  return rails;
}

/// What a loop sees that asks for the engine's own features.
inline std::vector<feature> own_features() {
  return {{"error_streak", {1, 2, 3, 4, 5}},
          {"latency_ratio", {0.5, 1.5, 3}},
          {"cpu_percent", {30, 60, 85}}};
}

}  // namespace detail
}  // namespace v1
}  // namespace gyre
