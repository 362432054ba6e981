// Method: one cause a case, everything that it must and must not change; then loops whose best
// setting is known, and the counts that learning must leave behind.
#include <gyre/gyre.hpp>

#include <cmath>
#include <stdexcept>
#include <string>

#include "catch.hpp"

using namespace std::chrono_literals;

namespace {
/// Runs one tick of `f` on a virtual engine and returns what is then known of the loop.
gyre::loop_stats one_tick(std::function<void(gyre::tick&)> f) {
  gyre::engine e({.driver = gyre::driver::virtual_time});
  auto l = e.add({.name = "one",
                  .interval = 1s,
                  .jitter = 0,
                  .features = {{"seen", {10, 20}}},
                  .knobs = {{"k", {1, 2}}}},
                 std::move(f))
               .value();
  e.advance_to(500ms).value();
  return l.stats().value();
}
}  // namespace

TEST_CASE("a tick that returns has succeeded and earned 1", "[engine]") {
  const auto s = one_tick([](gyre::tick&) {});
  REQUIRE(s.metrics.cycles == 1);
  REQUIRE(s.metrics.succeeded == 1);
  REQUIRE(s.reward == Approx(1));
  REQUIRE(s.last_error.empty());
}

TEST_CASE("fail() keeps the first text and earns minus the streak", "[engine]") {
  const auto s = one_tick([](gyre::tick& t) {
    t.fail("first");
    t.fail("second");
  });
  REQUIRE(s.metrics.errors == 1);
  REQUIRE(s.metrics.streak == 1);
  REQUIRE(s.last_error == "first");
  REQUIRE(s.reward == Approx(-1));
}

#if GYRE_EXCEPTIONS
TEST_CASE("what a tick throws is its failure", "[engine]") {
  REQUIRE(one_tick([](gyre::tick&) { throw std::runtime_error("boom"); }).last_error == "boom");
  const auto s = one_tick([](gyre::tick&) { throw 7; });
  REQUIRE(s.metrics.errors == 1);
  REQUIRE(s.last_error.find("std::exception") != std::string::npos);
}
#endif

TEST_CASE("an unknown knob or feature fails the tick and names it", "[engine]") {
  const auto a = one_tick([](gyre::tick& t) { REQUIRE(std::isnan(t.knob("speed"))); });
  REQUIRE(a.last_error == "loop \"one\" has no knob \"speed\"");
  const auto b = one_tick(
      [](gyre::tick& t) { REQUIRE(t.feature("depth", 1) == gyre::code::not_found); });
  REQUIRE(b.last_error == "loop \"one\" has no feature \"depth\"");
  const auto c =
      one_tick([](gyre::tick& t) { REQUIRE(t.feature("seen", std::nan("")) == gyre::code::arg); });
  REQUIRE(c.metrics.errors == 1);
}

TEST_CASE("a reward that is not finite fails the tick, and nothing is learned", "[engine]") {
  gyre::engine e({.driver = gyre::driver::virtual_time});
  bool bad = false;
  auto l = e.add({.name = "r",
                  .interval = 10ms,
                  .jitter = 0,
                  .knobs = {{"k", {1, 2}}},
                  .learning = {.batch = 8}},
                 [&](gyre::tick& t) {
                   (void)t.knob("k");
                   t.reward(bad ? std::nan("") : 0.5);
                 })
               .value();
  e.advance_to(99ms).value();
  bad = true;
  e.advance_to(100ms).value();
  const auto s = e.snapshot();
  REQUIRE(s.learners[0].stats.observations == 10);
  REQUIRE(s.learners[0].stats.replay_size == 10);
  REQUIRE(l.stats()->metrics.errors == 1);
  REQUIRE(l.stats()->last_error.find("the reward is nan; it must be finite") == 0);
}

