// nonsense.cpp - what means nothing is refused in words; what is not UTF-8 comes out as UTF-8.
// Method: tables of cases, each of which was once GYRE_OK.
#include "bad_input.hpp"

namespace bad_input {
using kit::make_engine;

TEST_CASE("readings are finite and not negative, or not known", "[capi]") {
  fixture f;
  for (const double bad : {-500.0, -0.5, infinite, -infinite, not_a_number}) {
    for (double gyre_reading::*field :
         {&gyre_reading::cpu_percent, &gyre_reading::memory_percent, &gyre_reading::latency_ms}) {
      auto reading = zero<gyre_reading>();
      reading.*field = bad;
      CAPTURE(bad);
      CHECK(gyre_engine_supply(f.engine, &reading, &f.err) == GYRE_E_ARG);
    }
  }
  auto reading = zero<gyre_reading>();
  reading.cpu_percent = reading.latency_ms = GYRE_NONE;
  CHECK(gyre_engine_supply(f.engine, &reading, &f.err) == GYRE_OK);
  reading.mode = "a\nb";
  CHECK(gyre_engine_supply(f.engine, &reading, &f.err) == GYRE_E_ARG);
}

TEST_CASE("a reserved field is 0", "[capi]") {
  fixture f;
  std::uint32_t id = 77;
  auto engine = zero<gyre_engine_options>();
  engine.driver = GYRE_DRIVER_VIRTUAL;
  engine.forget_times = 77;
  CHECK(gyre_engine_create(&engine, &id, &f.err) == GYRE_E_ARG);
  CHECK(std::string(f.err.text).find("forget_times is 77") != std::string::npos);
  auto reading = zero<gyre_reading>();
  reading.reserved = 1;
  CHECK(gyre_engine_supply(f.engine, &reading, &f.err) == GYRE_E_ARG);
  auto rows = zero<gyre_replay_options>();
  rows.row_size = 4;
  rows.reserved = 1;
  CHECK(gyre_replay_create(&rows, &id, &f.err) == GYRE_E_ARG);
  gyre_loop loop = 0;
  REQUIRE(gyre_loop_create(f.engine, &f.options, &loop, &f.err) == GYRE_OK);
  auto change = zero<gyre_loop_change>();
  change.reserved = 1;
  CHECK(gyre_loop_reconfigure(loop, &change, &f.err) == GYRE_E_ARG);
  CHECK(id == 77);
}

TEST_CASE("an api_version that no header has is refused", "[capi]") {
  fixture f;
  gyre_engine id = 0;
  auto how = zero<gyre_engine_options>();
  how.driver = GYRE_DRIVER_VIRTUAL;
  for (const std::uint32_t version : {0x00FFFFu, 0x0000FFu, 0x006400u}) {
    how.api_version = version;
    CHECK(gyre_engine_create(&how, &id, &f.err) == GYRE_E_ARG);
  }
  how.api_version = GYRE_VERSION + 0x0101;  // newer, and it asks for nothing new
  REQUIRE(gyre_engine_create(&how, &id, &f.err) == GYRE_OK);
  CHECK(gyre_engine_destroy(id, nullptr) == GYRE_OK);
}

TEST_CASE("counts are whole, a knob's values are not equal", "[capi]") {
  fixture f;
  f.options.explore_over = 2.7;
  f.refused(GYRE_E_ARG, "explore_over is 2.7");
  f.options.explore_over = 0;
  f.options.knobs = &f.knob;
  f.options.knob_count = 1;
  f.values[2] = f.values[0];
  f.refused(GYRE_E_ARG, "a knob has twice is 1");
  gyre_engine id = 0;
  auto how = zero<gyre_engine_options>();
  how.memory_bytes = 65'536.5;
  CHECK(gyre_engine_create(&how, &id, &f.err) == GYRE_E_ARG);
  auto sub = zero<gyre_subscription_options>();
  sub.retries = 1.5;
  CHECK(gyre_bus_subscribe(f.engine, "a", &sub, &id, &f.err) == GYRE_E_ARG);
}

TEST_CASE("a transition is terminated or truncated, not both, and in an array aligned", "[capi]") {
  auto mind = zero<gyre_learner_options>();
  mind.states = mind.actions = 2;
  gyre_learner id = 0;
  REQUIRE(gyre_learner_create(&mind, &id, nullptr) == GYRE_OK);
  auto step = zero<gyre_transition>();
  step.flags = GYRE_TRANSITION_TERMINATED | GYRE_TRANSITION_TRUNCATED;
  CHECK(gyre_learner_observe(id, &step, 1) == GYRE_E_ARG);
  step.flags = 4;
  CHECK(gyre_learner_observe(id, &step, 1) == GYRE_E_UNSUPPORTED);
  step.flags = GYRE_TRANSITION_TRUNCATED;
  step.reserved = 9;
  CHECK(gyre_learner_observe(id, &step, 1) == GYRE_E_ARG);
  step.reserved = 0;
  CHECK(gyre_learner_observe(id, &step, 1) == GYRE_OK);
  gyre_transition several[4] = {};
  several[0].size = sizeof several[0] + 4;  // each other one would be read across its alignment
  CHECK(gyre_learner_observe(id, several, 2) == GYRE_E_ARG);
  auto learned = zero<gyre_learner_metrics>();
  REQUIRE(gyre_learner_metrics_read(id, &learned) == GYRE_OK);
  CHECK(learned.observations == 1);
  CHECK(gyre_learner_destroy(id) == GYRE_OK);

  fixture f;
  gyre_loop loop = 0;
  REQUIRE(gyre_loop_create(f.engine, &f.options, &loop, nullptr) == GYRE_OK);
  gyre_loop_metrics rows[3] = {};
  rows[0].size = sizeof rows[0] + 1;
  std::uint32_t needed = 0;
  CHECK(gyre_snapshot_loops(f.engine, rows, 2, &needed) == GYRE_E_ARG);
}

TEST_CASE("names and topics are UTF-8 without control characters", "[capi]") {
  fixture f;
  for (const char* name : {"a\nb", "a\tb", "a\x01", "\x7f", "\xff\xfe", "\xed\xa0\x80", "\xc0\x80",
                           "\xf4\x90\x80\x80", "\xe2\x82", "\x80"}) {
    CAPTURE(name);
    f.options.name = name;
    f.refused(GYRE_E_ARG, "name");
    f.options.name = "loop";
    f.options.group = name;
    f.refused(GYRE_E_ARG, "group");
    f.options.group = nullptr;
    f.options.knobs = &f.knob;
    f.options.features = &f.feature;
    f.options.knob_count = f.options.feature_count = 1;
    f.knob.name = name;
    f.refused(GYRE_E_ARG, "name");
    f.knob.name = "knob";
    f.feature.name = name;
    f.refused(GYRE_E_ARG, "name");
    f.feature.name = "feature";
    f.options.knob_count = f.options.feature_count = 0;
    gyre_subscription sub = 0;
    CHECK(gyre_bus_publish(f.engine, name, nullptr, 0, nullptr, &f.err) == GYRE_E_ARG);
    CHECK(gyre_bus_subscribe(f.engine, name, nullptr, &sub, &f.err) == GYRE_E_ARG);
  }
  gyre_loop loop = 0;
  f.options.name = "a/b * \xc3\xa9 \xf0\x9f\x9a\xa2";  // é and a ship
  REQUIRE(gyre_loop_create(f.engine, &f.options, &loop, &f.err) == GYRE_OK);
  auto metrics = zero<gyre_loop_metrics>();
  REQUIRE(gyre_loop_metrics_read(loop, &metrics) == GYRE_OK);
  CHECK(std::string(metrics.name) == f.options.name);
  CHECK(gyre_bus_publish(f.engine, "a.\xc3\xa9", nullptr, 0, nullptr, &f.err) == GYRE_OK);
}

TEST_CASE("an error's text is UTF-8, whatever it speaks of, and cut between characters", "[capi]") {
  fixture f;
  gyre_loop loop = 0;
  CHECK(gyre_loop_find(f.engine, "\xff-ship", &loop, &f.err) == GYRE_E_NOT_FOUND);
  const std::string said = f.err.text;
  CHECK(said.find("\xef\xbf\xbd-ship") != std::string::npos);
  CHECK(said.find('\xff') == std::string::npos);
  std::string name;
  for (int i = 0; i < 200; ++i) name += "\xe2\x82\xac";  // euro signs
  for (std::uint32_t size = 16; size <= sizeof f.err; ++size) {
    f.err.size = size;
    CHECK(gyre_loop_find(f.engine, name.c_str(), &loop, &f.err) == GYRE_E_NOT_FOUND);
    const std::string text = f.err.text;
    CHECK(text.size() < size - 8);
    const std::size_t euros = text.find("\xe2\x82\xac");
    if (euros == std::string::npos) continue;
    const std::size_t end = text.find_last_of("\xac") + 1;
    CHECK((end - euros) % 3 == 0);
    CHECK((end == text.size() || text[end] == '"'));
  }
}

// The bus took the other engine's id for one of its own: the message came from somebody else.
TEST_CASE("a message comes from a loop of the same engine", "[capi]") {
  fixture a, b;
  gyre_loop of_a = 0, of_b = 0;
  REQUIRE(gyre_loop_create(a.engine, &a.options, &of_a, nullptr) == GYRE_OK);
  REQUIRE(gyre_loop_create(b.engine, &b.options, &of_b, nullptr) == GYRE_OK);
  gyre_subscription sub = 0;
  REQUIRE(gyre_bus_subscribe(a.engine, ">", nullptr, &sub, nullptr) == GYRE_OK);
  auto options = zero<gyre_publish_options>();
  options.source = of_b;
  CHECK(gyre_bus_publish(a.engine, "x.y", "p", 1, &options, &a.err) == GYRE_E_ARG);
  CHECK(std::string(a.err.text).find("another engine") != std::string::npos);
  auto message = zero<gyre_message>();
  char buffer[64];
  CHECK(gyre_bus_poll(sub, &message, buffer, sizeof buffer, nullptr) == GYRE_E_NOT_FOUND);
  options.source = of_a;
  CHECK(gyre_bus_publish(a.engine, "x.y", "p", 1, &options, &a.err) == GYRE_OK);
  REQUIRE(gyre_bus_poll(sub, &message, buffer, sizeof buffer, nullptr) == GYRE_OK);
  CHECK(message.source == of_a);
}

TEST_CASE("a stop that leaves nobody behind says so", "[capi]") {
  fixture f;
  char names[8] = "ZZZZZZZ";
  std::uint32_t needed = 0xAAAAAAAA;
  CHECK(gyre_engine_stop(f.engine, 0, nullptr, 8, &needed, &f.err) == GYRE_E_ARG);
  CHECK(needed == 0xAAAAAAAA);
  CHECK(gyre_engine_stop(f.engine, 0, names, sizeof names, &needed, &f.err) == GYRE_OK);
  CHECK(needed == 1);
  CHECK(names[0] == 0);
  CHECK(names[1] == 'Z');
  needed = 0xAAAAAAAA;
  CHECK(gyre_engine_stop(f.engine, 0, nullptr, 0, &needed, &f.err) == GYRE_OK);
  CHECK(needed == 1);
}

TEST_CASE("an engine has one shard unless it is told", "[capi]") {
  const auto shards = [](const gyre_engine_options* how) {
    gyre_engine engine = 0;
    REQUIRE(gyre_engine_create(how, &engine, nullptr) == GYRE_OK);
    auto info = zero<gyre_engine_info>();
    REQUIRE(gyre_engine_state(engine, &info) == GYRE_OK);
    CHECK(gyre_engine_destroy(engine, nullptr) == GYRE_OK);
    return info.shards;
  };
  auto how = zero<gyre_engine_options>();
  CHECK(shards(nullptr) == 1);
  CHECK(shards(&how) == 1);
  how.shards = 3;
  CHECK(shards(&how) == 3);
}

}  // namespace bad_input
