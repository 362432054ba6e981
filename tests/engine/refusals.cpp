// Method: fault. Each bad input must name itself and what would be right, and change nothing.
#include <gyre/gyre.hpp>

#include <cmath>
#include <string>
#include <vector>

#include "catch.hpp"
#include "kit.hpp"

using namespace std::chrono_literals;
using kit::nothing;
using kit::virtual_clock;

namespace {

struct bad {
  const char* what;
  gyre::loop_options options;
  gyre::code code;
  const char* says;
};

std::vector<bad> bad_options() {
  const std::string long_name(64, 'x');
  const double nan = std::nan("");
  return {
      {"empty name", {.name = "", .interval = 1s}, gyre::code::arg, "1 to 63 bytes, not 0"},
      {"long name", {.name = long_name, .interval = 1s}, gyre::code::arg, "not 64"},
      {"taken name", {.name = "taken", .interval = 1s}, gyre::code::exists, "\"taken\""},
      {"no interval", {.name = "a"}, gyre::code::arg, "over 0"},
      {"negative interval", {.name = "a", .interval = -5ms}, gyre::code::arg, "-5 ms"},
      {"no timeout", {.name = "a", .interval = 1s, .timeout = 0ms}, gyre::code::arg, "timeout"},
      {"jitter", {.name = "a", .interval = 1s, .jitter = .6}, gyre::code::arg, "0.6"},
      {"priority", {.name = "a", .interval = 1s, .priority = 2048}, gyre::code::arg, "2048"},
      {"jitter NaN", {.name = "a", .interval = 1s, .jitter = nan}, gyre::code::arg, "nan"},
      {"burst", {.name = "a", .interval = 1s, .burst = 0}, gyre::code::arg, "burst"},
      {"backoff", {.name = "a", .interval = 1s, .retry = {2s, 1s, .1}}, gyre::code::arg, "cap"},
      {"empty knob", {.name = "a", .interval = 1s, .knobs = {{"k", {}}}}, gyre::code::arg, "\"k\""},
      {"nameless knob", {.name = "a", .interval = 1s, .knobs = {{"", {1}}}}, gyre::code::arg, "0"},
      {"knob NaN", {.name = "a", .interval = 1s, .knobs = {{"k", {nan}}}}, gyre::code::arg, "nan"},
      {"two knobs",
       {.name = "a", .interval = 1s, .knobs = {{"k", {1}}, {"k", {2}}}},
       gyre::code::exists,
       "\"k\""},
      {"descending edges",
       {.name = "a", .interval = 1s, .features = {{"f", {2, 1}}}},
       gyre::code::arg,
       "1 follows 2"},
      {"too many cells",
       {.name = "a",
        .interval = 1s,
        .features = {{"f", std::vector<double>{1, 2, 3, 4, 5, 6, 7}}, {"g", {1, 2, 3}}},
        .knobs = {{"k", gyre::linear(1, 3000, 3000)}}},
       gyre::code::budget,
       "96000"},
      {"gate without a figure",
       {.name = "a", .interval = 1s, .gates = {gyre::gate("g", nullptr, 2, 1)}},
       gyre::code::arg,
       "no figure"},
      {"gate the wrong way round",
       {.name = "a", .interval = 1s, .gates = {gyre::gates::cpu(70, 80)}},
       gyre::code::arg,
       "opens under 80"},
      {"latency gate without histograms",
       {.name = "a",
        .interval = 1s,
        .gates = {gyre::gates::latency(5)},
        .metrics = gyre::metrics_mode::counters},
       gyre::code::arg,
       "metrics_mode::full"},
      {"learning rate",
       {.name = "a", .interval = 1s, .knobs = {{"k", {1}}}, .learning = {.learning_rate = 0}},
       gyre::code::arg,
       "learning_rate"},
  };
}

}  // namespace

TEST_CASE("bad loop options are refused with the value and the range, and nothing changes",
          "[engine]") {
  gyre::engine e(virtual_clock());
  e.add({.name = "taken", .interval = 1s}, nothing).value();
  for (const bad& b : bad_options()) {
    CAPTURE(b.what);
    const auto r = e.add(b.options, nothing);
    REQUIRE(r.code() == b.code);
    CAPTURE(r.error().text);
    REQUIRE(r.error().text.find(b.says) != std::string::npos);
    REQUIRE(e.snapshot().loops.size() == 1);
    REQUIRE(e.snapshot().learners.empty());
  }
  REQUIRE(e.add({.name = "a", .interval = 1s}, nullptr).code() == gyre::code::arg);
  REQUIRE(e.find("nobody").code() == gyre::code::not_found);
  REQUIRE(e.pause_group("none").code() == gyre::code::not_found);
  REQUIRE(e.connect("taken", "nobody", .5).code() == gyre::code::not_found);
  REQUIRE(e.connect("taken", "taken", .5).code() == gyre::code::arg);
}

TEST_CASE("bad engine options are refused", "[engine]") {
  REQUIRE(gyre::engine::create({.slack = -1ms}).code() == gyre::code::arg);
  REQUIRE(gyre::engine::create({.hand_off = 0ms}).code() == gyre::code::arg);
  REQUIRE(gyre::engine::create({.shards = 65}).code() == gyre::code::arg);
  REQUIRE(gyre::engine::create({.window = 0ms}).code() == gyre::code::arg);
  REQUIRE(gyre::engine::create({.memory = {.budget_bytes = 10}}).code() == gyre::code::arg);
}
