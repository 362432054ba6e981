// compress.cpp - the bodies of gyre/memory.h that need no engine: raw deflate there and back.
// Room: capi. Threads: any call from any thread; each thread keeps streams of its own.
#include <span>
#include <vector>

#include <gyre/memory/compress.hpp>

#include "values.hpp"

using namespace gyre;
using namespace gyre::capi;

namespace gyre::capi {

namespace {
constexpr std::size_t most_kept_bytes = std::size_t{1} << 20;  // in a thread, from call to call
}  // namespace

}  // namespace gyre::capi

gyre_status gyre_compress(const void* data, uint32_t data_size, int32_t level, void* buf,
                          uint32_t cap, uint32_t* needed, gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    if (data_size > 0) GYRE_CHECK(not_null(data, "data"));
    thread_local deflater streams[10];  // one a level: setting one up costs more than a small block
    thread_local std::vector<std::byte> packed;
    if (level < 0 || level > 9) {
      return wrong("level", level, "0..9");
    }
    GYRE_CHECK(streams[level].compress(bytes_of(data, data_size), packed, level));
    auto done = put_bytes({reinterpret_cast<const char*>(packed.data()), packed.size()}, buf, cap,
                          needed);
    if (packed.capacity() > most_kept_bytes) packed = std::vector<std::byte>();
    return done;
  });
}

gyre_status gyre_decompress(const void* data, uint32_t data_size, void* buf, uint32_t raw_size,
                            gyre_error* err) {
  return guard(err, [&]() -> result<void> {
    if (data_size > 0) GYRE_CHECK(not_null(data, "data"));
    if (raw_size > 0) GYRE_CHECK(not_null(buf, "buf"));
    thread_local inflater stream;
    return stream.decompress(bytes_of(data, data_size),
                             std::span(static_cast<std::byte*>(buf), raw_size));
  });
}
