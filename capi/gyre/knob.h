/* knob.h - what a loop or a tuner may set and what it sees, the rails of that, what was learned.
 * Room: capi. Threads: pure functions. A part of gyre.h, whose manual holds here.
 *
 *     double kib[13];
 *     gyre_geometric(1, 4096, 13, kib);
 *     printf("%g to %g KiB\n", kib[0], kib[12]);
 */
#ifndef GYRE_KNOB_H
#define GYRE_KNOB_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Whether neighbouring values are alike. */
enum gyre_order {
  GYRE_ORDER_YES = 1, /**< neighbouring values are alike: learned from one another */
  GYRE_ORDER_NONE = 2 /**< they are not. A wrong order costs tries, not the result */
};

/** A setting that the learner may choose, among `count` values. An *action* is a value for each
 *  knob, numbered mixed radix in declared order, the first knob counting most. */
typedef struct gyre_knob {
  uint32_t size;
  uint32_t count;           /**< of values, >= 1 */
  const char* name;         /**< 1..63 bytes, unique in the loop; copied */
  const double* values;     /**< finite, no two equal; copied. NULL with names: 0, 1, 2 ... */
  const char* const* names; /**< optional: `count` names of the values, 1..63 bytes, no two equal;
                                 shown wherever values are; copied */
  int32_t order;            /**< GYRE_ORDER_...; default: numbers have one, names none */
  uint32_t reserved;        /**< 0 */
} gyre_knob;

/** Something a tick sees, in count + 1 buckets. A tick that does not report it keeps its last
 *  value, at first bucket 0. A *state* is a bucket for each feature, numbered as actions are. */
typedef struct gyre_feature {
  uint32_t size;
  uint32_t count;           /**< of edges, >= 1; of names where there are no edges */
  const char* name;         /**< 1..63 bytes, unique in the loop; copied */
  const double* edges;      /**< finite, ascending; a value on an edge is in the upper bucket;
                                 copied. NULL with names: each a bucket, what is seen its index */
  const char* const* names; /**< optional, of the buckets: count + 1 with edges, else `count`;
                                 copied */
  int32_t order;            /**< GYRE_ORDER_...; default: edges have one, names alone none */
  uint32_t reserved;        /**< 0 */
} gyre_feature;

/** A knob with a value of its own. */
typedef struct gyre_setting {
  uint32_t size;
  uint32_t rule; /**< of `forbidden`: those of one number are ruled out where all meet; else 0 */
  const char* knob;
  double value; /**< one of the knob's values */
} gyre_setting;

/** What a tuner does. */
enum gyre_tuning_mode {
  GYRE_TUNING_TUNE = 1,    /**< choose, and learn */
  GYRE_TUNING_OBSERVE = 2, /**< the baseline acts (without one: the first values); it learns */
  GYRE_TUNING_FROZEN = 3   /**< the best that is known acts; nothing is learned */
};

/** Guard rails of tuning. There is nothing to set for it to work. */
typedef struct gyre_tuning {
  uint32_t size;
  int32_t mode; /**< GYRE_TUNING_...; default: tune */
  const gyre_setting* baseline;  /**< what runs today, a value for each knob; default: none */
  double budget; /**< with a baseline: the part, 0..1, of what it would have earned that trying
                      others may cost, in sum, at every tick; default 0.05; GYRE_NONE: 0 */
  const gyre_setting* forbidden; /**< what is never tried, by `rule`; default: nothing */
  double at_random; /**< the part, 0..1, of choices that take any action, so that their log tells of
                         each: gyre_what_if; default 0 */
  uint32_t baseline_count;
  uint32_t forbidden_count;
  uint32_t one_step; /**< 1: a knob with order moves at most to the next value from tick to tick */
  uint32_t reserved; /**< 0 */
} gyre_tuning;

