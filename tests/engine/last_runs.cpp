// Method: programs that restart, on a virtual clock: a loop's next tick is where it was before.
#include <gyre/gyre.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "catch.hpp"
#include "store_world.hpp"

using namespace std::chrono_literals;
using gyre::detail::last_runs;

namespace {

/// One life of a program: `add` its loops, let time pass.
void live(const gyre::engine_options& o, gyre::duration span,
          const std::function<void(gyre::engine&)>& add) {
  gyre::engine e(o);
  add(e);
  e.advance_to(span).value();
}
std::string frame_of(last_runs& runs, std::int64_t now_ms) {
  std::string out;
  runs.drain(now_ms, [&](std::uint8_t type, std::span<const std::byte> bytes) {
    last_runs other;
    other.add(type, bytes);
    for (const char* name : {"a", "b"}) {
      std::int64_t since = 0;
      if (other.left(name, since)) out += name + std::to_string(since) + " ";
    }
  });
  return out;
}

}  // namespace

// Method: fault. Each start drew the same phase: 25 of 50 loops never ran.
TEST_CASE("daily loops run daily in a program that restarts twice a day", "[engine]") {
  const bool keeps = GENERATE(true, false);
  const auto missed = GENERATE(as<gyre::missed_policy>(), gyre::missed_policy::once,
                               gyre::missed_policy::skip, gyre::missed_policy::delay);
  const folder f;
  auto o = in(f.store());
  o.shards = 3;
  o.keep_times = keeps;
  std::vector<int> ran(50);
  for (int start = 0; start < 30; ++start) {
    live(o, 12h, [&](gyre::engine& e) {
      for (std::size_t i = 0; i < ran.size(); ++i) {
        e.add({.name = "daily-" + std::to_string(i), .interval = 24h, .missed = missed},
              [&ran, i](gyre::tick&) { ++ran[i]; }).value();
      }
    });
  }
  const auto never = std::count(ran.begin(), ran.end(), 0);
  if (keeps) {
    REQUIRE(*std::min_element(ran.begin(), ran.end()) >= 14);
    REQUIRE(*std::max_element(ran.begin(), ran.end()) <= 17);  // `delay` walks by its jitter
  } else {
    REQUIRE(never > 10);
  }
}

TEST_CASE("a restart keeps a loop's grid, and what it missed is one tick", "[engine]") {
  const folder f;
  const auto o = in(f.store());
  std::map<std::string, std::vector<gyre::instant>> at;
  const auto add = [&](gyre::engine& e) {
    const auto note = [&at](const char* name) {
      return [&at, name](gyre::tick& t) { at[name].push_back(t.due()); };
    };
    e.add({.name = "hourly", .interval = 1h, .jitter = 0}, note("hourly")).value();
    e.add({.name = "late", .interval = 1h, .jitter = .5, .paused = at["late"].empty()},
          note("late")).value();
    e.add({.name = "fast", .interval = 59s, .jitter = 0}, note("fast")).value();
    if (at["late"].empty()) e.find("late").value().resume().value();
  };
  live(o, 90min, add);
  REQUIRE(at["hourly"] == std::vector<gyre::instant>{0min, 60min});
  REQUIRE(at["late"].size() <= 2);
  at.clear();
  live(o, 20min, add);
  REQUIRE(at["hourly"].empty());
  REQUIRE(at["fast"][0] == 0s);  // too short to be kept
  at.clear();
  live(o, 100min, add);
  REQUIRE(at["hourly"] == std::vector<gyre::instant>{10min, 70min});
  at.clear();
  {  // gone for ten hours, on a clock that goes on
    gyre::engine e(o);
    REQUIRE(e.advance_to(10h));
    add(e);
    REQUIRE(e.advance_to(10h + 1min));
    REQUIRE(at["hourly"].size() == 1);
    REQUIRE(at["late"].size() == 1);
    REQUIRE(at["late"][0] <= 10h + 1min);
    REQUIRE(e.advance_to(11h + 1s));
    REQUIRE(at["hourly"].size() == 2);
  }
}

TEST_CASE("last runs survive as frames and as a state, and those gone are bounded", "[engine]") {
  last_runs runs;
  runs.set("a", 1000);
  runs.set("b", 2000);
  REQUIRE(frame_of(runs, 5000) == "a1000 b2000 ");
  runs.set("b", 2000);
  REQUIRE(frame_of(runs, 5001).empty());  // nothing new
  const auto bytes = runs.state();
  const std::vector<std::byte> state(bytes.begin(), bytes.end());
  last_runs later, behind;
  later.add(last_runs::all, state);
  later.begin(9000);
  std::int64_t since = 0;
  REQUIRE(later.left("a", since));
  REQUIRE(since == 1000);
  behind.add(last_runs::all, state);
  behind.begin(100);  // a clock 4.9 s behind: no time has passed
  REQUIRE(behind.left("b", since));
  REQUIRE(since == 2000 - 4900);
  REQUIRE(frame_of(behind, 100) == "a-3900 b-2900 ");
  for (std::size_t cut = 0; cut < state.size(); ++cut) {
    last_runs broken;
    broken.add(last_runs::all, std::span(state).first(cut));  // no crash
    broken.begin(0);
  }
  for (int i = 0; i < 6000; ++i) {
    runs.set("gone-" + std::to_string(i), i);
    runs.leave("gone-" + std::to_string(i));
  }
  runs.leave("b");
  (void)runs.state();
  REQUIRE(runs.left("a", since));  // there
  REQUIRE(runs.left("gone-5999", since));
  REQUIRE(!runs.left("gone-1000", since));
}
