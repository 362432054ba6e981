// Method: fault. A child process is stopped for longer than what runs in it may take; it tells by
// how it ends what it found. And the arithmetic of that, by hand.
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gyre/gyre.hpp>

#include <atomic>
#include <new>
#include <thread>

#include "catch.hpp"
#include "doors.hpp"

using namespace std::chrono_literals;
using doors::eventually;
using gyre::detail::vigil;

TEST_CASE("what the watchdog overslept is nobody's time", "[engine]") {
  vigil v;
  REQUIRE(v.every() == 50ms);
  v.watch_for(200ms, 1s);
  v.watch_for(10s, 1s);
  REQUIRE(v.every() == 20ms);
  REQUIRE(v.overslept(0s, gyre::longest) == 0s);  // it does not run
  v.until(10s);
  REQUIRE(!v.overdue(10s + 99ms));
  REQUIRE(v.overslept(1s, 10s + 99ms) == 0s);  // a busy machine
  REQUIRE(v.overdue(13s));
  REQUIRE(v.overslept(1s, 13s) == 3s);
  REQUIRE(v.overslept(12s, 13s) == 1s);  // began when it went on
  REQUIRE(v.overslept(14s, 13s) == 0s);
  v.rung(5s);
  REQUIRE(v.overslept(1s, 6s) == 1s);
  v.rung(6s);
  REQUIRE(v.overslept(1s, 6s) == 1s);
  v.off();
  v.rung(7s);
  REQUIRE(!v.overdue(20s));
}

#if GYRE_THREADS && !defined(__SANITIZE_THREAD__)  // that ends a child that starts a thread
namespace {

struct shared_with_child {
  std::atomic<int> inside{0};
  std::atomic<bool> go_on{false};
};

int child(shared_with_child& shared) {
  gyre::engine e({.shards = 2, .bus = {.handler_limit = 1s}});
  const auto stay = [&] {
    ++shared.inside;
    while (!shared.go_on) std::this_thread::sleep_for(1ms);
  };
  auto outside = e.add_external({.name = "x", .interval = 24h, .timeout = 1s, .jitter = 0}).value();
  auto slow = e.add({.name = "slow", .interval = 24h, .timeout = 1s, .jitter = 0},
                    [&](gyre::tick&) { stay(); }).value();
  const auto id = e.subscribe("job", {}, [&](const gyre::message&) { stay(); }).value();
  if (!e.start()) return 2;
  std::uint32_t tick = 0;
  if (!eventually([&] { return e.acquire({&tick, 1}) == 1; })) return 3;
  ++shared.inside;
  if (!e.publish("job", "x")) return 2;
  if (!eventually([&] { return shared.go_on && slow.stats()->metrics.cycles == 1; })) return 4;
  if (!e.complete(tick)) return 5;
  if (slow.stats()->metrics.timeouts != 0) return 6;
  if (slow.stats()->metrics.latency.max_ms > 1000) return 7;
  if (outside.stats()->metrics.succeeded != 1) return 8;
  if (!eventually([&] { return e.drain(1s).has_value(); })) return 9;
  return e.subscription(id) ? 0 : 10;
}

}  // namespace

// A handler was given up on for good, and a tick counted as timed out.
TEST_CASE("a process that was stopped has lost that time only", "[engine]") {
  void* const memory = ::mmap(nullptr, sizeof(shared_with_child), PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  auto& shared = *::new (memory) shared_with_child;
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::signal(SIGALRM, SIG_DFL);
    ::alarm(60);
    ::_exit(child(shared));
  }
  REQUIRE(pid > 0);
  const bool entered = eventually([&] { return shared.inside == 3; });
  REQUIRE(::kill(pid, SIGSTOP) == 0);
  int status = 0;
  REQUIRE(::waitpid(pid, &status, WUNTRACED) == pid);
  std::this_thread::sleep_for(1500ms);  // not to wait for anything: for so long it is stopped
  REQUIRE(::kill(pid, SIGCONT) == 0);
  shared.go_on = true;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  REQUIRE(entered);
  CAPTURE(WIFEXITED(status), WEXITSTATUS(status));
  REQUIRE(status == 0);
  ::munmap(memory, sizeof(shared_with_child));
}
#endif
