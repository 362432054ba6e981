// Method: reference: simulated services whose best setting is known, and what the best fixed
// setting earns on them; property: the unit and a few absurd rewards change nothing; golden: one
// run's bits; regressions: what defeated the learner that this one replaces.
#include <algorithm>
#include <cmath>
#include <gyre/core/bytes.hpp>
#include <gyre/core/hash.hpp>
#include <string>

#include "../../bench/tuning_peers.hpp"
#include "../../bench/tuning_services.hpp"
#include "catch.hpp"

namespace service_test {

template <class Change>
bench::outcome mean_of(const bench::service& s, int seeds, Change change) {
  bench::outcome sum;
  for (int i = 0; i < seeds; ++i) {
    bench::our_tuner mind(s, static_cast<std::uint64_t>(i));
    const auto o = bench::drive(s, mind, 1000U + static_cast<unsigned>(i), change);
    sum.all += o.all / seeds;
    sum.last += o.last / seeds;
  }
  return sum;
}
inline double as_it_is(double r, gyre::rng&) { return r; }

}  // namespace service_test

TEST_CASE("the ten services: regret, and each beside its best fixed setting", "[learn]") {
  bench::outcome mean;
  for (const bench::service& s : bench::services()) {
    const auto o = service_test::mean_of(s, 6, service_test::as_it_is);
    const auto fixed = bench::best_fixed(s, 1000);
    CAPTURE(s.name, o.all, o.last, fixed.all);
    if (std::string(s.name) != "success") REQUIRE(o.all < fixed.all + .12);
    mean.all += o.all / 10;
    mean.last += o.last / 10;
  }
  CAPTURE(mean.all, mean.last);
  REQUIRE(mean.all < .09);
  REQUIRE(mean.last < .05);
}

TEST_CASE("services of other shapes", "[learn]") {
  bench::outcome mean;
  const auto all = bench::other_services();
  for (const bench::service& s : all) {
    const auto o = service_test::mean_of(s, 4, service_test::as_it_is);
    mean.all += o.all / double(all.size());
    mean.last += o.last / double(all.size());
  }
  CAPTURE(mean.all, mean.last);
  REQUIRE(mean.all < .1);
  REQUIRE(mean.last < .06);
}

TEST_CASE("unit, sign and one reward in a hundred times a thousand change little", "[learn]") {
  using change = double (*)(double, gyre::rng&);
  for (const char* name : {"ship", "cache-drift", "three-knobs", "tiny-scale"}) {
    for (const bench::service& s : bench::services()) {
      if (std::string(s.name) != name) continue;
      const double plain = service_test::mean_of(s, 4, service_test::as_it_is).all;
      for (const change c : std::initializer_list<change>{
               [](double r, gyre::rng&) { return r * 1e9; },
               [](double r, gyre::rng&) { return r * 1e-9; },
               [](double r, gyre::rng&) { return r - 500; },
               [](double r, gyre::rng& w) { return w.unit() < .01 ? r * 1000 : r; },
               [](double r, gyre::rng& w) { return w.unit() < .01 ? -1000 * std::fabs(r) : r; },
               [](double r, gyre::rng& w) { return w.unit() < .01 ? std::nan("") : r; }}) {
        CAPTURE(name, plain);
        REQUIRE(service_test::mean_of(s, 4, c).all < plain + .03);
      }
    }
  }
}

TEST_CASE("trying costs no more than the budget, at any tick", "[learn]") {
  for (const char* name : {"ship", "batch", "concurrency", "success"}) {
    for (const bench::service& s : bench::services()) {
      if (std::string(s.name) != name) continue;
      for (std::uint64_t seed = 0; seed < 10; ++seed) {
        gyre::tuner_options o;
        o.baseline = s.actions() / 2;
        gyre::tuner t(bench::shape_of(s), o, seed, 0);
        gyre::rng world(1000 + seed, 77, gyre::purpose::user);
        double lost = 0, earned = 0, variance = 0;
        for (int k = 0; k < s.ticks; ++k) {
          const std::uint32_t state = s.state_at(k, world);
          const std::uint32_t a = t.choose(state).action;
          const double m = s.mean(state, a, k), base = s.mean(state, o.baseline, k);
          const double deviation = s.kind == bench::noise::add        ? s.amount
                                   : s.kind == bench::noise::multiply ? s.amount * std::fabs(m)
                                                                      : std::sqrt(m * (1 - m));
          lost += base - m;
          earned += std::fabs(base);
          variance += deviation * deviation;
          CAPTURE(name, seed, k);
          if (k > 50) REQUIRE(lost <= .05 * earned + 3 * std::sqrt(variance));
          (void)t.observe(state, a, s.draw(m, world));
        }
        REQUIRE(t.stats().may_lose > 0);
      }
    }
  }
}

