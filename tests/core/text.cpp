// Method: property: a number's text, read back by the C library, is the number within its promise.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <gyre/core/rng.hpp>
#include <gyre/core/text.hpp>
#include <limits>
#include <string>

#include "catch.hpp"

TEST_CASE("a number's text is short and plain", "[core]") {
  REQUIRE(gyre::to_text(0) == "0");
  REQUIRE(gyre::to_text(-0.0) == "0");
  REQUIRE(gyre::to_text(0.1) == "0.1");
  REQUIRE(gyre::to_text(-2.5) == "-2.5");
  REQUIRE(gyre::to_text(65536) == "65536");
  REQUIRE(gyre::to_text(999'999'999'999'999) == "999999999999999");
  REQUIRE(gyre::to_text(9007199254740992.0) == "9007199254740992");
  REQUIRE(gyre::to_text(1e16) == "1e+16");
  REQUIRE(gyre::to_text(1e300) == "1e+300");
  REQUIRE(gyre::to_text(1.25e-7) == "1.25e-07");
  REQUIRE(gyre::to_text(0.00012) == "0.00012");
  REQUIRE(gyre::to_text(std::nan("")) == "nan");
  REQUIRE(gyre::to_text(-std::numeric_limits<double>::infinity()) == "-inf");
}

TEST_CASE("a number's text reads back: doubles to nine digits, floats exactly", "[core]") {
  gyre::rng random(7, 0, gyre::purpose::user);
  for (int i = 0; i < 100'000; ++i) {
    const double power = std::pow(10, static_cast<double>(random.below(600)) - 300);
    const double value = (random.unit() - 0.5) * power;
    CAPTURE(i, value);
    const double back = std::strtod(gyre::to_text(value).c_str(), nullptr);
    REQUIRE(std::fabs(back - value) <= 5.1e-9 * std::fabs(value));
    const auto narrow = static_cast<float>(random.unit() * std::pow(10, random.below(30)));
    REQUIRE(std::strtof(gyre::to_text(double{narrow}).c_str(), nullptr) == narrow);
  }
  for (const double v : {5e-324, 2.2250738585072014e-308, 1.7976931348623157e308}) {
    const double back = std::strtod(gyre::to_text(v).c_str(), nullptr);
    REQUIRE(std::fabs(back - v) <= 1e-8 * v + 5e-324);
  }
}

TEST_CASE("fixed digits are those that printf gives", "[core]") {
  gyre::rng random(8, 0, gyre::purpose::user);
  for (int i = 0; i < 20'000; ++i) {
    const int digits = static_cast<int>(random.below(4));
    const double value = (random.unit() - 0.5) * std::pow(10, random.below(9));
    char expected[64];
    std::snprintf(expected, sizeof expected, "%.*f", digits, value);
    const std::string got = gyre::to_fixed(value, digits);
    CAPTURE(value, digits, got, expected);
    // At most the last digit, where the product with the power of ten rounds the other way.
    REQUIRE(std::fabs(std::strtod(got.c_str(), nullptr) - value) <=
            0.5000001 * std::pow(10, -digits));
    if (std::string(expected).find_first_not_of("-0.") != std::string::npos) {
      REQUIRE(got.size() == std::string(expected).size());
    }
  }
  REQUIRE(gyre::to_fixed(2.345, 1) == "2.3");
  REQUIRE(gyre::to_fixed(-0.04, 1) == "0.0");
  REQUIRE(gyre::to_fixed(0.999, 2) == "1.00");
  REQUIRE(gyre::to_fixed(7, 0) == "7");
  REQUIRE(gyre::to_fixed(1e20, 2) == "1e+20");
}

TEST_CASE("pieces of any kind are joined", "[core]") {
  const std::string name = "tick";
  const auto least = std::numeric_limits<std::int64_t>::min();
  const auto most = std::numeric_limits<std::uint64_t>::max();
  REQUIRE(gyre::join(name, ": ", -5, " ", 7U, ", ", 2.5) == "tick: -5 7, 2.5");
  REQUIRE(gyre::join(least, " ", most) == "-9223372036854775808 18446744073709551615");
  REQUIRE(gyre::join(std::string_view("a"), "", static_cast<unsigned char>(200)) == "a200");
}
