// huge.hpp - arrays of many megabytes, in pages of 2 MiB where the system gives them.
// Room: core. Threads: any.
#pragma once

#include <cstddef>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace gyre {
inline namespace v1 {

/// For arrays whose elements are read in no order: in pages of 4 KiB, translating the address of
/// each costs about as much again as reading it (a third of a tick with a million loops). From 4
/// MiB on, Linux is asked for pages of 2 MiB (madvise); if it has none, nothing is lost. What is
/// never touched is not taken, to within a page of either size.
template <class T>
struct huge_allocator {
  using value_type = T;

  huge_allocator() = default;
  template <class U>
  huge_allocator(const huge_allocator<U>&) noexcept {}  // NOLINT: implicit, as allocators are

  /// Throws std::bad_alloc, as operator new does.
  T* allocate(std::size_t n) {
    void* const at = ::operator new(n * sizeof(T), alignment(n));
#if defined(MADV_HUGEPAGE)
    if (large(n)) (void)::madvise(at, n * sizeof(T), MADV_HUGEPAGE);
#endif
    return static_cast<T*>(at);
  }
  void deallocate(T* at, std::size_t n) noexcept { ::operator delete(at, alignment(n)); }

  friend bool operator==(const huge_allocator&, const huge_allocator&) noexcept { return true; }

 private:
  static constexpr std::size_t page = std::size_t{2} << 20;

  static bool large(std::size_t n) noexcept { return n >= 2 * page / sizeof(T); }
  static std::align_val_t alignment(std::size_t n) noexcept {
    return std::align_val_t{large(n) ? page : alignof(T)};
  }
};

}  // namespace v1
}  // namespace gyre
