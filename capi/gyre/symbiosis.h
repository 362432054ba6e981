/* symbiosis.h - which loops help which, how well all are together, and the four reference loops.
 * Room: capi. Threads: any. A part of gyre.h, whose manual holds here.
 *
 *     double score = 0;
 *     gyre_society_add(engine, 1, &error);
 *     gyre_graph_connect(engine, "curiosity", "emotional_decay", -0.5, &error);
 *     gyre_engine_advance_to(engine, 60000, &error);
 *     gyre_graph_score(engine, &score);
 *     printf("score %.2f\n", score);
 */
#ifndef GYRE_SYMBIOSIS_H
#define GYRE_SYMBIOSIS_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Declares what one loop does for another.
 *  @param weight -1..1: over 0.5 synergy, under -0.3 conflict.
 *  @return GYRE_E_NOT_FOUND (a name), GYRE_E_ARG (weight, from = to).
 *  @call any thread, short, in callbacks, since 0.1
 *  @status NOT_FOUND */
GYRE_API gyre_status gyre_graph_connect(gyre_engine engine, const char* from, const char* to,
                                        double weight, gyre_error* err);

/** How well the loops are together: the mean of their vitality, 0..1; 1 without loops.
 *  @call any thread, short, in callbacks, since 0.1 */
GYRE_API gyre_status gyre_graph_score(gyre_engine engine, double* out);

/** Adds the four reference loops (awareness 10 s, emotional_decay 5 s, memory_consolidation 60 s,
 *  curiosity 30 s) and their five edges.
 *  @param divisor of these intervals, 0.001..1,000; 0: 1.
 *  @return GYRE_E_ARG (divisor), GYRE_E_EXISTS (one of the names), GYRE_E_NOMEM: where none is left
 *           even for taking them out again, some of the loops stay.
 *  @call any thread, short, in callbacks, since 0.1
 *  @status EXISTS */
GYRE_API gyre_status gyre_society_add(gyre_engine engine, double divisor, gyre_error* err);

#ifdef __cplusplus
}
#endif
#endif /* GYRE_SYMBIOSIS_H */
