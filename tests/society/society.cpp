// society.cpp - tests of society/society.hpp.
// Method: whole engines on a virtual clock: the four live on what really happens there, and a seed
// repeats it all.
#include <atomic>
#include <gyre/society/society.hpp>
#include <thread>

#include "catch.hpp"
#include "fake_system.hpp"

using namespace std::chrono_literals;
using gyre::society;

namespace {

gyre::engine_options virtual_clock(std::uint64_t seed = 1) {
  return {.driver = gyre::driver::virtual_time, .seed = seed};
}
const gyre::loop_stats& row(const gyre::snapshot_data& s, const std::string& name) {
  for (const auto& l : s.loops) {
    if (l.name == name) return l;
  }
  FAIL("no loop " << name);
  return s.loops[0];
}
double feature(const gyre::loop_stats& l, const std::string& name) {
  for (const auto& f : l.features) {
    if (f.name == name) return f.value;
  }
  FAIL("no feature " << name);
  return 0;
}

}  // namespace

TEST_CASE("the society is four loops and five declared edges at their intervals", "[society]") {
  gyre::engine e(virtual_clock());
  auto four = society::add(e);
  REQUIRE(four);
  REQUIRE(e.advance_to(600s));
  const auto s = e.snapshot();
  REQUIRE(s.loops.size() == 4);
  REQUIRE(row(s, "awareness").metrics.cycles == Approx(60).margin(1));
  REQUIRE(row(s, "emotional_decay").metrics.cycles == Approx(120).margin(1));
  REQUIRE(row(s, "memory_consolidation").metrics.cycles == Approx(10).margin(1));
  REQUIRE(row(s, "curiosity").metrics.cycles == Approx(20).margin(1));
  REQUIRE(s.totals.errors == 0);
  REQUIRE(s.symbiosis.nodes.size() == 4);
  std::size_t declared = 0;
  for (const auto& edge : s.symbiosis.edges) declared += edge.declared ? 1 : 0;
  REQUIRE(declared == 5);
  REQUIRE(s.symbiosis.density == Approx(5.0 / 12));
  REQUIRE(s.score > 0.9);  // a quiet life
  for (const auto& l : s.loops) REQUIRE(l.vitality == l.vitality);
}

TEST_CASE("a divisor shortens the intervals, a wrong one changes nothing", "[society]") {
  gyre::engine e(virtual_clock());
  for (const double bad : {0.0, -1.0, 1e9, std::numeric_limits<double>::quiet_NaN()}) {
    REQUIRE(society::add(e, {bad}).code() == gyre::code::arg);
  }
  REQUIRE(e.snapshot().loops.empty());
  REQUIRE(society::add(e, {20}));
  REQUIRE(e.snapshot().loops[0].configured_ms == 500);
  REQUIRE(e.advance_to(30s));
  REQUIRE(row(e.snapshot(), "memory_consolidation").metrics.cycles >= 9);
}

TEST_CASE("a name that is taken leaves the engine as it was", "[society]") {
  gyre::engine e(virtual_clock());
  REQUIRE(e.add({.name = "curiosity", .interval = 1s}, [](gyre::tick&) {}));
  const auto before = e.snapshot();
  REQUIRE(society::add(e).code() == gyre::code::exists);
  const auto after = e.snapshot();
  REQUIRE(after.loops.size() == 1);
  REQUIRE(after.bus.subscriptions == before.bus.subscriptions);
  auto first = e.find("curiosity");
  REQUIRE(first->remove());
  auto made = society::add(e);
  REQUIRE(made);
  (*made)->leave(e);
  REQUIRE(e.snapshot().loops.empty());
  REQUIRE(e.snapshot().bus.subscriptions == before.bus.subscriptions);
}

TEST_CASE("the loops live on when their window is gone", "[society]") {
  gyre::engine e(virtual_clock());
  { REQUIRE(society::add(e, {20})); }
  REQUIRE(e.advance_to(10s));
  REQUIRE(row(e.snapshot(), "awareness").metrics.cycles >= 19);
}

