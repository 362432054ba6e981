/* library.h - the library itself: version, names of numbers, memory for a caller without any.
 * Room: capi. Threads: any. A part of gyre.h, whose manual holds here.
 *
 *     printf("gyre %s; -4 is %s\n", gyre_version_string(), gyre_status_name(GYRE_E_STALE));
 */
#ifndef GYRE_LIBRARY_H
#define GYRE_LIBRARY_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The library's version as 0xMMmmpp. A header of another major version is refused at
 *  gyre_engine_create.
 *  @call any thread, short, in callbacks, since 0.1 */
GYRE_API uint32_t gyre_version(void);

/** "0.1.0"; static storage.
 *  @call any thread, short, in callbacks, since 0.1 */
GYRE_API const char* gyre_version_string(void);

/** "GYRE_E_STALE" for -4; "GYRE_E_?" for a number this library does not know; static storage. Never
 *  NULL.
 *  @call any thread, short, in callbacks, since 0.1 */
GYRE_API const char* gyre_status_name(gyre_status status);

/** Memory for a caller that has no allocator on this side (JavaScript over wasm). NULL when there
 *  is none.
 *  @return `size` bytes aligned for any type, to be given back with gyre_free.
 *  @call any thread, short, in callbacks, since 0.1 */
GYRE_API void* gyre_alloc(uint32_t size);

/** Gives gyre_alloc's memory back. NULL is allowed.
 *  @call any thread, short, in callbacks, since 0.1 */
GYRE_API void gyre_free(void* memory);

#ifdef __cplusplus
}
#endif
#endif /* GYRE_LIBRARY_H */
