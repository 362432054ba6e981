/* loop.h - a loop: periodic work and its gates, all that is counted of it and what it has learned.
 * Room: capi. Threads: any. A part of gyre.h, whose manual holds here. */
#ifndef GYRE_LOOP_H
#define GYRE_LOOP_H

#include "knob.h"
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

/** One run of a loop. Write GYRE_OK into `*status` (it holds GYRE_E_CALLBACK); `tick` is valid
 *  until the return. */
typedef void (*gyre_tick_fn)(void* user, gyre_tick tick, gyre_status* status);

/** What a gate looks at. */
enum gyre_gate_kind {
  GYRE_GATE_CPU = 1,     /**< closed over close_at percent (80) until under open_at (70) */
  GYRE_GATE_MEMORY = 2,  /**< closed over close_at percent (85) until under open_at (80) */
  GYRE_GATE_LATENCY = 3, /**< closed while the recent p99 of its own loop is over close_at ms;
                              required. Without ticks there is none, which opens it */
  GYRE_GATE_MODE = 4     /**< closed while the mode reading is not `mode` ("normal") */
};

/** A condition under which ticks are skipped: counted as gated, not as errors. */
typedef struct gyre_gate {
  uint32_t size;
  int32_t kind;     /**< GYRE_GATE_... */
  const char* mode; /**< of GYRE_GATE_MODE */
  double close_at;
  double open_at;
} gyre_gate;

#define GYRE_LOOP_PAUSED 1u     /**< starts paused */
#define GYRE_LOOP_EXTERNAL 2u   /**< no callback: the caller acquires due ticks */
#define GYRE_LOOP_DEFERRABLE 4u /**< may be slowed down when bus or loops are not well */
#define GYRE_LOOP_STATELESS 8u  /**< no features: one state, as where none are given */
#define GYRE_LOOP_COUNTERS 16u  /**< counts only: no histograms, 0.5 to 36 KB less */
/** An action changes what the next tick finds: Q-learning, with a discount of 0.95 unless another
 *  is set. */
#define GYRE_LOOP_SEQUENTIAL 32u
/** Instead of features: the error streak, the last duration by the median, the CPU load; 96 states.
 */
#define GYRE_LOOP_ENGINE_FEATURES 64u

/** What becomes of grid points that passed without a tick. */
enum gyre_missed {
  GYRE_MISSED_ONCE = 0,  /**< one late tick, told how many were missed; then back on the grid */
  GYRE_MISSED_SKIP = 1,  /**< none before the next grid point */
  GYRE_MISSED_BURST = 2, /**< all of them, at most `burst` */
  GYRE_MISSED_DELAY = 3  /**< the grid starts again from now */
};

/** What a loop is. */
typedef struct gyre_loop_options {
  uint32_t size;
  uint32_t flags;          /**< GYRE_LOOP_... */
  const char* name;        /**< 1..63 bytes, unique in the engine; copied. Names, here and below,
                              are UTF-8 without control characters */
  double interval_ms;      /**< start to start, > 0; the grid does not drift */
  gyre_tick_fn tick;       /**< NULL with GYRE_LOOP_EXTERNAL, and only then */
  double timeout_ms;       /**< a tick over it is abandoned and failed; default 2,000 */
  void* user;              /**< handed to `tick` */
  double jitter;           /**< +- fraction of the interval, <= 0.5; default 0.1; GYRE_NONE */
  gyre_destroy_fn destroy; /**< optional; also called when creation fails */
  double backoff_ms;       /**< wait after a failure, doubling in a row; default 100 */
  const char* group;       /**< its loops share one learner and one shard; default: none */
  double backoff_cap_ms;   /**< longest wait after failures; default 5,000 */
  const gyre_knob* knobs;  /**< what it may set on itself; read during the call only */
  double discount;         /**< of the next state's worth, 0..1; default 0. Knobs are tuned, with
                                nothing to set, unless this, learning_rate, explore_... or
                                sample_average is set: that asks for Q-learning */
  const gyre_feature* features; /**< what it sees; default: nothing, there is one state */
  double learning_rate;         /**< step of Q-learning; default 0.1 */
  const gyre_gate* gates;       /**< default: none */
  double explore_from;          /**< share of random choices at first; default 0.1; GYRE_NONE */
  double explore_to;            /**< ... after `explore_over` choices; default: explore_from */
  double explore_over;          /**< choices from one to the other, straight line, a whole number;
                                   default 0 */
  uint32_t knob_count;
  uint32_t feature_count;
  uint32_t gate_count;
  int32_t missed;           /**< GYRE_MISSED_... */
  uint32_t burst;           /**< default 8 */
  int32_t priority;         /**< -2048..2047: the higher goes first of two due at once, and under
                                 overload */
  uint32_t replay_capacity; /**< rows, <= 16,777,216; default 5,000 (a group's: 10,000) */
  uint32_t sample_average;  /**< 1: step = max(learning_rate, 1/n), n the visits of that cell */
  const char* parent;       /**< name of a loop that is there: paused, stopped or removed, it takes
                               this one with it; default: none */
  double slack_ms;          /**< GYRE_DRIVER_WORKERS: so much later than due it may start, to share
                               a wake-up; default: as the engine; GYRE_NONE: precise */
  const gyre_tuning* tuning; /**< guard rails; of the first loop of a group; default: none */
  double step_power;    /**< over 0, at most 1: step = max(learning_rate, n^-step_power) */
  uint32_t method;      /**< GYRE_METHOD_...; default: sweeping where it is sequential, else Q */
  uint32_t explore_how; /**< GYRE_EXPLORE_...; default: linear, or bonus where it is sequential and
                             explore_from and explore_to are left out */
  double lambda;        /**< 0..1 of Q(lambda); default 0.5; GYRE_NONE */
  uint32_t planning;    /**< of dyna_q and sweeping, cells updated a tick; default 10 */
  uint32_t optimistic;  /**< 1: what was never tried is worth the most that can be */
} gyre_loop_options;

