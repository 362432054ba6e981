// What users met at the edges of the engine, each as it should be.
// Room: engine.
#include <array>
#include <atomic>
#include <exception>
#include <gyre/gyre.hpp>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "doors.hpp"
#include "kit.hpp"
#include "sanitized.hpp"

using namespace std::chrono_literals;

namespace {

gyre::engine_options hosted() {
  return {.driver = gyre::driver::host};
}
gyre::engine_options simulated() {
  return {.driver = gyre::driver::virtual_time};
}
std::uint64_t ticks(gyre::loop& l) { return l.stats()->metrics.cycles; }

}  // namespace

// Method: fault. Handlers that feed themselves took every poll and every thread for good.
TEST_CASE("messages that breed do not starve ticks", "[engine]") {
  SECTION("of a host") {
    gyre::engine e(hosted());
    auto loop = e.add({.name = "a", .interval = 10ms, .jitter = 0}, [](gyre::tick&) {}).value();
    e.subscribe("x", {}, [&](const gyre::message&) -> gyre::result<void> {
       (void)e.publish("x", "again");
       return gyre::ok;
     }).value();
    e.publish("x", "first").value();
    for (int ms = 0; ms <= 1000; ms += 10) REQUIRE(e.poll(std::chrono::milliseconds(ms)));
    REQUIRE(ticks(loop) == 101);
  }
  SECTION("of workers") {
    gyre::engine e;
    auto loop = e.add({.name = "a", .interval = 10ms, .jitter = 0}, [](gyre::tick&) {}).value();
    std::atomic<std::uint64_t> handled{0};
    e.subscribe("x", {}, [&](const gyre::message&) -> gyre::result<void> {
       ++handled;
       (void)e.publish("x", "again");
       return gyre::ok;
     }).value();
    e.publish("x", "first").value();
    REQUIRE(e.start());
    REQUIRE(doors::eventually([&] { return ticks(loop) > 20; }));
    const std::uint64_t before = handled;
    REQUIRE(doors::eventually([&] { return handled > before + 100; }));  // nor do ticks starve them
  }
}

// Method: fault. While handlers took long, what waited was delivered, retried and measured by the
// time at which the first of them began.
TEST_CASE("the bus's time goes on while workers deliver", "[engine]") {
  gyre::engine e;
  doors::door door;
  std::atomic<int> delivered{0};
  e.subscribe("slow", {.priority = 1}, [&](const gyre::message&) -> gyre::result<void> {
     door.pass();
     return gyre::ok;
   }).value();
  const auto id = e.subscribe("fast", {}, [&](const gyre::message&) -> gyre::result<void> {
                     ++delivered;
                     return gyre::ok;
                   }).value();
  e.publish("slow", "").value();
  gyre::publish_options brief;
  brief.ttl = 20ms;
  e.publish("fast", "", brief).value();
  REQUIRE(e.start());
  REQUIRE(doors::eventually([&] { return door.entered(); }));
  const gyre::instant end = e.now() + 30ms;
  REQUIRE(doors::eventually([&] { return e.now() > end; }));
  door.open();
  REQUIRE(doors::eventually([&] { return e.subscription(id)->expired == 1; }));
  REQUIRE(delivered == 0);
}

// Method: fault. A handler that always fails was told nowhere.
TEST_CASE("dead letters are told", "[engine]") {
  std::vector<std::string> told;
  gyre::engine e(simulated());
  kit::keep_texts(e, "gyre.dead_letter", told);
  gyre::subscription_options once;
  once.retries = 0;
  e.subscribe("x", once, [](const gyre::message&) -> gyre::result<void> {
     return gyre::fail(gyre::code::state, "never");
   }).value();
  for (int i = 0; i < 3; ++i) e.publish("x", "").value();
  e.advance_to(5s).value();
  REQUIRE(told == std::vector<std::string>{"3 dead letters, the last of topic x"});
}

// Method: fault. What with_bus() published waited for somebody else's message.
TEST_CASE("what is published through with_bus wakes the engine", "[engine]") {
  gyre::engine e;
  std::atomic<int> got{0};
  e.subscribe("x", {}, [&](const gyre::message&) -> gyre::result<void> {
     ++got;
     return gyre::ok;
   }).value();
  REQUIRE(e.start());
  e.with_bus([](gyre::bus& b, gyre::instant now) { (void)b.publish("x", "", {}, now); });
  REQUIRE(doors::eventually([&] { return got == 1; }));
}

// Method: fault. Such a call waited for itself for ever.
TEST_CASE("an engine call inside with_bus is REENTRANT", "[engine]") {
  gyre::engine e(simulated());
  auto loop = e.add({.name = "a", .interval = 1s}, [](gyre::tick&) {}).value();
  const auto codes = e.with_bus([&](gyre::bus&, gyre::instant) {
    return std::vector<gyre::code>{e.publish("x", "").code(), loop.pause().code(),
                                   e.find("a").code(), e.commit().code(),
                                   e.advance_to(1s).code()};
  });
  REQUIRE(codes == std::vector<gyre::code>(5, gyre::code::reentrant));
  REQUIRE(loop.pause());
}

