// json.cpp - what the writer writes, an independent parser reads back as it was.
// Method: round trip through nlohmann/json; numbers against a table and against strtod at random.
#include <gyre/edge/json.hpp>

#include <clocale>
#include <cstdlib>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <gyre/core/rng.hpp>

#include "catch.hpp"

namespace {
std::string number_text(double v) { return gyre::json_writer().value(v).take(); }
std::string string_text(const std::string& s) { return gyre::json_writer().value(s).take(); }
}  // namespace

TEST_CASE("numbers are short, exact where it counts, and never NaN", "[edge]") {
  struct {
    double value;
    const char* text;
  } const cases[] = {
      {0, "0"},
      {-0.0, "0"},
      {1, "1"},
      {-17, "-17"},
      {0.1, "0.1"},
      {-2.5, "-2.5"},
      {0.001, "0.001"},
      {0.00012, "0.00012"},
      {1.5e-7, "1.5e-07"},
      {123456.789, "123456.789"},
      {9007199254740992.0, "9007199254740992"},
      {1e300, "1e+300"},
      {0.3333333333333333, "0.333333333"},
      {0.9999999999, "1"},
      {std::numeric_limits<double>::quiet_NaN(), "null"},
      {std::numeric_limits<double>::infinity(), "null"},
  };
  for (const auto& c : cases) CHECK(number_text(c.value) == c.text);
  CHECK(gyre::json_writer().value(std::uint64_t{18446744073709551615u}).take() ==
        "18446744073709551615");
}

TEST_CASE("any double comes back within nine digits, any float as it was", "[edge]") {
  gyre::rng random(7, 0, gyre::purpose::user);
  for (int i = 0; i < 20'000; ++i) {
    const double v = (random.unit() - 0.5) * std::pow(10.0, random.below(60) - 30.0);
    const double back = std::strtod(number_text(v).c_str(), nullptr);
    CAPTURE(v, number_text(v));
    REQUIRE(std::abs(back - v) <= 5.1e-9 * std::abs(v));
    const auto f = static_cast<float>(v);
    REQUIRE(std::strtof(number_text(f).c_str(), nullptr) == f);
    REQUIRE(nlohmann::json::parse(number_text(v)).is_number());
  }
}

TEST_CASE("a locale with a decimal comma changes nothing", "[edge]") {
  const char* names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8"};
  for (const char* name : names) {
    if (std::setlocale(LC_ALL, name)) break;
  }
  CHECK(number_text(2.5) == "2.5");
  std::setlocale(LC_ALL, "C");
}

TEST_CASE("any bytes become valid JSON strings, UTF-8 as it was", "[edge]") {
  for (const std::string s : {"", "plain", "quote \" backslash \\ newline \n tab \t", "\x01\x1f",
                              "grüße 🙂 ￿", "a/b"}) {
    CHECK(nlohmann::json::parse(string_text(s)).get<std::string>() == s);
  }
  for (const std::string s : {"\xff", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                              "a\xe2\x82", "\x80"}) {
    const auto parsed = nlohmann::json::parse(string_text(s));
    CHECK(parsed.get<std::string>().find("\xEF\xBF\xBD") != std::string::npos);
  }
  gyre::rng random(3, 0, gyre::purpose::user);
  for (int i = 0; i < 5'000; ++i) {
    std::string bytes;
    for (std::uint32_t n = random.below(12); n > 0; --n) {
      bytes += static_cast<char>(random.below(256));
    }
    CHECK_FALSE(nlohmann::json::parse(string_text(bytes), nullptr, false).is_discarded());
  }
}

