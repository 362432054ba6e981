/* replay.h - a replay buffer by itself, without an engine.
 * Room: capi. Threads: any; calls on one wait for each other.
 * A part of gyre.h, whose manual holds here.
 *
 *     float rows[3][2] = {{1, 0.5f}, {2, 1}, {3, 1.5f}}, drawn[2][2];
 *     gyre_replay_options how = {.size = sizeof how, .row_size = sizeof rows[0], .capacity = 1000};
 *     gyre_replay replay = 0;
 *     gyre_replay_create(&how, &replay, &error);
 *     gyre_replay_push(replay, rows, 3);
 *     gyre_replay_sample(replay, drawn, 2, 0);
 *     gyre_replay_destroy(replay);
 */
#ifndef GYRE_REPLAY_H
#define GYRE_REPLAY_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GYRE_COLUMN_PLAIN 0u
#define GYRE_COLUMN_REWARD 1u     /**< a float or a double; n-step returns need it */
#define GYRE_COLUMN_TERMINATED 2u /**< not all 0: the task ended; what follows is worth nothing */
#define GYRE_COLUMN_TRUNCATED 3u  /**< not all 0: the episode was only cut off */

/** A field of a row. */
typedef struct gyre_replay_column {
  uint32_t size;
  uint32_t offset; /**< of its first byte in a row */
  uint32_t bytes;  /**< 1 or more, within the row */
  uint32_t role;   /**< GYRE_COLUMN_..., each but PLAIN once at most */
} gyre_replay_column;

#define GYRE_REPLAY_PRIORITIZED 1u    /**< draw by priority */
#define GYRE_REPLAY_COUNT_SAMPLES 2u  /**< count for each row how often it was drawn */
#define GYRE_REPLAY_WEIGHTS_BY_ALL 4u /**< divide weights by the greatest that any row could have,
                                           not by the greatest of the batch */

/** A circular buffer of rows of the caller's own type. A row of over 32 bytes takes whole lines of
 *  64. */
typedef struct gyre_replay_options {
  uint32_t size;
  uint32_t row_size; /**< bytes, 1..65,536 */
  uint32_t capacity; /**< rows; default 10,000; with bookkeeping at most 1 GiB */
  uint32_t reserved; /**< 0 */
  uint64_t seed;     /**< of sampling; default 1 */
  const gyre_replay_column* columns; /**< read during the call only; default: none */
  double budget_bytes; /**< not 0: as many rows as fit, bookkeeping included, instead of capacity */
  uint32_t column_count; /**< at most 64 */
  uint32_t flags;        /**< GYRE_REPLAY_... */
  uint32_t min_size;     /**< nothing is drawn before so many rows are there; default 1 */
  uint32_t reserved2;    /**< 0 */
  double alpha; /**< priority: (|error| + epsilon)^alpha; up to 1; default 0.6, GYRE_NONE 0 */
  double beta;  /**< weight: (rows x probability)^-beta; up to 1; default 0.4, GYRE_NONE 0 */
  double beta_end;   /**< what beta has become after beta_steps, and stays; default 1 */
  double beta_steps; /**< batches drawn; default 100,000 */
  double epsilon;    /**< up to 1e6; default 1e-6; GYRE_NONE: a row without error is not drawn */
} gyre_replay_options;

/** What it holds and did. */
typedef struct gyre_replay_metrics {
  uint32_t size;
  uint32_t row_size;
  uint64_t rows, capacity, total_added, total_sampled;
  double utilization;       /**< rows / capacity */
  uint64_t stale_updates;   /**< refused since the row was replaced meanwhile */
  uint64_t episodes;        /**< held whole */
  double mean_age;          /**< of rows as they were drawn, in newer rows */
  double beta;              /**< now; 0 without priorities, as what follows */
  double total_priority;
  double greatest_priority; /**< of those measured */
} gyre_replay_metrics;

#define GYRE_SAMPLE_WITH_REPLACEMENT 1u
#define GYRE_SAMPLE_UNIFORM 2u /**< whatever the priorities */

/** All memory is allocated here.
 *  @return GYRE_E_ARG (sizes, columns, numbers out of range), GYRE_E_UNSUPPORTED (flags, a role).
 *  @call any thread, short, in callbacks, since 0.1 */
GYRE_API gyre_status gyre_replay_create(const gyre_replay_options* options, gyre_replay* out,
                                        gyre_error* err);

/** Frees it. Calls under way in other threads end first; later ones are stale.
 *  @call any thread, short, in callbacks, since 0.1 */
GYRE_API gyre_status gyre_replay_destroy(gyre_replay replay);

/** Appends `count` rows laid end to end; the oldest make room. An episode ends with a row whose
 *  column of role TERMINATED or TRUNCATED says so.
 *  @call any thread, short, in callbacks, since 0.1 */
GYRE_API gyre_status gyre_replay_push(gyre_replay replay, const void* rows, uint32_t count);

/** The newest row ends its episode, though it does not say so.
 *  @call any thread, short, in callbacks, since 0.1, may change */
GYRE_API gyre_status gyre_replay_end_episode(gyre_replay replay);

/** Draws `count` rows uniformly.
 *  @param flags 0: no row twice.
 *  @return GYRE_E_STATE: fewer rows than asked for (with replacement: none), or than min_size.
 *  @call any thread, short, in callbacks, since 0.1
 *  @status STATE UNSUPPORTED */
GYRE_API gyre_status gyre_replay_sample(gyre_replay replay, void* rows, uint32_t count,
                                        uint32_t flags);

