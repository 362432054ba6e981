// Method: the reference society by hand; loops with known couplings; nodes that come and go.
#include <algorithm>
#include <gyre/core/rng.hpp>
#include <gyre/observe/graph.hpp>
#include <string>
#include <vector>

#include "catch.hpp"

using gyre::graph;
using gyre::graph_analysis;
using gyre::observation;

namespace {

observation row(std::uint32_t node, double rate) {
  observation out;
  out.node = node;
  out.rate = rate;
  return out;
}

/// Loop 1 follows loop 0 by one window, the others do as they please.
void live(graph& society, const std::vector<std::uint32_t>& nodes, int windows, gyre::rng& random) {
  double before = 2.0;
  std::vector<observation> rows;
  for (int w = 0; w < windows; ++w) {
    const double cause = random.below(4) == 0 ? 5.0 + random.below(30) : 2.0;
    rows.clear();
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      const double own = random.below(4) == 0 ? 5.0 + random.below(30) : 2.0;
      rows.push_back(row(nodes[i], i == 0 ? cause : i == 1 ? before : own));
    }
    society.observe(rows);
    before = cause;
  }
}

}  // namespace

TEST_CASE("graph of the reference society", "[observe]") {
  graph society;
  const std::uint32_t awareness = society.add_node(11, "awareness");
  const std::uint32_t decay = society.add_node(12, "emotional_decay");
  const std::uint32_t memory = society.add_node(13, "memory_consolidation");
  const std::uint32_t curiosity = society.add_node(14, "curiosity");
  society.add_node(15, "worker");  // connected to nobody: counted, not listed
  society.declare(awareness, curiosity, 0.7).value();
  society.declare(awareness, decay, 0.5).value();
  society.declare(decay, curiosity, -0.3).value();
  society.declare(memory, awareness, 0.4).value();
  society.declare(curiosity, memory, 0.6).value();

  const graph_analysis out = society.analyse();
  REQUIRE(out.loops == 5);
  REQUIRE(out.nodes.size() == 4);
  REQUIRE(out.edges.size() == 5);
  REQUIRE(out.nodes[0].name == "awareness");
  REQUIRE(out.edges[0].from == 11);
  REQUIRE(out.edges[0].to == 14);
  REQUIRE(out.edges[0].declared);
  REQUIRE(out.edges[0].confidence == 1.0);
  REQUIRE(out.density == Approx(5.0 / 12.0));
  REQUIRE(out.components == 1);
  REQUIRE(out.cycles == 2);
  REQUIRE(out.synergies == 2);
  REQUIRE(out.conflicts == 0);
  REQUIRE(out.recommendations.size() == 4);
  REQUIRE(out.recommendations[0] == "boost awareness: it helps curiosity (weight 0.70)");
  REQUIRE(out.recommendations[2] ==
          "cycle: awareness -> curiosity -> memory_consolidation -> awareness; a change comes back "
          "to where it began");
}

TEST_CASE("graph learns the edge that is there and no other", "[observe]") {
  const auto seed = static_cast<std::uint64_t>(GENERATE(range(1, 6)));
  CAPTURE(seed);
  gyre::rng random(seed, 0, 0);
  graph society;
  std::vector<std::uint32_t> nodes;
  for (std::uint32_t i = 0; i < 20; ++i) nodes.push_back(society.add_node(50 + i, "loop"));
  live(society, nodes, 150, random);
  const graph_analysis out = society.analyse();
  REQUIRE(out.edges.size() == 1);
  REQUIRE(out.edges[0].from == 50);
  REQUIRE(out.edges[0].to == 51);
  REQUIRE_FALSE(out.edges[0].declared);
  REQUIRE(out.edges[0].kind == gyre::edge_kind::synergy);
  REQUIRE(out.edges[0].weight > 0.8);
  REQUIRE(out.edges[0].confidence > 0.99);
  REQUIRE(out.nodes.size() == 2);

  SECTION("which a declared one covers") {
    society.declare(nodes[0], nodes[1], -0.5).value();
    const graph_analysis declared = society.analyse();
    REQUIRE(declared.edges.size() == 1);
    REQUIRE(declared.edges[0].weight == -0.5);
  }
  SECTION("which goes with its loop, and whose place starts afresh") {
    society.remove_node(nodes[1]);
    REQUIRE(society.analyse().edges.empty());
    REQUIRE(society.add_node(99, "other") == nodes[1]);
    nodes.erase(nodes.begin());
    live(society, nodes, 5, random);
    REQUIRE(society.analyse().edges.empty());
  }
}

