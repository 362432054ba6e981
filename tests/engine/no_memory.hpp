// no_memory.hpp - what the tests of failing allocations share: an engine with one of everything.
// Room: tests/engine. Threads: one. Its operator new is that of allocations.hpp, in warm.cpp.
#pragma once
#include <gyre/edge/json.hpp>
#include <gyre/gyre.hpp>

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "catch.hpp"

#if GYRE_EXCEPTIONS
void fail_allocation(std::size_t n, bool for_good) noexcept;
std::size_t allow_allocations() noexcept;

namespace no_memory {
using namespace std::chrono_literals;

inline const std::string long_text(100, 'x');

/// An engine on which each kind of thing is there, 60 ms old.
struct world {
  explicit world(gyre::engine_options o) {
    e = std::make_unique<gyre::engine>(std::move(o));
    gyre::reading r;
    r.cpu_percent = 10;
    e->supply(r);
    add({.name = "plain"});
    add({.name = "fails", .intensity = {.failures = 3}}, [](gyre::tick& t) {
      if (t.number() % 4 != 0) t.fail("not the " + std::to_string(t.number()) + "th " + long_text);
    });
    add(learning("learns", true));
    add(learning("tunes", false));
    add({.name = "gated", .gates = {gyre::gates::cpu(50, 40), gyre::gates::mode()}});
    add({.name = "slow", .deferrable = true});
    add({.name = "parent"});
    add({.name = "child", .parent = "parent"});
    add({.name = "paused", .priority = 3, .paused = true});
    add({.name = "tells"}, [](gyre::tick& t) {
      t.publish("heard.by", std::to_string(t.number()) + long_text);
      t.publish("kept.by", "poll");
      gyre::record record;
      record.text = std::to_string(t.number()) + long_text;
      t.remember(record);
    });
    (void)e->add_external({.name = "external", .interval = 10ms, .jitter = 0}).value();
    heard = e->subscribe("heard.*", {}, [this](const gyre::message& m) {
      sum = sum * 31 + m.payload.size();
      if (sum % 3 == 0) throw 1;
    }).value();
    kept = e->subscribe("kept.>").value();
    go(60ms);
    REQUIRE(e->acquire(std::span(&tick, 1)) == 1);
  }
  static gyre::loop_options learning(const char* name, bool q) {
    gyre::loop_options o;
    o.name = name;
    o.group = std::string("a group of ") + name;
    o.features = {{"f", {1, 2}}};
    o.knobs = {{"k", {1, 2, 3}}};
    if (q) o.learning.batch = 31;
    return o;
  }
  gyre::loop add(gyre::loop_options o, gyre::tick_function f = {}) {
    o.interval = 10ms;
    o.jitter = 0;
    if (!o.knobs.empty()) {
      f = [](gyre::tick& t) {
        t.feature("f", static_cast<double>(t.number() % 3));
        t.reward(t.knob("k"));
      };
    }
    if (!f) f = [](gyre::tick&) {};
    return e->add(std::move(o), std::move(f)).value();
  }
  void go(gyre::duration d) {
    (void)e->advance_to(e->now() + d).value();
  }
  gyre::loop loop(const char* name) { return e->find(name).value(); }
  /// All that is seen of the engine. @param events those that it tells itself too
  std::string print(bool events = true) {
    gyre::snapshot_data s = e->snapshot();
    s.sequence = s.readings = s.resident_bytes = 0;
    s.process_cpu_percent = 0;
    if (!events) {
      s.bus = {};
      s.totals.events_dropped = 0;
    }
    const std::vector<gyre::record> all = e->recall({.limit = 1000});
    return gyre::to_json(s) + gyre::to_json(std::span(all), 0) + std::to_string(sum);
  }

  std::uint64_t sum = 0;  ///< over what was heard
  std::unique_ptr<gyre::engine> e;
  std::uint32_t heard = 0, kept = 0, tick = 0;
};

}  // namespace no_memory
#endif
