// Method: real threads, with handlers and subscribers that wait, throw time away or never return;
// every wait is for a condition.
#include <gyre/gyre.hpp>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "doors.hpp"

using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;
using doors::door;
using doors::eventually;

TEST_CASE("a blocking subscription makes an outside publisher wait and drops nothing it took",
          "[engine]") {
  gyre::engine e;
  REQUIRE(e.start());
  const auto id =
      e.subscribe("t", {.capacity = 4, .policy = gyre::overflow::block, .block_for = 60s}).value();
  std::atomic<bool> done{false};
  std::thread publisher([&] {
    for (int i = 0; i < 50; ++i) e.publish("t", std::to_string(i)).value();
    done = true;
  });
  gyre::owned_message m;
  int got = 0;
  REQUIRE(eventually([&] {
    while (e.poll_message(id, m)) ++got;
    return got == 50;
  }));
  publisher.join();
  REQUIRE(done);
  REQUIRE(e.subscription(id)->dropped() == 0);

  const auto full =
      e.subscribe("u", {.capacity = 1, .policy = gyre::overflow::block, .block_for = 5ms}).value();
  e.publish("u", "1").value();
  REQUIRE(e.publish("u", "2")->dropped == 1);  // after waiting for block_for
  REQUIRE(e.subscription(full)->dropped_blocked == 1);
}

TEST_CASE("the time that a handler took is not the next tick's", "[engine]") {
  gyre::engine e;
  std::atomic<int> handled{0}, ticks{0}, wrong{0};
  std::atomic<bool> over{false};
  e.add({.name = "l", .interval = 10ms, .timeout = 100ms}, [&](gyre::tick& t) {
     while (t.elapsed_ms() < 30) {
       if (t.cancelled() && t.elapsed_ms() < 90 && !over) ++wrong;
     }
     ++ticks;
   }).value();
  e.subscribe("x", {}, [&](const gyre::message&) {
     const auto end = clock_type::now() + 200ms;
     while (clock_type::now() < end) {
     }
     ++handled;
   }).value();
  REQUIRE(e.start());
  for (int i = 1; i <= 4; ++i) {
    e.publish("x", "").value();
    REQUIRE(eventually([&] { return handled >= i; }));
    const int before = ticks;
    REQUIRE(eventually([&] { return ticks > before; }));
  }
  over = true;
  REQUIRE(e.stop().value().empty());
  REQUIRE(wrong == 0);
}

TEST_CASE("a handler that never returns loses its subscription and holds up nothing else",
          "[engine]") {
  auto kept = std::make_shared<door>();
  auto returned = std::make_shared<std::atomic<bool>>(false);
  std::atomic<std::uint64_t> ticks{0}, other{0};
  gyre::engine e;
  for (int i = 0; i < 120; ++i) {
    e.add({.name = "l" + std::to_string(i), .interval = 20ms}, [&](gyre::tick&) {
       ++ticks;
     }).value();
  }
  const auto bad = e.subscribe("x", {}, [kept, returned](const gyre::message& m) {
                      kept->pass();
                      if (m.text() != "first") std::abort();  // its bytes are still there
                      *returned = true;
                    }).value();
  e.subscribe("y", {}, [&](const gyre::message&) { ++other; }).value();
  const auto told = e.subscribe("gyre.stuck").value();
  REQUIRE(e.start());
  for (const char* text : {"first", "second", "third"}) e.publish("x", text).value();
  REQUIRE(eventually([&] { return kept->entered(); }));
  e.publish("y", "").value();
  gyre::owned_message m;
  REQUIRE(eventually([&] { return e.poll_message(told, m); }));
  REQUIRE(m.text() == "the handler of x");
  const std::uint64_t before = ticks;
  REQUIRE(eventually([&] { return ticks > before + 1000 && other == 1; }));
  REQUIRE(e.subscription(bad).code() == gyre::code::stale);
  auto s = e.snapshot();
  REQUIRE(s.bus.balanced());
  REQUIRE(s.bus.dead_lettered == 1);
  REQUIRE(s.bus.dropped_closed == 2);
  REQUIRE(s.totals.timeouts == 0);
  kept->open();
  REQUIRE(eventually([&] { return returned->load(); }));
  e.publish("y", "").value();
  REQUIRE(eventually([&] { return other == 2; }));
  REQUIRE(e.stop().value().empty());
  s = e.snapshot();
  REQUIRE(s.bus.balanced());
  REQUIRE(s.bus.dead_lettered == 1);
  REQUIRE(s.totals.ticks == ticks);
}

TEST_CASE("stop gives up on a handler at its deadline, and start delivers again", "[engine]") {
  auto kept = std::make_shared<door>();
  std::atomic<int> other{0};
  gyre::engine e;
  e.subscribe("x", {}, [kept](const gyre::message&) { kept->pass(); }).value();
  e.subscribe("y", {}, [&](const gyre::message&) { ++other; }).value();
  REQUIRE(e.start());
  e.publish("x", "").value();
  REQUIRE(eventually([&] { return kept->entered(); }));
  REQUIRE(e.stop(20ms).value().size() == 1);
  REQUIRE(e.start());
  e.publish("y", "").value();
  REQUIRE(eventually([&] { return other == 1; }));
  kept->open();
  e.publish("y", "").value();
  REQUIRE(eventually([&] { return other == 2; }));
  REQUIRE(e.stop().value().empty());
  REQUIRE(e.snapshot().bus.balanced());
}

TEST_CASE("start from a tick that stop waits for is refused, also once it was given up on",
          "[engine]") {
  auto kept = std::make_shared<door>();
  std::atomic<int> during{0}, after{0};
  std::atomic<bool> done{false};
  gyre::engine e;
  e.add({.name = "s", .interval = 5ms, .timeout = 60s}, [&, kept](gyre::tick& t) {
     if (e.start()) ++during;  // it runs: nothing to do
     while (!t.cancelled()) std::this_thread::yield();
     during += e.start().code() == gyre::code::reentrant ? 10 : 100;
     kept->pass();
     after += e.start().code() == gyre::code::reentrant ? 1 : 100;
     after += e.stop().code() == gyre::code::reentrant ? 10 : 100;
     done = true;
   }).value();
  REQUIRE(e.start());
  REQUIRE(eventually([&] { return during == 1; }));
  REQUIRE(e.stop(200ms).value() == std::vector<std::string>{"s"});
  REQUIRE(eventually([&] { return kept->entered(); }));
  REQUIRE(during == 11);
  REQUIRE_FALSE(e.running());
  kept->open();
  REQUIRE(eventually([&] { return done.load(); }));
  REQUIRE(after == 11);
  REQUIRE_FALSE(e.running());
}

TEST_CASE("what others publish while a handler runs does not take its correlation", "[engine]") {
  door kept;
  gyre::engine e;
  e.subscribe("x", {}, [&](const gyre::message&) {
     kept.pass();
     e.publish("own", "").value();
   }).value();
  const auto y = e.subscribe("y").value();
  const auto own = e.subscribe("own").value();
  REQUIRE(e.start());
  e.publish("x", "", {.correlation = 777}).value();
  REQUIRE(eventually([&] { return kept.entered(); }));
  e.publish("y", "").value();
  kept.open();
  gyre::owned_message m;
  REQUIRE(e.poll_message(y, m));
  REQUIRE(m.correlation != 777);
  REQUIRE(eventually([&] { return e.poll_message(own, m); }));
  REQUIRE(m.correlation == 777);
  REQUIRE(e.stop().value().empty());
}
