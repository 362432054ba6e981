// Method: worlds small enough that what actions are worth is known by hand; round trip: a saved dqn
// beside one that never stopped, each damaged byte refused; golden: the bits of all it has learned.
#include <algorithm>
#include <cmath>
#include <gyre/core/crc32c.hpp>
#include <gyre/learn/agent.hpp>
#include <gyre/learn/dqn.hpp>
#include <span>
#include <string>
#include <vector>

#include "allocations.hpp"
#include "catch.hpp"

namespace {

static_assert(gyre::agent<gyre::dqn>);

gyre::dqn_options small_dqn() {
  gyre::dqn_options o;
  o.hidden = {8, 8};
  o.batch = 16;
  o.warmup = 16;
  o.capacity = 200;
  o.every = 1;
  o.steps = 1;
  o.discount = .5;
  o.learning_rate = .01;
  o.target_rate = .1;
  o.alpha = .6;
  return o;
}
std::vector<std::byte> saved(const gyre::dqn& of) {
  gyre::byte_writer out;
  of.save(out);
  return out.take();
}
/// Steps in which anything may happen, the same for the same numbers.
void go_on(gyre::dqn& with, int from, int to) {
  for (int i = from; i < to; ++i) {
    gyre::rng draw(7, static_cast<std::uint64_t>(i), gyre::purpose::user);
    const auto some = [&] { return static_cast<float>(2 * draw.unit() - 1); };
    const float seen[] = {some(), 1000 * some(), some()}, next[] = {some(), 1000 * some(), some()};
    const std::uint32_t action = with.act(seen);
    const double reward = static_cast<double>(action == 1 ? seen[0] : -seen[2]);
    REQUIRE(with.observe({.seen = seen, .action = action, .reward = reward, .next = next,
                          .terminated = draw.below(9) == 0, .truncated = draw.below(11) == 0}));
  }
}

}  // namespace

TEST_CASE("a step that was cut off goes on being worth something, one that ended does not",
          "[learn]") {
  // Of each step the reward is 1 and half of what follows counts: 2 for ever, 1 where it ends.
  for (const bool terminated : {true, false}) {
    for (const bool twice : {true, false}) {
      for (const bool dueling : {true, false}) {
        gyre::dqn_options o = small_dqn();
        o.twice = twice;
        o.dueling = dueling;
        gyre::dqn learner(1, 2, o, 1, 0);
        const float here[] = {1};
        for (int i = 0; i < 1500; ++i) {
          const std::uint32_t action = learner.act(here);
          learner.observe({.seen = here, .action = action, .reward = action == 1 ? 1. : 0.,
                           .next = here, .terminated = terminated, .truncated = !terminated});
        }
        const auto worth = learner.worth(here);
        CAPTURE(terminated, twice, dueling, worth[0], worth[1]);
        REQUIRE(worth[1] == Approx(terminated ? 1 : 2).margin(.1));
        REQUIRE(worth[0] == Approx(terminated ? 0 : 1).margin(.1));
        REQUIRE(learner.greedy(here) == 1);
        REQUIRE(learner.stats().episodes == 1500);
      }
    }
  }
}

TEST_CASE("where an episode is cut off, what was truly seen counts, not the next start",
          "[learn]") {
  // From 0 to 1, cut off there; from 1 to an end with 8. 0 is worth half of 8, whatever 1 follows.
  gyre::dqn learner(1, 2, small_dqn(), 1, 0);
  const float zero[] = {0}, one[] = {1};
  for (int i = 0; i < 2000; ++i) {
    learner.observe({.seen = zero, .action = 0, .reward = 0, .next = one, .truncated = 1});
    learner.observe({.seen = one, .action = 0, .reward = 8, .next = zero, .terminated = 1});
  }
  REQUIRE(learner.worth(one)[0] == Approx(8).margin(.3));
  REQUIRE(learner.worth(zero)[0] == Approx(4).margin(.3));
}

TEST_CASE("several steps are worth what they earn, and what is left of what follows", "[learn]") {
  // 1, 2, 3, then 4 and the end: at discount .5, 4 at the last, 3 + 2, 2 + 2.5, 1 + 2.25 before.
  for (const std::uint32_t steps : {1U, 2U, 3U, 9U}) {
    gyre::dqn_options o = small_dqn();
    o.steps = steps;
    o.hidden = {16, 16};
    gyre::dqn learner(2, 1, o, 3, 0);
    const float at[][2] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}};
    for (int i = 0; i < 800; ++i) {
      for (int k = 0; k < 4; ++k) {
        learner.observe({.seen = at[k], .action = 0, .reward = k + 1., .next = at[(k + 1) % 4],
                         .terminated = k == 3});
      }
    }
    const double worth[] = {3.25, 4.5, 5, 4};
    for (int k = 0; k < 4; ++k) {
      CAPTURE(steps, k);
      REQUIRE(learner.worth(at[k])[0] == Approx(worth[k]).margin(.3));
    }
  }
}

