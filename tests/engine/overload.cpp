// Method: a host with an artificial clock and a budget a poll is a machine of known speed; what it
// cannot do is counted to the last grid point.
#include <gyre/gyre.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include "catch.hpp"

using namespace std::chrono_literals;

namespace {

/// Runs `a_ms` ticks each millisecond and no more.
class machine {
 public:
  explicit machine(std::uint32_t shards = 1)
      : engine({.driver = gyre::driver::host, .seed = 1, .shards = shards}) {
    engine.subscribe("gyre.shed", {}, [this](const gyre::message&) { ++told; }).value();
  }
  void run(gyre::duration d, std::uint64_t a_ms) {
    for (const gyre::instant end = now + d; now < end;) {
      now += 1ms;
      engine.poll(now, a_ms).value();
    }
  }
  struct kind {
    const char* name;
    int count;
    gyre::duration interval;
    int priority;
    double jitter = 0;
    gyre::missed_policy missed = gyre::missed_policy::once;
  };
  void add(const kind& k) {
    for (int i = 0; i < k.count; ++i) {
      engine.add({.name = k.name + std::to_string(i),
                  .interval = k.interval,
                  .jitter = k.jitter,
                  .missed = k.missed,
                  .burst = 4,
                  .priority = k.priority},
                 [](gyre::tick&) {})
          .value();
    }
  }
  /// Over the loops whose name begins so.
  struct sums {
    std::uint64_t ticks = 0, missed = 0, shed = 0, least = ~std::uint64_t{0};
    double late_ms = 0;
  };
  sums of(const std::string& name) {
    sums out;
    for (const auto& l : engine.snapshot().loops) {
      if (l.name.compare(0, name.size(), name) != 0) continue;
      out.ticks += l.metrics.cycles;
      out.missed += l.metrics.missed;
      out.shed += l.metrics.shed;
      out.least = std::min(out.least, l.metrics.cycles);
      out.late_ms = std::max(out.late_ms, l.metrics.late_total.max_ms);
    }
    return out;
  }

  gyre::engine engine;
  gyre::instant now{0};
  int told = 0;
};

}  // namespace

