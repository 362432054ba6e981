/* memory.h - an engine's memory of what happened, and the compression under it by itself.
 * Room: capi. Threads: any. A part of gyre.h, whose manual holds here.
 *
 *     const char* const tags[] = {"network"};
 *     gyre_record record = {
 *         .size = sizeof record, .text = "the link is slow", .tags = tags, .tag_count = 1};
 *     gyre_query query = {.size = sizeof query, .tag = "network", .limit = 10};
 *     char json[4096];
 *     uint32_t needed = 0;
 *     gyre_memory_remember(engine, &record, &error);
 *     gyre_memory_recall(engine, &query, json, sizeof json, &needed, &error); // newest first
 *     printf("%s\n", json);
 */
#ifndef GYRE_MEMORY_H
#define GYRE_MEMORY_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

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
  const char* text; /**< occurs in the text; a-z are A-Z, nothing is a wildcard */
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

/** Keeps a record. One with the same text, tags, user, role and source as an earlier one takes its
 *  place, with the later time and the counts added: `count` in what is recalled. Amortised O(1);
 *  every 25th call compresses a block.
 *  @return GYRE_E_ARG (no text, importance not 0..1, wall_ms, more than 64 tags or one that is
 *           NULL), GYRE_E_BUDGET (over 256 KiB, or over an eighth of memory_bytes),
 *           GYRE_E_OVERFLOW (16 MiB wait for the store's disk, which is full or slow).
 *  @call any thread, may block, in callbacks, since 0.1
 *  @status BUDGET OVERFLOW */
GYRE_API gyre_status gyre_memory_remember(gyre_engine engine, const gyre_record* record,
                                          gyre_error* err);

/** Finds records, newest first, as a JSON array of {wall_ms, text, user, role, source, tags,
 *  importance, count, tier}; tier is short (< 5 min old), medium (< 1 h) or long. Reads files where
 *  there is a store and memory has not enough: one caller at a time.
 *  @param query NULL: the newest 100.
 *  @return GYRE_E_BUFFER.
 *  @call any thread, may block, in callbacks, since 0.1
 *  @status BUFFER */
GYRE_API gyre_status gyre_memory_recall(gyre_engine engine, const gyre_query* query, char* buf,
                                        uint32_t cap, uint32_t* needed, gyre_error* err);

/** Archives what is over a day old to the store, and deletes what is over 30 days old. Waits for
 *  the disk, where there is a store, and for a recall that reads files; holds up nothing else.
 *  @return GYRE_E_IO: what was not written stays in memory.
 *  @call any thread, may block, in callbacks, since 0.1
 *  @status STATE IO */
GYRE_API gyre_status gyre_memory_consolidate(gyre_engine engine, gyre_error* err);

/** What is kept, at one instant.
 *  @call any thread, short, in callbacks, since 0.1 */
GYRE_API gyre_status gyre_memory_metrics_read(gyre_engine engine, gyre_memory_metrics* out);

/** Raw deflate. Needs no engine.
 *  @param level 0 (store) .. 9.
 *  @return GYRE_E_BUFFER: `needed` is what it came to.
 *  @call any thread, short, in callbacks, since 0.1
 *  @status BUFFER */
GYRE_API gyre_status gyre_compress(const void* data, uint32_t data_size, int32_t level, void* buf,
                                   uint32_t cap, uint32_t* needed, gyre_error* err);

/** Undoes gyre_compress, whose caller knew how many bytes went in. Safe on hostile data.
 *  @param buf      must not overlap `data`.
 *  @param raw_size exactly so many come out.
 *  @return GYRE_E_CORRUPT: not a deflate stream of that many bytes; what `buf` then holds is not
 *           specified.
 *  @call any thread, short, in callbacks, since 0.1
 *  @status CORRUPT */
GYRE_API gyre_status gyre_decompress(const void* data, uint32_t data_size, void* buf,
                                     uint32_t raw_size, gyre_error* err);

#ifdef __cplusplus
}
#endif
#endif /* GYRE_MEMORY_H */
