// newcomer.hpp - what a loop that is added begins with, by its options.
// Room: engine. Threads: any.
#pragma once

#include <utility>

#include <gyre/engine/loop_record.hpp>
#include <gyre/engine/options.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// What the loop has besides its record, but for a learner; null: nothing.
inline owner<loop_extra> make_extra(loop_options& o, bool own, space where) {
  owner<loop_extra> extra;
  const bool plain = o.gates.empty() && where.features().empty() && o.knobs.empty();
  if (plain && !o.deferrable) return extra;
  extra = make_owned<loop_extra>();
  extra->own_features = own;
  extra->seen.assign(where.features().size(), 0);
  extra->buckets.assign(where.features().size(), 0);
  extra->gates = std::move(o.gates);
  extra->first_gate = extra->gates.empty() ? nullptr : extra->gates.data();
  extra->chooses = !where.features().empty() || !o.knobs.empty();
  extra->where = std::move(where);
  for (const gate& g : extra->gates) {
    extra->asks_latency |= g.made_of() == figure_of::latency;
    extra->asks_often |= g.made_of() != figure_of::readings;
  }
  extra->configured = o.deferrable ? o.interval : duration::zero();
  return extra;
}

}  // namespace detail
}  // namespace v1
}  // namespace gyre
