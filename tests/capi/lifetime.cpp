// lifetime.cpp - who owns what, for how long: notifiers, ids, callbacks that destroy, threads.
// Method: scenarios over a virtual engine; a race of threads against destroy on workers.
#include <chrono>
#include <cmath>
#include <string>
#include <thread>

#include "kit.hpp"

using namespace kit;

TEST_CASE("destroy(user) is called once, whatever happens", "[capi]") {
  seen s;
  const gyre_engine engine = make_engine(GYRE_DRIVER_VIRTUAL);
  auto options = loop_of("loop", count_tick, &s);
  gyre_loop loop = 0;
  SECTION("creation fails") {
    options.interval_ms = -1;
    CHECK(gyre_loop_create(engine, &options, &loop, nullptr) == GYRE_E_ARG);
    CHECK(s.destroyed == 1);
    CHECK(gyre_engine_destroy(engine, nullptr) == GYRE_OK);
  }
  SECTION("the engine is dead") {
    CHECK(gyre_engine_destroy(engine, nullptr) == GYRE_OK);
    CHECK(gyre_loop_create(engine, &options, &loop, nullptr) == GYRE_E_STALE);
  }
  SECTION("an unknown field is set") {
    struct {
      gyre_loop_options known;
      double more;
    } later{options, 1};
    later.known.size = sizeof later;
    CHECK(gyre_loop_create(engine, &later.known, &loop, nullptr) == GYRE_E_UNSUPPORTED);
    CHECK(s.destroyed == 1);
    CHECK(gyre_engine_destroy(engine, nullptr) == GYRE_OK);
  }
  SECTION("the loop is removed") {
    REQUIRE(gyre_loop_create(engine, &options, &loop, nullptr) == GYRE_OK);
    REQUIRE(gyre_engine_start(engine, nullptr) == GYRE_OK);
    REQUIRE(gyre_engine_advance_to(engine, 55, nullptr) == GYRE_OK);
    CHECK(s.ticks == 6);
    CHECK(s.destroyed == 0);
    CHECK(gyre_loop_remove(loop, nullptr) == GYRE_OK);
    CHECK(gyre_loop_remove(loop, nullptr) == GYRE_E_STALE);
    REQUIRE(gyre_engine_advance_to(engine, 100, nullptr) == GYRE_OK);
    CHECK(s.destroyed == 1);
    CHECK(s.ticks == 6);
    CHECK(gyre_engine_destroy(engine, nullptr) == GYRE_OK);
  }
  SECTION("the engine is destroyed") {
    REQUIRE(gyre_loop_create(engine, &options, &loop, nullptr) == GYRE_OK);
    CHECK(s.destroyed == 0);
    CHECK(gyre_engine_destroy(engine, nullptr) == GYRE_OK);
    CHECK(gyre_loop_pause(loop) == GYRE_E_STALE);
  }
  SECTION("a subscription's: refused, ended, left to the engine") {
    auto how = zero<gyre_subscription_options>();
    how.on_message = [](void*, const gyre_message*, gyre_status* status) { *status = GYRE_OK; };
    how.user = &s;
    how.destroy = count_destroy;
    gyre_subscription sub = 0;
    CHECK(gyre_bus_subscribe(engine, "a..b", &how, &sub, nullptr) == GYRE_E_ARG);
    CHECK(s.destroyed == 1);
    REQUIRE(gyre_bus_subscribe(engine, "a", &how, &sub, nullptr) == GYRE_OK);
    CHECK(gyre_bus_unsubscribe(sub) == GYRE_OK);
    CHECK(gyre_bus_unsubscribe(sub) == GYRE_E_STALE);
    CHECK(s.destroyed == 2);
    REQUIRE(gyre_bus_subscribe(engine, "a", &how, &sub, nullptr) == GYRE_OK);
    CHECK(gyre_engine_destroy(engine, nullptr) == GYRE_OK);
    CHECK(s.destroyed == 3);
    s.destroyed = 1;
  }
  CHECK(s.destroyed == 1);
  CHECK(s.after == 0);
}

