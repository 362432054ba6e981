/* tiles.h - a learner that sees numbers, not states: SARSA(lambda) or Q(lambda) over tile coding.
 * Room: capi. Threads: any; calls on one wait for each other.
 * A part of gyre.h, whose manual holds here.
 *
 *     const double lows[] = {0}, highs[] = {100};
 *     const uint32_t cuts[] = {8};
 *     const gyre_tiles_options how = {.size = sizeof how, .axis_count = 1, .lows = lows,
 *                                     .highs = highs, .cuts = cuts, .actions = 3};
 *     gyre_tiles tiles = 0;
 *     const float load = 40, after = 35;
 *     const double reward = -1;
 *     uint32_t action = 0;
 *     gyre_tiles_create(&how, &tiles, &error);
 *     gyre_tiles_choose(tiles, &load, &action, 1);
 *     gyre_tiles_observe(tiles, &load, &action, &reward, &after, NULL, 1);
 *     gyre_tiles_destroy(tiles);
 */
#ifndef GYRE_TILES_H
#define GYRE_TILES_H

#include "learner.h"
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What it sees and does. The arrays have `axis_count` elements, read during the call only. */
typedef struct gyre_tiles_options {
  uint32_t size;
  uint32_t axis_count;  /**< numbers that are seen, 1..32 */
  const double* lows;   /**< where each begins; what lies outside counts as the end */
  double discount;      /**< 0..1; default 1; GYRE_NONE */
  const double* highs;  /**< where it ends, over its low */
  double learning_rate; /**< over 0, at most 1; default 0.3 */
  const uint32_t* cuts; /**< into how many tiles it is cut, 1..65,536 */
  double lambda;        /**< 0..1; default 0.9; GYRE_NONE */
  uint32_t actions;     /**< 1..65,536 */
  uint32_t tilings;     /**< grids, 1..64; default 8 */
  uint32_t weights;     /**< 16..16,777,216, of 8 bytes; default 65,536; more tiles share them */
  uint32_t method;      /**< GYRE_METHOD_SARSA (default) or GYRE_METHOD_Q */
  double explore_from, explore_to, explore_over; /**< as in gyre_loop_options, but default 0 */
  uint32_t explore_how; /**< GYRE_EXPLORE_...; not BY_VISITS, not BONUS */
  uint32_t reserved;    /**< 0 */
  uint64_t seed;        /**< default 1 */
} gyre_tiles_options;

/** All memory is allocated here. @return GYRE_E_ARG (a number out of its range).
 *  @call any thread, short, in callbacks, since 0.1, may change */
GYRE_API gyre_status gyre_tiles_create(const gyre_tiles_options* options, gyre_tiles* out,
                                       gyre_error* err);

/** Frees it. Calls under way in other threads end first; later ones are stale.
 *  @call any thread, short, in callbacks, since 0.1, may change */
GYRE_API gyre_status gyre_tiles_destroy(gyre_tiles tiles);

/** Chooses an action for each of `count` rows of axis_count numbers, exploring.
 *  @return GYRE_E_ARG (a number not finite; none is chosen).
 *  @call any thread, short, in callbacks, since 0.1, may change */
GYRE_API gyre_status gyre_tiles_choose(gyre_tiles tiles, const float* seen, uint32_t* actions,
                                       uint32_t count);

/** The action of most worth for each row; no decision is counted. @return as gyre_tiles_choose.
 *  @call any thread, short, in callbacks, since 0.1, may change */
GYRE_API gyre_status gyre_tiles_greedy(gyre_tiles tiles, const float* seen, uint32_t* actions,
                                       uint32_t count);

/** Learns from `count` steps in order, given as columns: what was seen and what came next, rows of
 *  axis_count numbers.
 *  @param flags optional: of each step GYRE_TRANSITION_..., or 0.
 *  @return GYRE_E_ARG (a number not finite, an action out of range, both flags; none is taken).
 *  @call any thread, short, in callbacks, since 0.1, may change */
GYRE_API gyre_status gyre_tiles_observe(gyre_tiles tiles, const float* seen,
                                        const uint32_t* actions, const double* rewards,
                                        const float* next, const uint32_t* flags, uint32_t count);

/** All that it has learned, as bytes that gyre_tiles_load takes, of any machine.
 *  @return GYRE_E_BUFFER: `needed` says how many.
 *  @call any thread, short, in callbacks, since 0.1, may change
 *  @status BUFFER */
GYRE_API gyre_status gyre_tiles_save(gyre_tiles tiles, void* buf, uint32_t cap, uint32_t* needed);

/** Replaces what it has learned. With the same options it goes on as the other did, bit for bit.
 *  @return GYRE_E_FORMAT (of another version or shape), GYRE_E_CORRUPT.
 *  @call any thread, short, in callbacks, since 0.1, may change
 *  @status FORMAT CORRUPT */
GYRE_API gyre_status gyre_tiles_load(gyre_tiles tiles, const void* data, uint32_t size,
                                     gyre_error* err);

#ifdef __cplusplus
}
#endif
#endif /* GYRE_TILES_H */
