// What gyre keeps its own values in.
// Room: core.
#include <gyre/core/config.hpp>
#include <gyre/core/huge.hpp>
#include <gyre/core/rng.hpp>
#include <gyre/core/vec.hpp>
#include <memory>
#include <string>
#include <vector>

#include "catch.hpp"

namespace {

template <class T>
T value(std::uint64_t n) {
  if constexpr (std::is_same_v<T, std::string>) {
    return std::string(n % 40, 'x') + std::to_string(n);
  } else {
    return static_cast<T>(n);
  }
}

template <class T, class Memory>
void same(const gyre::vec<T, Memory>& mine, const std::vector<T>& model) {
  REQUIRE(mine.size() == model.size());
  REQUIRE(mine.capacity() >= mine.size());
  REQUIRE(mine.empty() == model.empty());
  REQUIRE(std::equal(mine.begin(), mine.end(), model.begin(), model.end()));
}

/// Does one of everything to both, by a draw.
template <class T, class Memory>
void step(gyre::rng& draw, gyre::vec<T, Memory>& mine, std::vector<T>& model) {
  const T v = value<T>(draw.next() % 1000);
  const std::size_t n = model.size();
  const std::size_t i = n == 0 ? 0 : draw.below(static_cast<std::uint32_t>(n));
  const auto at = static_cast<std::ptrdiff_t>(i);
  switch (draw.below(12)) {
    case 0: mine.push_back(v), model.push_back(v); break;
    case 1: (void)mine.emplace_back(v), (void)model.emplace_back(v); break;
    case 2: (void)mine.insert(mine.begin() + i, v), model.insert(model.begin() + at, v); break;
    case 3:
      if (n != 0) (void)mine.erase(mine.begin() + i), model.erase(model.begin() + at);
      break;
    case 4:
      (void)mine.erase(mine.begin() + i, mine.end());
      model.erase(model.begin() + at, model.end());
      break;
    case 5:
      if (n != 0) mine.pop_back(), model.pop_back();
      break;
    case 6: mine.resize(n + 3), model.resize(n + 3); break;
    case 7: mine.resize(i), model.resize(i); break;
    case 8:
      erase_if(mine, [&](const T& x) { return x < v; });
      std::erase_if(model, [&](const T& x) { return x < v; });
      break;
    case 9:  // of itself, as it grows
      if (n != 0) mine.push_back(mine.front()), model.push_back(model.front());
      break;
    case 10: mine.append(model.data(), n), model.insert(model.end(), n, v); break;
    default: mine.reserve(n + 17), model.reserve(n + 17); break;
  }
  if (mine.size() > 300) mine.clear(), model.clear();
  if (mine.size() == 2 * n && n != 0) model.assign(mine.begin(), mine.end());  // after append
}

template <class T, class Memory = gyre::heap>
void against_the_model(std::uint64_t seed) {
  gyre::rng draw(seed, 0, gyre::purpose::user);
  gyre::vec<T, Memory> mine;
  std::vector<T> model;
  for (int i = 0; i < 3000; ++i) {
    step(draw, mine, model);
    same(mine, model);
  }
  gyre::vec<T, Memory> copy = mine;
  same(copy, model);
  REQUIRE(copy == mine);
  copy.push_back(value<T>(7));
  REQUIRE_FALSE(copy == mine);
  mine = std::move(copy);
  REQUIRE(mine.size() == model.size() + 1);
  mine.assign(5, value<T>(3));
  same(mine, std::vector<T>(5, value<T>(3)));
}

struct alignas(64) wide {
  std::uint64_t word = 0;
};

}  // namespace

// Method: model. std::vector, fed alike, compared after each of 3,000 steps.
TEST_CASE("vec equals std::vector", "[core]") {
  const std::uint64_t seed = GENERATE(1u, 2u, 3u);
  against_the_model<std::uint32_t>(seed);
  against_the_model<std::string>(seed);
  against_the_model<std::uint64_t, gyre::huge>(seed);
}

// Method: property. What owns moves along and is destroyed once; what does not move is only made.
TEST_CASE("vec moves what it holds", "[core]") {
  const auto counted = std::make_shared<int>(1);
  {
    gyre::vec<std::shared_ptr<int>> all;
    for (int i = 0; i < 100; ++i) all.push_back(counted);
    REQUIRE(counted.use_count() == 101);
    all.resize(40);
    REQUIRE(counted.use_count() == 41);
    const auto copy = all;
    REQUIRE(counted.use_count() == 81);
    (void)all.erase(all.begin() + 3, all.begin() + 13);
    REQUIRE(counted.use_count() == 71);
  }
  REQUIRE(counted.use_count() == 1);

  struct still {
    still() = default;
    still(const still&) = delete;
    int n = 4;
  };
  gyre::vec<still> some(3);
  REQUIRE(some[2].n == 4);
}

// Method: property. A growing array keeps the alignment of its elements, in either memory.
TEST_CASE("vec aligns what it holds", "[core]") {
  gyre::vec<wide> plain;
  gyre::vec<wide, gyre::huge> large;
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    plain.push_back({i});
    large.push_back({i});
    REQUIRE(reinterpret_cast<std::uintptr_t>(plain.data()) % 64 == 0);
    REQUIRE(reinterpret_cast<std::uintptr_t>(large.data()) % 64 == 0);
  }
  for (std::uint64_t i = 0; i < 10'000; ++i) REQUIRE(plain[i].word + large[i].word == 2 * i);
}

#if GYRE_EXCEPTIONS
// It was counted before its constructor had run, and destroyed although it had thrown.
TEST_CASE("an element whose constructor throws is not there", "[core]") {
  static int alive = 0, left = 0;
  struct fragile {
    fragile() { begin(); }
    fragile(const fragile&) { begin(); }
    fragile(fragile&&) noexcept { ++alive; }
    fragile& operator=(const fragile&) = default;
    ~fragile() { --alive; }
    static void begin() {
      if (left-- == 0) throw std::bad_alloc();
      ++alive;
    }
  };
  for (int n = 0; n < 6; ++n) {
    CAPTURE(n);
    left = n;
    REQUIRE_THROWS_AS(gyre::vec<fragile>(7), std::bad_alloc);
    REQUIRE(alive == 0);
    gyre::vec<fragile> some;
    some.reserve(9);
    left = n;
    REQUIRE_THROWS_AS(some.resize(7), std::bad_alloc);
    REQUIRE(some.size() == static_cast<std::size_t>(n));
    left = 0;
    REQUIRE_THROWS_AS(some.emplace_back(), std::bad_alloc);
    REQUIRE(some.size() == static_cast<std::size_t>(n));
    REQUIRE(alive == n);
    left = 100;
    gyre::vec<fragile> full(3);
    left = 2;
    REQUIRE_THROWS_AS(gyre::vec<fragile>(full), std::bad_alloc);
    REQUIRE(alive == n + 3);
  }
}
#endif
