// gyre.cpp - the bodies of gyre.h: every exported function is one guard(), none adds behaviour.
// Room: capi. Threads: as gyre.h says of each; what is not shared by engines is in `table`.
#include "gyre.h"

#include <array>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#if !defined(__EMSCRIPTEN__)
#include <pthread.h>
#endif

#include <gyre/edge/json.hpp>
#include <gyre/gyre.hpp>
#include <gyre/society/society.hpp>

#include "guard.hpp"
#include "handles.hpp"

namespace {
using namespace gyre;
using capi::check_out;
using capi::checked;
using capi::element;
using capi::guard;
using capi::kind;
using capi::not_null;
using capi::put_bytes;
using capi::put_text;
using capi::write_out;

static_assert(GYRE_VERSION == (version_major << 16 | version_minor << 8 | version_patch));

// ---- The process: its ids, its forks, what a callback is inside of ------------------------------

std::atomic<bool> forked{false};

capi::handle_table& table() {
  // Never destroyed: detached threads of stuck callbacks may outlive main().
  static capi::handle_table* const ids = [] {
#if !defined(__EMSCRIPTEN__)
    pthread_atfork(nullptr, nullptr, [] { forked.store(true, std::memory_order_relaxed); });
#endif
    return new capi::handle_table;
  }();
  return *ids;
}

result<void> here() {
  if (!forked.load(std::memory_order_relaxed)) return ok;
  return fail(code::forked, "gyre was used in the child of a fork: create engines after forking");
}

template <class T>
result<capi::handle_table::pinned<T>> pin(std::uint32_t id, bool exclusive = false) {
  GYRE_CHECK(here());
  return table().pin<T>(id, exclusive);
}

/// Takes an object that the table alone owns out of it and frees it.
template <class T>
result<void> destroy(std::uint32_t id) {
  GYRE_CHECK(here());
  GYRE_TRY(object, table().take<T>(id));
  delete object;
  return ok;
}

/// Names a new object that the table alone owns.
template <class T>
result<std::uint32_t> adopt(std::unique_ptr<T> object) {
  GYRE_TRY(id, table().insert(object.get()));
  object.release();
  return id;
}

/// A caller's milliseconds, >= 0.
result<duration> ms_of(double ms, const char* what) {
  auto length = from_ms(ms);
  if (!length || *length < duration{0}) {
    return fail(code::arg, what, " is ", ms,
                ": finite milliseconds of at most 100 years were expected, >= 0");
  }
  return length;
}

/// Replaces `target` by a caller's field unless that is 0, which means the default.
result<void> set_ms(duration& target, double ms, const char* what) {
  if (ms == 0) return ok;
  GYRE_TRY(length, ms_of(ms, what));
  target = length;
  return ok;
}

/// ... of a number for which GYRE_NONE means 0.
void set_or_none(double& target, double value) {
  if (value == 0) return;
  target = value == GYRE_NONE ? 0 : value;
}

std::string text_of(const char* s) { return s ? std::string(s) : std::string(); }

std::span<const std::byte> bytes_of(const void* data, std::uint32_t size) {
  return {static_cast<const std::byte*>(data), size};
}

/// The caller's `user`, freed by his notifier exactly once: when the last holder of it goes.
struct user_data {
  void* user;
  gyre_destroy_fn destroy;
  user_data(void* u, gyre_destroy_fn d) noexcept : user(u), destroy(d) {}
  user_data(user_data&& from) noexcept
      : user(from.user), destroy(std::exchange(from.destroy, nullptr)) {}
  user_data& operator=(user_data&&) = delete;
  ~user_data() {
    if (destroy) destroy(user);
  }
};

/// The user data of options that could be read at all. Taken before anything that can fail, so
/// that the notifier runs on any error.
template <class Options>
user_data user_of(const Options* options) noexcept {
  if (!options || options->size < capi::first_size<Options>) return {nullptr, nullptr};
  return {options->user, options->destroy};
}

/// Says that this thread is inside a callback of `engine`, so that calls that would wait refuse.
/// Each knows the one around it: a callback may move another engine, whose callback runs here too.
class inside_of {
 public:
  explicit inside_of(gyre_engine engine) noexcept
      : engine_(engine), outer_(std::exchange(innermost_, this)) {}
  ~inside_of() { innermost_ = outer_; }
  inside_of(const inside_of&) = delete;
  inside_of& operator=(const inside_of&) = delete;

  static bool any(gyre_engine engine) noexcept {
    const inside_of* at = innermost_;
    while (at && at->engine_ != engine) at = at->outer_;
    return at != nullptr;
  }

 private:
  static inline thread_local const inside_of* innermost_ = nullptr;
  const gyre_engine engine_;
  const inside_of* const outer_;
};

result<void> not_inside(gyre_engine engine, const char* what) {
  if (!inside_of::any(engine)) return ok;
  return fail(code::reentrant, what, " waits for callbacks and was called from one");
}

// ---- Objects that need no engine ----------------------------------------------------------------

/// Rows of a size known at run time: the buffer keeps their places, a flat array the rows.
struct replay_object : capi::object {
  static constexpr kind id_kind = kind::replay;
  replay_object(std::uint32_t bytes, std::uint32_t capacity, std::uint64_t seed)
      : row_size(bytes), places(capacity), rows(std::size_t{bytes} * capacity),
        random(seed, 0, purpose::user) {}
  std::mutex mutex;
  std::uint32_t row_size;
  replay<std::uint32_t> places;
  std::vector<std::byte> rows;
  std::vector<std::uint32_t> drawn;
  rng random;
};

struct learner_object : capi::object {
  static constexpr kind id_kind = kind::learner;
  learner_object(std::uint32_t states, std::uint32_t actions, const learner_options& options,
                 std::uint64_t seed)
      : learns(states, actions, options, seed, 0) {}
  std::mutex mutex;
  learner learns;
};

constexpr std::uint64_t most_cells = 65'536;
constexpr std::uint64_t most_replay_bytes = std::uint64_t{1} << 30;
constexpr std::uint32_t replay_row_extra = 5;  // bytes of bookkeeping: a place and a mark
constexpr std::size_t most_kept_bytes = std::size_t{1} << 20;  // in a thread, from call to call

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
  if (!(o.explore_over >= 0 && o.explore_over <= 9e15)) {
    return fail(code::arg, "explore_over is ", o.explore_over, ": 0..9e15 expected");
  }
  learning.explore.over = static_cast<std::uint64_t>(o.explore_over);
  if (o.replay_capacity != 0) learning.capacity = o.replay_capacity;
  if (learning.capacity > 16'777'216) {
    return fail(code::arg, "replay_capacity: 1..16,777,216 expected");
  }
  GYRE_CHECK(check(learning));
  return learning;
}

// ---- Objects of an engine -----------------------------------------------------------------------

/// What one registration calls back: the user's pointer, and whose engine he is in there.
class registration {
 public:
  registration(gyre_engine e, user_data& given)
      : engine(e), user_(std::make_shared<user_data>(std::move(given))) {}
  const gyre_engine engine;

