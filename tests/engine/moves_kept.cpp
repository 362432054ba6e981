// Method: what of loops that move must be kept: their ids where a shard has none left, what was
// learned in the store, and everything where an allocation fails.
#include "moves.hpp"
#include "no_memory.hpp"
#include "store_world.hpp"

using namespace std::chrono_literals;

TEST_CASE("a group has as many loops as there are ids, of any number of shards", "[engine]") {
  const auto c = mt::on_virtual_time(64);
  std::vector<std::uint32_t> ids, out;
  const int many = 16'600;  // 16,383 once
  const auto add = [&](const std::string& name) {
    return mt::add(c, {.name = name, .interval = 1min, .group = "g",
                       .metrics = gyre::metrics_mode::counters});
  };
  for (int i = 0; i < many; ++i) ids.push_back(add(std::to_string(i)));
  const auto its = mt::shard_of(c, ids[0]);
  REQUIRE(mt::shard_of(c, ids.back()) == its);
  REQUIRE(mt::sizes(c)[its] == static_cast<std::size_t>(many));
  (void)c->time.advance_to(3min).value();
  REQUIRE(c->snapshot().totals.ticks >= 2u * static_cast<std::uint64_t>(many));
  const auto last = ids.back();
  REQUIRE(c->stats(last)->metrics.cycles >= 2);
  REQUIRE(c->loops.find("16599").value() == last);
  for (std::size_t i = 16'300; i < ids.size(); ++i) {
    REQUIRE(c->loops.remove(ids[i], out));
    REQUIRE(c->loops.has_left(ids[i]));
    REQUIRE(c->stats(ids[i]).code() == gyre::code::stale);
  }
  for (std::size_t i = 16'300; i < ids.size(); ++i) {  // places and ids are used again
    const auto id = add(std::to_string(i));
    REQUIRE(c->stats(id)->name == std::to_string(i));
    REQUIRE(std::find(ids.begin() + 16'300, ids.end(), id) == ids.end());
  }
  (void)c->time.advance_to(6min).value();
  REQUIRE(mt::sizes(c)[its] == static_cast<std::size_t>(many));
}

TEST_CASE("what a learner learns before and after it moves is kept in that order", "[engine]") {
  const folder dir;
  gyre::engine_options o = in(dir.store());
  o.shards = 2;
  std::vector<gyre::learner_view> before;
  const auto options = [](int i) {
    gyre::loop_options l{.name = "l" + std::to_string(i), .interval = 10ms, .jitter = 0};
    if (i % 2 != 0) l.knobs = {{"k", {1, 2, 3}}};
    if (i % 4 == 1) l.learning.sequential = true;
    return l;
  };
  const auto learn = [](gyre::tick& t) {
    const double k = t.knob("k");
    if (k > 0) t.reward(k + static_cast<double>(t.number() % 7));
  };
  {
    const auto c = gyre::detail::body::make(o).value();
    std::vector<std::uint32_t> ids, out;
    for (int i = 0; i < 24; ++i) ids.push_back(mt::add(c, options(i), learn));
    (void)c->time.advance_to(155ms).value();  // the last commit was at 100 ms
    for (std::size_t i = 0; i < 24; i += 2) REQUIRE(c->loops.remove(ids[i], out));
    mt::settle(c);
    REQUIRE(mt::sizes(c)[0] > 3);
    (void)c->time.advance_to(195ms).value();
    REQUIRE(c->stop(20s)->empty());
    before = c->snapshot().learners;
  }
  const auto c = gyre::detail::body::make(o).value();
  for (int i = 1; i < 24; i += 2) mt::add(c, options(i), learn);
  const auto after = c->snapshot().learners;
  REQUIRE(after.size() == 12);
  for (std::size_t i = 0; i < after.size(); ++i) {
    CAPTURE(i);
    REQUIRE(after[i].name == before[i].name);
    REQUIRE(after[i].stats.observations == before[i].stats.observations);
    REQUIRE(after[i].q == before[i].q);
  }
}

#if GYRE_EXCEPTIONS
TEST_CASE("where there is no memory to move a loop, it stays", "[engine]") {
  std::size_t failed = 1;
  for (std::size_t n = 0; failed != 0; ++n) {
    CAPTURE(n);
    mt::world w(3);
    w.go(50ms);
    std::vector<std::uint32_t> gone;
    for (std::size_t i = 0; i < w.ids.size(); ++i) {
      if (i % 3 != 0) REQUIRE(w.c->loops.remove(w.ids[i], gone));
    }
    fail_allocation(n, true);
    w.c->balance.look(1h);
    failed = allow_allocations();
    w.go(100ms);
    for (const auto t : {2h, 3h, 4h}) w.c->balance.look(t);
    for (const std::size_t size : mt::sizes(w.c)) REQUIRE(size >= 4);
    w.go(200ms);
    for (const auto id : w.ids) {
      const bool is = std::find(gone.begin(), gone.end(), id) == gone.end();
      REQUIRE(w.c->stats(id).has_value() == is);
      if (is) REQUIRE(w.c->loops.find(w.c->stats(id)->name).value() == id);
    }
  }
}
#endif
