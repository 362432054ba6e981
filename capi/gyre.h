/* gyre.h - the C ABI of gyre: periodic work as supervised, measured loops that tune themselves.
 * Room: capi. Threads: any call from any thread unless its comment says less; see "Threads" below.
 *
 * In thirty seconds
 * -----------------
 *
 *     #include <gyre.h>
 *     #include <stdio.h>
 *
 *     // One tick: read the setting to try, do the work, say what it earned.
 *     static void ship(void* user, gyre_tick tick, gyre_status* status) {
 *       double level = 0;
 *       (void)user;
 *       gyre_tick_knob(tick, "level", &level);
 *       gyre_tick_reward(tick, level < 6 ? level : 12 - level);
 *       *status = GYRE_OK;
 *     }
 *
 *     int main(void) {
 *       const double levels[] = {0, 1, 3, 6, 9};
 *       const gyre_knob knob = {
 *           .size = sizeof knob, .count = 5, .name = "level", .values = levels};
 *       const gyre_loop_options ship_options = {
 *           .size = sizeof ship_options, .flags = GYRE_LOOP_STATELESS, .name = "ship",
 *           .interval_ms = 20, .tick = ship, .knobs = &knob, .knob_count = 1};
 *       const gyre_engine_options options = {
 *           .size = sizeof options, .driver = GYRE_DRIVER_VIRTUAL};
 *       gyre_engine engine = 0;
 *       gyre_loop loop = 0;
 *       gyre_error error = {.size = sizeof error};
 *       gyre_loop_metrics m = {.size = sizeof m};
 *       if (gyre_engine_create(&options, &engine, &error) ||
 *           gyre_loop_create(engine, &ship_options, &loop, &error) ||
 *           gyre_engine_start(engine, &error) || gyre_engine_advance_to(engine, 10000, &error) ||
 *           gyre_loop_metrics_read(loop, &m)) {
 *         printf("%s: %s\n", gyre_status_name(error.code), error.text);
 *         return 1;
 *       }
 *       printf("%s ran %.0f times and earned %.1f a tick\n", m.name, (double)m.cycles,
 *              m.mean_reward);
 *       return gyre_engine_destroy(engine, &error) ? 1 : 0;
 *     }
 *
 *     cc -std=c99 main.c -lgyre
 *
 * A *loop* is periodic work that is supervised, measured and may tune itself. A *knob* is a
 * setting of that work with a finite set of values; each tick the loop's learner picks one value
 * for each knob. The *reward* is a number that the tick says it earned; *features* are what it
 * saw, in buckets. Without knobs nothing is learned, nothing is paid for it.
 *
 * Ids
 * ---
 * Everything is named by a 32-bit id: 4 bits of kind, 8 of generation, 20 of index, in one table
 * a process. 0 is never valid. A dead id is GYRE_E_STALE, an id of another kind GYRE_E_KIND,
 * never a crash. A slot whose 255 generations are used up is retired, so an id never comes back
 * to life; only tick ids, which live for one tick, are used again, after at least 250,000 other
 * ticks. Loops and subscriptions belong to their engine and die with it.
 *
 * Errors
 * ------
 * Every call that can fail returns a gyre_status: GYRE_OK is 0, errors are negative, their
 * numbers never change, and an unknown one is to be treated as GYRE_E_INTERNAL. There is no
 * "last error". A call that is not hot takes an optional gyre_error of the caller's, and says
 * there in words what was wrong. On an error nothing has changed, and nothing but `err` and a
 * `needed` was written. Every call may also return GYRE_E_ARG (a null pointer, a number out of
 * range), GYRE_E_STALE, GYRE_E_KIND, GYRE_E_NOMEM, GYRE_E_UNSUPPORTED (below), GYRE_E_FORKED (in
 * the child of a fork, where the engine's threads are not), GYRE_E_INTERNAL: these are not
 * repeated at each function.
 *
 * Structs
 * -------
 * Each starts with `uint32_t size`: write sizeof(it) there, also into the ones that the call
 * fills. Zero the rest: 0 is the default everywhere. Where 0 itself is a value worth having, the
 * comment says "GYRE_NONE". Fields are only ever appended. A program built with a newer header
 * runs with an older library as long as it leaves 0 in the fields which that library does not
 * know; otherwise the call is GYRE_E_UNSUPPORTED and not something else done silently. A program
 * built with an older header gets the fields that it knows. In an array of structs the first
 * one's size counts for all.
 *
 * Strings, numbers
 * ----------------
 * Strings in are UTF-8 with a NUL at the end, read during the call and copied where they are
 * kept. Strings and bytes out go to (buf, cap, needed): `needed` always receives the full count,
 * a string's NUL included; with cap < needed the call is GYRE_E_BUFFER and writes nothing else.
 * buf may be NULL when cap is 0. Times are double milliseconds since the engine's creation
 * unless the name says wall (since 1970); rounded to the nearest ns; NaN, infinity and over 100
 * years are GYRE_E_ARG. No 64-bit integer, struct or enum is passed by value: every language and
 * wasm32 call all of this alike.
 *
 * Threads
 * -------
 * Any call may come from any thread at any time, also while another thread destroys what it
 * names: either the call runs to its end first or it is GYRE_E_STALE. Two exceptions: the
 * gyre_tick_* verbs on one tick come one at a time (a second at the same instant is
 * GYRE_E_STATE), and so do gyre_engine_poll and gyre_engine_advance_to on one engine (the second
 * is GYRE_E_REENTRANT). Calls that must not come from a callback say so and are GYRE_E_REENTRANT
 * there, however deep: also in a callback of another engine that such a callback moves.
 *
 * Callbacks
 * ---------
 * `tick` and `on_message` get the `user` pointer of their registration, return nothing, and
 * report through `*status`, which holds GYRE_E_CALLBACK when they are called: write GYRE_OK for
 * success, so that garbage never reads as success. They must not unwind: catch your language's
 * exceptions and panics inside, leave `*status` as it is (gyre_tick_fail keeps a text). They run
 * on one of the engine's threads with GYRE_DRIVER_WORKERS, else inside poll or advance_to.
 * `destroy(user)` is called exactly once, when no further call with that `user` can come, and
 * also when the registration fails: so its owner can hand over ownership. It is called by what
 * ended the registration, or, when a callback is under way just then, in that callback's thread
 * once it has returned and still as a part of it; no lock is held and it may call all of this. A
 * registration that never calls back (a polled subscription) gives its `user` back at once. Options
 * whose `size` is not even that of the first version have no `destroy`. A host whose functions
 * cannot be called from here, or should not be (JavaScript, Go, Python), uses GYRE_LOOP_EXTERNAL
 * and gyre_tick_acquire instead and needs no callback at all. */
