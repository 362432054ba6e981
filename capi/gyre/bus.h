/* bus.h - the bus: what loops and others tell each other, by topic.
 * Room: capi. Threads: any. A part of gyre.h, whose manual holds here.
 *
 *     gyre_subscription orders = 0;
 *     gyre_message message = {.size = sizeof message};
 *     char buffer[256];
 *     uint32_t needed = 0;
 *     gyre_bus_subscribe(engine, "shop.*.new", NULL, &orders, &error);
 *     gyre_bus_publish(engine, "shop.orders.new", "two tables", 10, NULL, &error);
 *     gyre_engine_advance_to(engine, 1000, &error); // delivered between ticks, not inside publish
 *     gyre_bus_poll(orders, &message, buffer, sizeof buffer, &needed);
 *     printf("%s: %.*s\n", message.topic, (int)message.payload_size, (const char*)message.payload);
 *     gyre_bus_unsubscribe(orders);
 */
#ifndef GYRE_BUS_H
#define GYRE_BUS_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

/** One message, as handed to `on_message`, where topic and payload are valid until the return. */
typedef struct gyre_message {
  uint32_t size;
  uint32_t payload_size;
  const char* topic; /**< NUL at the end */
  double at_ms;      /**< published */
  const void* payload;
  double ttl_ms; /**< 0: does not expire */
  uint64_t correlation;
  uint64_t sequence;   /**< of the engine's messages */
  gyre_loop source;    /**< the loop that published it; 0: none */
  uint32_t topic_size; /**< without the NUL */
} gyre_message;

/** Takes one message, between ticks, never inside publish. Write GYRE_OK into `*status`; else it is
 *  tried again. */
typedef void (*gyre_message_fn)(void* user, const gyre_message* message, gyre_status* status);

/** What becomes of a message for which there is no room. */
enum gyre_overflow {
  GYRE_OVERFLOW_DROP_NEWEST = 0, /**< the message that does not fit is dropped */
  GYRE_OVERFLOW_DROP_OLDEST = 1, /**< the oldest makes room */
  GYRE_OVERFLOW_KEEP_LATEST = 2, /**< one message a topic, the newest */
  GYRE_OVERFLOW_BLOCK = 3        /**< publish waits up to 1 s; on an engine's own thread it drops at
                                      once; either way it is counted */
};

/** How a subscription takes its messages. */
typedef struct gyre_subscription_options {
  uint32_t size;
  uint32_t capacity;          /**< messages that wait at most; default 1,024 */
  gyre_message_fn on_message; /**< NULL: polled with gyre_bus_poll */
  double rate_per_s;          /**< deliveries a second at most; default: no limit */
  void* user;
  double retry_delay_ms;   /**< after the n-th failure n times this; default 100 */
  gyre_destroy_fn destroy; /**< optional; also called when subscribing fails, and at once where
                              on_message is NULL */
  double retries;          /**< a whole number; default 3; GYRE_NONE */
  int32_t overflow;        /**< GYRE_OVERFLOW_... */
  int32_t priority;        /**< the higher is served first */
} gyre_subscription_options;

/** What may go with a message. */
typedef struct gyre_publish_options {
  uint32_t size;
  gyre_loop source; /**< the loop it comes from, of the same engine; 0: none */
  double ttl_ms;    /**< not delivered later than this; default: any time */
  uint64_t correlation;
} gyre_publish_options;

/** Exact accounting: matched = delivered + dropped + expired + dead_lettered + pending. */
typedef struct gyre_bus_metrics {
  uint32_t size;
  uint32_t subscriptions; /**< 1 when asked of a subscription */
  uint64_t published;     /**< messages; this and the next two are 0 of a subscription */
  uint64_t unrouted;      /**< nobody subscribed */
  uint64_t rejected;      /**< refused: bad topic, too large */
  uint64_t matched;       /**< from here on: pairs of a message and a subscription */
  uint64_t delivered;
  uint64_t dropped; /**< the sum of the next six */
  uint64_t dropped_newest, dropped_oldest, dropped_replaced, dropped_rate, dropped_closed,
      dropped_blocked;
  uint64_t expired;
  uint64_t dead_lettered; /**< retries used up, or its breaker open */
  uint64_t pending;       /**< waiting, also for a retry */
  double p50_ms, p99_ms;  /**< published to delivered; 0 of a subscription */
  double health;          /**< 0..1 */
} gyre_bus_metrics;

/** Puts a message on the bus. Topics are tokens between dots, none of them empty, of any UTF-8 but
 *  spaces and control characters: "shop.orders.new"; 1 to 255 bytes in all. A token that is `*` or
 *  `>` is for patterns only; inside a token both are plain. Nothing is delivered inside this call.
 *  With GYRE_DRIVER_WORKERS it waits, up to 1 s, while a matching GYRE_OVERFLOW_BLOCK subscription
 *  is full; never in a callback.
 *  @param payload at most 64 KiB; may be NULL when payload_size is 0; copied.
 *  @param options NULL: all defaults.
 *  @return GYRE_E_ARG (topic grammar, UTF-8, size, source). What a full subscription cost is in its
 *           account, and in the `dropped` of the loop that `source` names.
 *  @call any thread, may block, in callbacks, since 0.1
 *  @status STATE */
GYRE_API gyre_status gyre_bus_publish(gyre_engine engine, const char* topic, const void* payload,
                                      uint32_t payload_size, const gyre_publish_options* options,
                                      gyre_error* err);

/** Receives what matches `pattern`: `*` is any one token, `>` at the end one or more.
 *  @param options NULL: polled, all defaults.
 *  @return GYRE_E_ARG (grammar, capacity, rate, retries), GYRE_E_BUDGET (65,536 subscriptions are
 *           there already).
 *  @call any thread, short, in callbacks, since 0.1
 *  @status BUDGET */
GYRE_API gyre_status gyre_bus_subscribe(gyre_engine engine, const char* pattern,
                                        const gyre_subscription_options* options,
                                        gyre_subscription* out, gyre_error* err);

/** Ends it; what waits counts as dropped_closed. `destroy` is called when its last delivery has
 *  returned. Allowed in its own callback.
 *  @call any thread, short, in callbacks, since 0.1 */
GYRE_API gyre_status gyre_bus_unsubscribe(gyre_subscription subscription);

/** Takes one message of a polled subscription: `buf` receives the topic, a NUL, the payload.
 *  @param out filled with the rest; its pointers point into `buf`.
 *  @return GYRE_E_NOT_FOUND: none waits. GYRE_E_BUFFER: too small, the message stays. GYRE_E_STATE:
 *           it has a callback.
 *  @call any thread, short, in callbacks, since 0.1
 *  @status NOT_FOUND BUFFER STATE */
GYRE_API gyre_status gyre_bus_poll(gyre_subscription subscription, gyre_message* out, void* buf,
                                   uint32_t cap, uint32_t* needed);

/** The account of an engine's bus, or of one subscription: `id` is either.
 *  @call any thread, short, in callbacks, since 0.1 */
GYRE_API gyre_status gyre_bus_metrics_read(uint32_t id, gyre_bus_metrics* out);

#ifdef __cplusplus
}
#endif
#endif /* GYRE_BUS_H */
