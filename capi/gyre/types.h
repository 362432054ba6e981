/* types.h - the numbers that never change, the ids, and why a call failed.
 * Room: capi. Threads: no functions. A part of gyre.h, whose manual holds here. */
#ifndef GYRE_TYPES_H
#define GYRE_TYPES_H

#include <stdint.h>

#ifndef GYRE_API
#if defined(__GNUC__)
#define GYRE_API __attribute__((visibility("default")))
#else
#define GYRE_API
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define GYRE_VERSION 0x000100 /**< of this header, 0xMMmmpp; of the library: gyre_version() */

typedef int32_t gyre_status; /**< GYRE_OK or one of GYRE_E_... */

/** What a call came to: a gyre_status is one of these. */
enum gyre_status_code {
  GYRE_OK = 0,
  GYRE_E_ARG = -1,           /**< null, NaN, out of range, unknown name, bad grammar */
  GYRE_E_STATE = -2,         /**< not now: not started, another holder, wrong driver */
  GYRE_E_NOMEM = -3,         /**< out of memory or of ids */
  GYRE_E_STALE = -4,         /**< the id's object is gone, or never was */
  GYRE_E_KIND = -5,          /**< the id names another kind of object */
  GYRE_E_NOT_FOUND = -6,     /**< nothing of that name; nothing waiting */
  GYRE_E_EXISTS = -7,        /**< the name is taken */
  GYRE_E_BUFFER = -8,        /**< too small a buffer; `needed` says how large */
  GYRE_E_TIMEOUT = -9,       /**< the deadline passed first */
  GYRE_E_REENTRANT = -10,    /**< not from inside a callback */
  GYRE_E_CANCELLED = -11,    /**< the tick was given up */
  GYRE_E_OVERFLOW = -12,     /**< a bounded queue is full; counted */
  GYRE_E_BUDGET = -13,       /**< over a byte or time budget */
  GYRE_E_BREAKER_OPEN = -14, /**< the circuit breaker keeps deliveries away */
  GYRE_E_IO = -15,           /**< the file system said no */
  GYRE_E_CORRUPT = -16,      /**< the bytes are damaged */
  GYRE_E_FORMAT = -17,       /**< the bytes are of another format or a newer version */
  GYRE_E_UNSUPPORTED = -18,  /**< the caller asks for something this library does not know */
  GYRE_E_ABI = -19,          /**< header and library do not fit; the text says why */
  GYRE_E_CALLBACK = -20,     /**< a callback did not report success */
  GYRE_E_FORKED = -23,       /**< an id from before the fork() that made this process */
  GYRE_E_INTERNAL = -99      /**< a bug in gyre */
};

#define GYRE_NONE (-1.0) /**< "none, really", for a field whose 0 means its default */

/* What is allowed at most. */
#define GYRE_NAME_MAX 63       /**< bytes of a name: of a loop, group, knob, feature */
#define GYRE_TOPIC_MAX 255     /**< bytes of a topic or a pattern */
#define GYRE_PAYLOAD_MAX 65536 /**< bytes of a message */
#define GYRE_CELLS_MAX 65536   /**< states x actions of one learner */
#define GYRE_TAGS_MAX 64       /**< tags of a record */
#define GYRE_ROW_MAX 65536     /**< bytes of a replay buffer's row */
#define GYRE_SHARDS_MAX 64     /**< shards of an engine */
#define GYRE_REASON_MAX 200    /**< bytes of a tick's reason that are kept; what is over is cut */

typedef uint32_t gyre_engine;       /**< an engine */
typedef uint32_t gyre_loop;         /**< a loop of an engine */
typedef uint32_t gyre_tick;         /**< one run of a loop, while it lasts */
typedef uint32_t gyre_subscription; /**< a subscription on an engine's bus */
typedef uint32_t gyre_replay;       /**< a replay buffer by itself */
typedef uint32_t gyre_learner;      /**< a learner by itself */
typedef uint32_t gyre_tuner;        /**< a tuner by itself */
typedef uint32_t gyre_dqn;          /**< a learner by a network, by itself */
typedef uint32_t gyre_tiles;        /**< a learner over tiles by itself */

/** Why a call failed. Zero-initialise, set `size`, hand in; not touched on GYRE_OK. */
typedef struct gyre_error {
  uint32_t size;
  gyre_status code; /**< what the call returned */
  char text[248];   /**< in words: what was wrong, what would be right; always ended */
} gyre_error;

/** Called once with the `user` of a registration when no other call with it can come. */
typedef void (*gyre_destroy_fn)(void* user);

#ifdef __cplusplus
}
#endif
#endif /* GYRE_TYPES_H */
