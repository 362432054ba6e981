// Method: property. Against the definition, written as recursion, over short random texts.
#include <gyre/core/glob.hpp>
#include <gyre/core/rng.hpp>

#include <string>
#include <string_view>

#include "catch.hpp"

namespace {
bool looks_like(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*') {
    return looks_like(pattern.substr(1), text) ||
           (!text.empty() && looks_like(pattern, text.substr(1)));
  }
  return !text.empty() && (pattern[0] == '?' || pattern[0] == text[0]) &&
         looks_like(pattern.substr(1), text.substr(1));
}
}  // namespace

TEST_CASE("a glob matches what its definition says", "[core]") {
  REQUIRE(gyre::glob_matches("in*.?", "in.gest.7"));
  REQUIRE_FALSE(gyre::glob_matches("in*.?", "in.gest.77"));
  REQUIRE_FALSE(gyre::glob_matches("gest", "ingest"));  // the whole name
  REQUIRE(gyre::glob_matches("[a]?", "[a]\xff"));       // a byte, and nothing else is special
  gyre::rng random(7, 0, gyre::purpose::user);
  const auto some = [&](const char* of, std::uint32_t most) {
    std::string s(random.below(most + 1), ' ');
    for (char& c : s) c = of[random.below(4)];
    return s;
  };
  int matched = 0;
  for (int i = 0; i < 50'000; ++i) {
    const std::string pattern = some("ab*?", 6), text = some("abb*", 7);
    CAPTURE(pattern, text);
    const bool wanted = looks_like(pattern, text);
    matched += wanted ? 1 : 0;
    if (gyre::glob_matches(pattern, text) != wanted) FAIL("they differ");
  }
  REQUIRE(matched > 3000);
}