TEST_CASE("worths are the slow mean's, and what is tried is the network's as it is", "[learn]") {
  gyre::dqn_options o = small_dqn();
  o.discount = 0;
  o.target_rate = 1e-6;  // it stays where it began: all is worth nearly nothing
  o.explore = {0, 0, 0};
  gyre::dqn learner(1, 2, o, 1, 0);
  const float here[] = {1};
  for (int i = 0; i < 800; ++i) {
    const std::uint32_t action = i % 2 == 0 ? 1 : 0;
    const std::uint32_t better = learner.greedy(here) == 1 ? 0 : 1;
    learner.observe({.seen = here, .action = action, .reward = action == better ? 9. : 0.,
                     .next = here, .terminated = 1});
  }
  const auto worth = learner.worth(here);
  REQUIRE((std::fabs(worth[0]) < 1 && std::fabs(worth[1]) < 1));
  REQUIRE(learner.act(here) != learner.greedy(here));
  learner.set_exploring(false);
  REQUIRE(learner.act(here) == learner.greedy(here));
}

TEST_CASE("it learns which action suits what is seen, in any unit", "[learn]") {
  for (const double unit : {1e-4, 1., 1e7}) {
    gyre::dqn_options o = small_dqn();
    o.discount = 0;
    o.explore = {1, .05, 500};
    gyre::dqn learner(2, 3, o, 5, 0);
    gyre::rng draw(1, 0, gyre::purpose::user);
    const auto best = [](double x) { return x < -.3 ? 0U : x < .3 ? 1U : 2U; };
    const auto seen_at = [&](double x) {
      return std::vector<float>{static_cast<float>(unit * (x + 5)),
                                static_cast<float>(draw.unit())};
    };
    for (int i = 0; i < 3000; ++i) {
      const double x = 2 * draw.unit() - 1;
      const auto seen = seen_at(x);
      const std::uint32_t action = learner.act(seen);
      learner.observe({.seen = seen, .action = action, .reward = action == best(x) ? 1. : 0.,
                       .next = seen, .terminated = 1});
    }
    int right = 0;
    for (int i = 0; i < 200; ++i) {
      const double x = -1 + i / 100.;
      right += learner.greedy(seen_at(x)) == best(x) ? 1 : 0;
    }
    CAPTURE(unit, right);
    REQUIRE(right > 180);
  }
}

TEST_CASE("a row of great error is drawn more often, and its weight takes that back", "[learn]") {
  // 1 row in 50 earns 50, the others nothing, and all are of one state: its mean is 1.
  for (const double alpha : {0., .6}) {
    gyre::dqn_options o = small_dqn();
    o.alpha = alpha;
    o.beta = 1;
    o.discount = 0;
    o.learning_rate = .002;
    gyre::dqn learner(1, 1, o, 5, 0);
    const float here[] = {1};
    for (int i = 0; i < 6000; ++i) {
      learner.observe({.seen = here, .action = 0, .reward = i % 50 == 0 ? 50. : 0., .next = here,
                       .terminated = 1});
    }
    CAPTURE(alpha);
    REQUIRE(learner.worth(here)[0] == Approx(1).margin(.5));
    // The errors that were seen: of the rows as they are 2 in the mean, of those drawn far more.
    const double error = learner.stats().mean_error;
    CAPTURE(error);
    REQUIRE((alpha > 0 ? error > 4 : error < 4));
  }
}

TEST_CASE("what a dqn cannot learn from is refused, counted, and changes nothing", "[learn]") {
  gyre::dqn learner(3, 2, small_dqn(), 1, 0);
  go_on(learner, 0, 40);
  const auto before = learner.stats();
  const std::vector<float> was(learner.parameters().begin(), learner.parameters().end());
  const float good[] = {1, 2, 3}, bad[] = {1, std::nanf(""), 3}, endless[] = {1, 2, INFINITY};
  const std::span<const float> two(good, 2);
  const gyre::float_transition wrong[] = {
      {.seen = bad, .action = 0, .reward = 1, .next = good},
      {.seen = good, .action = 0, .reward = 1, .next = endless},
      {.seen = two, .action = 0, .reward = 1, .next = good},
      {.seen = good, .action = 0, .reward = 1, .next = two},
      {.seen = good, .action = 2, .reward = 1, .next = good},
      {.seen = good, .action = 0, .reward = std::nan(""), .next = good},
      {.seen = good, .action = 0, .reward = 1e39, .next = good}};  // no float
  for (const auto& step : wrong) REQUIRE(!learner.observe(step));
  const auto after = learner.stats();
  REQUIRE(after.refused == 7);
  REQUIRE(after.observations == before.observations);
  REQUIRE(after.replay_added == before.replay_added);
  REQUIRE(std::equal(was.begin(), was.end(), learner.parameters().begin()));
}

