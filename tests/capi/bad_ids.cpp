// bad_ids.cpp - an id that is dead, foreign or of another kind is an error in every call.
// Method: a table of ids; every function that takes one is called with each.
#include "bad_input.hpp"

using namespace bad_input;

namespace {

void every_call_of_an_engine(gyre_engine id, gyre_status expected) {
  double number = 0;
  std::uint32_t count = 0;
  char text[32];
  auto info = zero<gyre_engine_info>();
  auto reading = zero<gyre_reading>();
  auto record = zero<gyre_record>();
  record.text = "x";
  auto memory = zero<gyre_memory_metrics>();
  auto totals = zero<gyre_totals>();
  gyre_tick ticks[4];
  CHECK(gyre_engine_start(id, nullptr) == expected);
  CHECK(gyre_engine_stop(id, 0, nullptr, 0, nullptr, nullptr) == expected);
  CHECK(gyre_engine_poll(id, 0, 0, nullptr, nullptr) == expected);
  CHECK(gyre_engine_advance_to(id, 0, nullptr) == expected);
  CHECK(gyre_engine_jump_to(id, 0, nullptr) == expected);
  CHECK(gyre_engine_now(id, &number) == expected);
  CHECK(gyre_engine_state(id, &info) == expected);
  CHECK(gyre_engine_supply(id, &reading, nullptr) == expected);
  CHECK(gyre_engine_sync(id, nullptr) == expected);
  CHECK(gyre_engine_destroy(id, nullptr) == expected);
  CHECK(gyre_loop_find(id, "loop", &count, nullptr) == expected);
  CHECK(gyre_tick_acquire(id, ticks, 4, &count, nullptr) == expected);
  CHECK(gyre_bus_publish(id, "a", nullptr, 0, nullptr, nullptr) == expected);
  CHECK(gyre_bus_subscribe(id, "a", nullptr, &count, nullptr) == expected);
  CHECK(gyre_memory_remember(id, &record, nullptr) == expected);
  CHECK(gyre_memory_recall(id, nullptr, text, 32, &count, nullptr) == expected);
  CHECK(gyre_memory_consolidate(id, nullptr) == expected);
  CHECK(gyre_memory_metrics_read(id, &memory) == expected);
  CHECK(gyre_graph_connect(id, "a", "b", 0.1, nullptr) == expected);
  CHECK(gyre_graph_score(id, &number) == expected);
  CHECK(gyre_society_add(id, 1, nullptr) == expected);
  CHECK(gyre_snapshot_json(id, text, 32, &count, nullptr) == expected);
  CHECK(gyre_snapshot_loops(id, nullptr, 0, &count) == expected);
  CHECK(gyre_snapshot_totals(id, &totals) == expected);
  CHECK(gyre_trace_hash(id, text, 32, &count) == expected);
}

void every_call_of_a_loop(gyre_loop id, gyre_status expected) {
  double number = 0;
  auto metrics = zero<gyre_loop_metrics>();
  auto change = zero<gyre_loop_change>();
  CHECK(gyre_loop_pause(id) == expected);
  CHECK(gyre_loop_resume(id) == expected);
  CHECK(gyre_loop_trigger(id) == expected);
  CHECK(gyre_loop_reconfigure(id, &change, nullptr) == expected);
  CHECK(gyre_loop_metrics_read(id, &metrics) == expected);
  CHECK(gyre_loop_knob(id, "knob", &number) == expected);
  auto learned = zero<gyre_tuning_metrics>();
  auto report = zero<gyre_state_report>();
  std::uint32_t needed = 0;
  CHECK(gyre_loop_learned(id, &learned) == expected);
  CHECK(gyre_loop_report(id, 0, &report) == expected);
  CHECK(gyre_loop_values(id, 0, &number, 1, &needed) == expected);
  CHECK(gyre_loop_limits(id, nullptr, 0, &needed) == expected);
  CHECK(gyre_loop_reward(id, 1, 1, nullptr) == expected);
  CHECK(gyre_loop_remove(id, nullptr) == expected);
}

void every_call_of_a_tick_and_others(std::uint32_t id) {
  double number = 0;
  auto learned = zero<gyre_tuning_metrics>();
  auto report = zero<gyre_state_report>();
  std::uint32_t count = 0;
  for (const gyre_status status :
       {gyre_tick_knob(id, "k", &number), gyre_tick_feature(id, "f", 1),
        gyre_tick_reward(id, 1), gyre_tick_vitality(id, 1), gyre_tick_fail(id, "x"),
        gyre_tick_cost(id, 1), gyre_tick_forbid(id, "k", 1), gyre_tick_used(id, "k", 1),
        gyre_tick_limit(id, "k", 1, 1), gyre_tick_reward_later(id, &count),
        gyre_tuner_limits(id, nullptr, 0, &count),
        gyre_tick_terminated(id), gyre_tick_truncated(id),
        gyre_tick_spend(id, 1), gyre_tick_cancelled(id), gyre_tick_complete(id, nullptr),
        gyre_bus_unsubscribe(id), gyre_learner_destroy(id),
        gyre_learner_q(id, nullptr, 0, &count), gyre_tuner_destroy(id),
        gyre_tuner_state(id, &number, 1, &count), gyre_tuner_values(id, 0, &number, 1, &count),
        gyre_tuner_choose(id, 0, nullptr, 0, &count, nullptr), gyre_tuner_observe(id, 0, 0, 1),
        gyre_tuner_observe_failure(id, 0, 0), gyre_tuner_set_mode(id, GYRE_TUNING_TUNE),
        gyre_tuner_save(id, nullptr, 0, &count), gyre_tuner_load(id, nullptr, 0, nullptr),
        gyre_tuner_metrics_read(id, &learned), gyre_tuner_report(id, 0, &report),
        gyre_tuner_limit(id, 0, 0, "x", 1, 1), gyre_dqn_destroy(id),
        gyre_dqn_act(id, nullptr, &count, 1), gyre_dqn_worth(id, nullptr, nullptr, 1),
        gyre_dqn_observe(id, nullptr, nullptr, nullptr, nullptr, nullptr, 1),
        gyre_dqn_train(id, 1), gyre_dqn_save(id, nullptr, 0, &count),
        gyre_dqn_load(id, nullptr, 0, nullptr), gyre_dqn_metrics_read(id, nullptr)}) {
    CHECK((status == GYRE_E_STALE || status == GYRE_E_KIND));
  }
}

}  // namespace

