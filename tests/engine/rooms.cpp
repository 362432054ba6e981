// Method: what a tick and a caller give to the bus, the memory and the graph is there, and is
// theirs.
#include <gyre/gyre.hpp>

#include <algorithm>
#include <string>

#include "catch.hpp"
#include "kit.hpp"

using namespace std::chrono_literals;
using kit::nothing;
using kit::virtual_clock;

TEST_CASE("handlers run between ticks and may use the engine", "[engine]") {
  gyre::engine e(virtual_clock());
  bool inside = false;
  std::uint64_t seen = 0;
  e.add({.name = "p", .interval = 10ms, .jitter = 0},
        [&](gyre::tick& t) {
          inside = true;
          REQUIRE(t.publish("a.b", "text") == gyre::code::ok);
          REQUIRE(seen == std::min<std::uint64_t>(t.number(), 10));  // publish only enqueues
          inside = false;
          if (t.number() == 3) REQUIRE(t.publish("a..b", "x") == gyre::code::arg);
        })
      .value();
  std::uint32_t id = 0;
  id = e.subscribe("a.*", {},
                   [&](const gyre::message& m) {
                     REQUIRE_FALSE(inside);
                     REQUIRE(m.text() == "text");
                     REQUIRE(m.source == e.find("p")->id());
                     ++seen;
                     e.publish("from.handler", "y").value();
                     if (seen == 10) REQUIRE(e.unsubscribe(id));
                   })
           .value();
  const auto polled = e.subscribe("from.>").value();
  const auto failed = e.subscribe("gyre.failed").value();
  e.advance_to(500ms).value();
  REQUIRE(seen == 10);
  gyre::owned_message out;
  std::uint64_t got = 0;
  while (e.poll_message(polled, out)) ++got;
  REQUIRE(got == 10);
  REQUIRE(e.poll_message(failed, out));  // the tick that published to a bad topic
  REQUIRE(e.subscription(polled)->delivered == 10);
  REQUIRE(e.subscription(id).code() == gyre::code::stale);
  const auto s = e.snapshot();
  REQUIRE(s.bus.balanced());
  for (const char* topic : {"", ".", "a.", ".a", "a..b", "a b", "*", "a.>"}) {
    CAPTURE(topic);
    REQUIRE(e.publish(topic, "x").code() == gyre::code::arg);
  }
  for (const char* pattern : {"", "a..b", ">.a", "a.>.b"}) {
    CAPTURE(pattern);
    REQUIRE(e.subscribe(pattern).code() == gyre::code::arg);
  }
}

TEST_CASE("ticks remember under their loop's name and recall finds it", "[engine]") {
  gyre::engine e(virtual_clock());
  e.add({.name = "scribe", .interval = 10ms, .jitter = 0},
        [&](gyre::tick& t) {
          gyre::record r;
          r.text = "note " + std::to_string(t.number());
          REQUIRE(t.remember(r) == gyre::code::ok);
        })
      .value();
  e.advance_to(995ms).value();
  const auto found = e.recall({.source = "scribe", .limit = 200});
  REQUIRE(found.size() == 100);
  REQUIRE(found[0].text == "note 99");
  REQUIRE(found[0].wall_ms == 990);
  REQUIRE(e.recall({.text = "NOTE 42"}).size() == 1);
  gyre::record bad;
  bad.importance = 2;
  REQUIRE(e.remember(bad).code() == gyre::code::arg);
  const auto s = e.snapshot();
  REQUIRE(s.memory.remembered == 100);
  REQUIRE(s.memory.in_ring + s.memory.in_blocks == 100);
  REQUIRE_FALSE(s.blocks.empty());
}

TEST_CASE("declared edges show in the snapshot", "[engine]") {
  gyre::engine e(virtual_clock());
  e.add({.name = "a", .interval = 1s}, nothing).value();
  e.add({.name = "b", .interval = 1s}, nothing).value();
  REQUIRE(e.connect("a", "b", .7));
  REQUIRE(e.connect("b", "a", -.4));
  REQUIRE(e.connect("b", "a", -2).code() == gyre::code::arg);
  const auto s = e.snapshot();
  REQUIRE(s.symbiosis.nodes.size() == 2);
  REQUIRE(s.symbiosis.edges.size() == 2);
  REQUIRE(s.symbiosis.synergies == 1);
  REQUIRE(s.symbiosis.conflicts == 1);
  REQUIRE(s.symbiosis.density == Approx(1));
  REQUIRE(e.find("a")->remove());
  REQUIRE(e.snapshot().symbiosis.edges.empty());
}

TEST_CASE("a tick may publish with a lifetime and a correlation", "[engine]") {
  gyre::engine e(virtual_clock());
  auto l = e.add({.name = "l", .interval = 1s, .jitter = 0}, [](gyre::tick& t) {
              t.publish("a", "x", {.correlation = 42, .source = 9, .ttl = 5ms, .may_wait = true});
              if (t.number() == 1) {
                REQUIRE(t.publish("a", "x", {.ttl = -1ms}) == gyre::code::arg);
              }
            }).value();
  const auto id = e.subscribe("a", {.capacity = 1, .policy = gyre::overflow::block}).value();
  e.advance_to(4ms).value();
  gyre::owned_message m;
  REQUIRE(e.poll_message(id, m));
  REQUIRE(m.correlation == 42);
  REQUIRE(m.source == l.id());
  REQUIRE(m.ttl == 5ms);
  e.advance_to(1500ms).value();
  REQUIRE_FALSE(e.poll_message(id, m));
  REQUIRE(e.subscription(id)->expired == 1);
  REQUIRE(l.stats()->metrics.errors == 1);
}

TEST_CASE("events of the engine's own are kept up to two a loop, and then counted", "[engine]") {
  gyre::engine e(virtual_clock());
  for (int i = 0; i < 120; ++i) {
    e.add({.name = "l" + std::to_string(i), .interval = 100ms, .jitter = 0, .deferrable = true},
          [](gyre::tick& t) { t.vitality(.1); })
        .value();
  }
  int heard = 0;
  e.subscribe("gyre.interval", {}, [&](const gyre::message&) { ++heard; }).value();
  e.advance_to(1500ms).value();
  REQUIRE(heard == 120);  // all of one window
  REQUIRE(e.snapshot().totals.events_dropped == 0);
  for (int i = 0; i < 250; ++i) {
    REQUIRE(e.find("l0")->reconfigure({.interval = 100ms + 1ms * (i % 2 + 1)}));
  }
  e.advance_to(1700ms).value();
  REQUIRE(heard == 120 + 240);
  REQUIRE(e.snapshot().totals.events_dropped == 10);
}