TEST_CASE("records keep every field", "[edge]") {
  gyre::record r;
  r.wall_ms = 1234567890123;
  r.text = "said \"so\"";
  r.user = "u";
  r.role = "r";
  r.source = "s";
  r.tags = {"a", "b"};
  r.importance = 0.25;
  r.count = 3;
  const std::vector<gyre::record> both{r, gyre::record{}};
  const std::int64_t now_ms = r.wall_ms + 300'000;
  const auto parsed = nlohmann::json::parse(gyre::to_json(std::span(both), now_ms));
  REQUIRE(parsed.size() == 2);
  CHECK(parsed[0] == nlohmann::json({{"wall_ms", 1234567890123},
                                     {"text", "said \"so\""},
                                     {"user", "u"},
                                     {"role", "r"},
                                     {"source", "s"},
                                     {"tags", {"a", "b"}},
                                     {"importance", 0.25},
                                     {"count", 3},
                                     {"tier", "medium"}}));
  CHECK(parsed[1]["tier"] == "long");
  CHECK(gyre::to_json(std::span<const gyre::record>(), 0) == "[]");
}

TEST_CASE("an empty snapshot has every field that is promised", "[edge]") {
  const auto s = nlohmann::json::parse(gyre::to_json(gyre::snapshot_data{}));
  for (const char* field : {"gyre", "format", "seq", "now_ms", "uptime_s", "running", "seed",
                            "driver", "shards", "totals", "process", "gates", "loops", "learners",
                            "bus", "symbiosis", "memory", "store", "trace"}) {
    CAPTURE(field);
    CHECK(s.contains(field));
  }
  CHECK(s["format"] == 1);
  CHECK(s["gates"]["cpu_percent"].is_null());
  CHECK(s["store"].is_null());
  CHECK(s["symbiosis"]["score"] == 1);
}

TEST_CASE("a full snapshot reads back as what was put in", "[edge]") {
  gyre::snapshot_data s;
  s.seed = 18446744073709551615u;
  s.store.present = true;
  s.store.committed = 7;
  s.store.forgotten = 4;
  s.memory.archive_errors = 2;
  s.blocks.push_back({5, 25, 1000, 400, 0.4});
  gyre::loop_stats loop;
  loop.id = 9;
  loop.name = "ship";
  loop.state = gyre::loop_state::backing_off;
  loop.metrics.cycles = 12;
  loop.metrics.latency.count = 12;
  loop.metrics.latency.p50_ms = 1.5;
  loop.learner = 0;
  loop.knobs.push_back({"level", 6});
  loop.features.push_back({"speed", 2.5, 1});
  s.loops.push_back(loop);
  gyre::learner_view learner;
  learner.name = "ship";
  learner.stats.states = 2;
  learner.stats.actions = 2;
  learner.stats.replay_size = 50;
  learner.stats.replay_capacity = 100;
  learner.features.push_back({"speed", {1, 2}});
  learner.knobs.push_back({"level", {1, 6}});
  learner.q = {0.5f, -1, 0, 3};
  learner.visits = {1, 2, 0, 4};
  s.learners.push_back(learner);
  const auto j = nlohmann::json::parse(gyre::to_json(s));
  CHECK(j["seed"] == "18446744073709551615");
  CHECK(j["store"]["committed"] == 7);
  CHECK(j["store"]["forgotten"] == 4);
  CHECK(j["memory"]["archive_errors"] == 2);
  CHECK(j["memory"]["blocks"][0]["ratio"] == 0.4);
  CHECK(j["loops"][0]["state"] == "backing_off");
  CHECK(j["loops"][0]["latency"]["p50_ms"] == 1.5);
  CHECK(j["loops"][0]["latency"]["p99_ms"].is_null());
  CHECK(j["loops"][0]["vitality"].is_null());
  CHECK(j["loops"][0]["knobs"][0]["value"] == 6);
  CHECK(j["loops"][0]["features"][0]["bucket"] == 1);
  CHECK(j["learners"][0]["replay"]["utilization"] == 0.5);
  CHECK(j["learners"][0]["q"] == nlohmann::json({0.5, -1, 0, 3}));
  CHECK(j["learners"][0]["features"][0]["edges"] == nlohmann::json({1, 2}));
}
