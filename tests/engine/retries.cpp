// Method: a virtual clock for backoff and restart intensity.
#include <gyre/gyre.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include "catch.hpp"

using namespace std::chrono_literals;

TEST_CASE("each kind of backoff is what the loop waits", "[engine]") {
  const auto kind = GENERATE(gyre::spread::none, gyre::spread::equal, gyre::spread::full,
                             gyre::spread::decorrelated);
  gyre::engine e({.driver = gyre::driver::virtual_time});
  std::vector<gyre::instant> at;
  e.add({.name = "a",
         .interval = 1ms,
         .jitter = 0,
         .retry = {.base = 100ms, .cap = 1s, .kind = kind}},
        [&](gyre::tick& t) {
          at.push_back(t.due());
          t.fail("no");
        })
      .value();
  e.advance_to(200s).value();
  gyre::duration before = 0ms;
  bool differ = false;
  for (std::size_t i = 1; i < at.size(); ++i) {
    const gyre::duration wait = at[i] - at[i - 1];
    const gyre::duration plain = i > 4 ? 1s : 100ms * (1 << (i - 1));
    CAPTURE(i, wait.count());
    if (kind == gyre::spread::none) REQUIRE(wait == plain);
    if (kind == gyre::spread::equal) REQUIRE((wait >= plain / 2 && wait <= plain + 1ms));
    if (kind == gyre::spread::full) REQUIRE(wait <= plain + 1ms);
    if (kind == gyre::spread::decorrelated) {
      REQUIRE(wait >= 100ms);
      const gyre::duration last = std::max<gyre::duration>(100ms, before);
      REQUIRE(wait <= std::min<gyre::duration>(1s, 3 * last) + 1ms);
    }
    differ = differ || (i > 6 && wait != before);
    before = wait;
  }
  REQUIRE(at.size() > 100);
  REQUIRE(differ == (kind != gyre::spread::none));
}

TEST_CASE("a loop that fails too often has its breaker open until it was healthy", "[engine]") {
  gyre::engine e({.driver = gyre::driver::virtual_time});
  std::vector<std::string> told;
  e.subscribe("gyre.breaker", {}, [&](const gyre::message& m) {
     told.emplace_back(gyre::as_text(m.payload));
   }).value();
  bool bad = true;
  std::vector<gyre::instant> at;
  auto loop = e.add({.name = "a",
                     .interval = 100ms,
                     .jitter = 0,
                     .retry = {.base = 0ms, .cap = 0ms},
                     .intensity = {.failures = 3, .within = 10s, .rest = 5s, .healthy = 12s}},
                    [&](gyre::tick& t) {
                      at.push_back(t.due());
                      if (bad) t.fail("no");
                    })
                  .value();
  e.advance_to(1s).value();
  REQUIRE(at == std::vector<gyre::instant>{0ms, 100ms, 200ms});
  REQUIRE(told == std::vector<std::string>{"a: open"});
  REQUIRE(loop.stats()->breaker_open);
  REQUIRE(loop.stats()->state == gyre::loop_state::backing_off);
  e.advance_to(11s).value();  // one try each rest
  REQUIRE(at == std::vector<gyre::instant>{0ms, 100ms, 200ms, 5200ms, 10200ms});
  bad = false;
  e.advance_to(26s).value();  // 15.2 and 20.2 are not yet 12 s after the last failure
  REQUIRE(at.size() == 5 + 3 + 8);
  REQUIRE(at[7] == 25200ms);
  REQUIRE(at[8] == 25300ms);
  REQUIRE(told == std::vector<std::string>{"a: open", "a: closed"});
  REQUIRE_FALSE(loop.stats()->breaker_open);
  REQUIRE(loop.stats()->metrics.missed == 0);
  REQUIRE(e.add({.name = "b", .interval = 1s, .intensity = {.failures = 65}}, [](gyre::tick&) {})
              .code() == gyre::code::arg);
}
