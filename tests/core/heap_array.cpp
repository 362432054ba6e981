// Method: property. What is owned is there, moves whole, and goes with its owner.
#include <gyre/core/heap_array.hpp>
#include <memory>

#include "catch.hpp"

namespace {
struct counted {
  explicit counted(int& alive) : alive_(alive) { ++alive_; }
  virtual ~counted() { --alive_; }
  virtual int what() const { return 1; }
  int& alive_;
};
struct other final : counted {
  using counted::counted;
  int what() const override { return 2; }
};
}  // namespace

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

TEST_CASE("an owner takes over from a unique_ptr, and destroys", "[core]") {
  int alive = 0;
  {
    gyre::owner<counted> one = std::make_unique<other>(alive);
    REQUIRE(one->what() == 2);
    gyre::owner<counted> moved = std::move(one);
    REQUIRE_FALSE(one);
    one = std::make_unique<counted>(alive);
    REQUIRE(alive == 2);
    REQUIRE((*one).what() == 1);
    one.reset();
    REQUIRE(alive == 1);
  }
  REQUIRE(alive == 0);
}
