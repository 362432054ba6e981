/* gyre.h - the C ABI of gyre: periodic work as supervised, measured loops that tune themselves.
 * Room: capi. Threads: any call from any thread unless its comment says less; see "Threads" below.
 *
 * This is the manual, and the one header to include. What it declares stands in gyre/, a header for
 * each noun; they are listed at its end.
 *
 * In thirty seconds
 * -----------------
 *
 *     #include <gyre.h>
 *     #include <stdio.h>
 *
 *     // One tick: read the setting to try, do the work, say what it earned.
 *     static void ship(void* user, gyre_tick tick, gyre_status* status) {
 *       double level = 0;
 *       (void)user;
 *       gyre_tick_knob(tick, "level", &level);
 *       gyre_tick_reward(tick, level < 6 ? level : 12 - level);
 *       *status = GYRE_OK;
 *     }
 *
 *     int main(void) {
 *       const double levels[] = {0, 1, 3, 6, 9};
 *       const gyre_knob knob = {
 *           .size = sizeof knob, .count = 5, .name = "level", .values = levels};
 *       const gyre_loop_options ship_options = {
 *           .size = sizeof ship_options, .flags = GYRE_LOOP_STATELESS, .name = "ship",
 *           .interval_ms = 20, .tick = ship, .knobs = &knob, .knob_count = 1};
 *       const gyre_engine_options options = {
 *           .size = sizeof options, .driver = GYRE_DRIVER_VIRTUAL};
 *       gyre_engine engine = 0;
 *       gyre_loop loop = 0;
 *       gyre_error error = {.size = sizeof error};
 *       gyre_loop_metrics m = {.size = sizeof m};
 *       if (gyre_engine_create(&options, &engine, &error) ||
 *           gyre_loop_create(engine, &ship_options, &loop, &error) ||
 *           gyre_engine_start(engine, &error) || gyre_engine_advance_to(engine, 10000, &error) ||
 *           gyre_loop_metrics_read(loop, &m)) {
 *         printf("%s: %s\n", gyre_status_name(error.code), error.text);
 *         return 1;
 *       }
 *       printf("%s ran %.0f times and earned %.1f a tick\n", m.name, (double)m.cycles,
 *              m.mean_reward);
 *       return gyre_engine_destroy(engine, &error) ? 1 : 0;
 *     }
 *
 *     cc -std=c99 main.c $(pkg-config --cflags --libs libgyre)
 *
 * A *loop* is periodic work that is supervised, measured and may tune itself. A *knob* is a
 * setting of that work with a finite set of values; each tick the loop's learner picks one value
 * for each knob. The *reward* is a number that the tick says it earned; *features* are what it
 * saw, in buckets. Without knobs nothing is learned, nothing is paid for it.
 *
 * Ids
 * ---
 * Everything is named by a 32-bit id: 4 bits of kind, 8 of generation, 20 of index, in one table
 * a process. 0 is never valid. A dead id is GYRE_E_STALE, an id of another kind GYRE_E_KIND,
 * never a crash. A slot whose 255 generations are used up is retired, so an id never comes back
 * to life; only tick ids, which live for one tick, are used again, after at least 250,000 other
 * ticks. Loops and subscriptions belong to their engine and die with it.
 *
 * Errors
 * ------
 * Every call that can fail returns a gyre_status: GYRE_OK is 0, errors are negative, their numbers
 * never change, and an unknown one is to be treated as GYRE_E_INTERNAL. There is no "last error". A
 * call that is not hot takes an optional gyre_error of the caller's, and says there in words what
 * was wrong. On an error nothing has changed, and nothing but `err` and a `needed` was written.
 *
 * What is not repeated at each function: any of them may return GYRE_E_NOMEM and GYRE_E_INTERNAL;
 * one that takes an id, GYRE_E_STALE, GYRE_E_KIND and GYRE_E_FORKED (in the child of a fork, of an
 * id from before it: the parent's threads are not there; new objects may be made); the id of a
 * loop, GYRE_E_STATE while its gyre_loop_create has not returned; one that takes anything else,
 * GYRE_E_ARG (a null pointer, a number out of range); a struct to read, GYRE_E_UNSUPPORTED (below).
 * What else it may return stands after @status, without the GYRE_E_. docs/c.md has it all together.
 *
 * @call says of a function, in this order: who may call it, "any thread" or "one at a time" (see
 * "Threads"); whether it is "short", that is, waits for nothing but other short calls on the same
 * object, "may block", or "runs ticks", for as long as they take; whether it may come from inside
 * of a callback; since which version it is there; and whether it is "not in wasm", or "may change".
 *
 * What is stable
 * --------------
 * While the number after libgyre.so is the same, a program need not be compiled again for a newer
 * library: functions keep their parameters, numbers their values, fields their places, and what is
 * new comes after them. An enumeration gets more members, so treat one that you do not know as
 * such. Before 1.0 that number may change with the second part of the version, each time for a
 * reason that CHANGELOG.md names under "Breaking"; what "may change" is what it will be for, if it
 * is. Never to be relied on: the words of gyre_error.text; that a JSON text has no further fields;
 * that another version gives the same trace.
 *
 * Structs
 * -------
 * Each starts with `uint32_t size`: write sizeof(it) there, also into the ones that the call fills.
 * Zero the rest: 0 is the default everywhere. Where 0 itself is a value worth having, the comment
 * says "GYRE_NONE". Fields are only ever appended. A program built with a newer header runs with an
 * older library as long as it leaves 0 in the fields which that library does not know; otherwise
 * the call is GYRE_E_UNSUPPORTED and not something else done silently. A program built with an
 * older header gets the fields that it knows. In an array of structs the first one's size counts
 * for all. A size that no sizeof could be, and a `reserved` that is not 0, is GYRE_E_ARG.
 *
 * Strings, numbers
 * ----------------
 * Strings in are UTF-8 with a NUL at the end, read during the call and copied where they are kept.
 * Names, topics and patterns that are not UTF-8 or have control characters are GYRE_E_ARG; in other
 * texts each such byte is given back as U+FFFD. Strings and bytes out go to (buf, cap, needed):
 * `needed` always receives the full count, a string's NUL included; with cap < needed the call is
 * GYRE_E_BUFFER and writes nothing else. buf may be NULL when cap is 0. Times are double
 * milliseconds since the engine's creation unless the name says wall (since 1970); rounded to the
 * nearest ns; NaN, infinity and over 100 years are GYRE_E_ARG. No 64-bit integer, struct or enum is
 * passed by value: every language and wasm32 call all of this alike.
 *
 * Threads
 * -------
 * Any call may come from any thread at any time, also while another thread destroys what it
 * names: either the call runs to its end first or it is GYRE_E_STALE. Two exceptions: the
 * gyre_tick_* verbs on one tick come one at a time (a second at the same instant is
 * GYRE_E_STATE), and so do gyre_engine_poll and gyre_engine_advance_to on one engine (the second
 * is GYRE_E_REENTRANT). Calls that must not come from a callback say so and are GYRE_E_REENTRANT
 * there, however deep: also in a callback of another engine that such a callback moves.
 *
 * Callbacks
 * ---------
 * `tick` and `on_message` get the `user` pointer of their registration, return nothing, and report
 * through `*status`, which holds GYRE_E_CALLBACK when they are called: write GYRE_OK for success,
 * so that garbage never reads as success. They must not unwind: catch your language's exceptions
 * and panics inside, leave `*status` as it is (gyre_tick_fail keeps a text). Nor must they end
 * their thread (pthread_exit, as Python does to threads when it ends without gyre_engine_destroy):
 * one of the engine's then stays for ever, as a callback that never returns; on one of your own it
 * ends the program. They run on one of the engine's threads with GYRE_DRIVER_WORKERS, else inside
 * poll or advance_to.
 * `destroy(user)` is called exactly once, when no further call with that `user` can come, and
 * also when the registration fails: so its owner can hand over ownership. It is called by what
 * ended the registration, or, when a callback is under way just then, in that callback's thread
 * once it has returned and still as a part of it; no lock is held and it may call all of this. A
 * registration that never calls back (a polled subscription) gives its `user` back at once. Options
 * whose `size` is not even that of the first version have no `destroy`. A host whose functions
 * cannot be called from here, or should not be (JavaScript, Go, coroutines), uses
 * GYRE_LOOP_EXTERNAL and gyre_tick_acquire instead and needs no callback at all. */
#ifndef GYRE_H
#define GYRE_H

#include "gyre/types.h"     /* numbers that never change, ids, gyre_error */
#include "gyre/library.h"   /* version, names of numbers, memory for a caller without any */
#include "gyre/engine.h"    /* make, start, move, stop */
#include "gyre/knob.h"      /* what may be set, what is seen, and the rails of tuning */
#include "gyre/loop.h"      /* add, remove, pause, change; what is counted */
#include "gyre/tick.h"      /* knobs, features, rewards; acquired ticks */
#include "gyre/bus.h"       /* publish, subscribe, poll */
#include "gyre/replay.h"    /* a replay buffer by itself */
#include "gyre/learner.h"   /* a learner by itself */
#include "gyre/dqn.h"       /* the same by a network, for states that are numbers */
#include "gyre/tiles.h"     /* a learner that sees numbers, by itself */
#include "gyre/tuner.h"     /* a tuner by itself */
#include "gyre/memory.h"    /* remember, recall; compression by itself */
#include "gyre/symbiosis.h" /* graph, score, the reference loops */
#include "gyre/snapshot.h"  /* everything at one instant */
#include "gyre/serve.h"     /* an engine in a browser */

#endif /* GYRE_H */
