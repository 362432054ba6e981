/* learner.h - a learner by itself, without an engine.
 * Room: capi. Threads: any; calls on one wait for each other.
 * A part of gyre.h, whose manual holds here.
 *
 *     gyre_learner_options how = {.size = sizeof how, .states = 4, .actions = 2, .discount = 0.9};
 *     gyre_learner learner = 0;
 *     uint32_t state = 0, action = 0;
 *     gyre_learner_create(&how, &learner, &error);
 *     gyre_learner_choose(learner, &state, &action, 1);
 *     gyre_transition seen = {
 *         .size = sizeof seen, .state = state, .action = action, .next = 1, .reward = 1};
 *     gyre_learner_observe(learner, &seen, 1);
 *     gyre_learner_destroy(learner);
 */
#ifndef GYRE_LEARNER_H
#define GYRE_LEARNER_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GYRE_METHOD_Q 1u              /**< Q-learning from replay */
#define GYRE_METHOD_DOUBLE_Q 2u       /**< two tables: luck is not taken for worth */
#define GYRE_METHOD_SARSA 3u          /**< the worth of what it does itself: keeps off cliffs */
#define GYRE_METHOD_EXPECTED_SARSA 4u /**< the same without the luck of the next draw */
#define GYRE_METHOD_Q_LAMBDA 5u       /**< a reward reaches what led to it at once */
#define GYRE_METHOD_DYNA_Q 6u         /**< a model that counts, cells at random updated from it */
#define GYRE_METHOD_SWEEPING 7u       /**< such a model, cells first whose worth changes most */
#define GYRE_METHOD_DIFFERENTIAL_Q 8u /**< no discount: what is earned over the average */

#define GYRE_EXPLORE_LINEAR 1u      /**< at random with a probability that moves in a line */
#define GYRE_EXPLORE_EXPONENTIAL 2u /**< the same by equal factors; both ends at least 1e-9 */
#define GYRE_EXPLORE_BY_VISITS 3u   /**< from * over / (over + visits of the state), at least to */
#define GYRE_EXPLORE_BOLTZMANN 4u   /**< from, to: a temperature, as a part, 0..100, of the spread \
                                         of the worths in the state */
#define GYRE_EXPLORE_BONUS 5u       /**< what was tried less is worth more, by such a part */

/** A tabular Q-learner over states x actions, trained from its own replay buffer. */
typedef struct gyre_learner_options {
  uint32_t size;
  uint32_t states;         /**< >= 1 */
  uint32_t actions;        /**< >= 1; states x actions at most 65,536 */
  uint32_t sample_average; /**< as in gyre_loop_options, like the next five */
  double discount;
  double learning_rate;
  double explore_from, explore_to, explore_over;
  uint32_t replay_capacity; /**< rows; default 5,000, at most 16,777,216 */
  uint32_t batch;           /**< rows a training; default 32 */
  uint32_t every;           /**< observations from training to training; default 10 */
  uint32_t warmup;          /**< observations before the first; default 32 */
  uint64_t seed;            /**< default 1 */
  uint32_t method;      /**< GYRE_METHOD_...; default: sweeping where it is sequential, else Q */
  uint32_t explore_how; /**< GYRE_EXPLORE_...; default: linear, or bonus where it is sequential and
                             explore_from and explore_to are left out */
  double step_power;    /**< over 0, at most 1: step = max(learning_rate, n^-step_power) */
  double lambda;        /**< 0..1 of Q(lambda); default 0.5; GYRE_NONE */
  uint32_t planning;    /**< of dyna_q and sweeping, cells updated a tick; default 10 */
  uint32_t optimistic;  /**< 1: what was never tried is worth the most that can be */
  uint32_t sequential;  /**< 1: an action changes the next state; a discount of 0 is 0.95 */
  uint32_t reserved;    /**< 0 */
} gyre_learner_options;

#define GYRE_TRANSITION_TERMINATED 1u /**< nothing follows: the next state is worth nothing */
#define GYRE_TRANSITION_TRUNCATED 2u  /**< cut off here: the next state is worth what it is worth \
                                       */

/** What happened. */
typedef struct gyre_transition {
  uint32_t size;
  uint32_t state, action, next;
  double reward;     /**< under 3.4e38 in size */
  uint32_t flags;    /**< one of GYRE_TRANSITION_..., or 0 */
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
 *  @return GYRE_E_ARG (states x actions over the limit: the text names the product).
 *  @call any thread, short, in callbacks, since 0.1 */
GYRE_API gyre_status gyre_learner_create(const gyre_learner_options* options, gyre_learner* out,
                                         gyre_error* err);

/** Frees it. Calls under way in other threads end first; later ones are stale.
 *  @call any thread, short, in callbacks, since 0.1 */
GYRE_API gyre_status gyre_learner_destroy(gyre_learner learner);

/** Chooses an action for each of `count` states, exploring.
 *  @return GYRE_E_ARG (a state out of range; none is chosen).
 *  @call any thread, short, in callbacks, since 0.1 */
GYRE_API gyre_status gyre_learner_choose(gyre_learner learner, const uint32_t* states,
                                         uint32_t* actions, uint32_t count);

/** The action of most worth for each of `count` states; no decision is counted.
 *  @return GYRE_E_ARG (a state out of range; none is chosen).
 *  @call any thread, short, in callbacks, since 0.1 */
GYRE_API gyre_status gyre_learner_greedy(gyre_learner learner, const uint32_t* states,
                                         uint32_t* actions, uint32_t count);

/** Learns from `count` transitions.
 *  @return GYRE_E_ARG (an index out of range, a reward not finite, both flags; none is taken).
 *  @call any thread, short, in callbacks, since 0.1 */
GYRE_API gyre_status gyre_learner_observe(gyre_learner learner, const gyre_transition* transitions,
                                          uint32_t count);

/** The table, row by row, states x actions floats. @param cap in floats. @return GYRE_E_BUFFER.
 *  @call any thread, short, in callbacks, since 0.1
 *  @status BUFFER */
GYRE_API gyre_status gyre_learner_q(gyre_learner learner, float* out, uint32_t cap,
                                    uint32_t* needed);

/** Learns once more from what was observed: a batch of its replay, or by planning.
 *  @call any thread, short, in callbacks, since 0.1, may change */
GYRE_API gyre_status gyre_learner_train(gyre_learner learner);

/** All that it has learned, as bytes that gyre_learner_load takes, of any machine.
 *  @return GYRE_E_BUFFER: `needed` says how many.
 *  @call any thread, short, in callbacks, since 0.1, may change
 *  @status BUFFER */
GYRE_API gyre_status gyre_learner_save(gyre_learner learner, void* buf, uint32_t cap,
                                       uint32_t* needed);

/** Replaces what it has learned. With the same options it goes on as the other did, bit for bit;
 *  of another method what its table says is taken over.
 *  @return GYRE_E_FORMAT (of another version, or of other numbers of states or actions),
 *           GYRE_E_CORRUPT.
 *  @call any thread, short, in callbacks, since 0.1, may change
 *  @status FORMAT CORRUPT */
GYRE_API gyre_status gyre_learner_load(gyre_learner learner, const void* data, uint32_t size,
                                       gyre_error* err);

/** What it learned from, at one instant. Waits for a call on it that is under way.
 *  @call any thread, short, in callbacks, since 0.1 */
GYRE_API gyre_status gyre_learner_metrics_read(gyre_learner learner, gyre_learner_metrics* out);

#ifdef __cplusplus
}
#endif
#endif /* GYRE_LEARNER_H */
