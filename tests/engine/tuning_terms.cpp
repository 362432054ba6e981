// Method: property: what a tick may say of its settings besides asking for them, through the engine
// on virtual time; fault: what is asked wrongly; model: what a store gives back is what there was.
#include <algorithm>
#include <gyre/edge/json.hpp>
#include <gyre/gyre.hpp>
#include <string>
#include <vector>

#include "catch.hpp"
#include "kit.hpp"

using namespace std::chrono_literals;

namespace terms_test {

inline gyre::loop_options one_knob(std::vector<double> values) {
  return {.name = "a", .interval = 10ms, .jitter = 0, .knobs = {{"k", std::move(values)}}};
}
inline gyre::tuner_stats tuning(gyre::engine& e) { return e.snapshot().learners.at(0).tuning; }

}  // namespace terms_test

TEST_CASE("a tick rules settings out for itself, in every mode", "[engine]") {
  for (const auto mode : {gyre::tuning_mode::tune, gyre::tuning_mode::observe,
                          gyre::tuning_mode::frozen}) {
    gyre::engine e(kit::virtual_clock());
    std::vector<std::string> told;
    kit::keep_texts(e, "gyre.tuning", told);
    auto o = terms_test::one_knob({0, 1, 2, 3});
    o.tuning.baseline = {{"k", 3}};
    o.tuning.one_step = true;
    o.tuning.budget = 1;
    o.tuning.forbidden = {{{"k", 0}}};
    bool busy = false;
    int best = 0, other = 0;
    auto l = e.add(std::move(o), [&](gyre::tick& t) {
                if (busy) REQUIRE(t.forbid("k", 3) == gyre::code::ok);
                const double k = t.knob("k");
                if (busy) REQUIRE(k != 3);
                (k == 3 ? best : other) += 1;
                t.reward(10 + k);
              }).value();
    e.advance_to(20s).value();
    REQUIRE(best > 1900);
    REQUIRE(l.reconfigure({.mode = mode}));
    const auto before = terms_test::tuning(e).interventions;
    busy = true;
    e.advance_to(25s).value();
    REQUIRE(other >= 500);
    const auto held = terms_test::tuning(e).interventions.forbidden - before.forbidden;
    if (mode != gyre::tuning_mode::frozen) REQUIRE(held > 300);
    if (held > 0) REQUIRE(told.back().find("by forbid()") != std::string::npos);
    REQUIRE(gyre::to_json(e.snapshot()).find("\"held_by_forbid\":") != std::string::npos);
    if (held > 0) REQUIRE(gyre::table(e.snapshot()).find("times by forbid()") != std::string::npos);
    busy = false;
    e.advance_to(26s).value();
    if (mode == gyre::tuning_mode::frozen) REQUIRE(l.stats()->knobs.at(0).value == 3);
  }
}

TEST_CASE("what is forbidden wrongly fails the tick and changes nothing", "[engine]") {
  gyre::engine e(kit::virtual_clock());
  auto o = terms_test::one_knob({0, 1, 2});
  o.tuning.forbidden = {{{"k", 0}}};
  int step = 0;
  auto l = e.add(std::move(o), [&](gyre::tick& t) {
              if (step == 0) REQUIRE(t.forbid("x", 1) == gyre::code::not_found);
              if (step == 1) REQUIRE(t.forbid("k", 7) == gyre::code::arg);
              if (step == 2) {
                REQUIRE(t.forbid("k", 1) == gyre::code::ok);
                REQUIRE(t.forbid("k", 2) == gyre::code::state);  // 0 is forbidden for good
                REQUIRE(t.knob("k") == 2);
                REQUIRE(t.forbid("k", 2) == gyre::code::state);
              }
              t.reward(1);
            }).value();
  const char* says[] = {"has no knob \"x\"", "7 is no value of knob \"k\"",
                        "with k = 2 every setting would be ruled out"};
  for (; step < 3; ++step) {
    REQUIRE(l.trigger());
    e.advance_to(e.now()).value();
    CAPTURE(l.stats()->last_error);
    REQUIRE(l.stats()->last_error.find(says[step]) != std::string::npos);
  }
  const auto s = terms_test::tuning(e);
  REQUIRE(s.observations == 0);
  REQUIRE(s.failures == 0);
  REQUIRE(s.refused == 1);
  gyre::engine q(kit::virtual_clock());
  auto learns = terms_test::one_knob({0, 1});
  learns.learning.sequential = true;
  q.add(std::move(learns), [](gyre::tick& t) {
     REQUIRE(t.forbid("k", 1) == gyre::code::unsupported);
   }).value();
  q.advance_to(10ms).value();
}

