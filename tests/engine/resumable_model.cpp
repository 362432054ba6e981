// Method: model. Random polls and calls on many ticks that are pending, against one that counts
// for itself; then more of them than a shard has room for.
#include <gyre/gyre.hpp>

#include <string>
#include <vector>

#include "catch.hpp"

using namespace std::chrono_literals;

namespace {

/// What a tick that is pending or new sees, against what it should; its random course.
class pending_ticks {
 public:
  pending_ticks(std::uint32_t seed, std::uint32_t shards)
      : engine_({.driver = gyre::driver::host, .seed = 1, .shards = shards}),
        random_(seed, 0, 0),
        all_(40) {
    for (std::size_t i = 0; i < all_.size(); ++i) {
      all_[i].loop = engine_.add({.name = "l" + std::to_string(i),
                                  .interval = gyre::duration(100'000'000 + i * 2'000'000),
                                  .timeout = 2s,
                                  .retry = {20ms, 20ms, 0}},
                                 [this, i](gyre::tick& t) {
                                   call(all_[i], i % 4 == 0 ? 40 : 6, t);
                                 })
                         .value();
    }
  }

  void poll() {
    now_ += gyre::duration(below(160'000'000));
    const std::uint64_t most = below(3) == 0 ? 1 + below(20) : 1000;
    const auto did = engine_.poll(now_, most).value();
    if (did.ticks + did.resumed > most) FAIL("over its budget");
    ticks_ += did.ticks;
    again_ += did.resumed;
    model& m = all_[below(all_.size())];
    if (below(4) == 0) (void)m.loop.trigger();
    if (below(4) == 0) {
      (void)m.loop.pause();
      (void)m.loop.resume();
    }
    ++polls_;
  }

  void compare() const {
    REQUIRE(ticks_ == begun_);
    REQUIRE(again_ == resumed_);
    REQUIRE(resumed_ > 10'000);
    std::uint64_t timeouts = 0;
    for (const model& m : all_) {
      const auto s = m.loop.stats().value().metrics;
      REQUIRE(s.succeeded == m.ended);
      REQUIRE(s.errors == 0);
      // The model sees that one was given up when the next begins.
      REQUIRE(s.timeouts >= m.timeouts);
      REQUIRE(s.timeouts <= m.timeouts + 1);
      timeouts += s.timeouts;
    }
    REQUIRE(timeouts > 20);
  }

 private:
  struct model {
    gyre::loop loop;
    std::uint64_t ended = 0, timeouts = 0;
    std::uint32_t calls = 0;      // of the tick that is pending
    gyre::instant began{-1};      // -1: none is
    std::uint64_t last_poll = 0;  // in which it was called
  };

  std::uint32_t below(std::size_t n) { return random_.below(static_cast<std::uint32_t>(n)); }

  /// One call of a tick, which ends with it one time in `usual`.
  void call(model& m, std::size_t usual, gyre::tick& t) {
    if (m.last_poll == polls_ && t.calls() != 0) FAIL("twice in a poll");
    m.last_poll = polls_;
    if (t.calls() == 0) {
      if (m.began >= gyre::instant(0)) ++m.timeouts;  // it was given up
      m.began = engine_.now();
      m.calls = 0;
      ++begun_;
    } else {
      ++resumed_;
    }
    if (t.calls() != m.calls) FAIL("wrong count of calls");
    if (t.number() != m.ended + m.timeouts) FAIL("wrong number");
    if (engine_.now() - m.began >= 2s) FAIL("called after its timeout");
    ++m.calls;
    if (below(usual) != 0) {
      (void)t.pending();
      return;
    }
    m.began = gyre::instant(-1);
    ++m.ended;
  }

  gyre::engine engine_;
  gyre::rng random_;
  std::vector<model> all_;
  gyre::instant now_{0};
  std::uint64_t polls_ = 0, resumed_ = 0, begun_ = 0, ticks_ = 0, again_ = 0;
};

}  // namespace

TEST_CASE("every tick of many that are pending is counted once, whatever is done to them",
          "[engine]") {
  const auto seed = GENERATE(1u, 2u, 3u);
  const auto shards = GENERATE(1u, 3u);
  CAPTURE(seed, shards);
  pending_ticks both(seed, shards);
  for (int i = 0; i < 3000; ++i) both.poll();
  both.compare();
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // it takes 0.5 GB without
TEST_CASE("of ticks that have not ended there are 2^20 a shard, and then no further start",
          "[engine]") {
  gyre::engine e({.driver = gyre::driver::host, .shards = 1});
  constexpr int loops = (1 << 20) / 100 + 1;
  for (int i = 0; i < loops; ++i) {
    e.add_external({.name = "x" + std::to_string(i), .interval = 1ms, .timeout = 1h, .jitter = 0,
                    .instances = 100, .metrics = gyre::metrics_mode::counters}).value();
  }
  gyre::instant now{0};
  const auto poll = [&](gyre::duration step) {
    now += step;
    while (e.poll(now).value().ticks != 0) {
    }
  };
  for (int i = 0; i < 130; ++i) poll(1ms);  // nobody acquires them: all 2^20 are out
  int calls = 0;
  for (int i = 0; i < 300; ++i) {
    e.add({.name = "p" + std::to_string(i), .interval = 1s, .timeout = 2s, .jitter = 0},
          [&](gyre::tick& t) {
            ++calls;
            t.pending();
          }).value();
  }
  for (int i = 0; i < 3; ++i) poll(1s);
  REQUIRE(calls == 0);
  REQUIRE(e.find("p0")->stats()->metrics.missed > 0);
  for (int i = 0; i < 3; ++i) e.find("x" + std::to_string(i)).value().remove().value();
  for (int i = 0; i < 6; ++i) poll(1s);  // all 300 have had a place, and outlived their timeout
  REQUIRE(calls > 300);
  std::uint64_t of_external = 0, of_pending = 0;
  for (const auto& l : e.snapshot().loops) {
    (l.name[0] == 'x' ? of_external : of_pending) += l.metrics.timeouts;
  }
  REQUIRE(of_external == 0);
  REQUIRE(of_pending >= 300);
}
#endif
