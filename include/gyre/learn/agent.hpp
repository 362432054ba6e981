// agent.hpp - what every learner of this room can be asked, by the same names.
// Room: learn. Threads: one owner at a time.
#pragma once

#include <concepts>
#include <cstdint>
#include <gyre/core/bytes.hpp>
#include <gyre/core/result.hpp>
#include <gyre/learn/transition.hpp>

namespace gyre {
inline namespace v1 {

/// act() on what is seen, do it, observe() what came of it: so every learner is used, whether it
/// sees a state by its number (`observation` is a std::uint32_t, `experience` a transition) or some
/// numbers (a std::span<const float>, and a float_transition).
///
///     for (;;) {
///       const std::uint32_t action = agent.act(seen);
///       ...                              // do it
///       agent.observe(step);             // the same `seen` and `action`, and what followed
///     }
///
/// - `act` explores, and counts a decision; `greedy` does neither. Both give an index under
///   actions(). An index of a state that is out of range, or a span of another size, is no call.
/// - `observe` learns, and says false where it refused (a number that is not finite, an index or a
///   size that is out of range): that is counted, and nothing else has changed.
/// - `train` learns once more from what was observed; observe() calls it when it is due.
/// - `set_exploring(false)` makes act() choose as greedy() does; decisions still count.
/// - `save` writes what learning has changed, not the options, which the owner gives again; after
///   `load` the learner goes on bit for bit as if it had never stopped. A `load` that fails has
///   changed nothing: code::format for another version or shape, code::corrupt for damage.
/// - `stats` has at least decisions, observations, refused, updates and mean_reward.
///
/// No call but load() and the constructor takes memory.
template <class A>
concept agent = requires(A& a, const A& c, const typename A::observation& seen,
                         const typename A::experience& step, byte_writer& out, byte_reader& in) {
  { a.act(seen) } noexcept -> std::same_as<std::uint32_t>;
  { a.greedy(seen) } noexcept -> std::same_as<std::uint32_t>;
  { a.observe(step) } noexcept -> std::same_as<bool>;
  { a.train() } noexcept;
  { a.set_exploring(true) } noexcept;
  { c.actions() } noexcept -> std::same_as<std::uint32_t>;
  { c.stats().decisions } -> std::convertible_to<std::uint64_t>;
  { c.stats().observations } -> std::convertible_to<std::uint64_t>;
  { c.stats().refused } -> std::convertible_to<std::uint64_t>;
  { c.stats().updates } -> std::convertible_to<std::uint64_t>;
  { c.stats().mean_reward } -> std::convertible_to<double>;
  c.save(out);
  { a.load(in) } -> std::same_as<result<void>>;
};

}  // namespace v1
}  // namespace gyre
