// what_if.cpp - what other settings would have earned, of a loop's own ticks and of a recorded run.
// Build: g++ -std=c++20 -Iinclude examples/what_if.cpp -lz -pthread
//
// Prints:
//   level 9, zlib: 6.0 .. 6.1 MB/s (in truth 6)
//   level 0, none: 2.0 .. 2.9 MB/s (in truth 2.5)
//   of the recording the same: yes
//   without at_random, level 0, none: its log does not tell
#include <cmath>
#include <cstdio>
#include <fstream>
#include <gyre/edge/decisions.hpp>
#include <gyre/edge/read_decisions.hpp>
#include <gyre/gyre.hpp>

using namespace std::chrono_literals;

namespace {

/// More of level pays, and the codec too.
double worth(double level, double codec) { return 2.5 + (codec == 0 ? 2 : 0) + level / 6; }

gyre::loop add(gyre::engine& e, const char* name, double at_random) {
  gyre::loop_options o{.name = name,
                       .interval = 20ms,
                       .jitter = 0,
                       .knobs = {{"level", {0, 3, 6, 9}}, {"codec", {"zlib", "none"}}}};
  o.tuning.at_random = at_random;  // one tick in five takes any setting: what_if needs that
  return e.add(std::move(o), [noise = gyre::rng(1, 2, gyre::purpose::user)](gyre::tick& t) mutable {
            t.reward(worth(t.knob("level"), t.knob("codec")) + noise.normal());
          }).value();
}

}  // namespace

int main() {
  gyre::engine engine({.driver = gyre::driver::virtual_time, .seed = 7});
  const gyre::loop ship = add(engine, "ship", .2), sure = add(engine, "sure", 0);
  gyre::decision_trail decisions(engine);  // a server records by itself: docs/serve.md
  std::ofstream run("what_if.jsonl");
  run << "{\"gyre\":\"" << gyre::version_text << "\",\"format\":1}\n";
  for (int second = 1; second <= 20; ++second) {
    engine.advance_to(second * 1s).value();
    const gyre::snapshot_data now = engine.snapshot();
    run << decisions.line(gyre::to_json(now), now) << '\n';
  }
  run.close();

  for (const auto& [level, codec] : {std::pair{9., 0.}, {0., 1.}}) {
    const auto r = ship.what_if({{"level", level}, {"codec", codec}}).value();
    const auto& e = r.doubly_robust;
    std::printf("level %g, %s: %.1f .. %.1f MB/s (in truth %g)\n", level,
                codec == 0 ? "zlib" : "none", e.low, e.high, worth(level, codec));
  }

  const auto read = gyre::read_decisions("what_if.jsonl", "ship").value();
  const std::uint32_t action = 6;  // level 9, zlib: the first knob counts most
  const auto told = gyre::what_if(read.log, read.states, read.actions, gyre::fixed_policy{action});
  const auto own = ship.what_if({{"level", 9}, {"codec", 0}}).value();
  std::printf("of the recording the same: %s\n",
              told.doubly_robust.low == own.doubly_robust.low ? "yes" : "no");

  const auto none = sure.what_if({{"level", 0}, {"codec", 1}}).value();
  std::printf("without at_random, level 0, none: its log %s\n",
              none.supported ? "tells" : "does not tell");
  std::remove("what_if.jsonl");
  return 0;
}
