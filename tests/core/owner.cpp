// One object on the heap, owned.
// Room: core.
#include <gyre/core/owner.hpp>
#include <memory>
#include <utility>

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

// Method: property. What is owned is destroyed once.
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

TEST_CASE("an owner gives back, replaces and compares", "[core]") {
  auto made = gyre::make_owned<int>(3);
  REQUIRE(made);
  REQUIRE(*made == 3);
  const int* const at = made.get();
  std::unique_ptr<int> back(made.release());
  REQUIRE(back.get() == at);
  REQUIRE(made == nullptr);
  made = gyre::make_owned<int>(4);
  made = nullptr;
  REQUIRE_FALSE(made);
}
