/* snapshot.h - everything observable at one instant, as JSON, as rows and as sums.
 * Room: capi. Threads: any. A part of gyre.h, whose manual holds here.
 *
 *     gyre_totals totals = {.size = sizeof totals};
 *     char hash[17];
 *     uint32_t needed = 0;
 *     gyre_engine_advance_to(engine, 10000, &error);
 *     gyre_snapshot_totals(engine, &totals);
 *     gyre_trace_hash(engine, hash, sizeof hash, &needed); // of virtual engines
 *     printf("%u loops, %.0f ticks, trace %s\n", totals.loops, (double)totals.ticks, hash);
 */
#ifndef GYRE_SNAPSHOT_H
#define GYRE_SNAPSHOT_H

#include "types.h"
#include "loop.h"

#ifdef __cplusplus
extern "C" {
#endif

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
 *  @return GYRE_E_BUFFER.
 *  @call any thread, short, in callbacks, since 0.1
 *  @status BUFFER */
GYRE_API gyre_status gyre_snapshot_json(gyre_engine engine, char* buf, uint32_t cap,
                                        uint32_t* needed, gyre_error* err);

/** The loops of one snapshot, in order of add, into the caller's array.
 *  @param rows room for `cap`; set rows[0].size.
 *  @param[out] needed how many there are.
 *  @return GYRE_E_BUFFER.
 *  @call any thread, short, in callbacks, since 0.1
 *  @status BUFFER */
GYRE_API gyre_status gyre_snapshot_loops(gyre_engine engine, gyre_loop_metrics* rows, uint32_t cap,
                                         uint32_t* needed);

/** The sums of one snapshot. Never waits for a tick.
 *  @call any thread, short, in callbacks, since 0.1 */
GYRE_API gyre_status gyre_snapshot_totals(gyre_engine engine, gyre_totals* out);

/** 16 hex digits over every finished tick so far (virtual engines): the same for the same seed,
 *  natively and in wasm, for any steps of gyre_engine_advance_to, for any number of shards.
 *  @param buf room for 17.
 *  @call any thread, short, in callbacks, since 0.1
 *  @status BUFFER */
GYRE_API gyre_status gyre_trace_hash(gyre_engine engine, char* buf, uint32_t cap, uint32_t* needed);

#ifdef __cplusplus
}
#endif
#endif /* GYRE_SNAPSHOT_H */