TEST_CASE("vitality out of 0..1 fails the tick; in range it is the loop's part of the score",
          "[engine]") {
  REQUIRE(one_tick([](gyre::tick& t) { REQUIRE(t.vitality(1.5) == gyre::code::arg); })
              .metrics.errors == 1);
  gyre::engine e({.driver = gyre::driver::virtual_time});
  REQUIRE(e.snapshot().score == 1);
  e.add({.name = "v", .interval = 1s, .jitter = 0}, [](gyre::tick& t) { t.vitality(.4); }).value();
  e.add({.name = "h", .interval = 1s, .jitter = 0}, [](gyre::tick&) {}).value();
  e.advance_to(500ms).value();
  REQUIRE(e.snapshot().score == Approx(.7));
}

TEST_CASE("the table names every loop and sums them", "[engine]") {
  gyre::engine e({.driver = gyre::driver::virtual_time});
  for (int i = 0; i < 25; ++i) {
    e.add({.name = "loop" + std::to_string(i), .interval = 1s, .jitter = 0}, [](gyre::tick&) {})
        .value();
  }
  e.advance_to(3500ms).value();
  const std::string text = gyre::table(e.snapshot());
  REQUIRE(text.find("loop19") != std::string::npos);
  REQUIRE(text.find("... and 5 more loops") != std::string::npos);
  REQUIRE(text.find("25 loops, 100 ticks, 0 errors") != std::string::npos);
}

TEST_CASE("a host engine measures ticks, polls within its budget and never goes back", "[engine]") {
  gyre::engine e({.driver = gyre::driver::host});
  for (int i = 0; i < 5; ++i) {
    e.add({.name = "h" + std::to_string(i), .interval = 10ms, .jitter = 0}, [](gyre::tick&) {})
        .value();
  }
  auto r = e.poll(0ms, 3).value();
  REQUIRE(r.ticks == 3);
  REQUIRE(r.more);
  r = e.poll(0ms).value();
  REQUIRE(r.ticks == 2);
  REQUIRE_FALSE(r.more);
  REQUIRE(r.next_due == 10ms);
  REQUIRE(e.poll(12ms)->ticks == 5);
  REQUIRE(e.poll(3ms)->ticks == 0);
  REQUIRE(e.now() == 12ms);
  const auto s = e.snapshot();
  REQUIRE(s.loops[0].metrics.late_total.max_ms == Approx(2));
  REQUIRE(s.loops[0].metrics.latency.max_ms < 1000);
  REQUIRE(e.advance_to(1s).code() == gyre::code::state);
}

TEST_CASE("gates see the machine's figures read at most four times a second", "[engine]") {
  gyre::engine e({.driver = gyre::driver::host});
  std::uint64_t asked = 0;
  gyre::gate watch("watch", [&](const gyre::reading&) { return static_cast<double>(++asked); }, 1e9,
                   1e9);
  e.add({.name = "l", .interval = 1ms, .gates = {watch}}, [](gyre::tick&) {}).value();
  const gyre::instant from = gyre::monotonic_now();
  std::uint64_t polls = 0;
  while (e.snapshot().readings < 3) e.poll(1ms * static_cast<std::int64_t>(++polls)).value();
  const gyre::duration took = gyre::monotonic_now() - from;
  REQUIRE(took >= 500ms);  // two intervals between three readings
  REQUIRE(polls > 100);
  REQUIRE(asked > 100);
}

TEST_CASE("every finished tick is a transition, from the first on", "[engine]") {
  gyre::engine e({.driver = gyre::driver::virtual_time});
  e.add({.name = "l",
         .interval = 10ms,
         .timeout = 50ms,
         .jitter = 0,
         .knobs = {{"k", {1, 2}}},
         .learning = {.batch = 8, .capacity = 64}},
        [](gyre::tick& t) {
          (void)t.knob("k");
          if (t.number() % 5 == 1) t.fail("one in five");
          if (t.number() % 7 == 2) t.spend(60ms);
        })
      .value();
  std::uint64_t last = 0;
  for (int i = 1; i <= 300; ++i) {
    e.advance_to(gyre::instant(i * 10ms)).value();
    const auto s = e.snapshot();
    const std::uint64_t n = s.loops[0].metrics.cycles;
    REQUIRE(s.learners[0].stats.observations == n);
    REQUIRE(s.learners[0].stats.replay_size == std::min<std::uint64_t>(n, 64));
    REQUIRE(n >= last);
    last = n;
  }
  REQUIRE(last > 20);
}

