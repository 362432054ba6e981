// bad_input.cpp - each wrong argument is a clear error, and nothing has changed after it.
// Method: tables of cases; after each the counts of loops, rows and messages are what they were.
#include "bad_input.hpp"

namespace bad_input {

TEST_CASE("null pointers are errors", "[capi]") {
  fixture f;
  gyre_engine engine = 0;
  gyre_loop loop = 0;
  std::uint32_t needed = 0;
  CHECK(gyre_engine_create(nullptr, nullptr, &f.err) == GYRE_E_ARG);
  CHECK(gyre_loop_create(f.engine, nullptr, &loop, &f.err) == GYRE_E_ARG);
  CHECK(gyre_loop_create(f.engine, &f.options, nullptr, nullptr) == GYRE_E_ARG);
  CHECK(gyre_loop_find(f.engine, nullptr, &loop, nullptr) == GYRE_E_ARG);
  CHECK(gyre_loop_find(f.engine, "loop", nullptr, nullptr) == GYRE_E_ARG);
  CHECK(gyre_engine_now(f.engine, nullptr) == GYRE_E_ARG);
  CHECK(gyre_engine_state(f.engine, nullptr) == GYRE_E_ARG);
  CHECK(gyre_engine_supply(f.engine, nullptr, nullptr) == GYRE_E_ARG);
  CHECK(gyre_tick_acquire(f.engine, nullptr, 8, &needed, nullptr) == GYRE_E_ARG);
  CHECK(gyre_bus_publish(f.engine, nullptr, "", 0, nullptr, nullptr) == GYRE_E_ARG);
  CHECK(gyre_bus_publish(f.engine, "a", nullptr, 3, nullptr, nullptr) == GYRE_E_ARG);
  CHECK(gyre_bus_subscribe(f.engine, nullptr, nullptr, &loop, nullptr) == GYRE_E_ARG);
  CHECK(gyre_bus_subscribe(f.engine, "a", nullptr, nullptr, nullptr) == GYRE_E_ARG);
  CHECK(gyre_replay_create(nullptr, &engine, nullptr) == GYRE_E_ARG);
  CHECK(gyre_learner_create(nullptr, &engine, nullptr) == GYRE_E_ARG);
  CHECK(gyre_memory_remember(f.engine, nullptr, nullptr) == GYRE_E_ARG);
  CHECK(gyre_memory_metrics_read(f.engine, nullptr) == GYRE_E_ARG);
  CHECK(gyre_compress(nullptr, 5, 6, nullptr, 0, &needed, nullptr) == GYRE_E_ARG);
  CHECK(gyre_decompress(nullptr, 5, nullptr, 5, nullptr) == GYRE_E_ARG);
  CHECK(gyre_graph_connect(f.engine, nullptr, "b", 0.5, nullptr) == GYRE_E_ARG);
  CHECK(gyre_graph_score(f.engine, nullptr) == GYRE_E_ARG);
  CHECK(gyre_snapshot_loops(f.engine, nullptr, 0, &needed) == GYRE_OK);  // no loops, none needed
  CHECK(gyre_snapshot_totals(f.engine, nullptr) == GYRE_E_ARG);
}

TEST_CASE("a struct that says no size, or sets what is not known, is refused", "[capi]") {
  fixture f;
  gyre_loop out = 0;
  f.options.size = 0;
  f.refused(GYRE_E_ARG, "size");
  f.options.size = 8;
  f.refused(GYRE_E_ARG, "size");
  f.options.size = 1u << 20;
  f.refused(GYRE_E_ARG, "size");

  struct newer {  // what a header of a later version would declare
    gyre_loop_options known;
    double of_tomorrow;
  } later;
  std::memset(&later, 0, sizeof later);
  later.known = f.options;
  later.known.size = sizeof later;
  later.of_tomorrow = 0.5;
  CHECK(gyre_loop_create(f.engine, &later.known, &out, &f.err) == GYRE_E_UNSUPPORTED);
  CHECK(std::string(f.err.text).find("upgrade") != std::string::npos);
  CHECK(f.loops() == 0);
  later.of_tomorrow = 0;
  CHECK(gyre_loop_create(f.engine, &later.known, &out, &f.err) == GYRE_OK);

  struct newer_totals {
    gyre_totals known;
    double of_tomorrow;
  } read;
  std::memset(&read, 0x55, sizeof read);
  read.known.size = sizeof read;
  CHECK(gyre_snapshot_totals(f.engine, &read.known) == GYRE_OK);
  CHECK(read.known.size == sizeof read);
  CHECK(read.of_tomorrow == 0);  // not known here, so 0 and not garbage

  gyre_error unset;
  std::memset(&unset, 0, sizeof unset);
  CHECK(gyre_engine_start(f.engine, &unset) == GYRE_E_ARG);
  auto how = zero<gyre_engine_options>();
  how.api_version = 0x990000;
  CHECK(gyre_engine_create(&how, &out, &f.err) == GYRE_E_ABI);
  how.api_version = GYRE_VERSION;
  how.driver = 9;
  CHECK(gyre_engine_create(&how, &out, &f.err) == GYRE_E_UNSUPPORTED);
}

TEST_CASE("the virtual clock goes forward only and numbers must be numbers", "[capi]") {
  fixture f;
  REQUIRE(gyre_engine_start(f.engine, nullptr) == GYRE_OK);
  REQUIRE(gyre_engine_advance_to(f.engine, 10, &f.err) == GYRE_OK);
  CHECK(gyre_engine_advance_to(f.engine, 5, &f.err) == GYRE_OK);  // no effect
  CHECK(gyre_engine_jump_to(f.engine, 5, &f.err) == GYRE_E_ARG);
  for (const double to : {-1.0, not_a_number, infinite, 1e300}) {
    CHECK(gyre_engine_advance_to(f.engine, to, &f.err) == GYRE_E_ARG);
    CHECK(gyre_engine_jump_to(f.engine, to, &f.err) == GYRE_E_ARG);
  }
  double now = 0;
  CHECK(gyre_engine_now(f.engine, &now) == GYRE_OK);
  CHECK(now == 10);
  CHECK(gyre_engine_poll(f.engine, 20, 0, nullptr, &f.err) == GYRE_E_STATE);  // wrong driver
  CHECK(gyre_engine_stop(f.engine, not_a_number, nullptr, 0, nullptr, &f.err) == GYRE_E_ARG);
  auto change = zero<gyre_loop_change>();
  gyre_loop loop = 0;
  REQUIRE(gyre_loop_create(f.engine, &f.options, &loop, nullptr) == GYRE_OK);
  for (const double interval : {-1.0, not_a_number, infinite}) {
    change.interval_ms = interval;
    CHECK(gyre_loop_reconfigure(loop, &change, &f.err) == GYRE_E_ARG);
  }
}

TEST_CASE("topics and patterns keep the grammar", "[capi]") {
  fixture f;
  gyre_subscription sub = 0;
  for (const char* topic : {"", ".", "a.", ".a", "a..b", "a.*", "a.>", "a b"}) {
    CAPTURE(topic);
    CHECK(gyre_bus_publish(f.engine, topic, nullptr, 0, nullptr, &f.err) == GYRE_E_ARG);
  }
  for (const char* pattern : {"", ".", "a.", "a..b", "a.>.b", "a b"}) {
    CAPTURE(pattern);
    CHECK(gyre_bus_subscribe(f.engine, pattern, nullptr, &sub, &f.err) == GYRE_E_ARG);
  }
  auto how = zero<gyre_subscription_options>();
  how.overflow = 7;
  CHECK(gyre_bus_subscribe(f.engine, "a", &how, &sub, &f.err) == GYRE_E_UNSUPPORTED);
  auto metrics = zero<gyre_bus_metrics>();
  REQUIRE(gyre_bus_metrics_read(f.engine, &metrics) == GYRE_OK);
  CHECK(metrics.subscriptions == 0);
  CHECK(metrics.published == 0);
}

TEST_CASE("a replay buffer says what is wrong", "[capi]") {
  auto err = zero<gyre_error>();
  std::uint32_t id = 0;
  auto rows = zero<gyre_replay_options>();
  CHECK(gyre_replay_create(&rows, &id, &err) == GYRE_E_ARG);  // row_size 0
  rows.row_size = 65'536;
  rows.capacity = 65'536;
  CHECK(gyre_replay_create(&rows, &id, &err) == GYRE_E_ARG);  // 4 GiB
  rows.row_size = 1;
  rows.capacity = 1u << 28;
  rows.flags = GYRE_REPLAY_PRIORITIZED;
  CHECK(gyre_replay_create(&rows, &id, &err) == GYRE_E_ARG);  // with its bookkeeping 1.7 GiB
  rows.flags = 0;
  rows.row_size = 4;
  rows.capacity = 4;
  REQUIRE(gyre_replay_create(&rows, &id, &err) == GYRE_OK);
  char row[4] = "abc";
  CHECK(gyre_replay_sample(id, row, 1, 0) == GYRE_E_STATE);  // empty
  CHECK(gyre_replay_push(id, nullptr, 1) == GYRE_E_ARG);
  CHECK(gyre_replay_sample(id, row, 1, 8) == GYRE_E_UNSUPPORTED);
  REQUIRE(gyre_replay_destroy(id) == GYRE_OK);
}

TEST_CASE("a learner says what is wrong", "[capi]") {
  auto err = zero<gyre_error>();
  std::uint32_t id = 0, needed = 0;
  auto mind = zero<gyre_learner_options>();
  CHECK(gyre_learner_create(&mind, &id, &err) == GYRE_E_ARG);
  mind.states = 65'536;
  mind.actions = 2;
  CHECK(gyre_learner_create(&mind, &id, &err) == GYRE_E_ARG);
  CHECK(std::string(err.text).find("131072") != std::string::npos);
  mind.states = 3;
  mind.discount = 1.5;
  CHECK(gyre_learner_create(&mind, &id, &err) == GYRE_E_ARG);
  mind.discount = 0;
  REQUIRE(gyre_learner_create(&mind, &id, &err) == GYRE_OK);
  const std::uint32_t states[] = {0, 3};
  std::uint32_t actions[] = {9, 9};
  CHECK(gyre_learner_choose(id, states, actions, 2) == GYRE_E_ARG);
  CHECK(actions[0] == 9);
  gyre_transition both[2] = {zero<gyre_transition>(), zero<gyre_transition>()};
  both[1].reward = not_a_number;
  CHECK(gyre_learner_observe(id, both, 2) == GYRE_E_ARG);
  both[1].reward = 1e39;  // no float holds it
  CHECK(gyre_learner_observe(id, both, 2) == GYRE_E_ARG);
  both[1].reward = 0;
  both[1].next = 3;
  CHECK(gyre_learner_observe(id, both, 2) == GYRE_E_ARG);
  auto learned = zero<gyre_learner_metrics>();
  REQUIRE(gyre_learner_metrics_read(id, &learned) == GYRE_OK);
  CHECK(learned.observations == 0);
  float q[2];
  CHECK(gyre_learner_q(id, q, 2, &needed) == GYRE_E_BUFFER);
  CHECK(needed == 6);
  REQUIRE(gyre_learner_destroy(id) == GYRE_OK);
}

TEST_CASE("the memory says what is wrong", "[capi]") {
  fixture f;
  auto record = zero<gyre_record>();
  CHECK(gyre_memory_remember(f.engine, &record, &f.err) == GYRE_E_ARG);  // no text
  record.text = "x";
  record.importance = 2;
  CHECK(gyre_memory_remember(f.engine, &record, &f.err) == GYRE_E_ARG);
  record.importance = 0;
  record.tag_count = 1;
  CHECK(gyre_memory_remember(f.engine, &record, &f.err) == GYRE_E_ARG);  // tags NULL
  record.tag_count = 0;
  const std::string long_text(300'000, 'x');
  record.text = long_text.c_str();
  CHECK(gyre_memory_remember(f.engine, &record, &f.err) == GYRE_E_BUDGET);
  auto memory = zero<gyre_memory_metrics>();
  REQUIRE(gyre_memory_metrics_read(f.engine, &memory) == GYRE_OK);
  CHECK(memory.remembered == 0);
}

TEST_CASE("the graph and the society say what is wrong", "[capi]") {
  fixture f;
  gyre_loop loop = 0;
  REQUIRE(gyre_loop_create(f.engine, &f.options, &loop, &f.err) == GYRE_OK);
  CHECK(gyre_graph_connect(f.engine, "loop", "nobody", 0.5, &f.err) == GYRE_E_NOT_FOUND);
  CHECK(gyre_graph_connect(f.engine, "loop", "loop", 0.5, &f.err) == GYRE_E_ARG);
  CHECK(gyre_graph_connect(f.engine, "loop", "loop", not_a_number, &f.err) == GYRE_E_ARG);
  CHECK(gyre_society_add(f.engine, -1, &f.err) == GYRE_E_ARG);
  CHECK(gyre_society_add(f.engine, not_a_number, &f.err) == GYRE_E_ARG);
  CHECK(gyre_loop_find(f.engine, "nobody", &loop, &f.err) == GYRE_E_NOT_FOUND);
}

TEST_CASE("compression says what is wrong", "[capi]") {
  auto err = zero<gyre_error>();
  std::uint32_t needed = 0;
  char packed[64], raw[8];
  CHECK(gyre_compress("abc", 3, 10, packed, 64, &needed, &err) == GYRE_E_ARG);
  CHECK(gyre_compress("abc", 3, 6, packed, 1, &needed, &err) == GYRE_E_BUFFER);
  CHECK(needed > 1);
  REQUIRE(gyre_compress("abc", 3, 6, packed, 64, &needed, &err) == GYRE_OK);
  CHECK(gyre_decompress(packed, needed, raw, 4, &err) == GYRE_E_CORRUPT);
  CHECK(gyre_decompress("garbage!", 8, raw, 3, &err) == GYRE_E_CORRUPT);
  REQUIRE(gyre_decompress(packed, needed, raw, 3, &err) == GYRE_OK);
  CHECK(std::memcmp(raw, "abc", 3) == 0);
}

}  // namespace bad_input
