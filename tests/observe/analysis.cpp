// Method: small graphs with answers known by hand; counting cycles against brute force.
#include <algorithm>
#include <functional>
#include <gyre/core/rng.hpp>
#include <gyre/observe/analysis.hpp>
#include <string>
#include <vector>

#include "catch.hpp"

using gyre::graph_analysis;
using gyre::graph_link;

namespace {

graph_analysis of(std::uint32_t nodes, const std::vector<graph_link>& links, double weight = 0.1) {
  graph_analysis out;
  for (std::uint32_t i = 0; i < nodes; ++i) {
    gyre::graph_node node;
    node.id = 100 + i;
    node.name = "n" + std::to_string(i);
    out.nodes.push_back(node);
  }
  for (const graph_link& each : links) {
    out.edges.push_back({100 + each.from, 100 + each.to, weight, 1.0, true, gyre::kind_of(weight)});
  }
  out.loops = nodes;
  gyre::conclude(out, links);
  return out;
}

bool advises(const graph_analysis& out, const std::string& start) {
  return std::any_of(out.recommendations.begin(), out.recommendations.end(),
                     [&](const std::string& text) { return text.rfind(start, 0) == 0; });
}

/// Every simple path back to its smallest node, by plain recursion.
std::size_t count_cycles(std::uint32_t nodes, const std::vector<graph_link>& links) {
  std::size_t count = 0;
  std::vector<bool> on_path(nodes, false);
  std::function<void(std::uint32_t, std::uint32_t)> walk = [&](std::uint32_t start,
                                                               std::uint32_t at) {
    on_path[at] = true;
    for (const graph_link& each : links) {
      if (each.from != at) continue;
      if (each.to == start) ++count;
      if (each.to > start && !on_path[each.to]) walk(start, each.to);
    }
    on_path[at] = false;
  };
  for (std::uint32_t start = 0; start < nodes; ++start) walk(start, start);
  return count;
}

}  // namespace

TEST_CASE("analysis names an edge by its weight", "[observe]") {
  REQUIRE(gyre::kind_of(0.51) == gyre::edge_kind::synergy);
  REQUIRE(gyre::kind_of(0.5) == gyre::edge_kind::neutral);
  REQUIRE(gyre::kind_of(-0.3) == gyre::edge_kind::neutral);
  REQUIRE(gyre::kind_of(-0.31) == gyre::edge_kind::conflict);
  REQUIRE(std::string(name(gyre::edge_kind::conflict)) == "conflict");
}

TEST_CASE("analysis counts components and density", "[observe]") {
  const graph_analysis out = of(6, {{0, 1}, {2, 1}, {3, 4}});
  REQUIRE(out.components == 3);
  REQUIRE(out.density == Approx(0.1));
  REQUIRE(out.cycles == 0);
  REQUIRE(advises(out, "too isolated: 0.10"));
  const graph_analysis full = of(3, {{0, 1}, {1, 0}, {0, 2}, {2, 0}, {1, 2}, {2, 1}});
  REQUIRE(full.density == 1.0);
  REQUIRE(full.cycles == 5);
  REQUIRE(advises(full, "too dense: 1.00"));
  const graph_analysis empty = of(0, {});
  REQUIRE(empty.density == 0.0);
  REQUIRE(empty.components == 0);
  REQUIRE(empty.recommendations.empty());
}

TEST_CASE("analysis counts the elementary cycles that brute force counts", "[observe]") {
  gyre::rng random(6, 0, 0);
  for (int round = 0; round < 200; ++round) {
    std::vector<graph_link> links;
    for (std::uint32_t i = 0; i < 6; ++i) {
      for (std::uint32_t j = 0; j < 6; ++j) {
        if (i != j && random.below(4) == 0) links.push_back({i, j});
      }
    }
    const graph_analysis out = of(6, links);
    const std::size_t expected = count_cycles(6, links);
    CAPTURE(round, expected);
    if (expected < gyre::cycles_max) {
      REQUIRE(out.cycles_complete);
      REQUIRE(out.cycles == expected);
    } else {
      REQUIRE(out.cycles == gyre::cycles_max);
    }
  }
}

TEST_CASE("analysis bounds its search for cycles and says so", "[observe]") {
  std::vector<graph_link> all;
  for (std::uint32_t i = 0; i < 40; ++i) {
    for (std::uint32_t j = 0; j < 40; ++j) {
      if (i != j) all.push_back({i, j});
    }
  }
  const graph_analysis dense = of(40, all);
  REQUIRE_FALSE(dense.cycles_complete);
  REQUIRE(dense.cycles == gyre::cycles_max);
  std::vector<graph_link> forward;  // very many paths, no cycle
  for (const graph_link& each : all) {
    if (each.from < each.to) forward.push_back(each);
  }
  const graph_analysis acyclic = of(40, forward);
  REQUIRE_FALSE(acyclic.cycles_complete);
  REQUIRE(acyclic.cycles == 0);
}

TEST_CASE("analysis recommends the strongest of each kind", "[observe]") {
  graph_analysis out;
  std::vector<graph_link> links;
  for (std::uint32_t i = 0; i < 6; ++i) {
    gyre::graph_node node;
    node.name = "n" + std::to_string(i);
    out.nodes.push_back(node);
  }
  const double weights[] = {0.6, 0.9, 0.7, 0.8, -0.4, -0.9, 0.2};
  for (std::uint32_t i = 0; i < 7; ++i) {
    links.push_back({i % 5, 5});
    out.edges.push_back({i % 5, 5, weights[i], 1.0, true, gyre::kind_of(weights[i])});
  }
  out.loops = 6;
  gyre::conclude(out, links);
  REQUIRE(out.synergies == 4);
  REQUIRE(out.conflicts == 2);
  REQUIRE(out.recommendations.size() == 5);
  REQUIRE(out.recommendations[0] == "boost n1: it helps n5 (weight 0.90)");
  REQUIRE(out.recommendations[1] == "boost n3: it helps n5 (weight 0.80)");
  REQUIRE(out.recommendations[2] == "boost n2: it helps n5 (weight 0.70)");
  REQUIRE(out.recommendations[3] == "throttle n0: it hurts n5 (weight -0.90)");
  REQUIRE(out.recommendations[4] == "throttle n4: it hurts n5 (weight -0.40)");
}
