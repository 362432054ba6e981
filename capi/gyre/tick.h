/* tick.h - a tick: one run of a loop, in its callback or acquired by the caller.
 * Room: capi. Threads: any; the verbs on one tick one at a time.
 * A part of gyre.h, whose manual holds here. */
#ifndef GYRE_TICK_H
#define GYRE_TICK_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What a tick is. */
typedef struct gyre_tick_info {
  uint32_t size;
  gyre_loop loop;
  uint64_t number; /**< of this loop's ticks, from 0 */
  uint64_t missed; /**< grid points that passed before this one */
  double due_ms;
  double elapsed_ms; /**< since it started, >= 0.001 */
  double cpu_ms;     /**< of its thread since it started, >= 0.001; elapsed_ms where that is not
                        known: external ticks, virtual engines */
  uint32_t calls;    /**< of its callback before this one, each of which said gyre_tick_pending */
  uint32_t reserved; /**< 0 */
} gyre_tick_info;

/** How an external tick ended. Zero but for `size`: well. */
typedef struct gyre_completion {
  uint32_t size;
  uint32_t failed;  /**< 1: it failed */
  const char* text; /**< why, optional */
  double took_ms;   /**< how long it took; default: by the engine's clock */
} gyre_completion;

/** Takes due ticks of external loops, oldest first; the caller runs each and hands it back with
 *  gyre_tick_complete. One that is not handed back within its loop's timeout, counted from here, is
 *  a timeout, and its id is stale. They become due by gyre_engine_poll, gyre_engine_advance_to or
 *  the workers; a loop whose tick was not handed back yet has no other.
 *  @param ticks room for `cap` ids. Several threads may take ticks and return them.
 *  @param[out] count how many were taken, at most `cap`; 0 is no error. More may be due: call again
 *           while it is `cap`.
 *  @return GYRE_E_NOMEM: no id is left; the ticks that would have had one are timeouts, and what
 *           `ticks` then holds is not specified.
 *  @call any thread, short, in callbacks, since 0.1 */
GYRE_API gyre_status gyre_tick_acquire(gyre_engine engine, gyre_tick* ticks, uint32_t cap,
                                       uint32_t* count, gyre_error* err);

/** Ends an external tick.
 *  @param completion NULL: well.
 *  @return GYRE_E_STALE (timed out before), GYRE_E_STATE (not an external tick).
 *  @call one at a time on a tick, short, in callbacks, since 0.1 */
GYRE_API gyre_status gyre_tick_complete(gyre_tick tick, const gyre_completion* completion);

/** Ends many external ticks at once. One that failed is told so by gyre_tick_fail before.
 *  @param took_ms `count` times; each, and NULL for all, as gyre_completion's.
 *  @param[out] statuses NULL, or `count` of what gyre_tick_complete would return: GYRE_OK for those
 *           that count, GYRE_E_STALE (timed out, given before), GYRE_E_STATE (not an external tick
 *           of this engine, or in use by another thread).
 *  @return GYRE_E_ARG: a time is not finite; none of them has ended then.
 *  @call any thread, short, in callbacks, since 0.1 */
GYRE_API gyre_status gyre_tick_complete_many(gyre_engine engine, const gyre_tick* ticks,
                                             const double* took_ms, uint32_t count,
                                             gyre_status* statuses);

/** The tick is not done: once its callback has returned GYRE_OK, the next gyre_engine_poll calls it
 *  again for the same tick, with another id, until it returns without this, fails, or outlives its
 *  loop's timeout, counted from the first call: then it is a timeout, and the next call is a new
 *  tick, whose gyre_tick_info has 0 `calls`. Removing the loop and stopping the engine end it too.
 *  @return GYRE_E_STATE: not an engine with GYRE_DRIVER_HOST, or an external tick; the tick will
 *           count as failed. GYRE_E_CANCELLED as gyre_tick_knob.
 *  @call one at a time on a tick, short, in callbacks, since 0.1, not in wasm
 *  @status CANCELLED */
GYRE_API gyre_status gyre_tick_pending(gyre_tick tick);

/** The value to use for a knob. The choice falls at the first of these calls in a tick: report
 *  features before it.
 *  @return GYRE_E_NOT_FOUND: no such knob, and the tick will count as failed. GYRE_E_CANCELLED: it
 *           was given up, as with all that follow but gyre_tick_info_read.
 *  @call one at a time on a tick, short, in callbacks, since 0.1
 *  @status NOT_FOUND CANCELLED */
GYRE_API gyre_status gyre_tick_knob(gyre_tick tick, const char* name, double* out);

/** Rules out for this tick every setting in which this knob has this value; before the first
 *  gyre_tick_knob. Outranks the other rails.
 *  @return GYRE_E_NOT_FOUND (no such knob), GYRE_E_ARG (no value of it), GYRE_E_STATE (too late, or
 *           no setting would be left), GYRE_E_UNSUPPORTED (Q-learning); the tick will count as
 *           failed.
 *  @call one at a time on a tick, short, in callbacks, since 0.1
 *  @status NOT_FOUND CANCELLED UNSUPPORTED */
GYRE_API gyre_status gyre_tick_forbid(gyre_tick tick, const char* knob, double value);

