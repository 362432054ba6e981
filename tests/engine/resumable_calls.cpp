// Method: a host's clock that the test moves, and every call that may come between two calls of a
// tick.
#include <gyre/gyre.hpp>

#include <functional>
#include <memory>
#include <utility>

#include "catch.hpp"
#include "kit.hpp"

using namespace std::chrono_literals;
using kit::by_poll;

namespace {

/// A loop whose first tick is pending, and stays so until `done`.
struct one_pending {
  gyre::engine e{by_poll()};
  int calls = 0;
  std::uint64_t begun = 0;
  bool done = false;
  bool cancelled = false;
  std::function<void(gyre::tick&)> inside;  // what its next calls do
  std::weak_ptr<int> watch;                 // what its callable owns
  gyre::loop l;

  one_pending() {
    auto held = std::make_shared<int>();
    watch = held;
    l = e.add({.name = "l", .interval = 100ms, .timeout = 1s, .jitter = 0},
              [this, kept = std::move(held)](gyre::tick& t) {
                ++calls;
                begun += t.calls() == 0 ? 1 : 0;
                if (inside) inside(t);
                cancelled = t.cancelled();
                if (!done) (void)t.pending();
              })
            .value();
    (void)e.poll(0ms).value();
  }
  gyre::metrics_stats metrics() const { return l.stats()->metrics; }
};

}  // namespace

TEST_CASE_METHOD(one_pending, "what comes while a tick is pending: remove and stop", "[engine]") {
  SECTION("remove ends it without a call and without a count") {
    REQUIRE(l.remove());
    REQUIRE(watch.expired());
    const auto did = e.poll(10ms).value();
    REQUIRE(did.resumed == 0);
    REQUIRE(did.next_due > 10ms);
    REQUIRE(calls == 1);
    REQUIRE(e.snapshot().totals.ticks == 0);
  }
  SECTION("remove in one of its calls tells it to give up, and it is not called again") {
    inside = [&](gyre::tick&) { REQUIRE(l.remove()); };
    (void)e.poll(10ms).value();
    REQUIRE(cancelled);
    REQUIRE(watch.expired());
    REQUIRE(e.poll(20ms).value().resumed == 0);
    REQUIRE(calls == 2);
    REQUIRE(e.snapshot().totals.ticks == 0);
  }
  SECTION("stop ends it without a call and without a count; the next tick is a new one") {
    REQUIRE(e.stop().value().empty());
    REQUIRE(l.stats()->state == gyre::loop_state::stopped);
    REQUIRE(e.poll(10ms).value().next_due == gyre::never);
    REQUIRE(e.start());
    done = true;
    (void)e.poll(11ms).value();
    REQUIRE(begun == 2);
    REQUIRE(metrics().cycles == 1);
  }
  SECTION("stop and start in one of its calls end it too") {
    inside = [&](gyre::tick&) {
      inside = nullptr;
      REQUIRE(e.stop());
      REQUIRE(e.start());
    };
    (void)e.poll(10ms).value();
    REQUIRE(metrics().cycles == 0);
    REQUIRE(calls == 3);  // the engine was started: a new tick is due
    REQUIRE(begun == 2);
    REQUIRE(l.stats()->state == gyre::loop_state::running);
  }
}

TEST_CASE_METHOD(one_pending, "what comes while a tick is pending: pause", "[engine]") {
  SECTION("pause lets it end; then the loop is paused, and resume goes on with the grid") {
    REQUIRE(l.pause());
    REQUIRE(l.stats()->state == gyre::loop_state::running);
    REQUIRE(e.poll(10ms).value().resumed == 1);
    done = true;
    (void)e.poll(20ms).value();
    REQUIRE(metrics().succeeded == 1);
    REQUIRE(l.stats()->state == gyre::loop_state::paused);
    (void)e.poll(350ms).value();
    REQUIRE(begun == 1);
    REQUIRE(l.resume());
    (void)e.poll(399ms).value();
    REQUIRE(begun == 1);
    (void)e.poll(400ms).value();
    REQUIRE(begun == 2);
  }
  SECTION("pause and resume before it ends change nothing") {
    REQUIRE(l.pause());
    REQUIRE(l.resume());
    done = true;
    REQUIRE(e.poll(20ms).value().next_due == 100ms);
    REQUIRE(begun == 1);
  }
}

TEST_CASE_METHOD(one_pending, "what comes while a tick is pending: reconfigure and trigger",
                 "[engine]") {
  SECTION("a new timeout counts from its next call on") {
    REQUIRE(l.reconfigure({.timeout = 500ms}));
    REQUIRE(e.poll(400ms).value().resumed == 1);
    REQUIRE(e.poll(600ms).value().resumed == 0);
    REQUIRE(metrics().timeouts == 1);
  }
  SECTION("a new interval holds for the tick after it") {
    REQUIRE(l.reconfigure({.interval = 30ms}));
    done = true;
    REQUIRE(e.poll(20ms).value().next_due == 30ms);
  }
  SECTION("a trigger asks for one tick after it, and costs no point of the grid") {
    REQUIRE(l.trigger());
    REQUIRE(l.trigger());
    (void)e.poll(10ms).value();
    REQUIRE(begun == 1);
    done = true;
    (void)e.poll(20ms).value();  // ends it, and runs the one that was asked for
    REQUIRE(begun == 2);
    REQUIRE(metrics().cycles == 2);
    REQUIRE(metrics().missed == 0);
    REQUIRE(e.poll(30ms).value().next_due == 100ms);
  }
  SECTION("a trigger that waits is forgotten by pause") {
    REQUIRE(l.trigger());
    (void)e.poll(10ms).value();
    REQUIRE(l.pause());
    REQUIRE(l.resume());
    done = true;
    (void)e.poll(20ms).value();
    REQUIRE(begun == 1);
  }
}
