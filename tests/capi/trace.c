/* trace.c - the same seed gives the same trace: natively, in wasm, for any steps, any shards.
 * Method: one program, built natively and by Emscripten; trace.py compares what the two print.
 * Within one run: eight ways to reach the same instant must agree, another seed must not. */
#include "../../capi/gyre.h"
#include <stdio.h>
#include <string.h>

static int bad = 0;

static void expect(gyre_status got, gyre_status wanted, const char* what) {
  if (got == wanted) return;
  printf("%s: %s, expected %s\n", what, gyre_status_name(got), gyre_status_name(wanted));
  bad = 1;
}

/* A tick without any library function, whose results could differ between C libraries. */
typedef struct work {
  uint32_t dice;
} work;

static double roll(work* w) {
  w->dice = w->dice * 1664525u + 1013904223u;
  return (double)(w->dice >> 8) / 16777216.0;
}

static void tick(void* user, gyre_tick id, gyre_status* status) {
  work* w = (work*)user;
  double level = 0, block = 0, load = roll(w) * 40;
  if (gyre_tick_feature(id, "load", load)) return;
  if (gyre_tick_knob(id, "level", &level)) return;
  if (gyre_tick_knob(id, "block", &block)) return;
  gyre_tick_spend(id, 0.1 + level * 0.3);
  if (roll(w) < 0.02) {
    gyre_tick_fail(id, "bad luck");
    return;
  }
  gyre_tick_reward(id, block / (1 + level + load / 10) + roll(w) * 0.01);
  *status = GYRE_OK;
}

static work works[24];

/* Runs 24 loops, six to a group, for 20 s of virtual time. */
static void run(uint64_t seed, uint32_t shards, double step_ms, char hash[17]) {
  static const double levels[] = {0, 1, 3, 6, 9}, blocks[] = {4, 16, 64}, edges[] = {10, 20, 30};
  gyre_knob knobs[2];
  gyre_feature feature;
  gyre_engine_options options;
  gyre_loop_options loop;
  gyre_engine engine = 0;
  gyre_loop id = 0;
  char name[16], group[16];
  double now = 0;
  int i;
  memset(knobs, 0, sizeof knobs);
  memset(&feature, 0, sizeof feature);
  memset(&options, 0, sizeof options);
  memset(&loop, 0, sizeof loop);
  knobs[0].size = knobs[1].size = sizeof knobs[0];
  knobs[0].name = "level";
  knobs[0].values = levels;
  knobs[0].count = 5;
  knobs[1].name = "block";
  knobs[1].values = blocks;
  knobs[1].count = 3;
  feature.size = sizeof feature;
  feature.name = "load";
  feature.edges = edges;
  feature.count = 3;
  options.size = sizeof options;
  options.driver = GYRE_DRIVER_VIRTUAL;
  options.seed = seed;
  options.shards = shards;
  loop.size = sizeof loop;
  loop.name = name;
  loop.group = group;
  loop.tick = tick;
  loop.knobs = knobs;
  loop.knob_count = 2;
  loop.features = &feature;
  loop.feature_count = 1;
  expect(gyre_engine_create(&options, &engine, NULL), GYRE_OK, "create");
  for (i = 0; i < 24; ++i) {
    works[i].dice = (uint32_t)i + 1;
    sprintf(name, "loop-%d", i);
    sprintf(group, "group-%d", i % 4);
    loop.user = &works[i];
    loop.interval_ms = 10 + i * 3;
    loop.priority = i % 3;
    expect(gyre_loop_create(engine, &loop, &id, NULL), GYRE_OK, "add");
  }
  expect(gyre_engine_start(engine, NULL), GYRE_OK, "start");
  while (now < 20000) {
    now = now + step_ms < 20000 ? now + step_ms : 20000;
    expect(gyre_engine_advance_to(engine, now, NULL), GYRE_OK, "advance");
  }
  expect(gyre_trace_hash(engine, hash, 17, NULL), GYRE_OK, "hash");
  expect(gyre_engine_destroy(engine, NULL), GYRE_OK, "destroy");
}

int main(void) {
  static const double steps[] = {20000, 1000, 17.3, 0.7};
  char first[17], hash[17];
  uint32_t shards;
  size_t i;
  run(42, 1, 20000, first);
  for (shards = 1; shards <= 2; ++shards) {
    for (i = 0; i < sizeof steps / sizeof steps[0]; ++i) {
      run(42, shards, steps[i], hash);
      if (strcmp(hash, first) != 0) {
        printf("%u shards in steps of %g ms: %s, not %s\n", (unsigned)shards, steps[i], hash,
               first);
        bad = 1;
      }
    }
  }
  run(43, 1, 20000, hash);
  if (strcmp(hash, first) == 0) {
    printf("another seed gives the same hash\n");
    bad = 1;
  }
  printf("%s\n", first);
  return bad;
}