TEST_CASE("a loop finds the setting that pays in each state", "[engine]") {
  gyre::engine e({.driver = gyre::driver::virtual_time, .seed = 3});
  e.add({.name = "l",
         .interval = 10ms,
         .features = {{"weather", {1, 2}}},
         .knobs = {{"coat", {0, 1, 2, 3}}, {"hat", {0, 1}}},
         .learning = {.explore = {.from = 1, .to = .05, .over = 2000}}},
        [](gyre::tick& t) {
          const double weather = static_cast<double>(t.number() % 3);
          t.feature("weather", weather);
          const double coat = t.knob("coat");
          t.reward((coat == weather + 1 ? 1 : 0) + (t.knob("hat") == (weather == 0 ? 1 : 0)));
        })
      .value();
  e.advance_to(60s).value();
  const auto s = e.snapshot();
  const auto& l = s.learners[0];
  REQUIRE(l.stats.states == 3);
  REQUIRE(l.stats.actions == 8);
  for (std::uint32_t state = 0; state < 3; ++state) {
    std::uint32_t best = 0;
    for (std::uint32_t a = 1; a < 8; ++a) {
      if (l.q[state * 8 + a] > l.q[state * 8 + best]) best = a;
    }
    CAPTURE(state);
    REQUIRE(best == (state + 1) * 2 + (state == 0 ? 1 : 0));
  }
  REQUIRE(l.stats.mean_reward > 1.7);
}

TEST_CASE("a feature reported before the first knob counts for its choice", "[engine]") {
  gyre::engine e({.driver = gyre::driver::virtual_time});
  std::uint32_t state = 99;
  auto l = e.add({.name = "l",
                  .interval = 10ms,
                  .jitter = 0,
                  .features = {{"f", {5}}},
                  .knobs = {{"k", {1, 2}}}},
                 [&](gyre::tick& t) {
                   t.feature("f", 7);
                   (void)t.knob("k");
                   t.feature("f", 1);
                 })
               .value();
  e.advance_to(5ms).value();
  REQUIRE(l.stats()->state_index == 1);
  REQUIRE(l.stats()->features[0].value == 1);
  REQUIRE(l.stats()->features[0].bucket == 0);
  (void)state;
}

TEST_CASE("loops of a group share one learner and one table", "[engine]") {
  gyre::engine e({.driver = gyre::driver::virtual_time, .shards = 4});
  for (int i = 0; i < 10; ++i) {
    e.add({.name = "m" + std::to_string(i),
           .interval = 10ms,
           .jitter = 0,
           .group = "team",
           .features = gyre::none,
           .knobs = {{"k", {1, 2, 3}}},
           .learning = {.batch = 8}},
          [](gyre::tick& t) { t.reward(t.knob("k")); })
        .value();
  }
  e.advance_to(999ms).value();
  const auto s = e.snapshot();
  REQUIRE(s.learners.size() == 1);
  REQUIRE(s.learners[0].name == "team");
  REQUIRE(s.learners[0].stats.observations == 1000);
  REQUIRE(s.learners[0].stats.replay_capacity == 10000);
  REQUIRE(s.loops[9].learner == 0);
  const auto other = e.add(
      {.name = "odd", .interval = 1s, .group = "team", .features = gyre::none,
       .knobs = {{"k", {1, 2}}}},
      [](gyre::tick&) {});
  REQUIRE(other.code() == gyre::code::arg);
  REQUIRE(e.snapshot().loops.size() == 10);
}

