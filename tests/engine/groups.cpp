// Method: each call on the virtual clock and on threads; then random trees of loops and random
// calls against a model that says of each loop: its own switch, its parent, its factor.
#include <gyre/gyre.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "catch.hpp"

using namespace std::chrono_literals;

// What families and patterns need had room in the first line of the record.
static_assert(sizeof(gyre::detail::loop_record) ==
              64 + (sizeof(gyre::loop_metrics) + 63) / 64 * 64);

namespace groups {

void idle(gyre::tick&) {}
gyre::engine_options virtual_time() { return {.driver = gyre::driver::virtual_time}; }

struct world {
  gyre::engine e{virtual_time()};
  gyre::loop add(const char* name, const char* parent = "") {
    return e.add({.name = name, .interval = 10ms, .jitter = 0, .parent = parent}, idle).value();
  }
  bool paused(const char* name) {
    return e.find(name)->stats()->state == gyre::loop_state::paused;
  }
  std::uint64_t cycles(const char* name) { return e.find(name)->stats()->metrics.cycles; }
  double interval(const char* name) { return e.find(name)->stats()->interval_ms; }
};

bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + 20s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

}  // namespace groups

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

TEST_CASE("stopped loops' external ticks are told, and those not acquired taken back",
          "[engine]") {
  gyre::engine e(groups::virtual_time());
  for (const char* name : {"x1", "x2", "y"}) {
    REQUIRE(e.add_external({.name = name, .interval = 10ms, .jitter = 0}));
  }
  REQUIRE(e.add_external({.name = "below", .interval = 10ms, .jitter = 0, .parent = "x1"}));
  e.advance_to(5ms).value();
  std::uint32_t first = 0;
  REQUIRE(e.acquire({&first, 1}) == 1);  // of x1
  REQUIRE(e.stop_loops("x*").value() == 2);
  std::array<std::uint32_t, 4> rest{};
  REQUIRE(e.acquire(rest) == 1);  // of y
  bool told = false, y_told = true;
  REQUIRE(e.with_tick(first, [&](gyre::tick& t) {
    told = t.cancelled();
    (void)t.fail("gave up");
  }));
  REQUIRE(e.with_tick(rest[0], [&](gyre::tick& t) { y_told = t.cancelled(); }));
  REQUIRE(told);
  REQUIRE_FALSE(y_told);
  REQUIRE(e.complete(first));
  REQUIRE(e.complete(rest[0]));
  REQUIRE(e.find("x1")->stats()->metrics.cancelled == 1);
  REQUIRE(e.find("x1")->stats()->metrics.errors == 0);
  REQUIRE(e.find("x2")->stats()->metrics.cycles == 0);
  REQUIRE(e.find("x2")->stats()->state == gyre::loop_state::paused);
  REQUIRE(e.find("below")->stats()->state == gyre::loop_state::paused);
  e.advance_to(100ms).value();
  REQUIRE(e.acquire(rest) == 1);
  REQUIRE(e.resume_loops("x*").value() == 2);
  REQUIRE(e.complete(rest[0]));
  e.advance_to(120ms).value();
  REQUIRE(e.acquire(rest) == 4);
  const auto told_now = [&](std::uint32_t id) {
    bool cancelled = false;
    REQUIRE(e.with_tick(id, [&](gyre::tick& t) { cancelled = t.cancelled(); }));
    return cancelled;
  };
  for (const std::uint32_t id : rest) REQUIRE_FALSE(told_now(id));
  REQUIRE(e.stop_loops("y").value() == 1);  // what was stopped before is not told again
  int told_of_all = 0;
  for (const std::uint32_t id : rest) {
    told_of_all += told_now(id) ? 1 : 0;
    REQUIRE(e.complete(id));
  }
  REQUIRE(told_of_all == 1);
  REQUIRE(e.find("y")->remove());  // nor is who has the record after it
  REQUIRE(e.add_external({.name = "z", .interval = 10s, .jitter = 0}));
  REQUIRE(e.pause_loops("x*"));
  e.advance_to(121ms).value();
  REQUIRE(e.acquire(rest) == 1);
  REQUIRE(e.stop_loops("x*"));
  REQUIRE_FALSE(told_now(rest[0]));
}