// A failure earned -1, more than the -30 of success, and the failing setting was taken in 93 %.
TEST_CASE("a setting that fails is worth no more than the worst success", "[learn]") {
  gyre::tuner t({{}, {{3, true}}}, {}, 1, 0);
  int failed = 0;
  for (int i = 0; i < 2000; ++i) {
    const std::uint32_t a = t.choose(0).action;
    if (a == 2) {
      ++failed;
      REQUIRE(t.observe_failure(0, a));
    } else {
      REQUIRE(t.observe(0, a, a == 0 ? -50 : -30));
    }
  }
  REQUIRE(failed < 100);
  REQUIRE(t.stats().failures == static_cast<std::uint64_t>(failed));
  REQUIRE(t.greedy(0) == 1);
}

// The demo on a busy machine: text over a link of 400 or 3 MB/s, level 0 almost without noise,
// 1,500 ticks of each in turn. While one went on, what all states together said of the other, one
// that they knew nothing of, outweighed what was known of it: 78 of 100 runs under 0.85 of what was
// to be had. Where the first ticks took one setting, its noise was the unit, and all others
// outliers; and a neighbour of the best was never looked at.
namespace service_test {

constexpr double cpu_ms[] = {.022, .010, .007, .65, .45, .39, .70, .52, .52,
                             .95,  .93,  1.22, 1.0, 1.25, 2.3};
constexpr double kept[] = {1,   1,   1,   .33, .29, .27, .325, .275, .25,
                           .32, .26, .225, .32, .26, .22};
inline double shipped(double link, std::uint32_t a, double bytes, double cpu) {
  return 65.5 / (cpu_ms[a] * cpu + 65.5 * kept[a] * (a < 3 ? 1 : bytes) / link);
}
/// The mean over its last quarter of what a run of twelve seconds names best, of what there is.
inline double shipping(std::uint64_t seed) {
  constexpr double links[] = {400, 3};
  gyre::tuner t({{{4, true}}, {{5, true}, {3, true}}}, {}, seed, 0);
  gyre::rng world(seed, 99, gyre::purpose::user);
  const auto part = [&](std::size_t i, std::uint32_t state) {
    double top = 0;
    for (std::uint32_t a = 0; a < 15; ++a) top = std::max(top, shipped(links[i], a, 1, 1));
    return shipped(links[i], t.greedy(state), 1, 1) / top;
  };
  double sum = 0;
  for (int k = 0; k < 7200; ++k) {
    const std::size_t i = k / 1500 % 2;
    const std::uint32_t state = i == 0 ? 3 : 1, a = t.choose(state).action;
    const double bytes = std::exp(.35 * world.normal() - .06);
    const double cpu = std::exp(.2 * world.normal() - .02);
    (void)t.observe(state, a, shipped(links[i], a, bytes, cpu));
    if (k >= 5400 && k % 150 == 149) sum += (part(0, 3) + part(1, 1)) / 24;
  }
  return sum;
}

}  // namespace service_test

TEST_CASE("what was found in one state stays while another goes on", "[learn]") {
  constexpr int runs = 40;
  int good = 0;
  for (std::uint64_t seed = 1; seed <= runs; ++seed) {
    const double score = service_test::shipping(seed);
    CAPTURE(seed, score);
    REQUIRE(score >= .85);
    good += score >= .97 ? 1 : 0;
  }
  CAPTURE(good);
  REQUIRE(good >= runs - 2);
}

