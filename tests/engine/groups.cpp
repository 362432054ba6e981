// Method: each call on the virtual clock, with what it does to the loops above and below.
#include <gyre/engine/body.hpp>
#include <gyre/gyre.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "families.hpp"

using namespace std::chrono_literals;

// What families and patterns need had room in the first line of the record.
static_assert(sizeof(gyre::detail::loop_record) ==
              64 + (sizeof(gyre::loop_metrics) + 63) / 64 * 64);

TEST_CASE("loops are paused and resumed by a pattern over their names", "[engine]") {
  groups::world w;
  for (const char* name : {"in.1", "in.2", "in.10", "out.1"}) w.add(name);
  REQUIRE(w.e.pause_loops("in.?").value() == 2);
  REQUIRE(w.e.pause_loops("in.?").value() == 2);  // in whatever state
  w.e.advance_to(15ms).value();
  REQUIRE(w.cycles("in.1") + w.cycles("in.2") == 0);
  REQUIRE(w.cycles("in.10") + w.cycles("out.1") == 4);
  REQUIRE(w.e.find("in.1")->trigger().code() == gyre::code::state);
  REQUIRE(w.e.resume_loops("*").value() == 4);
  w.e.advance_to(25ms).value();
  REQUIRE(w.cycles("in.1") == 2);  // at once, as it had never run, and on the grid from there
  REQUIRE(w.cycles("out.1") == 3);
  REQUIRE(w.e.pause_loops("*1").value() == 2);
  w.e.advance_to(45ms).value();
  REQUIRE(w.cycles("out.1") == 3);
  REQUIRE(w.cycles("in.10") == 5);
}

TEST_CASE("a bad pattern or factor is refused, and nothing changes", "[engine]") {
  groups::world w;
  w.add("a");
  const std::string long_one(256, '*');
  for (const std::string& bad : {std::string(), long_one}) {
    REQUIRE(w.e.pause_loops(bad).code() == gyre::code::arg);
    REQUIRE(w.e.resume_loops(bad).code() == gyre::code::arg);
    REQUIRE(w.e.stop_loops(bad).code() == gyre::code::arg);
    REQUIRE(w.e.throttle_loops(bad, 2).code() == gyre::code::arg);
  }
  REQUIRE(w.e.pause_loops(long_one).error().text.find("256") != std::string::npos);
  REQUIRE(w.e.pause_loops(long_one.substr(1)).value() == 1);
  REQUIRE(w.e.resume_loops("a").value() == 1);
  for (const double bad : {.5, -1., 0., double(INFINITY), double(NAN)}) {
    REQUIRE(w.e.throttle_loops("*", bad).code() == gyre::code::arg);
  }
  REQUIRE(w.e.stop_loops("b*").code() == gyre::code::not_found);
  REQUIRE(w.e.stop_loops("b*").error().text.find("\"b*\"") != std::string::npos);
  REQUIRE(w.e.throttle_loops("b*", 2).code() == gyre::code::not_found);
  REQUIRE(w.e.pause_group("").code() == gyre::code::not_found);
  REQUIRE_FALSE(w.paused("a"));
  REQUIRE(w.interval("a") == 10);
  const auto orphan = w.e.add({.name = "c", .interval = 1s, .parent = "nobody"}, groups::idle);
  REQUIRE(orphan.code() == gyre::code::not_found);
  REQUIRE(orphan.error().text.find("\"nobody\"") != std::string::npos);
  REQUIRE(w.e.add({.name = "c", .interval = 1s, .parent = "c"}, groups::idle).code() ==
          gyre::code::not_found);
  REQUIRE(w.e.snapshot().loops.size() == 1);
}

