// Method: table of points on the line and past its end, and of refused probabilities.
#include <gyre/learn/learner.hpp>
#include <limits>

#include "catch.hpp"

TEST_CASE("exploration moves in a line and stays", "[learn]") {
  const gyre::exploration e{.from = 1, .to = 0.05, .over = 100};
  REQUIRE(e.at(0) == 1);
  REQUIRE(e.at(50) == Approx(0.525));
  REQUIRE(e.at(99) == Approx(0.0595));
  REQUIRE(e.at(100) == 0.05);
  REQUIRE(e.at(std::numeric_limits<std::uint64_t>::max()) == 0.05);
  for (std::uint64_t k = 1; k < 200; ++k) REQUIRE(e.at(k) <= e.at(k - 1));
}

TEST_CASE("exploration is 0.1 from the start by default", "[learn]") {
  const gyre::exploration e;
  REQUIRE(e.at(0) == 0.1);
  REQUIRE(e.at(1'000'000) == 0.1);
}

TEST_CASE("exploration outside 0..1 is refused", "[learn]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  REQUIRE(check(gyre::exploration{.from = 0, .to = 1, .over = 1}));
  REQUIRE(check(gyre::exploration{.from = .3, .to = .3}));
  for (const double bad : {-0.1, 1.1, nan}) {
    REQUIRE(check(gyre::exploration{.from = bad, .to = 0.1}).code() == gyre::code::arg);
    REQUIRE(check(gyre::exploration{.from = 0.1, .to = bad}).code() == gyre::code::arg);
  }
}

TEST_CASE("an exploration that would start where it is to end is refused", "[learn]") {
  const auto refused = check(gyre::exploration{.from = 1, .to = .05});
  REQUIRE(refused.code() == gyre::code::arg);
  REQUIRE(refused.error().text.find("needs `over`") != std::string::npos);
}