TEST_CASE("without knobs nothing is learned; the engine's own features are for who asks",
          "[engine]") {
  gyre::engine e({.driver = gyre::driver::virtual_time});
  e.add({.name = "plain", .interval = 10ms, .jitter = 0}, [](gyre::tick&) {}).value();
  auto own = e.add({.name = "own",
                    .interval = 10ms,
                    .jitter = 0,
                    .features = gyre::engine_features,
                    .knobs = {{"k", {1}}}},
                   [](gyre::tick& t) {
                     if (t.number() < 3) t.fail("x");
                   })
                 .value();
  e.advance_to(150ms).value();
  const auto s = e.snapshot();
  REQUIRE(s.loops[0].learner == -1);
  REQUIRE(s.loops[0].features.empty());
  REQUIRE(s.learners.size() == 1);
  REQUIRE(s.learners[0].stats.states == 6 * 4 * 4);
  REQUIRE(s.loops[1].features[0].name == "error_streak");
  REQUIRE(s.loops[1].features[0].value == own.stats()->metrics.streak);
  REQUIRE(s.loops[1].metrics.streak == 2);
}

TEST_CASE("a group's learner is for one meaning: the same features and knobs", "[engine]") {
  gyre::engine e({.driver = gyre::driver::virtual_time});
  const auto add = [&](const char* name, gyre::feature_list sees, gyre::knob sets,
                       std::uint32_t capacity = 0) {
    return e.add({.name = name,
                  .interval = 1s,
                  .group = "g",
                  .features = std::move(sees),
                  .knobs = {std::move(sets)},
                  .learning = {.batch = 8, .capacity = capacity}},
                 [](gyre::tick&) {});
  };
  const std::vector<gyre::feature> queue = {{"queue", {10, 100}}};
  REQUIRE(add("a", queue, {"level", {0, 9}}, 5000));
  REQUIRE(e.snapshot().learners[0].stats.replay_capacity == 5000);  // as asked
  REQUIRE(add("b", queue, {"level", {0, 9}}));
  const auto refused = [&](const gyre::result<gyre::loop>& r) {
    REQUIRE(r.code() == gyre::code::arg);
    REQUIRE(r.error().text.find("its group \"g\"") != std::string::npos);
    REQUIRE(e.snapshot().loops.size() == 2);
  };
  refused(add("c", queue, {"threads", {0, 9}}));
  refused(add("c", queue, {"level", {9, 0}}));
  refused(add("c", std::vector<gyre::feature>{{"depth", {10, 100}}}, {"level", {0, 9}}));
  refused(add("c", std::vector<gyre::feature>{{"queue", {10, 101}}}, {"level", {0, 9}}));
}

TEST_CASE("sequential work learns what its actions lead to", "[engine]") {
  gyre::engine e({.driver = gyre::driver::virtual_time, .seed = 2});
  double place = 0;  // 0..4: only the last one pays, and every step towards it costs
  e.add({.name = "walk",
         .interval = 10ms,
         .features = {{"place", {1, 2, 3, 4}}},
         .knobs = {{"step", {-1, 1}}},
         .learning = {.explore = {.from = 1, .to = .1, .over = 4000}, .sequential = true}},
        [&](gyre::tick& t) {
          const double step = t.knob("step");  // for the state that the last tick left
          const bool there = place == 4;
          place = there ? 0 : std::clamp(place + step, 0., 4.);
          t.reward(there ? 10 : step > 0 ? -1 : 0);
          t.feature("place", place);  // after acting: this is s'
        })
      .value();
  e.advance_to(100s).value();
  const auto s = e.snapshot();
  const auto& l = s.learners[0];
  REQUIRE(l.stats.discount == 0.95);
  for (std::uint32_t at = 0; at < 4; ++at) {
    CAPTURE(at);
    REQUIRE(l.q[at * 2 + 1] > l.q[at * 2]);  // forward, though that step costs
  }
}
