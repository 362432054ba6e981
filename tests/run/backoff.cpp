// Method: a table of exact values, then properties over random settings, and the formulas of the
// kinds as they are published, computed beside ours.
#include <gyre/core/rng.hpp>
#include <gyre/run/backoff.hpp>
#include <limits>

#include "catch.hpp"

using namespace std::chrono_literals;
using gyre::duration;
using gyre::spread;

namespace {

constexpr spread kinds[] = {spread::proportional, spread::none, spread::equal, spread::full,
                            spread::decorrelated};

/// base * 2^(streak - 1) by doubling until the cap, as slow as it is plain.
duration doubled(const gyre::backoff& b, std::uint32_t streak) {
  duration wait = b.base;
  for (std::uint32_t i = 1; i < streak && i < 70; ++i) {
    if (wait > b.cap / 2) return b.cap;
    wait *= 2;
  }
  return wait;
}

gyre::backoff random_backoff(gyre::rng& random) {
  gyre::backoff b;
  b.base = duration(static_cast<std::int64_t>(random.next() >> (1 + random.below(63))));
  const auto room = static_cast<std::uint64_t>((duration::max() - b.base).count());
  b.cap = b.base + duration(static_cast<std::int64_t>((random.next() >> random.below(64)) % room));
  b.jitter = random.unit();
  return b;
}

}  // namespace

