// frame.hpp - the bytes of the store's files: a header, then frames that each carry their checksum.
// Room: store. Threads: pure functions. docs/formats.md has the same in words.
#pragma once

#include <algorithm>
#include <array>
#include <gyre/core/bytes.hpp>
#include <gyre/core/crc32c.hpp>
#include <gyre/core/hash.hpp>
#include <gyre/store/file.hpp>
#include <limits>

namespace gyre {
inline namespace v1 {

/// First 64 bytes of a journal or an archive file.
struct file_header {
  static constexpr std::size_t bytes = 64;
  static constexpr std::uint16_t major = 1, minor = 0;
  /// Like PNG's: shows damage by transfer as text at once.
  static constexpr std::array<char, 8> magic = {'G', 'Y', 'R', 'E', '\r', '\n', '\x1a', '\n'};

  /// A feature that a reader must know: a state may lie in several frames, one after the other.
  static constexpr std::uint32_t states_in_parts = 1;

  std::uint32_t features = 0;
  std::uint32_t kind = 0;    ///< 1 journal, 2 archive
  key128 key = {0, 0};       ///< of the store; the same in all files of one directory
  std::uint64_t number = 0;  ///< journal: how many checkpoints were before; archive: segment
  std::uint64_t base_bytes = bytes;  ///< so many bytes were durable before the file got its name
  std::uint32_t salt = 0;            ///< starts every checksum: frames of an older file never match

  std::vector<std::byte> encode() const {
    byte_writer out;
    for (const char c : magic) out.u8(static_cast<std::uint8_t>(c));
    out.u16(major);
    out.u16(minor);
    out.u32(bytes);
    out.u32(features);
    out.u32(kind);
    out.u64(key[0]);
    out.u64(key[1]);
    out.u64(number);
    out.u64(base_bytes);
    out.u32(salt);
    out.u32(crc32c(out.data()));
    return out.take();
  }

  /// Whether `from` starts with a header of ours without damage, of whatever version and kind.
  static bool whole(std::span<const std::byte> from) {
    const std::size_t body = bytes - 4;
    if (from.size() < bytes) return false;
    byte_reader check(from.subspan(body));
    for (std::size_t i = 0; i < magic.size(); ++i) {
      if (from[i] != static_cast<std::byte>(magic[i])) return false;
    }
    return check.u32() == crc32c(from.first(body));
  }

  /// `name` is for the error's text. Errors: format (another kind of file, or newer), corrupt.
  static result<file_header> decode(std::span<const std::byte> from, std::uint32_t kind,
                                    const std::string& name) {
    byte_reader in(from);
    bool ours = from.size() >= magic.size();
    for (const char c : magic) ours = in.u8() == static_cast<std::uint8_t>(c) && ours;
    if (!ours) return fail(code::format, name, " is not a file of gyre's");
    const std::uint16_t its_major = in.u16();
    const std::uint16_t its_minor = in.u16();
    const std::uint32_t its_bytes = in.u32();
    file_header h;
    h.features = in.u32();
    h.kind = in.u32();
    h.key[0] = in.u64();
    h.key[1] = in.u64();
    h.number = in.u64();
    h.base_bytes = in.u64();
    h.salt = in.u32();
    if (!in.ok() || in.u32() != crc32c(from.first(bytes - 4))) {
      return fail(code::corrupt, name, ": its header is damaged");
    }
    if (its_major != major || (h.features & ~states_in_parts) != 0 || its_bytes != bytes) {
      return fail(code::format, name, " is written in format ", its_major, ".", its_minor,
                  "; this build reads 1.", minor);
    }
    if (h.kind != kind) return fail(code::format, name, " is another kind of gyre's files");
    return h;
  }
};

/// One frame: 24 bytes (crc32c of all that follows, payload length, type, 3 zero bytes, stream,
/// sequence number), the payload, zeros up to a multiple of 8.
struct frame {
  static constexpr std::size_t header_bytes = 24;
  static constexpr std::uint32_t max_payload = std::uint32_t{1} << 30;
  static constexpr std::uint8_t state = 0;     ///< a stream's state, at the start of a journal
  static constexpr std::uint8_t commit = 255;  ///< makes the frames since the last one visible

  std::uint8_t type = 0;
  std::uint32_t stream = 0;
  std::uint64_t sequence = 0;
  std::span<const std::byte> payload;

  static constexpr std::uint64_t padded(std::uint64_t payload) noexcept {
    return header_bytes + ((payload + 7) & ~std::uint64_t{7});
  }
  std::uint64_t bytes() const noexcept { return padded(payload.size()); }

  /// Appends the frame to `out`. @pre payload.size() <= max_payload
  void encode(byte_writer& out, std::uint32_t salt) const {
    std::array<std::byte, header_bytes - 4> head;
    put(head, 0, payload.size(), 4);
    put(head, 4, type, 4);
    put(head, 8, stream, 4);
    put(head, 12, sequence, 8);
    constexpr std::array<std::byte, 8> zeros{};
    const auto padding = std::span(zeros).first((8 - (payload.size() & 7)) & 7);
    out.u32(crc32c(padding, crc32c(payload, crc32c(head, salt))));
    out.raw(head);
    out.raw(payload);
    out.raw(padding);
  }

  enum class found : std::uint8_t { whole, damaged, end };

  /// Reads the frame at `at` into `out`, whose payload lives until the window's next view.
  /// Errors: io only; bytes that are no frame are `damaged`, no bytes are `end`.
  static result<found> read(file_window& from, std::uint64_t at, std::uint32_t salt, frame& out) {
    GYRE_TRY(head, from.view(at, header_bytes));
    if (head.empty()) return found::end;
    if (head.size() < header_bytes) return found::damaged;
    byte_reader length_in(head.subspan(4));
    const std::uint32_t length = length_in.u32();
    if (length > max_payload) return found::damaged;
    if (at + padded(length) > from.file_size())
      return found::damaged;  // before room is made for it
    GYRE_TRY(all, from.view(at, static_cast<std::size_t>(padded(length))));
    return parse(all, salt, out);
  }

  /// Where behind damage a frame of `type` may begin: the first multiple of 8 from `at` on (which
  /// is one) whose head has that type and a length of at most `most` for which there is room; the
  /// file's size when there is none. Errors: io.
  static result<std::uint64_t> find(file_window& from, std::uint64_t at, std::uint8_t type,
                                    std::uint32_t most = max_payload) {
    constexpr std::size_t ahead = std::size_t{64} << 10;
    while (at + header_bytes <= from.file_size()) {
      GYRE_TRY(bytes, from.view(at, ahead));
      if (bytes.size() < header_bytes) break;
      std::size_t i = 0;
      for (; i + header_bytes <= bytes.size(); i += 8) {
        if (bytes[i + 8] != std::byte{type}) continue;
        byte_reader head(bytes.subspan(i + 4));
        const std::uint32_t length = head.u32();
        if (head.u32() == type && length <= most &&
            at + i + padded(length) <= from.file_size()) {
          return at + i;
        }
      }
      at += i;
    }
    return from.file_size();
  }

  /// The same at the start of bytes that are there already; more may follow.
  static found parse(std::span<const std::byte> bytes, std::uint32_t salt, frame& out) noexcept {
    if (bytes.empty()) return found::end;
    byte_reader in(bytes);
    const std::uint32_t check = in.u32();
    const std::uint32_t length = in.u32();
    const std::uint32_t type = in.u32();
    out.type = static_cast<std::uint8_t>(type);
    out.stream = in.u32();
    out.sequence = in.u64();
    out.payload = in.raw(length);
    if (!in.ok() || length > max_payload || type > 255 || bytes.size() < padded(length)) {
      return found::damaged;
    }
    const auto whole = bytes.subspan(4, static_cast<std::size_t>(padded(length)) - 4);
    return crc32c(whole, salt) == check ? found::whole : found::damaged;
  }

 private:
  static void put(std::span<std::byte> to, std::size_t at, std::uint64_t v, std::size_t width) {
    for (std::size_t i = 0; i < width; ++i, v >>= 8) to[at + i] = static_cast<std::byte>(v & 0xff);
  }
};

/// What a commit frame says.
struct commit_note {
  static constexpr std::size_t bytes = 24;
  std::uint64_t group = 0;          ///< number of the commit group
  std::uint64_t frames = 0;         ///< in it, this one left out
  std::uint64_t durable_bytes = 0;  ///< of this file, known to be durable when it was written

  std::array<std::byte, bytes> encode() const {
    byte_writer out;
    out.u64(group);
    out.u64(frames);
    out.u64(durable_bytes);
    std::array<std::byte, bytes> note;
    std::copy(out.data().begin(), out.data().end(), note.begin());
    return note;
  }
  static commit_note decode(std::span<const std::byte> from) {
    byte_reader in(from);
    commit_note note;
    note.group = in.u64();
    note.frames = in.u64();
    note.durable_bytes = in.u64();
    return note;
  }
};

}  // namespace v1
}  // namespace gyre
