// dqn.cpp - the bodies of gyre/dqn.h: Q-learning by a small network, by itself.
// Room: capi. Threads: any call from any thread; a dqn's mutex guards all of it.
#include <cmath>
#include <cstring>
#include <memory>
#include <mutex>
#include <span>

#include <gyre/learn/dqn.hpp>

#include "registry.hpp"
#include "values.hpp"

namespace gyre::capi {

namespace {

struct dqn_object : object {
  static constexpr kind id_kind = kind::dqn;
  dqn_object(std::uint32_t inputs, std::uint32_t actions, const dqn_options& options,
             std::uint64_t seed)
      : learns(inputs, actions, options, seed, 0) {}
  std::mutex mutex;
  dqn learns;
};

/// Calls f(dqn&) alone on a dqn.
template <class F>
gyre_status with_dqn(gyre_dqn id, gyre_error* err, F f) {
  return guard(err, [&]() -> result<void> {
    GYRE_TRY(object, pin<dqn_object>(id));
    const std::lock_guard<std::mutex> hold(object->mutex);
    return f(object->learns);
  });
}

void set_unless_zero(double& target, double value) {
  if (value != 0) target = value;
}
void set_unless_zero(std::uint32_t& target, std::uint32_t value) {
  if (value != 0) target = value;
}

/// Errors: ARG, UNSUPPORTED.
result<dqn_options> dqn_options_of(const gyre_dqn_options& o) {
  constexpr std::uint32_t known = GYRE_DQN_SINGLE | GYRE_DQN_PLAIN;
  constexpr const char* count = "a whole number of 0..9e15";
  if ((o.flags & ~known) != 0) return fail(code::unsupported, "unknown flags");
  dqn_options out;
  if (o.layers != 0) {
    GYRE_CHECK(not_null(o.hidden, "hidden"));
    if (o.layers > out.most_layers) return wrong("layers", o.layers, "at most 4");
    out.hidden.assign(o.hidden, o.hidden + o.layers);
  }
  set_or_none(out.discount, o.discount);
  set_unless_zero(out.learning_rate, o.learning_rate);
  set_unless_zero(out.target_rate, o.target_rate);
  set_or_none(out.alpha, o.alpha);
  set_or_none(out.beta, o.beta);
  set_unless_zero(out.corner, o.corner);
  GYRE_TRY(beta_over, count_of(o.beta_over, 9e15, "beta_over", count));
  if (beta_over != 0) out.beta_over = beta_over;
  set_or_none(out.explore.from, o.explore_from);
  set_or_none(out.explore.to, o.explore_to);
  GYRE_TRY(over, count_of(o.explore_over, 9e15, "explore_over", count));
  if (over != 0) out.explore.over = over;
  set_unless_zero(out.batch, o.batch);
  set_unless_zero(out.every, o.every);
  set_unless_zero(out.warmup, o.warmup);
  set_unless_zero(out.capacity, o.capacity);
  set_unless_zero(out.steps, o.steps);
  out.twice = (o.flags & GYRE_DQN_SINGLE) == 0;
  out.dueling = (o.flags & GYRE_DQN_PLAIN) == 0;
  GYRE_CHECK(check(out, o.inputs, o.actions));
  return out;
}

result<void> check_finite(const float* numbers, std::size_t n, const char* what) {
  GYRE_CHECK(not_null(numbers, what));
  for (std::size_t i = 0; i < n; ++i) {
    if (!std::isfinite(numbers[i])) return fail(code::arg, what, ": a number is not finite");
  }
  return ok;
}
result<void> check_step(const dqn& of, std::uint32_t action, double reward, std::uint32_t flags) {
  constexpr std::uint32_t both = GYRE_TRANSITION_TERMINATED | GYRE_TRANSITION_TRUNCATED;
  GYRE_CHECK(check_index("an action", action, of.actions()));
  if (!std::isfinite(static_cast<float>(reward))) {
    return wrong("a reward", reward, "a number that is finite as a float");
  }
  if ((flags & ~both) != 0) return fail(code::unsupported, "unknown flags");
  if (flags == both) return fail(code::arg, "a step is terminated or truncated, not both");
  return ok;
}

}  // namespace

}  // namespace gyre::capi

using namespace gyre;
using namespace gyre::capi;

gyre_status gyre_dqn_create(const gyre_dqn_options* options, gyre_dqn* out, gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_CHECK(not_null(out, "out"));
    GYRE_TRY(o, checked(options, "options"));
    GYRE_TRY(how, dqn_options_of(o));
    GYRE_TRY(id, adopt(std::make_unique<dqn_object>(o.inputs, o.actions, how,
                                                    o.seed != 0 ? o.seed : 1)));
    *out = id;
    return ok;
  });
}

gyre_status gyre_dqn_destroy(gyre_dqn dqn) {
  return guard(nullptr, [&] { return destroy<dqn_object>(dqn); });
}

