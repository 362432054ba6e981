// Method: references: a bandit's best arms, FrozenLake 4x4 against V* from value iteration; model:
// a chain worked out by hand; property: bit-equal continuation after save and load at many points;
// fault: refused rewards, damaged and foreign bytes; no memory taken once built.
#include <array>
#include <cmath>
#include <cstring>
#include <gyre/learn/agent.hpp>
#include <gyre/learn/learner.hpp>
#include <gyre/learn/tuner.hpp>
#include <limits>

#include "allocations.hpp"
#include "catch.hpp"

namespace {

bool same(const gyre::learner& a, const gyre::learner& b) {
  gyre::byte_writer x, y;
  a.save(x);
  b.save(y);
  return x.data() == y.data();
}

/// FrozenLake 4x4, slippery (Gymnasium, toy_text/frozen_lake.py): 0 left, 1 down, 2 right, 3 up;
/// the move is the wanted one or a neighbour of it, each 1/3; reward 1 on entering the goal.
struct frozen_lake {
  static constexpr const char* map = "SFFFFHFHFFFHHFFG";
  static bool ends(std::uint32_t s) { return map[s] == 'H' || map[s] == 'G'; }
  static std::uint32_t move(std::uint32_t s, std::uint32_t direction) {
    const std::uint32_t row = s / 4, column = s % 4;
    if (direction == 0) return column > 0 ? s - 1 : s;
    if (direction == 1) return row < 3 ? s + 4 : s;
    if (direction == 2) return column < 3 ? s + 1 : s;
    return row > 0 ? s - 4 : s;
  }
  static double reward(std::uint32_t next) { return map[next] == 'G' ? 1 : 0; }
  /// One of the three equally likely outcomes: slip 0, 1, 2.
  static std::uint32_t outcome(std::uint32_t s, std::uint32_t action, std::uint32_t slip) {
    return move(s, (action + 3 + slip) % 4);
  }
};

/// The exact worth of state 0 under a policy, by iterating its Bellman equation.
double worth(const std::array<std::uint32_t, 16>& policy, double discount) {
  std::array<double, 16> v{};
  for (int sweep = 0; sweep < 3000; ++sweep) {
    for (std::uint32_t s = 0; s < 16; ++s) {
      if (frozen_lake::ends(s)) continue;
      double sum = 0;
      for (std::uint32_t slip = 0; slip < 3; ++slip) {
        const std::uint32_t next = frozen_lake::outcome(s, policy[s], slip);
        sum += frozen_lake::reward(next) + discount * v[next];
      }
      v[s] = sum / 3;
    }
  }
  return v[0];
}

}  // namespace

static_assert(gyre::agent<gyre::learner>);

TEST_CASE("it stores, samples and trains from the first transition", "[learn]") {
  gyre::learner_options o;
  o.every = 1;
  o.warmup = 1;
  o.learning_rate = 0.5;
  gyre::learner l(1, 2, o, 1, 0);
  REQUIRE(l.observe({.state = 0, .action = 1, .reward = 2, .next = 0}));
  REQUIRE(l.stats().replay_size == 1);
  REQUIRE(l.stats().replay_sampled == 1);  // a batch of all there is
  REQUIRE(l.q()[1] == 1);
  REQUIRE(l.greedy(0) == 1);
}

TEST_CASE("by default it replays 32 rows each 10 observations once 32 are there", "[learn]") {
  gyre::learner l(1, 2, {}, 1, 0);
  for (std::uint64_t n = 1; n <= 6000; ++n) {
    REQUIRE(l.observe({.reward = 1}));
    const gyre::learner_stats s = l.stats();
    REQUIRE(s.replay_size == std::min<std::uint64_t>(n, 5000));
    REQUIRE(s.replay_added == n);
    REQUIRE(s.observations == n);
    REQUIRE(s.updates == (n < 40 ? 0 : (n / 10 - 3) * 32));
    REQUIRE(s.replay_sampled == s.updates);
  }
  REQUIRE(l.visits()[0] == 6000);
  REQUIRE(l.stats().q_values == 1);
  REQUIRE(l.stats().mean_reward == Approx(1));
}

TEST_CASE("a buffer smaller than batch and warmup trains all the same", "[learn]") {
  gyre::learner_options o;
  o.capacity = 4;
  gyre::learner l(1, 1, o, 1, 0);
  for (int i = 0; i < 20; ++i) REQUIRE(l.observe({.reward = 1}));
  REQUIRE(l.stats().updates == 8);
}