/** Someone else has set this knob to another value than gyre_tick_knob gave: the reward is learned
 *  of that. A tick that says so need not ask; what it does not tell is as the learner chose.
 *  @return GYRE_E_NOT_FOUND: no such knob, and the tick will count as failed; GYRE_E_ARG: no
 *           value of it, and the tick teaches nothing.
 *  @call one at a time on a tick, short, in callbacks, since 0.1
 *  @status NOT_FOUND CANCELLED */
GYRE_API gyre_status gyre_tick_used(gyre_tick tick, const char* knob, double value);

/** What the tick sees.
 *  @return GYRE_E_NOT_FOUND: no such feature; GYRE_E_ARG: NaN. The tick will count as failed.
 *  @call one at a time on a tick, short, in callbacks, since 0.1
 *  @status NOT_FOUND CANCELLED */
GYRE_API gyre_status gyre_tick_feature(gyre_tick tick, const char* name, double value);

/** What the tick earned, replacing the default reward (1, or minus the error streak).
 *  @param reward under 3.4e38 in size.
 *  @return GYRE_E_ARG: it is not; the tick will count as failed and nothing is learned from it.
 *  @call one at a time on a tick, short, in callbacks, since 0.1
 *  @status CANCELLED */
GYRE_API gyre_status gyre_tick_reward(gyre_tick tick, double reward);

/** ... what it cost: gyre_tick_reward of -`cost`.
 *  @call one at a time on a tick, short, in callbacks, since 0.1
 *  @status CANCELLED */
GYRE_API gyre_status gyre_tick_cost(gyre_tick tick, double cost);

/** The reward comes later than the tick's end, by gyre_loop_reward. Until then nothing is learned
 *  of it. A tick that fails, or says its reward after all, has used its ticket up; the last 1,024
 *  of a loop are good. Again in the same tick: the same ticket.
 *  @param[out] ticket of this loop, over 0.
 *  @return GYRE_E_STATE: Q-learning with a discount; the tick will count as failed.
 *  @call one at a time on a tick, short, in callbacks, since 0.1
 *  @status CANCELLED */
GYRE_API gyre_status gyre_tick_reward_later(gyre_tick tick, uint32_t* ticket);

/** A goal beside the reward: this tick's figure of that name, and what it may be at most. Settings
 *  of which it is over that with 95 % confidence are avoided, whatever they earn. At most four
 *  names.
 *  @return GYRE_E_ARG (not finite as a float; a name that is not 1 to 63 bytes), GYRE_E_NOT_FOUND
 *           (the loop has no knobs), GYRE_E_UNSUPPORTED (Q-learning), GYRE_E_BUDGET (a fifth name);
 *           the tick will count as failed.
 *  @call one at a time on a tick, short, in callbacks, since 0.1
 *  @status NOT_FOUND BUDGET CANCELLED UNSUPPORTED */
GYRE_API gyre_status gyre_tick_limit(gyre_tick tick, const char* name, double value,
                                     double at_most);

/** With GYRE_LOOP_SEQUENTIAL: what the loop does has ended, and nothing is earned after this tick.
 *  The next one begins anew.
 *  @call one at a time on a tick, short, in callbacks, since 0.1
 *  @status CANCELLED */
GYRE_API gyre_status gyre_tick_terminated(gyre_tick tick);

/** ... it was cut off here, and what would have followed still counts.
 *  @call one at a time on a tick, short, in callbacks, since 0.1
 *  @status CANCELLED */
GYRE_API gyre_status gyre_tick_truncated(gyre_tick tick);

/** How well the loop's work is, 0..1, in the loop's own judgement: its part of the symbiosis score.
 *  @return GYRE_E_ARG: not in 0..1; the tick will count as failed.
 *  @call one at a time on a tick, short, in callbacks, since 0.1
 *  @status CANCELLED */
GYRE_API gyre_status gyre_tick_vitality(gyre_tick tick, double vitality);

/** The tick failed, for this reason; it may go on and clean up.
 *  @param text kept up to 200 bytes; NULL: "failed".
 *  @call one at a time on a tick, short, in callbacks, since 0.1
 *  @status CANCELLED */
GYRE_API gyre_status gyre_tick_fail(gyre_tick tick, const char* text);

/** Virtual engines: this tick took so long. Lengthens its own measured duration and moves no clock.
 *  Adds up.
 *  @call one at a time on a tick, short, in callbacks, since 0.1
 *  @status CANCELLED */
GYRE_API gyre_status gyre_tick_spend(gyre_tick tick, double ms);

/** @return GYRE_OK: go on; GYRE_E_CANCELLED: the tick timed out, its loop was removed or stopped,
 *  or the engine stops: return soon.
 *  @call one at a time on a tick, short, in callbacks, since 0.1
 *  @status CANCELLED */
GYRE_API gyre_status gyre_tick_cancelled(gyre_tick tick);

/** Which tick it is, how late, how long so far.
 *  @call one at a time on a tick, short, in callbacks, since 0.1 */
GYRE_API gyre_status gyre_tick_info_read(gyre_tick tick, gyre_tick_info* out);

#ifdef __cplusplus
}
#endif
#endif /* GYRE_TICK_H */
