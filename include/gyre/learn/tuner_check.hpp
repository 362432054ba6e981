// tuner_check.hpp - which shapes and options of a tuner are refused, and in what words.
// Room: learn. Threads: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gyre/core/result.hpp>
#include <gyre/learn/options.hpp>
#include <vector>

namespace gyre {
inline namespace v1 {

/// code::arg naming what is out of range, code::budget for too many cells.
inline result<void> check(const tuner_shape& shape, const tuner_options& o) {
  for (const auto* axes : {&shape.features, &shape.knobs}) {
    for (const axis& a : *axes) {
      if (a.count == 0) return fail(code::arg, "an axis has at least one value, not 0");
    }
  }
  const std::uint64_t actions = tuner_shape::size(shape.knobs);
  const std::uint64_t cells = tuner_shape::size(shape.features) * actions;
  if (cells > tuner_shape::max_cells) {
    return fail(code::budget, "states x actions is at most ", tuner_shape::max_cells);
  }
  if (!(o.budget >= 0 && o.budget <= 1)) return fail(code::arg, "budget is 0..1, not ", o.budget);
  if (!(o.at_random >= 0 && o.at_random <= 1)) {
    return fail(code::arg, "at_random is 0..1, not ", o.at_random);
  }
  if (o.baseline != tuner_options::none && o.baseline >= actions) {
    return fail(code::arg, "the baseline is one of ", actions, " actions, not ", o.baseline);
  }
  std::vector<bool> out(static_cast<std::size_t>(actions), false);
  std::uint64_t ruled_out = 0;
  for (const std::uint32_t a : o.forbidden) {
    if (a >= actions) return fail(code::arg, "forbidden: no action ", a, " of ", actions);
    if (a == o.baseline) return fail(code::arg, "the baseline ", a, " is forbidden");
    if (!out[a]) ++ruled_out;
    out[a] = true;
  }
  if (ruled_out == actions) return fail(code::arg, "all ", actions, " actions are forbidden");
  return ok;
}

}  // namespace v1
}  // namespace gyre