TEST_CASE("calls that would wait for the callback refuse inside it", "[capi]") {
  seen s;
  s.engine = make_engine(GYRE_DRIVER_VIRTUAL);
  auto options = loop_of(
      "loop",
      [](void* user, gyre_tick tick, gyre_status* status) {
        auto& me = *static_cast<seen*>(user);
        if (me.ticks++ > 0) return;
        auto info = zero<gyre_tick_info>();
        me.statuses = {gyre_engine_destroy(me.engine, nullptr),
                       gyre_engine_stop(me.engine, 0, nullptr, 0, nullptr, nullptr),
                       gyre_engine_sync(me.engine, nullptr),
                       gyre_engine_advance_to(me.engine, 1e6, nullptr),
                       gyre_tick_info_read(tick, &info),
                       gyre_tick_complete(tick, nullptr),
                       gyre_loop_pause(me.loop),
                       gyre_loop_remove(me.loop, nullptr)};
        CHECK(info.loop == me.loop);
        CHECK(info.number == 0);
        *status = GYRE_OK;
      },
      &s);
  REQUIRE(gyre_loop_create(s.engine, &options, &s.loop, nullptr) == GYRE_OK);
  REQUIRE(gyre_engine_start(s.engine, nullptr) == GYRE_OK);
  REQUIRE(gyre_engine_advance_to(s.engine, 100, nullptr) == GYRE_OK);
  CHECK(s.statuses == std::vector<gyre_status>{GYRE_E_REENTRANT, GYRE_E_REENTRANT,
                                               GYRE_E_REENTRANT, GYRE_E_REENTRANT, GYRE_OK,
                                               GYRE_E_STATE, GYRE_OK, GYRE_OK});
  CHECK(s.ticks == 1);
  CHECK(s.destroyed == 1);
  CHECK(gyre_loop_resume(s.loop) == GYRE_E_STALE);
  CHECK(gyre_engine_destroy(s.engine, nullptr) == GYRE_OK);
}

TEST_CASE("a callback that does not say GYRE_OK has failed", "[capi]") {
  seen s;
  const gyre_engine engine = make_engine(GYRE_DRIVER_VIRTUAL);
  auto options = loop_of("silent", [](void*, gyre_tick, gyre_status*) {}, &s);
  gyre_loop loop = 0;
  REQUIRE(gyre_loop_create(engine, &options, &loop, nullptr) == GYRE_OK);
  REQUIRE(gyre_engine_start(engine, nullptr) == GYRE_OK);
  REQUIRE(gyre_engine_advance_to(engine, 1, nullptr) == GYRE_OK);
  auto metrics = zero<gyre_loop_metrics>();
  REQUIRE(gyre_loop_metrics_read(loop, &metrics) == GYRE_OK);
  CHECK(metrics.errors == 1);
  CHECK(metrics.streak == 1);
  CHECK(metrics.state == GYRE_STATE_BACKING_OFF);
  CHECK(gyre_engine_destroy(engine, nullptr) == GYRE_OK);
}

