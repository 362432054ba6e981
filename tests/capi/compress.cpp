// compress.cpp - compression through the C ABI: round trips, and what a thread keeps of them.
// Method: property; and the allocator's own count of what is in use, where it has one.
#include <string>

#include "kit.hpp"

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#if __GLIBC_PREREQ(2, 33)
#include <malloc.h>
#define CAN_COUNT 1
#endif
#endif

namespace {
std::size_t in_use() {
#if defined(CAN_COUNT)
  const auto m = ::mallinfo2();
  return m.uordblks + m.hblkhd;
#else
  return 0;
#endif
}
}  // namespace

// Each thread once kept a buffer as large as the largest piece it had ever seen.
TEST_CASE("a large piece comes back and leaves nothing behind in the thread", "[capi]") {
  const std::uint32_t size = 48u << 20;
  std::string raw(size, 'a'), packed(size + 65'536, 0), back(size, 0);
  for (std::size_t i = 0; i < size; i += 7) raw[i] = static_cast<char>(i * 2654435761u >> 24);
  char small[64];
  std::uint32_t needed = 0;
  for (int i = 0; i < 2; ++i) {  // the streams themselves are kept
    REQUIRE(gyre_compress("abc", 3, 0, small, sizeof small, &needed, nullptr) == GYRE_OK);
    REQUIRE(gyre_decompress(small, needed, back.data(), 3, nullptr) == GYRE_OK);
  }
  const std::size_t before = in_use();
  REQUIRE(gyre_compress(raw.data(), size, 0, packed.data(),
                        static_cast<std::uint32_t>(packed.size()), &needed, nullptr) == GYRE_OK);
  REQUIRE(gyre_decompress(packed.data(), needed, back.data(), size, nullptr) == GYRE_OK);
  CHECK(back == raw);
  CHECK(in_use() < before + (1u << 20));
  CHECK(gyre_decompress(packed.data(), needed - 1, back.data(), size, nullptr) == GYRE_E_CORRUPT);
}
