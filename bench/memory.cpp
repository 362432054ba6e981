// What remembering costs with sealing, beside JSON lines in blocks of 25 through zlib's compress2.
#include <gyre/core/rng.hpp>
#include <gyre/memory/memory.hpp>

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

}  // namespace

int main() {
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
