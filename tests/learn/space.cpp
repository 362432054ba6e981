// Method: property: every state and action of a space decodes to what it was encoded from; each bad
// declaration is refused with the code and the words that say why.
#include <gyre/learn/space.hpp>
#include <limits>
#include <set>

#include "catch.hpp"

namespace {

gyre::space three_by_two() {
  return gyre::space::make({{"queue", {10, 100, 1000}}, {"load", {0.5}}},
                           {{"level", {0, 1, 3, 6, 9}}, {"block_kib", {4, 16, 64}}})
      .value();
}

gyre::error refused(std::vector<gyre::feature> features, std::vector<gyre::knob> knobs) {
  const auto made = gyre::space::make(std::move(features), std::move(knobs));
  REQUIRE(!made);
  return made.error();
}

bool says(const gyre::error& e, const char* words) {
  INFO(e.text);
  return e.text.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("a bucket is the number of edges at or under the value", "[learn]") {
  const gyre::space s = three_by_two();
  REQUIRE(s.bucket(0, -1e300) == 0);
  REQUIRE(s.bucket(0, 9.999) == 0);
  REQUIRE(s.bucket(0, 10) == 1);  // an edge belongs to the bucket above it
  REQUIRE(s.bucket(0, 99) == 1);
  REQUIRE(s.bucket(0, 100) == 2);
  REQUIRE(s.bucket(0, 1000) == 3);
  REQUIRE(s.bucket(0, std::numeric_limits<double>::infinity()) == 3);
  REQUIRE(s.bucket(0, std::numeric_limits<double>::quiet_NaN()) == 0);
}

TEST_CASE("states and actions are mixed radix, the first declared counting most", "[learn]") {
  const gyre::space s = three_by_two();
  REQUIRE(s.states() == 8);
  REQUIRE(s.actions() == 15);
  std::uint32_t expected = 0;
  for (std::uint32_t queue = 0; queue < 4; ++queue) {
    for (std::uint32_t load = 0; load < 2; ++load, ++expected) {
      const std::uint32_t buckets[] = {queue, load};
      REQUIRE(s.state(buckets) == expected);
      REQUIRE(s.bucket_of(expected, 0) == queue);
      REQUIRE(s.bucket_of(expected, 1) == load);
    }
  }
  std::set<std::pair<double, double>> settings;
  for (std::uint32_t a = 0; a < s.actions(); ++a) {
    const std::uint32_t choices[] = {s.choice_of(a, 0), s.choice_of(a, 1)};
    REQUIRE(s.action(choices) == a);
    settings.emplace(s.value(a, 0), s.value(a, 1));
  }
  REQUIRE(settings.size() == 15);
  REQUIRE(s.value(0, 0) == 0);
  REQUIRE(s.value(1, 1) == 16);
  REQUIRE(s.value(3, 0) == 1);
  REQUIRE(s.value(14, 0) == 9);
}

TEST_CASE("what is past the end or missing counts as the last or the first", "[learn]") {
  const gyre::space s = three_by_two();
  const std::uint32_t past[] = {99, 99, 99};
  REQUIRE(s.state(past) == s.states() - 1);
  REQUIRE(s.action(past) == s.actions() - 1);
  REQUIRE(s.state({}) == 0);
  REQUIRE(s.action({}) == 0);
}

TEST_CASE("names are found, and no other", "[learn]") {
  const gyre::space s = three_by_two();
  REQUIRE(s.feature_index("load") == 1);
  REQUIRE(s.feature_index("level") == -1);
  REQUIRE(s.knob_index("level") == 0);
  REQUIRE(s.knob_index("block_kib") == 1);
  REQUIRE(s.knob_index("") == -1);
}

TEST_CASE("nothing declared is one state and one action", "[learn]") {
  const gyre::space none;
  const gyre::space made = gyre::space::make({}, {}).value();
  for (const auto* s : {&none, &made}) {
    REQUIRE(s->states() == 1);
    REQUIRE(s->actions() == 1);
    REQUIRE(s->state({}) == 0);
  }
}

TEST_CASE("bad declarations are refused in words", "[learn]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double inf = std::numeric_limits<double>::infinity();
  const std::string longest(63, 'x');
  REQUIRE(gyre::space::make({{longest, {1}}}, {{longest, {1}}}));
  REQUIRE(says(refused({{"", {1}}}, {}), "not 0"));
  REQUIRE(says(refused({}, {{longest + "y", {1}}}), "not 64"));
  REQUIRE(says(refused({{"queue", {}}}, {}), "\"queue\" needs at least one edge"));
  REQUIRE(says(refused({{"queue", {1, 3, 2}}}, {}), "2 follows 3"));
  REQUIRE(says(refused({{"queue", {1, 1}}}, {}), "1 follows 1"));
  REQUIRE(says(refused({{"queue", {1, nan}}}, {}), "not finite: nan"));
  REQUIRE(says(refused({{"queue", {-inf, 1}}}, {}), "not finite: -inf"));
  REQUIRE(says(refused({}, {{"level", {}}}), "\"level\" needs at least one value"));
  REQUIRE(says(refused({}, {{"level", {1, inf}}}), "not finite: inf"));
  REQUIRE(refused({}, {{"level", {nan}}}).code == gyre::code::arg);
  REQUIRE(says(refused({}, {{"level", {3, 1, 3}}}), "\"level\" has the value 3 twice"));
  REQUIRE(refused({}, {{"level", {0., -0.}}}).code == gyre::code::arg);
  REQUIRE(refused({{"a", {1}}, {"b", {1}}, {"a", {2}}}, {}).code == gyre::code::exists);
  REQUIRE(says(refused({}, {{"a", {1}}, {"a", {2}}}), "two knobs are named \"a\""));
}

TEST_CASE("states x actions has a limit, and the error names the product", "[learn]") {
  const auto values = [](std::size_t n) {
    std::vector<double> v(n);
    for (std::size_t i = 0; i < n; ++i) v[i] = static_cast<double>(i);
    return v;
  };
  const auto most = gyre::space::make({{"f", values(255)}}, {{"k", values(256)}});
  REQUIRE(most);
  REQUIRE(most->states() * most->actions() == gyre::space::max_cells);
  const auto over = refused({{"f", values(255)}}, {{"k", values(257)}});
  REQUIRE(over.code == gyre::code::budget);
  REQUIRE(says(over, "256 states x 257 actions = 65792 cells"));
  std::vector<gyre::knob> many;  // 1000^20 overflows every integer
  for (int i = 0; i < 20; ++i) many.push_back({"k" + std::to_string(i), values(1000)});
  REQUIRE(refused({}, many).code == gyre::code::budget);
  REQUIRE(says(refused({}, many), "2^53"));
  many.clear();  // 256^8 is 2^64: 0 in 64 bits
  for (int i = 0; i < 8; ++i) many.push_back({"k" + std::to_string(i), values(256)});
  REQUIRE(refused({}, many).code == gyre::code::budget);
}
