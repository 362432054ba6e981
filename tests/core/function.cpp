// Method: callables of each kind are called, moved and destroyed; what they hold is counted.
#include <functional>
#include <gyre/core/function.hpp>
#include <memory>
#include <string>

#include "catch.hpp"

namespace {
int twice(int x) { return 2 * x; }
}  // namespace

TEST_CASE("a function is 16 bytes, and holds what is callable", "[core]") {
  using call = gyre::function<int(int)>;
  STATIC_REQUIRE(sizeof(call) == 2 * sizeof(void*));
  STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<call>);
  call none;
  REQUIRE_FALSE(none);
  REQUIRE_FALSE(call(nullptr));
  REQUIRE_FALSE(call(static_cast<int (*)(int)>(nullptr)));
  REQUIRE_FALSE(call(std::function<int(int)>{}));
  call plain = twice;
  REQUIRE(plain(3) == 6);
  int sum = 0;
  call inside = [&sum](int x) { return sum += x; };
  inside(4);
  call moved = std::move(inside);
  REQUIRE_FALSE(inside);
  REQUIRE(moved(5) == 9);
  const auto shared = std::make_shared<int>(1);
  call outside = [shared, text = std::string(40, 'x')](int x) {
    return *shared + x + static_cast<int>(text.size());
  };
  REQUIRE(outside(1) == 42);
  REQUIRE(shared.use_count() == 2);
  moved = std::move(outside);
  REQUIRE(moved(1) == 42);
  moved = nullptr;
  REQUIRE(shared.use_count() == 1);
  gyre::function<std::unique_ptr<int>(std::unique_ptr<int>)> through =
      [](std::unique_ptr<int> p) { return p; };
  REQUIRE(*through(std::make_unique<int>(7)) == 7);
}

TEST_CASE("a function_ref calls what it refers to", "[core]") {
  int calls = 0;
  auto counts = [&calls](int by) { return calls += by; };
  const auto call = [](gyre::function_ref<int(int)> f) { return f(1) + f(2); };
  REQUIRE(call(counts) == 4);
  REQUIRE(calls == 3);
  REQUIRE(call([](int x) { return x; }) == 3);
}
