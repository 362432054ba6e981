// huge.hpp - memory for large arrays: goes back when freed, in pages of 2 MiB from 4 MiB on.
// Room: core. Threads: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>

// There where the leak sanitizer is: pointers in memory that is mapped are otherwise none to it.
extern "C" void __lsan_register_root_region(const void*, std::size_t) __attribute__((weak));
extern "C" void __lsan_unregister_root_region(const void*, std::size_t) __attribute__((weak));
#endif

namespace gyre {
inline namespace v1 {

/// For arrays whose elements are read in no order: in pages of 4 KiB, translating the address of
/// each costs about as much again as reading it. From 4 MiB on, Linux is asked for pages of 2 MiB
/// (madvise); if it has none, nothing is lost. From 256 KiB on, what is never touched is not taken,
/// to within a page of either size, and what is freed goes back to the system at once: what an
/// array leaves behind when it grows would stay in the heap for good.
struct huge {
  /// Throws std::bad_alloc, as operator new does.
  static void* take(std::size_t bytes, std::size_t align) {
#if defined(MADV_HUGEPAGE)
    if (bytes >= least) return map(whole(bytes));
#endif
    return ::operator new(bytes, static_cast<std::align_val_t>(align));
  }
  /// @param at from take() of as many bytes and the same alignment
  static void give(void* at, [[maybe_unused]] std::size_t bytes, std::size_t align) noexcept {
#if defined(MADV_HUGEPAGE)
    if (bytes >= least) return unmap(at, whole(bytes));
#endif
    ::operator delete(at, static_cast<std::align_val_t>(align));
  }

#if defined(MADV_HUGEPAGE)
 private:
  static constexpr std::size_t page = std::size_t{2} << 20, pages = 2 * page;
  static constexpr std::size_t least = std::size_t{256} << 10;

  static std::size_t whole(std::size_t bytes) noexcept {
    return bytes < pages ? bytes : (bytes + page - 1) / page * page;
  }
  /// For huge pages it maps one more, for the alignment, and gives back what is over at both ends.
  static void* map(std::size_t bytes) {
    const std::size_t more = bytes < pages ? 0 : page;
    void* const all = ::mmap(nullptr, bytes + more, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED) return ::operator new(~std::size_t{0} / 2);  // fails as it fails
    char* at = static_cast<char*>(all);
    if (more != 0) {
      const std::size_t before = (page - reinterpret_cast<std::uintptr_t>(all) % page) % page;
      if (before != 0) (void)::munmap(at, before);
      at += before;
      (void)::munmap(at + bytes, page - before);
      (void)::madvise(at, bytes, MADV_HUGEPAGE);
    }
    if (__lsan_register_root_region != nullptr) __lsan_register_root_region(at, bytes);
    return at;
  }
  static void unmap(void* at, std::size_t bytes) noexcept {
    if (__lsan_unregister_root_region != nullptr) __lsan_unregister_root_region(at, bytes);
    (void)::munmap(at, bytes);
  }
#endif
};

/// The same for arrays of `n` elements.
template <class T>
struct huge_allocator {
  using value_type = T;

  huge_allocator() = default;
  template <class U>
  huge_allocator(const huge_allocator<U>&) noexcept {}  // NOLINT: implicit, as allocators are

  T* allocate(std::size_t n) { return static_cast<T*>(huge::take(n * sizeof(T), alignof(T))); }
  void deallocate(T* at, std::size_t n) noexcept { huge::give(at, n * sizeof(T), alignof(T)); }

  friend bool operator==(const huge_allocator&, const huge_allocator&) noexcept { return true; }
};

}  // namespace v1
}  // namespace gyre
