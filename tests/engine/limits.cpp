// Method: property: limits beside the reward, through the engine on virtual time: what breaks one
// is avoided, and shown; fault: bad figures; model: the journal gives back all of it, bit for bit.
#include <algorithm>
#include <filesystem>
#include <gyre/edge/json.hpp>
#include <gyre/gyre.hpp>
#include <string>
#include <vector>

#include "catch.hpp"
#include "kit.hpp"
#include "store_world.hpp"

using namespace std::chrono_literals;

namespace limit_test {

inline gyre::loop_options ten() {
  return {.name = "a",
          .interval = 10ms,
          .jitter = 0,
          .features = {{"load", {.5}}},
          .knobs = {{"k", gyre::linear(0, 9, 10)}}};
}

}  // namespace limit_test

// More is earned the higher k is, and the slower are the slowest: 54 ms are kept up to 5, or up to
// 2 under load.
TEST_CASE("what breaks a limit is avoided, whatever it earns", "[engine]") {
  gyre::engine e(kit::virtual_clock());
  std::vector<std::string> told;
  kit::keep_texts(e, "gyre.tuning", told);
  gyre::rng noise(7, 7, gyre::purpose::user);
  int ticks = 0, best[2] = {}, over[2] = {};
  e.add(limit_test::ten(), [&](gyre::tick& t) {
     const int load = ++ticks / 20 % 2;
     t.feature("load", load);
     const double k = t.knob("k"), p99 = 10 + (load == 0 ? 8 : 18) * k + 3 * noise.normal();
     REQUIRE(t.limit("p99_ms", p99, 54) == gyre::code::ok);
     t.reward(k + .3 * noise.normal());
     if (ticks <= 1000) return;
     best[load] += k == (load == 0 ? 5 : 2) ? 1 : 0;
     over[load] += k > (load == 0 ? 5 : 2) ? 1 : 0;
   }).value();
  e.advance_to(30s).value();
  CAPTURE(best[0], best[1], over[0], over[1]);
  REQUIRE(best[0] + best[1] > 1600);
  REQUIRE(over[0] + over[1] < 40);
  const auto v = e.snapshot().learners.at(0);
  REQUIRE(v.reports[0].best == 5);
  REQUIRE(v.reports[1].best == 2);
  REQUIRE(v.reports[0].avoided == 4);
  REQUIRE(v.reports[1].avoided == 7);
  REQUIRE(v.limits.at(0).name == "p99_ms");
  REQUIRE(v.limits[0].at_most == 54);
  REQUIRE(v.limits[0].observations == 3001);
  REQUIRE(v.limits[0].broken > 0);
  REQUIRE(v.limits[0].broken < 200);
  REQUIRE(v.limits[0].at_best[0] == Approx(50).margin(1));
  REQUIRE(v.limits[0].at_best[1] == Approx(46).margin(1));
  REQUIRE(v.tuning.interventions.limits > 100);
  const std::string text = gyre::table(e.snapshot());
  CAPTURE(text);
  REQUIRE(text.find("of at most 54, which 4 settings break") != std::string::npos);
  REQUIRE(text.find("by a limit") != std::string::npos);
  REQUIRE(gyre::to_json(e.snapshot()).find("\"limits\":[{\"name\":\"p99_ms\",\"at_most\":54,") !=
          std::string::npos);
  const auto tells = [&](const char* what) {
    return std::any_of(told.begin(), told.end(), [&](const std::string& each) {
      return each.find(what) != std::string::npos;
    });
  };
  REQUIRE(tells("a: p99_ms is over 54 with k=9, which is avoided from now on where load < 0.5"));
  REQUIRE(tells("by a limit"));
}

TEST_CASE("where every setting breaks a limit, the mildest is taken", "[engine]") {
  gyre::engine e(kit::virtual_clock());
  gyre::rng noise(7, 7, gyre::purpose::user);
  int ticks = 0, mild = 0;
  e.add(limit_test::ten(), [&](gyre::tick& t) {
     const double k = t.knob("k");
     mild += ++ticks > 500 && k == 3 ? 1 : 0;
     t.limit("errors", 5 + (k - 3) * (k - 3) + .2 * noise.normal(), 1);
     t.limit("mb", 7, 100);
     t.reward(k);
   }).value();
  e.advance_to(15s).value();
  REQUIRE(mild > 900);
  const auto v = e.snapshot().learners.at(0);
  REQUIRE(v.reports[0].avoided == 10);
  REQUIRE(v.reports[0].best == 3);
  REQUIRE(v.limits.size() == 2);
}

