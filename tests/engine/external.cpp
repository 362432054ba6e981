// Method: property. The table of external ticks alone: ids against what they may name, order
// against a queue.
#include <gyre/engine/body.hpp>
#include <gyre/engine.hpp>

#include <memory>
#include <set>
#include <span>
#include <vector>

#include "catch.hpp"

using gyre::detail::external_desk;
using gyre::detail::external_run;

namespace {
std::shared_ptr<external_run> take(external_desk& desk) {
  gyre::object_id id = 0;
  std::uint64_t shards = 0;
  return desk.take(std::span(&id, 1), shards) == 1 ? desk.find(id) : nullptr;
}
}  // namespace

TEST_CASE("external ticks are taken in the order they came, without those given up", "[engine]") {
  external_desk desk;
  std::vector<std::shared_ptr<external_run>> runs;
  for (int i = 0; i < 6; ++i) {
    runs.push_back(std::make_shared<external_run>());
    REQUIRE(desk.offer(runs.back()));
    REQUIRE(gyre::id_kind(runs.back()->id) == gyre::detail::kind_tick);
  }
  desk.erase(runs[0]->id);
  desk.erase(runs[3]->id);
  desk.erase(runs[3]->id);
  desk.erase(runs[5]->id);
  REQUIRE(take(desk) == runs[1]);
  REQUIRE(take(desk) == runs[2]);
  REQUIRE(desk.find(runs[1]->id) == runs[1]);
  REQUIRE(desk.find(runs[3]->id) == nullptr);
  REQUIRE(desk.find(runs[1]->id + (1u << 20)) == nullptr);
  REQUIRE(desk.find(0) == nullptr);
  REQUIRE(take(desk) == runs[4]);
  REQUIRE(take(desk) == nullptr);
  for (const int i : {0, 3, 5}) {
    REQUIRE(runs[static_cast<std::size_t>(i)].use_count() == 1);  // nothing is kept of them
  }
}

TEST_CASE("ids of external ticks never end, and come back late", "[engine]") {
  external_desk desk;
  auto kept = std::make_shared<external_run>();  // one that stays out all the time
  REQUIRE(desk.offer(kept));
  REQUIRE(take(desk) == kept);
  auto run = std::make_shared<external_run>();
  constexpr std::size_t lap = 256 * (external_desk::resting + 1);
  std::vector<std::uint32_t> ids;
  for (std::size_t n = 0; n < 2 * lap; ++n) {
    if (!desk.offer(run)) FAIL("no id");
    if (run->id == kept->id) FAIL("an id in use was given again");
    ids.push_back(run->id);
    if (n % 3 != 0) (void)take(desk);  // some are given up before anybody took them
    desk.erase(run->id);
    if (n > 0 && desk.find(ids[n - 1]) != nullptr) FAIL("a dead id names something");
  }
  REQUIRE(std::set<std::uint32_t>(ids.begin(), ids.begin() + lap).size() == lap);
  for (std::size_t n = 0; n < lap; ++n) {
    if (ids[n] != ids[n + lap]) FAIL("the slots are not taken in turn");
  }
  REQUIRE(desk.find(kept->id) == kept);
  REQUIRE(take(desk) == nullptr);
}
