// planner.hpp - moves the worths of cells to what a model of the world says, best cells first.
// Room: learn. Threads: one owner at a time.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <gyre/core/rng.hpp>
#include <gyre/learn/count_model.hpp>
#include <gyre/learn/q_table.hpp>
#include <string>
#include <utility>

namespace gyre {
inline namespace v1 {

/// Learns a count_model and plans in it: each update makes a cell what the model expects of it,
/// over all that may follow, so there is no step size. Either of cells that were tried, at random
/// (Dyna-Q, Sutton 1990), or of those whose worth would change most (prioritized sweeping, Moore
/// and Atkeson 1993): those that lead to what just changed, most probable first.
/// Memory: the model's, and 20 bytes a cell.
class planner {
 public:
  planner(std::uint32_t states, std::uint32_t actions)  ///< @pre both > 0
      : actions_(actions), model_(states, actions), priority_(model_.cells(), 0.0),
        place_(model_.cells(), none), heap_(), tried_() {
    heap_.reserve(model_.cells());
    tried_.reserve(model_.cells());
  }

  const count_model& model() const noexcept { return model_; }
  std::uint32_t waiting() const noexcept { return static_cast<std::uint32_t>(heap_.size()); }

  /// Counts what was seen, and updates its cell. @param next end() for an end
  void observe(q_table& q, std::uint32_t cell, double reward, std::uint32_t next,
               double discount) noexcept {
    add(cell, reward, next);
    update(q, cell, discount);
  }
  /// Counts alone.
  void add(std::uint32_t cell, double reward, std::uint32_t next) noexcept {
    if (model_.seen(cell) == 0) tried_.push_back(cell);
    model_.add(cell, reward, next);
  }
  std::uint32_t end() const noexcept { return model_.end(); }  ///< what follows a step to an end
  /// Updates `n` cells that were tried, at random, perhaps one more than once.
  void dyna(q_table& q, std::uint32_t n, double discount, rng& random) noexcept {
    if (tried_.empty()) return;
    for (; n > 0; --n) {
      const std::uint32_t cell = tried_[random.below(static_cast<std::uint32_t>(tried_.size()))];
      q.set(cell, worth(q, cell, discount));
    }
  }
  /// Updates the `n` cells that wait with the highest priority, or fewer. @return how many
  std::uint32_t sweep(q_table& q, std::uint32_t n, double discount) noexcept {
    std::uint32_t done = 0;
    for (; done < n && !heap_.empty(); ++done) update(q, pop(), discount);
    return done;
  }

  void save(byte_writer& out) const {
    model_.save(out);
    out.varint(tried_.size());
    for (const std::uint32_t c : tried_) out.varint(c);
    out.varint(heap_.size());
    for (const std::uint32_t c : heap_) {
      out.varint(c);
      out.f64(priority_[c]);
    }
  }
  /// What save() of one of this shape wrote; code::corrupt: it is as new then.
  result<void> load(byte_reader& in) {
    GYRE_CHECK(model_.load(in));
    const auto cells = static_cast<std::uint32_t>(model_.cells());
    const std::uint64_t tried = in.varint();
    for (std::uint64_t i = 0; i < tried; ++i) {
      const std::uint32_t c = read_cell(in);
      if (!in.ok() || c >= cells || model_.seen(c) == 0 || tried_.size() >= cells) {
        return fail(code::corrupt, "planner: what was tried is damaged");
      }
      tried_.push_back(c);
    }
    const std::uint64_t waiting = in.varint();
    for (std::uint64_t i = 0; i < waiting; ++i) {
      const std::uint32_t c = read_cell(in);
      const double priority = in.f64();
      if (!in.ok() || c >= cells || place_[c] != none || !(priority >= 0) || model_.seen(c) == 0) {
        return fail(code::corrupt, "planner: its queue is damaged");
      }
      place_[c] = static_cast<std::uint32_t>(heap_.size());
      priority_[c] = priority;
      heap_.push_back(c);
    }
    if (!in.ok()) return fail(code::corrupt, "planner: it ends early");
    return ok;
  }

 private:
  static constexpr std::uint32_t none = 0xffffffffU;
  /// A change of less than this part of a worth, and 1, does not make others wait.
  static constexpr double least = 1e-9;

  /// What is too large for a cell is none.
  static std::uint32_t read_cell(byte_reader& in) noexcept {
    const std::uint64_t c = in.varint();
    return c < none ? static_cast<std::uint32_t>(c) : none;
  }
  double worth(const q_table& q, std::uint32_t cell, double discount) const noexcept {
    return model_.worth(cell, discount, [&](std::uint32_t s) { return q.exact_best(s); });
  }
  /// Sets a cell, and has those wait that lead to its state if that is worth more or less now.
  void update(q_table& q, std::uint32_t cell, double discount) noexcept {
    const std::uint32_t state = cell / actions_;
    const double before = q.exact_best(state);
    q.set(cell, worth(q, cell, discount));
    const double now = q.exact_best(state), change = std::fabs(now - before) * discount;
    if (!(change > least * (1 + std::fabs(now)))) return;
    model_.each_before(state, [&](std::uint32_t c, std::uint32_t count) {
      raise(c, change * count / model_.seen(c));
    });
  }
  void raise(std::uint32_t cell, double priority) noexcept {
    if (place_[cell] == none) {
      place_[cell] = waiting();
      heap_.push_back(cell);  // never reallocates
      priority_[cell] = 0;
    }
    if (priority <= priority_[cell]) return;
    priority_[cell] = priority;
    std::uint32_t i = place_[cell];
    for (; i > 0 && priority_[heap_[(i - 1) / 2]] < priority; i = (i - 1) / 2) {
      put(i, heap_[(i - 1) / 2]);
    }
    put(i, cell);
  }
  std::uint32_t pop() noexcept {
    const std::uint32_t top = heap_[0], last = heap_.back();
    place_[top] = none;
    heap_.pop_back();
    if (heap_.empty()) return top;
    std::uint32_t i = 0;
    for (;;) {
      std::uint32_t child = 2 * i + 1;
      if (child >= waiting()) break;
      if (child + 1 < waiting() && priority_[heap_[child + 1]] > priority_[heap_[child]]) ++child;
      if (priority_[heap_[child]] <= priority_[last]) break;
      put(i, heap_[child]);
      i = child;
    }
    put(i, last);
    return top;
  }
  void put(std::uint32_t i, std::uint32_t cell) noexcept {
    heap_[i] = cell;
    place_[cell] = i;
  }

  std::uint32_t actions_;
  count_model model_;
  vec<double> priority_;        // of each cell that waits
  vec<std::uint32_t> place_;    // of each cell, its index in heap_
  vec<std::uint32_t> heap_;     // cells that wait, the greatest priority first
  vec<std::uint32_t> tried_;    // cells, in the order in which they were tried first
};

}  // namespace v1
}  // namespace gyre
