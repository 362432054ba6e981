// graph.hpp - symbiosis: which loops help or hurt which, as declared and as learned.
// Room: observe. Threads: one owner at a time.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <gyre/core/result.hpp>
#include <gyre/core/text.hpp>
#include <gyre/core/vec.hpp>
#include <gyre/observe/analysis.hpp>
#include <gyre/observe/correlation.hpp>
#include <limits>
#include <span>
#include <string>
#include <utility>

namespace gyre {
inline namespace v1 {

/// One loop's figures for one observation window.
struct observation {
  static constexpr double none = std::numeric_limits<double>::quiet_NaN();
  std::uint32_t node = 0;    ///< as add_node returned it
  double rate = 0.0;         ///< ticks finished in this window
  double error_rate = 0.0;   ///< share of them that failed, 0..1
  double reward = none;      ///< mean reward of this window; NaN: none
  double p95_ms = none;      ///< recent p95 of the durations; NaN: none
  std::uint64_t cycles = 0;  ///< ticks finished so far
  double health = 1.0;       ///< 0..1
  double vitality = none;    ///< as the loop says; NaN: it does not
};

/// Declared edges stay as declared; learned ones come and go with the evidence: one appears at
/// |correlation| >= 0.3 and confidence >= 0.99 and goes under 0.25 or 0.9 (see lag_correlation).
/// Bounds: 128 loops watched for learned edges (the first added), 256 learned edges kept (the
/// strongest), 4,096 declared. A window at 120 loops costs about 0.3 ms and allocates nothing.
class graph {
 public:
  static constexpr std::size_t watched_max = 128;
  static constexpr std::size_t learned_max = 256;
  static constexpr std::size_t declared_max = 4096;

  graph() : seen_(watched_max), known_(watched_max * watched_max, 0) {
    learned_.reserve(learned_max);
    found_.reserve(2 * learned_max);
    effects_.reserve(watched_max);
  }

  /// Makes room for so many loops more, and one declared edge: adding them needs no memory then.
  void make_room(std::size_t loops) {
    nodes_.make_room(loops);
    free_.make_room(nodes_.size() + loops);
    watched_.make_room(loops);
    declared_.make_room(1);
  }
  /// A new loop. @param id the caller's own number, only shown. Returns its place in the graph,
  /// valid until remove_node; places are used again. Throws std::bad_alloc, with nothing changed.
  std::uint32_t add_node(std::uint32_t id, std::string name) {
    make_room(1);
    std::uint32_t at = 0;
    if (free_.empty()) {
      at = static_cast<std::uint32_t>(nodes_.size());
      nodes_.emplace_back();
    } else {
      at = free_.back();
      free_.pop_back();
    }
    nodes_[at] = {};
    nodes_[at].shown.id = id;
    nodes_[at].shown.name = std::move(name);
    nodes_[at].order = ++order_;
    nodes_[at].live = true;
    watch(at);
    ++loops_;
    return at;
  }

  /// The loop and every edge it had go. A place that is not in use is left alone.
  void remove_node(std::uint32_t at) noexcept {
    if (!live(at)) return;
    const auto touches = [at](const edge& e) { return e.from == at || e.to == at; };
    erase_if(declared_, touches);
    unwatch(at);
    nodes_[at] = {};
    free_.push_back(at);
    --loops_;
  }

  /// Says that `from` helps (weight > 0) or hurts `to`; a second time replaces the weight.
  /// ARG: a weight outside -1..1, or from == to. NOT_FOUND: no such loop. OVERFLOW: 4,096 already.
  result<void> declare(std::uint32_t from, std::uint32_t to, double weight) {
    if (!(weight >= -1.0 && weight <= 1.0)) {
      return fail(code::arg, "weight ", weight, " is not in -1..1");
    }
    if (!live(from) || !live(to)) return fail(code::not_found, "no such loop in the graph");
    if (from == to) {
      return fail(code::arg, "loop ", nodes_[from].shown.name, " cannot have an edge to itself");
    }
    for (edge& each : declared_) {
      if (each.from == from && each.to == to) {
        each.weight = weight;
        return ok;
      }
    }
    if (declared_.size() >= declared_max) {
      return fail(code::overflow, "more than ", declared_max, " declared edges");
    }
    declared_.push_back({from, to, weight, 1.0});
    return ok;
  }

  /// Once each observation window, a row for each loop that has figures: updates the nodes and
  /// the learned edges.
  void observe(std::span<const observation> rows) noexcept {
    for (const observation& row : rows) {
      if (!live(row.node)) continue;
      node& n = nodes_[row.node];
      n.shown.cycles = row.cycles;
      n.shown.health = row.health;
      n.shown.p95_ms = row.p95_ms;
      n.shown.vitality = row.vitality;
      if (n.watched != none) seen_.set(n.watched, row.rate, row.error_rate, row.reward, row.p95_ms);
    }
    seen_.step(watched_.size());
    learn();
  }

  /// Whether the next loop is watched for learned edges.
  bool has_room() const noexcept { return watched_count_ < watched_max; }

  /// Nodes, edges, and what follows from them. @param loops of the engine, if more than have a node
  graph_analysis analyse(std::uint64_t loops = 0) const {
    graph_analysis out;
    vec<edge> edges = declared_;
    for (const edge& each : learned_) {
      if (!is_declared(each.from, each.to)) edges.push_back(each);
    }
    const vec<std::uint32_t> places = connected(edges);
    vec<std::uint32_t> index(nodes_.size(), none);
    for (std::size_t i = 0; i < places.size(); ++i) {
      index[places[i]] = static_cast<std::uint32_t>(i);
      out.nodes.push_back(nodes_[places[i]].shown);
    }
    vec<graph_link> links;
    for (std::size_t i = 0; i < edges.size(); ++i) {
      const edge& each = edges[i];
      links.push_back({index[each.from], index[each.to]});
      out.edges.push_back({nodes_[each.from].shown.id, nodes_[each.to].shown.id, each.weight,
                           each.confidence, i < declared_.size(), kind_of(each.weight)});
    }
    out.loops = std::max(loops, loops_);
    out.unwatched = out.loops - watched_count_;
    out.not_kept = not_kept_;
    conclude(out, links);
    return out;
  }

 private:
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  struct node {
    graph_node shown;
    std::uint64_t order = 0;
    std::uint32_t watched = none;  // place in seen_
    bool live = false;
  };
  struct edge {  // places, not ids
    std::uint32_t from = 0;
    std::uint32_t to = 0;
    double weight = 0.0;
    double confidence = 0.0;
  };

  bool live(std::uint32_t at) const noexcept { return at < nodes_.size() && nodes_[at].live; }

  bool is_declared(std::uint32_t from, std::uint32_t to) const noexcept {
    return std::any_of(declared_.begin(), declared_.end(),
                       [&](const edge& e) { return e.from == from && e.to == to; });
  }

  void watch(std::uint32_t at) {
    std::size_t i = 0;
    while (i < watched_.size() && watched_[i] != none) ++i;
    if (i == watched_max) return;
    if (i == watched_.size()) watched_.push_back(none);
    watched_[i] = at;
    nodes_[at].watched = static_cast<std::uint32_t>(i);
    ++watched_count_;
  }
  void unwatch(std::uint32_t at) {
    const std::uint32_t i = nodes_[at].watched;
    if (i == none) return;
    erase_if(learned_, [at](const edge& e) { return e.from == at || e.to == at; });
    for (std::size_t j = 0; j < watched_max; ++j) {
      known_[i * watched_max + j] = known_[j * watched_max + i] = 0;
    }
    seen_.clear(i);
    watched_[i] = none;
    --watched_count_;
  }

  void learn() noexcept {
    found_.clear();
    effects_.clear();
    for (std::size_t j = 0; j < watched_.size(); ++j) {
      if (watched_[j] != none && seen_.reacts(j)) effects_.push_back(j);
    }
    for (std::size_t i = 0; i < watched_.size(); ++i) {
      if (watched_[i] == none || !seen_.acts(i)) continue;
      for (const std::size_t j : effects_) {
        if (i == j) continue;
        std::uint8_t& known = known_[i * watched_max + j];
        const coupling pair = seen_.find(i, j, known != 0 ? 0.25 : 0.3);
        const bool holds = pair.confidence >= (known != 0 ? 0.9 : 0.99);
        known = 0;
        if (!holds) continue;
        found_.push_back({watched_[i], watched_[j], pair.weight, pair.confidence});
        if (found_.size() == 2 * learned_max) keep_strongest();
      }
    }
    keep_strongest();
    learned_.assign(found_.begin(), found_.end());
    for (const edge& each : learned_) {
      known_[nodes_[each.from].watched * watched_max + nodes_[each.to].watched] = 1;
    }
  }
  void keep_strongest() noexcept {
    std::sort(found_.begin(), found_.end(), stronger);
    if (found_.size() <= learned_max) return;
    not_kept_ += found_.size() - learned_max;
    found_.resize(learned_max);
  }
  static bool stronger(const edge& a, const edge& b) noexcept {  // a total order
    const double strength_a = std::abs(a.weight) * a.confidence;
    const double strength_b = std::abs(b.weight) * b.confidence;
    if (strength_a != strength_b) return strength_a > strength_b;
    return a.from != b.from ? a.from < b.from : a.to < b.to;
  }

  /// Places that have an edge, in order of add.
  vec<std::uint32_t> connected(const vec<edge>& edges) const {
    vec<std::uint32_t> places;
    for (const edge& each : edges) {
      places.push_back(each.from);
      places.push_back(each.to);
    }
    std::sort(places.begin(), places.end(), [this](std::uint32_t a, std::uint32_t b) {
      return nodes_[a].order < nodes_[b].order;
    });
    places.erase(std::unique(places.begin(), places.end()), places.end());
    return places;
  }

  vec<node> nodes_;
  vec<std::uint32_t> free_;
  vec<edge> declared_;
  vec<edge> learned_;
  vec<edge> found_;  // of the window at hand
  vec<std::size_t> effects_;
  lag_correlation seen_;
  vec<std::uint32_t> watched_;  // place in seen_ -> node
  vec<std::uint8_t> known_;     // [from][to] in places of seen_: is in learned_
  std::uint64_t watched_count_ = 0;
  std::uint64_t loops_ = 0;
  std::uint64_t order_ = 0;
  std::uint64_t not_kept_ = 0;
};

}  // namespace v1
}  // namespace gyre
