// How loops tune themselves through the engine.
// Room: engine.
#include <cmath>
#include <gyre/gyre.hpp>
#include <string>
#include <vector>

#include "../../bench/tuning_budget.hpp"
#include "catch.hpp"
#include "sanitized.hpp"

using namespace std::chrono_literals;

namespace {

gyre::engine virtual_engine() {
  return gyre::engine({.driver = gyre::driver::virtual_time});
}
gyre::loop_options loop(std::vector<double> values) {
  return {.name = "a", .interval = 10ms, .jitter = 0, .knobs = {{"k", std::move(values)}}};
}
/// Which part of the last n ticks had this value.
double part_of(const std::vector<double>& used, std::size_t n, double value) {
  std::size_t hits = 0;
  for (std::size_t i = used.size() - n; i < used.size(); ++i) hits += used[i] == value ? 1 : 0;
  return static_cast<double>(hits) / static_cast<double>(n);
}

}  // namespace

// Method: property. With nothing set, the best of nine noisy values runs in most later ticks.
TEST_CASE("a loop with knobs is tuned by default", "[engine]") {
  auto e = virtual_engine();
  gyre::rng noise(5, 6, gyre::purpose::user);
  std::vector<double> used;
  e.add(loop({1, 2, 3, 4, 5, 6, 7, 8, 9}), [&](gyre::tick& t) {
     used.push_back(t.knob("k"));
     t.reward(-.5 * (used.back() - 6) * (used.back() - 6) + noise.normal());
   }).value();
  e.advance_to(20s).value();
  REQUIRE(part_of(used, 500, 6) > .7);
  const auto l = e.snapshot().learners.at(0);
  REQUIRE(l.tunes);
  REQUIRE(l.stats.observations == used.size());
  REQUIRE(l.reports.at(0).best == 5);
  REQUIRE(l.reports[0].probability > .7);
  REQUIRE(l.reports[0].low < 0);
  REQUIRE(l.reports[0].high > 0);
  const std::string text = gyre::table(e.snapshot());
  REQUIRE(text.find("tuner a: 1 state x 9 settings") != std::string::npos);
  REQUIRE(text.find("always: k=6 earns") != std::string::npos);
}

// Method: fault. A failure earned -1, which beat every cost: 93 % of late ticks ran what failed.
TEST_CASE("a setting that fails is not preferred to one that costs", "[engine]") {
  auto e = virtual_engine();
  std::vector<double> used;
  e.add(loop({1, 2, 3}), [&](gyre::tick& t) {
     used.push_back(t.knob("k"));
     if (used.back() == 2) {
       (void)t.fail("it does not work");
     } else {
       t.cost(used.back() == 1 ? 30 : 25);
     }
   }).value();
  e.advance_to(fewer(gyre::duration(1h))).value();
  REQUIRE(part_of(used, 500, 2) < .05);
  REQUIRE(part_of(used, 500, 3) > .8);
}

// Method: fault. A tick given up at its timeout taught nothing: what hangs kept its first worth.
TEST_CASE("a setting that hangs has to answer for it", "[engine]") {
  auto e = virtual_engine();
  auto o = loop({1, 2, 3});
  o.timeout = 50ms;
  o.retry = {.base = 10ms, .cap = 10ms};
  e.add_external(std::move(o)).value();
  std::vector<double> used;
  for (gyre::instant now = 0ms; now < 60s; now += 10ms) {
    e.advance_to(now).value();
    std::uint32_t id = 0;
    if (e.acquire({&id, 1}) == 0) continue;
    (void)e.with_tick(id, [&](gyre::tick& t) {
      used.push_back(t.knob("k"));
      t.reward(10);
    });
    if (used.back() != 2) (void)e.complete(id);  // else it never ends
  }
  REQUIRE(used.size() > 1000);
  REQUIRE(part_of(used, 500, 2) < .1);
}