TEST_CASE("an overloaded engine keeps the rate of the high class and sheds the low one",
          "[engine]") {
  machine m;
  const auto missed = GENERATE(as<gyre::missed_policy>(), gyre::missed_policy::once,
                               gyre::missed_policy::burst);
  // 1,000 ticks a second; asked for are 400 and 5,000.
  m.add({"high", 4, 10ms, 1});
  m.add({"low", 100, 20ms, 0, 0, missed});
  m.run(10s, 1);
  const auto high = m.of("high"), low = m.of("low");
  CAPTURE(int(missed), high.late_ms, low.ticks, low.missed, low.shed, low.late_ms, low.least);
  REQUIRE(high.ticks == 4001);  // three have that of 10 s still to come
  REQUIRE(high.missed == 0);
  REQUIRE(high.shed == 0);
  REQUIRE(high.late_ms <= 10);
  REQUIRE(low.ticks == 10'000 - high.ticks);  // nothing of the machine is left idle
  REQUIRE(low.shed > 10'000);
  REQUIRE(low.late_ms <= 250);  // those that age got their turn
  REQUIRE(low.least >= 45);  // of 60, were it perfectly fair: nothing starves
  const auto all = m.engine.snapshot().totals;
  REQUIRE(all.shed == low.shed);
  REQUIRE(all.ticks == high.ticks + low.ticks);
  REQUIRE(m.told == 10);  // once a window

  // With enough speed again: what had its grid point was a tick, was missed or was shed.
  m.run(1s, 1000);
  const auto after = m.of("low");
  REQUIRE(after.shed <= low.shed + 500);  // what waited
  REQUIRE(after.ticks + after.missed + after.shed == 100 * (11'000 / 20 + 1));
  m.run(10s, 1000);
  const auto later = m.of("low");
  REQUIRE(later.ticks - after.ticks == 100 * 500);
  REQUIRE(later.shed == after.shed);
  REQUIRE(later.missed == after.missed);
}

TEST_CASE("the lowest class is shed first, and none starves", "[engine]") {
  machine m;
  m.add({"a", 5, 10ms, 2, .1});    // 500 a second
  m.add({"b", 40, 100ms, 1, .1});  // 400
  m.add({"c", 50, 20ms, 0, .1});   // 2,500
  m.run(20s, 1);
  REQUIRE(m.of("a").ticks >= 9990);
  REQUIRE(m.of("b").ticks >= 7950);
  REQUIRE(m.of("a").shed + m.of("b").shed == 0);
  REQUIRE(m.of("a").missed + m.of("b").missed == 0);
  REQUIRE(m.of("c").shed > 10'000);
  REQUIRE(m.of("c").ticks >= 1990);
  REQUIRE(m.of("c").least >= 30);  // of 40

  // The highest alone is too much: age keeps a sixteenth for the others.
  m.add({"d", 12, 10ms, 3, .1});
  const auto a = m.of("a"), b = m.of("b"), c = m.of("c");
  m.run(20s, 1);
  REQUIRE(m.of("d").ticks >= 18'700);
  REQUIRE(m.of("d").shed == 0);
  REQUIRE(m.of("a").least > a.least);
  REQUIRE(m.of("b").least > b.least);
  REQUIRE(m.of("c").least > c.least);
}

TEST_CASE("an overloaded engine of one class sheds nothing: the missed-tick policy drops",
          "[engine]") {
  machine m;
  m.add({"l", 50, 20ms, 7});
  m.run(10s, 1);
  const auto l = m.of("l");
  REQUIRE(l.ticks == 10'000);
  REQUIRE(l.shed == 0);
  REQUIRE(l.missed > 10'000);
  REQUIRE(l.least >= 150);  // of 200
  REQUIRE(m.told == 0);
}

TEST_CASE("ticks of one class that are behind run in the order of their due times", "[engine]") {
  const bool was_mixed = GENERATE(false, true);  // then the queue of the overloaded orders them
  machine m;
  if (was_mixed) {
    m.add({"other", 1, 1h, 1});
    m.engine.find("other0").value().pause().value();
  }
  std::vector<gyre::instant> due;
  for (int i = 0; i < 50; ++i) {
    m.engine
        .add({.name = gyre::join("l", i), .interval = 20ms + i * 1ms},
             [&due](gyre::tick& t) { due.push_back(t.due()); })
        .value();
  }
  m.run(10s, 1);
  REQUIRE(due.size() >= 9'990);
  REQUIRE(std::is_sorted(due.begin(), due.end()));
}

TEST_CASE("a class that comes during an overload goes first from then on", "[engine]") {
  machine m;
  m.add({"low", 200, 20ms, 0});
  m.run(5s, 1);
  REQUIRE(m.of("low").shed == 0);
  m.add({"high", 5, 20ms, 1});
  m.run(5s, 1);
  REQUIRE(m.of("high").ticks >= 5 * 249);
  REQUIRE(m.of("high").missed == 0);
  REQUIRE(m.of("low").shed > 1000);
}

TEST_CASE("a stop ends an overload: which classes there were is forgotten", "[engine]") {
  machine m;
  m.add({"high", 4, 10ms, 1});
  m.add({"low", 200, 20ms, 0});
  m.run(2s, 1);
  const auto shed = m.of("low").shed;
  REQUIRE(shed > 100);
  REQUIRE(m.engine.stop().value().empty());
  for (int i = 0; i < 4; ++i) {
    REQUIRE(m.engine.find("high" + std::to_string(i)).value().remove());
  }
  REQUIRE(m.engine.start());
  m.run(2s, 1);
  REQUIRE(m.of("low").ticks > 2000);
  REQUIRE(m.of("low").shed == shed);  // of one class alone nothing is
}

TEST_CASE("a host that polls seldom is late, and not overloaded", "[engine]") {
  machine m;
  m.add({"high", 5, 100ms, 1});
  m.add({"low", 5, 50ms, 0});
  for (int i = 0; i < 20; ++i) {
    m.now += 1s;
    m.engine.poll(m.now).value();
  }
  REQUIRE(m.of("low").ticks == 5 * 20);
  REQUIRE(m.of("low").shed == 0);
  REQUIRE(m.of("high").ticks == 5 * 20);
}

TEST_CASE("what an overloaded engine is behind with can be changed and taken out", "[engine]") {
  machine m;
  m.add({"high", 4, 10ms, 1});
  m.add({"low", 100, 20ms, 0});
  m.run(50ms, 1);  // most of the low ones wait
  for (int i = 0; i < 100; ++i) {
    auto l = m.engine.find("low" + std::to_string(i)).value();
    if (i % 5 == 0) REQUIRE(l.pause());
    if (i % 5 == 1) REQUIRE(l.remove());
    if (i % 5 == 2) REQUIRE(l.trigger());
    if (i % 5 == 3) REQUIRE(l.reconfigure({.priority = 1}));
    if (i % 5 == 4) REQUIRE(l.reconfigure({.interval = 1h}));
  }
  const auto before = m.engine.snapshot();
  m.run(1s, 1000);
  const auto after = m.engine.snapshot();
  REQUIRE(after.loops.size() == 84);
  for (std::size_t i = 4; i < after.loops.size(); ++i) {
    const auto& l = after.loops[i];
    const std::uint64_t ticks = l.metrics.cycles - before.loops[i].metrics.cycles;
    const int kind = std::stoi(l.name.substr(3)) % 5;
    CAPTURE(l.name);
    REQUIRE(l.metrics.shed == 0);
    if (kind == 0) REQUIRE(ticks == 0);
    if (kind == 2) REQUIRE((ticks >= 51 && ticks <= 52));  // its own, and the one asked for
    if (kind == 3) REQUIRE((ticks >= 50 && ticks <= 51));
    if (kind == 4) REQUIRE(ticks <= 1);
  }
}
