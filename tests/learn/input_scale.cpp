// Method: model: mean and spread computed from all values at the end; fault: inputs that never
// move.
#include <cmath>
#include <gyre/core/rng.hpp>
#include <gyre/learn/input_scale.hpp>
#include <vector>

#include "catch.hpp"

TEST_CASE("inputs of any unit come to mean 0 and spread 1", "[learn]") {
  gyre::input_scale scale(3);
  gyre::rng random(1, 0, gyre::purpose::user);
  std::vector<std::vector<float>> all;
  for (int i = 0; i < 2000; ++i) {
    all.push_back({static_cast<float>(5e6 + 2e5 * random.normal()),
                   static_cast<float>(1e-4 * random.unit()), 42});
    scale.see(all.back());
  }
  float out[3];
  scale.apply(all[7].data(), out);
  for (const float x : out) REQUIRE(x == 0);  // nothing is settled
  scale.settle();
  double mean[3] = {}, square[3] = {};
  for (const auto& seen : all) {
    scale.apply(seen.data(), out);
    for (int i = 0; i < 3; ++i) {
      mean[i] += static_cast<double>(out[i]) / 2000;
      square[i] += static_cast<double>(out[i]) * static_cast<double>(out[i]) / 2000;
    }
  }
  for (int i = 0; i < 2; ++i) {
    REQUIRE(std::fabs(mean[i]) < 1e-4);
    REQUIRE(square[i] == Approx(1).epsilon(1e-3));
  }
  REQUIRE(square[2] == 0);  // it never moved
  const float far[] = {1e30F, -1e30F, 43};
  scale.apply(far, out);
  REQUIRE(out[0] == gyre::input_scale::most);
  REQUIRE(out[1] == -gyre::input_scale::most);
  REQUIRE(out[2] == 0);
}

TEST_CASE("a scale that was saved goes on as it would have", "[learn]") {
  gyre::input_scale scale(2), other(2);
  for (int i = 0; i < 20; ++i) {
    scale.see(std::vector<float>{static_cast<float>(i), static_cast<float>(3 - i)});
  }
  scale.settle();
  scale.see(std::vector<float>{100, 100});  // seen, not settled
  gyre::byte_writer out;
  scale.save(out);
  for (std::size_t cut = 0; cut < out.size(); ++cut) {
    gyre::byte_reader in(std::span(out.data()).first(cut));
    REQUIRE(!gyre::input_scale(2).load(in));
  }
  gyre::byte_reader in(out.data());
  REQUIRE(other.load(in));
  for (int round = 0; round < 2; ++round) {
    const float x[] = {4, 5};
    float a[2], b[2];
    scale.apply(x, a);
    other.apply(x, b);
    REQUIRE(a[0] == b[0]);
    REQUIRE(a[1] == b[1]);
    scale.settle();
    other.settle();
  }
}
