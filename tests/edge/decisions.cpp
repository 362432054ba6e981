// decisions.cpp - what tuners decided, out of a recorded run as it was, for what_if().
// Method: round trip, bit for bit, also through an independent parser; fault: lines that are cut
// off or none of a recording's, decisions that were let go, learning that began anew.
#include <gyre/edge/decisions.hpp>
#include <gyre/edge/read_decisions.hpp>
#include <gyre/gyre.hpp>

#include <clocale>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <unistd.h>

#include "catch.hpp"

using namespace std::chrono_literals;

namespace decisions_test {

using nlohmann::json;

/// A file for one test.
class recording {
 public:
  recording() {
    char name[] = "/tmp/gyre-decisions-XXXXXX";
    ::close(::mkstemp(name));
    path = name;
  }
  recording(const recording&) = delete;
  recording& operator=(const recording&) = delete;
  ~recording() { std::filesystem::remove(path); }
  void write(const std::string& text) const { std::ofstream(path) << text; }

  std::string path;
};

constexpr const char* head = "{\"gyre\":\"0.1.0\",\"format\":1,\"seed\":\"1\",\"loops\":2}\n";

/// Two loops that are tuned: one alone, whose rewards have many digits, one of a group.
inline void add(gyre::engine& e, std::uint32_t history) {
  for (const char* name : {"al\"one", "b"}) {
    gyre::loop_options o{.name = name, .interval = 10ms, .jitter = 0, .features = {{"f", {1}}},
                         .knobs = {{"k", {1, 2, 3}}}};
    if (*name == 'b') o.group = "many";
    o.tuning.at_random = .2;
    o.tuning.history = history;
    e.add(std::move(o), [](gyre::tick& t) {
       t.feature("f", static_cast<double>(t.number() % 2));
       t.reward(1e8 + t.knob("k") / 3 + 1e-7 * static_cast<double>(t.number()));
     }).value();
  }
}
/// The recording of so many lines, one each so many ms.
inline std::string record(gyre::engine& e, gyre::decision_trail& trail, int lines, int ms) {
  std::string out;
  const gyre::instant from = e.now();
  for (int i = 1; i <= lines; ++i) {
    e.advance_to(from + gyre::duration(1ms) * ms * i).value();
    const auto s = e.snapshot();
    out += trail.line(gyre::to_json(s), s) + '\n';
  }
  return out;
}
inline bool same(const std::vector<gyre::logged_choice>& a,
                 const std::vector<gyre::logged_choice>& b) {
  if (a.size() != b.size()) return false;
  return a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof a[0]) == 0;
}

}  // namespace decisions_test

using decisions_test::recording;

TEST_CASE("what_if says of a recorded run what it says of the loop", "[edge]") {
  gyre::engine e({.driver = gyre::driver::virtual_time, .seed = 4});
  decisions_test::add(e, 2000);
  gyre::decision_trail trail(e);
  e.advance_to(2s).value();  // what is held as the recording begins is in its first line
  const recording file;
  const char* const locale = std::setlocale(LC_NUMERIC, nullptr);
  const std::string before = locale;
  for (const char* name : {"C", "de_DE.UTF-8"}) {
    (void)std::setlocale(LC_NUMERIC, name);
    trail.begin();
    file.write(decisions_test::head + decisions_test::record(e, trail, 20, 150));
    for (const char* of : {"al\"one", "many"}) {
      const auto l = e.find(*of == 'm' ? "b" : of).value();
      const auto r = gyre::read_decisions(file.path, of).value();
      REQUIRE(r.states == 2);
      REQUIRE(r.actions == 3);
      REQUIRE(r.missing == 0);
      REQUIRE(decisions_test::same(r.log, l.decisions().value()));
      for (std::uint32_t a = 0; a < 3; ++a) {
        const auto told = gyre::what_if(r.log, r.states, r.actions, gyre::fixed_policy{a});
        const auto own = l.what_if({{"k", a + 1.}}).value();
        REQUIRE(told.rows == r.log.size());
        REQUIRE(told.doubly_robust.low == own.doubly_robust.low);
        REQUIRE(told.ips.high == own.ips.high);
      }
    }
  }
  (void)std::setlocale(LC_NUMERIC, before.c_str());
}

TEST_CASE("a line with decisions is the snapshot's with one field more", "[edge]") {
  gyre::engine e({.driver = gyre::driver::virtual_time, .seed = 4});
  decisions_test::add(e, 50);
  gyre::decision_trail trail(e);
  e.advance_to(295ms).value();
  const auto s = e.snapshot();
  const auto plain = decisions_test::json::parse(gyre::to_json(s));
  auto line = decisions_test::json::parse(trail.line(gyre::to_json(s), s));
  const auto told = line["decisions"];
  line.erase("decisions");
  REQUIRE(line == plain);
  REQUIRE(told.size() == 2);
  REQUIRE(told[0]["name"] == "al\"one");
  REQUIRE(told[0]["first"] == 0);
  REQUIRE(told[0]["state"].size() == 30);
  const auto log = e.find("al\"one").value().decisions().value();
  for (std::size_t i = 0; i < 30; ++i) {
    REQUIRE(told[0]["action"][i] == log[i].action);
    REQUIRE(told[0]["propensity"][i].get<double>() == log[i].propensity);
    REQUIRE(told[0]["reward"][i].get<double>() == log[i].reward);
  }
  REQUIRE(trail.line(gyre::to_json(s), s) == gyre::to_json(s));  // nothing since
}

