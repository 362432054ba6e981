// config.hpp - the macros of gyre, all of them; everything else is plain C++.
// Room: core. Threads: none of its own.
#pragma once

#if __cplusplus < 202002L
#error "gyre needs C++20: compile with -std=c++20, or later"
#include <needs_std_cxx20>  // is not there, so that the compiler ends here
#endif

/// 1 where the compiler has exceptions: `result::value()` throws there and aborts elsewhere.
#if defined(__cpp_exceptions)
#define GYRE_EXCEPTIONS 1
#else
#define GYRE_EXCEPTIONS 0
#endif

/// 1 where the program may create threads (not in a WebAssembly module built without them).
#if defined(__EMSCRIPTEN__) && !defined(__EMSCRIPTEN_PTHREADS__)
#define GYRE_THREADS 0
#else
#define GYRE_THREADS 1
#endif

/// 0 where the program defined GYRE_SEPARATE_COMPILATION, for all of its files: then gyre.hpp
/// brings in declarations, and one file includes gyre/src.hpp, which has the bodies. GYRE_DECL
/// stands before such a body.
#if defined(GYRE_SEPARATE_COMPILATION)
#define GYRE_HEADER_ONLY 0
#define GYRE_DECL
#else
#define GYRE_HEADER_ONLY 1
#define GYRE_DECL inline
#endif

/// Declares `name` as the value of `expr`, a result; returns its error from the calling function.
#define GYRE_TRY(name, expr)                                  \
  auto name##_result = (expr);                                \
  if (!name##_result) return std::move(name##_result).pass(); \
  auto&& name = *name##_result

/// Returns the error of `expr`, a result whose value is not wanted, from the calling function.
#define GYRE_CHECK(expr)                                                                       \
  do {                                                                                         \
    if (auto gyre_checked = (expr); !gyre_checked) return std::move(gyre_checked).pass();      \
  } while (false)