TEST_CASE("absurd rewards and inputs leave a network of numbers", "[learn]") {
  gyre::dqn learner(3, 2, small_dqn(), 1, 0);
  for (int i = 0; i < 500; ++i) {
    const float far = i % 2 == 0 ? 3e38F : -3e38F;
    const float seen[] = {far, 1e-38F, i % 7 == 0 ? far : 0};
    learner.observe({.seen = seen, .action = 0, .reward = static_cast<double>(-far), .next = seen});
  }
  for (const float w : learner.parameters()) REQUIRE(std::isfinite(w));
  for (const float w : learner.target()) REQUIRE(std::isfinite(w));
  REQUIRE(std::isfinite(learner.stats().mean_error));
}

TEST_CASE("a dqn that was saved goes on bit for bit as one that never stopped", "[learn]") {
  for (const int at : {0, 5, 17, 150, 401}) {  // before a batch, in an episode, with a full ring
    gyre::dqn_options o = small_dqn();
    o.steps = 3;
    gyre::dqn never(3, 2, o, 9, 4), other(3, 2, o, 9, 4);
    go_on(never, 0, at);
    if (at == 401) never.set_exploring(false);
    const auto bytes = saved(never);
    gyre::byte_reader in(bytes);
    const auto loaded = other.load(in);
    REQUIRE(loaded.has_value());
    REQUIRE(in.remaining() == 0);
    REQUIRE(other.exploring() == never.exploring());
    REQUIRE(saved(other) == bytes);
    go_on(never, at, at + 60);
    go_on(other, at, at + 60);
    REQUIRE(saved(other) == saved(never));
    REQUIRE(other.stats().decisions == static_cast<std::uint64_t>(at + 60));
  }
}

TEST_CASE("each damaged byte of a saved dqn is refused, and nothing has changed", "[learn]") {
  gyre::dqn_options o = small_dqn();
  o.hidden = {4};
  o.capacity = 20;
  o.steps = 2;
  gyre::dqn from(3, 2, o, 1, 0), into(3, 2, o, 1, 0);
  go_on(from, 0, 50);
  go_on(into, 0, 30);
  const auto bytes = saved(from), before = saved(into);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    auto wrong = bytes;
    wrong[i] ^= std::byte{1} << (i % 8);
    gyre::byte_reader in(wrong), cut(std::span<const std::byte>(bytes).first(i));
    CAPTURE(i);
    const auto damaged = into.load(in), ended = into.load(cut);
    REQUIRE((damaged.code() == gyre::code::corrupt || damaged.code() == gyre::code::format));
    REQUIRE((ended.code() == gyre::code::corrupt || ended.code() == gyre::code::format));
    if (i % 16 == 0) REQUIRE(saved(into) == before);
  }
  REQUIRE(saved(into) == before);
}

// Its row was learned from, and the network's memory written beyond its end.
TEST_CASE("a saved dqn whose waiting step is of no action is refused", "[learn]") {
  gyre::dqn_options o = small_dqn();
  o.steps = 3;
  gyre::dqn from(1, 2, o, 1, 0);
  const float seen = 1, next = 2;
  REQUIRE(from.observe({.seen = {&seen, 1}, .action = 1, .reward = 7, .next = {&next, 1}}));
  auto bytes = saved(from);
  gyre::byte_writer waits;  // reward, what is left, action
  waits.f64(7);
  waits.f64(o.discount);
  waits.varint(1);
  const auto found = std::search(bytes.begin(), bytes.end(), waits.data().begin(),
                                 waits.data().end());
  REQUIRE(found != bytes.end());
  const auto load_with = [&](int action) {
    found[16] = std::byte(action);
    gyre::byte_writer all;
    all.raw(std::span<const std::byte>(bytes).first(bytes.size() - 4));
    all.u32(gyre::crc32c(all.data()));
    gyre::byte_reader in(all.data());
    return gyre::dqn(1, 2, o, 1, 0).load(in).code();
  };
  REQUIRE(load_with(0) == gyre::code::ok);
  REQUIRE(load_with(2) == gyre::code::corrupt);
}

