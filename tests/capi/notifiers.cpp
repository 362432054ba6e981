// notifiers.cpp - destroy(user): called exactly once, with no lock held, free to call the ABI; and
// callbacks inside of callbacks.
// Method: scenarios; each notifier calls what would wait for a lock that its caller still held.
#include <string>
#include <thread>
#include <utility>

#include "kit.hpp"

using namespace kit;

namespace {

using statuses = std::vector<gyre_status>;
const statuses all_well(4, GYRE_OK);

/// A `user` whose notifier looks at the engine and publishes on it.
struct teller : seen {
  std::atomic<bool> told{false};
  bool destroys = false;  // ... and destroys it
};
void tell(void* user) {
  auto& me = *static_cast<teller*>(user);
  auto totals = zero<gyre_totals>();
  double now = 0;
  gyre_loop loop = 0;
  me.statuses = {gyre_engine_now(me.engine, &now), gyre_snapshot_totals(me.engine, &totals),
                 gyre_loop_find(me.engine, "other", &loop, nullptr),
                 gyre_bus_publish(me.engine, "told", "x", 1, nullptr, nullptr)};
  if (me.destroys) me.statuses.push_back(gyre_engine_destroy(me.engine, nullptr));
  me.destroyed++;
  me.told = true;
}
void remove_self(void* user, gyre_tick, gyre_status* status) {
  auto& me = *static_cast<teller*>(user);
  me.ticks++;
  gyre_loop loop = 0;
  *status = gyre_loop_find(me.engine, "self", &loop, nullptr);
  if (*status == GYRE_OK) *status = gyre_loop_remove(loop, nullptr);
  CHECK(me.destroyed == 0);  // not before the callback has returned
}
void leave_self(void* user, const gyre_message*, gyre_status* status) {
  auto& me = *static_cast<teller*>(user);
  me.messages++;
  *status = gyre_bus_unsubscribe(me.subscription);
  CHECK(me.destroyed == 0);
}

/// Lets an engine run until the notifier was called.
void run(teller& t, int driver) {
  if (driver == GYRE_DRIVER_VIRTUAL) {
    REQUIRE(gyre_engine_advance_to(t.engine, 100, nullptr) == GYRE_OK);
    return;
  }
  REQUIRE(gyre_engine_start(t.engine, nullptr) == GYRE_OK);
  while (!t.told) std::this_thread::yield();
}

}  // namespace

// The notifier was once called under a lock of the engine when a loop was removed during its own
// tick: the first call of the ABI in it hung.
TEST_CASE("a notifier may call the ABI, wherever it is called", "[capi]") {
  const int driver = GENERATE(GYRE_DRIVER_VIRTUAL, GYRE_DRIVER_WORKERS);
  CAPTURE(driver);
  teller t;
  seen other;
  t.engine = make_engine(driver);
  gyre_loop loop = 0;
  auto options = loop_of("other", count_tick, &other);
  REQUIRE(gyre_loop_create(t.engine, &options, &loop, nullptr) == GYRE_OK);
  options = loop_of("self", remove_self, &t);
  options.destroy = tell;
  auto how = zero<gyre_subscription_options>();
  how.on_message = leave_self;
  how.user = &t;
  how.destroy = tell;
  statuses expected = all_well;
  SECTION("a loop removes itself") {
    t.destroys = true;  // refused there: it would wait for this very tick
    expected.push_back(GYRE_E_REENTRANT);
    REQUIRE(gyre_loop_create(t.engine, &options, &loop, nullptr) == GYRE_OK);
    run(t, driver);
    CHECK(t.ticks == 1);
  }
  SECTION("a subscription ends itself") {
    t.destroys = true;
    expected.push_back(GYRE_E_REENTRANT);
    REQUIRE(gyre_bus_subscribe(t.engine, "a", &how, &t.subscription, nullptr) == GYRE_OK);
    REQUIRE(gyre_bus_publish(t.engine, "a", nullptr, 0, nullptr, nullptr) == GYRE_OK);
    run(t, driver);
    CHECK(t.messages == 1);
  }
  SECTION("a loop is removed") {
    REQUIRE(gyre_loop_create(t.engine, &options, &loop, nullptr) == GYRE_OK);
    CHECK(gyre_loop_remove(loop, nullptr) == GYRE_OK);
  }
  SECTION("a subscription is ended") {
    REQUIRE(gyre_bus_subscribe(t.engine, "a", &how, &t.subscription, nullptr) == GYRE_OK);
    CHECK(gyre_bus_unsubscribe(t.subscription) == GYRE_OK);
  }
  SECTION("... and the notifier destroys the engine") {
    t.destroys = true;
    expected.push_back(GYRE_OK);
    REQUIRE(gyre_loop_create(t.engine, &options, &loop, nullptr) == GYRE_OK);
    CHECK(gyre_loop_remove(loop, nullptr) == GYRE_OK);
    CHECK(gyre_engine_start(t.engine, nullptr) == GYRE_E_STALE);
  }
  SECTION("creation fails") {
    options.name = "other";
    CHECK(gyre_loop_create(t.engine, &options, &loop, nullptr) == GYRE_E_EXISTS);
  }
  SECTION("subscribing fails") {
    CHECK(gyre_bus_subscribe(t.engine, "a..b", &how, &t.subscription, nullptr) == GYRE_E_ARG);
  }
  SECTION("a polled subscription has no use for it") {
    how.on_message = nullptr;
    CHECK(gyre_bus_subscribe(t.engine, "a", &how, &t.subscription, nullptr) == GYRE_OK);
  }
  SECTION("the engine is destroyed") {
    expected.assign(4, GYRE_E_STALE);
    REQUIRE(gyre_loop_create(t.engine, &options, &loop, nullptr) == GYRE_OK);
    CHECK(gyre_engine_destroy(t.engine, nullptr) == GYRE_OK);
  }
  CHECK(t.destroyed == 1);
  CHECK(t.statuses == expected);
  const gyre_status last = gyre_engine_destroy(t.engine, nullptr);
  CHECK((last == GYRE_OK || last == GYRE_E_STALE));
  CHECK(t.destroyed == 1);
}

