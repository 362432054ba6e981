// analysis.hpp - what a graph of helping and hurting loops comes to: figures and advice in words.
// Room: observe. Threads: plain values and pure functions.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <gyre/core/text.hpp>
#include <gyre/core/vec.hpp>
#include <gyre/observe/stats.hpp>
#include <span>
#include <string>
#include <vector>

namespace gyre {
inline namespace v1 {

/// An edge as indices into graph_analysis::nodes.
struct graph_link {
  std::uint32_t from = 0;
  std::uint32_t to = 0;
};

inline constexpr std::size_t cycles_max = 64;          ///< elementary cycles looked for
inline constexpr std::size_t cycle_steps_max = 20000;  ///< edges walked while looking

namespace detail {

inline std::uint64_t weak_components(std::span<const graph_link> links, std::size_t n) {
  vec<std::uint32_t> root(n);
  for (std::size_t i = 0; i < n; ++i) root[i] = static_cast<std::uint32_t>(i);
  const auto find = [&root](std::uint32_t i) {
    while (root[i] != i) {
      root[i] = root[root[i]];
      i = root[i];
    }
    return i;
  };
  std::uint64_t count = n;
  for (const graph_link& each : links) {
    const std::uint32_t a = find(each.from);
    const std::uint32_t b = find(each.to);
    count -= a != b ? 1 : 0;
    root[a] = b;
  }
  return count;
}

/// Elementary cycles as lists of nodes, each once, from its first node on: depth first from every
/// node through later ones only. @param[out] complete false when a bound ended the search.
inline vec<vec<std::uint32_t>> elementary_cycles(std::span<const graph_link> links,
                                                                 std::size_t n, bool& complete) {
  vec<vec<std::uint32_t>> next(n);
  for (const graph_link& each : links) next[each.from].push_back(each.to);
  vec<vec<std::uint32_t>> found;
  vec<std::uint32_t> path;
  vec<std::size_t> tried;  // edges walked from each node of the path
  vec<std::uint8_t> on_path(n, 0);
  std::size_t steps = 0;
  complete = true;
  for (std::uint32_t start = 0; start < n; ++start) {
    path.assign(1, start);
    tried.assign(1, 0);
    on_path[start] = 1;
    while (!path.empty()) {
      const std::uint32_t at = path.back();
      if (tried.back() == next[at].size()) {
        on_path[at] = 0;
        path.pop_back();
        tried.pop_back();
        continue;
      }
      if (++steps > cycle_steps_max || found.size() >= cycles_max) {
        complete = false;
        return found;
      }
      const std::uint32_t to = next[at][tried.back()++];
      if (to == start) found.push_back(path);
      if (to <= start || on_path[to] != 0) continue;
      on_path[to] = 1;
      path.push_back(to);
      tried.push_back(0);
    }
  }
  return found;
}

/// At most three of a kind, the strongest first.
inline void recommend_edges(graph_analysis& out, std::span<const graph_link> links,
                            edge_kind kind) {
  const double sign = kind == edge_kind::conflict ? -1.0 : 1.0;
  vec<std::size_t> chosen;  // strongest first; of equals, the earlier one
  for (std::size_t i = 0; i < links.size(); ++i) {
    if (out.edges[i].kind != kind) continue;
    const auto weaker = std::find_if(chosen.begin(), chosen.end(), [&](std::size_t other) {
      return sign * out.edges[i].weight > sign * out.edges[other].weight;
    });
    chosen.insert(weaker, i);
    if (chosen.size() > 3) chosen.pop_back();
  }
  for (std::size_t i : chosen) {
    const std::string& from = out.nodes[links[i].from].name;
    const std::string& to = out.nodes[links[i].to].name;
    const std::string weight = to_fixed(out.edges[i].weight, 2);
    out.recommendations.push_back(
        kind == edge_kind::conflict
            ? join("throttle ", from, ": it hurts ", to, " (weight ", weight, ")")
            : join("boost ", from, ": it helps ", to, " (weight ", weight, ")"));
  }
}

}  // namespace detail

/// Fills in everything that follows from out.nodes, out.edges and out.loops. @param links
/// out.edges as indices, in the same order. Bounded: 64 cycles, 20,000 edges walked to find them.
inline void conclude(graph_analysis& out, std::span<const graph_link> links) {
  for (const graph_edge& each : out.edges) {
    out.synergies += each.kind == edge_kind::synergy ? 1 : 0;
    out.conflicts += each.kind == edge_kind::conflict ? 1 : 0;
  }
  const auto n = static_cast<double>(out.nodes.size());
  if (n > 1.0) out.density = static_cast<double>(links.size()) / (n * (n - 1.0));
  out.components = detail::weak_components(links, out.nodes.size());
  const auto cycles = detail::elementary_cycles(links, out.nodes.size(), out.cycles_complete);
  out.cycles = cycles.size();

  detail::recommend_edges(out, links, edge_kind::synergy);
  detail::recommend_edges(out, links, edge_kind::conflict);
  for (std::size_t i = 0; i < std::min<std::size_t>(cycles.size(), 2); ++i) {
    std::string text = "cycle: ";
    for (std::uint32_t node : cycles[i]) text += out.nodes[node].name + " -> ";
    out.recommendations.push_back(text + out.nodes[cycles[i][0]].name +
                                  "; a change comes back to where it began");
  }
  const std::string density = to_fixed(out.density, 2);
  if (out.density > 0.7) {
    out.recommendations.push_back("too dense: " + density +
                                  " of all possible edges exist (over 0.70); decouple some loops");
  } else if (out.loops > 1 && out.density < 0.2) {
    out.recommendations.push_back("too isolated: " + density +
                                  " of all possible edges exist (under 0.20); connect some loops");
  }
}

}  // namespace v1
}  // namespace gyre
