// Method: stories against the documented rules, then random streams of events against a model that
// keeps every failure there ever was and counts them anew each time.
#include <gyre/core/rng.hpp>
#include <gyre/run/intensity.hpp>
#include <limits>
#include <vector>

#include "catch.hpp"

using namespace std::chrono_literals;
using gyre::duration;
using gyre::instant;
using gyre::intensity;
using gyre::intensity_options;

namespace {

/// The rules word for word, in O(all that ever happened).
class naive {
 public:
  explicit naive(const intensity_options& options) : options_(options) {}

  bool failed(instant now) {
    if (options_.failures == 0) return false;
    failures_.push_back(now);
    result_ = now;
    if (open_) return false;
    std::uint32_t recent = 0;
    for (const instant at : failures_) {
      if (at >= now - options_.within) ++recent;
    }
    open_ = recent >= options_.failures;
    return open_;
  }
  bool succeeded(instant now) {
    if (!open_) return false;
    result_ = now;
    for (const instant at : failures_) {
      if (at > now - options_.healthy) return false;
    }
    open_ = false;
    failures_.clear();
    return true;
  }
  bool open() const { return open_; }
  instant not_before(instant now) const {
    return open_ && result_ + options_.rest > now ? result_ + options_.rest : now;
  }

 private:
  intensity_options options_;
  std::vector<instant> failures_;
  instant result_{0};
  bool open_ = false;
};

std::string refused(const intensity_options& options) {
  const auto checked = options.check();
  REQUIRE(checked.code() == gyre::code::arg);
  return checked.error().text;
}

}  // namespace

TEST_CASE("intensity opens at so many failures within the time, not sooner", "[run]") {
  intensity breaker({3, 10s, 5s, 20s});
  REQUIRE_FALSE(breaker.failed(0s));
  REQUIRE_FALSE(breaker.failed(1s));
  REQUIRE_FALSE(breaker.succeeded(2s));
  REQUIRE_FALSE(breaker.failed(10s + 1ns));  // the first is too old by 1 ns
  REQUIRE_FALSE(breaker.open());
  REQUIRE(breaker.not_before(10s + 1ns) == 10s + 1ns);
  REQUIRE(breaker.failed(11s));  // 1 s, 10 s, 11 s: exactly 10 s apart is within
  REQUIRE(breaker.open());
  REQUIRE(breaker.not_before(11s) == 16s);
  REQUIRE(breaker.not_before(17s) == 17s);
}

TEST_CASE("intensity allows one probe each rest, and closes after a healthy time", "[run]") {
  intensity breaker({1, 10s, 5s, 12s});
  REQUIRE(breaker.failed(100s));
  REQUIRE_FALSE(breaker.succeeded(105s));  // healthy for 5 s only
  REQUIRE(breaker.not_before(105s) == 110s);
  REQUIRE_FALSE(breaker.failed(110s));  // open already: no second opening
  REQUIRE(breaker.open());
  REQUIRE(breaker.not_before(110s) == 115s);
  REQUIRE_FALSE(breaker.succeeded(115s));
  REQUIRE(breaker.open());
  REQUIRE_FALSE(breaker.succeeded(122s - 1ns));  // time is counted from the last failure
  REQUIRE(breaker.succeeded(122s));
  REQUIRE_FALSE(breaker.open());
  REQUIRE(breaker.not_before(122s) == 122s);
  REQUIRE_FALSE(breaker.succeeded(123s));  // closed already
  REQUIRE(breaker.failed(124s));
}

TEST_CASE("intensity forgets old failures when it closes or is reset", "[run]") {
  intensity breaker({2, 1h, 1s, 2s});
  REQUIRE_FALSE(breaker.failed(1s));
  REQUIRE(breaker.failed(2s));
  REQUIRE(breaker.succeeded(4s));
  REQUIRE_FALSE(breaker.failed(5s));  // within the hour of the others, which no longer count
  REQUIRE(breaker.failed(6s));
  breaker.reset();
  REQUIRE_FALSE(breaker.open());
  REQUIRE_FALSE(breaker.failed(7s));
  breaker.reset();
  REQUIRE_FALSE(breaker.failed(8s));
}

TEST_CASE("intensity that is off does nothing, and that is the default", "[run]") {
  const bool made = GENERATE(false, true);
  intensity breaker = made ? intensity(intensity_options{}) : intensity();
  for (int i = 0; i < 1000; ++i) REQUIRE_FALSE(breaker.failed(1s));
  REQUIRE_FALSE(breaker.succeeded(2s));
  REQUIRE_FALSE(breaker.open());
  REQUIRE(breaker.not_before(3s) == 3s);
}

TEST_CASE("intensity holds at the end of time", "[run]") {
  intensity breaker({1, gyre::longest, gyre::longest, gyre::longest});
  const instant late = gyre::never - 1s;
  REQUIRE(breaker.failed(late));
  REQUIRE(breaker.not_before(late) == gyre::never);
}

TEST_CASE("intensity does what a model that forgets nothing does", "[run]") {
  gyre::rng random(23, 0, 0);
  int opened = 0;
  int closed = 0;
  for (int round = 0; round < 400; ++round) {
    intensity_options options;
    options.failures = random.below(6) == 0 ? random.below(65) : random.below(6);
    options.within = 1ms * (1 + random.below(3000));
    options.rest = 1ms * (1 + random.below(500));
    options.healthy = 1ms * (1 + random.below(2000));
    REQUIRE(options.check());
    intensity breaker(options);
    naive model(options);
    const bool obeys = random.below(2) == 0;      // runs only when it may, or whenever it likes
    const std::uint32_t bad = random.below(101);  // percent of failures
    const std::uint32_t step = 1 + random.below(100);
    instant now{0};
    for (int i = 0; i < 500; ++i) {
      now += 1ms * random.below(2 * step);
      if (obeys) now = breaker.not_before(now);
      CAPTURE(round, i, options.failures, now.count());
      if (random.below(100) < bad) {
        const bool did = breaker.failed(now);
        REQUIRE(did == model.failed(now));
        opened += did ? 1 : 0;
      } else {
        const bool did = breaker.succeeded(now);
        REQUIRE(did == model.succeeded(now));
        closed += did ? 1 : 0;
      }
      REQUIRE(breaker.open() == model.open());
      REQUIRE(breaker.not_before(now) == model.not_before(now));
      REQUIRE(breaker.not_before(now + 100ms) == model.not_before(now + 100ms));
    }
  }
  REQUIRE(opened > 1000);  // the streams go where the rules are
  REQUIRE(closed > 1000);
}

TEST_CASE("intensity names the value that is wrong", "[run]") {
  REQUIRE(intensity_options{}.check());
  REQUIRE(intensity_options{64, 1ns, 1ns, gyre::longest}.check());
  REQUIRE(intensity_options{0, 0s, 0s, 0s}.check());  // off
  REQUIRE(refused({65}) == "intensity of 65 failures: at most 64, 0 is off");
  REQUIRE(refused({1, 0s}) == "intensity's within is 0 ms: above 0, at most 100 years");
  REQUIRE(refused({1, 1s, -1ms}) == "intensity's rest is -1 ms: above 0, at most 100 years");
  REQUIRE(refused({1, 1s, 1s, gyre::never}).find("intensity's healthy is ") == 0);
}