TEST_CASE("external ticks are taken, answered and handed back; a late answer is stale", "[capi]") {
  const gyre_engine engine = make_engine(GYRE_DRIVER_HOST);
  const double values[] = {1, 2};
  auto knob = zero<gyre_knob>();
  knob.name = "k";
  knob.count = 2;
  knob.values = values;
  auto options = zero<gyre_loop_options>();
  options.flags = GYRE_LOOP_EXTERNAL | GYRE_LOOP_STATELESS;
  options.name = "host";
  options.interval_ms = 10;
  options.jitter = GYRE_NONE;
  options.timeout_ms = 50;
  options.knobs = &knob;
  options.knob_count = 1;
  gyre_loop loop = 0;
  REQUIRE(gyre_loop_create(engine, &options, &loop, nullptr) == GYRE_OK);
  REQUIRE(gyre_engine_start(engine, nullptr) == GYRE_OK);
  gyre_tick ticks[4] = {};
  std::uint32_t count = 9;
  auto polled = zero<gyre_poll_result>();
  const auto acquire_at = [&](double now_ms) {
    REQUIRE(gyre_engine_poll(engine, now_ms, 0, &polled, nullptr) == GYRE_OK);
    REQUIRE(gyre_tick_acquire(engine, ticks, 4, &count, nullptr) == GYRE_OK);
    REQUIRE(count == 1);
  };
  acquire_at(0);
  const gyre_tick first = ticks[0];
  auto info = zero<gyre_tick_info>();
  double value = 0;
  CHECK(gyre_tick_info_read(first, &info) == GYRE_OK);
  CHECK(info.loop == loop);
  CHECK(info.cpu_ms >= 0.001);
  CHECK(gyre_tick_knob(first, "k", &value) == GYRE_OK);
  CHECK((value == 1 || value == 2));
  CHECK(gyre_tick_knob(first, "no", &value) == GYRE_E_NOT_FOUND);
  CHECK(gyre_tick_reward(first, std::nan("")) == GYRE_E_ARG);
  CHECK(gyre_tick_cancelled(first) == GYRE_OK);
  auto done = zero<gyre_completion>();
  done.failed = 1;
  done.text = "no luck";
  CHECK(gyre_tick_complete(first, &done) == GYRE_OK);
  CHECK(gyre_tick_complete(first, &done) == GYRE_E_STALE);
  CHECK(gyre_tick_reward(first, 1) == GYRE_E_STALE);
  auto metrics = zero<gyre_loop_metrics>();
  REQUIRE(gyre_loop_metrics_read(loop, &metrics) == GYRE_OK);
  CHECK(metrics.errors == 1);

  acquire_at(500);  // after the backoff
  CHECK(gyre_tick_reward(ticks[0], 3) == GYRE_OK);
  REQUIRE(gyre_engine_poll(engine, 600, 0, &polled, nullptr) == GYRE_OK);  // past its timeout
  CHECK(gyre_tick_complete(ticks[0], nullptr) == GYRE_E_STALE);
  REQUIRE(gyre_loop_metrics_read(loop, &metrics) == GYRE_OK);
  CHECK(metrics.timeouts == 1);

  acquire_at(2000);
  CHECK(gyre_tick_complete(ticks[0], nullptr) == GYRE_OK);
  REQUIRE(gyre_loop_knob(loop, "k", &value) == GYRE_OK);
  CHECK(gyre_loop_knob(loop, "no", &value) == GYRE_E_NOT_FOUND);

  acquire_at(3000);
  REQUIRE(gyre_engine_stop(engine, 0, nullptr, 0, nullptr, nullptr) == GYRE_OK);
  CHECK(gyre_engine_poll(engine, 4000, 0, &polled, nullptr) == GYRE_OK);  // nothing, for ever
  CHECK(polled.ticks == 0);
  CHECK(polled.next_due_ms == -1);
  CHECK(gyre_engine_destroy(engine, nullptr) == GYRE_OK);
  CHECK(gyre_tick_complete(ticks[0], nullptr) == GYRE_E_STALE);
}

