// Method: feed the ring and an obvious model alike, compare everything visible after each step.
#include <gyre/core/ring.hpp>

#include <deque>

#include "catch.hpp"

TEST_CASE("ring equals a deque trimmed to capacity", "[core]") {
  const std::size_t capacity = GENERATE(1u, 2u, 3u, 8u);
  gyre::ring<int> ring(capacity);
  std::deque<int> model;
  for (int i = 0; i < 60; ++i) {
    CAPTURE(capacity, i);
    if (i % 7 == 5 && !model.empty()) {
      REQUIRE(ring.pop() == model.front());
      model.pop_front();
    } else {
      const bool full = model.size() == capacity;
      if (full) model.pop_front();
      model.push_back(i);
      REQUIRE(ring.push(i) == full);
    }
    REQUIRE(ring.size() == model.size());
    for (std::size_t k = 0; k < model.size(); ++k) REQUIRE(ring[k] == model[k]);
  }
}