TEST_CASE("a throttle by pattern lengthens intervals, tells why, and is taken back", "[engine]") {
  groups::world w;
  w.add("a");
  w.add("b");
  REQUIRE(w.e.add({.name = "slow", .interval = 40s, .jitter = 0}, groups::idle));
  REQUIRE(w.e.add({.name = "slower", .interval = 90s, .jitter = 0}, groups::idle));
  std::vector<std::string> told;
  w.e.subscribe("gyre.interval", {}, [&](const gyre::message& m) {
       told.emplace_back(reinterpret_cast<const char*>(m.payload.data()), m.payload.size());
       return gyre::result<void>(gyre::ok);
     }).value();
  w.e.advance_to(1ms).value();
  REQUIRE(w.e.throttle_loops("a", 2.5).value() == 1);
  REQUIRE(w.e.throttle_loops("slow*", 3).value() == 2);
  REQUIRE(w.interval("a") == 25);
  REQUIRE(w.interval("slow") == 60'000);    // at most a minute
  REQUIRE(w.interval("slower") == 90'000);  // but never under its own
  REQUIRE(w.e.find("a")->stats()->configured_ms == 10);
  REQUIRE(w.e.find("a")->stats()->throttle == 2.5);
  w.e.advance_to(101ms).value();
  REQUIRE(w.cycles("a") == 5);
  REQUIRE(w.cycles("b") == 11);
  REQUIRE(told == std::vector<std::string>{"a: 25 ms, throttled x2.5",
                                           "slow: 60000 ms, throttled x3"});
  REQUIRE(w.e.throttle_loops("a", 4).value() == 1);  // of the configured one, not of the last
  REQUIRE(w.interval("a") == 40);
  REQUIRE(w.e.find("a")->reconfigure({.interval = 5ms}));
  REQUIRE(w.interval("a") == 20);
  REQUIRE(w.e.throttle_loops("*", 1).value() == 4);
  REQUIRE(w.interval("a") == 5);
  REQUIRE(w.interval("slow") == 40'000);
  REQUIRE(w.e.find("a")->reconfigure({.interval = 7ms}));  // as if there had been none
  REQUIRE(w.interval("a") == 7);
  REQUIRE(w.e.pause_loops("a"));
  REQUIRE(w.e.throttle_loops("a", 2));  // also a paused one
  REQUIRE(w.e.resume_loops("a"));
  REQUIRE(w.interval("a") == 14);
}

TEST_CASE("of two throttles the larger one counts", "[engine]") {
  gyre::engine e(groups::virtual_time());
  bool well = false;
  int told = 0;
  e.subscribe("gyre.interval", {}, [&](const gyre::message&) {
       ++told;
       return gyre::result<void>(gyre::ok);
     }).value();
  auto l = e.add({.name = "l", .interval = 100ms, .jitter = 0, .deferrable = true},
                 [&](gyre::tick& t) { t.vitality(well ? 1 : 0); })
               .value();
  const auto factor = [&] { return l.stats()->throttle; };
  REQUIRE(e.throttle_loops("l", 2));
  e.advance_to(1500ms).value();  // one window at which the score is 0
  REQUIRE(factor() == 2);
  REQUIRE(told == 1);
  REQUIRE(l.stats()->interval_ms == 200);
  e.advance_to(2500ms).value();
  REQUIRE(factor() == 1.5 * 1.5);
  REQUIRE(l.stats()->interval_ms == 225);
  REQUIRE(e.throttle_loops("l", 1));
  REQUIRE(factor() == 1.5 * 1.5);
  REQUIRE(e.throttle_loops("l", 3));
  well = true;
  e.advance_to(30s).value();
  REQUIRE(factor() == 3);
  REQUIRE(e.throttle_loops("l", 1));
  REQUIRE(l.stats()->interval_ms == 100);
}

TEST_CASE("a parent takes its children with it, the youngest first", "[engine]") {
  groups::world w;
  const std::uint32_t top = w.add("top").id();
  const std::uint32_t a = w.add("a", "top").id();
  const std::uint32_t b = w.add("b", "top").id();
  const std::uint32_t a1 = w.add("a1", "a").id();
  const std::uint32_t a2 = w.add("a2", "a").id();
  w.add("other");
  std::vector<std::uint32_t> gone;
  SECTION("all") {
    REQUIRE(w.e.find("top")->remove(gone));
    REQUIRE(gone == std::vector{b, a2, a1, a, top});
  }
  SECTION("a part, then the rest") {
    REQUIRE(w.e.find("a1")->remove());
    REQUIRE(w.e.find("a")->remove(gone));
    REQUIRE(gone == std::vector{a2, a});
    REQUIRE(w.e.find("top")->remove(gone));
    REQUIRE(gone == std::vector{b, top});
  }
  REQUIRE(w.e.snapshot().loops.size() == 1);
  REQUIRE(w.e.find("a2").code() == gyre::code::not_found);
  w.add("top");  // the names, the records and their bits are free again
  w.add("a");
  REQUIRE(w.e.find("top")->pause());
  REQUIRE_FALSE(w.paused("a"));
}

TEST_CASE("a loop runs while neither it nor one above it is paused", "[engine]") {
  groups::world w;
  w.add("top");
  w.add("mid", "top");
  w.add("low", "mid");
  w.add("low2", "mid");
  const auto paused = [&] {
    std::string s;
    for (const char* name : {"top", "mid", "low", "low2"}) s += w.paused(name) ? 'p' : '-';
    return s;
  };
  REQUIRE(w.e.find("low")->pause());
  REQUIRE(paused() == "--p-");
  REQUIRE(w.e.find("top")->pause());
  REQUIRE(paused() == "pppp");
  REQUIRE(w.e.find("mid")->resume());  // nothing: it waits for the one above
  REQUIRE(paused() == "pppp");
  REQUIRE(w.e.find("low2")->trigger().code() == gyre::code::state);
  w.add("late", "low2");
  REQUIRE(w.paused("late"));
  w.e.advance_to(100ms).value();
  REQUIRE(w.e.snapshot().totals.ticks == 0);
  REQUIRE(w.e.find("top")->resume());
  REQUIRE(paused() == "--p-");  // what was paused by itself stays so
  REQUIRE_FALSE(w.paused("late"));
  w.e.advance_to(115ms).value();
  REQUIRE(w.cycles("low2") == 2);
  REQUIRE(w.cycles("late") == 2);
  REQUIRE(w.cycles("low") == 0);
  REQUIRE(w.e.find("mid")->pause());
  REQUIRE(w.e.find("low2")->pause());
  REQUIRE(w.e.find("low")->resume());
  REQUIRE(paused() == "-ppp");
  REQUIRE(w.e.stop(0s));
  REQUIRE(w.e.find("mid")->resume());  // also in a stopped engine
  REQUIRE(w.e.start());
  REQUIRE(paused() == "---p");
  REQUIRE(w.paused("late"));
  w.e.advance_to(130ms).value();
  REQUIRE(w.cycles("low") == 2);
}

TEST_CASE("a group is paused with what is below its loops", "[engine]") {
  groups::world w;
  REQUIRE(w.e.add({.name = "g", .interval = 1s, .group = "g"}, groups::idle));
  w.add("child", "g");
  REQUIRE(w.e.pause_group("g"));
  REQUIRE(w.paused("child"));
  REQUIRE(w.e.resume_group("g"));
  REQUIRE_FALSE(w.paused("child"));
}

TEST_CASE("a parent is removed from its own tick and from a child's", "[engine]") {
  const bool by_child = GENERATE(false, true);
  const std::uint32_t shards = GENERATE(1u, 3u);
  gyre::engine e({.driver = gyre::driver::virtual_time, .shards = shards});
  auto token = std::make_shared<int>(0);
  gyre::loop parent;
  std::uint64_t ticks = 0;
  bool told = false;
  const auto ends_it = [&, token](gyre::tick& t) {
    if (++ticks != 3) return;
    REQUIRE(parent.remove());
    told = t.cancelled();
    REQUIRE(e.find("child").code() == gyre::code::not_found);
    REQUIRE(e.add({.name = "child", .interval = 10ms, .jitter = 0, .paused = true}, groups::idle));
  };
  const auto keeps = [token](gyre::tick&) {};
  gyre::tick_function of_parent(keeps), of_child(keeps);
  (by_child ? of_child : of_parent) = ends_it;
  parent = e.add({.name = "parent", .interval = 10ms, .jitter = 0}, std::move(of_parent)).value();
  REQUIRE(e.add({.name = "child", .interval = 10ms, .jitter = 0, .parent = "parent"},
                std::move(of_child)));
  REQUIRE(e.add({.name = "grandchild", .interval = 10ms, .jitter = 0, .parent = "child"}, keeps));
  e.advance_to(1s).value();
  REQUIRE(ticks == 3);
  REQUIRE(told);
  REQUIRE(e.snapshot().loops.size() == 1);
  REQUIRE(parent.stats().code() == gyre::code::stale);
}

TEST_CASE("a walk over all of a family, from each of its loops, goes over it once", "[engine]") {
  gyre::detail::loop_tree tree;
  for (std::uint32_t id = 2; id <= 1000; ++id) tree.add(id - 1, id);
  for (int round = 0; round < 2; ++round) {
    std::uint32_t calls = 0;
    tree.begin();
    for (std::uint32_t id = 1; id <= 1000; ++id) {
      tree.bottom_up(id, [&](std::uint32_t) { ++calls; });
    }
    REQUIRE(calls == 1999);  // once from above, and as the top of its own walk
  }
}

TEST_CASE("a long chain and a wide family cost what they have loops", "[engine]") {
  gyre::engine e(groups::virtual_time());
  constexpr int n = 30'000;  // n * n steps would be minutes, n frames of a stack its end
  for (int i = 0; i < n; ++i) {
    gyre::loop_options o{.name = "c" + std::to_string(i), .interval = 1s};
    o.metrics = gyre::metrics_mode::counters;
    if (i > 0) o.parent = "c" + std::to_string(i < n / 2 ? i - 1 : i % 7);
    e.add(std::move(o), groups::idle).value();
  }
  const auto rests = [&] {
    return e.find("c" + std::to_string(n / 2 - 1))->stats()->state == gyre::loop_state::paused;
  };
  REQUIRE(e.pause_loops("c*").value() == n);
  REQUIRE(e.stop_loops("c*").value() == n);
  REQUIRE(rests());
  REQUIRE(e.resume_loops("c*").value() == n);
  REQUIRE_FALSE(rests());
  REQUIRE(e.find("c0")->pause());
  REQUIRE(rests());
  std::vector<std::uint32_t> gone;
  REQUIRE(e.find("c0")->remove(gone));
  REQUIRE(gone.size() == n);
}
