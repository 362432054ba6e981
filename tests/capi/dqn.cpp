// dqn.cpp - a dqn by itself: what gyre::dqn is, over C; each wrong argument is an error.
// Method: model, a gyre::dqn of the same options fed alike; golden, the bits of what it has
// learned, which web-demo/tests/learning.test.mjs asks of the module; tables of what is refused.
#include <cmath>
#include <string>
#include <vector>

#include <gyre/core/crc32c.hpp>
#include <gyre/learn/dqn.hpp>

#include "kit.hpp"

using kit::zero;

namespace {

constexpr std::uint32_t small_layers[] = {8, 6};

gyre_dqn_options small_dqn() {
  auto o = zero<gyre_dqn_options>();
  o.inputs = 2;
  o.actions = 3;
  o.hidden = small_layers;
  o.layers = 2;
  o.batch = o.warmup = 16;
  o.capacity = 300;
  return o;
}
struct dqn_steps {  // columns
  std::vector<float> seen, next;
  std::vector<uint32_t> actions, flags;
  std::vector<double> rewards;
};
/// The same `count` steps, whatever the machine.
dqn_steps steps_of(uint32_t count) {
  dqn_steps s;
  for (uint32_t i = 0; i < count; ++i) {
    for (uint32_t k = 0; k < 2; ++k) {
      s.seen.push_back(static_cast<float>((i * 7 + k * 3) % 11) - 5);
      s.next.push_back(static_cast<float>((i * 7 + 7 + k * 3) % 11) - 5);
    }
    s.actions.push_back(i % 3);
    s.rewards.push_back(static_cast<double>(i % 3) - static_cast<double>(i * 7 % 11) / 8);
    s.flags.push_back(i % 13 == 12 ? 1 : i % 17 == 16 ? 2 : 0);
  }
  return s;
}
std::vector<std::byte> saved(gyre_dqn id) {
  uint32_t needed = 0;
  REQUIRE(gyre_dqn_save(id, nullptr, 0, &needed) == GYRE_E_BUFFER);
  std::vector<std::byte> bytes(needed);
  REQUIRE(gyre_dqn_save(id, bytes.data(), needed, &needed) == GYRE_OK);
  return bytes;
}
gyre_dqn made(const gyre_dqn_options& how) {
  gyre_dqn id = 0;
  auto err = zero<gyre_error>();
  const gyre_status got = gyre_dqn_create(&how, &id, &err);
  CAPTURE(err.text);
  REQUIRE(got == GYRE_OK);
  return id;
}
void feed(gyre_dqn id, const dqn_steps& s, uint32_t from, uint32_t to) {
  REQUIRE(gyre_dqn_observe(id, &s.seen[2 * from], &s.actions[from], &s.rewards[from],
                           &s.next[2 * from], &s.flags[from], to - from) == GYRE_OK);
}

}  // namespace

TEST_CASE("a dqn over C is a gyre::dqn, in batches or one by one", "[capi]") {
  const auto s = steps_of(400);
  const gyre_dqn id = made(small_dqn());
  gyre::dqn_options o;
  o.hidden = {8, 6};
  o.batch = o.warmup = 16;
  o.capacity = 300;
  gyre::dqn model(2, 3, o, 1, 0);
  uint32_t actions[5];
  float worth[15];
  for (uint32_t at = 0; at < 400; at += 5) {
    REQUIRE(gyre_dqn_act(id, &s.seen[2 * at], actions, 5) == GYRE_OK);
    for (uint32_t i = 0; i < 5; ++i) REQUIRE(actions[i] == model.act({&s.seen[2 * (at + i)], 2}));
    feed(id, s, at, at + 5);
    for (uint32_t i = at; i < at + 5; ++i) {
      REQUIRE(model.observe({.seen = {&s.seen[2 * i], 2}, .action = s.actions[i],
                             .reward = s.rewards[i], .next = {&s.next[2 * i], 2},
                             .terminated = s.flags[i] == 1, .truncated = s.flags[i] == 2}));
    }
  }
  REQUIRE(gyre_dqn_train(id, 2) == GYRE_OK);
  model.train();
  model.train();
  REQUIRE(gyre_dqn_worth(id, s.seen.data(), worth, 5) == GYRE_OK);
  for (uint32_t i = 0; i < 5; ++i) {
    const auto each = model.worth({&s.seen[2 * i], 2});
    for (uint32_t a = 0; a < 3; ++a) REQUIRE(worth[3 * i + a] == each[a]);
  }
  auto m = zero<gyre_dqn_metrics>();
  REQUIRE(gyre_dqn_metrics_read(id, &m) == GYRE_OK);
  const auto is = model.stats();
  REQUIRE(m.decisions == is.decisions);
  REQUIRE(m.observations == 400);
  REQUIRE(m.updates == is.updates);
  REQUIRE(m.episodes == is.episodes);
  REQUIRE(m.replay_size == 300);
  REQUIRE(m.bytes == is.bytes);
  REQUIRE(m.mean_error == is.mean_error);
  REQUIRE(m.exploration == is.exploration);
  gyre::byte_writer out;
  model.save(out);
  REQUIRE(saved(id) == out.data());
  REQUIRE(gyre_dqn_destroy(id) == GYRE_OK);
  REQUIRE(gyre_dqn_train(id, 1) == GYRE_E_STALE);
}

