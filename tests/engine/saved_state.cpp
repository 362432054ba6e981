// Method: property. An engine that was saved and loaded must be equal to one that never stopped,
// in every choice and every byte of its next state; damaged and foreign bytes change nothing.
#include <algorithm>

#include "catch.hpp"
#include "sanitized.hpp"
#include "store_world.hpp"

using namespace std::chrono_literals;

namespace {

using saved = std::vector<std::byte>;

/// Beside two_learners(): a group of two that is sequential, one of whose ticks reports nothing, so
/// that lessons wait for the next state; and a limit, and failures.
struct world {
  explicit world(std::uint64_t seed = 11, std::uint32_t shards = 1)
      : e({.driver = gyre::driver::virtual_time, .seed = seed, .shards = shards}) {
    two_learners(e);
    for (const char* name : {"g1", "g2"}) {
      e.add({.name = name,
             .interval = 10ms,
             .jitter = 0,
             .retry = {0ms, 0ms, 0},
             .group = "g",
             .features = {{"f", {1, 2}}},
             .knobs = {{"k", {1, 2, 3}}},
             .learning = {.sequential = true}},
            [this](gyre::tick& t) { step(t); })
          .value();
    }
    e.add({.name = "limited", .interval = 10ms, .jitter = 0, .features = gyre::none,
           .knobs = {{"k", {1, 2, 3}}}},
          [this](gyre::tick& t) {
            const double k = t.knob("k");
            chosen.push_back(k);
            t.limit("ms", 10 * k, 25);
            t.reward(k);
          })
        .value();
  }
  void step(gyre::tick& t) {
    const auto n = t.due() / 10ms;
    if (n % 4 != 1) t.feature("f", static_cast<double>(n % 3));
    chosen.push_back(t.knob("k"));
    if (n % 5 == 0) t.fail("as it is wanted");
    if (n % 5 != 0) t.reward(t.knob("k") + static_cast<double>(n % 3));
  }
  gyre::engine e;
  std::vector<double> chosen;
};

/// The same with its own checksum, as a hostile writer would have it.
saved summed(saved b) {
  gyre::byte_writer out;
  out.raw(std::span(b).first(b.size() - 8));
  out.u64(gyre::siphash24(out.data()));
  return out.take();
}

}  // namespace

TEST_CASE("an engine that was saved and loaded goes on bit for bit", "[engine]") {
  const auto ticks = GENERATE(as<int>(), 97, 98, 99, 100, 101, 250);
  const auto shards = GENERATE(1U, 3U);
  const gyre::duration until = ticks * 10ms - 5ms;  // after so many ticks a loop
  world whole(11, shards);
  whole.e.advance_to(until).value();
  const saved state = whole.e.save();
  REQUIRE(whole.e.save() == state);
  const std::size_t before = whole.chosen.size();
  whole.e.advance_to(until + 1s).value();

  world next(11, shards);
  REQUIRE(next.e.stop());
  next.e.jump_to(until + 5ms).value();
  REQUIRE(next.e.load(state).value() == 0);
  REQUIRE(next.e.save() == state);
  REQUIRE(next.e.start());
  next.e.advance_to(until + 1s).value();
  REQUIRE(next.chosen.size() > 290);
  REQUIRE(std::equal(next.chosen.begin(), next.chosen.end(),
                     whole.chosen.begin() + static_cast<std::ptrdiff_t>(before),
                     whole.chosen.end()));
  REQUIRE(next.e.save() == whole.e.save());
}

TEST_CASE("what a state says of loops that are not there, or are others, is left out", "[engine]") {
  world from;
  from.e.advance_to(1s).value();
  const saved state = from.e.save();
  gyre::engine e({.driver = gyre::driver::virtual_time});
  REQUIRE(e.load(state).value() == 4);
  REQUIRE(e.recall({.limit = 1000}).size() == from.e.recall({.limit = 1000}).size());
  e.add({.name = "a", .interval = 10ms, .features = gyre::none, .knobs = {{"k", {1, 2}}}},
        [](gyre::tick&) {})
      .value();
  e.add({.name = "limited", .interval = 10ms, .features = gyre::none, .knobs = {{"k", {1, 2, 3}}}},
        [](gyre::tick&) {})
      .value();
  REQUIRE(e.load(state).value() == 3);
  const auto s = e.snapshot();
  REQUIRE(s.learners[0].stats.observations == 0);
  REQUIRE(s.learners[1].stats.observations == 101);
}

