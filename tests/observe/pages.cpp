// Method: model. Every count in a plain array of 64 bits, compared after random additions.
#include <gyre/core/rng.hpp>
#include <gyre/observe/pages.hpp>
#include <utility>
#include <vector>

#include "allocations.hpp"
#include "catch.hpp"

using gyre::histogram;
using gyre::detail::pages;

namespace {

struct model {
  std::vector<std::uint64_t> counts = std::vector<std::uint64_t>(6 * histogram::buckets);

  std::uint64_t& at(unsigned part, unsigned which, std::size_t bucket) {
    return counts[(part * 2 + which) * histogram::buckets + bucket];
  }
  void move(unsigned from, unsigned to) {
    for (unsigned which = 0; which < 2; ++which) {
      for (std::size_t i = 0; i < histogram::buckets; ++i) {
        at(to, which, i) += std::exchange(at(from, which, i), 0);
      }
    }
  }
  /// How many counts differ.
  std::size_t wrong(const pages& other) {
    std::size_t wrong = 0;
    for (unsigned of = 1; of < 8; ++of) {
      for (unsigned which = 0; which < 2; ++which) {
        for (unsigned bucket = 0; bucket < pages::octaves * pages::page; ++bucket) {
          std::uint64_t sum = 0;
          for (unsigned part = 0; part < pages::parts && bucket < histogram::buckets; ++part) {
            sum += (of >> part & 1) != 0 ? at(part, which, bucket) : 0;
          }
          wrong += count(other, of, which, bucket) != sum ? 1 : 0;
        }
      }
    }
    return wrong;
  }
  static std::uint64_t count(const pages& in, unsigned of, unsigned which, unsigned bucket) {
    std::uint64_t counts[pages::page] = {};
    in.read(of, which, bucket / pages::page, counts);
    return counts[bucket % pages::page];
  }
};

}  // namespace

TEST_CASE("pages count what an array of 64 bits counts", "[observe]") {
  const std::uint32_t seed = GENERATE(1u, 2u, 3u, 4u);
  CAPTURE(seed);
  gyre::rng random(seed, 0, 0);
  const auto few = static_cast<std::uint32_t>(seed * 70);  // buckets in use: few to many
  pages counts;
  model plain;
  REQUIRE(plain.wrong(counts) == 0);
  for (int step = 0; step < 3000; ++step) {
    const unsigned part = random.below(pages::parts);
    const unsigned which = random.below(2);
    const std::uint32_t kind = random.below(20);
    if (kind == 0) {
      const unsigned to = (part + 1) % pages::parts;
      counts.move(part, to);
      plain.move(part, to);
    } else if (kind < 10) {  // up to 30,000 at once: many counts need more than 16 bits
      const auto bucket =
          static_cast<std::uint16_t>((random.below(few) * 17 + 1000) % histogram::buckets);
      const std::uint32_t n = random.below(random.below(3) == 0 ? 30'000 : 3);
      counts.add(part, which, bucket, n);
      if (n == 0) continue;
      plain.at(part, which, bucket) += n;
    } else {
      std::uint16_t list[8];
      for (std::uint16_t& each : list) {
        each = static_cast<std::uint16_t>(random.below(few) * 11 % histogram::buckets);
        ++plain.at(part, which, each);
      }
      counts.add(part, which, list, 8);
    }
    if (step % 100 == 0) REQUIRE(plain.wrong(counts) == 0);
  }
  REQUIRE(plain.wrong(counts) == 0);
  counts.clear();
  REQUIRE(model().wrong(counts) == 0);
  REQUIRE(counts.bytes() == 0);
}

TEST_CASE("pages count the rest of a list of which one count needs more bits", "[observe]") {
  pages counts;
  counts.add(0, 0, 40, 65'535);
  const std::uint16_t list[] = {40, 41, 40, 41, 900};
  counts.add(0, 0, list, 5);
  REQUIRE(model::count(counts, 1, 0, 40) == 65'537);
  REQUIRE(model::count(counts, 1, 0, 41) == 2);
  REQUIRE(model::count(counts, 1, 0, 900) == 1);
}

TEST_CASE("pages halve a distribution of which one count is full", "[observe]") {
  constexpr std::uint32_t most = ~std::uint32_t{0};
  pages counts;
  counts.add(2, 0, 7, most);
  counts.add(2, 0, 700, 1001);
  counts.add(2, 1, 7, 1000);
  counts.add(0, 0, 700, 1000);
  REQUIRE(model::count(counts, 1 << 2, 0, 7) == most);
  counts.add(2, 0, 7, 1);
  REQUIRE(model::count(counts, 1 << 2, 0, 7) == std::uint64_t{1} << 31);
  REQUIRE(model::count(counts, 1 << 2, 0, 700) == 501);
  REQUIRE(model::count(counts, 1 << 2, 1, 7) == 1000);
  REQUIRE(model::count(counts, 1 << 0, 0, 700) == 1000);
  counts.move(0, 2);
  REQUIRE(model::count(counts, 1 << 2, 0, 700) == 1501);
}

TEST_CASE("pages take memory for new octaves, parts and large counts only", "[observe]") {
  pages counts;
  counts.add(0, 0, 32, 1);
  counts.add(1, 0, 32, 1);
  counts.add(2, 0, 32, 1);
  REQUIRE(counts.bytes() <= 2 * 3 * 64);
  const std::size_t before = allocated();
  for (std::uint16_t i = 0; i < 60'000; ++i) {
    const auto bucket = static_cast<std::uint16_t>(32 + i % 32);
    counts.add(i % 2, 0, &bucket, 1);
    if (i % 1000 == 0) counts.move(i / 1000 % 2, 2);
  }
  REQUIRE(allocated() == before);
  for (unsigned part = 0; part < pages::parts; ++part) {  // the worst there is
    for (std::uint16_t i = 0; i < histogram::buckets; ++i) {
      for (unsigned which = 0; which < 2; ++which) counts.add(part, which, i, 100'000);
    }
  }
  REQUIRE(counts.bytes() == 94 * 6 * 64);
}
