// Method: fault. Forks at random moments of engines of each driver; the child tells by how it ends
// what it found, and an alarm ends one that waits for what is not there.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gyre/gyre.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "doors.hpp"
#include "forked.hpp"
#include "store_world.hpp"

using namespace std::chrono_literals;
using doors::door;
using doors::eventually;

namespace {

#if defined(__SANITIZE_THREAD__)
constexpr bool threads_behind_forks = false;  // that sanitizer ends a child that starts one
#else
constexpr bool threads_behind_forks = true;
#endif

/// How the child ended, by wait(): 0 when f() was true.
int in_child(const std::function<bool()>& f) {
  return ended_child([&] { return f() ? 0 : 1; });
}
bool is_forked(gyre::code c) { return c == gyre::code::forked; }

}  // namespace

TEST_CASE("a child has none of the threads: refused, and gone at once; the parent goes on",
          "[engine]") {
  const folder dir;
  const auto kept = std::make_shared<int>(0);
  std::atomic<std::uint64_t> ticks{0};
  const gyre::engine_options o{.seed = 11, .shards = 2, .store = dir.store()};
  auto e = gyre::engine::create(o).value();
  for (int i = 0; i < 4; ++i) {
    e->add({.name = "l" + std::to_string(i), .interval = 100us}, [&, kept](gyre::tick& t) {
       ++ticks;
       t.publish("x", "y");
     }).value();
  }
  e->subscribe("x", {}, [](const gyre::message&) {}).value();
  REQUIRE(e->start());
  const long held = kept.use_count();
  for (int i = 0; i < 20; ++i) {
    CAPTURE(i);
    const std::uint64_t before = ticks;
    REQUIRE(eventually([&] { return ticks > before + 7; }));
    REQUIRE(in_child([&] {
              const bool refused = is_forked(e->start().code()) && is_forked(e->stop().code()) &&
                                   e->run_for(1h).code() == gyre::code::forked;
              e.reset();
              return refused && kept.use_count() == held;
            }) == 0);
    REQUIRE(gyre::engine::create(o).code() == gyre::code::state);  // the store is still held
  }
  REQUIRE(e->remember({.text = "after the forks"}));
  REQUIRE(e->stop().value().empty());
  REQUIRE(e->snapshot().totals.errors == 0);
  e.reset();
  REQUIRE(kept.use_count() == 1);
  REQUIRE(gyre::engine::create(o).value()->recall({.text = "after the forks"}).size() == 1);
}

TEST_CASE("a thread that was left to itself is not in a child either", "[engine]") {
  const auto d = std::make_shared<door>();
  auto e = std::make_unique<gyre::engine>(gyre::engine_options{.shards = 1});
  e->add({.name = "slow", .interval = 1ms}, [d](gyre::tick&) { d->pass(); }).value();
  REQUIRE(e->start());
  REQUIRE(eventually([&] { return d->entered(); }));
  REQUIRE(e->stop(1ms).value() == std::vector<std::string>{"slow"});
  REQUIRE(in_child([&] {
            const bool refused = is_forked(e->start().code()) && is_forked(e->stop().code());
            e.reset();
            return refused;
          }) == 0);
  d->open();
  REQUIRE(eventually([&] { return e->stop().value().empty(); }));
  REQUIRE(e->start());
  REQUIRE(eventually([&] { return d->entered(3); }));
  REQUIRE(e->stop().value().empty());
}

TEST_CASE("a child leaves closures alone though the thread that was left has ended", "[engine]") {
  const auto d = std::make_shared<door>();
  const auto kept = std::make_shared<int>(0);
  auto e = std::make_unique<gyre::engine>(gyre::engine_options{.shards = 1});
  e->add({.name = "stays", .interval = 1ms, .timeout = 60s}, [d, kept](gyre::tick&) {
     d->pass();
   }).value();
  REQUIRE(e->start());
  REQUIRE(eventually([&] { return d->entered(); }));
  REQUIRE(e->stop(1ms).value().size() == 1);
  const long held = kept.use_count();
  d->open();
  REQUIRE(eventually([&] { return e->snapshot().totals.lost_threads == 0; }));
  REQUIRE(in_child([&] {  // nobody has asked the parent since: it may be there
            const bool refused = is_forked(e->start().code());
            e.reset();
            return refused && kept.use_count() == held;
          }) == 0);
  if (!threads_behind_forks) return;
  REQUIRE(eventually([&] {  // a stop() that sees that it has ended allows it again
    return e->stop().value().empty() && in_child([&] { return e->start().has_value(); }) == 0;
  }));
}

TEST_CASE("a thread that was left in a destructor is not forgotten by the next stop", "[engine]") {
  struct waits_as_it_goes {
    std::shared_ptr<door> d;
    ~waits_as_it_goes() { d->pass(); }
  };
  const auto d = std::make_shared<door>();
  gyre::engine e({.shards = 1});
  gyre::loop self;
  auto kept = std::shared_ptr<waits_as_it_goes>(new waits_as_it_goes{d});
  self = e.add({.name = "goes", .interval = 1ms}, [&self, kept](gyre::tick&) {
            (void)self.remove();
          }).value();
  kept.reset();
  REQUIRE(e.start());
  REQUIRE(eventually([&] { return d->entered(); }));
  for (int i = 0; i < 3; ++i) {
    REQUIRE(e.stop(1ms).value().empty());
    REQUIRE(in_child([&] { return is_forked(e.start().code()); }) == 0);
    REQUIRE(e.start());
  }
  d->open();
  REQUIRE(e.stop().value().empty());
}

