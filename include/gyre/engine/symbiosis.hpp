// symbiosis.hpp - how an engine's loops bear on each other and how well they do: graph and score.
// Room: engine. Threads: under shard 0's lease, or as a member says.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <gyre/engine/home.hpp>
#include <gyre/observe/graph.hpp>
#include <gyre/observe/score.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// The first 128 loops have nodes, and those with a declared edge; the score takes all. Held by the
/// engine's body.
class symbiosis {
 public:
  explicit symbiosis(environment& env) : env_(env) {}
  symbiosis(const symbiosis&) = delete;
  symbiosis& operator=(const symbiosis&) = delete;

  bool has_room() const noexcept { return graph_.has_room(); }
  /// Makes room for `nodes` more, and an edge, so that adding them needs no memory but that of the
  /// names. Under the registry, without a lease.
  void make_room(std::size_t nodes) {
    const leased hold(env_.shards[0]->owner());
    graph_.make_room(nodes);
    members_.make_room(nodes);
    rows_.reserve(members_.capacity());
  }
  /// Gives the loop a node, if it has none. Under the registry, without a lease. @return the node.
  /// STALE @pre there is room
  result<std::uint32_t> watch(object_id id, std::string name) {
    bool watched = false;
    std::uint32_t order = 0;
    GYRE_CHECK(with_loop(env_, id, [&](shard& s, loop_record& l) {
      watched = l.watched;
      l.watched = true;
      order = s.due.order(l);
      return result<void>(ok);
    }));
    const leased hold(env_.shards[0]->owner());
    if (watched) return member_of(id)->node;
    const std::uint32_t node = graph_.add_node(id, std::move(name));
    const auto at = std::find_if(members_.begin(), members_.end(),
                                 [order](const member& m) { return m.order > order; });
    members_.insert(at, {id, node, order, 0, 0});
    return node;
  }
  /// Declares an edge between two nodes. Without a lease. ARG
  result<void> connect(std::uint32_t from, std::uint32_t to, double weight) {
    const leased hold(env_.shards[0]->owner());
    return graph_.declare(from, to, weight);
  }
  /// The loop is gone.
  void forget(object_id id) {
    const auto gone = member_of(id);
    if (gone == members_.end()) return;
    graph_.remove_node(gone->node);
    members_.erase(gone);
  }
  void reset() noexcept {
    for (member& m : members_) m.cycles = m.failures = 0;
  }

  /// A window ends: each node gets its row of numbers, and the score is taken anew. Under every
  /// lease.
  void observe(instant t) noexcept {
    rows_.clear();
    for (member& m : members_) {
      loop_record* const found = find_loop(env_, m.id);
      if (found != nullptr) rows_.push_back(row_of(m, *found, t));  // else it is being removed
    }
    graph_.observe(rows_);
    score_ = score_now(t);
  }
  double score() const noexcept { return score_; }  ///< as of the last window
  /// Over the loops that have had anything to be unwell by; the others are well. Every lease.
  double score_now(instant t) const noexcept {
    std::size_t loops = 0, signs = 0;
    const auto each_sign = [&](auto&& f) {
      for (shard* s : env_.shards) {
        for (const loop_record* l : s->loops.with_extra()) {
          if (!l->removed) f(*l);
        }
      }
    };
    for (const shard* s : env_.shards) loops += s->loops.size();
    each_sign([&](const loop_record&) { ++signs; });
    score_sum sum(loops - signs);
    each_sign([&](const loop_record& l) { sum.add({l.extra->vitality, l.metrics.health(t)}); });
    return sum.mean();
  }
  graph_analysis analyse(std::uint64_t loops) const { return graph_.analyse(loops); }

 private:
  struct member {  // a loop that has a node
    object_id id;
    std::uint32_t node, order;
    std::uint64_t cycles, failures;  // as of the last window
  };

  vec<member>::iterator member_of(object_id id) noexcept {
    return std::find_if(members_.begin(), members_.end(),
                        [id](const member& m) { return m.id == id; });
  }
  static observation row_of(member& m, loop_record& l, instant t) {
    const auto gained = [](std::uint64_t& before, std::uint64_t now) {
      const std::uint64_t last = std::exchange(before, now);
      return now < last ? now : now - last;  // less: its metrics were reset meanwhile
    };
    const std::uint64_t ticks = gained(m.cycles, l.metrics.cycles());
    const std::uint64_t failed = gained(m.failures, l.metrics.failures());
    const auto n = static_cast<double>(std::max<std::uint64_t>(ticks, 1));
    observation row;
    row.node = m.node;
    row.rate = static_cast<double>(ticks);
    row.error_rate = static_cast<double>(failed) / n;
    if (ticks != 0) row.reward = l.extra == nullptr ? 1 : l.extra->window_reward / n;
    row.p95_ms = l.metrics.recent_ms(.95, t);
    row.cycles = l.metrics.cycles();
    row.health = l.metrics.health(t);
    if (l.extra != nullptr) {
      row.vitality = l.extra->vitality;
      l.extra->window_reward = 0;
    }
    return row;
  }

  environment& env_;
  graph graph_;
  vec<member> members_;  // in order of add
  vec<observation> rows_;
  double score_ = 1;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