#ifndef GYRE_H
#define GYRE_H

#include <stdint.h>

#ifndef GYRE_API
#if defined(__GNUC__)
#define GYRE_API __attribute__((visibility("default")))
#else
#define GYRE_API
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Numbers that never change --------------------------------------------------------------- */

#define GYRE_VERSION 0x000100 /**< of this header, 0xMMmmpp; of the library: gyre_version() */

typedef int32_t gyre_status; /**< GYRE_OK or one of GYRE_E_... */

#define GYRE_OK 0
#define GYRE_E_ARG (-1)           /**< null, NaN, out of range, unknown name, bad grammar */
#define GYRE_E_STATE (-2)         /**< not now: not started, another holder, wrong driver */
#define GYRE_E_NOMEM (-3)         /**< out of memory or of ids */
#define GYRE_E_STALE (-4)         /**< the id's object is gone, or never was */
#define GYRE_E_KIND (-5)          /**< the id names another kind of object */
#define GYRE_E_NOT_FOUND (-6)     /**< nothing of that name; nothing waiting */
#define GYRE_E_EXISTS (-7)        /**< the name is taken */
#define GYRE_E_BUFFER (-8)        /**< too small a buffer; `needed` says how large */
#define GYRE_E_TIMEOUT (-9)       /**< the deadline passed first */
#define GYRE_E_REENTRANT (-10)    /**< not from inside a callback */
#define GYRE_E_CANCELLED (-11)    /**< the tick was given up */
#define GYRE_E_OVERFLOW (-12)     /**< a bounded queue is full; counted */
#define GYRE_E_BUDGET (-13)       /**< over a byte or time budget */
#define GYRE_E_BREAKER_OPEN (-14) /**< the circuit breaker keeps deliveries away */
#define GYRE_E_IO (-15)           /**< the file system said no */
#define GYRE_E_CORRUPT (-16)      /**< the bytes are damaged */
#define GYRE_E_FORMAT (-17)       /**< the bytes are of another format or a newer version */
#define GYRE_E_UNSUPPORTED (-18)  /**< the caller asks for something this library does not know */
#define GYRE_E_ABI (-19)          /**< header and library do not fit; the text says why */
#define GYRE_E_CALLBACK (-20)     /**< a callback did not report success */
#define GYRE_E_FORKED (-23)       /**< used in the child after fork() */
#define GYRE_E_INTERNAL (-99)     /**< a bug in gyre */

#define GYRE_NONE (-1.0) /**< "none, really", for a field whose 0 means its default */

typedef uint32_t gyre_engine;       /**< an engine */
typedef uint32_t gyre_loop;         /**< a loop of an engine */
typedef uint32_t gyre_tick;         /**< one run of a loop, while it lasts */
typedef uint32_t gyre_subscription; /**< a subscription on an engine's bus */
typedef uint32_t gyre_replay;       /**< a replay buffer by itself */
typedef uint32_t gyre_learner;      /**< a learner by itself */

/** Why a call failed. Zero-initialise, set `size`, hand in; not touched on GYRE_OK. */
typedef struct gyre_error {
  uint32_t size;
  gyre_status code; /**< what the call returned */
  char text[248];   /**< in words: what was wrong, what would be right; always ended */
} gyre_error;

/** Called once with the `user` of a registration when no other call with it can come. */
typedef void (*gyre_destroy_fn)(void* user);

/* ---- Library --------------------------------------------------------------------------------- */

/** The library's version as 0xMMmmpp. A header of another major version is refused at
 *  gyre_engine_create. */
GYRE_API uint32_t gyre_version(void);

/** "0.1.0"; static storage. */
GYRE_API const char* gyre_version_string(void);

/** "GYRE_E_STALE" for -4; "GYRE_E_?" for a number this library does not know; static storage. Never
 *  NULL. */
GYRE_API const char* gyre_status_name(gyre_status status);

/** Memory for a caller that has no allocator on this side (JavaScript over wasm). NULL when there
 *  is none.
 *  @return `size` bytes aligned for any type, to be given back with gyre_free. */
GYRE_API void* gyre_alloc(uint32_t size);

/** Gives gyre_alloc's memory back. NULL is allowed. */
GYRE_API void gyre_free(void* memory);

/* ---- Engine ---------------------------------------------------------------------------------- */

#define GYRE_DRIVER_WORKERS 0 /**< own threads, system clock. Not in wasm: GYRE_E_UNSUPPORTED */
#define GYRE_DRIVER_HOST 1    /**< no thread, no clock: the caller calls gyre_engine_poll */
#define GYRE_DRIVER_VIRTUAL 2 /**< gyre_engine_advance_to moves the clock: repeatable */

/** What an engine is. */
typedef struct gyre_engine_options {
  uint32_t size;
  uint32_t api_version; /**< 0 or GYRE_VERSION: the header in use */
  int32_t driver;       /**< GYRE_DRIVER_... */
  uint32_t shards;      /**< cores to spread loops over, a group stays together; default 1 */
  const char* store;    /**< directory of what survives, made if missing; default: none */
  uint64_t seed;        /**< of all randomness; default 1 */
  double window_ms;     /**< observation window; default 1,000 */
  double memory_bytes;  /**< budget of remembered blocks; default 16 MiB */
  uint32_t memory_ring; /**< newest records kept as they are; default 100 */
  uint32_t reserved;    /**< 0 */
} gyre_engine_options;