/** What to change on a loop. 0 leaves a field as it is. */
typedef struct gyre_loop_change {
  uint32_t size;
  uint32_t reserved;  /**< 0 */
  double interval_ms; /**< > 0; the grid starts again at the next tick */
  double timeout_ms;
  double jitter; /**< GYRE_NONE: none */
  int32_t mode;  /**< GYRE_TUNING_...: of its tuner, which a group shares */
  uint32_t reserved_2; /**< 0 */
  double at_random; /**< of its tuner: 0..1, part of ticks that take any setting; GYRE_NONE: 0 */
  double explore_from; /**< of Q-learning: a probability 0..1 ...; GYRE_NONE: 0 */
  double explore_to;   /**< ... that it moves to; GYRE_NONE: 0; default: explore_from, where that is
                            given */
  uint64_t explore_over; /**< over so many of its decisions, from its first on; at least 1 where
                              the two differ */
} gyre_loop_change;

/** What a loop is doing. */
enum gyre_loop_state {
  GYRE_STATE_WAITING = 0,     /**< for its next grid point */
  GYRE_STATE_RUNNING = 1,     /**< in a tick */
  GYRE_STATE_PAUSED = 2,      /**< itself, or a loop above it */
  GYRE_STATE_BACKING_OFF = 3, /**< after a failure */
  GYRE_STATE_GATED = 4,       /**< its last grid point was skipped by a gate */
  GYRE_STATE_STUCK = 5,       /**< in a tick that was given up */
  GYRE_STATE_STOPPED = 6      /**< its engine is */
};

/** How long something took; quantiles within 1.1 %; all but count NaN when count is 0. */
typedef struct gyre_latency {
  uint64_t count;
  double min_ms, avg_ms, p50_ms, p95_ms, p99_ms, p999_ms, max_ms;
} gyre_latency;

/** Which times of a loop: the fields of gyre_loop_metrics that are called so. */
enum gyre_loop_times {
  GYRE_TIMES_LATENCY = 0, /**< how long its ticks took, since the start */
  GYRE_TIMES_WINDOW = 1,  /**< ... in the last 5 to 10 s */
  GYRE_TIMES_LATE = 2     /**< from due to started, since the start */
};

/** Everything counted about a loop; also a row of gyre_snapshot_loops. The same layout on every
 *  platform. */
typedef struct gyre_loop_metrics {
  uint32_t size;
  gyre_loop id;
  int32_t state;            /**< GYRE_STATE_... */
  uint32_t streak;          /**< failures in a row, now */
  char name[64];            /**< NUL at the end, as in the next */
  char group[64];           /**< "" when it is in none */
  uint64_t cycles;          /**< finished ticks, failed ones included */
  uint64_t errors;          /**< of these: failed by what they said or threw */
  uint64_t timeouts;        /**< of these: abandoned */
  uint64_t cancelled;       /**< of these: given up at stop */
  uint64_t gated;           /**< skipped by a gate */
  uint64_t missed;          /**< grid points that passed without a tick of their own */
  uint64_t dropped;         /**< messages that its publishing lost */
  double error_rate;        /**< failed / cycles, 0..1 */
  double interval_ms;       /**< in use */
  double configured_ms;     /**< as asked for */
  double throttle;          /**< their ratio as the throttle wants it, >= 1 */
  double vitality;          /**< as reported, else 1 - error rate of the last 5 to 10 s */
  double mean_reward;       /**< over its recent ticks */
  double exploration;       /**< share of random choices, now */
  uint32_t states, actions; /**< of its learner; 0: it learns nothing */
  uint32_t state_index, action_index; /**< of its last tick */
  uint64_t decisions;                 /**< of its learner */
  uint64_t replay_size, replay_capacity, replay_added, replay_sampled;
  gyre_latency latency; /**< how long its ticks took, since the start */
  gyre_latency window;  /**< ... in the last 5 to 10 s */
  gyre_latency late;    /**< from due to started */
  uint64_t shed;        /**< grid points given up while overloaded; not among the missed */
  char gate[64];        /**< its first gate that is closed; "" when none is */
  double gate_value;    /**< what that gate saw at the last tick that asked it */
  double gate_open_at;  /**< under which it opens again */
} gyre_loop_metrics;

