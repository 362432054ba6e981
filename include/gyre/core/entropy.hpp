// entropy.hpp - 64 bits that no other process has.
// Room: core. Threads: any.
#pragma once

#include <cstdint>

#include <gyre/core/config.hpp>
#include <gyre/core/rng.hpp>
#include <gyre/core/time.hpp>

#if GYRE_THREADS
#include <sys/random.h>
#include <unistd.h>
#endif

namespace gyre {
inline namespace v1 {

/// From the system; where it gives none, from the clocks, the process and an address. Never 0. In a
/// module without threads, which may have neither, 1.
inline std::uint64_t entropy() noexcept {
#if GYRE_THREADS
  std::uint64_t drawn = 0;
  if (::getentropy(&drawn, sizeof drawn) != 0) {
    drawn = mix(static_cast<std::uint64_t>(wall_now().count()),
                static_cast<std::uint64_t>(monotonic_now().count()),
                static_cast<std::uint64_t>(::getpid()),
                static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(&drawn)));
  }
  return drawn != 0 ? drawn : 1;
#else
  return 1;
#endif
}

}  // namespace v1
}  // namespace gyre
