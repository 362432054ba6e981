/* dqn.h - Q-learning by a small network, by itself: for states that are numbers.
 * Room: capi. Threads: any; calls on one wait for each other.
 * A part of gyre.h, whose manual holds here.
 *
 *     gyre_dqn_options how = {.size = sizeof how, .inputs = 2, .actions = 3};
 *     gyre_dqn dqn = 0;
 *     float seen[2] = {12.5f, 0.3f}, next[2] = {11.0f, 0.4f};
 *     double reward = 1;
 *     uint32_t action = 0, flags = 0;
 *     gyre_dqn_create(&how, &dqn, &error);
 *     gyre_dqn_act(dqn, seen, &action, 1);
 *     gyre_dqn_observe(dqn, seen, &action, &reward, next, &flags, 1);
 *     gyre_dqn_destroy(dqn);
 */
#ifndef GYRE_DQN_H
#define GYRE_DQN_H

#include "learner.h" /* GYRE_TRANSITION_... */
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GYRE_DQN_SINGLE 1u /**< the target chooses the next action, too: no double Q-learning */
#define GYRE_DQN_PLAIN 2u  /**< a worth for each action, none of the state: not dueling */

/** Double, dueling, n-step, prioritized Q-learning of a network with a soft target, by Adam and
 *  Huber's loss. Inputs are brought to one scale as they are seen, so any unit will do; rewards are
 *  best of such a size that an action is worth some `corner` at most. */
typedef struct gyre_dqn_options {
  uint32_t size;
  uint32_t inputs;         /**< numbers of an observation: 1..4,096 */
  uint32_t actions;        /**< 1..1,024 */
  uint32_t layers;         /**< how many `hidden`: at most 4; default: two of 64 units */
  const uint32_t* hidden;  /**< units of each hidden layer, 2..1,024 */
  double discount;         /**< 0..1; default 0.99, GYRE_NONE: 0 */
  double learning_rate;    /**< over 0, at most 1; default 0.001 */
  double target_rate;      /**< of the way to the network, a batch; default 0.005 */
  double alpha;            /**< rows are drawn with this power of their error; default 0.4 */
  double beta;             /**< how much of that weights take back at first; default 0.4 */
  double beta_over;        /**< batches until they take back all; default 20,000 */
  double corner;           /**< errors beyond it, in rewards, pull no harder; default 30 */
  double explore_from;     /**< 0..1, part of actions at random; default 1; GYRE_NONE: 0 */
  double explore_to;       /**< ... after explore_over; default 0.02; GYRE_NONE: 0 */
  double explore_over;     /**< decisions; default 5,000 */
  uint64_t seed;           /**< default 1 */
  uint32_t batch;          /**< rows a training, 1..1,024; default 64 */
  uint32_t every;          /**< observations from training to training; default 1 */
  uint32_t warmup;         /**< rows before the first; default 1,000 */
  uint32_t capacity;       /**< rows kept; x (8 x inputs + 26) at most 1 GiB; default 50,000 */
  uint32_t steps;          /**< rewards added up before the network is asked, 1..32; default 3 */
  uint32_t flags;          /**< GYRE_DQN_... */
} gyre_dqn_options;

/** What it learned from. */
typedef struct gyre_dqn_metrics {
  uint32_t size;
  uint32_t inputs, actions;
  uint32_t parameters; /**< floats of the network, padding too */
  uint64_t decisions, observations, episodes, updates; /**< updates: batches */
  uint64_t replay_size, replay_capacity, replay_added, replay_sampled;
  uint64_t bytes;      /**< its memory */
  double exploration;  /**< at the next decision */
  double beta;         /**< as it has become */
  double mean_reward;  /**< of its recent observations */
  double mean_error;   /**< size of a row's, in rewards, over recent batches */
  double mean_worth;   /**< of actions replayed, over recent batches */
} gyre_dqn_metrics;

/** All memory is allocated here.
 *  @return GYRE_E_ARG (a number out of its range: the text names it), GYRE_E_UNSUPPORTED (flags).
 *  @call any thread, short, in callbacks, since 0.1, may change
 *  @status UNSUPPORTED */
GYRE_API gyre_status gyre_dqn_create(const gyre_dqn_options* options, gyre_dqn* out,
                                     gyre_error* err);

/** Frees it. Calls under way in other threads end first; later ones are stale.
 *  @call any thread, short, in callbacks, since 0.1, may change */
GYRE_API gyre_status gyre_dqn_destroy(gyre_dqn dqn);

/** Chooses an action for each of `count` observations, exploring.
 *  @param seen count x inputs numbers, one observation after the other.
 *  @return GYRE_E_ARG (a number not finite; none is chosen).
 *  @call any thread, short, in callbacks, since 0.1, may change */
GYRE_API gyre_status gyre_dqn_act(gyre_dqn dqn, const float* seen, uint32_t* actions,
                                  uint32_t count);

/** What each action is held to be worth in each of `count` observations.
 *  @param[out] worth count x actions numbers. Returns as the last.
 *  @call any thread, short, in callbacks, since 0.1, may change */
GYRE_API gyre_status gyre_dqn_worth(gyre_dqn dqn, const float* seen, float* worth, uint32_t count);

/** Learns from `count` steps, given as columns, in the order in which they came; a batch that is
 *  due takes some 0.1 ms with the defaults.
 *  @param seen count x inputs. @param next the same, of what truly came, also where the episode was
 *           cut off there.
 *  @param flags optional: of each step GYRE_TRANSITION_..., or 0.
 *  @return GYRE_E_ARG (an action out of range, a number not finite, both flags; none is taken).
 *  @call any thread, short, in callbacks, since 0.1, may change
 *  @status UNSUPPORTED */
GYRE_API gyre_status gyre_dqn_observe(gyre_dqn dqn, const float* seen, const uint32_t* actions,
                                      const double* rewards, const float* next,
                                      const uint32_t* flags, uint32_t count);

/** Trains on `batches` batches, at most 65,536, beyond those that are due.
 *  @return GYRE_E_ARG (more); GYRE_E_STATE (no step is complete).
 *  @call any thread, may block, in callbacks, since 0.1, may change
 *  @status STATE */
GYRE_API gyre_status gyre_dqn_train(gyre_dqn dqn, uint32_t batches);

/** All that it has learned, with its replay, as bytes that gyre_dqn_load takes, of any machine.
 *  @return GYRE_E_BUFFER: `needed` says how many.
 *  @call any thread, short, in callbacks, since 0.1, may change
 *  @status BUFFER */
GYRE_API gyre_status gyre_dqn_save(gyre_dqn dqn, void* buf, uint32_t cap, uint32_t* needed);

/** Replaces what it has learned. With the same options it goes on as the other did, bit for bit.
 *  Takes as much memory as the dqn while it lasts.
 *  @return GYRE_E_FORMAT (of another version, or of other inputs, actions, layers, steps or
 *           capacity), GYRE_E_CORRUPT. Nothing has changed then.
 *  @call any thread, short, in callbacks, since 0.1, may change
 *  @status FORMAT CORRUPT */
GYRE_API gyre_status gyre_dqn_load(gyre_dqn dqn, const void* data, uint32_t size, gyre_error* err);

/** What it learned from, at one instant. Waits for a call on it that is under way.
 *  @call any thread, short, in callbacks, since 0.1, may change */
GYRE_API gyre_status gyre_dqn_metrics_read(gyre_dqn dqn, gyre_dqn_metrics* out);

#ifdef __cplusplus
}
#endif
#endif /* GYRE_DQN_H */
