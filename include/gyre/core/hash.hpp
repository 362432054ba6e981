// hash.hpp - SipHash-2-4 (keyed, 64 and 128 bits), and hexadecimal text.
// Room: core. Threads: pure functions; a siphash object has one owner.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <gyre/core/config.hpp>
#include <span>
#include <string>

namespace gyre {
inline namespace v1 {

/// A 128-bit key: two little-endian words.
using key128 = std::array<std::uint64_t, 2>;

/// SipHash-2-4 fed in pieces (Aumasson and Bernstein 2012). Reading a digest changes nothing, so a
/// running hash can be looked at and fed further.
class siphash {
 public:
  explicit constexpr siphash(key128 key = {0, 0}, bool wide = false) noexcept
      : v_{key[0] ^ 0x736f6d6570736575ULL, key[1] ^ 0x646f72616e646f6dULL ^ (wide ? 0xeeU : 0U),
           key[0] ^ 0x6c7967656e657261ULL, key[1] ^ 0x7465646279746573ULL},
        wide_(wide) {}

  constexpr void update(std::span<const std::byte> bytes) noexcept {
    for (const std::byte b : bytes) {
      tail_ |= std::to_integer<std::uint64_t>(b) << (8 * (length_ & 7));
      ++length_;
      if ((length_ & 7) == 0) {
        absorb(tail_);
        tail_ = 0;
      }
    }
  }
  /// Eight bytes at once, as their little-endian word. @pre a multiple of 8 bytes came before
  constexpr void update_word(std::uint64_t word) noexcept {
    absorb(word);
    length_ += 8;
  }
  constexpr std::uint64_t digest() const noexcept { return finished()[0]; }
  /// @pre constructed with wide = true
  constexpr std::array<std::uint64_t, 2> digest128() const noexcept { return finished(); }

 private:
  static constexpr std::uint64_t rotate(std::uint64_t x, int by) noexcept {
    return (x << by) | (x >> (64 - by));
  }
  constexpr void round() noexcept {
    v_[0] += v_[1];
    v_[1] = rotate(v_[1], 13) ^ v_[0];
    v_[0] = rotate(v_[0], 32);
    v_[2] += v_[3];
    v_[3] = rotate(v_[3], 16) ^ v_[2];
    v_[0] += v_[3];
    v_[3] = rotate(v_[3], 21) ^ v_[0];
    v_[2] += v_[1];
    v_[1] = rotate(v_[1], 17) ^ v_[2];
    v_[2] = rotate(v_[2], 32);
  }
  constexpr void absorb(std::uint64_t word) noexcept {
    v_[3] ^= word;
    round();
    round();
    v_[0] ^= word;
  }
  constexpr std::array<std::uint64_t, 2> finished() const noexcept {
    siphash s = *this;
    s.absorb(tail_ | (length_ << 56));
    s.v_[2] ^= wide_ ? 0xeeU : 0xffU;
    for (int i = 0; i < 4; ++i) s.round();
    const std::uint64_t low = s.v_[0] ^ s.v_[1] ^ s.v_[2] ^ s.v_[3];
    if (!wide_) return {low, 0};
    s.v_[1] ^= 0xddU;
    for (int i = 0; i < 4; ++i) s.round();
    return {low, s.v_[0] ^ s.v_[1] ^ s.v_[2] ^ s.v_[3]};
  }

  std::array<std::uint64_t, 4> v_;
  std::uint64_t tail_ = 0;
  std::uint64_t length_ = 0;
  bool wide_;
};

constexpr std::uint64_t siphash24(std::span<const std::byte> bytes, key128 key = {0, 0}) noexcept {
  siphash h(key);
  h.update(bytes);
  return h.digest();
}

constexpr std::array<std::uint64_t, 2> siphash24_128(std::span<const std::byte> bytes,
                                                     key128 key) noexcept {
  siphash h(key, true);
  h.update(bytes);
  return h.digest128();
}

/// 16 lower-case hexadecimal digits.
inline std::string to_hex(std::uint64_t value) {
  std::string out(16, '0');
  for (std::size_t i = 16; i-- > 0; value >>= 4) out[i] = "0123456789abcdef"[value & 15U];
  return out;
}

}  // namespace v1
}  // namespace gyre
