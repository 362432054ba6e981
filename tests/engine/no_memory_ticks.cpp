// Method: fault. Each allocation while time goes on fails in turn: ticks end, deliveries are made,
// and all loops go on.
#include <array>
#include <thread>

#include "no_memory.hpp"

#if GYRE_EXCEPTIONS
using namespace std::chrono_literals;

namespace no_memory {

inline std::uint64_t ticks_of(gyre::engine& e, const char* name) {
  return e.find(name)->stats()->metrics.cycles;
}
/// What holds whatever was lost.
inline void require_laws(gyre::engine& e) {
  const gyre::snapshot_data s = e.snapshot();
  const gyre::bus_stats& b = s.bus;
  REQUIRE(b.matched == b.delivered + b.dropped() + b.expired + b.dead_lettered + b.pending);
  const gyre::memory_stats& m = s.memory;
  REQUIRE(m.remembered == m.in_ring + m.in_blocks + m.archived + m.evicted + m.merged);
  for (const gyre::loop_stats& l : s.loops) REQUIRE(l.state != gyre::loop_state::running);
}

}  // namespace no_memory

TEST_CASE("time goes on where there is no memory", "[engine]") {
  const bool for_good = GENERATE(false, true);
  const auto shards = static_cast<std::uint32_t>(1 * GENERATE(1, 3));
  std::size_t failed = 1;
  for (std::size_t n = 0; failed != 0; n += 1 + n / 8) {
    CAPTURE(for_good, shards, n);
    no_memory::world w({.driver = gyre::driver::virtual_time, .shards = shards, .window = 50ms});
    REQUIRE(w.e->complete(w.tick));
    const gyre::instant to = w.e->now() + 100ms;
    bool threw = false;
    fail_allocation(n, for_good);
    try {
      (void)w.e->advance_to(to).value();
    } catch (const std::bad_alloc&) {
      threw = true;
    }
    failed = allow_allocations();
    REQUIRE_FALSE(threw);
    REQUIRE(w.e->now() == to);
    for (const char* name : {"plain", "parent", "child", "gated"}) {
      REQUIRE(no_memory::ticks_of(*w.e, name) == 17);  // at 0, 10, ... 160 ms
    }
    w.go(300ms);
    REQUIRE(w.e->acquire(std::span(&w.tick, 1)) == 1);
    REQUIRE(w.e->complete(w.tick));
    no_memory::require_laws(*w.e);
    std::vector<std::uint64_t> before;
    for (const char* name : {"learns", "tunes", "tells"}) {
      before.push_back(no_memory::ticks_of(*w.e, name));
    }
    w.go(2s);  // longer than any of them waits for a failure
    for (const char* name : {"tells", "tunes", "learns"}) {
      REQUIRE(no_memory::ticks_of(*w.e, name) > before.back());
      before.pop_back();
    }
  }
}

TEST_CASE("a host's pending and external ticks go on where there is no memory", "[engine]") {
  const bool for_good = GENERATE(false, true);
  std::size_t failed = 1;
  for (std::size_t n = 0; failed != 0; ++n) {
    CAPTURE(for_good, n);
    gyre::engine e({.driver = gyre::driver::host, .seed = 1});
    gyre::loop_options o{.name = "pending", .interval = 10ms, .jitter = 0};
    o.retry = {.base = 0ms, .cap = 0ms};
    (void)e.add(o, [](gyre::tick& t) {
      if (t.calls() < 2) t.pending();
    }).value();
    o.name = "external";
    o.timeout = 30ms;
    (void)e.add_external(o).value();
    const auto run = [&](gyre::instant from) {
      for (gyre::instant t = from; t < from + 200ms; t += 5ms) {
        (void)e.poll(t).value();
        std::array<std::uint32_t, 2> ids{};
        const std::uint32_t taken = e.acquire(ids);
        if (taken != 0 && t.count() % 3 != 0) (void)e.complete(ids[0]);
      }
    };
    bool threw = false;
    fail_allocation(n, for_good);
    try {
      run(0ms);
    } catch (const std::bad_alloc&) {
      threw = true;
    }
    failed = allow_allocations();
    REQUIRE_FALSE(threw);
    const std::uint64_t before = no_memory::ticks_of(e, "pending");
    const std::uint64_t external = no_memory::ticks_of(e, "external");
    run(200ms);
    REQUIRE(no_memory::ticks_of(e, "pending") > before);
    REQUIRE(no_memory::ticks_of(e, "external") > external);
    REQUIRE(e.stop());
  }
}

TEST_CASE("an engine's own thread survives that there is no memory", "[engine]") {
  gyre::engine e({.driver = gyre::driver::workers});
  gyre::loop_options o{.name = "fails", .interval = 1ms, .jitter = 0};
  o.retry = {.base = 0ms, .cap = 0ms};
  (void)e.add(o, [](gyre::tick& t) {
    (void)allow_allocations();
    t.publish("heard", no_memory::long_text + std::to_string(t.number()));
    t.fail(no_memory::long_text + std::to_string(t.number()));
    fail_allocation(t.number() % 16, t.number() % 32 < 16);  // of what the engine does from here on
  }).value();
  o.name = "other";
  gyre::loop other = e.add(o, [](gyre::tick&) {}).value();
  (void)e.subscribe("heard", {.retries = 1}, [](const gyre::message&) { throw 1; }).value();
  REQUIRE(e.start());
  while (other.stats()->metrics.cycles < 200) std::this_thread::yield();
  REQUIRE(e.stop());
  REQUIRE(no_memory::ticks_of(e, "fails") > 64);
}
#endif
