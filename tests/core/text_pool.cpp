// Method: a model of strings under random puts and drops; what the pool takes meanwhile.
#include <gyre/core/text_pool.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <gyre/core/rng.hpp>

#include "catch.hpp"

namespace {
std::string random_text(gyre::rng& random) {
  std::string out(random.below(gyre::text_pool::longest + 1), '\0');
  for (char& c : out) c = static_cast<char>(random.below(256));
  return out;
}
}  // namespace

TEST_CASE("a text pool keeps every text until it is dropped, and uses places again", "[core]") {
  gyre::rng random(3, 0, 0);
  gyre::text_pool pool;
  std::vector<std::pair<std::uint32_t, std::string>> model;
  std::size_t warm = 0, wrong = 0;
  for (int step = 0; step < 200'000; ++step) {
    if (model.size() < 500 || (model.size() < 1500 && random.below(2) == 0)) {
      std::string text = random_text(random);
      const std::uint32_t place = pool.put(text);
      model.emplace_back(place, std::move(text));
    } else {
      std::swap(model[random.below(static_cast<std::uint32_t>(model.size()))], model.back());
      wrong += pool.at(model.back().first) == model.back().second ? 0 : 1;
      pool.drop(model.back().first);
      model.pop_back();
    }
    if (step == 100'000) warm = pool.bytes();
  }
  for (const auto& [place, text] : model) wrong += pool.at(place) == text ? 0 : 1;
  REQUIRE(wrong == 0);
  REQUIRE(warm > 0);
  REQUIRE(pool.bytes() <= warm + warm / 4);
}

TEST_CASE("a text stays where it is when others come", "[core]") {
  gyre::text_pool pool;
  const std::string_view first = pool.at(pool.put("first"));
  const char* const where = first.data();
  for (int i = 0; i < 100'000; ++i) (void)pool.put("another one of some length");
  REQUIRE(first.data() == where);
  REQUIRE(first == "first");
}

TEST_CASE("a text pool costs at most four bytes a text besides its own", "[core]") {
  gyre::text_pool pool;
  std::size_t own = 0;
  constexpr std::size_t n = 100'000;
  for (std::size_t i = 0; i < n; ++i) {
    const std::string name = "l" + std::to_string(i);
    own += name.size();
    (void)pool.put(name);
  }
  REQUIRE(pool.bytes() <= own + 4 * n + 16 * 1024);
}
