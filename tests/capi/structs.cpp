// structs.cpp - every pointer that may not be NULL, and every struct that a caller fills.
// Method: a table of calls with one pointer missing each, and for each struct a later version of
// it that sets a field unknown here; after each refusal the engine counts what it counted before.
#include <cstddef>
#include <functional>
#include <tuple>

#include "kit.hpp"

using kit::zero;

namespace {

void heard(void*, const gyre_message*, gyre_status* status) { *status = GYRE_OK; }

struct world {
  gyre_engine engine = kit::make_engine(GYRE_DRIVER_VIRTUAL);
  gyre_loop loop = 0;
  gyre_subscription inbox = 0;
  gyre_replay replay = 0;
  gyre_learner learner = 0;
  gyre_tick tick = 0;  ///< of an external loop, under way
  double values[2] = {1, 2};
  gyre_error err = zero<gyre_error>();

  world() {
    auto knob = zero<gyre_knob>();
    knob.name = "knob";
    knob.count = 2;
    knob.values = values;
    auto options = external("loop");
    options.knobs = &knob;
    options.knob_count = 1;
    REQUIRE(gyre_loop_create(engine, &options, &loop, nullptr) == GYRE_OK);
    REQUIRE(gyre_bus_subscribe(engine, "a", nullptr, &inbox, nullptr) == GYRE_OK);
    REQUIRE(gyre_bus_publish(engine, "a", "x", 1, nullptr, nullptr) == GYRE_OK);
    auto rows = zero<gyre_replay_options>();
    rows.row_size = 4;
    REQUIRE(gyre_replay_create(&rows, &replay, nullptr) == GYRE_OK);
    REQUIRE(gyre_replay_push(replay, "abcd", 1) == GYRE_OK);
    auto mind = zero<gyre_learner_options>();
    mind.states = mind.actions = 2;
    REQUIRE(gyre_learner_create(&mind, &learner, nullptr) == GYRE_OK);
    std::uint32_t count = 0;
    REQUIRE(gyre_engine_advance_to(engine, 20, nullptr) == GYRE_OK);
    REQUIRE(gyre_tick_acquire(engine, &tick, 1, &count, nullptr) == GYRE_OK);
    REQUIRE(count == 1);
  }
  ~world() {
    CHECK(gyre_learner_destroy(learner) == GYRE_OK);
    CHECK(gyre_replay_destroy(replay) == GYRE_OK);
    CHECK(gyre_engine_destroy(engine, nullptr) == GYRE_OK);
  }
  world(const world&) = delete;
  world& operator=(const world&) = delete;

