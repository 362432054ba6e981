// external.cpp - external ticks in batches and under several threads, and pending ones.
// Method: property. Every status is what it should be, and the engine counts the ticks returned.
#include <chrono>
#include <cmath>
#include <string>
#include <thread>
#include <vector>

#include "kit.hpp"

using namespace kit;

// Looking for ended ticks once pinned those that other threads were using, which were then told
// that they are in use, or gone after they had been completed.
TEST_CASE("several threads take external ticks and return them, all accounted", "[capi]") {
  const gyre_engine engine = make_engine(GYRE_DRIVER_WORKERS);
  constexpr int loops = 48;
  for (int i = 0; i < loops; ++i) {
    auto options = zero<gyre_loop_options>();
    const std::string name = "loop-" + std::to_string(i);
    options.flags = GYRE_LOOP_EXTERNAL | GYRE_LOOP_STATELESS;
    options.name = name.c_str();
    options.interval_ms = 0.5;
    options.timeout_ms = 600'000;
    gyre_loop loop = 0;
    REQUIRE(gyre_loop_create(engine, &options, &loop, nullptr) == GYRE_OK);
  }
  REQUIRE(gyre_engine_start(engine, nullptr) == GYRE_OK);
  std::atomic<long> completed{0}, wrong{0};
  std::vector<std::thread> hosts;
  for (int i = 0; i < 4; ++i) {
    hosts.emplace_back([&] {
      while (completed < 4000) {
        gyre_tick ticks[3];
        std::uint32_t count = 0;
        if (gyre_tick_acquire(engine, ticks, 3, &count, nullptr) != GYRE_OK) wrong++;
        if (count == 0) std::this_thread::yield();
        for (std::uint32_t k = 0; k < count; ++k) {
          auto info = zero<gyre_tick_info>();
          for (const gyre_status status :
               {gyre_tick_reward(ticks[k], 1), gyre_tick_info_read(ticks[k], &info),
                gyre_tick_cancelled(ticks[k]), gyre_tick_complete(ticks[k], nullptr)}) {
            if (status != GYRE_OK) wrong++;
          }
          completed++;
        }
      }
    });
  }
  for (auto& host : hosts) host.join();
  CHECK(wrong == 0);
  auto totals = zero<gyre_totals>();
  REQUIRE(gyre_snapshot_totals(engine, &totals) == GYRE_OK);
  CHECK(totals.ticks == static_cast<std::uint64_t>(completed));
  CHECK(totals.errors + totals.timeouts + totals.cancelled == 0);
  CHECK(gyre_engine_destroy(engine, nullptr) == GYRE_OK);
}

