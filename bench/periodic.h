// periodic.h - what each tick does in wall.cpp and its peers, and what they report of it.
// Room: bench. Threads: the one that runs the ticks. C and C++: the same work for everybody.
#pragma once

#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* One loop's own data. */
struct periodic_record {
  uint64_t ticks;
  int64_t due_ns;
  int64_t late_ns;
  int64_t late_sum;
  uint64_t rest[4];
};

/* Lateness in buckets of 1/64 of a power of two, up to 18 minutes: within 0.8 %. */
enum { periodic_buckets = 36 * 64 };

struct periodic {
  uint32_t loops;
  int64_t period_ns;
  int64_t length_ns; /* of what is measured */
  int64_t begin_ns, end_ns;
  int64_t cpu_ns;
  long switches;
  uint64_t ticks, early;
  struct periodic_record* records;
  uint32_t late[periodic_buckets];
};

static inline int64_t periodic_clock(clockid_t which) {
  struct timespec t;
  clock_gettime(which, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}
static inline int64_t periodic_now(void) { return periodic_clock(CLOCK_MONOTONIC); }
static inline int64_t periodic_thread_cpu(void) { return periodic_clock(CLOCK_THREAD_CPUTIME_ID); }

/* Voluntary context switches of the process: about one a wake-up. */
static inline long periodic_switches(void) {
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  return used.ru_nvcsw;
}

/* Resident bytes of this process. */
static inline int64_t periodic_resident(void) {
  long total = 0;
  long resident = 0;
  FILE* f = fopen("/proc/self/statm", "r");
  if (f == NULL) return 0;
  if (fscanf(f, "%ld %ld", &total, &resident) != 2) resident = 0;
  fclose(f);
  return (int64_t)resident * sysconf(_SC_PAGESIZE);
}

/* Keeps the process on the last CPU that it may use, with threads that are started later. */
static inline void periodic_pin(void) {
  cpu_set_t may;
  cpu_set_t one;
  if (sched_getaffinity(0, sizeof may, &may) != 0) return;
  for (int cpu = CPU_SETSIZE - 1; cpu >= 0; --cpu) {
    if (!CPU_ISSET((size_t)cpu, &may)) continue;
    CPU_ZERO(&one);
    CPU_SET((size_t)cpu, &one);
    (void)sched_setaffinity(0, sizeof one, &one);
    return;
  }
}

/* argv: LOOPS PERIOD_US SECONDS TIMER_SLACK_US. Pins the process and sets the kernel's slack for
   its sleeps. */
static inline struct periodic* periodic_make(char** argv) {
  struct periodic* p = (struct periodic*)calloc(1, sizeof *p);
  if (p == NULL) abort();
  p->loops = (uint32_t)atol(argv[0]);
  p->period_ns = atol(argv[1]) * 1000L;
  p->length_ns = (int64_t)(atof(argv[2]) * 1e9);
  prctl(PR_SET_TIMERSLACK, (unsigned long)(atof(argv[3]) * 1e3), 0, 0, 0);
  periodic_pin();
  p->records = (struct periodic_record*)aligned_alloc(64, p->loops * sizeof *p->records);
  if (p->records == NULL) abort();
  memset(p->records, 0, p->loops * sizeof *p->records);
  return p;
}

/* Arming a million timers takes a while: none is due before it is over. */
enum { periodic_head_start = 300000000 };

/* Where in its first period loop i begins: the same for every peer, evenly spread, in no order. */
static inline int64_t periodic_phase(const struct periodic* p, uint32_t i) {
  uint64_t x = (i + 1) * UINT64_C(0x9E3779B97F4A7C15);
  x = (x ^ (x >> 32)) * UINT64_C(0xD6E8FEB86659FD93);
  return (int64_t)((x >> 32) * (uint64_t)p->period_ns >> 32);
}

/* All loops are armed. Measures from a period and half a second from now on: each has ticked. */
static inline void periodic_armed(struct periodic* p) {
  p->begin_ns = periodic_now() + p->period_ns + 500000000;
  p->end_ns = p->begin_ns + p->length_ns;
}

/* The figures before and after: the process's CPU time, and how often it slept. */
static inline void periodic_account(struct periodic* p, int sign) {
  p->cpu_ns += sign * periodic_clock(CLOCK_PROCESS_CPUTIME_ID);
  p->switches += sign * periodic_switches();
}

/* The work of a tick that is due at due_ns, of the loop that r belongs to: one read of the clock.
   Returns 1 once everything is measured. */
static inline int periodic_tick(struct periodic* p, struct periodic_record* r, int64_t due_ns) {
  const int64_t now = periodic_now();
  int64_t late = now - due_ns;
  ++r->ticks;
  r->due_ns = due_ns;
  r->late_ns = late;
  r->late_sum += late;
  if (now < p->begin_ns || p->begin_ns == 0) return 0;
  if (p->cpu_ns == 0) {
    p->begin_ns = now;
    periodic_account(p, -1);
  }
  if (now >= p->end_ns) {
    p->end_ns = now;
    periodic_account(p, 1);
    return 1;
  }
  ++p->ticks;
  if (late < 0) {
    ++p->early;
    late = 0;
  }
  uint32_t at = (uint32_t)late;
  if (late >= 128) {
    const uint32_t shift = 57 - (uint32_t)__builtin_clzll((uint64_t)late);
    at = (shift << 6) + (uint32_t)(late >> shift);
  }
  ++p->late[at < periodic_buckets ? at : periodic_buckets - 1];
  return 0;
}

/* A quantile of the lateness, in microseconds. */
static inline double periodic_late_us(const struct periodic* p, double q) {
  const double wanted = q * (double)p->ticks;
  double seen = 0;
  for (uint32_t at = 0; at < periodic_buckets; ++at) {
    seen += p->late[at];
    if (seen < wanted) continue;
    if (at < 128) return at * 1e-3;
    const uint32_t shift = (at >> 6) - 1;
    return (double)(((UINT64_C(2) * ((at & 63) + 64) + 1) << shift) >> 1) * 1e-3;
  }
  return 0;
}

static inline void periodic_report(const struct periodic* p) {
  const double seconds = (double)(p->end_ns - p->begin_ns) * 1e-9;
  const double asked = p->loops * seconds / ((double)p->period_ns * 1e-9);
  printf(
      "{\"cpu_ns\":%.6g,\"cpu_percent\":%.6g,\"p50_us\":%.6g,\"p99_us\":%.6g,\"done\":%.6g,"
      "\"asked\":%.6g,\"early\":%.6g,\"sleeps_per_s\":%.6g,\"seconds\":%.6g}\n",
      (double)p->cpu_ns / (double)p->ticks, (double)p->cpu_ns * 1e-7 / seconds,
      periodic_late_us(p, .5), periodic_late_us(p, .99), (double)p->ticks, asked, (double)p->early,
      (double)p->switches / seconds, seconds);
  fflush(stdout);
}

/* What one timer costs at rest: nanoseconds of CPU to make, start and stop it, and bytes. */
static inline void periodic_report_held(double add_ns, double start_ns, double stop_ns,
                                        double bytes) {
  printf("{\"add_ns\":%.6g,\"start_ns\":%.6g,\"stop_ns\":%.6g,\"bytes\":%.6g}\n", add_ns, start_ns,
         stop_ns, bytes);
}
