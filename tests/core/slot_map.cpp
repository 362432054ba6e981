// Method: a model of live ids under random inserts and erases; dead ids must stay dead.
#include <gyre/core/slot_map.hpp>

#include <map>
#include <vector>

#include <gyre/core/rng.hpp>

#include "catch.hpp"

TEST_CASE("an id names its object until it is erased, and nothing after", "[core]") {
  gyre::slot_map<int> slots(3);
  std::map<gyre::object_id, int> model;
  std::vector<gyre::object_id> dead;
  gyre::rng r(1, 1, gyre::purpose::user);
  for (int i = 0; i < 3000; ++i) {
    if (model.empty() || r.below(2) == 0) {
      const auto id = slots.insert(i).value();
      REQUIRE(id != 0);
      REQUIRE(gyre::id_kind(id) == 3);
      REQUIRE(model.emplace(id, i).second);
      for (auto d : dead) REQUIRE(d != id);
    } else {
      auto it = model.begin();
      std::advance(it, r.below(static_cast<std::uint32_t>(model.size())));
      REQUIRE(slots.erase(it->first));
      if (dead.size() < 200) dead.push_back(it->first);
      model.erase(it);
    }
    REQUIRE(slots.size() == model.size());
  }
  for (const auto& [id, value] : model) REQUIRE(*slots.find(id) == value);
  for (auto id : dead) REQUIRE(slots.find(id) == nullptr);
}

TEST_CASE("a slot is retired when its generations are used up", "[core]") {
  gyre::slot_map<int> slots(1);
  const auto first = slots.insert(0).value();
  REQUIRE(slots.erase(first));
  for (int i = 0; i < 600; ++i) {
    const auto id = slots.insert(i).value();
    REQUIRE(id != first);
    REQUIRE(slots.erase(id));
    REQUIRE_FALSE(slots.erase(id));
  }
}

TEST_CASE("a foreign id is told from a dead one", "[core]") {
  REQUIRE(gyre::bad_id(gyre::make_id(2, 1, 0), 1).code == gyre::code::kind);
  REQUIRE(gyre::bad_id(gyre::make_id(1, 1, 0), 1).code == gyre::code::stale);
  REQUIRE(gyre::bad_id(0, 1).code == gyre::code::stale);
}
