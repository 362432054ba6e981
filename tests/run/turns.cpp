// Method: model. A sorted set, fed alike, in order and out of it, of few priorities and of many.
#include <algorithm>
#include <cstdint>
#include <gyre/core/rng.hpp>
#include <gyre/run/turns.hpp>
#include <set>

#include "catch.hpp"

using gyre::instant;
using gyre::turn;
using gyre::turns;

namespace {
struct before {
  bool operator()(const turn& a, const turn& b) const { return a.goes_before(b); }
};
}  // namespace

TEST_CASE("turns equal a sorted set", "[run]") {
  const std::uint32_t priorities = 1 * GENERATE(1u, 3u, 30u);
  const std::uint32_t disorder = 1 * GENERATE(0u, 1u, 50u);  // percent that come out of order
  CAPTURE(priorities, disorder);
  gyre::rng random(priorities, disorder, gyre::purpose::user);
  turns list;
  std::set<turn, before> model;
  std::uint32_t order = 0;
  std::size_t wrong = 0, erased = 0;
  for (int step = 0; step < 100'000; ++step) {
    const bool grows = step / 5000 % 2 == 0;  // and is empty again, many times
    if (random.below(8) < (grows ? 5u : 3u)) {
      const std::int64_t back = random.below(100) < disorder ? random.below(1000) : 0;
      const turn t{instant(step + 1000 - back), static_cast<int>(random.below(priorities)), order,
                   order, 0};
      ++order;
      list.push(t);
      model.insert(t);
    } else if (!model.empty()) {
      wrong += list.front().order == model.begin()->order ? 0 : 1;
      list.pop_front();
      model.erase(model.begin());
    }
    if (step % 1000 == 999) {
      const std::uint32_t odd = random.below(5);
      const auto goes = [odd](const turn& t) { return t.order % 5 == odd; };
      list.erase_if(goes);
      erased += std::erase_if(model, goes);
    }
    wrong += list.size() == model.size() && list.empty() == model.empty() ? 0 : 1;
    if (wrong != 0) REQUIRE(step == -1);
  }
  REQUIRE(erased > 100);
}

TEST_CASE("turns say what comes, where they know", "[run]") {
  turns list;
  REQUIRE(list.coming(0) == turns::none);
  for (std::uint32_t i = 0; i < 20; ++i) list.push({instant(i), 0, i, 100 + i, 0});
  for (std::uint32_t i = 0; i < 20; ++i) {
    REQUIRE(list.coming(0) == 100 + i);
    REQUIRE(list.coming(3) == (i + 3 < 20 ? 100 + i + 3 : turns::none));
    list.pop_front();
  }
  list.push({instant(5), 0, 1, 1, 0});
  list.push({instant(4), 0, 2, 2, 0});  // out of order
  REQUIRE(list.front().slot == 2);
  REQUIRE(list.coming(0) == turns::none);
}
