// destroy.cpp - an engine is destroyed while others are inside of it; a callback that throws.
// Method: fault. Each case is a program that spun, waited for minutes or read freed memory.
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "../../capi/handles.hpp"
#include "kit.hpp"

using kit::loop_of;
using kit::make_engine;
using kit::zero;
using namespace std::chrono_literals;

namespace {

/// Lets threads go on once all of `count` are there.
class meeting {
 public:
  explicit meeting(int count) : missing_(count) {}
  void arrive() {
    std::unique_lock<std::mutex> hold(mutex_);
    if (--missing_ == 0) all_.notify_all();
    all_.wait(hold, [&] { return missing_ <= 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable all_;
  int missing_;
};

struct party {
  gyre_engine own = 0, other = 0;
  meeting* start = nullptr;
  meeting* over = nullptr;
  gyre_status destroyed = GYRE_OK, polled = GYRE_E_INTERNAL;
};

void destroy_other(void* user, gyre_tick, gyre_status* status) {
  auto& me = *static_cast<party*>(user);
  me.start->arrive();
  me.destroyed = gyre_engine_destroy(me.other, nullptr);
  me.over->arrive();  // neither poll ends before both have asked
  *status = GYRE_OK;
}

}  // namespace

// Each destroy waited, spinning, for the poll that the other one was inside of: both for ever.
TEST_CASE("two ticks that destroy each other's engine are both told that they cannot", "[capi]") {
  meeting start(2), over(2);
  party both[2];
  for (party& each : both) {
    each.own = make_engine(GYRE_DRIVER_HOST);
    each.start = &start;
    each.over = &over;
    auto options = loop_of("loop", destroy_other, &each);
    options.destroy = nullptr;
    gyre_loop loop = 0;
    REQUIRE(gyre_loop_create(each.own, &options, &loop, nullptr) == GYRE_OK);
  }
  both[0].other = both[1].own;
  both[1].other = both[0].own;
  std::thread threads[2];
  for (int i = 0; i < 2; ++i) {
    threads[i] = std::thread([&me = both[i]] {
      me.polled = gyre_engine_poll(me.own, 20, 1, nullptr, nullptr);
    });
  }
  for (std::thread& each : threads) each.join();
  for (const party& each : both) {
    CHECK(each.destroyed == GYRE_E_REENTRANT);
    CHECK(each.polled == GYRE_OK);
    CHECK(gyre_engine_destroy(each.own, nullptr) == GYRE_OK);  // it was left as it was
  }
}

TEST_CASE("a tick may destroy another engine that nobody moves", "[capi]") {
  const gyre_engine engine = make_engine(GYRE_DRIVER_VIRTUAL);
  gyre_engine idle = make_engine(GYRE_DRIVER_HOST);
  auto options = loop_of(
      "loop",
      [](void* user, gyre_tick, gyre_status* status) {
        *status = gyre_engine_destroy(*static_cast<gyre_engine*>(user), nullptr);
      },
      &idle);
  options.destroy = nullptr;
  gyre_loop loop = 0;
  REQUIRE(gyre_loop_create(engine, &options, &loop, nullptr) == GYRE_OK);
  REQUIRE(gyre_engine_advance_to(engine, 5, nullptr) == GYRE_OK);
  auto metrics = zero<gyre_loop_metrics>();
  REQUIRE(gyre_loop_metrics_read(loop, &metrics) == GYRE_OK);
  CHECK(metrics.cycles == 1);
  CHECK(metrics.errors == 0);
  CHECK(gyre_engine_start(idle, nullptr) == GYRE_E_STALE);
  CHECK(gyre_engine_destroy(engine, nullptr) == GYRE_OK);
}

// It waited, spinning, until the other thread's call had reached its instant: 24.7 s where the
// header says 5.
TEST_CASE("destroying an engine ends another thread's advance_to after its tick", "[capi]") {
  const gyre_engine engine = make_engine(GYRE_DRIVER_VIRTUAL);
  std::atomic<long> ticks{0};
  auto options = loop_of(
      "loop",
      [](void* user, gyre_tick, gyre_status* status) {
        ++*static_cast<std::atomic<long>*>(user);
        *status = GYRE_OK;
      },
      &ticks);
  options.interval_ms = 1;
  options.destroy = nullptr;
  gyre_loop loop = 0;
  REQUIRE(gyre_loop_create(engine, &options, &loop, nullptr) == GYRE_OK);
  gyre_status advanced = GYRE_E_INTERNAL;
  std::thread mover([&] { advanced = gyre_engine_advance_to(engine, 1e12, nullptr); });
  while (ticks < 1000) std::this_thread::yield();
  CHECK(gyre_engine_destroy(engine, nullptr) == GYRE_OK);
  const long at_destroy = ticks;
  mover.join();
  CHECK(advanced == GYRE_OK);
  CHECK(ticks == at_destroy);  // it had ended before
  CHECK(ticks < 1'000'000'000);
}

namespace {
struct owned : gyre::capi::object {
  static constexpr gyre::capi::kind id_kind = gyre::capi::kind::replay;
  explicit owned(std::atomic<int>& d) : deleted(d) {}
  ~owned() { ++deleted; }
  std::atomic<int>& deleted;
};
}  // namespace

TEST_CASE("a closed object is deleted by the last who has it pinned", "[capi]") {
  using gyre::code;
  gyre::capi::handle_table table;
  std::atomic<int> deleted{0};
  const std::uint32_t id = table.insert(new owned(deleted)).value();
  {
    auto inside = table.pin<owned>(id);
    REQUIRE(inside);
    {
      const auto driven = table.drive(*inside);
      REQUIRE(driven);
      CHECK(table.close<owned>(id, true).error().code == code::reentrant);
      CHECK(table.pin<owned>(id));  // nothing has changed
      auto closed = table.close<owned>(id, false);
      REQUIRE(closed);
      CHECK(table.pin<owned>(id).error().code == code::stale);
      CHECK(table.close<owned>(id, false).error().code == code::stale);
      CHECK(table.outlast(*closed, false, 0ns));  // but for the driver nobody is there
      CHECK(!table.outlast(*closed, true, 1ms));
    }
    CHECK(table.drive(*inside).error().code == code::stale);
    CHECK(deleted == 0);
  }
  CHECK(deleted == 1);
  CHECK(table.insert(new owned(deleted)).value() == id + (1u << 20));  // the next generation
  delete table.take<owned>(id + (1u << 20)).value();
}

#if GYRE_EXCEPTIONS
namespace {
struct thrown {
  gyre_tick kept = 0;
};
}  // namespace

// The tick's id went on naming what had been on the stack: a call with it was a crash.
TEST_CASE("a tick whose callback throws has failed, and its id is stale", "[capi]") {
  const gyre_engine engine = make_engine(GYRE_DRIVER_VIRTUAL);
  thrown seen;
  auto options = loop_of(
      "loop",
      [](void* user, gyre_tick tick, gyre_status*) {
        static_cast<thrown*>(user)->kept = tick;
        throw std::runtime_error("no luck");
      },
      &seen);
  options.destroy = nullptr;
  gyre_loop loop = 0;
  REQUIRE(gyre_loop_create(engine, &options, &loop, nullptr) == GYRE_OK);
  REQUIRE(gyre_engine_advance_to(engine, 5, nullptr) == GYRE_OK);
  auto metrics = zero<gyre_loop_metrics>();
  REQUIRE(gyre_loop_metrics_read(loop, &metrics) == GYRE_OK);
  CHECK(metrics.errors == 1);
  auto info = zero<gyre_tick_info>();
  CHECK(gyre_tick_info_read(seen.kept, &info) == GYRE_E_STALE);
  CHECK(gyre_tick_cancelled(seen.kept) == GYRE_E_STALE);
  CHECK(gyre_engine_destroy(engine, nullptr) == GYRE_OK);
}
#endif
