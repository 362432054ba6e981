/* tuner.h - a tuner by itself, without an engine: for those who bring their own loop.
 * Room: capi. Threads: any; calls on one wait for each other.
 * A part of gyre.h, whose manual holds here.
 *
 *     const double levels[] = {0, 1, 3, 6, 9}, edges[] = {100}, mb_per_s = 40;
 *     const gyre_knob knob = {
 *         .size = sizeof knob, .count = 5, .name = "level", .values = levels};
 *     const gyre_feature link = {
 *         .size = sizeof link, .count = 1, .name = "link", .edges = edges};
 *     const gyre_tuner_options how = {.size = sizeof how, .knob_count = 1, .knobs = &knob,
 *                                     .features = &link, .feature_count = 1};
 *     gyre_tuner tuner = 0;
 *     uint32_t state = 0, action = 0;
 *     double level = 0;
 *     gyre_tuner_create(&how, &tuner, &error);
 *     gyre_tuner_state(tuner, &mb_per_s, 1, &state);
 *     gyre_tuner_choose(tuner, state, NULL, 0, &action, NULL);
 *     gyre_tuner_values(tuner, action, &level, 1, NULL);
 *     gyre_tuner_observe(tuner, state, action, 9 - level);
 *     gyre_tuner_destroy(tuner);
 */
#ifndef GYRE_TUNER_H
#define GYRE_TUNER_H

#include "knob.h"
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What a tuner chooses among, and for. Rewards are of one choice: where a setting changes what the
 *  next one finds, use gyre_learner. */
typedef struct gyre_tuner_options {
  uint32_t size;
  uint32_t knob_count;
  const gyre_knob* knobs; /**< read during the call only; none: one action */
  uint64_t seed;          /**< of its draws; default 1 */
  const gyre_feature* features; /**< default: none, there is one state */
  uint64_t stream; /**< tells the draws of tuners of one seed apart; a loop's is how many were added
                        before it; default 0 */
  uint32_t feature_count;
  uint32_t reserved;      /**< 0 */
  const gyre_tuning* tuning; /**< guard rails; default: none */
} gyre_tuner_options;

/** All memory is allocated here.
 *  @return GYRE_E_ARG (as gyre_loop_create; a rail that names no knob or value, all actions
 *           forbidden), GYRE_E_EXISTS (two of one name), GYRE_E_BUDGET (states x actions over
 *           65,536).
 *  @call any thread, short, in callbacks, since 0.1, may change
 *  @status EXISTS BUDGET */
GYRE_API gyre_status gyre_tuner_create(const gyre_tuner_options* options, gyre_tuner* out,
                                       gyre_error* err);

/** Frees it. Calls under way in other threads end first; later ones are stale.
 *  @call any thread, short, in callbacks, since 0.1, may change */
GYRE_API gyre_status gyre_tuner_destroy(gyre_tuner tuner);

/** The state in which each feature has the value that was seen.
 *  @param seen one number a feature, in declared order.
 *  @return GYRE_E_ARG (`count` is not that of the features, a NaN).
 *  @call any thread, short, in callbacks, since 0.1, may change */
GYRE_API gyre_status gyre_tuner_state(gyre_tuner tuner, const double* seen, uint32_t count,
                                      uint32_t* state);

/** The value that each knob has in an action, in declared order.
 *  @param cap in numbers. @return GYRE_E_BUFFER; GYRE_E_ARG (no such action).
 *  @call any thread, short, in callbacks, since 0.1, may change
 *  @status BUFFER */
GYRE_API gyre_status gyre_tuner_values(gyre_tuner tuner, uint32_t action, double* out, uint32_t cap,
                                       uint32_t* needed);

/** Chooses an action. Some microseconds; of more than 256 actions 256 are looked at.
 *  @param not_now `count` actions that are left out of this choice, unless nothing else is left.
 *  @param[out] propensity optional: how likely this action was, over 0 and at most 1.
 *  @return GYRE_E_ARG (no such state, or action; nothing is chosen).
 *  @call any thread, short, in callbacks, since 0.1, may change */
GYRE_API gyre_status gyre_tuner_choose(gyre_tuner tuner, uint32_t state, const uint32_t* not_now,
                                       uint32_t count, uint32_t* action, double* propensity);

/** Learns what an action earned, also one that gyre_tuner_choose did not give.
 *  @param reward more is better, in any unit; under 1e150.
 *  @return GYRE_E_ARG (an index, the reward), GYRE_E_STATE (frozen): counted as refused, nothing is
 *           learned.
 *  @call any thread, short, in callbacks, since 0.1, may change
 *  @status STATE */
