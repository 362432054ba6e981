// Method: real threads over a real store; every wait is for a condition, with a bound that only a
// defect reaches. Then what the closed store holds is compared with what the engine said.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "catch.hpp"
#include "doors.hpp"
#include <gyre/engine/body.hpp>

#include "store_world.hpp"

using namespace std::chrono_literals;
using doors::eventually;

namespace {

gyre::engine_options threads_in(const std::string& dir, std::uint32_t shards) {
  return {.seed = 11, .shards = shards, .store = dir};
}
gyre::loop_options learning_loop(int i) {
  return {.name = "l" + std::to_string(i),
          .interval = 100us,
          .features = gyre::none,
          .knobs = {{"k", {1, 2, 3}}}};
}

void learn(gyre::tick& t) { (void)t.knob("k"); }

#if !defined(__SANITIZE_THREAD__)  // which allows no thread behind a fork
/// Runs an engine that commits by itself, and tells the pipe what must have been committed.
[[noreturn]] void run_until_killed(const std::string& dir, int pipe) {
  auto e = gyre::engine::create(threads_in(dir, 2));
  if (!e) ::_exit(1);
  for (int i = 0; i < 4; ++i) {
    auto added = (*e)->add(learning_loop(i), [](gyre::tick& t) {
      learn(t);
      gyre::record r;
      r.text = "tick " + std::to_string(t.number());
      t.remember(r);
    });
    if (!added) ::_exit(2);
  }
  if (!(*e)->start()) ::_exit(3);
  for (;;) {
    const auto seen = (*e)->snapshot();
    const std::uint64_t wanted = seen.store.committed + 2;  // one may have begun before
    if (!eventually([&] { return (*e)->snapshot().store.committed >= wanted; })) ::_exit(4);
    std::uint64_t held[2] = {seen.memory.remembered, 0};
    for (const auto& l : seen.learners) held[1] += l.stats.observations;
    if (::write(pipe, held, sizeof held) != sizeof held) ::_exit(5);
  }
}
#endif

}  // namespace

// Method: model. Between keeping what a learner had learned and removing its loop a tick could end:
// the journal had its lesson, and the learner had not.
TEST_CASE("a learner removed while its tick runs reopens as it was", "[engine]") {
  const folder dir;
  std::uint64_t had = 0;
  const auto add = [](gyre::engine& e, bool paused, std::atomic<int>* ticks) {
    auto o = learning_loop(0);
    o.interval = 1us;
    o.paused = paused;
    return e.add(std::move(o), [ticks](gyre::tick& t) {
      learn(t);
      ++*ticks;
    }).value();
  };
  std::atomic<int> ticks{0};
  {
    gyre::engine e(threads_in(dir.store(), 2));
    e.add({.name = "on shard 0", .interval = 1h}, [](gyre::tick&) {}).value();
    REQUIRE(e.start());
    for (int round = 0; round < 5; ++round) {
      ticks = 0;
      auto l = add(e, false, &ticks);
      REQUIRE(eventually([&] { return ticks > 2; }));
      REQUIRE(l.remove());
    }
    add(e, true, &ticks);
    had = e.snapshot().learners.at(0).stats.observations;
    REQUIRE(had > 0);
  }
  gyre::engine e(in(dir.store()));
  add(e, true, &ticks);
  REQUIRE(e.snapshot().learners.at(0).stats.observations == had);
}

TEST_CASE("an engine on its own threads commits and syncs by itself", "[engine]") {
  const folder dir;
  gyre::engine e(threads_in(dir.store(), 2));
  for (int i = 0; i < 2; ++i) e.add(learning_loop(i), learn).value();
  REQUIRE(e.start());
  REQUIRE(eventually([&] { return e.snapshot().store.committed > 0; }));
  REQUIRE(eventually([&] { return e.snapshot().store.durable > 0; }));
  REQUIRE(e.snapshot().store.last_error.empty());
}