TEST_CASE("a gyre_error without its size costs no notifier", "[capi]") {
  const gyre_engine engine = make_engine(GYRE_DRIVER_VIRTUAL);
  gyre_error unset;
  std::memset(&unset, 0, sizeof unset);
  seen of_loop, of_subscription;
  auto options = loop_of("loop", count_tick, &of_loop);
  gyre_loop loop = 0;
  CHECK(gyre_loop_create(engine, &options, &loop, &unset) == GYRE_E_ARG);
  CHECK(of_loop.destroyed == 1);
  auto how = zero<gyre_subscription_options>();
  how.user = &of_subscription;
  how.destroy = count_destroy;
  gyre_subscription sub = 0;
  CHECK(gyre_bus_subscribe(engine, "a", &how, &sub, &unset) == GYRE_E_ARG);
  CHECK(of_subscription.destroyed == 1);
  CHECK(gyre_engine_destroy(engine, nullptr) == GYRE_OK);
}

// Only the innermost engine was remembered once: destroying the outer one from here waited for the
// call that this is inside of.
TEST_CASE("a callback inside of a callback is inside of both engines", "[capi]") {
  struct pair : seen {
    gyre_engine inner = 0;
  } both;
  both.engine = make_engine(GYRE_DRIVER_VIRTUAL);
  both.inner = make_engine(GYRE_DRIVER_VIRTUAL);
  auto outer = loop_of(
      "outer",
      [](void* user, gyre_tick, gyre_status* status) {
        auto& me = *static_cast<pair*>(user);
        *status = gyre_engine_advance_to(me.inner, 5, nullptr);
        me.statuses.push_back(gyre_engine_stop(me.inner, 0, nullptr, 0, nullptr, nullptr));
      },
      &both);
  auto inner = loop_of(
      "inner",
      [](void* user, gyre_tick, gyre_status* status) {
        auto& me = *static_cast<pair*>(user);
        for (const gyre_engine each : {me.engine, me.inner}) {
          me.statuses.push_back(gyre_engine_destroy(each, nullptr));
          me.statuses.push_back(gyre_engine_stop(each, 0, nullptr, 0, nullptr, nullptr));
          me.statuses.push_back(gyre_engine_sync(each, nullptr));
        }
        *status = GYRE_OK;
      },
      &both);
  outer.destroy = inner.destroy = nullptr;
  gyre_loop loop = 0;
  REQUIRE(gyre_loop_create(both.engine, &outer, &loop, nullptr) == GYRE_OK);
  REQUIRE(gyre_loop_create(both.inner, &inner, &loop, nullptr) == GYRE_OK);
  REQUIRE(gyre_engine_advance_to(both.engine, 5, nullptr) == GYRE_OK);
  statuses expected(6, GYRE_E_REENTRANT);
  expected.push_back(GYRE_OK);  // back in the outer one, the inner one may be stopped
  CHECK(both.statuses == expected);
  CHECK(gyre_engine_destroy(both.inner, nullptr) == GYRE_OK);
  CHECK(gyre_engine_destroy(both.engine, nullptr) == GYRE_OK);
}
