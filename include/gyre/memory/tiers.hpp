// tiers.hpp - the age of a record in words: a label computed when read, which moves nothing.
// Room: memory. Threads: pure functions.
#pragma once
#include <cstdint>

namespace gyre {
inline namespace v1 {
enum class tier : std::uint8_t { short_term, medium_term, long_term };

/// short under 5 minutes, medium under 1 hour, else long. A record from the future counts as short.
constexpr tier tier_of(std::int64_t wall_ms, std::int64_t now_ms) noexcept {
  constexpr std::int64_t minute = 60'000;
  if (now_ms <= wall_ms) return tier::short_term;
  const auto age =
      static_cast<std::uint64_t>(now_ms) - static_cast<std::uint64_t>(wall_ms);  // no overflow
  if (age < 5 * minute) return tier::short_term;
  return age < 60 * minute ? tier::medium_term : tier::long_term;
}

constexpr const char* name(tier t) noexcept {
  if (t == tier::short_term) return "short";
  return t == tier::medium_term ? "medium" : "long";
}
}  // namespace v1
}  // namespace gyre
