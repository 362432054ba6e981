// Method: real threads whose ticks wait behind doors, for what happens beside a slow tick; a shard
// without threads for wake-up times.
#include <gyre/engine/body.hpp>
#include <gyre/gyre.hpp>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "doors.hpp"

using namespace std::chrono_literals;
using doors::door;
using doors::eventually;

namespace {

gyre::engine_options one_shard(gyre::duration hand_off) {
  gyre::engine_options o;
  o.shards = 1;
  o.hand_off = hand_off;
  return o;
}
gyre::loop_options quick(const char* name) {
  gyre::loop_options o;
  o.name = name;
  o.interval = 2ms;
  o.timeout = 60s;
  return o;
}

}  // namespace

TEST_CASE("a slow tick keeps its thread, the others go on, and it counts", "[engine]") {
  const auto d = std::make_shared<door>();
  std::atomic<int> others{0};
  std::atomic<bool> alive{false};
  gyre::engine e(one_shard(5ms));
  auto slow = e.add(quick("slow"), [&, d](gyre::tick& t) {
                 d->pass();
                 alive = !t.cancelled() && t.reward(5) == gyre::code::ok;
               }).value();
  e.add(quick("other"), [&](gyre::tick&) { ++others; }).value();
  REQUIRE(e.start());
  REQUIRE(eventually([&] { return d->entered(); }));
  const int before = others;
  REQUIRE(eventually([&] { return others >= before + 20; }));
  REQUIRE(slow.stats()->state == gyre::loop_state::running);
  REQUIRE(slow.stats()->metrics.cycles == 0);
  REQUIRE(d->times() == 1);  // its grid points pass, and no second copy starts
  REQUIRE(e.snapshot().totals.lost_threads == 1);
  d->open();
  REQUIRE(eventually([&] { return slow.stats()->metrics.cycles >= 3; }));
  REQUIRE(alive);
  const auto s = slow.stats().value();
  REQUIRE(s.metrics.errors + s.metrics.timeouts == 0);
  REQUIRE(s.reward > 4);
  REQUIRE(s.metrics.missed > 5);
  REQUIRE(eventually([&] { return e.snapshot().totals.lost_threads == 0; }));
  REQUIRE(e.stop().value().empty());
}

TEST_CASE("a loop that may have several ticks at one time starts one beside a slow one",
          "[engine]") {
  const auto d = std::make_shared<door>();
  gyre::engine e(one_shard(3ms));
  auto o = quick("slow");
  o.instances = 3;
  auto slow = e.add(o, [d](gyre::tick&) { d->pass(); }).value();
  REQUIRE(e.start());
  REQUIRE(eventually([&] { return d->entered(3); }));
  std::this_thread::sleep_for(20ms);  // not for what comes: time in which a fourth would
  REQUIRE(d->times() == 3);
  d->open();
  REQUIRE(eventually([&] { return slow.stats()->metrics.cycles >= 5; }));
  REQUIRE(slow.stats()->metrics.errors == 0);
  REQUIRE(e.stop().value().empty());
}

TEST_CASE("a handed-off tick is told of its timeout, then given up on", "[engine]") {
  const bool returns = GENERATE(true, false);
  CAPTURE(returns);
  const auto d = std::make_shared<door>();
  std::atomic<int> told{0}, late{-1}, entered{0};
  gyre::engine e(one_shard(2ms));
  auto o = quick("slow");
  o.timeout = 30ms;
  o.retry = {60s, 60s, 0};
  auto slow = e.add(o, [&, d, returns](gyre::tick& t) {
                 ++entered;
                 while (!t.cancelled()) std::this_thread::sleep_for(1ms);
                 ++told;
                 if (returns) return;
                 d->pass();
                 late = static_cast<int>(t.reward(9));
               }).value();
  REQUIRE(e.start());
  REQUIRE(eventually([&] { return slow.stats()->metrics.timeouts == 1; }));
  REQUIRE(eventually([&] { return told == 1; }));  // a busy machine may give it up before
  if (!returns) {
    REQUIRE(eventually([&] { return slow.stats()->state == gyre::loop_state::stuck; }));
    d->open();
    REQUIRE(eventually([&] { return late >= 0 || late < -1; }));
    REQUIRE(late == static_cast<int>(gyre::code::cancelled));
  }
  REQUIRE(eventually([&] { return e.snapshot().totals.lost_threads == 0; }));
  if (!returns) REQUIRE(slow.stats()->reward == Approx(0));  // what it said came too late
  REQUIRE(entered == 1);
  REQUIRE(slow.stats()->metrics.cycles == 1);
  REQUIRE(e.stop().value().empty());
}

