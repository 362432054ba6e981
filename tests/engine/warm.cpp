// Method: property. Allocations are counted over ticks of an engine that has run a while: what the
// engine itself does in a tick takes none.
#include <functional>
#include <gyre/gyre.hpp>
#include <span>
#include <string>

#include "allocations.hpp"
#include "catch.hpp"

using namespace std::chrono_literals;

namespace {
/// Allocations in 2,000 ticks of `f` after 20,000 others.
std::size_t allocations(gyre::loop_options o, std::function<void(gyre::tick&)> f,
                        const std::function<void(gyre::engine&)>& before = {}) {
  gyre::engine e({.driver = gyre::driver::virtual_time});
  o.name = "a loop whose name is not short";
  o.interval = 1ms;
  o.jitter = 0;
  if (before) before(e);
  e.add(o, std::move(f)).value();
  e.advance_to(20s).value();
  const std::size_t first = allocated();
  const std::uint64_t ticks = e.advance_to(22s).value();
  const std::size_t more = allocated() - first;
  REQUIRE(ticks == 2000);
  REQUIRE(e.snapshot().totals.errors == 0);
  return more;
}
}  // namespace

TEST_CASE("a warm tick that sets knobs, publishes and passes gates allocates nothing", "[engine]") {
  gyre::loop_options own;
  own.knobs = {{"k", {1, 2, 3}}};
  own.gates = {gyre::gates::cpu(), gyre::gates::latency(1e6),
               gyre::gate("a gate of my own", [](const gyre::reading&) { return 0.; }, 1, 1)};
  std::uint64_t heard = 0;
  const auto listen = [&](gyre::engine& e) {
    e.subscribe("x.>", {}, [&](const gyre::message&) { ++heard; }).value();
  };
  const std::size_t n = allocations(
      own,
      [](gyre::tick& t) {
        t.reward(t.knob("k"));
        t.spend(1us * static_cast<std::int64_t>(t.number() % 1000));
        t.publish("x.topic", "some text that is longer than a small buffer");
      },
      listen);
  REQUIRE(n == 0);
  REQUIRE(heard > 0);
}

TEST_CASE("a warm tick that reports features allocates nothing", "[engine]") {
  gyre::loop_options o;
  o.features = {{"f", {1, 2}}};
  o.knobs = {{"k", {1, 2, 3}}};
  const std::size_t n = allocations(o, [](gyre::tick& t) {
    t.feature("f", static_cast<double>(t.number() % 3));
    t.vitality(.5);
    t.reward(t.knob("k") + t.cpu_ms());
  });
  REQUIRE(n == 0);
}

TEST_CASE("a warm external tick allocates nothing", "[engine]") {
  gyre::engine e({.driver = gyre::driver::virtual_time});
  e.add_external({.name = "x", .interval = 1ms, .jitter = 0, .knobs = {{"k", {1, 2}}}}).value();
  std::uint32_t ids[2];
  std::uint64_t done = 0;
  const auto run_to = [&](int ms) {
    for (int t = static_cast<int>(e.now() / 1ms) + 1; t <= ms; ++t) {
      e.advance_to(t * 1ms).value();
      const std::uint32_t n = e.acquire(ids);
      for (std::uint32_t i = 0; i < n; ++i) {
        (void)e.with_tick(ids[i], [](gyre::tick& k) { k.reward(k.knob("k")); });
        done += e.complete(ids[i]) ? 1 : 0;
      }
    }
  };
  run_to(10'000);
  const std::size_t first = allocated();
  const std::uint64_t before = done;
  run_to(12'000);
  REQUIRE(allocated() - first == 0);
  REQUIRE(done - before == 2000);
}

TEST_CASE("3,000 warm external ticks at once, in batches, allocate nothing", "[engine]") {
  gyre::engine e({.driver = gyre::driver::virtual_time});
  for (int i = 0; i < 3000; ++i) {
    e.add_external({.name = std::to_string(i),
                    .interval = 10ms,
                    .jitter = 0,
                    .metrics = gyre::metrics_mode::counters})
        .value();
  }
  static std::uint32_t ids[512];
  static gyre::completion done[3000];
  const auto run_to = [&](int ms) {
    std::size_t completed = 0;
    for (int t = static_cast<int>(e.now() / 1ms) + 10; t <= ms; t += 10) {
      e.advance_to(t * 1ms).value();
      std::size_t all = 0;
      for (std::uint32_t n = e.acquire(ids); n != 0; n = e.acquire(ids)) {
        for (std::uint32_t i = 0; i < n; ++i) done[all++] = {.id = ids[i]};
      }
      completed += e.complete(std::span(done).first(all));
    }
    return completed;
  };
  (void)run_to(200);
  const std::size_t first = allocated();
  const std::size_t completed = run_to(300);
  REQUIRE(allocated() - first == 0);
  REQUIRE(completed == 10 * 3000);
}

TEST_CASE("a warm tick that was pending allocates nothing", "[engine]") {
  gyre::engine e(by_poll());
  std::uint64_t done = 0;
  for (const char* const name : {"one", "two"}) {
    e.add({.name = name,
           .interval = 2ms,
           .jitter = 0,
           .knobs = {{"k", {1, 2}}},
           .metrics = gyre::metrics_mode::counters},  // histograms grow with what real time brings
          [&](gyre::tick& t) {
            t.reward(t.knob("k"));
            if (t.calls() < 5) {
              (void)t.pending();
            } else {
              ++done;
            }
          })
        .value();
  }
  const auto run_to = [&](int until) {
    for (int ms = static_cast<int>(e.now() / 1ms) + 1; ms <= until; ++ms) {
      (void)e.poll(ms * 1ms).value();
    }
  };
  run_to(10'000);
  const std::uint64_t before = done;
  const std::size_t first = allocated();
  run_to(12'000);
  REQUIRE(allocated() - first == 0);
  REQUIRE(done - before == 2 * 400);
}

TEST_CASE("to remember without a source costs what it costs with one", "[engine]") {
  static const std::string name = "a loop whose name is not short";
  static const gyre::record with{.text = "a text longer than a small buffer is", .source = name};
  static const gyre::record without{.text = "a text longer than a small buffer is"};
  const std::size_t a = allocations({}, [](gyre::tick& t) { t.remember(with); });
  const std::size_t b = allocations({}, [](gyre::tick& t) { t.remember(without); });
  REQUIRE(b == a);
}
