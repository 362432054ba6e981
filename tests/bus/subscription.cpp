// Method: the rate limit against counting in windows, tables of options.
#include <cmath>
#include <gyre/bus/subscription.hpp>
#include <gyre/core/rng.hpp>
#include <limits>

#include "catch.hpp"

TEST_CASE("a rate limit lets its burst and then its rate through", "[bus]") {
  const double rate = GENERATE(0.5, 1.0, 3.0, 1000.0);
  gyre::rate_limit limit(rate, 0);
  const double burst = std::max(1.0, rate);
  gyre::rng random(4, 1, 1);
  gyre::instant now{};
  double passed = 0;
  for (int i = 0; i < 20000; ++i) {
    now += gyre::duration{static_cast<std::int64_t>(random.unit() * 2e9 / rate / 4)};
    if (!limit.allows(now)) continue;
    limit.take(now);
    passed += 1;
    REQUIRE(passed <= burst + gyre::to_s(now) * rate * (1 + 1e-6) + 1e-3);
  }
  // Offered eight times a gap on average: a burst of one waits for the next offer, an eighth long.
  REQUIRE(passed >= gyre::to_s(now) * rate * (burst > 1 ? 0.99 : 0.85));
}

TEST_CASE("a given burst bounds what passes at one instant", "[bus]") {
  gyre::rate_limit limit(10, 3);
  for (int i = 0; i < 3; ++i) {
    REQUIRE(limit.allows(gyre::instant{0}));
    limit.take(gyre::instant{0});
  }
  REQUIRE_FALSE(limit.allows(gyre::instant{99'999'999}));
  REQUIRE(limit.allows(gyre::instant{100'000'000}));
  gyre::rate_limit none(0, 0);
  none.take(gyre::instant{0});
  REQUIRE(none.allows(gyre::instant{0}));
}

TEST_CASE("wrong subscription options are refused", "[bus]") {
  REQUIRE(gyre::check(gyre::subscription_options{}));
  const auto refused = [](auto change) {
    gyre::subscription_options o;
    change(o);
    return gyre::check(o).code() == gyre::code::arg;
  };
  using options = gyre::subscription_options;
  REQUIRE(refused([](options& o) { o.capacity = 0; }));
  REQUIRE(refused([](options& o) { o.capacity = (1U << 20) + 1; }));
  REQUIRE(refused([](options& o) { o.rate_per_s = -1; }));
  REQUIRE(refused([](options& o) { o.rate_per_s = std::nan(""); }));
  REQUIRE(refused([](options& o) { o.rate_per_s = std::numeric_limits<double>::infinity(); }));
  REQUIRE(refused([](options& o) { o.rate_per_s = 1e-9; }));
  REQUIRE(refused([](options& o) { o.retries = 1001; }));
  REQUIRE(refused([](options& o) { o.retry_delay = gyre::duration{-1}; }));
  REQUIRE(refused([](options& o) { o.retry_delay = gyre::duration::max(); }));
  REQUIRE(refused([](options& o) { o.block_for = gyre::duration{-1}; }));
  REQUIRE(refused([](options& o) { o.breaker.open_for = gyre::duration{-1}; }));
  REQUIRE(refused([](options& o) { o.policy = static_cast<gyre::overflow>(9); }));
}

TEST_CASE("a short text is cut between characters", "[bus]") {
  gyre::short_text text;
  REQUIRE(text.view().empty());
  text.assign("no");
  REQUIRE(text.view() == "no");
  text.assign(std::string(200, 'x'));
  REQUIRE(text.view() == std::string(95, 'x'));
  text.assign(std::string(94, 'x') + "\xe2\x82\xac");
  REQUIRE(text.view() == std::string(94, 'x'));
}