TEST_CASE("a batch of external ticks is ended at once, each with its status", "[capi]") {
  const gyre_engine engine = make_engine(GYRE_DRIVER_VIRTUAL);
  const gyre_engine other = make_engine(GYRE_DRIVER_VIRTUAL);
  constexpr std::uint32_t loops = 200;
  std::vector<gyre_loop> all(loops);
  for (std::uint32_t i = 0; i < loops; ++i) {
    auto options = zero<gyre_loop_options>();
    const std::string name = "loop-" + std::to_string(i);
    options.flags = GYRE_LOOP_EXTERNAL | GYRE_LOOP_STATELESS;
    options.name = name.c_str();
    options.interval_ms = 1000;
    options.timeout_ms = 100;
    options.jitter = GYRE_NONE;
    REQUIRE(gyre_loop_create(engine, &options, &all[i], nullptr) == GYRE_OK);
  }
  REQUIRE(gyre_engine_advance_to(engine, 1, nullptr) == GYRE_OK);
  std::vector<gyre_tick> ticks(loops + 3);
  std::vector<double> took(loops + 3, 2.5);
  std::uint32_t count = 0;
  REQUIRE(gyre_tick_acquire(engine, ticks.data(), loops, &count, nullptr) == GYRE_OK);
  REQUIRE(count == loops);
  REQUIRE(gyre_tick_fail(ticks[7], "a reason") == GYRE_OK);
  took[9] = 0;  // by the engine's clock
  took[11] = 500;
  ticks[loops] = ticks[0];
  ticks[loops + 1] = all[0];
  ticks[loops + 2] = 0;

  took[100] = std::nan("");
  CHECK(gyre_tick_complete_many(engine, ticks.data(), took.data(), loops, nullptr) == GYRE_E_ARG);
  took[100] = 2.5;
  std::vector<gyre_status> statuses(loops + 3, 1);
  REQUIRE(gyre_tick_complete_many(other, ticks.data(), nullptr, 3, statuses.data()) == GYRE_OK);
  for (int i = 0; i < 3; ++i) CHECK(statuses[static_cast<std::size_t>(i)] == GYRE_E_STATE);
  REQUIRE(gyre_tick_complete_many(engine, ticks.data(), took.data(), loops + 3,
                                  statuses.data()) == GYRE_OK);
  for (std::uint32_t i = 0; i < loops; ++i) {
    CAPTURE(i);
    CHECK(statuses[i] == GYRE_OK);
  }
  CHECK(statuses[loops] == GYRE_E_STALE);
  CHECK(statuses[loops + 1] == GYRE_E_KIND);
  CHECK(statuses[loops + 2] == GYRE_E_STALE);
  CHECK(gyre_tick_complete(ticks[0], nullptr) == GYRE_E_STALE);
  auto totals = zero<gyre_totals>();
  REQUIRE(gyre_snapshot_totals(engine, &totals) == GYRE_OK);
  CHECK(totals.ticks == loops);
  CHECK(totals.errors == 1);
  CHECK(totals.timeouts == 1);

  // Late ones, also where they are the caller's for long: 20 batches stay out.
  REQUIRE(gyre_engine_advance_to(engine, 1001, nullptr) == GYRE_OK);
  std::uint32_t out = 0;
  while (gyre_tick_acquire(engine, &ticks[out], 10, &count, nullptr) == GYRE_OK && count != 0) {
    out += count;
  }
  CHECK(out >= loops - 2);  // those that failed are backing off
  REQUIRE(gyre_engine_advance_to(engine, 1102, nullptr) == GYRE_OK);
  REQUIRE(gyre_tick_complete_many(engine, ticks.data(), nullptr, out, statuses.data()) == GYRE_OK);
  for (std::uint32_t i = 0; i < out; ++i) CHECK(statuses[i] == GYRE_E_STALE);
  REQUIRE(gyre_snapshot_totals(engine, &totals) == GYRE_OK);
  CHECK(totals.ticks == loops + out);
  CHECK(totals.timeouts == 1 + out);
  CHECK(gyre_tick_complete_many(engine, nullptr, nullptr, 0, nullptr) == GYRE_OK);
  CHECK(gyre_engine_destroy(other, nullptr) == GYRE_OK);
  CHECK(gyre_engine_destroy(engine, nullptr) == GYRE_OK);
  CHECK(gyre_tick_complete_many(engine, ticks.data(), nullptr, 1, nullptr) == GYRE_E_STALE);
}

namespace {
struct pending_calls {
  std::vector<std::uint64_t> numbers;
  std::vector<std::uint32_t> calls;
  std::vector<gyre_status> said;
};
void three_calls(void* user, gyre_tick tick, gyre_status* status) {
  auto& seen = *static_cast<pending_calls*>(user);
  auto info = zero<gyre_tick_info>();
  if (gyre_tick_info_read(tick, &info) != GYRE_OK) return;
  seen.numbers.push_back(info.number);
  seen.calls.push_back(info.calls);
  if (info.calls < 2) seen.said.push_back(gyre_tick_pending(tick));
  *status = GYRE_OK;
}
void slow(void* user, gyre_tick, gyre_status* status) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(2);
  while (std::chrono::steady_clock::now() < end) {
  }
  ++*static_cast<int*>(user);
  *status = GYRE_OK;
}
}  // namespace

TEST_CASE("a callback's tick that is pending is called again by the next poll", "[capi]") {
  pending_calls seen;
  const gyre_engine engine = make_engine(GYRE_DRIVER_HOST);
  auto options = loop_of("l", three_calls, &seen);
  options.destroy = nullptr;
  gyre_loop loop = 0;
  REQUIRE(gyre_loop_create(engine, &options, &loop, nullptr) == GYRE_OK);
  auto did = zero<gyre_poll_result>();
  for (int i = 0; i < 3; ++i) {
    REQUIRE(gyre_engine_poll(engine, i, 0, &did, nullptr) == GYRE_OK);
    CHECK(did.next_due_ms == (i < 2 ? i : 10));
    CHECK(did.ticks == (i == 0 ? 1 : 0));
  }
  CHECK(seen.numbers == std::vector<std::uint64_t>{0, 0, 0});
  CHECK(seen.calls == std::vector<std::uint32_t>{0, 1, 2});
  CHECK(seen.said == std::vector<gyre_status>{GYRE_OK, GYRE_OK});
  auto totals = zero<gyre_totals>();
  REQUIRE(gyre_snapshot_totals(engine, &totals) == GYRE_OK);
  CHECK(totals.ticks == 1);
  CHECK(totals.errors == 0);
  CHECK(gyre_tick_pending(0) == GYRE_E_STALE);
  CHECK(gyre_engine_destroy(engine, nullptr) == GYRE_OK);

  const gyre_engine virtual_engine = make_engine(GYRE_DRIVER_VIRTUAL);
  REQUIRE(gyre_loop_create(virtual_engine, &options, &loop, nullptr) == GYRE_OK);
  REQUIRE(gyre_engine_advance_to(virtual_engine, 1, nullptr) == GYRE_OK);
  CHECK(seen.said.back() == GYRE_E_STATE);
  REQUIRE(gyre_snapshot_totals(virtual_engine, &totals) == GYRE_OK);
  CHECK(totals.errors == 1);
  CHECK(gyre_engine_destroy(virtual_engine, nullptr) == GYRE_OK);
}