// Method: fault. A tick without work was credited to a setting that was not applied.
TEST_CASE("a tick that asks for no knob teaches nothing", "[engine]") {
  auto e = virtual_engine();
  std::vector<double> used;
  std::uint64_t n = 0;
  auto l = e.add(loop({1, 2, 3, 4, 5}), [&](gyre::tick& t) {
              if (n++ % 2 == 0) return;  // nothing to do: +1 by itself
              used.push_back(t.knob("k"));
              t.reward(used.back() == 4 ? .6 : .4);
            }).value();
  e.advance_to(20s).value();
  REQUIRE(e.snapshot().learners[0].stats.observations == used.size());
  REQUIRE(l.stats()->metrics.cycles == n);
  REQUIRE(part_of(used, 300, 4) > .8);
}

// Method: fault. Ticks of one loop that overlap shared one set of features: half were right.
TEST_CASE("what a tick sees is its own", "[engine]") {
  auto e = virtual_engine();
  auto o = loop({0, 1});
  o.features = {{"which", {.5}}};
  o.instances = 2;
  o.timeout = 1h;
  e.add_external(std::move(o)).value();
  int right = 0, all = 0;
  gyre::rng draw(1, 1, gyre::purpose::user);
  for (gyre::instant now = 10ms; now < 30s; now += 20ms) {
    e.advance_to(now).value();
    std::uint32_t ids[2] = {};
    if (e.acquire(ids) != 2) continue;
    double sees[2];
    for (int i = 0; i < 2; ++i) {  // both report before either asks
      sees[i] = draw.below(2);
      (void)e.with_tick(ids[i], [&](gyre::tick& t) { t.feature("which", sees[i]); });
    }
    for (int i = 0; i < 2; ++i) {
      (void)e.with_tick(ids[i], [&](gyre::tick& t) {
        const bool good = t.knob("k") == sees[i];
        t.reward(good ? 1 : 0);
        right += now >= 15s && good ? 1 : 0;
        all += now >= 15s ? 1 : 0;
      });
    }
    for (const std::uint32_t id : ids) (void)e.complete(id);
  }
  REQUIRE(all > 500);
  REQUIRE(right > .9 * all);
}

// Method: golden. With features told only before the knob, s' was s: a state that pays 1 for each
// step on was held to be worth 20.
TEST_CASE("sequential loops learn what the next tick sees", "[engine]") {
  auto e = virtual_engine();
  int at = 0;
  gyre::loop_options o{.name = "walk",
                       .interval = 10ms,
                       .jitter = 0,
                       .features = {{"at", {1, 2, 3}}},
                       .knobs = {{"on", {0}}},
                       .learning = {.discount = .5, .learning_rate = .5}};
  e.add(std::move(o), [&](gyre::tick& t) {
     t.feature("at", at);
     (void)t.knob("on");
     const bool end = at == 3;
     t.reward(end ? 8 : 0);
     if (end) t.terminated();
     at = end ? 0 : at + 1;
   }).value();
  e.advance_to(60s).value();
  const auto l = e.snapshot().learners.at(0);
  REQUIRE_FALSE(l.tunes);
  const double right[] = {1, 2, 4, 8};  // halved a step, nothing after the end
  for (std::size_t s = 0; s < 4; ++s) {
    REQUIRE(static_cast<double>(l.q[s]) == Approx(right[s]).margin(.01));
  }
}

