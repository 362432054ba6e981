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
 *  @call any thread, short, in callbacks, since 0.1 */
GYRE_API gyre_status gyre_replay_create(const gyre_replay_options* options, gyre_replay* out,
                                        gyre_error* err);

/** Frees it. Calls under way in other threads end first; later ones are stale.
 *  @call any thread, short, in callbacks, since 0.1 */
GYRE_API gyre_status gyre_replay_destroy(gyre_replay replay);

/** Appends `count` rows laid end to end; the oldest make room.
 *  @call any thread, short, in callbacks, since 0.1 */
GYRE_API gyre_status gyre_replay_push(gyre_replay replay, const void* rows, uint32_t count);

/** Draws `count` rows uniformly.
 *  @param flags 0: no row twice.
 *  @return GYRE_E_STATE: fewer rows than asked for (with replacement: none).
 *  @call any thread, short, in callbacks, since 0.1
 *  @status STATE UNSUPPORTED */
GYRE_API gyre_status gyre_replay_sample(gyre_replay replay, void* rows, uint32_t count,
                                        uint32_t flags);

/** What it holds and did, at one instant. Waits for a push or a sample under way.
 *  @call any thread, short, in callbacks, since 0.1 */
GYRE_API gyre_status gyre_replay_metrics_read(gyre_replay replay, gyre_replay_metrics* out);

#ifdef __cplusplus
}
#endif
#endif /* GYRE_REPLAY_H */
