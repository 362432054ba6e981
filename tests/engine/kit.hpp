// kit.hpp - what several of the engine's tests begin with.
// Room: tests/engine. Threads: any.
#pragma once

#include <gyre/gyre.hpp>

#include <string>
#include <vector>

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

/// From now on the texts of the messages of a topic go into `told`, which outlives the engine.
inline void keep_texts(gyre::engine& e, const char* topic, std::vector<std::string>& told) {
  e.subscribe(topic, {}, [&told](const gyre::message& m) -> gyre::result<void> {
     told.emplace_back(m.text());
     return gyre::ok;
   }).value();
}

}  // namespace kit
