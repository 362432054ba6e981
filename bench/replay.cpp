// What storing and sampling transitions costs, beside a deque of heap rows, a vector of structs,
// and what memory allows. replay_prioritized.cpp has priorities.
#include <gyre/learn/replay.hpp>
#include <gyre/learn/replay_buffer.hpp>
#include <gyre/learn/transition.hpp>

#include <array>
#include <deque>
#include <random>
#include <vector>

#include "bench.hpp"
#include "replay_peers.hpp"

namespace {

/// A batch of n of `rows`, with replacement, in columns, beside a vector of the same structs and
/// mt19937, and beside rows of a cache line at places that are known beforehand.
template <std::size_t n>
void sample_of(std::uint32_t rows, const std::string& suffix, bool with_limit) {
  asm volatile("" : "+r"(rows));  // neither side is compiled for this number
  gyre::replay<bench::step> ours(rows);
  std::vector<bench::step> theirs;
  struct alignas(64) line {
    bench::step row;
  };
  std::vector<line> lines(rows);
  for (std::uint32_t i = 0; i < rows; ++i) {
    ours.push(bench::step_of(i));
    theirs.push_back(bench::step_of(i));
    lines[i].row = bench::step_of(i);
  }
  gyre::rng random(1, 1, gyre::purpose::replay);
  std::mt19937 engine(1);
  std::uniform_int_distribution<std::size_t> pick(0, rows - 1);
  static bench::step_columns batch;
  constexpr std::uint64_t rounds = n == 32 ? 1 << 14 : 1 << 11;
  const double mine = bench::ns_each(rounds, [&](std::uint64_t m) {
    for (std::uint64_t i = 0; i < m; ++i) {
      (void)ours.sample(n, random, gyre::sampling::with_replacement,
                        gyre::into(&bench::step::seen, batch.seen),
                        gyre::into(&bench::step::action, batch.action),
                        gyre::into(&bench::step::reward, batch.reward),
                        gyre::into(&bench::step::next, batch.next),
                        gyre::into(&bench::step::terminated, batch.terminated));
      bench::keep(batch);
    }
  });
  const double peer = bench::ns_each(rounds, [&](std::uint64_t m) {
    for (std::uint64_t i = 0; i < m; ++i) {
      for (std::size_t k = 0; k < n; ++k) batch.put(k, theirs[pick(engine)]);
      bench::keep(batch);
    }
  });
  const std::string what = "replay.sample_" + std::to_string(n), count = std::to_string(rows);
  bench::row((what + suffix + "_ns").c_str(), mine, "ns", "vector of structs, mt19937", peer,
             (count + " rows of 44 bytes into columns, with replacement").c_str());
  if (with_limit && n == 256) {
    bench::row("replay.cpprb_256", mine, "ns", "cpprb, from Python", bench::none,
               (count + " rows into columns; ours in C++; pip install cpprb").c_str());
  }
  if (!with_limit) return;
  std::vector<std::uint32_t> places(rounds * n);
  for (std::uint32_t& at : places) at = static_cast<std::uint32_t>(pick(engine));
  const double limit = bench::ns_each(rounds, [&](std::uint64_t m) {
    for (std::uint64_t i = 0; i < m; ++i) {
      const std::uint32_t* at = &places[i * n];
      for (std::size_t k = 0; k < n; ++k) __builtin_prefetch(&lines[at[k]]);
      for (std::size_t k = 0; k < n; ++k) batch.put(k, lines[at[k]].row);
      bench::keep(batch);
    }
  });
  bench::row((what + "_over_limit").c_str(), mine / limit, "ratio", "", bench::none,
             (count + " rows; limit: a gather of 64-byte rows, places known, all fetched first")
                 .c_str());
}

/// Into a full buffer of 1e6 rows.
void push_of() {
  constexpr std::uint32_t rows = 1'000'000;
  gyre::replay<bench::step> plain(rows);
  gyre::replay_buffer<bench::step> prioritized({.capacity = rows, .prioritized = true});
  std::vector<bench::step> theirs(rows);
  for (std::uint32_t i = 0; i < rows; ++i) {
    plain.push(bench::step_of(i));
    prioritized.push(bench::step_of(i));
  }
  const bench::step row = bench::step_of(7);
  std::size_t next = 0;
  const double peer = bench::ns_each(1 << 20, [&](std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
      theirs[next] = row;
      next = (next + 1) % rows;
      bench::keep(theirs.data());
    }
  });
  const double ours = bench::ns_each(1 << 20, [&](std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) (void)plain.push(row);
  });
  const double with = bench::ns_each(1 << 20, [&](std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) (void)prioritized.push(row);
    bench::keep(prioritized.stats().total_priority);
  });
  bench::row("replay.push_ns", ours, "ns", "vector of structs as a ring", peer,
             "1e6 rows of 44 bytes, full");
  bench::row("replay.push_prioritized_ns", with, "ns", "vector of structs as a ring", peer,
             "1e6 rows of 44 bytes, full, with priorities and ends of episodes");
}

}  // namespace

int main() {
  push_of();
  sample_of<32>(1'000'000, "", true);
  sample_of<256>(1'000'000, "", true);
  sample_of<32>(10'000, "_10k", false);
  sample_of<256>(10'000, "_10k", false);

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