TEST_CASE("stop_loops tells a pending tick, which is called once more to give up", "[engine]") {
  gyre::engine e({.driver = gyre::driver::host});
  int calls = 0;
  const auto works = [&](gyre::tick& t) {
    ++calls;
    if (t.cancelled()) {
      t.fail("gave up");
    } else {
      t.pending();
    }
  };
  REQUIRE(e.add({.name = "top", .interval = 10ms, .jitter = 0}, groups::idle));
  auto l = e.add({.name = "l", .interval = 10ms, .jitter = 0, .parent = "top"}, works).value();
  for (int i = 0; i < 3; ++i) e.poll(1ms).value();
  REQUIRE(l.pause());
  e.poll(2ms).value();
  const int before = calls;
  REQUIRE(before >= 3);
  REQUIRE(l.stats()->metrics.cycles == 0);  // pausing leaves it to end as it will
  REQUIRE(e.stop_loops("top").value() == 1);
  for (int i = 0; i < 3; ++i) e.poll(500ms).value();
  REQUIRE(calls == before + 1);
  REQUIRE(l.stats()->metrics.cancelled == 1);
  REQUIRE(l.stats()->state == gyre::loop_state::paused);
}

TEST_CASE("stop_loops tells ticks on threads at once, and theirs that were handed off",
          "[engine]") {
  gyre::engine e({.shards = 2, .hand_off = 20ms});
  std::atomic<int> inside{0};
  std::atomic<std::uint64_t> others{0};
  const auto works = [&](gyre::tick& t) {
    ++inside;
    while (!t.cancelled()) std::this_thread::sleep_for(1ms);
    --inside;
    t.fail("gave up");
  };
  for (const char* name : {"w.1", "w.2", "w.3"}) {
    REQUIRE(e.add({.name = name, .interval = 10ms, .timeout = 60s, .jitter = 0}, works));
  }
  REQUIRE(e.add({.name = "below", .interval = 10ms, .timeout = 60s, .jitter = 0, .parent = "w.2"},
                works));
  REQUIRE(e.add({.name = "other", .interval = 5ms}, [&](gyre::tick&) { ++others; }));
  REQUIRE(e.start());
  REQUIRE(groups::eventually([&] { return inside == 4; }));  // beside each other: handed off
  REQUIRE(e.stop_loops("w.*").value() == 3);
  REQUIRE(groups::eventually([&] { return inside == 0; }));
  REQUIRE(groups::eventually([&] { return e.snapshot().totals.cancelled == 4; }));
  const std::uint64_t seen = others;
  REQUIRE(groups::eventually([&] { return others > seen + 5; }));
  REQUIRE(e.snapshot().totals.errors == 0);
  REQUIRE(inside == 0);
  REQUIRE(e.resume_loops("w.*").value() == 3);
  REQUIRE(groups::eventually([&] { return inside == 4; }));
  REQUIRE(e.stop().value().empty());
}

TEST_CASE("families and patterns are changed by several threads at once", "[engine]") {
  gyre::engine e({.shards = 3});
  std::atomic<std::uint64_t> ticks{0};
  const auto add = [&](const std::string& name, const std::string& parent) {
    return e.add({.name = name, .interval = 2ms, .parent = parent}, [&](gyre::tick&) { ++ticks; });
  };
  for (int i = 0; i < 4; ++i) REQUIRE(add("p" + std::to_string(i), ""));
  REQUIRE(e.start());
  std::vector<std::thread> threads;
  for (int k = 0; k < 4; ++k) {
    threads.emplace_back([&, k] {
      const std::string mine = "p" + std::to_string(k);
      for (int i = 0; i < 60; ++i) {
        (void)add("c" + std::to_string(k), mine);
        (void)add("d" + std::to_string(k), "c" + std::to_string((k + 1) % 4));
        if (auto l = e.find(mine)) (void)(i % 2 == 0 ? l->pause() : l->resume());
        (void)e.pause_loops("?" + std::to_string(i % 4));
        (void)e.throttle_loops("c*", 1 + i % 3);
        (void)e.stop_loops("d*");
        (void)e.resume_loops("*");
        if (auto l = e.find("c" + std::to_string(k)); l && i % 3 == 0) (void)l->remove();
      }
    });
  }
  for (std::thread& t : threads) t.join();
  REQUIRE(e.resume_loops("*"));
  const std::uint64_t seen = ticks;
  REQUIRE(groups::eventually([&] { return ticks > seen + 20; }));
  for (const gyre::loop_stats& l : e.snapshot().loops) {
    REQUIRE(l.state != gyre::loop_state::paused);
  }
  REQUIRE(e.stop().value().empty());
}

