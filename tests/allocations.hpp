// allocations.hpp - counts what a test program asks of the standard allocator, and lets it fail.
// Room: tests. Threads: any. Include it in one file of a program: it replaces operator new.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace detail {
inline std::atomic<std::size_t> allocations{0};
inline thread_local long allocations_left = -1;  // until one fails; negative: none will
inline thread_local bool allocations_end = false;
inline thread_local std::size_t allocations_failed = 0;

/// Memory from malloc or aligned_alloc; null where it is to fail.
inline void* allocate(std::size_t size, std::size_t alignment) noexcept {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (allocations_left == 0) {
    if (!allocations_end) allocations_left = -1;
    ++allocations_failed;
    return nullptr;
  }
  if (allocations_left > 0) --allocations_left;
  if (alignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__) return std::malloc(size == 0 ? 1 : size);
  const std::size_t whole = (size + alignment - 1) / alignment * alignment;
  return std::aligned_alloc(alignment, whole == 0 ? alignment : whole);
}
[[noreturn]] inline void no_memory() {
#if defined(__cpp_exceptions)
  throw std::bad_alloc();
#else
  std::abort();
#endif
}
}  // namespace detail

/// How often the program has allocated so far.
inline std::size_t allocated() noexcept {
  return detail::allocations.load(std::memory_order_relaxed);
}
/// Of this thread's allocations the one after `n` others fails; with `for_good` all after it too.
inline void fail_allocation(std::size_t n, bool for_good) noexcept {
  detail::allocations_left = static_cast<long>(n);
  detail::allocations_end = for_good;
  detail::allocations_failed = 0;
}
/// None fails any more. @return how many have
inline std::size_t allow_allocations() noexcept {
  detail::allocations_left = -1;
  return detail::allocations_failed;
}

// Out of line, or g++ warns about a free() it sees through.
[[gnu::noinline]] void* operator new(std::size_t size) {
  if (void* p = detail::allocate(size, 1)) return p;
  detail::no_memory();
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return detail::allocate(size, 1);  // else a sanitizer's own, which does not go with our delete
}
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t to) {
  if (void* p = detail::allocate(size, std::size_t(to))) return p;
  detail::no_memory();
}
[[gnu::noinline]] void* operator new[](std::size_t size) { return operator new(size); }
[[gnu::noinline]] void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return detail::allocate(size, 1);
}
[[gnu::noinline]] void* operator new[](std::size_t size, std::align_val_t to) {
  return operator new(size, to);
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t, std::align_val_t) noexcept {
  std::free(p);
}
[[gnu::noinline]] void operator delete[](void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete[](void* p, std::size_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete[](void* p, std::align_val_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete[](void* p, std::size_t, std::align_val_t) noexcept {
  std::free(p);
}