  static gyre_loop_options external(const char* name) {
    auto options = zero<gyre_loop_options>();
    options.name = name;
    options.interval_ms = 10;
    options.jitter = GYRE_NONE;
    options.flags = GYRE_LOOP_EXTERNAL;
    return options;
  }
  /// Everything that a call that was refused could have changed and that is counted.
  auto counted() const {
    auto totals = zero<gyre_totals>();
    auto bus = zero<gyre_bus_metrics>();
    auto memory = zero<gyre_memory_metrics>();
    auto rows = zero<gyre_replay_metrics>();
    auto mind = zero<gyre_learner_metrics>();
    auto metrics = zero<gyre_loop_metrics>();
    REQUIRE(gyre_snapshot_totals(engine, &totals) == GYRE_OK);
    REQUIRE(gyre_bus_metrics_read(engine, &bus) == GYRE_OK);
    REQUIRE(gyre_memory_metrics_read(engine, &memory) == GYRE_OK);
    REQUIRE(gyre_replay_metrics_read(replay, &rows) == GYRE_OK);
    REQUIRE(gyre_learner_metrics_read(learner, &mind) == GYRE_OK);
    REQUIRE(gyre_loop_metrics_read(loop, &metrics) == GYRE_OK);
    return std::make_tuple(totals.loops, bus.subscriptions, bus.published, bus.pending,
                           memory.remembered, rows.total_added, rows.total_sampled,
                           mind.observations, mind.decisions, metrics.interval_ms, metrics.cycles);
  }
};

struct missing {
  const char* what;
  std::function<gyre_status(world&)> call;
};

char buffer[65536];
std::uint32_t number = 0;
double real = 0;

const missing of_engines[] = {
    {"engine: out", [](world&) { return gyre_engine_create(nullptr, nullptr, nullptr); }},
    {"now: out", [](world& w) { return gyre_engine_now(w.engine, nullptr); }},
    {"state: out", [](world& w) { return gyre_engine_state(w.engine, nullptr); }},
    {"supply: reading", [](world& w) { return gyre_engine_supply(w.engine, nullptr, nullptr); }},
    {"loop: options",
     [](world& w) { return gyre_loop_create(w.engine, nullptr, &number, nullptr); }},
    {"loop: out",
     [](world& w) {
       const auto options = world::external("b");
       return gyre_loop_create(w.engine, &options, nullptr, nullptr);
     }},
    {"loop: features",
     [](world& w) {
       auto options = world::external("b");
       options.feature_count = 1;
       return gyre_loop_create(w.engine, &options, &number, nullptr);
     }},
    {"loop: gates",
     [](world& w) {
       auto options = world::external("b");
       options.gate_count = 1;
       return gyre_loop_create(w.engine, &options, &number, nullptr);
     }},
    {"feature: name",
     [](world& w) {
       auto options = world::external("b");
       auto feature = zero<gyre_feature>();
       feature.count = 2;
       feature.edges = w.values;
       options.features = &feature;
       options.feature_count = 1;
       return gyre_loop_create(w.engine, &options, &number, nullptr);
     }},
    {"feature: edges",
     [](world& w) {
       auto options = world::external("b");
       auto feature = zero<gyre_feature>();
       feature.count = 2;
       feature.name = "f";
       options.features = &feature;
       options.feature_count = 1;
       return gyre_loop_create(w.engine, &options, &number, nullptr);
     }},
    {"find: name", [](world& w) { return gyre_loop_find(w.engine, nullptr, &number, nullptr); }},
    {"find: out", [](world& w) { return gyre_loop_find(w.engine, "loop", nullptr, nullptr); }},
    {"change", [](world& w) { return gyre_loop_reconfigure(w.loop, nullptr, nullptr); }},
    {"metrics: out", [](world& w) { return gyre_loop_metrics_read(w.loop, nullptr); }},
    {"last knob: name", [](world& w) { return gyre_loop_knob(w.loop, nullptr, &real); }},
    {"last knob: out", [](world& w) { return gyre_loop_knob(w.loop, "knob", nullptr); }},
    {"acquire: ticks",
     [](world& w) { return gyre_tick_acquire(w.engine, nullptr, 8, &number, nullptr); }},
    {"acquire: count",
     [](world& w) { return gyre_tick_acquire(w.engine, &number, 1, nullptr, nullptr); }},
    {"complete many: ticks",
     [](world& w) { return gyre_tick_complete_many(w.engine, nullptr, nullptr, 8, nullptr); }},
    {"knob: name", [](world& w) { return gyre_tick_knob(w.tick, nullptr, &real); }},
    {"knob: out", [](world& w) { return gyre_tick_knob(w.tick, "knob", nullptr); }},
    {"feature: name", [](world& w) { return gyre_tick_feature(w.tick, nullptr, 1); }},
    {"tick: out", [](world& w) { return gyre_tick_info_read(w.tick, nullptr); }},
    {"publish: topic",
     [](world& w) { return gyre_bus_publish(w.engine, nullptr, "", 0, nullptr, nullptr); }},
    {"publish: payload",
     [](world& w) { return gyre_bus_publish(w.engine, "a", nullptr, 3, nullptr, nullptr); }},
};

const missing of_others[] = {
    {"subscribe: pattern",
     [](world& w) { return gyre_bus_subscribe(w.engine, nullptr, nullptr, &number, nullptr); }},
    {"subscribe: out",
     [](world& w) { return gyre_bus_subscribe(w.engine, "a", nullptr, nullptr, nullptr); }},
    {"poll: out", [](world& w) { return gyre_bus_poll(w.inbox, nullptr, buffer, 64, &number); }},
    {"poll: buf",
     [](world& w) {
       auto message = zero<gyre_message>();
       return gyre_bus_poll(w.inbox, &message, nullptr, 64, &number);
     }},
    {"bus metrics: out", [](world& w) { return gyre_bus_metrics_read(w.engine, nullptr); }},
    {"replay: options", [](world&) { return gyre_replay_create(nullptr, &number, nullptr); }},
    {"replay: out",
     [](world&) {
       auto rows = zero<gyre_replay_options>();
       rows.row_size = 4;
       return gyre_replay_create(&rows, nullptr, nullptr);
     }},
    {"push: rows", [](world& w) { return gyre_replay_push(w.replay, nullptr, 1); }},
    {"sample: rows", [](world& w) { return gyre_replay_sample(w.replay, nullptr, 1, 0); }},
    {"replay metrics: out", [](world& w) { return gyre_replay_metrics_read(w.replay, nullptr); }},
    {"learner: options", [](world&) { return gyre_learner_create(nullptr, &number, nullptr); }},
    {"learner: out",
     [](world&) {
       auto mind = zero<gyre_learner_options>();
       mind.states = mind.actions = 2;
       return gyre_learner_create(&mind, nullptr, nullptr);
     }},
    {"choose: states",
     [](world& w) { return gyre_learner_choose(w.learner, nullptr, &number, 1); }},
    {"choose: actions",
     [](world& w) {
       const std::uint32_t state = 0;
       return gyre_learner_choose(w.learner, &state, nullptr, 1);
     }},
    {"observe", [](world& w) { return gyre_learner_observe(w.learner, nullptr, 1); }},
    {"q: out", [](world& w) { return gyre_learner_q(w.learner, nullptr, 64, &number); }},
    {"learner metrics: out",
     [](world& w) { return gyre_learner_metrics_read(w.learner, nullptr); }},
    {"remember", [](world& w) { return gyre_memory_remember(w.engine, nullptr, nullptr); }},
    {"remember: text",
     [](world& w) {
       const auto record = zero<gyre_record>();
       return gyre_memory_remember(w.engine, &record, nullptr);
     }},
    {"recall: buf",
     [](world& w) { return gyre_memory_recall(w.engine, nullptr, nullptr, 64, &number, nullptr); }},
    {"memory metrics: out", [](world& w) { return gyre_memory_metrics_read(w.engine, nullptr); }},
    {"compress: data",
     [](world&) { return gyre_compress(nullptr, 5, 6, buffer, 64, &number, nullptr); }},
    {"compress: buf",
     [](world&) { return gyre_compress("abcde", 5, 6, nullptr, 64, &number, nullptr); }},
    {"decompress: data", [](world&) { return gyre_decompress(nullptr, 5, buffer, 5, nullptr); }},
    {"decompress: buf", [](world&) { return gyre_decompress("abcde", 5, nullptr, 5, nullptr); }},
    {"connect: from",
     [](world& w) { return gyre_graph_connect(w.engine, nullptr, "loop", 0.5, nullptr); }},
    {"connect: to",
     [](world& w) { return gyre_graph_connect(w.engine, "loop", nullptr, 0.5, nullptr); }},
    {"score: out", [](world& w) { return gyre_graph_score(w.engine, nullptr); }},
    {"json: buf",
     [](world& w) {
       return gyre_snapshot_json(w.engine, nullptr, sizeof buffer, &number, nullptr);
     }},
    {"loops: rows", [](world& w) { return gyre_snapshot_loops(w.engine, nullptr, 8, &number); }},
    {"totals: out", [](world& w) { return gyre_snapshot_totals(w.engine, nullptr); }},
    {"hash: buf", [](world& w) { return gyre_trace_hash(w.engine, nullptr, 17, &number); }},
};

}  // namespace

