// Method: property. What is owned is there, moves whole, and goes with its owner.
#include <gyre/core/heap_array.hpp>
#include <memory>

#include "catch.hpp"

TEST_CASE("a heap_array has so many values, and moves", "[core]") {
  gyre::heap_array<int> none;
  REQUIRE(none.empty());
  gyre::heap_array<int> some(3);
  REQUIRE(some.size() == 3);
  for (const int v : some) REQUIRE(v == 0);
  some[1] = 7;
  gyre::heap_array<int> moved = std::move(some);
  REQUIRE(some.empty());
  none = std::move(moved);
  REQUIRE(none.size() == 3);
  REQUIRE(none[1] == 7);
  none = {};
  REQUIRE(none.empty());
  REQUIRE(gyre::heap_array<int>::if_there_is_memory(4).size() == 4);
}
