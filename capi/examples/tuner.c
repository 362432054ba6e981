/* tuner.c - a tuner by itself in a loop of the caller's own: a level and a codec for each request.
 * Room: capi. Threads: one.
 *
 *     cc -std=c99 tuner.c -lgyre && ./a.out */
#include <gyre.h>
#include <stdio.h>
#include <stdlib.h>

/* The work: what sending costs in ms. Reads are best sent as they are, writes packed hard. */
static double cost_of(int writes, double level, double codec) {
  const double best = writes ? 9 : 1;
  const double noise = rand() / (double)RAND_MAX;
  return 20 + (level - best) * (level - best) / 4 + (codec == (writes ? 0 : 1) ? 0 : 6) + noise;
}

static int failed(const gyre_error* error) {
  printf("%s: %s\n", gyre_status_name(error->code), error->text);
  return 1;
}

static const char* const codecs[] = {"zlib", "none"};
static const char* const requests[] = {"read", "write"};

int main(void) {
  const double levels[] = {0, 1, 3, 6, 9};
  const gyre_knob knobs[] = {
      {.size = sizeof(gyre_knob), .count = 5, .name = "level", .values = levels},
      {.size = sizeof(gyre_knob), .count = 2, .name = "codec", .names = codecs}};
  const gyre_feature features[] = {
      {.size = sizeof(gyre_feature), .count = 2, .name = "request", .names = requests}};
  const gyre_tuner_options options = {.size = sizeof options, .knob_count = 2, .knobs = knobs,
                                      .features = features, .feature_count = 1};
  gyre_tuner tuner = 0;
  gyre_error error = {.size = sizeof error};
  gyre_state_report report = {.size = sizeof report};
  double values[2] = {0, 0}, seen = 0;
  uint32_t state = 0, action = 0;
  int i = 0;
  if (gyre_tuner_create(&options, &tuner, &error)) return failed(&error);
  for (i = 0; i < 1000; ++i) {
    seen = i % 2;
    if (gyre_tuner_state(tuner, &seen, 1, &state) ||
        gyre_tuner_choose(tuner, state, NULL, 0, &action, NULL) ||
        gyre_tuner_values(tuner, action, values, 2, NULL) ||
        gyre_tuner_observe(tuner, state, action, -cost_of(i % 2, values[0], values[1]))) {
      return 1;
    }
  }
  for (state = 0; state < 2; ++state) {
    if (gyre_tuner_report(tuner, state, &report) ||
        gyre_tuner_values(tuner, report.best, values, 2, NULL)) {
      return 1;
    }
    printf("%s: level %.0f, %s costs %.1f ms (%.1f to %.1f), best by %.0f %%\n", requests[state],
           values[0], codecs[(int)values[1]], -report.estimate, -report.high, -report.low,
           100 * report.probability);
  }
  return gyre_tuner_destroy(tuner) ? 1 : 0;
}