  /// Held while one call lasts; null: none may begin any more.
  std::shared_ptr<user_data> user() {
    const std::lock_guard<std::mutex> hold(mutex_);
    return user_;
  }
  /// No call begins after this. The notifier is called here, or where the last call under way ends;
  /// it may call anything, so the caller holds no lock and no pin.
  void end() {
    std::shared_ptr<user_data> last;
    const std::lock_guard<std::mutex> hold(mutex_);
    last.swap(user_);
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<user_data> user_;
};

struct engine_object : capi::object {
  static constexpr kind id_kind = kind::engine;
  std::unique_ptr<gyre::engine> engine;
  gyre_engine id = 0;
  std::mutex mutex;  // the rest; taken before any lock of the engine or the table
  std::map<std::uint32_t, gyre_loop> loops;  // by the engine's own id
  std::map<gyre_subscription, std::uint32_t> subscriptions;
  std::vector<std::pair<gyre_tick, std::uint32_t>> ticks;  // acquired, not known to have ended
  std::size_t sweep_at = 0;  // so many of these, and those that have ended are looked for
};

struct loop_object : capi::object {
  static constexpr kind id_kind = kind::loop;
  gyre_engine engine = 0;
  std::atomic<bool> ready{false};  // handle is set: the loop was added
  gyre::loop handle;
  std::shared_ptr<registration> called;  // null: external, or not made through this ABI
};

struct subscription_object : capi::object {
  static constexpr kind id_kind = kind::subscription;
  gyre_engine engine = 0;
  std::uint32_t native = 0;
  std::shared_ptr<registration> called;  // null: polled
  std::mutex mutex;                      // the rest
  owned_message last;                    // its memory is used again
};

/// A tick inside its callback (`running`), or one that the caller acquired (`native`).
struct tick_object : capi::object {
  static constexpr kind id_kind = kind::tick;
  gyre_engine engine = 0;
  gyre::tick* running = nullptr;
  std::uint32_t native = 0;
};

using engine_pin = capi::handle_table::pinned<engine_object>;

/// Calls f(engine_object&, gyre::loop&) for a live loop of a live engine.
template <class F>
result<void> with_loop(gyre_loop id, F&& f) {
  GYRE_TRY(object, pin<loop_object>(id));
  GYRE_TRY(owner, pin<engine_object>(object->engine));
  if (!object->ready.load(std::memory_order_acquire)) {
    return fail(code::state, "the loop is still being added");
  }
  return f(*owner, object->handle);
}

/// Calls f(gyre::tick&) for a tick that runs, wherever it runs.
template <class F>
result<void> with_tick(gyre_tick id, F&& f) {
  GYRE_TRY(object, pin<tick_object>(id, true));
  if (object->running) return f(*object->running);
  GYRE_TRY(owner, pin<engine_object>(object->engine));
  result<void> done = ok;
  GYRE_CHECK(owner->engine->with_tick(object->native, [&](gyre::tick& t) { done = f(t); }));
  return done;
}

/// A status of the C++ tick as a result; its text went into the tick itself.
result<void> said(code c, const char* text) {
  if (c == code::ok) return ok;
  return fail(c, c == code::cancelled ? "the tick was given up" : text);
}

/// The C id of a loop by the engine's own id, made on first sight: the society's have none before.
result<gyre_loop> loop_id(engine_object& owner, std::uint32_t native) {
  const std::lock_guard<std::mutex> hold(owner.mutex);
  if (const auto known = owner.loops.find(native); known != owner.loops.end()) {
    return known->second;
  }
  GYRE_TRY(handle, owner.engine->at(native));
  auto object = std::make_unique<loop_object>();
  object->engine = owner.id;
  object->handle = handle;
  object->ready.store(true, std::memory_order_release);
  GYRE_TRY(id, adopt(std::move(object)));
  owner.loops.emplace(native, id);
  return id;
}

/// ... or 0 when it is gone already.
gyre_loop loop_id_or_0(engine_object& owner, std::uint32_t native) {
  if (native == 0) return 0;
  const auto id = loop_id(owner, native);
  return id ? *id : 0;
}

/// Takes a loop or subscription that has left its engine out of the table, and tells its user. The
/// caller holds no lock and no pin.
template <class T>
result<void> retire(std::uint32_t id) {
  GYRE_TRY(object, table().take<T>(id));
  const std::unique_ptr<T> dead(object);
  if (dead->called) dead->called->end();
  return ok;
}

/// The tick function around a caller's callback.
std::function<void(tick&)> calls(std::shared_ptr<registration> called, gyre_tick_fn function) {
  return [called = std::move(called), function](tick& t) {
    const inside_of here_now(called->engine);  // also where the notifier is called, if it is here
    const std::shared_ptr<user_data> user = called->user();
    if (!user) return;
    tick_object object;
    object.engine = called->engine;
    object.running = &t;
    const auto id = table().insert(&object);
    if (!id) {
      (void)t.fail(id.error().text);
      return;
    }
    gyre_status status = GYRE_E_CALLBACK;
    function(user->user, *id, &status);
    (void)table().take<tick_object>(*id);
    if (status != GYRE_OK) (void)t.fail("the callback did not report GYRE_OK");
  };
}

/// The bus handler around a caller's callback.
message_handler calls(std::shared_ptr<registration> called, gyre_message_fn function) {
  return [called = std::move(called), function,
          topic = std::string()](const message& m) mutable -> result<void> {
    const inside_of here_now(called->engine);
    const std::shared_ptr<user_data> user = called->user();
    if (!user) return fail(code::cancelled, "the subscription has ended");
    topic.assign(m.topic);  // for its NUL
    gyre_message out{};
    out.size = sizeof out;
    out.topic = topic.c_str();
    out.topic_size = static_cast<std::uint32_t>(m.topic.size());
    out.payload = m.payload.data();
    out.payload_size = static_cast<std::uint32_t>(m.payload.size());
    out.at_ms = to_ms(m.at);
    out.ttl_ms = to_ms(m.ttl);
    out.correlation = m.correlation;
    out.sequence = m.sequence;
    if (m.source != 0) {
      if (const auto owner = table().pin<engine_object>(called->engine); owner) {
        out.source = loop_id_or_0(**owner, m.source);
      }
    }
    gyre_status status = GYRE_E_CALLBACK;
    function(user->user, &out, &status);
    if (status == GYRE_OK) return ok;
    return fail(code::callback, "the callback did not report GYRE_OK");
  };
}

// ---- Options as the engine takes them -----------------------------------------------------------

template <class T>
result<std::vector<T>> copies(const T* first, std::uint32_t count, const char* what) {
  std::vector<T> out;
  if (count == 0) return out;
  GYRE_CHECK(not_null(first, what));
  if (count > 65'536) return fail(code::arg, what, ": more than 65,536 of them");
  for (std::uint32_t i = 0; i < count; ++i) {
    GYRE_TRY(one, checked(element(first, i), what, first->size));
    out.push_back(one);
  }
  return out;
}

result<std::vector<double>> numbers(const double* first, std::uint32_t count, const char* what) {
  if (count == 0) return std::vector<double>();
  GYRE_CHECK(not_null(first, what));
  if (count > 65'536) return fail(code::arg, what, ": more than 65,536 of them");
  return std::vector<double>(first, first + count);
}

result<gate> gate_of(const gyre_gate& g) {
  const auto limits = [&](double close, double open) -> result<std::pair<double, double>> {
    const double at = g.close_at != 0 ? g.close_at : close;
    const double until = g.open_at != 0 ? g.open_at : std::min(open, at);
    if (!(until <= at)) return fail(code::arg, "gates: open_at is over close_at, or one is NaN");
    return std::pair(at, until);
  };
  switch (g.kind) {
    case GYRE_GATE_CPU: {
      GYRE_TRY(l, limits(80, 70));
      return gates::cpu(l.first, l.second);
    }
    case GYRE_GATE_MEMORY: {
      GYRE_TRY(l, limits(85, 80));
      return gates::memory(l.first, l.second);
    }
    case GYRE_GATE_LATENCY:
      if (!(g.close_at > 0)) return fail(code::arg, "gates: a latency gate needs close_at > 0");
      return gates::latency(g.close_at);
    case GYRE_GATE_MODE: return gates::mode(g.mode ? g.mode : "normal");
    default:
      return fail(code::unsupported, "gates: unknown gate ", g.kind);
  }
}

constexpr std::uint32_t known_loop_flags = GYRE_LOOP_PAUSED | GYRE_LOOP_EXTERNAL |
                                           GYRE_LOOP_DEFERRABLE | GYRE_LOOP_STATELESS |
                                           GYRE_LOOP_COUNTERS;

result<void> read_space(const gyre_loop_options& o, loop_options& out) {
  GYRE_TRY(knobs, copies(o.knobs, o.knob_count, "knobs"));
  for (const gyre_knob& k : knobs) {
    GYRE_CHECK(not_null(k.name, "a knob's name"));
    GYRE_TRY(values, numbers(k.values, k.count, "a knob's values"));
    out.knobs.push_back({k.name, std::move(values)});
  }
  GYRE_TRY(features, copies(o.features, o.feature_count, "features"));
  std::vector<feature> list;
  for (const gyre_feature& f : features) {
    GYRE_CHECK(not_null(f.name, "a feature's name"));
    GYRE_TRY(edges, numbers(f.edges, f.count, "a feature's edges"));
    list.push_back({f.name, std::move(edges)});
  }
  const bool stateless = (o.flags & GYRE_LOOP_STATELESS) != 0;
  if (stateless && !list.empty()) {
    return fail(code::arg, "GYRE_LOOP_STATELESS and features exclude each other");
  }
  if (stateless) {
    out.features = none;
  } else if (!list.empty()) {
    out.features = std::move(list);
  }
  GYRE_TRY(gates, copies(o.gates, o.gate_count, "gates"));
  for (const gyre_gate& g : gates) {
    GYRE_TRY(made, gate_of(g));
    out.gates.push_back(std::move(made));
  }
  return ok;
}

result<loop_options> options_of(const gyre_loop_options& o) {
  if ((o.flags & ~known_loop_flags) != 0) return fail(code::unsupported, "unknown flags");
  if (o.missed < GYRE_MISSED_ONCE || o.missed > GYRE_MISSED_DELAY) {
    return fail(code::unsupported, "missed: unknown policy ", o.missed);
  }
  loop_options out;
  GYRE_CHECK(not_null(o.name, "name"));
  out.name = o.name;
  GYRE_TRY(interval, ms_of(o.interval_ms, "interval_ms"));
  out.interval = interval;
  GYRE_CHECK(set_ms(out.timeout, o.timeout_ms, "timeout_ms"));
  set_or_none(out.jitter, o.jitter);
  GYRE_CHECK(set_ms(out.retry.base, o.backoff_ms, "backoff_ms"));
  GYRE_CHECK(set_ms(out.retry.cap, o.backoff_cap_ms, "backoff_cap_ms"));
  constexpr missed_policy policies[] = {missed_policy::once, missed_policy::skip,
                                        missed_policy::burst, missed_policy::delay};
  out.missed = policies[o.missed];
  if (o.burst != 0) out.burst = o.burst;
  out.priority = o.priority;
  out.group = text_of(o.group);
  out.parent = text_of(o.parent);
  out.paused = (o.flags & GYRE_LOOP_PAUSED) != 0;
  out.deferrable = (o.flags & GYRE_LOOP_DEFERRABLE) != 0;
  if ((o.flags & GYRE_LOOP_COUNTERS) != 0) out.metrics = metrics_mode::counters;
  GYRE_TRY(learning, learning_of(o));
  out.learning = learning;
  GYRE_CHECK(read_space(o, out));
  return out;
}

result<engine_options> options_of(const gyre_engine_options& o) {
  if (o.api_version != 0 && o.api_version >> 16 != version_major) {
    return fail(code::abi, "the program was built for gyre ", o.api_version >> 16,
                ".x and this library is ", version_text, ": upgrade whichever is older");
  }
  if (o.driver < GYRE_DRIVER_WORKERS || o.driver > GYRE_DRIVER_VIRTUAL) {
    return fail(code::unsupported, "driver: unknown ", o.driver);
  }
  engine_options out;
  constexpr driver drivers[] = {driver::workers, driver::host, driver::virtual_time};
  out.driver = drivers[o.driver];
  if (o.shards != 0) out.shards = o.shards;
  if (o.seed != 0) out.seed = o.seed;
  out.store = text_of(o.store);
  GYRE_CHECK(set_ms(out.window, o.window_ms, "window_ms"));
  if (o.memory_bytes != 0) {
    if (!(o.memory_bytes >= 0 && o.memory_bytes <= 1e12)) {
      return fail(code::arg, "memory_bytes is ", o.memory_bytes);
    }
    out.memory.budget_bytes = static_cast<std::size_t>(o.memory_bytes);
  }
  if (o.memory_ring != 0) out.memory.ring = o.memory_ring;
  return out;
}

result<subscription_options> options_of(const gyre_subscription_options& o) {
  if (o.overflow < GYRE_OVERFLOW_DROP_NEWEST || o.overflow > GYRE_OVERFLOW_BLOCK) {
    return fail(code::unsupported, "overflow: unknown policy ", o.overflow);
  }
  subscription_options out;
  constexpr overflow policies[] = {overflow::drop_newest, overflow::drop_oldest,
                                   overflow::keep_latest, overflow::block};
  out.policy = policies[o.overflow];
  if (o.capacity != 0) out.capacity = o.capacity;
  out.priority = o.priority;
  out.rate_per_s = o.rate_per_s;
  double retries = out.retries;
  set_or_none(retries, o.retries);
  if (!(retries >= 0 && retries <= 1000)) return fail(code::arg, "retries: 0..1,000 expected");
  out.retries = static_cast<std::uint32_t>(retries);
  GYRE_CHECK(set_ms(out.retry_delay, o.retry_delay_ms, "retry_delay_ms"));
  return out;
}

// ---- What the engine tells, as C has it ---------------------------------------------------------

double or_zero(double v) { return std::isfinite(v) ? v : 0; }

gyre_latency latency_of(const latency_stats& l) {
  return {l.count,  l.min_ms, l.avg_ms,  l.p50_ms,
          l.p95_ms, l.p99_ms, l.p999_ms, l.max_ms};
}

template <std::size_t n>
void copy_name(char (&to)[n], const std::string& from) {
  std::memcpy(to, from.data(), std::min(from.size(), n - 1));
}

gyre_loop_metrics metrics_of(engine_object& owner, const loop_stats& l, const snapshot_data& all) {
  gyre_loop_metrics m{};
  m.id = loop_id_or_0(owner, l.id);
  m.state = static_cast<std::int32_t>(l.state);
  m.streak = l.metrics.streak;
  copy_name(m.name, l.name);
  copy_name(m.group, l.group);
  m.cycles = l.metrics.cycles;
  m.errors = l.metrics.errors;
  m.timeouts = l.metrics.timeouts;
  m.cancelled = l.metrics.cancelled;
  m.gated = l.metrics.gated;
  m.missed = l.metrics.missed;
  m.dropped = l.dropped;
  m.error_rate = l.metrics.error_rate;
  m.interval_ms = l.interval_ms;
  m.configured_ms = l.configured_ms;
  m.throttle = l.throttle;
  m.vitality = std::isfinite(l.vitality) ? l.vitality : l.metrics.health;
  m.mean_reward = l.reward;
  m.state_index = l.state_index;
  m.action_index = l.action_index;
  if (l.learner >= 0) {
    const learner_stats& s = all.learners[static_cast<std::size_t>(l.learner)].stats;
    m.exploration = s.exploration;
    m.states = s.states;
    m.actions = s.actions;
    m.decisions = s.decisions;
    m.replay_size = s.replay_size;
    m.replay_capacity = s.replay_capacity;
    m.replay_added = s.replay_added;
    m.replay_sampled = s.replay_sampled;
  }
  m.latency = latency_of(l.metrics.latency);
  m.window = latency_of(l.metrics.window);
  m.late = latency_of(l.metrics.late_total);
  m.shed = l.metrics.shed;
  copy_name(m.gate, l.gate);
  for (std::size_t i = l.gates.size(); i-- > 0;) {
    if (l.gates[i].open) continue;
    m.gate_value = l.gates[i].value;
    m.gate_open_at = l.gates[i].opens_under;
  }
  return m;
}
static_assert(static_cast<int>(loop_state::stopped) == GYRE_LOOP_STOPPED);
static_assert(static_cast<int>(loop_state::gated) == GYRE_LOOP_GATED);

void account_of(const bus_account& a, gyre_bus_metrics& m) {
  m.matched = a.matched;
  m.delivered = a.delivered;
  m.dropped = a.dropped();
  m.dropped_newest = a.dropped_newest;
  m.dropped_oldest = a.dropped_oldest;
  m.dropped_replaced = a.dropped_replaced;
  m.dropped_rate = a.dropped_rate;
  m.dropped_closed = a.dropped_closed;
  m.dropped_blocked = a.dropped_blocked;
  m.expired = a.expired;
  m.dead_lettered = a.dead_lettered;
  m.pending = a.pending;
}

}  // namespace

// ---- Library ------------------------------------------------------------------------------------

uint32_t gyre_version(void) { return GYRE_VERSION; }

const char* gyre_version_string(void) { return version_text; }

const char* gyre_status_name(gyre_status status) {
  switch (static_cast<code>(status)) {
#define GYRE_NAME(c, text) \
  case code::c: return text
    GYRE_NAME(ok, "GYRE_OK");
    GYRE_NAME(arg, "GYRE_E_ARG");
    GYRE_NAME(state, "GYRE_E_STATE");
    GYRE_NAME(nomem, "GYRE_E_NOMEM");
    GYRE_NAME(stale, "GYRE_E_STALE");
    GYRE_NAME(kind, "GYRE_E_KIND");
    GYRE_NAME(not_found, "GYRE_E_NOT_FOUND");
    GYRE_NAME(exists, "GYRE_E_EXISTS");
    GYRE_NAME(buffer, "GYRE_E_BUFFER");
    GYRE_NAME(timeout, "GYRE_E_TIMEOUT");
    GYRE_NAME(reentrant, "GYRE_E_REENTRANT");
    GYRE_NAME(cancelled, "GYRE_E_CANCELLED");
    GYRE_NAME(overflow, "GYRE_E_OVERFLOW");
    GYRE_NAME(budget, "GYRE_E_BUDGET");
    GYRE_NAME(breaker_open, "GYRE_E_BREAKER_OPEN");
    GYRE_NAME(io, "GYRE_E_IO");
    GYRE_NAME(corrupt, "GYRE_E_CORRUPT");
    GYRE_NAME(format, "GYRE_E_FORMAT");
    GYRE_NAME(unsupported, "GYRE_E_UNSUPPORTED");
    GYRE_NAME(abi, "GYRE_E_ABI");
    GYRE_NAME(callback, "GYRE_E_CALLBACK");
    GYRE_NAME(forked, "GYRE_E_FORKED");
    GYRE_NAME(internal, "GYRE_E_INTERNAL");
#undef GYRE_NAME
  }
  return "GYRE_E_?";
}

void* gyre_alloc(uint32_t size) { return std::malloc(size); }

void gyre_free(void* memory) { std::free(memory); }

// ---- Engine -------------------------------------------------------------------------------------

gyre_status gyre_engine_create(const gyre_engine_options* options, gyre_engine* out,
                               gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_CHECK(here());
    GYRE_CHECK(not_null(out, "out"));
    engine_options native;
    if (options) {
      GYRE_TRY(o, checked(options, "options"));
      GYRE_TRY(read, options_of(o));
      native = std::move(read);
    }
    GYRE_TRY(made, engine::create(std::move(native)));
    auto object = std::make_unique<engine_object>();
    object->engine = std::move(made);
    engine_object* const raw = object.get();
    GYRE_TRY(id, adopt(std::move(object)));
    raw->id = id;  // nobody else knows the id yet
    *out = id;
    return ok;
  });
}

