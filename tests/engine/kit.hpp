// kit.hpp - what several of the engine's tests begin with.
// Room: tests/engine. Threads: any.
#pragma once

#include <gyre/gyre.hpp>

namespace kit {

inline void nothing(gyre::tick&) {}

inline gyre::engine_options virtual_clock() {
  return {.driver = gyre::driver::virtual_time};
}

inline gyre::engine_options by_poll() { return {.driver = gyre::driver::host, .seed = 1}; }

/// Spends real time, all of it this thread's.
inline void work_for(gyre::duration d) {
  const gyre::duration end = gyre::thread_cpu_now() + d;
  while (gyre::thread_cpu_now() < end) {
  }
}

}  // namespace kit
