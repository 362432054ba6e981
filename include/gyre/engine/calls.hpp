// calls.hpp - the bodies of what engine.hpp and loop.hpp declare; compiled once where wanted.
// Room: engine. Threads: as declared.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gyre/engine/body.hpp>
#include <gyre/engine/engine.hpp>

#if GYRE_THREADS
#include <thread>
#endif

namespace gyre {
inline namespace v1 {
namespace detail {

inline error waits_inside(const char* call) {
  return fail(code::reentrant, call, " waits for ticks and handlers and was called inside of one");
}
/// STALE for a loop of no engine; REENTRANT from inside of with_bus().
inline result<void> may_call(const body* engine, object_id loop) {
  if (engine == nullptr) return bad_id(loop, kind_loop);
  return engine->post.outside();
}
/// For calls that have no result to say it by.
inline void insist(const result<void>& may) {
  if (may) return;
#if GYRE_THREADS
  raise(may.error());
#else
  std::abort();  // a module that prints nothing else would have stdio for this
#endif
}
/// Asks again each millisecond, at most for `most`.
template <class F>
bool comes_true(duration most, F&& condition) {
#if GYRE_THREADS
  const instant end = add_saturated(monotonic_now(), most);
  while (!condition()) {
    if (monotonic_now() >= end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
#else
  (void)most;
  return condition();
#endif
}

}  // namespace detail

GYRE_DECL result<void> loop::pause() {
  GYRE_CHECK(detail::may_call(body_, id_));
  return body_->loops.act(id_, {detail::deed::pause});
}
GYRE_DECL result<void> loop::resume() {
  GYRE_CHECK(detail::may_call(body_, id_));
  return body_->loops.act(id_, {detail::deed::resume});
}
GYRE_DECL result<void> loop::trigger() {
  GYRE_CHECK(detail::may_call(body_, id_));
  return body_->loops.trigger(id_);
}
GYRE_DECL result<void> loop::reconfigure(const loop_change& c) {
  GYRE_CHECK(detail::may_call(body_, id_));
  return body_->loops.reconfigure(id_, c);
}
GYRE_DECL result<void> loop::remove() {
  std::vector<std::uint32_t> ids;
  return remove(ids);
}
GYRE_DECL result<void> loop::remove(std::vector<std::uint32_t>& ids) {
  ids.clear();
  GYRE_CHECK(detail::may_call(body_, id_));
  return body_->loops.remove(id_, ids);
}
GYRE_DECL result<void> loop::remove(duration most) {
  GYRE_CHECK(detail::may_call(body_, id_));
  if (body_->inside()) return detail::waits_inside("remove()");
  std::vector<std::uint32_t> ids;
  GYRE_CHECK(remove(ids));
  const bool ended = detail::comes_true(most, [&] {
    return std::all_of(ids.begin(), ids.end(),
                       [&](std::uint32_t id) { return body_->loops.has_left(id); });
  });
  if (ended) return ok;
  return fail(code::timeout, "a tick of the removed loop did not end within ", to_ms(most), " ms");
}
GYRE_DECL result<std::vector<logged_choice>> loop::decisions() const {
  GYRE_TRY(log, decisions_from(0));
  return std::move(log.rows);
}
GYRE_DECL result<decision_log> loop::decisions_from(std::uint64_t number) const {
  GYRE_CHECK(detail::may_call(body_, id_));
  decision_log out;
  GYRE_CHECK(detail::with_tuner(body_->env, id_, [&](const detail::shared_learner& l) {
    out = l.mind.decided().read(number);
    return result<void>(ok);
  }));
  return out;
}
GYRE_DECL result<what_if_result> loop::what_if(const std::vector<setting>& always) const {
  GYRE_CHECK(detail::may_call(body_, id_));
  decision_log log;
  std::uint32_t states = 0, actions = 0;
  fixed_policy only;
  GYRE_CHECK(detail::with_tuner(
      body_->env, id_, [&](const detail::shared_learner& l) -> result<void> {
        const auto action = detail::action_of(always, l.where);
        if (!action) return fail(code::arg, "what_if: ", action.error().text);
        only.action = *action;
        states = l.where.states();
        actions = l.where.actions();
        log = l.mind.decided().read();
        return ok;
      }));
  return gyre::what_if(log.rows, states, actions, only);  // for as long as it takes, loops run on
}
GYRE_DECL result<loop_stats> loop::stats() const {
  GYRE_CHECK(detail::may_call(body_, id_));
  return body_->stats(id_);
}
GYRE_DECL result<loop_histograms> loop::histograms() const {
  GYRE_CHECK(detail::may_call(body_, id_));
  return body_->histograms(id_);
}
GYRE_DECL engine::engine(engine_options o)
    : body_(detail::body::make(std::move(o)).value()) {}
GYRE_DECL result<std::unique_ptr<engine>> engine::create(engine_options o) {
  GYRE_TRY(made, detail::body::make(std::move(o)));
  return std::unique_ptr<engine>(new engine(std::move(made)));
}
GYRE_DECL engine::~engine() {
  if (body_->forked()) {  // also where no thread's reference keeps it
    (void)new std::shared_ptr<detail::body>(std::move(body_));
    return;
  }
  if (body_->inside()) destroyed_inside();
  (void)detail::if_memory([this] { (void)body_->stop(std::chrono::seconds(5)); });
  if (body_->env.stopping) body_->vault.close();
}
GYRE_DECL result<loop> engine::add(loop_options o, tick_function function) {
  GYRE_CHECK(body_->post.outside());
  if (!function) return fail(code::arg, "loop \"", o.name, "\" has no function");
  return named(body_->loops.add(std::move(o), std::move(function)));
}
GYRE_DECL result<loop> engine::add_external(loop_options o) {
  GYRE_CHECK(body_->post.outside());
  return named(body_->loops.add(std::move(o), {}));
}
GYRE_DECL result<loop> engine::find(std::string_view name) {
  GYRE_CHECK(body_->post.outside());
  return named(body_->loops.find(name));
}
GYRE_DECL result<loop> engine::at(std::uint32_t id) {
  GYRE_CHECK(body_->post.outside());
  GYRE_CHECK(body_->stats(id));
  return loop(body_.get(), id);
}
GYRE_DECL result<void> engine::pause_group(std::string_view group) {
  GYRE_CHECK(body_->post.outside());
  GYRE_CHECK(body_->loops.act(group, true, {detail::deed::pause}));
  return ok;
}
GYRE_DECL result<void> engine::resume_group(std::string_view group) {
  GYRE_CHECK(body_->post.outside());
  GYRE_CHECK(body_->loops.act(group, true, {detail::deed::resume}));
  return ok;
}
GYRE_DECL result<std::uint32_t> engine::pause_loops(std::string_view pattern) {
  GYRE_CHECK(body_->post.outside());
  return body_->loops.act(pattern, false, {detail::deed::pause});
}
GYRE_DECL result<std::uint32_t> engine::resume_loops(std::string_view pattern) {
  GYRE_CHECK(body_->post.outside());
  return body_->loops.act(pattern, false, {detail::deed::resume});
}
GYRE_DECL result<std::uint32_t> engine::stop_loops(std::string_view pattern) {
  GYRE_CHECK(body_->post.outside());
  return body_->loops.act(pattern, false, {detail::deed::stop});
}
GYRE_DECL result<std::uint32_t> engine::throttle_loops(std::string_view pattern, double factor) {
  GYRE_CHECK(body_->post.outside());
  return body_->loops.act(pattern, false, {detail::deed::throttle, factor});
}
GYRE_DECL result<void> engine::start() {
  GYRE_CHECK(body_->post.outside());
  return body_->start();
}
GYRE_DECL result<std::vector<std::string>> engine::stop(duration deadline) {
  GYRE_CHECK(body_->post.outside());
  return body_->stop(deadline);
}
GYRE_DECL result<std::vector<std::string>> engine::run_for(duration d) {
  GYRE_CHECK(body_->post.outside());
  GYRE_CHECK(body_->start());
  const detail::engine_clock& clock = body_->env.clock;
  const instant end = std::min(longest, add_saturated(clock.now(), d));
  if (clock.is_virtual()) {
    GYRE_CHECK(body_->time.advance_to(end));
    return std::vector<std::string>();
  }
#if GYRE_THREADS
  if (clock.own_threads()) {
    std::this_thread::sleep_for(d);
  } else {
    const instant origin = monotonic_now() - clock.now();
    for (instant t = clock.now(); t < end; t = monotonic_now() - origin) {
      const auto done = body_->time.poll(t, ~std::uint64_t{0}, no_budget);
      if (!done) return done.error();
      const duration rest = std::min(done->next_due, end) - (monotonic_now() - origin);
      if (rest > duration::zero()) std::this_thread::sleep_for(rest);
    }
  }
#endif
  return body_->stop(std::chrono::seconds(5));
}
GYRE_DECL result<poll_result> engine::poll(instant now, std::uint64_t most, duration budget) {
  GYRE_CHECK(body_->post.outside());
  return body_->time.poll(now, most, budget);
}
GYRE_DECL result<std::uint64_t> engine::advance_to(instant t) {
  GYRE_CHECK(body_->post.outside());
  return body_->time.advance_to(t);
}
GYRE_DECL result<void> engine::step_to(instant t) {
  GYRE_CHECK(body_->post.outside());
  return body_->time.step_to(t);
}
GYRE_DECL result<void> engine::jump_to(instant t) {
  GYRE_CHECK(body_->post.outside());
  return body_->time.jump_to(t);
}
GYRE_DECL instant engine::now() const noexcept { return body_->env.clock.now(); }
GYRE_DECL bool engine::running() const noexcept { return !body_->env.stopping; }
GYRE_DECL std::uint32_t engine::acquire(std::span<std::uint32_t> ids) {
  detail::insist(body_->post.outside());
  return body_->acquire(ids);
}
GYRE_DECL result<void> engine::complete(std::uint32_t id, duration taken) {
  GYRE_CHECK(body_->post.outside());
  completion one{.id = id, .taken = taken};
  if (complete(std::span(&one, 1)) != 0) return ok;
  return bad_id(id, detail::kind_tick);
}
GYRE_DECL std::size_t engine::complete(std::span<completion> done) {
  detail::insist(body_->post.outside());
  return body_->complete(done);
}
GYRE_DECL result<void> engine::reward(const ticket& which, double value) {
  GYRE_CHECK(body_->post.outside());
  if (!std::isfinite(static_cast<float>(value))) {
    return fail(code::arg, "the reward is ", value, "; it must be finite and at most 3.4e38");
  }
  return detail::with_loop(body_->env, which.loop, [&](detail::shard& s, detail::loop_record& l) {
    return detail::reward_late(s, l, which.number, value);
  });
}
GYRE_DECL result<std::uint32_t> engine::subscribe(std::string_view pattern,
                                                  const subscription_options& o,
                                                  message_handler handler) {
  GYRE_CHECK(body_->post.outside());
  return body_->post.subscribe(pattern, o, std::move(handler));
}
GYRE_DECL result<void> engine::unsubscribe(std::uint32_t id) {
  GYRE_CHECK(body_->post.outside());
  return body_->post.unsubscribe(id);
}
GYRE_DECL result<void> engine::unsubscribe(std::uint32_t id, duration most) {
  GYRE_CHECK(body_->post.outside());
  if (body_->inside()) return detail::waits_inside("unsubscribe()");
  GYRE_CHECK(unsubscribe(id));
  const bool ended = detail::comes_true(most, [&] {
    const leased hold(body_->shards[0]->owner());
    return !body_->post.bus().closing();
  });
  if (ended) return ok;
  return fail(code::timeout, "the handler did not return within ", to_ms(most), " ms");
}
GYRE_DECL result<std::uint64_t> engine::drain(duration most) {
  GYRE_CHECK(body_->post.outside());
  if (body_->inside()) return detail::waits_inside("drain()");
  const detail::engine_clock& clock = body_->env.clock;
  std::uint64_t left = 0;
  (void)detail::comes_true(most, [&] {
    if (clock.is_host()) (void)body_->time.poll(clock.now(), 0, no_budget);
    if (clock.is_virtual()) (void)body_->time.advance_to(clock.now());
    const leased hold(body_->shards[0]->owner());
    left = body_->post.bus().waiting();
    return left == 0 || clock.is_virtual() || body_->env.stopping;
  });
  return left;
}
GYRE_DECL result<publish_receipt> engine::publish(std::string_view topic,
                                                  std::span<const std::byte> payload,
                                                  publish_options o) {
  GYRE_CHECK(body_->post.outside());
  return body_->post.publish(topic, payload, o);
}
GYRE_DECL result<publish_receipt> engine::publish(std::string_view topic, std::string_view text,
                                                  publish_options o) {
  GYRE_CHECK(body_->post.outside());
  return body_->post.publish(topic, as_bytes(text), o);
}
GYRE_DECL bool engine::poll_message(std::uint32_t id, owned_message& out) {
  detail::insist(body_->post.outside());
  const leased hold(body_->shards[0]->owner());
  return body_->post.bus().poll(id, out, body_->env.clock.now());
}
GYRE_DECL result<subscription_stats> engine::subscription(std::uint32_t id) const {
  GYRE_CHECK(body_->post.outside());
  const leased hold(body_->shards[0]->owner());
  return body_->post.bus().stats(id);
}
GYRE_DECL result<void> engine::remember(const record& r) {
  GYRE_CHECK(body_->post.outside());
  const leased hold(body_->shards[0]->owner());
  return body_->vault.records().remember(r, wall_ms());
}
GYRE_DECL std::vector<record> engine::recall(const query& q) {
  detail::insist(body_->post.outside());
  return body_->vault.recall(q);
}
GYRE_DECL std::int64_t engine::wall_ms() const noexcept { return body_->env.clock.wall_ms(); }
GYRE_DECL result<consolidation> engine::consolidate() {
  GYRE_CHECK(body_->post.outside());
  return body_->vault.consolidate();
}
GYRE_DECL bool engine::has_store() const noexcept { return body_->vault.present(); }
GYRE_DECL result<void> engine::commit() {
  GYRE_CHECK(body_->post.outside());
  return body_->vault.commit();
}
GYRE_DECL result<void> engine::sync() {
  GYRE_CHECK(body_->post.outside());
  return body_->vault.sync();
}
GYRE_DECL std::vector<std::byte> engine::save() {
  detail::insist(body_->post.outside());
  return body_->save();
}
GYRE_DECL result<std::uint32_t> engine::load(std::span<const std::byte> bytes) {
  GYRE_CHECK(body_->post.outside());
  return body_->load(bytes);
}
GYRE_DECL result<void> engine::connect(std::string_view from, std::string_view to, double weight) {
  GYRE_CHECK(body_->post.outside());
  return body_->loops.connect(from, to, weight);
}
GYRE_DECL void engine::supply(const reading& r) {
  detail::insist(body_->post.outside());
  body_->readings.supply(r);
}
GYRE_DECL snapshot_data engine::snapshot() {
  detail::insist(body_->post.outside());
  return body_->snapshot();
}
GYRE_DECL std::string engine::trace_hash() {
  detail::insist(body_->post.outside());
  return body_->trace_hash();
}
GYRE_DECL void engine::reset_metrics() {
  detail::insist(body_->post.outside());
  body_->reset_metrics();
}
GYRE_DECL result<void> engine::with_tick(std::uint32_t id, function_ref<void(tick&)> f) {
  GYRE_CHECK(body_->post.outside());
  return body_->with_tick(id, f);
}
GYRE_DECL void engine::hold_bus(function_ref<void(bus&, instant)> f) const {
  body_->post.with_bus(f);
}
GYRE_DECL void engine::destroyed_inside() noexcept {
  detail::insist(
      fail(code::reentrant, "an engine was destroyed inside of one of its ticks or handlers"));
  std::abort();
}
GYRE_DECL result<loop> engine::named(result<std::uint32_t> id) {
  if (!id) return id.error();
  return loop(body_.get(), *id);
}

}  // namespace v1
}  // namespace gyre
