// What the C ABI adds to what lies under it: to a call, and to a batch of 256 rows of replay. Both
// sides go through a shared library where the C ABI does.
#include <gyre/learn/replay_buffer.hpp>

#include <vector>

#include "bench.hpp"
#include "gyre.h"
#include "replay_peers.hpp"

extern "C" std::uint32_t bench_plain(void);

namespace {

constexpr std::uint32_t batch = 256, rows = 65'536;

/// Both in turn, so that neither has the quieter half of the run. Best of seven.
template <class A, class B>
void both(const char* name, const char* peer, const char* conditions, std::uint64_t n, A&& ours,
          B&& theirs) {
  double mine = 1e300, other = 1e300;
  for (int round = 0; round < 7; ++round) {
    mine = std::min(mine, bench::ns_each(n, ours));
    other = std::min(other, bench::ns_each(n, theirs));
  }
  bench::row(name, mine, "ns", peer, other, conditions);
}

void calls() {
  std::uint64_t sum = 0;
  const auto plain = [&](std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) sum += bench_plain();
  };
  both("capi.call_ns", "a C function of a shared library", "gyre_version(); limit: ratio 0.5",
       1 << 20, [&](std::uint64_t n) {
         for (std::uint64_t i = 0; i < n; ++i) sum += gyre_version();
       }, plain);
  gyre_engine_options how{};
  how.size = sizeof how;
  how.driver = GYRE_DRIVER_VIRTUAL;
  gyre_engine engine = 0;
  if (gyre_engine_create(&how, &engine, nullptr) != GYRE_OK) std::abort();
  double now = 0;
  both("capi.call_by_id_ns", "a C function of a shared library",
       "gyre_engine_now(): the id is looked up and held, the clock read", 1 << 20,
       [&](std::uint64_t n) {
         for (std::uint64_t i = 0; i < n; ++i) sum += static_cast<unsigned>(
             gyre_engine_now(engine, &now));
       }, plain);
  gyre_engine_destroy(engine, nullptr);
  bench::keep(sum);
}

void replays() {
  gyre_replay_options how{};
  how.size = sizeof how;
  how.row_size = sizeof(bench::step);
  how.capacity = rows;
  // As the type of the C++ side has it.
  gyre_replay_column ends{};
  ends.size = sizeof ends;
  ends.offset = offsetof(bench::step, terminated);
  ends.bytes = 1;
  ends.role = GYRE_COLUMN_TERMINATED;
  how.columns = &ends;
  how.column_count = 1;
  gyre_replay ours = 0;
  if (gyre_replay_create(&how, &ours, nullptr) != GYRE_OK) std::abort();
  gyre::replay_buffer<bench::step> theirs({.capacity = rows});
  std::vector<bench::step> block(batch), out(batch);
  for (std::uint32_t i = 0; i < batch; ++i) block[i] = bench::step_of(i);
  for (std::uint32_t i = 0; i < rows / batch; ++i) {
    gyre_replay_push(ours, block.data(), batch);
    theirs.push(block);
  }
  both("capi.push_256_ns", "gyre::replay_buffer", "256 rows of 44 bytes; limit: ratio 0.83", 2000,
       [&](std::uint64_t n) {
         for (std::uint64_t i = 0; i < n; ++i) gyre_replay_push(ours, block.data(), batch);
       },
       [&](std::uint64_t n) {
         for (std::uint64_t i = 0; i < n; ++i) theirs.push(block);
         bench::keep(theirs);
       });
  std::vector<gyre::drawn_row> drawn(batch);
  for (const bool twice : {false, true}) {
    both(twice ? "capi.sample_256_ns" : "capi.sample_256_distinct_ns", "gyre::replay_buffer",
         twice ? "256 of 65,536 rows of 44 bytes, copied, with replacement; limit: ratio 0.83"
               : "256 of 65,536 rows of 44 bytes, copied, none twice; limit: ratio 0.83",
         2000,
         [&](std::uint64_t n) {
           const std::uint32_t flags = twice ? GYRE_SAMPLE_WITH_REPLACEMENT : 0;
           for (std::uint64_t i = 0; i < n; ++i) gyre_replay_sample(ours, out.data(), batch, flags);
           bench::keep(out.data());
         },
         [&](std::uint64_t n) {
           const auto sampling = twice ? gyre::sampling::with_replacement
                                       : gyre::sampling::without_replacement;
           for (std::uint64_t i = 0; i < n; ++i) {
             (void)theirs.sample(drawn, sampling);
             theirs.visit(drawn, [&](std::size_t k, const bench::step& row) { out[k] = row; });
           }
           bench::keep(out.data());
         });
  }
  gyre_replay_destroy(ours);
}

}  // namespace

int main() {
  calls();
  replays();
}
