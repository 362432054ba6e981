// run_memory.hpp - the memory of external ticks that are over, for the next ones.
// Room: engine. Threads: any.
#pragma once

#include <cstddef>
#include <mutex>
#include <new>
#include <utility>

namespace gyre {
inline namespace v1 {
namespace detail {

/// Places of one size: of as many as were taken at one time.
class run_memory {
 public:
  run_memory() = default;
  run_memory(const run_memory&) = delete;
  run_memory& operator=(const run_memory&) = delete;
  ~run_memory() {
    while (free_ != nullptr) ::operator delete(std::exchange(free_, free_->next));
  }
  /// @param size always the same, and that of a pointer at least
  void* take(std::size_t size) {
    {
      const std::lock_guard lock(mutex_);
      if (free_ != nullptr) return std::exchange(free_, free_->next);
    }
    return ::operator new(size);
  }
  void give(void* gone) noexcept {
    const std::lock_guard lock(mutex_);
    free_ = ::new (gone) place{free_};
  }

 private:
  struct place {
    place* next;
  };
  std::mutex mutex_;
  place* free_ = nullptr;
};
/// For std::allocate_shared.
template <class T>
struct run_allocator {
  using value_type = T;
  explicit run_allocator(run_memory& m) noexcept : from(&m) {}
  template <class U>
  run_allocator(const run_allocator<U>& o) noexcept : from(o.from) {}  // NOLINT: as std's are
  T* allocate(std::size_t n) { return static_cast<T*>(from->take(n * sizeof(T))); }
  void deallocate(T* p, std::size_t) noexcept { from->give(p); }
  bool operator==(const run_allocator& o) const noexcept { return from == o.from; }
  run_memory* from;
};

}  // namespace detail
}  // namespace v1
}  // namespace gyre
