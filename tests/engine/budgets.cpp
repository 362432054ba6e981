// Method: a host's clock that the test moves; what a poll does within a budget of ticks and of
// time, and that the next goes on with the rest.
#include <gyre/gyre.hpp>

#include <string>
#include <vector>

#include "catch.hpp"
#include "kit.hpp"

using namespace std::chrono_literals;
using kit::by_poll;
using kit::work_for;

TEST_CASE("a pending tick delays no other, and a budget leaves it a call in two polls",
          "[engine]") {
  gyre::engine e(by_poll());
  std::string order;
  const auto add = [&](const char* name, bool pends) {
    e.add({.name = name, .interval = 10ms, .jitter = 0}, [&order, name, pends](gyre::tick& t) {
       order += name;
       if (pends) (void)t.pending();
     }).value();
  };
  add("p", true);
  add("a", false);
  add("b", false);
  (void)e.poll(0ms).value();
  REQUIRE(order == "pab");
  order.clear();
  REQUIRE(e.poll(10ms).value().resumed == 1);
  REQUIRE(order == "abp");  // due later, and yet before what is pending
  order.clear();
  const auto did = e.poll(20ms, 1).value();
  REQUIRE(did.more);
  REQUIRE(did.ticks == 1);
  REQUIRE(did.next_due == 20ms);
  for (int i = 0; i < 3; ++i) (void)e.poll(gyre::duration((20 + i) * 1'000'000), 1).value();
  REQUIRE(order == "apb" + std::string("p"));
  const auto idle = e.poll(25ms, 1).value();
  REQUIRE(idle.resumed == 1);
  REQUIRE_FALSE(idle.more);  // no due tick is left
}

TEST_CASE("a poll ends after the tick that used up its time, and the next goes on in order",
          "[engine]") {
  const auto shards = GENERATE(1u, 2u);
  CAPTURE(shards);
  constexpr gyre::duration budget = 5ms;
  gyre::engine e({.driver = gyre::driver::host, .shards = static_cast<std::uint32_t>(shards)});
  struct call {
    std::size_t loop;
    gyre::duration begin, end;
  };
  std::vector<call> calls;
  for (std::size_t i = 0; i < 12; ++i) {
    e.add({.name = std::to_string(i), .interval = 1s, .jitter = 0}, [&, i](gyre::tick&) {
       const gyre::duration begin = gyre::monotonic_now();
       work_for(2ms);
       calls.push_back({i, begin, gyre::monotonic_now()});
     }).value();
  }
  std::size_t polls = 0;
  for (bool more = true; more; ++polls) {
    const std::size_t first = calls.size();
    const gyre::duration begin = gyre::monotonic_now();
    const auto did = e.poll(0ms, 1000, budget).value();
    const gyre::duration took = gyre::monotonic_now() - begin;
    REQUIRE(did.ticks == calls.size() - first);
    REQUIRE(did.ticks >= 1);
    more = did.more;
    if (more) {
      REQUIRE(took >= budget);
      REQUIRE(did.next_due == 0ms);
    }
    // None began after the time was used up; the engine's clock was read after the call's end.
    for (std::size_t i = first + 1; i < calls.size(); ++i) {
      REQUIRE(calls[i - 1].end < calls[first].begin + budget);
    }
  }
  REQUIRE(polls >= 4);  // at most three ticks of 2 ms in each
  REQUIRE(calls.size() == 12);
  for (std::size_t i = 0; i < 12; ++i) REQUIRE(calls[i].loop == i);
  REQUIRE(e.poll(1ms, 1000, budget).value().next_due == 1s);
}

TEST_CASE("no budget is too small to go on, and none is negative", "[engine]") {
  gyre::engine e(by_poll());
  int messages = 0;
  e.subscribe("m", {}, [&](const gyre::message&) {
     work_for(100us);
     ++messages;
   }).value();
  for (const char* const name : {"a", "b", "c"}) {
    e.add_external({.name = name, .interval = 1s, .jitter = 0}).value();
  }
  REQUIRE(e.poll(0ms, 10, -1ns).code() == gyre::code::arg);
  for (int left = 2; left >= 0; --left) {
    const auto did = e.poll(0ms, 10, 0ns).value();
    REQUIRE(did.ticks == 1);
    REQUIRE(did.more == (left != 0));
  }
  for (int i = 0; i < 100; ++i) e.publish("m", "text").value();
  REQUIRE(e.poll(1ms, 10, 0ns).value().more);
  REQUIRE(messages < 100);
  while (e.poll(1ms, 10, 0ns).value().more) {
  }
  REQUIRE(messages == 100);
  e.publish("m", "text").value();
  REQUIRE_FALSE(e.poll(2ms, 10, gyre::no_budget).value().more);
}