TEST_CASE("what a dqn has learned over C has the bits that the module has", "[capi]") {
  const auto s = steps_of(500);
  const gyre_dqn id = made(small_dqn());
  feed(id, s, 0, 500);
  const auto bytes = saved(id);
  REQUIRE(gyre::crc32c(std::span<const std::byte>(bytes).first(bytes.size() - 4)) == 0x621d4ce6U);
  REQUIRE(gyre_dqn_destroy(id) == GYRE_OK);
}

TEST_CASE("a dqn saved over C goes on as one that never stopped", "[capi]") {
  const auto s = steps_of(300);
  const gyre_dqn never = made(small_dqn()), other = made(small_dqn());
  feed(never, s, 0, 151);
  feed(other, s, 7, 60);
  auto bytes = saved(never);
  const auto before = saved(other);
  auto err = zero<gyre_error>();
  bytes[bytes.size() / 2] ^= std::byte{4};
  REQUIRE(gyre_dqn_load(other, bytes.data(), static_cast<uint32_t>(bytes.size()), &err) ==
          GYRE_E_CORRUPT);
  REQUIRE(saved(other) == before);
  REQUIRE(gyre_dqn_load(other, nullptr, 0, &err) == GYRE_E_FORMAT);
  bytes[bytes.size() / 2] ^= std::byte{4};
  REQUIRE(gyre_dqn_load(other, bytes.data(), static_cast<uint32_t>(bytes.size()), &err) == GYRE_OK);
  feed(never, s, 151, 300);
  feed(other, s, 151, 300);
  REQUIRE(saved(other) == saved(never));
  auto how = small_dqn();
  how.steps = 4;
  const gyre_dqn else_where = made(how);
  REQUIRE(gyre_dqn_load(else_where, bytes.data(), static_cast<uint32_t>(bytes.size()), &err) ==
          GYRE_E_FORMAT);
  for (const gyre_dqn id : {never, other, else_where}) REQUIRE(gyre_dqn_destroy(id) == GYRE_OK);
}

