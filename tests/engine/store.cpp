// Method: the same seeded world with and without an interruption must be equal; then the process is
// killed at random instants and everything acknowledged must be there.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>

#include "catch.hpp"
#include "sanitized.hpp"
#include "store_world.hpp"

using namespace std::chrono_literals;

TEST_CASE("an engine goes on from its store as if it had never stopped", "[engine]") {
  gyre::snapshot_data whole, first, second;
  {
    gyre::engine e({.driver = gyre::driver::virtual_time, .seed = 11});
    two_learners(e);
    e.advance_to(4995ms).value();
    whole = e.snapshot();
  }
  const folder dir;
  for (int round = 0; round < 2; ++round) {
    auto e = gyre::engine::create(in(dir.store())).value();
    two_learners(*e);
    if (round == 1) {
      const auto back = e->snapshot();
      REQUIRE(back.learners.size() == 2);
      for (std::size_t i = 0; i < 2; ++i) {
        REQUIRE(back.learners[i].q == first.learners[i].q);
        REQUIRE(back.learners[i].visits == first.learners[i].visits);
        REQUIRE(back.learners[i].stats.replay_size == first.learners[i].stats.replay_size);
        REQUIRE(back.learners[i].stats.decisions == first.learners[i].stats.decisions);
      }
      REQUIRE(back.memory.remembered == first.memory.remembered);
      REQUIRE(e->recall({.limit = 1000}).size() == e->snapshot().memory.remembered);
      REQUIRE(e->stop());
      e->jump_to(2500ms).value();
      REQUIRE(e->start());
    }
    e->advance_to(round == 0 ? 2495ms : 4995ms).value();
    (round == 0 ? first : second) = e->snapshot();
    REQUIRE(e->stop());
    REQUIRE(e->snapshot().store.durable == e->snapshot().store.committed);
  }
  for (std::size_t i = 0; i < 2; ++i) {
    REQUIRE(second.learners[i].q == whole.learners[i].q);
    REQUIRE(second.learners[i].visits == whole.learners[i].visits);
    REQUIRE(second.learners[i].stats.observations == whole.learners[i].stats.observations);
  }
  REQUIRE(second.memory.remembered == whole.memory.remembered);
}

TEST_CASE("a learner of another shape starts anew; what it had is kept, as of one not added",
          "[engine]") {
  const folder dir;
  {
    auto e = gyre::engine::create(in(dir.store())).value();
    two_learners(*e);
    e->advance_to(1s).value();
  }
  {
    auto e = gyre::engine::create(in(dir.store())).value();
    e->add({.name = "a", .interval = 10ms, .features = gyre::none, .knobs = {{"k", {1, 2}}}},
           [](gyre::tick& t) { (void)t.knob("k"); })
        .value();
    REQUIRE(e->snapshot().learners[0].stats.observations == 0);
    e->advance_to(100ms).value();
    REQUIRE(e->snapshot().learners[0].stats.observations > 0);
  }
  auto e = gyre::engine::create(in(dir.store())).value();
  two_learners(*e);
  const auto s = e->snapshot();
  REQUIRE(s.learners[0].stats.observations == 101);  // though "a" was of another shape last
  REQUIRE(s.learners[1].stats.observations == 101);
}

TEST_CASE("a removed loop's learner is found again by its name", "[engine]") {
  const folder dir;
  auto e = gyre::engine::create(in(dir.store())).value();
  two_learners(*e);
  e->advance_to(1s).value();
  const auto before = e->snapshot();
  REQUIRE(e->find("a")->remove());
  REQUIRE(e->find("b")->remove());
  two_learners(*e);
  REQUIRE(e->snapshot().learners[0].stats.observations == 101);
  REQUIRE(e->snapshot().learners[0].q == before.learners[0].q);
}

TEST_CASE("learners whose names have the same hash keep apart", "[engine]") {
  std::vector<std::pair<std::uint32_t, int>> hashes;
  for (int i = 0; i < 200'000; ++i) {
    const std::string key = "loop n" + std::to_string(i);
    const auto hash = gyre::siphash24(gyre::as_bytes(std::string_view(key)));
    hashes.emplace_back(static_cast<std::uint32_t>(hash) | 0x80000000U, i);
  }
  std::sort(hashes.begin(), hashes.end());
  const auto same = std::adjacent_find(hashes.begin(), hashes.end(),
                                       [](auto a, auto b) { return a.first == b.first; });
  REQUIRE(same != hashes.end());
  const std::string names[] = {"n" + std::to_string(same->second),
                               "n" + std::to_string((same + 1)->second)};
  const auto add = [&](gyre::engine& e, int which) {
    e.add({.name = names[which], .interval = which == 0 ? 10ms : 20ms, .knobs = {{"k", {1, 2}}}},
          [which](gyre::tick& t) { t.reward(t.knob("k") * (which == 0 ? 1 : -1)); })
        .value();
  };
  const auto observations = [&](gyre::engine& e, int which) {
    for (const auto& l : e.snapshot().learners) {
      if (l.name == names[which]) return l.stats.observations;
    }
    return std::uint64_t{0};
  };
  const folder dir;
  std::uint64_t last[] = {0, 0};
  for (int round = 0; round < 4; ++round) {
    CAPTURE(round);
    auto e = gyre::engine::create(in(dir.store())).value();
    const int first = round % 2;
    add(*e, first);
    add(*e, 1 - first);
    const std::uint64_t before[] = {observations(*e, 0), observations(*e, 1)};
    REQUIRE(before[0] == last[0]);
    REQUIRE(before[1] == last[1]);
    e->advance_to(1s).value();
    REQUIRE(e->find(names[first])->remove());
    REQUIRE(e->find(names[1 - first])->remove());
    add(*e, 1 - first);
    add(*e, first);
    e->advance_to(2s).value();
    for (int which = 0; which < 2; ++which) last[which] = observations(*e, which);
    REQUIRE(last[0] >= before[0] + 190);  // nothing learned in a second of each lost
    REQUIRE(last[0] <= before[0] + 202);
    REQUIRE(last[1] >= before[1] + 90);
    REQUIRE(last[1] <= before[1] + 102);
  }
}

