// Method: property: a figure's mean over a bound is known with more ticks, and by what neighbours
// say; model: a tuner with limits goes on bit for bit after save and restore; golden: format 1.
#include <cmath>
#include <gyre/core/bytes.hpp>
#include <gyre/learn/tuner.hpp>
#include <limits>
#include <vector>

#include "catch.hpp"

TEST_CASE("a limit is broken once that is known, also by settings between", "[learn]") {
  const gyre::tuner_shape shape{{}, {{12, true}}};
  gyre::limits l;
  REQUIRE_FALSE(l.broken(0, 0));
  l.add("ms", shape);
  l.add("mb", shape);
  REQUIRE(l.find("mb") == 1);
  REQUIRE(l.find("kb") == -1);
  REQUIRE_FALSE(l.broken(0, 11));
  gyre::rng noise(3, 3, gyre::purpose::user);
  int news = 0;
  for (std::uint32_t i = 0; i < 120; ++i) {
    const std::uint32_t a = i % 12;
    if (a == 9) continue;  // never tried
    news += l.observe(0, 0, a, 10. * a + noise.normal(), 52) ? 1 : 0;
    (void)l.observe(1, 0, a, 1, 2);
  }
  for (std::uint32_t a = 0; a < 12; ++a) REQUIRE(l.broken(0, a) == (a > 5));
  REQUIRE(news == 5);
  REQUIRE(l[0].observations == 110);
  REQUIRE(l[0].broken == 50);
  REQUIRE(l.excess(0, 11) == Approx((110. - 52) / 52).margin(.05));
  gyre::limits noisy;
  noisy.add("ms", shape);
  for (std::uint32_t i = 0; i < 24; ++i) {
    (void)noisy.observe(0, 0, i % 12, 100 + 50 * noise.normal(), 100);  // at the bound: not over it
  }
  int over = 0;
  for (std::uint32_t a = 0; a < 12; ++a) over += noisy.broken(0, a) ? 1 : 0;
  REQUIRE(over <= 3);
}

TEST_CASE("a tuner with limits goes on bit for bit, and reads what had none", "[learn]") {
  const gyre::tuner_shape shape{{{2, true}}, {{6, true}}};
  const auto run = [](gyre::tuner& t, std::uint64_t from) {
    for (std::uint64_t i = from; i < from + 100; ++i) {
      gyre::rng world(4, 4, gyre::purpose::user, 9 * i);
      const auto s = static_cast<std::uint32_t>(i % 2);
      const std::uint32_t a = t.choose(s).action;
      const double ms = 10. * a + world.normal();
      REQUIRE(t.observe_limit(s, a, "ms", ms, 32) == gyre::code::ok);
      REQUIRE(t.observe(s, a, a + world.normal()));
    }
  };
  const auto bytes = [](const gyre::tuner& t) {
    gyre::byte_writer out;
    t.save(out);
    return out.take();
  };
  gyre::tuner whole(shape, {}, 1, 0), other(shape, {}, 1, 0), fresh(shape, {}, 1, 0);
  auto old = bytes(whole);
  run(whole, 0);
  REQUIRE(whole.greedy(0) == 3);
  REQUIRE(whole.stats().interventions.limits > 20);
  REQUIRE(whole.report(0).avoided == 2);
  const auto file = bytes(whole);
  gyre::byte_reader in(file);
  REQUIRE(other.restore(in) == gyre::code::ok);
  REQUIRE(in.remaining() == 0);
  REQUIRE(bytes(other) == file);
  run(whole, 100);
  run(other, 100);
  REQUIRE(bytes(other) == bytes(whole));
  for (std::size_t cut = 0; cut < file.size(); cut += 101) {
    gyre::byte_reader part{std::span<const std::byte>(file).first(cut)};
    REQUIRE(fresh.restore(part) != gyre::code::ok);
  }
  old.resize(old.size() - 2);  // without what limits add
  old[0] = std::byte{1};
  gyre::byte_reader before(old);
  REQUIRE(other.restore(before) == gyre::code::ok);
  REQUIRE(other.limits().size() == 0);
  REQUIRE(bytes(other) == bytes(fresh));
}

TEST_CASE("bad figures of a limit change nothing", "[learn]") {
  gyre::tuner t({{}, {{3, true}}}, {}, 1, 0);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  REQUIRE(t.observe_limit(0, 0, "a", nan, 1) == gyre::code::arg);
  REQUIRE(t.observe_limit(0, 0, "a", 1, nan) == gyre::code::arg);
  REQUIRE(t.observe_limit(0, 3, "a", 1, 1) == gyre::code::arg);
  REQUIRE(t.limits().size() == 0);
  for (const char* name : {"a", "b", "c", "d"}) {
    REQUIRE(t.observe_limit(0, 0, name, 1, 1) == gyre::code::ok);
  }
  REQUIRE(t.observe_limit(0, 0, "e", 1, 1) == gyre::code::budget);
  t.set_mode(gyre::tuning_mode::frozen);
  REQUIRE(t.observe_limit(0, 0, "a", 1, 1) == gyre::code::state);
  REQUIRE(t.limits()[0].observations == 1);
}