/** What an engine is doing. */
typedef struct gyre_engine_info {
  uint32_t size;
  int32_t driver;   /**< GYRE_DRIVER_... */
  uint32_t running; /**< 1 between start and stop */
  uint32_t shards;
  uint32_t loops;    /**< loops it has now */
  uint32_t reserved; /**< 0 */
  uint64_t seed;
  double now_ms;
} gyre_engine_info;

/** What one gyre_engine_poll did. */
typedef struct gyre_poll_result {
  uint32_t size;
  uint32_t more;      /**< 1: the budget ended before all that is due had run: call again soon */
  uint64_t ticks;     /**< ticks that ran */
  double next_due_ms; /**< when to call next: now while a tick is pending; -1: nothing planned */
} gyre_poll_result;

/** What the host measured, for the gates. GYRE_NONE: not known; 0 is a reading. */
typedef struct gyre_reading {
  uint32_t size;
  uint32_t reserved;     /**< 0 */
  const char* mode;      /**< default "normal" */
  double cpu_percent;    /**< 0..100 of all cores */
  double memory_percent; /**< 0..100 of what may be used */
  double latency_ms;     /**< of whatever the latency gates are about */
} gyre_reading;

/** Makes an engine. Any number of them may live in a process. One with GYRE_DRIVER_WORKERS waits
 *  for gyre_engine_start; the others do nothing of their own anyway and are made started. With a
 *  store it reads all of that and blocks on the disk.
 *  @param options NULL: all defaults.
 *  @return GYRE_E_ARG (shards not 1..64, window_ms under 1, memory_bytes not 65,536..1e12,
 *           memory_ring not 8..256), GYRE_E_ABI (api_version), GYRE_E_UNSUPPORTED (no threads, or
 *           no files, here). Of the store: GYRE_E_STATE (another engine holds it, here or in a
 *           process that the text names), GYRE_E_NOT_FOUND (the directory that it is to be made
 *           in), GYRE_E_IO, GYRE_E_CORRUPT (damaged), GYRE_E_FORMAT (not gyre's, or of a newer
 *           version); its files are then as they were. */
GYRE_API gyre_status gyre_engine_create(const gyre_engine_options* options, gyre_engine* out,
                                        gyre_error* err);

/** Stops it (up to 5 s), saves, frees it and everything that belongs to it, then calls the
 *  `destroy` notifiers. Calls under way in other threads end first; later ones are stale. A
 *  callback that never returns keeps its own thread and its `user`, and is no reason to wait
 *  longer. Not from one of the engine's callbacks. */
GYRE_API gyre_status gyre_engine_destroy(gyre_engine engine, gyre_error* err);

/** Lets its loops run. Again on a running engine: GYRE_OK, no effect. */
GYRE_API gyre_status gyre_engine_start(gyre_engine engine, gyre_error* err);

/** Cancels running ticks, waits for them up to `deadline_ms` (0: 5,000), saves. Again on a stopped
 *  engine: waits for nothing, and tells of the loops that have not ended since.
 *  @param names, cap, needed optional (NULL, 0, NULL): receives the names of the loops that did not
 *           end, by newlines.
 *  @return GYRE_E_TIMEOUT when there are such loops; the engine is stopped all the same, they are
 *           on their own. GYRE_E_BUFFER when there are and `names` cannot hold them: call again.
 *           Not from a callback. */
GYRE_API gyre_status gyre_engine_stop(gyre_engine engine, double deadline_ms, char* names,
                                      uint32_t cap, uint32_t* needed, gyre_error* err);

/** GYRE_DRIVER_HOST: runs what is due at `now_ms`, in this thread. Overdue ticks are late; the
 *  missed policy applies.
 *  @param now_ms    the host's clock since it made the engine; a value before the last one counts
 *           as the last one.
 *  @param max_ticks at most so many, further calls of pending ticks included; 0: no limit.
 *  @param out       optional. Of a stopped engine: nothing ran, nothing is planned.
 *  @return GYRE_E_STATE (another driver), GYRE_E_REENTRANT. */
GYRE_API gyre_status gyre_engine_poll(gyre_engine engine, double now_ms, uint32_t max_ticks,
                                      gyre_poll_result* out, gyre_error* err);

/** The same, and ends after the tick that used up the time; the next call goes on in order.
 *  @param budget_ms of real time, by the machine's clock; 0: no limit. No effect in gyre.wasm,
 *           which has no clock. */
GYRE_API gyre_status gyre_engine_poll_within(gyre_engine engine, double now_ms, uint32_t max_ticks,
                                             double budget_ms, gyre_poll_result* out,
                                             gyre_error* err);

/** GYRE_DRIVER_VIRTUAL: runs every tick due up to and at `to_ms`, each at its own instant; the
 *  clock then stands at `to_ms`. An instant before the clock's: no effect.
 *  @return GYRE_E_STATE (another driver), GYRE_E_REENTRANT. */
GYRE_API gyre_status gyre_engine_advance_to(gyre_engine engine, double to_ms, gyre_error* err);

/** GYRE_DRIVER_VIRTUAL: moves the clock and runs nothing, as if the machine had slept.
 *  @return GYRE_E_ARG (backwards), and as gyre_engine_advance_to. */
GYRE_API gyre_status gyre_engine_jump_to(gyre_engine engine, double to_ms, gyre_error* err);

/** The engine's clock, ms since its creation. */
GYRE_API gyre_status gyre_engine_now(gyre_engine engine, double* out);

/** What it is and whether it runs. */
GYRE_API gyre_status gyre_engine_state(gyre_engine engine, gyre_engine_info* out);

/** Tells the gates what the host measured; counts until the next call. */
GYRE_API gyre_status gyre_engine_supply(gyre_engine engine, const gyre_reading* reading,
                                        gyre_error* err);

/** Writes what is pending to the store and waits until it survives power loss. Without a store:
 *  GYRE_OK, no effect.
 *  @return GYRE_E_IO; GYRE_E_STATE: an earlier one failed, and what it did not write is not on the
 *           disk yet. Not from a callback. */