TEST_CASE("messages reach callbacks and polls, between ticks", "[capi]") {
  seen s;
  const gyre_engine engine = make_engine(GYRE_DRIVER_HOST);
  REQUIRE(gyre_engine_start(engine, nullptr) == GYRE_OK);
  auto how = zero<gyre_subscription_options>();
  how.user = &s;
  how.on_message = [](void* user, const gyre_message* m, gyre_status* status) {
    auto& me = *static_cast<seen*>(user);
    CHECK(std::string(m->topic) == "shop.orders");
    CHECK(std::string(static_cast<const char*>(m->payload), m->payload_size) == "three");
    CHECK(m->correlation == 77);
    me.messages++;
    *status = GYRE_OK;
  };
  gyre_subscription called = 0, polled = 0;
  REQUIRE(gyre_bus_subscribe(engine, "shop.*", &how, &called, nullptr) == GYRE_OK);
  REQUIRE(gyre_bus_subscribe(engine, "shop.>", nullptr, &polled, nullptr) == GYRE_OK);
  auto with = zero<gyre_publish_options>();
  with.correlation = 77;
  REQUIRE(gyre_bus_publish(engine, "shop.orders", "three", 5, &with, nullptr) == GYRE_OK);
  CHECK(s.messages == 0);
  REQUIRE(gyre_engine_poll(engine, 1, 0, nullptr, nullptr) == GYRE_OK);
  CHECK(s.messages == 1);
  auto message = zero<gyre_message>();
  char buf[64];
  std::uint32_t needed = 0;
  CHECK(gyre_bus_poll(polled, &message, buf, 3, &needed) == GYRE_E_BUFFER);
  CHECK(needed == 12 + 5);
  CHECK(gyre_bus_poll(polled, &message, buf, sizeof buf, &needed) == GYRE_OK);
  CHECK(std::string(message.topic) == "shop.orders");
  CHECK(message.payload_size == 5);
  CHECK(std::memcmp(message.payload, "three", 5) == 0);
  CHECK(gyre_bus_poll(polled, &message, buf, sizeof buf, &needed) == GYRE_E_NOT_FOUND);
  CHECK(gyre_bus_poll(called, &message, buf, sizeof buf, &needed) == GYRE_E_STATE);
  CHECK(gyre_bus_poll(polled, &message, nullptr, 5, &needed) == GYRE_E_ARG);
  auto metrics = zero<gyre_bus_metrics>();
  REQUIRE(gyre_bus_metrics_read(engine, &metrics) == GYRE_OK);
  CHECK(metrics.matched == metrics.delivered + metrics.pending);
  REQUIRE(gyre_bus_metrics_read(polled, &metrics) == GYRE_OK);
  CHECK(metrics.delivered == 1);
  CHECK(gyre_engine_destroy(engine, nullptr) == GYRE_OK);
  CHECK(gyre_bus_poll(polled, &message, buf, sizeof buf, &needed) == GYRE_E_STALE);
}

// A message that did not fit was once taken from the bus all the same, and lost uncounted when its
// subscription ended before a larger buffer came.
TEST_CASE("a message that does not fit the buffer stays on the bus and in its account", "[capi]") {
  const gyre_engine engine = make_engine(GYRE_DRIVER_HOST);
  gyre_subscription sub = 0;
  REQUIRE(gyre_bus_subscribe(engine, "a", nullptr, &sub, nullptr) == GYRE_OK);
  REQUIRE(gyre_bus_publish(engine, "a", "three", 5, nullptr, nullptr) == GYRE_OK);
  auto message = zero<gyre_message>();
  char buf[4];
  std::uint32_t needed = 0;
  CHECK(gyre_bus_poll(sub, &message, buf, sizeof buf, &needed) == GYRE_E_BUFFER);
  CHECK(needed == 7);
  auto metrics = zero<gyre_bus_metrics>();
  REQUIRE(gyre_bus_metrics_read(sub, &metrics) == GYRE_OK);
  CHECK(metrics.delivered == 0);
  CHECK(metrics.pending == 1);
  REQUIRE(gyre_bus_unsubscribe(sub) == GYRE_OK);
  REQUIRE(gyre_bus_metrics_read(engine, &metrics) == GYRE_OK);
  CHECK(metrics.matched == 1);
  CHECK(metrics.dropped_closed == 1);
  CHECK(metrics.delivered == 0);
  CHECK(gyre_engine_destroy(engine, nullptr) == GYRE_OK);
}

TEST_CASE("what its publishing lost is counted with the loop that published", "[capi]") {
  const gyre_engine engine = make_engine(GYRE_DRIVER_VIRTUAL);
  seen s;
  auto options = loop_of("loop", count_tick, &s);
  gyre_loop loop = 0;
  REQUIRE(gyre_loop_create(engine, &options, &loop, nullptr) == GYRE_OK);
  auto how = zero<gyre_subscription_options>();
  how.capacity = 1;
  gyre_subscription sub = 0;
  REQUIRE(gyre_bus_subscribe(engine, "a", &how, &sub, nullptr) == GYRE_OK);
  auto with = zero<gyre_publish_options>();
  with.source = loop;
  for (int i = 0; i < 3; ++i) {
    REQUIRE(gyre_bus_publish(engine, "a", nullptr, 0, &with, nullptr) == GYRE_OK);
  }
  with.source = 0;  // nobody's
  REQUIRE(gyre_bus_publish(engine, "a", nullptr, 0, &with, nullptr) == GYRE_OK);
  auto metrics = zero<gyre_loop_metrics>();
  REQUIRE(gyre_loop_metrics_read(loop, &metrics) == GYRE_OK);
  CHECK(metrics.dropped == 2);
  CHECK(gyre_engine_destroy(engine, nullptr) == GYRE_OK);
}