TEST_CASE("each pointer that may not be NULL is refused, and nothing has changed", "[capi]") {
  world w;
  const auto before = w.counted();
  const auto refused = [&](const missing& m) {
    CAPTURE(m.what);
    CHECK(m.call(w) == GYRE_E_ARG);
    CHECK((w.counted() == before));
  };
  for (const missing& m : of_engines) refused(m);
  for (const missing& m : of_others) refused(m);
  CHECK(gyre_tick_complete(w.tick, nullptr) == GYRE_OK);  // the tick is still the caller's
}

namespace {
/// `call` gets `good` as a later version of the library would declare it. @return what it says
/// when the field that is new there is 0. @param first its size in the first version
template <class T, class F>
gyre_status of_tomorrow(world& w, const char* what, const T& good, F call,
                        std::uint32_t first = sizeof(T)) {
  CAPTURE(what);
  struct {
    T known;
    double added;
  } later;
  std::memset(&later, 0, sizeof later);
  const auto before = w.counted();
  later.known = good;
  later.added = 0.5;
  later.known.size = sizeof later;
  CHECK(call(&later.known) == GYRE_E_UNSUPPORTED);
  later.known.size = 0;
  CHECK(call(&later.known) == GYRE_E_ARG);
  later.known.size = first - 8;
  CHECK(call(&later.known) == GYRE_E_ARG);
  later.known.size = 1u << 20;
  CHECK(call(&later.known) == GYRE_E_ARG);
  CHECK((w.counted() == before));
  later.added = 0;
  later.known.size = sizeof later;
  return call(&later.known);
}
}  // namespace

