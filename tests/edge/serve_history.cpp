// serve_history.cpp - what is kept of the past in little room, and the text for metrics.
// Method: model (all samples kept in a vector), and a grammar written from the formats' own words.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include <gyre/core/rng.hpp>

#include "catch.hpp"
#include "client.hpp"

namespace {

using namespace served;
using nlohmann::json;

json told(const gyre::http::loop_history& h, std::uint32_t id, double from, double to,
          std::size_t points) {
  gyre::json_writer out;
  out.open('{');
  REQUIRE(h.write(out, id, from, to, points));
  return json::parse(out.close('}').take());
}

/// Samples by family: sample lines as they stand, to values.
struct scrape {
  std::map<std::string, std::string> types;
  std::map<std::string, double> samples;
};

bool is_name(const std::string& s) {
  return !s.empty() && !std::isdigit(static_cast<unsigned char>(s[0])) &&
         std::all_of(s.begin(), s.end(), [](char c) {
           return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == ':';
         });
}
/// {a="x",b="y"}: names, quotes, and backslashes before what needs one. @return the end
std::size_t check_labels(const std::string& line, std::size_t at) {
  for (++at;;) {
    const std::size_t equals = line.find('=', at);
    REQUIRE(equals != std::string::npos);
    REQUIRE(is_name(line.substr(at, equals - at)));
    REQUIRE(line[equals + 1] == '"');
    for (at = equals + 2; line.at(at) != '"'; ++at) {
      if (line[at] != '\\') continue;
      ++at;
      REQUIRE(std::string("\\\"n").find(line.at(at)) != std::string::npos);
    }
    ++at;
    if (line.at(at) == '}') return at + 1;
    REQUIRE(line[at++] == ',');
  }
}
std::string family_of(const std::string& name, const scrape& s) {
  for (const char* end : {"", "_total", "_bucket", "_sum", "_count"}) {
    const std::string suffix = end;
    if (name.size() <= suffix.size() || !name.ends_with(suffix)) continue;
    const std::string family = name.substr(0, name.size() - suffix.size());
    if (s.types.count(family) != 0) return family;
  }
  return "";
}
/// Each family: HELP, TYPE, then its samples together; no sample twice.
scrape parse(const std::string& text, bool open) {
  scrape out;
  std::string family;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = text.find('\n', at);
    REQUIRE(end != std::string::npos);  // the last line too ends
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    CAPTURE(line);
    if (line == "# EOF") {
      REQUIRE(open);
      REQUIRE(at == text.size());
      return out;
    }
    if (line.rfind("# HELP ", 0) == 0) {
      family = line.substr(7, line.find(' ', 7) - 7);
      REQUIRE(is_name(family));
      REQUIRE(out.types.count(family) == 0);
      const std::string type = "# TYPE " + family + " ";
      REQUIRE(text.compare(at, type.size(), type) == 0);
      continue;
    }
    if (line.rfind("# TYPE ", 0) == 0) {
      const std::string kind = line.substr(8 + family.size());
      REQUIRE(std::set<std::string>{"counter", "gauge", "summary", "histogram"}.count(kind) == 1);
      out.types[family] = kind;
      continue;
    }
    std::size_t stop = line.find_first_of("{ ");
    const std::string name = line.substr(0, stop);
    REQUIRE(is_name(name));
    REQUIRE(family_of(name, out) == family);
    if (line.at(stop) == '{') stop = check_labels(line, stop);
    REQUIRE(line.at(stop) == ' ');
    char* rest = nullptr;
    const std::string number = line.substr(stop + 1);
    const double value = number == "+Inf" ? HUGE_VAL : std::strtod(number.c_str(), &rest);
    if (number != "+Inf") REQUIRE(*rest == '\0');
    REQUIRE(out.samples.emplace(line.substr(0, stop), value).second);
  }
  REQUIRE_FALSE(open);
  return out;
}
/// What must never fall, and the laws of a histogram.
void check_monotonic(const scrape& a, const scrape& b) {
  for (const auto& [name, value] : a.samples) {
    const std::string family = family_of(name.substr(0, name.find('{')), a);
    const std::string type = a.types.at(family);
    const bool quantile = name.find("quantile=") != std::string::npos;
    if (type == "gauge" || quantile) continue;
    CAPTURE(name);
    REQUIRE(b.samples.count(name) == 1);
    CHECK(b.samples.at(name) >= value);
  }
  for (const char* each : {"gyre_tick_duration_seconds", "gyre_tick_lateness_seconds"}) {
    std::vector<std::pair<double, double>> buckets;
    const std::string begin = std::string(each) + "_bucket{le=\"";
    for (const auto& [name, value] : b.samples) {
      if (name.rfind(begin, 0) != 0) continue;
      const std::string le = name.substr(begin.size());
      buckets.emplace_back(le[0] == '+' ? HUGE_VAL : std::strtod(le.c_str(), nullptr), value);
    }
    std::sort(buckets.begin(), buckets.end());
    REQUIRE(buckets.size() == 28);
    for (std::size_t i = 1; i < buckets.size(); ++i) {
      CHECK(buckets[i].second >= buckets[i - 1].second);
    }
    CHECK(buckets.back().second == b.samples.at(std::string(each) + "_count"));
  }
}

}  // namespace

