// learner.cpp - the bodies of gyre/learner.h: a tabular Q-learner by itself.
// Room: capi. Threads: any call from any thread; a learner's mutex guards all of it.
#include <cmath>
#include <cstring>
#include <memory>
#include <mutex>

#include <gyre/learn/learner.hpp>

#include "learning.hpp"
#include "registry.hpp"
#include "values.hpp"

namespace gyre::capi {

namespace {

struct learner_object : object {
  static constexpr kind id_kind = kind::learner;
  learner_object(std::uint32_t states, std::uint32_t actions, const learner_options& options,
                 std::uint64_t seed)
      : learns(states, actions, options, seed, 0) {}
  std::mutex mutex;
  learner learns;
};

constexpr std::uint64_t most_cells = 65'536;

/// Errors: ARG, UNSUPPORTED.
result<transition> transition_of(const gyre_transition* from, std::uint32_t size,
                                 const learner_stats& known) {
  GYRE_TRY(t, checked(from, "transitions", size));
  GYRE_CHECK(check_index("state", t.state, known.states));
  GYRE_CHECK(check_index("action", t.action, known.actions));
  GYRE_CHECK(check_index("next", t.next, known.states));
  if (!std::isfinite(static_cast<float>(t.reward))) {
    return wrong("a reward", t.reward, "a number that is finite as a float");
  }
  constexpr std::uint32_t both = GYRE_TRANSITION_TERMINATED | GYRE_TRANSITION_TRUNCATED;
  if ((t.flags & ~both) != 0) return fail(code::unsupported, "unknown flags");
  if (t.flags == both) return fail(code::arg, "a transition is terminated or truncated, not both");
  GYRE_CHECK(check_reserved(t.reserved));
  transition out{};
  out.state = t.state;
  out.action = t.action;
  out.next = t.next;
  out.reward = t.reward;
  out.terminated = t.flags == GYRE_TRANSITION_TERMINATED;
  out.truncated = t.flags == GYRE_TRANSITION_TRUNCATED;
  return out;
}

gyre_status actions_of(gyre_learner learner, const uint32_t* states, uint32_t* actions,
                       uint32_t count, bool explores) {
  return guard(nullptr, [&]() -> result<void> {
    GYRE_TRY(object, pin<learner_object>(learner));
    if (count == 0) return ok;
    GYRE_CHECK(not_null(states, "states"));
    GYRE_CHECK(not_null(actions, "actions"));
    const std::lock_guard<std::mutex> hold(object->mutex);
    auto& l = object->learns;
    for (std::uint32_t i = 0; i < count; ++i) {
      GYRE_CHECK(check_index("a state", states[i], l.states()));
    }
    for (std::uint32_t i = 0; i < count; ++i) {
      actions[i] = explores ? l.act(states[i]) : l.greedy(states[i]);
    }
    return ok;
  });
}

}  // namespace

}  // namespace gyre::capi

using namespace gyre;
using namespace gyre::capi;

gyre_status gyre_learner_create(const gyre_learner_options* options, gyre_learner* out,
                                gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_CHECK(not_null(out, "out"));
    GYRE_TRY(o, checked(options, "options"));
    const std::uint64_t cells = std::uint64_t{o.states} * o.actions;
    if (cells == 0 || cells > most_cells) {
      return fail(code::arg, "states x actions = ", o.states, " x ", o.actions, " = ", cells,
                  ": 1..65,536 expected");
    }
    GYRE_TRY(learning, learning_of(o));
    if (o.batch != 0) learning.batch = o.batch;
    if (o.every != 0) learning.every = o.every;
    if (o.warmup != 0) learning.warmup = o.warmup;
    learning.sequential = o.sequential != 0;
    GYRE_CHECK(check_reserved(o.reserved));
    if (learning.batch > 65'536) return fail(code::arg, "batch: 1..65,536 expected");
    auto object =
        std::make_unique<learner_object>(o.states, o.actions, learning, o.seed ? o.seed : 1);
    GYRE_TRY(id, adopt(std::move(object)));
    *out = id;
    return ok;
  });
}

