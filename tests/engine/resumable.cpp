// Method: a host's clock that the test moves, and every call that may come between two calls of a
// tick. The random test compares with a model that counts for itself.
#include <gyre/gyre.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "catch.hpp"

using namespace std::chrono_literals;

namespace {
gyre::engine_options by_poll() { return {.driver = gyre::driver::host}; }
/// Spends real time, all of it this thread's.
void work_for(gyre::duration d) {
  const gyre::duration end = gyre::thread_cpu_now() + d;
  while (gyre::thread_cpu_now() < end) {
  }
}
}  // namespace

TEST_CASE("a pending tick is called again at each poll, and is one tick", "[engine]") {
  gyre::engine e(by_poll());
  struct call {
    std::uint64_t number;
    gyre::instant due;
    double knob;
    std::uint32_t calls;
    bool operator==(const call&) const = default;
  };
  std::vector<call> calls;
  std::vector<double> elapsed, least, most;
  gyre::duration begin{0};  // of the poll
  auto l = e.add({.name = "l",
                  .interval = 100ms,
                  .jitter = 0,
                  .features = {{"f", {1, 2}}},
                  .knobs = {{"k", {1, 2, 3, 4, 5, 6, 7, 8}}}},
                 [&](gyre::tick& t) {
                   if (t.calls() == 0) REQUIRE(t.feature("f", 5) == gyre::code::ok);
                   calls.push_back({t.number(), t.due(), t.knob("k"), t.calls()});
                   elapsed.push_back(t.elapsed_ms());
                   least.push_back(gyre::to_ms(e.now()));
                   most.push_back(gyre::to_ms(e.now() + gyre::monotonic_now() - begin));
                   if (t.calls() == 0) REQUIRE(t.reward(42) == gyre::code::ok);
                   if (t.calls() < 3) REQUIRE(t.pending() == gyre::code::ok);
                 })
               .value();
  for (int i = 0; i < 4; ++i) {
    begin = gyre::monotonic_now();
    const auto did = e.poll(i * 10ms).value();
    CAPTURE(i);
    REQUIRE(calls.size() == static_cast<std::size_t>(i + 1));  // never twice in a poll
    REQUIRE(did.ticks == (i == 0 ? 1 : 0));
    REQUIRE(did.resumed == (i == 0 ? 0 : 1));
    REQUIRE_FALSE(did.more);
    REQUIRE(did.next_due == (i < 3 ? i * 10ms : 100ms));  // now, while it is pending
    const auto s = l.stats().value();
    REQUIRE(s.state == (i < 3 ? gyre::loop_state::running : gyre::loop_state::waiting));
    REQUIRE(s.metrics.cycles == (i < 3 ? 0 : 1));
  }
  for (std::uint32_t i = 0; i < 4; ++i) {
    REQUIRE(calls[i] == call{0, 0ms, calls[0].knob, i});
    REQUIRE(elapsed[i] >= least[i]);
    REQUIRE(elapsed[i] <= most[i]);
  }
  const auto s = l.stats().value();
  REQUIRE(s.reward == 42);
  REQUIRE(s.metrics.latency.max_ms >= 30);
  REQUIRE(s.metrics.missed == 0);
  REQUIRE(e.snapshot().learners.at(0).stats.observations == 1);  // one transition
  (void)e.poll(100ms).value();
  REQUIRE(calls.back().number == 1);
  REQUIRE(calls.back().calls == 0);
}

TEST_CASE("a pending tick that outlives its timeout is one timeout, and the next is new",
          "[engine]") {
  gyre::engine e(by_poll());
  std::vector<std::pair<std::uint64_t, std::uint32_t>> calls;
  const auto l = e.add({.name = "l",
                        .interval = 10ms,
                        .timeout = 5s,
                        .jitter = 0,
                        .retry = {100ms, 1s, 0},
                        .knobs = {{"k", {1, 2}}}},
                       [&](gyre::tick& t) {
                         calls.emplace_back(t.number(), t.calls());
                         REQUIRE_FALSE(t.cancelled());
                         (void)t.pending();
                       })
                     .value();
  for (const gyre::instant t : {0s, 2s, 4s}) (void)e.poll(t).value();
  const auto did = e.poll(5s).value();
  REQUIRE(did.resumed == 0);
  REQUIRE(did.next_due == 5100ms);  // its backoff
  const auto s = l.stats().value();
  REQUIRE(s.metrics.timeouts == 1);
  REQUIRE(s.metrics.cycles == 1);
  REQUIRE(s.state == gyre::loop_state::backing_off);
  REQUIRE(s.last_error == "did not end within 5000 ms");
  (void)e.poll(5100ms).value();
  REQUIRE(calls == std::vector<std::pair<std::uint64_t, std::uint32_t>>{
                       {0, 0}, {0, 1}, {0, 2}, {1, 0}});
}