gyre_status gyre_engine_destroy(gyre_engine engine, gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_CHECK(here());
    GYRE_CHECK(not_inside(engine, "gyre_engine_destroy"));
    GYRE_TRY(object, table().take<engine_object>(engine));
    const std::unique_ptr<engine_object> dead(object);
    (void)dead->engine->stop();
    std::vector<std::shared_ptr<registration>> called;
    for (const auto& [id, native] : dead->ticks) (void)destroy<tick_object>(id);
    for (const auto& [native, id] : dead->loops) {
      if (auto loop = table().take<loop_object>(id); loop) {
        called.push_back((*loop)->called);
        delete *loop;
      }
    }
    for (const auto& [id, native] : dead->subscriptions) {
      if (auto sub = table().take<subscription_object>(id); sub) {
        called.push_back((*sub)->called);
        delete *sub;
      }
    }
    dead->engine.reset();
    // A thread that is stuck in a callback keeps the engine's core, and so every function in it; it
    // holds its own user data itself. All others are told now.
    for (const auto& each : called) {
      if (each) each->end();
    }
    return ok;
  });
}

gyre_status gyre_engine_start(gyre_engine engine, gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    return owner->engine->start();
  });
}

gyre_status gyre_engine_stop(gyre_engine engine, double deadline_ms, char* names, uint32_t cap,
                             uint32_t* needed, gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    GYRE_CHECK(not_inside(engine, "gyre_engine_stop"));
    duration deadline = std::chrono::seconds(5);
    GYRE_CHECK(set_ms(deadline, deadline_ms, "deadline_ms"));
    GYRE_TRY(late, owner->engine->stop(deadline));
    if (late.empty()) return ok;
    std::string list;
    for (const std::string& name : late) list += (list.empty() ? "" : "\n") + name;
    if (names || needed) GYRE_CHECK(put_text(list, names, cap, needed));
    for (char& c : list) c = c == '\n' ? ' ' : c;
    return fail(code::timeout, "still running after the deadline: ", list);
  });
}