TEST_CASE("decisions that were let go between two lines are counted", "[edge]") {
  gyre::engine e({.driver = gyre::driver::virtual_time, .seed = 4});
  decisions_test::add(e, 10);
  gyre::decision_trail trail(e);
  const recording file;
  std::string text = decisions_test::head;
  text += decisions_test::record(e, trail, 3, 195);
  text += decisions_test::record(e, trail, 4, 50);
  file.write(text);
  const auto r = gyre::read_decisions(file.path, "many").value();
  REQUIRE(r.log.size() == 3 * 10 + 4 * 5);
  REQUIRE(r.log.size() + r.missing + 10 == e.snapshot().learners[1].stats.observations);
}

TEST_CASE("of very many learners a line has a part, and the next the rest", "[edge]") {
  gyre::engine e({.driver = gyre::driver::virtual_time, .seed = 4});
  for (int i = 0; i < 70; ++i) {
    e.add({.name = std::to_string(i), .interval = 1ms, .jitter = 0, .knobs = {{"k", {1, 2}}}},
          [](gyre::tick& t) { t.reward(t.knob("k")); }).value();
  }
  e.advance_to(1s).value();
  gyre::decision_trail trail(e);
  const auto s = e.snapshot();
  const std::string first = trail.line(gyre::to_json(s), s);
  const auto rows = [](const std::string& line) {
    std::size_t n = 0;
    const auto all = decisions_test::json::parse(line);
    for (const auto& one : all["decisions"]) n += one["state"].size();
    return n;
  };
  REQUIRE(rows(first) == gyre::decision_trail::most_rows);
  const std::string second = trail.line(gyre::to_json(s), s);
  REQUIRE(rows(first) + rows(second) == 70 * 1001);
  const recording file;
  file.write(decisions_test::head + first + '\n' + second + '\n');
  for (const char* name : {"0", "65", "69"}) {
    REQUIRE(gyre::read_decisions(file.path, name).value().log.size() == 1001);
  }
}

TEST_CASE("lines that are cut off, or none of a recording's", "[edge]") {
  using gyre::code;
  const recording file;
  REQUIRE(gyre::read_decisions(file.path + "-none", "b").code() == code::io);
  file.write("");
  REQUIRE(gyre::read_decisions(file.path, "b").code() == code::not_found);
  gyre::engine e({.driver = gyre::driver::virtual_time, .seed = 4});
  decisions_test::add(e, 100);
  gyre::decision_trail trail(e);
  const std::string text = decisions_test::head + decisions_test::record(e, trail, 2, 95);
  file.write(decisions_test::head + gyre::to_json(e.snapshot()) + '\n');  // of an earlier version
  REQUIRE(gyre::read_decisions(file.path, "many").code() == code::not_found);
  file.write(text);
  REQUIRE(gyre::read_decisions(file.path, "many").value().log.size() == 20);
  REQUIRE(gyre::read_decisions(file.path, "b").code() == code::not_found);
  for (std::size_t cut = 2; cut < 2000; cut += 31) {
    file.write(text.substr(0, text.size() - cut));
    REQUIRE(gyre::read_decisions(file.path, "many").value().log.size() == 10);
    file.write(text.substr(0, text.size() - cut) + '\n');
    const auto r = gyre::read_decisions(file.path, "many");
    REQUIRE(r.code() == code::format);
    REQUIRE(r.error().text.find("line 3 ") != std::string::npos);
  }
  const std::string entry = "{\"decisions\":[{\"name\":\"b\",\"states\":1,\"actions\":2,\"first\":";
  const auto read = [&](const std::string& rest) {
    file.write(decisions_test::head + entry + rest + "}]}\n");
    return gyre::read_decisions(file.path, "b").code();
  };
  const std::string good = "0,\"state\":[0],\"action\":[1],\"propensity\":[0.5],\"reward\":[7]";
  REQUIRE(read(good) == code::ok);
  for (const auto& [was, is] : {std::pair{"[0]", "[1]"}, {"[0]", "[]"}, {"[0]", "[0,0]"},
                                {"[0]", "[0.5]"}, {"[1]", "[2]"}, {"[0.5]", "[0]"},
                                {"[0.5]", "[1.5]"}, {"[7]", "[1e999]"}, {"[7]", "[null]"},
                                {"0,\"s", "-1,\"s"}, {"[7]", "[7"}, {"[7]", "7"}}) {
    std::string bad = good;
    bad.replace(bad.find(was), std::strlen(was), is);
    CAPTURE(bad);
    REQUIRE(read(bad) == code::format);
  }
}

TEST_CASE("where learning began anew the last decisions count", "[edge]") {
  const recording file;
  gyre::engine e({.driver = gyre::driver::virtual_time, .seed = 4});
  gyre::decision_trail trail(e);
  std::string text = decisions_test::head;
  std::vector<gyre::logged_choice> last;
  for (const double top : {3., 4.}) {
    const auto l = e.add({.name = "a", .interval = 10ms, .jitter = 0, .knobs = {{"k", {1, top}}}},
                         [](gyre::tick& t) { t.reward(t.knob("k")); }).value();
    text += decisions_test::record(e, trail, top == 3 ? 4 : 2, 100);
    last = l.decisions().value();
    auto gone = l;
    REQUIRE(gone.remove());
  }
  file.write(text);
  const auto r = gyre::read_decisions(file.path, "a").value();
  REQUIRE(r.missing == 0);
  REQUIRE(decisions_test::same(r.log, last));
}