TEST_CASE("a callable may write to itself beside its shard", "[engine]") {  // the thread sanitizer
  static std::atomic<bool> let_go;
  let_go = false;
  std::atomic<int> others{0};
  gyre::engine e(one_shard(5ms));
  for (int i = 0; i < 300; ++i) {  // so many that what comes is fetched ahead
    e.add({.name = gyre::join("l", i), .interval = 20ms, .timeout = 60s, .jitter = 0},
          [&others](gyre::tick&) { ++others; })
        .value();
  }
  const gyre::loop_options stuck{
      .name = "stuck", .interval = 20ms, .timeout = 10ms, .jitter = 0, .retry = {0ns, 0ns, 0}};
  e.add(stuck, [n = 0](gyre::tick&) mutable {
     for (; !let_go; std::this_thread::yield()) ++n;
   }).value();
  REQUIRE(e.start());
  REQUIRE(eventually([&] { return e.snapshot().totals.stuck == 1; }));
  const int before = others;
  REQUIRE(eventually([&] { return others > before + 20 * 300; }));
  let_go = true;
  REQUIRE(eventually([&] { return e.snapshot().totals.lost_threads == 0; }));
  REQUIRE(e.stop().value().empty());
}

TEST_CASE("a loop is removed while its tick runs beside the shard", "[engine]") {
  const auto d = std::make_shared<door>();
  const auto kept = std::make_shared<int>(0);
  gyre::engine e(one_shard(2ms));
  std::atomic<bool> told{false}, gone{false};
  auto slow = e.add(quick("slow"), [&, d, kept](gyre::tick& t) {
                 d->pass();
                 told = t.cancelled();
                 gone = true;
               }).value();
  REQUIRE(e.start());
  REQUIRE(eventually([&] { return e.snapshot().totals.lost_threads == 1; }));
  REQUIRE(slow.remove());
  REQUIRE(slow.stats().code() == gyre::code::stale);
  auto next = e.add(quick("slow"), [](gyre::tick&) {}).value();  // the name is free, its record not
  REQUIRE(next.id() != slow.id());
  REQUIRE(kept.use_count() == 2);
  d->open();
  REQUIRE(eventually([&] { return gone.load(); }));
  REQUIRE(told);
  REQUIRE(eventually([&] { return kept.use_count() == 1; }));
  REQUIRE(eventually([&] { return next.stats()->metrics.cycles > 3; }));
}

TEST_CASE("stop waits for a handed-off tick, and names it when it does not end", "[engine]") {
  const auto d = std::make_shared<door>();
  gyre::engine e(one_shard(2ms));
  auto slow = e.add(quick("slow"), [d](gyre::tick&) { d->pass(); }).value();
  REQUIRE(e.start());
  REQUIRE(eventually([&] { return e.snapshot().totals.lost_threads == 1; }));
  SECTION("it ends") {
    std::thread opener([d] {
      std::this_thread::sleep_for(20ms);
      d->open();
    });
    REQUIRE(e.stop(60s).value().empty());
    opener.join();
    REQUIRE(slow.stats()->metrics.succeeded == 1);
  }
  SECTION("it does not") {
    REQUIRE(e.stop(10ms).value() == std::vector<std::string>{"slow"});
    REQUIRE(e.stop().value() == std::vector<std::string>{"slow"});
    REQUIRE(e.start());  // and again, beside it
    REQUIRE(e.stop(1s).value() == std::vector<std::string>{"slow"});
    d->open();
    REQUIRE(eventually([&] { return e.stop().value().empty(); }));
    REQUIRE(slow.stats()->metrics.timeouts == 1);
  }
}

