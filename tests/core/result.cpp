// Method: each way into and out of a result.
#include <gyre/core/result.hpp>

#include <memory>
#include <string>

#include "catch.hpp"

namespace {
gyre::result<int> half(int n) {
  if (n % 2 != 0) return gyre::fail(gyre::code::arg, std::to_string(n) + " is odd");
  return n / 2;
}
gyre::result<std::string> quarter(int n) {
  GYRE_TRY(h, half(n));
  GYRE_TRY(q, half(h));
  return std::to_string(q);
}
gyre::result<void> need_even(int n) {
  GYRE_CHECK(half(n));
  return gyre::ok;
}
}  // namespace

TEST_CASE("a result carries a value or the error that stands for it", "[core]") {
  REQUIRE(*half(4) == 2);
  REQUIRE(half(3).code() == gyre::code::arg);
  REQUIRE(half(3).error().text == "3 is odd");
  REQUIRE(half(3).value_or(7) == 7);
  REQUIRE(*quarter(8) == "2");
  REQUIRE(quarter(6).error().text == "3 is odd");
  REQUIRE(need_even(2).has_value());
  REQUIRE(need_even(1).code() == gyre::code::arg);
}

TEST_CASE("a move-only value moves out", "[core]") {
  gyre::result<std::unique_ptr<int>> r(std::make_unique<int>(5));
  const std::unique_ptr<int> out = std::move(r).value();
  REQUIRE(*out == 5);
}

TEST_CASE("a value lives once, whatever is done with its result", "[core]") {
  const auto counted = std::make_shared<int>(1);
  using result = gyre::result<std::shared_ptr<int>>;
  {
    result a(counted);
    result b(a);
    result c(std::move(a));
    REQUIRE(counted.use_count() == 3);  // counted, b and c; a was moved from
    b = gyre::fail(gyre::code::state, "gone");
    REQUIRE(!b);
    b = c;
    c = std::move(b);
    REQUIRE(**c == 1);
    result failed(gyre::fail(gyre::code::arg, "no"));
    failed = result(counted);
    REQUIRE(failed.has_value());
    result taken(std::move(failed));
    result lost = gyre::fail(gyre::code::io, "lost");
    result passed(std::move(lost).pass());
    REQUIRE(passed.error().text == "lost");
  }
  REQUIRE(counted.use_count() == 1);
}

#if GYRE_EXCEPTIONS
TEST_CASE("value() of a failure throws its code and text", "[core]") {
  try {
    (void)half(3).value();
    FAIL("nothing was thrown");
  } catch (const gyre::failure& f) {
    REQUIRE(f.code() == gyre::code::arg);
    REQUIRE(std::string(f.what()) == "ARG: 3 is odd");
  }
}
#endif
