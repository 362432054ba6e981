// describe.hpp - an engine's loops and learners as the plain values of a snapshot.
// Room: engine. Threads: under every lease.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>

#include <gyre/engine/home.hpp>
#include <gyre/snapshot.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

inline void add_up(totals& sum, const metrics_stats& m) noexcept {
  sum.ticks += m.cycles;
  sum.errors += m.errors;
  sum.timeouts += m.timeouts;
  sum.cancelled += m.cancelled;
  sum.gated += m.gated;
  sum.missed += m.missed;
  sum.shed += m.shed;
}
inline loop_state state_of(const environment& env, const loop_record& l) noexcept {
  if (l.stuck && l.inside != 0) return loop_state::stuck;
  if (l.running) return loop_state::running;
  if (l.paused != 0) return loop_state::paused;
  if (env.stopping) return loop_state::stopped;
  if (l.gated) return loop_state::gated;
  if (l.backing_off) return loop_state::backing_off;
  return loop_state::waiting;
}
/// Under its shard's lease.
inline loop_stats describe(const environment& env, const loop_record& l, instant t) {
  loop_stats out;
  out.id = l.id;
  out.name = env.table.name(l);
  out.group = l.plan->group;
  out.state = state_of(env, l);
  out.metrics = l.metrics.stats(t);
  out.interval_ms = to_ms(l.times.interval());
  out.configured_ms = to_ms(configured(l));
  if (l.extra == nullptr) {
    out.reward = l.metrics.cycles() != 0 ? 1 : 0;
    return out;
  }
  const loop_extra& extra = *l.extra;
  out.throttle = extra.factor();
  out.gate = extra.closed_gate;
  for (const gate& g : extra.gates) {
    out.gates.push_back({g.name(), g.is_open(), g.value(), g.closes_above(), g.opens_under()});
  }
  out.last_error = extra.last_error;
  out.breaker_open = extra.breaker != nullptr && extra.breaker->open();
  out.dropped = extra.dropped;
  out.vitality = extra.vitality;
  out.state_index = extra.state;
  out.action_index = extra.action;
  out.reward = extra.reward_mean;
  for (std::size_t i = 0; i < extra.where.knobs().size(); ++i) {
    const knob& k = extra.where.knobs()[i];
    const std::uint32_t choice = extra.where.choice_of(extra.action, i);
    out.knobs.push_back({k.name, k.values[choice], choice < k.names.size() ? k.names[choice] : ""});
  }
  for (std::size_t i = 0; i < extra.where.features().size(); ++i) {
    out.features.push_back({extra.where.features()[i].name, extra.seen[i], extra.buckets[i]});
  }
  return out;
}
/// What a tuner believes. Some microseconds a state, of which 64 are reported.
inline void describe_tuner(const tuner& t, learner_view& out) {
  constexpr std::uint32_t most = 64;
  const std::size_t cells = std::size_t{t.states()} * t.actions();
  out.tuning = t.stats();
  out.visits.assign(t.visits(), t.visits() + cells);
  out.q.reserve(cells);
  double trying = 0, seen = 0;  // each state weighs as much as it was seen
  for (std::uint32_t s = 0; s < t.states(); ++s) {
    for (std::uint32_t a = 0; a < t.actions(); ++a) {
      out.q.push_back(static_cast<float>(t.estimate(s, a).mean));
    }
    if (s >= most) continue;
    out.reports.push_back(t.report(s));
    const auto weight = static_cast<double>(out.reports.back().observations);
    trying += out.reports.back().trying * weight;
    seen += weight;
  }
  for (std::size_t i = 0; i < t.limits().size(); ++i) {
    const limits::limit& l = t.limits()[i];
    out.limits.push_back({l.name, l.at_most, l.observations, l.broken, {}});
    for (const state_report& r : out.reports) {
      const auto s = static_cast<std::uint32_t>(&r - out.reports.data());
      out.limits.back().at_best.push_back(l.held.estimate(s, r.best).mean);
    }
  }
  out.stats.states = out.tuning.states;
  out.stats.actions = out.tuning.actions;
  out.stats.q_values = out.tuning.cells_tried;
  out.stats.decisions = out.tuning.decisions;
  out.stats.observations = out.stats.updates = out.tuning.observations;
  out.stats.refused = out.tuning.refused;
  out.stats.exploration = seen > 0 ? trying / seen : 1;
  out.stats.mean_reward = out.tuning.mean_reward;
}
inline learner_view describe(const shared_learner& l) {
  learner_view out;
  out.name = l.name;
  out.late = l.late;
  out.features = l.where.features();
  out.knobs = l.where.knobs();
  if (const learner* const q = l.mind.q_learning(); q != nullptr) {
    const std::size_t cells = std::size_t{q->states()} * q->actions();
    out.tunes = false;
    out.stats = q->stats();
    out.q.assign(q->q(), q->q() + cells);
    out.visits.assign(q->visits(), q->visits() + cells);
  } else {
    describe_tuner(*l.mind.tuning(), out);
  }
  return out;
}
/// All learners and all loops, each in order of add, and the sums over them. @param retired sums
/// of the loops that were removed
inline void describe_loops(environment& env, const totals& retired, instant t,
                           snapshot_data& out) {
  auto took = make_owned<histogram>();
  auto late = make_owned<histogram>();
  totals& sum = out.totals;
  sum = retired;
  sum.lost_threads = env.lost.load();
  vec<shared_learner*> learners;
  vec<const loop_record*> all;
  for (shard* s : env.shards) {
    for (const auto& l : s->loops.learners()) learners.push_back(l.get());
    sum.events_dropped += s->after.dropped();
    s->loops.each([&](const loop_record& l) { all.push_back(&l); });
  }
  sort_by_order(env, all);
  sort_by_order(learners);
  for (const shared_learner* l : learners) out.learners.push_back(describe(*l));
  out.loops.reserve(all.size());
  for (const loop_record* l : all) {
    out.loops.push_back(describe(env, *l, t));
    loop_stats& row = out.loops.back();
    if (l->extra != nullptr && l->extra->learning != nullptr) {
      row.learner = static_cast<int>(
          std::find(learners.begin(), learners.end(), l->extra->learning) - learners.begin());
      if (l->extra->later != nullptr) {
        out.learners[static_cast<std::size_t>(row.learner)].late.open += l->extra->later->open();
      }
    }
    ++sum.loops;
    sum.active += row.state != loop_state::paused && row.state != loop_state::stopped ? 1 : 0;
    sum.stuck += row.state == loop_state::stuck ? 1 : 0;
    add_up(sum, row.metrics);
    l->metrics.merge_totals(*took, *late);
  }
  const std::uint64_t failed = sum.errors + sum.timeouts + sum.cancelled;
  sum.error_rate = sum.ticks == 0 ? 0 : static_cast<double>(failed) / double(sum.ticks);
  add_up(sum.took_counts, *took);
  add_up(sum.late_counts, *late);
  sum.latency = gyre::describe(*took);
  sum.late = gyre::describe(*late);
}

}  // namespace detail
}  // namespace v1
}  // namespace gyre