TEST_CASE("a call that says pending() after its timeout is a timeout at once", "[engine]") {
  gyre::engine e(by_poll());
  const auto l = e.add({.name = "l", .interval = 1s, .timeout = 5ms, .jitter = 0},
                       [&](gyre::tick& t) {
                         work_for(6ms);
                         (void)t.pending();
                       })
                     .value();
  (void)e.poll(0ms).value();
  REQUIRE(l.stats()->metrics.timeouts == 1);
  REQUIRE(e.poll(1ms).value().resumed == 0);
}

TEST_CASE("a tick that has failed is over, whatever it says of pending()", "[engine]") {
  gyre::engine e(by_poll());
  int calls = 0;
  const auto l = e.add({.name = "l", .interval = 1s, .jitter = 0},
                       [&](gyre::tick& t) {
                         REQUIRE(t.pending() == gyre::code::ok);
                         if (++calls == 2) t.fail("on its second call");
                       })
                     .value();
  (void)e.poll(0ms).value();
  (void)e.poll(1ms).value();
  REQUIRE(e.poll(2ms).value().resumed == 0);
  REQUIRE(calls == 2);
  REQUIRE(l.stats()->metrics.errors == 1);
  REQUIRE(l.stats()->last_error == "on its second call");
}

TEST_CASE("only a tick that a host polls can be pending; elsewhere it fails and says why",
          "[engine]") {
  const char* const why = "pending() is for driver::host, and not for external ticks";
  gyre::engine e({.driver = gyre::driver::virtual_time});
  gyre::code said = gyre::code::ok;
  const auto l = e.add({.name = "l", .interval = 1s, .jitter = 0},
                       [&](gyre::tick& t) { said = t.pending(); })
                     .value();
  e.advance_to(1ms).value();
  REQUIRE(said == gyre::code::state);
  REQUIRE(l.stats()->metrics.errors == 1);
  REQUIRE(l.stats()->last_error == why);

#if GYRE_THREADS
  gyre::engine own;
  std::atomic<bool> ran{false};
  const auto w = own.add({.name = "w", .interval = 1ms, .jitter = 0},
                         [&](gyre::tick& t) { ran = t.pending() == gyre::code::state; })
                     .value();
  (void)own.start();
  while (!ran) std::this_thread::yield();
  (void)own.stop();
  REQUIRE(w.stats()->metrics.errors >= 1);
  REQUIRE(w.stats()->last_error == why);
#endif

  gyre::engine host(by_poll());
  const auto x = host.add_external({.name = "x", .interval = 1s, .jitter = 0}).value();
  (void)host.poll(0ms).value();
  std::array<std::uint32_t, 1> id{};
  REQUIRE(host.acquire(id) == 1);
  REQUIRE(host.with_tick(id[0], [&](gyre::tick& t) { said = t.pending(); }));
  REQUIRE(said == gyre::code::state);
  REQUIRE(host.complete(id[0]));
  REQUIRE(x.stats()->last_error == why);
}