gyre_status gyre_dqn_act(gyre_dqn dqn, const float* seen, uint32_t* actions, uint32_t count) {
  return with_dqn(dqn, nullptr, [&](gyre::dqn& d) -> result<void> {
    if (count == 0) return ok;
    const std::size_t width = d.inputs();
    GYRE_CHECK(check_finite(seen, width * count, "seen"));
    GYRE_CHECK(not_null(actions, "actions"));
    for (std::uint32_t i = 0; i < count; ++i) actions[i] = d.act({seen + i * width, width});
    return ok;
  });
}

gyre_status gyre_dqn_worth(gyre_dqn dqn, const float* seen, float* worth, uint32_t count) {
  return with_dqn(dqn, nullptr, [&](gyre::dqn& d) -> result<void> {
    if (count == 0) return ok;
    const std::size_t width = d.inputs();
    GYRE_CHECK(check_finite(seen, width * count, "seen"));
    GYRE_CHECK(not_null(worth, "worth"));
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto each = d.worth({seen + i * width, width});
      std::memcpy(worth + std::size_t{i} * each.size(), each.data(), each.size_bytes());
    }
    return ok;
  });
}

gyre_status gyre_dqn_observe(gyre_dqn dqn, const float* seen, const uint32_t* actions,
                             const double* rewards, const float* next, const uint32_t* flags,
                             uint32_t count) {
  return with_dqn(dqn, nullptr, [&](gyre::dqn& d) -> result<void> {
    if (count == 0) return ok;
    const std::size_t width = d.inputs();
    GYRE_CHECK(check_finite(seen, width * count, "seen"));
    GYRE_CHECK(check_finite(next, width * count, "next"));
    GYRE_CHECK(not_null(actions, "actions"));
    GYRE_CHECK(not_null(rewards, "rewards"));
    const auto flags_of = [&](std::uint32_t i) { return flags == nullptr ? 0 : flags[i]; };
    for (std::uint32_t i = 0; i < count; ++i) {  // all are checked before any is taken
      GYRE_CHECK(check_step(d, actions[i], rewards[i], flags_of(i)));
    }
    for (std::uint32_t i = 0; i < count; ++i) {
      d.observe({.seen = {seen + i * width, width},
                 .action = actions[i],
                 .reward = rewards[i],
                 .next = {next + i * width, width},
                 .terminated = flags_of(i) == GYRE_TRANSITION_TERMINATED,
                 .truncated = flags_of(i) == GYRE_TRANSITION_TRUNCATED});
    }
    return ok;
  });
}

gyre_status gyre_dqn_train(gyre_dqn dqn, uint32_t batches) {
  return with_dqn(dqn, nullptr, [&](gyre::dqn& d) -> result<void> {
    if (batches > 65'536) return wrong("batches", batches, "at most 65,536");
    if (d.stats().replay_size == 0) return fail(code::state, "no step is complete");
    for (std::uint32_t i = 0; i < batches; ++i) d.train();
    return ok;
  });
}

gyre_status gyre_dqn_save(gyre_dqn dqn, void* buf, uint32_t cap, uint32_t* needed) {
  return with_dqn(dqn, nullptr, [&](gyre::dqn& d) {
    byte_writer out;
    d.save(out);
    return put_bytes(as_text(out.data()), buf, cap, needed);
  });
}

gyre_status gyre_dqn_load(gyre_dqn dqn, const void* data, uint32_t size, gyre_error* err) {
  return with_dqn(dqn, err, [&](gyre::dqn& d) -> result<void> {
    if (size > 0) GYRE_CHECK(not_null(data, "data"));
    byte_reader in(bytes_of(data, size));
    return d.load(in);
  });
}

gyre_status gyre_dqn_metrics_read(gyre_dqn dqn, gyre_dqn_metrics* out) {
  return with_dqn(dqn, nullptr, [&](gyre::dqn& d) -> result<void> {
    GYRE_CHECK(check_out(out, "out"));
    const dqn_stats s = d.stats();
    gyre_dqn_metrics m{};
    m.inputs = s.inputs;
    m.actions = s.actions;
    m.parameters = static_cast<std::uint32_t>(s.parameters);
    m.decisions = s.decisions;
    m.observations = s.observations;
    m.episodes = s.episodes;
    m.updates = s.updates;
    m.replay_size = s.replay_size;
    m.replay_capacity = s.replay_capacity;
    m.replay_added = s.replay_added;
    m.replay_sampled = s.replay_sampled;
    m.bytes = s.bytes;
    m.exploration = s.exploration;
    m.beta = s.beta;
    m.mean_reward = s.mean_reward;
    m.mean_error = s.mean_error;
    m.mean_worth = s.mean_worth;
    write_out(out, m);
    return ok;
  });
}