TEST_CASE("a dqn of another shape does not load", "[learn]") {
  gyre::dqn_options o = small_dqn();
  gyre::dqn from(3, 2, o, 1, 0);
  const auto bytes = saved(from);
  const auto refuses = [&](std::uint32_t inputs, std::uint32_t actions, gyre::dqn_options other) {
    gyre::dqn into(inputs, actions, other, 1, 0);
    gyre::byte_reader in(bytes);
    return into.load(in).code() == gyre::code::format;
  };
  REQUIRE(refuses(4, 2, o));
  REQUIRE(refuses(3, 3, o));
  o.hidden = {8, 7};
  REQUIRE(refuses(3, 2, o));
  o = small_dqn();
  o.dueling = false;
  REQUIRE(refuses(3, 2, o));
  o = small_dqn();
  o.capacity = 201;
  REQUIRE(refuses(3, 2, o));
  o = small_dqn();
  o.learning_rate = .5;  // no shape
  REQUIRE(!refuses(3, 2, o));
}

TEST_CASE("an option out of its range is refused by name", "[learn]") {
  const auto refuses = [](const char* name, auto set) {
    gyre::dqn_options o;
    set(o);
    const auto checked = gyre::check(o, 4, 2);
    CAPTURE(name);
    REQUIRE(checked.code() == gyre::code::arg);
    CAPTURE(checked.error().text);
    REQUIRE(checked.error().text.find(name) != std::string::npos);
  };
  using o = gyre::dqn_options;
  REQUIRE(gyre::check(o{}, 4, 2).has_value());
  refuses("hidden", [](o& x) { x.hidden = {}; });
  refuses("hidden", [](o& x) { x.hidden = {8, 8, 8, 8, 8}; });
  refuses("hidden", [](o& x) { x.hidden = {1}; });
  refuses("hidden", [](o& x) { x.hidden = {1025}; });
  refuses("discount", [](o& x) { x.discount = 1.1; });
  refuses("learning_rate", [](o& x) { x.learning_rate = 0; });
  refuses("target_rate", [](o& x) { x.target_rate = std::nan(""); });
  refuses("alpha", [](o& x) { x.alpha = -1; });
  refuses("beta", [](o& x) { x.beta = 2; });
  refuses("batch", [](o& x) { x.batch = 0; });
  refuses("batch", [](o& x) { x.batch = 1025; });
  refuses("steps", [](o& x) { x.steps = 33; });
  refuses("every", [](o& x) { x.every = 0; });
  refuses("corner", [](o& x) { x.corner = 0; });
  refuses("capacity", [](o& x) { x.capacity = 0; });
  refuses("capacity", [](o& x) { x.capacity = 0xffffffffU; });
  refuses("exploration", [](o& x) { x.explore.from = 2; });
  refuses("how", [](o& x) { x.explore.how = gyre::exploring::bonus; });
  REQUIRE(gyre::check(o{}, 0, 2).code() == gyre::code::arg);
  REQUIRE(gyre::check(o{}, 4097, 2).code() == gyre::code::arg);
  REQUIRE(gyre::check(o{}, 4, 0).code() == gyre::code::arg);
  REQUIRE(gyre::check(o{}, 4, 1025).code() == gyre::code::arg);
}

TEST_CASE("acting, observing and training take no memory", "[learn]") {
  gyre::dqn_options o = small_dqn();
  o.steps = 3;
  gyre::dqn learner(3, 2, o, 1, 0);
  const std::uint64_t bytes = learner.stats().bytes;
  const float seen[] = {1, 2, 3};
  const std::size_t before = allocated();
  for (int i = 0; i < 500; ++i) {
    const std::uint32_t action = learner.act(seen);
    (void)learner.observe({.seen = seen, .action = action, .reward = i % 3 - 1., .next = seen,
                           .terminated = i % 40 == 0});
  }
  const std::size_t taken = allocated() - before;
  REQUIRE(taken == 0);
  REQUIRE(learner.stats().updates > 400);
  REQUIRE(learner.stats().replay_size == o.capacity);
  REQUIRE(learner.stats().bytes == bytes);
}

TEST_CASE("what a dqn has learned has the same bits on every machine", "[learn]") {
  gyre::dqn_options o = small_dqn();
  o.steps = 3;
  o.hidden = {10, 7};
  gyre::dqn learner(3, 2, o, 1, 0);
  go_on(learner, 0, 1000);
  const auto bytes = saved(learner);  // which end with the checksum of the others
  REQUIRE(gyre::crc32c(std::span(bytes).first(bytes.size() - 4)) == 0x1c740109U);
}
