// Method: fault. Writes that the system refuses, other options than last time, learners without a
// loop, and a fork; each looked at through the API and after reopening.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "catch.hpp"
#include "sanitized.hpp"
#include <gyre/engine/body.hpp>

#include "store_world.hpp"

using namespace std::chrono_literals;

namespace {

/// No file of this process grows past `bytes`, for a scope: a write beyond fails with EFBIG.
class file_limit {
 public:
  explicit file_limit(std::uint64_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
    rlimit now = before_;
    now.rlim_cur = bytes;
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &now) == 0);
  }
  file_limit(const file_limit&) = delete;
  file_limit& operator=(const file_limit&) = delete;
  ~file_limit() {
    (void)::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int);
};

/// One loop that learns; `rate` and `first_value` change its options and its space.
void learner_of(gyre::engine& e, double rate, double first_value) {
  e.add({.name = "odd",
         .interval = 1ms,
         .jitter = 0,
         .features = {{"f", {1, 2}}},
         .knobs = {{"k", {first_value, 20, 30}}},
         .learning = {.discount = 0.9,
                      .learning_rate = rate,
                      .explore = {.from = 1, .to = 0.2, .over = 500},
                      .batch = 8,
                      .every = 3,
                      .warmup = 4,
                      .capacity = 100}},
        [](gyre::tick& t) {
          t.feature("f", static_cast<double>(t.due() / 1ms % 3));
          t.reward(t.knob("k") * static_cast<double>(1 + t.due() / 1ms % 3));
          t.feature("f", static_cast<double>(t.due() / 1ms % 2));
        })
      .value();
}
void require_same(const gyre::learner_view& a, const gyre::learner_view& b) {
  REQUIRE(a.q == b.q);
  REQUIRE(a.visits == b.visits);
  REQUIRE(a.stats.decisions == b.stats.decisions);
  REQUIRE(a.stats.observations == b.stats.observations);
  REQUIRE(a.stats.replay_size == b.stats.replay_size);
  REQUIRE(a.stats.replay_sampled == b.stats.replay_sampled);
}

/// A loop whose learner takes some 0.4 MB: 65,536 cells.
gyre::loop large_loop(gyre::engine& e, int i) {
  std::vector<double> values;
  for (int k = 0; k < 256; ++k) values.push_back(k);
  return e
      .add({.name = "large " + std::to_string(i),
            .interval = 1ms,
            .jitter = 0,
            .features = {{"f", std::vector<double>(values.begin(), values.end() - 1)}},
            .knobs = {{"k", values}},
            .learning = {.sequential = true}},
           [](gyre::tick& t) {
             t.reward(t.knob("k"));
             t.feature("f", 1);
           })
      .value();
}

}  // namespace

TEST_CASE("a write that the system refuses is an error, and nothing of it is lost", "[engine]") {
  const folder dir;
  gyre::snapshot_data last;
  {
    auto e = gyre::engine::create(in(dir.store())).value();
    two_learners(*e);
    e->advance_to(1s).value();
    REQUIRE(e->commit());
    const auto good = e->snapshot().store;
    REQUIRE(good.last_error.empty());
    {
      const file_limit full(good.file_bytes + 100);
      e->advance_to(2s).value();  // commits by itself, in vain
      REQUIRE(e->snapshot().store.last_error.find("journal") != std::string::npos);
      REQUIRE(e->commit().code() == gyre::code::io);
      REQUIRE(e->sync().code() == gyre::code::io);
      REQUIRE(e->snapshot().store.committed == good.committed);
      REQUIRE(e->stop());
      REQUIRE(e->snapshot().store.committed == good.committed);
    }
    REQUIRE(e->commit());
    REQUIRE(e->sync());
    last = e->snapshot();
    REQUIRE(last.store.durable > good.committed);
    REQUIRE(last.store.lost == 0);
  }
  auto e = gyre::engine::create(in(dir.store())).value();
  two_learners(*e);
  REQUIRE(e->snapshot().learners[0].stats.observations == last.learners[0].stats.observations);
  REQUIRE(e->snapshot().memory.remembered == last.memory.remembered);
}

TEST_CASE("stop keeps the error of its last write", "[engine]") {
  const folder dir;
  auto e = gyre::engine::create(in(dir.store())).value();
  REQUIRE(e->commit());
  const file_limit full(e->snapshot().store.file_bytes + 10);
  gyre::record r;
  r.text = std::string(1000, 'x');
  REQUIRE(e->remember(r));
  REQUIRE(e->snapshot().store.last_error.empty());
  REQUIRE(e->stop());
  REQUIRE_FALSE(e->snapshot().store.last_error.empty());
}

