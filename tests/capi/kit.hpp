// kit.hpp - what the suites of the C ABI share: zeroed structs, an engine, a count of callbacks.
// Room: capi. Threads: `seen` from any, except what its comments say.
#pragma once
#include <atomic>
#include <cstring>
#include <vector>

#include "../../capi/gyre.h"
#include "catch.hpp"

namespace kit {

/// A zeroed struct that says its size.
template <class T>
T zero() {
  T t;
  std::memset(&t, 0, sizeof t);
  t.size = sizeof t;
  return t;
}

/// Counts what happens to one registration's `user`.
struct seen {
  std::atomic<int> ticks{0}, messages{0}, destroyed{0}, after{0};
  gyre_engine engine = 0;
  gyre_loop loop = 0;
  gyre_subscription subscription = 0;
  std::vector<gyre_status> statuses;  // of one thread at a time
};
inline void count_destroy(void* user) { static_cast<seen*>(user)->destroyed++; }
inline void count_tick(void* user, gyre_tick, gyre_status* status) {
  auto& s = *static_cast<seen*>(user);
  s.ticks++;
  if (s.destroyed) s.after++;
  *status = GYRE_OK;
}

inline gyre_engine make_engine(int driver) {
  auto how = zero<gyre_engine_options>();
  how.driver = driver;
  gyre_engine engine = 0;
  auto err = zero<gyre_error>();
  const gyre_status status = gyre_engine_create(&how, &engine, &err);
  INFO(err.text);
  REQUIRE(status == GYRE_OK);
  return engine;
}
inline gyre_loop_options loop_of(const char* name, gyre_tick_fn tick, void* user) {
  auto options = zero<gyre_loop_options>();
  options.name = name;
  options.interval_ms = 10;
  options.jitter = GYRE_NONE;
  options.tick = tick;
  options.user = user;
  options.destroy = count_destroy;
  return options;
}

}  // namespace kit
