// emotion.cpp - tests of society/emotion.hpp.
// Method: the written rule step by step, and that a seed repeats a life exactly.
#include <gyre/society/emotion.hpp>
#include <limits>

#include "catch.hpp"

using gyre::emotion;

TEST_CASE("a mood decays to its equilibrium, and noise keeps it moving", "[society]") {
  emotion e(1);
  REQUIRE(e.inject(0.4, 0.5, -0.4));
  for (int i = 0; i < 1000; ++i) e.decay();
  REQUIRE(e.at().pleasure == Approx(0.5).margin(0.05));
  REQUIRE(e.at().arousal == Approx(0.3).margin(0.05));
  REQUIRE(e.at().dominance == Approx(0.5).margin(0.05));
  const double before = e.at().pleasure;
  e.decay();
  REQUIRE(e.at().pleasure != before);
}

TEST_CASE("one decay goes the stated part of the distance, half of it while calm", "[society]") {
  emotion e(1);
  REQUIRE(e.inject(0.5, 0.5, 0.5));
  e.decay();  // no variance yet: half as fast
  REQUIRE(e.at().pleasure == Approx(1 - 0.01 * 0.5).margin(0.007));
  REQUIRE(e.at().arousal == Approx(0.8 - 0.015 * 0.5).margin(0.007));
  REQUIRE(e.at().dominance == Approx(1 - 0.0075 * 0.5).margin(0.007));
}

TEST_CASE("after storms it decays faster", "[society]") {
  const auto fall = [](bool stormy) {
    emotion e(7);
    for (int i = 0; i < 20; ++i) {
      if (stormy) REQUIRE(e.inject(i % 2 ? 1 : -1, i % 2 ? 1 : -1, i % 2 ? 1 : -1));
      e.decay();
    }
    REQUIRE((e.variance() > 0.1) == stormy);
    REQUIRE(e.inject(1, 1, 1));
    double last = 0;
    double sum = 0;
    for (int i = 0; i < 5; ++i) {
      last = e.at().arousal;
      e.decay();
      sum += last - e.at().arousal;
    }
    return sum;
  };
  REQUIRE(fall(true) > 1.3 * fall(false));
}

TEST_CASE("a mood stays within 0..1 and takes only finite amounts", "[society]") {
  emotion e(1);
  REQUIRE(e.inject(100, -100, 100));
  REQUIRE(e.at().pleasure == 1);
  REQUIRE(e.at().arousal == 0);
  REQUIRE(e.inject(std::numeric_limits<double>::quiet_NaN(), 0, 0).code() == gyre::code::arg);
  REQUIRE(e.inject(0, std::numeric_limits<double>::infinity(), 0).code() == gyre::code::arg);
  REQUIRE(e.at().pleasure == 1);
  REQUIRE(e.at().dominance == 1);
}

TEST_CASE("each octant has its name", "[society]") {
  struct {
    double p, a, d;
    const char* name;
  } const rows[] = {
      {.4, .4, .4, "exuberant"},    {.4, .4, -.4, "dependent"}, {.4, -.3, .4, "relaxed"},
      {.4, -.3, -.4, "docile"},     {-.4, .4, .4, "hostile"},   {-.4, .4, -.4, "anxious"},
      {-.4, -.3, .4, "disdainful"}, {-.4, -.3, -.4, "bored"},   {0, 0, 0, "neutral"}};
  for (const auto& r : rows) {
    emotion e(1);
    REQUIRE(e.inject(r.p, r.a, r.d));
    REQUIRE(std::string(e.dominant()) == r.name);
  }
}

TEST_CASE("the same seed and events, the same life", "[society]") {
  emotion a(3);
  emotion b(3);
  emotion other(4);
  for (int i = 0; i < 200; ++i) {
    for (emotion* e : {&a, &b, &other}) {
      if (i % 10 == 0) REQUIRE(e->inject(0.1, 0.1, -0.1));
      e->decay();
    }
    REQUIRE(a.at().pleasure == b.at().pleasure);
  }
  REQUIRE(a.at().pleasure != other.at().pleasure);
  REQUIRE(a.vitality() > 0);
  REQUIRE(a.vitality() < 1);
}
