// catch.hpp - Catch2 as the tests use it, whichever of version 2 and 3 is installed.
// Only what both versions spell alike may be used: TEST_CASE, SECTION, REQUIRE, CHECK, CAPTURE,
// INFO, GENERATE, Approx. No matchers, whose names differ.
#pragma once
// An exception inside of an assertion is the test's to catch, which says the same of it: a try in
// each assertion is 7 % of what the suites take to compile.
#define CATCH_CONFIG_FAST_COMPILE
#if __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/catch_approx.hpp>
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_all.hpp>
using Catch::Approx;
#else
#include <catch2/catch.hpp>
#endif