gyre_status gyre_engine_poll(gyre_engine engine, double now_ms, uint32_t max_ticks,
                             gyre_poll_result* out, gyre_error* err) {
  return gyre_engine_poll_within(engine, now_ms, max_ticks, 0, out, err);
}

gyre_status gyre_engine_poll_within(gyre_engine engine, double now_ms, uint32_t max_ticks,
                                    double budget_ms, gyre_poll_result* out, gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    if (out) GYRE_CHECK(check_out(out, "out"));
    GYRE_TRY(now, ms_of(now_ms, "now_ms"));
    duration budget = no_budget;
    GYRE_CHECK(set_ms(budget, budget_ms, "budget_ms"));
    const std::uint64_t most = max_ticks == 0 ? ~std::uint64_t{0} : max_ticks;
    GYRE_TRY(done, owner->engine->poll(now, most, budget));
    if (!out) return ok;
    gyre_poll_result r{};
    r.more = done.more ? 1 : 0;
    r.ticks = done.ticks;
    r.next_due_ms = done.next_due == never ? -1 : to_ms(done.next_due);
    write_out(out, r);
    return ok;
  });
}

gyre_status gyre_engine_advance_to(gyre_engine engine, double to_ms, gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    GYRE_TRY(to, ms_of(to_ms, "to_ms"));
    GYRE_CHECK(owner->engine->advance_to(to));
    return ok;
  });
}

gyre_status gyre_engine_jump_to(gyre_engine engine, double to_ms, gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    GYRE_TRY(to, ms_of(to_ms, "to_ms"));
    return owner->engine->jump_to(to);
  });
}

gyre_status gyre_engine_now(gyre_engine engine, double* out) {
  return guard(nullptr, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    GYRE_CHECK(not_null(out, "out"));
    *out = to_ms(owner->engine->now());
    return ok;
  });
}

gyre_status gyre_engine_state(gyre_engine engine, gyre_engine_info* out) {
  return guard(nullptr, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    GYRE_CHECK(check_out(out, "out"));
    const snapshot_data s = owner->engine->snapshot();
    gyre_engine_info info{};
    info.driver = s.driver == "workers" ? GYRE_DRIVER_WORKERS
                  : s.driver == "host"  ? GYRE_DRIVER_HOST
                                        : GYRE_DRIVER_VIRTUAL;
    info.running = s.running ? 1 : 0;
    info.shards = s.shards;
    info.loops = static_cast<std::uint32_t>(s.totals.loops);
    info.seed = s.seed;
    info.now_ms = s.now_ms;
    write_out(out, info);
    return ok;
  });
}

gyre_status gyre_engine_supply(gyre_engine engine, const gyre_reading* reading, gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    GYRE_TRY(r, checked(reading, "reading"));
    gyre::reading native;
    for (auto [from, to] : {std::pair(r.cpu_percent, &native.cpu_percent),
                            std::pair(r.memory_percent, &native.memory_percent),
                            std::pair(r.latency_ms, &native.latency_ms)}) {
      if (std::isnan(from)) return fail(code::arg, "a reading is NaN: use GYRE_NONE");
      if (from != GYRE_NONE) *to = from;
    }
    if (r.mode) native.mode = r.mode;
    owner->engine->supply(native);
    return ok;
  });
}

gyre_status gyre_engine_sync(gyre_engine engine, gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    GYRE_CHECK(not_inside(engine, "gyre_engine_sync"));
    if (!owner->engine->has_store()) return ok;
    return owner->engine->sync();
  });
}

// ---- Loops --------------------------------------------------------------------------------------

gyre_status gyre_loop_create(gyre_engine engine, const gyre_loop_options* options, gyre_loop* out,
                             gyre_error* err) {
  user_data given = user_of(options);
  return guard(err, [&]() -> result<void> {
    auto called = std::make_shared<registration>(engine, given);
    GYRE_TRY(owner, pin<engine_object>(engine));
    GYRE_CHECK(not_null(out, "out"));
    GYRE_TRY(o, checked(options, "options"));
    const bool external = (o.flags & GYRE_LOOP_EXTERNAL) != 0;
    if (external != (o.tick == nullptr)) {
      return fail(code::arg, external ? "tick must be NULL with GYRE_LOOP_EXTERNAL"
                                      : "tick is NULL: without GYRE_LOOP_EXTERNAL it is needed");
    }
    GYRE_TRY(native, options_of(o));
    auto object = std::make_unique<loop_object>();
    object->engine = engine;
    object->called = called;
    loop_object* const raw = object.get();
    // Named before it is added: its first tick may run before this call is over. The lock keeps
    // loop_id() from making a second id for it meanwhile.
    const std::lock_guard<std::mutex> hold(owner->mutex);
    GYRE_TRY(id, adopt(std::move(object)));
    auto added = external ? owner->engine->add_external(std::move(native))
                          : owner->engine->add(std::move(native), calls(called, o.tick));
    if (!added) {
      GYRE_CHECK(destroy<loop_object>(id));
      return std::move(added).error();
    }
    raw->handle = *added;
    raw->ready.store(true, std::memory_order_release);
    owner->loops.emplace(added->id(), id);
    *out = id;
    return ok;
  });
}