TEST_CASE("graph refuses what makes no sense and stays as it was", "[observe]") {
  graph society;
  const std::uint32_t a = society.add_node(1, "a");
  const std::uint32_t b = society.add_node(2, "b");
  REQUIRE(society.declare(a, b, 1.01).error().code == gyre::code::arg);
  REQUIRE(society.declare(a, b, observation::none).error().code == gyre::code::arg);
  REQUIRE(society.declare(a, a, 0.5).error().text == "loop a cannot have an edge to itself");
  REQUIRE(society.declare(a, 7, 0.5).error().code == gyre::code::not_found);
  society.remove_node(7);
  society.observe(std::vector<observation>{row(7, 1.0)});
  REQUIRE(society.analyse().edges.empty());
  society.declare(a, b, 0.5).value();
  society.declare(a, b, 0.6).value();  // replaced
  REQUIRE(society.analyse().edges.size() == 1);
  society.remove_node(b);
  REQUIRE(society.analyse().edges.empty());
  REQUIRE(society.declare(a, b, 0.5).error().code == gyre::code::not_found);
  REQUIRE(society.analyse().loops == 1);
}

TEST_CASE("graph shows each node's latest figures", "[observe]") {
  graph society;
  const std::uint32_t a = society.add_node(1, "a");
  const std::uint32_t b = society.add_node(2, "b");
  society.declare(a, b, 0.1).value();
  observation figures = row(b, 3.0);
  figures.cycles = 77;
  figures.health = 0.5;
  figures.p95_ms = 4.0;
  figures.vitality = 0.25;
  society.observe(std::vector<observation>{figures});
  const graph_analysis out = society.analyse();
  REQUIRE(out.nodes[1].cycles == 77);
  REQUIRE(out.nodes[1].health == 0.5);
  REQUIRE(out.nodes[1].p95_ms == 4.0);
  REQUIRE(out.nodes[1].vitality == 0.25);
  REQUIRE(out.nodes[0].health == 1.0);
}

TEST_CASE("graph keeps its bounds", "[observe]") {
  graph society;
  std::vector<std::uint32_t> nodes;
  for (std::uint32_t i = 0; i < 200; ++i) nodes.push_back(society.add_node(i, "loop"));
  REQUIRE(society.analyse().unwatched == 200 - graph::watched_max);
  // Every other loop follows the one burst of them all: far more edges than are kept.
  gyre::rng random(1, 0, 0);
  double before = 2.0;
  std::vector<observation> rows;
  for (int w = 0; w < 120; ++w) {
    const double cause = random.below(4) == 0 ? 5.0 + random.below(30) : 2.0;
    rows.clear();
    for (std::uint32_t i = 0; i < 200; ++i) {
      const double own = i % 4 == 0 ? cause : i % 4 == 1 ? before : 2.0;
      rows.push_back(row(nodes[i], own + 0.5 * random.normal()));
    }
    society.observe(rows);
    before = cause;
  }
  const graph_analysis out = society.analyse();
  REQUIRE(out.edges.size() == graph::learned_max);
  REQUIRE(out.not_kept > 0);
  for (const gyre::graph_edge& each : out.edges) {
    if (each.from % 4 != 0 || each.to % 4 != 1)
      FAIL("not coupled: " << each.from << " " << each.to);
  }
  std::size_t declared = 0;
  for (std::uint32_t i = 0; i < 200; ++i) {
    for (std::uint32_t j = 0; j < 200 && declared < graph::declared_max; ++j) {
      if (i != j && society.declare(nodes[i], nodes[j], 0.1)) ++declared;
    }
  }
  REQUIRE(declared == graph::declared_max);
  REQUIRE(society.declare(nodes[199], nodes[198], 0.1).error().code == gyre::code::overflow);
  society.declare(nodes[0], nodes[1], 0.2).value();  // known ones may still change
}
