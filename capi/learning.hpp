// learning.hpp - how a learner learns, read from the options of a loop or of a learner by itself.
// Room: capi. Threads: pure functions.
#pragma once
#include <cstdint>

#include <gyre/learn/learner.hpp>

#include "values.hpp"

namespace gyre::capi {

/// What loops and learners by themselves have in common.
template <class Options>
result<learner_options> learning_of(const Options& o) {
  learner_options learning;
  learning.discount = o.discount;
  if (o.learning_rate != 0) learning.learning_rate = o.learning_rate;
  learning.sample_average = o.sample_average != 0;
  set_or_none(learning.explore.from, o.explore_from);
  learning.explore.to = learning.explore.from;
  set_or_none(learning.explore.to, o.explore_to);
  GYRE_TRY(over, count_of(o.explore_over, 9e15, "explore_over", "a whole number of 0..9e15"));
  learning.explore.over = over;
  learning.method = static_cast<learning_method>(o.method <= 8 ? o.method : 255);
  const bool given = o.explore_from != 0 || o.explore_to != 0;  // also where it is the default
  learning.explore.how = given ? exploring::linear : exploring::automatic;
  if (o.explore_how != 0) {
    learning.explore.how = static_cast<exploring>(o.explore_how <= 5 ? o.explore_how : 255);
  }
  learning.step_power = o.step_power;
  set_or_none(learning.lambda, o.lambda);
  if (o.planning != 0) learning.planning = o.planning;
  learning.optimistic = o.optimistic != 0;
  if (o.replay_capacity != 0) learning.capacity = o.replay_capacity;
  if (learning.capacity > learning.most) {
    return fail(code::arg, "replay_capacity: 1..16,777,216 expected");
  }
  GYRE_CHECK(check(learning));
  return learning;
}

}  // namespace gyre::capi