GYRE_API gyre_status gyre_tuner_observe(gyre_tuner tuner, uint32_t state, uint32_t action,
                                        double reward);

/** Learns that an action failed: worth less than the worst reward so far. Returns as the last.
 *  @call any thread, short, in callbacks, since 0.1, may change
 *  @status STATE */
GYRE_API gyre_status gyre_tuner_observe_failure(gyre_tuner tuner, uint32_t state, uint32_t action);

/** Says what another figure was than the reward, and what it may be at most, as
 *  ("p99_ms", 31.5, 50). Settings that break the limit with 95 % confidence are avoided. At most
 *  four names, of 1 to 63 bytes; each takes as much memory as the tuner, at first. Returns as
 *  gyre_tuner_observe, and GYRE_E_BUDGET: a fifth name.
 *  @call any thread, short, in callbacks, since 0.1, may change
 *  @status STATE BUDGET */
GYRE_API gyre_status gyre_tuner_limit(gyre_tuner tuner, uint32_t state, uint32_t action,
                                      const char* name, double value, double at_most);

/** Those figures, in the order in which they were first said. @param cap in rows.
 *  @return GYRE_E_BUFFER.
 *  @call any thread, short, in callbacks, since 0.1, not in wasm, may change
 *  @status BUFFER */
GYRE_API gyre_status gyre_tuner_limits(gyre_tuner tuner, gyre_limit* rows, uint32_t cap,
                                       uint32_t* needed);

/** @param mode GYRE_TUNING_... @return GYRE_E_UNSUPPORTED (another).
 *  @call any thread, short, in callbacks, since 0.1, may change
 *  @status UNSUPPORTED */
GYRE_API gyre_status gyre_tuner_set_mode(gyre_tuner tuner, int32_t mode);

/** All that it has learned, as bytes that gyre_tuner_load takes, of any machine.
 *  @return GYRE_E_BUFFER: `needed` says how many.
 *  @call any thread, short, in callbacks, since 0.1, may change
 *  @status BUFFER */
GYRE_API gyre_status gyre_tuner_save(gyre_tuner tuner, void* buf, uint32_t cap, uint32_t* needed);

/** Replaces what it has learned. With the same options it goes on as the other did, draw for draw.
 *  @return GYRE_E_FORMAT (of another version, or of other numbers of states or actions),
 *           GYRE_E_CORRUPT.
 *  @call any thread, short, in callbacks, since 0.1, may change
 *  @status FORMAT CORRUPT */
GYRE_API gyre_status gyre_tuner_load(gyre_tuner tuner, const void* data, uint32_t size,
                                     gyre_error* err);

/** What it did and knows as a whole.
 *  @call any thread, short, in callbacks, since 0.1, may change */
GYRE_API gyre_status gyre_tuner_metrics_read(gyre_tuner tuner, gyre_tuning_metrics* out);

/** What it knows of one state. Takes a few choices' time. @return GYRE_E_ARG (no such state).
 *  @call any thread, short, in callbacks, since 0.1, may change */
GYRE_API gyre_status gyre_tuner_report(gyre_tuner tuner, uint32_t state, gyre_state_report* out);

/** Decisions as they were logged, a column each of `rows`. */
typedef struct gyre_decisions {
  uint32_t size;
  uint32_t rows;
  uint32_t states, actions;    /**< how many there are; states x actions is at most 65,536 */
  const uint32_t* state;
  const uint32_t* action;      /**< what was taken */
  const double* propensity;    /**< how likely it was: gyre_tuner_choose; NULL: not known, 1 each */
  const double* reward;
} gyre_decisions;

/** What another policy would have earned in the states that were logged. Takes memory for states x
 *  actions, and O(rows x actions).
 *  @param policy the probability of each action in each state, row by row; NULL: `always`.
 *  @param always the one action that it takes in every state; with a policy: 0.
 *  @return GYRE_E_ARG (`always`, a probability, a column that is missing), GYRE_E_BUDGET (states x
 *           actions). A row that cannot be is counted in `refused`.
 *  @call any thread, short, in callbacks, since 0.1, may change
 *  @status BUDGET */
GYRE_API gyre_status gyre_what_if(const gyre_decisions* log, const double* policy, uint32_t always,
                                  gyre_what_if_result* out, gyre_error* err);

#ifdef __cplusplus
}
#endif
#endif /* GYRE_TUNER_H */
