// moves.hpp - loops that move between shards, and one of each kind that does so or does not.
// Room: tests/engine. Threads: any.
#pragma once

#include <gyre/edge/json.hpp>
#include <gyre/engine/body.hpp>
#include <gyre/gyre.hpp>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "kit.hpp"

namespace moves_test {

using namespace std::chrono_literals;

using core = std::shared_ptr<gyre::detail::body>;

inline core on_virtual_time(std::uint32_t shards) {
  gyre::engine_options o = kit::virtual_clock();
  o.shards = shards;
  return gyre::detail::body::make(o).value();
}
inline std::uint32_t add(const core& c, gyre::loop_options o,
                         gyre::tick_function f = kit::nothing) {
  if (o.interval == 0s) o.interval = 10ms;
  return c->loops.add(std::move(o), std::move(f)).value();
}
/// The shard that a loop is on.
inline std::uint32_t shard_of(const core& c, std::uint32_t id) {
  const gyre::detail::every_lease hold(c->env);
  return gyre::detail::home_of(c->env, *gyre::detail::find_loop(c->env, id)).index;
}
inline std::vector<std::size_t> sizes(const core& c) {
  const gyre::detail::every_lease hold(c->env);
  std::vector<std::size_t> all;
  for (const auto& s : c->shards) all.push_back(s->loops.size());
  return all;
}
inline std::uint64_t moved(const core& c) {
  const gyre::detail::every_lease hold(c->env);
  return c->balance.moved();
}
/// Sees to the balance until nothing moves any more.
inline void settle(const core& c) {
  static std::atomic<int> times{0};
  for (std::uint64_t before = ~0ULL; before != moved(c);) {
    before = moved(c);
    c->balance.look(1s * ++times);
  }
}

/// Loops of every kind, the same for any number of shards; those of one third stay on shard 0.
struct world {
  core c;
  std::vector<std::uint32_t> ids;
  std::vector<gyre::ticket> owed;
  double sum = 0;

  explicit world(std::uint32_t shards) : c(on_virtual_time(shards)) {
    for (int i = 0; i < 60; ++i) ids.push_back(add(c, options(i), function(i)));
  }
  static gyre::loop_options options(int i) {
    gyre::loop_options o;
    o.name = "l" + std::to_string(i);
    o.interval = gyre::duration(7ms) + i % 5 * 1ms;
    if (i % 3 != 0) return o;
    o.priority = i % 4;
    o.deferrable = i % 2 != 0;
    o.jitter = i % 4 == 1 ? 0 : .2;
    if (i % 9 == 0) o.metrics = gyre::metrics_mode::counters;
    if (i % 6 == 0) o.knobs = {{"k", {1, 2, 3}}};
    if (i % 12 == 0) o.learning.sequential = true;
    if (i == 21) o.gates = {gyre::gates::cpu(50, 40)};
    if (i == 33) o.parent = "l30";
    return o;
  }
  gyre::tick_function function(int i) {
    return [this, i](gyre::tick& t) {
      const double k = i % 6 == 0 ? t.knob("k") : 0;
      if (i == 18) {
        owed.push_back({t.reward_later()});
      } else if (i % 6 == 0) {
        t.reward(k + i);
      }
      if (i == 15 && t.number() % 5 < 3) t.fail("often");
      sum += static_cast<double>(t.number()) * i;
    };
  }
  void go(gyre::duration to) { (void)c->time.advance_to(gyre::instant(to)).value(); }
  /// @return all that is to be the same
  std::string run() {
    go(200ms);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      std::vector<std::uint32_t> gone;
      if (i % 3 != 0) REQUIRE(c->loops.remove(ids[i], gone));
    }
    for (int round = 1; round < 20; ++round) {
      settle(c);
      go(200ms + round * 50ms);
      REQUIRE(c->loops.trigger(ids[0]));
      REQUIRE(c->loops.reconfigure(ids[3], {.interval = round * 1ms, .jitter = .1}));
      REQUIRE(c->loops.act(ids[30], {round % 2 != 0 ? gyre::detail::deed::pause
                                                    : gyre::detail::deed::resume}));
      REQUIRE(c->loops.act("l2*", false, {gyre::detail::deed::throttle, 1 + .1 * round}));
      while (!owed.empty()) {
        REQUIRE(gyre::detail::with_loop(c->env, owed.back().loop, [&](auto& s, auto& l) {
          return gyre::detail::reward_late(s, l, owed.back().number, round);
        }));
        owed.pop_back();
      }
      std::vector<std::uint32_t> gone;  // those that moved move on
      if (round == 8) {
        for (const std::size_t i : {6, 12, 24, 36, 42, 48, 51}) {
          REQUIRE(c->loops.remove(ids[i], gone));
          REQUIRE(c->loops.has_left(ids[i]));
          REQUIRE(c->loops.trigger(ids[i]).code() == gyre::code::stale);
        }
      }
    }
    gyre::snapshot_data s = c->snapshot();
    s.shards = 0;
    for (auto& l : s.loops) l.id = 0;
    s.bus = {};  // it has heard of what moved
    s.resident_bytes = 0;
    s.process_cpu_percent = 0;
    s.sequence = 0;
    return gyre::join(s.trace, " ", sum, " ", gyre::to_json(s));
  }
};

}  // namespace moves_test

namespace mt = moves_test;