TEST_CASE("the history's ends are those of all samples, at any resolution", "[serve]") {
  gyre::http::loop_history history(10 * gyre::http::loop_history::bytes_each);
  gyre::rng random(3, 0, gyre::purpose::user);
  struct sample {
    double at, p99, reward;
  };
  std::vector<sample> all;
  gyre::snapshot_data s;
  s.loops.resize(1);
  s.loops[0].id = 5;
  for (int i = 0; i < 3000; ++i) {
    s.sequence = static_cast<std::uint64_t>(i) + 1;
    s.now_ms += 100 + random.below(2000);
    s.loops[0].metrics.window.p99_ms = random.unit() * 100;
    s.loops[0].reward = random.unit() - 0.5;
    s.loops[0].metrics.cycles += random.below(50);
    all.push_back({s.now_ms, s.loops[0].metrics.window.p99_ms, s.loops[0].reward});
    history.add(s);
    history.add(s);  // the same again counts once
  }
  for (const std::size_t points : {1u, 7u, 300u, 1000u}) {
    const double from = all[700].at, to = all[2500].at;
    const json h = told(history, 5, from, to, points);
    const auto& begins = h["from_ms"];
    const auto& ends = h["to_ms"];
    REQUIRE(begins.size() <= points);
    REQUIRE(begins.size() == ends.size());
    REQUIRE(begins[0] <= from);
    REQUIRE(ends.back() >= to - 1e-3 * to);
    for (std::size_t i = 0; i < begins.size(); ++i) {
      double low = 1e9, high = -1e9;
      for (const sample& x : all) {
        if (x.at < begins[i].get<double>() - 0.01 || x.at > ends[i].get<double>() + 0.01) continue;
        low = std::min(low, x.p99);
        high = std::max(high, x.p99);
      }
      CHECK(h["columns"]["p99_ms"]["min"][i].get<double>() == Approx(low));
      CHECK(h["columns"]["p99_ms"]["max"][i].get<double>() == Approx(high));
    }
  }
  CHECK(told(history, 5, 0, 1e15, 1000)["from_ms"].size() >= 256);
  CHECK(told(history, 5, 0, 1e15, 1000)["from_ms"].size() <= 512);
  CHECK(told(history, 5, 0, 1e15, 1)["from_ms"][0].get<double>() == Approx(all[0].at));
}

TEST_CASE("what does not fit into the history's bytes is said", "[serve]") {
  gyre::http::loop_history history(3 * gyre::http::loop_history::bytes_each);
  gyre::snapshot_data s;
  s.loops.resize(5);
  for (std::uint32_t i = 0; i < 5; ++i) s.loops[i].id = i + 1;
  s.sequence = 1;
  s.now_ms = 1;
  history.add(s);
  gyre::json_writer out;
  CHECK_FALSE(history.write(out, 3, 0, 10, 10));
  CHECK(told(history, 2, 0, 10, 10)["loops_kept"] == 2);
  CHECK(told(history, 2, 0, 10, 10)["loops_at_most"] == 2);
  s.loops.erase(s.loops.begin());  // a removed loop's room is another's
  s.sequence = 2;
  s.now_ms = 2;
  history.add(s);
  s.sequence = 3;
  s.now_ms = 3;
  history.add(s);
  CHECK(told(history, 3, 0, 10, 10)["from_ms"].size() == 3);
}