GYRE_API gyre_status gyre_engine_sync(gyre_engine engine, gyre_error* err);

/* ---- Loops ----------------------------------------------------------------------------------- */

/** One run of a loop. Write GYRE_OK into `*status` (it holds GYRE_E_CALLBACK); `tick` is valid
 *  until the return. */
typedef void (*gyre_tick_fn)(void* user, gyre_tick tick, gyre_status* status);

/** A setting that the learner may choose, among `count` values. */
typedef struct gyre_knob {
  uint32_t size;
  uint32_t count;       /**< of values, >= 1 */
  const char* name;     /**< 1..63 bytes, unique in the loop; copied */
  const double* values; /**< finite; copied */
} gyre_knob;

/** Something a tick sees, in count + 1 buckets. A tick that does not report it keeps its last
 *  value, at first bucket 0. */
typedef struct gyre_feature {
  uint32_t size;
  uint32_t count;      /**< of edges, >= 1 */
  const char* name;    /**< 1..63 bytes, unique in the loop; copied */
  const double* edges; /**< finite, ascending; a value on an edge is in the upper bucket; copied */
} gyre_feature;

#define GYRE_GATE_CPU 1     /**< closed over close_at percent (80) until under open_at (70) */
#define GYRE_GATE_MEMORY 2  /**< closed over close_at percent (85) until under open_at (80) */
#define GYRE_GATE_LATENCY 3 /**< closed while the latency reading is over close_at ms; required */
#define GYRE_GATE_MODE 4    /**< closed while the mode reading is not `mode` ("normal") */

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
#define GYRE_LOOP_STATELESS 8u  /**< no features at all, not even the engine's own: one state */
#define GYRE_LOOP_COUNTERS 16u  /**< counts only: no histograms, 0.5 to 32 KB less */

#define GYRE_MISSED_ONCE 0  /**< one late tick, told how many were missed; then back on the grid */
#define GYRE_MISSED_SKIP 1  /**< none before the next grid point */
#define GYRE_MISSED_BURST 2 /**< all of them, at most `burst` */
#define GYRE_MISSED_DELAY 3 /**< the grid starts again from now */

/** What a loop is. */
typedef struct gyre_loop_options {
  uint32_t size;
  uint32_t flags;          /**< GYRE_LOOP_... */
  const char* name;        /**< 1..63 bytes, unique in the engine; copied */
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
  double discount;         /**< of the next state's worth, 0..1; default 0, right for settings */
  const gyre_feature* features; /**< what it sees; default: error streak, latency, load */
  double learning_rate;         /**< step; default 0.1 */
  const gyre_gate* gates;       /**< default: none */
  double explore_from;          /**< share of random choices at first; default 0.1; GYRE_NONE */
  double explore_to;            /**< ... after `explore_over` choices; default: explore_from */
  double explore_over;          /**< choices from one to the other, straight line; default 0 */
  uint32_t knob_count;
  uint32_t feature_count;
  uint32_t gate_count;
  int32_t missed;           /**< GYRE_MISSED_... */
  uint32_t burst;           /**< default 8 */
  int32_t priority;         /**< -2048..2047: the higher goes first of two due at once, and under
                                 overload */
  uint32_t replay_capacity; /**< transitions kept; default 5,000 (a group's: 10,000) */
  uint32_t sample_average;  /**< 1: step = max(learning_rate, 1/n), n the visits of that cell */
  const char* parent;       /**< name of a loop that is there: paused, stopped or removed, it takes
                               this one with it; default: none */
} gyre_loop_options;

/** What to change on a loop. 0 leaves a field as it is. */
typedef struct gyre_loop_change {
  uint32_t size;
  uint32_t reserved;  /**< 0 */
  double interval_ms; /**< > 0; the grid starts again at the next tick */
  double timeout_ms;
  double jitter; /**< GYRE_NONE: none */
} gyre_loop_change;

#define GYRE_LOOP_WAITING 0
#define GYRE_LOOP_RUNNING 1
#define GYRE_LOOP_IS_PAUSED 2
#define GYRE_LOOP_BACKING_OFF 3
#define GYRE_LOOP_GATED 4
#define GYRE_LOOP_STUCK 5
#define GYRE_LOOP_STOPPED 6

/** How long something took; quantiles within 1.1 %; all but count NaN when count is 0. */
typedef struct gyre_latency {
  uint64_t count;
  double min_ms, avg_ms, p50_ms, p95_ms, p99_ms, p999_ms, max_ms;
} gyre_latency;

/** Everything counted about a loop; also a row of gyre_snapshot_loops. The same layout on every
 *  platform. */