TEST_CASE("the newest row is one of each batch: what was just seen waits for no luck", "[learn]") {
  gyre::learner_options o;
  o.discount = 0.5;
  o.learning_rate = 1;
  o.every = 1;
  o.warmup = 1;
  o.batch = 1;
  o.capacity = 100;
  gyre::learner l(100, 1, o, 1, 0);
  for (std::uint32_t s = 0; s < 100; ++s) {  // left to chance it were drawn once in so many
    REQUIRE(l.observe({.state = s, .reward = s + 1.0, .next = s, .terminated = 1}));
    REQUIRE(l.q()[s] == static_cast<float>(s + 1));
  }
  l.train();
  REQUIRE(l.table().updates(99, 0) == 2);
}

TEST_CASE("terminated stops the bootstrap, truncated does not, nor does discount 0 bootstrap",
          "[learn]") {
  for (const double discount : {0.0, 0.5}) {
    gyre::learner_options o;
    o.discount = discount;
    o.learning_rate = 1;
    o.every = 1;
    o.warmup = 1;
    o.batch = 1;
    o.capacity = 1;  // what was observed last is what is replayed
    gyre::learner l(3, 2, o, 1, 0);
    const auto bootstrap = static_cast<float>(discount * 8);
    REQUIRE(l.observe({.state = 1, .action = 1, .reward = 8, .next = 2, .terminated = 1}));
    REQUIRE(l.q()[3] == 8);
    REQUIRE(l.observe({.state = 0, .action = 0, .reward = 1, .next = 1}));
    REQUIRE(l.q()[0] == 1 + bootstrap);
    REQUIRE(l.observe({.state = 0, .action = 0, .reward = 1, .next = 1, .truncated = 1}));
    REQUIRE(l.q()[0] == 1 + bootstrap);
    REQUIRE(l.observe({.state = 0, .action = 0, .reward = 1, .next = 1, .terminated = 1}));
    REQUIRE(l.q()[0] == 1);
    REQUIRE(l.observe(
        {.state = 0, .action = 1, .reward = 1, .next = 1, .terminated = 1, .truncated = 1}));
    REQUIRE(l.q()[1] == 1);
  }
}

TEST_CASE("a reward that is not finite or an index out of range teaches nothing", "[learn]") {
  gyre::learner_options o;
  o.every = 1;
  o.warmup = 1;
  gyre::learner l(2, 3, o, 1, 0);
  gyre::learner clean(2, 3, o, 1, 0);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float inf = std::numeric_limits<float>::infinity();
  REQUIRE(l.observe({.reward = 1}));
  REQUIRE(clean.observe({.reward = 1}));
  REQUIRE(!l.observe({.reward = nan}));
  REQUIRE(!l.observe({.reward = inf}));
  REQUIRE(!l.observe({.reward = -inf}));
  REQUIRE(!l.observe({.state = 2}));
  REQUIRE(!l.observe({.action = 3}));
  REQUIRE(!l.observe({.next = 2}));
  REQUIRE(l.stats().refused == 6);
  REQUIRE(l.stats().observations == 1);
  REQUIRE(l.stats().replay_size == 1);
  REQUIRE(l.stats().mean_reward == 1);
  for (std::size_t i = 0; i < 6; ++i) REQUIRE(l.q()[i] == clean.q()[i]);
}

TEST_CASE("exploration follows its schedule, and off means greedy", "[learn]") {
  gyre::learner_options o;
  o.explore = {.from = 1, .to = 0.2, .over = 10000};
  gyre::learner l(1, 4, o, 3, 0);
  std::array<int, 4> first{}, last{};
  for (int i = 0; i < 100; ++i) REQUIRE(l.observe({.action = 0, .reward = 1}));
  for (int i = 0; i < 2000; ++i) ++first[l.act(0)];  // 0.92 random on the way: about 540 to 460
  while (l.decisions() < 10000) (void)l.act(0);
  REQUIRE(l.stats().exploration == 0.2);
  for (int i = 0; i < 10000; ++i) ++last[l.act(0)];
  for (std::size_t a = 1; a < 4; ++a) {
    REQUIRE(first[a] == Approx(460).margin(70));
    REQUIRE(last[a] == Approx(500).margin(70));
  }
  REQUIRE(last[0] == Approx(8500).margin(150));
  l.set_exploring(false);
  REQUIRE(l.stats().exploration == 0);
  for (int i = 0; i < 1000; ++i) REQUIRE(l.act(0) == 0);
  REQUIRE(l.decisions() == 21000);
}

