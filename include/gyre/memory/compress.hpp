// compress.hpp - raw deflate of whole byte spans, over zlib streams that are reused.
// Room: memory. Threads: one owner at a time; objects share nothing.
#pragma once
#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <gyre/core/result.hpp>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace gyre {
inline namespace v1 {
/// Deflates with an 8 KiB window and 16 KiB of hash chains: about 71 KB of state in place of zlib's
/// usual 268, at no loss of ratio on blocks of some KB. The stream is set up at the first call and
/// only reset between calls.
class deflater {
 public:
  deflater() noexcept = default;
  deflater(const deflater&) = delete;
  deflater& operator=(const deflater&) = delete;
  deflater(deflater&& from) noexcept
      : stream_(std::exchange(from.stream_, nullptr)), level_(from.level_) {}
  deflater& operator=(deflater&& from) noexcept {
    std::swap(stream_, from.stream_);
    std::swap(level_, from.level_);
    return *this;
  }
  ~deflater() {
    if (stream_ == nullptr) return;
    ::deflateEnd(stream_);
    delete stream_;
  }

  /// Replaces `out` by the raw deflate stream of `in`. `level` 0 (store) .. 9.
  /// Errors: arg (level, or more than 1 GiB of input), nomem; `out` is then unspecified.
  result<void> compress(std::span<const std::byte> in, std::vector<std::byte>& out, int level = 6) {
    if (level < 0 || level > 9) return fail(code::arg, "deflate level ", level, " is not in 0..9");
    if (in.size() > max_bytes) return fail(code::arg, "more than 1 GiB to deflate in one call");
    GYRE_CHECK(ready(level));
    out.resize(::deflateBound(stream_, static_cast<uLong>(in.size())));
    stream_->next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(in.data()));
    stream_->avail_in = static_cast<uInt>(in.size());
    stream_->next_out = reinterpret_cast<Bytef*>(out.data());
    stream_->avail_out = static_cast<uInt>(out.size());
    int status = ::deflate(stream_, Z_FINISH);
    while (status == Z_OK || status == Z_BUF_ERROR) {  // zlib's own bound is short for tiny inputs
      const std::size_t done = stream_->total_out;
      out.resize(out.size() + 64 + out.size() / 8);
      stream_->next_out = reinterpret_cast<Bytef*>(out.data()) + done;
      stream_->avail_out = static_cast<uInt>(out.size() - done);
      status = ::deflate(stream_, Z_FINISH);
    }
    if (status != Z_STREAM_END) return fail(code::internal, "deflate failed");
    out.resize(stream_->total_out);
    return ok;
  }

 private:
  static constexpr std::size_t max_bytes = std::size_t{1} << 30;

  result<void> ready(int level) {
    if (stream_ != nullptr && level == level_) {
      ::deflateReset(stream_);
      return ok;
    }
    if (stream_ != nullptr) {
      ::deflateEnd(stream_);
      delete std::exchange(stream_, nullptr);
    }
    auto* fresh =
        new z_stream{};  // on the heap: zlib keeps a pointer to it, so it must not move with us
    if (::deflateInit2(fresh, level, Z_DEFLATED, -13, 6, Z_DEFAULT_STRATEGY) != Z_OK) {
      delete fresh;
      return fail(code::nomem, "no memory for a deflate stream");
    }
    stream_ = fresh;
    level_ = level;
    return ok;
  }

  z_stream* stream_ = nullptr;
  int level_ = 6;
};

/// Inflates raw deflate streams of known length.
class inflater {
 public:
  inflater() noexcept = default;
  inflater(const inflater&) = delete;
  inflater& operator=(const inflater&) = delete;
  inflater(inflater&& from) noexcept : stream_(std::exchange(from.stream_, nullptr)) {}
  inflater& operator=(inflater&& from) noexcept {
    std::swap(stream_, from.stream_);
    return *this;
  }
  ~inflater() {
    if (stream_ == nullptr) return;
    ::inflateEnd(stream_);
    delete stream_;
  }

  /// Replaces `out` by exactly `raw_bytes` bytes. Safe on hostile input: `raw_bytes` is the only
  /// allocation and is refused when deflate could not have made so much of `in` (1032:1). Errors:
  /// corrupt (not a whole stream of that length), nomem; `out` is then unspecified.
  result<void> decompress(std::span<const std::byte> in, std::size_t raw_bytes,
                          std::vector<std::byte>& out) {
    GYRE_CHECK(check(in.size(), raw_bytes));
    out.resize(raw_bytes);
    return decompress(in, std::span(out));
  }
  /// The same into memory of the caller's, which is filled to its end and must not overlap `in`.
  result<void> decompress(std::span<const std::byte> in, std::span<std::byte> out) {
    const std::size_t raw_bytes = out.size();
    GYRE_CHECK(check(in.size(), raw_bytes));
    GYRE_CHECK(ready());
    std::byte unused{};  // zlib wants a pointer even for an empty result
    stream_->next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(in.data()));
    stream_->avail_in = static_cast<uInt>(in.size());
    stream_->next_out = reinterpret_cast<Bytef*>(raw_bytes == 0 ? &unused : out.data());
    stream_->avail_out = static_cast<uInt>(raw_bytes);
    const int status = ::inflate(stream_, Z_FINISH);
    if (status == Z_MEM_ERROR) return fail(code::nomem, "no memory to inflate");
    if (status != Z_STREAM_END || stream_->avail_in != 0 || stream_->avail_out != 0) {
      return fail(code::corrupt, "not a deflate stream of ", raw_bytes, " bytes");
    }
    return ok;
  }

 private:
  static result<void> check(std::size_t packed_bytes, std::size_t raw_bytes) {
    constexpr std::size_t most = std::numeric_limits<uInt>::max();
    if (raw_bytes / 1032 > packed_bytes + 1 || packed_bytes > most || raw_bytes > most) {
      return fail(code::corrupt, packed_bytes, " deflated bytes cannot hold ", raw_bytes);
    }
    return ok;
  }
  result<void> ready() {
    if (stream_ != nullptr) {
      ::inflateReset(stream_);
      return ok;
    }
    auto* fresh = new z_stream{};
    if (::inflateInit2(fresh, -15) !=
        Z_OK) {  // -15 reads every raw stream, whatever window it was made with
      delete fresh;
      return fail(code::nomem, "no memory for an inflate stream");
    }
    stream_ = fresh;
    return ok;
  }

  z_stream* stream_ = nullptr;
};

/// One-off deflate; keep a `deflater` where it happens often (setting up the stream costs more than
/// a small block). Errors as deflater::compress.
inline result<std::vector<std::byte>> deflate_bytes(std::span<const std::byte> in, int level = 6) {
  deflater stream;
  std::vector<std::byte> out;
  GYRE_CHECK(stream.compress(in, out, level));
  return out;
}

/// One-off inflate of what deflate_bytes made of `raw_bytes` bytes. Errors as inflater::decompress.
inline result<std::vector<std::byte>> inflate_bytes(std::span<const std::byte> in,
                                                    std::size_t raw_bytes) {
  inflater stream;
  std::vector<std::byte> out;
  GYRE_CHECK(stream.decompress(in, raw_bytes, out));
  return out;
}
}  // namespace v1
}  // namespace gyre