gyre_status gyre_loop_remove(gyre_loop loop, gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    std::vector<std::uint32_t> gone;  // the engine's ids, then ours
    auto removed = with_loop(loop, [&](engine_object& owner, gyre::loop& handle) -> result<void> {
      GYRE_CHECK(handle.remove(gone));
      const std::lock_guard<std::mutex> hold(owner.mutex);
      for (std::uint32_t& id : gone) {
        const auto known = owner.loops.find(id);
        id = known == owner.loops.end() ? 0 : known->second;
        if (id != 0) owner.loops.erase(known);
      }
      return ok;
    });
    if (!removed) return removed;
    for (const std::uint32_t id : gone) {
      if (id != 0) (void)retire<loop_object>(id);
    }
    return ok;
  });
}

gyre_status gyre_loop_find(gyre_engine engine, const char* name, gyre_loop* out, gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    GYRE_CHECK(not_null(name, "name"));
    GYRE_CHECK(not_null(out, "out"));
    GYRE_TRY(found, owner->engine->find(name));
    GYRE_TRY(id, loop_id(*owner, found.id()));
    *out = id;
    return ok;
  });
}

gyre_status gyre_loop_pause(gyre_loop loop) {
  return guard(nullptr, [&] {
    return with_loop(loop, [](engine_object&, gyre::loop& handle) { return handle.pause(); });
  });
}

gyre_status gyre_loop_resume(gyre_loop loop) {
  return guard(nullptr, [&] {
    return with_loop(loop, [](engine_object&, gyre::loop& handle) { return handle.resume(); });
  });
}

static gyre_status act_on_loops(gyre_engine engine, const char* pattern, double factor,
                                uint32_t* count, gyre_error* err,
                                result<std::uint32_t> (*act)(gyre::engine&, const char*, double)) {
  return guard(err, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    GYRE_CHECK(not_null(pattern, "pattern"));
    GYRE_TRY(n, act(*owner->engine, pattern, factor));
    if (count) *count = n;
    return ok;
  });
}

gyre_status gyre_loops_pause(gyre_engine engine, const char* pattern, uint32_t* count,
                             gyre_error* err) {
  return act_on_loops(engine, pattern, 1, count, err, [](gyre::engine& e, const char* p, double) {
    return e.pause_loops(p);
  });
}

gyre_status gyre_loops_resume(gyre_engine engine, const char* pattern, uint32_t* count,
                              gyre_error* err) {
  return act_on_loops(engine, pattern, 1, count, err, [](gyre::engine& e, const char* p, double) {
    return e.resume_loops(p);
  });
}

gyre_status gyre_loops_stop(gyre_engine engine, const char* pattern, uint32_t* count,
                            gyre_error* err) {
  return act_on_loops(engine, pattern, 1, count, err, [](gyre::engine& e, const char* p, double) {
    return e.stop_loops(p);
  });
}

gyre_status gyre_loops_throttle(gyre_engine engine, const char* pattern, double factor,
                                uint32_t* count, gyre_error* err) {
  return act_on_loops(engine, pattern, factor, count, err,
                      [](gyre::engine& e, const char* p, double f) {
                        return e.throttle_loops(p, f);
                      });
}

gyre_status gyre_loop_trigger(gyre_loop loop) {
  return guard(nullptr, [&] {
    return with_loop(loop, [](engine_object&, gyre::loop& handle) { return handle.trigger(); });
  });
}

gyre_status gyre_loop_reconfigure(gyre_loop loop, const gyre_loop_change* change, gyre_error* err) {
  return guard(err, [&] {
    return with_loop(loop, [&](engine_object&, gyre::loop& handle) -> result<void> {
      GYRE_TRY(c, checked(change, "change"));
      loop_change native;
      if (c.interval_ms != 0) {
        GYRE_TRY(interval, ms_of(c.interval_ms, "interval_ms"));
        native.interval = interval;
      }
      if (c.timeout_ms != 0) {
        GYRE_TRY(timeout, ms_of(c.timeout_ms, "timeout_ms"));
        native.timeout = timeout;
      }
      if (c.jitter != 0) native.jitter = c.jitter == GYRE_NONE ? 0 : c.jitter;
      return handle.reconfigure(native);
    });
  });
}

gyre_status gyre_loop_metrics_read(gyre_loop loop, gyre_loop_metrics* out) {
  return guard(nullptr, [&] {
    return with_loop(loop, [&](engine_object& owner, gyre::loop& handle) -> result<void> {
      GYRE_CHECK(check_out(out, "out"));
      const snapshot_data all = owner.engine->snapshot();
      for (const loop_stats& l : all.loops) {
        if (l.id != handle.id()) continue;
        write_out(out, metrics_of(owner, l, all));
        return ok;
      }
      return fail(code::stale, "the loop is gone");
    });
  });
}

gyre_status gyre_loop_knob(gyre_loop loop, const char* knob, double* out) {
  return guard(nullptr, [&] {
    return with_loop(loop, [&](engine_object&, gyre::loop& handle) -> result<void> {
      GYRE_CHECK(not_null(knob, "knob"));
      GYRE_CHECK(not_null(out, "out"));
      GYRE_TRY(stats, handle.stats());
      for (const knob_reading& k : stats.knobs) {
        if (k.name != knob) continue;
        if (stats.metrics.cycles == 0) return fail(code::state, "the loop has not ticked yet");
        *out = k.value;
        return ok;
      }
      return fail(code::not_found, "the loop has no such knob");
    });
  });
}

// ---- Ticks --------------------------------------------------------------------------------------

namespace {
/// Gives up the ids of external ticks that were completed, or have timed out unanswered. Under the
/// owner's mutex. Not at each call: with many out, that would be most of it. Nor so seldom that an
/// id could name another tick meanwhile, which is after some 262,000.
void sweep(engine_object& owner) {
  std::erase_if(owner.ticks, [&](const auto& held) {
    // No pin: another thread may be using it, and would be told that it is in use.
    if (owner.engine->with_tick(held.second, [](tick&) {})) return false;
    (void)destroy<tick_object>(held.first);  // or its own gyre_tick_complete does
    return true;
  });
  const std::size_t left = owner.ticks.size();
  owner.sweep_at = left + std::min<std::size_t>(left, 65'536) + 1;
}
/// Makes the id of an external tick stale, which is about to end. @return the engine's own id
result<std::uint32_t> hand_back(gyre_engine engine, gyre_tick tick) {
  {
    GYRE_TRY(object, pin<tick_object>(tick, true));
    if (object->running || object->engine != engine) return fail(code::state, "");
  }
  GYRE_TRY(object, table().take<tick_object>(tick));
  return std::unique_ptr<tick_object>(object)->native;
}
}  // namespace

gyre_status gyre_tick_acquire(gyre_engine engine, gyre_tick* ticks, uint32_t cap, uint32_t* count,
                              gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    GYRE_CHECK(not_null(count, "count"));
    if (cap > 0) GYRE_CHECK(not_null(ticks, "ticks"));
    const std::lock_guard<std::mutex> hold(owner->mutex);
    if (owner->ticks.size() >= owner->sweep_at) sweep(*owner);
    const std::uint32_t taken = owner->engine->acquire(std::span(ticks, cap));
    std::uint32_t n = 0;
    for (; n < taken; ++n) {
      auto object = std::make_unique<tick_object>();
      object->engine = engine;
      object->native = ticks[n];
      auto id = adopt(std::move(object));
      if (!id && n == 0) return std::move(id).error();
      if (!id) break;  // this one and the next will time out; those before it are the caller's
      owner->ticks.emplace_back(*id, ticks[n]);
      ticks[n] = *id;
    }
    *count = n;
    return ok;
  });
}

gyre_status gyre_tick_complete(gyre_tick tick, const gyre_completion* completion) {
  return guard(nullptr, [&]() -> result<void> {
    gyre_completion c{};
    if (completion) {
      GYRE_TRY(read, checked(completion, "completion"));
      c = read;
    }
    duration took{-1};
    GYRE_CHECK(set_ms(took, c.took_ms, "took_ms"));
    {
      GYRE_TRY(object, pin<tick_object>(tick, true));
      if (object->running) return fail(code::state, "a callback's tick ends when it returns");
      GYRE_TRY(owner, pin<engine_object>(object->engine));
      if (c.failed) {
        GYRE_CHECK(owner->engine->with_tick(object->native, [&](gyre::tick& t) {
          (void)t.fail(c.text ? c.text : "failed");
        }));
      }
      GYRE_CHECK(owner->engine->complete(object->native, took));
    }
    (void)destroy<tick_object>(tick);  // or another thread's gyre_tick_acquire has
    return ok;
  });
}

