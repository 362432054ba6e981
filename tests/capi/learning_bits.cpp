// learning_bits.cpp - what a replay buffer and a learner over tiles have come to, bit for bit.
// Method: golden, of the same calls as in web-demo/tests/learning.test.mjs, which asks the module.
#include <vector>

#include <gyre/core/crc32c.hpp>

#include "kit.hpp"

using kit::zero;

namespace {

template <class Save>
std::uint32_t sum_of(std::uint32_t id, Save&& save) {
  std::uint32_t needed = 0;
  REQUIRE(save(id, nullptr, 0, &needed) == GYRE_E_BUFFER);
  std::vector<std::byte> bytes(needed);
  REQUIRE(save(id, bytes.data(), needed, &needed) == GYRE_OK);
  return gyre::crc32c(bytes);
}

}  // namespace

TEST_CASE("a replay buffer over C has the bits that the module has", "[capi]") {
  struct step {
    float seen[4];
    double reward;
    std::uint8_t terminated, truncated, rest[6];
  };
  const auto column = [](std::size_t offset, std::size_t bytes, std::uint32_t role) {
    return gyre_replay_column{sizeof(gyre_replay_column), static_cast<std::uint32_t>(offset),
                              static_cast<std::uint32_t>(bytes), role};
  };
  const gyre_replay_column columns[] = {
      column(offsetof(step, seen), 16, GYRE_COLUMN_PLAIN),
      column(offsetof(step, reward), 8, GYRE_COLUMN_REWARD),
      column(offsetof(step, terminated), 1, GYRE_COLUMN_TERMINATED),
      column(offsetof(step, truncated), 1, GYRE_COLUMN_TRUNCATED)};
  auto o = zero<gyre_replay_options>();
  o.row_size = sizeof(step);
  o.capacity = 50;
  o.columns = columns;
  o.column_count = 4;
  o.flags = GYRE_REPLAY_PRIORITIZED | GYRE_REPLAY_COUNT_SAMPLES;
  o.seed = 5;
  gyre_replay replay = 0;
  REQUIRE(gyre_replay_create(&o, &replay, nullptr) == GYRE_OK);
  std::uint32_t slots[8], generations[8];
  const float errors[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  for (std::uint32_t i = 0; i < 70; ++i) {
    step s{};
    for (float& x : s.seen) x = static_cast<float>(i);
    s.reward = i;
    s.terminated = i % 7 == 6;
    s.truncated = i % 10 == 9;
    REQUIRE(gyre_replay_push(replay, &s, 1) == GYRE_OK);
    REQUIRE(gyre_replay_draw(replay, slots, generations, nullptr, nullptr, 8, 0) == GYRE_OK);
    REQUIRE(gyre_replay_update(replay, slots, generations, errors, 8, nullptr) == GYRE_OK);
  }
  REQUIRE(sum_of(replay, gyre_replay_save) == 0xb487aecfU);
  REQUIRE(gyre_replay_destroy(replay) == GYRE_OK);
}

TEST_CASE("a learner over tiles has the bits that the module has", "[capi]") {
  const double lows[] = {0, -1}, highs[] = {1, 1};
  const std::uint32_t cuts[] = {4, 4};
  auto o = zero<gyre_tiles_options>();
  o.axis_count = o.actions = 2;
  o.lows = lows;
  o.highs = highs;
  o.cuts = cuts;
  o.tilings = 4;
  o.weights = 1024;
  o.lambda = .5;
  o.discount = .125;
  o.explore_from = .25;
  o.seed = 9;
  gyre_tiles tiles = 0;
  REQUIRE(gyre_tiles_create(&o, &tiles, nullptr) == GYRE_OK);
  for (std::uint32_t i = 0; i < 600; ++i) {  // action 1 pays in the right half, 0 in the left
    const auto x = [](std::uint32_t k) { return static_cast<float>(k * 7 % 32) / 32; };
    const auto y = [](std::uint32_t k) { return static_cast<float>(k * 5 % 16) / 8 - 1; };
    const float seen[] = {x(i), y(i)}, next[] = {x(i + 1), y(i + 1)};
    std::uint32_t action = 0;
    const std::uint32_t ends = i % 8 == 7 ? GYRE_TRANSITION_TERMINATED : 0;
    REQUIRE(gyre_tiles_choose(tiles, seen, &action, 1) == GYRE_OK);
    const double reward = (action == 1) == (seen[0] >= .5F) ? 1 : 0;
    REQUIRE(gyre_tiles_observe(tiles, seen, &action, &reward, next, &ends, 1) == GYRE_OK);
  }
  REQUIRE(sum_of(tiles, gyre_tiles_save) == 0xdade0888U);
  REQUIRE(gyre_tiles_destroy(tiles) == GYRE_OK);
}
