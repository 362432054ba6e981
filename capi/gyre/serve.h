/* serve.h - an engine in a browser: the page, a stream of snapshots, metrics, orders.
 * Room: capi. Threads: any. A part of gyre.h, whose manual holds here. */
#ifndef GYRE_SERVE_H
#define GYRE_SERVE_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GYRE_SERVE_CONTROL 1u      /**< who has the token may pause, resume, reconfigure ... */
#define GYRE_SERVE_ALLOW_REMOTE 2u /**< `host` may be no loopback address; needs a `token` */
#define GYRE_SERVE_ANY_PORT 65536u /**< for `port`: one that is free */

/** How an engine is served. All 0: to this machine alone, to who has the token, nothing can be
 *  changed. docs/serve.md has the addresses and what they answer. */
typedef struct gyre_serve_options {
  uint32_t size;
  uint32_t flags;            /**< GYRE_SERVE_... */
  const char* host;          /**< the address to listen at; default 127.0.0.1 */
  const char* token;         /**< 16..128 letters, digits, - or _; default 128 bits drawn anew */
  const char* page;          /**< the page's file; default: the one in this library */
  const char* title;         /**< what the page calls the engine; default "engine" */
  const char* record_folder; /**< where recordings may be written; default: nowhere */
  uint32_t port;             /**< default 7777 */
  uint32_t clients;          /**< that watch at one time, at most 1,000; default 16 */
} gyre_serve_options;

/** Serves the engine until gyre_serve_stop or gyre_engine_destroy. The engine never waits for a
 *  client.
 *  @param options NULL: all defaults.
 *  @param url, cap, needed receive the address to open, its token included; 512 bytes are enough.
 *  @return GYRE_E_UNSUPPORTED (this library was built without its server; the text says what was
 *           missing), GYRE_E_STATE (it is served already), GYRE_E_ARG, GYRE_E_IO (the port is
 *           taken, the page cannot be read), GYRE_E_FORMAT (`page` is not gyre's), GYRE_E_BUFFER;
 *           then it is not served.
 *  @call any thread, may block, in callbacks, since 0.1, not in wasm, may change
 *  @status STATE IO FORMAT BUFFER */
GYRE_API gyre_status gyre_serve_start(gyre_engine engine, const gyre_serve_options* options,
                                      char* url, uint32_t cap, uint32_t* needed, gyre_error* err);

/** Ends that, for up to 5 s where an order to stop the engine is under way. Of an engine that is
 *  not served: GYRE_OK, no effect. Not from a callback.
 *  @call any thread, may block, not in callbacks, since 0.1, not in wasm, may change
 *  @status REENTRANT */
GYRE_API gyre_status gyre_serve_stop(gyre_engine engine, gyre_error* err);

#ifdef __cplusplus
}
#endif
#endif /* GYRE_SERVE_H */