TEST_CASE("structs of engines and loops are refused with an unknown tail, taken with a zero one",
          "[capi]") {
  world w;
  std::uint32_t id = 0;
  auto how = zero<gyre_engine_options>();
  how.driver = GYRE_DRIVER_VIRTUAL;
  CHECK(of_tomorrow(w, "engine", how,
                    [&](const auto* p) { return gyre_engine_create(p, &id, nullptr); }) == GYRE_OK);
  CHECK(gyre_engine_destroy(id, nullptr) == GYRE_OK);

  auto reading = zero<gyre_reading>();
  CHECK(of_tomorrow(w, "reading", reading, [&](const auto* p) {
          return gyre_engine_supply(w.engine, p, nullptr);
        }) == GYRE_OK);

  CHECK(of_tomorrow(w, "loop", world::external("b"), [&](const auto* p) {
          return gyre_loop_create(w.engine, p, &id, nullptr);
        }, offsetof(gyre_loop_options, parent)) == GYRE_OK);
  auto options = world::external("with a knob");
  auto knob = zero<gyre_knob>();
  knob.name = "k";
  knob.count = 2;
  knob.values = w.values;
  CHECK(of_tomorrow(w, "knob", knob, [&](const auto* p) {
          options.knobs = p;
          options.knob_count = 1;
          return gyre_loop_create(w.engine, &options, &id, nullptr);
        }, offsetof(gyre_knob, names)) == GYRE_OK);
  options = world::external("with a feature");
  auto feature = zero<gyre_feature>();
  feature.name = "f";
  feature.count = 2;
  feature.edges = w.values;
  CHECK(of_tomorrow(w, "feature", feature, [&](const auto* p) {
          options.features = p;
          options.feature_count = 1;
          return gyre_loop_create(w.engine, &options, &id, nullptr);
        }, offsetof(gyre_feature, names)) == GYRE_OK);
  options = world::external("with a gate");
  auto gate = zero<gyre_gate>();
  gate.kind = GYRE_GATE_CPU;
  CHECK(of_tomorrow(w, "gate", gate, [&](const auto* p) {
          options.gates = p;
          options.gate_count = 1;
          return gyre_loop_create(w.engine, &options, &id, nullptr);
        }) == GYRE_OK);
  auto change = zero<gyre_loop_change>();
  change.interval_ms = 20;
  CHECK(of_tomorrow(w, "change", change, [&](const auto* p) {
          return gyre_loop_reconfigure(w.loop, p, nullptr);
        }, offsetof(gyre_loop_change, mode)) == GYRE_OK);
}

TEST_CASE("so are the structs of ticks, bus, learning and memory", "[capi]") {
  world w;
  std::uint32_t id = 0;
  CHECK(of_tomorrow(w, "completion", zero<gyre_completion>(),
                    [&](const auto* p) { return gyre_tick_complete(w.tick, p); }) == GYRE_OK);

  CHECK(of_tomorrow(w, "publish", zero<gyre_publish_options>(), [&](const auto* p) {
          return gyre_bus_publish(w.engine, "a", "x", 1, p, nullptr);
        }) == GYRE_OK);
  auto sub = zero<gyre_subscription_options>();
  sub.on_message = heard;
  CHECK(of_tomorrow(w, "subscription", sub, [&](const auto* p) {
          return gyre_bus_subscribe(w.engine, "b", p, &id, nullptr);
        }) == GYRE_OK);

  auto rows = zero<gyre_replay_options>();
  rows.row_size = 4;
  CHECK(of_tomorrow(w, "replay", rows,
                    [&](const auto* p) { return gyre_replay_create(p, &id, nullptr); },
                    offsetof(gyre_replay_options, columns)) == GYRE_OK);
  CHECK(gyre_replay_destroy(id) == GYRE_OK);
  auto mind = zero<gyre_learner_options>();
  mind.states = mind.actions = 2;
  CHECK(of_tomorrow(w, "learner", mind, [&](const auto* p) {
          return gyre_learner_create(p, &id, nullptr);
        }) == GYRE_OK);
  CHECK(gyre_learner_destroy(id) == GYRE_OK);
  CHECK(of_tomorrow(w, "transition", zero<gyre_transition>(), [&](const auto* p) {
          return gyre_learner_observe(w.learner, p, 1);
        }) == GYRE_OK);

  auto record = zero<gyre_record>();
  record.text = "x";
  CHECK(of_tomorrow(w, "record", record, [&](const auto* p) {
          return gyre_memory_remember(w.engine, p, nullptr);
        }) == GYRE_OK);
  CHECK(of_tomorrow(w, "query", zero<gyre_query>(), [&](const auto* p) {
          return gyre_memory_recall(w.engine, p, buffer, sizeof buffer, &id, nullptr);
        }) == GYRE_OK);
}
