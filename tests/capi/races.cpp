// races.cpp - an engine and what is its own are destroyed while three threads call everything.
// Method: fault, by chance. Which status a call gets depends on who comes first; each is one that
// docs/c.md lists (else the suite ends with its name), nothing crashes, and all of it ends. 0.4 s
// in the suite; GYRE_RACE_SECONDS=60 build/tests/test-capi-tsan "what is destroyed*" longer.
#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

#include "misuse.hpp"

namespace misuse {

namespace {

/// One of each, destroyed and made anew by one thread, called by others.
struct shared {
  std::atomic<std::uint32_t> engine{0}, loop{0}, tick{0}, subscription{0}, replay{0}, learner{0},
      tuner{0}, dqn{0}, tiles{0};
  std::atomic<bool> over{false};
  std::atomic<long> calls{0}, good{0};

  std::uint32_t of(const std::string& type) const {
    if (type == "gyre_loop") return loop;
    if (type == "gyre_tick") return tick;
    if (type == "gyre_subscription") return subscription;
    if (type == "gyre_replay") return replay;
    if (type == "gyre_learner") return learner;
    if (type == "gyre_dqn") return dqn;
    if (type == "gyre_tiles") return tiles;
    return type == "gyre_tuner" ? tuner : engine;
  }
};

/// Calls functions in an order of its own until it is over.
void call_all(shared& all, world& mine, std::uint32_t seed) {
  while (!all.over) {
    seed = seed * 1664525 + 1013904223;
    const function& f = functions[(seed >> 8) % function_count];
    auto a = mine.arguments(f);
    for (std::size_t i = 0; i < f.count; ++i) {
      if (f.parts[i].kind == kind::id) a[i] = of(all.of(f.parts[i].type));
    }
    const gyre_status got = f.call(a.data());
    ++all.calls;
    if (got == GYRE_OK) ++all.good;
  }
}

void ends_well(void*, gyre_tick, gyre_status* status) { *status = GYRE_OK; }

/// Makes one of each, lets the others at it for a moment, destroys it.
void live_and_die(shared& all, int driver) {
  auto how = kit::zero<gyre_engine_options>();
  how.driver = driver;
  gyre_engine engine = 0;
  if (gyre_engine_create(&how, &engine, nullptr) != GYRE_OK) return;
  auto o = kit::loop_of("one", ends_well, nullptr);
  o.destroy = nullptr;
  std::uint32_t id = 0;
  if (gyre_loop_create(engine, &o, &id, nullptr) == GYRE_OK) all.loop = id;
  o = kit::loop_of("two", nullptr, nullptr);
  o.destroy = nullptr;
  o.flags = GYRE_LOOP_EXTERNAL;
  (void)gyre_loop_create(engine, &o, &id, nullptr);
  if (gyre_bus_subscribe(engine, "kept.>", nullptr, &id, nullptr) == GYRE_OK) all.subscription = id;
  all.engine = engine;
  (void)gyre_engine_start(engine, nullptr);
  for (int i = 0; i < 50; ++i) {
    gyre_tick tick = 0;
    std::uint32_t n = 0;
    if (gyre_tick_acquire(engine, &tick, 1, &n, nullptr) == GYRE_OK && n == 1) all.tick = tick;
    std::this_thread::yield();
  }
  (void)gyre_engine_destroy(engine, nullptr);
}

/// ... of what needs no engine.
void renew_learners(shared& all) {
  auto rows = kit::zero<gyre_replay_options>();
  rows.row_size = 4;
  rows.capacity = 100;
  auto mind = kit::zero<gyre_learner_options>();
  mind.states = mind.actions = 2;
  auto tunes = kit::zero<gyre_tuner_options>();
  std::uint32_t id = 0;
  if (gyre_replay_create(&rows, &id, nullptr) == GYRE_OK) {
    (void)gyre_replay_destroy(all.replay.exchange(id));
  }
  if (gyre_learner_create(&mind, &id, nullptr) == GYRE_OK) {
    (void)gyre_learner_destroy(all.learner.exchange(id));
  }
  auto net = kit::zero<gyre_dqn_options>();
  net.inputs = net.actions = 1;
  net.capacity = 64;
  if (gyre_dqn_create(&net, &id, nullptr) == GYRE_OK) {
    (void)gyre_dqn_destroy(all.dqn.exchange(id));
  }
  if (gyre_tuner_create(&tunes, &id, nullptr) == GYRE_OK) {
    (void)gyre_tuner_destroy(all.tuner.exchange(id));
  }
}

}  // namespace

TEST_CASE("what is destroyed while three threads call it is stale, and nothing worse", "[capi]") {
  const char* const asked = std::getenv("GYRE_RACE_SECONDS");
  const std::chrono::duration<double> most(asked ? std::atof(asked) : .4);
  shared all;
  std::vector<std::unique_ptr<world>> worlds;  // whose arguments the callers give
  for (int i = 0; i < 3; ++i) worlds.push_back(std::make_unique<world>());
  std::vector<std::thread> callers;
  for (std::uint32_t i = 0; i < 3; ++i) {
    callers.emplace_back([&all, &mine = *worlds[i], i] { call_all(all, mine, 77 + i); });
  }
  const auto end = std::chrono::steady_clock::now() + most;
  int lives = 0;
  while (std::chrono::steady_clock::now() < end || lives < 6) {
    live_and_die(all, lives % 3);  // each driver in turn
    renew_learners(all);
    ++lives;
  }
  all.over = true;
  for (std::thread& each : callers) each.join();
  (void)gyre_replay_destroy(all.replay);
  (void)gyre_learner_destroy(all.learner);
  (void)gyre_tuner_destroy(all.tuner);
  (void)gyre_dqn_destroy(all.dqn);
  INFO(lives << " lives, " << all.calls << " calls, " << all.good << " of them good");
  CHECK(all.good > 0);
  CHECK(all.calls > all.good);
}

}  // namespace misuse