// Method: property. After a drain nothing waits; a stop without one leaves it, counted as pending.
TEST_CASE("an engine can be drained", "[engine]") {
  gyre::engine e;
  std::atomic<int> got{0};
  e.subscribe("x", {}, [&](const gyre::message&) -> gyre::result<void> {
     ++got;
     return gyre::ok;
   }).value();
  for (int i = 0; i < 500; ++i) e.publish("x", "").value();
  REQUIRE(e.snapshot().bus.pending == 500);
  REQUIRE(e.start());
  REQUIRE(e.drain(20s).value() == 0);
  REQUIRE(got == 500);
  REQUIRE(e.stop());
}

// Method: fault. The deadline overflowed, and the tick was left to itself at once.
TEST_CASE("a stop may wait for ever", "[engine]") {
  gyre::engine e;
  doors::door door;
  std::atomic<bool> ended{false};
  e.add({.name = "a", .interval = 1ms, .timeout = 1h}, [&](gyre::tick& t) {
     door.pass();
     ended = true;
     (void)t;
   }).value();
  REQUIRE(e.start());
  REQUIRE(doors::eventually([&] { return door.entered(); }));
  std::thread opens([&] {
    REQUIRE(doors::eventually([&] { return !e.running(); }));
    door.open();
  });
  REQUIRE(e.stop(gyre::duration::max())->empty());
  REQUIRE(ended);
  opens.join();
}

