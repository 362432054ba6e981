// Method: each rule of a message and of what takes it, on its own.
#include <functional>
#include <gyre/bus/message.hpp>
#include <memory>

#include "catch.hpp"

TEST_CASE("a message expires from at + ttl on", "[bus]") {
  gyre::message m;
  m.at = gyre::instant{100};
  REQUIRE_FALSE(m.expired(gyre::never));  // ttl 0: never
  m.ttl = gyre::duration{10};
  REQUIRE_FALSE(m.expired(gyre::instant{109}));
  REQUIRE(m.expired(gyre::instant{110}));
  m.ttl = gyre::duration::max();
  REQUIRE_FALSE(m.expired(gyre::instant{1} + m.at));
}

TEST_CASE("a handler may return nothing or a result, and may be empty", "[bus]") {
  const gyre::message m;
  int calls = 0;
  gyre::message_handler plain = [&calls](const gyre::message&) { ++calls; };
  gyre::message_handler failing = [&calls](const gyre::message&) -> gyre::result<void> {
    ++calls;
    return gyre::fail(gyre::code::io, "no");
  };
  REQUIRE(plain(m));
  REQUIRE(failing(m).error().code == gyre::code::io);
  REQUIRE(calls == 2);
  REQUIRE_FALSE(gyre::message_handler{});
  REQUIRE_FALSE(gyre::message_handler{nullptr});
  REQUIRE_FALSE(gyre::message_handler{std::function<void(const gyre::message&)>{}});
  REQUIRE_FALSE(gyre::message_handler{std::function<gyre::result<void>(const gyre::message&)>{}});
}

TEST_CASE("a handler need not copy, and moves", "[bus]") {
  const gyre::message m;
  int last = 0;
  gyre::message_handler counts = [n = std::make_unique<int>(0), &last](const gyre::message&) {
    last = ++*n;
  };
  REQUIRE(counts(m));
  gyre::message_handler moved = std::move(counts);
  REQUIRE_FALSE(counts);
  REQUIRE(moved(m));
  REQUIRE(last == 2);
}
