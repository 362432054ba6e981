// block.hpp - up to 64 records sealed together, deflated by column.
// Room: memory. Threads: one owner at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <gyre/core/bounds.hpp>
#include <gyre/core/heap_array.hpp>
#include <gyre/memory/compress.hpp>
#include <gyre/memory/row.hpp>
#include <span>
#include <vector>

namespace gyre {
inline namespace v1 {
/// The records of one opened block, oldest first; views into the codec's scratch, valid until its
/// next call.
struct block_rows {
  std::array<record_view, 64> rows;
  std::uint32_t size = 0;
  const record_view& operator[](std::size_t i) const noexcept { return rows[i]; }
};

/// The streams and scratch that sealing and opening blocks share. One a memory.
struct block_codec {
  deflater pack;
  inflater unpack;
  byte_writer columns;
  std::vector<std::byte> packed, raw;
  block_rows rows;

  std::size_t resident_bytes() const noexcept {
    return columns.data().capacity() + packed.capacity() + raw.capacity();
  }
};

/// What malloc takes for `n` bytes: 8 in front, rounded up to 16. glibc's rule; others are near it.
constexpr std::size_t heap_bytes(std::size_t n) noexcept {
  if (n == 0) return 0;
  return larger<std::size_t>(32, (n + 8 + 15) & ~std::size_t{15});
}

/// One sealed block. `hidden` marks records that a newer duplicate replaced; the block's bytes stay
/// as they are.
class block {
 public:
  static constexpr std::uint32_t capacity = 64;
  static constexpr std::size_t header_bytes = 52;  ///< of save()
  static constexpr std::size_t own_bytes = 56;     ///< what a block counts for itself

  block() = default;

  /// Seals `rows` (1..64, oldest first), whose rows took `raw_bytes`. Errors: as
  /// deflater::compress.
  static result<block> seal(std::span<const record_view> rows, std::uint64_t raw_bytes,
                            std::int64_t now_ms, block_codec& codec) {
    codec.columns.clear();
    write_columns(codec.columns, rows);
    GYRE_CHECK(codec.pack.compress(codec.columns.data(), codec.packed));
    block made;
    made.keep(codec.packed);
    made.count_ = static_cast<std::uint32_t>(rows.size());
    made.column_bytes_ = static_cast<std::uint32_t>(codec.columns.data().size());
    made.raw_bytes_ = static_cast<std::uint32_t>(smaller<std::uint64_t>(raw_bytes, UINT32_MAX));
    made.sealed_ms_ = now_ms;
    made.from_ms_ = made.to_ms_ = rows[0].wall_ms;
    for (const record_view& row : rows) {
      made.from_ms_ = smaller(made.from_ms_, row.wall_ms);
      made.to_ms_ = larger(made.to_ms_, row.wall_ms);
    }
    return made;
  }

  /// Its records, hidden ones too. Errors: corrupt, nomem.
  result<void> open(block_codec& codec) const {
    GYRE_CHECK(codec.unpack.decompress(bytes(), column_bytes_, codec.raw));
    codec.rows.size = 0;
    if (!read_columns(codec.raw, count_, codec.rows))
      return fail(code::corrupt, "a memory block's columns do not add up");
    return ok;
  }

  void hide(std::uint32_t slot) noexcept { hidden_ |= std::uint64_t{1} << slot; }
  bool hidden(std::uint32_t slot) const noexcept { return (hidden_ >> slot & 1) != 0; }
  std::uint32_t hidden_count() const noexcept {
    return static_cast<std::uint32_t>(__builtin_popcountll(hidden_));
  }

  std::uint32_t count() const noexcept { return count_; }
  std::uint32_t raw_bytes() const noexcept { return raw_bytes_; }  ///< of the rows that it holds
  std::uint64_t stored_bytes() const noexcept {
    return bytes_.size() + header_bytes;
  }  ///< as written to a file
  std::int64_t sealed_ms() const noexcept { return sealed_ms_; }
  std::int64_t from_ms() const noexcept { return from_ms_; }  ///< oldest record
  std::int64_t to_ms() const noexcept { return to_ms_; }      ///< newest record
  /// Its age: that of the newest record, which is no later than the sealing, whatever it says.
  std::int64_t newest_ms() const noexcept { return smaller(to_ms_, sealed_ms_); }
  /// What it takes in memory, itself included; the same number on every machine.
  std::size_t resident_bytes() const noexcept { return own_bytes + heap_bytes(bytes_.size()); }

  void save(byte_writer& out) const {
    save_header(out);
    out.raw(bytes());
  }
  /// What save() writes before the bytes: header_bytes.
  void save_header(byte_writer& out) const {
    out.u32(static_cast<std::uint32_t>(bytes_.size()));
    out.u32(column_bytes_);
    out.u32(raw_bytes_);
    out.u32(count_);
    out.u64(hidden_);
    out.i64(sealed_ms_);
    out.i64(from_ms_);
    out.i64(to_ms_);
    out.u32(0);  // reserved
  }
  /// The columns, deflated. They neither change nor move while the block is anywhere.
  std::span<const std::byte> bytes() const noexcept { return {bytes_.data(), bytes_.size()}; }

  /// Errors: corrupt. The columns are looked at by open() only.
  static result<block> load(byte_reader& in) {
    block made;
    const std::uint32_t size = in.u32();
    made.column_bytes_ = in.u32();
    made.raw_bytes_ = in.u32();
    made.count_ = in.u32();
    made.hidden_ = in.u64();
    made.sealed_ms_ = in.i64();
    made.from_ms_ = in.i64();
    made.to_ms_ = in.i64();
    in.u32();
    const auto bytes = in.raw(size);
    const bool sane = in.ok() && made.count_ >= 1 && made.count_ <= capacity &&
                      (made.count_ == capacity || made.hidden_ >> made.count_ == 0) &&
                      made.column_bytes_ <= most_column_bytes(made.raw_bytes_);
    if (!sane) return fail(code::corrupt, "not a memory block");
    made.keep(bytes);
    return made;
  }

  /// The same again. Throws std::bad_alloc.
  block copy() const {
    block made;
    made.keep(bytes());
    made.column_bytes_ = column_bytes_;
    made.raw_bytes_ = raw_bytes_;
    made.count_ = count_;
    made.hidden_ = hidden_;
    made.sealed_ms_ = sealed_ms_;
    made.from_ms_ = from_ms_;
    made.to_ms_ = to_ms_;
    return made;
  }

 private:
  void keep(std::span<const std::byte> bytes) {
    bytes_ = heap_array<std::byte>(bytes.size());
    if (!bytes.empty()) std::memcpy(bytes_.data(), bytes.data(), bytes.size());
  }

  /// A time, zigzag and as a difference, may take two bytes more than in a row; nothing else may.
  /// And no more can have been deflated in one call.
  static constexpr std::uint64_t most_column_bytes(std::uint64_t raw_bytes) noexcept {
    return smaller<std::uint64_t>(raw_bytes + 2 * capacity, std::uint64_t{1} << 30);
  }
  /// Column after column, since like stands next to like deflate finds 5 to 7 % more than in rows.
  static void write_columns(byte_writer& out, std::span<const record_view> rows) {
    std::uint64_t last = 0;
    for (const record_view& r : rows) {  // time: difference to the one before, zigzag
      const std::uint64_t step = static_cast<std::uint64_t>(r.wall_ms) - last;
      out.varint((step << 1) ^ (step >> 63 != 0 ? ~std::uint64_t{0} : 0));
      last = static_cast<std::uint64_t>(r.wall_ms);
    }
    for (const record_view& r : rows) out.f64(r.importance);
    for (const record_view& r : rows) out.varint(r.count);
    for (const record_view& r : rows) out.str(r.user);
    for (const record_view& r : rows) out.str(r.role);
    for (const record_view& r : rows) out.str(r.source);
    for (const record_view& r : rows) {
      out.varint(r.tag_count);
      out.raw(as_bytes(r.tags));
    }
    for (const record_view& r : rows) out.varint(r.text.size());
    for (const record_view& r : rows) out.raw(as_bytes(r.text));
  }

  static bool read_columns(std::span<const std::byte> bytes, std::uint32_t count, block_rows& out) {
    byte_reader in(bytes);
    const std::span<record_view> rows(out.rows.data(), count);
    std::uint64_t last = 0;
    for (record_view& r : rows) {
      const std::uint64_t zigzag = in.varint();
      last += (zigzag >> 1) ^ ((zigzag & 1) != 0 ? ~std::uint64_t{0} : 0);
      r.wall_ms = static_cast<std::int64_t>(last);
    }
    for (record_view& r : rows) r.importance = in.f64();
    for (record_view& r : rows) {
      const std::uint64_t n = in.varint();
      if (n == 0 || n > UINT32_MAX) return false;
      r.count = static_cast<std::uint32_t>(n);
    }
    for (record_view& r : rows) r.user = in.str();
    for (record_view& r : rows) r.role = in.str();
    for (record_view& r : rows) r.source = in.str();
    for (record_view& r : rows) {
      if (!row::take_tags(in, bytes, r)) return false;
    }
    std::array<std::uint64_t, capacity> sizes;
    for (std::uint32_t i = 0; i < count; ++i) sizes[i] = in.varint();
    for (std::uint32_t i = 0; i < count; ++i) rows[i].text = as_text(in.raw(sizes[i]));
    out.size = count;
    return in.ok() && in.remaining() == 0;
  }

  heap_array<std::byte> bytes_;
  std::uint32_t column_bytes_ = 0, raw_bytes_ = 0, count_ = 0;
  std::uint64_t hidden_ = 0;
  std::int64_t sealed_ms_ = 0, from_ms_ = 0, to_ms_ = 0;
};

}  // namespace v1
}  // namespace gyre
