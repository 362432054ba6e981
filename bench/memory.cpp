// What compressing a block of 25 records costs, and remembering as a whole, beside JSON lines in
// blocks of 25 through zlib's compress2.
#include <gyre/core/rng.hpp>
#include <gyre/memory/memory.hpp>

#include <span>
#include <string>
#include <vector>

#include <zlib.h>

#include "bench.hpp"

namespace {

gyre::record note(std::uint64_t i) {
  static const char* const verbs[] = {"sent", "queued", "dropped", "retried", "sealed"};
  gyre::rng r(5, i, gyre::purpose::user);
  gyre::record out;
  out.wall_ms = static_cast<std::int64_t>(1'700'000'000'000 + i * 37);
  out.source = "worker" + std::to_string(r.below(120));
  out.role = "loop";
  out.user = "engine";
  out.text = std::string(verbs[r.below(5)]) + " piece " + std::to_string(r.below(1'000'000)) +
             " of " + std::to_string(r.below(65536)) + " bytes at level " +
             std::to_string(r.below(10)) + " in " + std::to_string(r.below(9000)) + " us";
  return out;
}

/// One block's bytes, compressed by a stream that is reused and by one made for each call.
void block_compression() {
  std::string block;
  for (std::uint64_t i = 0; i < 25; ++i) block += note(i).text + '\n';
  const auto bytes = std::as_bytes(std::span<const char>(block.data(), block.size()));
  gyre::deflater stream;
  std::vector<std::byte> packed;
  const double ours = bench::ns_each(2000, [&](std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) stream.compress(bytes, packed, 6).value();
  });
  std::vector<Bytef> room(compressBound(block.size()));
  const double theirs = bench::ns_each(2000, [&](std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
      uLongf size = room.size();
      compress2(room.data(), &size, reinterpret_cast<const Bytef*>(block.data()), block.size(), 6);
    }
  });
  bench::row("memory.compress_block_ns", ours, "ns", "zlib's compress2", theirs,
             "25 lines of about 60 bytes, level 6");
}

}  // namespace

int main() {
  block_compression();

  std::vector<gyre::record> records;
  for (std::uint64_t i = 0; i < 50'000; ++i) records.push_back(note(i));

  double stored_by_us = 0;
  const double ours = bench::ns_each(records.size(), [&](std::uint64_t) {
    gyre::memory m;
    for (const auto& r : records) m.remember(r, r.wall_ms).value();
    const gyre::memory_stats s = m.stats();
    stored_by_us = static_cast<double>(s.stored_bytes) / static_cast<double>(s.consolidated);
  });
  double stored = 0;
  const double theirs = bench::ns_each(records.size(), [&](std::uint64_t) {
    stored = 0;
    std::string block;
    std::vector<Bytef> packed(1 << 16);
    int n = 0;
    for (const auto& r : records) {
      block += "{\"timestamp\":" + std::to_string(r.wall_ms) + ",\"user\":\"" + r.user +
               "\",\"role\":\"" + r.role + "\",\"source\":\"" + r.source + "\",\"text\":\"" +
               r.text + "\",\"importance\":0.5}\n";
      if (++n < 25) continue;
      uLongf size = packed.size();
      compress2(packed.data(), &size, reinterpret_cast<const Bytef*>(block.data()), block.size(),
                6);
      stored += static_cast<double>(size);
      block.clear();
      n = 0;
    }
  });
  bench::row("memory.remember_ns", ours, "ns", "JSON lines, 25 a block, compress2 level 6", theirs,
             "50,000 distinct records of about 70 bytes of text; ours finds duplicates too");
  bench::row("memory.stored_bytes", stored_by_us, "bytes", "JSON lines, 25 a block",
             stored / static_cast<double>(records.size()), "a sealed record");
}