TEST_CASE("a store opens with another memory budget and ring", "[engine]") {
  const folder dir;
  const auto options = [&](std::size_t budget, std::uint32_t ring) {
    auto o = in(dir.store());
    o.memory.budget_bytes = budget;
    o.memory.ring = ring;
    o.memory.archive_after_s = 5;
    return o;
  };
  const std::pair<std::size_t, std::uint32_t> limits[] = {
      {65'536, 100}, {1 << 20, 20}, {65'536, 200}, {16 << 20, 100}, {65'536, 8}};
  std::uint64_t n = 0;
  for (const auto& [budget, ring] : limits) {
    CAPTURE(budget, ring);
    auto opened = gyre::engine::create(options(budget, ring));
    if (!opened) INFO(opened.error().text);
    REQUIRE(opened);
    gyre::engine& e = **opened;
    REQUIRE(e.stop());
    REQUIRE(e.jump_to(gyre::duration(1ms * n)));
    REQUIRE(e.start());
    for (int i = 0; i < 4000; ++i) {
      REQUIRE(e.jump_to(gyre::duration(1ms * ++n)));
      gyre::record r;
      r.text = std::to_string(n) + " hash " + std::to_string(gyre::mix(n, 1, 2, 3));
      REQUIRE(e.remember(r));
      if (i % 1000 == 999) REQUIRE(e.consolidate());
    }
    const auto m = e.snapshot().memory;
    REQUIRE(m.budget_bytes == budget);
    REQUIRE(m.resident_bytes <= budget);
    REQUIRE(m.remembered == n);
    REQUIRE(m.remembered == m.in_ring + m.in_blocks + m.archived + m.evicted + m.merged);
    const auto found = e.recall({.limit = 500});
    REQUIRE(found.size() == 500);
    for (std::size_t k = 0; k < found.size(); ++k) {
      REQUIRE(found[k].text.starts_with(std::to_string(n - k) + " "));
    }
  }
}

TEST_CASE("a learner is kept by its own options while no loop asks for it", "[engine]") {
  const folder dir;
  gyre::learner_view before;
  {
    auto e = gyre::engine::create(in(dir.store())).value();
    e->add({.name = "first", .interval = 1h}, [](gyre::tick&) {}).value();  // "odd" is not stream 0
    learner_of(*e, 0.4, 10);
    e->advance_to(700ms).value();
    before = e->snapshot().learners[0];
    REQUIRE(before.stats.replay_sampled > 0);
  }
  for (int round = 0; round < 2; ++round) {  // from its transitions, then from that state
    auto core = gyre::detail::body::make(in(dir.store())).value();
    REQUIRE(core->vault.checkpoint());
    REQUIRE(core->stop(1s));
  }
  gyre::learner_view tuned;
  {
    auto e = gyre::engine::create(in(dir.store())).value();
    e->add({.name = "first", .interval = 1h}, [](gyre::tick&) {}).value();
    learner_of(*e, 0.4, 10);
    require_same(e->snapshot().learners[0], before);
  }
  {  // another learning rate, another place in the order: it goes on from what it knows
    auto e = gyre::engine::create(in(dir.store())).value();
    learner_of(*e, 0.1, 10);
    require_same(e->snapshot().learners[0], before);
    e->advance_to(300ms).value();
    tuned = e->snapshot().learners[0];
    REQUIRE(tuned.stats.observations > before.stats.observations);
    REQUIRE(tuned.stats.learning_rate == 0.1);
  }
  {
    auto e = gyre::engine::create(in(dir.store())).value();
    learner_of(*e, 0.1, 10);
    require_same(e->snapshot().learners[0], tuned);
  }
  auto e = gyre::engine::create(in(dir.store())).value();
  learner_of(*e, 0.1, 11);  // as many states and actions, but one of them of another meaning
  const auto partly = e->snapshot().learners[0];
  REQUIRE(partly.stats.observations == 6);  // a cell's worth each, of those of the same
  REQUIRE(partly.stats.replay_size == 0);
}

TEST_CASE("learners without a loop are kept up to 16 MiB, the youngest", "[engine]") {
  const folder dir;
  auto e = gyre::engine::create(in(dir.store())).value();
  int n = 0;
  for (; n < 200 && e->snapshot().store.forgotten < 3; ++n) {
    auto l = large_loop(*e, n);
    e->advance_to(gyre::duration(1ms * n)).value();
    REQUIRE(e->snapshot().learners[0].stats.observations > 0);
    REQUIRE(l.remove());
  }
  REQUIRE(e->snapshot().store.forgotten == 3);
  REQUIRE(n > 20);
  for (const int i : {n - 1, 3, 2, 0}) {
    CAPTURE(i);
    auto l = large_loop(*e, i);
    REQUIRE((e->snapshot().learners[0].stats.observations > 0) == (i >= 3));
    REQUIRE(l.remove());
  }
}

TEST_CASE("a learner that was forgotten does not come back with the store", "[engine]") {
  const folder dir;
  int n = 0;
  {
    auto e = gyre::engine::create(in(dir.store())).value();
    for (; n < 200 && e->snapshot().store.forgotten < 3; ++n) {
      auto l = large_loop(*e, n);
      e->advance_to(gyre::duration(1ms * n)).value();
      REQUIRE(l.remove());
    }
  }
  auto e = gyre::engine::create(in(dir.store())).value();
  for (const int i : {0, 2, 3, n - 1}) {
    CAPTURE(i);
    auto l = large_loop(*e, i);
    REQUIRE((e->snapshot().learners[0].stats.observations > 0) == (i >= 3));
    REQUIRE(l.remove());
  }
}

TEST_CASE("of learners read at opening none is forgotten while loops are added", "[engine]") {
  const folder dir;
  constexpr int loops = fewer(60, 2);  // over the 16 MiB that are kept without a loop
  {
    auto e = gyre::engine::create(in(dir.store())).value();
    for (int i = 0; i < loops; ++i) large_loop(*e, i);
    e->advance_to(0ms).value();
  }
  {
    auto e = gyre::engine::create(in(dir.store())).value();
    REQUIRE(large_loop(*e, loops).remove());
    for (int i = 0; i < loops; ++i) large_loop(*e, i);
    for (const auto& l : e->snapshot().learners) REQUIRE(l.stats.observations == 1);
    REQUIRE(e->snapshot().store.forgotten == 0);
  }
  auto core = gyre::detail::body::make(in(dir.store())).value();
  REQUIRE(core->vault.checkpoint());  // from here on they count
  REQUIRE(core->snapshot().store.forgotten > 0);
}

TEST_CASE("transitions count for the 64 KiB that are committed at once", "[engine]") {
  const folder dir;
  auto o = in(dir.store());
  o.shards = 3;
  auto e = gyre::engine::create(o).value();
  for (int i = 0; i < 3; ++i) {
    e->add({.name = std::to_string(i), .interval = 10us, .jitter = 0, .knobs = {{"k", {1, 2}}}},
           [](gyre::tick& t) { (void)t.knob("k"); })
        .value();
  }
  REQUIRE(e->commit());
  const auto before = e->snapshot().store.committed;
  e->advance_to(50ms).value();  // under 100 ms: nothing is committed for its age
  REQUIRE(e->snapshot().store.committed > before);
}

TEST_CASE("a forked child cannot write to its parent's store", "[engine]") {
  const folder dir;
  auto o = in(dir.store());
  o.memory.archive_after_s = 1;
  gyre::snapshot_data last;
  {
    auto e = gyre::engine::create(o).value();
    two_learners(*e);
    e->advance_to(1005ms).value();
    REQUIRE(e->commit());
    e->advance_to(1035ms).value();  // and something pending
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      e->advance_to(9s).value();
      const bool refused = e->commit().code() == gyre::code::forked &&
                           e->sync().code() == gyre::code::forked &&
                           e->consolidate().code() == gyre::code::forked;
      e.reset();
      ::_exit(refused ? 0 : 1);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    REQUIRE(WEXITSTATUS(status) == 0);
    REQUIRE(gyre::engine::create(o).code() == gyre::code::state);  // still this process's
    e->advance_to(4s).value();
    REQUIRE(e->consolidate()->archived > 0);
    last = e->snapshot();
  }
  auto e = gyre::engine::create(o).value();
  two_learners(*e);
  const auto back = e->snapshot();
  for (std::size_t i = 0; i < 2; ++i) require_same(back.learners[i], last.learners[i]);
  REQUIRE(back.memory.remembered == last.memory.remembered);
  REQUIRE(back.memory.archived == last.memory.archived);
}