TEST_CASE("each state of a noisy bandit finds its best arm, in ten seeds of ten", "[learn]") {
  const double means[2][5] = {{1, 2, 3, 2, 1}, {3, 1, 2, 1, 2}};
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    gyre::learner_options o;
    o.learning_rate = 0.002;
    o.sample_average = true;
    o.explore = {.from = 1, .to = 0.05, .over = 2000};
    gyre::learner l(2, 5, o, seed, 0);
    gyre::rng noise(seed, 0, gyre::purpose::user);
    double late = 0;
    for (int i = 0; i < 6000; ++i) {
      const std::uint32_t s = noise.below(2);
      const std::uint32_t a = l.act(s);
      const double r = means[s][a] + noise.normal();
      REQUIRE(l.observe({.state = s, .action = a, .reward = static_cast<float>(r)}));
      if (i >= 4000) late += means[s][a] / 2000;
    }
    CAPTURE(seed);
    REQUIRE(l.greedy(0) == 2);
    REQUIRE(l.greedy(1) == 0);
    REQUIRE(l.q()[2] == Approx(3).margin(0.3));
    REQUIRE(late > 2.85);  // the best is 3, random is 1.8
    REQUIRE(l.stats().mean_reward == Approx(late).margin(0.7));
  }
}

TEST_CASE("FrozenLake 4x4: the learned policy is worth the optimum", "[learn]") {
  const std::array<std::uint32_t, 16> best = {0, 3, 3, 3, 0, 0, 0, 0, 3, 1, 0, 0, 0, 2, 1, 0};
  REQUIRE(worth(best, 0.99) == Approx(0.5420259320).epsilon(1e-9));  // value iteration to 1e-12
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    gyre::learner_options o;
    o.discount = 0.99;
    o.learning_rate = 0.005;
    o.sample_average = true;
    o.explore = {.from = 1, .to = 0.2, .over = 50000};
    o.capacity = 20000;
    o.every = 4;
    gyre::learner l(16, 4, o, seed, 0);
    gyre::rng world(seed, 1, gyre::purpose::user);
    std::uint32_t s = 0;
    int steps = 0;
    for (int i = 0; i < 150000; ++i) {
      const std::uint32_t a = l.act(s);
      const std::uint32_t next = frozen_lake::outcome(s, a, world.below(3));
      const bool end = frozen_lake::ends(next);
      const bool cut = !end && ++steps == 100;
      REQUIRE(l.observe({.state = s,
                         .action = a,
                         .reward = static_cast<float>(frozen_lake::reward(next)),
                         .next = next,
                         .terminated = end,
                         .truncated = cut}));
      s = end || cut ? 0 : next;
      if (end || cut) steps = 0;
    }
    std::array<std::uint32_t, 16> learned{};
    for (std::uint32_t i = 0; i < 16; ++i) learned[i] = l.greedy(i);
    CAPTURE(seed);
    REQUIRE(worth(learned, 0.99) > 0.98 * 0.5420259320);
    REQUIRE(l.table().best(0) == Approx(0.542).margin(0.06));
  }
}

TEST_CASE("a learner goes on bit for bit after save and load, wherever it stopped", "[learn]") {
  gyre::learner_options o;
  o.discount = 0.95;
  o.capacity = 100;
  o.every = 3;
  o.explore = {.from = 1, .to = 0.1, .over = 300};
  const auto step = [](gyre::learner& l, int i) {
    const auto s = static_cast<std::uint32_t>(i % 7);
    const std::uint32_t a = l.act(s);
    const float reward = i % 50 == 9 ? std::numeric_limits<float>::quiet_NaN()
                                     : static_cast<float>(a * 0.3) - static_cast<float>(s);
    (void)l.observe({.state = s,
                     .action = a,
                     .reward = reward,
                     .next = (s + a) % 7,
                     .terminated = i % 20 == 0,
                     .truncated = i % 33 == 0});
    return a;
  };
  for (const int cut : {0, 1, 31, 32, 33, 99, 100, 101, 250, 777}) {
    gyre::learner whole(7, 5, o, 11, 4);
    whole.set_exploring(cut != 250);
    for (int i = 0; i < cut; ++i) step(whole, i);
    gyre::byte_writer file;
    whole.save(file);
    gyre::learner reopened(7, 5, o, 11, 4);
    gyre::byte_reader in(file.data());
    REQUIRE(reopened.load(in));
    REQUIRE(in.remaining() == 0);
    REQUIRE(same(whole, reopened));
    for (int i = cut; i < cut + 400; ++i) {
      CAPTURE(cut, i);
      REQUIRE(step(whole, i) == step(reopened, i));
      REQUIRE(std::memcmp(whole.q(), reopened.q(), 35 * sizeof(float)) == 0);
    }
    REQUIRE(same(whole, reopened));
  }
}

