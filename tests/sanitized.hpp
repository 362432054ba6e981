// sanitized.hpp - whether a sanitizer watches, and how much of a test's work is done then.
// Room: tests. Threads: any.
#pragma once

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define GYRE_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define GYRE_SANITIZED 1
#endif
#endif
#ifndef GYRE_SANITIZED
#define GYRE_SANITIZED 0
#endif

/// Its shadow is not our memory, and its time, up to thirty times ours, is not our time.
inline constexpr bool sanitized = GYRE_SANITIZED != 0;

/// `n`, or an `nth` of it under a sanitizer: the plain build of the same suite does it all.
template <class T>
constexpr T fewer(T n, int nth = 10) {
  return sanitized ? n / nth : n;
}
