/* abi.c - every function of gyre.h once, from plain C99, over the shared library.
 * Method: one program with a virtual engine; each call checked, a line and status 1 for each wrong
 * one. What goes wrong is in bad_input.cpp, who owns what in lifetime.cpp. */
#include "../../capi/gyre.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int bad = 0;

#define IS(expression)                                      \
  do {                                                      \
    if (!(expression)) {                                    \
      printf("%s:%d: %s\n", __FILE__, __LINE__, #expression); \
      bad = 1;                                              \
    }                                                       \
  } while (0)
#define OK(call) IS((call) == GYRE_OK)

/* A zeroed struct that says its size. */
#define ZERO(type, name)         \
  type name;                     \
  memset(&name, 0, sizeof name); \
  name.size = sizeof name

static void ship(void* user, gyre_tick tick, gyre_status* status) {
  double level = 0;
  int* ticks = (int*)user;
  ZERO(gyre_tick_info, info);
  OK(gyre_tick_feature(tick, "load", (double)(*ticks % 30)));
  OK(gyre_tick_knob(tick, "level", &level));
  OK(gyre_tick_cancelled(tick));
  OK(gyre_tick_spend(tick, 1.5));
  OK(gyre_tick_info_read(tick, &info));
  IS(info.number == (uint64_t)*ticks);
  IS(fabs(info.elapsed_ms - 1.5) < 1e-9);
  OK(gyre_tick_vitality(tick, 0.75));
  OK(gyre_tick_reward(tick, 9 - level));
  if (*ticks == 5) OK(gyre_tick_fail(tick, "the sixth"));
  ++*ticks;
  *status = GYRE_OK;
}

static int heard = 0;
static void hear(void* user, const gyre_message* message, gyre_status* status) {
  (void)user;
  IS(strcmp(message->topic, "shop.open") == 0);
  ++heard;
  *status = GYRE_OK;
}

/* A loop of 10 ms whose ticks are counted. */
static gyre_loop add_ship(gyre_engine engine, int* ticks) {
  static const double levels[] = {1, 6, 9}, edges[] = {10, 20};
  gyre_loop loop = 0, found = 0;
  ZERO(gyre_knob, knob);
  ZERO(gyre_feature, feature);
  ZERO(gyre_gate, gate);
  ZERO(gyre_loop_options, options);
  knob.name = "level";
  knob.count = 3;
  knob.values = levels;
  feature.name = "load";
  feature.count = 2;
  feature.edges = edges;
  gate.kind = GYRE_GATE_MEMORY;
  options.name = "ship";
  options.sample_average = 1;
  options.interval_ms = 10;
  options.jitter = GYRE_NONE;
  options.tick = ship;
  options.user = ticks;
  options.knobs = &knob;
  options.knob_count = 1;
  options.features = &feature;
  options.feature_count = 1;
  options.gates = &gate;
  options.gate_count = 1;
  OK(gyre_loop_create(engine, &options, &loop, NULL));
  OK(gyre_loop_find(engine, "ship", &found, NULL));
  IS(found == loop);
  return loop;
}

/* It ticks, learns, pauses and changes. */
static void run_ship(gyre_engine engine, gyre_loop loop, const int* counted) {
  double value = 0;
  ZERO(gyre_loop_metrics, metrics);
  ZERO(gyre_loop_change, change);
  OK(gyre_engine_start(engine, NULL));
  OK(gyre_engine_advance_to(engine, 1000, NULL));
  IS(*counted > 80);
  OK(gyre_loop_knob(loop, "level", &value));
  IS(value == 1 || value == 6 || value == 9);
  OK(gyre_loop_metrics_read(loop, &metrics));
  IS(metrics.id == loop);
  IS(strcmp(metrics.name, "ship") == 0);
  IS(metrics.cycles == (uint64_t)*counted);
  IS(metrics.errors == 1);
  IS(metrics.states == 3 && metrics.actions == 3);
  IS(metrics.replay_added == (uint64_t)*counted); /* it asks for Q-learning */
  IS(metrics.vitality == 0.75);
  IS(fabs(metrics.latency.p50_ms - 1.5) < 0.05);
  IS(metrics.mean_reward > 3);

  OK(gyre_loop_pause(loop));
  OK(gyre_engine_advance_to(engine, 1100, NULL));
  IS(metrics.cycles == (uint64_t)*counted);
  OK(gyre_loop_resume(loop));
  OK(gyre_loop_trigger(loop));
  change.interval_ms = 50;
  OK(gyre_loop_reconfigure(loop, &change, NULL));
  OK(gyre_engine_advance_to(engine, 2100, NULL));
  IS((uint64_t)*counted > metrics.cycles + 15 && (uint64_t)*counted < metrics.cycles + 30);
}

/* A memory reading of 90 % closes its gate, one of 50 % opens it. */
static void gate_ship(gyre_engine engine, gyre_loop loop, const int* counted) {
  ZERO(gyre_loop_metrics, metrics);
  ZERO(gyre_reading, reading);
  reading.cpu_percent = reading.latency_ms = GYRE_NONE;
  reading.memory_percent = 90;
  OK(gyre_engine_supply(engine, &reading, NULL));
  OK(gyre_loop_metrics_read(loop, &metrics));
  OK(gyre_engine_advance_to(engine, 3100, NULL));
  IS(metrics.cycles == (uint64_t)*counted);
  OK(gyre_loop_metrics_read(loop, &metrics));
  IS(strcmp(metrics.gate, "memory") == 0);
  IS(metrics.gate_value == 90 && metrics.gate_open_at == 80);
  reading.memory_percent = 50;
  OK(gyre_engine_supply(engine, &reading, NULL));
  OK(gyre_engine_advance_to(engine, 4100, NULL));
  IS(metrics.cycles < (uint64_t)*counted);
  OK(gyre_loop_metrics_read(loop, &metrics));
  IS(metrics.gated > 10);
  IS(metrics.gate[0] == 0 && metrics.gate_value == 0 && metrics.shed == 0);
}

static void loops(gyre_engine engine) {
  int ticks = 0;
  double value = 0;
  uint32_t needed = 0;
  ZERO(gyre_engine_info, info);
  ZERO(gyre_totals, totals);
  gyre_loop_metrics rows[8];
  const gyre_loop loop = add_ship(engine, &ticks);
  run_ship(engine, loop, &ticks);
  gate_ship(engine, loop, &ticks);
  OK(gyre_engine_jump_to(engine, 5000, NULL));
  OK(gyre_engine_now(engine, &value));
  IS(value == 5000);
  OK(gyre_engine_state(engine, &info));
  IS(info.driver == GYRE_DRIVER_VIRTUAL && info.running == 1 && info.loops == 1);
  memset(rows, 0, sizeof rows);
  rows[0].size = sizeof rows[0];
  IS(gyre_snapshot_loops(engine, NULL, 0, &needed) == GYRE_E_BUFFER && needed == 1);
  OK(gyre_snapshot_loops(engine, rows, 8, &needed));
  IS(rows[0].id == loop && rows[0].cycles == (uint64_t)ticks);
  OK(gyre_snapshot_totals(engine, &totals));
  IS(totals.loops == 1 && totals.ticks == (uint64_t)ticks && totals.errors == 1);
  OK(gyre_graph_score(engine, &value));
  IS(value == 0.75 && value == totals.score);
  OK(gyre_loop_remove(loop, NULL));
}

static void bus(gyre_engine engine) {
  gyre_subscription called = 0, polled = 0;
  uint32_t needed = 0;
  double now = 0;
  char buf[64];
  ZERO(gyre_subscription_options, options);
  ZERO(gyre_message, message);
  ZERO(gyre_bus_metrics, metrics);
  options.on_message = hear;
  OK(gyre_bus_subscribe(engine, "shop.*", &options, &called, NULL));
  OK(gyre_bus_subscribe(engine, "shop.>", NULL, &polled, NULL));
  OK(gyre_bus_publish(engine, "shop.open", "now", 3, NULL, NULL));
  IS(heard == 0);
  OK(gyre_engine_now(engine, &now));
  OK(gyre_engine_advance_to(engine, now + 1, NULL));
  IS(heard == 1);
  OK(gyre_bus_poll(polled, &message, buf, sizeof buf, &needed));
  IS(message.payload_size == 3 && memcmp(message.payload, "now", 3) == 0 && message.source == 0);
  OK(gyre_bus_metrics_read(engine, &metrics));
  IS(metrics.delivered == 2 && metrics.pending == 0 && metrics.subscriptions == 2);
  OK(gyre_bus_metrics_read(polled, &metrics));
  IS(metrics.matched == 1 && metrics.delivered == 1);
  OK(gyre_bus_unsubscribe(called));
  OK(gyre_bus_unsubscribe(polled));
}

static void replay(void) {
  gyre_replay buffer = 0;
  int rows[40], drawn[16], i;
  ZERO(gyre_replay_options, options);
  ZERO(gyre_replay_metrics, metrics);
  options.row_size = sizeof(int);
  options.capacity = 16;
  OK(gyre_replay_create(&options, &buffer, NULL));
  for (i = 0; i < 40; ++i) rows[i] = i;
  OK(gyre_replay_push(buffer, rows, 40)); /* the newest 16: 24..39 */
  OK(gyre_replay_sample(buffer, drawn, 16, 0));
  for (i = 0; i < 16; ++i) {
    int k;
    IS(drawn[i] >= 24 && drawn[i] < 40);
    for (k = 0; k < i; ++k) IS(drawn[k] != drawn[i]);
  }
  IS(gyre_replay_sample(buffer, rows, 17, 0) == GYRE_E_STATE);
  OK(gyre_replay_sample(buffer, rows, 40, GYRE_SAMPLE_WITH_REPLACEMENT));
  OK(gyre_replay_metrics_read(buffer, &metrics));
  IS(metrics.rows == 16 && metrics.total_added == 40 && metrics.total_sampled == 56);
  IS(metrics.utilization == 1);
  OK(gyre_replay_destroy(buffer));
}

static void learner(void) {
  static const double worth[2][3] = {{1, 5, 2}, {7, 0, 3}};
  gyre_learner mind = 0;
  uint32_t states[2] = {0, 1}, actions[2], needed = 0;
  float q[6];
  int i, k;
  ZERO(gyre_learner_options, options);
  ZERO(gyre_learner_metrics, metrics);
  options.states = 2;
  options.actions = 3;
  options.explore_from = 1;
  options.explore_to = GYRE_NONE;
  options.explore_over = 600;
  OK(gyre_learner_create(&options, &mind, NULL));
  for (i = 0; i < 400; ++i) {
    gyre_transition rows[2];
    memset(rows, 0, sizeof rows);
    OK(gyre_learner_choose(mind, states, actions, 2));
    for (k = 0; k < 2; ++k) {
      rows[k].size = sizeof rows[k];
      rows[k].state = states[k];
      rows[k].action = actions[k];
      rows[k].next = states[1 - k];
      rows[k].reward = worth[k][actions[k]];
    }
    OK(gyre_learner_observe(mind, rows, 2));
  }
  OK(gyre_learner_choose(mind, states, actions, 2));
  IS(actions[0] == 1 && actions[1] == 0);
  OK(gyre_learner_q(mind, q, 6, &needed));
  IS(needed == 6 && fabs(q[1] - 5) < 0.5 && fabs(q[3] - 7) < 0.5);
  OK(gyre_learner_metrics_read(mind, &metrics));
  IS(metrics.observations == 800 && metrics.q_values == 6 && metrics.exploration == 0);
  OK(gyre_learner_destroy(mind));
}

/* Three values of which the middle one earns most, where it is seen and where it is not. */
static void tuner(void) {
  static const char* const sizes[] = {"small", "middle", "large"};
  gyre_tuner id = 0;
  uint32_t state = 9, action = 9, needed = 0;
  double value = 9, range[3], propensity = 0;
  char* bytes = NULL;
  int i;
  ZERO(gyre_knob, knob);
  ZERO(gyre_tuner_options, options);
  ZERO(gyre_tuning_metrics, metrics);
  ZERO(gyre_state_report, report);
  knob.name = "size";
  knob.count = 3;
  knob.names = sizes;
  knob.order = GYRE_ORDER_YES;
  options.knobs = &knob;
  options.knob_count = 1;
  OK(gyre_linear(1, 3, 3, range));
  IS(range[1] == 2);
  OK(gyre_geometric(1, 4, 3, range));
  IS(range[1] == 2);
  OK(gyre_tuner_create(&options, &id, NULL));
  OK(gyre_tuner_state(id, NULL, 0, &state));
  IS(state == 0);
  for (i = 0; i < 200; ++i) {
    OK(gyre_tuner_choose(id, state, NULL, 0, &action, &propensity));
    IS(propensity > 0 && propensity <= 1);
    OK(gyre_tuner_values(id, action, &value, 1, &needed));
    if (value == 2) OK(gyre_tuner_observe_failure(id, state, action));
    else OK(gyre_tuner_observe(id, state, action, value + 0.01 * (i % 5)));
  }
  OK(gyre_tuner_metrics_read(id, &metrics));
  IS(metrics.actions == 3 && metrics.observations == 200 && metrics.failures > 0);
  OK(gyre_tuner_report(id, 0, &report));
  IS(report.best == 1 && fabs(report.estimate - 1) < 0.1);
  IS(gyre_tuner_save(id, NULL, 0, &needed) == GYRE_E_BUFFER);
  bytes = (char*)malloc(needed);
  OK(gyre_tuner_save(id, bytes, needed, &needed));
  OK(gyre_tuner_load(id, bytes, needed, NULL));
  free(bytes);
  OK(gyre_tuner_set_mode(id, GYRE_TUNING_FROZEN));
  OK(gyre_tuner_choose(id, 0, NULL, 0, &action, NULL));
  IS(action == 1);
  OK(gyre_tuner_destroy(id));
}

static void memory(gyre_engine engine) {
  static const char* const tags[] = {"greeting"};
  char text[256], packed[256], back[256], small[8];
  uint32_t needed = 0, whole = 0;
  char* state = NULL;
  ZERO(gyre_record, record);
  ZERO(gyre_query, query);
  ZERO(gyre_memory_metrics, metrics);
  record.text = "hello \"world\"";
  record.tags = tags;
  record.tag_count = 1;
  record.wall_ms = 1000;
  OK(gyre_memory_remember(engine, &record, NULL));
  query.tag = "greeting";
  OK(gyre_memory_recall(engine, &query, text, sizeof text, &needed, NULL));
  IS(gyre_engine_save(engine, NULL, 0, &whole, NULL) == GYRE_E_BUFFER);
  state = (char*)malloc(whole);
  OK(gyre_engine_save(engine, state, whole, &whole, NULL));
  OK(gyre_engine_load(engine, state, whole, &whole, NULL));
  IS(whole == 0);
  free(state);
  IS(strstr(text, "\"text\":\"hello \\\"world\\\"\"") != NULL && needed == strlen(text) + 1);
  IS(gyre_memory_recall(engine, &query, small, sizeof small, &whole, NULL) == GYRE_E_BUFFER);
  IS(whole == needed);
  query.tag = "other";
  OK(gyre_memory_recall(engine, &query, text, sizeof text, &needed, NULL));
  IS(strcmp(text, "[]") == 0);
  OK(gyre_memory_consolidate(engine, NULL));
  OK(gyre_memory_metrics_read(engine, &metrics));
  IS(metrics.remembered == metrics.in_ring + metrics.in_blocks + metrics.archived +
                               metrics.evicted + metrics.merged);
  memset(text, 'x', sizeof text);
  OK(gyre_compress(text, sizeof text, 9, packed, sizeof packed, &needed, NULL));
  IS(needed < 32);
  OK(gyre_decompress(packed, needed, back, sizeof back, NULL));
  IS(memcmp(text, back, sizeof text) == 0);
}

static void society(gyre_engine engine) {
  gyre_loop loop = 0;
  double now = 0;
  uint32_t needed = 0, cap = 0;
  char* json = NULL;
  ZERO(gyre_loop_metrics, metrics);
  OK(gyre_society_add(engine, 20, NULL));
  IS(gyre_society_add(engine, 20, NULL) == GYRE_E_EXISTS);
  OK(gyre_loop_find(engine, "curiosity", &loop, NULL));
  OK(gyre_engine_now(engine, &now));
  OK(gyre_engine_advance_to(engine, now + 20000, NULL));
  OK(gyre_loop_metrics_read(loop, &metrics));
  IS(metrics.cycles >= 10);
  OK(gyre_graph_connect(engine, "curiosity", "emotional_decay", 0.2, NULL));
  IS(gyre_snapshot_json(engine, NULL, 0, &cap, NULL) == GYRE_E_BUFFER);
  json = (char*)malloc(cap + 1024);
  OK(gyre_snapshot_json(engine, json, cap + 1024, &needed, NULL));
  IS(needed == strlen(json) + 1 && json[0] == '{');
  IS(strstr(json, "\"emotional_decay\"") != NULL && strstr(json, "\"trace\"") != NULL);
  free(json);
}

int main(void) {
  gyre_engine engine = 0;
  char hash[17], names[8];
  void* block = gyre_alloc(64);
  uint32_t needed = 0;
  ZERO(gyre_engine_options, options);
  ZERO(gyre_error, error);
  IS(gyre_version() == GYRE_VERSION);
  IS(strcmp(gyre_version_string(), "0.1.0") == 0);
  IS(strcmp(gyre_status_name(GYRE_E_STALE), "GYRE_E_STALE") == 0);
  IS(strcmp(gyre_status_name(12345), "GYRE_E_?") == 0);
  IS(block != NULL);
  gyre_free(block);
  options.driver = GYRE_DRIVER_VIRTUAL;
  options.seed = 7;
  OK(gyre_engine_create(&options, &engine, &error));
  loops(engine);
  bus(engine);
  replay();
  learner();
  tuner();
  memory(engine);
  society(engine);
  OK(gyre_engine_sync(engine, NULL));
  OK(gyre_trace_hash(engine, hash, sizeof hash, &needed));
  IS(needed == 17 && strlen(hash) == 16);
  OK(gyre_engine_stop(engine, 0, names, sizeof names, &needed, &error));
  OK(gyre_engine_destroy(engine, &error));
  IS(gyre_engine_start(engine, &error) == GYRE_E_STALE);
  IS(error.code == GYRE_E_STALE && strlen(error.text) > 10);
  if (!bad) printf("every function of the C ABI, from C\n");
  return bad;
}