TEST_CASE("an engine whose threads are yet to start, or have ended, starts in a child",
          "[engine]") {
  if (!threads_behind_forks) return;
  const bool ran = GENERATE(false, true);
  CAPTURE(ran);
  const auto kept = std::make_shared<int>(0);
  std::atomic<std::uint64_t> ticks{0};
  auto e = std::make_unique<gyre::engine>(gyre::engine_options{.shards = 2});
  for (const char* name : {"a", "b"}) {
    e->add({.name = name, .interval = 1ms}, [&, kept](gyre::tick&) { ++ticks; }).value();
  }
  const auto runs = [&] {
    const std::uint64_t before = ticks;
    return e->start().code() == gyre::code::ok && eventually([&] { return ticks > before + 9; }) &&
           e->stop().value_or({"none"}).empty();
  };
  if (ran) REQUIRE(runs());
  REQUIRE(in_child([&] {
            const bool went = runs() && runs();
            e.reset();
            return went && kept.use_count() == 1;
          }) == 0);
  REQUIRE(runs());
}

TEST_CASE("an engine without threads is a copy in the child, and both go on alike", "[engine]") {
  const auto driver = GENERATE(gyre::driver::host, gyre::driver::virtual_time);
  CAPTURE(static_cast<int>(driver));
  auto e = std::make_unique<gyre::engine>(gyre::engine_options{.driver = driver, .shards = 2});
  // A host's ticks are measured by the machine's clock: neither what a loop sees nor when it is due
  // may follow from what they took.
  for (const char* name : {"a", "b", "c"}) {
    e->add({.name = name, .interval = 7s, .features = gyre::none, .knobs = {{"k", {1, 2}}}},
           [](gyre::tick& t) {
             t.reward(t.knob("k"));
             t.spend(1ms);
           }).value();
  }
  const auto go_to = [&](gyre::instant end) {
    for (gyre::instant t = e->now(); t < end; t += 1s) {
      if (driver == gyre::driver::host) {
        e->poll(t).value();
      } else {
        e->advance_to(t).value();
      }
    }
    return e->trace_hash();
  };
  const std::string at_fork = go_to(1000s);
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  REQUIRE(in_child([&] {
            const std::string hash = go_to(2000s);
            e.reset();
            return ::write(ends[1], hash.data(), 16) == 16;
          }) == 0);
  std::string childs(16, ' ');
  REQUIRE(::read(ends[0], childs.data(), 16) == 16);
  ::close(ends[0]);
  ::close(ends[1]);
  REQUIRE(e->trace_hash() == at_fork);
  REQUIRE(go_to(2000s) == childs);
}

TEST_CASE("a store is free when its engine is gone, whatever child may live", "[engine]") {
  const folder dir;
  auto e = gyre::engine::create(in(dir.store())).value();
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {  // has the store's files open until the parent says so
    ::close(ends[1]);
    char c = 0;
    ::_exit(::read(ends[0], &c, 1) == 0 ? 0 : 1);
  }
  e.reset();
  const auto next = gyre::engine::create(in(dir.store()));
  const bool opened = next.code() == gyre::code::ok;
  ::close(ends[1]);
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  ::close(ends[0]);
  REQUIRE(status == 0);
  REQUIRE(opened);
}

TEST_CASE("a tick forks, and its child is refused too", "[engine]") {
  std::atomic<int> well{0};
  gyre::engine e;
  e.add({.name = "forks", .interval = 1ms, .timeout = 60s}, [&](gyre::tick&) {
     if (well < 3 && in_child([&] { return is_forked(e.stop().code()); }) == 0) ++well;
   }).value();
  REQUIRE(e.start());
  REQUIRE(eventually([&] { return well == 3; }));
  REQUIRE(e.stop().value().empty());
  REQUIRE(e.snapshot().totals.errors == 0);
}

TEST_CASE("an engine that is destroyed inside of its own tick ends the program", "[engine]") {
  const auto driver =
      GENERATE(gyre::driver::workers, gyre::driver::host, gyre::driver::virtual_time);
  CAPTURE(static_cast<int>(driver));
  if (driver == gyre::driver::workers && !threads_behind_forks) return;
  const int status = in_child([&] {
    ::signal(SIGABRT, SIG_DFL);
    ::close(STDERR_FILENO);
    auto e = std::make_unique<gyre::engine>(gyre::engine_options{.driver = driver});
    e->add({.name = "a", .interval = 1ms, .jitter = 0}, [&](gyre::tick&) { e.reset(); }).value();
    if (driver == gyre::driver::workers) (void)e->start();
    for (;;) {
      if (driver == gyre::driver::host) (void)e->poll(1s);
      if (driver == gyre::driver::virtual_time) (void)e->advance_to(1s);
      std::this_thread::sleep_for(1ms);
    }
    return false;
  });
  REQUIRE(WIFSIGNALED(status));
  REQUIRE(WTERMSIG(status) == SIGABRT);
}
