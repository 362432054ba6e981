// What a step of prioritized replay costs: a batch drawn, its weights, its rows as columns, and its
// priorities set. Also built for wasm by collect.py, which runs it in Node.
#include <gyre/learn/replay_buffer.hpp>

#include <string>

#include "bench.hpp"
#include "replay_peers.hpp"

namespace {

#if defined(__wasm_simd128__)
constexpr const char* build = "_wasm";
constexpr const char* where = "wasm with SIMD128, in Node";
#else
constexpr const char* build = "";
constexpr const char* where = "vectors of four floats";
#endif


void measure(std::uint32_t rows, std::size_t n, const char* suffix) {
  gyre::replay_buffer<bench::step> ours({.capacity = rows, .prioritized = true});
  bench::textbook_replay theirs(rows);
  for (std::uint32_t i = 0; i < rows; ++i) ours.push(bench::step_of(i));
  std::vector<float> errors(1 << 16);
  gyre::rng random(1, 1, gyre::purpose::user);
  for (float& e : errors) e = static_cast<float>(random.normal());
  static bench::step_columns columns;
  static gyre::drawn_row batch[256];
  static std::size_t at[256];
  static float weights[256];
  double sum = 0;
  const auto of = [&](std::uint64_t i) { return errors.data() + i * n % (errors.size() - n); };
  const std::uint64_t rounds = (n == 32 ? 8000 : 1000);
  const double us = bench::ns_each(rounds, [&](std::uint64_t m) {
    for (std::uint64_t i = 0; i < m; ++i) {
      const std::span<gyre::drawn_row> drawn(batch, n);
      (void)ours.sample(drawn);
      ours.columns(drawn, gyre::into(&bench::step::seen, columns.seen),
                   gyre::into(&bench::step::action, columns.action),
                   gyre::into(&bench::step::reward, columns.reward),
                   gyre::into(&bench::step::next, columns.next),
                   gyre::into(&bench::step::terminated, columns.terminated));
      sum += static_cast<double>(columns.reward[3] * batch[5].weight);
      ours.update(std::span<const gyre::drawn_row>(drawn), {of(i), n});
    }
  }) / 1000;
  const double peer = bench::ns_each(rounds, [&](std::uint64_t m) {
    for (std::uint64_t i = 0; i < m; ++i) {
      theirs.sample(n, at, weights, columns);
      sum += static_cast<double>(columns.reward[3] * weights[5]);
      theirs.update(n, at, of(i));
    }
  }) / 1000;
  bench::keep(sum);
  const std::string name = "replay.prioritized_" + std::to_string(n) + suffix + "_us" + build;
  const std::string conditions = std::to_string(rows) + " rows of 44 bytes; " + where;
  bench::row(name.c_str(), us, "us", "binary sum and min trees of doubles, mt19937", peer,
             conditions.c_str());
}

}  // namespace

int main() {
  for (const std::size_t n : {std::size_t{32}, std::size_t{256}}) {
    measure(1'000'000, n, "");
    measure(10'000, n, "_10k");
  }
}
