/* tune.c - a loop that tunes two settings of its work, then 120 loops on worker threads.
 * Room: capi. Threads: the ticks of the second part run on the engine's own.
 *
 *     cc -std=c99 tune.c -lgyre && ./a.out */
#define _POSIX_C_SOURCE 199309L
#include <gyre.h>
#include <stdio.h>
#include <time.h>

/* The work: what a level and a block size earn on a link of that speed. */
static double earned(double level, double block_kib, double mb_per_s) {
  const double best_level = mb_per_s < 100 ? 9 : 1; /* a slow link pays for compression */
  const double miss = (level - best_level) / 9;
  return 10 - 8 * miss * miss + block_kib / 64;
}

typedef struct work {
  double mb_per_s; /* 10 and 1,000 in turn */
  double sum;      /* of what the ticks earned since it was last set to 0 */
  int ticks;
} work;

static void tune(void* user, gyre_tick tick, gyre_status* status) {
  work* w = (work*)user;
  double level = 0, block_kib = 0, reward = 0;
  w->mb_per_s = w->ticks % 2 ? 10 : 1000;
  if (gyre_tick_feature(tick, "mb_per_s", w->mb_per_s)) return; /* *status says failed already */
  if (gyre_tick_knob(tick, "level", &level)) return;
  if (gyre_tick_knob(tick, "block_kib", &block_kib)) return;
  reward = earned(level, block_kib, w->mb_per_s);
  if (gyre_tick_reward(tick, reward)) return;
  w->sum += reward;
  w->ticks += 1;
  *status = GYRE_OK;
}

static int failed(const gyre_error* error) {
  printf("%s: %s\n", gyre_status_name(error->code), error->text);
  return 1;
}

/* One loop on a virtual clock: 4,000 ticks to learn, then 1,000 to see what came of it. */
static int one_loop(void) {
  const double levels[] = {6, 0, 1, 3, 9}, blocks[] = {16, 4, 64}, edges[] = {100};
  const gyre_knob knobs[] = {
      {.size = sizeof(gyre_knob), .count = 5, .name = "level", .values = levels},
      {.size = sizeof(gyre_knob), .count = 3, .name = "block_kib", .values = blocks}};
  const gyre_feature features[] = {
      {.size = sizeof(gyre_feature), .count = 1, .name = "mb_per_s", .edges = edges}};
  gyre_engine_options virtual_clock = {0};
  gyre_loop_options options = {0};
  gyre_error error = {sizeof error, 0, {0}};
  gyre_engine engine = 0;
  gyre_loop loop = 0;
  work w = {0, 0, 0};
  double usual = 0;
  virtual_clock.size = sizeof virtual_clock;
  virtual_clock.driver = GYRE_DRIVER_VIRTUAL;
  options.size = sizeof options;
  options.name = "tune";
  options.interval_ms = 10;
  options.tick = tune;
  options.user = &w;
  options.knobs = knobs;
  options.knob_count = 2;
  options.features = features;
  options.feature_count = 1;
  options.sample_average = 1;
  options.learning_rate = 0.002;
  options.explore_from = 1;
  options.explore_to = GYRE_NONE;
  options.explore_over = 4000;
  if (gyre_engine_create(&virtual_clock, &engine, &error)) return failed(&error);
  if (gyre_loop_create(engine, &options, &loop, &error)) return failed(&error);
  if (gyre_engine_start(engine, &error)) return failed(&error);
  if (gyre_engine_advance_to(engine, 40000, &error)) return failed(&error);
  w.sum = 0;
  w.ticks = 0;
  if (gyre_engine_advance_to(engine, 50000, &error)) return failed(&error);
  usual = (earned(6, 16, 10) + earned(6, 16, 1000)) / 2;
  printf("learned %.2f default %.2f over %d ticks\n", w.sum / w.ticks, usual, w.ticks);
  return gyre_engine_destroy(engine, &error) ? failed(&error) : 0;
}

/* 120 loops of one group, so of one learner, on the engine's own threads. */
static int many_loops(void) {
  const double levels[] = {6, 0, 1, 3, 9}, blocks[] = {16, 4, 64}, edges[] = {100};
  const gyre_knob knobs[] = {
      {.size = sizeof(gyre_knob), .count = 5, .name = "level", .values = levels},
      {.size = sizeof(gyre_knob), .count = 3, .name = "block_kib", .values = blocks}};
  const gyre_feature features[] = {
      {.size = sizeof(gyre_feature), .count = 1, .name = "mb_per_s", .edges = edges}};
  static work works[120];
  gyre_loop_options options = {0};
  gyre_error error = {sizeof error, 0, {0}};
  gyre_totals totals = {0};
  gyre_engine engine = 0;
  gyre_loop loop = 0;
  char name[16];
  const struct timespec pause = {0, 20 * 1000 * 1000};
  int i = 0;
  options.size = sizeof options;
  options.group = "ship";
  options.name = name;
  options.interval_ms = 50;
  options.tick = tune;
  options.knobs = knobs;
  options.knob_count = 2;
  options.features = features;
  options.feature_count = 1;
  if (gyre_engine_create(NULL, &engine, &error)) return failed(&error);
  for (i = 0; i < 120; ++i) {
    sprintf(name, "ship-%03d", i);
    options.user = &works[i];
    if (gyre_loop_create(engine, &options, &loop, &error)) return failed(&error);
  }
  if (gyre_engine_start(engine, &error)) return failed(&error);
  totals.size = sizeof totals;
  while (gyre_snapshot_totals(engine, &totals) == GYRE_OK && totals.ticks < 2000) {
    nanosleep(&pause, NULL);
  }
  if (gyre_engine_stop(engine, 0, NULL, 0, NULL, &error)) return failed(&error);
  gyre_snapshot_totals(engine, &totals);
  printf("%u loops %.0f ticks %.0f errors\n", totals.loops, (double)totals.ticks,
         (double)totals.errors);
  return gyre_engine_destroy(engine, &error) ? failed(&error) : 0;
}

int main(void) { return one_loop() || many_loops(); }