TEST_CASE("a dqn says what is wrong with its options", "[capi]") {
  const auto refuses = [](const char* word, gyre_status status, auto set) {
    auto how = small_dqn();
    set(how);
    gyre_dqn id = 77;
    auto err = zero<gyre_error>();
    const gyre_status got = gyre_dqn_create(&how, &id, &err);
    CAPTURE(word, err.text);
    CHECK(got == status);
    CHECK(std::string(err.text).find(word) != std::string::npos);
    CHECK(id == 77);
  };
  using o = gyre_dqn_options;
  refuses("inputs", GYRE_E_ARG, [](o& x) { x.inputs = 0; });
  refuses("inputs", GYRE_E_ARG, [](o& x) { x.inputs = 4097; });
  refuses("actions", GYRE_E_ARG, [](o& x) { x.actions = 0; });
  refuses("layers", GYRE_E_ARG, [](o& x) { x.layers = 5; });
  refuses("hidden", GYRE_E_ARG, [](o& x) { x.hidden = nullptr; });
  refuses("discount", GYRE_E_ARG, [](o& x) { x.discount = 2; });
  refuses("learning_rate", GYRE_E_ARG, [](o& x) { x.learning_rate = NAN; });
  refuses("beta_over", GYRE_E_ARG, [](o& x) { x.beta_over = .5; });
  refuses("explore_over", GYRE_E_ARG, [](o& x) { x.explore_over = -1; });
  refuses("exploration", GYRE_E_ARG, [](o& x) { x.explore_from = 1.5; });
  refuses("batch", GYRE_E_ARG, [](o& x) { x.batch = 2000; });
  refuses("capacity", GYRE_E_ARG, [](o& x) { x.capacity = 0xffffffffU; });
  refuses("steps", GYRE_E_ARG, [](o& x) { x.steps = 33; });
  refuses("flags", GYRE_E_UNSUPPORTED, [](o& x) { x.flags = 4; });
  auto how = zero<gyre_dqn_options>();  // of two numbers given, all else has its default
  how.inputs = how.actions = 1;
  how.flags = GYRE_DQN_SINGLE | GYRE_DQN_PLAIN;
  REQUIRE(gyre_dqn_destroy(made(how)) == GYRE_OK);
  REQUIRE(gyre_dqn_create(&how, nullptr, nullptr) == GYRE_E_ARG);
}

TEST_CASE("of a batch that a dqn refuses nothing is taken", "[capi]") {
  const gyre_dqn id = made(small_dqn());
  REQUIRE(gyre_dqn_train(id, 1) == GYRE_E_STATE);
  const auto good = steps_of(4);
  const auto refuses = [&](gyre_status status, auto spoil) {
    auto s = good;
    spoil(s);
    CHECK(gyre_dqn_observe(id, s.seen.data(), s.actions.data(), s.rewards.data(), s.next.data(),
                           s.flags.data(), 4) == status);
  };
  refuses(GYRE_E_ARG, [](dqn_steps& s) { s.seen[7] = NAN; });
  refuses(GYRE_E_ARG, [](dqn_steps& s) { s.next[7] = INFINITY; });
  refuses(GYRE_E_ARG, [](dqn_steps& s) { s.actions[3] = 3; });
  refuses(GYRE_E_ARG, [](dqn_steps& s) { s.rewards[3] = 1e39; });
  refuses(GYRE_E_ARG, [](dqn_steps& s) { s.flags[3] = 3; });
  refuses(GYRE_E_UNSUPPORTED, [](dqn_steps& s) { s.flags[3] = 4; });
  uint32_t action = 9;
  float worth[3];
  const float bad[] = {1, NAN};
  CHECK(gyre_dqn_act(id, bad, &action, 1) == GYRE_E_ARG);
  CHECK(gyre_dqn_act(id, nullptr, &action, 1) == GYRE_E_ARG);
  CHECK(gyre_dqn_act(id, good.seen.data(), nullptr, 1) == GYRE_E_ARG);
  CHECK(gyre_dqn_worth(id, bad, worth, 1) == GYRE_E_ARG);
  CHECK(gyre_dqn_worth(id, good.seen.data(), nullptr, 1) == GYRE_E_ARG);
  CHECK(gyre_dqn_observe(id, good.seen.data(), nullptr, good.rewards.data(), good.next.data(),
                         nullptr, 1) == GYRE_E_ARG);
  CHECK(gyre_dqn_observe(id, nullptr, nullptr, nullptr, nullptr, nullptr, 0) == GYRE_OK);
  CHECK(gyre_dqn_train(id, 65'537) == GYRE_E_ARG);
  CHECK(gyre_dqn_metrics_read(id, nullptr) == GYRE_E_ARG);
  auto m = zero<gyre_dqn_metrics>();
  REQUIRE(gyre_dqn_metrics_read(id, &m) == GYRE_OK);
  CHECK(action == 9);
  CHECK(m.observations == 0);
  CHECK(m.decisions == 0);
  CHECK(gyre_dqn_observe(id, good.seen.data(), good.actions.data(), good.rewards.data(),
                         good.next.data(), nullptr, 4) == GYRE_OK);  // no flags: nothing ended
  REQUIRE(gyre_dqn_destroy(id) == GYRE_OK);
}
