// fork.cpp - the child of a fork: what is the parent's is refused, what it makes itself works.
// Method: fault. The child's findings come back as its exit status; it ends without destructors.
#include "forked.hpp"
#include "kit.hpp"
#include "misuse.hpp"

using kit::loop_of;
using kit::make_engine;
using kit::zero;

namespace {

/// The number of the first thing that is not as it should be; 0: all is well. Asserts nothing
/// itself: the child would go on with the parent's other cases.
int of_child(gyre_engine old_engine, gyre_loop old_loop, gyre_replay old_replay) {
  double number = 0;
  gyre_error error = {};
  error.size = sizeof error;
  if (gyre_engine_now(old_engine, &number) != GYRE_E_FORKED) return 1;
  if (gyre_engine_destroy(old_engine, nullptr) != GYRE_E_FORKED) return 2;
  if (gyre_loop_pause(old_loop) != GYRE_E_FORKED) return 3;
  if (gyre_replay_push(old_replay, "abcd", 1) != GYRE_E_FORKED) return 4;
  gyre_engine_options how = {};
  how.size = sizeof how;
  how.driver = GYRE_DRIVER_VIRTUAL;
  gyre_engine engine = 0;
  if (gyre_engine_create(&how, &engine, &error) != GYRE_OK) return 5;
  if (engine == old_engine || engine == old_loop || engine == old_replay) return 6;
  kit::seen seen;
  gyre_loop loop = 0;
  const gyre_loop_options options = loop_of("loop", kit::count_tick, &seen);
  if (gyre_loop_create(engine, &options, &loop, &error) != GYRE_OK) return 7;
  if (gyre_engine_advance_to(engine, 95, &error) != GYRE_OK) return 8;
  if (seen.ticks != 10) return 9;
  gyre_replay_options rows = {};
  rows.size = sizeof rows;
  rows.row_size = 4;
  gyre_replay replay = 0;
  if (gyre_replay_create(&rows, &replay, &error) != GYRE_OK) return 10;
  if (gyre_replay_push(replay, "abcd", 1) != GYRE_OK) return 11;
  if (gyre_engine_destroy(engine, &error) != GYRE_OK) return 12;
  if (gyre_loop_pause(loop) != GYRE_E_STALE) return 13;
  if (gyre_engine_now(old_engine, &number) != GYRE_E_FORKED) return 14;
  const int grandchild = ended_child([&] {
    return gyre_replay_push(replay, "abcd", 1) == GYRE_E_FORKED &&
           gyre_replay_push(old_replay, "abcd", 1) == GYRE_E_FORKED &&
           gyre_engine_create(&how, &engine, nullptr) == GYRE_OK ? 0 : 1;
  });
  return grandchild == 0 ? 0 : 15;
}

}  // namespace

// No engine could be made after a fork, which servers do before they begin.
TEST_CASE("in the child of a fork the parent's ids are refused and new engines run", "[capi]") {
  const gyre_engine engine = make_engine(GYRE_DRIVER_WORKERS);
  kit::seen seen;
  gyre_loop loop = 0;
  const auto options = loop_of("loop", kit::count_tick, &seen);
  REQUIRE(gyre_loop_create(engine, &options, &loop, nullptr) == GYRE_OK);
  REQUIRE(gyre_engine_start(engine, nullptr) == GYRE_OK);
  auto rows = zero<gyre_replay_options>();
  rows.row_size = 4;
  gyre_replay replay = 0;
  REQUIRE(gyre_replay_create(&rows, &replay, nullptr) == GYRE_OK);
  CHECK(ended_child([&] { return of_child(engine, loop, replay); }) == 0);
  double now = 0;
  CHECK(gyre_engine_now(engine, &now) == GYRE_OK);
  CHECK(gyre_engine_destroy(engine, nullptr) == GYRE_OK);
  CHECK(gyre_replay_destroy(replay) == GYRE_OK);
}

TEST_CASE("in the child of a fork every function that takes an id refuses the parent's", "[capi]") {
  misuse::world w;
  int asked = 0;
  for (std::size_t i = 0; i < misuse::function_count; ++i) {
    const misuse::function& f = misuse::functions[i];
    if (f.parts[0].kind != misuse::kind::id) continue;
    INFO(f.name);
    const auto a = w.arguments(f);
    CHECK(ended_child([&] { return f.call(a.data()) == GYRE_E_FORKED ? 0 : 1; }) == 0);
    ++asked;
  }
  CHECK(asked > 80);
}
