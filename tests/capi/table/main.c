/* main.c - two loops for a minute of virtual time, their table and trace, in C.
 * Method: one program in six languages; table.py compares what they print. */
#include <gyre.h>
#include <stdio.h>

static void well(gyre_status status, const gyre_error* error) {
  if (status != GYRE_OK) printf("%s %s\n", gyre_status_name(status), error->text);
}

static void ship(void* user, gyre_tick tick, gyre_status* status) {
  double level = 0;
  (void)user;
  if (gyre_tick_knob(tick, "level", &level)) return;
  *status = gyre_tick_reward(tick, level < 6 ? level : 12 - level);
}

static void poll(void* user, gyre_tick tick, gyre_status* status) {
  int n = (*(int*)user)++;
  double batch = 0, load = n * 7 % 40;
  if (gyre_tick_feature(tick, "load", load) || gyre_tick_knob(tick, "batch", &batch)) return;
  if (n % 97 == 96) {
    gyre_tick_fail(tick, "now and then");
    return;
  }
  *status = gyre_tick_reward(tick, load < 20 ? batch : 16 - batch);
}

int main(void) {
  static const double levels[] = {0, 1, 3, 6, 9}, batches[] = {1, 4, 16}, edges[] = {10, 20, 30};
  const gyre_knob level = {.size = sizeof level, .count = 5, .name = "level", .values = levels};
  const gyre_knob batch = {.size = sizeof batch, .count = 3, .name = "batch", .values = batches};
  const gyre_feature load = {.size = sizeof load, .count = 3, .name = "load", .edges = edges};
  int n = 0, i;
  const gyre_loop_options options[] = {
      {.size = sizeof options[0], .name = "ship", .interval_ms = 20, .tick = ship, .knobs = &level,
       .knob_count = 1},
      {.size = sizeof options[0], .name = "poll", .interval_ms = 50, .tick = poll, .user = &n,
       .knobs = &batch, .knob_count = 1, .features = &load, .feature_count = 1}};
  const gyre_engine_options how = {
      .size = sizeof how, .driver = GYRE_DRIVER_VIRTUAL, .seed = 7};
  gyre_engine engine = 0;
  gyre_loop loops[2] = {0, 0};
  gyre_error error = {.size = sizeof error};
  char hash[17] = "";
  double late[2946];
  uint32_t needed = 0;
  well(gyre_engine_create(&how, &engine, &error), &error);
  for (i = 0; i < 2; ++i) well(gyre_loop_create(engine, &options[i], &loops[i], &error), &error);
  well(gyre_engine_advance_to(engine, 60000, &error), &error);
  for (i = 0; i < 2; ++i) {
    gyre_loop_metrics m = {.size = sizeof m};
    well(gyre_loop_metrics_read(loops[i], &m), &error);
    well(gyre_loop_histogram(loops[i], GYRE_TIMES_LATE, late, 2946, &needed), &error);
    printf("%-6s %6.0f %4.0f %9.3f %6.0f of %u\n", m.name, (double)m.cycles, (double)m.errors,
           m.mean_reward, late[1], needed / 2);
  }
  well(gyre_trace_hash(engine, hash, sizeof hash, NULL), &error);
  printf("trace %s\n", hash);
  well(gyre_engine_destroy(engine, &error), &error);
  return 0;
}
