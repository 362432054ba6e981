// text_pool.hpp - many short texts that stay where they are, in four bytes more than their own.
// Room: core. Threads: one owner at a time; what put() gave may be read beside drop() of others.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include <gyre/core/heap_array.hpp>
#include <gyre/core/vec.hpp>

namespace gyre {
inline namespace v1 {

/// Texts of up to 63 bytes in chunks of 16 KiB, each with its length before it and rounded up to
/// words of 4 bytes: a million names cost 2.5 bytes each besides their own, where a piece of the
/// heap for each costs 24. The place of one that was dropped is used for the next of as many words;
/// no chunk is given back before the pool is.
class text_pool {
 public:
  static constexpr std::size_t longest = 63;  ///< bytes
  static constexpr std::uint32_t none = 0xffffffff;

  /// Keeps a copy; @return what at() finds it by. @pre at most `longest` bytes
  std::uint32_t put(std::string_view text) {
    const std::uint32_t words = words_of(text.size());
    std::uint32_t place = free_[words - 1];
    if (place != none) {
      std::memcpy(&free_[words - 1], bytes(place), sizeof place);
    } else {
      if (used_ + words > chunk_words) {
        chunks_.push_back(heap_array<word>(chunk_words));
        used_ = 0;
      }
      place = static_cast<std::uint32_t>(chunks_.size() - 1) * chunk_words + used_;
      used_ += words;
    }
    char* const out = bytes(place);
    out[0] = static_cast<char>(text.size());
    std::memcpy(out + 1, text.data(), text.size());
    return place;
  }
  /// Valid until it is dropped.
  std::string_view at(std::uint32_t place) const noexcept {
    const char* const text = bytes(place);
    return {text + 1, static_cast<std::size_t>(text[0])};
  }
  void drop(std::uint32_t place) noexcept {
    char* const text = bytes(place);
    std::uint32_t& first = free_[words_of(static_cast<std::size_t>(text[0])) - 1];
    std::memcpy(text, &first, sizeof first);
    first = place;
  }
  /// What it has allocated.
  std::size_t bytes() const noexcept { return chunks_.size() * chunk_words * sizeof(word); }

 private:
  struct word {
    char bytes[4];
  };
  static constexpr std::uint32_t chunk_words = 4096;
  static constexpr std::size_t classes = (1 + longest + sizeof(word) - 1) / sizeof(word);

  static constexpr std::uint32_t words_of(std::size_t length) noexcept {
    return static_cast<std::uint32_t>((1 + length + sizeof(word) - 1) / sizeof(word));
  }
  static constexpr std::array<std::uint32_t, classes> no_places() noexcept {
    std::array<std::uint32_t, classes> out{};
    out.fill(none);
    return out;
  }
  const char* bytes(std::uint32_t place) const noexcept {
    return chunks_[place / chunk_words][place % chunk_words].bytes;
  }
  char* bytes(std::uint32_t place) noexcept {
    return chunks_[place / chunk_words][place % chunk_words].bytes;
  }

  vec<heap_array<word>> chunks_;
  std::uint32_t used_ = chunk_words;                       // words of the last chunk
  std::array<std::uint32_t, classes> free_ = no_places();  // by words; each names the next
};

}  // namespace v1
}  // namespace gyre