TEST_CASE("what comes while a tick is pending: remove, pause, reconfigure, trigger, stop",
          "[engine]") {
  gyre::engine e(by_poll());
  int calls = 0;
  std::uint64_t begun = 0;
  bool done = false;
  bool cancelled = false;
  std::function<void(gyre::tick&)> inside;
  auto held = std::make_shared<int>();
  const std::weak_ptr<int> watch = held;
  gyre::loop l = e.add({.name = "l", .interval = 100ms, .timeout = 1s, .jitter = 0},
                       [&, kept = std::move(held)](gyre::tick& t) {
                         ++calls;
                         begun += t.calls() == 0 ? 1 : 0;
                         if (inside) inside(t);
                         cancelled = t.cancelled();
                         if (!done) (void)t.pending();
                       })
                     .value();
  (void)e.poll(0ms).value();
  const auto metrics = [&] { return l.stats()->metrics; };

  SECTION("remove ends it without a call and without a count") {
    REQUIRE(l.remove());
    REQUIRE(watch.expired());
    const auto did = e.poll(10ms).value();
    REQUIRE(did.resumed == 0);
    REQUIRE(did.next_due > 10ms);
    REQUIRE(calls == 1);
    REQUIRE(e.snapshot().totals.ticks == 0);
  }
  SECTION("remove in one of its calls tells it to give up, and it is not called again") {
    inside = [&](gyre::tick&) { REQUIRE(l.remove()); };
    (void)e.poll(10ms).value();
    REQUIRE(cancelled);
    REQUIRE(watch.expired());
    REQUIRE(e.poll(20ms).value().resumed == 0);
    REQUIRE(calls == 2);
    REQUIRE(e.snapshot().totals.ticks == 0);
  }
  SECTION("pause lets it end; then the loop is paused, and resume goes on with the grid") {
    REQUIRE(l.pause());
    REQUIRE(l.stats()->state == gyre::loop_state::running);
    REQUIRE(e.poll(10ms).value().resumed == 1);
    done = true;
    (void)e.poll(20ms).value();
    REQUIRE(metrics().succeeded == 1);
    REQUIRE(l.stats()->state == gyre::loop_state::paused);
    (void)e.poll(350ms).value();
    REQUIRE(begun == 1);
    REQUIRE(l.resume());
    (void)e.poll(399ms).value();
    REQUIRE(begun == 1);
    (void)e.poll(400ms).value();
    REQUIRE(begun == 2);
  }
  SECTION("pause and resume before it ends change nothing") {
    REQUIRE(l.pause());
    REQUIRE(l.resume());
    done = true;
    REQUIRE(e.poll(20ms).value().next_due == 100ms);
    REQUIRE(begun == 1);
  }
  SECTION("a new timeout counts from its next call on") {
    REQUIRE(l.reconfigure({.timeout = 500ms}));
    REQUIRE(e.poll(400ms).value().resumed == 1);
    REQUIRE(e.poll(600ms).value().resumed == 0);
    REQUIRE(metrics().timeouts == 1);
  }
  SECTION("a new interval holds for the tick after it") {
    REQUIRE(l.reconfigure({.interval = 30ms}));
    done = true;
    REQUIRE(e.poll(20ms).value().next_due == 30ms);
  }
  SECTION("a trigger asks for one tick after it, and costs no point of the grid") {
    REQUIRE(l.trigger());
    REQUIRE(l.trigger());
    (void)e.poll(10ms).value();
    REQUIRE(begun == 1);
    done = true;
    (void)e.poll(20ms).value();  // ends it, and runs the one that was asked for
    REQUIRE(begun == 2);
    REQUIRE(metrics().cycles == 2);
    REQUIRE(metrics().missed == 0);
    REQUIRE(e.poll(30ms).value().next_due == 100ms);
  }
  SECTION("a trigger that waits is forgotten by pause") {
    REQUIRE(l.trigger());
    (void)e.poll(10ms).value();
    REQUIRE(l.pause());
    REQUIRE(l.resume());
    done = true;
    (void)e.poll(20ms).value();
    REQUIRE(begun == 1);
  }
  SECTION("stop ends it without a call and without a count; the next tick is a new one") {
    REQUIRE(e.stop().value().empty());
    REQUIRE(l.stats()->state == gyre::loop_state::stopped);
    REQUIRE(e.poll(10ms).value().next_due == gyre::never);
    REQUIRE(e.start());
    done = true;
    (void)e.poll(11ms).value();
    REQUIRE(begun == 2);
    REQUIRE(metrics().cycles == 1);
  }
  SECTION("stop and start in one of its calls end it too") {
    inside = [&](gyre::tick&) {
      inside = nullptr;
      REQUIRE(e.stop());
      REQUIRE(e.start());
    };
    (void)e.poll(10ms).value();
    REQUIRE(metrics().cycles == 0);
    REQUIRE(calls == 3);  // the engine was started: a new tick is due
    REQUIRE(begun == 2);
    REQUIRE(l.stats()->state == gyre::loop_state::running);
  }
}