gyre_status gyre_learner_destroy(gyre_learner learner) {
  return guard(nullptr, [&] { return destroy<learner_object>(learner); });
}

gyre_status gyre_learner_choose(gyre_learner learner, const uint32_t* states, uint32_t* actions,
                                uint32_t count) {
  return actions_of(learner, states, actions, count, true);
}

gyre_status gyre_learner_greedy(gyre_learner learner, const uint32_t* states, uint32_t* actions,
                                uint32_t count) {
  return actions_of(learner, states, actions, count, false);
}

gyre_status gyre_learner_observe(gyre_learner learner, const gyre_transition* transitions,
                                 uint32_t count) {
  return guard(nullptr, [&]() -> result<void> {
    GYRE_TRY(object, pin<learner_object>(learner));
    if (count == 0) return ok;
    GYRE_CHECK(check_out(transitions, "transitions"));
    const std::lock_guard<std::mutex> hold(object->mutex);
    const auto stats = object->learns.stats();
    for (std::uint32_t i = 0; i < count; ++i) {  // all are checked before any is taken
      GYRE_CHECK(transition_of(element(transitions, i), transitions->size, stats));
    }
    for (std::uint32_t i = 0; i < count; ++i) {
      object->learns.observe(*transition_of(element(transitions, i), transitions->size, stats));
    }
    return ok;
  });
}

gyre_status gyre_learner_q(gyre_learner learner, float* out, uint32_t cap, uint32_t* needed) {
  return guard(nullptr, [&]() -> result<void> {
    GYRE_TRY(object, pin<learner_object>(learner));
    const std::lock_guard<std::mutex> hold(object->mutex);
    const auto stats = object->learns.stats();
    const std::uint32_t cells = stats.states * stats.actions;
    if (needed) *needed = cells;
    if (cap < cells) return too_small(cells, "floats");
    GYRE_CHECK(not_null(out, "out"));
    std::memcpy(out, object->learns.q(), cells * sizeof(float));
    return ok;
  });
}

gyre_status gyre_learner_train(gyre_learner learner) {
  return guard(nullptr, [&]() -> result<void> {
    GYRE_TRY(object, pin<learner_object>(learner));
    const std::lock_guard<std::mutex> hold(object->mutex);
    object->learns.train();
    return ok;
  });
}

gyre_status gyre_learner_save(gyre_learner learner, void* buf, uint32_t cap, uint32_t* needed) {
  return guard(nullptr, [&]() -> result<void> {
    GYRE_TRY(object, pin<learner_object>(learner));
    const std::lock_guard<std::mutex> hold(object->mutex);
    byte_writer out;
    object->learns.save(out);
    return put_bytes(as_text(out.data()), buf, cap, needed);
  });
}

gyre_status gyre_learner_load(gyre_learner learner, const void* data, uint32_t size,
                              gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_TRY(object, pin<learner_object>(learner));
    if (size > 0) GYRE_CHECK(not_null(data, "data"));
    const std::lock_guard<std::mutex> hold(object->mutex);
    byte_reader in(bytes_of(data, size));
    return object->learns.load(in);
  });
}

gyre_status gyre_learner_metrics_read(gyre_learner learner, gyre_learner_metrics* out) {
  return guard(nullptr, [&]() -> result<void> {
    GYRE_TRY(object, pin<learner_object>(learner));
    GYRE_CHECK(check_out(out, "out"));
    const std::lock_guard<std::mutex> hold(object->mutex);
    const auto s = object->learns.stats();
    gyre_learner_metrics m{};
    m.states = s.states;
    m.actions = s.actions;
    m.q_values = static_cast<std::uint32_t>(s.q_values);
    m.decisions = s.decisions;
    m.observations = s.observations;
    m.updates = s.updates;
    m.replay_size = s.replay_size;
    m.replay_capacity = s.replay_capacity;
    m.replay_added = s.replay_added;
    m.replay_sampled = s.replay_sampled;
    m.exploration = s.exploration;
    m.discount = s.discount;
    m.learning_rate = s.learning_rate;
    m.mean_reward = s.mean_reward;
    write_out(out, m);
    return ok;
  });
}