TEST_CASE("checkpoints taken while other shards run count no transition twice", "[engine]") {
  const folder dir;
  constexpr int loops = 4;
  std::uint64_t ticks[loops] = {};
  {
    auto core = gyre::detail::body::make(threads_in(dir.store(), 2)).value();
    for (int i = 0; i < loops; ++i) {
      REQUIRE(core->loops.add(learning_loop(i), learn));
    }
    REQUIRE(core->start());
    for (int i = 0; i < 40; ++i) {
      const auto before = core->snapshot().totals.ticks;
      REQUIRE(eventually([&] { return core->snapshot().totals.ticks > before + 20; }));
      REQUIRE(core->vault.checkpoint());
    }
    REQUIRE(core->stop(20s)->empty());
    const auto s = core->snapshot();
    REQUIRE(s.loops.size() == loops);
    for (std::size_t i = 0; i < loops; ++i) ticks[i] = s.loops[i].metrics.cycles;
  }
  gyre::engine e(in(dir.store()));
  for (int i = 0; i < loops; ++i) e.add(learning_loop(i), learn).value();
  const auto s = e.snapshot();
  for (const auto& l : s.loops) {
    const auto& held = s.learners[static_cast<std::size_t>(l.learner)].stats;
    CAPTURE(l.name);
    REQUIRE(held.observations == ticks[static_cast<std::size_t>(l.name[1] - '0')]);
  }
}

TEST_CASE("a stuck thread does not keep the store", "[engine]") {
  const folder dir;
  auto open = std::make_shared<std::atomic<bool>>(false);
  std::uint64_t held = 0;
  {
    auto e = gyre::engine::create(threads_in(dir.store(), 1)).value();
    e->add(learning_loop(0), learn).value();
    auto stuck = e->add({.name = "stuck", .interval = 5ms, .timeout = 20ms}, [open](gyre::tick& t) {
                    while (!*open) std::this_thread::sleep_for(1ms);
                    gyre::record r;
                    r.text = "too late";
                    t.remember(r);
                  }).value();
    REQUIRE(e->start());
    REQUIRE(eventually([&] { return stuck.stats()->state == gyre::loop_state::stuck; }));
    REQUIRE(eventually([&] { return e->snapshot().learners[0].stats.observations > 20; }));
    REQUIRE(e->stop().value() == std::vector<std::string>{"stuck"});
    held = e->snapshot().learners[0].stats.observations;
  }
  auto next = gyre::engine::create(in(dir.store()));
  if (!next) INFO(next.error().text);
  REQUIRE(next);
  (*next)->add(learning_loop(0), learn).value();
  REQUIRE((*next)->snapshot().learners[0].stats.observations == held);
  *open = true;  // it ends, with its core, and writes nothing
  REQUIRE(eventually([&] { return open.use_count() == 1; }));
  REQUIRE((*next)->snapshot().memory.remembered == 0);
}

#if !defined(__SANITIZE_THREAD__)
TEST_CASE("kill -9 loses nothing that was committed by itself", "[engine]") {
  for (int round = 0; round < 5; ++round) {
    CAPTURE(round);
    const folder dir;
    int pipe_ends[2];
    REQUIRE(::pipe(pipe_ends) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      ::close(pipe_ends[0]);
      run_until_killed(dir.store(), pipe_ends[1]);
    }
    ::close(pipe_ends[1]);
    std::uint64_t told[2] = {}, held[2] = {};
    for (int i = 0; i < 2 + round && ::read(pipe_ends[0], told, sizeof told) == sizeof told; ++i) {
      std::copy(told, told + 2, held);
    }
    ::kill(child, SIGKILL);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
    while (::read(pipe_ends[0], told, sizeof told) == sizeof told) {
      std::copy(told, told + 2, held);
    }
    ::close(pipe_ends[0]);
    REQUIRE(held[0] > 0);
    REQUIRE(held[1] > 0);
    gyre::engine e(in(dir.store()));
    for (int i = 0; i < 4; ++i) e.add(learning_loop(i), learn).value();
    const auto s = e.snapshot();
    std::uint64_t observed = 0;
    for (const auto& l : s.learners) observed += l.stats.observations;
    REQUIRE(s.memory.remembered >= held[0]);
    REQUIRE(observed >= held[1]);
  }
}
#endif