TEST_CASE("loops that fail sadden it, awaken it and make it wonder", "[society]") {
  gyre::engine e(virtual_clock());
  auto four = society::add(e, {20}).value();
  bool broken = false;
  for (int i = 0; i < 20; ++i) {
    REQUIRE(e.add({.name = "work-" + std::to_string(i), .interval = 100ms}, [&](gyre::tick& t) {
      (void)t.spend(2ms);
      if (broken) (void)t.fail("the disk is full");
    }));
  }
  std::vector<std::string> anomalies;
  REQUIRE(e.subscribe("society.anomaly", {},
                      [&](const gyre::message& m) { anomalies.emplace_back(m.text()); }));
  REQUIRE(e.advance_to(10s));
  const auto calm = four->emotion();
  const double asleep = four->awareness().level;
  REQUIRE(anomalies.empty());

  broken = true;
  REQUIRE(e.advance_to(12s));
  REQUIRE(four->awareness().anomalies >= 10);
  REQUIRE(four->awareness().level > asleep + 0.4);
  REQUIRE(four->awareness().deep);
  REQUIRE(!anomalies.empty());
  REQUIRE(four->emotion().at.pleasure < calm.at.pleasure - 0.2);
  REQUIRE(four->emotion().at.arousal > calm.at.arousal);
  REQUIRE(feature(row(e.snapshot(), "awareness"), "deep") == 1);
  REQUIRE(row(e.snapshot(), "awareness").vitality < 0.5);

  REQUIRE(e.advance_to(20s));
  const auto insights = e.recall({.tag = "insight"});
  REQUIRE(!insights.empty());
  REQUIRE(insights[0].source == "curiosity");
  REQUIRE(insights[0].text.find("the disk is full") != std::string::npos);
  REQUIRE(four->curiosity().answered >= 3);

  broken = false;
  REQUIRE(e.advance_to(1000s));
  REQUIRE(four->awareness().level < 0.5);
  REQUIRE(four->emotion().at.pleasure > 0.4);
  REQUIRE(row(e.snapshot(), "awareness").vitality == 1);
}

TEST_CASE("inject moves the mood and time brings it back", "[society]") {
  gyre::engine e(virtual_clock());
  auto four = society::add(e).value();
  REQUIRE(four->inject(0.5, 0.6, 0.5));
  REQUIRE(std::string(four->emotion().dominant) == "exuberant");
  REQUIRE(four->inject(std::numeric_limits<double>::infinity(), 0, 0).code() == gyre::code::arg);
  REQUIRE(e.advance_to(5s));
  REQUIRE(feature(row(e.snapshot(), "emotional_decay"), "pleasure") > 0.9);
  REQUIRE(e.advance_to(3600s));
  REQUIRE(four->emotion().at.pleasure < 0.65);
}

TEST_CASE("consolidation prunes what is old, and says so", "[society]") {
  auto options = virtual_clock();
  options.memory.prune_after_s = 600;
  gyre::engine e(options);
  auto four = society::add(e).value();
  for (int i = 0; i < 200; ++i) REQUIRE(e.remember({.text = "record " + std::to_string(i)}));
  REQUIRE(e.advance_to(900s));
  REQUIRE(four->consolidation().pruned >= 100);
  REQUIRE(four->consolidation().runs >= 14);
  REQUIRE(feature(row(e.snapshot(), "memory_consolidation"), "pruned") >= 100);
  const auto m = e.snapshot().memory;
  REQUIRE(m.remembered == m.in_ring + m.in_blocks + m.archived + m.evicted + m.merged);
}

TEST_CASE("curiosity asks about the setting least tried", "[society]") {
  gyre::engine e(virtual_clock());
  auto four = society::add(e, {20}).value();
  REQUIRE(e.add({.name = "tuned",
                 .interval = 10ms,
                 .features = gyre::none,
                 .knobs = {{"size", {1, 2, 3, 4}}},
                 .learning = {.explore = {0.2, 0.2, 0}}},  // Q-learning: it never stops to try
                [](gyre::tick& t) { (void)t.reward(t.knob("size")); }));
  REQUIRE(e.advance_to(60s));
  REQUIRE(four->curiosity().answered >= 1);
  const auto insights = e.recall({.tag = "exploration"});
  REQUIRE(!insights.empty());
  REQUIRE(insights[0].text.find("the best there, size=4") != std::string::npos);
}