gyre_status gyre_tick_complete_many(gyre_engine engine, const gyre_tick* ticks,
                                    const double* took_ms, uint32_t count, gyre_status* statuses) {
  return guard(nullptr, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    if (count > 0) GYRE_CHECK(not_null(ticks, "ticks"));
    const auto taken = [&](std::uint32_t i) -> result<duration> {
      duration took{-1};
      if (took_ms) GYRE_CHECK(set_ms(took, took_ms[i], "took_ms"));
      return took;
    };
    for (std::uint32_t i = 0; i < count; ++i) GYRE_CHECK(taken(i));
    std::array<completion, 64> some;
    std::array<std::uint32_t, 64> places;
    for (std::uint32_t i = 0; i < count;) {
      std::size_t n = 0;
      for (; i < count && n < some.size(); ++i) {
        const auto native = hand_back(engine, ticks[i]);
        if (statuses) statuses[i] = static_cast<gyre_status>(native.code());
        if (!native) continue;
        places[n] = i;
        some[n++] = {.id = *native, .taken = *taken(i)};
      }
      (void)owner->engine->complete(std::span(some).first(n));
      for (std::size_t k = 0; statuses && k < n; ++k) {
        statuses[places[k]] = static_cast<gyre_status>(some[k].status);
      }
    }
    return ok;
  });
}

gyre_status gyre_tick_pending(gyre_tick tick) {
  return guard(nullptr, [&] {
    return with_tick(tick, [&](gyre::tick& t) {
      return said(t.pending(), "only the host driver's ticks can be pending");
    });
  });
}

gyre_status gyre_tick_knob(gyre_tick tick, const char* name, double* out) {
  return guard(nullptr, [&] {
    return with_tick(tick, [&](gyre::tick& t) -> result<void> {
      GYRE_CHECK(not_null(name, "name"));
      GYRE_CHECK(not_null(out, "out"));
      const double value = t.knob(name);
      if (std::isnan(value)) {  // a knob's own values are finite
        const code alive = t.spend(duration{0});
        return said(alive == code::ok ? code::not_found : alive, "the loop has no such knob");
      }
      *out = value;
      return ok;
    });
  });
}

gyre_status gyre_tick_feature(gyre_tick tick, const char* name, double value) {
  return guard(nullptr, [&] {
    return with_tick(tick, [&](gyre::tick& t) -> result<void> {
      GYRE_CHECK(not_null(name, "name"));
      return said(t.feature(name, value), "the loop has no such feature, or the value is NaN");
    });
  });
}

gyre_status gyre_tick_reward(gyre_tick tick, double reward) {
  return guard(nullptr, [&] {
    return with_tick(tick, [&](gyre::tick& t) {
      return said(t.reward(reward), "the reward is not finite, as a float");
    });
  });
}

gyre_status gyre_tick_vitality(gyre_tick tick, double vitality) {
  return guard(nullptr, [&] {
    return with_tick(tick, [&](gyre::tick& t) {
      return said(t.vitality(vitality), "vitality: 0..1 expected");
    });
  });
}

gyre_status gyre_tick_fail(gyre_tick tick, const char* text) {
  return guard(nullptr, [&] {
    return with_tick(tick, [&](gyre::tick& t) {
      return said(t.fail(std::string_view(text ? text : "failed").substr(0, 200)), "");
    });
  });
}

gyre_status gyre_tick_spend(gyre_tick tick, double ms) {
  return guard(nullptr, [&] {
    return with_tick(tick, [&](gyre::tick& t) -> result<void> {
      GYRE_TRY(time, ms_of(ms, "ms"));
      return said(t.spend(time), "the time is negative");
    });
  });
}

gyre_status gyre_tick_cancelled(gyre_tick tick) {
  return guard(nullptr, [&] {
    return with_tick(tick, [&](gyre::tick& t) {
      return said(t.cancelled() ? code::cancelled : code::ok, "");
    });
  });
}

gyre_status gyre_tick_info_read(gyre_tick tick, gyre_tick_info* out) {
  return guard(nullptr, [&]() -> result<void> {
    GYRE_CHECK(check_out(out, "out"));
    gyre_tick_info info{};
    std::uint32_t native = 0;
    gyre_engine engine = 0;
    GYRE_CHECK(with_tick(tick, [&](gyre::tick& t) -> result<void> {
      native = t.loop_id();
      info.number = t.number();
      info.missed = t.missed();
      info.due_ms = to_ms(t.due());
      info.elapsed_ms = t.elapsed_ms();
      info.cpu_ms = t.cpu_ms();
      info.calls = t.calls();
      return ok;
    }));
    {
      GYRE_TRY(object, pin<tick_object>(tick));
      engine = object->engine;
    }
    GYRE_TRY(owner, pin<engine_object>(engine));
    info.loop = loop_id_or_0(*owner, native);
    write_out(out, info);
    return ok;
  });
}

// ---- Bus ----------------------------------------------------------------------------------------

gyre_status gyre_bus_publish(gyre_engine engine, const char* topic, const void* payload,
                             uint32_t payload_size, const gyre_publish_options* options,
                             gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    GYRE_CHECK(not_null(topic, "topic"));
    if (payload_size > 0) GYRE_CHECK(not_null(payload, "payload"));
    publish_options native;
    if (options) {
      GYRE_TRY(o, checked(options, "options"));
      GYRE_CHECK(set_ms(native.ttl, o.ttl_ms, "ttl_ms"));
      native.correlation = o.correlation;
      if (o.source != 0) {
        GYRE_CHECK(with_loop(o.source, [&](engine_object&, gyre::loop& handle) -> result<void> {
          native.source = handle.id();
          return ok;
        }));
      }
    }
    GYRE_CHECK(owner->engine->publish(topic, bytes_of(payload, payload_size), native));
    return ok;
  });
}

gyre_status gyre_bus_subscribe(gyre_engine engine, const char* pattern,
                               const gyre_subscription_options* options, gyre_subscription* out,
                               gyre_error* err) {
  user_data given = user_of(options);
  return guard(err, [&]() -> result<void> {
    auto called = std::make_shared<registration>(engine, given);
    GYRE_TRY(owner, pin<engine_object>(engine));
    GYRE_CHECK(not_null(pattern, "pattern"));
    GYRE_CHECK(not_null(out, "out"));
    subscription_options native;
    gyre_message_fn on_message = nullptr;
    if (options) {
      GYRE_TRY(o, checked(options, "options"));
      GYRE_TRY(read, options_of(o));
      native = read;
      on_message = o.on_message;
    }
    auto object = std::make_unique<subscription_object>();
    object->engine = engine;
    if (on_message) object->called = called;
    subscription_object* const raw = object.get();
    const std::lock_guard<std::mutex> hold(owner->mutex);
    GYRE_TRY(id, adopt(std::move(object)));
    auto made = owner->engine->subscribe(
        pattern, native, on_message ? calls(called, on_message) : message_handler{});
    if (!made) {
      GYRE_CHECK(destroy<subscription_object>(id));
      return std::move(made).error();
    }
    raw->native = *made;  // nobody else knows the id yet
    owner->subscriptions.emplace(id, *made);
    *out = id;
    return ok;
  });
}

gyre_status gyre_bus_unsubscribe(gyre_subscription subscription) {
  return guard(nullptr, [&]() -> result<void> {
    {
      GYRE_TRY(object, pin<subscription_object>(subscription));
      GYRE_TRY(owner, pin<engine_object>(object->engine));
      GYRE_CHECK(owner->engine->unsubscribe(object->native));
      const std::lock_guard<std::mutex> hold(owner->mutex);
      owner->subscriptions.erase(subscription);
    }
    return retire<subscription_object>(subscription);
  });
}