TEST_CASE("backoff doubles from 0.1 s to its cap of 5 s", "[run]") {
  const gyre::backoff backoff;
  const double middle = 0.5;  // no spread
  REQUIRE(backoff.after(0, middle) == 0ms);
  REQUIRE(backoff.after(1, middle) == 100ms);
  REQUIRE(backoff.after(2, middle) == 200ms);
  REQUIRE(backoff.after(3, middle) == 400ms);
  REQUIRE(backoff.after(6, middle) == 3200ms);
  REQUIRE(backoff.after(7, middle) == 5s);  // the reference stopped at 3.2 s
  REQUIRE(backoff.after(8, middle) == 5s);
  REQUIRE(backoff.after(4'000'000'000u, middle) == 5s);  // no shift past the width, and quick
}

TEST_CASE("backoff spreads by its jitter, the cap too", "[run]") {
  const gyre::backoff backoff;
  REQUIRE(backoff.after(1, 0.0) == 90ms);
  REQUIRE(backoff.after(50, 0.0) == 4500ms);
  REQUIRE(backoff.after(50, 0.999999) > 5499ms);
  REQUIRE(backoff.after(50, 0.999999) <= 5500ms);
}

TEST_CASE("backoff never shrinks with the streak nor leaves its bounds", "[run]") {
  gyre::rng random(7, 0, 0);
  for (int i = 0; i < 500; ++i) {
    gyre::backoff backoff;
    backoff.base = duration(random.below(1'000'000'000));
    backoff.cap = backoff.base + duration(random.below(2'000'000'000));
    backoff.jitter = random.unit();
    REQUIRE(backoff.valid());
    const double unit = random.unit();
    duration last{0};
    for (std::uint32_t streak = 0; streak < 70; ++streak) {
      CAPTURE(i, streak, unit);
      const duration wait = backoff.after(streak, unit);
      REQUIRE(wait >= last);
      REQUIRE(wait <= backoff.cap * 2);
      last = wait;
    }
  }
}

TEST_CASE("backoff holds at the largest duration", "[run]") {
  gyre::backoff backoff;
  backoff.base = duration::max() / 3;
  backoff.cap = duration::max();
  backoff.jitter = 1.0;
  REQUIRE(backoff.after(9, 0.99) == duration::max());
  REQUIRE(backoff.after(9, 0.0) == 0ns);
  backoff = {1ns, duration::max(), 0.1, spread::none};
  REQUIRE(backoff.after(63, 0.5) == duration(std::int64_t{1} << 62));
  REQUIRE(backoff.after(64, 0.5) == duration::max());  // 2^63 is beyond it
  REQUIRE(backoff.after(std::numeric_limits<std::uint32_t>::max(), 0.5) == duration::max());
  REQUIRE(gyre::backoff{0ns, 5s}.after(4'000'000'000u, 0.9) == 0ns);
}

TEST_CASE("backoff knows senseless settings", "[run]") {
  gyre::backoff bad;
  bad.base = -1ns;
  REQUIRE_FALSE(bad.valid());
  bad = {};
  bad.cap = 1ms;
  REQUIRE_FALSE(bad.valid());
  bad = {};
  bad.jitter = std::numeric_limits<double>::quiet_NaN();
  REQUIRE_FALSE(bad.valid());
  bad.jitter = 1.5;
  REQUIRE_FALSE(bad.valid());
  bad = {};
  bad.kind = static_cast<spread>(5);
  REQUIRE_FALSE(bad.valid());
  for (const spread kind : kinds) REQUIRE(gyre::backoff{100ms, 5s, 0.1, kind}.valid());
}

TEST_CASE("backoff of each kind keeps its published bounds", "[run]") {
  gyre::rng random(11, 0, 0);
  const std::uint32_t longest = std::numeric_limits<std::uint32_t>::max();
  for (int i = 0; i < 20'000; ++i) {
    gyre::backoff backoff = random_backoff(random);
    REQUIRE(backoff.valid());
    const std::uint32_t streak =
        random.below(4) == 0 ? longest - random.below(3) : 1 + random.below(80);
    const double unit = random.below(8) == 0 ? 0.0 : random.unit();
    const auto previous = duration(static_cast<std::int64_t>(random.next() >> random.below(64)));
    const duration b = doubled(backoff, streak);
    CAPTURE(i, streak, unit, backoff.base.count(), backoff.cap.count(), previous.count());

    backoff.kind = spread::none;
    REQUIRE(backoff.after(streak, unit) == b);
    backoff.kind = spread::equal;
    REQUIRE(backoff.after(streak, unit) >= b / 2);
    REQUIRE(backoff.after(streak, unit) <= b);
    backoff.kind = spread::full;
    REQUIRE(backoff.after(streak, unit) >= 0ns);
    REQUIRE(backoff.after(streak, unit) <= b);
    backoff.kind = spread::decorrelated;
    const duration wait = backoff.after(streak, unit, previous);
    const duration last = streak == 1 || previous < backoff.base ? backoff.base : previous;
    REQUIRE(wait >= backoff.base);
    REQUIRE(wait <= backoff.cap);
    if (last < duration::max() / 3) REQUIRE(wait <= last * 3);
    backoff.kind = spread::proportional;
    REQUIRE(backoff.after(streak, unit) >= 0ns);
    REQUIRE(backoff.after(streak, unit) == gyre::scale(b, 1 + backoff.jitter * (2 * unit - 1)));

    for (const spread kind : kinds) {  // nothing but the arguments decides
      backoff.kind = kind;
      REQUIRE(backoff.after(0, unit, previous) == 0ns);
      REQUIRE(backoff.after(streak, unit, previous) == backoff.after(streak, unit, previous));
    }
  }
}

TEST_CASE("backoff of each kind has its mean, and reaches near both its ends", "[run]") {
  struct row {
    spread kind;
    std::uint32_t streak;
    duration previous, low, high;
    double mean_ms;
  };
  // decorrelated after 2.5 s draws from 0.1..7.5 s, and a third of that lies beyond the cap.
  const double beyond = 2.5 / 7.4;
  const row rows[] = {
      {spread::proportional, 3, 0ms, 360ms, 440ms, 400},
      {spread::none, 3, 0ms, 400ms, 400ms, 400},
      {spread::equal, 3, 0ms, 200ms, 400ms, 300},
      {spread::full, 3, 0ms, 0ms, 400ms, 200},
      {spread::full, 9, 0ms, 0ms, 5s, 2500},
      {spread::decorrelated, 1, 4s, 100ms, 300ms, 200},  // whatever an earlier streak ended with
      {spread::decorrelated, 2, 300ms, 100ms, 900ms, 500},
      {spread::decorrelated, 9, 2500ms, 100ms, 5s, beyond * 5000 + (1 - beyond) * 2550},
  };
  for (const row& r : rows) {
    const gyre::backoff backoff{100ms, 5s, 0.1, r.kind};
    gyre::rng random(3, 0, 0);
    const int draws = 100'000;
    double sum = 0;
    duration least = duration::max();
    duration most = duration::min();
    for (int i = 0; i < draws; ++i) {
      const duration wait = backoff.after(r.streak, random.unit(), r.previous);
      sum += gyre::to_ms(wait);
      least = std::min(least, wait);
      most = std::max(most, wait);
    }
    CAPTURE(static_cast<int>(r.kind), r.streak, least.count(), most.count());
    const duration width = r.high - r.low;  // a mean is off by width / sqrt(12 * draws): take 5
    REQUIRE(sum / draws == Approx(r.mean_ms).margin(5 * gyre::to_ms(width) / 1095 + 1e-9));
    REQUIRE(least >= r.low);
    REQUIRE(least <= r.low + width / 100);
    REQUIRE(most <= r.high);
    REQUIRE(most >= r.high - width / 100);
  }
}

TEST_CASE("backoff of each kind grows with its cap and its draw", "[run]") {
  gyre::rng random(5, 0, 0);
  for (int i = 0; i < 5'000; ++i) {
    gyre::backoff backoff = random_backoff(random);
    backoff.kind = kinds[random.below(5)];
    gyre::backoff wider = backoff;
    wider.cap = gyre::add_saturated(
        wider.cap, duration(static_cast<std::int64_t>(random.next() >> (1 + random.below(63)))));
    const std::uint32_t streak = 1 + random.below(80);
    const double unit = random.unit();
    const duration previous = backoff.cap / (1 + random.below(9));
    CAPTURE(i, static_cast<int>(backoff.kind), streak, unit);
    REQUIRE(wider.after(streak, unit, previous) >= backoff.after(streak, unit, previous));
    REQUIRE(backoff.after(streak, unit, previous) >= backoff.after(streak, unit / 2, previous));
  }
}

TEST_CASE("decorrelated backoff walks within base and cap, and starts anew", "[run]") {
  const gyre::backoff backoff{100ms, 5s, 0.1, spread::decorrelated};
  gyre::rng random(9, 0, 0);
  duration last{0};
  bool shrank = false;
  bool capped = false;
  for (std::uint32_t streak = 1; streak < 500; ++streak) {
    const duration wait = backoff.after(streak, random.unit(), last);
    REQUIRE(wait >= 100ms);
    REQUIRE(wait <= std::min(duration(5s), std::max(last, duration(100ms)) * 3));
    shrank = shrank || wait < last;
    capped = capped || wait == 5s;
    last = wait;
  }
  REQUIRE(shrank);
  REQUIRE(capped);
  REQUIRE(backoff.after(1, 0.5, last) == 200ms);
}
