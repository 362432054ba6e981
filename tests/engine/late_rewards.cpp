// Method: property: rewards that come later teach as those of ticks do, on virtual time; fault:
// those that come late, twice or never. What the store has of them is tested with limits.cpp.
#include <deque>
#include <gyre/edge/json.hpp>
#include <gyre/gyre.hpp>
#include <string>
#include <vector>

#include "catch.hpp"
#include "kit.hpp"

using namespace std::chrono_literals;

namespace late_test {

inline gyre::loop_options five() {
  return {.name = "a", .interval = 10ms, .jitter = 0, .knobs = {{"k", {1, 2, 3, 4, 5}}}};
}
struct owed {
  gyre::ticket which;
  double value;
};
inline double worth(double k, gyre::rng& noise) { return -(k - 4) * (k - 4) + .3 * noise.normal(); }

}  // namespace late_test

TEST_CASE("a reward that comes seven ticks later is learned", "[engine]") {
  gyre::engine e(kit::virtual_clock());
  gyre::rng noise(5, 5, gyre::purpose::user);
  std::deque<late_test::owed> owed;
  int best = 0;
  auto l = e.add(late_test::five(), [&](gyre::tick& t) {
              const double k = t.knob("k");
              owed.push_back({t.reward_later(), late_test::worth(k, noise)});
              REQUIRE(owed.back().which.number == t.number() + 1);
              REQUIRE(t.reward_later().number == owed.back().which.number);
              best += t.due() > 15s && k == 4 ? 1 : 0;
              if (owed.size() > 7) {  // inside of another tick
                REQUIRE(e.reward(owed.front().which, owed.front().value));
                owed.pop_front();
              }
            }).value();
  e.advance_to(20s).value();
  REQUIRE(best > 400);
  const auto v = e.snapshot().learners.at(0);
  REQUIRE(v.stats.observations == 2001 - 7);
  REQUIRE(v.late.open == 7);
  REQUIRE(v.late.late + v.late.twice + v.late.never == 0);
  REQUIRE(l.stats()->reward == Approx(0).margin(1));
  REQUIRE(gyre::to_json(e.snapshot()).find("\"late\":{\"open\":7,") != std::string::npos);
}

TEST_CASE("late, twice, never: counted, nothing learned", "[engine]") {
  gyre::engine e(kit::virtual_clock());
  std::vector<gyre::ticket> taken;
  auto l = e.add(late_test::five(), [&](gyre::tick& t) {
              (void)t.knob("k");
              taken.push_back(t.reward_later());
            }).value();
  e.advance_to(11s).value();
  REQUIRE(taken.size() == 1101);
  const auto seen = [&] { return e.snapshot().learners.at(0); };
  REQUIRE(seen().late.never == 1101 - 1024);
  REQUIRE(seen().late.open == 1024);
  const auto says = [](const gyre::result<void>& r, gyre::code c, const char* text) {
    REQUIRE(r.code() == c);
    CAPTURE(r.error().text);
    REQUIRE(r.error().text.find(text) != std::string::npos);
  };
  says(e.reward(taken[76], 1), gyre::code::stale, "was given up");
  REQUIRE(e.cost(taken[77], 1));
  says(e.reward(taken[77], 1), gyre::code::stale, "has had its reward");
  says(e.reward({l.id(), 5000}, 1), gyre::code::stale, "is not one that this loop has taken");
  says(e.reward({l.id(), 0}, 1), gyre::code::stale, "is not one");
  says(e.reward(taken[78], std::nan("")), gyre::code::arg, "the reward is nan");
  REQUIRE(e.reward(taken[78], 2));
  REQUIRE(seen().stats.observations == 2);
  REQUIRE(seen().late.late == 1);
  REQUIRE(seen().late.twice == 1);
  REQUIRE(seen().late.open == 1022);
  const std::string text = gyre::table(e.snapshot());
  REQUIRE(text.find("1022 to come, 1 too late, 1 twice, 77 never") != std::string::npos);
  REQUIRE(l.remove());
  says(e.reward(taken[100], 1), gyre::code::stale, "");
}

TEST_CASE("a ticket's reward may come before its tick ends, and a tick may do without",
          "[engine]") {
  gyre::engine e(kit::virtual_clock());
  int step = 0;
  std::vector<gyre::ticket> taken;
  e.add(late_test::five(), [&](gyre::tick& t) {
     if (step != 4) (void)t.knob("k");
     taken.push_back(t.reward_later());
     if (step == 0) REQUIRE(e.reward(taken[0], 7));  // before it ends
     if (step == 1) t.reward(3);                     // after all
     if (step == 2) (void)t.fail("it broke");
     if (step == 3) REQUIRE(t.used("k", 9) == gyre::code::arg);  // it teaches nothing
     ++step;
   }).value();
  e.advance_to(200ms).value();
  const auto seen = [&] { return e.snapshot().learners.at(0).stats; };
  REQUIRE(taken.size() > 5);
  REQUIRE(seen().observations == 3);
  REQUIRE(seen().mean_reward == Approx((7 + 3 + 2.6) / 3));  // a failure: 3 - (7 - 3) / 10
  for (std::size_t i = 0; i < 3; ++i) REQUIRE(e.reward(taken[i], 1).code() == gyre::code::stale);
  REQUIRE(e.reward(taken[3], 1));
  REQUIRE(e.reward(taken[4], 1));  // it asked for no knob
  REQUIRE(seen().observations == 3);
  REQUIRE(e.reward(taken[5], 1));
  REQUIRE(seen().observations == 4);
}

TEST_CASE("external ticks take tickets too; one that times out has used its own up", "[engine]") {
  gyre::engine e(kit::virtual_clock());
  auto o = late_test::five();
  o.timeout = 50ms;
  auto l = e.add_external(std::move(o)).value();
  gyre::ticket kept[3];
  for (gyre::ticket& t : kept) {
    std::uint32_t id = 0;
    while (e.acquire({&id, 1}) == 0) e.advance_to(e.now() + 10ms).value();
    REQUIRE(e.with_tick(id, [&](gyre::tick& tick) {
      (void)tick.knob("k");
      t = tick.reward_later();
    }));
    if (&t != &kept[1]) REQUIRE(e.complete(id));
    if (&t == &kept[1]) e.advance_to(e.now() + 60ms).value();
  }
  REQUIRE(l.stats()->metrics.timeouts == 1);
  REQUIRE(e.reward(kept[0], 5));
  REQUIRE(e.reward(kept[1], 5).code() == gyre::code::stale);
  REQUIRE(e.reward(kept[2], 5));
  REQUIRE(e.snapshot().learners.at(0).stats.observations == 2);
}

TEST_CASE("a loop without knobs has figures of late rewards, one that looks ahead has none",
          "[engine]") {
  gyre::engine e(kit::virtual_clock());
  gyre::ticket last;
  auto l = e.add({.name = "a", .interval = 10ms, .jitter = 0},
                 [&](gyre::tick& t) { last = t.reward_later(); }).value();
  e.advance_to(0ms).value();
  REQUIRE(l.stats()->reward == 0);
  REQUIRE(e.reward(last, 8));
  REQUIRE(l.stats()->reward == 8);
  auto o = late_test::five();
  o.name = "b";
  o.learning.sequential = true;
  auto b = e.add(std::move(o), [&](gyre::tick& t) {
              REQUIRE(t.reward_later().number == 0);
            }).value();
  e.advance_to(10ms).value();
  REQUIRE(b.stats()->last_error.find("discount") != std::string::npos);
}