TEST_CASE("a seed repeats a society exactly, however time is cut", "[society]") {
  const auto live = [](std::uint64_t seed, gyre::duration step) {
    gyre::engine e(virtual_clock(seed));
    auto four = society::add(e, {20}).value();
    int n = 0;
    REQUIRE(e.add({.name = "work", .interval = 70ms}, [&](gyre::tick& t) {
      (void)t.spend(std::chrono::milliseconds(n++ % 7));
      if (n > 100 && n % 3 == 0) (void)t.fail("sometimes");
    }));
    for (gyre::instant t = step; t <= 60s; t += step) REQUIRE(e.advance_to(t));
    const auto mood = four->emotion().at;
    return e.trace_hash() + " " + gyre::to_text(mood.pleasure) + " " + gyre::to_text(mood.arousal) +
           " " + gyre::to_text(four->awareness().level) + " " +
           gyre::to_text(four->curiosity().level);
  };
  const auto once = live(1, 60s);
  REQUIRE(live(1, 60s) == once);
  REQUIRE(live(1, 250ms) == once);
  REQUIRE(live(2, 60s) != once);
}

// Method: property. Eight shards, and a store with an archive, once told the hash of another run:
// curiosity met the learners in order of shard, and consolidation's state told what was archived.
TEST_CASE("a seed repeats a society in any number of shards, with a store and without",
          "[society]") {
  struct lived {
    std::string hash, heard;
    double score = 0;
    std::uint64_t archived = 0;
    bool operator==(const lived& other) const {
      return hash == other.hash && heard == other.heard && score == other.score;
    }
  };
  const auto live = [](std::uint32_t shards, const std::string& store) {
    auto options = virtual_clock();
    options.shards = shards;
    options.store = store;
    options.memory.archive_after_s = 1;
    gyre::engine e(options);
    std::uint64_t heard = 0;
    REQUIRE(e.subscribe(">", {}, [&](const gyre::message& m) {
      if (m.topic == "society.consolidated" || m.topic == "society.insight") return;
      const std::string text = std::string(m.topic) + ": " + std::string(m.text());
      heard = gyre::siphash24(gyre::as_bytes(text + std::to_string(heard)));
    }));
    for (int i = 0; i < 20; ++i) {
      REQUIRE(e.add({.name = "work-" + std::to_string(i),
                     .interval = 20ms,
                     .features = gyre::none,
                     .knobs = {{"k", {1, 2, 3, 4, 5, 6, 7, 8}}},
                     .learning = {.explore = {.from = .1, .to = .01, .over = 500}},
                     .deferrable = true},
                    [i](gyre::tick& t) {
                      (void)t.reward(t.knob("k"));
                      if (i == 7) (void)t.remember({.text = std::to_string(t.number())});
                      const bool ill = t.due() > 3s && t.due() < 6s && i % 3 == 0;
                      if (ill) (void)t.fail("ill");
                    }));
    }
    auto four = society::add(e, {20}).value();
    REQUIRE(e.advance_to(12s));
    const auto s = e.snapshot();
    return lived{e.trace_hash(), std::to_string(heard), s.score, s.memory.archived};
  };
  const lived once = live(1, "");
  for (const std::uint32_t shards : {2u, 3u, 8u}) {
    CAPTURE(shards);
    REQUIRE(live(shards, "") == once);
  }
  const fake_system folder;
  const lived kept = live(8, folder.root() + "/store");
  REQUIRE(kept == once);
  REQUIRE(kept.archived > 100);
}

TEST_CASE("five rapid restarts of 120 loops and the society leak and lose nothing", "[society]") {
  gyre::engine e;
  auto four = society::add(e, {1000});
  REQUIRE(four);
  std::atomic<std::uint64_t> calls{0};
  for (int i = 0; i < 120; ++i) {
    REQUIRE(e.add({.name = "work-" + std::to_string(i), .interval = 5ms}, [&](gyre::tick& t) {
      ++calls;
      (void)t.publish("work", "done");
      (void)t.remember({.text = "tick " + std::to_string(t.number())});
    }));
  }
  for (int round = 0; round < 5; ++round) {
    const std::uint64_t before = calls;
    REQUIRE(e.start());
    while (calls < before + 120) std::this_thread::sleep_for(1ms);
    const auto stragglers = e.stop();
    REQUIRE(stragglers);
    REQUIRE(stragglers->empty());
    const auto s = e.snapshot();
    REQUIRE(s.bus.balanced());
    REQUIRE(s.memory.remembered >= calls);
    std::uint64_t cycles = 0;
    for (const auto& l : s.loops) cycles += l.name.rfind("work-", 0) == 0 ? l.metrics.cycles : 0;
    REQUIRE(cycles == calls);
  }
}
