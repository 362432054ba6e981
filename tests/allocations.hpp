// allocations.hpp - counts what a test program asks of the standard allocator.
// Room: tests. Threads: any. Include it in one file of a program: it replaces operator new.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace detail {
inline std::atomic<std::size_t> allocations{0};
}
/// How often the program has allocated so far.
inline std::size_t allocated() noexcept {
  return detail::allocations.load(std::memory_order_relaxed);
}

// Out of line, or g++ warns about a free() it sees through.
[[gnu::noinline]] void* operator new(std::size_t size) {
  detail::allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* p = std::malloc(size == 0 ? 1 : size)) return p;
  std::abort();
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return operator new(size);  // else a sanitizer's own, which does not go with our delete
}
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t to) {
  detail::allocations.fetch_add(1, std::memory_order_relaxed);
  const std::size_t alignment = std::size_t(to) < sizeof(void*) ? sizeof(void*) : std::size_t(to);
  const std::size_t whole = (size + alignment - 1) / alignment * alignment;
  if (void* p = std::aligned_alloc(alignment, whole == 0 ? alignment : whole)) return p;
  std::abort();
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t, std::align_val_t) noexcept {
  std::free(p);
}
