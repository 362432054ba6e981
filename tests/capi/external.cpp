// external.cpp - external ticks under several threads that take and return them.
// Method: property. Every status is GYRE_OK, and the engine counts the ticks that were returned.
#include <string>
#include <thread>

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
