// rng.hpp - counter-based random numbers: the k-th draw is a pure function of four numbers.
// Room: core. Threads: one owner at a time; mix() is pure.
#pragma once

#include <cmath>
#include <cstdint>

namespace gyre {
inline namespace v1 {

/// What a stream of random numbers is for, so that no two uses share one.
enum class purpose : std::uint32_t {
  jitter = 1,
  phase = 2,
  backoff = 3,
  explore = 4,
  replay = 5,
  key = 6,
  society = 7,
  user = 8,
  gap = 9,
};

/// One 64-bit draw. Each number passes through the finaliser of SplitMix64 (Steele, Lea and Flood
/// 2014, constants by Stafford's variant 13), so that near inputs give unrelated outputs.
constexpr std::uint64_t mix(std::uint64_t seed, std::uint64_t stream, std::uint64_t purpose,
                            std::uint64_t k) noexcept {
  constexpr auto stir = [](std::uint64_t z) {
    z += 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  };
  return stir(stir(stir(stir(seed) ^ stream) ^ (purpose << 32)) ^ k);
}

/// A 64-bit draw as a double in [0, 1): its top 53 bits.
constexpr double unit(std::uint64_t draw) noexcept {
  return static_cast<double>(draw >> 11) * 0x1.0p-53;
}

/// A stream of draws. Its whole state is the counter: save that and it continues.
class rng {
 public:
  constexpr rng(std::uint64_t seed, std::uint64_t stream, std::uint64_t purpose,
                std::uint64_t k = 0) noexcept
      : key_(mix(seed, stream, purpose, 0x67797265ULL)), k_(k) {}
  constexpr rng(std::uint64_t seed, std::uint64_t stream, gyre::purpose purpose,
                std::uint64_t k = 0) noexcept
      : rng(seed, stream, static_cast<std::uint64_t>(purpose), k) {}

  constexpr std::uint64_t next() noexcept {
    std::uint64_t z = key_ + 0x9e3779b97f4a7c15ULL * ++k_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  constexpr double unit() noexcept { return gyre::unit(next()); }
  /// Uniform in [0, n) by multiply and shift (Lemire 2019); off by less than n / 2^32.
  /// @pre n > 0
  constexpr std::uint32_t below(std::uint32_t n) noexcept {
    return static_cast<std::uint32_t>(((next() >> 32) * n) >> 32);
  }
  /// Normal with mean 0 and variance 1: the sum of twelve uniforms less 6 (Irwin-Hall), which needs
  /// only additions and is therefore the same on every machine; never beyond +-6.
  constexpr double normal() noexcept {
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += unit();
    return sum;
  }
  constexpr std::uint64_t counter() const noexcept { return k_; }
  constexpr void seek(std::uint64_t k) noexcept { k_ = k; }

 private:
  std::uint64_t key_;
  std::uint64_t k_;
};

}  // namespace v1
}  // namespace gyre
