// Method: stories of clocks, then random ones whose every sleep is known, read by a thread that
// loses its CPU between the two clocks.
#include <gyre/core/rng.hpp>
#include <gyre/run/gap.hpp>
#include <string>

#include "catch.hpp"

using namespace std::chrono_literals;
using gyre::duration;
using gyre::gap;
using gyre::gap_detector;
using gyre::gap_options;
using gyre::instant;

TEST_CASE("a suspend is what boottime gains on the monotonic clock", "[run]") {
  gap_detector detector;
  REQUIRE_FALSE(detector.poll(10s, 0s, 5000s));  // any origin
  REQUIRE_FALSE(detector.poll(11s, 1s, 5001s));
  const gap slept = detector.poll(12s, 1s, 8602s);
  REQUIRE(slept);
  REQUIRE(slept.asleep == 3600s);
  REQUIRE(slept.jumped == 0s);
  REQUIRE_FALSE(detector.poll(13s, 1s, 8603s));  // told once
  REQUIRE_FALSE(detector.poll(14s, 1s, 8604s + 100ms));
  REQUIRE(detector.poll(15s, 1s, 8605s + 200ms + 1ns).asleep == 100ms + 1ns);
  REQUIRE(detector.gaps() == 2);
  REQUIRE(detector.lost() == 3600s + 100ms + 1ns);
}

TEST_CASE("a boottime that was read early hides a gap for a poll and makes none up", "[run]") {
  gap_detector detector;
  REQUIRE_FALSE(detector.poll(1s, 0s, 1s));
  REQUIRE_FALSE(detector.poll(3s, 1s, 2s));  // a second passed between the two readings
  REQUIRE_FALSE(detector.poll(4s, 1s, 4s));
  REQUIRE_FALSE(detector.poll(7s, 1s, 6s + 50ms));   // again, and a suspend of 5 s with it: all
  REQUIRE(detector.poll(8s, 1s, 13s).asleep == 5s);  // of it is told here
  REQUIRE(detector.gaps() == 1);
}

TEST_CASE("a clock that goes back stands still", "[run]") {
  gap_detector detector;
  REQUIRE_FALSE(detector.poll(100s, 0s, 100s));
  REQUIRE_FALSE(detector.poll(90s, 0s, 100s));  // else boottime had gained 10 s
  REQUIRE_FALSE(detector.poll(104s, 0s, 104s));
}

TEST_CASE("a jump is a poll that comes much later than expected", "[run]") {
  gap_detector detector({100ms, 5s});
  REQUIRE_FALSE(detector.poll(1000s));  // nothing before it
  REQUIRE_FALSE(detector.poll(1005s));
  REQUIRE_FALSE(detector.poll(1070s, 60s));  // 60 s of it were the driver's own sleep
  const gap jumped = detector.poll(1135s + 1ns, 60s);
  REQUIRE(jumped.jumped == 5s + 1ns);
  REQUIRE(jumped.asleep == 0s);
  REQUIRE_FALSE(detector.poll(1100s));  // back: stands
  REQUIRE_FALSE(detector.poll(1140s));
  REQUIRE(detector.poll(1150s).jumped == 10s);
  REQUIRE(detector.gaps() == 2);
  REQUIRE(detector.lost() == 15s + 1ns);
}

TEST_CASE("a gap of both kinds is one gap with two parts", "[run]") {
  gap_detector detector;
  detector.poll(0s, 0s, 0s);
  const gap both = detector.poll(8s, 1s, 28s);
  REQUIRE(both.asleep == 20s);
  REQUIRE(both.jumped == 7s);
  REQUIRE(detector.gaps() == 1);
  REQUIRE(detector.lost() == 27s);
}

TEST_CASE("a restart forgets the clocks and keeps the counts", "[run]") {
  gap_detector detector;
  detector.poll(0s, 0s, 0s);
  detector.poll(10s, 0s, 50s);
  detector.restart();
  REQUIRE_FALSE(detector.poll(100s, 0s, 500s));
  REQUIRE_FALSE(detector.poll(101s, 0s, 501s));
  REQUIRE(detector.gaps() == 1);
  REQUIRE(detector.lost() == 50s);
}

TEST_CASE("gaps hold at the ends of time, and may be switched off", "[run]") {
  gap_detector detector;
  detector.poll(0s, 0s, 0s);
  REQUIRE(detector.poll(gyre::never, 0s, gyre::never).jumped == gyre::never);
  REQUIRE_FALSE(detector.poll(gyre::never, gyre::never, gyre::never));
  detector.restart();
  detector.poll(0s, 0s, 0s);
  REQUIRE(detector.poll(gyre::never, 0s, gyre::never).jumped == gyre::never);
  detector.restart();
  detector.poll(0s, 0s, 0s);
  REQUIRE(detector.poll(1s, 1s, 10s).asleep == 9s);
  REQUIRE(detector.lost() == gyre::never);
  gap_detector off({gyre::never, gyre::never});
  off.poll(0s, 0s, 0s);
  REQUIRE_FALSE(off.poll(gyre::longest / 2, 0s, gyre::longest));
}

TEST_CASE("gaps are those that there were, whatever the readings lose on the way", "[run]") {
  gyre::rng random(57, 0, 0);
  for (int round = 0; round < 200; ++round) {
    gap_detector detector;
    instant mono = 1ms * random.below(1'000'000);
    duration boot = 1ms * random.below(1'000'000);
    std::uint64_t gaps = 0;
    duration lost{0};
    for (int i = 0; i < 300; ++i) {
      duration asleep{0};
      duration jumped{0};
      const duration expected = 1ms * random.below(2000);
      if (i > 0 && random.below(10) == 0) asleep = 1ms * (120 + random.below(100'000));
      if (i > 0 && random.below(10) == 1) asleep = 1ms * random.below(80);  // too short
      if (i > 0 && random.below(10) == 2) jumped = 5001ms + 1ms * random.below(100'000);
      if (i > 0 && random.below(10) == 3) jumped = 1ms * random.below(5000);  // too short
      const duration between = 1us * random.below(10'000);  // boottime first, then the other
      mono += expected + jumped;
      boot += expected + jumped + asleep;
      const gap found = detector.poll(mono, expected, boot - between);
      CAPTURE(round, i, asleep.count(), jumped.count(), found.asleep.count());
      REQUIRE((found.asleep > 0s) == (asleep >= 120ms));
      if (found.asleep > 0s) {
        REQUIRE(found.asleep <= asleep + 10ms);
        REQUIRE(found.asleep >= asleep - 10ms);
      }
      REQUIRE(found.jumped == (jumped > 5s ? jumped : 0ms));
      gaps += found ? 1 : 0;
      lost += found.asleep + found.jumped;
    }
    REQUIRE(detector.gaps() == gaps);
    REQUIRE(detector.lost() == lost);
  }
}

TEST_CASE("gap options name the value that is wrong", "[run]") {
  REQUIRE(gap_options{}.check());
  REQUIRE(gap_options{gyre::never, gyre::never}.check());
  REQUIRE(gap_options{0s, 1s}.check().error().text == "a gap's suspend is 0 ms: above 0");
  REQUIRE(gap_options{1s, -2ms}.check().error().text == "a gap's jump is -2 ms: above 0");
}