gyre_status gyre_bus_poll(gyre_subscription subscription, gyre_message* out, void* buf,
                          uint32_t cap, uint32_t* needed) {
  return guard(nullptr, [&]() -> result<void> {
    GYRE_TRY(object, pin<subscription_object>(subscription));
    GYRE_TRY(owner, pin<engine_object>(object->engine));
    GYRE_CHECK(check_out(out, "out"));
    if (object->called) return fail(code::state, "the subscription has a callback");
    if (cap > 0) GYRE_CHECK(not_null(buf, "buf"));
    const std::lock_guard<std::mutex> hold(object->mutex);
    owned_message& m = object->last;
    std::size_t size = 0;
    owner->engine->with_bus([&](bus& b, instant now) {  // what does not fit stays the bus's
      message front;
      if (!b.peek(object->native, front, now)) return;
      size = front.topic.size() + 1 + front.payload.size();
      if (size <= cap) (void)b.poll(object->native, m, now);
    });
    if (size == 0) return fail(code::not_found, "no message waits");
    if (needed) *needed = static_cast<std::uint32_t>(size);
    if (size > cap) return fail(code::buffer, size, " bytes are needed");
    auto* to = static_cast<char*>(buf);
    std::memcpy(to, m.topic.c_str(), m.topic.size() + 1);
    if (!m.payload.empty()) {
      std::memcpy(to + m.topic.size() + 1, m.payload.data(), m.payload.size());
    }
    gyre_message r{};
    r.topic = to;
    r.topic_size = static_cast<std::uint32_t>(m.topic.size());
    r.payload = to + m.topic.size() + 1;
    r.payload_size = static_cast<std::uint32_t>(m.payload.size());
    r.at_ms = to_ms(m.at);
    r.ttl_ms = to_ms(m.ttl);
    r.correlation = m.correlation;
    r.sequence = m.sequence;
    r.source = loop_id_or_0(*owner, m.source);
    write_out(out, r);
    return ok;
  });
}

gyre_status gyre_bus_metrics_read(uint32_t id, gyre_bus_metrics* out) {
  return guard(nullptr, [&]() -> result<void> {
    GYRE_CHECK(here());
    gyre_bus_metrics m{};
    if (capi::handle_table::kind_of(id) == kind::subscription) {
      GYRE_TRY(object, pin<subscription_object>(id));
      GYRE_TRY(owner, pin<engine_object>(object->engine));
      GYRE_CHECK(check_out(out, "out"));
      GYRE_TRY(stats, owner->engine->subscription(object->native));
      account_of(stats, m);
      m.subscriptions = 1;
      m.health = 1;
      write_out(out, m);
      return ok;
    }
    GYRE_TRY(owner, pin<engine_object>(id));
    GYRE_CHECK(check_out(out, "out"));
    const bus_stats b = owner->engine->with_bus([](bus& all, instant) { return all.stats(); });
    account_of(b, m);
    m.subscriptions = static_cast<std::uint32_t>(b.subscriptions);
    m.published = b.published;
    m.unrouted = b.unrouted;
    m.rejected = b.rejected;
    m.p50_ms = or_zero(b.p50_ms);
    m.p99_ms = or_zero(b.p99_ms);
    m.health = b.health;
    write_out(out, m);
    return ok;
  });
}

// ---- Memory -------------------------------------------------------------------------------------

gyre_status gyre_memory_remember(gyre_engine engine, const gyre_record* record, gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    GYRE_TRY(r, checked(record, "record"));
    GYRE_CHECK(not_null(r.text, "text"));
    gyre::record native;
    native.text = r.text;
    native.user = text_of(r.user);
    native.role = text_of(r.role);
    native.source = text_of(r.source);
    set_or_none(native.importance, r.importance);
    if (!(r.wall_ms >= 0 && r.wall_ms <= 9e15)) {
      return fail(code::arg, "wall_ms is ", r.wall_ms);
    }
    native.wall_ms = static_cast<std::int64_t>(r.wall_ms);
    if (r.tag_count > 0) GYRE_CHECK(not_null(r.tags, "tags"));
    if (r.tag_count > 64) return fail(code::arg, "tag_count is over 64");
    for (std::uint32_t i = 0; i < r.tag_count; ++i) {
      GYRE_CHECK(not_null(r.tags[i], "a tag"));
      native.tags.emplace_back(r.tags[i]);
    }
    return owner->engine->remember(native);
  });
}

gyre_status gyre_memory_recall(gyre_engine engine, const gyre_query* query, char* buf, uint32_t cap,
                               uint32_t* needed, gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    gyre::query native;
    if (query) {
      GYRE_TRY(q, checked(query, "query"));
      if (q.limit != 0) native.limit = q.limit;
      native.text = text_of(q.text);
      native.tag = text_of(q.tag);
      native.user = text_of(q.user);
      native.source = text_of(q.source);
      if (!(std::abs(q.from_wall_ms) <= 9e15 && std::abs(q.to_wall_ms) <= 9e15)) {
        return fail(code::arg, "from_wall_ms and to_wall_ms: finite milliseconds expected");
      }
      if (q.from_wall_ms != 0) native.from_ms = static_cast<std::int64_t>(q.from_wall_ms);
      if (q.to_wall_ms != 0) native.to_ms = static_cast<std::int64_t>(q.to_wall_ms);
    }
    const std::vector<gyre::record> found = owner->engine->recall(native);
    return put_text(to_json(std::span(found), owner->engine->wall_ms()), buf, cap, needed);
  });
}

gyre_status gyre_memory_consolidate(gyre_engine engine, gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    GYRE_CHECK(owner->engine->consolidate());
    return ok;
  });
}

gyre_status gyre_memory_metrics_read(gyre_engine engine, gyre_memory_metrics* out) {
  return guard(nullptr, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    GYRE_CHECK(check_out(out, "out"));
    const memory_stats s = owner->engine->snapshot().memory;
    gyre_memory_metrics m{};
    m.block_count = static_cast<std::uint32_t>(s.blocks);
    m.remembered = s.remembered;
    m.in_ring = s.in_ring;
    m.in_blocks = s.in_blocks;
    m.archived = s.archived;
    m.evicted = s.evicted;
    m.merged = s.merged;
    m.pruned = s.pruned;
    m.compressions = s.compressions;
    m.raw_bytes = s.raw_bytes;
    m.stored_bytes = s.stored_bytes;
    m.resident_bytes = s.resident_bytes;
    m.budget_bytes = s.budget_bytes;
    m.saved_percent = s.saved_percent;
    write_out(out, m);
    return ok;
  });
}

// ---- Symbiosis ----------------------------------------------------------------------------------

gyre_status gyre_graph_connect(gyre_engine engine, const char* from, const char* to, double weight,
                               gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    GYRE_CHECK(not_null(from, "from"));
    GYRE_CHECK(not_null(to, "to"));
    return owner->engine->connect(from, to, weight);
  });
}

gyre_status gyre_graph_score(gyre_engine engine, double* out) {
  return guard(nullptr, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    GYRE_CHECK(not_null(out, "out"));
    *out = owner->engine->snapshot().score;
    return ok;
  });
}

gyre_status gyre_society_add(gyre_engine engine, double divisor, gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    society_options options;
    if (divisor != 0) options.divisor = divisor;
    GYRE_CHECK(society::add(*owner->engine, options));  // the loops stay, the window on them goes
    return ok;
  });
}

// ---- Snapshot -----------------------------------------------------------------------------------

gyre_status gyre_snapshot_json(gyre_engine engine, char* buf, uint32_t cap, uint32_t* needed,
                               gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    snapshot_data s = owner->engine->snapshot();
    // The ids in the text are those of this ABI.
    for (loop_stats& l : s.loops) l.id = loop_id_or_0(*owner, l.id);
    for (graph_node& n : s.symbiosis.nodes) n.id = loop_id_or_0(*owner, n.id);
    for (graph_edge& e : s.symbiosis.edges) {
      e.from = loop_id_or_0(*owner, e.from);
      e.to = loop_id_or_0(*owner, e.to);
    }
    return put_text(to_json(s), buf, cap, needed);
  });
}

gyre_status gyre_snapshot_loops(gyre_engine engine, gyre_loop_metrics* rows, uint32_t cap,
                                uint32_t* needed) {
  return guard(nullptr, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    if (cap > 0) GYRE_CHECK(check_out(rows, "rows"));
    const snapshot_data s = owner->engine->snapshot();
    const auto count = static_cast<std::uint32_t>(s.loops.size());
    if (needed) *needed = count;
    if (count > cap) return fail(code::buffer, count, " rows are needed");
    for (std::uint32_t i = 0; i < count; ++i) {
      auto* row = const_cast<gyre_loop_metrics*>(element(rows, i));
      row->size = rows->size;
      write_out(row, metrics_of(*owner, s.loops[i], s));
    }
    return ok;
  });
}

