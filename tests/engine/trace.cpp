// The hash that tells two runs apart.
// Room: engine.
#include <array>
#include <gyre/core/rng.hpp>
#include <gyre/engine/trace.hpp>
#include <set>
#include <vector>

#include "catch.hpp"

namespace {

struct entry {
  std::uint32_t order;
  std::uint64_t number;
  std::int64_t due;
  std::uint32_t status, state, action;
  double reward;
};

void add(gyre::detail::trace& to, const entry& e) {
  to.add(e.order, e.number, gyre::instant{e.due}, e.status, e.state, e.action, e.reward);
}
std::uint64_t digest(const std::vector<entry>& entries) {
  gyre::detail::trace t;
  for (const entry& e : entries) add(t, e);
  return t.digest();
}
std::vector<entry> ticks(std::size_t n) {
  gyre::rng draw(1, 2, gyre::purpose::user);
  std::vector<entry> out;
  for (std::size_t i = 0; i < n; ++i) {  // as loops give them: few bits set
    out.push_back({draw.below(120), i / 120, static_cast<std::int64_t>(i) * 1'000'000,
                   draw.below(8) == 0 ? 1U : 0U, draw.below(4), draw.below(15),
                   draw.below(3) == 0 ? 1.0 : draw.unit()});
  }
  return out;
}

}  // namespace

// Method: property. Each field, each of its low bits, in any entry: another digest.
TEST_CASE("a trace tells each field of each entry", "[engine]") {
  const std::vector<entry> run = ticks(50);
  std::set<std::uint64_t> seen{digest(run)};
  std::size_t runs = 1;
  for (std::size_t i = 0; i < run.size(); ++i) {
    for (std::uint32_t bit = 0; bit < 20; ++bit) {
      std::array<entry, 7> other;
      other.fill(run[i]);
      other[0].order ^= 1U << bit;
      other[1].number ^= std::uint64_t{1} << bit;
      other[2].due ^= std::int64_t{1} << bit;
      other[3].status ^= 1U << bit;
      other[4].state ^= 1U << bit;
      other[5].action ^= 1U << bit;
      other[6].reward = gyre::bit_cast<double>(gyre::bit_cast<std::uint64_t>(run[i].reward) ^
                                              std::uint64_t{1} << bit);
      for (const entry& e : other) {
        std::vector<entry> changed = run;
        changed[i] = e;
        seen.insert(digest(changed));
        ++runs;
      }
    }
  }
  REQUIRE(seen.size() == runs);
}

// Method: property. Left out, twice, the other way round, one more that is all zeros.
TEST_CASE("a trace tells how many entries there are and in which order", "[engine]") {
  const std::vector<entry> run = ticks(200);
  std::set<std::uint64_t> seen{digest(run), digest({})};
  for (std::size_t i = 0; i + 1 < run.size(); ++i) {
    std::vector<entry> less = run, more = run, swapped = run;
    less.erase(less.begin() + static_cast<std::ptrdiff_t>(i));
    more.insert(more.begin() + static_cast<std::ptrdiff_t>(i), run[i]);
    std::swap(swapped[i], swapped[i + 1]);
    for (const auto& other : {less, more, swapped}) seen.insert(digest(other));
  }
  REQUIRE(seen.size() == 2 + 3 * (run.size() - 1));
  std::vector<entry> zeros;
  for (int n = 0; n < 100; ++n, zeros.push_back({})) seen.insert(digest(zeros));
  REQUIRE(seen.size() == 2 + 3 * (run.size() - 1) + 99);
}

// Method: golden. Digests that were written down once: they are compared between machines.
TEST_CASE("a trace is the same everywhere", "[engine]") {
  REQUIRE(digest({}) == 0x1c8af0ec968e4e34);
  REQUIRE(digest({{1, 2, 3, 0, 4, 5, 0.5}}) == 0x417ec1b7f938c3a3);
  REQUIRE(digest(ticks(1000)) == 0xa7a28674d1d2195d);
}

// Method: model. The products of 64 bits by the halves, as a machine without wide products has it.
TEST_CASE("a trace folds as long multiplication does", "[engine]") {
  gyre::rng draw(3, 4, gyre::purpose::user);
  const auto by_halves = [](std::uint64_t a, std::uint64_t b) {
    const std::uint64_t al = a & 0xffffffff, ah = a >> 32, bl = b & 0xffffffff, bh = b >> 32;
    const std::uint64_t low = al * bl, one = ah * bl, two = al * bh;
    const std::uint64_t middle = (low >> 32) + (one & 0xffffffff) + (two & 0xffffffff);
    return (a * b) ^ (ah * bh + (one >> 32) + (two >> 32) + (middle >> 32));
  };
  constexpr std::uint64_t first = 0x243f6a8885a308d3, last = 0x3c6ef372fe94f82b;
  constexpr std::uint64_t second = 0x6a09e667f3bcc909, third = 0xbb67ae8584caa73b;
  for (int i = 0; i < 1000; ++i) {
    const entry e{static_cast<std::uint32_t>(draw.next()), draw.next() >> 20,
                  static_cast<std::int64_t>(draw.next() >> 1), draw.below(4), draw.below(100),
                  draw.below(100), draw.unit()};
    const auto due = static_cast<std::uint64_t>(e.due);
    const std::uint64_t a = by_halves((e.order | e.number << 32) ^ first,
                                      (e.number >> 32 | due << 32) ^ second);
    const std::uint64_t b = by_halves((due >> 32 | std::uint64_t{e.status} << 32) ^ third,
                                      (e.state | std::uint64_t{e.action} << 32) ^ last);
    const std::uint64_t sum =
        by_halves(a ^ second, b ^ gyre::bit_cast<std::uint64_t>(e.reward) ^ third);
    REQUIRE(digest({e}) == by_halves(sum ^ first, 1 ^ last));
  }
}
