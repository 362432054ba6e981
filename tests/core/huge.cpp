// Method: elements stay across growth through the limit; what the kernel says of the mapping.
#include <gyre/core/huge.hpp>

#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "catch.hpp"

#if defined(__SANITIZE_ADDRESS__)
extern "C" int __lsan_do_recoverable_leak_check();
#endif

namespace {
constexpr std::size_t mib = std::size_t{1} << 20;

struct alignas(64) line {
  std::uint64_t number = 0;
};

/// Whether the kernel gives the memory at this address in huge pages if it can. Where it tells
/// nothing of mappings, `otherwise`.
bool asked_for_huge(const void* at, bool otherwise) {
  std::ifstream maps("/proc/self/smaps");
  const auto address = reinterpret_cast<std::uintptr_t>(at);
  bool here = false, huge_known = false;
  for (std::string text; std::getline(maps, text);) {
    if (text.rfind("THPeligible:", 0) == 0) huge_known = true;
    if (text.rfind("VmFlags:", 0) == 0) {
      if (here) return huge_known ? text.find(" hg") != std::string::npos : otherwise;
    } else if (text.find('-') < text.find(' ')) {
      const std::uintptr_t from = std::stoull(text, nullptr, 16);
      const std::uintptr_t to = std::stoull(text.substr(text.find('-') + 1), nullptr, 16);
      here = from <= address && address < to;
    }
  }
  return otherwise;
}

template <class T>
void grow_through_the_limit() {
  std::vector<T, gyre::huge_allocator<T>> list;
  const std::size_t n = 16 * mib / sizeof(T);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < n; ++i) {
    list.push_back(T{i});
    wrong += reinterpret_cast<std::uintptr_t>(list.data()) % alignof(T) == 0 ? 0 : 1;
  }
  for (std::size_t i = 0; i < n; ++i) wrong += list[i].number == i ? 0 : 1;
  REQUIRE(wrong == 0);
}
struct plain {
  std::uint64_t number = 0;
};
}  // namespace

TEST_CASE("a vector in huge pages grows as any other", "[core]") {
  grow_through_the_limit<plain>();
  grow_through_the_limit<line>();
}

TEST_CASE("what is freed goes back to the system, to the last page", "[core]") {
  const auto pages = [] {
    std::size_t mapped = 0, resident = 0;
    std::ifstream("/proc/self/statm") >> mapped >> resident;
    return mapped * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  };
  gyre::huge_allocator<line> memory;
  const std::size_t before = pages();
  const std::size_t base = GENERATE(16 * mib, mib / 4);
  for (std::size_t i = 0; i < 200; ++i) {
    const std::size_t n = (base + i * 4096) / sizeof(line);
    line* const at = memory.allocate(n);
    std::memset(static_cast<void*>(at), 1, n * sizeof(line));
    memory.deallocate(at, n);
  }
  REQUIRE(pages() < before + 2 * base);
}

TEST_CASE("the system is asked for huge pages from 4 MiB on", "[core]") {
  gyre::huge_allocator<line> memory;
  const std::size_t few = 4 * mib / sizeof(line) - 1, many = few + 1;
  line* const small = memory.allocate(few);
  line* const large = memory.allocate(many);
  REQUIRE(reinterpret_cast<std::uintptr_t>(large) % (2 * mib) == 0);
  const std::unique_ptr<char[]> other(new char[4 * mib]);  // malloc may ask for all it has
  if (!asked_for_huge(other.get() + 2 * mib, false)) {
    REQUIRE_FALSE(asked_for_huge(small + few / 2, false));
  }
  REQUIRE(asked_for_huge(large, true));
  REQUIRE(asked_for_huge(large + many - 1, true));
  memory.deallocate(small, few);
  memory.deallocate(large, many);
}

#if defined(__SANITIZE_ADDRESS__) && defined(__linux__)
TEST_CASE("the leak sanitizer finds what is pointed to from huge pages", "[core]") {
  static std::vector<std::unique_ptr<int>, gyre::huge_allocator<std::unique_ptr<int>>> list;
  for (std::size_t i = 0; i < 8 * mib / sizeof(void*); i += 1024) {
    list.resize(i + 1);
    list.back() = std::make_unique<int>(1);
  }
  REQUIRE(__lsan_do_recoverable_leak_check() == 0);
  list.clear();
}
#endif
