// loop_tree.hpp - which loops are children of which.
// Room: engine. Threads: one owner at a time: the engine's registry.
#pragma once

#include <cstdint>

#include <gyre/core/hash_index.hpp>
#include <gyre/core/slot_map.hpp>

namespace gyre {
inline namespace v1 {
namespace detail {

/// Knows only loops that have, or had, a parent or a child: 28 bytes each and their place in the
/// index. A parent is there before its children, so there are no cycles. Walks need no stack: a
/// chain may be as long as there are loops.
class loop_tree {
 public:
  /// Makes room for two more, so that the next add() needs no memory.
  void make_room() {
    nodes_.make_room(2);
    free_.make_room(nodes_.size() + 2);
    index_.make_room(2, id_of{nodes_});
  }
  /// Throws std::bad_alloc, with nothing changed, unless there is room.
  void add(object_id parent, object_id child) {
    make_room();
    const std::uint32_t above = take(parent);  // before any reference: both may move the nodes
    const std::uint32_t n = take(child);
    const std::uint32_t older = nodes_[above].last;
    nodes_[n].parent = above;
    nodes_[n].older = older;
    (older == none ? nodes_[above].first : nodes_[older].younger) = n;
    nodes_[above].last = n;
  }
  /// Nothing happens where it is not known. @pre its children are gone
  void remove(object_id id) noexcept {
    const std::uint32_t n = find(id);
    if (n == none) return;
    const node gone = nodes_[n];
    if (gone.parent != none) {
      node& above = nodes_[gone.parent];
      (gone.older == none ? above.first : nodes_[gone.older].younger) = gone.younger;
      (gone.younger == none ? above.last : nodes_[gone.younger].older) = gone.older;
    }
    index_.erase(n, id_of{nodes_});
    free_.push_back(n);
  }
  /// Loops that bottom_up() has called from now on count as done.
  void begin() noexcept { ++walk_; }
  /// Calls f(id) for all below `top`, children before their parent and the youngest first, then for
  /// `top`. Of what was called since begin(), only for `top` again. f may remove what it is given.
  /// Below a loop that is not known there is nothing.
  template <class F>
  void bottom_up(object_id top, F&& f) {
    const std::uint32_t root = find(top);
    if (root == none) {
      f(top);
      return;
    }
    std::uint32_t n = nodes_[root].walk == walk_ ? root : lowest(root);
    for (;;) {
      const node at = nodes_[n];
      nodes_[n].walk = walk_;
      f(at.id);
      if (n == root) return;
      n = at.older != none ? lowest(at.older) : at.parent;
    }
  }
  /// Calls f(id) for `top`, then for all below, parents before their children and the oldest first.
  /// Where f says false, what is below is left out.
  template <class F>
  void top_down(object_id top, F&& f) {
    const std::uint32_t root = find(top);
    for (std::uint32_t n = root;;) {
      const bool below = f(n == none ? top : nodes_[n].id);
      if (n == none) return;
      if (below && nodes_[n].first != none) {
        n = nodes_[n].first;
        continue;
      }
      while (n != root && nodes_[n].younger == none) n = nodes_[n].parent;
      if (n == root) return;
      n = nodes_[n].younger;
    }
  }

 private:
  static constexpr std::uint32_t none = hash_index::none;
  struct node {
    object_id id = 0;
    std::uint32_t parent = none, first = none, last = none;  // its oldest and youngest child
    std::uint32_t older = none, younger = none;              // beside it
    std::uint32_t walk = 0;                                  // that came here last
  };

  struct id_of {
    const vec<node>& nodes;
    std::uint64_t operator()(std::uint32_t n) const noexcept { return nodes[n].id; }
  };

  std::uint32_t find(object_id id) const {
    return index_.find(id, [&](std::uint32_t n) { return nodes_[n].id == id; });
  }
  std::uint32_t take(object_id id) {
    if (const std::uint32_t known = find(id); known != none) return known;
    if (free_.empty()) {
      free_.push_back(static_cast<std::uint32_t>(nodes_.size()));
      nodes_.emplace_back();
    }
    const std::uint32_t n = free_.back();
    free_.pop_back();
    nodes_[n] = {};
    nodes_[n].id = id;
    index_.insert(n, id_of{nodes_});
    return n;
  }
  std::uint32_t lowest(std::uint32_t n) const noexcept {
    while (nodes_[n].last != none) n = nodes_[n].last;
    return n;
  }

  vec<node> nodes_;
  vec<std::uint32_t> free_;
  hash_index index_;  // by id
  std::uint32_t walk_ = 0;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