// Method: property. With a baseline, what tuning costs stays within the budget; what is forbidden
// is never tried; one step at a time.
TEST_CASE("guard rails hold", "[engine]") {
  SECTION("a budget") {
    auto e = virtual_engine();
    auto o = loop({0, 1, 2, 3, 4, 5, 6, 7});
    o.tuning = {.baseline = {{"k", 5}}, .budget = .05};
    double lost = 0, base = 0;
    e.add(std::move(o), [&](gyre::tick& t) {
       const double k = t.knob("k");
       const double earns = k == 6 ? 11 : k == 5 ? 10 : 1;
       t.reward(earns);
       lost += 10 - earns;
       base += 10;
       if (base > 500) REQUIRE(lost <= .05 * base + 9);
     }).value();
    e.advance_to(20s).value();
    REQUIRE(e.snapshot().learners[0].reports[0].best == 6);
    REQUIRE(e.snapshot().learners[0].reports[0].baseline == Approx(10).margin(1));
  }
  SECTION("what is forbidden, and one step a tick") {
    auto e = virtual_engine();
    auto o = loop({0, 1, 2, 3, 4, 5});
    o.tuning.forbidden = {{{"k", 5}}};
    o.tuning.one_step = true;
    double last = -1;
    e.add(std::move(o), [&](gyre::tick& t) {
       const double k = t.knob("k");
       REQUIRE(k != 5);
       if (last >= 0) REQUIRE(std::fabs(k - last) <= 1);
       last = k;
       t.reward(k);
     }).value();
    e.advance_to(5s).value();
    REQUIRE(last == 4);
  }
  SECTION("modes, of a running loop too") {
    auto e = virtual_engine();
    auto o = loop({0, 1, 2, 3});
    o.tuning = {.baseline = {{"k", 1}}, .mode = gyre::tuning_mode::observe};
    std::vector<double> used;
    auto l = e.add(std::move(o), [&](gyre::tick& t) {
                used.push_back(t.knob("k"));
                t.reward(used.back());
              }).value();
    e.advance_to(5s).value();
    REQUIRE(part_of(used, used.size(), 1) == 1);
    REQUIRE(l.reconfigure({.mode = gyre::tuning_mode::tune}));
    e.advance_to(60s).value();
    REQUIRE(part_of(used, 200, 3) > .8);
    REQUIRE(l.reconfigure({.mode = gyre::tuning_mode::frozen}));
    e.advance_to(70s).value();
    REQUIRE(part_of(used, 900, 3) == 1);
  }
  SECTION("nonsense is refused") {
    auto e = virtual_engine();
    const auto refused = [&](gyre::tuning t, const char* says) {
      auto o = loop({0, 1});
      o.tuning = std::move(t);
      const auto r = e.add(std::move(o), [](gyre::tick&) {});
      REQUIRE(r.code() == gyre::code::arg);
      CAPTURE(r.error().text);
      REQUIRE(r.error().text.find(says) != std::string::npos);
    };
    refused({.baseline = {{"x", 1}}}, "there is no knob \"x\"");
    refused({.baseline = {{"k", 2}}}, "2 is no value of knob \"k\"");
    refused({.budget = 2}, "budget is 0..1, not 2");
    refused({.forbidden = {{{"k", 0}}, {{"k", 1}}}}, "all 2 actions are forbidden");
    REQUIRE(e.snapshot().loops.empty());
  }
}

// Method: reference. What is lost against the baseline is known of simulated services: at no tick
// after the 50th more than the budget and three standard deviations of what was drawn; `bench` has
// all of them with 100 seeds.
TEST_CASE("a budget holds at every tick, through an engine", "[engine]") {
  for (const bench::service& s : bench::services()) {
    const std::string name = s.name;
    if (name != "ship" && name != "batch" && name != "success" && name != "tiny-scale") continue;
    for (std::uint64_t seed = 0; seed < fewer(3U, 3); ++seed) {
      CAPTURE(name, seed);
      REQUIRE(bench::over_budget(s, seed, .05) <= 3);
    }
  }
}