// Method: fault. 255 loops in one slot, and the slot was lost; 4,177,665, and no loop could be
// added to a group any more. Ids of the past must not name what has the slot now.
TEST_CASE("loops may come and go for ever", "[engine]") {
  gyre::engine e(simulated());
  std::set<std::uint32_t> recent;
  const int loops = fewer(400'000);
  for (int i = 0; i < loops; ++i) {
    auto loop = e.add({.name = "a", .interval = 1s}, [](gyre::tick&) {});
    if (!loop || (i >= loops / 2 && !recent.insert(loop->id()).second)) {
      FAIL("loop " << i);  // the second half each have an id of their own
    }
    if (!loop->remove() || loop->pause().code() != gyre::code::stale) FAIL("loop " << i);
  }
}

// Method: fault. poll() and advance_to() did not return.
TEST_CASE("a loop that triggers itself lets time go on", "[engine]") {
  SECTION("of a host: at the next poll") {
    gyre::engine e(hosted());
    gyre::loop loop;
    loop = e.add({.name = "a", .interval = 1h, .jitter = 0}, [&](gyre::tick&) {
              (void)loop.trigger();
            }).value();
    REQUIRE(e.poll(0s)->ticks == 1);
    const auto again = e.poll(1ms).value();
    REQUIRE(again.ticks == 1);
    REQUIRE(again.next_due <= 1ms + 1ns);
  }
  SECTION("on a virtual clock it is told") {
    gyre::engine e(simulated());
    gyre::loop loop;
    gyre::loop_options o{.name = "a", .interval = 1h, .jitter = 0};
    o.metrics = gyre::metrics_mode::counters;
    loop = e.add(std::move(o), [&](gyre::tick&) { (void)loop.trigger(); }).value();
    REQUIRE(e.advance_to(1s).code() == gyre::code::state);
    REQUIRE(loop.remove());
    REQUIRE(e.advance_to(1s));
  }
}

// Method: fault. It waited out the 24 h.
TEST_CASE("a shorter interval counts before the first tick too", "[engine]") {
  gyre::engine e(simulated());
  auto loop = e.add({.name = "a", .interval = 24h, .jitter = .5}, [](gyre::tick&) {}).value();
  REQUIRE(loop.reconfigure({.interval = 1s}));
  e.advance_to(10s).value();
  REQUIRE(ticks(loop) >= 9);
}

// Method: fault. A success by trigger() left the backoff of ten minutes as it was.
TEST_CASE("a success ends the backoff", "[engine]") {
  gyre::engine e(simulated());
  bool fails = true;
  gyre::loop_options o{.name = "a", .interval = 1s, .jitter = 0};
  o.retry = {.base = 10min, .cap = 10min, .jitter = 0};
  auto loop = e.add(std::move(o), [&](gyre::tick& t) {
                 if (fails) (void)t.fail("not yet");
               }).value();
  e.advance_to(1s).value();
  const auto before = ticks(loop);
  fails = false;
  e.advance_to(1500ms).value();
  REQUIRE(ticks(loop) == before);
  REQUIRE(loop.trigger());
  e.advance_to(1500ms).value();
  REQUIRE(ticks(loop) == before + 1);
  REQUIRE(loop.stats()->state == gyre::loop_state::waiting);
  e.advance_to(5s).value();
  REQUIRE(ticks(loop) == before + 1 + 4);  // 2, 3, 4, 5 s: back on its grid
}

// Method: property. Engines on real clocks differ; one that is given the seed of another does not.
TEST_CASE("engines on a real clock have seeds of their own", "[engine]") {
  REQUIRE(gyre::engine(hosted()).snapshot().seed != gyre::engine(hosted()).snapshot().seed);
  REQUIRE(gyre::engine(simulated()).snapshot().seed == 1);
  gyre::engine_options o = hosted();
  o.seed = 7;
  REQUIRE(gyre::engine(o).snapshot().seed == 7);
}

// Method: fault. A default-constructed loop crashed.
TEST_CASE("a loop of no engine is STALE", "[engine]") {
  gyre::loop none;
  REQUIRE(none.pause().code() == gyre::code::stale);
  REQUIRE(none.trigger().code() == gyre::code::stale);
  REQUIRE(none.remove().code() == gyre::code::stale);
  REQUIRE(none.remove(1s).code() == gyre::code::stale);
  REQUIRE(none.stats().code() == gyre::code::stale);
  REQUIRE(none.reconfigure({}).code() == gyre::code::stale);
}

// Method: property. After remove(most) nobody is inside of what the loop's function captured.
TEST_CASE("a loop and a subscription can be removed and waited for", "[engine]") {
  gyre::engine e;
  doors::door door, handler;
  auto loop = e.add({.name = "a", .interval = 1ms, .timeout = 1h}, [&](gyre::tick&) {
                 door.pass();
               }).value();
  const auto id = e.subscribe("x", {}, [&](const gyre::message&) -> gyre::result<void> {
                     handler.pass();
                     return gyre::ok;
                   }).value();
  REQUIRE(e.start());
  REQUIRE(doors::eventually([&] { return door.entered(); }));
  REQUIRE(loop.remove(10ms).code() == gyre::code::timeout);
  door.open();
  auto other = e.add({.name = "b", .interval = 1ms}, [](gyre::tick&) {}).value();
  REQUIRE(other.remove(20s));
  e.publish("x", "").value();
  REQUIRE(doors::eventually([&] { return handler.entered(); }));
  REQUIRE(e.unsubscribe(id, 10ms).code() == gyre::code::timeout);
  handler.open();
}

// Method: property. Loops go where there are fewest, also after others went.
TEST_CASE("loops are spread over the shards that are there", "[engine]") {
  gyre::engine_options o = hosted();
  o.shards = 4;
  gyre::engine e(o);
  std::vector<gyre::loop> all;
  const auto add = [&](int i) {
    return e.add({.name = "l" + std::to_string(i), .interval = 1s}, [](gyre::tick&) {}).value();
  };
  for (int i = 0; i < 400; ++i) all.push_back(add(i));
  for (int i = 0; i < 400; ++i) {
    if (i % 4 != 0) REQUIRE(all[static_cast<std::size_t>(i)].remove());
  }
  std::array<int, 4> on{};
  const auto count = [&](const gyre::loop& l) { ++on[(l.id() & 0xfffff) % 4]; };
  for (std::size_t i = 0; i < 400; i += 4) count(all[i]);
  for (int i = 400; i < 700; ++i) count(add(i));  // 100 were left, on one shard
  for (const int n : on) REQUIRE(n == 100);
}

// Method: fault. A long text was kept whole and its event lost; a null one crashed.
TEST_CASE("error texts are bounded", "[engine]") {
  std::vector<std::string> told;
  gyre::engine e(simulated());
  kit::keep_texts(e, "gyre.failed", told);
  auto loop = e.add({.name = "a", .interval = 1h, .jitter = 0}, [&](gyre::tick& t) {
                 (void)t.fail(std::string(70'000, 'x'));
               }).value();
  e.advance_to(1s).value();
  const std::string last = loop.stats()->last_error;
  REQUIRE(last == std::string(1000, 'x') + "... (70000 bytes)");
  REQUIRE(told == std::vector<std::string>{"a: " + last});
}

#if GYRE_EXCEPTIONS
TEST_CASE("an exception without a text is a failed tick", "[engine]") {
  struct silent : std::exception {
    const char* what() const noexcept override { return nullptr; }
  };
  gyre::engine e(simulated());
  auto loop = e.add({.name = "a", .interval = 1h, .jitter = 0}, [](gyre::tick&) {
                 throw silent();
               }).value();
  e.advance_to(1s).value();
  REQUIRE(loop.stats()->last_error == "the tick threw an exception without a text");
}
#endif

// Method: property, measured by the number of windows that are observed: none of those in which
// nothing happened.
TEST_CASE("empty windows of virtual time cost nothing", "[engine]") {
  gyre::engine e(simulated());
  auto loop = e.add({.name = "daily", .interval = 24h, .jitter = 0}, [](gyre::tick&) {}).value();
  const auto cpu = gyre::thread_cpu_now();
  e.advance_to(24h * 3650).value();
  const auto took = gyre::thread_cpu_now() - cpu;
  REQUIRE(ticks(loop) == 3651);
  REQUIRE(took < 5s);  // ten years; it was 490 s
}
