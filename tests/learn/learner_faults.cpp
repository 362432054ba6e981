// Method: fault: damaged and foreign bytes; regressions: ties, offsets, changes that defeated it.
#include <cmath>
#include <gyre/learn/learner.hpp>
#include <limits>

#include "catch.hpp"

namespace learner_faults {

inline gyre::learner_options greedy_options() {
  gyre::learner_options o;
  o.explore = {.from = 0, .to = 0};
  return o;
}

inline bool alike(const gyre::learner& a, const gyre::learner& b) {
  gyre::byte_writer x, y;
  a.save(x);
  b.save(y);
  return x.data() == y.data();
}

/// What a learner of 3 states x 2 actions saves that has seen 30 ticks.
inline gyre::byte_writer taught(const gyre::learner_options& o) {
  gyre::learner l(3, 2, o, 1, 0);
  for (std::uint32_t i = 0; i < 30; ++i)
    REQUIRE(l.observe({.state = i % 3, .reward = 1, .next = 1}));
  gyre::byte_writer file;
  l.save(file);
  return file;
}

}  // namespace learner_faults

TEST_CASE("foreign and damaged bytes are refused and change nothing", "[learn]") {
  gyre::learner_options o = learner_faults::greedy_options();
  o.every = 1;
  o.warmup = 1;
  o.capacity = 20;
  const gyre::byte_writer file = learner_faults::taught(o);
  gyre::learner other(3, 2, o, 1, 0);
  REQUIRE(other.observe({.reward = 5}));
  gyre::learner before = other;
  for (std::size_t cut = 0; cut < file.size(); ++cut) {
    gyre::byte_reader in(std::span(file.data()).first(cut));
    CAPTURE(cut);
    REQUIRE(!other.load(in));
  }
  gyre::learner wide(3, 4, o, 1, 0);
  gyre::byte_reader shape(file.data());
  const auto refused = wide.load(shape);
  REQUIRE(refused.code() == gyre::code::format);
  REQUIRE(refused.error().text == "learner: saved with 3 states x 2 actions, now 3 x 4");
  std::vector<std::byte> bytes = file.data();
  bytes[0] = std::byte{99};
  gyre::byte_reader version(bytes);
  REQUIRE(other.load(version).code() == gyre::code::format);
  REQUIRE(learner_faults::alike(other, before));

  // A row of a larger learner inside bytes of the right shape must not become an index.
  gyre::learner large(200, 2, o, 1, 0);
  REQUIRE(large.observe({.state = 150, .reward = 1, .next = 150}));
  gyre::byte_writer rows, head, empty;
  large.memory().save(rows);
  before.save(head);
  before.memory().save(empty);
  gyre::byte_writer forged;
  forged.raw(std::span(head.data()).first(head.size() - empty.size()));
  forged.raw(rows.data());
  gyre::byte_reader in(forged.data());
  REQUIRE(other.load(in).code() == gyre::code::corrupt);
  REQUIRE(learner_faults::alike(other, before));
}

TEST_CASE("no byte of a saved learner can be flipped into a crash", "[learn]") {
  gyre::learner_options o;
  o.every = 2;
  o.warmup = 1;
  o.capacity = 8;
  const gyre::byte_writer file = learner_faults::taught(o);
  for (std::size_t i = 0; i < file.size(); ++i) {
    for (const int flip : {0x01, 0x40, 0x80, 0xff}) {
      std::vector<std::byte> bytes = file.data();
      bytes[i] ^= static_cast<std::byte>(flip);
      gyre::learner read(3, 2, o, 1, 0);
      gyre::byte_reader in(bytes);
      if (!read.load(in)) continue;
      for (std::uint32_t k = 0; k < 10; ++k) {
        const std::uint32_t a = read.act(k % 3);
        REQUIRE(read.observe({.state = k % 3, .action = a, .reward = 1, .next = 0}));
      }
      for (std::size_t c = 0; c < 6; ++c) REQUIRE(std::isfinite(read.q()[c]));
    }
  }
}

TEST_CASE("between equals a random action is taken, so no corridor ends at its first step",
          "[learn]") {
  gyre::learner l(1, 3, learner_faults::greedy_options(), 1, 0);
  int taken[3] = {};
  for (int i = 0; i < 3000; ++i) ++taken[l.act(0)];
  for (const int n : taken) REQUIRE(n == Approx(1000).margin(120));
}

// Rewards of 1e8 and 1e8 + 2 are one float; a learner that kept floats took either.
TEST_CASE("a small difference of large rewards is learned", "[learn]") {
  gyre::learner_options o;
  o.learning_rate = 1;
  gyre::learner l(1, 2, o, 1, 0);
  for (int i = 0; i < 200; ++i) {
    const std::uint32_t a = i % 2 == 0 ? 0 : 1;
    REQUIRE(l.observe({.action = a, .reward = 1e8 + 2.0 * a}));
  }
  REQUIRE(l.greedy(0) == 1);
  l.set_exploring(false);
  for (int i = 0; i < 50; ++i) REQUIRE(l.act(0) == 1);
}

// It replayed rows of before the change: right again after 2,100 ticks.
TEST_CASE("with discount 0 a change is learned from the rows since, not from all of them",
          "[learn]") {
  gyre::learner l(1, 2, {}, 1, 0);
  double lost = 0;
  for (int t = 0; t < 6000; ++t) {
    const std::uint32_t best = t / 1500 % 2 == 0 ? 0 : 1, a = l.act(0);
    if (a != best) ++lost;
    REQUIRE(l.observe({.action = a, .reward = a == best ? 2 : 1.5}));
  }
  REQUIRE(lost < 1200);  // half of the ticks, 3000, with rows of all time
}