#if !defined(__EMSCRIPTEN__)
TEST_CASE("threads may call anything while another destroys the engine", "[capi]") {
  for (int round = 0; round < 8; ++round) {
    const gyre_engine engine = make_engine(GYRE_DRIVER_WORKERS);
    seen s[8];
    for (int i = 0; i < 8; ++i) {
      const std::string name = "loop-" + std::to_string(i);
      auto options = loop_of(name.c_str(), count_tick, &s[i]);
      options.interval_ms = 1;
      REQUIRE(gyre_loop_create(engine, &options, &s[i].loop, nullptr) == GYRE_OK);
    }
    REQUIRE(gyre_engine_start(engine, nullptr) == GYRE_OK);
    std::atomic<long> good{0}, stale{0}, wrong{0};
    std::vector<std::thread> users;
    for (int i = 0; i < 3; ++i) {
      users.emplace_back([&, i] {
        for (bool alive = true; alive;) {
          auto totals = zero<gyre_totals>();
          auto metrics = zero<gyre_loop_metrics>();
          const gyre_status statuses[] = {
              gyre_snapshot_totals(engine, &totals), gyre_loop_trigger(s[i].loop),
              gyre_bus_publish(engine, "a.b", "x", 1, nullptr, nullptr),
              gyre_loop_metrics_read(s[i].loop, &metrics)};
          for (const gyre_status status : statuses) {
            if (status == GYRE_OK || status == GYRE_E_OVERFLOW) {
              good++;
            } else if (status == GYRE_E_STALE) {
              stale++;
              alive = false;
            } else {
              wrong++;
            }
          }
        }
      });
    }
    while (good < 200) std::this_thread::yield();
    CHECK(gyre_engine_destroy(engine, nullptr) == GYRE_OK);
    for (auto& user : users) user.join();
    CHECK(wrong == 0);
    CHECK(stale >= 3);
    for (const seen& each : s) {
      CHECK(each.destroyed == 1);
      CHECK(each.after == 0);
    }
  }
}

TEST_CASE("stop names the loop that does not end, and destroy does not wait for it", "[capi]") {
  static std::atomic<bool> leave{false};
  static seen stuck, other;
  leave = false;
  const gyre_engine engine = make_engine(GYRE_DRIVER_WORKERS);
  auto options = loop_of(
      "stuck",
      [](void* user, gyre_tick, gyre_status* status) {
        static_cast<seen*>(user)->ticks++;
        while (!leave) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        *status = GYRE_OK;
      },
      &stuck);
  options.timeout_ms = 20;
  REQUIRE(gyre_loop_create(engine, &options, &stuck.loop, nullptr) == GYRE_OK);
  options = loop_of("other", count_tick, &other);
  REQUIRE(gyre_loop_create(engine, &options, &other.loop, nullptr) == GYRE_OK);
  REQUIRE(gyre_engine_start(engine, nullptr) == GYRE_OK);
  while (stuck.ticks == 0 || other.ticks < 10) std::this_thread::yield();
  char names[64] = "";
  std::uint32_t needed = 0;
  CHECK(gyre_engine_stop(engine, 50, names, 2, &needed, nullptr) == GYRE_E_BUFFER);
  CHECK(needed == 6);
  CHECK(std::string(names).empty());
  for (int i = 0; i < 2; ++i) {  // they are told as long as it is true
    CHECK(gyre_engine_stop(engine, 50, names, sizeof names, &needed, nullptr) == GYRE_E_TIMEOUT);
    CHECK(std::string(names) == "stuck");
  }
  CHECK(gyre_engine_destroy(engine, nullptr) == GYRE_OK);
  CHECK(other.destroyed == 1);
  CHECK(stuck.destroyed == 0);  // its thread is still inside
  leave = true;
  while (stuck.destroyed == 0) std::this_thread::yield();
  CHECK(stuck.destroyed == 1);
}
#endif