TEST_CASE("a learner restored by observing its journal again is the one that wrote it", "[learn]") {
  gyre::learner_options o;
  o.every = 2;
  gyre::learner l(3, 4, o, 5, 1);
  std::vector<gyre::transition> journal;
  for (std::uint32_t i = 0; i < 500; ++i) {
    const std::uint32_t a = l.act(i % 3);
    journal.push_back({i % 3, a, static_cast<float>(a) * 0.1F, (i + 1) % 3, 0, 0});
    REQUIRE(l.observe(journal.back()));
  }
  gyre::learner again(3, 4, o, 5, 1);
  for (const auto& t : journal) REQUIRE(again.observe(t));
  again.resume_at(l.decisions());
  REQUIRE(same(l, again));
}

TEST_CASE("seed and stream decide everything; another of either decides otherwise", "[learn]") {
  gyre::learner_options o;
  o.explore = {.from = 1, .to = 1};
  gyre::learner a(1, 16, o, 1, 0), b(1, 16, o, 1, 0), seed(1, 16, o, 2, 0), other(1, 16, o, 1, 1);
  for (std::uint32_t i = 0; i < 200; ++i) {  // the same experience, replayed in other batches
    const gyre::transition t{.action = i % 16, .reward = static_cast<float>(i)};
    for (auto* l : {&a, &b, &seed, &other}) REQUIRE(l->observe(t));
  }
  const auto equal = [&](const gyre::learner& l) {
    return std::memcmp(a.q(), l.q(), 16 * sizeof(float)) == 0;
  };
  REQUIRE(equal(b));
  REQUIRE(!equal(seed));
  REQUIRE(!equal(other));
  int seed_equal = 0, stream_equal = 0;
  for (int i = 0; i < 200; ++i) {
    const std::uint32_t chosen = a.act(0);
    REQUIRE(b.act(0) == chosen);
    seed_equal += seed.act(0) == chosen;
    stream_equal += other.act(0) == chosen;
  }
  REQUIRE(seed_equal < 40);
  REQUIRE(stream_equal < 40);
}

TEST_CASE("options out of their range are refused by name", "[learn]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  REQUIRE(check(gyre::learner_options{}));
  const auto refuses = [](const char* word, auto change) {
    gyre::learner_options o;
    change(o);
    const auto checked = check(o);
    REQUIRE(checked.code() == gyre::code::arg);
    REQUIRE(checked.error().text.find(word) == 0);
  };
  for (const double bad : {-0.1, 1.1, nan}) {
    refuses("discount", [&](gyre::learner_options& o) { o.discount = bad; });
    refuses("learning_rate", [&](gyre::learner_options& o) { o.learning_rate = bad; });
    refuses("exploration", [&](gyre::learner_options& o) { o.explore.to = bad; });
  }
  refuses("capacity", [](gyre::learner_options& o) { o.capacity = o.most + 1; });
  refuses("learning_rate", [](gyre::learner_options& o) { o.learning_rate = 0; });
  refuses("batch", [](gyre::learner_options& o) { o.batch = 0; });
  refuses("every", [](gyre::learner_options& o) { o.every = 0; });
}

TEST_CASE("what is not given has its default: capacity, and the discount of sequential work",
          "[learn]") {
  const auto made = [](gyre::learner_options o) { return gyre::learner(2, 2, o, 1, 0).options(); };
  REQUIRE(made({}).capacity == 5000);
  REQUIRE(made({.capacity = 7}).capacity == 7);
  REQUIRE(made({}).discount == 0);
  REQUIRE(made({.sequential = true}).discount == 0.95);
  REQUIRE(made({.discount = 0.5, .sequential = true}).discount == 0.5);
}

TEST_CASE("choosing, observing and training take no memory", "[learn]") {
  gyre::learner_options o;
  o.capacity = 300;
  o.discount = 0.9;
  gyre::learner l(8, 15, o, 1, 0);
  const std::size_t before = allocated();
  for (std::uint32_t i = 0; i < 2000; ++i) {
    const std::uint32_t a = l.act(i % 8);
    (void)l.observe({.state = i % 8, .action = a, .reward = 1, .next = (i + 1) % 8});
  }
  const std::size_t taken = allocated() - before;
  REQUIRE(taken == 0);
  REQUIRE(l.stats().updates > 0);
}

TEST_CASE("a tuner takes all its memory at first, as much as it says", "[learn]") {
  gyre::tuner_options o;
  o.baseline = 3;
  for (const gyre::tuner_shape& shape :
       {gyre::tuner_shape{{{4, true}}, {{5, true}, {3, true}}},
        gyre::tuner_shape{{}, {{400, true}}}}) {
    gyre::tuner t(shape, o, 1, 0);
    const std::uint64_t bytes = t.bytes();
    const std::size_t before = allocated();
    for (std::uint32_t i = 0; i < 2000; ++i) {
      const std::uint32_t s = i % t.states(), a = t.choose(s).action;
      (void)t.observe(s, a, a);
    }
    REQUIRE(allocated() == before);
    REQUIRE(t.bytes() == bytes);
  }
}
