// sum_tree.hpp - weights of numbered slots, their sum, and the slots that masses fall on.
// Room: learn. Threads: one owner at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <gyre/core/huge.hpp>
#include <gyre/learn/portable_pow.hpp>
#include <vector>

namespace gyre {
inline namespace v1 {

/// Sixteen weights side by side: a cache line, and a node of a sum_tree.
struct alignas(64) sum_node {
  float v[16] = {};
};

/// What a sum_tree does at one node. The sign of a weight is not part of it: see sum_tree.
/// A node is four vectors; its children are taken column by column (0 4 8 12, 1 5 9 13, ...), since
/// the sums of the columns cost three additions of vectors.
struct vector_node {
  using lanes = portable::lanes;
  using counts = portable::counts;

  static lanes magnitude(lanes v) noexcept {
    return portable::detail::bits_as<lanes>(portable::detail::bits_as<counts>(v) & 0x7fffffff);
  }
  static float sum(const sum_node& n) noexcept {
    const lanes t = columns(n);
    return (t[0] + t[1]) + (t[2] + t[3]);
  }
  /// The greatest of what is not negative; 0 where there is none.
  static float greatest(const sum_node& n) noexcept {
    const lanes ab = more(portable::load(n.v), portable::load(n.v + 4));
    const lanes cd = more(portable::load(n.v + 8), portable::load(n.v + 12));
    const lanes m = more(more(ab, cd), portable::all(0));
    return std::max(std::max(m[0], m[1]), std::max(m[2], m[3]));
  }
  /// The least of what is not 0, its sign left out; 0 where there is none.
  static float least(const sum_node& n) noexcept {
    const lanes ab = less(over_zero(n.v), over_zero(n.v + 4));
    const lanes cd = less(over_zero(n.v + 8), over_zero(n.v + 12));
    const lanes m = less(ab, cd);
    const float l = std::min(std::min(m[0], m[1]), std::min(m[2], m[3]));
    return l < beyond ? l : 0;
  }
  /// The column that `mass` falls on; what lies before that is taken from it. @pre sum(n) > 0
  static unsigned pick_column(const sum_node& n, float& mass) noexcept {
    return one_of(columns(n), mass);
  }
  /// The child of that column, likewise.
  static unsigned pick(const sum_node& n, unsigned column, float& mass) noexcept {
    const float* at = n.v + column;
    return column + 4 * one_of(magnitude(lanes{at[0], at[4], at[8], at[12]}), mass);
  }

 private:
  static constexpr float beyond = 3e38F;
  static lanes more(lanes a, lanes b) noexcept { return a > b ? a : b; }
  static lanes less(lanes a, lanes b) noexcept { return a < b ? a : b; }
  static lanes over_zero(const float* at) noexcept {
    const lanes v = magnitude(portable::load(at));
    return v > portable::all(0) ? v : portable::all(beyond);
  }
  static lanes columns(const sum_node& n) noexcept {
    using portable::load;
    return (magnitude(load(n.v)) + magnitude(load(n.v + 4))) +
           (magnitude(load(n.v + 8)) + magnitude(load(n.v + 12)));
  }
  /// Of four weights, counted from the last to the first (so that the lowest bit tells), the
  /// furthest that is not 0 and has at most `mass` before it: so a mass that rounding has carried
  /// past the end falls on the furthest live one, and none falls on a 0.
  static unsigned one_of(lanes t, float& mass) noexcept {
    const lanes zero = portable::all(0);
    const lanes pairs = t + __builtin_shufflevector(t, zero, 1, 2, 3, 4);
    const lanes upto = pairs + __builtin_shufflevector(pairs, zero, 2, 3, 4, 4);
    const lanes before = __builtin_shufflevector(upto, zero, 1, 2, 3, 4);
    const counts live = (before <= portable::all(mass)) & (t > zero);
    const auto last = static_cast<unsigned>(__builtin_ctz(bits(live) | 8U));
    float each[4];
    portable::store(each, before);
    mass -= each[last];
    return last;
  }
  /// Bit i is lane i's.
  static unsigned bits(counts mask) noexcept {
#if defined(__SSE__)
    return static_cast<unsigned>(
        __builtin_ia32_movmskps(portable::detail::bits_as<lanes>(mask)));
#elif defined(__wasm_simd128__)
    return static_cast<unsigned>(__builtin_wasm_bitmask_i32x4(mask));
#else
    mask &= counts{1, 2, 4, 8};
    return static_cast<unsigned>((mask[0] | mask[1]) | (mask[2] | mask[3]));
#endif
  }
};

/// The same, a number at a time: the same bits, which tests/learn/sum_tree.cpp compares.
struct scalar_node {
  static float sum(const sum_node& n) noexcept {
    return (column(n, 0) + column(n, 1)) + (column(n, 2) + column(n, 3));
  }
  static float greatest(const sum_node& n) noexcept {
    float most = 0;
    for (const float v : n.v) most = v > most ? v : most;
    return most;
  }
  static float least(const sum_node& n) noexcept {
    float least = 0;
    for (const float v : n.v) {
      if (size(v) > 0 && (least <= 0 || size(v) < least)) least = size(v);
    }
    return least;
  }
  static unsigned pick_column(const sum_node& n, float& mass) noexcept {
    const float t[4] = {column(n, 0), column(n, 1), column(n, 2), column(n, 3)};
    return one_of(t, mass);
  }
  static unsigned pick(const sum_node& n, unsigned c, float& mass) noexcept {
    const float w[4] = {size(n.v[c]), size(n.v[c + 4]), size(n.v[c + 8]), size(n.v[c + 12])};
    return c + 4 * one_of(w, mass);
  }

 private:
  static float size(float v) noexcept { return v < 0 ? -v : v; }
  static float column(const sum_node& n, unsigned c) noexcept {
    return (size(n.v[c]) + size(n.v[c + 4])) + (size(n.v[c + 8]) + size(n.v[c + 12]));
  }
  static unsigned one_of(const float* t, float& mass) noexcept {
    const float before[4] = {(t[1] + t[2]) + t[3], t[2] + t[3], t[3], 0};
    unsigned last = 3;
    for (unsigned i = 3; i-- > 0;) {
      if (before[i] <= mass && t[i] > 0) last = i;
    }
    mass -= before[last];
    return last;
  }
};

/// A weight for each of `slots` slots, 0 at first. A weight may be marked as assumed, by a minus
/// sign: it counts like any other in sums, but greatest() is of those that are not.
///
/// A node of sixteen is one cache line, and its parent's entry is summed again from it: no error
/// accumulates, and float suffices. What set() changed is summed when next asked for.
template <class Node = vector_node>
class basic_sum_tree {
 public:
  /// find() takes so many masses at once, in step, so that their fetches from memory overlap.
  static constexpr std::size_t most_at_once = 64;

  /// @param with_least least() will be asked for, which costs half as much memory again
  explicit basic_sum_tree(std::uint32_t slots, bool with_least = false) {
    std::size_t level = (std::size_t{std::max(slots, 1U)} + 15) / 16;
    std::size_t all = 0;
    for (;; level = (level + 15) / 16) {
      base_[levels_++] = all;
      all += level;
      if (level == 1) break;
    }
    sums_.resize(all);
    above_ = levels_ > 1 ? base_[1] : all;
    greatest_.resize(all - above_);
    with_least_ = with_least;
    if (with_least) least_.resize(all - above_);
    changed_.reserve(most_changed);
  }

  /// What a tree of so many slots takes.
  static std::uint64_t bytes(std::uint64_t slots, bool with_least = false) noexcept {
    std::uint64_t level = (std::max(slots, std::uint64_t{1}) + 15) / 16, all = level;
    while (level > 1) {
      level = (level + 15) / 16;
      all += level * (with_least ? 3 : 2);
    }
    return all * sizeof(sum_node) + most_changed * sizeof(std::uint32_t);
  }

  /// The weight of a slot; under zero: assumed. @pre finite
  float weight(std::uint32_t slot) const noexcept { return sums_[slot / 16].v[slot % 16]; }
  void set(std::uint32_t slot, float weight) noexcept {
    const std::uint32_t node = slot / 16;
    sums_[node].v[slot % 16] = weight;
    if (!changed_.empty() && changed_.back() == node) return;
    if (changed_.size() == most_changed) settle();
    changed_.push_back(node);  // never reallocates: most_changed are reserved
  }
  /// Fetches what set() will write, and what then is summed again.
  void fetch(std::uint32_t slot) const noexcept {
    __builtin_prefetch(&sums_[slot / 16], 1);
    if (levels_ > 1) __builtin_prefetch(&greatest_[slot / 256], 1);
  }

  /// The sum of all weights.
  float total() noexcept {
    settle();
    return root_.sum;
  }
  /// The greatest weight that is not assumed; 0 where there is none.
  float greatest() noexcept {
    settle();
    return root_.greatest;
  }
  /// The least weight that is not 0, assumed or not; 0 where there is none. @pre with_least
  float least() noexcept {
    settle();
    return root_.least;
  }

  /// For each mass of 0..total(): the slot it falls on, which always has a weight. The masses are
  /// spent on the way. @pre n <= most_at_once, total() > 0
  void find(float* mass, std::uint32_t* slot, std::size_t n) noexcept {
    settle();
    std::fill(slot, slot + n, 0U);
    for (std::size_t level = levels_; level-- > 0;) {
      const sum_node* here = sums_.data() + base_[level];
      const sum_node* below = level > 0 ? sums_.data() + base_[level - 1] : nullptr;
      unsigned column[most_at_once];
      for (std::size_t i = 0; i < n; ++i) column[i] = Node::pick_column(here[slot[i]], mass[i]);
      for (std::size_t i = 0; i < n; ++i) {
        slot[i] = slot[i] * 16 + Node::pick(here[slot[i]], column[i], mass[i]);
        if (below != nullptr) __builtin_prefetch(below + slot[i]);
      }
    }
  }

  /// Whether each node has what its children come to, bit for bit, and each weight is a number.
  bool check() noexcept {
    settle();
    for (std::size_t level = 0; level < levels_; ++level) {
      const std::size_t end = level + 1 < levels_ ? base_[level + 1] : sums_.size();
      for (std::size_t i = base_[level]; i < end; ++i) {
        const auto node = static_cast<std::uint32_t>(i - base_[level]);
        const summary said = entry(level, node), is = summed(level, node);
        if (!(is.sum < 3e38F) || !same(said.sum, is.sum) || !same(said.greatest, is.greatest) ||
            !same(said.least, is.least)) {
          return false;
        }
      }
    }
    return true;
  }

 private:
  static constexpr std::size_t most_changed = 256, most_levels = 8;
  struct summary {
    float sum = 0, greatest = 0, least = 0;
  };

  static bool same(float a, float b) noexcept { return !(a < b) && !(b < a); }
  /// What this node comes to.
  summary summed(std::size_t level, std::uint32_t node) const noexcept {
    const std::size_t i = base_[level] + node;
    return {.sum = Node::sum(sums_[i]),
            .greatest = Node::greatest(level == 0 ? sums_[i] : greatest_[i - above_]),
            .least = with_least_ ? Node::least(level == 0 ? sums_[i] : least_[i - above_]) : 0};
  }
  /// What the level above says of it.
  summary entry(std::size_t level, std::uint32_t node) const noexcept {
    if (level + 1 == levels_) return root_;
    const std::size_t i = base_[level + 1] + node / 16, k = node % 16;
    return {.sum = sums_[i].v[k],
            .greatest = greatest_[i - above_].v[k],
            .least = with_least_ ? least_[i - above_].v[k] : 0};
  }
  void enter(std::size_t level, std::uint32_t node, summary is) noexcept {
    if (level + 1 == levels_) {
      root_ = is;
      return;
    }
    const std::size_t i = base_[level + 1] + node / 16, k = node % 16;
    sums_[i].v[k] = is.sum;
    greatest_[i - above_].v[k] = is.greatest;
    if (with_least_) least_[i - above_].v[k] = is.least;
  }
  void settle() noexcept {
    if (!changed_.empty()) sum_changed();
  }
  /// Sums again what was changed, level by level, so that a parent is summed once for neighbours.
  void sum_changed() noexcept {
    std::size_t n = changed_.size();
    for (std::size_t level = 0; level < levels_; ++level) {
      std::size_t parents = 0;
      for (std::size_t i = 0; i < n; ++i) {
        const std::uint32_t node = changed_[i];
        enter(level, node, summed(level, node));
        if (parents == 0 || changed_[parents - 1] != node / 16) changed_[parents++] = node / 16;
      }
      n = parents;
    }
    changed_.clear();
  }

  using nodes = std::vector<sum_node, huge_allocator<sum_node>>;
  nodes sums_;                          // all levels, weights first
  nodes greatest_, least_;              // of the levels above the weights
  std::vector<std::uint32_t> changed_;  // nodes of the weights that are to be summed
  std::size_t base_[most_levels] = {};  // where a level begins in sums_
  std::size_t levels_ = 0, above_ = 0;
  summary root_;
  bool with_least_ = false;
};

using sum_tree = basic_sum_tree<>;

}  // namespace v1
}  // namespace gyre