// A bound that is moved applies at once: what is known is of the figure, not of the bound.
TEST_CASE("a limit may move", "[engine]") {
  gyre::engine e(kit::virtual_clock());
  gyre::rng noise(7, 7, gyre::purpose::user);
  int ticks = 0, best[2] = {};
  e.add(limit_test::ten(), [&](gyre::tick& t) {
     const double k = t.knob("k");
     const int late = ++ticks > 1000 ? 1 : 0;
     t.limit("mb", 10 * k + noise.normal(), late == 0 ? 35 : 75);
     t.reward(k + .1 * noise.normal());
     if (ticks % 1000 > 500) best[late] += k == (late == 0 ? 3 : 7) ? 1 : 0;
   }).value();
  e.advance_to(20s).value();
  CAPTURE(best[0], best[1]);
  REQUIRE(best[0] > 450);
  REQUIRE(best[1] > 450);
}

TEST_CASE("bad limits fail the tick and say why", "[engine]") {
  gyre::engine e(kit::virtual_clock());
  const auto refused = [&](const char* name, gyre::loop_options o, gyre::code wanted,
                           const char* says, auto limit) {
    o.name = name;
    auto l = e.add(std::move(o), [&](gyre::tick& t) { REQUIRE(limit(t) == wanted); }).value();
    REQUIRE(l.trigger());
    e.advance_to(e.now()).value();
    CAPTURE(l.stats()->last_error);
    REQUIRE(l.stats()->last_error.find(says) != std::string::npos);
    REQUIRE(l.remove());
  };
  const double nan = std::nan("");
  using gyre::tick;
  refused("a", limit_test::ten(), gyre::code::arg, "finite", [&](tick& t) {
    return t.limit("x", nan, 1);
  });
  refused("b", limit_test::ten(), gyre::code::arg, "finite", [&](tick& t) {
    return t.limit("x", 1, 1e300);
  });
  refused("c", limit_test::ten(), gyre::code::arg, "1 to 63 bytes", [&](tick& t) {
    return t.limit("", 1, 1);
  });
  refused("d", limit_test::ten(), gyre::code::budget, "\"e\" would be a fifth", [&](tick& t) {
    for (const char* name : {"a", "b", "c", "d", "a"}) {
      REQUIRE(t.limit(name, 1, 2) == gyre::code::ok);
    }
    return t.limit("e", 1, 2);
  });
  refused("e", {.interval = 10ms}, gyre::code::not_found, "has no knobs", [&](tick& t) {
    return t.limit("x", 1, 1);
  });
  auto q = limit_test::ten();
  q.learning.sequential = true;
  refused("f", std::move(q), gyre::code::unsupported, "Q-learning", [&](tick& t) {
    return t.limit("x", 1, 1);
  });
}

// Limits, rewards that come later, what rails did, one step from where it was: the copy of a store
// that nobody closed has all that was committed, and goes on as the engine that wrote it does.
TEST_CASE("limits and late rewards come back from the journal bit for bit", "[engine]") {
  const folder dir;
  gyre::ticket owed;
  gyre::rng noise(9, 9, gyre::purpose::user);
  const auto add = [&](gyre::engine& e, gyre::rng& world, gyre::ticket& last) {
    auto o = limit_test::ten();
    o.tuning.one_step = true;
    e.add(std::move(o), [&](gyre::tick& t) {
       if (last.number != 0) (void)e.reward(last, 3 + world.normal());
       (void)t.forbid("k", static_cast<double>(t.number() % 3));
       const double k = t.knob("k");
       t.limit("p99_ms", 8 * k + world.normal(), 40);
       last = t.reward_later();
     }).value();
  };
  const auto view = [](gyre::engine& e) {
    std::string json = gyre::to_json(e.snapshot());
    const std::size_t at = json.find("\"learners\""), end = json.find("\"late\"", at);
    const std::size_t rest = json.find("\"tuning\"", end);
    return json.substr(at, end - at) + json.substr(rest, json.find("}]", rest) - rest);
  };
  auto e = gyre::engine::create(in(dir.store())).value();
  add(*e, noise, owed);
  e->advance_to(3s).value();
  REQUIRE(e->commit());
  const std::string copy = dir.store() + "-copy";
  std::filesystem::copy(dir.store(), copy);
  auto again = gyre::engine::create(in(copy)).value();
  gyre::ticket none;
  gyre::rng same = noise;
  add(*again, same, none);
  const auto v = again->snapshot().learners.at(0);
  REQUIRE(v.stats.observations == 300);  // one was owed
  REQUIRE(v.limits.at(0).observations == 301);
  REQUIRE(v.tuning.interventions.all() > 0);
  REQUIRE(view(*again) == view(*e));
  REQUIRE(e->reward(owed, 1));
  REQUIRE(again->reward(owed, 1).code() == gyre::code::stale);  // tickets are not saved
  REQUIRE(again->snapshot().learners.at(0).stats.observations == 300);
}
