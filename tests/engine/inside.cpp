// Method: a tick does to its own loop and its own engine what others do from outside, on each
// driver, also beside the thread that drives its shard by then.
#include <gyre/gyre.hpp>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "catch.hpp"
#include "doors.hpp"

using namespace std::chrono_literals;
using doors::eventually;

TEST_CASE("a tick reconfigures its own loop, and each setting counts from its end on", "[engine]") {
  gyre::engine e({.driver = gyre::driver::virtual_time});
  gyre::loop self;
  std::string order;
  std::vector<std::int64_t> at;
  self = e.add({.name = "self", .interval = 10ms, .timeout = 20ms, .jitter = 0,
                .retry = {100ms, 100ms, 0}},
               [&](gyre::tick& t) {
                 order += 's';
                 at.push_back(e.now() / 1ms);
                 switch (t.number()) {
                   case 0: REQUIRE(self.reconfigure({.interval = 4ms})); break;
                   case 1:
                     t.spend(50ms);  // over the old timeout, within the new one
                     REQUIRE(self.reconfigure({.timeout = 100ms}));
                     break;
                   case 2:
                     t.spend(50ms);  // and the other way round
                     REQUIRE(self.reconfigure({.timeout = 20ms}));
                     REQUIRE(self.reconfigure({.retry = gyre::backoff{8ms, 8ms, 0}}));
                     break;
                   case 3:
                     REQUIRE(self.reconfigure({.interval = 0ms}).code() == gyre::code::arg);
                     REQUIRE(self.reconfigure({.priority = 1}));
                     break;
                   default: break;
                 }
               })
             .value();
  e.add({.name = "other", .interval = 4ms, .jitter = 0, .priority = 0}, [&](gyre::tick&) {
     order += 'o';
   }).value();
  e.advance_to(24ms).value();
  REQUIRE(at == std::vector<std::int64_t>{0, 4, 8, 16, 20, 24});
  REQUIRE(order == "so" "so" "so" "o" "so" "so" "so");
  const auto m = self.stats()->metrics;
  REQUIRE(m.timeouts == 1);
  REQUIRE(m.errors == 0);
  REQUIRE(m.succeeded == 5);
}

TEST_CASE("a tick on a thread changes, triggers, fails, pauses and removes its own loop",
          "[engine]") {
  const bool beside = GENERATE(false, true);  // handed off by then
  CAPTURE(beside);
  const auto kept = std::make_shared<int>(0);
  std::atomic<int> refused{0};
  std::atomic<std::uint64_t> others{0};
  gyre::engine_options o;
  o.shards = 1;
  o.hand_off = beside ? 2ms : gyre::duration(1h);
  gyre::engine e(o);
  gyre::loop self;
  self = e.add({.name = "self", .interval = 1h, .timeout = 60s, .jitter = 0},
               [&, kept](gyre::tick& t) {
                 while (beside && e.snapshot().totals.lost_threads == 0) std::this_thread::yield();
                 const auto check = [&](bool good) { refused += good ? 0 : 1; };
                 switch (t.number()) {
                   case 0:  // else the next would come in an hour
                     check(self.reconfigure({.interval = 1ms}).code() == gyre::code::ok);
                     break;
                   case 1:
                     check(self.reconfigure({.interval = 1h}).code() == gyre::code::ok);
                     check(self.trigger().code() == gyre::code::ok);
                     break;
                   case 2:
                     check(self.trigger().code() == gyre::code::ok);
#if GYRE_EXCEPTIONS
                     throw std::runtime_error("thrown");
#else
                     t.fail("thrown");
                     break;
#endif
                   case 3: check(self.pause().code() == gyre::code::ok); break;
                   default: check(self.remove().code() == gyre::code::ok); break;
                 }
               })
             .value();
  e.add({.name = "other", .interval = 1ms}, [&](gyre::tick&) { ++others; }).value();
  REQUIRE(e.start());
  REQUIRE(eventually([&] {
    const auto s = self.stats().value();
    return s.state == gyre::loop_state::paused && s.metrics.cycles == 4;
  }));
  const auto s = self.stats().value();
  REQUIRE(s.metrics.errors == 1);
  REQUIRE(s.last_error == "thrown");
  REQUIRE(s.metrics.succeeded == 3);
  REQUIRE(self.resume());
  REQUIRE(self.trigger());
  REQUIRE(eventually([&] { return kept.use_count() == 1; }));  // and the function is gone
  REQUIRE(self.stats().code() == gyre::code::stale);
  REQUIRE(refused == 0);
  const std::uint64_t before = others;
  REQUIRE(eventually([&] { return others > before + 5; }));
  REQUIRE(e.stop().value().empty());
}

TEST_CASE("an engine that is destroyed while ticks run waits for them", "[engine]") {
  const bool beside = GENERATE(false, true);
  CAPTURE(beside);
  for (int round = 0; round < 20; ++round) {
    const auto kept = std::make_shared<int>(0);
    std::atomic<int> begun{0}, ended{0};
    {
      gyre::engine_options o;
      o.shards = 1;
      o.hand_off = beside ? 2ms : gyre::duration(1h);
      gyre::engine e(o);
      for (const char* name : {"a", "b", "c", "d", "e", "f", "g", "h"}) {
        e.add({.name = name, .interval = 1ms, .timeout = 60s}, [&, kept](gyre::tick& t) {
           ++begun;
           while (!t.cancelled()) std::this_thread::yield();
           ++ended;
         }).value();
      }
      REQUIRE(e.start());
      REQUIRE(eventually([&] { return begun == (beside ? 8 : 1); }));
    }
    REQUIRE(ended == begun);
    REQUIRE(kept.use_count() == 1);  // and for their threads
  }
}
