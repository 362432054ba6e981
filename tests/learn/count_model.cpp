// Method: model: a map of counts, with what is bounded done in the obvious way; property: the same
// after save and load; fault: damaged bytes.
#include <gyre/core/rng.hpp>
#include <gyre/learn/count_model.hpp>
#include <map>
#include <span>

#include "catch.hpp"

TEST_CASE("the model is what was counted", "[learn]") {
  gyre::count_model m(5, 2);
  std::map<std::uint32_t, std::map<std::uint32_t, std::uint32_t>> counts;
  std::map<std::uint32_t, double> sums;
  gyre::rng draw(1, 0, gyre::purpose::user);
  for (int i = 0; i < 3'000; ++i) {
    const std::uint32_t c = draw.below(10), next = draw.below(6);
    const double reward = draw.unit();
    m.add(c, reward, next);
    ++counts[c][next];
    sums[c] += reward;
  }
  for (const auto& [c, after] : counts) {
    std::uint32_t n = 0;
    double expected = 0;
    for (const auto& [next, count] : after) {
      n += count;
      expected += next < 5 ? count * (next + 1.0) : 0;
    }
    REQUIRE(m.seen(c) == n);
    REQUIRE(m.reward(c) == Approx(sums[c] / n));
    const auto best = [](std::uint32_t s) { return s + 1.0; };
    REQUIRE(m.worth(c, .5, best) == Approx(sums[c] / n + .5 * expected / n));
  }
  for (std::uint32_t next = 0; next <= 5; ++next) {
    std::map<std::uint32_t, std::uint32_t> before;
    std::uint32_t last = 0;
    m.each_before(next, [&](std::uint32_t c, std::uint32_t n) {
      REQUIRE(c >= last);  // in order, so that load() gives the same
      last = c;
      before[c] = n;
    });
    for (std::uint32_t c = 0; c < 10; ++c) REQUIRE(before[c] == counts[c][next]);
  }
}

TEST_CASE("a cell keeps the successors that come most often, and forgets by halves", "[learn]") {
  gyre::count_model m(100, 1);
  REQUIRE(m.width() == 16);
  for (std::uint32_t i = 0; i < 400; ++i) {
    m.add(3, 1, 7);
    m.add(3, 1, 10 + i % 80);  // five of each
  }
  std::uint32_t sum = 0, kept = 0;
  for (std::uint32_t k = 0; k < m.width(); ++k) {
    sum += m.after(3)[k].count;
    kept = m.after(3)[k].state == 7 ? m.after(3)[k].count : kept;
  }
  REQUIRE(kept == 400);
  REQUIRE(m.seen(3) == sum);
  std::uint32_t leads = 0;
  for (std::uint32_t s = 0; s <= 100; ++s) {
    m.each_before(s, [&](std::uint32_t, std::uint32_t n) { leads += n; });
  }
  REQUIRE(leads == sum);
  for (int i = 0; i < 100'000; ++i) m.add(3, 5, 8);  // the world has changed
  REQUIRE(m.seen(3) <= gyre::count_model::most);
  REQUIRE(m.reward(3) == Approx(5).margin(.01));
  REQUIRE(m.worth(3, 1, [](std::uint32_t s) { return s == 8 ? 1.0 : 0.0; }) > 5.98);
}

TEST_CASE("a model is the same after save and load, and damage is refused", "[learn]") {
  gyre::count_model m(30, 2), again(30, 2);
  gyre::rng draw(1, 0, gyre::purpose::user);
  for (int i = 0; i < 9'000; ++i) m.add(draw.below(60), draw.unit(), draw.below(31));
  gyre::byte_writer out;
  m.save(out);
  gyre::byte_reader in(out.data());
  REQUIRE(again.load(in));
  REQUIRE(in.remaining() == 0);
  for (int i = 0; i < 9'000; ++i) {
    const std::uint32_t c = draw.below(60), next = draw.below(31);
    m.add(c, 1, next);
    again.add(c, 1, next);
  }
  gyre::byte_writer x, y;
  m.save(x);
  again.save(y);
  REQUIRE(x.data() == y.data());
  for (std::size_t cut = 0; cut < out.size(); ++cut) {
    gyre::byte_reader part(std::span<const std::byte>(out.data()).first(cut));
    REQUIRE(!again.load(part));
  }
  gyre::byte_writer same;
  again.save(same);
  REQUIRE(same.data() == y.data());
}

TEST_CASE("of cells that were seen little nothing is read that was not written", "[learn]") {
  using place = gyre::count_model::successor;
  const auto few = [](gyre::count_model& m) {
    for (std::uint32_t c = 0; c < m.cells(); c += 7) m.add(c, 1, c % 300);
  };
  const auto look = [](const gyre::count_model& m) {
    for (std::uint32_t c = 0; c < m.cells(); ++c) {
      REQUIRE(m.seen(c) == (c % 7 == 0 ? 1u : 0u));
      if (c % 7 != 0) continue;
      REQUIRE(m.after(c)[0].state == c % 300);
      for (std::uint32_t k = 1; k < m.width(); ++k) REQUIRE(m.after(c)[k].count == 0);
    }
    std::uint32_t leads = 0;
    for (std::uint32_t s = 0; s <= m.end(); ++s) {
      m.each_before(s, [&](std::uint32_t, std::uint32_t n) { leads += n; });
    }
    REQUIRE(leads == (m.cells() + 6) / 7);
  };
  // Memory that was used, and is what the next models of this size are likely given.
  const auto used = [] {
    const gyre::vec<place> dirty(600 * 16, place{3, 5, 7}), more(dirty), third(dirty);
    REQUIRE(third[9].count == 5);
  };
  used();
  gyre::count_model m(300, 2);
  few(m);
  look(m);
  gyre::byte_writer out;
  m.save(out);
  used();
  gyre::count_model again(300, 2);
  gyre::byte_reader in(out.data());
  REQUIRE(again.load(in));
  look(again);
  look(gyre::count_model(again));
}