gyre_status gyre_snapshot_totals(gyre_engine engine, gyre_totals* out) {
  return guard(nullptr, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    GYRE_CHECK(check_out(out, "out"));
    const snapshot_data s = owner->engine->snapshot();
    const totals& t = s.totals;
    gyre_totals m{};
    m.loops = static_cast<std::uint32_t>(t.loops);
    m.active = static_cast<std::uint32_t>(t.active);
    m.stuck = static_cast<std::uint32_t>(t.stuck);
    m.ticks = t.ticks;
    m.errors = t.errors;
    m.timeouts = t.timeouts;
    m.cancelled = t.cancelled;
    m.gated = t.gated;
    m.missed = t.missed;
    m.error_rate = t.error_rate;
    m.avg_ms = or_zero(t.latency.avg_ms);
    m.p50_ms = or_zero(t.latency.p50_ms);
    m.p95_ms = or_zero(t.latency.p95_ms);
    m.p99_ms = or_zero(t.latency.p99_ms);
    m.late_p50_ms = or_zero(t.late.p50_ms);
    m.late_p99_ms = or_zero(t.late.p99_ms);
    m.now_ms = s.now_ms;
    m.uptime_s = s.uptime_s;
    m.cpu_percent = or_zero(s.process_cpu_percent);
    m.resident_bytes = s.resident_bytes;
    m.score = s.score;
    m.shed = t.shed;
    m.gaps = t.gaps;
    write_out(out, m);
    return ok;
  });
}

gyre_status gyre_trace_hash(gyre_engine engine, char* buf, uint32_t cap, uint32_t* needed) {
  return guard(nullptr, [&]() -> result<void> {
    GYRE_TRY(owner, pin<engine_object>(engine));
    return put_text(owner->engine->trace_hash(), buf, cap, needed);
  });
}

// ---- Replay -------------------------------------------------------------------------------------

gyre_status gyre_replay_create(const gyre_replay_options* options, gyre_replay* out,
                               gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_CHECK(here());
    GYRE_CHECK(not_null(out, "out"));
    GYRE_TRY(o, checked(options, "options"));
    const std::uint32_t capacity = o.capacity ? o.capacity : 10'000;
    if (o.row_size < 1 || o.row_size > 65'536) {
      return fail(code::arg, "row_size is ", o.row_size, ": 1..65,536 expected");
    }
    const std::uint64_t bytes = (std::uint64_t{o.row_size} + replay_row_extra) * capacity;
    if (bytes > most_replay_bytes) {
      return fail(code::arg, "(row_size + ", replay_row_extra, ") x capacity is ", bytes,
                  ": at most 1 GiB is allowed");
    }
    auto object = std::make_unique<replay_object>(o.row_size, capacity, o.seed ? o.seed : 1);
    GYRE_TRY(id, adopt(std::move(object)));
    *out = id;
    return ok;
  });
}

gyre_status gyre_replay_destroy(gyre_replay replay) {
  return guard(nullptr, [&] { return destroy<replay_object>(replay); });
}

gyre_status gyre_replay_push(gyre_replay replay, const void* rows, uint32_t count) {
  return guard(nullptr, [&]() -> result<void> {
    GYRE_TRY(buffer, pin<replay_object>(replay));
    if (count == 0) return ok;
    GYRE_CHECK(not_null(rows, "rows"));
    const std::lock_guard<std::mutex> hold(buffer->mutex);
    const auto* from = static_cast<const std::byte*>(rows);
    const std::size_t bytes = buffer->row_size;
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto place =
          static_cast<std::uint32_t>(buffer->places.total_added() % buffer->places.capacity());
      std::memcpy(&buffer->rows[place * bytes], from + i * bytes, bytes);
      buffer->places.push(place);
    }
    return ok;
  });
}

gyre_status gyre_replay_sample(gyre_replay replay, void* rows, uint32_t count, uint32_t flags) {
  return guard(nullptr, [&]() -> result<void> {
    GYRE_TRY(buffer, pin<replay_object>(replay));
    if ((flags & ~GYRE_SAMPLE_WITH_REPLACEMENT) != 0) {
      return fail(code::unsupported, "unknown flags");
    }
    if (count == 0) return ok;
    GYRE_CHECK(not_null(rows, "rows"));
    const std::lock_guard<std::mutex> hold(buffer->mutex);
    const auto how = flags ? sampling::with_replacement : sampling::without_replacement;
    const std::size_t held = buffer->places.size();
    if (held == 0 || (flags == 0 && count > held)) {
      return fail(code::state, "fewer rows than asked for");
    }
    buffer->drawn.resize(count);
    if (!buffer->places.sample(std::span(buffer->drawn), buffer->random, how)) {
      return fail(code::internal, "sampling failed");
    }
    auto* to = static_cast<std::byte*>(rows);
    const std::size_t bytes = buffer->row_size;
    for (std::uint32_t i = 0; i < count; ++i) {
      std::memcpy(to + i * bytes, &buffer->rows[buffer->drawn[i] * bytes], bytes);
    }
    return ok;
  });
}

gyre_status gyre_replay_metrics_read(gyre_replay replay, gyre_replay_metrics* out) {
  return guard(nullptr, [&]() -> result<void> {
    GYRE_TRY(buffer, pin<replay_object>(replay));
    GYRE_CHECK(check_out(out, "out"));
    const std::lock_guard<std::mutex> hold(buffer->mutex);
    gyre_replay_metrics m{};
    m.row_size = buffer->row_size;
    m.rows = buffer->places.size();
    m.capacity = buffer->places.capacity();
    m.total_added = buffer->places.total_added();
    m.total_sampled = buffer->places.total_sampled();
    m.utilization = buffer->places.utilization();
    write_out(out, m);
    return ok;
  });
}

// ---- Learner ------------------------------------------------------------------------------------

gyre_status gyre_learner_create(const gyre_learner_options* options, gyre_learner* out,
                                gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    GYRE_CHECK(here());
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
  return guard(nullptr, [&]() -> result<void> {
    GYRE_TRY(object, pin<learner_object>(learner));
    if (count == 0) return ok;
    GYRE_CHECK(not_null(states, "states"));
    GYRE_CHECK(not_null(actions, "actions"));
    const std::lock_guard<std::mutex> hold(object->mutex);
    const std::uint32_t known = object->learns.stats().states;
    for (std::uint32_t i = 0; i < count; ++i) {
      if (states[i] >= known) return fail(code::arg, "a state is out of range");
    }
    for (std::uint32_t i = 0; i < count; ++i) actions[i] = object->learns.choose(states[i]);
    return ok;
  });
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
      GYRE_TRY(t, checked(element(transitions, i), "transitions", transitions->size));
      if (t.state >= stats.states || t.next >= stats.states || t.action >= stats.actions) {
        return fail(code::arg, "an index is out of range");
      }
      if (!std::isfinite(static_cast<float>(t.reward))) {
        return fail(code::arg, "a reward is ", t.reward, ": it must be finite as a float");
      }
      if (t.flags > (GYRE_TRANSITION_TERMINATED | GYRE_TRANSITION_TRUNCATED)) {
        return fail(code::unsupported, "unknown flags");
      }
    }
    for (std::uint32_t i = 0; i < count; ++i) {
      const gyre_transition& from = *element(transitions, i);
      transition t{};
      t.state = from.state;
      t.action = from.action;
      t.next = from.next;
      t.reward = static_cast<float>(from.reward);
      t.terminated = (from.flags & GYRE_TRANSITION_TERMINATED) != 0;
      t.truncated = (from.flags & GYRE_TRANSITION_TRUNCATED) != 0;
      object->learns.observe(t);
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
    if (cap < cells) return fail(code::buffer, cells, " floats are needed");
    GYRE_CHECK(not_null(out, "out"));
    std::memcpy(out, object->learns.q(), cells * sizeof(float));
    return ok;
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

// ---- Compression --------------------------------------------------------------------------------

gyre_status gyre_compress(const void* data, uint32_t data_size, int32_t level, void* buf,
                          uint32_t cap, uint32_t* needed, gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    if (data_size > 0) GYRE_CHECK(not_null(data, "data"));
    thread_local deflater streams[10];  // one a level: setting one up costs more than a small block
    thread_local std::vector<std::byte> packed;
    if (level < 0 || level > 9) {
      return fail(code::arg, "level is ", level, ": 0..9 expected");
    }
    GYRE_CHECK(streams[level].compress(bytes_of(data, data_size), packed, level));
    auto done = put_bytes({reinterpret_cast<const char*>(packed.data()), packed.size()}, buf, cap,
                          needed);
    if (packed.capacity() > most_kept_bytes) packed = std::vector<std::byte>();
    return done;
  });
}

gyre_status gyre_decompress(const void* data, uint32_t data_size, void* buf, uint32_t raw_size,
                            gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    if (data_size > 0) GYRE_CHECK(not_null(data, "data"));
    if (raw_size > 0) GYRE_CHECK(not_null(buf, "buf"));
    thread_local inflater stream;
    return stream.decompress(bytes_of(data, data_size),
                             std::span(static_cast<std::byte*>(buf), raw_size));
  });
}
