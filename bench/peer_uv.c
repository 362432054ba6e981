// libuv doing the work of wall.cpp: a timer for each loop, armed anew in each tick for the next
// point of its grid, in whole milliseconds since libuv has no finer ones.
#include <uv.h>

#include "periodic.h"

struct timer {
  uv_timer_t handle;
  int64_t due_ns;
};

static struct periodic* work;
static struct timer* timers;

static void on_tick(uv_timer_t* handle);

// Never early: libuv's clock is the monotonic one, cut to milliseconds.
static void arm(struct timer* t) {
  const int64_t at_ms = (t->due_ns + 999999) / 1000000;
  const int64_t now_ms = (int64_t)uv_now(t->handle.loop);
  uv_timer_start(&t->handle, on_tick, at_ms > now_ms ? (uint64_t)(at_ms - now_ms) : 0, 0);
}

static void on_tick(uv_timer_t* handle) {
  struct timer* t = (struct timer*)handle;
  if (periodic_tick(work, &work->records[t - timers], t->due_ns)) {
    periodic_report(work);
    _exit(0);  // now: an overloaded loop comes back late
  }
  t->due_ns += work->period_ns;
  arm(t);
}

static void make(uv_loop_t* loop, uint32_t n) {
  timers = malloc(n * sizeof *timers);
  if (timers == NULL) abort();
  for (uint32_t i = 0; i < n; ++i) uv_timer_init(loop, &timers[i].handle);
}

static int hold(uv_loop_t* loop, uint32_t n) {
  double start_ns = 1e300;
  double stop_ns = 1e300;
  double bytes = 0;
  const int64_t before = periodic_resident();
  const int64_t t0 = periodic_thread_cpu();
  make(loop, n);
  const double add_ns = (double)(periodic_thread_cpu() - t0) / n;
  struct periodic grid = {.period_ns = 1000000000};
  for (int round = 0; round < 5; ++round) {
    const int64_t begin = periodic_now();
    const int64_t t1 = periodic_thread_cpu();
    for (uint32_t i = 0; i < n; ++i) {
      timers[i].due_ns = begin + periodic_phase(&grid, i);
      arm(&timers[i]);
    }
    const int64_t t2 = periodic_thread_cpu();
    if (round == 0) bytes = (double)(periodic_resident() - before) / n;
    for (uint32_t i = 0; i < n; ++i) uv_timer_stop(&timers[i].handle);
    const int64_t t3 = periodic_thread_cpu();
    if ((double)(t2 - t1) / n < start_ns) start_ns = (double)(t2 - t1) / n;
    if ((double)(t3 - t2) / n < stop_ns) stop_ns = (double)(t3 - t2) / n;
  }
  periodic_report_held(add_ns, start_ns, stop_ns, bytes);
  return 0;
}

int main(int argc, char** argv) {
  uv_loop_t* loop = uv_default_loop();
  if (argc == 3 && strcmp(argv[1], "hold") == 0) return hold(loop, (uint32_t)atol(argv[2]));
  if (argc != 5) {
    fprintf(stderr, "usage: peer_uv LOOPS PERIOD_US SECONDS TIMER_SLACK_US | hold LOOPS\n");
    return 2;
  }
  work = periodic_make(argv + 1);
  make(loop, work->loops);
  uv_update_time(loop);
  const int64_t begin = periodic_now() + periodic_head_start;
  for (uint32_t i = 0; i < work->loops; ++i) {
    timers[i].due_ns = begin + periodic_phase(work, i);
    arm(&timers[i]);
  }
  periodic_armed(work);
  return uv_run(loop, UV_RUN_DEFAULT);
}