/** Adds a loop; it runs whenever the engine runs, at once if it already does, unless
 *  GYRE_LOOP_PAUSED.
 *  @return GYRE_E_ARG (a name that is empty, long, not UTF-8 or has control characters; interval;
 *           a knob without values, or with one twice; edges that do not ascend; a callback missing
 *           or too many; other knobs than its group), GYRE_E_BUDGET
 *           (states x actions over 65,536), GYRE_E_EXISTS (the name, or two knobs of one name),
 *           GYRE_E_NOT_FOUND (the parent).
 *  @call any thread, short, in callbacks, since 0.1
 *  @status NOT_FOUND EXISTS BUDGET */
GYRE_API gyre_status gyre_loop_create(gyre_engine engine, const gyre_loop_options* options,
                                      gyre_loop* out, gyre_error* err);

/** Takes it out of the engine, and all below it first: its children, the youngest first, each with
 *  its own. Ticks under way end first in their own time. The ids are stale at once; each `destroy`
 *  is called when its loop's last tick has returned. Allowed in their own callbacks.
 *  @call any thread, short, in callbacks, since 0.1 */
GYRE_API gyre_status gyre_loop_remove(gyre_loop loop, gyre_error* err);

/** The loop of that name. @return GYRE_E_NOT_FOUND.
 *  @call any thread, short, in callbacks, since 0.1
 *  @status NOT_FOUND */
GYRE_API gyre_status gyre_loop_find(gyre_engine engine, const char* name, gyre_loop* out,
                                    gyre_error* err);

/** No further ticks until gyre_loop_resume, nor of loops below it. Again: GYRE_OK, no effect.
 *  @call any thread, short, in callbacks, since 0.1 */
GYRE_API gyre_status gyre_loop_pause(gyre_loop loop);

/** Back on its grid, and loops below it that were not paused themselves. A loop under one that is
 *  paused waits for that.
 *  @call any thread, short, in callbacks, since 0.1 */
GYRE_API gyre_status gyre_loop_resume(gyre_loop loop);

/** gyre_loop_pause on every loop whose whole name looks like `pattern`: `*` is any run of bytes,
 *  `?` one byte, any other byte itself; nothing escapes.
 *  @param count optional: how many match, in whatever state; loops below those are not counted.
 *  @return GYRE_E_NOT_FOUND: none. GYRE_E_ARG: the pattern is empty, or over 255 bytes. So the next
 *           three.
 *  @call any thread, short, in callbacks, since 0.1
 *  @status NOT_FOUND */
GYRE_API gyre_status gyre_loops_pause(gyre_engine engine, const char* pattern, uint32_t* count,
                                      gyre_error* err);

/** gyre_loop_resume on each.
 *  @param count optional, as with the last.
 *  @call any thread, short, in callbacks, since 0.1
 *  @status NOT_FOUND */
GYRE_API gyre_status gyre_loops_resume(gyre_engine engine, const char* pattern, uint32_t* count,
                                       gyre_error* err);

/** Pauses each, and has gyre_tick_cancelled tell its ticks under way, and those of loops below it,
 *  to return soon; waits for nothing. A tick that then fails is counted as cancelled; an external
 *  one that was not acquired yet is taken back. gyre_loop_resume or gyre_loops_resume ends it.
 *  @param count optional, as with the last.
 *  @call any thread, short, in callbacks, since 0.1
 *  @status NOT_FOUND */
GYRE_API gyre_status gyre_loops_stop(gyre_engine engine, const char* pattern, uint32_t* count,
                                     gyre_error* err);

/** Each has `factor` times its interval from now on, at most 60 s but never under its own; 1 takes
 *  that back. Where the engine throttles it too (GYRE_LOOP_DEFERRABLE), the larger factor counts.
 *  @param count optional, as with the last.
 *  @return also GYRE_E_ARG: the factor is not finite or under 1.
 *  @call any thread, short, in callbacks, since 0.1
 *  @status NOT_FOUND */
GYRE_API gyre_status gyre_loops_throttle(gyre_engine engine, const char* pattern, double factor,
                                         uint32_t* count, gyre_error* err);