TEST_CASE("a second engine on the same store is refused and names the holder", "[engine]") {
  const folder dir;
  auto e = gyre::engine::create(in(dir.store())).value();
  const auto second = gyre::engine::create(in(dir.store()));
  REQUIRE(second.code() == gyre::code::state);
  REQUIRE(second.error().text.find(std::to_string(::getpid())) != std::string::npos);
}

TEST_CASE("no store, no commit", "[engine]") {
  gyre::engine e({.driver = gyre::driver::virtual_time});
  REQUIRE(e.commit().code() == gyre::code::state);
  REQUIRE(e.sync().code() == gyre::code::state);
}

TEST_CASE("kill -9 at 100 random instants loses nothing that a commit group held", "[engine]") {
  gyre::rng random(1, 2, gyre::purpose::user);
  for (int round = 0; round < fewer(100, 5); ++round) {
    CAPTURE(round);
    const folder dir;
    int pipe_ends[2];
    REQUIRE(::pipe(pipe_ends) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      ::close(pipe_ends[0]);
      auto e = gyre::engine::create(in(dir.store()));
      if (!e) ::_exit(1);
      two_learners(**e);
      gyre::loop a = (*e)->find("a").value();
      for (gyre::instant t = 10ms;; t += 10ms) {
        if (!(*e)->advance_to(t) || !(*e)->commit()) ::_exit(2);
        const std::uint64_t held = a.stats()->metrics.cycles;  // each is observed by its learner
        if (::write(pipe_ends[1], &held, sizeof held) != sizeof held) ::_exit(3);
      }
    }
    ::close(pipe_ends[1]);
    std::uint64_t acknowledged = 0;
    const std::uint64_t enough = 1000 + random.below(500);
    std::uint64_t held = 0;
    while (acknowledged < enough && ::read(pipe_ends[0], &held, sizeof held) == sizeof held) {
      acknowledged = held;
    }
    ::usleep(random.below(3000));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    REQUIRE(WIFSIGNALED(status));
    while (::read(pipe_ends[0], &held, sizeof held) == sizeof held) acknowledged = held;
    ::close(pipe_ends[0]);
    REQUIRE(acknowledged >= 1000);

    auto e = gyre::engine::create(in(dir.store())).value();
    two_learners(*e);
    const auto back = e->snapshot();
    REQUIRE(back.learners[0].stats.observations >= acknowledged);
    const auto& kept = back.learners[0].stats;  // a fast child acknowledges more than fit
    REQUIRE(kept.replay_size >= std::min<std::uint64_t>(acknowledged, kept.replay_capacity));
    REQUIRE(back.memory.remembered >= 2 * acknowledged);
    const std::uint64_t sampled = back.learners[0].stats.replay_sampled;
    e->advance_to(500ms).value();
    REQUIRE(e->snapshot().learners[0].stats.observations > back.learners[0].stats.observations);
    REQUIRE(e->snapshot().learners[0].stats.replay_sampled > sampled);
  }
}

// Method: fault. One damaged frame in the middle refused the whole store, with no way to the rest.
TEST_CASE("a damaged journal is opened with what is whole where that is asked for", "[engine]") {
  const folder dir;
  {
    auto e = gyre::engine::create(in(dir.store())).value();
    two_learners(*e);
    e->advance_to(1s).value();
    REQUIRE(e->sync());  // from here on damage before this is none that a crash could leave
    e->advance_to(2s).value();
  }
  {
    std::fstream journal(dir.store() + "/journal", std::ios::in | std::ios::out | std::ios::binary);
    journal.seekg(0, std::ios::end);
    const auto middle = journal.tellg() / 4;
    journal.seekg(middle);
    const int was = journal.get();
    journal.seekp(middle);
    journal.put(static_cast<char>(was ^ 0x10));
  }
  REQUIRE(gyre::engine::create(in(dir.store())).code() == gyre::code::corrupt);
  auto o = in(dir.store());
  o.salvage = true;
  auto e = gyre::engine::create(o).value();
  two_learners(*e);
  const auto back = e->snapshot();
  REQUIRE(back.store.salvaged > 0);
  REQUIRE(back.memory.remembered > 50);  // of 400
  REQUIRE(back.memory.remembered < 400);
  REQUIRE(back.learners[1].stats.observations > 20);
  REQUIRE(std::filesystem::exists(dir.store() + "/journal.damaged"));
  REQUIRE(e->advance_to(1s));
  REQUIRE(e->commit());
}
