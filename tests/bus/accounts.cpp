// Method: two subscriptions' accounts by hand; their sum, and what stays of one that ended.
#include <gyre/bus/accounts.hpp>
#include <string>

#include "catch.hpp"

TEST_CASE("the bus's account is that of all subscriptions, ended ones included", "[bus]") {
  gyre::detail::accounts counts;
  gyre::detail::subscriber a("a", {}, {}), b("b", {}, {});
  a.account.matched = 5;
  a.account.delivered = 4;
  a.queue.push_back({});
  b.account.matched = b.account.dropped_newest = 7;
  b.turn.where = gyre::detail::place::idle;
  counts.published(true);
  counts.published(false);
  counts.would_block();
  REQUIRE((*counts.reject(gyre::fail(gyre::code::arg, "no"))).text == "no");
  const gyre::bus_health health;
  gyre::bus_stats s = counts.stats({&a, &b}, nullptr, health);
  REQUIRE(s.matched == 12);
  REQUIRE(s.pending == 1);
  REQUIRE(s.balanced());
  REQUIRE(s.published == 2);
  REQUIRE(s.unrouted == 1);
  REQUIRE(s.would_block == 1);
  REQUIRE(s.rejected == 1);
  REQUIRE(s.subscriptions == 2);
  counts.end(b);
  s = counts.stats({&a}, nullptr, health);
  REQUIRE(s.matched == 12);
  REQUIRE(s.dropped() == 7);
  REQUIRE(s.subscriptions == 1);
  a.turn.where = gyre::detail::place::in_handler;  // the message that it handles is pending too
  REQUIRE(counts.stats({}, &a, health).pending == 2);
  REQUIRE(gyre::detail::accounts::stats(a).pattern == "a");
}
