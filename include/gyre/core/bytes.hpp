// bytes.hpp - writing and reading values as little-endian bytes, bounds-checked.
// Room: core. Threads: one owner at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gyre/core/portable.hpp>

namespace gyre {
inline namespace v1 {

/// Bytes as text, without a copy.
inline std::string_view as_text(std::span<const std::byte> bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline std::span<const std::byte> as_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

/// Appends values to a growing buffer.
class byte_writer {
 public:
  void u8(std::uint8_t v) { bytes_.push_back(static_cast<std::byte>(v)); }
  void u16(std::uint16_t v) { fixed(v, 2); }
  void u32(std::uint32_t v) { fixed(v, 4); }
  void u64(std::uint64_t v) { fixed(v, 8); }
  void i64(std::int64_t v) { fixed(static_cast<std::uint64_t>(v), 8); }
  void f32(float v) { u32(bit_cast<std::uint32_t>(v)); }
  void f64(double v) { u64(bit_cast<std::uint64_t>(v)); }
  /// LEB128: 7 bits a byte, low first, at most 10 bytes.
  void varint(std::uint64_t v) {
    for (; v >= 0x80; v >>= 7) u8(static_cast<std::uint8_t>(v | 0x80U));
    u8(static_cast<std::uint8_t>(v));
  }
  /// A varint length, then the bytes.
  void str(std::string_view text) {
    varint(text.size());
    raw(std::as_bytes(std::span<const char>(text.data(), text.size())));
  }
  [[gnu::noinline]] void raw(std::span<const std::byte> bytes) {
    bytes_.insert(bytes_.end(), bytes.data(), bytes.data() + bytes.size());
  }
  /// Makes room for `n` bytes more, so that writing them allocates nothing.
  void reserve(std::size_t n) {
    const std::size_t needed = bytes_.size() + n;
    if (needed <= bytes_.capacity()) return;
    bytes_.reserve(needed < 2 * bytes_.capacity() ? 2 * bytes_.capacity() : needed);
  }
  /// What was written, valid until the next write.
  const std::vector<std::byte>& data() const noexcept { return bytes_; }
  std::size_t size() const noexcept { return bytes_.size(); }
  void clear() noexcept { bytes_.clear(); }
  std::vector<std::byte> take() noexcept { return std::move(bytes_); }

 private:
  void fixed(std::uint64_t v, std::size_t width) {
    std::byte little[8];
    for (std::size_t i = 0; i < width; ++i, v >>= 8) little[i] = static_cast<std::byte>(v & 0xffU);
    raw({little, width});
  }
  std::vector<std::byte> bytes_;
};

/// Takes values from bytes that it does not own. Reading past the end yields zeros and empty texts
/// and makes ok() false for good, so a decoder checks once, at its end.
class byte_reader {
 public:
  explicit byte_reader(std::span<const std::byte> bytes) noexcept : bytes_(bytes) {}

  std::uint8_t u8() noexcept { return static_cast<std::uint8_t>(fixed(1)); }
  std::uint16_t u16() noexcept { return static_cast<std::uint16_t>(fixed(2)); }
  std::uint32_t u32() noexcept { return static_cast<std::uint32_t>(fixed(4)); }
  std::uint64_t u64() noexcept { return fixed(8); }
  std::int64_t i64() noexcept { return static_cast<std::int64_t>(fixed(8)); }
  float f32() noexcept { return bit_cast<float>(u32()); }
  double f64() noexcept { return bit_cast<double>(u64()); }
  [[gnu::noinline]] std::uint64_t varint() noexcept {
    std::uint64_t v = 0;
    for (int shift = 0; shift < 64 && at_ < bytes_.size(); shift += 7) {
      const auto b = std::to_integer<std::uint64_t>(bytes_[at_++]);
      if (shift == 63 && b > 1) break;
      v |= (b & 0x7fU) << shift;
      if (b < 0x80) return v;
    }
    ok_ = false;
    return 0;
  }
  /// Points into the reader's bytes.
  std::string_view str() noexcept {
    const auto b = raw(varint());
    return {reinterpret_cast<const char*>(b.data()), b.size()};
  }
  /// The next n bytes; none, and not ok(), where fewer are left.
  std::span<const std::byte> raw(std::uint64_t n) noexcept {
    if (n > remaining()) {
      ok_ = false;
      at_ = bytes_.size();
      return {};
    }
    const auto part = bytes_.subspan(at_, static_cast<std::size_t>(n));
    at_ += static_cast<std::size_t>(n);
    return part;
  }
  bool ok() const noexcept { return ok_; }
  std::size_t remaining() const noexcept { return bytes_.size() - at_; }

 private:
  std::uint64_t fixed(std::size_t width) noexcept {
    const auto b = raw(width);
    std::uint64_t v = 0;
    for (std::size_t i = b.size(); i-- > 0;) v = v << 8 | std::to_integer<std::uint64_t>(b[i]);
    return v;
  }
  std::span<const std::byte> bytes_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

}  // namespace v1
}  // namespace gyre
