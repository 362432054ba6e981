// version.hpp - the version of these headers.
// Room: core. Threads: constants only.
#pragma once

#include <cstdint>

namespace gyre {
inline namespace v1 {

inline constexpr std::uint32_t version_major = 0;
inline constexpr std::uint32_t version_minor = 1;
inline constexpr std::uint32_t version_patch = 0;
inline constexpr const char* version_text = "0.1.0";

/// True where equal seeds give equal trace hashes across compilers and machines: IEEE 754 doubles
/// evaluated in their own precision. The other condition cannot be seen by the program: it must be
/// compiled with -ffp-contract=off, as gyre's own builds are.
#if defined(__FLT_EVAL_METHOD__) && __FLT_EVAL_METHOD__ == 0 && !defined(__FAST_MATH__)
inline constexpr bool bit_exact = true;
#else
inline constexpr bool bit_exact = false;
#endif

}  // namespace v1
}  // namespace gyre