TEST_CASE("gates and the missed-tick policy are for ticks, not for calls", "[engine]") {
  gyre::engine e(by_poll());
  bool done = false;
  std::vector<std::uint64_t> missed;
  const auto l = e.add({.name = "l", .interval = 10ms, .jitter = 0, .gates = {gyre::gates::cpu()}},
                       [&](gyre::tick& t) {
                         if (t.calls() == 0) missed.push_back(t.missed());
                         if (!done) (void)t.pending();
                       })
                     .value();
  (void)e.poll(0ms).value();
  e.supply({.cpu_percent = 99});
  for (int t = 5; t < 55; t += 5) {
    REQUIRE(e.poll(gyre::duration(t * 1'000'000)).value().resumed == 1);
  }
  REQUIRE(l.stats()->metrics.gated == 0);
  REQUIRE(l.stats()->metrics.missed == 0);
  e.supply({.cpu_percent = 1});
  done = true;
  (void)e.poll(55ms).value();  // ends it; one late tick stands for 10, 20, 30, 40 and 50 ms
  REQUIRE(missed == std::vector<std::uint64_t>{0, 4});
  REQUIRE(l.stats()->metrics.missed == 4);
  REQUIRE(l.stats()->metrics.cycles == 2);
}

TEST_CASE("a pending tick delays no other, and a budget leaves it a call in two polls",
          "[engine]") {
  gyre::engine e(by_poll());
  std::string order;
  const auto add = [&](const char* name, bool pends) {
    e.add({.name = name, .interval = 10ms, .jitter = 0}, [&order, name, pends](gyre::tick& t) {
       order += name;
       if (pends) (void)t.pending();
     }).value();
  };
  add("p", true);
  add("a", false);
  add("b", false);
  (void)e.poll(0ms).value();
  REQUIRE(order == "pab");
  order.clear();
  REQUIRE(e.poll(10ms).value().resumed == 1);
  REQUIRE(order == "abp");  // due later, and yet before what is pending
  order.clear();
  const auto did = e.poll(20ms, 1).value();
  REQUIRE(did.more);
  REQUIRE(did.ticks == 1);
  REQUIRE(did.next_due == 20ms);
  for (int i = 0; i < 3; ++i) (void)e.poll(gyre::duration((20 + i) * 1'000'000), 1).value();
  REQUIRE(order == "apb" + std::string("p"));
  const auto idle = e.poll(25ms, 1).value();
  REQUIRE(idle.resumed == 1);
  REQUIRE_FALSE(idle.more);  // no due tick is left
}

TEST_CASE("a poll ends after the tick that used up its time, and the next goes on in order",
          "[engine]") {
  const auto shards = GENERATE(1u, 2u);
  CAPTURE(shards);
  constexpr gyre::duration budget = 5ms;
  gyre::engine e({.driver = gyre::driver::host, .shards = static_cast<std::uint32_t>(shards)});
  struct call {
    std::size_t loop;
    gyre::duration begin, end;
  };
  std::vector<call> calls;
  for (std::size_t i = 0; i < 12; ++i) {
    e.add({.name = std::to_string(i), .interval = 1s, .jitter = 0}, [&, i](gyre::tick&) {
       const gyre::duration begin = gyre::monotonic_now();
       work_for(2ms);
       calls.push_back({i, begin, gyre::monotonic_now()});
     }).value();
  }
  std::size_t polls = 0;
  for (bool more = true; more; ++polls) {
    const std::size_t first = calls.size();
    const gyre::duration begin = gyre::monotonic_now();
    const auto did = e.poll(0ms, 1000, budget).value();
    const gyre::duration took = gyre::monotonic_now() - begin;
    REQUIRE(did.ticks == calls.size() - first);
    REQUIRE(did.ticks >= 1);
    more = did.more;
    if (more) {
      REQUIRE(took >= budget);
      REQUIRE(did.next_due == 0ms);
    }
    // None began after the time was used up; the engine's clock was read after the call's end.
    for (std::size_t i = first + 1; i < calls.size(); ++i) {
      REQUIRE(calls[i - 1].end < calls[first].begin + budget);
    }
  }
  REQUIRE(polls >= 4);  // at most three ticks of 2 ms in each
  REQUIRE(calls.size() == 12);
  for (std::size_t i = 0; i < 12; ++i) REQUIRE(calls[i].loop == i);
  REQUIRE(e.poll(1ms, 1000, budget).value().next_due == 1s);
}

