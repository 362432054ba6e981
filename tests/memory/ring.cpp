// Method: model. A deque of rows gets the same calls; places, finds and bytes are compared.
#include <deque>
#include <gyre/core/rng.hpp>
#include <gyre/memory/ring.hpp>

#include "catch.hpp"

TEST_CASE("the ring equals a deque of rows", "[memory]") {
  gyre::rng random(14, 0, 0);
  gyre::detail::record_ring ring(20);
  std::deque<std::pair<std::vector<std::byte>, gyre::record_hash>> model;
  for (int step = 0; step < 5000; ++step) {
    const std::uint32_t what = random.below(4);
    if (what < 2 || model.empty()) {
      const std::vector<std::byte> row(random.below(60), std::byte{1});
      const gyre::record_hash id{random.below(30), 0};
      ring.push(row, id);
      model.emplace_back(row, id);
    } else if (what == 2) {
      ring.drop_oldest();
      model.pop_front();
    } else {
      const std::uint32_t i = random.below(static_cast<std::uint32_t>(model.size()));
      ring.drop(i);
      model.erase(model.begin() + i);
    }
    REQUIRE(ring.size() == model.size());
    REQUIRE(ring.over() == (model.size() > 20));
    std::size_t bytes = 21 * 40;
    const gyre::record_hash wanted{random.below(30), 0};
    std::size_t at = model.size();
    for (std::size_t i = 0; i < model.size(); ++i) {
      bytes += gyre::heap_bytes(model[i].first.size());
      REQUIRE(ring[i].bytes == model[i].first);
      if (model[i].second == wanted) at = i;
    }
    REQUIRE(ring.resident_bytes() == bytes);
    REQUIRE(ring.find(wanted) == at);
  }
}