/** Draws the places of `count` rows: by priority, each from a stratum of its own, with replacement;
 *  without priorities, or with GYRE_SAMPLE_UNIFORM, as gyre_replay_sample. A slot and a generation
 *  name a row while it is held.
 *  @param generations,weights,probabilities NULL, or room for as many. Weights are 0..1.
 *  @return GYRE_E_STATE: as gyre_replay_sample, or no row has a priority.
 *  @call any thread, short, in callbacks, since 0.1, may change
 *  @status STATE UNSUPPORTED */
GYRE_API gyre_status gyre_replay_draw(gyre_replay replay, uint32_t* slots, uint32_t* generations,
                                      float* weights, float* probabilities, uint32_t count,
                                      uint32_t flags);

/** Draws `count` runs of rows that follow each other: from rows drawn as gyre_replay_draw does, up
 *  to `length` rows, the end of the episode or the newest row. The i-th row of a run is in slot
 *  (first + i) % capacity. @param length 0: whole episodes, each equally likely.
 *  @return GYRE_E_STATE: as there, or no whole episode is held.
 *  @call any thread, short, in callbacks, since 0.1, may change
 *  @status STATE */
GYRE_API gyre_status gyre_replay_draw_runs(gyre_replay replay, uint32_t* firsts, uint32_t* counts,
                                           uint32_t count, uint32_t length);

/** Copies one column of the rows in `slots`, one value after the other. A row replaced meanwhile
 *  gives what is there now. @param column its place in options; as many as there are: whole rows.
 *  @param out room for count x the column's bytes.
 *  @return GYRE_E_ARG (no such column, a slot without a row: nothing is written).
 *  @call any thread, short, in callbacks, since 0.1, may change */
GYRE_API gyre_status gyre_replay_read(gyre_replay replay, const uint32_t* slots, uint32_t count,
                                      uint32_t column, void* out);

/** Sets the priorities of rows by their errors, in order: of a row that comes twice the last
 *  counts. Of a row that was replaced meanwhile, or by an error that is not finite, nothing
 *  changes.
 *  @param refused NULL, or how many that were.
 *  @return GYRE_E_STATE: the buffer has no priorities.
 *  @call any thread, short, in callbacks, since 0.1, may change
 *  @status STATE */
GYRE_API gyre_status gyre_replay_update(gyre_replay replay, const uint32_t* slots,
                                        const uint32_t* generations, const float* errors,
                                        uint32_t count, uint32_t* refused);

/** What came of up to `n` steps from each row in `slots`, none beyond the end of its episode or the
 *  newest row: rewards r0 + gamma r1 + ...; bootstraps gamma^steps, 0 where the last row is
 *  terminated; the slot of that last row, whose next state they are for; how many steps there were.
 *  @param lasts,steps NULL, or room for as many.
 *  @return GYRE_E_ARG (n is 0, gamma out of 0..1, a slot without a row), GYRE_E_STATE: no column is
 *           of role REWARD.
 *  @call any thread, short, in callbacks, since 0.1, may change
 *  @status STATE */
GYRE_API gyre_status gyre_replay_n_step(gyre_replay replay, const uint32_t* slots, uint32_t count,
                                        uint32_t n, double gamma, double* rewards,
                                        double* bootstraps, uint32_t* lasts, uint32_t* steps);

/** Of each row in `slots`: how many are newer, how often it was drawn (0 where that is not
 *  counted), its priority. @param ages,drawn,priorities NULL, or room for as many.
 *  @call any thread, short, in callbacks, since 0.1, may change */
GYRE_API gyre_status gyre_replay_rows_read(gyre_replay replay, const uint32_t* slots,
                                           uint32_t count, uint32_t* ages, uint32_t* drawn,
                                           float* priorities);

/** Keeps the newest rows that fit, oldest in slot 0; generations are new.
 *  @return GYRE_E_ARG (0 rows, over 1 GiB).
 *  @call any thread, short, in callbacks, since 0.1, may change */
GYRE_API gyre_status gyre_replay_resize(gyre_replay replay, uint32_t capacity, gyre_error* err);

/** Everything: rows, generations, priorities, totals, the position of the draws. Rows are as they
 *  lie in memory. @return GYRE_E_BUFFER: `needed` says how many bytes.
 *  @call any thread, short, in callbacks, since 0.1, may change
 *  @status BUFFER */
GYRE_API gyre_status gyre_replay_save(gyre_replay replay, void* buf, uint32_t cap,
                                      uint32_t* needed);

/** Replaces everything. With the same options it goes on as the other did, draw for draw; with
 *  another capacity it has the newest rows. @return GYRE_E_FORMAT (of another row_size or version),
 *           GYRE_E_CORRUPT.
 *  @call any thread, short, in callbacks, since 0.1, may change
 *  @status FORMAT CORRUPT */
GYRE_API gyre_status gyre_replay_load(gyre_replay replay, const void* data, uint32_t size,
                                      gyre_error* err);

/** Whether all parts agree: sums of priorities bit for bit, ends of episodes. Takes a while.
 *  @return GYRE_E_CORRUPT: memory was damaged.
 *  @call any thread, short, in callbacks, since 0.1, may change
 *  @status CORRUPT */
GYRE_API gyre_status gyre_replay_check(gyre_replay replay);

/** What it holds and did, at one instant. Waits for a push or a sample under way.
 *  @call any thread, short, in callbacks, since 0.1 */
GYRE_API gyre_status gyre_replay_metrics_read(gyre_replay replay, gyre_replay_metrics* out);

#ifdef __cplusplus
}
#endif
#endif /* GYRE_REPLAY_H */
