// learner_check.hpp - whether a learner's options are in their ranges; what they are by default.
// Room: learn. Threads: pure functions.
#pragma once

#include <gyre/core/result.hpp>
#include <gyre/learn/explore.hpp>
#include <gyre/learn/options.hpp>
#include <string>

namespace gyre {
inline namespace v1 {

/// code::arg naming the first option that is out of its range.
inline result<void> check(const learner_options& o) {
  if (!(o.discount >= 0 && o.discount <= 1)) {
    return fail(code::arg, "discount is 0..1, not ", o.discount);
  }
  if (!(o.learning_rate > 0 && o.learning_rate <= 1)) {
    return fail(code::arg, "learning_rate is over 0, at most 1, not ", o.learning_rate);
  }
  if (o.batch == 0) return fail(code::arg, "batch is at least 1, not 0");
  if (o.every == 0) return fail(code::arg, "every is at least 1, not 0");
  if (o.capacity > o.most) {
    return fail(code::arg, "capacity is at most ", o.most, " rows, not ", o.capacity);
  }
  if (o.method > learning_method::differential_q) {
    return fail(code::arg, "method is none of enum learning_method: ", unsigned(o.method));
  }
  if (!(o.step_power >= 0 && o.step_power <= 1)) {
    return fail(code::arg, "step_power is 0..1, not ", o.step_power);
  }
  if (!(o.lambda >= 0 && o.lambda <= 1)) {
    return fail(code::arg, "lambda is 0..1, not ", o.lambda);
  }
  if (o.planning > 65'536) {
    return fail(code::arg, "planning is at most 65,536, not ", o.planning);
  }
  return check(o.explore);
}

/// The same with nothing left open. @pre check(o)
inline learner_options with_defaults(learner_options o) noexcept {
  if (o.capacity == 0) o.capacity = 5'000;
  if (o.method != learning_method::automatic && o.method != learning_method::q) o.sequential = true;
  if (o.method == learning_method::automatic) {
    o.method = o.sequential ? learning_method::sweeping : learning_method::q;
  }
  if (o.method == learning_method::differential_q) o.discount = 1;
  if (o.sequential && o.discount == 0) o.discount = 0.95;
  if (o.explore.how == exploring::automatic) {
    const bool open = o.explore == exploration{};
    o.explore.how = exploring::linear;
    if (open && o.sequential) o.explore = {.from = 2, .to = 2, .how = exploring::bonus};
  }
  return o;
}

}  // namespace v1
}  // namespace gyre
