// What storing and sampling transitions costs, beside a deque of heap rows and mt19937.
#include <gyre/learn/replay.hpp>
#include <gyre/learn/transition.hpp>

#include <array>
#include <deque>
#include <random>
#include <vector>

#include "bench.hpp"

int main() {
  constexpr std::uint32_t capacity = 10'000;
  gyre::replay<gyre::transition> ours(capacity);
  std::deque<std::vector<float>> theirs;
  const double push = bench::ns_each(1 << 18, [&](std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
      const auto s = static_cast<std::uint32_t>(i & 63);
      (void)ours.push({s, s & 3, 1.5F, s, 0, 0});
    }
  });
  const double peer_push = bench::ns_each(1 << 18, [&](std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
      const auto s = static_cast<float>(i & 63);
      theirs.push_back({s, s, 1.5F, s, 0});
      if (theirs.size() > capacity) theirs.pop_front();
    }
  });
  bench::row("learn.push_ns", push, "ns", "deque of heap rows", peer_push, "10,000 rows, full");

  gyre::rng random(1, 1, gyre::purpose::replay);
  std::mt19937 engine(1);
  std::array<gyre::transition, 32> batch;
  double sum = 0;
  const double sample = bench::ns_each(1 << 14, [&](std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
      (void)ours.sample(batch, random);
      sum += static_cast<double>(batch[7].reward);
    }
  });
  const double peer_sample = bench::ns_each(1 << 14, [&](std::uint64_t n) {
    std::uniform_int_distribution<std::size_t> pick(0, theirs.size() - 1);
    std::vector<std::vector<float>> rows;
    for (std::uint64_t i = 0; i < n; ++i) {
      rows.clear();
      for (int k = 0; k < 32; ++k) rows.push_back(theirs[pick(engine)]);
      sum += static_cast<double>(rows[7][2]);
    }
  });
  bench::keep(sum);
  bench::row("learn.sample_32_ns", sample, "ns", "deque of heap rows, with replacement",
             peer_sample, "32 of 10,000 rows; ours without replacement");
}