typedef struct gyre_loop_metrics {
  uint32_t size;
  gyre_loop id;
  int32_t state;            /**< GYRE_LOOP_WAITING ... GYRE_LOOP_STOPPED */
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
 *  @return GYRE_E_ARG (empty or long name, interval, a knob without values, edges that do not
 *           ascend, a callback missing or too many, other knobs than its group), GYRE_E_BUDGET
 *           (states x actions over 65,536), GYRE_E_EXISTS (the name, or two knobs of one name),
 *           GYRE_E_NOT_FOUND (the parent). */
GYRE_API gyre_status gyre_loop_create(gyre_engine engine, const gyre_loop_options* options,
                                      gyre_loop* out, gyre_error* err);

/** Takes it out of the engine, and all below it first: its children, the youngest first, each with
 *  its own. Ticks under way end first in their own time. The ids are stale at once; each `destroy`
 *  is called when its loop's last tick has returned. Allowed in their own callbacks. */
GYRE_API gyre_status gyre_loop_remove(gyre_loop loop, gyre_error* err);

/** The loop of that name. @return GYRE_E_NOT_FOUND. */
GYRE_API gyre_status gyre_loop_find(gyre_engine engine, const char* name, gyre_loop* out,
                                    gyre_error* err);

/** No further ticks until gyre_loop_resume, nor of loops below it. Again: GYRE_OK, no effect. */
GYRE_API gyre_status gyre_loop_pause(gyre_loop loop);

/** Back on its grid, and loops below it that were not paused themselves. A loop under one that is
 *  paused waits for that. */
GYRE_API gyre_status gyre_loop_resume(gyre_loop loop);

/** gyre_loop_pause on every loop whose whole name looks like `pattern`: `*` is any run of bytes,
 *  `?` one byte, any other byte itself; nothing escapes.
 *  @param count optional: how many match, in whatever state; loops below those are not counted.
 *  @return GYRE_E_NOT_FOUND: none. GYRE_E_ARG: the pattern is empty, or over 255 bytes. So the next
 *           three. */
GYRE_API gyre_status gyre_loops_pause(gyre_engine engine, const char* pattern, uint32_t* count,
                                      gyre_error* err);

/** gyre_loop_resume on each. */
GYRE_API gyre_status gyre_loops_resume(gyre_engine engine, const char* pattern, uint32_t* count,
                                       gyre_error* err);

/** Pauses each, and has gyre_tick_cancelled tell its ticks under way, and those of loops below it,
 *  to return soon; waits for nothing. A tick that then fails is counted as cancelled; an external
 *  one that was not acquired yet is taken back. gyre_loop_resume or gyre_loops_resume ends it. */
GYRE_API gyre_status gyre_loops_stop(gyre_engine engine, const char* pattern, uint32_t* count,
                                     gyre_error* err);

/** Each has `factor` times its interval from now on, at most 60 s but never under its own; 1 takes
 *  that back. Where the engine throttles it too (GYRE_LOOP_DEFERRABLE), the larger factor counts.
 *  @return also GYRE_E_ARG: the factor is not finite or under 1. */
GYRE_API gyre_status gyre_loops_throttle(gyre_engine engine, const char* pattern, double factor,
                                         uint32_t* count, gyre_error* err);

/** One tick as soon as possible, whatever the grid says, backoff included. Several before it ran
 *  are one. @return GYRE_E_STATE (paused, stopped). */
GYRE_API gyre_status gyre_loop_trigger(gyre_loop loop);

/** Changes it before its next tick. @return GYRE_E_ARG (interval, timeout, jitter). */
GYRE_API gyre_status gyre_loop_reconfigure(gyre_loop loop, const gyre_loop_change* change,
                                           gyre_error* err);

/** Everything counted about it. Never waits for a tick. For many loops gyre_snapshot_loops is
 *  cheaper. */
GYRE_API gyre_status gyre_loop_metrics_read(gyre_loop loop, gyre_loop_metrics* out);

/** The value of a knob that its last tick used.
 *  @return GYRE_E_NOT_FOUND (no such knob), GYRE_E_STATE (no tick yet). */
GYRE_API gyre_status gyre_loop_knob(gyre_loop loop, const char* knob, double* out);

/* ---- Ticks ----------------------------------------------------------------------------------- */

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
 *  @param[out] count how many there are; 0 is no error.
 *  @return GYRE_E_NOMEM: no id is left; the ticks that would have had one are timeouts. */
GYRE_API gyre_status gyre_tick_acquire(gyre_engine engine, gyre_tick* ticks, uint32_t cap,
                                       uint32_t* count, gyre_error* err);

/** Ends an external tick.
 *  @param completion NULL: well.
 *  @return GYRE_E_STALE (timed out before), GYRE_E_STATE (not an external tick). */
GYRE_API gyre_status gyre_tick_complete(gyre_tick tick, const gyre_completion* completion);

/** Ends many external ticks at once. One that failed is told so by gyre_tick_fail before.
 *  @param took_ms `count` times; each, and NULL for all, as gyre_completion's.
 *  @param[out] statuses NULL, or `count` of what gyre_tick_complete would return: GYRE_OK for those
 *           that count, GYRE_E_STALE (timed out, given before), GYRE_E_STATE (not an external tick
 *           of this engine, or in use by another thread).
 *  @return GYRE_E_ARG: a time is not finite; none of them has ended then. */
GYRE_API gyre_status gyre_tick_complete_many(gyre_engine engine, const gyre_tick* ticks,
                                             const double* took_ms, uint32_t count,
                                             gyre_status* statuses);

/** The tick is not done: once its callback has returned GYRE_OK, the next gyre_engine_poll calls it
 *  again for the same tick, with another id, until it returns without this, fails, or outlives its
 *  loop's timeout, counted from the first call: then it is a timeout, and the next call is a new
 *  tick, whose gyre_tick_info has 0 `calls`. Removing the loop and stopping the engine end it too.
 *  @return GYRE_E_STATE: not an engine with GYRE_DRIVER_HOST, or an external tick; the tick will
 *           count as failed. GYRE_E_CANCELLED as gyre_tick_knob. */
GYRE_API gyre_status gyre_tick_pending(gyre_tick tick);

/** The value to use for a knob. The choice falls at the first of these calls in a tick: report
 *  features before it.
 *  @return GYRE_E_NOT_FOUND: no such knob, and the tick will count as failed. GYRE_E_CANCELLED: it
 *           was given up, as with the next four. */
GYRE_API gyre_status gyre_tick_knob(gyre_tick tick, const char* name, double* out);

/** What the tick sees.
 *  @return GYRE_E_NOT_FOUND: no such feature; GYRE_E_ARG: NaN. The tick will count as failed. */
GYRE_API gyre_status gyre_tick_feature(gyre_tick tick, const char* name, double value);

/** What the tick earned, replacing the default reward (1, or minus the error streak).
 *  @param reward finite as a float (under 3.5e38), which is what learners keep.
 *  @return GYRE_E_ARG: it is not; the tick will count as failed and nothing is learned from it. */
GYRE_API gyre_status gyre_tick_reward(gyre_tick tick, double reward);

/** How well the loop's work is, 0..1, in the loop's own judgement: its part of the symbiosis score.
 *  @return GYRE_E_ARG: not in 0..1; the tick will count as failed. */
GYRE_API gyre_status gyre_tick_vitality(gyre_tick tick, double vitality);

/** The tick failed, for this reason; it may go on and clean up.
 *  @param text kept up to 200 bytes; NULL: "failed". */
GYRE_API gyre_status gyre_tick_fail(gyre_tick tick, const char* text);

/** Virtual engines: this tick took so long. Lengthens its own measured duration and moves no clock.
 *  Adds up. */
GYRE_API gyre_status gyre_tick_spend(gyre_tick tick, double ms);

/** @return GYRE_OK: go on; GYRE_E_CANCELLED: the tick timed out, its loop was removed or stopped,
 *  or the engine stops: return soon. */
GYRE_API gyre_status gyre_tick_cancelled(gyre_tick tick);

/** Which tick it is, how late, how long so far. */
GYRE_API gyre_status gyre_tick_info_read(gyre_tick tick, gyre_tick_info* out);

/* ---- Bus ------------------------------------------------------------------------------------- */

/** One message, as handed to `on_message`, where topic and payload are valid until the return. */
typedef struct gyre_message {
  uint32_t size;
  uint32_t payload_size;
  const char* topic; /**< NUL at the end */
  double at_ms;      /**< published */
  const void* payload;
  double ttl_ms; /**< 0: does not expire */
  uint64_t correlation;
  uint64_t sequence;   /**< of the engine's messages */
  gyre_loop source;    /**< the loop that published it; 0: none */
  uint32_t topic_size; /**< without the NUL */
} gyre_message;

/** Takes one message, between ticks, never inside publish. Write GYRE_OK into `*status`; else it is
 *  tried again. */
typedef void (*gyre_message_fn)(void* user, const gyre_message* message, gyre_status* status);

#define GYRE_OVERFLOW_DROP_NEWEST 0 /**< the message that does not fit is dropped */
#define GYRE_OVERFLOW_DROP_OLDEST 1 /**< the oldest makes room */
#define GYRE_OVERFLOW_KEEP_LATEST 2 /**< one message a topic, the newest */
#define GYRE_OVERFLOW_BLOCK 3 /**< publish waits up to 1 s; on an engine's own thread it drops at \
                                 once; either way it is counted */

/** How a subscription takes its messages. */
typedef struct gyre_subscription_options {
  uint32_t size;
  uint32_t capacity;          /**< messages that wait at most; default 1,024 */
  gyre_message_fn on_message; /**< NULL: polled with gyre_bus_poll */
  double rate_per_s;          /**< deliveries a second at most; default: no limit */
  void* user;
  double retry_delay_ms;   /**< after the n-th failure n times this; default 100 */
  gyre_destroy_fn destroy; /**< optional; also called when subscribing fails, and at once where
                              on_message is NULL */
  double retries;          /**< default 3; GYRE_NONE */
  int32_t overflow;        /**< GYRE_OVERFLOW_... */
  int32_t priority;        /**< the higher is served first */
} gyre_subscription_options;

/** What may go with a message. */
typedef struct gyre_publish_options {
  uint32_t size;
  gyre_loop source; /**< the loop it comes from; 0: none */
  double ttl_ms;    /**< not delivered later than this; default: any time */
  uint64_t correlation;
} gyre_publish_options;

/** Exact accounting: matched = delivered + dropped + expired + dead_lettered + pending. */
typedef struct gyre_bus_metrics {
  uint32_t size;
  uint32_t subscriptions; /**< 1 when asked of a subscription */
  uint64_t published;     /**< messages; this and the next two are 0 of a subscription */
  uint64_t unrouted;      /**< nobody subscribed */
  uint64_t rejected;      /**< refused: bad topic, too large */
  uint64_t matched;       /**< from here on: pairs of a message and a subscription */
  uint64_t delivered;
  uint64_t dropped; /**< the sum of the next six */
  uint64_t dropped_newest, dropped_oldest, dropped_replaced, dropped_rate, dropped_closed,
      dropped_blocked;
  uint64_t expired;
  uint64_t dead_lettered; /**< retries used up, or its breaker open */
  uint64_t pending;       /**< waiting, also for a retry */
  double p50_ms, p99_ms;  /**< published to delivered; 0 of a subscription */
  double health;          /**< 0..1 */
} gyre_bus_metrics;

/** Puts a message on the bus. Topics are tokens between dots: "shop.orders.new". Nothing is
 *  delivered inside this call. With GYRE_DRIVER_WORKERS it waits, up to 1 s, while a matching
 *  GYRE_OVERFLOW_BLOCK subscription is full; never in a callback.
 *  @param payload at most 64 KiB; may be NULL when payload_size is 0; copied.
 *  @param options NULL: all defaults.
 *  @return GYRE_E_ARG (topic grammar, size). What a full subscription cost is in its account, and
 *           in the `dropped` of the loop that `source` names. */
GYRE_API gyre_status gyre_bus_publish(gyre_engine engine, const char* topic, const void* payload,
                                      uint32_t payload_size, const gyre_publish_options* options,
                                      gyre_error* err);

/** Receives what matches `pattern`: `*` is any one token, `>` at the end one or more.
 *  @param options NULL: polled, all defaults.
 *  @return GYRE_E_ARG (grammar, capacity, rate, retries), GYRE_E_BUDGET (65,536 subscriptions are
 *           there already). */
GYRE_API gyre_status gyre_bus_subscribe(gyre_engine engine, const char* pattern,
                                        const gyre_subscription_options* options,
                                        gyre_subscription* out, gyre_error* err);

/** Ends it; what waits counts as dropped_closed. `destroy` is called when its last delivery has
 *  returned. Allowed in its own callback. */
GYRE_API gyre_status gyre_bus_unsubscribe(gyre_subscription subscription);

/** Takes one message of a polled subscription: `buf` receives the topic, a NUL, the payload.
 *  @param out filled with the rest; its pointers point into `buf`.
 *  @return GYRE_E_NOT_FOUND: none waits. GYRE_E_BUFFER: too small, the message stays. GYRE_E_STATE:
 *           it has a callback. */
GYRE_API gyre_status gyre_bus_poll(gyre_subscription subscription, gyre_message* out, void* buf,
                                   uint32_t cap, uint32_t* needed);

/** The account of an engine's bus, or of one subscription: `id` is either. */
GYRE_API gyre_status gyre_bus_metrics_read(uint32_t id, gyre_bus_metrics* out);

/* ---- Replay buffer by itself ----------------------------------------------------------------- */

/** A circular buffer of rows of the caller's own type. */
typedef struct gyre_replay_options {
  uint32_t size;
  uint32_t row_size; /**< bytes, 1..65,536 */
  uint32_t capacity; /**< rows; default 10,000; (row_size + 5) x capacity at most 1 GiB */
  uint32_t reserved; /**< 0 */
  uint64_t seed;     /**< of sampling; default 1 */
} gyre_replay_options;

/** What it holds and did. */
typedef struct gyre_replay_metrics {
  uint32_t size;
  uint32_t row_size;
  uint64_t rows, capacity, total_added, total_sampled;
  double utilization; /**< rows / capacity */
} gyre_replay_metrics;

#define GYRE_SAMPLE_WITH_REPLACEMENT 1u

/** All memory is allocated here, 5 bytes of bookkeeping a row included. @return GYRE_E_ARG (sizes).
 */
GYRE_API gyre_status gyre_replay_create(const gyre_replay_options* options, gyre_replay* out,
                                        gyre_error* err);

/** Frees it. Calls under way in other threads end first; later ones are stale. */
GYRE_API gyre_status gyre_replay_destroy(gyre_replay replay);

/** Appends `count` rows laid end to end; the oldest make room. */
GYRE_API gyre_status gyre_replay_push(gyre_replay replay, const void* rows, uint32_t count);

/** Draws `count` rows uniformly.
 *  @param flags 0: no row twice.
 *  @return GYRE_E_STATE: fewer rows than asked for (with replacement: none). */
GYRE_API gyre_status gyre_replay_sample(gyre_replay replay, void* rows, uint32_t count,
                                        uint32_t flags);

/** What it holds and did, at one instant. Waits for a push or a sample under way. */
GYRE_API gyre_status gyre_replay_metrics_read(gyre_replay replay, gyre_replay_metrics* out);

/* ---- Learner by itself ----------------------------------------------------------------------- */

/** A tabular Q-learner over states x actions, trained from its own replay buffer. */
typedef struct gyre_learner_options {
  uint32_t size;
  uint32_t states;         /**< >= 1 */
  uint32_t actions;        /**< >= 1; states x actions at most 65,536 */
  uint32_t sample_average; /**< as in gyre_loop_options, like the next five */
  double discount;
  double learning_rate;
  double explore_from, explore_to, explore_over;
  uint32_t replay_capacity; /**< default 5,000 */
  uint32_t batch;           /**< rows a training; default 32 */
  uint32_t every;           /**< observations from training to training; default 10 */
  uint32_t warmup;          /**< observations before the first; default 32 */
  uint64_t seed;            /**< default 1 */
} gyre_learner_options;

#define GYRE_TRANSITION_TERMINATED 1u /**< nothing follows: the next state is worth nothing */
#define GYRE_TRANSITION_TRUNCATED 2u  /**< cut off here: the next state is worth what it is worth \
                                       */

/** What happened. */
typedef struct gyre_transition {
  uint32_t size;
  uint32_t state, action, next;
  double reward;     /**< finite as a float (under 3.5e38), which is what is kept */
  uint32_t flags;    /**< GYRE_TRANSITION_... */
  uint32_t reserved; /**< 0 */
} gyre_transition;

/** What it learned from. */
typedef struct gyre_learner_metrics {
  uint32_t size;
  uint32_t states, actions, q_values; /**< q_values: cells seen at least once */
  uint64_t decisions, observations, updates;
  uint64_t replay_size, replay_capacity, replay_added, replay_sampled;
  double exploration, discount, learning_rate;
  double mean_reward; /**< of its recent observations */
} gyre_learner_metrics;

/** All memory is allocated here.
 *  @return GYRE_E_ARG (states x actions over the limit: the text names the product). */
GYRE_API gyre_status gyre_learner_create(const gyre_learner_options* options, gyre_learner* out,
                                         gyre_error* err);

/** Frees it. Calls under way in other threads end first; later ones are stale. */
GYRE_API gyre_status gyre_learner_destroy(gyre_learner learner);

/** Chooses an action for each of `count` states, exploring.
 *  @return GYRE_E_ARG (a state out of range; none is chosen). */
GYRE_API gyre_status gyre_learner_choose(gyre_learner learner, const uint32_t* states,
                                         uint32_t* actions, uint32_t count);

/** Learns from `count` transitions.
 *  @return GYRE_E_ARG (an index out of range, a reward not finite; none is taken). */
GYRE_API gyre_status gyre_learner_observe(gyre_learner learner, const gyre_transition* transitions,
                                          uint32_t count);

/** The table, row by row, states x actions floats. @param cap in floats. @return GYRE_E_BUFFER. */
GYRE_API gyre_status gyre_learner_q(gyre_learner learner, float* out, uint32_t cap,
                                    uint32_t* needed);

/** What it learned from, at one instant. Waits for a call on it that is under way. */
GYRE_API gyre_status gyre_learner_metrics_read(gyre_learner learner, gyre_learner_metrics* out);

/* ---- Memory ---------------------------------------------------------------------------------- */

/** Something to remember. */
typedef struct gyre_record {
  uint32_t size;
  uint32_t tag_count; /**< at most 64 */
  const char* text;   /**< required; text or JSON */
  double wall_ms;     /**< default: now (virtual engines: the engine's clock) */
  const char* user;   /**< this and the next two default to "" */
  double importance;  /**< 0..1; default 0.5; GYRE_NONE */
  const char* role;
  const char* source; /**< the loop it comes from */
  const char* const* tags;
} gyre_record;

/** What to recall. A field left 0 lets everything pass. */
typedef struct gyre_query {
  uint32_t size;
  uint32_t limit;   /**< records at most; default 100 */
  const char* text; /**< occurs in the text */
  double from_wall_ms;
  const char* tag;
  double to_wall_ms;
  const char* user;
  const char* source;
} gyre_query;

/** Every figure measured: remembered = in_ring + in_blocks + archived + evicted + merged. */
typedef struct gyre_memory_metrics {
  uint32_t size;
  uint32_t block_count;
  uint64_t remembered, in_ring, in_blocks, archived, evicted, merged, pruned, compressions;
  uint64_t raw_bytes, stored_bytes; /**< of the blocks, before and after compression */
  uint64_t resident_bytes, budget_bytes;
  double saved_percent;
} gyre_memory_metrics;

/** Keeps a record. Amortised O(1); every 25th call compresses a block.
 *  @return GYRE_E_ARG (no text, importance not 0..1, wall_ms, more than 64 tags or one that is
 *           NULL), GYRE_E_BUDGET (over 256 KiB, or over an eighth of memory_bytes). */
GYRE_API gyre_status gyre_memory_remember(gyre_engine engine, const gyre_record* record,
                                          gyre_error* err);

/** Finds records, newest first, as a JSON array of {wall_ms, text, user, role, source, tags,
 *  importance, count, tier}; tier is short (< 5 min old), medium (< 1 h) or long.
 *  @param query NULL: the newest 100.
 *  @return GYRE_E_BUFFER. */
GYRE_API gyre_status gyre_memory_recall(gyre_engine engine, const gyre_query* query, char* buf,
                                        uint32_t cap, uint32_t* needed, gyre_error* err);

/** Archives what is over a day old to the store, and deletes what is over 30 days old. Blocks on
 *  the disk, where there is a store, and so does what needs the memory or the bus meanwhile.
 *  @return GYRE_E_IO: what was not written stays in memory. */
GYRE_API gyre_status gyre_memory_consolidate(gyre_engine engine, gyre_error* err);

/** What is kept, at one instant. */
GYRE_API gyre_status gyre_memory_metrics_read(gyre_engine engine, gyre_memory_metrics* out);

/** Raw deflate. Needs no engine.
 *  @param level 0 (store) .. 9.
 *  @return GYRE_E_BUFFER: `needed` is what it came to. */
GYRE_API gyre_status gyre_compress(const void* data, uint32_t data_size, int32_t level, void* buf,
                                   uint32_t cap, uint32_t* needed, gyre_error* err);

/** Undoes gyre_compress, whose caller knew how many bytes went in. Safe on hostile data.
 *  @param buf      must not overlap `data`.
 *  @param raw_size exactly so many come out.
 *  @return GYRE_E_CORRUPT: not a deflate stream of that many bytes; what `buf` then holds is not
 *           specified. */
GYRE_API gyre_status gyre_decompress(const void* data, uint32_t data_size, void* buf,
                                     uint32_t raw_size, gyre_error* err);

/* ---- Symbiosis ------------------------------------------------------------------------------- */

/** Declares what one loop does for another.
 *  @param weight -1..1: over 0.5 synergy, under -0.3 conflict.
 *  @return GYRE_E_NOT_FOUND (a name), GYRE_E_ARG (weight, from = to). */
GYRE_API gyre_status gyre_graph_connect(gyre_engine engine, const char* from, const char* to,
                                        double weight, gyre_error* err);

/** How well the loops are together: the mean of their vitality, 0..1; 1 without loops. */
GYRE_API gyre_status gyre_graph_score(gyre_engine engine, double* out);

/** Adds the four reference loops (awareness 10 s, emotional_decay 5 s, memory_consolidation 60 s,
 *  curiosity 30 s) and their five edges.
 *  @param divisor of these intervals, 0.001..1,000; 0: 1.
 *  @return GYRE_E_ARG (divisor), GYRE_E_EXISTS (one of the names). */
GYRE_API gyre_status gyre_society_add(gyre_engine engine, double divisor, gyre_error* err);

/* ---- Snapshot -------------------------------------------------------------------------------- */

/** The sums over all loops, and the process. */
typedef struct gyre_totals {
  uint32_t size;
  uint32_t loops;
  uint32_t active; /**< not paused, not stopped */
  uint32_t stuck;
  uint64_t ticks, errors, timeouts, cancelled, gated, missed;
  double error_rate;
  double avg_ms, p50_ms, p95_ms, p99_ms;
  double late_p50_ms, late_p99_ms;
  double now_ms, uptime_s;
  double cpu_percent;      /**< of this process, 100 is one core; 0 where not known */
  uint64_t resident_bytes; /**< 0 where not known */
  double score;            /**< as gyre_graph_score */
  uint64_t shed;           /**< grid points given up while overloaded */
  uint64_t gaps;           /**< times in which the machine or the host slept */
} gyre_totals;

/** Everything observable at one instant, as one JSON object; docs/formats.md names its fields.
 *  Never waits for a tick. Its length changes from call to call: give room for more than the last
 *  one needed.
 *  @return GYRE_E_BUFFER. */
GYRE_API gyre_status gyre_snapshot_json(gyre_engine engine, char* buf, uint32_t cap,
                                        uint32_t* needed, gyre_error* err);

/** The loops of one snapshot, in order of add, into the caller's array.
 *  @param rows room for `cap`; set rows[0].size.
 *  @param[out] needed how many there are.
 *  @return GYRE_E_BUFFER. */
GYRE_API gyre_status gyre_snapshot_loops(gyre_engine engine, gyre_loop_metrics* rows, uint32_t cap,
                                         uint32_t* needed);

/** The sums of one snapshot. Never waits for a tick. */
GYRE_API gyre_status gyre_snapshot_totals(gyre_engine engine, gyre_totals* out);

/** 16 hex digits over every finished tick so far (virtual engines): the same for the same seed,
 *  natively and in wasm, for any steps of gyre_engine_advance_to, for any number of shards.
 *  @param buf room for 17. */
GYRE_API gyre_status gyre_trace_hash(gyre_engine engine, char* buf, uint32_t cap, uint32_t* needed);

#ifdef __cplusplus
}
#endif
#endif /* GYRE_H */
