// Method: model. A deque gets the same calls; everything visible is compared after each step.
#include <deque>
#include <gyre/core/growing_ring.hpp>
#include <gyre/core/rng.hpp>

#include "catch.hpp"

TEST_CASE("growing_ring equals a deque", "[core]") {
  gyre::growing_ring<int> ring;
  std::deque<int> model;
  gyre::rng random(2, 1, 1);
  for (int i = 0; i < 20000; ++i) {
    const std::uint32_t what = random.below(8);
    if (what < 3) {
      ring.push_back(i);
      model.push_back(i);
    } else if (what == 3) {
      ring.push_front(i);
      model.push_front(i);
    } else if (what < 6 && !model.empty()) {
      REQUIRE(ring.pop_front() == model.front());
      model.pop_front();
    } else if (!model.empty()) {
      const std::uint32_t at = random.below(static_cast<std::uint32_t>(model.size()));
      REQUIRE(ring.erase(at) == model[at]);
      model.erase(model.begin() + at);
    }
    REQUIRE(ring.size() == model.size());
    REQUIRE(ring.empty() == model.empty());
    for (std::size_t k = 0; k < model.size(); ++k) REQUIRE(ring[k] == model[k]);
  }
}