// An operator sets the level by hand; the learner watches, and knows the best when asked to tune.
TEST_CASE("a loop that observes learns what others set", "[engine]") {
  gyre::engine e(kit::virtual_clock());
  auto o = terms_test::one_knob({0, 1, 2, 3, 4, 5});
  o.knobs.push_back({"codec", {"zlib", "none"}});
  o.tuning = {.baseline = {{"k", 1}, {"codec", 0}}, .mode = gyre::tuning_mode::observe};
  gyre::rng hand(3, 3, gyre::purpose::user);
  bool watched = true;
  std::vector<double> used;
  auto l = e.add(std::move(o), [&](gyre::tick& t) {
              if (watched) {
                const double level = hand.below(6);
                REQUIRE(t.used("k", level) == gyre::code::ok);
                REQUIRE(t.knob("k") == level);
                REQUIRE(t.knob("codec") == 0);  // the baseline's: nobody said otherwise
              }
              used.push_back(t.knob("k"));
              t.reward(-(used.back() - 4) * (used.back() - 4) + .1 * hand.normal());
            }).value();
  e.advance_to(4s).value();
  REQUIRE(l.stats()->action_index % 2 == 0);
  const auto seen = e.snapshot().learners.at(0);
  REQUIRE(seen.reports[0].best == 4 * 2);
  REQUIRE(seen.stats.observations == 401);
  REQUIRE(seen.visits[1] == 0);
  watched = false;
  REQUIRE(l.reconfigure({.mode = gyre::tuning_mode::frozen}));
  used.clear();
  e.advance_to(5s).value();
  REQUIRE(std::all_of(used.begin(), used.end(), [](double k) { return k == 4; }));
}

TEST_CASE("a setting in use that is none of the knob's teaches nothing", "[engine]") {
  gyre::engine e(kit::virtual_clock());
  auto l = e.add(terms_test::one_knob({0, 1, 2}), [&](gyre::tick& t) {
              REQUIRE(t.used("k", 1.5) == gyre::code::arg);
              REQUIRE(t.used("k", t.knob("k")) == gyre::code::ok);
              t.reward(5);
            }).value();
  e.advance_to(1s).value();
  REQUIRE(l.stats()->metrics.errors == 0);
  REQUIRE(terms_test::tuning(e).observations == 0);
  REQUIRE(terms_test::tuning(e).refused == 101);
  auto other = terms_test::one_knob({0, 1});
  other.name = "b";
  auto b = e.add(std::move(other), [&](gyre::tick& t) {
              REQUIRE(t.used("x", 1) == gyre::code::not_found);
            }).value();
  e.advance_to(2s).value();
  REQUIRE(b.stats()->metrics.errors > 0);
}

TEST_CASE("values with names are shown by them", "[engine]") {
  gyre::engine e(kit::virtual_clock());
  gyre::loop_options o{.name = "a", .interval = 10ms, .jitter = 0};
  o.features = {{"request", {"read", "write"}}};
  o.knobs = {{"codec", {"none", "zlib"}}, {"level", {1, 6}}};
  o.tuning = {.baseline = {{"codec", 1}, {"level", 6}}, .mode = gyre::tuning_mode::observe};
  auto l = e.add(std::move(o), [](gyre::tick& t) {
              t.feature("request", 1);
              t.reward(t.knob("codec"));
            }).value();
  REQUIRE(e.advance_to(100ms));
  REQUIRE(l.stats()->knobs.at(0).value_name == "zlib");
  REQUIRE(l.stats()->knobs.at(1).value_name.empty());
  const std::string shown = gyre::table(e.snapshot()), json = gyre::to_json(e.snapshot());
  REQUIRE(shown.find("codec=zlib level=6\n") != std::string::npos);
  REQUIRE(shown.find("request write: ") != std::string::npos);
  const std::string knobs =
      "\"knobs\":[{\"name\":\"codec\",\"value\":1,\"value_name\":\"zlib\"},"
      "{\"name\":\"level\",\"value\":6}]";
  REQUIRE(json.find(knobs) != std::string::npos);
}