TEST_CASE("a stop counts as lost, and names, nobody who is between two ticks", "[engine]") {
  struct waits_as_it_goes {
    std::shared_ptr<door> d;
    ~waits_as_it_goes() { d->pass(); }
  };
  const auto d = std::make_shared<door>();
  std::atomic<int> others{0};
  gyre::engine e(one_shard(gyre::duration(1h)));
  gyre::loop self;
  auto kept = std::shared_ptr<waits_as_it_goes>(new waits_as_it_goes{d});
  self = e.add(quick("goes"), [&self, kept](gyre::tick&) { (void)self.remove(); }).value();
  kept.reset();
  REQUIRE(e.start());
  REQUIRE(eventually([&] { return d->entered(); }));  // the shard's thread, after the tick
  REQUIRE(e.stop(1ms).value().empty());
  REQUIRE(e.snapshot().totals.lost_threads == 0);
  e.add(quick("other"), [&](gyre::tick&) { ++others; }).value();
  REQUIRE(e.start());
  REQUIRE(eventually([&] { return others > 3; }));  // beside it
  d->open();
  const int before = others;
  REQUIRE(eventually([&] { return others > before + 3; }));
  REQUIRE(e.stop().value().empty());
  REQUIRE(e.snapshot().totals.lost_threads == 0);
}

TEST_CASE("of 1,000 loops one never returns: it alone is stuck, and no other is lost", "[engine]") {
  const std::uint32_t shards = GENERATE(1u, 0u);  // 0: one for each core
  CAPTURE(shards);
  const auto d = std::make_shared<door>();
  gyre::engine_options o;
  o.shards = shards;
  o.hand_off = 5ms;
  gyre::engine e(o);
  std::vector<std::atomic<std::uint64_t>> ticks(1000);
  for (std::size_t i = 0; i < ticks.size(); ++i) {
    gyre::loop_options l;
    l.name = "l" + std::to_string(i);
    l.interval = 100ms;
    l.timeout = i == 500 ? 200ms : 60s;
    e.add(l, [&ticks, d, i](gyre::tick&) {
       if (i == 500) d->pass();
       ++ticks[i];
     }).value();
  }
  const auto others_go_on = [&] {
    std::vector<std::uint64_t> before(ticks.begin(), ticks.end());
    return eventually([&] {
      for (std::size_t i = 0; i < ticks.size(); ++i) {
        if (i != 500 && ticks[i] < before[i] + 2) return false;
      }
      return true;
    });
  };
  REQUIRE(e.start());
  REQUIRE(eventually([&] { return d->entered(); }));
  REQUIRE(others_go_on());  // beside the tick, before its timeout or after it
  REQUIRE(eventually([&] { return e.snapshot().totals.stuck == 1; }));
  REQUIRE(others_go_on());
  auto s = e.snapshot();
  REQUIRE(s.totals.lost_threads == 1);
  REQUIRE(s.totals.stuck == 1);
  REQUIRE(s.totals.timeouts == 1);
  REQUIRE(s.totals.errors + s.totals.cancelled == 0);
  REQUIRE(s.loops[500].state == gyre::loop_state::stuck);
  REQUIRE(s.loops[500].metrics.cycles == 1);
  REQUIRE(e.stop().value() == std::vector<std::string>{"l500"});
  s = e.snapshot();
  for (std::size_t i = 0; i < ticks.size(); ++i) {
    if (i != 500) REQUIRE(s.loops[i].metrics.succeeded == ticks[i]);
  }
  REQUIRE(d->times() == 1);
  d->open();
  REQUIRE(eventually([&] { return ticks[500] == 1; }));
  REQUIRE(eventually([&] { return e.snapshot().totals.lost_threads == 0; }));
}

