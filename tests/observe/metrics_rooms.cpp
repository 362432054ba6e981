// Method: random takes and gives against a set of what is in use; what a room holds must survive.
#include <gyre/core/rng.hpp>
#include <gyre/observe/metrics_rooms.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <set>

#include "allocations.hpp"
#include "catch.hpp"

using gyre::metrics_rooms;

TEST_CASE("rooms are apart from each other and used again", "[observe]") {
  gyre::rng random(GENERATE(1, 2, 3), 0, 0);
  metrics_rooms rooms;
  std::map<metrics_rooms::room*, unsigned char> in_use;
  std::set<metrics_rooms::room*> ever;
  std::size_t most = 0;
  for (int step = 0; step < 20'000; ++step) {
    if (in_use.empty() || random.below(100) < (step / 2000 % 2 == 0 ? 60 : 40)) {
      metrics_rooms::room* const taken = &rooms.take();
      REQUIRE(reinterpret_cast<std::uintptr_t>(taken) % 64 == 0);
      const auto mark = static_cast<unsigned char>(step);
      REQUIRE(in_use.emplace(taken, mark).second);
      std::memset(taken->bytes, mark, sizeof taken->bytes);
      ever.insert(taken);
      most = std::max(most, in_use.size());
    } else {
      auto gone = in_use.begin();
      const std::uint32_t nth = random.below(static_cast<std::uint32_t>(in_use.size()));
      std::advance(gone, static_cast<std::ptrdiff_t>(nth));
      for (const std::byte each : gone->first->bytes) {
        if (each != std::byte{gone->second}) FAIL("a room was written to while it was taken");
      }
      rooms.give(*gone->first);
      in_use.erase(gone);
    }
  }
  REQUIRE(ever.size() == most);
  const std::size_t before = allocated();
  while (in_use.size() < most) in_use.emplace(&rooms.take(), 0);
  REQUIRE(in_use.size() == most);
  REQUIRE(allocated() - before <= most);  // the map's own nodes
}