TEST_CASE("no budget is too small to go on, and none is negative", "[engine]") {
  gyre::engine e(by_poll());
  int messages = 0;
  e.subscribe("m", {}, [&](const gyre::message&) {
     work_for(100us);
     ++messages;
   }).value();
  for (const char* const name : {"a", "b", "c"}) {
    e.add_external({.name = name, .interval = 1s, .jitter = 0}).value();
  }
  REQUIRE(e.poll(0ms, 10, -1ns).code() == gyre::code::arg);
  for (int left = 2; left >= 0; --left) {
    const auto did = e.poll(0ms, 10, 0ns).value();
    REQUIRE(did.ticks == 1);
    REQUIRE(did.more == (left != 0));
  }
  for (int i = 0; i < 100; ++i) e.publish("m", "text").value();
  REQUIRE(e.poll(1ms, 10, 0ns).value().more);
  REQUIRE(messages < 100);
  while (e.poll(1ms, 10, 0ns).value().more) {
  }
  REQUIRE(messages == 100);
  e.publish("m", "text").value();
  REQUIRE_FALSE(e.poll(2ms, 10, gyre::no_budget).value().more);
}

TEST_CASE("with room for it, a loop has another tick beside one that is pending", "[engine]") {
  gyre::engine e(by_poll());
  std::vector<std::uint32_t> calls;
  e.add({.name = "l", .interval = 10ms, .jitter = 0, .instances = 2}, [&](gyre::tick& t) {
     calls.push_back(t.calls());
     (void)t.pending();
   }).value();
  (void)e.poll(0ms).value();
  REQUIRE(e.poll(10ms).value().ticks == 1);
  REQUIRE(e.poll(20ms).value().ticks == 0);
  REQUIRE(calls == std::vector<std::uint32_t>{0, 0, 1, 1, 2});
}

TEST_CASE("CPU time of a pending tick is that of its calls", "[engine]") {
  gyre::engine e(by_poll());
  std::vector<double> cpu;
  e.add({.name = "l", .interval = 1s, .timeout = 900ms, .jitter = 0}, [&](gyre::tick& t) {
     cpu.push_back(t.cpu_ms());
     work_for(3ms);
     if (t.calls() < 2) (void)t.pending();
   }).value();
  for (const gyre::instant t : {0ms, 1ms, 2ms}) (void)e.poll(t).value();  // now it is known to ask
  cpu.clear();
  for (const gyre::instant t : {1000ms, 1100ms, 1200ms}) {
    (void)e.poll(t).value();
    work_for(20ms);
  }
  REQUIRE(cpu.size() == 3);
  REQUIRE(cpu[1] >= 2);
  REQUIRE(cpu[2] > cpu[1]);
  REQUIRE(cpu[2] < 20);
}

