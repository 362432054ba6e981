// history.hpp - what the store's tests write and find again: a count that goes up by one a frame.
#pragma once
#include <gyre/store/journal.hpp>

inline std::vector<std::byte> number_bytes(std::uint64_t n) {
  gyre::byte_writer out;
  out.u64(n);
  out.str(std::string(n % 23, 'x'));  // any length, so that padding varies
  return out.take();
}

/// Visits a journal; `count` is how many frames were ever written. False once something is amiss.
struct history {
  std::uint64_t count = 0;
  bool good = true;

  gyre::journal_visitor visitor() {
    return [this](std::uint32_t stream, std::uint8_t type,
                  std::span<const std::byte> bytes) -> gyre::result<void> {
      gyre::byte_reader in(bytes);
      const std::uint64_t n = in.u64();
      if (type == gyre::frame::state) {
        good = good && count == 0 && stream == 9;
        count = n;
        return gyre::ok;
      }
      const auto expected = number_bytes(n);
      good = good && n == count + 1 && stream == n % 5 && type == 1 + n % 200 &&
             std::equal(bytes.begin(), bytes.end(), expected.begin(), expected.end());
      count = n;
      return gyre::ok;
    };
  }
  void append(gyre::journal& j) {
    ++count;
    j.append(static_cast<std::uint32_t>(count % 5), static_cast<std::uint8_t>(1 + count % 200),
             number_bytes(count));
  }
  gyre::result<void> checkpoint(gyre::journal& j) const {
    const auto bytes = number_bytes(count);
    const gyre::stream_state state{9, bytes};
    return j.checkpoint({&state, 1});
  }
};
