// Method: model (sums in double over plain arrays), the scalar twin against the vectors bit for
// bit, and edges: masses at and beyond the total, weights of 0 everywhere but in one slot.
#include <cmath>
#include <cstring>
#include <gyre/core/rng.hpp>
#include <gyre/learn/sum_tree.hpp>
#include <limits>

#include "catch.hpp"

namespace {

std::uint32_t bits(float x) {
  std::uint32_t b;
  std::memcpy(&b, &x, sizeof b);
  return b;
}

using scalar_tree = gyre::basic_sum_tree<gyre::scalar_node>;

}  // namespace

TEST_CASE("vectors and scalars give the same bits", "[learn]") {
  gyre::rng random(5, 1, gyre::purpose::user);
  for (int round = 0; round < 20000; ++round) {
    gyre::sum_node n;
    for (float& v : n.v) {
      const double kind = random.unit();
      v = static_cast<float>(kind < .4 ? 0 : std::pow(10., 30 * random.unit() - 15));
      if (kind > .7) v = -v;
    }
    const float sum = gyre::vector_node::sum(n);
    REQUIRE(bits(sum) == bits(gyre::scalar_node::sum(n)));
    REQUIRE(bits(gyre::vector_node::greatest(n)) == bits(gyre::scalar_node::greatest(n)));
    REQUIRE(bits(gyre::vector_node::least(n)) == bits(gyre::scalar_node::least(n)));
    if (sum <= 0) continue;
    float a = sum * static_cast<float>(random.unit()), b = a;
    const unsigned column = gyre::vector_node::pick_column(n, a);
    REQUIRE(column == gyre::scalar_node::pick_column(n, b));
    const unsigned child = gyre::vector_node::pick(n, column, a);
    REQUIRE(child == gyre::scalar_node::pick(n, column, b));
    REQUIRE(bits(a) == bits(b));
    REQUIRE(std::fabs(n.v[child]) > 0);
  }
}

TEST_CASE("two trees of the same weights agree in each draw, and with a model", "[learn]") {
  const std::uint32_t slots = GENERATE(1u, 15u, 16u, 17u, 257u, 5000u);
  gyre::sum_tree tree(slots, true);
  scalar_tree twin(slots, true);
  std::vector<double> model(slots, 0);
  gyre::rng random(7, slots, gyre::purpose::user);
  for (int round = 0; round < 60; ++round) {
    for (int i = 0; i < 40; ++i) {
      const std::uint32_t at = random.below(slots);
      const auto w = static_cast<float>(random.unit() < .3 ? 0 : random.unit());
      const float given = random.unit() < .3 ? -w : w;
      tree.set(at, given);
      twin.set(at, given);
      model[at] = static_cast<double>(given);
    }
    double sum = 0, most = 0, least = 0;
    for (const double w : model) {
      sum += std::fabs(w);
      most = std::max(most, w);
      if (std::fabs(w) > 0 && (least <= 0 || std::fabs(w) < least)) least = std::fabs(w);
    }
    CAPTURE(slots, round);
    REQUIRE(tree.check());
    REQUIRE(bits(tree.total()) == bits(twin.total()));
    REQUIRE(std::fabs(static_cast<double>(tree.total()) - sum) <= 1e-5 * sum);
    REQUIRE(std::fabs(static_cast<double>(tree.greatest()) - most) <= 0);
    REQUIRE(std::fabs(static_cast<double>(tree.least()) - least) <= 0);
    if (sum <= 0) continue;
    float mass[64], other[64];
    std::uint32_t found[64], same[64];
    for (int i = 0; i < 64; ++i) {
      mass[i] = other[i] = tree.total() * static_cast<float>(random.unit());
    }
    mass[63] = other[63] = tree.total();      // no mass is left there
    mass[62] = other[62] = tree.total() * 2;  // nor there
    tree.find(mass, found, 64);
    twin.find(other, same, 64);
    for (int i = 0; i < 64; ++i) {
      REQUIRE(found[i] == same[i]);
      REQUIRE(found[i] < slots);
      REQUIRE(std::fabs(model[found[i]]) > 0);
    }
  }
}

// Reverb's way, adding differences up the path, had -133.5 at the root where 0.67 was right.
TEST_CASE("the sum does not drift, whatever was there before", "[learn]") {
  const std::uint32_t slots = 4096;
  gyre::sum_tree tree(slots);
  gyre::rng random(9, 1, gyre::purpose::user);
  for (int i = 0; i < 400000; ++i) {
    tree.set(random.below(slots), static_cast<float>(random.unit() * 1e6));
  }
  for (std::uint32_t i = 0; i < slots; ++i) tree.set(i, 0);
  tree.set(77, .67F);
  REQUIRE(bits(tree.total()) == bits(.67F));
  REQUIRE(tree.check());
}

TEST_CASE("each slot is found in proportion to its weight", "[learn]") {
  const std::uint32_t slots = 300;
  gyre::sum_tree tree(slots);
  double all = 0;
  for (std::uint32_t i = 0; i < slots; ++i) {
    tree.set(i, static_cast<float>(i % 7));
    all += i % 7;
  }
  std::vector<int> seen(slots, 0);
  const int n = 64 * 2000;  // masses at equal distances: each slot as often as is its part
  for (int i = 0; i < n; i += 64) {
    float mass[64];
    std::uint32_t slot[64];
    for (int k = 0; k < 64; ++k) {
      mass[k] = static_cast<float>(all * (i + k + .5) / n);
    }
    tree.find(mass, slot, 64);
    for (const std::uint32_t s : slot) ++seen[s];
  }
  for (std::uint32_t i = 0; i < slots; ++i) {
    CAPTURE(i);
    REQUIRE(std::fabs(seen[i] - n * (i % 7) / all) <= 2);
  }
}

TEST_CASE("a tree that was damaged says so", "[learn]") {
  gyre::sum_tree tree(1000);
  for (std::uint32_t i = 0; i < 1000; ++i) tree.set(i, 1);
  REQUIRE(tree.check());
  tree.set(500, std::numeric_limits<float>::infinity());
  REQUIRE(!tree.check());
}
