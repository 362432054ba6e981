// Method: property: each method is reached through the ABI, learns, and goes on after save and
// load; fault: what is out of range, and other bytes.
#include <cmath>
#include <vector>

#include "kit.hpp"

namespace methods {

using namespace kit;

namespace {

/// A corridor of four cells: 1 leads on, 0 back; at its end 1 is earned.
void walk(gyre_learner id, int steps, std::uint32_t& at) {
  for (int i = 0; i < steps; ++i) {
    std::uint32_t action = 0;
    REQUIRE(gyre_learner_choose(id, &at, &action, 1) == GYRE_OK);
    auto t = zero<gyre_transition>();
    t.state = at;
    t.action = action;
    t.next = action == 1 ? at + 1 : at == 0 ? 0 : at - 1;
    t.reward = t.next == 4 ? 1 : 0;
    if (t.next == 4) t.flags = GYRE_TRANSITION_TERMINATED;
    REQUIRE(gyre_learner_observe(id, &t, 1) == GYRE_OK);
    at = t.next == 4 ? 0 : t.next;
  }
}

std::vector<char> saved(gyre_learner id) {
  std::uint32_t needed = 0;
  CHECK(gyre_learner_save(id, nullptr, 0, &needed) == GYRE_E_BUFFER);
  std::vector<char> bytes(needed);
  REQUIRE(gyre_learner_save(id, bytes.data(), needed, &needed) == GYRE_OK);
  return bytes;
}

}  // namespace

TEST_CASE("each method learns through the ABI, and goes on after load", "[capi]") {
  for (std::uint32_t method = GYRE_METHOD_Q; method <= GYRE_METHOD_SWEEPING; ++method) {
    CAPTURE(method);
    auto how = zero<gyre_learner_options>();
    how.states = 5;
    how.actions = 2;
    how.method = method;
    how.sequential = 1;
    how.explore_how = GYRE_EXPLORE_LINEAR;
    how.explore_from = .3;
    how.every = 1;
    gyre_learner id = 0, again = 0;
    REQUIRE(gyre_learner_create(&how, &id, nullptr) == GYRE_OK);
    REQUIRE(gyre_learner_create(&how, &again, nullptr) == GYRE_OK);
    std::uint32_t at = 0;
    walk(id, 2'000, at);
    REQUIRE(gyre_learner_train(id) == GYRE_OK);
    const std::uint32_t states[] = {0, 1, 2, 3};
    std::uint32_t best[4] = {};
    REQUIRE(gyre_learner_greedy(id, states, best, 4) == GYRE_OK);
    for (const std::uint32_t a : best) CHECK(a == 1);
    const auto bytes = saved(id);
    const auto size = static_cast<std::uint32_t>(bytes.size());
    REQUIRE(gyre_learner_load(again, bytes.data(), size, nullptr) == GYRE_OK);
    std::uint32_t same = at;
    walk(id, 300, at);
    walk(again, 300, same);
    CHECK(saved(id) == saved(again));
    auto err = zero<gyre_error>();
    CHECK(gyre_learner_load(again, bytes.data(), 20, &err) == GYRE_E_CORRUPT);
    CHECK(gyre_learner_load(again, "x", 1, &err) == GYRE_E_FORMAT);
    CHECK(saved(id) == saved(again));
    REQUIRE(gyre_learner_destroy(id) == GYRE_OK);
    REQUIRE(gyre_learner_destroy(again) == GYRE_OK);
  }
}

// They were kept as floats, of which 1e8 and 1e8 + 2 are the same.
TEST_CASE("a learner tells large rewards apart whose difference is small", "[capi]") {
  auto how = zero<gyre_learner_options>();
  how.states = 1;
  how.actions = 2;
  how.every = 1;
  gyre_learner id = 0;
  REQUIRE(gyre_learner_create(&how, &id, nullptr) == GYRE_OK);
  for (int i = 0; i < 400; ++i) {
    auto t = zero<gyre_transition>();
    t.action = i % 2;
    t.reward = i % 2 == 0 ? 1e8 : 1e8 + 2;
    REQUIRE(gyre_learner_observe(id, &t, 1) == GYRE_OK);
  }
  const std::uint32_t state = 0;
  std::uint32_t best = 0;
  REQUIRE(gyre_learner_greedy(id, &state, &best, 1) == GYRE_OK);
  CHECK(best == 1);
  REQUIRE(gyre_learner_destroy(id) == GYRE_OK);
}

// Told in so many words, it was taken for nothing told: a bonus of 2 where actions matter later.
TEST_CASE("exploration that is told is that, also where it is the default", "[capi]") {
  for (const double from : {0., .1}) {
    auto how = zero<gyre_learner_options>();
    how.states = how.actions = 2;
    how.sequential = 1;
    how.explore_from = from;
    gyre_learner id = 0;
    REQUIRE(gyre_learner_create(&how, &id, nullptr) == GYRE_OK);
    auto m = zero<gyre_learner_metrics>();
    REQUIRE(gyre_learner_metrics_read(id, &m) == GYRE_OK);
    CHECK(m.exploration == (from > 0 ? .1 : 2));
    REQUIRE(gyre_learner_destroy(id) == GYRE_OK);
  }
}

TEST_CASE("a method that is none, and numbers out of range, are refused", "[capi]") {
  const auto refused = [](auto change) {
    auto how = zero<gyre_learner_options>();
    how.states = how.actions = 2;
    change(how);
    gyre_learner id = 0;
    return gyre_learner_create(&how, &id, nullptr);
  };
  CHECK(refused([](auto& o) { o.method = 9; }) == GYRE_E_ARG);
  CHECK(refused([](auto& o) { o.method = 257; }) == GYRE_E_ARG);
  CHECK(refused([](auto& o) { o.explore_how = 6; }) == GYRE_E_ARG);
  CHECK(refused([](auto& o) { o.step_power = 1.5; }) == GYRE_E_ARG);
  CHECK(refused([](auto& o) { o.lambda = 2; }) == GYRE_E_ARG);
  CHECK(refused([](auto& o) { o.planning = 65'537; }) == GYRE_E_ARG);
}

TEST_CASE("a learner over tiles learns through the ABI in batches, and goes on after load",
          "[capi]") {
  const double lows[] = {0, 0}, highs[] = {1, 1};
  const std::uint32_t cuts[] = {4, 4};
  auto how = zero<gyre_tiles_options>();
  how.axis_count = 2;
  how.lows = lows;
  how.highs = highs;
  how.cuts = cuts;
  how.actions = 2;
  how.weights = 256;
  how.explore_from = .5;
  gyre_tiles id = 0, again = 0;
  REQUIRE(gyre_tiles_create(&how, &id, nullptr) == GYRE_OK);
  REQUIRE(gyre_tiles_create(&how, &again, nullptr) == GYRE_OK);
  const float seen[] = {.1F, .1F, .9F, .9F};
  const std::uint32_t ends[] = {GYRE_TRANSITION_TERMINATED, GYRE_TRANSITION_TERMINATED};
  std::uint32_t actions[2] = {};
  for (int i = 0; i < 200; ++i) {  // in one place 0 pays, in the other 1
    REQUIRE(gyre_tiles_choose(id, seen, actions, 2) == GYRE_OK);
    const double rewards[] = {actions[0] == 0 ? 1. : 0., actions[1] == 1 ? 1. : 0.};
    REQUIRE(gyre_tiles_observe(id, seen, actions, rewards, seen, ends, 2) == GYRE_OK);
  }
  REQUIRE(gyre_tiles_greedy(id, seen, actions, 2) == GYRE_OK);
  CHECK((actions[0] == 0 && actions[1] == 1));
  std::uint32_t needed = 0;
  CHECK(gyre_tiles_save(id, nullptr, 0, &needed) == GYRE_E_BUFFER);
  std::vector<char> bytes(needed), back(needed);
  REQUIRE(gyre_tiles_save(id, bytes.data(), needed, &needed) == GYRE_OK);
  REQUIRE(gyre_tiles_load(again, bytes.data(), needed, nullptr) == GYRE_OK);
  REQUIRE(gyre_tiles_save(again, back.data(), needed, &needed) == GYRE_OK);
  CHECK(bytes == back);
  CHECK(gyre_tiles_load(again, bytes.data(), needed - 1, nullptr) == GYRE_E_CORRUPT);
  CHECK(gyre_tiles_load(again, bytes.data(), 3, nullptr) == GYRE_E_FORMAT);
  const double zeros[] = {0, 0};
  const float bad[] = {0, 0, 0, INFINITY};
  actions[1] = 2;
  CHECK(gyre_tiles_observe(id, seen, actions, zeros, seen, nullptr, 2) == GYRE_E_ARG);
  CHECK(gyre_tiles_choose(id, bad, actions, 2) == GYRE_E_ARG);
  CHECK(gyre_tiles_choose(id, nullptr, actions, 2) == GYRE_E_ARG);
  how.explore_how = GYRE_EXPLORE_BONUS;
  gyre_tiles none = 0;
  CHECK(gyre_tiles_create(&how, &none, nullptr) == GYRE_E_ARG);
  REQUIRE(gyre_tiles_destroy(id) == GYRE_OK);
  CHECK(gyre_tiles_destroy(id) == GYRE_E_STALE);
  REQUIRE(gyre_tiles_destroy(again) == GYRE_OK);
}

}  // namespace methods
