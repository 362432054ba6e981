/* engine.h - an engine: what owns loops, bus and memory, and moves them by one of three drivers.
 * Room: capi. Threads: any; poll and advance_to one at a time.
 * A part of gyre.h, whose manual holds here.
 *
 *     // A host moves its engine: a frame of a game, a callback of a page.
 *     gyre_engine_options host = {.size = sizeof host, .driver = GYRE_DRIVER_HOST};
 *     gyre_engine game = 0;
 *     gyre_poll_result did = {.size = sizeof did};
 *     gyre_engine_create(&host, &game, &error);
 *     gyre_engine_poll(game, 16.7, 0, &did, &error); // did.next_due_ms: when to come again
 *     gyre_engine_destroy(game, &error);
 */
#ifndef GYRE_ENGINE_H
#define GYRE_ENGINE_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What moves an engine's clock and its loops. */
enum gyre_driver {
  GYRE_DRIVER_WORKERS = 0, /**< own threads, system clock. Not in wasm: GYRE_E_UNSUPPORTED */
  GYRE_DRIVER_HOST = 1,    /**< no thread, no clock: the caller calls gyre_engine_poll */
  GYRE_DRIVER_VIRTUAL = 2  /**< gyre_engine_advance_to moves the clock: repeatable */
};

/** What an engine is. */
typedef struct gyre_engine_options {
  uint32_t size;
  uint32_t api_version; /**< 0 or GYRE_VERSION: the header in use; mm and pp at most 99 */
  int32_t driver;       /**< GYRE_DRIVER_... */
  uint32_t shards;      /**< 1..64 cores to spread loops over, a group stays together; default 1 */
  const char* store;    /**< directory of what survives, made if missing; default: none */
  uint64_t seed;        /**< of all randomness; default 1 with GYRE_DRIVER_VIRTUAL; with the others
                             drawn anew, so that a fleet does not act in step: gyre_engine_info */
  double window_ms;     /**< observation window, 1 or more; default 1,000 */
  double memory_bytes;  /**< of all that is remembered, whole, 65,536..1e12; default 16 MiB */
  uint32_t memory_ring; /**< newest records kept as they are, 8..256; default 100 */
  uint32_t forget_times; /**< 1: each start begins a new grid; default 0: with a store, loops of a
                              minute and more go on where they were before a restart */
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

/** What the host measured, for the gates. GYRE_NONE: not known; 0 is a reading; else finite and
 *  >= 0. */
typedef struct gyre_reading {
  uint32_t size;
  uint32_t reserved;     /**< 0 */
  const char* mode;      /**< default "normal" */
  double cpu_percent;    /**< 0..100 of all cores */
  double memory_percent; /**< 0..100 of what may be used */
  double latency_ms;     /**< no effect: a latency gate sees the recent p99 of its own loop */
} gyre_reading;

/** Makes an engine. Any number of them may live in a process. One with GYRE_DRIVER_WORKERS waits
 *  for gyre_engine_start; the others do nothing of their own anyway and are made started. With a
 *  store it reads all of that and blocks on the disk.
 *  @param options NULL: all defaults.
 *  @return GYRE_E_ARG (shards not 1..64, window_ms under 1, memory_bytes not 65,536..1e12,
 *           memory_ring not 8..256, api_version no version), GYRE_E_ABI (api_version of another
 *           major one), GYRE_E_UNSUPPORTED (no threads, or
 *           no files, here). Of the store: GYRE_E_STATE (another engine holds it, here or in a
 *           process that the text names), GYRE_E_NOT_FOUND (the directory that it is to be made
 *           in), GYRE_E_IO, GYRE_E_CORRUPT (damaged), GYRE_E_FORMAT (not gyre's, or of a newer
 *           version); its files are then as they were.
 *  @call any thread, may block, in callbacks, since 0.1
 *  @status STATE NOT_FOUND IO CORRUPT FORMAT ABI */
GYRE_API gyre_status gyre_engine_create(const gyre_engine_options* options, gyre_engine* out,
                                        gyre_error* err);

/** Stops it, saves, frees it and everything that belongs to it, then calls the `destroy` notifiers;
 *  for up to 5 s. Calls under way in other threads end first, gyre_engine_poll and
 *  gyre_engine_advance_to after their tick; later ones are stale at once. A callback that never
 *  returns keeps its own thread and its `user`, and is no reason to wait longer; nor is one inside
 *  of gyre_engine_poll or gyre_engine_advance_to, whose thread frees the rest when it returns.
 *  @return GYRE_E_REENTRANT: from one of the engine's callbacks; or from one of another engine's
 *           while another thread is inside of this one's gyre_engine_poll, gyre_engine_advance_to
 *           or gyre_engine_jump_to, which may wait for that callback in the same way.
 *  @call any thread, may block, not in callbacks, since 0.1
 *  @status REENTRANT */
GYRE_API gyre_status gyre_engine_destroy(gyre_engine engine, gyre_error* err);

/** Lets its loops run, also after gyre_engine_stop. Again on a running engine: GYRE_OK, no effect.
 *  Ticks of one shard run one after another; those of others at the same time. With
 *  GYRE_DRIVER_WORKERS a tick that has run for 100 ms goes on beside the others of its shard.
 *  @call any thread, may block, in callbacks, since 0.1
 *  @status REENTRANT BUDGET */
GYRE_API gyre_status gyre_engine_start(gyre_engine engine, gyre_error* err);

/** Cancels running ticks, waits for them up to `deadline_ms` (0: 5,000), saves. Again on a stopped
 *  engine: waits for nothing, and tells of the loops that have not ended since.
 *  @param names, cap, needed optional (NULL, 0, NULL): receives the names of the loops that did not
 *           end, by newlines; "" with GYRE_OK, also where cap is 0. "(the store)" is among them
 *           where its disk has not answered.
 *  @return GYRE_E_TIMEOUT when there are such loops; the engine is stopped all the same, they are
 *           on their own. GYRE_E_BUFFER when there are and `names` cannot hold them: call again.
 *           Not from a callback.
 *  @call any thread, may block, not in callbacks, since 0.1
 *  @status TIMEOUT BUFFER REENTRANT */
GYRE_API gyre_status gyre_engine_stop(gyre_engine engine, double deadline_ms, char* names,
                                      uint32_t cap, uint32_t* needed, gyre_error* err);

/** GYRE_DRIVER_HOST: runs what is due at `now_ms`, in this thread. Overdue ticks are late; the
 *  missed policy applies.
 *  @param now_ms    the host's clock since it made the engine; a value before the last one counts
 *           as the last one.
 *  @param max_ticks at most so many, further calls of pending ticks included; 0: no limit.
 *  @param out       optional. Of a stopped engine: nothing ran, nothing is planned.
 *  @return GYRE_E_STATE (another driver), GYRE_E_REENTRANT.
 *  @call one at a time on an engine, runs ticks, not in callbacks, since 0.1
 *  @status STATE REENTRANT */
GYRE_API gyre_status gyre_engine_poll(gyre_engine engine, double now_ms, uint32_t max_ticks,
                                      gyre_poll_result* out, gyre_error* err);

/** The same, and ends after the tick that used up the time; the next call goes on in order.
 *  @param budget_ms of real time, by the machine's clock; 0: no limit. No effect in gyre.wasm,
 *           which has no clock.
 *  @param out       optional.
 *  @call one at a time on an engine, runs ticks, not in callbacks, since 0.1, not in wasm
 *  @status STATE REENTRANT */
GYRE_API gyre_status gyre_engine_poll_within(gyre_engine engine, double now_ms, uint32_t max_ticks,
                                             double budget_ms, gyre_poll_result* out,
                                             gyre_error* err);

/** GYRE_DRIVER_VIRTUAL: runs every tick due up to and at `to_ms`, each at its own instant; the
 *  clock then stands at `to_ms`. An instant before the clock's: no effect.
 *  @return GYRE_E_STATE (another driver), GYRE_E_REENTRANT.
 *  @call one at a time on an engine, runs ticks, not in callbacks, since 0.1
 *  @status STATE REENTRANT */
GYRE_API gyre_status gyre_engine_advance_to(gyre_engine engine, double to_ms, gyre_error* err);

/** gyre_engine_advance_to, but it stops, the clock with it, where an external tick is due: take it
 *  with gyre_tick_acquire, hand it back, and call this again until the clock stands at `to_ms`.
 *  @param now optional: where the clock stands.
 *  @return as gyre_engine_advance_to.
 *  @call one at a time on an engine, runs ticks, not in callbacks, since 0.1
 *  @status STATE REENTRANT */
GYRE_API gyre_status gyre_engine_step_to(gyre_engine engine, double to_ms, double* now,
                                         gyre_error* err);

/** GYRE_DRIVER_VIRTUAL: moves the clock and runs nothing, as if the machine had slept.
 *  @return GYRE_E_ARG (backwards), and as gyre_engine_advance_to.
 *  @call one at a time on an engine, short, not in callbacks, since 0.1
 *  @status STATE REENTRANT */
GYRE_API gyre_status gyre_engine_jump_to(gyre_engine engine, double to_ms, gyre_error* err);

/** The engine's clock, ms since its creation.
 *  @call any thread, short, in callbacks, since 0.1 */
GYRE_API gyre_status gyre_engine_now(gyre_engine engine, double* out);

/** What it is and whether it runs.
 *  @call any thread, short, in callbacks, since 0.1 */
GYRE_API gyre_status gyre_engine_state(gyre_engine engine, gyre_engine_info* out);

/** Tells the gates what the host measured; counts until the next call.
 *  @call any thread, short, in callbacks, since 0.1 */
GYRE_API gyre_status gyre_engine_supply(gyre_engine engine, const gyre_reading* reading,
                                        gyre_error* err);

/** All that its loops have learned and that it remembers, as bytes that gyre_engine_load takes, of
 *  any machine: for a file, a database, a page's storage. Not in it: clocks, figures, the graph,
 *  queues, tickets, what was archived. Holds up ticks for a moment, some ms for each MiB.
 *  @return GYRE_E_BUFFER: `needed` says how many. While ticks run it may grow from call to call;
 *           GYRE_E_BUDGET: 4 GiB or more.
 *  @call any thread, short, in callbacks, since 0.1, may change
 *  @status BUFFER BUDGET */
GYRE_API gyre_status gyre_engine_save(gyre_engine engine, void* buf, uint32_t cap, uint32_t* needed,
                                      gyre_error* err);

/** Takes that in place of what this engine has learned and remembers. Learners go by the names of
 *  their loops or groups, so loops are added first; of one that has other features or knobs, or
 *  learns by another way, nothing is taken. With the same options and seed, and loops added in the
 *  same order, each goes on bit for bit; the engine's own options and limits hold from now on. Safe
 *  on hostile data: takes no more memory than the engine and the data have. Holds up ticks as
 *  gyre_engine_save.
 *  @param[out] left_out optional: how many learners of it no loop here can go on with.
 *  @return GYRE_E_FORMAT (no such bytes, or of another version), GYRE_E_CORRUPT; GYRE_E_STATE (the
 *           engine has a store, which keeps its state; a tick of a loop that learns has not ended:
 *           call before gyre_engine_start or between ticks). Nothing has changed then.
 *  @call any thread, short, in callbacks, since 0.1, may change
 *  @status STATE FORMAT CORRUPT */
GYRE_API gyre_status gyre_engine_load(gyre_engine engine, const void* data, uint32_t size,
                                      uint32_t* left_out, gyre_error* err);

/** Writes what is pending to the store and waits until it survives power loss. Without a store:
 *  GYRE_OK, no effect.
 *  @return GYRE_E_IO; GYRE_E_STATE: an earlier one failed, and what it did not write is not on the
 *           disk yet. Not from a callback.
 *  @call any thread, may block, not in callbacks, since 0.1
 *  @status STATE IO OVERFLOW REENTRANT */
GYRE_API gyre_status gyre_engine_sync(gyre_engine engine, gyre_error* err);

#ifdef __cplusplus
}
#endif
#endif /* GYRE_ENGINE_H */