TEST_CASE("so many threads may be lost and no more, and it is told", "[engine]") {
  const auto d = std::make_shared<door>();
  std::atomic<bool> told{false};
  gyre::engine e(one_shard(1ms));
  e.subscribe("gyre.stuck", {}, [&](const gyre::message& m) {
     if (gyre::as_text(m.payload).find("no thread is left") != std::string::npos) told = true;
   }).value();
  for (int i = 0; i < 20; ++i) {
    auto o = quick("l");
    o.name += std::to_string(i);
    e.add(o, [d](gyre::tick&) { d->pass(); }).value();
  }
  REQUIRE(e.start());
  REQUIRE(eventually([&] { return d->times() == 17; }));  // 16 lost, one holds the shard
  std::this_thread::sleep_for(20ms);  // not for what comes: time in which an 18th would start
  REQUIRE(d->times() == 17);
  REQUIRE(e.snapshot().totals.lost_threads == 16);
  d->open();
  REQUIRE(eventually([&] { return told.load(); }));
  REQUIRE(eventually([&] { return e.snapshot().totals.lost_threads == 0; }));
  REQUIRE(e.stop().value().empty());
}

TEST_CASE("a thread wakes after the first due loop's slack, or at a hasty one's time", "[engine]") {
  gyre::engine_options o;
  o.shards = 1;
  o.slack = 10ms;
  auto core = gyre::detail::body::make(o).value();
  gyre::detail::environment& env = core->env;
  env.stopping = false;  // without threads: nothing runs
  const auto add = [&](const char* name, gyre::duration interval, gyre::duration slack) {
    gyre::loop_options l;
    l.name = name;
    l.interval = interval;
    l.slack = slack;
    l.jitter = 0;
    const auto id = core->loops.add(std::move(l), [](gyre::tick&) {}).value();
    // A grid that starts at a known time.
    gyre::detail::with_loop(env, id, [&](gyre::detail::shard& s, gyre::detail::loop_record& r) {
       r.times = gyre::timetable(3600s + interval, interval);
       s.due.schedule(r);
       return gyre::result<void>(gyre::ok);
     }).value();
    return id;
  };
  gyre::detail::shard& s = *env.shards[0];
  add("patient", 20ms, gyre::engine_slack);
  REQUIRE(s.wake_time() == 3600s + 30ms);
  add("more than the engine's", 20ms, 50ms);
  REQUIRE(s.wake_time() == 3600s + 30ms);
  const auto precise = add("precise", 25ms, 0ms);
  REQUIRE(s.wake_time() == 3600s + 25ms);
  REQUIRE(core->loops.reconfigure(precise, {.slack = 2ms}));
  REQUIRE(s.wake_time() == 3600s + 27ms);
  REQUIRE(core->loops.reconfigure(precise, {.slack = gyre::engine_slack}));
  REQUIRE(s.wake_time() == 3600s + 30ms);
  REQUIRE(core->loops.reconfigure(precise, {.slack = 1ms}));
  REQUIRE(s.wake_time() == 3600s + 26ms);
  REQUIRE(core->loops.act(precise, {gyre::detail::deed::pause}));
  REQUIRE(s.wake_time() == 3600s + 30ms);
  env.stopping = true;
}

TEST_CASE("an engine has one shard, or takes the cores it may use", "[engine]") {
  REQUIRE(gyre::engine().snapshot().shards == 1);
  REQUIRE(gyre::engine({.shards = 0}).snapshot().shards == std::min(gyre::cores_allowed(), 64u));
  REQUIRE(gyre::engine({.driver = gyre::driver::virtual_time}).snapshot().shards == 1);
  REQUIRE(gyre::engine({.driver = gyre::driver::host}).snapshot().shards == 1);
}

TEST_CASE("without a trace the hash is that of no ticks", "[engine]") {
  const auto hash = [](bool trace) {
    gyre::engine e({.driver = gyre::driver::virtual_time, .trace = trace});
    e.add({.name = "a", .interval = 1ms}, [](gyre::tick&) {}).value();
    const std::string before = e.trace_hash();
    e.advance_to(1s).value();
    return e.trace_hash() == before;
  };
  REQUIRE(hash(false));
  REQUIRE_FALSE(hash(true));
}
