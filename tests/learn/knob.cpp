// Method: table of ranges, names and orders as a user writes them, and of what is refused.
#include <cmath>
#include <gyre/learn/space.hpp>

#include "catch.hpp"

TEST_CASE("ranges are the values that one would write out", "[learn]") {
  REQUIRE(gyre::linear(4, 64, 16).size() == 16);
  REQUIRE(gyre::linear(4, 64, 16)[15] == 64);
  REQUIRE(gyre::linear(4, 64, 16)[1] == 8);
  REQUIRE(gyre::linear(0, 1, 3) == std::vector<double>{0, .5, 1});
  REQUIRE(gyre::linear(5, 9, 1) == std::vector<double>{5});
  REQUIRE(gyre::linear(5, 9, 0).empty());
  const std::vector<double> powers = gyre::geometric(1, 4096, 13);
  for (int i = 0; i < 13; ++i) REQUIRE(powers[static_cast<std::size_t>(i)] == std::exp2(i));
  REQUIRE(gyre::geometric(.001, 1000, 7)[3] == 1);
  REQUIRE(std::isnan(gyre::geometric(0, 8, 3)[1]));
  REQUIRE(gyre::space::make({}, {{"k", gyre::geometric(-1, 8, 3)}}).code() == gyre::code::arg);
}

TEST_CASE("knobs and features are declared as people have them", "[learn]") {
  const gyre::space s =
      gyre::space::make({{"queue", {10, 100}}, {"request", {"read", "write", "list"}}},
                        {{"level", {0, 1, 3, 6, 9}},
                         {"buffer", gyre::geometric(1, 4096, 13)},
                         {"codec", {"zlib", "none"}},
                         {"shard", {4, 7, 9}, gyre::order::none},
                         {"quality", {"low", "mid", "high"}, gyre::order::yes}})
          .value();
  const gyre::tuner_shape shape = s.shape();
  REQUIRE(shape.features == std::vector<gyre::axis>{{3, true}, {3, false}});
  REQUIRE(shape.knobs ==
          std::vector<gyre::axis>{{5, true}, {13, true}, {2, false}, {3, false}, {3, true}});
  REQUIRE(s.knobs()[2].shown(1) == "none");
  REQUIRE(s.knobs()[0].shown(4) == "9");
  REQUIRE(s.features()[0].shown(0) == "< 10");
  REQUIRE(s.features()[0].shown(1) == "10..100");
  REQUIRE(s.features()[0].shown(2) == ">= 100");
  REQUIRE(s.features()[1].shown(2) == "list");
  REQUIRE(s.features()[1].index_of("write") == 1);
  REQUIRE(s.features()[1].index_of("drop") == -1);
  for (std::uint32_t i = 0; i < 3; ++i) REQUIRE(s.bucket(1, i) == i);  // a name's index is seen
}

TEST_CASE("an empty list is one of numbers, and zeros are no names", "[learn]") {
  REQUIRE(gyre::space::make({}, {{"k", {}}}).code() == gyre::code::arg);
  REQUIRE(gyre::knob{"k", {0}}.values == std::vector<double>{0});
  REQUIRE(gyre::knob{"k", {0, 0}}.names.empty());
}

TEST_CASE("names of values are checked", "[learn]") {
  const auto refused = [](gyre::knob k) { return gyre::space::make({}, {std::move(k)}).code(); };
  REQUIRE(refused({"k", {"a", "b", "a"}}) == gyre::code::exists);
  REQUIRE(refused({"k", {"a", ""}}) == gyre::code::arg);
  gyre::knob short_of_one{"k", {"a", "b"}};
  short_of_one.names.pop_back();
  REQUIRE(refused(short_of_one) == gyre::code::arg);
}