TEST_CASE("ids that are dead, foreign or of another kind are errors in every call", "[capi]") {
  fixture f;
  auto rows = zero<gyre_replay_options>();
  rows.row_size = 4;
  gyre_replay replay = 0;
  REQUIRE(gyre_replay_create(&rows, &replay, nullptr) == GYRE_OK);
  gyre_loop loop = 0;
  REQUIRE(gyre_loop_create(f.engine, &f.options, &loop, nullptr) == GYRE_OK);
  REQUIRE(gyre_loop_remove(loop, nullptr) == GYRE_OK);
  struct {
    std::uint32_t id;
    gyre_status of_engine, of_loop, of_replay;
  } const cases[] = {
      {0, GYRE_E_STALE, GYRE_E_STALE, GYRE_E_STALE},
      {0xFFFFFFFFu, GYRE_E_STALE, GYRE_E_STALE, GYRE_E_STALE},
      {f.engine ^ 0x00100000u, GYRE_E_STALE, GYRE_E_KIND, GYRE_E_KIND},  // another generation
      {f.engine ^ 0x000F0000u, GYRE_E_STALE, GYRE_E_KIND, GYRE_E_KIND},  // another index
      {loop, GYRE_E_KIND, GYRE_E_STALE, GYRE_E_KIND},
      {replay, GYRE_E_KIND, GYRE_E_KIND, GYRE_OK},
  };
  for (const auto& c : cases) {
    CAPTURE(c.id);
    every_call_of_an_engine(c.id, c.of_engine);
    every_call_of_a_loop(c.id, c.of_loop);
    every_call_of_a_tick_and_others(c.id);
    auto stats = zero<gyre_replay_metrics>();
    CHECK(gyre_replay_metrics_read(c.id, &stats) == c.of_replay);
    CHECK(gyre_replay_push(c.id, "abcd", 1) == c.of_replay);
  }
  CHECK(gyre_replay_destroy(replay) == GYRE_OK);
  CHECK(gyre_replay_destroy(replay) == GYRE_E_STALE);
}