TEST_CASE("a poll with a budget of time ends after the tick that used it up", "[capi]") {
  int ran = 0;
  const gyre_engine engine = make_engine(GYRE_DRIVER_HOST);
  for (const char* const name : {"a", "b", "c"}) {
    auto options = loop_of(name, slow, &ran);
    options.destroy = nullptr;
    gyre_loop loop = 0;
    REQUIRE(gyre_loop_create(engine, &options, &loop, nullptr) == GYRE_OK);
  }
  auto did = zero<gyre_poll_result>();
  for (int i = 1; i <= 3; ++i) {
    REQUIRE(gyre_engine_poll_within(engine, 1, 0, 1, &did, nullptr) == GYRE_OK);
    CHECK(did.ticks == 1);
    CHECK(did.more == (i < 3 ? 1u : 0u));
  }
  CHECK(ran == 3);
  for (const double bad : {-1.0, std::nan(""), 1e300}) {
    CHECK(gyre_engine_poll_within(engine, 2, 0, bad, &did, nullptr) == GYRE_E_ARG);
  }
  REQUIRE(gyre_engine_poll_within(engine, 50, 0, 0, &did, nullptr) == GYRE_OK);  // no limit
  CHECK(did.ticks == 3);
  CHECK(gyre_engine_destroy(engine, nullptr) == GYRE_OK);
}

TEST_CASE("the buckets of a loop add up to its ticks, over C", "[capi]") {
  const gyre_engine engine = make_engine(GYRE_DRIVER_VIRTUAL);
  auto options = zero<gyre_loop_options>();
  options.flags = GYRE_LOOP_EXTERNAL;
  options.name = "l";
  options.interval_ms = 10;
  gyre_loop loop = 0;
  REQUIRE(gyre_loop_create(engine, &options, &loop, nullptr) == GYRE_OK);
  std::uint32_t count = 1;
  for (int i = 0; i < 100; ++i) {
    gyre_tick tick = 0;
    REQUIRE(gyre_engine_advance_to(engine, 10 * (i + 1), nullptr) == GYRE_OK);
    REQUIRE(gyre_tick_acquire(engine, &tick, 1, &count, nullptr) == GYRE_OK);
    REQUIRE(count == 1);
    auto end = zero<gyre_completion>();
    end.took_ms = i % 2 == 0 ? 1 : 4;
    REQUIRE(gyre_tick_complete(tick, &end) == GYRE_OK);
  }
  double pairs[2946] = {};
  REQUIRE(gyre_loop_histogram(loop, GYRE_TIMES_LATENCY, pairs, 2946, &count) == GYRE_OK);
  REQUIRE(count == 4);
  CHECK(pairs[0] >= 1);
  CHECK(pairs[0] < 1.022);
  CHECK(pairs[1] == 50);
  CHECK(pairs[2] >= 4);
  CHECK(pairs[2] < 4 * 1.022);
  CHECK(pairs[3] == 50);
  REQUIRE(gyre_loop_histogram(loop, GYRE_TIMES_WINDOW, pairs, 4, nullptr) == GYRE_OK);
  CHECK(pairs[1] + pairs[3] == 100);
  CHECK(gyre_loop_histogram(loop, GYRE_TIMES_LATE, pairs, 2946, nullptr) == GYRE_OK);
  CHECK(gyre_loop_histogram(loop, GYRE_TIMES_LATENCY, pairs, 3, &count) == GYRE_E_BUFFER);
  CHECK(gyre_loop_histogram(loop, GYRE_TIMES_LATENCY, nullptr, 0, &count) == GYRE_E_BUFFER);
  CHECK(count == 4);
  CHECK(gyre_loop_histogram(loop, GYRE_TIMES_LATENCY, nullptr, 4, &count) == GYRE_E_ARG);
  CHECK(gyre_loop_histogram(loop, 3, pairs, 2946, &count) == GYRE_E_ARG);
  CHECK(gyre_engine_destroy(engine, nullptr) == GYRE_OK);
}