// Method: reference. What is kept of each decision is what the tick did, and of what another
// setting would have earned the intervals hold the truth; a tick that used another setting is left
// out.
TEST_CASE("what another setting would have earned is told from a loop's own ticks", "[engine]") {
  auto e = virtual_engine();
  gyre::rng noise(5, 8, gyre::purpose::user);
  auto o = loop({1, 2, 3});
  o.tuning.at_random = .2;
  o.tuning.history = 500;
  std::vector<double> used, earned;
  const auto it = e.add(std::move(o), [&](gyre::tick& t) {
     double k = t.knob("k");
     if (t.number() % 50 == 7) return (void)t.used("k", 2);
     used.push_back(k);
     earned.push_back(10 - (k - 3) * (k - 3) + noise.normal());
     t.reward(earned.back());
   }).value();
  e.advance_to(9990ms).value();
  const auto log = it.decisions().value();
  REQUIRE(log.size() == 500);
  for (std::size_t i = 0; i < 500; ++i) {
    REQUIRE(log[i].action == std::uint32_t(used[used.size() - 500 + i]) - 1);
    REQUIRE(log[i].reward == earned[earned.size() - 500 + i]);
    REQUIRE(log[i].propensity >= .2 / 3 - 1e-6);
  }
  for (const double k : {1., 2., 3.}) {
    const auto r = it.what_if({{"k", k}}).value();
    const double truth = 10 - (k - 3) * (k - 3);
    CAPTURE(k, r.ips.value, r.doubly_robust.value, r.doubly_robust.low, r.doubly_robust.high);
    REQUIRE(r.rows == 500);
    REQUIRE(r.fewest >= 5);
    REQUIRE(r.doubly_robust.value == Approx(truth).margin(.8));
    REQUIRE(r.as_seen.value == Approx(truth).margin(.8));
  }
  REQUIRE(it.what_if({{"k", 7}}).code() == gyre::code::arg);
  REQUIRE(it.what_if({}).code() == gyre::code::arg);
  REQUIRE(it.what_if({}).error().text ==
          "what_if: a value for each knob is wanted, and knob \"k\" has none");
  const auto plain = e.add({.name = "plain", .interval = 10ms}, [](gyre::tick&) {}).value();
  REQUIRE(plain.decisions().code() == gyre::code::state);
}

// Method: property and fault. A running loop explores as it is told from then on; what does not
// fit how it learns is refused, with nothing changed; exploration that becomes the default makes no
// tuner of Q-learning.
TEST_CASE("exploration of a running loop can be changed", "[engine]") {
  auto e = virtual_engine();
  std::vector<double> used;
  auto o = loop({1, 2, 3, 4});
  o.learning.explore = {.from = .8, .to = .8};
  const auto work = [&](gyre::tick& t) {
    used.push_back(t.knob("k"));
    t.reward(used.back());
  };
  auto q = e.add(std::move(o), work).value();
  e.advance_to(10s).value();
  REQUIRE(part_of(used, 500, 4) < .6);
  REQUIRE(q.reconfigure({.at_random = .5}).code() == gyre::code::state);
  REQUIRE(q.reconfigure({.explore = gyre::exploration{.from = 2}}).code() == gyre::code::arg);
  REQUIRE(q.reconfigure({.explore = gyre::exploration{}}).has_value());
  REQUIRE_FALSE(e.snapshot().learners.at(0).tunes);
  auto ahead = loop({1, 2});  // said, the default's numbers were taken for its bonus of 2
  ahead.name = "ahead";
  ahead.learning = {.explore = {.from = .8, .to = .8}, .sequential = true};
  auto sees = e.add(std::move(ahead), [](gyre::tick&) {}).value();
  REQUIRE(sees.reconfigure({.explore = gyre::exploration{.from = .1, .to = .1}}).has_value());
  REQUIRE(e.snapshot().learners.at(1).stats.exploration == .1);
  sees.remove().value();
  const auto before = e.snapshot().learners[0].stats.observations;
  e.advance_to(20s).value();
  REQUIRE(part_of(used, 500, 4) > .85);  // at random in one of ten
  REQUIRE(e.snapshot().learners[0].stats.observations > before);  // it goes on
  q.remove().value();

  used.clear();
  auto tuned = e.add(loop({1, 2, 3, 4}), work).value();
  e.advance_to(25s).value();
  REQUIRE(part_of(used, 200, 4) == 1);
  REQUIRE(tuned.reconfigure({.explore = gyre::exploration{}}).code() == gyre::code::state);
  REQUIRE(tuned.reconfigure({.at_random = 1.5}).code() == gyre::code::arg);
  REQUIRE(tuned.reconfigure({.at_random = 1}).has_value());
  e.advance_to(35s).value();
  REQUIRE(part_of(used, 800, 1) == Approx(.25).margin(.08));
  REQUIRE(tuned.reconfigure({.at_random = 0}).has_value());
  e.advance_to(45s).value();
  REQUIRE(part_of(used, 500, 4) > .98);
}