TEST_CASE("every tick of many that are pending is counted once, whatever is done to them",
          "[engine]") {
  const auto seed = GENERATE(1u, 2u, 3u);
  const auto shards = GENERATE(1u, 3u);
  CAPTURE(seed, shards);
  gyre::engine e({.driver = gyre::driver::host, .shards = static_cast<std::uint32_t>(shards)});
  gyre::rng random(seed, 0, 0);
  const auto below = [&](std::size_t n) { return random.below(static_cast<std::uint32_t>(n)); };
  struct model {
    gyre::loop loop;
    std::uint64_t ended = 0, timeouts = 0;
    std::uint32_t calls = 0;      // of the tick that is pending
    gyre::instant began{-1};      // -1: none is
    std::uint64_t last_poll = 0;  // in which it was called
  };
  std::vector<model> all(40);
  std::uint64_t polls = 0, resumed = 0, begun = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].loop = e.add({.name = "l" + std::to_string(i),
                         .interval = gyre::duration(100'000'000 + i * 2'000'000),
                         .timeout = 2s,
                         .retry = {20ms, 20ms, 0}},
                        [&, i](gyre::tick& t) {
                          model& m = all[i];
                          if (m.last_poll == polls && t.calls() != 0) FAIL("twice in a poll");
                          m.last_poll = polls;
                          if (t.calls() == 0) {
                            if (m.began >= gyre::instant(0)) ++m.timeouts;  // it was given up
                            m.began = e.now();
                            m.calls = 0;
                            ++begun;
                          } else {
                            ++resumed;
                          }
                          if (t.calls() != m.calls) FAIL("wrong count of calls");
                          if (t.number() != m.ended + m.timeouts) FAIL("wrong number");
                          if (e.now() - m.began >= 2s) FAIL("called after its timeout");
                          ++m.calls;
                          if (below(i % 4 == 0 ? 40 : 6) != 0) {
                            (void)t.pending();
                            return;
                          }
                          m.began = gyre::instant(-1);
                          ++m.ended;
                        })
                      .value();
  }
  gyre::instant now{0};
  std::uint64_t ticks = 0, again = 0;
  for (; polls < 3000; ++polls) {
    now += gyre::duration(below(160'000'000));
    const std::uint64_t most = below(3) == 0 ? 1 + below(20) : 1000;
    const auto did = e.poll(now, most).value();
    if (did.ticks + did.resumed > most) FAIL("over its budget");
    ticks += did.ticks;
    again += did.resumed;
    model& m = all[below(all.size())];
    if (below(4) == 0) (void)m.loop.trigger();
    if (below(4) == 0) {
      (void)m.loop.pause();
      (void)m.loop.resume();
    }
  }
  REQUIRE(ticks == begun);
  REQUIRE(again == resumed);
  REQUIRE(resumed > 10'000);
  std::uint64_t timeouts = 0;
  for (const model& m : all) {
    const auto s = m.loop.stats().value().metrics;
    REQUIRE(s.succeeded == m.ended);
    REQUIRE(s.errors == 0);
    // The model sees that one was given up when the next begins.
    REQUIRE(s.timeouts >= m.timeouts);
    REQUIRE(s.timeouts <= m.timeouts + 1);
    timeouts += s.timeouts;
  }
  REQUIRE(timeouts > 20);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // it takes 0.5 GB without
TEST_CASE("of ticks that have not ended there are 2^20 a shard, and then no further start",
          "[engine]") {
  gyre::engine e({.driver = gyre::driver::host, .shards = 1});
  constexpr int loops = (1 << 20) / 100 + 1;
  for (int i = 0; i < loops; ++i) {
    e.add_external({.name = "x" + std::to_string(i), .interval = 1ms, .timeout = 1h, .jitter = 0,
                    .instances = 100, .metrics = gyre::metrics_mode::counters}).value();
  }
  gyre::instant now{0};
  const auto poll = [&](gyre::duration step) {
    now += step;
    while (e.poll(now).value().ticks != 0) {
    }
  };
  for (int i = 0; i < 130; ++i) poll(1ms);  // nobody acquires them: all 2^20 are out
  int calls = 0;
  for (int i = 0; i < 300; ++i) {
    e.add({.name = "p" + std::to_string(i), .interval = 1s, .timeout = 2s, .jitter = 0},
          [&](gyre::tick& t) {
            ++calls;
            t.pending();
          }).value();
  }
  for (int i = 0; i < 3; ++i) poll(1s);
  REQUIRE(calls == 0);
  REQUIRE(e.find("p0")->stats()->metrics.missed > 0);
  for (int i = 0; i < 3; ++i) e.find("x" + std::to_string(i)).value().remove().value();
  for (int i = 0; i < 6; ++i) poll(1s);  // all 300 have had a place, and outlived their timeout
  REQUIRE(calls > 300);
  std::uint64_t of_external = 0, of_pending = 0;
  for (const auto& l : e.snapshot().loops) {
    (l.name[0] == 'x' ? of_external : of_pending) += l.metrics.timeouts;
  }
  REQUIRE(of_external == 0);
  REQUIRE(of_pending >= 300);
}
#endif