TEST_CASE("metrics keep the formats' grammar, and do not fall", "[serve]") {
  world w;
  w.engine.add({.name = "odd \"name\" \\ \n\xff", .interval = 5ms}, [](gyre::tick& t) {
     t.fail("so");
   }).value();
  gyre::server_options o = options();
  o.metrics_loops = 3;
  gyre::server live(w.engine, o);
  const auto now = [&](bool open) {
    const fields accept = {{"Accept", open ? "application/openmetrics-text; q=1" : "*/*"}};
    return get(live.port(), "/metrics", accept).body();
  };
  REQUIRE(eventually([&] { return w.engine.snapshot().totals.errors > 3; }));
  const scrape first = parse(now(false), false);
  CHECK(first.samples.at("gyre_metrics_loops_left_out") == 1);
  CHECK(first.samples.count("gyre_loop_ticks_total{loop=\"l-2\"}") == 1);
  const double seen = first.samples.at("gyre_tick_duration_seconds_count");
  // A loop that goes takes its own series with it, and none of the sums.
  REQUIRE(w.engine.find("l-2")->remove());
  REQUIRE(eventually([&] {
    return parse(now(false), false).samples.at("gyre_tick_duration_seconds_count") > seen + 3;
  }));
  scrape second = parse(now(false), false);
  for (auto& [name, value] : first.samples) {
    if (name.find("loop=\"l-2\"") != std::string::npos) second.samples.emplace(name, value);
    if (name.find("learner=\"l-2\"") != std::string::npos) second.samples.emplace(name, value);
  }
  CHECK(second.samples.count("gyre_loop_ticks_total{loop=\"odd \\\"name\\\" \\\\ \\n\xEF\xBF\xBD"
                             "\"}") == 1);
  check_monotonic(first, second);
  const scrape open = parse(now(true), true);
  CHECK(open.types.at("gyre_ticks") == "counter");
  CHECK(open.samples.count("gyre_ticks_total{outcome=\"ok\"}") == 1);
}

TEST_CASE("the buckets of a loop that stands add up to its ticks", "[serve]") {
  world w;
  gyre::server live(w.engine, options());
  REQUIRE(eventually([&] { return w.engine.find("l-1")->stats()->metrics.cycles > 20; }));
  REQUIRE(w.engine.stop());
  const json snap = json::parse(get(live.port(), "/v1/snapshot").body());
  const client answer = get(live.port(), "/v1/histogram?loop=l-1");
  CHECK(answer.status() == 200);
  const json told = json::parse(answer.body());
  CHECK(told.at("loop") == "l-1");
  const gyre::loop_stats l = w.engine.find("l-1")->stats().value();
  for (const auto& [key, count] : {std::pair("latency", l.metrics.cycles),
                                   std::pair("late", l.metrics.cycles)}) {
    std::uint64_t sum = 0;
    double last = 0;
    for (const json& bucket : told.at(key)) {
      REQUIRE(bucket.size() == 2);
      REQUIRE(bucket[0] > last);
      last = bucket[0];
      sum += bucket[1].get<std::uint64_t>();
    }
    CHECK(sum == count);
    CHECK(last >= snap["loops"][1][key]["max_ms"].get<double>());
  }
  CHECK(told.at("window").is_array());
}

TEST_CASE("the dashboard asks for metrics that there are", "[serve]") {
  world w;
  gyre::server live(w.engine, options());
  const scrape now = parse(get(live.port(), "/metrics").body(), false);
  std::FILE* const file = std::fopen("docs/grafana.json", "r");
  REQUIRE(file != nullptr);
  const json board = json::parse(file);
  std::fclose(file);
  std::size_t asked = 0;
  for (const json& panel : board["panels"]) {
    for (const json& target : panel["targets"]) {
      const std::string expr = target["expr"];
      for (std::size_t at = 0; (at = expr.find("gyre_", at)) != std::string::npos; ++asked) {
        const std::size_t end = expr.find_first_not_of("abcdefghijklmnopqrstuvwxyz_", at);
        const std::string name = expr.substr(at, end - at);
        CAPTURE(name);
        CHECK_FALSE(family_of(name, now).empty());
        at = end;
      }
    }
  }
  CHECK(asked > 15);
}

TEST_CASE("promtool finds nothing to say of the metrics, where it is installed", "[serve]") {
  if (std::system("promtool --version >/dev/null 2>&1") != 0) return;
  world w;
  gyre::server live(w.engine, options());
  const std::string text = get(live.port(), "/metrics").body();
  std::FILE* const tool = ::popen("promtool check metrics", "w");
  REQUIRE(tool != nullptr);
  CHECK(std::fwrite(text.data(), 1, text.size(), tool) == text.size());
  CHECK(::pclose(tool) == 0);
}