TEST_CASE("the engine's own options and limits hold over a loaded state", "[engine]") {
  gyre::engine from({.driver = gyre::driver::virtual_time, .memory = {.ring = 200}});
  two_learners(from);
  from.advance_to(30s).value();
  gyre::engine e({.driver = gyre::driver::virtual_time, .memory = {.budget_bytes = 65'536}});
  e.add({.name = "b", .interval = 10ms, .features = {{"f", {1, 2}}}, .knobs = {{"k", {1, 2, 3}}},
         .tuning = {.mode = gyre::tuning_mode::frozen}},
        [](gyre::tick&) {})
      .value();
  REQUIRE(e.load(from.save()).value() == 1);
  const auto s = e.snapshot();
  REQUIRE(s.memory.budget_bytes == 65'536);
  REQUIRE(s.memory.resident_bytes <= 65'536);
  REQUIRE(s.memory.evicted > 0);
  REQUIRE(s.learners[0].stats.observations == 3001);
  e.advance_to(1s).value();  // frozen: it has its options' mode
  REQUIRE(e.snapshot().learners[0].stats.observations == 3001);
}

TEST_CASE("a state is not loaded into an engine with a store, or inside of a tick", "[engine]") {
  world from;
  from.e.advance_to(100ms).value();
  const saved state = from.e.save();
  const folder dir;
  const auto stored = gyre::engine::create(in(dir.store())).value();
  two_learners(*stored);
  REQUIRE(stored->load(state).error().code == gyre::code::state);

  gyre::engine e({.driver = gyre::driver::virtual_time});
  gyre::code inside = gyre::code::ok;
  e.add({.name = "b", .interval = 10ms, .features = {{"f", {1, 2}}}, .knobs = {{"k", {1, 2, 3}}}},
        [&](gyre::tick&) { inside = e.load(state).error().code; })
      .value();
  const saved before = e.save();
  e.advance_to(1s).value();
  REQUIRE(inside == gyre::code::state);
  REQUIRE(e.load(state).value() == 3);  // the tick has ended
  REQUIRE(e.load(before).value() == 0);
}

TEST_CASE("damaged and foreign bytes are refused, and change nothing", "[engine]") {
  world from, into;
  from.e.advance_to(700ms).value();
  into.e.advance_to(300ms).value();
  const saved state = from.e.save(), own = into.e.save();
  const auto refused = [&](std::span<const std::byte> bad) {
    const auto done = into.e.load(bad);
    REQUIRE_FALSE(done);
    return done.error().code;
  };
  for (std::size_t n = 0; n < state.size(); n += n < 200 ? 1 : 97) {  // cut off
    REQUIRE(refused(std::span(state).first(n)) == gyre::code::corrupt);
  }
  saved other = state;
  other[4] = std::byte{9};
  REQUIRE(refused(other) == gyre::code::format);
  other[0] = std::byte{'x'};
  REQUIRE(refused(other) == gyre::code::format);
  for (std::size_t i = 5; i < state.size(); i += 61) {
    other = state;
    other[i] ^= std::byte{16};
    REQUIRE(refused(other) == gyre::code::corrupt);
  }
  REQUIRE(into.e.save() == own);
}

TEST_CASE("bytes of a hostile writer, with the right checksum, are refused or lived with",
          "[engine]") {
  world from;
  from.e.advance_to(700ms).value();
  const saved state = from.e.save();
  const int rounds = fewer(3000);
  int taken = 0;
  std::uint64_t draw = 1;
  const auto next = [&draw](std::size_t below) {
    draw = draw * 6364136223846793005U + 1442695040888963407U;
    return static_cast<std::size_t>(draw >> 33) % below;
  };
  world into;
  for (int round = 0; round < rounds; ++round) {
    saved bad = state;
    for (std::size_t k = 1 + next(4); k > 0; --k) {
      const std::size_t size = round % 2 != 0 ? 400 : bad.size() - 13;
      bad[5 + next(size)] = static_cast<std::byte>(next(8) == 0 ? 255 : next(256));
    }
    if (round % 5 == 0) bad.erase(bad.begin() + static_cast<std::ptrdiff_t>(5 + next(300)));
    const saved was = into.e.save();
    if (into.e.load(summed(std::move(bad)))) {
      ++taken;
      into.e.advance_to(into.e.now() + 30ms).value();
    } else {
      REQUIRE(into.e.save() == was);
    }
  }
  REQUIRE(taken > 0);
  REQUIRE(taken < rounds);
}