/** One tick as soon as possible, whatever the grid says, backoff included. Several before it ran
 *  are one. @return GYRE_E_STATE (paused, stopped).
 *  @call any thread, short, in callbacks, since 0.1 */
GYRE_API gyre_status gyre_loop_trigger(gyre_loop loop);

/** Changes it before its next tick. @return GYRE_E_ARG (interval, timeout, jitter),
 *  GYRE_E_UNSUPPORTED (mode), GYRE_E_STATE (at_random, explore_from: it learns in another way, or
 *  nothing); nothing has changed then.
 *  @call any thread, short, in callbacks, since 0.1 */
GYRE_API gyre_status gyre_loop_reconfigure(gyre_loop loop, const gyre_loop_change* change,
                                           gyre_error* err);

/** Everything counted about it. Never waits for a tick. For many loops gyre_snapshot_loops is
 *  cheaper.
 *  @call any thread, short, in callbacks, since 0.1 */
GYRE_API gyre_status gyre_loop_metrics_read(gyre_loop loop, gyre_loop_metrics* out);

/** What the percentiles there are made of: for each bucket, 2.2 % wide, in which a tick lies, from
 *  below, its upper end in ms and how many ticks lie in it. These add up to the count there (unless
 *  memory was short, or 2^32 lie in one). Nothing of a loop with GYRE_LOOP_COUNTERS.
 *  @param times GYRE_TIMES_...
 *  @param cap in numbers, two of a bucket; 2,946 are enough for any.
 *  @return GYRE_E_BUFFER; GYRE_E_ARG (times).
 *  @call any thread, short, in callbacks, since 0.1
 *  @status BUFFER */
GYRE_API gyre_status gyre_loop_histogram(gyre_loop loop, uint32_t times, double* out, uint32_t cap,
                                         uint32_t* needed);

/** The value of a knob that its last tick used.
 *  @return GYRE_E_NOT_FOUND (no such knob), GYRE_E_STATE (no tick yet).
 *  @call any thread, short, in callbacks, since 0.1
 *  @status NOT_FOUND */
GYRE_API gyre_status gyre_loop_knob(gyre_loop loop, const char* knob, double* out);

/** What the tick of a ticket earned, of gyre_tick_reward_later.
 *  @return GYRE_E_STALE (it has had its reward, or was given up: counted), GYRE_E_ARG (no ticket of
 *           this loop; not finite as a float).
 *  @call any thread, short, in callbacks, since 0.1 */
GYRE_API gyre_status gyre_loop_reward(gyre_loop loop, uint32_t ticket, double reward,
                                      gyre_error* err);

/** What its tuner, which a group shares, did and knows as a whole. Takes as long as a snapshot.
 *  @return GYRE_E_STATE: it has no knobs, or learns by Q-learning. So the next.
 *  @call any thread, short, in callbacks, since 0.1, may change */
GYRE_API gyre_status gyre_loop_learned(gyre_loop loop, gyre_tuning_metrics* out);

/** What its tuner knows of one state: the best setting, what it earns, how sure that is.
 *  @param state as gyre_loop_metrics has it; of the first 64, which alone are reported.
 *  @return GYRE_E_ARG (no such state).
 *  @call any thread, short, in callbacks, since 0.1, may change */
GYRE_API gyre_status gyre_loop_report(gyre_loop loop, uint32_t state, gyre_state_report* out);

/** What it would have earned by one setting, in the states of its tuner's last 1,024 decisions
 *  whose reward has come: see gyre_what_if. @param always `count` settings, a value for each knob.
 *  @return GYRE_E_ARG (a knob, a value), GYRE_E_STATE as gyre_loop_learned.
 *  @call any thread, short, in callbacks, since 0.1, may change
 *  @status STATE */
GYRE_API gyre_status gyre_loop_what_if(gyre_loop loop, const gyre_setting* always, uint32_t count,
                                       gyre_what_if_result* out, gyre_error* err);

/** The figures that are to stay under a bound, in the order in which they were first said.
 *  @param rows the first one's size counts for all. @param cap in rows.
 *  @return GYRE_E_BUFFER; GYRE_E_STATE as gyre_loop_learned.
 *  @call any thread, short, in callbacks, since 0.1, not in wasm, may change
 *  @status BUFFER */
GYRE_API gyre_status gyre_loop_limits(gyre_loop loop, gyre_limit* rows, uint32_t cap,
                                      uint32_t* needed);

/** The value that each knob has in an action, in declared order.
 *  @param cap in numbers. @return GYRE_E_BUFFER; GYRE_E_ARG (no such action).
 *  @call any thread, short, in callbacks, since 0.1, may change
 *  @status BUFFER */
GYRE_API gyre_status gyre_loop_values(gyre_loop loop, uint32_t action, double* out, uint32_t cap,
                                      uint32_t* needed);

#ifdef __cplusplus
}
#endif
#endif /* GYRE_LOOP_H */
