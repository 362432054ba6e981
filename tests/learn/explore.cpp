// Method: table: shares of many draws beside what the formulas say; property: neither the size nor
// the offset of the worths matters to what takes parts of their spread; fault: bad options.
#include <array>
#include <cmath>
#include <gyre/learn/explore.hpp>
#include <gyre/learn/learner_check.hpp>
#include <limits>

#include "catch.hpp"

namespace explore_test {

using shares = std::array<double, 3>;

inline shares of(const gyre::exploration& e, const std::array<double, 3>& worth,
                 const std::array<std::uint32_t, 3>& tries, std::uint64_t decisions = 0) {
  shares s{};
  gyre::rng draw(1, 0, gyre::purpose::user);
  for (int i = 0; i < 30'000; ++i) {
    const std::uint64_t before = draw.counter();
    s[gyre::explore(e, {worth.data(), tries.data(), 3, decisions}, draw)] += 1 / 30'000.0;
    REQUIRE(draw.counter() == before + 2);
  }
  return s;
}

}  // namespace explore_test

TEST_CASE("each way to explore takes the shares that it says", "[learn]") {
  using gyre::exploring;
  const std::array<double, 3> worth = {1, 3, 2};
  const std::array<std::uint32_t, 3> tries = {20, 60, 20};
  const auto near = [](double is, double wanted) { return std::fabs(is - wanted) < .015; };

  auto s = explore_test::of({.from = .3, .to = .3, .how = exploring::linear}, worth, tries);
  REQUIRE((near(s[0], .1) && near(s[1], .8) && near(s[2], .1)));
  s = explore_test::of({.from = .8, .to = .2, .over = 10, .how = exploring::exponential}, worth,
                       tries, 5);
  REQUIRE(near(s[0], .4 / 3));  // the square root of .8 * .2
  s = explore_test::of({.from = .9, .to = .03, .over = 50, .how = exploring::by_visits}, worth,
                       tries);
  REQUIRE(near(s[0], .3 / 3));  // .9 * 50 / (50 + 100)
  s = explore_test::of({.from = .5, .to = .5, .how = exploring::boltzmann}, worth, tries);
  const double all = std::exp(-2.0) + 1 + std::exp(-1.0);  // the temperature is half of 2
  REQUIRE((near(s[0], std::exp(-2.0) / all) && near(s[1], 1 / all)));
  const gyre::exploration bonus{.from = 1, .to = 1, .how = exploring::bonus};
  REQUIRE(explore_test::of(bonus, worth, tries)[1] == Approx(1));
  REQUIRE(explore_test::of(bonus, worth, {20, 60, 2})[2] == Approx(1));
  REQUIRE(explore_test::of(bonus, worth, {0, 60, 2})[0] == Approx(1));
  s = explore_test::of(bonus, {4, 4, 4}, tries);
  REQUIRE((near(s[0], 1 / 3.) && near(s[1], 1 / 3.)));
}

TEST_CASE("parts of the spread suit worths of any size, and costs", "[learn]") {
  using gyre::exploring;
  for (const exploring how : {exploring::boltzmann, exploring::bonus}) {
    const gyre::exploration e{.from = .7, .to = .7, .how = how};
    const auto plain = explore_test::of(e, {1, 3, 2}, {9, 90, 7});
    REQUIRE(explore_test::of(e, {1024, 3072, 2048}, {9, 90, 7}) == plain);
    REQUIRE(explore_test::of(e, {-1023, -1021, -1022}, {9, 90, 7}) == plain);
  }
}

TEST_CASE("what a state is worth to who explores is the mean of what they choose", "[learn]") {
  using gyre::exploring;
  const std::array<double, 3> worth = {1, 3, 2};
  const std::array<std::uint32_t, 3> tries = {20, 60, 2};
  for (const exploring how : {exploring::linear, exploring::exponential, exploring::by_visits,
                              exploring::boltzmann, exploring::bonus}) {
    const gyre::exploration e{.from = .6, .to = .3, .over = 40, .how = how};
    const auto s = explore_test::of(e, worth, tries, 10);
    CAPTURE(int(how));
    REQUIRE(gyre::expected_worth(e, {worth.data(), tries.data(), 3, 10}) ==
            Approx(s[0] + 3 * s[1] + 2 * s[2]).margin(.03));
  }
}

TEST_CASE("exploration that cannot be is refused", "[learn]") {
  using gyre::exploring;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const auto& e : {gyre::exploration{.from = nan},
                        gyre::exploration{.from = 2, .to = 2},
                        gyre::exploration{.from = 101, .to = 101, .how = exploring::bonus},
                        gyre::exploration{.from = 1, .to = 0, .over = 9,
                                          .how = exploring::exponential},
                        gyre::exploration{.how = static_cast<exploring>(6)}}) {
    REQUIRE(gyre::check(e).code() == gyre::code::arg);
  }
  REQUIRE(gyre::check(gyre::exploration{.from = 2, .to = 2, .how = exploring::bonus}));
}

TEST_CASE("what was left open is decided for sequential work alone", "[learn]") {
  using gyre::exploring;
  const auto made = [](gyre::learner_options o) { return gyre::with_defaults(o); };
  REQUIRE(made({}).explore.how == exploring::linear);
  REQUIRE(made({}).method == gyre::learning_method::q);
  REQUIRE(made({.sequential = true}).explore.how == exploring::bonus);
  REQUIRE(made({.sequential = true}).method == gyre::learning_method::sweeping);
  REQUIRE(made({.explore = {.from = .2, .to = .2}, .sequential = true}).explore.how ==
          exploring::linear);
  REQUIRE(made({.method = gyre::learning_method::sarsa}).discount == .95);
  REQUIRE(made({.method = gyre::learning_method::differential_q}).discount == 1);
}
