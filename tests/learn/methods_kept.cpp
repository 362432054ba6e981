// Method: property: each method goes on bit for bit after save and load, after its journal, and
// with what another has learned; fault: damaged bytes; no memory is taken for a step.
#include <span>
#include <vector>

#include "allocations.hpp"
#include "catch.hpp"
#include "methods.hpp"

TEST_CASE("a learner of any method goes on bit for bit after save and load", "[learn]") {
  const worlds::world lake = worlds::frozen_lake(4, true);
  for (const learning_method m : methods::all) {
    for (const int cut : {0, 1, 2, 37, 400, 1501}) {
      CAPTURE(int(m), cut);
      gyre::learner_options o = methods::of(m);
      o.optimistic = cut % 2 != 0;
      o.explore.how = static_cast<gyre::exploring>(1 + cut % 5);
      gyre::learner whole(lake.states, lake.actions, o, 7, 2);
      methods::walker walk(lake, 5);
      for (int i = 0; i < cut; ++i) (void)walk.step(whole);
      gyre::learner again(lake.states, lake.actions, o, 7, 2);
      const auto file = methods::bytes_of(whole);
      gyre::byte_reader in(file);
      REQUIRE(again.load(in));
      REQUIRE(in.remaining() == 0);
      methods::walker same = walk;
      for (int i = 0; i < 600; ++i) {
        (void)walk.step(whole);
        (void)same.step(again);
      }
      REQUIRE(methods::bytes_of(whole) == methods::bytes_of(again));
    }
  }
}

TEST_CASE("a learner of any method follows from its journal", "[learn]") {
  const worlds::world lake = worlds::frozen_lake(4, true);
  for (const learning_method m : methods::all) {
    CAPTURE(int(m));
    gyre::learner_options o = methods::of(m);
    o.explore = {.from = 1, .to = .1, .over = 300, .how = gyre::exploring::linear};
    gyre::learner whole(lake.states, lake.actions, o, 7, 2), again = whole;
    methods::walker walk(lake, 5);
    for (int i = 0; i < 700; ++i) (void)walk.step(whole);
    for (const gyre::transition& t : walk.seen) REQUIRE(again.observe(t));
    again.resume_at(whole.decisions());
    REQUIRE(methods::bytes_of(whole) == methods::bytes_of(again));
  }
}

TEST_CASE("what another method, or an older one, has learned is taken over", "[learn]") {
  const worlds::world cliff = worlds::cliff_walking();
  gyre::learner q(cliff.states, cliff.actions, methods::of(learning_method::q), 1, 0);
  methods::walker walk(cliff, 1);
  for (int i = 0; i < 20'000; ++i) (void)walk.step(q);
  for (const learning_method m : methods::all) {
    CAPTURE(int(m));
    gyre::learner l(cliff.states, cliff.actions, methods::of(m), 1, 0);
    const auto file = methods::bytes_of(q);
    gyre::byte_reader in(file);
    REQUIRE(l.load(in));
    for (std::uint32_t s = 0; s < cliff.states; ++s) REQUIRE(l.greedy(s) == q.greedy(s));
    const std::uint32_t a = l.greedy(36);
    const double before = l.table().exact_best(36);
    REQUIRE(l.observe({36, a, -1, 24}));  // one step more does not throw it away
    REQUIRE(l.table().exact_best(36) == Approx(before).margin(1.5));
  }
}

TEST_CASE("damaged bytes of any method are refused and change nothing", "[learn]") {
  const worlds::world lake = worlds::frozen_lake(4, true);
  for (const learning_method m : methods::all) {
    gyre::learner_options o = methods::of(m);
    o.capacity = 8;
    gyre::learner l(lake.states, lake.actions, o, 7, 2);
    methods::walker walk(lake, 5);
    for (int i = 0; i < 200; ++i) (void)walk.step(l);
    const auto file = methods::bytes_of(l);
    const gyre::learner fresh(lake.states, lake.actions, o, 7, 2);
    for (std::size_t cut = 0; cut < file.size(); ++cut) {
      CAPTURE(int(m), cut);
      gyre::learner other = fresh;
      gyre::byte_reader in(std::span<const std::byte>(file).first(cut));
      REQUIRE(!other.load(in));
      REQUIRE(methods::bytes_of(other) == methods::bytes_of(fresh));
    }
    gyre::rng flip(1, 0, gyre::purpose::user);
    for (int i = 0; i < 300; ++i) {  // what is taken all the same must be usable
      auto damaged = file;
      damaged[flip.below(static_cast<std::uint32_t>(file.size()))] ^=
          std::byte(1 + flip.below(255));
      gyre::learner other = fresh;
      gyre::byte_reader in(damaged);
      if (!other.load(in)) continue;
      methods::walker on(lake, 6);
      for (int k = 0; k < 30; ++k) (void)on.step(other);
    }
  }
}

TEST_CASE("no method takes memory for a step", "[learn]") {
  const worlds::world lake = worlds::frozen_lake(4, true);
  for (const learning_method m : methods::all) {
    gyre::learner l(lake.states, lake.actions, methods::of(m), 7, 2);
    gyre::rng draw(1, 1, gyre::purpose::user);
    const std::size_t before = allocated();
    std::uint32_t s = 0;
    for (int i = 0; i < 3'000; ++i) {
      const std::uint32_t a = l.act(s);
      const worlds::outcome& o = lake.step(s, a, draw);
      (void)l.observe({s, a, o.reward, o.next, o.ends, 0});
      s = o.ends ? 0 : o.next;
    }
    const std::size_t taken = allocated() - before;
    CAPTURE(int(m));
    REQUIRE(taken == 0);
    REQUIRE(l.stats().updates > 0);
  }
}
