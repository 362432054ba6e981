// Method: property. What is undone and what is done without, with and without an exception.
#include <gyre/core/scarce.hpp>

#include "catch.hpp"

TEST_CASE("what is not kept is undone", "[core]") {
  int undone = 0;
  {
    gyre::detail::undo back([&]() noexcept { ++undone; });
  }
  REQUIRE(undone == 1);
  {
    gyre::detail::undo back([&]() noexcept { ++undone; });
    back.keep();
  }
  REQUIRE(undone == 1);
  REQUIRE(gyre::detail::if_memory([] {}));
#if GYRE_EXCEPTIONS
  const bool did = gyre::detail::if_memory([&] {
    gyre::detail::undo back([&]() noexcept { ++undone; });
    throw std::bad_alloc();
  });
  REQUIRE_FALSE(did);
  REQUIRE(undone == 2);
  REQUIRE_THROWS_AS(gyre::detail::if_memory([] { throw 1; }), int);
#endif
}