/** A tuner in numbers. */
typedef struct gyre_tuning_metrics {
  uint32_t size;
  uint32_t states, actions;
  uint32_t cells_tried;     /**< of states x actions, observed at least once */
  uint64_t decisions;       /**< actions chosen */
  uint64_t observations;    /**< rewards taken, failures among them */
  uint64_t failures;
  uint64_t refused;         /**< not finite, out of range, or sent while frozen */
  uint64_t changes;         /**< times that what was known of a state was found out of date */
  uint64_t last_change;     /**< the observation at which, counted from 1; 0: never */
  uint64_t held_budget;     /**< choices that became the baseline: what may be lost was spent */
  uint64_t held_step;       /**< ... a value between: one step a tick */
  uint64_t held_forbidden;  /**< ... another: ruled out for that choice */
  uint64_t held_limits;     /**< ... another: it breaks a limit */
  double mean_reward;       /**< of its recent observations */
  double sharing;           /**< 0..1: how likely it is that states are alike, and learn together */
  double lost;              /**< sum of what the baseline would have earned more; below 0: gained */
  double may_lose;          /**< what `lost` may be at most now, by the budget */
  uint64_t bytes;           /**< of its memory */
  uint64_t late_open;       /**< of a loop: tickets whose reward may still come */
  uint64_t late_after;      /**< ... rewards that came when the ticket had been given up */
  uint64_t late_twice;      /**< ... when it was used up; nothing was learned, as of the last */
  uint64_t late_never;      /**< ... tickets that were given up without */
} gyre_tuning_metrics;

/** What another policy would have earned a tick: four estimates and their 95 % intervals, which are
 *  without end where the log does not support them. The first three need propensities, and of a
 *  tuner's log mostly at_random; the last needs none, and work that does not change. */
typedef struct gyre_what_if_result {
  uint32_t size;
  uint32_t reserved;
  double ips, ips_low, ips_high;                      /**< inverse propensity: the widest */
  double normalised, normalised_low, normalised_high; /**< ... by the weights' sum, by state */
  double robust, robust_low, robust_high;             /**< doubly robust: the narrowest */
  double as_seen, as_seen_low, as_seen_high;          /**< what each setting was seen to earn */
  double matching;  /**< rows that the log is worth for this policy */
  double weakest;   /**< the same of the state that has least of it */
  uint64_t fewest;  /**< rows of what the policy does, of the state that has fewest */
  uint64_t rows;    /**< that were taken */
  uint64_t refused; /**< not finite, a propensity not in 0..1 or 0, an index out of range */
  uint32_t supported; /**< 1: the log tells enough of this policy; the first three have an end */
  uint32_t changed;   /**< 1: a setting has earned otherwise at other times: as_seen has no end */
} gyre_what_if_result;

/** A figure that is to stay under a bound. */
typedef struct gyre_limit {
  uint32_t size;
  uint32_t reserved;     /**< 0 */
  char name[64];         /**< NUL at the end */
  double at_most;        /**< the bound, as it was said last */
  uint64_t observations; /**< ticks that told it */
  uint64_t broken;       /**< of these, over it */
} gyre_limit;

/** What a tuner knows of one state. */
typedef struct gyre_state_report {
  uint32_t size;
  uint32_t best;         /**< the action of most worth, of those that break no limit */
  uint64_t observations; /**< in this state */
  uint64_t last_change;  /**< observation at which a change was noticed last; 0: never */
  double estimate;       /**< what a tick of `best` earns, on average */
  double low, high;      /**< its 95 % interval, as far as the model holds */
  double probability;    /**< 0..1: that `best` is the best */
  double trying;         /**< 0..1: how many of the next ticks try something else */
  double baseline;       /**< what the baseline earns; NaN without one, before the first reward */
  double noise;          /**< standard deviation of one tick's reward around its mean */
  uint32_t avoided;      /**< settings that break a limit; of over 256, of those tried */
  uint32_t reserved;     /**< 0 */
} gyre_state_report;

/** `count` values from `first` to `last` in equal steps, for a knob.
 *  @return GYRE_E_ARG (an end is not finite, count 0 or over 65,536).
 *  @call any thread, short, in callbacks, since 0.1 */
GYRE_API gyre_status gyre_linear(double first, double last, uint32_t count, double* out);

/** ... each the same multiple of the one before; within 1e-12 of a whole number it is that.
 *  @return also GYRE_E_ARG: an end is not over 0.
 *  @call any thread, short, in callbacks, since 0.1 */
GYRE_API gyre_status gyre_geometric(double first, double last, uint32_t count, double* out);

#ifdef __cplusplus
}
#endif
#endif /* GYRE_KNOB_H */