// The model says of a loop whether its own switch is on, who its parent is, and its factor; that it
// is paused is then a question, not a state.
TEST_CASE("random families do what the model says", "[engine]") {
  const std::uint64_t seed = GENERATE(range(1, 13));
  CAPTURE(seed);
  gyre::rng random(seed, 0, gyre::purpose::user);
  gyre::engine e({.driver = gyre::driver::virtual_time,
                  .shards = static_cast<std::uint32_t>(1 + random.below(3))});
  struct member {
    std::string parent;
    bool own = false;
    double factor = 1;
    std::uint64_t cycles = 0;
  };
  std::map<std::string, member> model;
  std::vector<std::string> born;  // in order of add
  const auto paused = [&](std::string name) {
    for (; !name.empty(); name = model.at(name).parent) {
      if (model.at(name).own) return true;
    }
    return false;
  };
  std::function<void(const std::string&, std::vector<std::string>&)> take =
      [&](const std::string& name, std::vector<std::string>& gone) {
        const std::vector<std::string> all = born;
        for (auto child = all.rbegin(); child != all.rend(); ++child) {
          const auto known = model.find(*child);
          if (known != model.end() && known->second.parent == name) take(*child, gone);
        }
        gone.push_back(name);
        model.erase(name);
        born.erase(std::find(born.begin(), born.end(), name));
      };
  std::map<std::uint32_t, std::string> names;
  gyre::instant t{0};
  int next = 0;
  bool running = true;
  for (int step = 0; step < 300; ++step) {
    const auto any = [&] { return born[random.below(static_cast<std::uint32_t>(born.size()))]; };
    const std::uint32_t what = born.size() < 3 ? 0 : random.below(12);
    const std::string pattern = std::array<const char*, 6>{
        "*", "a?", "b*", "?1*", "*3", "c?"}[random.below(6)];
    std::uint32_t matching = 0;
    const auto on_matching = [&](const std::function<void(member&)>& f) {
      for (auto& [name, m] : model) {
        if (!gyre::glob_matches(pattern, name)) continue;
        ++matching;
        f(m);
      }
    };
    gyre::result<std::uint32_t> did = 0u;
    CAPTURE(step, what, pattern);
    if (what < 4) {
      const std::string name = std::string(1, "abc"[random.below(3)]) + std::to_string(next++);
      member m;
      if (!born.empty() && random.below(4) != 0) m.parent = any();
      m.own = random.below(5) == 0;
      const auto l = e.add({.name = name, .interval = 10ms, .jitter = 0, .paused = m.own,
                            .parent = m.parent}, groups::idle);
      names[l.value().id()] = name;
      model[name] = m;
      born.push_back(name);
    } else if (what == 4) {
      const std::string name = any();
      model[name].own = true;
      REQUIRE(e.find(name)->pause());
    } else if (what == 5) {
      const std::string name = any();
      model[name].own = false;
      REQUIRE(e.find(name)->resume());
    } else if (what == 6) {
      const std::string name = any();
      std::vector<std::string> wanted, gone;
      std::vector<std::uint32_t> ids;
      REQUIRE(e.find(name)->remove(ids));
      take(name, wanted);
      for (const std::uint32_t id : ids) gone.push_back(names.at(id));
      REQUIRE(gone == wanted);
    } else if (what == 7) {
      on_matching([](member& m) { m.own = true; });
      did = e.pause_loops(pattern);
    } else if (what == 8) {
      on_matching([](member& m) { m.own = false; });
      did = e.resume_loops(pattern);
    } else if (what == 9) {
      on_matching([](member& m) { m.own = true; });
      did = e.stop_loops(pattern);
    } else if (what == 10) {
      const double factor = 1 + random.below(3);
      on_matching([&](member& m) { m.factor = factor; });
      did = e.throttle_loops(pattern, factor);
    } else {
      running = !running;
      REQUIRE((running ? e.start().code() : e.stop(0s).code()) == gyre::code::ok);
    }
    if (what >= 7 && what <= 10) {
      REQUIRE(did.code() == (matching == 0 ? gyre::code::not_found : gyre::code::ok));
      if (did) REQUIRE(*did == matching);
    }
    for (auto& [name, m] : model) m.cycles = e.find(name)->stats()->metrics.cycles;
    if (random.below(2) == 0) continue;
    t = e.now() + 31ms;  // over the longest interval
    e.advance_to(t).value();
    if (!running) REQUIRE(e.jump_to(t));
    const auto s = e.snapshot();
    REQUIRE(s.loops.size() == model.size());
    for (const gyre::loop_stats& l : s.loops) {
      CAPTURE(l.name);
      const member& m = model.at(l.name);
      REQUIRE((l.state == gyre::loop_state::paused) == paused(l.name));
      REQUIRE(l.throttle == m.factor);
      REQUIRE(l.configured_ms == 10);
      const std::uint64_t ticks = l.metrics.cycles - m.cycles;
      REQUIRE((ticks != 0) == (running && !paused(l.name)));
      if (ticks != 0) REQUIRE(l.interval_ms == 10 * m.factor);
    }
  }
}
