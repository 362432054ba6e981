// Method: each transition by hand on a clock of whole seconds.
#include <gyre/bus/breaker.hpp>

#include "catch.hpp"

using gyre::breaker_state;
using std::chrono::seconds;

TEST_CASE("five failures in a row open the breaker, a success starts the count anew", "[bus]") {
  gyre::breaker b(gyre::breaker_options{});
  for (int i = 0; i < 4; ++i) b.failure(seconds{0});
  b.success();
  for (int i = 0; i < 4; ++i) b.failure(seconds{1});
  REQUIRE(b.state() == breaker_state::closed);
  REQUIRE(b.allow(seconds{1}));
  b.failure(seconds{1});
  REQUIRE(b.state() == breaker_state::open);
  REQUIRE(b.trips() == 1);
  REQUIRE_FALSE(b.allow(seconds{1}));
  b.failure(seconds{20});  // while open: does not prolong it
  REQUIRE_FALSE(b.allow(seconds{31} - gyre::duration{1}));
  REQUIRE(b.allow(seconds{31}));
  REQUIRE(b.state() == breaker_state::half_open);
}

TEST_CASE("half open: three successes close it, one failure opens it again", "[bus]") {
  gyre::breaker b(gyre::breaker_options{});
  for (int i = 0; i < 5; ++i) b.failure(seconds{0});
  REQUIRE(b.allow(seconds{30}));
  b.success();
  REQUIRE(b.allow(seconds{30}));
  b.success();
  REQUIRE(b.state() == breaker_state::half_open);
  REQUIRE(b.allow(seconds{30}));
  b.failure(seconds{30});
  REQUIRE(b.state() == breaker_state::open);
  REQUIRE(b.trips() == 2);
  REQUIRE_FALSE(b.allow(seconds{59}));
  for (int i = 0; i < 3; ++i) {
    REQUIRE(b.allow(seconds{60}));
    b.success();
  }
  REQUIRE(b.state() == breaker_state::closed);
  for (int i = 0; i < 4; ++i) b.failure(seconds{60});
  REQUIRE(b.state() == breaker_state::closed);  // closing cleared the count
}

TEST_CASE("a breaker of 0 failures never opens, open_for does not overflow", "[bus]") {
  gyre::breaker off({.failures = 0});
  for (int i = 0; i < 100; ++i) off.failure(seconds{0});
  REQUIRE(off.allow(seconds{0}));
  gyre::breaker ever({.failures = 1, .open_for = gyre::duration::max()});
  ever.failure(seconds{10});
  REQUIRE_FALSE(ever.allow(seconds{1'000'000'000}));
}
