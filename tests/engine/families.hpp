// families.hpp - loops with parents and patterns over their names, on the virtual clock.
// Room: tests/engine. Threads: any.
#pragma once

#include <cstdint>

#include <gyre/gyre.hpp>

#include "doors.hpp"

namespace groups {

using doors::eventually;

inline void idle(gyre::tick&) {}

inline gyre::engine_options virtual_time() {
  return {.driver = gyre::driver::virtual_time};
}

struct world {
  gyre::engine e{virtual_time()};
  gyre::loop add(const char* name, const char* parent = "") {
    using namespace std::chrono_literals;
    return e.add({.name = name, .interval = 10ms, .jitter = 0, .parent = parent}, idle).value();
  }
  bool paused(const char* name) {
    return e.find(name)->stats()->state == gyre::loop_state::paused;
  }
  std::uint64_t cycles(const char* name) { return e.find(name)->stats()->metrics.cycles; }
  double interval(const char* name) { return e.find(name)->stats()->interval_ms; }
};

}  // namespace groups
