// transition.hpp - one step of experience: what was seen, done, earned, and seen after it.
// Room: learn. Threads: plain values.
#pragma once

#include <cstdint>
#include <gyre/core/bytes.hpp>
#include <span>

namespace gyre {
inline namespace v1 {

/// One finished tick as a learner sees it. The two ends are kept apart because they mean opposite
/// things: after a terminal state nothing more can be earned, so nothing is bootstrapped from
/// `next`; a truncated episode was only cut off, so `next` still has its worth.
struct transition {
  std::uint32_t state = 0;
  std::uint32_t action = 0;
  double reward = 0;
  std::uint32_t next = 0;       ///< the true successor, also when the episode was cut off there
  std::uint8_t terminated = 0;  ///< 1: `next` is an end of the task
  std::uint8_t truncated = 0;   ///< 1: cut off by a limit; the learner bootstraps as if it went on

  friend bool operator==(const transition&, const transition&) = default;
};

/// A step of experience of a learner that sees numbers. The spans are the caller's, and are read
/// during the call alone. As in `transition`, `next` is what truly came, also where the episode was
/// cut off there.
struct float_transition {
  std::span<const float> seen;
  std::uint32_t action = 0;
  double reward = 0;
  std::span<const float> next;
  std::uint8_t terminated = 0;  ///< 1: `next` is an end of the task, and worth nothing
  std::uint8_t truncated = 0;   ///< 1: cut off by a limit; the learner bootstraps as if it went on
};

/// state, action as varints, reward as f32, next as varint, one byte of flags (1 terminated, 2
/// truncated, 4 the reward is no float and follows as f64).
inline void encode(byte_writer& out, const transition& t) {
  out.varint(t.state);
  out.varint(t.action);
  const auto narrow = static_cast<float>(t.reward);
  const auto back = static_cast<double>(narrow);
  const bool wide = back < t.reward || back > t.reward;
  out.f32(narrow);
  out.varint(t.next);
  out.u8(static_cast<std::uint8_t>((t.terminated != 0 ? 1 : 0) | (t.truncated != 0 ? 2 : 0) |
                                   (wide ? 4 : 0)));
  if (wide) out.f64(t.reward);
}

/// What encode() wrote; false when the bytes cannot be that.
inline bool decode(byte_reader& in, transition& t) noexcept {
  const std::uint64_t state = in.varint();
  const std::uint64_t action = in.varint();
  const float narrow = in.f32();
  const std::uint64_t next = in.varint();
  const std::uint8_t flags = in.u8();
  const double reward = (flags & 4U) != 0 ? in.f64() : static_cast<double>(narrow);
  if (!in.ok() || (state | action | next) > 0xffffffffU || flags > 7) return false;
  t.state = static_cast<std::uint32_t>(state);
  t.action = static_cast<std::uint32_t>(action);
  t.reward = reward;
  t.next = static_cast<std::uint32_t>(next);
  t.terminated = flags & 1U;
  t.truncated = static_cast<std::uint8_t>(flags >> 1 & 1U);
  return true;
}

}  // namespace v1
}  // namespace gyre