// The best of four moved each 1,500 ticks: 22,483 lost of 40,000 ticks by replay of all time.
TEST_CASE("a best setting that moves is followed", "[learn]") {
  constexpr int seeds = 5;
  double lost = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    gyre::tuner t({{}, {{4, true}}}, {}, seed, 0);
    for (int i = 0; i < 40'000; ++i) {
      const std::uint32_t a = t.choose(0).action;
      const double off = std::abs(int(a) - (i / 1500 % 2 == 0 ? 0 : 3)) / 3.;
      lost += off / seeds;
      if (!t.observe(0, a, 2 - off)) FAIL("refused");
    }
    // What began anew predicts worse at first, which proved it out of date again: 35,839 changes.
    REQUIRE(t.stats().changes < 40'000 / 50);
  }
  CAPTURE(lost);
  REQUIRE(lost < 1500);
}

TEST_CASE("many actions, many states: bounded in time and bytes", "[learn]") {
  gyre::tuner wide({{}, {{65'536, true}}}, {}, 1, 0);
  REQUIRE(wide.bytes() < 8U << 20);
  gyre::rng noise(1, 1, gyre::purpose::user);
  for (int i = 0; i < 1500; ++i) {
    const std::uint32_t a = wide.choose(0).action;
    const double off = a / 65'536. - .7;
    REQUIRE(wide.observe(0, a, -off * off + .02 * noise.normal()));
  }
  REQUIRE(wide.greedy(0) / 65'536. == Approx(.7).margin(.15));
  gyre::tuner tall({{{32'768, true}}, {{2, true}}}, {}, 1, 0);
  REQUIRE(tall.bytes() < 64U << 20);
  for (std::uint32_t i = 0; i < 1000; ++i) {
    const std::uint32_t a = tall.choose(i * 31 % 32'768).action;
    REQUIRE(tall.observe(i * 31 % 32'768, a, a + .1 * noise.normal()));
  }
  REQUIRE(tall.greedy(12'345) == 1);  // a state that was never seen, from those beside it
  const gyre::tuner usual({{{4, true}}, {{5, true}, {3, true}}}, {}, 1, 0);
  REQUIRE(usual.bytes() <= 48U << 10);
}

TEST_CASE("one run has the same bits on every machine", "[learn]") {
  gyre::tuner t({{{3, true}}, {{6, true}, {4, false}}}, {}, 42, 7);
  std::uint64_t trace = 0;
  for (std::uint32_t i = 0; i < 1500; ++i) {
    gyre::rng world(1, 1, gyre::purpose::user, 20 * std::uint64_t{i});
    const std::uint32_t s = world.below(3), a = t.choose(s).action;
    trace = trace * 31 + a;
    const double off = a / 4 - 1.5 * s;
    (void)t.observe(s, a, a % 4 - off * off + world.normal());
  }
  gyre::byte_writer out;
  t.save(out);
  REQUIRE(trace == 0x54e9502461b7af79ULL);
  REQUIRE(gyre::siphash24(out.data()) == 0x515a5975dd6eb5beULL);
}

// Beliefs whose widths are in units of a noise that is next to none were sure of what was never
// tried: in 2 to 15 of 100 states a wrong setting was kept, once held the best with probability 1.
TEST_CASE("without noise the best of ten settings is found", "[learn]") {
  constexpr double levels[] = {0, 1, 3, 6, 9};
  int wrong = 0, states = 0;
  for (const double noise : {0.0, .001, .1, 1.0}) {
    for (std::uint32_t count = 1; count <= 2; ++count) {
      for (std::uint64_t seed = 0; seed < 100; ++seed) {
        gyre::tuner_shape shape{{}, {{5}, {2, false}}};
        if (count == 2) shape.features = {{2, false}};
        gyre::tuner t(shape, {}, seed, 0);
        gyre::rng world(5, seed, gyre::purpose::user);
        const auto worth = [&](std::uint32_t s, std::uint32_t a) {
          const double off = levels[a / 2] - (s == 0 ? 3 : 6);
          return -20 - off * off - (a % 2 == (s == 0 ? 1U : 0U) ? 0 : 5);
        };
        for (std::uint32_t i = 0; i < 600; ++i) {
          const std::uint32_t s = i % count, a = t.choose(s).action;
          (void)t.observe(s, a, worth(s, a) + noise * world.normal());
        }
        for (std::uint32_t s = 0; s < count; ++s, ++states) {
          if (worth(s, t.greedy(s)) < -20) ++wrong;
        }
      }
    }
  }
  CAPTURE(wrong, states);
  REQUIRE(wrong * 100 <= states);  // 1 of 1,200; 115 without the glances at what was never tried
}
